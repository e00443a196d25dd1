//! Damaged captures: what is whole in them is read, what is not is said, and nothing ever panics.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};

use tls_stall::NoticeCode::{self, BlockDamaged, CaptureCutShort};
use tls_stall::ReadErrorKind::{self, Empty, HeaderCutShort, HeaderDamaged, NotACapture};

use super::{OwnedFrame, read_frames, testdata};

/// What becomes of a file.
enum Due {
    /// So many frames, and a notice of this code or none.
    Frames(usize, Option<NoticeCode>),
    /// At least so many frames, which stand before the damage, and this notice.
    AtLeast(usize, NoticeCode),
    /// An error of this kind.
    Error(ReadErrorKind),
}

use Due::{AtLeast, Error, Frames};

/// The whole file has 11 frames, and the damage is in the sixth.
const DUE: [(&str, Due); 19] = [
    ("empty.pcap", Error(Empty)),
    ("text.pcap", Error(NotACapture)),
    ("cut-within-the-file-header.pcap", Error(HeaderCutShort)),
    ("header-alone.pcap", Frames(0, None)),
    (
        "cut-within-a-record-header.pcap",
        Frames(5, Some(CaptureCutShort)),
    ),
    ("cut-within-a-packet.pcap", Frames(5, Some(CaptureCutShort))),
    (
        "cut-within-a-block.pcapng",
        Frames(5, Some(CaptureCutShort)),
    ),
    (
        "packet-longer-than-any.pcap",
        Frames(10, Some(BlockDamaged)),
    ),
    // One byte after the fifth frame, which is not missed there: the sixth is found again.
    ("a-byte-too-many.pcap", Frames(11, Some(BlockDamaged))),
    // From within the sixth to within the ninth.
    ("a-kilobyte-too-few.pcap", AtLeast(5, BlockDamaged)),
    // They are 256 records without a packet, as Wireshark has it.
    ("zeros-in-the-middle.pcap", Frames(11 + 256, None)),
    ("text-in-the-middle.pcap", Frames(11, Some(BlockDamaged))),
    ("block-of-no-length.pcapng", Frames(10, Some(BlockDamaged))),
    (
        "block-longer-than-any.pcapng",
        Frames(10, Some(BlockDamaged)),
    ),
    (
        "block-lengths-differ.pcapng",
        Frames(10, Some(BlockDamaged)),
    ),
    (
        "interface-never-described.pcapng",
        Frames(10, Some(BlockDamaged)),
    ),
    (
        "packet-longer-than-its-block.pcapng",
        Frames(10, Some(BlockDamaged)),
    ),
    ("section-without-byte-order.pcapng", Error(HeaderDamaged)),
    ("section-longer-than-any.pcapng", Error(HeaderDamaged)),
];

/// Wireshark reads as many frames of those that are cut, where it can unpack them.
const DUE_OF_COMPRESSED: [(&str, Due); 9] = [
    ("gzip-cut-short.pcap.gz", Frames(8, Some(CaptureCutShort))),
    ("zstd-cut-short.pcap.zst", Frames(8, Some(CaptureCutShort))),
    ("lz4-cut-short.pcap.lz4", Frames(8, Some(CaptureCutShort))),
    ("xz-cut-short.pcap.xz", AtLeast(7, CaptureCutShort)),
    (
        "gzip-cut-within-its-header.pcap.gz",
        Error(ReadErrorKind::Compressed),
    ),
    (
        "gzip-damaged-in-the-middle.pcap.gz",
        AtLeast(8, BlockDamaged),
    ),
    ("xz-damaged-in-the-middle.pcap.xz", AtLeast(7, BlockDamaged)),
    (
        "gzip-checksum-differs.pcap.gz",
        Frames(11, Some(BlockDamaged)),
    ),
    ("gzip-then-text.pcap.gz", Frames(11, Some(BlockDamaged))),
];

fn due() -> impl Iterator<Item = (&'static str, Due)> {
    let compressed = DUE_OF_COMPRESSED.into_iter();
    DUE.into_iter()
        .chain(compressed.filter(|_| cfg!(feature = "compression")))
}

