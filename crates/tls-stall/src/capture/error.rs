//! Why a capture could not be read.

use std::error::Error;
use std::fmt;
use std::io;

use super::compression::{Compression, Ending, MAX_RATIO, Size};
use super::faults::Damage;
use super::foreign::Foreign;
use super::format::Format;
use super::snoop::UnsupportedSnoop;
use crate::time::FrameNumber;

/// Why a capture could not be read, and where.
///
/// It is shown as a fragment that reads well after `cannot read x.pcap: `, without the file's name.
#[derive(Debug)]
pub struct ReadError {
    reason: Reason,
    offset: u64,
    frame: Option<FrameNumber>,
}

/// What kind of thing stood in the way of reading a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReadErrorKind {
    /// The input has no bytes.
    Empty,
    /// The input is in no format that is known.
    NotACapture,
    /// The input is in a format that is known and not read.
    UnsupportedFormat,
    /// The input is compressed, and cannot be unpacked.
    Compressed,
    /// The input is compressed, and unpacks to more than is allowed.
    TooLarge,
    /// The input ends within the file header.
    HeaderCutShort,
    /// The file header begins as it should and then makes no sense.
    HeaderDamaged,
    /// The input itself failed: the [source](Error::source) says how.
    Input,
}

impl ReadError {
    pub(super) const fn new(reason: Reason, offset: u64, frame: Option<FrameNumber>) -> Self {
        Self {
            reason,
            offset,
            frame,
        }
    }

    /// The file could not be opened.
    pub(crate) const fn opening(error: io::Error) -> Self {
        Self::new(Reason::Opening(error), 0, None)
    }

    pub(super) const fn reason(&self) -> &Reason {
        &self.reason
    }

    /// What kind of thing stood in the way.
    #[must_use]
    pub const fn kind(&self) -> ReadErrorKind {
        match self.reason {
            Reason::Empty => ReadErrorKind::Empty,
            Reason::Foreign(_) | Reason::Snoop(_) | Reason::NetMon(_) => {
                ReadErrorKind::UnsupportedFormat
            }
            Reason::NotACapture(_) => ReadErrorKind::NotACapture,
            Reason::Compressed(_)
            | Reason::NotInThisBuild(_)
            | Reason::CompressedTwice { .. }
            | Reason::Unpacking { .. } => ReadErrorKind::Compressed,
            Reason::TooLarge(_) => ReadErrorKind::TooLarge,
            Reason::HeaderCutShort { .. } => ReadErrorKind::HeaderCutShort,
            Reason::HeaderDamaged(_) => ReadErrorKind::HeaderDamaged,
            Reason::Input(_) | Reason::Opening(_) => ReadErrorKind::Input,
        }
    }

    /// How many bytes into the input or, where it is compressed, into what it unpacks to.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// The frame that could not be read; `None` before the first.
    #[must_use]
    pub const fn frame(&self) -> Option<FrameNumber> {
        self.frame
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Reason::Opening(error) = &self.reason {
            return error.fmt(f);
        }
        write!(f, "{} (offset {}", self.reason, self.offset)?;
        if let Some(frame) = self.frame {
            write!(f, ", frame {frame}")?;
        }
        f.write_str(")")
    }
}

impl Error for ReadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.reason {
            Reason::Input(error) | Reason::Opening(error) => Some(error),
            _ => None,
        }
    }
}

/// What stood in the way.
#[derive(Debug)]
pub(super) enum Reason {
    Empty,
    NotACapture(Head),
    Foreign(Foreign),
    Snoop(UnsupportedSnoop),
    /// Of Network Monitor, with its major and minor version.
    NetMon([u8; 2]),
    /// Compressed by the program of this name, which is not supported.
    Compressed(&'static str),
    /// Compressed, and this build cannot unpack anything.
    NotInThisBuild(Compression),
    /// What it unpacks to is compressed again, by the program of this name.
    CompressedTwice {
        outer: Compression,
        inner: &'static str,
    },
    /// There is an end to the unpacking before there is a file header.
    Unpacking {
        compression: Compression,
        ending: Ending,
        /// Where in the compressed file.
        offset: u64,
    },
    /// Unpacked as far as [`Ending::Limit`] or [`Ending::Ratio`] lets it be.
    TooLarge(Ending),
    HeaderCutShort {
        format: Format,
        present: usize,
    },
    HeaderDamaged(Damage),
    Input(io::Error),
    /// The file could not be opened, so that there is no place in it.
    Opening(io::Error),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the file is empty"),
            Self::NotACapture(head) => {
                write!(f, "neither pcap nor pcapng: the file begins with {head}")
            }
            Self::Foreign(foreign) => foreign.fmt(f),
            Self::Snoop(UnsupportedSnoop { version, data_link }) => {
                write!(f, "a snoop file of version {version} ")?;
                write!(
                    f,
                    "and data link type {data_link}, which is not supported: "
                )?;
                f.write_str("save it as pcapng in Wireshark, or convert it with editcap")
            }
            Self::NetMon([major, minor]) => {
                write!(
                    f,
                    "a capture of Microsoft Network Monitor in version {major}.{minor} "
                )?;
                f.write_str("of its format, which is not supported: ")?;
                f.write_str("save it as pcapng in Wireshark, or convert it with editcap")
            }
            Self::Compressed(program) => write!(
                f,
                "compressed by {program}, which is not supported; unpack it first"
            ),
            Self::NotInThisBuild(compression) => write!(
                f,
                "compressed by {compression}, which this build cannot unpack; unpack it first"
            ),
            Self::CompressedTwice { outer, inner } => write!(
                f,
                "compressed twice, by {inner} and then by {outer}; unpack it first"
            ),
            Self::Unpacking {
                compression,
                ending,
                offset,
            } => {
                write!(f, "the {compression} data {ending} at offset {offset}, ")?;
                f.write_str("before there is the header of a capture")
            }
            Self::TooLarge(Ending::Ratio(bytes)) => {
                write!(f, "unpacks to more than {MAX_RATIO} times its own size: ")?;
                write!(
                    f,
                    "given up after {}; unpack it first to read all",
                    Size(*bytes)
                )
            }
            Self::TooLarge(Ending::Limit(bytes)) => {
                write!(f, "unpacks to more than {}, the limit", Size(*bytes))
            }
            Self::TooLarge(ending) => ending.fmt(f),
            Self::HeaderCutShort { format, present } => write!(
                f,
                "the file ends within its {format} header, after {present} bytes"
            ),
            Self::HeaderDamaged(damage) => write!(f, "the file header is damaged: {damage}"),
            Self::Input(error) | Self::Opening(error) => error.fmt(f),
        }
    }
}

/// The first bytes of a file, shown in quotes with escapes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    bytes: [u8; Self::LEN],
    len: usize,
}

impl Head {
    const LEN: usize = 8;

    /// As much of the start of `bytes` as is shown.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut head = Self {
            bytes: [0; Self::LEN],
            len: bytes.len().min(Self::LEN),
        };
        for (to, from) in head.bytes.iter_mut().zip(bytes) {
            *to = *from;
        }
        head
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.bytes.get(..self.len).unwrap_or_default();
        write!(f, "\"{}\"", shown.escape_ascii())
    }
}
