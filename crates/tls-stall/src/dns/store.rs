//! Where lookups are kept, found again, and dropped when there are too many.

use std::hash::BuildHasher as _;
use std::net::IpAddr;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashTable};

use super::grouping::RETRY_AFTER_ANSWER;
use super::index::{self, Index};
use super::lookup::{Lookup, Query};
use super::{Name, RecordType, nbns};
use crate::report::Via;
use crate::time::{Span, Timestamp};

/// How many lookups of one question are searched for the one that a message belongs to: more than
/// one host asks at the same time.
const MAX_DEPTH: usize = 32;

/// Bytes a lookup may take on average; where they take more, fewer are kept.
const MEAN_WEIGHT: usize = 512;

/// A lookup without a result is as good as finished this long after its last copy.
const IDLE: Span = Span::from_secs(60);

/// The lookups of a capture in the order of their first queries.
///
/// A slot is a lookup's place in that order; it is good until the next [`trim`](Self::trim).
#[derive(Debug, Clone)]
pub(super) struct Store {
    lookups: Vec<Lookup>,
    /// Of each lookup in its slot: small, so that a search passes over many at little cost.
    links: Vec<Link>,
    /// The latest lookup of each question.
    latest: HashTable<u32>,
    /// The latest lookup of a question, by its number, that has used an id.
    by_id: HashMap<(u32, u16), u32, RandomState>,
    questions: u32,
    hasher: RandomState,
    index: Index,
    max_lookups: usize,
    /// The bytes that all lookups hold.
    weight: usize,
    next_number: u64,
    evicted: u64,
}

/// What a search for a lookup needs to know of each before it looks closer.
#[derive(Debug, Clone, Copy)]
struct Link {
    /// The number of its question.
    question: u32,
    /// The lookup of the same question before it.
    previous: Option<u32>,
    settled: bool,
    /// When its last copy was sent.
    last_query: Timestamp,
}

impl Link {
    fn of(lookup: &Lookup, question: u32, previous: Option<u32>) -> Self {
        Self {
            question,
            previous,
            settled: lookup.is_settled(),
            last_query: lookup.last_query().time,
        }
    }
}

/// What makes two messages speak of the same question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key<'a> {
    via: Via,
    asker: IpAddr,
    name: &'a Name,
    record_type: RecordType,
    /// A node status is another question for each node that is asked.
    node: Option<IpAddr>,
}

impl<'a> Key<'a> {
    /// The question for `record_type` of `name` that `asker` put to `resolver`.
    pub(super) fn new(
        via: Via,
        asker: IpAddr,
        name: &'a Name,
        record_type: RecordType,
        resolver: IpAddr,
    ) -> Self {
        let asks_node = via == Via::Nbns && nbns::asks_node(name, record_type);
        Self {
            via,
            asker,
            name,
            record_type,
            node: asks_node.then_some(resolver),
        }
    }

    fn of(lookup: &'a Lookup) -> Option<Self> {
        let resolver = lookup.queries.first()?.resolver;
        let record_type = lookup.record_type;
        Some(Self::new(
            lookup.via,
            lookup.asker,
            &lookup.name,
            record_type,
            resolver,
        ))
    }
}

impl Store {
    /// Never keeps more than `max_lookups`, nor 512 bytes for each of them on average.
    pub(super) fn new(max_lookups: usize) -> Self {
        Self {
            lookups: Vec::new(),
            links: Vec::new(),
            latest: HashTable::new(),
            by_id: HashMap::default(),
            questions: 0,
            hasher: RandomState::default(),
            index: Index::default(),
            max_lookups: max_lookups.max(1),
            weight: 0,
            next_number: 0,
            evicted: 0,
        }
    }

    pub(super) fn all(&self) -> &[Lookup] {
        &self.lookups
    }

    pub(super) fn at(&self, slot: u32) -> Option<&Lookup> {
        self.lookups.get(usize::try_from(slot).ok()?)
    }

    /// The latest lookup of a question.
    pub(super) fn latest(&self, key: &Key<'_>) -> Option<u32> {
        let same = |slot: &u32| self.at(*slot).and_then(Key::of) == Some(*key);
        self.latest.find(self.hasher.hash_one(key), same).copied()
    }

    /// The latest lookup of the same question as the one in `slot` that has used `id`.
    pub(super) fn with_id(&self, slot: Option<u32>, id: u16) -> Option<(u32, &Lookup)> {
        let question = self.link(slot?)?.question;
        let found = *self.by_id.get(&(question, id))?;
        Some((found, self.at(found)?))
    }

