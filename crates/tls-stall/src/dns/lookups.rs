//! All lookups of a capture, and how messages become them.

use std::collections::VecDeque;
use std::net::IpAddr;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use smallvec::SmallVec;

use super::grouping::{MAX_ANSWER_DELAY, Response, answers, repeats, retries};
use super::lookup::{Records, is_final};
use super::message::Message;
use super::store::{Key, Store};
use super::{Answer, Fate, Lookup, Name, Query, Rcode, RecordType, nbns};
use crate::decode::{Datagram, Endpoint, IcmpError, IcmpKind};
use crate::report::{LookupOutcome, Via};
use crate::time::{Moment, Timestamp};

/// How many of the latest lookups are searched for a message that names no question.
const MAX_RECENT: usize = 256;

/// How many multicast lookups wait for an answer at the same time.
const MAX_MULTICAST: usize = 64;

/// Resolvers that are told apart; the questions to further ones are not counted.
const MAX_RESOLVERS: usize = 4_096;

/// Every lookup of a capture, from its messages in the order of the capture.
///
/// Feed it with [`udp`](Self::udp), [`message`](Self::message) and [`icmp`](Self::icmp); ask it at
/// any time. Beyond the limit, the oldest finished lookups are dropped.
#[derive(Debug, Clone)]
pub(crate) struct Lookups {
    store: Store,
    /// The latest lookups by multicast DNS, whose answers come from anyone to everyone.
    multicast: VecDeque<u32>,
    resolvers: HashMap<IpAddr, ResolverRecord, RandomState>,
    unreadable: u64,
    cut: u64,
    unasked: u64,
    /// Whether an answer was taken.
    answered: bool,
    /// Questions that were captured a second time.
    copies: Option<(Moment, u64)>,
    /// The numbers of the lookups that began and that were settled, where somebody watches.
    news: Option<News>,
}

/// What has happened since it was last asked for.
#[derive(Debug, Clone, Default)]
struct News {
    begun: Vec<u64>,
    settled: Vec<u64>,
}

/// What one resolver was asked, and whether it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ResolverRecord {
    /// Lookups in which it was asked.
    pub(crate) asked: u64,
    /// Lookups of those to which it answered, with whatever response code.
    pub(crate) answered: u64,
    /// Whether it was asked for at least two different names: silence about one alone, be it for
    /// several types, may be the fault of its zone.
    pub(crate) several_names: bool,
    first_name: u64,
}

impl Lookups {
    /// No lookups yet, and never more than `max_lookups` (at least one), nor 512 bytes for each of
    /// them on average.
    pub(crate) fn new(max_lookups: usize) -> Self {
        Self {
            store: Store::new(max_lookups),
            multicast: VecDeque::new(),
            resolvers: HashMap::default(),
            unreadable: 0,
            cut: 0,
            unasked: 0,
            answered: false,
            copies: None,
            news: None,
        }
    }

    /// Notes from now on which lookups begin and are settled, to be asked for after each message.
    pub(crate) fn watch(&mut self) {
        self.news = Some(News::default());
    }

    /// The numbers of the lookups that began since the last call.
    pub(crate) fn take_begun(&mut self) -> Vec<u64> {
        let news = self.news.as_mut();
        news.map(|news| std::mem::take(&mut news.begun))
            .unwrap_or_default()
    }

    /// The numbers of the lookups that were settled since the last call.
    pub(crate) fn take_settled(&mut self) -> Vec<u64> {
        let news = self.news.as_mut();
        news.map(|news| std::mem::take(&mut news.settled))
            .unwrap_or_default()
    }

    /// Takes a datagram; one that does not [concern](concerns) it is passed over.
    pub(crate) fn udp(&mut self, moment: Moment, datagram: &Datagram<'_>) {
        if concerns(datagram) {
            let (from, to) = (datagram.source, datagram.destination);
            self.take(moment, from, to, datagram.payload, false);
        }
    }

