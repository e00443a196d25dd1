//! What one side's segments tell of the capture: what is missing of it, and how its time went.

use super::reset::Reset;
use super::seq::SeqNumber;
use crate::decode::{IpFacts, Segment};
use crate::time::{Moment, Span};

/// Clock readings kept of one side; beyond them only the latest is.
const MAX_TICKS: usize = 64;

/// Ticks closer together tell no more than their first and last.
const AT_ONCE: Span = Span::from_millis(50);

/// Two captures of one packet, on two interfaces or at both ends of a router, lie closer together
/// than any retransmission timer (200 ms on Linux, `TCP_RTO_MIN`).
const SECOND_COPY: Span = Span::from_millis(20);

/// The same where the identification is always 0, or there is none: a resend that an
/// acknowledgement called for follows after a round trip, and looks no different.
const SECOND_COPY_UNNUMBERED: Span = Span::from_millis(1);

/// Whether a repetition `after` the first is the same packet, captured again; both have this `id`.
pub(super) fn is_second_copy(after: Span, id: Option<u16>) -> bool {
    let numbered = id.is_some_and(|id| id != 0);
    after.abs()
        < if numbered {
            SECOND_COPY
        } else {
            SECOND_COPY_UNNUMBERED
        }
}

/// The sender's own clock as it stands in a segment (`TSval`, RFC 7323, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tick {
    pub(crate) moment: Moment,
    pub(crate) value: u32,
}

/// What one side of a connection left in the capture while it was being set up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Trace {
    /// Whether a segment of this side was captured.
    pub(crate) heard: bool,
    /// TTL or hop limit of its first segment.
    pub(crate) ttl: Option<u8>,
    /// In the order of the capture, at most 64.
    pub(crate) ticks: Vec<Tick>,
    /// Segments that were captured more than once, and the first of their second copies.
    pub(crate) copies: u32,
    pub(crate) first_copy: Option<Moment>,
    pub(crate) reset: Option<Box<Reset>>,
    /// Whether it sent SYNs with different sequence numbers: a host that forgot its first one, or
    /// two hosts at one address.
    pub(crate) begins_anew: bool,
    /// The peer's clock as the SYN of this side echoed it.
    pub(crate) echoed_by_syn: Option<u32>,
    /// The IP headers of its first and last segment.
    ip: Option<(IpFacts, IpFacts)>,
    /// Beyond the last byte, SYN or FIN that was captured.
    end: Option<SeqNumber>,
    /// Of its first SYN.
    first_seq: Option<SeqNumber>,
    /// The first acknowledgement of a side that was not heard yet.
    first_ack: Option<SeqNumber>,
    /// Beyond the FIN.
    fin: Option<SeqNumber>,
    unseen: Option<Box<Unseen>>,
    /// The longest time from an acknowledgement to the captured segment that it acknowledges.
    late: Option<Box<(Moment, Moment)>>,
    last_syn: Option<(Moment, Option<u16>)>,
}

/// What the peer acknowledged beyond what was captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Unseen {
    from: SeqNumber,
    ack: SeqNumber,
    moment: Moment,
    /// The latest acknowledgement that went further.
    last: (SeqNumber, Moment),
}

impl Trace {
    /// This side sent `segment`.
    pub(super) fn sent(&mut self, segment: &Segment<'_>, moment: Moment) {
        self.heard = true;
        self.ttl.get_or_insert(segment.ip.ttl);
        if segment.flags.rst() {
            let before = self.ip;
            self.reset
                .get_or_insert_with(|| Box::new(Reset::new(segment, before, moment)));
            // Its numbers need not follow from what was sent (RFC 9293, section 3.5.2).
            return;
        }
        let first = self.ip.map_or(segment.ip, |(first, _)| first);
        self.ip = Some((first, segment.ip));
        if segment.flags.syn() {
            self.note_syn(segment);
        }
        if let Some(value) = segment.timestamp() {
            self.note_tick(Tick { moment, value });
        }
        let flags = u32::from(segment.flags.syn()).saturating_add(segment.flags.fin().into());
        let end = SeqNumber(segment.seq).plus(segment.payload_len).plus(flags);
        // A server that forgot its first answer begins anew with the next one.
        let begins = segment.flags.syn();
        if begins || self.end.is_none_or(|known| known.is_before(end)) {
            self.end = Some(end);
        }
        if segment.flags.fin() {
            self.fin = Some(end);
        }
        let seq = SeqNumber(segment.seq);
        let fills = |unseen: &Unseen| !unseen.from.is_before(seq) && !end.is_before(unseen.ack);
        let filled = self.unseen.as_deref().is_some_and(fills);
        if let Some(unseen) = self.unseen.take_if(|_| begins || filled)
            && (filled || self.first_ack == Some(end))
        {
            self.note_late(unseen.moment, moment);
        }
    }

