//! Apple's `PKTAP`: the interface and the process of a packet, then another link type.

use super::{Next, Step};
use crate::capture::LinkType;
use crate::decode::part::Part;
use crate::decode::undecoded::Undecoded;

/// The header as Darwin's `bsd/net/pktap.h` has it; it may grow, and tells its length.
const MIN_HEADER_LEN: u32 = 108;

/// A record that holds a packet; others have none.
const PACKET: u32 = 1;

/// `PKTAP`.
pub(super) fn pktap(frame: Part<'_>) -> Step<'_> {
    let header = Header::of(frame)?;
    if !header.is_plausible(frame) {
        return Err(Undecoded::Malformed("Apple's packet header is too short"));
    }
    header.step(frame)
}

/// The same under a number for private use, which others may use for what they like.
pub(super) fn pktap_as_private(frame: Part<'_>) -> Step<'_> {
    const USER_2: LinkType = LinkType(149);

    match Header::of(frame) {
        Ok(header) if header.record == PACKET && header.is_plausible(frame) => header.step(frame),
        Err(Undecoded::CutShort) => Err(Undecoded::CutShort),
        _ => Err(Undecoded::LinkType(USER_2)),
    }
}

struct Header {
    len: u32,
    record: u32,
    link_type: u32,
}

impl Header {
    fn of(frame: Part<'_>) -> Result<Self, Undecoded> {
        let (&len, rest) = frame.split()?;
        let (&record, rest) = rest.split()?;
        let &link_type = rest.first()?;
        Ok(Self {
            len: u32::from_le_bytes(len),
            record: u32::from_le_bytes(record),
            link_type: u32::from_le_bytes(link_type),
        })
    }

    fn is_plausible(&self, frame: Part<'_>) -> bool {
        (MIN_HEADER_LEN..=frame.wire_len()).contains(&self.len)
    }

    fn step<'a>(&self, frame: Part<'a>) -> Step<'a> {
        let rest = frame.skip(usize::try_from(self.len).unwrap_or(usize::MAX))?;
        match (self.record, u16::try_from(self.link_type)) {
            (PACKET, Ok(link_type)) => Ok((Next::Link(LinkType(link_type)), rest)),
            _ => Ok((Next::Irrelevant, rest)),
        }
    }
}