    /// Takes one message to or from a name service's port, without the length that precedes it
    /// over TCP.
    pub(crate) fn message(
        &mut self,
        moment: Moment,
        from: Endpoint,
        to: Endpoint,
        bytes: &[u8],
        over_tcp: bool,
    ) {
        self.take(moment, from, to, bytes, over_tcp);
    }

    /// Takes an ICMP error: who sent the datagram that it is about no longer waits for its answer.
    ///
    /// Errors of which a UDP socket does not hear (no route to a host or network, time exceeded)
    /// change nothing: the asker waits on.
    pub(crate) fn icmp(&mut self, moment: Moment, error: &IcmpError) {
        let about_query = error.protocol == UDP && service(error.destination.port).is_some();
        if !about_query || !ends_wait(error) {
            return;
        }
        let (asker, resolver) = (error.source, error.destination.ip);
        let waiting = self.store.recent(MAX_RECENT).filter(|(_, lookup)| {
            lookup.asker == asker.ip
                && moment.since(lookup.last_query()) <= MAX_ANSWER_DELAY
                && lookup
                    .result()
                    .is_none_or(|result| result < lookup.last_query())
                && lookup.queries.last().is_some_and(|query| {
                    (query.resolver, query.asker_port) == (resolver, asker.port)
                })
        });
        let waiting: Vec<u32> = waiting.map(|(slot, _)| slot).collect();
        for slot in waiting {
            self.store
                .change(slot, |lookup| lookup.refuse(moment, resolver));
        }
        self.trim();
    }

    /// Every lookup that is kept, in the order of first queries.
    pub(crate) fn all(&self) -> &[Lookup] {
        self.store.all()
    }

    /// The lookups by `asker` that were going on at some time from `from` to `to`, in the order of
    /// first queries.
    ///
    /// It looks at the latest 256 that are brief (settled within 1 s), and of those that are not.
    pub(crate) fn overlapping(
        &self,
        asker: IpAddr,
        from: Timestamp,
        to: Timestamp,
    ) -> Vec<&Lookup> {
        self.store.overlapping(asker, from, to)
    }