    /// The lookups without an answer among the one in `slot` and those of the same question before
    /// it, latest first.
    pub(super) fn open(&self, slot: Option<u32>) -> impl Iterator<Item = (u32, &Lookup)> {
        std::iter::successors(slot, |&slot| self.link(slot)?.previous)
            .take(MAX_DEPTH)
            .filter(|&slot| self.link(slot).is_some_and(|link| !link.settled))
            .filter_map(|slot| Some((slot, self.at(slot)?)))
    }

    /// The latest lookup of `record_type` for the name of `named` by its asker that had its answer
    /// at `until`.
    pub(super) fn answered(
        &self,
        named: &Lookup,
        record_type: RecordType,
        until: Timestamp,
    ) -> Option<&Lookup> {
        let resolver = named.queries.first()?.resolver;
        let key = Key::new(named.via, named.asker, &named.name, record_type, resolver);
        std::iter::successors(self.latest(&key), |&slot| self.link(slot)?.previous)
            .take(MAX_DEPTH)
            .filter(|&slot| self.link(slot).is_some_and(|link| link.settled))
            .filter_map(|slot| self.at(slot))
            .find(|lookup| lookup.result().is_some_and(|result| result.time <= until))
    }

    fn link(&self, slot: u32) -> Option<&Link> {
        self.links.get(usize::try_from(slot).ok()?)
    }

    /// The slots of the `count` latest lookups, latest first.
    pub(super) fn recent(&self, count: usize) -> impl Iterator<Item = (u32, &Lookup)> {
        let start = self.lookups.len().saturating_sub(count);
        let recent = self.lookups.iter().enumerate().skip(start).rev();
        recent.filter_map(|(slot, lookup)| Some((u32::try_from(slot).ok()?, lookup)))
    }

    /// A number that is the same for the same name, whoever asks for it.
    pub(super) fn hash_of_name(&self, lookup: &Lookup) -> u64 {
        self.hasher.hash_one(&lookup.name)
    }

    /// Begins a lookup; `None` where there is no slot left.
    pub(super) fn begin(
        &mut self,
        via: Via,
        asker: IpAddr,
        name: Name,
        record_type: RecordType,
        query: Query,
    ) -> Option<u32> {
        let slot = u32::try_from(self.lookups.len()).ok()?;
        let lookup = Lookup::new(self.next_number, via, asker, name, record_type, query);
        self.next_number = self.next_number.saturating_add(1);
        self.weight = self.weight.saturating_add(lookup.weight());
        self.links.push(Link::of(&lookup, 0, None));
        self.lookups.push(lookup);
        self.register(slot);
        Some(slot)
    }

    /// Changes the lookup in `slot`.
    pub(super) fn change(&mut self, slot: u32, change: impl FnOnce(&mut Lookup)) {
        let place = usize::try_from(slot).ok();
        let Some(lookup) = place.and_then(|place| self.lookups.get_mut(place)) else {
            return;
        };
        let was_settled = lookup.is_settled();
        let before = lookup.weight();
        let copies = lookup.queries.len();
        change(lookup);
        let asked = lookup.queries.len() > copies;
        self.weight = self
            .weight
            .saturating_sub(before)
            .saturating_add(lookup.weight());
        if let Some(link) = place.and_then(|place| self.links.get_mut(place)) {
            link.settled = lookup.is_settled();
            link.last_query = lookup.last_query().time;
        }
        let id = lookup.queries.last().map(|query| query.id);
        if lookup.is_settled() && !was_settled {
            self.index.settle(slot, lookup);
        }
        if let Some(id) = id.filter(|_| asked) {
            self.note_id(slot, id);
        }
    }

    /// Drops lookups if there are too many; then all slots are new.
    pub(super) fn trim(&mut self) -> bool {
        let max_weight = self.max_lookups.saturating_mul(MEAN_WEIGHT);
        let mut trimmed = false;
        while self.lookups.len() > self.max_lookups
            || (self.weight > max_weight && self.lookups.len() > 1)
        {
            self.evict();
            trimmed = true;
        }
        trimmed
    }

    /// How many lookups were dropped.
    pub(super) const fn evicted(&self) -> u64 {
        self.evicted
    }

    pub(super) fn overlapping(
        &self,
        asker: IpAddr,
        from: Timestamp,
        to: Timestamp,
    ) -> Vec<&Lookup> {
        self.in_order(self.index.of_asker(asker, from, to), from, to)
    }

