//! Fragments of IP packets, put together again.

use std::collections::BTreeMap;
use std::net::IpAddr;

use etherparse::IpNumber;
use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::ip::IpPacket;
use super::part::Part;
use crate::time::{Moment, Span};

/// One piece of an IP packet, and where it belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fragment<'a> {
    /// Its `payload` is the piece; of later ones the `protocol` is that of the first one.
    pub(super) packet: IpPacket<'a>,
    pub(super) place: Place,
}

/// Where a fragment belongs (RFC 791, section 3.1; RFC 8200, section 4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The identification; of IPv4 it has 16 bits.
    pub(super) id: u32,
    /// The number of bytes in front, at most 65,528.
    pub(super) offset: u32,
    /// Whether others come behind this one.
    pub(super) more: bool,
}

/// A packet that was put together of its fragments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Whole {
    /// The frame of its last piece; of one that is not complete, that of its first.
    pub(crate) moment: Moment,
    head: IpPacket<'static>,
    bytes: Vec<u8>,
    /// More than `bytes` holds where a piece was captured in part only.
    wire_len: u32,
    /// Whether the rest of the packet is missing.
    pub(super) is_beginning: bool,
}

impl Whole {
    /// The packet; its transport and what comes in front of that are still to be read.
    pub(super) fn packet(&self) -> IpPacket<'_> {
        IpPacket {
            payload: Part::new(&self.bytes, self.wire_len),
            ..self.head
        }
    }
}

/// The packets whose fragments did not all come yet: so many at most, and so many bytes.
///
/// A piece that overlaps another one does not replace it; in IPv6 it spoils its packet, whose pieces
/// then all are passed over (RFC 5722, section 4).
#[derive(Debug)]
pub(crate) struct Fragments {
    /// By number, so the oldest one comes first.
    pending: BTreeMap<u64, Pending>,
    numbers: HashMap<Key, u64, RandomState>,
    next_number: u64,
    /// The weight of all pending packets.
    weight: usize,
    max_packets: usize,
    max_bytes: usize,
    /// Whether a piece other than a packet's first was ever seen: a capture filter for ports lets
    /// none through.
    seen_later: bool,
    /// Whether packets were dropped for want of room.
    pub(crate) exceeded: bool,
    /// The frames of packets that never were complete: the first, and how many.
    pub(crate) unused: Option<(Moment, u64)>,
}

/// For how long the rest of a packet is waited for, as in Linux (`ipfrag_time`).
const MAX_AGE: Span = Span::from_secs(30);

/// What a pending packet and each of its pieces weigh beside their bytes.
const OVERHEAD: usize = 96;

/// The length field of IP has 16 bits.
const MAX_LEN: u32 = 65_535;

impl Fragments {
    /// No fragments yet, and never those of more than `max_packets` nor more than `max_bytes`.
    pub(crate) fn new(max_packets: usize, max_bytes: usize) -> Self {
        Self {
            pending: BTreeMap::new(),
            numbers: HashMap::default(),
            next_number: 0,
            weight: 0,
            max_packets: max_packets.max(1),
            max_bytes,
            seen_later: false,
            exceeded: false,
            unused: None,
        }
    }

    /// Takes a fragment, and puts into `done` the packet that it completes.
    ///
    /// Also put there are the beginnings of datagrams whose rest did not come in time, if the
    /// capture holds no rest of any packet: then it was the capturer that left it out.
    pub(crate) fn push(&mut self, fragment: &Fragment<'_>, moment: Moment, done: &mut Vec<Whole>) {
        self.seen_later |= fragment.place.offset > 0;
        self.expire(moment, done);
        let key = Key::of(fragment);
        let number = match self.numbers.get(&key) {
            Some(&number) => number,
            None => self.begin(key, moment),
        };
        let Some(pending) = self.pending.get_mut(&number) else {
            return;
        };
        let before = pending.weight;
        pending.take(fragment);
        self.weight = self
            .weight
            .saturating_sub(before)
            .saturating_add(pending.weight);
        if pending.is_complete()
            && let Some(pending) = self.remove(number)
        {
            done.extend(pending.join(moment));
        }
        while self.pending.len() > self.max_packets || self.weight > self.max_bytes {
            self.exceeded |= self.seen_later;
            self.give_up_oldest(done);
        }
    }

