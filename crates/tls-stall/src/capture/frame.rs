//! One captured packet as it stands in the file.

use super::link_type::LinkType;
use crate::time::{FrameNumber, Moment, Timestamp};

/// A captured packet: its place in the capture and its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Frame<'a> {
    /// From 1 in file order, as Wireshark's `frame.number`.
    pub number: FrameNumber,
    /// When it was captured.
    pub time: Timestamp,
    /// What `data` begins with.
    pub link_type: LinkType,
    /// Which interface it was captured on, from 0 in the order in which the file describes them,
    /// its sections together; always 0 in a pcap file.
    pub interface: u32,
    /// Its length on the wire, in bytes; more than `data` holds where the capturer cut it.
    pub wire_len: u32,
    /// The bytes that were captured.
    pub data: &'a [u8],
}

impl<'a> Frame<'a> {
    /// A whole frame, captured on interface 0.
    #[must_use]
    pub fn new(number: FrameNumber, time: Timestamp, link_type: LinkType, data: &'a [u8]) -> Self {
        let wire_len = u32::try_from(data.len()).unwrap_or(u32::MAX);
        Self {
            number,
            time,
            link_type,
            interface: 0,
            wire_len,
            data,
        }
    }

    /// The frame's number and time.
    #[must_use]
    pub const fn moment(&self) -> Moment {
        Moment {
            time: self.time,
            frame: self.number,
        }
    }
}