    pub(super) fn going_on(
        &self,
        asker: IpAddr,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = &Lookup> {
        let slots = self.index.of_asker(asker, from, to);
        slots
            .filter_map(|slot| self.at(slot))
            .filter(move |lookup| index::overlaps(lookup, from, to))
    }

    pub(super) fn begun_by(
        &self,
        asker: IpAddr,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = &Lookup> {
        let slots = self.index.begun(asker, from, to);
        slots.filter_map(|slot| self.at(slot))
    }

    pub(super) fn begun(&self, asker: IpAddr, from: Timestamp, to: Timestamp) -> Vec<&Lookup> {
        self.in_order(self.index.begun(asker, from, to), from, to)
    }

    pub(super) fn has_asked(&self, asker: IpAddr) -> bool {
        self.index.has_asked(asker)
    }

    pub(super) fn reverse_lookups(
        &self,
        address: IpAddr,
        from: Timestamp,
        to: Timestamp,
    ) -> Vec<&Lookup> {
        self.in_order(self.index.of_address(address, from, to), from, to)
    }

    pub(super) fn reverse_begun(
        &self,
        address: IpAddr,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = &Lookup> {
        let slots = self.index.begun_of_address(address, from, to);
        slots.filter_map(|slot| self.at(slot))
    }

    pub(super) fn answer_with(
        &self,
        asker: IpAddr,
        address: IpAddr,
        until: Timestamp,
    ) -> Option<&Lookup> {
        self.at(self.index.answer_with(asker, address, until)?)
    }

    fn in_order(
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

    /// Makes the lookup in `slot` the latest of its question, and takes it into the index.
    fn register(&mut self, slot: u32) {
        let before = self
            .at(slot)
            .and_then(Key::of)
            .and_then(|key| self.latest(&key));
        let previous = self.within_reach(slot, before);
        let question = before
            .and_then(|before| self.link(before))
            .map(|link| link.question);
        let question = question.unwrap_or_else(|| {
            self.questions = self.questions.saturating_add(1);
            self.questions
        });
        let Self {
            lookups,
            links,
            latest,
            hasher,
            index,
            ..
        } = self;
        let place = usize::try_from(slot).ok();
        let Some(lookup) = place.and_then(|place| lookups.get(place)) else {
            return;
        };
        if let Some(link) = place.and_then(|place| links.get_mut(place)) {
            *link = Link::of(lookup, question, previous);
        }
        let hash = |slot: &u32| {
            let lookup = usize::try_from(*slot)
                .ok()
                .and_then(|slot| lookups.get(slot));
            lookup
                .and_then(Key::of)
                .map_or(0, |key| hasher.hash_one(key))
        };
        latest
            .entry(hash(&slot), |other| Some(*other) == before, hash)
            .or_insert(slot)
            .into_mut()
            .clone_from(&slot);
        index.insert(slot, lookup);
        for query in &lookup.queries {
            self.by_id.insert((question, query.id), slot);
        }
    }

    /// Makes the lookup in `slot` the latest of its question that has used `id`.
    fn note_id(&mut self, slot: u32, id: u16) {
        if let Some(question) = self.link(slot).map(|link| link.question) {
            self.by_id.insert((question, id), slot);
        }
    }

    /// The latest lookup, from `slot` on back, that a message may still belong to when the lookup
    /// in `new` begins: what is over and done with is left out of the chain for good.
    fn within_reach(&self, new: u32, slot: Option<u32>) -> Option<u32> {
        let now = self.at(new)?.first().time;
        let over = |link: &Link| link.settled && now.since(link.last_query) > RETRY_AFTER_ANSWER;
        std::iter::successors(slot, |&slot| self.link(slot)?.previous)
            .take(MAX_DEPTH)
            .find(|&slot| self.link(slot).is_some_and(|link| !over(link)))
    }

    /// Drops an eighth of the lookups, the oldest finished ones first, but never the latest.
    fn evict(&mut self) {
        let Some(now) = self.lookups.last().map(Lookup::last_query) else {
            return;
        };
        let mut surplus = self.lookups.len().div_ceil(8);
        for only_finished in [true, false] {
            let mut others = self.lookups.len().saturating_sub(1);
            self.lookups.retain(|lookup| {
                let finished = lookup.is_settled() || now.since(lookup.last_query()) > IDLE;
                let drop = others > 0 && surplus > 0 && (finished || !only_finished);
                others = others.saturating_sub(1);
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
        self.links = self
            .lookups
            .iter()
            .map(|lookup| Link::of(lookup, 0, None))
            .collect();
        self.latest.clear();
        self.by_id.clear();
        self.questions = 0;
        self.index = Index::default();
        for slot in 0..u32::try_from(self.lookups.len()).unwrap_or(u32::MAX) {
            self.register(slot);
        }
    }
}