    /// Ends the capture: gives the beginnings of datagrams that `push` would have given later.
    pub(crate) fn finish(&mut self) -> Vec<Whole> {
        let mut done = Vec::new();
        while !self.pending.is_empty() {
            self.give_up_oldest(&mut done);
        }
        done
    }

    fn begin(&mut self, key: Key, moment: Moment) -> u64 {
        let number = self.next_number;
        self.next_number = self.next_number.saturating_add(1);
        let pending = Pending::new(key, moment);
        self.weight = self.weight.saturating_add(pending.weight);
        self.numbers.insert(key, number);
        self.pending.insert(number, pending);
        number
    }

    fn expire(&mut self, now: Moment, done: &mut Vec<Whole>) {
        while let Some((_, oldest)) = self.pending.first_key_value()
            && now.since(oldest.first) > MAX_AGE
        {
            self.give_up_oldest(done);
        }
    }

    fn give_up_oldest(&mut self, done: &mut Vec<Whole>) {
        let Some((&number, _)) = self.pending.first_key_value() else {
            return;
        };
        let Some(pending) = self.remove(number) else {
            return;
        };
        let (_, frames) = self.unused.get_or_insert((pending.first, 0));
        *frames = frames.saturating_add(pending.frames);
        if !self.seen_later
            && pending
                .head
                .is_some_and(|head| head.protocol == IpNumber::UDP)
        {
            let first = pending.first;
            done.extend(pending.join(first));
        }
    }

    fn remove(&mut self, number: u64) -> Option<Pending> {
        let pending = self.pending.remove(&number)?;
        self.numbers.remove(&pending.key);
        self.weight = self.weight.saturating_sub(pending.weight);
        Some(pending)
    }
}

/// What the fragments of one packet have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    id: u32,
    /// Of IPv4; in IPv6 only the first fragment's counts.
    protocol: u8,
}

impl Key {
    fn of(fragment: &Fragment<'_>) -> Self {
        let Fragment { packet, place } = fragment;
        Self {
            source: packet.source,
            destination: packet.destination,
            id: place.id,
            protocol: if packet.source.is_ipv4() {
                packet.protocol.0
            } else {
                0
            },
        }
    }
}

/// A packet of which pieces are missing.
#[derive(Debug)]
struct Pending {
    key: Key,
    first: Moment,
    frames: u64,
    /// What the first fragment says of the packet.
    head: Option<IpPacket<'static>>,
    /// By where they begin; none overlaps another.
    pieces: BTreeMap<u32, Piece>,
    /// The length of all pieces.
    covered: u32,
    /// Where the last piece ends, once that came.
    len: Option<u32>,
    /// Whether pieces overlapped where they must not.
    is_spoilt: bool,
    weight: usize,
}

#[derive(Debug)]
struct Piece {
    captured: Box<[u8]>,
    len: u32,
}

impl Pending {
    fn new(key: Key, first: Moment) -> Self {
        Self {
            key,
            first,
            frames: 0,
            head: None,
            pieces: BTreeMap::new(),
            covered: 0,
            len: None,
            is_spoilt: false,
            weight: OVERHEAD,
        }
    }

    fn take(&mut self, fragment: &Fragment<'_>) {
        self.frames = self.frames.saturating_add(1);
        let Place { offset, more, .. } = fragment.place;
        let payload = fragment.packet.payload;
        let Some(end) = self.end_of(offset, payload.wire_len(), more) else {
            return;
        };
        if self.is_spoilt {
            return;
        }
        if fragment.packet.source.is_ipv6() && self.overlaps(offset, end) {
            let is_copy = self
                .pieces
                .get(&offset)
                .is_some_and(|p| p.len == payload.wire_len());
            if !is_copy {
                self.spoil();
            }
            return;
        }
        if !more {
            self.len = Some(end);
        }
        if offset == 0 && self.head.is_none() {
            self.head = Some(fragment.packet.without_payload());
        }
        self.fill(offset, end, payload.captured());
    }

