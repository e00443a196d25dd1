//! What makes questions about many lookups cheap.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::Lookup;
use crate::time::{Span, Timestamp};

/// A lookup settled within this is brief.
const BRIEF: Span = Span::from_secs(1);

/// No lookup lasts longer, from its first copy until its asker has given up.
const LONGEST: Span = Span::from_secs(200);

/// Ordered sets in which a lookup is found by who asked, by whose name was asked, and by the
/// addresses that its answer brought.
///
/// Brief lookups are kept apart from lasting ones: who looks for those that overlap a moment needs
/// to look back only one second for the many, and further only for the few.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    brief: BTreeSet<(IpAddr, Timestamp, u32)>,
    lasting: BTreeSet<(IpAddr, Timestamp, u32)>,
    /// By the address whose name is asked for.
    reverse: BTreeSet<(IpAddr, Timestamp, u32)>,
    /// By asker and address in the answer, with the time of the answer.
    answers: BTreeSet<(IpAddr, IpAddr, Timestamp, u32)>,
}

impl Index {
    /// Takes in a lookup with its first copy.
    pub(super) fn insert(&mut self, slot: u32, lookup: &Lookup) {
        let first = lookup.first().time;
        self.lasting.insert((lookup.asker, first, slot));
        if let Some(address) = lookup.reverse_of() {
            self.reverse.insert((address, first, slot));
        }
        self.settle(slot, lookup);
    }

    /// Takes in the answer that settled a lookup.
    pub(super) fn settle(&mut self, slot: u32, lookup: &Lookup) {
        let Some(result) = lookup.result().filter(|_| lookup.is_settled()) else {
            return;
        };
        if result.since(lookup.first()) <= BRIEF {
            let key = (lookup.asker, lookup.first().time, slot);
            self.lasting.remove(&key);
            self.brief.insert(key);
        }
        for &address in &lookup.addresses {
            self.answers
                .insert((lookup.asker, address, result.time, slot));
        }
    }

    /// The lookups of `asker` that may overlap the time from `from` to `to`.
    pub(super) fn of_asker(
        &self,
        asker: IpAddr,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = u32> {
        let brief = between(&self.brief, asker, before(from, BRIEF), to);
        brief.chain(between(&self.lasting, asker, before(from, LONGEST), to))
    }

    /// The lookups of `asker` that began from `from` to `to`.
    pub(super) fn begun(
        &self,
        asker: IpAddr,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = u32> {
        let brief = between(&self.brief, asker, from, to);
        brief.chain(between(&self.lasting, asker, from, to))
    }

    /// The lookups of the name of `address` that may overlap the time from `from` to `to`.
    pub(super) fn of_address(
        &self,
        address: IpAddr,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = u32> {
        between(&self.reverse, address, before(from, LONGEST), to)
    }

    /// The lookup of `asker` with the latest answer up to `until` that contains `address`.
    pub(super) fn answer_with(
        &self,
        asker: IpAddr,
        address: IpAddr,
        until: Timestamp,
    ) -> Option<u32> {
        let first = (asker, address, Timestamp::from_nanos(i64::MIN), 0);
        let last = (asker, address, until, u32::MAX);
        self.answers
            .range(first..=last)
            .next_back()
            .map(|&(.., slot)| slot)
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

fn between(
    set: &BTreeSet<(IpAddr, Timestamp, u32)>,
    address: IpAddr,
    from: Timestamp,
    to: Timestamp,
) -> impl Iterator<Item = u32> {
    // A range whose ends are the wrong way round panics.
    let to = to.max(from);
    set.range((address, from, 0)..=(address, to, u32::MAX))
        .map(|&(.., slot)| slot)
}
