//! From a byte stream to frames.

use std::fmt;
use std::io::Read;
use std::net::IpAddr;

use super::asides::{Asides, Secrets};
use super::buffer::{Buffer, READ_AHEAD};
use super::compression::{Compression, Ending};
use super::error::{ReadError, Reason};
use super::faults::{Cut, Damage, Faults, Place, Unpacking};
use super::format::Format;
use super::frame::Frame;
use super::header::{Layout, Opened, open};
use super::input::Input;
use super::record::{Need, Packet, Step};
use super::resync::{Search, search};
use crate::config::Config;
use crate::notice::Notice;
use crate::time::FrameNumber;

/// How many bytes more are read at once in a search for the next record.
const SEARCH_AHEAD: usize = 64 * 1024;

/// Reads the frames of a capture file, one after the other.
///
/// The input may be anything that reads: a file, standard input, a socket. It is read ahead in large
/// pieces, so that a `BufReader` around it gains nothing. A packet's bytes are lent, not copied;
/// memory stays within 16 MiB for the longest block and 8 MiB for the most interfaces.
///
/// With the feature `compression`, a compressed file is read as what it unpacks to, whatever its
/// name is. It is unpacked as it is read, which takes 150 MiB more at the worst.
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

    /// Unpacks a compressed file on a thread of its own from here on, up to 2 MiB ahead; nothing
    /// changes where the file is not compressed, or where there can be no thread.
    ///
    /// What is read is the same. For those who have a processor to spare: to unpack takes about as
    /// long as to analyse. The thread ends with the reader, or once its input gives it the next bytes.
    #[cfg(feature = "compression")]
    #[must_use]
    pub fn unpack_ahead(self) -> Self
    where
        R: Send + 'static,
    {
        Self {
            buffer: self.buffer.map_input(Input::unpacked_ahead),
            ..self
        }
    }

    /// Reads the next frame; `None` at the end, and ever after.
    ///
    /// # Errors
    ///
    /// Where the input fails. The reader then stands where it stood, so that the call can be
    /// repeated; but of a compressed file, the rest is lost.
    ///
    /// Where a compressed file unpacks to more than it may
    /// ([`Config::max_unpacked`](crate::Config), or more than 1000 times its own size after the first
    /// GiB), once; the reader is then at its end.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, ReadError> {
        match self.next_packet()? {
            Some(packet) => Ok(Some(self.lend(packet))),
            None => Ok(None),
        }
    }

    /// The format of the file.
    #[must_use]
    pub const fn format(&self) -> Format {
        match self.layout {
            Layout::Pcap(_) => Format::Pcap,
            Layout::PcapNg(_) => Format::PcapNg,
            Layout::Snoop(_) => Format::Snoop,
            Layout::NetMon(_) => Format::NetMon,
        }
    }

    /// How the file is compressed, if it is.
    #[must_use]
    pub const fn compression(&self) -> Option<Compression> {
        self.compression
    }

    /// Names of addresses, in the order in which the file has told them so far; of pcapng only.
    ///
    /// Whoever made the file wrote them: mostly they are what it looked up itself.
    #[must_use]
    pub fn names(&self) -> &[(IpAddr, String)] {
        self.asides().map(Asides::names).unwrap_or_default()
    }

    /// Secrets that decrypt what was captured, as far as the file has told them; of pcapng only.
    #[must_use]
    pub fn secrets(&self) -> &[Secrets] {
        self.asides().map(Asides::secrets).unwrap_or_default()
    }

    /// What has been wrong with the file so far: at most one notice of each code.
    ///
    /// A notice's frame is the one that stands where the fault is; where a damaged block was left
    /// out, the one after it, as blocks that give no frame take no number.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        self.faults.notices()
    }

    fn asides(&self) -> Option<&Asides> {
        match &self.layout {
            Layout::PcapNg(pcapng) => Some(pcapng.asides()),
            Layout::Pcap(_) | Layout::Snoop(_) | Layout::NetMon(_) => None,
        }
    }

    pub(super) fn with_read_ahead(
        input: R,
        read_ahead: usize,
        max_unpacked: u64,
    ) -> Result<Self, ReadError> {
        let Opened {
            buffer,
            compression,
            layout,
        } = open(input, read_ahead, max_unpacked)?;
        Ok(Self {
            buffer,
            compression,
            layout,
            faults: Faults::default(),
            frames: 0,
            ended: false,
        })
    }

    /// Gives the packet that [`next_packet`](Self::next_packet) left at the front of the buffer.
    pub(super) fn lend(&mut self, packet: Packet) -> Frame<'_> {
        let number = self.next_number();
        self.frames = number.get();
        let record = self.buffer.take(packet.len);
        Frame {
            number,
            time: packet.time,
            link_type: packet.link_type,
            interface: packet.interface,
            wire_len: packet.wire_len,
            data: record.get(packet.data).unwrap_or_default(),
        }
    }

    /// Goes on to the next packet and leaves it at the front of the buffer.
    pub(super) fn next_packet(&mut self) -> Result<Option<Packet>, ReadError> {
        while !self.ended {
            let bytes = self.buffer.bytes();
            let step = match &mut self.layout {
                Layout::Pcap(pcap) => pcap.step(bytes),
                Layout::PcapNg(pcapng) => pcapng.step(bytes, &mut self.faults),
                Layout::Snoop(snoop) => snoop.step(bytes, &mut self.faults),
                Layout::NetMon(netmon) => netmon.step(bytes, self.buffer.offset()),
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
                    if !self.fill(need.len(), place.frame)? {
                        // Where other records follow, the file is not cut: the length is wrong.
                        if let Some(len) = self.find_record(place.frame)? {
                            self.faults.stretch(Damage::BeyondEnd, place, len);
                            self.buffer.take(len);
                        } else {
                            self.end_of_input(need)?;
                        }
                    }
                }
                Step::Stop(damage) => {
                    if let Some(len) = self.find_record(place.frame)? {
                        self.faults.stretch(damage, place, len);
                        self.buffer.take(len);
                    } else {
                        self.faults.stopped(damage, place);
                        self.ended = true;
                    }
                }
            }
        }
        Ok(None)
    }

    /// How far away the next record is after one with a length that cannot be right.
    fn find_record(&mut self, frame: FrameNumber) -> Result<Option<usize>, ReadError> {
        let (mut from, mut ended) = (1, false);
        loop {
            let bytes = self.buffer.bytes();
            let search = match &self.layout {
                Layout::Pcap(pcap) => search(pcap, bytes, from, ended),
                Layout::PcapNg(pcapng) => search(pcapng, bytes, from, ended),
                Layout::Snoop(_) | Layout::NetMon(_) => Search::Nowhere,
            };
            match search {
                Search::Found(len) => return Ok(Some(len)),
                Search::Nowhere => return Ok(None),
                Search::Need { from: next, len } => {
                    // More than is needed, since the search may need a little more many times.
                    let len = len.max(bytes.len().saturating_add(SEARCH_AHEAD));
                    from = next;
                    ended = !self.fill(len, frame)?;
                }
            }
        }
    }

    /// Reads until `len` bytes of the record of `frame` are there; false where the input ends.
    fn fill(&mut self, len: usize, frame: FrameNumber) -> Result<bool, ReadError> {
        self.buffer.fill(len).map_err(|error| {
            let offset = self.buffer.end_offset();
            ReadError::new(Reason::Input(error), offset, Some(frame))
        })
    }

    /// Takes note of the end, at which `need` would still have been needed; fails where it is the
    /// end of what may be unpacked.
    fn end_of_input(&mut self, need: Need) -> Result<(), ReadError> {
        self.ended = true;
        let rest = self.buffer.bytes();
        let in_frame = !rest.is_empty()
            && match &self.layout {
                Layout::Pcap(_) | Layout::Snoop(_) => true,
                Layout::PcapNg(pcapng) => pcapng.is_packet(rest),
                Layout::NetMon(netmon) => netmon.is_within_frames(self.buffer.offset()),
            };
        if let (Some(compression), Some((ending, offset))) =
            (self.compression, self.buffer.input().ending())
            && *ending != Ending::Complete
        {
            let refusal = matches!(ending, Ending::Limit(_) | Ending::Ratio(_)).then(|| {
                let reason = Reason::TooLarge(ending.clone());
                ReadError::new(reason, self.buffer.end_offset(), Some(self.next_number()))
            });
            self.faults.unpacking_ended(Unpacking {
                compression,
                ending: ending.clone(),
                offset,
                frame: self.next_number(),
                in_frame,
            });
            return refusal.map_or(Ok(()), Err);
        }
        let ends_well = match &self.layout {
            Layout::NetMon(netmon) => netmon.is_complete(),
            Layout::Pcap(_) | Layout::PcapNg(_) | Layout::Snoop(_) => true,
        };
        if rest.is_empty() && ends_well {
            return Ok(());
        }
        self.faults.cut(Cut {
            offset: self.buffer.end_offset(),
            frame: in_frame.then(|| self.next_number()),
            missing: need.len().saturating_sub(rest.len()),
            or_more: matches!(need, Need::AtLeast(_)),
        });
        Ok(())
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

#[cfg(test)]
mod tests {
    use std::io;

    use super::super::byte_order::ByteOrder::Little;
    use super::super::fixture::{Seen, drain, read};
    use super::super::hostile::Sample;
    use super::*;
    use crate::ReadErrorKind;

    /// Reads with little room at first, so that the buffer has to grow and to move.
    fn read_narrowly<R: Read>(input: R) -> (Vec<Seen>, Vec<Notice>) {
        drain(CaptureReader::with_read_ahead(input, 1, u64::MAX).unwrap())
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
