//! What Linux puts in front of a packet: "cooked" headers and netfilter's log.

use super::loopback::by_family;
use super::{Next, Step, ether_type};
use crate::capture::LinkType;
use crate::decode::part::Part;
use crate::decode::undecoded::Undecoded;

/// `LINUX_SLL`.
pub(super) fn cooked(frame: Part<'_>) -> Step<'_> {
    let (header, rest) = frame.split::<16>()?;
    let device = u16::from_be_bytes([header[2], header[3]]);
    by_device(device, u16::from_be_bytes([header[14], header[15]]), rest)
}

/// `LINUX_SLL2`.
pub(super) fn cooked_v2(frame: Part<'_>) -> Step<'_> {
    let (header, rest) = frame.split::<20>()?;
    let device = u16::from_be_bytes([header[8], header[9]]);
    by_device(device, u16::from_be_bytes([header[0], header[1]]), rest)
}

/// What follows a cooked header: `device` is its `ARPHRD_` type.
fn by_device(device: u16, protocol: u16, rest: Part<'_>) -> Step<'_> {
    const FRAME_RELAY: u16 = 770;
    const RADIOTAP: u16 = 803;
    const NETLINK: u16 = 824;
    match (device, protocol) {
        (FRAME_RELAY, _) => Ok((Next::Link(LinkType(107)), rest)),
        (RADIOTAP, _) => Ok((Next::Link(LinkType::IEEE802_11_RADIOTAP), rest)),
        // NETLINK's protocol is a family of its own; 1 is `ETH_P_802_3`, Novell's IPX.
        (NETLINK, _) | (_, 1) => Ok((Next::Irrelevant, rest)),
        // `ETH_P_802_2`
        (_, 4) => Ok((Next::Llc, rest)),
        // Elsewhere a length, here a number that Linux made up.
        (_, 0..=ether_type::MAX_LENGTH) => Err(Undecoded::EtherType(protocol)),
        _ => Ok((Next::EtherType(protocol), rest)),
    }
}

/// Looks for the packet among the attributes that Linux's netfilter logs with it
/// (<https://www.tcpdump.org/linktypes/LINKTYPE_NFLOG.html>).
pub(super) fn netfilter_log(frame: Part<'_>) -> Step<'_> {
    const PAYLOAD: u16 = 9;
    const MAX_ATTRIBUTES: usize = 32;

    let (&[family, _, _, _], mut rest) = frame.split()?;
    for _ in 0..MAX_ATTRIBUTES {
        let &[len_a, len_b, kind_a, kind_b] = rest.first()?;
        // In the byte order of the host that logged, and small in front of the packet.
        let smaller = |a, b| u16::from_le_bytes([a, b]).min(u16::from_be_bytes([a, b]));
        if smaller(kind_a, kind_b) == PAYLOAD {
            return by_family(u32::from(family), rest.skip(4)?);
        }
        // The length and type themselves are counted, the padding to 4 bytes is not.
        let len = usize::from(smaller(len_a, len_b));
        rest = rest.skip(len.next_multiple_of(4))?;
    }
    Err(Undecoded::Malformed(
        "netfilter's log entry holds no packet",
    ))
}
