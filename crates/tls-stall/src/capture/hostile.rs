//! Files that are cut and damaged in every way: nothing panics or hangs, and what is whole is given.

use super::byte_order::ByteOrder::{self, Big, Little};
use super::fixture::{
    Bytes, NANOSECONDS, block, interface, packet, packet_body, pcap_header, read, record, section,
};
use super::reader::CaptureReader;
use crate::NoticeCode;

/// A pcap file with three packets, and where each of its records ends.
pub(super) fn small_pcap(order: ByteOrder) -> (Vec<u8>, Vec<usize>) {
    let mut file = pcap_header(order, NANOSECONDS, 1);
    let mut ends = Vec::new();
    for (second, data) in [&b"first"[..], b"", b"the third"].into_iter().enumerate() {
        file.extend(record(order, u32::try_from(second).unwrap(), 9, data));
        ends.push(file.len());
    }
    (file, ends)
}

/// A pcapng file with a block of every kind, and where each of its packets ends.
pub(super) fn small_pcapng() -> (Vec<u8>, Vec<usize>) {
    let clock = Bytes::new(Little).option(9, &[9]).option(0, &[]);
    let drop = Bytes::new(Big).u64(2).1;
    let statistics = Bytes::new(Big).u32(0).u32(0).u32(0).option(5, &drop);
    let body = packet_body(Big, 0, 6, [5, 60], b"fifth").option(4, &drop);
    let old = Bytes::new(Big).u16(0).u16(1).u32(0).u32(9).u32(3).u32(60);
    let blocks = [
        (section(Little), false),
        (interface(1, 64, &clock), false),
        (packet(Little, 0, 5, b"first"), true),
        (block(0xbad, Bytes::new(Little).raw(b"skipped")), false),
        (block(3, Bytes::new(Little).u32(6).raw(b"second")), true),
        (section(Big), false),
        (interface(101, 0, &Bytes::new(Big)), false),
        (block(6, body), true),
        (block(2, old.raw(b"abc")), true),
        (block(5, statistics), false),
    ];
    let mut file = Vec::new();
    let mut ends = Vec::new();
    for (bytes, is_packet) in blocks {
        file.extend(bytes);
        if is_packet {
            ends.push(file.len());
        }
    }
    (file, ends)
}

#[test]
fn every_prefix_gives_all_the_frames_that_are_whole_in_it() {
    for (file, ends) in [small_pcap(Little), small_pcap(Big), small_pcapng()] {
        let (all, _) = read(&file);
        assert_eq!(all.len(), ends.len());
        for len in 28..=file.len() {
            let (frames, notices) = read(&file[..len]);
            let whole = ends.iter().filter(|&&end| end <= len).count();
            assert_eq!(frames, all[..whole], "of {len} bytes");
            let cut = notices
                .iter()
                .any(|n| n.code == NoticeCode::CaptureCutShort);
            if cut {
                assert!(!ends.contains(&len) && len < file.len(), "{len} bytes");
            }
        }
    }
}

/// Reads whatever it is, and sees that no more comes out than can have gone in.
fn survive(file: &[u8]) {
    let Ok(mut reader) = CaptureReader::with_read_ahead(file, 64) else {
        return;
    };
    let mut captured = 0;
    while let Some(frame) = reader.next_frame().unwrap() {
        captured += frame.data.len() + 12;
    }
    assert!(captured <= file.len());
    assert!(reader.notices().len() <= 4);
}

#[test]
fn no_corruption_of_a_single_byte_makes_it_panic_or_hang() {
    for (mut file, _) in [small_pcap(Little), small_pcap(Big), small_pcapng()] {
        for at in 0..file.len() {
            let good = file[at];
            for flip in 1..=u8::MAX {
                file[at] = good ^ flip;
                survive(&file);
            }
            file[at] = good;
        }
    }
}

#[test]
fn no_random_damage_makes_it_panic_or_hang() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % below
    };
    for (file, _) in [small_pcap(Little), small_pcap(Big), small_pcapng()] {
        for _ in 0..5_000 {
            let mut mutant = file.clone();
            for _ in 0..=random(4) {
                let at = random(mutant.len());
                match random(4) {
                    0 => mutant.truncate(at.max(1)),
                    1 => drop(mutant.drain(at..(at + 1 + random(8)).min(mutant.len()))),
                    2 => mutant
                        .splice(at..at, [0, 0, 0, 0xff].repeat(random(3)))
                        .for_each(drop),
                    _ => mutant[at] = u8::try_from(random(256)).unwrap(),
                }
                if mutant.is_empty() {
                    break;
                }
            }
            survive(&mutant);
        }
    }
}
