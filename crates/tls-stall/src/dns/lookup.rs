//! One name-service question with all its copies and answers.

use std::net::IpAddr;

use smallvec::{Array, SmallVec};

use super::schedule::{self, Fit};
use super::{Name, Rcode, RecordType, nbns, reverse};
use crate::report::{self, LookupOutcome, Via};
use crate::time::{Moment, Span, Timestamp};

/// Copies kept of one question; further ones are counted.
const MAX_QUERIES: usize = 64;

/// Answers kept of one question; further ones are counted.
const MAX_ANSWERS: usize = 64;

const MAX_ADDRESSES: usize = 64;

/// Longer chains of aliases are refused by resolvers; a host has no more names that matter.
const MAX_TARGETS: usize = 16;

/// Without a schedule that fits, and without a retry to measure: what most resolvers wait.
const USUAL_TIMEOUT: Span = Span::from_secs(5);

/// A retry sooner than this was called for by an answer, not by a timer.
const SHORTEST_TIMEOUT: Span = Span::from_millis(250);

/// How much later than its schedule says an asker may still take an answer.
const GRACE: Span = Span::from_millis(300);

/// The same frame captured twice (both ends of a virtual cable, a mirrored port).
const DUPLICATE_WITHIN: Span = Span::from_millis(1);

/// One question by one host: every copy of it, and its answers or the lack of one.
///
/// There are as many as connections, or more, and most have one copy, one answer and one record in
/// it: these lie within it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lookup {
    /// From 0 in the order of first queries; stays the same when others are dropped.
    pub(crate) number: u64,
    pub(crate) name: Name,
    pub(crate) record_type: RecordType,
    pub(crate) via: Via,
    /// The host that asked; a loopback address where its stub resolver was captured.
    pub(crate) asker: IpAddr,
    /// Every copy in the order of the capture, at least one.
    pub(crate) queries: SmallVec<[Query; 1]>,
    /// Every answer in the order of the capture.
    pub(crate) answers: SmallVec<[Answer; 1]>,
    /// ICMP errors about a copy that end the wait for its answer.
    pub(crate) unreachable: Vec<Unreachable>,
    /// The addresses in the accepted answers.
    pub(crate) addresses: SmallVec<[IpAddr; 1]>,
    /// The names in the accepted answers that PTR, CNAME, DNAME and SRV records lead to.
    pub(crate) targets: SmallVec<[Name; 1]>,
    /// Copies and answers beyond those that are kept.
    pub(crate) omitted: u32,
    /// The address whose name is asked for, if it is one.
    reverse_of: Option<IpAddr>,
    outcome: LookupOutcome,
    /// When the outcome came to be; `None` as long as it is `Unanswered`.
    result: Option<Moment>,
    last_query: Moment,
}

/// One copy of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) moment: Moment,
    /// Who was asked; a group address with multicast DNS and LLMNR.
    pub(crate) resolver: IpAddr,
    pub(crate) id: u16,
    pub(crate) asker_port: u16,
    pub(crate) over_tcp: bool,
}

/// One answer to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) moment: Moment,
    pub(crate) resolver: IpAddr,
    pub(crate) id: u16,
    pub(crate) rcode: Rcode,
    /// What the answer says, whatever became of it.
    pub(crate) outcome: LookupOutcome,
    pub(crate) fate: Fate,
}

impl Answer {
    /// Whether the asker took it.
    pub(crate) fn accepted(&self) -> bool {
        self.fate == Fate::Accepted
    }
}

/// What became of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It answers a copy of the question, and none before it settled the matter.
    Accepted,
    /// It answers a copy of the question that was already settled.
    Late,
    /// It names the question, but no copy of it went to that resolver, from that port, with that
    /// id: the asker ignores it.
    Mismatched,
}

/// An ICMP error that ends the wait for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreachable {
    pub(crate) moment: Moment,
    pub(crate) resolver: IpAddr,
}

/// When the asker stopped waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// With the answer or the failure in this frame.
    At(Moment),
    /// Without one: it gave up somewhere between these times, as its schedule has it.
    GaveUp {
        earliest: Timestamp,
        latest: Timestamp,
    },
}

impl End {
    /// The earliest time at which the asker can have gone on.
    pub(crate) const fn earliest(self) -> Timestamp {
        match self {
            Self::At(moment) => moment.time,
            Self::GaveUp { earliest, .. } => earliest,
        }
    }