    /// Where a piece ends; `None` where it cannot be: no length, a length that leaves a gap which
    /// no other piece fills (RFC 8200, section 4.5), or past the end of its packet.
    fn end_of(&self, offset: u32, len: u32, more: bool) -> Option<u32> {
        let end = offset.checked_add(len).filter(|&end| end <= MAX_LEN)?;
        let is_possible = len > 0 && (!more || len.is_multiple_of(8));
        let fits = match self.len {
            Some(whole) if more => end <= whole,
            Some(whole) => end == whole,
            None if more => true,
            None => self
                .pieces
                .last_key_value()
                .is_none_or(|(&start, p)| start.saturating_add(p.len) <= end),
        };
        (is_possible && fits).then_some(end)
    }

    fn overlaps(&self, offset: u32, end: u32) -> bool {
        // Pieces do not overlap, so the last that begins before `end` also ends last.
        let last = self.pieces.range(..end).next_back();
        last.is_some_and(|(&start, piece)| start.saturating_add(piece.len) > offset)
    }

    fn spoil(&mut self) {
        self.is_spoilt = true;
        self.pieces.clear();
        self.weight = OVERHEAD;
    }

    /// Takes of the bytes from `offset` to `end` those that no other piece has.
    fn fill(&mut self, offset: u32, end: u32, captured: &[u8]) {
        let before = self.pieces.range(..=offset).next_back();
        let mut at = before.map_or(offset, |(&start, piece)| {
            start.saturating_add(piece.len).max(offset)
        });
        while at < end {
            let next = self.pieces.range(at..end).next();
            let (gap_end, resume) = next.map_or((end, end), |(&start, piece)| {
                (start, start.saturating_add(piece.len))
            });
            if at < gap_end {
                self.insert(
                    at,
                    gap_end,
                    captured
                        .get(index(at.saturating_sub(offset))..)
                        .unwrap_or_default(),
                );
            }
            at = resume;
        }
    }

    /// Adds the piece from `start` to `end`, of which `captured` holds as much as there is or more.
    fn insert(&mut self, start: u32, end: u32, captured: &[u8]) {
        let len = end.saturating_sub(start);
        let captured = captured.get(..index(len)).unwrap_or(captured);
        self.covered = self.covered.saturating_add(len);
        self.weight = self
            .weight
            .saturating_add(OVERHEAD)
            .saturating_add(captured.len());
        self.pieces.insert(
            start,
            Piece {
                captured: captured.into(),
                len,
            },
        );
    }

    fn is_complete(&self) -> bool {
        !self.is_spoilt && self.head.is_some() && self.len == Some(self.covered)
    }

    /// The packet from its beginning to the first byte that is missing; `None` without a beginning.
    fn join(self, moment: Moment) -> Option<Whole> {
        let head = self.head.filter(|_| !self.is_spoilt)?;
        let mut bytes = Vec::new();
        let mut at = 0;
        for (start, piece) in &self.pieces {
            if *start != at {
                break;
            }
            bytes.extend_from_slice(&piece.captured);
            if piece.captured.len() < index(piece.len) {
                break;
            }
            at = start.saturating_add(piece.len);
        }
        Some(Whole {
            moment,
            head,
            bytes,
            wire_len: self.len.unwrap_or(self.covered),
            is_beginning: self.len != Some(self.covered),
        })
    }
}

