//! IEEE 802.11, and the headers that wireless drivers put in front of it.

use super::{Next, Step};
use crate::capture::LinkType;
use crate::decode::part::Part;
use crate::decode::undecoded::Undecoded;

/// What a driver puts between an IEEE 802.11 header and its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Padding {
    None,
    /// Up to 4 bytes, as the `DATAPAD` of radiotap's flags says.
    ToFourBytes,
}

/// `IEEE802_11`: a data frame that is not encrypted gives its payload (IEEE 802.11-2020, section
/// 9.3.2.1); management and control carry none.
pub(super) fn ieee80211(frame: Part<'_>, padding: Padding) -> Step<'_> {
    const BOTH_TO_AND_FROM: u8 = 0x03;
    const PROTECTED: u8 = 0x40;
    const WITH_HT_CONTROL: u8 = 0x80;

    let &[control, flags] = frame.first()?;
    // Version 0, type "data", and not of a subtype that carries none.
    if control & 0x4f != 0x08 {
        return Ok((Next::Irrelevant, frame));
    }
    if flags & PROTECTED != 0 {
        return Err(Undecoded::Unsupported("encrypted 802.11 frames"));
    }
    let &[.., sequence_control, _] = frame.first::<24>()?;
    if sequence_control & 0x0f != 0 {
        return Err(Undecoded::Unsupported("fragments of 802.11 frames"));
    }
    let mut len: usize = 24;
    if flags & BOTH_TO_AND_FROM == BOTH_TO_AND_FROM {
        len = len.saturating_add(6);
    }
    let mut is_aggregate = false;
    if control & 0x80 != 0 {
        let &[quality_of_service] = frame.skip(len)?.first()?;
        is_aggregate = quality_of_service & 0x80 != 0;
        len = len.saturating_add(2);
        if flags & WITH_HT_CONTROL != 0 {
            len = len.saturating_add(4);
        }
    }
    if padding == Padding::ToFourBytes {
        len = len.next_multiple_of(4);
    }
    let rest = frame.skip(len)?;
    if is_aggregate {
        return aggregate(rest);
    }
    Ok((Next::Llc, rest))
}

/// An aggregate of frames (A-MSDU, section 9.3.2.2), if it is of one: that begins as an Ethernet
/// frame does.
fn aggregate(rest: Part<'_>) -> Step<'_> {
    /// Padding of the last one, and the checksum of all.
    const MAX_AFTER_LAST: u32 = 3 + 4;

    let &[.., high, low] = rest.first::<14>()?;
    let len = u32::from(u16::from_be_bytes([high, low])).saturating_add(14);
    if rest.wire_len() > len.saturating_add(MAX_AFTER_LAST) {
        return Err(Undecoded::Unsupported(
            "aggregates of several 802.11 frames (A-MSDU)",
        ));
    }
    Ok((Next::ETHERNET, rest))
}

/// `IEEE802_11_RADIOTAP` (<https://www.radiotap.org>): fields in little-endian order, those that
/// are there told by bits.
pub(super) fn radiotap(frame: Part<'_>) -> Step<'_> {
    /// Words of bits; none of the fields that a driver knows needs more than 3.
    const MAX_WORDS: usize = 16;
    const ANOTHER_WORD: u8 = 0x80;
    const WITH_TIME: u8 = 0x01;
    const WITH_FLAGS: u8 = 0x02;
    const DATA_IS_PADDED: u8 = 0x20;

    let &[_, _, len_low, len_high, present, _, _, last] = frame.first()?;
    let len = usize::from(u16::from_le_bytes([len_low, len_high]));
    let after = frame.skip(len)?;
    let mut padding = Padding::None;
    if present & WITH_FLAGS != 0 {
        let (mut fields, mut last) = (8_usize, last);
        for _ in 0..MAX_WORDS {
            if last & ANOTHER_WORD == 0 {
                break;
            }
            [_, _, _, last] = *frame.skip(fields)?.first()?;
            fields = fields.saturating_add(4);
        }
        if present & WITH_TIME != 0 {
            fields = fields.next_multiple_of(8).saturating_add(8);
        }
        let &[flags] = frame.skip(fields)?.first()?;
        if flags & DATA_IS_PADDED != 0 && fields < len {
            padding = Padding::ToFourBytes;
        }
    }
    ieee80211(after, padding)
}

/// `IEEE802_11_PRISM`: 144 bytes, unless it is `AVS` under the same number.
pub(super) fn prism(frame: Part<'_>) -> Step<'_> {
    match frame.first()? {
        [0x80, 0x21, 0x10, _] => avs(frame),
        _ => ieee80211(frame.skip(144)?, Padding::None),
    }
}

/// `IEEE802_11_AVS`: a version, and the header's length.
pub(super) fn avs(frame: Part<'_>) -> Step<'_> {
    let &[_, _, _, _, a, b, c, d] = frame.first()?;
    let len = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    ieee80211(frame.skip(len)?, Padding::None)
}

/// `PPI`: a version and flags, the header's length, the link type of what follows.
pub(super) fn per_packet_information(frame: Part<'_>) -> Step<'_> {
    let &[_, _, len_low, len_high, a, b, c, d] = frame.first()?;
    let rest = frame.skip(usize::from(u16::from_le_bytes([len_low, len_high])))?;
    match u16::try_from(u32::from_le_bytes([a, b, c, d])) {
        Ok(number) => Ok((Next::Link(LinkType(number)), rest)),
        Err(_) => Err(Undecoded::Malformed("a link type of more than 16 bits")),
    }
}