#[test]
fn every_file_is_read_as_far_as_it_goes() {
    for (name, due) in due() {
        let file = fs::read(testdata().join("malformed").join(name)).unwrap();
        let (frames, notices) = match (read_frames(file.as_slice()), &due) {
            (Ok(read), _) => read,
            (Err(error), Error(kind)) => {
                assert_eq!(error.kind(), *kind, "{name}: {error}");
                continue;
            }
            (Err(error), _) => panic!("{name}: {error}"),
        };
        let codes: Vec<NoticeCode> = notices.iter().map(|notice| notice.code).collect();
        match due {
            Frames(count, code) => {
                assert_eq!(frames.len(), count, "{name}: {notices:?}");
                assert_eq!(codes, Vec::from_iter(code), "{name}: {notices:?}");
            }
            AtLeast(count, code) => {
                assert!(frames.len() >= count, "{name}: {} frames", frames.len());
                assert_eq!(codes, [code], "{name}: {notices:?}");
            }
            Error(_) => panic!("{name}: read, {notices:?}"),
        }
    }
}

#[test]
fn no_file_is_without_what_is_due() {
    let known: BTreeSet<String> = DUE
        .iter()
        .chain(&DUE_OF_COMPRESSED)
        .map(|(name, _)| (*name).to_owned())
        .collect();
    let present: BTreeSet<String> = fs::read_dir(testdata().join("malformed"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(known, present);
}

/// The whole captures of every format, with their names.
fn whole() -> Vec<(String, Vec<u8>)> {
    let files = fs::read_dir(testdata().join("formats")).unwrap();
    let mut files: Vec<_> = files
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read(path).unwrap())
        })
        .filter(|(name, file)| !name.starts_with("refused") && read_frames(file.as_slice()).is_ok())
        .collect();
    files.sort();
    files
}

/// The frames of `file`, none where it cannot be read at all.
fn frames(file: &[u8]) -> Vec<OwnedFrame> {
    read_frames(file).map_or_else(|_| Vec::new(), |(frames, _)| frames)
}

/// How far apart the places are that are tried in a file: every byte, but where its decoder clears
/// 8 MiB for each try.
fn stride(name: &str) -> usize {
    if name.starts_with("lz4-old-format") {
        97
    } else {
        1
    }
}

#[test]
fn a_cut_or_a_damaged_byte_anywhere_leaves_the_frames_before_it() {
    for (name, file) in whole() {
        let all = frames(&file);
        let mut cuts: Vec<usize> = Vec::new();
        for at in (0..file.len()).step_by(stride(&name)) {
            let of_cut = frames(&file[..at]);
            assert!(all.starts_with(&of_cut), "{name}, cut to {at} bytes");
            let fewer = cuts.last().is_some_and(|&before| of_cut.len() < before);
            assert!(
                !fewer,
                "{name}: cut to {at} bytes, fewer frames than to fewer bytes"
            );
            cuts.push(of_cut.len());

            // In xz, the damage is met in a bite of 32 bytes, of which nothing is given.
            let spared = if name.starts_with("xz") { 32 } else { 0 };
            let before = &all[..cuts[cuts.len() - 1 - spared.min(cuts.len() - 1)]];
            let mut mutant = file.clone();
            mutant[at] ^= if at % 2 == 0 { 1 << (at / 2 % 8) } else { 0xff };
            assert!(frames(&mutant).starts_with(before), "{name}, byte {at}");
        }
    }
}

/// Gives a file byte by byte, as a slow pipe does.
struct ByteByByte<'a>(&'a [u8]);

impl Read for ByteByByte<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let most = room.len().min(1);
        self.0.read(&mut room[..most])
    }
}

/// What is said of it included: a place in xz, the table of a Network Monitor file.
#[test]
fn what_is_read_of_a_damaged_file_does_not_depend_on_the_pieces_in_which_it_comes() {
    for (name, file) in whole() {
        for at in (0..file.len()).step_by(29 * stride(&name)) {
            let mut mutant = file.clone();
            mutant[at] ^= 0xff;
            let at_once = read_frames(mutant.as_slice()).ok();
            let in_pieces = read_frames(ByteByByte(&mutant)).ok();
            assert_eq!(at_once, in_pieces, "{name}, byte {at}");
        }
    }
}

#[test]
fn damage_in_several_places_is_no_panic() {
    let mut rng = testkit::Rng::new(20);
    for (name, file) in whole() {
        for _ in 0..300 / stride(&name).min(100) {
            let _ = read_frames(testkit::damaged(&file, &mut rng).as_slice());
        }
    }
}
