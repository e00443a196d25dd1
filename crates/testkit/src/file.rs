//! Capture files: pcap and pcapng, in either byte order.

use std::io::{self, Write};
use std::time::Duration;

/// One frame of a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// When it was captured, since 1970-01-01 00:00 UTC.
    pub time: Duration,
    /// Its length on the wire; more than `data` holds where the capturer cut it.
    pub wire_len: u32,
    /// The bytes captured, from the link layer on.
    pub data: Vec<u8>,
    /// A comment, which only pcapng can hold.
    pub comment: Option<String>,
}

impl Frame {
    /// A whole frame without a comment.
    #[must_use]
    pub fn new(time: Duration, data: Vec<u8>) -> Self {
        Self {
            time,
            wire_len: len32(&data),
            data,
            comment: None,
        }
    }
}

/// Byte order of a file's own fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endian {
    /// Least significant byte first, as nearly all files are.
    Little,
    /// Most significant byte first.
    Big,
}

impl Endian {
    pub(crate) const fn u16(self, value: u16) -> [u8; 2] {
        match self {
            Self::Little => value.to_le_bytes(),
            Self::Big => value.to_be_bytes(),
        }
    }

    pub(crate) const fn u32(self, value: u32) -> [u8; 4] {
        match self {
            Self::Little => value.to_le_bytes(),
            Self::Big => value.to_be_bytes(),
        }
    }
}

/// What a pcap file counts its time in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// Microseconds (magic number 0xa1b2c3d4).
    Micro,
    /// Nanoseconds (magic number 0xa1b23c4d).
    Nano,
}

/// Writes a pcap file, frame by frame.
#[derive(Debug)]
pub struct PcapWriter<W> {
    out: W,
    endian: Endian,
    resolution: Resolution,
}

impl<W: Write> PcapWriter<W> {
    /// Writes the file's header, snaplen 262144.
    ///
    /// # Errors
    ///
    /// Where `out` cannot be written to.
    pub fn new(
        mut out: W,
        endian: Endian,
        resolution: Resolution,
        link_type: u16,
    ) -> io::Result<Self> {
        let magic = match resolution {
            Resolution::Micro => 0xa1b2_c3d4,
            Resolution::Nano => 0xa1b2_3c4d,
        };
        out.write_all(&endian.u32(magic))?;
        out.write_all(&endian.u16(2))?;
        out.write_all(&endian.u16(4))?;
        out.write_all(&[0; 8])?;
        out.write_all(&endian.u32(262_144))?;
        out.write_all(&endian.u32(u32::from(link_type)))?;
        Ok(Self {
            out,
            endian,
            resolution,
        })
    }

    /// Writes one frame, its time cut to the file's resolution.
    ///
    /// # Errors
    ///
    /// Where the output cannot be written to.
    pub fn write(&mut self, frame: &Frame) -> io::Result<()> {
        let fraction = match self.resolution {
            Resolution::Micro => frame.time.subsec_micros(),
            Resolution::Nano => frame.time.subsec_nanos(),
        };
        let seconds = u32::try_from(frame.time.as_secs()).unwrap_or(u32::MAX);
        for field in [seconds, fraction, len32(&frame.data), frame.wire_len] {
            self.out.write_all(&self.endian.u32(field))?;
        }
        self.out.write_all(&frame.data)
    }

    /// Flushes, and gives the output back.
    ///
    /// # Errors
    ///
    /// Where the output cannot be written to.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

/// An interface of a pcapng file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// What its frames begin with.
    pub link_type: u16,
    /// The option `if_tsresol`: a power of ten, or of two with the top bit set; `None` leaves it
    /// out, which means microseconds.
    pub ts_resolution: Option<u8>,
    /// The option `if_name`.
    pub name: Option<String>,
}

/// Writes a pcapng file, block by block.
#[derive(Debug)]
pub struct PcapngWriter<W> {
    out: W,
    endian: Endian,
    ts_resolutions: Vec<u8>,
}

impl<W: Write> PcapngWriter<W> {
    /// Writes a section header of unknown length.
    ///
    /// # Errors
    ///
    /// Where `out` cannot be written to.
    pub fn new(out: W, endian: Endian) -> io::Result<Self> {
        let mut writer = Self {
            out,
            endian,
            ts_resolutions: Vec::new(),
        };
        let mut body = Vec::new();
        body.extend(endian.u32(0x1a2b_3c4d));
        body.extend(endian.u16(1));
        body.extend(endian.u16(0));
        body.extend([0xff; 8]);
        writer.block(0x0a0d_0d0a, &body)?;
        Ok(writer)
    }

    /// Describes an interface; they are numbered from 0 in the order of their description.
    ///
    /// # Errors
    ///
    /// Where the output cannot be written to.
    pub fn interface(&mut self, interface: &Interface) -> io::Result<()> {
        let mut body = Vec::new();
        body.extend(self.endian.u16(interface.link_type));
        body.extend([0, 0]);
        body.extend(self.endian.u32(262_144));
        let mut options = Vec::new();
        if let Some(name) = &interface.name {
            self.option(&mut options, 2, name.as_bytes());
        }
        if let Some(resolution) = interface.ts_resolution {
            self.option(&mut options, 9, &[resolution]);
        }
        self.end_options(&mut options);
        body.extend(options);
        self.ts_resolutions
            .push(interface.ts_resolution.unwrap_or(6));
        self.block(1, &body)
    }

