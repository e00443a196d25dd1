//! What became of one side's segments on their way: which sizes got through, holes, shut windows.

use super::seq::SeqNumber;
use crate::decode::Segment;
use crate::rare::Rare;
use crate::time::{Moment, Span};

/// Windows noted that were shut; of more, the last counts as one with those before it.
const MAX_SHUT: usize = 16;

/// Lengths noted of what came through beyond a hole.
const MAX_SACKED: usize = 16;

/// What became of the segments that one side sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Passage {
    /// Payload of the largest segment that was acknowledged and never sent again.
    pub(crate) largest_through: u32,
    /// Bytes that the receiver reported beyond a hole (RFC 2018), in order.
    sacked: Rare<Vec<Sacked>>,
    /// The first bytes that were passed by others and that the receiver said it lacks.
    pub(crate) hole: Option<Box<Hole>>,
    /// When the receiver's window was shut, in order.
    pub(crate) shut: Rare<Vec<Shut>>,
    /// Payload of the largest segment that is not acknowledged and was not sent again.
    pending: u32,
}

/// Bytes that were missing at the receiver when later ones had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hole {
    pub(crate) start: SeqNumber,
    pub(crate) len: u32,
    /// When the first segment beyond it came.
    pub(crate) since: Moment,
    /// Whether the receiver acknowledged no more than its start meanwhile; else the capturer may
    /// have lost it.
    pub(crate) receiver_lacks_it: bool,
    /// The segment that came for its start, and its payload.
    pub(crate) filled: Option<(Moment, u32)>,
}

/// Stretches of one length that the receiver reported beyond a hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sacked {
    len: u32,
    first: Moment,
    last: Moment,
}

/// A stretch of time in which a receiver took no bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shut {
    pub(crate) since: Moment,
    /// The segment that opened the window; `None` while it is shut.
    pub(crate) until: Option<Moment>,
    /// How often the sender asked meanwhile whether it is open (RFC 9293, section 3.8.6.1).
    pub(crate) probes: u32,
}

impl Passage {
    /// Notes bytes from `start` that were not sent before, where `next` was due.
    pub(super) fn note_new(&mut self, next: SeqNumber, start: SeqNumber, len: u32, moment: Moment) {
        self.pending = self.pending.max(len);
        let missing = start.beyond(next).unwrap_or(0);
        if missing > 0 && self.hole.is_none() {
            self.hole = Some(Box::new(Hole {
                start: next,
                len: missing,
                since: moment,
                receiver_lacks_it: false,
                filled: None,
            }));
        }
    }

    /// Notes that bytes from `start` came that lie before those sent last; true where they fill
    /// the hole, so that here they are seen for the first time.
    pub(super) fn fills_hole(&mut self, start: SeqNumber, len: u32, moment: Moment) -> bool {
        let Some(hole) = &mut self.hole else {
            return false;
        };
        let Some(offset) = start.beyond(hole.start).filter(|&offset| offset < hole.len) else {
            return false;
        };
        if offset == 0 {
            hole.filled.get_or_insert((moment, len));
        }
        true
    }

    /// Notes that a segment was sent again: of those that are not acknowledged, it is unknown
    /// which came through.
    pub(super) fn note_resent(&mut self) {
        self.pending = 0;
    }

    /// Notes what the receiver says: `sent` is beyond the last byte sent.
    pub(super) fn note_receipt(
        &mut self,
        segment: &Segment<'_>,
        sent: Option<SeqNumber>,
        moment: Moment,
    ) {
        let flags = segment.flags;
        if flags.ack() {
            let ack = SeqNumber(segment.ack);
            if sent.is_some_and(|sent| !ack.is_before(sent)) {
                self.largest_through = self.largest_through.max(self.pending);
                self.pending = 0;
            }
            if let Some(hole) = &mut self.hole
                && hole.filled.is_none()
                && ack == hole.start
            {
                hole.receiver_lacks_it = true;
            }
            for (left, right) in segment.sacked() {
                let len = SeqNumber(right).beyond(SeqNumber(left)).unwrap_or(0);
                let beyond = SeqNumber(left).beyond(ack).is_some_and(|gap| gap > 0);
                if beyond && len > 0 {
                    self.note_sacked(len, moment);
                }
            }
        }
        // A RST has no window, and that of a SYN is never scaled.
        if let Some(window) = segment.window.filter(|_| !flags.rst() && !flags.syn()) {
            self.note_window(window, moment);
        }
    }

