//! What makes questions about many lookups cheap.

use std::hash::Hash;
use std::net::IpAddr;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::{Lookup, untranslated};
use crate::time::{Span, Timestamp};

/// A lookup settled within this is brief.
const BRIEF: Span = Span::from_secs(1);

/// No lookup lasts longer, from its first copy until its asker has given up.
const LONGEST: Span = Span::from_secs(200);

/// Lookups that one question about many looks at. A host that has more open at a time is a
/// resolver, or hostile; without a bound, each of its connections would look at all of them.
const MAX_FOUND: usize = 256;

/// Lists in which a lookup is found by who asked, by whose name was asked, and by the addresses
/// that its answer brought; each in the order of times.
///
/// Brief lookups are kept apart from lasting ones: who looks for those that overlap a moment needs
/// to look back only one second for the many, and further only for the few.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    brief: Lists<IpAddr>,
    lasting: Lists<IpAddr>,
    /// By the address whose name is asked for.
    reverse: Lists<IpAddr>,
    /// The first copy of the latest of these.
    last_reverse: Option<Timestamp>,
    /// By asker and address in the answer, with the time of the answer.
    answers: Lists<(IpAddr, IpAddr)>,
}

impl Index {
    /// Takes in a lookup with its first copy.
    pub(super) fn insert(&mut self, slot: u32, lookup: &Lookup) {
        let first = lookup.first().time;
        self.lasting.insert(lookup.asker, first, slot);
        if let Some(address) = lookup.reverse_of() {
            self.reverse.insert(untranslated(address), first, slot);
            self.last_reverse = self.last_reverse.max(Some(first));
        }
        self.settle(slot, lookup);
    }

    /// Takes in the answer that settled a lookup.
    pub(super) fn settle(&mut self, slot: u32, lookup: &Lookup) {
        let Some(result) = lookup.result().filter(|_| lookup.is_settled()) else {
            return;
        };
        let first = lookup.first().time;
        if result.time.since(first) <= BRIEF {
            self.lasting.remove(&lookup.asker, first, slot);
            self.brief.insert(lookup.asker, first, slot);
        }
        for &address in &lookup.addresses {
            self.answers
                .insert((lookup.asker, untranslated(address)), result.time, slot);
        }
    }

    /// The lookups of `asker` that may overlap the time from `from` to `to`, as far as they are
    /// looked at: the [latest](MAX_FOUND) of those that are brief and of those that last.
    pub(super) fn of_asker(
        &self,
        asker: IpAddr,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = u32> {
        let brief = self.brief.between(&asker, before(from, BRIEF), to);
        let lasting = self.lasting.between(&asker, before(from, LONGEST), to);
        brief
            .rev()
            .take(MAX_FOUND)
            .chain(lasting.rev().take(MAX_FOUND))
    }

    /// The lookups of `asker` whose first copies lie from `from` to `to`, the earliest of them.
    pub(super) fn begun(
        &self,
        asker: IpAddr,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = u32> {
        let brief = self.brief.between(&asker, from, to).take(MAX_FOUND);
        brief.chain(self.lasting.between(&asker, from, to).take(MAX_FOUND))
    }

    /// Whether `asker` has asked anything.
    pub(super) fn has_asked(&self, asker: IpAddr) -> bool {
        self.brief.has(&asker) || self.lasting.has(&asker)
    }

    /// The lookups of the name of `address` that may overlap the time from `from` to `to`.
    pub(super) fn of_address(
        &self,
        address: IpAddr,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = u32> {
        let address = untranslated(address);
        let found = self.reverse.between(&address, before(from, LONGEST), to);
        found.rev().take(MAX_FOUND)
    }

    /// The lookups of the name of `address` whose first copies lie from `from` to `to`, the latest
    /// of them.
    pub(super) fn begun_of_address(
        &self,
        address: IpAddr,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = u32> {
        // Most connections have none, and are asked about all the same.
        let some = self.last_reverse.is_some_and(|last| last >= from);
        let found = some.then(|| self.reverse.between(&untranslated(address), from, to));
        found
            .into_iter()
            .flat_map(|found| found.rev().take(MAX_FOUND))
    }

    /// The lookup of `asker` with the latest answer up to `until` that contains `address`.
    pub(super) fn answer_with(
        &self,
        asker: IpAddr,
        address: IpAddr,
        until: Timestamp,
    ) -> Option<u32> {
        self.answers.latest(&(asker, untranslated(address)), until)
    }
}

/// For each key, slots in the order of their times.
///
/// Frames come almost in the order of their times, so that most go to the end of their list.
#[derive(Debug, Clone)]
struct Lists<K>(HashMap<K, Vec<(Timestamp, u32)>, RandomState>);

impl<K> Default for Lists<K> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl<K: Eq + Hash> Lists<K> {
    fn insert(&mut self, key: K, time: Timestamp, slot: u32) {
        let list = self.0.entry(key).or_default();
        let entry = (time, slot);
        match list.last() {
            Some(last) if *last >= entry => {
                if let Err(at) = list.binary_search(&entry) {
                    list.insert(at, entry);
                }
            }
            _ => list.push(entry),
        }
    }

    fn remove(&mut self, key: &K, time: Timestamp, slot: u32) {
        if let Some(list) = self.0.get_mut(key)
            && let Ok(at) = list.binary_search(&(time, slot))
        {
            list.remove(at);
        }
    }

    fn has(&self, key: &K) -> bool {
        self.0.get(key).is_some_and(|list| !list.is_empty())
    }

    /// The slots whose times lie from `from` to `to`.
    fn between(
        &self,
        key: &K,
        from: Timestamp,
        to: Timestamp,
    ) -> impl DoubleEndedIterator<Item = u32> + use<'_, K> {
        let list = self.0.get(key).map_or(&[][..], Vec::as_slice);
        let begin = list.partition_point(|&(time, _)| time < from);
        let end = list.partition_point(|&(time, _)| time <= to);
        let within = list.get(begin..end).unwrap_or_default();
        within.iter().map(|&(_, slot)| slot)
    }

    /// The slot with the latest time up to `until`.
    fn latest(&self, key: &K, until: Timestamp) -> Option<u32> {
        let list = self.0.get(key)?;
        let end = list.partition_point(|&(time, _)| time <= until);
        list.get(..end)?.last().map(|&(_, slot)| slot)
    }
}

/// Whether `lookup` was going on at some time from `from` to `to`.
pub(super) fn overlaps(lookup: &Lookup, from: Timestamp, to: Timestamp) -> bool {
    // To find the end of an unanswered lookup takes longer, and most are still being asked.
    let is_asked_later = lookup.last_query().time >= from;
    lookup.first().time <= to && (is_asked_later || lookup.end().latest() >= from)
}

fn before(time: Timestamp, span: Span) -> Timestamp {
    time.plus(Span::ZERO.minus(span))
}
