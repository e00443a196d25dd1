//! Files that are cut and damaged in every way: nothing panics or hangs, and what is whole is given.

use pcap_parser::{EPB_MAGIC, IDB_MAGIC, ISB_MAGIC};

use super::byte_order::ByteOrder::{self, Big, Little};
use super::fixture::{
    Bytes, NANOSECONDS, block, data, drain, interface, only, packet, packet_body, pcap_header,
    read, record, section, start,
};
use super::link_type::LinkType;
use super::pcapng::MAX_BLOCK_LEN;
use super::reader::CaptureReader;
use crate::NoticeCode;

/// A small file, and where its records and blocks end.
pub(super) struct Sample {
    pub(super) file: Vec<u8>,
    /// The ends of all, the file header's first.
    ends: Vec<usize>,
    /// The ends of those that hold a packet.
    packet_ends: Vec<usize>,
}

impl Sample {
    fn of(parts: &[(Vec<u8>, bool)]) -> Self {
        let mut sample = Self {
            file: Vec::new(),
            ends: Vec::new(),
            packet_ends: Vec::new(),
        };
        for (bytes, is_packet) in parts {
            sample.file.extend(bytes);
            sample.ends.push(sample.file.len());
            if *is_packet {
                sample.packet_ends.push(sample.file.len());
            }
        }
        sample
    }

    /// A pcap file with three packets.
    pub(super) fn pcap(order: ByteOrder) -> Self {
        Self::of(&[
            (pcap_header(order, NANOSECONDS, 1), false),
            (record(order, 1, 9, b"first"), true),
            (record(order, 2, 9, b""), true),
            (record(order, 3, 9, b"the third"), true),
        ])
    }

    /// A pcapng file with a block of every kind that is read, in sections of both byte orders.
    pub(super) fn pcapng() -> Self {
        let clock = Bytes::new(Little).option(9, &[9]).option(0, &[]);
        let drop = Bytes::new(Big).u64(2).1;
        let statistics = Bytes::new(Big).u32(0).u32(0).u32(0).option(5, &drop);
        let body = packet_body(Big, 0, 6, [5, 60], b"third").option(4, &drop);
        let old = Bytes::new(Big).u16(0).u16(1).u32(0).u32(9).u32(3).u32(60);
        Self::of(&[
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
        ])
    }

    pub(super) fn all() -> [Self; 3] {
        [Self::pcap(Little), Self::pcap(Big), Self::pcapng()]
    }
}

#[test]
fn every_prefix_gives_all_the_frames_that_are_whole_in_it() {
    for sample in Sample::all() {
        let (all, _) = read(&sample.file);
        assert_eq!(all.len(), sample.packet_ends.len());
        for len in 0..=sample.file.len() {
            let Ok(reader) = CaptureReader::new(&sample.file[..len]) else {
                assert!(len < sample.ends[0], "{len} bytes have a header");
                continue;
            };
            let (frames, notices) = drain(reader);
            let whole = sample.packet_ends.iter().filter(|&&end| end <= len).count();
            assert_eq!(frames, all[..whole], "of {len} bytes");
            let cut = notices
                .iter()
                .any(|notice| notice.code == NoticeCode::CaptureCutShort);
            assert_eq!(cut, !sample.ends.contains(&len), "of {len} bytes");
        }
    }
}

#[test]
fn damaged_blocks_of_a_sane_length_are_counted_and_the_rest_is_read() {
    let mut lengths_differ = packet(Little, 0, 0, b"lost");
    let last = lengths_differ.len() - 4;
    lengths_differ[last] ^= 4;
    let overrun = packet_body(Little, 0, 0, [4000, 4000], &[0; 60]);
    let file = [
        start(Little),
        packet(Little, 0, 0, b"one"),
        block(EPB_MAGIC, overrun),
        packet(Little, 0, 0, b"two"),
        lengths_differ,
        packet(Little, 9, 0, b"of an interface never described"),
        block(EPB_MAGIC, Bytes::new(Little).raw(b"too short")),
        block(ISB_MAGIC, Bytes::new(Little).raw(b"shrt")),
        packet(Little, 0, 0, b"three"),
    ];
    let (frames, notices) = read(&file.concat());
    assert_eq!(data(&frames), [&b"one"[..], b"two", b"three"]);
    assert_eq!(
        only(&notices),
        (
            NoticeCode::BlockDamaged,
            Some(2),
            "5 damaged blocks, the first before frame 2 (offset 84): \
             its packet would end beyond it"
        )
    );
}