    fn note_sacked(&mut self, len: u32, moment: Moment) {
        if let Some(known) = self.sacked.iter_mut().find(|known| known.len == len) {
            known.last = moment;
        } else if self.sacked.len() < MAX_SACKED {
            self.sacked.push(Sacked {
                len,
                first: moment,
                last: moment,
            });
        }
    }

    /// The shortest stretch of bytes that the receiver reported beyond a hole between `from` and
    /// `to`: a segment that came through is no larger.
    pub(crate) fn least_sacked(&self, from: Moment, to: Moment) -> Option<u32> {
        let within = |sacked: &&Sacked| sacked.first <= to && sacked.last >= from;
        let lens = self.sacked.iter().filter(within).map(|sacked| sacked.len);
        lens.min()
    }

    /// Notes that the sender asks whether the window is still shut: `sent` is beyond its last byte.
    pub(super) fn note_probe(&mut self, segment: &Segment<'_>, sent: Option<SeqNumber>) {
        let shut = self.shut.made().and_then(|shut| shut.last_mut());
        let Some(shut) = shut.filter(|shut| shut.until.is_none()) else {
            return;
        };
        // One byte beyond the window, or as Linux does an empty segment before it.
        let before = sent.is_some_and(|sent| SeqNumber(segment.seq).plus(1) == sent);
        let probes = match segment.payload_len {
            0 => before && !segment.flags.fin(),
            len => len == 1,
        };
        shut.probes = shut.probes.saturating_add(probes.into());
    }

    fn note_window(&mut self, window: u16, moment: Moment) {
        let is_shut = self.shut.last().is_some_and(|shut| shut.until.is_none());
        if window == 0 && !is_shut && self.shut.len() < MAX_SHUT {
            self.shut.push(Shut {
                since: moment,
                until: None,
                probes: 0,
            });
        } else if window > 0
            && is_shut
            && let Some(shut) = self.shut.last_mut()
        {
            shut.until = Some(moment);
        }
    }

    /// How long the receiver's window was shut between `from` and `to`, and since when.
    pub(crate) fn longest_shut(&self, from: Moment, to: Moment) -> Option<(Shut, Span)> {
        let within = |shut: &Shut| {
            let end = shut.until.unwrap_or(to).min(to);
            end.since(shut.since.max(from))
        };
        self.shut
            .iter()
            .map(|shut| (*shut, within(shut)))
            .filter(|&(_, length)| length > Span::ZERO)
            .max_by_key(|&(_, length)| length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Endpoint, IpFacts, TcpFlags};
    use crate::time::{FrameNumber, Timestamp};

    const SYN: u8 = 0x02;
    const RST: u8 = 0x04;
    const ACK: u8 = 0x10;
    const START: SeqNumber = SeqNumber(u32::MAX - 99);

    /// Frame `number`, `number` seconds after the first.
    fn at(number: u64) -> Moment {
        Moment {
            time: Timestamp::from_nanos(0).plus(Span::from_secs(number.try_into().unwrap())),
            frame: FrameNumber::new(number).unwrap(),
        }
    }

    fn segment(flags: u8, options: &[u8]) -> Segment<'_> {
        let endpoint = Endpoint {
            ip: "10.8.0.1".parse().unwrap(),
            port: 1,
        };
        Segment {
            ip: IpFacts { ttl: 64, id: None },
            source: endpoint,
            destination: endpoint,
            seq: 0,
            ack: START.0,
            flags: TcpFlags(flags),
            window: Some(1),
            options,
            payload: &[],
            payload_len: 0,
        }
    }

    /// An acknowledgement of everything before `START`, and of `len` bytes from `offset` on.
    fn selective(offset: u32, len: u32) -> Vec<u8> {
        let left = START.plus(offset);
        let mut options = vec![1, 1, 5, 10];
        options.extend(left.0.to_be_bytes());
        options.extend(left.plus(len).0.to_be_bytes());
        options
    }

    #[test]
    fn what_is_acknowledged_and_was_sent_once_came_through() {
        let mut passage = Passage::default();
        passage.note_new(START, START, 1448, at(1));
        let beyond = START.plus(1448);
        let ack = Segment {
            ack: beyond.0,
            ..segment(ACK, &[])
        };
        passage.note_receipt(&segment(ACK, &[]), Some(beyond), at(2));
        assert_eq!(passage.largest_through, 0, "not acknowledged yet");
        passage.note_receipt(&ack, Some(beyond), at(3));
        assert_eq!(passage.largest_through, 1448);
    }

    #[test]
    fn of_what_was_sent_again_it_is_unknown_which_copy_came_through() {
        let mut passage = Passage::default();
        passage.note_new(START, START, 1448, at(1));
        passage.note_resent();
        let beyond = START.plus(1448);
        let ack = Segment {
            ack: beyond.0,
            ..segment(ACK, &[])
        };
        passage.note_receipt(&ack, Some(beyond), at(2));
        assert_eq!(passage.largest_through, 0);
    }

