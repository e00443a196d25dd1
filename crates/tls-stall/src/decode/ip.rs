//! IPv4 and IPv6, with their options and extension headers.

use std::net::IpAddr;

use etherparse::err::{ipv4, ipv6};
use etherparse::{IpNumber, Ipv4HeaderSlice, Ipv6HeaderSlice};

use super::fragment::{Fragment, Place};
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
    /// Whether the header leaves the length open and the frame is so short that it may be padded.
    pub(super) may_be_padded: bool,
    pub(super) payload: Part<'a>,
}

/// What an IP header is in front of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ip<'a> {
    Packet(IpPacket<'a>),
    Fragment(Fragment<'a>),
}

impl<'a> Ip<'a> {
    /// Reads the packet that `part` begins with; what follows it there is left out.
    ///
    /// # Errors
    ///
    /// Where a header is cut or malformed.
    #[inline]
    pub(super) fn parse(part: Part<'a>) -> Result<Self, Undecoded> {
        parse::<false>(part)
    }
}

impl<'a> IpPacket<'a> {
    /// Reads the packet that an ICMP error in `part` quotes: cut by whoever sent the error, which
    /// may also have altered the length in its header. `None` where its beginning is not quoted.
    ///
    /// # Errors
    ///
    /// Where a header is cut or malformed.
    pub(super) fn parse_quoted(part: Part<'a>) -> Result<Option<Self>, Undecoded> {
        match parse::<true>(part)? {
            Ip::Packet(packet) => Ok(Some(packet)),
            Ip::Fragment(Fragment { packet, place }) if place.offset == 0 => {
                packet.skip_extensions().map(Some)
            }
            Ip::Fragment(_) => Ok(None),
        }
    }

    /// The same packet behind the extension headers that `payload` begins with, where it is one that
    /// was put together of fragments.
    ///
    /// # Errors
    ///
    /// Where a header is cut or malformed, or they are too many.
    pub(super) fn skip_extensions(mut self) -> Result<Self, Undecoded> {
        for _ in 0..MAX_EXTENSIONS {
            match extension(&mut self)? {
                Extension::Skipped | Extension::Fragment(None) => {}
                Extension::Fragment(Some(_)) => {
                    return Err(Undecoded::Malformed("fragments of an IPv6 fragment"));
                }
                Extension::None => return Ok(self),
            }
        }
        Err(TOO_MANY_EXTENSIONS)
    }

    /// All but the payload.
    pub(super) fn without_payload(&self) -> IpPacket<'static> {
        IpPacket {
            facts: self.facts,
            source: self.source,
            destination: self.destination,
            protocol: self.protocol,
            may_be_padded: false,
            payload: Part::new(&[], 0),
        }
    }
}

