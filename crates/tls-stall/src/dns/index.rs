//! What makes questions about many lookups cheap.

use std::net::IpAddr;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::slots::{Renumbered, Slots};
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
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    askers: HashMap<IpAddr, OfAsker, RandomState>,
    /// By the address whose name is asked for.
    reverse: HashMap<IpAddr, Slots, RandomState>,
    /// The first copy of the latest of these.
    last_reverse: Option<Timestamp>,
    /// By asker and address in the answer, with the time of the answer.
    answers: HashMap<(IpAddr, IpAddr), Slots, RandomState>,
}

/// The lookups of one asker.
///
/// Brief ones are kept apart from lasting ones: who looks for those that overlap a moment needs to
/// look back only as far as the longest of the many, and further only for the few.
#[derive(Debug, Clone, Default)]
struct OfAsker {
    brief: Slots,
    /// No brief one takes longer from its first copy to its answer and its last copy; of one that
    /// was asked again later than that, no more than [`BRIEF`] counts.
    longest_brief: Span,
    lasting: Slots,
}

impl OfAsker {
    /// Notes how long a brief lookup took.
    fn follow(&mut self, lookup: &Lookup) {
        let asked = lookup.last_query();
        let last = lookup.result().map_or(asked, |result| result.max(asked));
        let length = last.since(lookup.first()).min(BRIEF);
        self.longest_brief = self.longest_brief.max(length);
    }
}

/// Of whoever has asked nothing.
static NOTHING: OfAsker = OfAsker {
    brief: Slots::Few(None),
    longest_brief: Span::ZERO,
    lasting: Slots::Few(None),
};

impl Index {
    /// Takes in a lookup with its first copy.
    pub(super) fn insert(&mut self, slot: u32, lookup: &Lookup) {
        let first = lookup.first().time;
        let of_asker = self.askers.entry(lookup.asker).or_default();
        of_asker.lasting.insert(first, slot);
        if let Some(address) = lookup.reverse_of() {
            let of_address = self.reverse.entry(untranslated(address)).or_default();
            of_address.insert(first, slot);
            self.last_reverse = self.last_reverse.max(Some(first));
        }
    }

    /// Takes in the answer that settled a lookup.
    pub(super) fn settle(&mut self, slot: u32, lookup: &Lookup) {
        let Some(result) = lookup.result() else {
            return;
        };
        let first = lookup.first().time;
        if is_brief(lookup)
            && let Some(of_asker) = self.askers.get_mut(&lookup.asker)
        {
            of_asker.lasting.remove(first, slot);
            of_asker.brief.insert(first, slot);
            of_asker.follow(lookup);
        }
        for &address in &lookup.addresses {
            let answers = self.answers.entry((lookup.asker, untranslated(address)));
            answers.or_default().insert(result.time, slot);
        }
    }

    /// Takes in a further copy of a lookup.
    pub(super) fn follow(&mut self, lookup: &Lookup) {
        if is_brief(lookup)
            && let Some(of_asker) = self.askers.get_mut(&lookup.asker)
        {
            of_asker.follow(lookup);
        }
    }

    /// Gives the lookups new slots, in the same order; those that get none are forgotten.
    pub(super) fn renumber(&mut self, slots: &Renumbered) {
        self.askers.retain(|_, of_asker| {
            let brief = of_asker.brief.renumber(slots);
            of_asker.lasting.renumber(slots) || brief
        });
        self.reverse
            .retain(|_, of_address| of_address.renumber(slots));
        self.answers.retain(|_, answers| answers.renumber(slots));
    }

    /// The lookups of `asker` that may overlap the time from `from` to `to`, as far as they are
    /// looked at: the [latest](MAX_FOUND) of those that are brief and of those that last.
    pub(super) fn of_asker(
        &self,
        asker: IpAddr,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = u32> {
        let of_asker = self.askers.get(&asker).unwrap_or(&NOTHING);
        let brief = of_asker
            .brief
            .between(before(from, of_asker.longest_brief), to);
        let lasting = of_asker.lasting.between(before(from, LONGEST), to);
        let brief = brief.rev().take(MAX_FOUND);
        brief.chain(lasting.rev().take(MAX_FOUND))
    }

    /// The lookups of `asker` whose first copies lie from `from` to `to`, the earliest of them.
    pub(super) fn begun(
        &self,
        asker: IpAddr,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = u32> {
        let of_asker = self.askers.get(&asker).unwrap_or(&NOTHING);
        let brief = of_asker.brief.between(from, to).take(MAX_FOUND);
        brief.chain(of_asker.lasting.between(from, to).take(MAX_FOUND))
    }

    /// Whether `asker` has asked anything.
    pub(super) fn has_asked(&self, asker: IpAddr) -> bool {
        self.askers.contains_key(&asker)
    }

    /// The lookups of the name of `address` that may overlap the time from `from` to `to`.
    pub(super) fn of_address(
        &self,
        address: IpAddr,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = u32> {
        let of_address = self.reverse.get(&untranslated(address));
        let of_address = of_address.unwrap_or(&NOTHING.lasting);
        let found = of_address.between(before(from, LONGEST), to);
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
        let of_address = some.then(|| self.reverse.get(&untranslated(address)));
        let of_address = of_address.flatten().unwrap_or(&NOTHING.lasting);
        of_address.between(from, to).rev().take(MAX_FOUND)
    }

    /// The lookup of `asker` with the latest answer up to `until` that contains `address`.
    pub(super) fn answer_with(
        &self,
        asker: IpAddr,
        address: IpAddr,
        until: Timestamp,
    ) -> Option<u32> {
        let answers = self.answers.get(&(asker, untranslated(address)))?;
        answers.latest(until)
    }
}

/// Whether `lookup` was settled so soon that hardly anybody waited for it.
pub(super) fn is_brief(lookup: &Lookup) -> bool {
    let result = lookup.result().filter(|_| lookup.is_settled());
    result.is_some_and(|result| result.time.since(lookup.first().time) <= BRIEF)
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