    /// The latest time at which the asker can have gone on.
    pub(crate) const fn latest(self) -> Timestamp {
        match self {
            Self::At(moment) => moment.time,
            Self::GaveUp { latest, .. } => latest,
        }
    }
}

impl Lookup {
    /// The first copy.
    pub(crate) fn first(&self) -> Moment {
        self.queries
            .first()
            .map_or(self.last_query, |query| query.moment)
    }

    /// The last copy, kept or not.
    pub(crate) const fn last_query(&self) -> Moment {
        self.last_query
    }

    /// What came of it: the last result, though later copies may have got none.
    pub(crate) const fn outcome(&self) -> LookupOutcome {
        self.outcome
    }

    /// Whether an answer ended it: records, or the word that there are none.
    pub(crate) const fn is_settled(&self) -> bool {
        is_final(self.outcome)
    }

    /// When its last result came, be it an answer or a failure.
    pub(crate) const fn result(&self) -> Option<Moment> {
        self.result
    }

    /// Whether a resolver answered that it failed or refused, and was asked again or another was.
    pub(crate) fn was_retried_after_failure(&self) -> bool {
        let failures = self.answers.iter().filter(|answer| {
            let failed = matches!(
                answer.outcome,
                LookupOutcome::ServerFailure | LookupOutcome::Refused
            );
            answer.accepted() && failed
        });
        let first = failures.map(|answer| answer.moment).min();
        first.is_some_and(|failure| self.last_query > failure)
    }

    /// The address whose name is asked for: of a PTR question for a whole address, or of a NetBIOS
    /// node status that is asked of the node itself.
    pub(crate) const fn reverse_of(&self) -> Option<IpAddr> {
        self.reverse_of
    }

    /// Whether it asks for the name of the host at `address`, translated by NAT64 or not.
    pub(crate) fn asks_for(&self, address: IpAddr) -> bool {
        let asks = |asked| reverse::untranslated(asked) == reverse::untranslated(address);
        self.reverse_of.is_some_and(asks)
    }

    /// The resolvers asked, each once, in the order in which they were asked.
    pub(crate) fn resolvers(&self) -> Vec<IpAddr> {
        let mut resolvers = Vec::new();
        for query in &self.queries {
            if !resolvers.contains(&query.resolver) {
                resolvers.push(query.resolver);
            }
        }
        resolvers
    }

    /// The answers that the asker could not take for its own.
    pub(crate) fn mismatched(&self) -> impl Iterator<Item = &Answer> {
        self.answers
            .iter()
            .filter(|answer| answer.fate == Fate::Mismatched)
    }

    /// When the asker stopped waiting, or must have.
    ///
    /// Without a result after the last copy: when the resolver schedules that fit whole give up;
    /// where none fits, the last copy and the interval of the last retry, or 5 s.
    pub(crate) fn end(&self) -> End {
        if let Some(result) = self.result
            && self.is_settled()
        {
            return End::At(result);
        }
        let fits = self.fits();
        let gave_up = || {
            let times = fits
                .iter()
                .filter(|fit| fit.complete)
                .filter_map(|fit| Some(self.first().time.plus(fit.gives_up_after?)));
            let (earliest, latest) = (times.clone().min()?, times.max()?);
            Some(End::GaveUp { earliest, latest })
        };
        match self.result {
            // Where the copies fit a schedule although answers failed, the asker ignores failures.
            Some(result) if self.last_query <= result => gave_up().unwrap_or(End::At(result)),
            _ => gave_up().unwrap_or_else(|| {
                let time = self.last_query.time.plus(self.patience());
                End::GaveUp {
                    earliest: time,
                    latest: time,
                }
            }),
        }
    }

    /// From the first copy to the earliest end; never negative.
    pub(crate) fn duration(&self) -> Span {
        self.end()
            .earliest()
            .since(self.first().time)
            .max(Span::ZERO)
    }

    /// The resolver schedule that the copies fit best, whole or as far as they go.
    pub(crate) fn schedule(&self) -> Option<Fit> {
        self.fits().into_iter().next()
    }

    /// The schedule that explains a wait that ended `give_up` after the first copy, if one of those
    /// that the copies fit whole gives up then.
    pub(crate) fn fits_give_up(&self, give_up: Span) -> Option<Fit> {
        self.fits().into_iter().find(|fit| fit.explains(give_up))
    }

