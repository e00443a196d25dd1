//! All lookups of a capture, and how messages become them.

use std::collections::VecDeque;
use std::hash::BuildHasher as _;
use std::net::IpAddr;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashTable};

use super::grouping::{MAX_ANSWER_DELAY, Response, answers, repeats, retries};
use super::index::{self, Index};
use super::lookup::is_final;
use super::message::{Message, Record};
use super::{Answer, Fate, Lookup, Name, Query, Rcode, RecordType, nbns};
use crate::decode::{Datagram, Endpoint, IcmpError, IcmpKind};
use crate::report::{LookupOutcome, Via};
use crate::time::{Moment, Timestamp};

/// How many lookups of one question are searched for the one that a message belongs to.
const MAX_DEPTH: usize = 8;

/// How many of the latest lookups are searched for a message that names no question.
const MAX_RECENT: usize = 256;

/// How many multicast lookups wait for an answer at the same time.
const MAX_MULTICAST: usize = 64;

/// Bytes a lookup may take on average; where they take more, fewer are kept.
const MEAN_WEIGHT: usize = 512;

/// Resolvers that are told apart; the questions to further ones are not counted.
const MAX_RESOLVERS: usize = 4_096;

/// Every lookup of a capture, from the messages in the order of the capture.
///
/// Feed it with [`udp`](Self::udp), [`message`](Self::message) and [`icmp`](Self::icmp); ask it at
/// any time. Beyond the limit, the oldest finished lookups are dropped.
#[derive(Debug, Clone)]
pub(crate) struct Lookups {
    /// In the order of first queries.
    lookups: Vec<Lookup>,
    /// The latest lookup of each question.
    latest: HashTable<u32>,
    hasher: RandomState,
    index: Index,
    /// The latest multicast lookups, whose answers come from anyone to everyone.
    multicast: VecDeque<u32>,
    resolvers: HashMap<IpAddr, ResolverRecord, RandomState>,
    max_lookups: usize,
    weight: usize,
    next_number: u64,
    evicted: u64,
    unreadable: u64,
    unasked: u64,
}

/// What one resolver was asked, and whether it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ResolverRecord {
    /// Lookups in which it was asked.
    pub(crate) asked: u64,
    /// Lookups of those to which it answered, with whatever response code.
    pub(crate) answered: u64,
    /// Whether it was asked at least two different questions.
    pub(crate) several_questions: bool,
    first_question: u64,
}

/// What makes two messages speak of the same question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key<'a> {
    via: Via,
    asker: IpAddr,
    name: &'a Name,
    record_type: RecordType,
    /// A node status is another question for each node that is asked.
    node: Option<IpAddr>,
}

impl Response<'_> {
    fn key<'k>(&self, name: &'k Name, record_type: RecordType, node: Option<IpAddr>) -> Key<'k> {
        Key {
            via: self.via,
            asker: self.asker.ip,
            name,
            record_type,
            node,
        }
    }
}

impl<'a> Key<'a> {
    fn of(lookup: &'a Lookup) -> Self {
        Self {
            via: lookup.via,
            asker: lookup.asker,
            name: &lookup.name,
            record_type: lookup.record_type,
            node: lookup.reverse_of().filter(|_| lookup.via == Via::Nbns),
        }
    }
}

impl Lookups {
    /// No lookups yet, and never more than `max_lookups` (at least one).
    pub(crate) fn new(max_lookups: usize) -> Self {
        Self {
            lookups: Vec::new(),
            latest: HashTable::new(),
            hasher: RandomState::default(),
            index: Index::default(),
            multicast: VecDeque::new(),
            resolvers: HashMap::default(),
            max_lookups: max_lookups.max(1),
            weight: 0,
            next_number: 0,
            evicted: 0,
            unreadable: 0,
            unasked: 0,
        }
    }

    /// Takes a datagram; one that is not on the port of a name service is passed over at once.
    pub(crate) fn udp(&mut self, moment: Moment, datagram: &Datagram<'_>) {
        let (from, to) = (datagram.source, datagram.destination);
        let Some(via) = service(to.port).or_else(|| service(from.port)) else {
            return;
        };
        self.take(moment, via, from, to, datagram.payload, false);
    }

