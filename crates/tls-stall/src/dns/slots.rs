//! The slots of lookups in the order of their times.

use std::collections::{BTreeSet, btree_set};
use std::slice;

use crate::time::Timestamp;

/// Entries that may be moved to put one in its place, or to take one out.
const MAX_MOVED: usize = 512;

/// Slots, each with a time, in the order of their times.
///
/// Frames come almost in the order of their times, so that most go to the end of a list; many lists
/// hold one, as that of the answers with an address that one host got.
#[derive(Debug, Clone)]
pub(super) enum Slots {
    /// None, or one.
    Few(Option<Entry>),
    List(Vec<Entry>),
    /// What would be a list if it came in the order of times.
    Set(BTreeSet<Entry>),
}

type Entry = (Timestamp, u32);

impl Default for Slots {
    fn default() -> Self {
        Self::Few(None)
    }
}

impl Slots {
    pub(super) fn insert(&mut self, time: Timestamp, slot: u32) {
        let entry = (time, slot);
        match self {
            Self::Few(few @ None) => *few = Some(entry),
            Self::Few(Some(first)) if *first == entry => {}
            Self::Few(Some(first)) => {
                let first = *first;
                *self = Self::List(Vec::from([first.min(entry), first.max(entry)]));
            }
            Self::List(list) if list.last().is_none_or(|last| *last < entry) => list.push(entry),
            Self::List(list) => match list.binary_search(&entry) {
                Err(place) if place.saturating_add(MAX_MOVED) < list.len() => {
                    let mut set: BTreeSet<Entry> = list.drain(..).collect();
                    set.insert(entry);
                    *self = Self::Set(set);
                }
                Err(place) => list.insert(place, entry),
                Ok(_) => {}
            },
            Self::Set(set) => {
                set.insert(entry);
            }
        }
    }

    pub(super) fn remove(&mut self, time: Timestamp, slot: u32) {
        let entry = (time, slot);
        match self {
            Self::Few(few) => *few = few.filter(|found| *found != entry),
            Self::List(list) => match list.binary_search(&entry) {
                Ok(place) if place.saturating_add(MAX_MOVED) < list.len() => {
                    let mut set: BTreeSet<Entry> = list.drain(..).collect();
                    set.remove(&entry);
                    *self = Self::Set(set);
                }
                Ok(place) => {
                    list.remove(place);
                }
                Err(_) => {}
            },
            Self::Set(set) => {
                set.remove(&entry);
            }
        }
    }

    /// Gives the slots their new numbers; whether any are left.
    pub(super) fn renumber(&mut self, slots: &Renumbered) -> bool {
        let renumbered = |&(time, slot): &Entry| Some((time, slots.get(slot)?));
        match self {
            Self::Few(few) => *few = few.as_ref().and_then(renumbered),
            Self::List(list) => {
                *list = list.iter().filter_map(renumbered).collect();
            }
            Self::Set(set) => *set = set.iter().filter_map(renumbered).collect(),
        }
        match self {
            Self::Few(few) => few.is_some(),
            Self::List(list) => !list.is_empty(),
            Self::Set(set) => !set.is_empty(),
        }
    }

    /// The slots whose times lie from `from` to `to`.
    #[inline]
    pub(super) fn between(&self, from: Timestamp, to: Timestamp) -> Between<'_> {
        let list = match self {
            Self::Few(few) => few.as_slice(),
            Self::List(list) => list.as_slice(),
            // To ask a set for a range that ends before it begins is a panic.
            Self::Set(_) if from > to => &[],
            Self::Set(set) => return Between::Set(set.range((from, 0)..=(to, u32::MAX))),
        };
        let begin = count(list, |&(time, _)| time < from);
        let end = count(list, |&(time, _)| time <= to);
        Between::List(list.get(begin..end).unwrap_or_default().iter())
    }

    /// The slot with the latest time up to `until`.
    pub(super) fn latest(&self, until: Timestamp) -> Option<u32> {
        let earliest = Timestamp::from_nanos(i64::MIN);
        self.between(earliest, until).next_back()
    }
}