    /// What was acknowledged at `acked` is captured only at `moment`.
    fn note_late(&mut self, acked: Moment, moment: Moment) {
        let longest = self.late().map(|(acked, sent)| sent.since(acked));
        if longest.is_none_or(|longest| longest < moment.since(acked)) {
            self.late = Some(Box::new((acked, moment)));
        }
    }

    fn note_syn(&mut self, segment: &Segment<'_>) {
        let seq = SeqNumber(segment.seq);
        self.begins_anew |= self.first_seq.is_some_and(|first| first != seq);
        self.first_seq.get_or_insert(seq);
        if self.echoed_by_syn.is_none() {
            self.echoed_by_syn = segment.echoed_timestamp();
        }
    }

    /// Keeps the ticks before and after each silence; of those that follow one another at once, the
    /// first and the last.
    fn note_tick(&mut self, tick: Tick) {
        let dense = match self.ticks.as_slice() {
            [.., before, _] => tick.moment.since(before.moment).abs() < AT_ONCE,
            _ => false,
        };
        if dense || self.ticks.len() >= MAX_TICKS {
            self.ticks.pop();
        }
        self.ticks.push(tick);
    }

    /// The peer acknowledged everything before `ack`.
    pub(super) fn acknowledged(&mut self, ack: SeqNumber, moment: Moment) {
        // Of a connection that began before the capture, the first acknowledgement tells only
        // where this side is.
        let known = self.end.unwrap_or(*self.first_ack.get_or_insert(ack));
        if !known.is_before(ack) {
            return;
        }
        let last = (ack, moment);
        let unseen = self.unseen.get_or_insert_with(|| {
            let from = known;
            Box::new(Unseen {
                from,
                ack,
                moment,
                last,
            })
        });
        if unseen.last.0.is_before(ack) {
            unseen.last = last;
        }
    }

    /// Whether a SYN was captured a second time, rather than sent again.
    pub(super) fn is_copy_of_syn(&mut self, segment: &Segment<'_>, moment: Moment) -> bool {
        let copy = self
            .last_syn
            .is_some_and(|(at, id)| id == segment.ip.id && is_second_copy(moment.since(at), id));
        if copy {
            self.note_copy(moment);
        } else {
            self.last_syn = Some((moment, segment.ip.id));
        }
        copy
    }

    /// A segment was captured once more, at `moment`.
    pub(super) fn note_copy(&mut self, moment: Moment) {
        self.copies = self.copies.saturating_add(1);
        self.first_copy.get_or_insert(moment);
    }

    /// When the peer first acknowledged what of this side is not in the capture, of which all was
    /// read before `next`.
    pub(super) fn unseen(&self, next: Option<SeqNumber>) -> Option<Moment> {
        let unseen = self.unseen.as_deref()?;
        let read = next.is_some_and(|next| !next.is_before(unseen.ack));
        let was_fin = self.fin == Some(unseen.ack);
        (!read && !was_fin).then_some(unseen.moment)
    }
}

impl Trace {
    /// An acknowledgement and the segment that it acknowledges, where that stands after it in the
    /// capture; of several those that are furthest apart.
    pub(crate) fn late(&self) -> Option<(Moment, Moment)> {
        self.late.as_deref().copied()
    }

    /// When the peer last acknowledged more of this side than was captured.
    pub(crate) fn unseen_last(&self) -> Option<Moment> {
        self.unseen.as_ref().map(|unseen| unseen.last.1)
    }
}