    /// Takes one message of unicast DNS, without the length that precedes it over TCP.
    pub(crate) fn message(
        &mut self,
        moment: Moment,
        from: Endpoint,
        to: Endpoint,
        bytes: &[u8],
        over_tcp: bool,
    ) {
        self.take(moment, Via::Dns, from, to, bytes, over_tcp);
    }

    /// Takes an ICMP error: the asker of the datagram that it is about waits no longer.
    ///
    /// Errors that a UDP socket does not hear of (no route to a host or network, time exceeded)
    /// change nothing: the asker waits on.
    pub(crate) fn icmp(&mut self, moment: Moment, error: &IcmpError) {
        let about_query = error.protocol == UDP && service(error.destination.port).is_some();
        if !about_query || !ends_wait(error) {
            return;
        }
        let (asker, resolver) = (error.source, error.destination.ip);
        let start = self.lookups.len().saturating_sub(MAX_RECENT);
        for lookup in self.lookups.iter_mut().skip(start).rev() {
            let waits = lookup.asker == asker.ip
                && moment.since(lookup.last_query()) <= MAX_ANSWER_DELAY
                && lookup.queries.last().is_some_and(|query| {
                    query.resolver == resolver && query.asker_port == asker.port
                })
                && lookup
                    .result()
                    .is_none_or(|result| result < lookup.last_query());
            if waits {
                let before = lookup.weight();
                lookup.refuse(moment, resolver);
                let after = lookup.weight();
                self.weight = self.weight.saturating_sub(before).saturating_add(after);
            }
        }
    }

    /// Every lookup that is kept, in the order of first queries.
    pub(crate) fn all(&self) -> &[Lookup] {
        &self.lookups
    }

    /// The lookup with this number, if it is still kept.
    pub(crate) fn get(&self, number: u64) -> Option<&Lookup> {
        let slot = self
            .lookups
            .binary_search_by_key(&number, |lookup| lookup.number)
            .ok()?;
        self.lookups.get(slot)
    }

    /// The lookups by `asker` that were going on at some time from `from` to `to`, in the order of
    /// first queries.
    pub(crate) fn overlapping(
        &self,
        asker: IpAddr,
        from: Timestamp,
        to: Timestamp,
    ) -> Vec<&Lookup> {
        self.sorted(self.index.of_asker(asker, from, to), from, to)
    }

    /// The lookups of the name of `address`, by whomever, that were going on at some time from
    /// `from` to `to`, in the order of first queries.
    pub(crate) fn reverse_lookups(
        &self,
        address: IpAddr,
        from: Timestamp,
        to: Timestamp,
    ) -> Vec<&Lookup> {
        self.sorted(self.index.of_address(address, from, to), from, to)
    }

    /// The lookup by `asker` with the latest answer, up to `until`, that contains `address`.
    pub(crate) fn answer_with(
        &self,
        asker: IpAddr,
        address: IpAddr,
        until: Timestamp,
    ) -> Option<&Lookup> {
        self.at(self.index.answer_with(asker, address, until)?)
    }

    /// What `resolver` was asked, and whether it answers.
    pub(crate) fn resolver(&self, resolver: IpAddr) -> Option<ResolverRecord> {
        self.resolvers.get(&resolver).copied()
    }

    /// How many lookups were dropped to stay within the limit.
    pub(crate) const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// How many datagrams on a name service's port had not even a header.
    pub(crate) const fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// How many answers came to questions that were not captured.
    pub(crate) const fn unasked(&self) -> u64 {
        self.unasked
    }
}

/// From messages to lookups.
impl Lookups {
    fn take(
        &mut self,
        moment: Moment,
        via: Via,
        from: Endpoint,
        to: Endpoint,
        bytes: &[u8],
        over_tcp: bool,
    ) {
        let Some(message) = Message::read(bytes) else {
            self.unreadable = self.unreadable.saturating_add(1);
            return;
        };
        let service_port = if message.is_response {
            from.port
        } else {
            to.port
        };
        if message.opcode != 0 || service(service_port) != Some(via) {
            return;
        }
        if message.is_response {
            let response = Response {
                moment,
                via,
                resolver: from.ip,
                asker: to,
                message: &message,
            };
            self.take_response(&response);
            return;
        }
        if via == Via::Mdns && message.authority_count > 0 {
            // A probe before a name is taken (RFC 6762, section 8.1), not a question of a host.
            return;
        }
        let query = Query {
            moment,
            resolver: to.ip,
            id: message.id,
            asker_port: from.port,
            over_tcp,
        };
        for question in message.questions {
            let name = match via {
                Via::Nbns => nbns::decoded(question.name),
                _ => question.name,
            };
            self.ask(via, from.ip, name, question.record_type, query);
        }
    }