#[test]
fn a_block_with_an_absurd_length_ends_the_reading_and_is_said() {
    for (block_type, len) in [
        (EPB_MAGIC, 8),
        (0x8000_0001, 8),
        (0x8000_0001, 4),
        (EPB_MAGIC, 0),
        (EPB_MAGIC, 34),
        (EPB_MAGIC, u32::MAX - 3),
        (4, MAX_BLOCK_LEN + 4),
    ] {
        let bad = Bytes::new(Big).u32(block_type).u32(len).u32(len).1;
        let good = packet(Big, 0, 0, b"abcd");
        let file = [start(Big), good, bad, vec![0x5a; 40]];
        let (frames, notices) = read(&file.concat());
        assert_eq!(frames.len(), 1);
        let message = format!(
            "reading stopped before frame 2 (offset 84): it claims a length of {len} bytes"
        );
        assert_eq!(
            only(&notices),
            (NoticeCode::BlockDamaged, Some(2), message.as_str())
        );
    }
}

#[test]
fn a_later_section_without_a_byte_order_ends_the_reading() {
    let mut section = section(Little);
    section[8] = 0;
    let good = packet(Little, 0, 0, b"abcd");
    let file = [start(Little), good, section, vec![0x5a; 40]];
    let (frames, notices) = read(&file.concat());
    assert_eq!(frames.len(), 1);
    assert!(only(&notices).2.ends_with("it tells no byte order"));
}

#[test]
fn a_description_that_cannot_be_read_keeps_the_numbers_of_the_others() {
    let file = [
        section(Little),
        block(IDB_MAGIC, Bytes::new(Little).raw(b"shrt")),
        interface(101, 0, &Bytes::new(Little)),
        packet(Little, 0, 0, b"lost"),
        packet(Little, 1, 0, b"kept"),
    ];
    let (frames, notices) = read(&file.concat());
    assert_eq!(data(&frames), [b"kept"]);
    assert_eq!(frames[0].link_type, LinkType::RAW);
    assert!(only(&notices).2.starts_with("2 damaged blocks"));
}

#[test]
fn an_option_longer_than_its_block_leaves_the_interface_and_is_said() {
    let options = Bytes::new(Little).option(9, &[9]);
    let options = options.u16(14).u16(255).u32(0);
    let file = [
        section(Little),
        interface(101, 0, &options),
        packet(Little, 0, 7, b"abcd"),
    ];
    let (frames, notices) = read(&file.concat());
    assert_eq!(frames[0].nanos, 7);
    assert_eq!(
        only(&notices).2,
        "1 damaged block, the first before frame 1 (offset 28): \
         one of its options would end beyond it"
    );
}

#[test]
fn a_description_whose_lengths_differ_is_believed_and_said() {
    let mut description = interface(101, 0, &Bytes::new(Little));
    let last = description.len() - 4;
    description[last] ^= 4;
    let file = [section(Little), description, packet(Little, 0, 0, b"abcd")];
    let (frames, notices) = read(&file.concat());
    assert_eq!(data(&frames), [b"abcd"]);
    assert!(only(&notices).2.ends_with("its two lengths differ"));
}

/// Reads whatever it is, and sees that no more comes out than can have gone in.
fn survive(file: &[u8]) {
    let Ok(mut reader) = CaptureReader::with_read_ahead(file, 64, u64::MAX) else {
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
    for Sample { mut file, .. } in Sample::all() {
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
    for Sample { file, .. } in Sample::all() {
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
