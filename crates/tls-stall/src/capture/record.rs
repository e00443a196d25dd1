//! What stands next in a capture file.

use std::ops::Range;

use super::byte_order::in_memory;
use super::faults::Damage;
use super::link_type::LinkType;
use crate::time::Timestamp;

/// What the bytes at the front of the buffer are.
///
/// It holds lengths and no bytes, so that the buffer is free for the next read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// More must be read before it can be told.
    Need(Need),
    /// A packet.
    Packet(Packet),
    /// Nothing for the analysis, of this length; damaged or not.
    Skip { len: usize, damage: Option<Damage> },
    /// Damage beyond which nothing can be found.
    Stop(Damage),
}

/// How many bytes the record or block at the front has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Its header alone has this many; it may have more.
    AtLeast(usize),
    /// It has exactly this many.
    Exactly(usize),
}

impl Need {
    /// The number of bytes.
    pub(super) const fn len(self) -> usize {
        match self {
            Self::AtLeast(len) | Self::Exactly(len) => len,
        }
    }
}

/// A packet at the front of the buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Packet {
    /// The length of the whole record or block.
    pub(super) len: usize,
    /// Where in it the captured bytes stand.
    pub(super) data: Range<usize>,
    pub(super) time: Timestamp,
    pub(super) link_type: LinkType,
    pub(super) interface: u32,
    pub(super) wire_len: u32,
}

impl Packet {
    /// The same without the check sequence of `len` bytes with which it ends on the wire.
    ///
    /// Where the capturer cut the packet, some or all of the sequence is not there.
    pub(super) fn without_check_sequence(mut self, len: u8) -> Self {
        self.wire_len = self.wire_len.saturating_sub(len.into());
        let end = self.data.start.saturating_add(in_memory(self.wire_len));
        self.data.end = self.data.end.min(end);
        self
    }
}