    /// Every schedule that the copies fit, the likeliest first.
    fn fits(&self) -> Vec<Fit> {
        // One copy has no schedule.
        let has_retries = self.queries.len() > 1;
        if self.via != Via::Dns || self.is_settled() || self.omitted > 0 || !has_retries {
            return Vec::new();
        }
        schedule::fits(&self.queries, &self.failures())
    }

    /// When an answer or an ICMP error told that the lookup failed.
    fn failures(&self) -> Vec<Moment> {
        let answers = self.answers.iter().filter(|answer| answer.accepted());
        let answers = answers.map(|answer| answer.moment);
        answers
            .chain(self.unreachable.iter().map(|error| error.moment))
            .collect()
    }

    /// As the public report shows it; times count from `first_frame`.
    pub(crate) fn report(&self, first_frame: Timestamp) -> report::Lookup {
        let time = |moment: Moment| moment.time.since(first_frame);
        report::Lookup {
            name: self.name.to_string(),
            record_type: match self.via {
                Via::Nbns => nbns::type_name(self.record_type),
                _ => self.record_type.to_string(),
            },
            via: self.via,
            asker: self.asker,
            queries: self
                .queries
                .iter()
                .map(|query| report::LookupQuery {
                    frame: query.moment.frame,
                    time: time(query.moment),
                    resolver: query.resolver,
                    id: query.id,
                })
                .collect(),
            answers: self
                .answers
                .iter()
                .map(|answer| report::LookupAnswer {
                    frame: answer.moment.frame,
                    time: time(answer.moment),
                    resolver: answer.resolver,
                    rcode: answer.rcode.to_string(),
                })
                .collect(),
            outcome: self.outcome,
            duration: self.duration(),
            schedule: self.schedule().map(|fit| fit.to_string()),
        }
    }

    /// How long the asker waits after the last copy where no schedule tells.
    fn patience(&self) -> Span {
        let mut times = self.queries.iter().rev().map(|query| query.moment.time);
        let (Some(last), Some(before)) = (times.next(), times.next()) else {
            return USUAL_TIMEOUT;
        };
        let interval = last.since(before);
        if interval < SHORTEST_TIMEOUT {
            USUAL_TIMEOUT
        } else {
            interval
        }
    }
}

/// What the tracker does to a lookup.
impl Lookup {
    pub(super) fn new(
        number: u64,
        via: Via,
        asker: IpAddr,
        name: Name,
        record_type: RecordType,
        query: Query,
    ) -> Self {
        let reverse_of = reverse_of(via, &name, record_type, query.resolver);
        Self {
            number,
            name,
            record_type,
            via,
            asker,
            queries: [query].into(),
            answers: SmallVec::new(),
            unreachable: Vec::new(),
            addresses: SmallVec::new(),
            targets: SmallVec::new(),
            omitted: 0,
            reverse_of,
            outcome: LookupOutcome::Unanswered,
            result: None,
            last_query: query.moment,
        }
    }

    /// A lookup of the same question that begins with `query`.
    pub(super) fn repeated(&self, number: u64, query: Query) -> Self {
        Self {
            number,
            name: self.name.clone(),
            queries: [query].into(),
            answers: SmallVec::new(),
            unreachable: Vec::new(),
            addresses: SmallVec::new(),
            targets: SmallVec::new(),
            omitted: 0,
            outcome: LookupOutcome::Unanswered,
            result: None,
            last_query: query.moment,
            ..*self
        }
    }

    /// Adds a copy, unless it is the same frame captured twice; whether it is not.
    pub(super) fn ask(&mut self, query: Query) -> bool {
        let duplicate = self.queries.iter().rev().any(|other| {
            let same = Query {
                moment: other.moment,
                ..query
            } == *other;
            same && query.moment.since(other.moment).abs() <= DUPLICATE_WITHIN
        });
        if !duplicate {
            self.last_query = query.moment;
            self.omitted = self
                .omitted
                .saturating_add(push(&mut self.queries, query, MAX_QUERIES));
        }
        !duplicate
    }