    /// Writes a frame of the interface of that number as an enhanced packet block, its time cut
    /// to the interface's resolution.
    ///
    /// # Errors
    ///
    /// Where the output cannot be written to.
    pub fn write(&mut self, interface: u32, frame: &Frame) -> io::Result<()> {
        let resolution = usize::try_from(interface)
            .ok()
            .and_then(|index| self.ts_resolutions.get(index))
            .copied()
            .unwrap_or(6);
        let [high, low] = halves(units(frame.time, resolution));
        let mut body = Vec::with_capacity(32 + frame.data.len());
        for field in [interface, high, low, len32(&frame.data), frame.wire_len] {
            body.extend(self.endian.u32(field));
        }
        body.extend(&frame.data);
        pad(&mut body);
        let mut options = Vec::new();
        if let Some(comment) = &frame.comment {
            self.option(&mut options, 1, comment.as_bytes());
        }
        self.end_options(&mut options);
        body.extend(options);
        self.block(6, &body)
    }

    /// Writes a block of any type.
    ///
    /// # Errors
    ///
    /// Where the output cannot be written to.
    pub fn block(&mut self, kind: u32, body: &[u8]) -> io::Result<()> {
        let mut body = body.to_vec();
        pad(&mut body);
        let total = self.endian.u32(len32(&body).saturating_add(12));
        self.out.write_all(&self.endian.u32(kind))?;
        self.out.write_all(&total)?;
        self.out.write_all(&body)?;
        self.out.write_all(&total)
    }

    /// Flushes, and gives the output back.
    ///
    /// # Errors
    ///
    /// Where the output cannot be written to.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }

    fn option(&self, options: &mut Vec<u8>, code: u16, value: &[u8]) {
        options.extend(self.endian.u16(code));
        let len = u16::try_from(value.len()).unwrap_or(u16::MAX);
        options.extend(self.endian.u16(len));
        options.extend(value.iter().take(usize::from(len)));
        pad(options);
    }

    fn end_options(&self, options: &mut Vec<u8>) {
        if !options.is_empty() {
            self.option(options, 0, &[]);
        }
    }
}

/// `time` in the units of an `if_tsresol`, rounded down, the low 64 bits of it.
fn units(time: Duration, resolution: u8) -> u64 {
    let exponent = u32::from(resolution & 0x7f);
    let base: u128 = if resolution & 0x80 == 0 { 10 } else { 2 };
    let per_second = base.checked_pow(exponent).unwrap_or(1);
    let units = time.as_nanos().saturating_mul(per_second) / 1_000_000_000;
    u64::try_from(units & u128::from(u64::MAX)).unwrap_or(0)
}

fn halves(value: u64) -> [u32; 2] {
    [value >> 32, value & 0xffff_ffff].map(|half| u32::try_from(half).unwrap_or(0))
}

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

fn len32(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Frame {
        Frame::new(Duration::new(0x0102_0304, 987_654_321), vec![0x45, 0, 0])
    }

    #[test]
    fn a_pcap_is_its_header_and_its_records_in_the_byte_order_asked_for() {
        let mut writer = PcapWriter::new(Vec::new(), Endian::Big, Resolution::Micro, 101).unwrap();
        writer.write(&frame()).unwrap();
        let bytes = writer.finish().unwrap();
        assert_eq!(bytes[..4], [0xa1, 0xb2, 0xc3, 0xd4]);
        assert_eq!(bytes[20..24], [0, 0, 0, 101]);
        assert_eq!(bytes[24..28], [1, 2, 3, 4]);
        assert_eq!(bytes[28..32], 987_654_u32.to_be_bytes());
        assert_eq!(bytes[32..40], [0, 0, 0, 3, 0, 0, 0, 3]);
        assert_eq!(bytes[40..], [0x45, 0, 0]);
    }

    #[test]
    fn nanoseconds_and_little_endian_show_in_the_magic_number_and_the_fraction() {
        let mut writer = PcapWriter::new(Vec::new(), Endian::Little, Resolution::Nano, 1).unwrap();
        writer.write(&frame()).unwrap();
        let bytes = writer.finish().unwrap();
        assert_eq!(bytes[..4], [0x4d, 0x3c, 0xb2, 0xa1]);
        assert_eq!(bytes[28..32], 987_654_321_u32.to_le_bytes());
    }

    #[test]
    fn a_pcapng_is_made_of_whole_blocks_with_equal_lengths_at_both_ends() {
        for endian in [Endian::Little, Endian::Big] {
            let mut writer = PcapngWriter::new(Vec::new(), endian).unwrap();
            let interface = Interface {
                link_type: 101,
                ts_resolution: Some(9),
                name: Some("tun0".into()),
            };
            writer.interface(&interface).unwrap();
            let commented = Frame {
                comment: Some("no answer".into()),
                ..frame()
            };
            writer.write(0, &commented).unwrap();
            let bytes = writer.finish().unwrap();
            let read = |at: usize| {
                let field = bytes[at..at + 4].try_into().unwrap();
                let value = match endian {
                    Endian::Little => u32::from_le_bytes(field),
                    Endian::Big => u32::from_be_bytes(field),
                };
                usize::try_from(value).unwrap()
            };
            let (mut at, mut kinds) = (0, Vec::new());
            while at < bytes.len() {
                let len = read(at + 4);
                assert_eq!(len % 4, 0);
                assert_eq!(read(at + len - 4), len);
                kinds.push(read(at));
                at += len;
            }
            assert_eq!(kinds, [0x0a0d_0d0a, 1, 6]);
            assert!(bytes.windows(9).any(|window| window == b"no answer"));
        }
    }

    #[test]
    fn time_is_counted_in_the_units_of_the_interface() {
        let time = Duration::new(2, 500_000_000);
        assert_eq!(units(time, 3), 2500);
        assert_eq!(units(time, 9), 2_500_000_000);
        assert_eq!(units(time, 0x80 | 1), 5);
    }
}