    fn ask(&mut self, via: Via, asker: IpAddr, name: Name, record_type: RecordType, query: Query) {
        let lookup = Lookup::new(self.next_number, via, asker, name, record_type, query);
        let key = Key::of(&lookup);
        let latest = self.find(&key);
        let chain = || self.chain(latest);
        let joined = chain()
            .find(|&slot| self.at(slot).is_some_and(|open| repeats(open, &query)))
            .or_else(|| {
                chain().find(|&slot| self.at(slot).is_some_and(|open| retries(open, &query)))
            });
        if let Some(slot) = joined {
            let known = self.at(slot).is_some_and(|open| {
                open.queries
                    .iter()
                    .any(|other| other.resolver == query.resolver)
            });
            self.change(slot, |open| open.ask(query));
            if !known {
                self.count_question(slot, query.resolver);
            }
            return;
        }
        self.open(lookup, latest);
    }

    fn open(&mut self, mut lookup: Lookup, latest: Option<u32>) {
        lookup.previous = latest;
        let Ok(slot) = u32::try_from(self.lookups.len()) else {
            return;
        };
        let resolver = lookup.queries.first().map(|query| query.resolver);
        self.next_number = self.next_number.saturating_add(1);
        self.weight = self.weight.saturating_add(lookup.weight());
        self.lookups.push(lookup);
        self.register(slot);
        if let Some(resolver) = resolver {
            self.count_question(slot, resolver);
        }
        let too_heavy = self.weight > self.max_lookups.saturating_mul(MEAN_WEIGHT);
        if self.lookups.len() > self.max_lookups || (too_heavy && self.lookups.len() > 1) {
            self.evict();
        }
    }

    /// Makes the lookup in `slot` the latest of its question, and takes it into the indices.
    fn register(&mut self, slot: u32) {
        let Self {
            lookups,
            latest,
            hasher,
            index,
            multicast,
            ..
        } = self;
        let get = |slot: u32| {
            usize::try_from(slot)
                .ok()
                .and_then(|slot| lookups.get(slot))
        };
        let Some(lookup) = get(slot) else { return };
        let key = Key::of(lookup);
        let same = |other: &u32| get(*other).is_some_and(|other| Key::of(other) == key);
        let hash_of = |other: &u32| get(*other).map_or(0, |other| hasher.hash_one(Key::of(other)));
        *latest
            .entry(hasher.hash_one(key), same, hash_of)
            .or_insert(slot)
            .into_mut() = slot;
        index.insert(slot, lookup);
        if lookup.via == Via::Mdns {
            if multicast.len() == MAX_MULTICAST {
                multicast.pop_front();
            }
            multicast.push_back(slot);
        }
    }

    fn take_response(&mut self, response: &Response<'_>) {
        if response.via == Via::Mdns {
            self.take_multicast(response);
            return;
        }
        let asked = self.latest_of(response);
        if asked.is_empty() {
            self.unasked = self.unasked.saturating_add(1);
        }
        for latest in asked {
            let answered = self.chain(Some(latest)).find(|&slot| {
                self.at(slot)
                    .is_some_and(|lookup| answers(response, lookup))
            });
            match answered {
                Some(slot) => self.settle(slot, response, Fate::Accepted),
                None => self.settle(latest, response, Fate::Mismatched),
            }
        }
    }

    /// An answer of multicast DNS names no question: its records do, to everyone who asked.
    fn take_multicast(&mut self, response: &Response<'_>) {
        let message = response.message;
        let mut waiting: Vec<u32> = self.multicast.iter().copied().collect();
        waiting.retain(|&slot| {
            self.at(slot).is_some_and(|lookup| {
                !lookup.is_settled()
                    && response.moment.since(lookup.last_query()) <= MAX_ANSWER_DELAY
            })
        });
        if waiting.is_empty() {
            return;
        }
        let owners: Vec<(RecordType, Name)> = message
            .answers
            .iter()
            .filter_map(|record| Some((record.record_type, message.owner(record)?)))
            .collect();
        for slot in waiting {
            let answers = self.at(slot).is_some_and(|lookup| {
                owners.iter().any(|(record_type, owner)| {
                    let type_fits =
                        lookup.record_type == *record_type || lookup.record_type == RecordType::ANY;
                    type_fits && *owner == lookup.name
                })
            });
            if answers {
                self.settle(slot, response, Fate::Accepted);
            }
        }
    }