    /// The same as [`overlapping`](Self::overlapping), in no order.
    pub(crate) fn going_on(
        &self,
        asker: IpAddr,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = &Lookup> {
        self.store.going_on(asker, from, to)
    }

    /// The same as [`begun`](Self::begun), in no order.
    pub(crate) fn begun_by(
        &self,
        asker: IpAddr,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = &Lookup> {
        self.store.begun_by(asker, from, to)
    }

    /// The lookups by `asker` whose first copies lie from `from` to `to`, in their order: the
    /// earliest 256 that are brief, and of those that are not.
    pub(crate) fn begun(&self, asker: IpAddr, from: Timestamp, to: Timestamp) -> Vec<&Lookup> {
        self.store.begun(asker, from, to)
    }

    /// Whether a lookup by `asker` was captured.
    pub(crate) fn has_asked(&self, asker: IpAddr) -> bool {
        self.store.has_asked(asker)
    }

    /// The lookups of the name of `address`, by whomever, that were going on at some time from
    /// `from` to `to`, in the order of first queries.
    pub(crate) fn reverse_lookups(
        &self,
        address: IpAddr,
        from: Timestamp,
        to: Timestamp,
    ) -> Vec<&Lookup> {
        self.store.reverse_lookups(address, from, to)
    }

    /// The lookups of the name of `address`, by whomever, whose first copies lie from `from` to
    /// `to`: the latest 256, latest first.
    pub(crate) fn reverse_begun(
        &self,
        address: IpAddr,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = &Lookup> {
        self.store.reverse_begun(address, from, to)
    }

    /// The lookup by `asker` with the latest answer, up to `until`, that contains `address`.
    pub(crate) fn answer_with(
        &self,
        asker: IpAddr,
        address: IpAddr,
        until: Timestamp,
    ) -> Option<&Lookup> {
        self.store.answer_with(asker, address, until)
    }

    /// The addresses that the asker of `named` had for its name at `until`: those of this answer,
    /// and those of the latest to its question for addresses of the other family.
    pub(crate) fn addresses_of<'a>(
        &'a self,
        named: &'a Lookup,
        until: Timestamp,
    ) -> impl Iterator<Item = IpAddr> + use<'a> {
        let other_family = match named.record_type {
            RecordType::A => Some(RecordType::AAAA),
            RecordType::AAAA => Some(RecordType::A),
            _ => None,
        };
        let other = other_family.and_then(|it| self.store.answered(named, it, until));
        let answers = [Some(named), other].into_iter().flatten();
        answers.flat_map(|lookup| lookup.addresses.iter().copied())
    }

    /// What `resolver` was asked, and whether it answers.
    pub(crate) fn resolver(&self, resolver: IpAddr) -> Option<ResolverRecord> {
        self.resolvers.get(&resolver).copied()
    }

    /// Whether any resolver answered anything.
    pub(crate) fn has_answers(&self) -> bool {
        self.answered
    }

    /// The lookup with this number, unless it was dropped.
    pub(crate) fn numbered(&self, number: u64) -> Option<&Lookup> {
        let all = self.store.all();
        let at = all.binary_search_by_key(&number, |lookup| lookup.number);
        all.get(at.ok()?)
    }

    /// The first question that was captured a second time, and how many were.
    pub(crate) const fn copies(&self) -> Option<(Moment, u64)> {
        self.copies
    }

    /// How many lookups were dropped to stay within the limit.
    pub(crate) const fn evicted(&self) -> u64 {
        self.store.evicted()
    }

    /// How many datagrams on a name service's port had not even a header.
    pub(crate) const fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// How many messages end before what their headers announce.
    pub(crate) const fn cut(&self) -> u64 {
        self.cut
    }

    /// How many answers came to questions that were not captured.
    pub(crate) const fn unasked(&self) -> u64 {
        self.unasked
    }
}

/// From messages to lookups.
impl Lookups {
    fn take(&mut self, moment: Moment, from: Endpoint, to: Endpoint, bytes: &[u8], over_tcp: bool) {
        let Some(message) = Message::read(bytes) else {
            self.unreadable = self.unreadable.saturating_add(1);
            return;
        };
        // The other port is the host's own, and may be any.
        let port = if message.is_response {
            from.port
        } else {
            to.port
        };
        let Some(via) = service(port).filter(|_| message.opcode == 0) else {
            return;
        };
        self.cut = self.cut.saturating_add(u64::from(message.cut));
        if message.is_response {
            let response = Response {
                moment,
                via,
                resolver: from.ip,
                asker: to,
                message: &message,
            };
            match via {
                Via::Mdns => self.take_multicast(&response),
                _ => self.take_response(&response),
            }
        } else if via != Via::Mdns || message.authority_count == 0 {
            // With an authority section it is a probe before a name is taken (RFC 6762,
            // section 8.1), and nobody waits for it.
            let query = Query {
                moment,
                resolver: to.ip,
                id: message.id,
                asker_port: from.port,
                over_tcp,
            };
            for question in &message.questions {
                let is_encoded = via == Via::Nbns;
                let decoded = is_encoded.then(|| nbns::decoded(question.name.to_name()));
                let spelt = question.name.as_bytes();
                let name = decoded.as_ref().map_or(spelt, Name::as_bytes);
                let key = Key::new(via, from.ip, name, question.record_type, to.ip);
                self.ask(&key, query);
            }
        }
        self.trim();
    }