/// Reads a packet that ends where its header says, or one that is `QUOTED` and ends with the bytes
/// that there are. A length of 0 stands for one that the field cannot hold, as hosts whose network
/// card does the segmentation capture it.
///
/// `QUOTED` is no argument, so that the way of most packets is compiled for itself, in line.
#[inline]
fn parse<const QUOTED: bool>(part: Part<'_>) -> Result<Ip<'_>, Undecoded> {
    // The version in the packet, as not every capturer puts the right protocol before it.
    match part.first()? {
        [0x40..=0x4f] => parse_v4::<QUOTED>(part),
        [0x60..=0x6f] => parse_v6::<QUOTED>(part),
        _ => Err(Undecoded::Malformed("the IP version is neither 4 nor 6")),
    }
}

/// What an Ethernet frame of the smallest size carries, padding included.
const SMALLEST_ETHERNET_PAYLOAD: u32 = 46;

/// RFC 791, section 3.1.
#[inline]
fn parse_v4<const QUOTED: bool>(part: Part<'_>) -> Result<Ip<'_>, Undecoded> {
    use ipv4::HeaderSliceError::{Content, Len};

    let header = Ipv4HeaderSlice::from_slice(part.captured()).map_err(|error| match error {
        Len(error) => part.too_short(error.required_len),
        Content(_) => Undecoded::Malformed("the IPv4 header is shorter than 20 bytes"),
    })?;
    let whole = match header.total_len() {
        0 => part,
        _ if QUOTED => part,
        total_len => part.with_len(u32::from(total_len)),
    };
    let mut packet = IpPacket {
        facts: IpFacts {
            ttl: header.ttl(),
            id: Some(header.identification()),
        },
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        protocol: header.protocol(),
        may_be_padded: header.total_len() == 0 && part.wire_len() == SMALLEST_ETHERNET_PAYLOAD,
        payload: whole.skip(header.slice().len())?,
    };
    if header.is_fragmenting_payload() {
        let place = Place {
            id: u32::from(header.identification()),
            offset: u32::from(header.fragments_offset().value()).saturating_mul(8),
            more: header.more_fragments(),
        };
        return Ok(Ip::Fragment(Fragment { packet, place }));
    }
    if packet.protocol == IpNumber::AUTHENTICATION_HEADER {
        (packet.protocol, packet.payload) = skip_authentication(packet.payload)?;
    }
    Ok(Ip::Packet(packet))
}

/// Extension headers that are followed; RFC 8200, section 4.1, knows seven.
const MAX_EXTENSIONS: usize = 8;
const TOO_MANY_EXTENSIONS: Undecoded = Undecoded::Malformed("too many IPv6 extension headers");

/// RFC 8200, sections 3 and 4.
#[inline]
fn parse_v6<const QUOTED: bool>(part: Part<'_>) -> Result<Ip<'_>, Undecoded> {
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
        may_be_padded: false,
        payload: match header.payload_length() {
            0 => payload,
            _ if QUOTED => payload,
            payload_len => payload.with_len(u32::from(payload_len)),
        },
    };
    for _ in 0..MAX_EXTENSIONS {
        match extension(&mut packet)? {
            Extension::Skipped | Extension::Fragment(None) => {}
            Extension::Fragment(Some(place)) => {
                return Ok(Ip::Fragment(Fragment { packet, place }));
            }
            Extension::None => return Ok(Ip::Packet(packet)),
        }
    }
    Err(TOO_MANY_EXTENSIONS)
}

/// What a packet's payload began with.
enum Extension {
    /// A header that only the way of the packet depends on.
    Skipped,
    /// The header of a fragment, which is the whole packet where it has no place (RFC 6946).
    Fragment(Option<Place>),
    /// Its transport.
    None,
}

/// Takes one extension header off `packet`.
#[inline]
fn extension(packet: &mut IpPacket<'_>) -> Result<Extension, Undecoded> {
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
            // RFC 8200, section 4.5; an offset in units of 8 bytes in the upper 13 bits
            let (&[next, _, high, low, a, b, c, d], rest) = packet.payload.split()?;
            let offset_and_more = u16::from_be_bytes([high, low]);
            let place = Place {
                id: u32::from_be_bytes([a, b, c, d]),
                offset: u32::from(offset_and_more & 0xfff8),
                more: offset_and_more & 1 != 0,
            };
            packet.protocol = IpNumber(next);
            packet.facts.id = Some(u16::from_be_bytes([c, d]));
            packet.payload = rest;
            let is_whole = place.offset == 0 && !place.more;
            return Ok(Extension::Fragment((!is_whole).then_some(place)));
        }
        _ => return Ok(Extension::None),
    }
    Ok(Extension::Skipped)
}

/// Takes off an authentication header (RFC 4302, section 2), which leaves its payload in clear.
fn skip_authentication(payload: Part<'_>) -> Result<(IpNumber, Part<'_>), Undecoded> {
    let &[next, len] = payload.first()?;
    // In units of 4 bytes, the first two not counted.
    let len = usize::from(len).saturating_add(2).saturating_mul(4);
    Ok((IpNumber(next), payload.skip(len)?))
}

#[cfg(test)]
mod tests {
    use super::super::packet::Packet;
    use super::super::sample::{
        self, CLIENT, ETHERNET, PAYLOAD, RAW, SERVER, ack_v4, decode, ethernet, segment, tcp_v4,
        tcp_v6, with_extensions,
    };
    use super::*;