/// What both sides left in the capture.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Traces {
    pub(crate) client: Trace,
    pub(crate) server: Trace,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Endpoint, IpFacts, TcpFlags};
    use crate::time::{FrameNumber, Timestamp};

    const ACK: u8 = 0x10;

    fn segment(seq: u32, len: u32, flags: u8) -> Segment<'static> {
        let endpoint = Endpoint {
            ip: "10.8.0.1".parse().unwrap(),
            port: 1,
        };
        Segment {
            ip: IpFacts { ttl: 64, id: None },
            source: endpoint,
            destination: endpoint,
            seq,
            ack: 0,
            flags: TcpFlags(flags),
            window: None,
            options: &[],
            payload: &[],
            payload_len: len,
        }
    }

    fn at(frame: u64) -> Moment {
        Moment {
            time: Timestamp::from_nanos(0),
            frame: FrameNumber::new(frame).unwrap(),
        }
    }

    #[test]
    fn a_segment_that_stands_after_its_acknowledgement_is_late() {
        let mut trace = Trace::default();
        trace.sent(&segment(100, 50, ACK), at(1));
        trace.acknowledged(SeqNumber(200), at(2));
        assert_eq!(trace.late(), None);
        trace.sent(&segment(150, 50, ACK), at(3));
        assert_eq!(trace.late(), Some((at(2), at(3))));
    }

    #[test]
    fn what_is_acknowledged_and_was_not_captured_is_unseen_until_it_comes_out_of_order() {
        let mut trace = Trace::default();
        trace.sent(&segment(100, 50, ACK), at(1));
        trace.acknowledged(SeqNumber(150), at(2));
        assert_eq!(trace.unseen(None), None);
        trace.acknowledged(SeqNumber(200), at(3));
        assert_eq!(trace.unseen(None), Some(at(3)));
        trace.sent(&segment(150, 50, ACK), at(4));
        assert_eq!(trace.unseen(None), None);
    }

    #[test]
    fn the_acknowledgement_of_a_fin_is_of_something_seen() {
        let mut trace = Trace::default();
        trace.sent(&segment(100, 0, ACK | 1), at(1));
        trace.acknowledged(SeqNumber(101), at(2));
        assert_eq!(trace.unseen(None), None);
    }

    #[test]
    fn of_a_side_that_was_never_heard_only_an_advance_proves_that_it_spoke() {
        let mut trace = Trace::default();
        trace.acknowledged(SeqNumber(7), at(1));
        trace.acknowledged(SeqNumber(7), at(2));
        assert_eq!(trace.unseen(None), None);
        trace.acknowledged(SeqNumber(9), at(3));
        assert_eq!(trace.unseen(None), Some(at(3)));
    }

    #[test]
    fn a_fin_behind_what_was_not_captured_does_not_bring_it_back() {
        let mut trace = Trace::default();
        trace.sent(&segment(100, 0, ACK), at(1));
        trace.acknowledged(SeqNumber(900), at(2));
        trace.sent(&segment(900, 0, ACK | 1), at(3));
        assert_eq!(trace.unseen(Some(SeqNumber(100))), Some(at(2)));
        assert_eq!(trace.unseen(Some(SeqNumber(900))), None, "read meanwhile");
    }

    #[test]
    fn a_server_that_begins_anew_is_measured_anew() {
        let mut trace = Trace::default();
        trace.sent(&segment(3_212_050_950, 0, ACK | 2), at(1));
        trace.sent(&segment(97_572_840, 0, ACK | 2), at(2));
        trace.acknowledged(SeqNumber(97_572_841), at(3));
        assert_eq!(trace.unseen(None), None);
    }

    #[test]
    fn a_fast_resend_without_identification_is_no_second_copy() {
        let after = Span::from_millis(8);
        assert!(is_second_copy(after, Some(7)));
        assert!(!is_second_copy(after, Some(0)));
        assert!(!is_second_copy(after, None));
        assert!(is_second_copy(Span::from_nanos(5_000), Some(0)));
    }
}