    fn ask(&mut self, key: &Key<'_>, query: Query) {
        let found = self.store.find(key);
        let joined = self
            .store
            .with_id(found.latest, query.id)
            .filter(|(_, lookup)| repeats(lookup, &query))
            .or_else(|| {
                let mut open = self.store.open(found.latest);
                open.find(|(_, lookup)| retries(lookup, &query))
            });
        let Some((slot, lookup)) = joined else {
            if let Some(slot) = self.store.begin(found, key, query) {
                if let (Some(news), Some(lookup)) = (&mut self.news, self.store.at(slot)) {
                    news.begun.push(lookup.number);
                }
                self.count_question(slot, query.resolver);
                if key.via == Via::Mdns {
                    self.multicast.truncate(MAX_MULTICAST.saturating_sub(1));
                    self.multicast.push_front(slot);
                }
            }
            return;
        };
        if lookup
            .queries
            .iter()
            .all(|other| other.resolver != query.resolver)
        {
            self.count_question(slot, query.resolver);
        }
        let mut is_copy = false;
        self.store
            .change(slot, |lookup| is_copy = !lookup.ask(query));
        if is_copy {
            let copies = self.copies.get_or_insert((query.moment, 0));
            copies.1 = copies.1.saturating_add(1);
        }
    }

    fn take_response(&mut self, response: &Response<'_, '_>) {
        let asked = self.latest_of(response);
        self.answered = true;
        if asked.is_empty() {
            self.unasked = self.unasked.saturating_add(1);
        }
        for latest in asked {
            let by_id = self.store.with_id(Some(latest), response.message.id);
            let answered = by_id
                .filter(|(_, lookup)| answers(response, lookup))
                .or_else(|| {
                    // Another asker of this host drew the same id.
                    let mut open = self.store.open(Some(latest));
                    open.find(|(_, lookup)| answers(response, lookup))
                })
                .map(|(slot, _)| slot);
            match answered {
                Some(slot) => self.answer(slot, response, Fate::Accepted),
                None => self.answer(latest, response, Fate::Mismatched),
            }
        }
    }

    /// An answer of multicast DNS names no question: its records do, to everyone who asked.
    fn take_multicast(&mut self, response: &Response<'_, '_>) {
        let message = response.message;
        let waiting = self
            .multicast
            .iter()
            .filter_map(|&slot| Some((slot, self.store.at(slot)?)));
        let waiting: Vec<(u32, &Lookup)> = waiting
            .filter(|(_, lookup)| !lookup.is_settled())
            .filter(|(_, lookup)| response.moment.since(lookup.last_query()) <= MAX_ANSWER_DELAY)
            .collect();
        if waiting.is_empty() {
            return;
        }
        let records: Vec<(RecordType, Name)> = message
            .answers
            .iter()
            .filter_map(|record| Some((record.record_type, message.owner(record)?)))
            .collect();
        let answered: Vec<u32> = waiting
            .into_iter()
            .filter(|(_, lookup)| {
                records.iter().any(|(record_type, name)| {
                    let any = lookup.record_type == RecordType::ANY;
                    (any || lookup.record_type == *record_type) && lookup.name == *name
                })
            })
            .map(|(slot, _)| slot)
            .collect();
        for slot in answered {
            self.answer(slot, response, Fate::Accepted);
        }
    }

    /// The latest lookup of each question that a response names or, where it names none, the one
    /// with its id.
    fn latest_of(&self, response: &Response<'_, '_>) -> SmallVec<[u32; 1]> {
        let (message, asker) = (response.message, response.asker.ip);
        let latest = |name: &[u8], record_type: RecordType| {
            let resolver = response.resolver;
            let key = Key::new(response.via, asker, name, record_type, resolver);
            self.store.find(&key).latest
        };
        if response.via == Via::Nbns {
            // Its record stands for the question (RFC 1002, section 4.2.13).
            let named = message.answers.first().and_then(|record| {
                let name = nbns::decoded(message.owner(record)?);
                latest(name.as_bytes(), nbns::asked_type(record.record_type))
            });
            return named.into_iter().collect();
        }
        if !message.questions.is_empty() {
            let questions = message.questions.iter();
            return questions
                .filter_map(|asked| latest(asked.name.as_bytes(), asked.record_type))
                .collect();
        }
        let with_its_id = self.store.recent(MAX_RECENT).find(|(_, lookup)| {
            (lookup.via, lookup.asker) == (response.via, asker) && answers(response, lookup)
        });
        with_its_id.map(|(slot, _)| slot).into_iter().collect()
    }