    #[test]
    fn a_hole_is_the_receivers_only_where_it_acknowledges_its_start() {
        let mut passage = Passage::default();
        passage.note_new(START, START.plus(1448), 226, at(1));
        assert!(!passage.hole.as_ref().unwrap().receiver_lacks_it);
        passage.note_receipt(&segment(ACK, &[]), None, at(2));
        let hole = passage.hole.clone().unwrap();
        assert!(hole.receiver_lacks_it);
        assert_eq!((hole.start, hole.len, hole.filled), (START, 1448, None));
        assert!(passage.fills_hole(START, 536, at(3)));
        assert_eq!(passage.hole.as_ref().unwrap().filled, Some((at(3), 536)));
        assert!(!passage.fills_hole(START.plus(1448), 226, at(4)));
    }

    #[test]
    fn bytes_beyond_a_hole_belong_to_the_time_in_which_they_were_reported() {
        let mut passage = Passage::default();
        for (options, moment) in [
            (selective(1448, 226), at(10)),
            (selective(1448, 226), at(12)),
            (selective(1448, 900), at(20)),
        ] {
            passage.note_receipt(&segment(ACK, &options), None, moment);
        }
        assert_eq!(passage.least_sacked(at(1), at(9)), None);
        assert_eq!(passage.least_sacked(at(11), at(30)), Some(226));
        assert_eq!(passage.least_sacked(at(13), at(30)), Some(900));
    }

    #[test]
    fn a_duplicate_that_is_reported_selectively_lies_beyond_no_hole() {
        let mut passage = Passage::default();
        // RFC 2883, section 4: a first block before the acknowledgement is a duplicate.
        let duplicate = selective(0, 10);
        let ack = Segment {
            ack: START.plus(500).0,
            ..segment(ACK, &duplicate)
        };
        passage.note_receipt(&ack, None, at(1));
        assert_eq!(passage.least_sacked(at(1), at(2)), None);
    }

    #[test]
    fn endless_lengths_beyond_a_hole_take_no_more_room() {
        let mut passage = Passage::default();
        for len in 1..1000 {
            passage.note_receipt(&segment(ACK, &selective(9, len)), None, at(1));
        }
        assert_eq!(passage.sacked.len(), MAX_SACKED);
    }

    #[test]
    fn a_window_is_shut_from_its_first_zero_to_the_first_that_is_none() {
        let mut passage = Passage::default();
        let window = |window| Segment {
            window: Some(window),
            ..segment(ACK, &[])
        };
        passage.note_receipt(&window(0), None, at(2));
        passage.note_receipt(&window(0), None, at(5));
        passage.note_receipt(&window(7), None, at(9));
        let (shut, length) = passage.longest_shut(at(1), at(20)).unwrap();
        assert_eq!((shut.since, shut.until), (at(2), Some(at(9))));
        assert_eq!(length, Span::from_secs(7));
        let (_, within) = passage.longest_shut(at(4), at(6)).unwrap();
        assert_eq!(within, Span::from_secs(2), "no more than the wait");
        assert_eq!(passage.longest_shut(at(10), at(20)), None);
    }

    #[test]
    fn neither_a_reset_nor_a_syn_shuts_a_window() {
        let mut passage = Passage::default();
        for flags in [RST, RST | ACK, SYN, SYN | ACK] {
            let shut = Segment {
                window: Some(0),
                ..segment(flags, &[])
            };
            passage.note_receipt(&shut, None, at(1));
        }
        assert!(passage.shut.is_empty());
    }

    #[test]
    fn a_probe_is_an_empty_segment_before_the_next_byte_or_one_byte() {
        let mut passage = Passage::default();
        let probe = Segment {
            seq: START.0,
            ..segment(ACK, &[])
        };
        let sent = Some(START.plus(1));
        passage.note_probe(&probe, sent);
        let shut = Segment {
            window: Some(0),
            ..segment(ACK, &[])
        };
        passage.note_receipt(&shut, None, at(1));
        passage.note_probe(&probe, sent);
        passage.note_probe(&probe, Some(START));
        let one_byte = Segment {
            payload_len: 1,
            ..probe
        };
        passage.note_probe(&one_byte, Some(START));
        let (shut, _) = passage.longest_shut(at(1), at(2)).unwrap();
        assert_eq!(
            shut.probes, 2,
            "not before it was shut, nor a bare acknowledgement"
        );
    }
}