    const FRAGMENT: u8 = 44;

    /// `packet`, which is IPv4, with a total length of 0, as a network card's driver gets it.
    fn without_total_len(mut packet: Vec<u8>) -> Vec<u8> {
        packet[2..4].fill(0);
        packet
    }

    #[test]
    fn both_versions_give_addresses_and_facts() {
        let packet = tcp_v4();
        let v4 = segment(RAW, &packet);
        assert_eq!(v4.source.ip, IpAddr::from(CLIENT));
        assert_eq!(v4.destination.ip, IpAddr::from(SERVER));
        assert_eq!(v4.ip.ttl, 64);
        assert_eq!(v4.ip.id, Some(u16::from_be_bytes([packet[4], packet[5]])));
        let packet = tcp_v6();
        let v6 = segment(RAW, &packet);
        assert_eq!(v6.source.to_string(), "[2001:db8::1]:41234");
        assert_eq!(v6.destination.to_string(), "[2001:db8::25]:465");
        assert_eq!(v6.ip, IpFacts { ttl: 64, id: None });
    }

    #[test]
    fn padding_and_trailers_are_no_payload() {
        let padded = ethernet(0x0800, &[&ack_v4()[..], &[0; 6]].concat());
        assert_eq!(segment(ETHERNET, &padded).payload_len, 0);
        for packet in [tcp_v4(), tcp_v6()] {
            let trailer = [&packet[..], b"\x01\x07\x20\x21\0\0\0\x2aapp name"].concat();
            let frame = ethernet(0x0800, &trailer);
            let segment = segment(ETHERNET, &frame);
            assert_eq!(segment.payload, PAYLOAD);
            assert_eq!(segment.payload_len, 12);
        }
    }

    #[test]
    fn a_length_of_0_is_that_of_the_frame_on_the_wire() {
        for mut packet in [without_total_len(tcp_v4()), tcp_v6()] {
            if packet[0] == 0x60 {
                packet[4..6].fill(0);
            }
            let data = ethernet(0x0800, &packet);
            let mut frame = sample::frame(ETHERNET, &data);
            frame.wire_len += 60_000;
            let Ok(Packet::Tcp(segment)) = super::super::decode(&frame) else {
                panic!("not TCP");
            };
            assert_eq!(segment.payload, PAYLOAD);
            assert_eq!(segment.payload_len, 60_012);
        }
    }

    #[test]
    fn a_length_of_0_does_not_make_data_of_the_padding_of_an_ack() {
        let padding =
            |bytes: &[u8]| ethernet(0x0800, &[&without_total_len(ack_v4()), bytes].concat());
        assert_eq!(segment(ETHERNET, &padding(&[0; 6])).payload_len, 0);
        // No padding: stated to be data, or not zero, or not a frame of the smallest size.
        let mut zeros = ack_v4();
        zeros[3] += 6;
        let zeros = ethernet(0x0800, &[&zeros[..], &[0; 6]].concat());
        assert_eq!(segment(ETHERNET, &zeros).payload_len, 6);
        assert_eq!(segment(ETHERNET, &padding(b"EHLO\r\n")).payload_len, 6);
        assert_eq!(segment(ETHERNET, &padding(&[0; 5])).payload_len, 5);
    }

    #[test]
    fn a_frame_shorter_than_its_packet_leaves_the_length_as_stated() {
        let packet = tcp_v4();
        let segment = segment(RAW, &packet[..packet.len() - 5]);
        assert_eq!(segment.payload, &PAYLOAD[..7]);
        assert_eq!(segment.payload_len, 12);
    }

    #[test]
    fn ipv4_options_are_passed_over() {
        let packet = tcp_v4();
        let mut packet = [&packet[..20], &[0x94, 4, 0, 0], &packet[20..]].concat();
        packet[0] = 0x46;
        packet[3] += 4;
        assert_eq!(segment(RAW, &packet).payload, PAYLOAD);
        // Cut amid them, nothing of the segment is there.
        let mut cut = sample::frame(RAW, &packet);
        cut.data = &packet[..22];
        assert_eq!(super::super::decode(&cut), Err(Undecoded::CutShort));
    }

