//! Where lookups are kept, found again, and dropped when there are too many.

use std::hash::{BuildHasher as _, Hash, Hasher};
use std::net::IpAddr;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashTable};

use super::grouping::RETRY_AFTER_ANSWER;
use super::index::{self, Index};
use super::lookup::{Lookup, Query};
use super::slots::Renumbered;
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
    /// The questions that were asked, each with its latest lookup.
    asked: HashTable<Asked>,
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

/// A question: half of its key's hash, and the slot of its latest lookup, which holds the key.
#[derive(Debug, Clone, Copy)]
struct Asked {
    hash: u32,
    latest: u32,
}

impl Asked {
    /// The hash as the table takes it.
    fn spread(self) -> u64 {
        spread(self.hash)
    }
}

/// A hash of 64 bits of one of 32: a table uses the lowest for the place and the highest to compare.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

/// Where the lookups of a question are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    hash: u32,
    /// The latest of them.
    pub(super) latest: Option<u32>,
}

/// What a search for a lookup needs to know of each before it looks closer.
#[derive(Debug, Clone, Copy)]
struct Link {
    /// The number of its question.
    question: u32,
    /// The lookup of the same question before it.
    previous: Option<u32>,
    /// The latest lookup of the same question before it that was not settled when it began.
    open_before: Option<u32>,
    settled: bool,
    /// When its last copy was sent.
    last_query: Timestamp,
    /// When its last result came.
    result: Option<Timestamp>,
}

impl Link {
    /// The first link of a lookup that begins with `query`.
    const fn new(question: u32, query: &Query) -> Self {
        Self {
            question,
            previous: None,
            open_before: None,
            settled: false,
            last_query: query.moment.time,
            result: None,
        }
    }

    /// Notes what has become of `lookup`.
    fn follow(&mut self, lookup: &Lookup) {
        self.settled = lookup.is_settled();
        self.last_query = lookup.last_query().time;
        self.result = lookup.result().map(|result| result.time);
    }
}

/// What makes two messages speak of the same question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key<'a> {
    pub(super) via: Via,
    asker: IpAddr,
    /// Its text.
    name: &'a [u8],
    record_type: RecordType,
    /// A node status is another question for each node that is asked.
    node: Option<IpAddr>,
}

impl<'a> Key<'a> {
    /// The question for `record_type` of `name` that `asker` put to `resolver`.
    pub(super) fn new(
        via: Via,
        asker: IpAddr,
        name: &'a [u8],
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

    /// A lookup of it that begins with `query`.
    fn lookup(&self, number: u64, query: Query) -> Lookup {
        let name = Name::from_octets(self.name);
        Lookup::new(number, self.via, self.asker, name, self.record_type, query)
    }

    /// Whether `lookup` is one of it.
    fn is_of(&self, lookup: &Lookup) -> bool {
        let asked = (lookup.asker, lookup.record_type, lookup.via);
        let same = asked == (self.asker, self.record_type, self.via)
            && lookup.name.as_bytes() == self.name;
        let asks_node = |node| lookup.queries.first().is_some_and(|it| it.resolver == node);
        same && self.node.is_none_or(asks_node)
    }
}

impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // What differs between questions of one host; the rest is left to the comparison.
        match self.asker {
            IpAddr::V4(ip) => state.write_u32(ip.to_bits()),
            IpAddr::V6(ip) => state.write_u128(ip.to_bits()),
        }
        state.write_u16(self.record_type.0);
        state.write(self.name);
    }
}

