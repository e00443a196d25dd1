//! Generic routing encapsulation, and the mirrored frames of ERSPAN in it.

use super::link::{Next, Step};
use super::part::Part;
use super::undecoded::Undecoded;

const WITH_CHECKSUM: u8 = 0x80;
const WITH_ROUTES: u8 = 0x40;
const WITH_KEY: u8 = 0x20;
const WITH_SEQUENCE: u8 = 0x10;

/// Reads the header (RFC 2784, section 2; RFC 2890, section 2), or that of version 1 which PPTP uses
/// (RFC 2637, section 4.1).
///
/// # Errors
///
/// Where it is cut or malformed, or has source routes (RFC 1701).
pub(super) fn header(payload: Part<'_>) -> Step<'_> {
    let (&[flags, version, high, low], mut rest) = payload.split()?;
    match version & 0x07 {
        0 => {}
        1 => return version_1(flags, version, rest),
        _ => {
            return Err(Undecoded::Malformed(
                "the version of GRE is neither 0 nor 1",
            ));
        }
    }
    if flags & WITH_ROUTES != 0 {
        return Err(Undecoded::Unsupported("GRE with source routes"));
    }
    for flag in [WITH_CHECKSUM, WITH_KEY, WITH_SEQUENCE] {
        if flags & flag != 0 {
            rest = rest.skip(4)?;
        }
    }
    match u16::from_be_bytes([high, low]) {
        // Cisco's keep-alive.
        0 => Ok((Next::Irrelevant, rest)),
        0x88be if flags & WITH_SEQUENCE == 0 => Ok((Next::ETHERNET, rest)),
        0x88be => Ok((Next::ETHERNET, rest.skip(8)?)),
        0x22eb => erspan_3(rest),
        0x883e => redirected(rest),
        ether_type => Ok((Next::EtherType(ether_type), rest)),
    }
}

/// PPTP: a packet with a sequence number carries PPP; others only acknowledge.
fn version_1(flags: u8, version: u8, rest: Part<'_>) -> Step<'_> {
    const WITH_ACKNOWLEDGEMENT: u8 = 0x80;

    // The payload's length and the call, where a key would be.
    let mut rest = rest.skip(4)?;
    if flags & WITH_SEQUENCE == 0 {
        return Ok((Next::Irrelevant, rest));
    }
    rest = rest.skip(4)?;
    if version & WITH_ACKNOWLEDGEMENT != 0 {
        rest = rest.skip(4)?;
    }
    Ok((Next::Ppp, rest))
}

/// ERSPAN type III: 12 bytes, and 8 more where the last bit says so (draft-foschiano-erspan-03,
/// section 4.3).
fn erspan_3(rest: Part<'_>) -> Step<'_> {
    let (header, rest) = rest.split::<12>()?;
    let rest = if header[11] & 1 == 0 {
        rest
    } else {
        rest.skip(8)?
    };
    match (header[10] >> 2) & 0x1f {
        0 => Ok((Next::ETHERNET, rest)),
        2 => Ok((Next::Ip, rest)),
        _ => Err(Undecoded::Unsupported(
            "mirrored frames that are not Ethernet",
        )),
    }
}

/// What a router redirects to a cache: version 2 has 4 bytes in front of the packet (WCCP,
/// draft-wilson-wrec-wccp-v2, section 4.12).
fn redirected(rest: Part<'_>) -> Step<'_> {
    match rest.first()? {
        [0x45..=0x4f] => Ok((Next::Ip, rest)),
        _ => Ok((Next::Ip, rest.skip(4)?)),
    }
}