    /// Gives a response to the lookup in `slot`.
    fn answer(&mut self, slot: u32, response: &Response<'_, '_>, fate: Fate) {
        let message = response.message;
        let Some(lookup) = self.store.at(slot) else {
            return;
        };
        let answered_before = lookup
            .answers
            .iter()
            .any(|answer| answer.resolver == response.resolver && answer.fate != Fate::Mismatched);
        let answer = Answer {
            moment: response.moment,
            resolver: response.resolver,
            id: message.id,
            rcode: message.rcode,
            outcome: outcome_of(message, response.via, lookup.record_type),
            fate,
        };
        let (number, was_settled) = (lookup.number, lookup.is_settled());
        let settles = fate == Fate::Accepted && is_final(answer.outcome) && !was_settled;
        let records = if settles {
            records_of(message, lookup)
        } else {
            Records::default()
        };
        let mut is_settled = was_settled;
        self.store.change(slot, |lookup| {
            lookup.answer(answer, records);
            is_settled = lookup.is_settled();
        });
        // The asker may have given up, and then the answer settles nothing.
        if let Some(news) = self.news.as_mut().filter(|_| is_settled && !was_settled) {
            news.settled.push(number);
        }
        if fate == Fate::Accepted
            && !answered_before
            && let Some(record) = self.resolvers.get_mut(&response.resolver)
        {
            record.answered = record.answered.saturating_add(1);
        }
    }

    fn count_question(&mut self, slot: u32, resolver: IpAddr) {
        // A group of hosts, or a node that is asked for its own name, is none.
        let of_dns = |lookup: &&Lookup| lookup.via == Via::Dns;
        let Some(lookup) = self.store.at(slot).filter(of_dns) else {
            return;
        };
        if self.resolvers.len() >= MAX_RESOLVERS && !self.resolvers.contains_key(&resolver) {
            return;
        }
        let name = || self.store.hash_of_name(lookup);
        let record = self
            .resolvers
            .entry(resolver)
            .or_insert_with(|| ResolverRecord {
                asked: 0,
                answered: 0,
                several_names: false,
                first_name: name(),
            });
        record.asked = record.asked.saturating_add(1);
        record.several_names = record.several_names || record.first_name != name();
    }

    fn trim(&mut self) {
        if self.store.trim() {
            let multicast = self.store.recent(MAX_RECENT);
            let multicast = multicast.filter(|(_, lookup)| lookup.via == Via::Mdns);
            self.multicast = multicast
                .map(|(slot, _)| slot)
                .take(MAX_MULTICAST)
                .collect();
        }
    }
}

const UDP: u8 = 17;

/// Whether a datagram is on the port of a name service.
pub(crate) fn concerns(datagram: &Datagram<'_>) -> bool {
    let ports = [datagram.source.port, datagram.destination.port];
    ports.into_iter().any(|port| service(port).is_some())
}

fn service(port: u16) -> Option<Via> {
    match port {
        53 => Some(Via::Dns),
        5353 => Some(Via::Mdns),
        5355 => Some(Via::Llmnr),
        137 => Some(Via::Nbns),
        _ => None,
    }
}

/// Whether the kernel tells a connected UDP socket (the fatal ones of Linux' `icmp_err_convert` and
/// `icmpv6_err_convert`).
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

/// The addresses and the further names that an answer brings to `lookup`.
fn records_of(message: &Message<'_>, lookup: &Lookup) -> Records {
    let mut records = Records::default();
    for record in &message.answers {
        // A message of multicast DNS answers many questions at once; one of unicast DNS follows
        // the aliases from the one question.
        if lookup.via == Via::Mdns && message.owner(record).as_ref() != Some(&lookup.name) {
            continue;
        }
        if lookup.via == Via::Nbns {
            nbns::addresses(record).for_each(|address| records.add_address(address));
        } else if let Some(address) = message.address(record) {
            records.add_address(address);
        } else if let Some(target) = message.target(record) {
            records.add_target(target);
        }
    }
    records
}
