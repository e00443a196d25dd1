//! Pieces in every order, overlapping, impossible, and too many.

use super::*;
use crate::decode::sample::{RAW, decode, udp_v4, udp_v6, with_extensions};
use crate::decode::{Packet, decode_whole};
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

/// Bytes that pieces bring again, differently: the first copy of each counts.
#[test]
fn of_any_pieces_in_any_order_the_first_copies_make_the_datagram() {
    for seed in 0..300 {
        let mut rng = testkit::Rng::new(seed);
        let all = datagram(200);
        let mut table = Table::new();
        let mut expected = vec![None; all.len()];
        let mut missing = all.len();
        while missing > 0 {
            let start = rng.below(all.len() / 8) * 8;
            let end = (start + 8 + rng.below(6) * 8).min(all.len());
            // The header, whose lengths must be right, has one content only.
            let noise = u8::try_from(rng.below(256)).unwrap();
            let mut bytes = all.clone();
            bytes[8..].iter_mut().for_each(|byte| *byte ^= noise);
            table.push(0, &piece_v4(1, &bytes, start, end));
            for at in start..end {
                if expected[at].is_none() {
                    expected[at] = Some(bytes[at]);
                    missing -= 1;
                }
            }
            assert_eq!(table.1.len(), usize::from(missing == 0), "seed {seed}");
        }
        let expected: Vec<u8> = expected.into_iter().flatten().skip(8).collect();
        assert_eq!(table.payload(), expected, "seed {seed}");
    }
}