fn index(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{RAW, decode, udp_v4, udp_v6, with_extensions};
    use super::super::{Packet, decode_whole};
    use super::*;
    use crate::time::{FrameNumber, Timestamp};

    fn moment(seconds: i64) -> Moment {
        Moment {
            time: Timestamp::from_nanos(0).plus(Span::from_secs(seconds)),
            frame: FrameNumber::new(u64::try_from(seconds).unwrap().saturating_add(1)).unwrap(),
        }
    }

    /// A datagram of 8 bytes of header and so many that count up, as the payload of an IP packet.
    fn datagram(len: u8) -> Vec<u8> {
        let header = [0x9c, 0x40, 0, 53, 0, len.saturating_add(8), 0, 0];
        header.into_iter().chain(0..len).collect()
    }

    /// The piece of `datagram` from `start` to `end`, in a packet of that identification.
    fn piece_v4(id: u8, datagram: &[u8], start: usize, end: usize) -> Vec<u8> {
        let mut packet = udp_v4()[..20].to_vec();
        packet.extend_from_slice(&datagram[start..end]);
        let len = u16::try_from(packet.len()).unwrap();
        packet[2..4].copy_from_slice(&len.to_be_bytes());
        packet[5] = id;
        packet[6..8].copy_from_slice(&u16::try_from(start / 8).unwrap().to_be_bytes());
        if end < datagram.len() {
            packet[6] |= 0x20;
        }
        packet
    }

    fn piece_v6(datagram: &[u8], start: usize, end: usize) -> Vec<u8> {
        let more = usize::from(end < datagram.len());
        let [high, low] = u16::try_from(start | more).unwrap().to_be_bytes();
        let headers = [&[17, 0, high, low, 0, 0, 0, 9], &datagram[start..end]].concat();
        with_extensions(&udp_v6()[..40], 44, &headers)
    }

    struct Table(Fragments, Vec<Whole>);

    impl Table {
        fn new() -> Self {
            Self(Fragments::new(4, 10_000), Vec::new())
        }

        fn push(&mut self, seconds: i64, packet: &[u8]) {
            let Ok(Packet::Fragment(fragment)) = decode(RAW, packet) else {
                panic!("no fragment");
            };
            self.0.push(&fragment, moment(seconds), &mut self.1);
            assert!(self.0.pending.len() <= 4 && self.0.weight <= 10_000);
            assert_eq!(self.0.pending.len(), self.0.numbers.len());
        }

        /// The payload of the only datagram that was completed.
        fn payload(&self) -> Vec<u8> {
            let [whole] = &self.1[..] else {
                panic!("not one datagram but {:?}", self.1);
            };
            match decode_whole(whole) {
                Ok(Packet::Udp(datagram)) => datagram.payload.to_vec(),
                other => panic!("no datagram but {other:?}"),
            }
        }
    }

    #[test]
    fn a_datagram_is_whole_with_its_last_piece_in_whatever_order_they_come() {
        let all = datagram(40);
        let cuts = [(0, 16), (16, 24), (24, 48)];
        for order in [
            [0, 1, 2],
            [0, 2, 1],
            [1, 0, 2],
            [1, 2, 0],
            [2, 0, 1],
            [2, 1, 0],
        ] {
            let (mut v4, mut v6) = (Table::new(), Table::new());
            for (second, part) in (0..).zip(order) {
                assert!(v4.1.is_empty() && v6.1.is_empty());
                let (start, end) = cuts[part];
                v4.push(second, &piece_v4(1, &all, start, end));
                v6.push(second, &piece_v6(&all, start, end));
            }
            assert_eq!(
                (v4.payload(), v6.payload()),
                (all[8..].to_vec(), all[8..].to_vec())
            );
            assert_eq!((v4.1[0].moment, v6.1[0].moment), (moment(2), moment(2)));
            assert_eq!((v4.0.weight, v6.0.weight, v4.0.unused), (0, 0, None));
        }
    }

    #[test]
    fn pieces_of_other_packets_are_kept_apart() {
        let all = datagram(40);
        let mut table = Table::new();
        table.push(0, &piece_v4(1, &all, 0, 16));
        table.push(0, &piece_v4(2, &all, 16, 48));
        let mut of_tcp = piece_v4(1, &all, 16, 48);
        of_tcp[9] = 6;
        table.push(0, &of_tcp);
        let mut of_another = piece_v4(1, &all, 16, 48);
        of_another[15] = 77;
        table.push(0, &of_another);
        assert!(table.1.is_empty());
    }

    #[test]
    fn in_ipv4_the_first_copy_of_a_byte_wins() {
        let all = datagram(40);
        let other = [0xff; 48];
        let mut table = Table::new();
        table.push(0, &piece_v4(1, &all, 0, 8));
        table.push(0, &piece_v4(1, &all, 16, 24));
        table.push(0, &piece_v4(1, &other, 0, 40));
        table.push(0, &piece_v4(1, &all, 32, 48));
        let expected = [
            &all[8..8],
            &[0xff; 8],
            &all[16..24],
            &[0xff; 16],
            &all[40..],
        ]
        .concat();
        assert_eq!(table.payload(), expected);
    }

    #[test]
    fn in_ipv6_an_overlap_spoils_the_packet_and_a_copy_does_not() {
        let all = datagram(40);
        let mut copied = Table::new();
        copied.push(0, &piece_v6(&all, 0, 16));
        copied.push(0, &piece_v6(&all, 0, 16));
        copied.push(0, &piece_v6(&all, 16, 48));
        assert_eq!(copied.payload(), &all[8..]);

        let mut spoilt = Table::new();
        spoilt.push(0, &piece_v6(&all, 0, 16));
        spoilt.push(0, &piece_v6(&all, 8, 24));
        spoilt.push(0, &piece_v6(&all, 0, 16));
        spoilt.push(0, &piece_v6(&all, 16, 48));
        assert!(spoilt.1.is_empty());
        assert_eq!(spoilt.0.finish(), []);
        assert_eq!(spoilt.0.unused, Some((moment(0), 4)));
    }

    #[test]
    fn pieces_that_cannot_be_are_passed_over() {
        let all = datagram(40);
        let mut table = Table::new();
        table.push(0, &piece_v4(1, &all, 16, 48));
        // Past the end, another end, and a length that leaves a gap.
        table.push(0, &piece_v4(1, &[0xee; 90], 40, 80));
        table.push(0, &piece_v4(1, &[0xee; 40], 16, 40));
        table.push(0, &piece_v4(1, &[0xee; 48], 0, 13));
        // More than an IP packet can be.
        let mut beyond = piece_v4(2, &all, 0, 48);
        beyond[6..8].copy_from_slice(&[0x1f, 0xff]);
        table.push(0, &beyond);
        assert!(table.1.is_empty());
        table.push(0, &piece_v4(1, &all, 0, 16));
        assert_eq!(table.payload(), &all[8..]);
    }

    #[test]
    fn a_piece_that_was_cut_gives_a_datagram_that_is_cut_there() {
        let all = datagram(40);
        let mut table = Table::new();
        let first = piece_v4(1, &all, 0, 24);
        table.push(0, &first[..first.len() - 6]);
        table.push(0, &piece_v4(1, &all, 24, 48));
        assert_eq!(table.payload(), &all[8..18]);
        let Ok(Packet::Udp(datagram)) = decode_whole(&table.1[0]) else {
            panic!("no datagram");
        };
        assert_eq!(datagram.payload_len, 40);
    }

    #[test]
    fn what_is_missing_for_half_a_minute_is_no_longer_waited_for() {
        let all = datagram(40);
        for (seconds, whole) in [(30, 1), (31, 0)] {
            let mut table = Table::new();
            table.push(0, &piece_v4(1, &all, 16, 48));
            table.push(seconds, &piece_v4(1, &all, 0, 16));
            assert_eq!(table.1.len(), whole, "after {seconds} s");
        }
    }

    #[test]
    fn beyond_the_limit_the_oldest_packet_makes_room() {
        let all = datagram(40);
        let mut table = Table::new();
        for id in 1..=5 {
            table.push(0, &piece_v4(id, &all, 16, 48));
        }
        assert!(table.0.exceeded);
        for id in 2..=5 {
            table.push(1, &piece_v4(id, &all, 0, 16));
        }
        assert_eq!(table.1.len(), 4);
        assert_eq!(table.0.unused, Some((moment(0), 1)));
    }

    #[test]
    fn many_small_pieces_stay_within_the_bytes_that_may_be_held() {
        let mut table = Table::new();
        let all = vec![7; 65_000];
        for number in (0..8000).rev() {
            table.push(0, &piece_v4(1, &all, number * 8, number * 8 + 8));
        }
        assert!(table.0.exceeded && table.1.is_empty());
    }

    #[test]
    fn in_a_capture_without_later_pieces_the_beginnings_of_datagrams_are_used() {
        let all = datagram(40);
        let mut table = Table::new();
        table.push(0, &piece_v4(1, &all, 0, 24));
        table.push(40, &piece_v4(2, &all, 0, 24));
        assert_eq!(table.payload(), &all[8..24]);
        assert_eq!(table.1[0].moment, moment(0));
        assert_eq!(table.0.finish().len(), 1);
        assert!(!table.0.exceeded);

        // Here the rest would have been captured: it was lost on the way.
        let mut table = Table::new();
        table.push(0, &piece_v4(9, &all, 16, 48));
        table.push(0, &piece_v4(1, &all, 0, 24));
        assert_eq!(table.0.finish(), []);
        assert_eq!(table.0.unused, Some((moment(0), 2)));
    }
}
