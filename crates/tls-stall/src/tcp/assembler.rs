//! Puts the bytes of one direction in order.
//!
//! Segments that come early are held until the hole before them is filled. Where two copies of a
//! byte disagree, the first one captured counts. A hole that the receiver has acknowledged was lost
//! by the capturer, not by the network: after a while it is passed on as missing, so that what
//! follows can still be read.

use super::seq::SeqNumber;
use crate::rare::{Empty, Rare};
use crate::time::{Moment, Span};

/// How long an acknowledged hole may still be filled by a frame that was captured out of order.
const REORDERING: Span = Span::from_millis(50);

/// Segments held in one direction; a hole of one lost segment is followed by at most a window.
const MAX_HELD: usize = 1024;

/// What an [`Assembler`] passes on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Piece<'a> {
    /// The next bytes, and the frame that brought them.
    Bytes(&'a [u8], Moment),
    /// So many bytes were sent and not captured.
    Missing(u32, Moment),
}

/// The bytes that all assemblers together may hold.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    pub(crate) per_direction: usize,
    pub(crate) left: usize,
    /// Whether a segment was dropped for want of room.
    pub(crate) exceeded: bool,
}

/// One direction of a connection.
#[derive(Debug, Default)]
pub(crate) struct Assembler {
    /// The next byte to be passed on.
    next: Option<SeqNumber>,
    beyond: Rare<Beyond>,
}

/// What there is of a direction of which bytes were missing.
#[derive(Debug, Default)]
struct Beyond {
    /// Segments beyond a hole, by their sequence numbers, none overlapping.
    held: Vec<Held>,
    held_bytes: usize,
    /// When the receiver first acknowledged bytes beyond the next that is due.
    hole_acknowledged: Option<Moment>,
    /// The first hole that was the capturer's, and the frame behind it.
    missed: Option<(SeqNumber, Moment)>,
}

impl Empty for Beyond {
    const EMPTY: &'static Self = &Self {
        held: Vec::new(),
        held_bytes: 0,
        hole_acknowledged: None,
        missed: None,
    };
}

#[derive(Debug)]
struct Held {
    seq: SeqNumber,
    bytes: Box<[u8]>,
    /// Bytes of the segment that the capturer cut off behind `bytes`.
    cut: u32,
    moment: Moment,
}

impl Held {
    fn end(&self) -> SeqNumber {
        self.seq.plus(length(&self.bytes)).plus(self.cut)
    }
}

impl Assembler {
    /// The stream's first byte is `seq`.
    pub(crate) fn start(&mut self, seq: SeqNumber) {
        self.next.get_or_insert(seq);
    }

    /// The next byte to be passed on.
    pub(crate) fn next(&self) -> Option<SeqNumber> {
        self.next
    }

    /// The frame behind the first hole that the receiver acknowledged, and that was never filled.
    pub(crate) fn missed(&self) -> Option<Moment> {
        self.beyond.missed.map(|(_, moment)| moment)
    }

    /// Beyond the last byte up to which nothing was missed.
    pub(crate) fn read_whole(&self) -> Option<SeqNumber> {
        self.beyond.missed.map(|(hole, _)| hole).or(self.next)
    }