    #[test]
    fn impossible_lengths_are_errors_not_panics() {
        let mut short_header = tcp_v4();
        short_header[0] = 0x44;
        let mut short_packet = tcp_v4();
        short_packet[2..4].copy_from_slice(&[0, 19]);
        let mut version = tcp_v4();
        version[0] = 0x55;
        for packet in [short_header, short_packet, version] {
            let error = decode(RAW, &packet).unwrap_err();
            assert!(matches!(error, Undecoded::Malformed(_)), "{error:?}");
        }
    }

    fn place(data: &[u8]) -> Place {
        match decode(RAW, data) {
            Ok(Packet::Fragment(fragment)) => fragment.place,
            other => panic!("no fragment but {other:?}"),
        }
    }

    #[test]
    fn a_fragment_tells_where_it_belongs() {
        let mut v4 = tcp_v4();
        v4[4..6].copy_from_slice(&[0x12, 0x34]);
        v4[6] = 0x20;
        assert_eq!(
            place(&v4),
            Place {
                id: 0x1234,
                offset: 0,
                more: true
            }
        );
        v4[6..8].copy_from_slice(&[0x1f, 0xff]);
        assert_eq!(
            place(&v4),
            Place {
                id: 0x1234,
                offset: 65_528,
                more: false
            }
        );

        let first = with_extensions(&tcp_v6(), FRAGMENT, &[6, 0, 0, 1, 0xaa, 0xbb, 0x12, 0x34]);
        assert_eq!(
            place(&first),
            Place {
                id: 0xaabb_1234,
                offset: 0,
                more: true
            }
        );
        let later = with_extensions(&tcp_v6(), FRAGMENT, &[6, 0, 0xff, 0xf9, 0, 0, 0, 7]);
        assert_eq!(
            place(&later),
            Place {
                id: 7,
                offset: 65_528,
                more: true
            }
        );
    }

    #[test]
    fn a_fragment_is_not_searched_for_further_headers() {
        // Where the authentication header would be is the middle of someone's data.
        let mut v4 = tcp_v4();
        v4[7] = 1;
        v4[9] = 51;
        v4[21] = 0xff;
        assert_eq!(place(&v4).offset, 8);
        let later = with_extensions(&tcp_v6(), FRAGMENT, &[60, 0, 0, 8, 0, 0, 0, 0]);
        assert_eq!(place(&later).offset, 8);
    }

    #[test]
    fn an_atomic_fragment_is_whole() {
        let atomic = with_extensions(&tcp_v6(), FRAGMENT, &[6, 0, 0, 0, 0xaa, 0xbb, 0x12, 0x34]);
        let segment = segment(RAW, &atomic);
        assert_eq!(segment.payload, PAYLOAD);
        assert_eq!(segment.ip.id, Some(0x1234));
    }

    #[test]
    fn extension_headers_are_no_payload() {
        let jumbo = [60, 0, 0xc2, 4, 0, 1, 0, 0];
        let options = [6, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let packet = with_extensions(&tcp_v6(), 0, &[&jumbo[..], &options].concat());
        let segment = segment(RAW, &packet);
        assert_eq!(segment.payload, PAYLOAD);
        assert_eq!(segment.payload_len, 12);
    }

    #[test]
    fn an_authentication_header_leaves_the_segment_readable() {
        let header = [6, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1];
        let packet = tcp_v4();
        let mut packet = [&packet[..20], &header, &packet[20..]].concat();
        packet[3] += 12;
        packet[9] = 51;
        assert_eq!(segment(RAW, &packet).payload, PAYLOAD);
    }

    #[test]
    fn a_packet_full_of_extension_headers_is_an_error_not_a_hang() {
        let packet = with_extensions(&tcp_v6(), 60, &[60, 0, 0, 0, 0, 0, 0, 0].repeat(8_000));
        let error = decode(RAW, &packet).unwrap_err();
        assert_eq!(
            error,
            Undecoded::Malformed("too many IPv6 extension headers")
        );
    }
}