impl Store {
    /// Never keeps more than `max_lookups`, nor 512 bytes for each of them on average.
    pub(super) fn new(max_lookups: usize) -> Self {
        Self {
            lookups: Vec::new(),
            links: Vec::new(),
            asked: HashTable::new(),
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

    /// Looks for the lookups of a question.
    pub(super) fn find(&self, key: &Key<'_>) -> Found {
        let [a, b, c, d, ..] = self.hasher.hash_one(key).to_be_bytes();
        let hash = u32::from_be_bytes([a, b, c, d]);
        let same = |asked: &Asked| {
            asked.hash == hash && self.at(asked.latest).is_some_and(|it| key.is_of(it))
        };
        let asked = self.asked.find(spread(hash), same);
        let latest = asked.map(|asked| asked.latest);
        Found { hash, latest }
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
        std::iter::successors(slot, |&slot| self.link(slot)?.open_before)
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
        let key = Key::new(
            named.via,
            named.asker,
            named.name.as_bytes(),
            record_type,
            resolver,
        );
        std::iter::successors(self.find(&key).latest, |&slot| self.link(slot)?.previous)
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

    /// Begins a lookup of the question that was `found` by `key`; `None` where there is no slot left.
    pub(super) fn begin(&mut self, found: Found, key: &Key<'_>, query: Query) -> Option<u32> {
        let slot = u32::try_from(self.lookups.len()).ok()?;
        let number = self.next_number;
        self.next_number = number.saturating_add(1);
        let before = found
            .latest
            .and_then(|latest| Some((latest, self.at(latest)?)));
        let lookup = match before {
            Some((_, lookup)) => lookup.repeated(number, query),
            None => key.lookup(number, query),
        };
        let known = before.and_then(|(latest, _)| self.link(latest));
        let known = known.map(|link| link.question);
        let question = known.unwrap_or_else(|| self.questions.saturating_add(1));
        self.questions = self.questions.max(question);
        let link = Link {
            previous: self.within_reach(query.moment.time, found.latest),
            open_before: self.open(found.latest).next().map(|(slot, _)| slot),
            ..Link::new(question, &query)
        };
        self.weight = self.weight.saturating_add(lookup.weight());
        self.links.push(link);
        self.index.insert(slot, &lookup);
        self.by_id.insert((question, query.id), slot);
        self.lookups.push(lookup);
        self.note_latest(found, slot);
        Some(slot)
    }

    /// Makes the lookup in `slot` the latest of its question.
    fn note_latest(&mut self, found: Found, slot: u32) {
        let asked = Asked {
            hash: found.hash,
            latest: slot,
        };
        let known = self
            .asked
            .find_mut(asked.spread(), |other| Some(other.latest) == found.latest);
        match known {
            Some(known) => *known = asked,
            None => {
                self.asked
                    .insert_unique(asked.spread(), asked, |asked| asked.spread());
            }
        }
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
            link.follow(lookup);
        }
        let id = lookup.queries.last().map(|query| query.id);
        if lookup.is_settled() && !was_settled {
            self.index.settle(slot, lookup);
        } else if asked {
            self.index.follow(lookup);
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
        // Most are over long before, and need no closer look.
        let may_reach = move |link: &Link| {
            let result = link.result.filter(|_| link.settled);
            result.is_none_or(|result| result >= from || link.last_query >= from)
        };
        slots
            .filter(move |&slot| self.link(slot).is_some_and(may_reach))
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

    /// Makes the lookup in `slot` the latest of its question that has used `id`.
    fn note_id(&mut self, slot: u32, id: u16) {
        if let Some(question) = self.link(slot).map(|link| link.question) {
            self.by_id.insert((question, id), slot);
        }
    }

    /// The latest lookup, from `slot` on back, that a message may still belong to when another begins
    /// `now`: what is over and done with is left out of the chain for good.
    fn within_reach(&self, now: Timestamp, slot: Option<u32>) -> Option<u32> {
        let over = |link: &Link| link.settled && now.since(link.last_query) > RETRY_AFTER_ANSWER;
        std::iter::successors(slot, |&slot| self.link(slot)?.previous)
            .take(MAX_DEPTH)
            .find(|&slot| self.link(slot).is_some_and(|link| !over(link)))
    }

    /// Drops an eighth of the lookups, but never the latest: first the oldest of those that were
    /// answered at once and made nobody wait, then of those that are finished, then of all.
    fn evict(&mut self) {
        let Some((latest, others)) = self.lookups.split_last() else {
            return;
        };
        let now = latest.last_query();
        let mut surplus = self.lookups.len().div_ceil(8);
        let mut are_kept = vec![true; self.lookups.len()];
        let is_finished =
            |lookup: &Lookup| lookup.is_settled() || now.since(lookup.last_query()) > IDLE;
        let ranks: [&dyn Fn(&Lookup) -> bool; 3] = [&index::is_brief, &is_finished, &|_| true];
        for may_go in ranks {
            for (lookup, is_kept) in others.iter().zip(&mut are_kept) {
                if surplus > 0 && *is_kept && may_go(lookup) {
                    *is_kept = false;
                    surplus = surplus.saturating_sub(1);
                    self.evicted = self.evicted.saturating_add(1);
                }
            }
        }
        self.keep(&are_kept);
    }

    /// Drops all lookups but those in the slots that `are_kept`.
    fn keep(&mut self, are_kept: &[bool]) {
        let slots = &Renumbered::new(are_kept.iter().copied());
        let numbered = (0..).zip(&self.links);
        let latest: HashMap<u32, u32, RandomState> = numbered
            .filter_map(|(slot, link)| Some((link.question, slots.get(slot)?)))
            .collect();
        let links = &self.links;
        let question = |slot: u32| Some(links.get(usize::try_from(slot).ok()?)?.question);
        self.asked.retain(|asked| {
            let kept = question(asked.latest).and_then(|question| latest.get(&question));
            kept.map(|&slot| asked.latest = slot).is_some()
        });
        self.relink(slots);
        self.by_id
            .retain(|_, slot| slots.get(*slot).map(|new| *slot = new).is_some());
        self.index.renumber(slots);
        let mut are_kept = are_kept.iter();
        self.lookups
            .retain(|_| are_kept.next().copied().unwrap_or(true));
        let weights = self.lookups.iter().map(Lookup::weight);
        self.weight = weights.fold(0, usize::saturating_add);
    }

    /// Keeps the links of lookups that have new `slots`, past those that have none.
    fn relink(&mut self, slots: &Renumbered) {
        // For each lookup: itself or, of those before it in its chain, the latest that is kept.
        let mut kept: Vec<Option<u32>> = Vec::with_capacity(self.links.len());
        let mut kept_open: Vec<Option<u32>> = Vec::with_capacity(self.links.len());
        let of = |kept: &[Option<u32>], slot: Option<u32>| -> Option<u32> {
            *kept.get(usize::try_from(slot?).ok()?)?
        };
        let mut old = 0_u32..;
        self.links.retain_mut(|link| {
            let slot = old.next().and_then(|old| slots.get(old));
            link.previous = of(&kept, link.previous);
            link.open_before = of(&kept_open, link.open_before);
            kept.push(slot.or(link.previous));
            kept_open.push(slot.or(link.open_before));
            slot.is_some()
        });
    }
}
