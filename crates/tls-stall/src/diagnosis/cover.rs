//! The parts of a wait that a cause accounts for.

use crate::time::{Span, Timestamp};

/// Stretches of time, in order and apart from each other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Cover(Vec<(Timestamp, Timestamp)>);

impl Cover {
    /// No time at all: the cause names who was silent, not why.
    pub(crate) const fn none() -> Self {
        Self(Vec::new())
    }

    /// The time from `begin` to `end`; none where that is not later.
    pub(crate) fn between(begin: Timestamp, end: Timestamp) -> Self {
        let mut cover = Self::none();
        cover.add(begin, end);
        cover
    }

    /// Takes in the time from `begin` to `end`.
    pub(crate) fn add(&mut self, mut begin: Timestamp, mut end: Timestamp) {
        if begin >= end {
            return;
        }
        self.0.retain(|&(other_begin, other_end)| {
            let apart = other_end < begin || end < other_begin;
            if !apart {
                begin = begin.min(other_begin);
                end = end.max(other_end);
            }
            apart
        });
        let at = self.0.partition_point(|&(other, _)| other < begin);
        self.0.insert(at, (begin, end));
    }

    /// Takes in all of `other`.
    pub(super) fn take_in(&mut self, other: &Self) {
        for &(begin, end) in &other.0 {
            self.add(begin, end);
        }
    }

    /// What of it lies between `begin` and `end`.
    pub(super) fn within(&self, begin: Timestamp, end: Timestamp) -> Self {
        let clipped = |&(from, to): &(Timestamp, Timestamp)| (from.max(begin), to.min(end));
        Self(
            self.0
                .iter()
                .map(clipped)
                .filter(|(from, to)| from < to)
                .collect(),
        )
    }

    /// What of it does not lie in `other`.
    pub(super) fn without(&self, other: &Self) -> Self {
        let mut rest = Self::none();
        for &(mut begin, end) in &self.0 {
            for &(from, to) in &other.0 {
                rest.add(begin, from.min(end));
                begin = begin.max(to);
            }
            rest.add(begin, end);
        }
        rest
    }

    /// Whether it is no time at all.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How long it is, all together.
    pub(crate) fn length(&self) -> Span {
        self.0
            .iter()
            .map(|(begin, end)| end.since(*begin))
            .fold(Span::ZERO, Span::plus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cover(stretches: &[(i64, i64)]) -> Cover {
        let mut cover = Cover::none();
        for &(begin, end) in stretches {
            cover.add(Timestamp::from_nanos(begin), Timestamp::from_nanos(end));
        }
        cover
    }

    #[test]
    fn time_that_is_covered_twice_counts_once() {
        let both = cover(&[(5, 9), (0, 3), (2, 6), (20, 20)]);
        assert_eq!(both, cover(&[(0, 9)]));
        assert_eq!(both.length().as_nanos(), 9);
    }

    #[test]
    fn what_another_cause_has_taken_is_left_out() {
        let rest = cover(&[(0, 10), (20, 30)]).without(&cover(&[(2, 4), (8, 22)]));
        assert_eq!(rest, cover(&[(0, 2), (4, 8), (22, 30)]));
        assert_eq!(cover(&[(3, 4)]).without(&cover(&[(0, 10)])), Cover::none());
    }

    #[test]
    fn it_is_cut_to_the_wait() {
        let begin = Timestamp::from_nanos(5);
        let end = Timestamp::from_nanos(25);
        let within = cover(&[(0, 10), (20, 30), (40, 50)]).within(begin, end);
        assert_eq!(within, cover(&[(5, 10), (20, 25)]));
    }
}