/// How many entries at the front of `list` `come_before`, which is true of them alone.
///
/// What is asked for is mostly near the end, and what lies far from it would have to be fetched from
/// memory: so the search goes from the end in growing steps.
fn count(list: &[Entry], come_before: impl Fn(&Entry) -> bool) -> usize {
    let mut step = 1_usize;
    loop {
        let start = list.len().saturating_sub(step);
        let (before, rest) = list.split_at_checked(start).unwrap_or((list, &[]));
        if before.last().is_none_or(&come_before) {
            return start.saturating_add(rest.partition_point(&come_before));
        }
        step = step.saturating_mul(4);
    }
}

/// What [`Slots::between`] gives.
pub(super) enum Between<'a> {
    List(slice::Iter<'a, Entry>),
    Set(btree_set::Range<'a, Entry>),
}

impl Iterator for Between<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        let entry = match self {
            Self::List(list) => list.next(),
            Self::Set(set) => set.next(),
        };
        entry.map(|&(_, slot)| slot)
    }
}

impl DoubleEndedIterator for Between<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<u32> {
        let entry = match self {
            Self::List(list) => list.next_back(),
            Self::Set(set) => set.next_back(),
        };
        entry.map(|&(_, slot)| slot)
    }
}

/// New slots for old ones.
#[derive(Debug)]
pub(super) struct Renumbered(Vec<Option<u32>>);

impl Renumbered {
    /// Numbers those of the slots from 0 on that `are_kept`, in their order.
    pub(super) fn new(are_kept: impl Iterator<Item = bool>) -> Self {
        let mut next = 0_u32;
        let number = |is_kept: bool| {
            let slot = is_kept.then_some(next);
            next = next.saturating_add(is_kept.into());
            slot
        };
        Self(are_kept.map(number).collect())
    }

    /// The new number of `slot`, unless it is gone.
    pub(super) fn get(&self, slot: u32) -> Option<u32> {
        *self.0.get(usize::try_from(slot).ok()?)?
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    fn at(nanos: u32) -> Timestamp {
        Timestamp::from_nanos(nanos.into())
    }

    fn slots(times: impl Iterator<Item = u32>) -> Slots {
        let mut slots = Slots::default();
        for time in times {
            slots.insert(at(time), time);
        }
        slots
    }

    fn between(slots: &Slots, from: u32, to: u32) -> Vec<u32> {
        slots.between(at(from), at(to)).collect()
    }

    fn range(slots: Range<u32>) -> Vec<u32> {
        slots.collect()
    }

    #[test]
    fn slots_are_in_the_order_of_times_however_many_and_in_whatever_order_they_came() {
        for count in [0, 1, 2, 3, 511, 512, 513, 514, 2000] {
            let forwards = slots(0..count);
            let backwards = slots((0..count).rev());
            let mixed = slots((0..count).map(|n| n * 7919 % count));
            for slots in [forwards, backwards, mixed] {
                let all = range(0..count);
                let mut slots = slots;
                for again in [0, count / 2, count.saturating_sub(1)] {
                    if count > 0 {
                        slots.insert(at(again), again);
                    }
                }
                assert_eq!(between(&slots, 0, count), all, "{count}");
                assert_eq!(between(&slots, 1, 2), range(1..count.clamp(1, 3)));
                assert!(between(&slots, 2, 1).is_empty());
                let middle = count / 2;
                let expected = (count > 0).then_some(middle);
                assert_eq!(slots.latest(at(middle)), expected, "{count}");
            }
        }
    }

    #[test]
    fn a_list_stays_one_where_little_comes_late_and_is_none_where_times_run_backwards() {
        let late = |n: u32| {
            if n.is_multiple_of(100) {
                n.saturating_sub(500)
            } else {
                n
            }
        };
        assert!(matches!(slots((0..5000).map(late)), Slots::List(_)));
        assert!(matches!(slots((0..5000).rev()), Slots::Set(_)));
    }

    #[test]
    fn what_is_removed_or_gets_no_number_is_gone() {
        for count in [1, 2, 40, 2000] {
            let mut all = slots(0..count);
            all.remove(at(0), 0);
            all.remove(at(count), count);
            assert_eq!(between(&all, 0, count), range(1..count));
            let odd = Renumbered::new((0..count).map(|slot| slot % 2 == 1));
            assert_eq!(all.renumber(&odd), count > 1, "{count}");
            assert_eq!(between(&all, 0, count), range(0..count / 2));
            let none = Renumbered::new((0..count).map(|_| false));
            assert!(!all.renumber(&none));
        }
    }
}
