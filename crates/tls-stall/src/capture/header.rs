//! What a file is, by its first bytes and its header.

use std::io::Read;

use super::buffer::Buffer;
use super::compression::{Compression, Ending, other_compression};
use super::error::{Head, ReadError, Reason};
use super::foreign::Foreign;
use super::format::Format;
use super::input::Input;
use super::netmon::{self, NetMon};
use super::pcap::{self, Pcap};
use super::pcapng::PcapNg;
use super::record::Need;
use super::snoop::{self, Snoop};

/// How many bytes are looked at to tell what a file is that is no capture.
const HEAD_LEN: usize = 48;

/// A capture whose header has been read.
pub(super) struct Opened<R: Read> {
    /// What stands behind the header; in pcapng, from the first section's header on.
    pub(super) buffer: Buffer<Input<R>>,
    pub(super) compression: Option<Compression>,
    pub(super) layout: Layout,
}

/// What the file header has told.
pub(super) enum Layout {
    Pcap(Pcap),
    PcapNg(PcapNg),
    Snoop(Snoop),
    NetMon(NetMon),
}

/// Reads the header of the capture `input`, which may unpack to `max_unpacked` bytes.
pub(super) fn open<R: Read>(
    input: R,
    read_ahead: usize,
    max_unpacked: u64,
) -> Result<Opened<R>, ReadError> {
    let mut file = Buffer::new(input, read_ahead);
    fill(&mut file, pcap::HEADER_LEN)?;
    let compression = Compression::of(file.bytes());
    let mut buffer = match compression {
        None => file.map_input(Input::Plain),
        Some(compression) => {
            let input = Input::unpacked(compression, file, max_unpacked)
                .ok_or_else(|| ReadError::new(Reason::NotInThisBuild(compression), 0, None))?;
            Buffer::new(input, read_ahead)
        }
    };
    let layout = read_header(&mut buffer).map_err(|error| match compression {
        Some(compression) => of_unpacked(error, compression, buffer.input()),
        None => error,
    })?;
    Ok(Opened {
        buffer,
        compression,
        layout,
    })
}

/// Reads the header of a pcap file, or makes sure of that of a pcapng file's first section.
fn read_header<R: Read>(buffer: &mut Buffer<Input<R>>) -> Result<Layout, ReadError> {
    fill(buffer, pcap::HEADER_LEN)?;
    let Some(format) = Format::of(buffer.bytes()) else {
        fill(buffer, HEAD_LEN)?;
        // More may have been read, which depends on the input.
        let head = buffer.bytes();
        let head = head.get(..HEAD_LEN).unwrap_or(head);
        // Compression that is known has been seen through by now: here it is a second one.
        let second = Compression::of(head).map(Compression::name);
        let reason = match other_compression(head).or(second) {
            _ if head.is_empty() => Reason::Empty,
            Some(program) => Reason::Compressed(program),
            None => match Foreign::of(head) {
                Some(foreign) => Reason::Foreign(foreign),
                None => Reason::NotACapture(Head::of(head)),
            },
        };
        return Err(ReadError::new(reason, 0, None));
    };
    let head = buffer.bytes();
    match format {
        Format::Pcap => {
            let Some(&header) = head.first_chunk() else {
                return Err(header_cut_short(format, buffer));
            };
            let pcap = Pcap::parse(header)
                .ok_or_else(|| ReadError::new(Reason::NotACapture(Head::of(&header)), 0, None))?;
            buffer.take(pcap::HEADER_LEN);
            Ok(Layout::Pcap(pcap))
        }
        Format::PcapNg => {
            let pcapng = PcapNg::new();
            let need = pcapng
                .block_len(head)
                .map_err(|damage| ReadError::new(Reason::HeaderDamaged(damage), 0, None))?;
            if !fill(buffer, need.len())? || matches!(need, Need::AtLeast(_)) {
                return Err(header_cut_short(format, buffer));
            }
            Ok(Layout::PcapNg(pcapng))
        }
        Format::Snoop => {
            let Some(&header) = head.first_chunk() else {
                return Err(header_cut_short(format, buffer));
            };
            let snoop = Snoop::parse(header)
                .map_err(|unsupported| ReadError::new(Reason::Snoop(unsupported), 0, None))?;
            buffer.take(snoop::HEADER_LEN);
            Ok(Layout::Snoop(snoop))
        }
        Format::NetMon => netmon_header(buffer),
    }
}