    /// Adds an answer with what it brings.
    ///
    /// Of a settled lookup, an answer that would be accepted is late.
    pub(super) fn answer(&mut self, mut answer: Answer, records: Records) {
        let duplicate = self.answers.iter().rev().any(|other| {
            let same = Answer {
                moment: other.moment,
                fate: other.fate,
                ..answer
            } == *other;
            same && answer.moment.since(other.moment).abs() <= DUPLICATE_WITHIN
        });
        if duplicate {
            return;
        }
        if answer.fate == Fate::Accepted && self.is_too_late(&answer) {
            answer.fate = Fate::Late;
        }
        self.omitted = self
            .omitted
            .saturating_add(push(&mut self.answers, answer, MAX_ANSWERS));
        if answer.accepted() {
            self.outcome = answer.outcome;
            self.result = Some(answer.moment);
            if is_final(answer.outcome) {
                self.addresses = records.addresses;
                self.targets = records.targets;
            }
        }
    }

    /// Notes that no answer will come to the copies that went to `resolver`.
    pub(super) fn refuse(&mut self, moment: Moment, resolver: IpAddr) {
        if self.is_settled() {
            return;
        }
        let error = Unreachable { moment, resolver };
        if self.unreachable.len() < MAX_ANSWERS {
            self.unreachable.push(error);
        }
        self.outcome = LookupOutcome::PortUnreachable;
        self.result = Some(moment);
    }

    /// Whether nobody waits for `answer` any more, though it answers a copy.
    fn is_too_late(&self, answer: &Answer) -> bool {
        if self.is_settled() {
            return true;
        }
        if self.result.is_some_and(|result| result >= self.last_query) {
            // The resolver failed already: this is its word on an earlier copy.
            return !is_final(answer.outcome)
                && self.answers.iter().any(|other| {
                    other.accepted()
                        && other.resolver == answer.resolver
                        && other.moment >= self.last_query
                });
        }
        let gave_up = self.fits().into_iter().find(Fit::is_usual);
        gave_up
            .and_then(|fit| fit.gives_up_after)
            .is_some_and(|due| answer.moment.since(self.first()) > due.plus(GRACE))
    }

    /// The bytes that it holds.
    pub(super) fn weight(&self) -> usize {
        let names = self.targets.iter().map(|name| name.as_str().len());
        let unreachable = self.unreachable.capacity();
        [
            size_of::<Self>(),
            self.name.as_str().len(),
            beyond(&self.queries),
            beyond(&self.answers),
            beyond(&self.addresses),
            beyond(&self.targets),
            unreachable.saturating_mul(size_of::<Unreachable>()),
        ]
        .into_iter()
        .chain(names)
        .fold(0, usize::saturating_add)
    }
}

/// The address whose name a question asks for.
fn reverse_of(via: Via, name: &Name, record_type: RecordType, resolver: IpAddr) -> Option<IpAddr> {
    if via == Via::Nbns {
        return nbns::asks_node(name.as_bytes(), record_type).then_some(resolver);
    }
    let asks_name = matches!(record_type, RecordType::PTR | RecordType::ANY);
    asks_name.then(|| reverse::address_of(name)).flatten()
}

/// Whether a resolver that got this goes on to no other.
pub(super) const fn is_final(outcome: LookupOutcome) -> bool {
    matches!(
        outcome,
        LookupOutcome::Answered | LookupOutcome::NoSuchName | LookupOutcome::NoData
    )
}

/// The bytes of `items` that do not lie where they are.
fn beyond<A: Array>(items: &SmallVec<A>) -> usize {
    if items.spilled() {
        items.capacity().saturating_mul(size_of::<A::Item>())
    } else {
        0
    }
}

/// Adds `item` unless there are `limit`; gives how many were left out.
fn push<A: Array>(items: &mut SmallVec<A>, item: A::Item, limit: usize) -> u32 {
    if items.len() >= limit {
        return 1;
    }
    items.push(item);
    0
}

/// What the records of an answer bring, each once.
#[derive(Debug, Default)]
pub(super) struct Records {
    addresses: SmallVec<[IpAddr; 1]>,
    targets: SmallVec<[Name; 1]>,
}

impl Records {
    pub(super) fn add_address(&mut self, address: IpAddr) {
        if self.addresses.len() < MAX_ADDRESSES && !self.addresses.contains(&address) {
            self.addresses.push(address);
        }
    }

    pub(super) fn add_target(&mut self, target: Name) {
        if self.targets.len() < MAX_TARGETS && !self.targets.contains(&target) {
            self.targets.push(target);
        }
    }
}
