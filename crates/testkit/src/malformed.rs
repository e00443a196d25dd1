//! The files of `testdata/malformed`: each is damaged in one way, that its name tells.

use crate::formats::story;
use crate::{Frame, Link};

/// The length of a pcap file's header, and of that of a record.
const HEADER: usize = 24;
const RECORD_HEADER: usize = 16;

/// The files that are built here, with their names.
#[must_use]
pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    let wire = story(Link::Raw);
    let (pcap, pcapng) = (wire.pcap(), wire.pcapng());
    let record = record_at(wire.frames(), 5);
    let block = block_at(&pcapng, 2 + 5);
    vec![
        ("empty.pcap", Vec::new()),
        (
            "text.pcap",
            b"From: alice@example.org\r\nTo: bob@example.org\r\n\r\nHi!\r\n".into(),
        ),
        ("cut-within-the-file-header.pcap", first(&pcap, 20)),
        ("header-alone.pcap", first(&pcap, HEADER)),
        ("cut-within-a-record-header.pcap", first(&pcap, record + 10)),
        ("cut-within-a-packet.pcap", first(&pcap, record + 20)),
        ("cut-within-a-block.pcapng", first(&pcapng, block + 40)),
        // The fields of a record: two for the time, then its length.
        (
            "packet-longer-than-any.pcap",
            with(&pcap, record + 8, &[0xff; 4]),
        ),
        ("a-byte-too-many.pcap", inserted(&pcap, record - 1, 1)),
        ("a-kilobyte-too-few.pcap", removed(&pcap, record + 7, 1024)),
        ("zeros-in-the-middle.pcap", inserted(&pcap, record, 4096)),
        ("text-in-the-middle.pcap", text_in_the_middle(&pcap, record)),
        // The fields of a block: its type and length, its interface, and so on.
        (
            "block-of-no-length.pcapng",
            with(&pcapng, block + 4, &[0; 4]),
        ),
        (
            "block-longer-than-any.pcapng",
            with(&pcapng, block + 4, &[0xfc, 0xff, 0xff, 0xff]),
        ),
        (
            "block-lengths-differ.pcapng",
            with(&pcapng, block_at(&pcapng, 2 + 6) - 4, &[0; 4]),
        ),
        (
            "interface-never-described.pcapng",
            with(&pcapng, block + 8, &[9]),
        ),
        (
            "packet-longer-than-its-block.pcapng",
            with(&pcapng, block + 20, &[0xff, 0x0f]),
        ),
        (
            "section-without-byte-order.pcapng",
            with(&pcapng, 8, &[0; 4]),
        ),
        ("section-longer-than-any.pcapng", with(&pcapng, 7, &[0xff])),
    ]
}

/// Files that are damaged versions of compressed ones of `testdata/formats`, which `read` gives by
/// their names.
#[must_use]
pub fn of_compressed(read: &dyn Fn(&str) -> Vec<u8>) -> Vec<(&'static str, Vec<u8>)> {
    let (gzip, xz) = (read("gzip.pcap.gz"), read("xz.pcap.xz"));
    let (zstd, lz4) = (
        read("zstd-two-frames.pcap.zst"),
        read("lz4-two-frames.pcap.lz4"),
    );
    let half = |file: &[u8]| first(file, file.len() / 2);
    let most = |file: &[u8]| first(file, file.len() * 9 / 10);
    let flipped = |file: &[u8], at: usize| {
        let byte = file.get(at).copied().unwrap_or_default();
        with(file, at, &[byte ^ 0xff])
    };
    let checksum = gzip.len() - 8;
    vec![
        ("gzip-cut-short.pcap.gz", half(&gzip)),
        ("zstd-cut-short.pcap.zst", most(&zstd)),
        ("lz4-cut-short.pcap.lz4", most(&lz4)),
        ("xz-cut-short.pcap.xz", half(&xz)),
        ("gzip-cut-within-its-header.pcap.gz", first(&gzip, 5)),
        (
            "gzip-damaged-in-the-middle.pcap.gz",
            flipped(&gzip, gzip.len() / 2),
        ),
        (
            "xz-damaged-in-the-middle.pcap.xz",
            flipped(&xz, xz.len() / 2),
        ),
        ("gzip-checksum-differs.pcap.gz", flipped(&gzip, checksum)),
        (
            "gzip-then-text.pcap.gz",
            [&gzip[..], b"and so on\n"].concat(),
        ),
    ]
}

/// Where the record of that frame begins, counted from 0.
fn record_at(frames: &[Frame], index: usize) -> usize {
    let before = frames.iter().take(index);
    HEADER
        + before
            .map(|frame| RECORD_HEADER + frame.data.len())
            .sum::<usize>()
}

/// Where the block of that number begins, counted from 0.
fn block_at(pcapng: &[u8], index: usize) -> usize {
    (0..index).fold(0, |at, _| {
        let len = pcapng.get(at + 4..).and_then(<[u8]>::first_chunk);
        let len = len.map_or(0, |&len| u32::from_le_bytes(len));
        at + usize::try_from(len).unwrap_or_default()
    })
}

fn first(file: &[u8], len: usize) -> Vec<u8> {
    file.get(..len).unwrap_or(file).to_vec()
}

/// `file` with `bytes` written over what stands at `at`.
fn with(file: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = file.to_vec();
    file.splice(at..at + bytes.len(), bytes.iter().copied());
    file
}

/// `file` with `count` bytes of zero put in at `at`.
fn inserted(file: &[u8], at: usize, count: usize) -> Vec<u8> {
    let mut file = file.to_vec();
    file.splice(at..at, vec![0; count]);
    file
}

/// `file` without `count` bytes from `at` on.
fn removed(file: &[u8], at: usize, count: usize) -> Vec<u8> {
    let mut file = file.to_vec();
    file.drain(at..(at + count).min(file.len()));
    file
}

/// As a transfer makes it that another program wrote to.
fn text_in_the_middle(pcap: &[u8], at: usize) -> Vec<u8> {
    let mut file = pcap.to_vec();
    file.splice(
        at..at,
        b"tcpdump: listening on wlan0, link-type RAW\r\n".repeat(40),
    );
    file
}