    /// The latest lookup of each question that a response names or, where it names none, the one
    /// with its id.
    fn latest_of(&self, response: &Response<'_>) -> Vec<u32> {
        let message = response.message;
        if response.via == Via::Nbns {
            // Its record stands for the question (RFC 1002, section 4.2.13).
            let named = message.answers.first().and_then(|record| {
                let name = nbns::decoded(message.owner(record)?);
                let asks_node = nbns::asks_node(&name, record.record_type);
                let node = asks_node.then_some(response.resolver);
                self.find(&response.key(&name, record.record_type, node))
            });
            return named.into_iter().collect();
        }
        if !message.questions.is_empty() {
            let questions = message.questions.iter();
            let named = questions
                .filter_map(|asked| self.find(&response.key(&asked.name, asked.record_type, None)));
            return named.collect();
        }
        let start = self.lookups.len().saturating_sub(MAX_RECENT);
        let recent = self.lookups.iter().enumerate().skip(start).rev();
        recent
            .filter(|(_, lookup)| {
                (lookup.via, lookup.asker) == (response.via, response.asker.ip)
                    && answers(response, lookup)
            })
            .filter_map(|(slot, _)| u32::try_from(slot).ok())
            .take(1)
            .collect()
    }

    /// Gives a response to the lookup in `slot`.
    fn settle(&mut self, slot: u32, response: &Response<'_>, fate: Fate) {
        let message = response.message;
        let Some(lookup) = self.at(slot) else { return };
        let answered_before = lookup
            .answers
            .iter()
            .any(|answer| answer.resolver == response.resolver && answer.fate != Fate::Mismatched);
        let was_settled = lookup.is_settled();
        let answer = Answer {
            moment: response.moment,
            resolver: response.resolver,
            id: message.id,
            rcode: message.rcode,
            outcome: outcome_of(message, response.via, lookup.record_type),
            fate,
        };
        let takes_records = fate == Fate::Accepted && !was_settled && is_final(answer.outcome);
        let (addresses, targets) = if takes_records {
            records_of(message, response.via)
        } else {
            (Vec::new(), Vec::new())
        };
        self.change(slot, |lookup| {
            lookup.answer(answer, addresses, targets);
        });
        if fate == Fate::Accepted && !answered_before {
            if let Some(record) = self.resolvers.get_mut(&response.resolver) {
                record.answered = record.answered.saturating_add(1);
            }
        }
        let Self { lookups, index, .. } = self;
        let lookup = usize::try_from(slot)
            .ok()
            .and_then(|slot| lookups.get(slot));
        if let Some(lookup) = lookup.filter(|lookup| !was_settled && lookup.is_settled()) {
            index.settle(slot, lookup);
        }
    }

    fn count_question(&mut self, slot: u32, resolver: IpAddr) {
        let Some(lookup) = self.at(slot) else { return };
        let question = self.hasher.hash_one((&lookup.name, lookup.record_type));
        if self.resolvers.len() >= MAX_RESOLVERS && !self.resolvers.contains_key(&resolver) {
            return;
        }
        let record = self.resolvers.entry(resolver).or_insert(ResolverRecord {
            asked: 0,
            answered: 0,
            several_questions: false,
            first_question: question,
        });
        record.asked = record.asked.saturating_add(1);
        record.several_questions |= record.first_question != question;
    }
}

/// The store.
impl Lookups {
    fn at(&self, slot: u32) -> Option<&Lookup> {
        self.lookups.get(usize::try_from(slot).ok()?)
    }

    fn change(&mut self, slot: u32, change: impl FnOnce(&mut Lookup)) {
        let lookup = usize::try_from(slot)
            .ok()
            .and_then(|slot| self.lookups.get_mut(slot));
        if let Some(lookup) = lookup {
            let before = lookup.weight();
            change(lookup);
            let after = lookup.weight();
            self.weight = self.weight.saturating_sub(before).saturating_add(after);
        }
    }

