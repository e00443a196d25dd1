//! IPv4 and IPv6, with their options and extension headers.

use std::net::IpAddr;

use etherparse::err::{ipv4, ipv6};
use etherparse::{IpNumber, Ipv4HeaderSlice, Ipv6HeaderSlice};

use super::packet::IpFacts;
use super::part::Part;
use super::undecoded::Undecoded;

/// An IP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IpPacket<'a> {
    pub(super) facts: IpFacts,
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    /// What `payload` begins with.
    pub(super) protocol: IpNumber,
    /// Whether this is a fragment other than the first, so that `payload` begins amid a packet.
    pub(super) is_later_fragment: bool,
    /// Whether the header leaves the length open and the frame is so short that it may be padded.
    pub(super) may_be_padded: bool,
    pub(super) payload: Part<'a>,
}

impl<'a> IpPacket<'a> {
    /// Reads the packet that `part` begins with; what follows it there is left out.
    ///
    /// # Errors
    ///
    /// Where a header is cut or malformed.
    pub(super) fn parse(part: Part<'a>) -> Result<Self, Undecoded> {
        Self::parse_up_to(part, End::Stated)
    }

    /// Reads the packet that an ICMP error in `part` quotes: cut by whoever sent the error, which
    /// may also have altered the length in its header.
    ///
    /// # Errors
    ///
    /// Where a header is cut or malformed.
    pub(super) fn parse_quoted(part: Part<'a>) -> Result<Self, Undecoded> {
        Self::parse_up_to(part, End::OfPart)
    }

    fn parse_up_to(part: Part<'a>, end: End) -> Result<Self, Undecoded> {
        // The version in the packet, as not every capturer puts the right protocol before it.
        match part.first()? {
            [0x40..=0x4f] => parse_v4(part, end),
            [0x60..=0x6f] => parse_v6(part, end),
            _ => Err(Undecoded::Malformed("the IP version is neither 4 nor 6")),
        }
    }
}

/// Where a packet ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// Where its header says, if it does: 0 stands for a length that the field cannot hold, as
    /// hosts whose network card does the segmentation capture it.
    Stated,
    /// With the bytes that there are.
    OfPart,
}

/// What an Ethernet frame of the smallest size carries, padding included.
const SMALLEST_ETHERNET_PAYLOAD: u32 = 46;

/// RFC 791, section 3.1.
fn parse_v4(part: Part<'_>, end: End) -> Result<IpPacket<'_>, Undecoded> {
    use ipv4::HeaderSliceError::{Content, Len};

    let header = Ipv4HeaderSlice::from_slice(part.captured()).map_err(|error| match error {
        Len(error) => part.too_short(error.required_len),
        Content(_) => Undecoded::Malformed("the IPv4 header is shorter than 20 bytes"),
    })?;
    let packet = match (end, header.total_len()) {
        (End::OfPart, _) | (End::Stated, 0) => part,
        (End::Stated, total_len) => part.with_len(u32::from(total_len)),
    };
    let mut protocol = header.protocol();
    let mut payload = packet.skip(header.slice().len())?;
    let is_later_fragment = header.fragments_offset().value() != 0;
    if protocol == IpNumber::AUTHENTICATION_HEADER && !is_later_fragment {
        (protocol, payload) = skip_authentication(payload)?;
    }
    Ok(IpPacket {
        facts: IpFacts {
            ttl: header.ttl(),
            id: Some(header.identification()),
        },
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        protocol,
        is_later_fragment,
        may_be_padded: header.total_len() == 0 && part.wire_len() == SMALLEST_ETHERNET_PAYLOAD,
        payload,
    })
}

/// Extension headers that are followed; RFC 8200, section 4.1, knows seven.
const MAX_EXTENSIONS: usize = 8;

/// RFC 8200, sections 3 and 4.
fn parse_v6(part: Part<'_>, end: End) -> Result<IpPacket<'_>, Undecoded> {
    use ipv6::HeaderSliceError::{Content, Len};

    let header = Ipv6HeaderSlice::from_slice(part.captured()).map_err(|error| match error {
        Len(error) => part.too_short(error.required_len),
        Content(_) => Undecoded::Malformed("the IP version is not 6"),
    })?;
    let payload = part.skip(header.slice().len())?;
    let mut packet = IpPacket {
        facts: IpFacts {
            ttl: header.hop_limit(),
            id: None,
        },
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        protocol: header.next_header(),
        is_later_fragment: false,
        may_be_padded: false,
        payload: match (end, header.payload_length()) {
            (End::OfPart, _) | (End::Stated, 0) => payload,
            (End::Stated, payload_len) => payload.with_len(u32::from(payload_len)),
        },
    };
    for _ in 0..MAX_EXTENSIONS {
        if packet.is_later_fragment || !skip_extension(&mut packet)? {
            return Ok(packet);
        }
    }
    Err(Undecoded::Malformed("too many IPv6 extension headers"))
}

/// Takes one extension header off `packet`; false where none is left.
fn skip_extension(packet: &mut IpPacket<'_>) -> Result<bool, Undecoded> {
    const MOBILITY: IpNumber = IpNumber(135);
    const HIP: IpNumber = IpNumber(139);
    const SHIM6: IpNumber = IpNumber(140);

    match packet.protocol {
        IpNumber::IPV6_HEADER_HOP_BY_HOP
        | IpNumber::IPV6_ROUTE_HEADER
        | IpNumber::IPV6_DESTINATION_OPTIONS
        | MOBILITY
        | HIP
        | SHIM6 => {
            let &[next, len] = packet.payload.first()?;
            // In units of 8 bytes, the first not counted (RFC 8200, section 4.3).
            let len = usize::from(len).saturating_add(1).saturating_mul(8);
            packet.protocol = IpNumber(next);
            packet.payload = packet.payload.skip(len)?;
        }
        IpNumber::AUTHENTICATION_HEADER => {
            (packet.protocol, packet.payload) = skip_authentication(packet.payload)?;
        }
        IpNumber::IPV6_FRAGMENTATION_HEADER => {
            // RFC 8200, section 4.5; an offset in the upper 13 bits, the identification's lower half
            let (&[next, _, high, low, _, _, id_high, id_low], rest) = packet.payload.split()?;
            packet.protocol = IpNumber(next);
            packet.is_later_fragment = u16::from_be_bytes([high, low]) >> 3 != 0;
            packet.facts.id = Some(u16::from_be_bytes([id_high, id_low]));
            packet.payload = rest;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// Takes off an authentication header (RFC 4302, section 2), which leaves its payload in clear.
fn skip_authentication(payload: Part<'_>) -> Result<(IpNumber, Part<'_>), Undecoded> {
    let &[next, len] = payload.first()?;
    // In units of 4 bytes, the first two not counted.
    let len = usize::from(len).saturating_add(2).saturating_mul(4);
    Ok((IpNumber(next), payload.skip(len)?))
}
