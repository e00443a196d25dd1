//! From a byte stream to frames.

use std::fmt;
use std::io::Read;

use super::buffer::{Buffer, READ_AHEAD};
use super::compression::{Compression, Ending, other_compression};
use super::error::{Head, ReadError, Reason};
use super::faults::{Cut, Faults, Place, Unpacking};
use super::format::Format;
use super::frame::Frame;
use super::input::Input;
use super::pcap::{self, Pcap};
use super::pcapng::PcapNg;
use super::record::{Need, Packet, Step};
use crate::config::Config;
use crate::notice::Notice;
use crate::time::FrameNumber;

/// Reads the frames of a capture file, one after the other.
///
/// The input may be anything that reads: a file, standard input, a socket. It is read ahead in large
/// pieces, so that a `BufReader` around it gains nothing. A packet's bytes are lent, not copied;
/// memory stays within 16 MiB for the longest block and 8 MiB for the most interfaces.
///
/// With the feature `compression`, a compressed file is read as what it unpacks to, whatever its
/// name is. It is unpacked as it is read, which takes 128 MiB more at the worst.
///
/// What a damaged or cut file still holds is given; what was wrong with it is in the
/// [notices](Self::notices), complete once [`next_frame`](Self::next_frame) has given `None`.
/// A capture of which no frame could be read is worth an error: that decision is the caller's.
///
/// ```
/// use tls_stall::{CaptureReader, LinkType};
///
/// // A file header, and one record with a packet of two bytes.
/// let file = b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\xff\xff\0\0\x01\0\0\0\
///     \x0a\0\0\0\x05\0\0\0\x02\0\0\0\x02\0\0\0\xbe\xef";
/// let mut reader = CaptureReader::new(file.as_slice())?;
/// while let Some(frame) = reader.next_frame()? {
///     assert_eq!(frame.number.get(), 1);
///     assert_eq!(frame.time.as_nanos(), 10_000_005_000);
///     assert_eq!(frame.link_type, LinkType::ETHERNET);
///     assert_eq!(frame.data, b"\xbe\xef");
/// }
/// assert!(reader.notices().is_empty());
/// # Ok::<(), tls_stall::ReadError>(())
/// ```
pub struct CaptureReader<R: Read> {
    buffer: Buffer<Input<R>>,
    compression: Option<Compression>,
    layout: Layout,
    faults: Faults,
    /// How many frames have been given.
    frames: u64,
    ended: bool,
}

/// What the file header has told.
enum Layout {
    Pcap(Pcap),
    PcapNg(PcapNg),
}

impl<R: Read> CaptureReader<R> {
    /// Reads the file header, with the limits of `Config::default()`.
    ///
    /// # Errors
    ///
    /// Where `input` is no capture, has no whole header, or fails.
    pub fn new(input: R) -> Result<Self, ReadError> {
        Self::with_config(input, &Config::default())
    }

    /// Reads the file header, with the limits of `config`.
    ///
    /// # Errors
    ///
    /// Where `input` is no capture, has no whole header, or fails.
    pub fn with_config(input: R, config: &Config) -> Result<Self, ReadError> {
        Self::with_read_ahead(input, READ_AHEAD, config.max_unpacked)
    }

    /// Reads the next frame; `None` at the end, and ever after.
    ///
    /// # Errors
    ///
    /// Only where the input fails. The reader then stands where it stood, so that the call can be
    /// repeated; but of a compressed file, the rest is lost.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, ReadError> {
        let Some(packet) = self.next_packet()? else {
            return Ok(None);
        };
        let number = self.next_number();
        self.frames = number.get();
        let record = self.buffer.take(packet.len);
        Ok(Some(Frame {
            number,
            time: packet.time,
            link_type: packet.link_type,
            interface: packet.interface,
            wire_len: packet.wire_len,
            data: record.get(packet.data).unwrap_or_default(),
        }))
    }

    /// The format of the file.
    #[must_use]
    pub const fn format(&self) -> Format {
        match self.layout {
            Layout::Pcap(_) => Format::Pcap,
            Layout::PcapNg(_) => Format::PcapNg,
        }
    }

    /// How the file is compressed, if it is.
    #[must_use]
    pub const fn compression(&self) -> Option<Compression> {
        self.compression
    }

    /// What has been wrong with the file so far: at most one notice of each code.
    ///
    /// A notice's frame is the one that stands where the fault is; where a damaged block was left
    /// out, the one after it, as blocks that give no frame take no number.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        self.faults.notices()
    }

    pub(super) fn with_read_ahead(
        input: R,
        read_ahead: usize,
        max_unpacked: u64,
    ) -> Result<Self, ReadError> {
        let mut file = Buffer::new(input, read_ahead);
        // No file header is shorter than that of pcap.
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
        Ok(Self {
            buffer,
            compression,
            layout,
            faults: Faults::default(),
            frames: 0,
            ended: false,
        })
    }

    /// Goes on to the next packet and leaves it at the front of the buffer.
    fn next_packet(&mut self) -> Result<Option<Packet>, ReadError> {
        while !self.ended {
            let bytes = self.buffer.bytes();
            let step = match &mut self.layout {
                Layout::Pcap(pcap) => pcap.step(bytes),
                Layout::PcapNg(pcapng) => pcapng.step(bytes, &mut self.faults),
            };
            let place = Place {
                offset: self.buffer.offset(),
                frame: self.next_number(),
            };
            match step {
                Step::Packet(packet) => return Ok(Some(packet)),
                Step::Skip { len, damage } => {
                    if let Some(damage) = damage {
                        self.faults.damaged(damage, place);
                    }
                    self.buffer.take(len);
                }
                Step::Need(need) => {
                    let filled = self.buffer.fill(need.len()).map_err(|error| {
                        let offset = self.buffer.end_offset();
                        ReadError::new(Reason::Input(error), offset, Some(place.frame))
                    })?;
                    if !filled {
                        self.end_of_input(need);
                    }
                }
                Step::Stop(damage) => {
                    self.faults.stopped(damage, place);
                    self.ended = true;
                }
            }
        }
        Ok(None)
    }

    /// Takes note of the end, at which `need` would still have been needed.
    fn end_of_input(&mut self, need: Need) {
        self.ended = true;
        let rest = self.buffer.bytes();
        let in_frame = !rest.is_empty()
            && match &self.layout {
                Layout::Pcap(_) => true,
                Layout::PcapNg(pcapng) => pcapng.is_packet(rest),
            };
        if let (Some(compression), Some((ending, offset))) =
            (self.compression, self.buffer.input().ending())
            && *ending != Ending::Complete
        {
            self.faults.unpacking_ended(Unpacking {
                compression,
                ending: ending.clone(),
                offset,
                frame: self.next_number(),
                in_frame,
            });
            return;
        }
        if rest.is_empty() {
            return;
        }
        self.faults.cut(Cut {
            offset: self.buffer.end_offset(),
            frame: in_frame.then(|| self.next_number()),
            missing: need.len().saturating_sub(rest.len()),
            or_more: matches!(need, Need::AtLeast(_)),
        });
    }

    const fn next_number(&self) -> FrameNumber {
        FrameNumber::MIN.saturating_add(self.frames)
    }
}

