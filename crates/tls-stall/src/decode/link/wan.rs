//! Lines between two ends: PPP, Cisco's HDLC, Frame Relay, and Juniper's captures of them.

use super::{Next, Step, ether_type};
use crate::capture::LinkType;
use crate::decode::part::Part;
use crate::decode::undecoded::Undecoded;

/// PPP (RFC 1661, section 2), with the address 0xff and a control field of HDLC-like framing (RFC
/// 1662, section 3.1) in front or without; its protocol is two bytes, or one if that is odd.
pub(super) fn ppp(frame: Part<'_>) -> Step<'_> {
    let rest = match frame.first()? {
        [0xff] => frame.skip(2)?,
        _ => frame,
    };
    let (protocol, rest) = match rest.split()? {
        (&[low], rest) if low & 1 == 1 => (u16::from(low), rest),
        _ => {
            let (&protocol, rest) = rest.split()?;
            (u16::from_be_bytes(protocol), rest)
        }
    };
    match protocol {
        0x0021 | 0x0057 => Ok((Next::Ip, rest)),
        0x0281 | 0x0283 => Ok((Next::Mpls, rest)),
        // Control of the link and of its network protocols.
        0x8000.. => Ok((Next::Irrelevant, rest)),
        _ => Err(Undecoded::PppProtocol(protocol)),
    }
}

/// PPP over Ethernet (RFC 2516, section 4); a code other than 0 is of its discovery.
pub(super) fn pppoe(frame: Part<'_>) -> Step<'_> {
    match frame.split::<6>()? {
        (&[_, 0, ..], rest) => Ok((Next::Ppp, rest)),
        (_, rest) => Ok((Next::Irrelevant, rest)),
    }
}

/// `C_HDLC`: an address, a control field and an `EtherType`.
pub(super) fn cisco_hdlc(frame: Part<'_>) -> Step<'_> {
    let (&[_, _, high, low], rest) = frame.split()?;
    Ok((Next::EtherType(u16::from_be_bytes([high, low])), rest))
}

/// `FRELAY`: as RFC 2427 encapsulates, or with an `EtherType` as Cisco does.
pub(super) fn frame_relay(frame: Part<'_>) -> Step<'_> {
    const UNNUMBERED_INFORMATION: u8 = 0x03;

    let rest = frame.skip(frame_relay_address_len(frame)?)?;
    match *rest.first()? {
        // A byte of padding.
        [UNNUMBERED_INFORMATION, 0x00] => by_network_protocol(rest.skip(2)?),
        [UNNUMBERED_INFORMATION, _] => by_network_protocol(rest.skip(1)?),
        [high, low] => Ok((
            Next::EtherType(u16::from_be_bytes([high, low])),
            rest.skip(2)?,
        )),
    }
}

/// The address is of 2 to 4 bytes (ITU-T Q.922, section 3.3): the last has its lowest bit set.
fn frame_relay_address_len(frame: Part<'_>) -> Result<usize, Undecoded> {
    let &[first, second] = frame.first()?;
    if first & 1 == 1 {
        return Err(Undecoded::Malformed("a Frame Relay address of one byte"));
    }
    if second & 1 == 1 {
        return Ok(2);
    }
    let &[_, _, third] = frame.first()?;
    Ok(if third & 1 == 1 { 3 } else { 4 })
}

/// What a network layer protocol identifier stands for (ISO/IEC TR 9577).
fn by_network_protocol(rest: Part<'_>) -> Step<'_> {
    let (&[protocol], rest) = rest.split()?;
    match protocol {
        0xcc | 0x8e => Ok((Next::Ip, rest)),
        0xcf => Ok((Next::Ppp, rest)),
        0x80 => match rest.split()? {
            (&[0, 0, 0, high, low], rest) => {
                Ok((Next::EtherType(u16::from_be_bytes([high, low])), rest))
            }
            // IEEE 802.3, with a checksum at its end and without.
            (&[0, 0x80, 0xc2, 0, 1 | 7], rest) => Ok((Next::ETHERNET, rest)),
            (_, rest) => Ok((Next::Irrelevant, rest)),
        },
        // Link management, and the protocols of OSI.
        0x08 | 0x09 | 0x81..=0x83 => Ok((Next::Irrelevant, rest)),
        _ => Err(Undecoded::Unsupported(
            "a protocol of Frame Relay that is not IP",
        )),
    }
}

/// Juniper's header, in front of the frame of one of its interfaces.
pub(super) fn juniper(link_type: LinkType, frame: Part<'_>) -> Step<'_> {
    const WITH_EXTENSION: u8 = 0x80;
    const WITHOUT_LINK_LAYER: u8 = 0x02;

    let (&[b'M', b'G', b'C', flags], mut rest) = frame.split()? else {
        return Err(Undecoded::Malformed(
            "Juniper's header lacks its magic number",
        ));
    };
    if flags & WITH_EXTENSION != 0 {
        let (&len, after) = rest.split()?;
        rest = after.skip(usize::from(u16::from_be_bytes(len)))?;
    }
    if flags & WITHOUT_LINK_LAYER != 0 {
        return Ok((Next::Ip, rest.skip(4)?));
    }
    match link_type.0 {
        // JUNIPER_ATM1: a cookie of 4 bytes
        137 => match rest.split()? {
            // Operation and maintenance.
            (&[0x80, _, _, _], rest) => Ok((Next::Irrelevant, rest)),
            (_, rest) if ether_type::begins_ip(rest)? => Ok((Next::Ip, rest)),
            (_, rest) => Ok((Next::Llc, rest)),
        },
        // JUNIPER_ETHER, JUNIPER_PPP, JUNIPER_FRELAY, JUNIPER_CHDLC
        178 => Ok((Next::ETHERNET, rest)),
        179 => Ok((Next::Ppp, rest)),
        180 => frame_relay(rest),
        181 => cisco_hdlc(rest),
        _ => Err(Undecoded::LinkType(link_type)),
    }
}
