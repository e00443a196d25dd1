//! Networks that carry IP behind logical link control or a small header: FDDI, ATM, InfiniBand.

use super::{Next, Step};
use crate::decode::part::Part;

/// `FDDI`: a frame control byte and two addresses; frames other than asynchronous ones with logical
/// link control keep the ring running.
pub(super) fn fddi(frame: Part<'_>) -> Step<'_> {
    let (&[control, ..], rest) = frame.split::<13>()?;
    match control & 0xf0 {
        0x50 => Ok((Next::Llc, rest)),
        _ => Ok((Next::Irrelevant, rest)),
    }
}

/// `ATM_CLIP`: logical link control, or nothing in front of the packet.
pub(super) fn classical_ip(frame: Part<'_>) -> Step<'_> {
    match frame.first()? {
        [0xaa] => Ok((Next::Llc, frame)),
        _ => Ok((Next::Ip, frame)),
    }
}

/// `IPOIB`: two group identifiers of 20 bytes, then an `EtherType` and two bytes that are reserved
/// (RFC 4391, section 6).
pub(super) fn infiniband(frame: Part<'_>) -> Step<'_> {
    let (&[high, low, _, _], rest) = frame.skip(40)?.split()?;
    Ok((Next::EtherType(u16::from_be_bytes([high, low])), rest))
}