impl<R: Read> fmt::Debug for CaptureReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaptureReader")
            .field("frames", &self.frames)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

/// Reads the header of a pcap file, or makes sure of that of a pcapng file's first section.
fn read_header<R: Read>(buffer: &mut Buffer<Input<R>>) -> Result<Layout, ReadError> {
    fill(buffer, pcap::HEADER_LEN)?;
    let head = buffer.bytes();
    let Some(format) = Format::of(head) else {
        // Compression that is known has been seen through by now: here it is a second one.
        let second = Compression::of(head).map(Compression::name);
        let reason = match other_compression(head).or(second) {
            _ if head.is_empty() => Reason::Empty,
            Some(program) => Reason::Compressed(program),
            None => Reason::NotACapture(Head::of(head)),
        };
        return Err(ReadError::new(reason, 0, None));
    };
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
    }
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
    use std::io;

    use super::super::byte_order::ByteOrder::{Big, Little};
    use super::super::fixture::{MICROSECONDS, Seen, drain, pcap_header, read, section};
    use super::super::hostile::Sample;
    use super::*;
    use crate::ReadErrorKind;

    fn error(file: &[u8]) -> ReadError {
        CaptureReader::new(file).unwrap_err()
    }

    /// Reads with little room at first, so that the buffer has to grow and to move.
    fn read_narrowly<R: Read>(input: R) -> (Vec<Seen>, Vec<Notice>) {
        drain(CaptureReader::with_read_ahead(input, 1, u64::MAX).unwrap())
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
                "neither pcap nor pcapng: the file begins with \"From: a@\" (offset 0)",
            ),
            (
                b"\x1b[2J\xff",
                ReadErrorKind::NotACapture,
                "neither pcap nor pcapng: the file begins with \"\\x1b[2J\\xff\" (offset 0)",
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

    #[test]
    fn a_record_that_fills_the_buffer_to_its_last_byte_is_read() {
        let file = Sample::pcap(Little).file;
        let all = read(&file);
        for read_ahead in 0..=file.len() {
            let reader =
                CaptureReader::with_read_ahead(file.as_slice(), read_ahead, u64::MAX).unwrap();
            assert_eq!(drain(reader), all);
        }
    }

    /// Gives the bytes one at a time, and an interruption before each.
    struct Halting<'a> {
        rest: &'a [u8],
        interrupt: bool,
    }

    impl Read for Halting<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            self.interrupt = !self.interrupt;
            if self.interrupt {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let most = room.len().min(1);
            self.rest.read(&mut room[..most])
        }
    }

    #[test]
    fn short_and_interrupted_reads_give_the_same_frames() {
        for Sample { file, .. } in Sample::all() {
            let halting = Halting {
                rest: &file,
                interrupt: false,
            };
            assert_eq!(read_narrowly(halting), read(&file));
        }
    }

    /// Fails once, after so many bytes.
    struct Failing<'a> {
        before: &'a [u8],
        after: &'a [u8],
        failed: bool,
    }

    impl Read for Failing<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            if !self.before.is_empty() {
                return self.before.read(room);
            }
            if !self.failed {
                self.failed = true;
                return Err(io::Error::other("the disk is on fire"));
            }
            self.after.read(room)
        }
    }

    #[test]
    fn an_input_that_fails_is_told_with_its_own_words_and_can_go_on() {
        let file = Sample::pcap(Little).file;
        let (before, after) = file.split_at(48);
        let mut reader = CaptureReader::new(Failing {
            before,
            after,
            failed: false,
        })
        .unwrap();
        assert!(reader.next_frame().unwrap().is_some());
        let error = reader.next_frame().unwrap_err();
        assert_eq!(error.kind(), ReadErrorKind::Input);
        assert_eq!(
            error.to_string(),
            "the disk is on fire (offset 48, frame 2)"
        );
        let source = std::error::Error::source(&error).unwrap();
        assert_eq!(source.to_string(), "the disk is on fire");
        assert_eq!(drain(reader).0, read(&file).0[1..]);
    }
}