/// Reads the header of a Network Monitor file.
fn netmon_header<R: Read>(buffer: &mut Buffer<Input<R>>) -> Result<Layout, ReadError> {
    fill(buffer, netmon::HEADER_LEN)?;
    let Some(&header) = buffer.bytes().first_chunk() else {
        return Err(header_cut_short(Format::NetMon, buffer));
    };
    let netmon = NetMon::parse(header)
        .map_err(|version| ReadError::new(Reason::NetMon(version), 0, None))?;
    buffer.take(netmon::HEADER_LEN);
    Ok(Layout::NetMon(netmon))
}

/// An error in reading a header, as it has to be told of a compressed file.
fn of_unpacked<R: Read>(error: ReadError, compression: Compression, input: &Input<R>) -> ReadError {
    let reason = match (error.reason(), input.ending()) {
        (Reason::Input(_), _) => return error,
        (reason, Some((ending, offset)))
            if *ending != Ending::Complete || matches!(reason, Reason::Empty) =>
        {
            Reason::Unpacking {
                compression,
                ending: ending.clone(),
                offset,
            }
        }
        (&Reason::Compressed(inner), _) => Reason::CompressedTwice {
            outer: compression,
            inner,
        },
        _ => return error,
    };
    ReadError::new(reason, error.offset(), None)
}

fn fill<R: Read>(buffer: &mut Buffer<R>, len: usize) -> Result<bool, ReadError> {
    buffer
        .fill(len)
        .map_err(|error| ReadError::new(Reason::Input(error), buffer.end_offset(), None))
}

fn header_cut_short<R: Read>(format: Format, buffer: &Buffer<R>) -> ReadError {
    let present = buffer.bytes().len();
    let reason = Reason::HeaderCutShort { format, present };
    ReadError::new(reason, buffer.end_offset(), None)
}

#[cfg(test)]
mod tests {
    use super::super::byte_order::ByteOrder::{Big, Little};
    use super::super::fixture::{MICROSECONDS, pcap_header, section};
    use super::*;
    use crate::{CaptureReader, ReadErrorKind};

    fn error(file: &[u8]) -> ReadError {
        CaptureReader::new(file).unwrap_err()
    }

    #[test]
    fn what_is_no_capture_is_named() {
        for (file, kind, message) in [
            (
                &b""[..],
                ReadErrorKind::Empty,
                "the file is empty (offset 0)",
            ),
            (
                b"From: a@example.org\r\nTo: b@example.org",
                ReadErrorKind::NotACapture,
                "not a capture of a known format: the file begins with \"From: a@\" (offset 0)",
            ),
            (
                b"\x1b[2J\xff",
                ReadErrorKind::NotACapture,
                "not a capture of a known format: the file begins with \"\\x1b[2J\\xff\" (offset 0)",
            ),
            (
                b"BZh91AY&SY",
                ReadErrorKind::Compressed,
                "compressed by bzip2, which is not supported; unpack it first (offset 0)",
            ),
        ] {
            let error = error(file);
            assert_eq!((error.kind(), error.to_string().as_str()), (kind, message));
            assert_eq!((error.offset(), error.frame()), (0, None));
        }
    }

    #[test]
    fn a_header_that_is_cut_is_an_error_with_its_place() {
        let pcap = pcap_header(Little, MICROSECONDS, 1);
        let cut = error(&pcap[..20]);
        assert_eq!(
            (cut.kind(), cut.offset()),
            (ReadErrorKind::HeaderCutShort, 20)
        );
        assert_eq!(
            cut.to_string(),
            "the file ends within its pcap header, after 20 bytes (offset 20)"
        );
        for len in [4, 11, 12, 27] {
            let cut = error(&section(Big)[..len]);
            assert_eq!(cut.kind(), ReadErrorKind::HeaderCutShort, "{len} bytes");
        }
    }

    #[test]
    fn a_first_section_header_that_makes_no_sense_is_an_error() {
        let mut no_order = section(Big);
        no_order[9] = 0;
        let mut too_long = section(Big);
        too_long[4] = 0xff;
        for (file, detail) in [
            (no_order, "it tells no byte order"),
            (too_long, "it claims a length of 4278190108 bytes"),
        ] {
            let error = error(&file);
            assert_eq!(error.kind(), ReadErrorKind::HeaderDamaged);
            assert_eq!(
                error.to_string(),
                format!("the file header is damaged: {detail} (offset 0)")
            );
        }
    }
}