    fn find(&self, key: &Key<'_>) -> Option<u32> {
        let same = |slot: &u32| self.at(*slot).is_some_and(|lookup| Key::of(lookup) == *key);
        self.latest.find(self.hasher.hash_one(key), same).copied()
    }

    /// The lookup in `latest` and those of the same question before it.
    fn chain(&self, latest: Option<u32>) -> impl Iterator<Item = u32> {
        std::iter::successors(latest, |&slot| self.at(slot)?.previous).take(MAX_DEPTH)
    }

    fn sorted(
        &self,
        slots: impl Iterator<Item = u32>,
        from: Timestamp,
        to: Timestamp,
    ) -> Vec<&Lookup> {
        let mut found: Vec<&Lookup> = slots
            .filter_map(|slot| self.at(slot))
            .filter(|lookup| index::overlaps(lookup, from, to))
            .collect();
        found.sort_unstable_by_key(|lookup| lookup.number);
        found
    }

    /// Drops an eighth of the lookups, the oldest finished ones first, and numbers the rest anew.
    fn evict(&mut self) {
        let Some(now) = self.lookups.last().map(Lookup::last_query) else {
            return;
        };
        let mut surplus = (self.lookups.len() / 8).max(1);
        for only_finished in [true, false] {
            // The youngest is the one that is being taken in.
            let mut left = self.lookups.len().saturating_sub(1);
            self.lookups.retain(|lookup| {
                let finished =
                    lookup.is_settled() || now.since(lookup.last_query()) > MAX_ANSWER_DELAY;
                let drop = left > 0 && surplus > 0 && (finished || !only_finished);
                left = left.saturating_sub(1);
                if drop {
                    surplus = surplus.saturating_sub(1);
                    self.evicted = self.evicted.saturating_add(1);
                }
                !drop
            });
        }
        self.weight = self
            .lookups
            .iter()
            .map(Lookup::weight)
            .fold(0, usize::saturating_add);
        self.latest.clear();
        self.index = Index::default();
        self.multicast.clear();
        for slot in 0..u32::try_from(self.lookups.len()).unwrap_or(u32::MAX) {
            let previous = self.at(slot).and_then(|lookup| self.find(&Key::of(lookup)));
            self.change(slot, |lookup| lookup.previous = previous);
            self.register(slot);
        }
    }
}

const UDP: u8 = 17;

fn service(port: u16) -> Option<Via> {
    match port {
        53 => Some(Via::Dns),
        5353 => Some(Via::Mdns),
        5355 => Some(Via::Llmnr),
        137 => Some(Via::Nbns),
        _ => None,
    }
}

/// Whether the kernel tells a connected UDP socket (Linux `icmp_err_convert`, fatal ones).
fn ends_wait(error: &IcmpError) -> bool {
    match error.kind {
        IcmpKind::PortUnreachable => true,
        IcmpKind::Unreachable { code } if error.reporter.is_ipv4() => {
            matches!(code, 2 | 9 | 10 | 13)
        }
        IcmpKind::Unreachable { code } => matches!(code, 1 | 5 | 6),
        IcmpKind::TooBig { .. } | IcmpKind::TimeExceeded => false,
    }
}

fn outcome_of(message: &Message<'_>, via: Via, asked: RecordType) -> LookupOutcome {
    match message.rcode {
        _ if message.truncated && via != Via::Mdns => LookupOutcome::Truncated,
        Rcode::NXDOMAIN => LookupOutcome::NoSuchName,
        Rcode::REFUSED => LookupOutcome::Refused,
        Rcode::NOERROR if message.answers_with(asked) => LookupOutcome::Answered,
        Rcode::NOERROR => LookupOutcome::NoData,
        _ => LookupOutcome::ServerFailure,
    }
}

fn records_of(message: &Message<'_>, via: Via) -> (Vec<IpAddr>, Vec<Name>) {
    let records = message.answers.iter();
    if via == Via::Nbns {
        return (records.flat_map(nbns::addresses).collect(), Vec::new());
    }
    let addresses = records
        .clone()
        .filter_map(|record: &Record<'_>| message.address(record));
    let targets = records.filter_map(|record| message.target(record));
    (addresses.collect(), targets.collect())
}