    /// Takes a segment that carries `payload`, and `cut` more bytes that were not captured.
    pub(crate) fn push(
        &mut self,
        seq: SeqNumber,
        payload: &[u8],
        cut: u32,
        moment: Moment,
        budget: &mut Budget,
        mut deliver: impl FnMut(Piece<'_>),
    ) {
        let next = *self.next.get_or_insert(seq);
        if let Some(ahead) = seq.beyond(next)
            && ahead > 0
        {
            self.hold(seq, payload, cut, moment, budget);
            return;
        }
        if self.deliver_new(next, seq, payload, cut, moment, &mut deliver)
            && !self.beyond.held.is_empty()
        {
            self.release(budget, &mut deliver);
        }
    }

    /// Notes that the receiver has acknowledged everything before `ack`.
    pub(crate) fn acknowledge(
        &mut self,
        ack: SeqNumber,
        moment: Moment,
        budget: &mut Budget,
        mut deliver: impl FnMut(Piece<'_>),
    ) {
        let Some(first) = self.beyond.held.first() else {
            return;
        };
        if ack.is_before(first.seq) {
            return;
        }
        let since = *self.beyond.hole_acknowledged.get_or_insert(moment);
        if moment.since(since) >= REORDERING {
            self.give_up_hole(budget, &mut deliver);
        }
    }

    /// Passes on what is held beyond a hole that the receiver has acknowledged; for the end.
    pub(crate) fn flush(&mut self, budget: &mut Budget, mut deliver: impl FnMut(Piece<'_>)) {
        if self.beyond.hole_acknowledged.is_some() {
            self.give_up_hole(budget, &mut deliver);
        }
        self.clear(budget);
    }

    /// Forgets what is held.
    pub(crate) fn clear(&mut self, budget: &mut Budget) {
        if let Some(beyond) = self.beyond.made() {
            budget.left = budget.left.saturating_add(beyond.held_bytes);
            beyond.held_bytes = 0;
            beyond.held = Vec::new();
        }
    }

    fn give_up_hole(&mut self, budget: &mut Budget, deliver: &mut impl FnMut(Piece<'_>)) {
        let beyond = &mut *self.beyond;
        beyond.hole_acknowledged = None;
        let (Some(next), Some(first)) = (self.next, beyond.held.first()) else {
            return;
        };
        if let Some(hole) = first.seq.beyond(next) {
            beyond.missed.get_or_insert((next, first.moment));
            deliver(Piece::Missing(hole, first.moment));
            self.next = Some(first.seq);
        }
        self.release(budget, deliver);
    }

    /// Passes on the part of a segment that lies beyond `next`; whether there was one.
    fn deliver_new(
        &mut self,
        next: SeqNumber,
        seq: SeqNumber,
        payload: &[u8],
        cut: u32,
        moment: Moment,
        deliver: &mut impl FnMut(Piece<'_>),
    ) -> bool {
        let Some(known) = next.beyond(seq) else {
            return false;
        };
        let captured = length(payload);
        let end = seq.plus(captured).plus(cut);
        if end.beyond(next).is_none_or(|new| new == 0) {
            return false;
        }
        if let Some(new) = usize::try_from(known)
            .ok()
            .and_then(|known| payload.get(known..))
            && !new.is_empty()
        {
            deliver(Piece::Bytes(new, moment));
        }
        let missing = cut.saturating_sub(known.saturating_sub(captured));
        if missing > 0 {
            deliver(Piece::Missing(missing, moment));
        }
        self.next = Some(end);
        true
    }

    fn release(&mut self, budget: &mut Budget, deliver: &mut impl FnMut(Piece<'_>)) {
        let mut done: usize = 0;
        let held = std::mem::take(&mut self.beyond.held);
        for segment in &held {
            let Some(next) = self.next else { break };
            if segment.seq.beyond(next).is_some_and(|ahead| ahead > 0) {
                break;
            }
            self.deliver_new(
                next,
                segment.seq,
                &segment.bytes,
                segment.cut,
                segment.moment,
                deliver,
            );
            let beyond = &mut *self.beyond;
            beyond.held_bytes = beyond.held_bytes.saturating_sub(segment.bytes.len());
            budget.left = budget.left.saturating_add(segment.bytes.len());
            done = done.saturating_add(1);
        }
        let beyond = &mut *self.beyond;
        beyond.held = held;
        beyond.held.drain(..done);
        beyond.hole_acknowledged = None;
    }

    /// Keeps the parts of a segment that are not held yet.
    fn hold(
        &mut self,
        mut seq: SeqNumber,
        mut payload: &[u8],
        cut: u32,
        moment: Moment,
        budget: &mut Budget,
    ) {
        let held = &self.beyond.held;
        let mut at = held.partition_point(|held| held.end().is_before(seq.plus(1)));
        loop {
            let Some(existing) = self.beyond.held.get(at) else {
                self.insert(at, seq, payload, cut, moment, budget);
                return;
            };
            let (gap, existing_end) = (existing.seq.beyond(seq), existing.end());
            // The part before what is held already.
            if let Some(gap) = gap.filter(|&gap| gap > 0) {
                let fits = usize::try_from(gap).unwrap_or(usize::MAX);
                if let Some((before, _)) = payload.split_at_checked(fits) {
                    self.insert(at, seq, before, 0, moment, budget);
                    at = at.saturating_add(1);
                } else {
                    let room = gap.saturating_sub(length(payload));
                    self.insert(at, seq, payload, cut.min(room), moment, budget);
                    return;
                }
            }
            // What is left beyond it.
            let Some(skip) = existing_end.beyond(seq) else {
                return;
            };
            let Some(rest) = usize::try_from(skip)
                .ok()
                .and_then(|skip| payload.get(skip..))
            else {
                return;
            };
            if rest.is_empty() && cut == 0 {
                return;
            }
            (seq, payload) = (existing_end, rest);
            at = at.saturating_add(1);
        }
    }

    fn insert(
        &mut self,
        at: usize,
        seq: SeqNumber,
        bytes: &[u8],
        cut: u32,
        moment: Moment,
        budget: &mut Budget,
    ) {
        if bytes.is_empty() && cut == 0 {
            return;
        }
        let beyond = &mut *self.beyond;
        let too_much = beyond.held_bytes.saturating_add(bytes.len()) > budget.per_direction
            || bytes.len() > budget.left
            || beyond.held.len() >= MAX_HELD;
        if too_much || at > beyond.held.len() {
            budget.exceeded = true;
            return;
        }
        beyond.held_bytes = beyond.held_bytes.saturating_add(bytes.len());
        budget.left = budget.left.saturating_sub(bytes.len());
        beyond.held.insert(
            at,
            Held {
                seq,
                bytes: bytes.into(),
                cut,
                moment,
            },
        );
    }
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::{FrameNumber, Timestamp};

    fn moment(frame: u64) -> Moment {
        let nanos = i64::try_from(frame).unwrap() * 100_000_000;
        Moment {
            time: Timestamp::from_nanos(nanos),
            frame: FrameNumber::new(frame).unwrap(),
        }
    }

    fn budget() -> Budget {
        Budget {
            per_direction: 1 << 17,
            left: 1 << 20,
            exceeded: false,
        }
    }

    /// What was passed on: each byte, `None` where it is missing, with its frame.
    #[derive(Default)]
    struct Passed(Vec<(Option<u8>, u64)>);

    impl Passed {
        fn take(&mut self, piece: Piece<'_>) {
            match piece {
                Piece::Bytes(bytes, at) => {
                    self.0
                        .extend(bytes.iter().map(|&byte| (Some(byte), at.frame.get())));
                }
                Piece::Missing(count, at) => {
                    self.0.extend((0..count).map(|_| (None, at.frame.get())));
                }
            }
        }

        fn text(&self) -> String {
            self.0
                .iter()
                .map(|(byte, _)| byte.map_or('?', char::from))
                .collect()
        }
    }

    fn assemble(segments: &[(u32, &str)]) -> Passed {
        let (mut assembler, mut budget, mut passed) =
            (Assembler::default(), budget(), Passed::default());
        assembler.start(SeqNumber(100));
        for (frame, (seq, text)) in (1..).zip(segments) {
            assembler.push(
                SeqNumber(*seq),
                text.as_bytes(),
                0,
                moment(frame),
                &mut budget,
                |piece| passed.take(piece),
            );
        }
        assert_eq!(budget.left + assembler.beyond.held_bytes, 1 << 20);
        passed
    }

    #[test]
    fn an_early_segment_waits_for_the_hole_before_it_and_keeps_its_frame() {
        let passed = assemble(&[(103, "def"), (100, "abc")]);
        assert_eq!(passed.text(), "abcdef");
        assert_eq!(passed.0[0].1, 2);
        assert_eq!(passed.0[5].1, 1);
    }

    #[test]
    fn a_retransmission_brings_nothing_new() {
        assert_eq!(
            assemble(&[(100, "abc"), (100, "XYZ"), (101, "YZd")]).text(),
            "abcd"
        );
    }

    #[test]
    fn where_held_copies_disagree_the_first_one_counts() {
        let passed = assemble(&[(104, "ef"), (102, "CDEFGH"), (100, "ab")]);
        assert_eq!(passed.text(), "abCDefGH");
    }

    #[test]
    fn an_acknowledged_hole_is_passed_on_as_missing_after_a_while() {
        let (mut assembler, mut budget, mut passed) =
            (Assembler::default(), budget(), Passed::default());
        assembler.start(SeqNumber(100));
        assembler.push(SeqNumber(102), b"cd", 0, moment(1), &mut budget, |p| {
            passed.take(p);
        });
        assembler.acknowledge(SeqNumber(104), moment(2), &mut budget, |p| passed.take(p));
        assert_eq!(passed.text(), "");
        assembler.acknowledge(SeqNumber(104), moment(3), &mut budget, |p| passed.take(p));
        assert_eq!(passed.text(), "??cd");
    }

    #[test]
    fn a_hole_that_nobody_acknowledged_stays_a_hole() {
        let (mut assembler, mut budget, mut passed) =
            (Assembler::default(), budget(), Passed::default());
        assembler.start(SeqNumber(100));
        assembler.push(SeqNumber(102), b"cd", 0, moment(1), &mut budget, |p| {
            passed.take(p);
        });
        assembler.acknowledge(SeqNumber(100), moment(9), &mut budget, |p| passed.take(p));
        assembler.flush(&mut budget, |p| passed.take(p));
        assert_eq!(passed.text(), "");
        assert_eq!(budget.left, 1 << 20);
    }

    #[test]
    fn bytes_that_the_capturer_cut_off_are_missing() {
        let (mut assembler, mut budget, mut passed) =
            (Assembler::default(), budget(), Passed::default());
        assembler.start(SeqNumber(100));
        assembler.push(SeqNumber(100), b"ab", 3, moment(1), &mut budget, |p| {
            passed.take(p);
        });
        assembler.push(SeqNumber(105), b"f", 0, moment(2), &mut budget, |p| {
            passed.take(p);
        });
        assert_eq!(passed.text(), "ab???f");
    }

    #[test]
    fn what_is_beyond_the_limit_is_dropped_and_said() {
        let mut assembler = Assembler::default();
        let mut budget = Budget {
            per_direction: 4,
            left: 100,
            exceeded: false,
        };
        assembler.start(SeqNumber(0));
        for seq in [10, 20, 30] {
            assembler.push(SeqNumber(seq), b"xx", 0, moment(1), &mut budget, |_| {});
        }
        assert!(budget.exceeded);
        assert_eq!((assembler.beyond.held_bytes, budget.left), (4, 96));
    }

    proptest! {
        /// However a stream is cut, repeated and shuffled, its bytes come out in order, once.
        #[test]
        fn any_order_of_segments_gives_the_stream(
            start in any::<u32>(),
            stream in prop::collection::vec(any::<u8>(), 1..300),
            cuts in prop::collection::vec((0usize..300, 1usize..60), 0..60),
            shuffle in any::<u64>(),
        ) {
            let mut segments: Vec<(usize, usize)> = stream
                .chunks(37)
                .enumerate()
                .map(|(i, chunk)| (i * 37, i * 37 + chunk.len()))
                .chain(cuts.iter().filter_map(|&(from, len)| {
                    let to = (from + len).min(stream.len());
                    (from < to).then_some((from, to))
                }))
                .collect();
            let mut state = shuffle | 1;
            for i in (1..segments.len()).rev() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                segments.swap(i, usize::try_from(state >> 33).unwrap() % (i + 1));
            }
            let (mut assembler, mut budget, mut passed) =
                (Assembler::default(), budget(), Passed::default());
            assembler.start(SeqNumber(start));
            for (frame, &(from, to)) in (1..).zip(&segments) {
                let seq = SeqNumber(start).plus(u32::try_from(from).unwrap());
                assembler.push(seq, &stream[from..to], 0, moment(frame), &mut budget, |p| passed.take(p));
            }
            let bytes: Vec<u8> = passed.0.iter().map(|(byte, _)| byte.unwrap()).collect();
            prop_assert_eq!(bytes, stream);
            prop_assert_eq!(budget.left, 1 << 20);
        }
    }
}
