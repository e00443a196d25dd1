//! Tunnels: packets within packets.
//!
//! A connection's endpoints are those of the innermost packet, and the identifiers of the tunnels
//! around it (VNI, TEID, key, session) do not tell connections apart: the two directions of one
//! connection may well have different ones, as each end of a GTP or L2TP tunnel chooses its own.

use etherparse::IpNumber;

use super::gre;
use super::link::{Next, Step, begins_ethernet, begins_ip};
use super::packet::Datagram;
use super::part::Part;
use super::undecoded::Undecoded;

/// How many tunnels in one another are followed.
pub(super) const MAX_NESTING: u8 = 4;

/// What the payload of an IP packet carries, where `protocol` is that of a tunnel.
pub(super) fn in_ip(protocol: IpNumber, payload: Part<'_>) -> Option<Step<'_>> {
    const MPLS: IpNumber = IpNumber(137);

    match protocol {
        IpNumber::IPV4 | IpNumber::IPV6 => Some(Ok((Next::Ip, payload))),
        IpNumber::GRE => Some(gre::header(payload)),
        IpNumber::ETHER_IP => Some(payload.skip(2).map(|frame| (Next::ETHERNET, frame))),
        IpNumber::LAYER2_TUNNELING_PROTOCOL => Some(l2tp_v3_session(payload)),
        MPLS => Some(Ok((Next::Mpls, payload))),
        _ => None,
    }
}

/// What `datagram` carries, where its ports are those of a tunnel and its payload looks like one;
/// that it is one shows only when what it carries is decoded.
pub(super) fn in_udp<'a>(datagram: &Datagram<'a>) -> Option<Step<'a>> {
    const DNS: u16 = 53;

    let (source, destination) = (datagram.source.port, datagram.destination.port);
    if source == DNS {
        // An answer to a host that asked from one of these ports.
        return None;
    }
    let header = match (source, destination) {
        (_, 4789 | 8472) => vxlan,
        (_, 4790) => vxlan_gpe,
        (_, 6081) => geneve,
        (_, 2152) => gtp,
        (_, 4754) => gre_in_udp,
        // In both directions: a client's port may be any.
        (_, 3544) | (3544, _) => teredo,
        (_, 1701) | (1701, _) => l2tp,
        _ => return None,
    };
    let payload = Part::new(datagram.payload, datagram.payload_len);
    header(payload).transpose()
}

/// A tunnel's header; `None` where it is none.
type Tunnel<'a> = Result<Option<(Next, Part<'a>)>, Undecoded>;

/// VXLAN (RFC 7348, section 5): a flag that says that there is a VNI; what is reserved is not 0 with
/// every vendor.
fn vxlan(payload: Part<'_>) -> Tunnel<'_> {
    match payload.first()? {
        [flags] if flags & 0x08 != 0 && payload.wire_len() >= 8 => {
            Ok(Some((Next::ETHERNET, payload.skip(8)?)))
        }
        _ => Ok(None),
    }
}

/// VXLAN with a field that tells what it carries (draft-ietf-nvo3-vxlan-gpe).
fn vxlan_gpe(payload: Part<'_>) -> Tunnel<'_> {
    const WITH_PROTOCOL: u8 = 0x04;

    if payload.wire_len() < 8 {
        return Ok(None);
    }
    let &[flags, _, _, protocol] = payload.first()?;
    if flags & WITH_PROTOCOL == 0 {
        return vxlan(payload);
    }
    let next = match protocol {
        1 | 2 => Next::Ip,
        3 => Next::ETHERNET,
        4 => Next::Nsh,
        5 => Next::Mpls,
        _ => return Ok(None),
    };
    Ok(Some((next, payload.skip(8)?)))
}

/// Geneve (RFC 8926, section 3.4): version 0, the options' length in units of 4 bytes.
fn geneve(payload: Part<'_>) -> Tunnel<'_> {
    if payload.wire_len() < 8 {
        return Ok(None);
    }
    let &[version_and_len, _, high, low] = payload.first()?;
    let len = usize::from(version_and_len & 0x3f).saturating_mul(4);
    match (version_and_len >> 6, payload.skip(len.saturating_add(8))) {
        (0, Ok(rest)) => Ok(Some((
            Next::EtherType(u16::from_be_bytes([high, low])),
            rest,
        ))),
        _ => Ok(None),
    }
}

/// GTP-U (3GPP TS 29.281, section 5): version 1, a packet of a user.
fn gtp(payload: Part<'_>) -> Tunnel<'_> {
    const VERSION_1: u8 = 0x30;
    const USER_PACKET: u8 = 0xff;
    /// A sequence number, an N-PDU number, an extension: the fields of all are there if one is.
    const WITH_OPTIONS: u8 = 0x07;
    const WITH_EXTENSION: u8 = 0x04;
    const MAX_EXTENSIONS: usize = 8;

    if payload.wire_len() < 8 {
        return Ok(None);
    }
    let &[flags, kind] = payload.first()?;
    if flags & 0xf0 != VERSION_1 || kind != USER_PACKET {
        return Ok(None);
    }
    let mut rest = payload.skip(8)?;
    if flags & WITH_OPTIONS != 0 {
        let (&[_, _, _, extension], after) = rest.split()?;
        let mut extension = if flags & WITH_EXTENSION == 0 {
            0
        } else {
            extension
        };
        rest = after;
        for _ in 0..MAX_EXTENSIONS {
            if extension == 0 {
                break;
            }
            // In units of 4 bytes; the last byte is the next one's type.
            let &[len] = rest.first()?;
            let Some(before_last) = usize::from(len).saturating_mul(4).checked_sub(1) else {
                return Ok(None);
            };
            [extension] = *rest.skip(before_last)?.first()?;
            rest = rest.skip(before_last.saturating_add(1))?;
        }
    }
    Ok(begins_ip(rest)?.then_some((Next::Ip, rest)))
}

/// GRE in UDP (RFC 8086).
fn gre_in_udp(payload: Part<'_>) -> Tunnel<'_> {
    gre::header(payload).map(Some)
}

/// Teredo (RFC 4380, section 5.1.1): an IPv6 packet, behind an authentication or an indication of
/// the client's origin or both.
fn teredo(payload: Part<'_>) -> Tunnel<'_> {
    let mut rest = payload;
    if let [0, 1] = rest.first()? {
        let &[_, _, id_len, authentication_len] = rest.first()?;
        // Behind those fields a nonce of 8 bytes and a confirmation of one.
        let len = usize::from(id_len).saturating_add(usize::from(authentication_len));
        rest = rest.skip(len.saturating_add(4 + 8 + 1))?;
    }
    if let [0, 0] = rest.first()? {
        rest = rest.skip(8)?;
    }
    let is_ipv6 = matches!(rest.first()?, [0x60..=0x6f]);
    if !is_ipv6 || rest.wire_len() < 40 {
        return Ok(None);
    }
    let &[_, _, _, _, high, low] = rest.first()?;
    let len = u32::from(u16::from_be_bytes([high, low])).saturating_add(40);
    Ok((len <= rest.wire_len()).then_some((Next::Ip, rest)))
}

/// L2TP: a data message of version 2 (RFC 2661, section 3.1) carries PPP, one of version 3 (RFC
/// 3931, section 4.1.2.1) anything.
fn l2tp(payload: Part<'_>) -> Tunnel<'_> {
    const CONTROL: u8 = 0x80;
    const WITH_LENGTH: u8 = 0x40;
    const WITH_SEQUENCE: u8 = 0x08;
    const WITH_OFFSET: u8 = 0x02;

    let &[flags, version] = payload.first()?;
    if flags & CONTROL != 0 {
        return Ok(None);
    }
    match version & 0x0f {
        2 => {}
        3 => return pseudowire(payload.skip(8)?),
        _ => return Ok(None),
    }
    // The tunnel's and the session's identifiers are always there.
    let mut len = 2_usize.saturating_add(4);
    if flags & WITH_LENGTH != 0 {
        len = len.saturating_add(2);
    }
    if flags & WITH_SEQUENCE != 0 {
        len = len.saturating_add(4);
    }
    if flags & WITH_OFFSET != 0 {
        let &offset = payload.skip(len)?.first()?;
        len = len
            .saturating_add(2)
            .saturating_add(usize::from(u16::from_be_bytes(offset)));
    }
    Ok(Some((Next::Ppp, payload.skip(len)?)))
}

/// L2TP version 3 right behind IP (RFC 3931, section 4.1.1.1); session 0 is its control.
fn l2tp_v3_session(payload: Part<'_>) -> Step<'_> {
    match payload.split()? {
        (&[0, 0, 0, 0], rest) => Ok((Next::Irrelevant, rest)),
        (_, rest) => Ok(pseudowire(rest)?.unwrap_or((Next::Irrelevant, rest))),
    }
}

/// What a session of L2TP version 3 carries: its cookie of 0, 4 or 8 bytes and the 4 bytes that may
/// follow are agreed upon out of sight, so the frame is where one begins that leads to IP.
fn pseudowire(payload: Part<'_>) -> Tunnel<'_> {
    for len in [0, 4, 8, 12] {
        let Ok(frame) = payload.skip(len) else {
            break;
        };
        if let [0xff, 0x03, 0x00, 0x21 | 0x57] = frame.first()? {
            return Ok(Some((Next::Ppp, frame)));
        }
        if begins_ethernet(frame)? {
            return Ok(Some((Next::ETHERNET, frame)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use etherparse::PacketBuilder;

    use super::super::sample::{
        self, CLIENT, RAW, SERVER, decode, ethernet, segment, tcp_v4, tcp_v6, udp_v4,
    };
    use super::super::{Endpoint, Packet};
    use super::*;

    fn udp(source: u16, destination: u16, payload: &[u8]) -> Vec<u8> {
        let mut packet = Vec::new();
        PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
            .udp(source, destination)
            .write(&mut packet, payload)
            .unwrap();
        packet
    }

    /// `payload` in an IPv4 packet of that protocol.
    fn within_ip(protocol: u8, payload: &[u8]) -> Vec<u8> {
        let mut packet = udp_v4()[..20].to_vec();
        let len = u16::try_from(packet.len().saturating_add(payload.len())).unwrap();
        packet[2..4].copy_from_slice(&len.to_be_bytes());
        packet[9] = protocol;
        [&packet, payload].concat()
    }

    fn vxlan_of(packet: &[u8]) -> Vec<u8> {
        [&[8, 0, 0, 0, 0, 0, 7, 0][..], &ethernet(0x0800, packet)].concat()
    }

    #[test]
    fn the_inner_endpoints_are_those_of_the_connection() {
        let packet = udp(50_000, 4789, &vxlan_of(&tcp_v4()));
        let inner = segment(RAW, &packet);
        let endpoint = |ip: [u8; 4], port| Endpoint {
            ip: ip.into(),
            port,
        };
        assert_eq!(inner.source, endpoint(CLIENT, 41234));
        assert_eq!(inner.destination, endpoint(SERVER, 465));
    }

    #[test]
    fn what_does_not_decode_on_a_tunnels_port_stays_a_datagram() {
        let mut spanning_tree = ethernet(38, &[0x42; 46]);
        spanning_tree.splice(0..0, [8, 0, 0, 0, 0, 0, 7, 0]);
        let no_ip = [
            &[8, 0, 0, 0, 0, 0, 7, 0][..],
            &ethernet(0x0800, &[0x55; 40]),
        ]
        .concat();
        for port in [1701, 2152, 3544, 4754, 4789, 4790, 6081, 8472] {
            for payload in [
                &[][..],
                &[0],
                &[0xff; 3],
                &[0; 64],
                &[0x62; 64],
                &no_ip,
                &spanning_tree,
            ] {
                match decode(RAW, &udp(50_000, port, payload)) {
                    Ok(Packet::Udp(datagram)) => {
                        assert_eq!(
                            (datagram.payload, datagram.destination.port),
                            (payload, port)
                        );
                    }
                    other => panic!("port {port}, {payload:x?}: {other:?}"),
                }
            }
        }
    }

    #[test]
    fn an_answer_to_a_host_that_asked_from_a_tunnels_port_is_an_answer() {
        let packet = udp(53, 4789, &vxlan_of(&tcp_v4()));
        assert!(matches!(decode(RAW, &packet), Ok(Packet::Udp(_))));
    }

    #[test]
    fn the_fifth_tunnel_in_one_another_is_an_error() {
        let mut packet = tcp_v4();
        for depth in 1..=5 {
            packet = within_ip(4, &packet);
            let decoded = decode(RAW, &packet);
            if depth <= 4 {
                assert!(matches!(decoded, Ok(Packet::Tcp(_))), "{depth}");
            } else {
                assert_eq!(decoded, Err(Undecoded::TooManyTunnels));
            }
        }
        // Nor is it hidden by a tunnel over UDP that has to decode.
        let mut packet = tcp_v4();
        for _ in 0..5 {
            packet = udp(50_000, 4789, &vxlan_of(&packet));
        }
        assert_eq!(decode(RAW, &packet), Err(Undecoded::TooManyTunnels));
    }

    #[test]
    fn a_frame_cut_within_a_tunnel_is_told_as_such() {
        let packet = udp(50_000, 4789, &vxlan_of(&tcp_v4()));
        let mut frame = sample::frame(RAW, &packet);
        frame.data = &packet[..70];
        assert_eq!(super::super::decode(&frame), Err(Undecoded::CutShort));
    }

    #[test]
    fn teredo_is_known_by_the_length_of_the_packet_in_it() {
        let mut inner = tcp_v6();
        assert!(matches!(
            decode(RAW, &udp(50_000, 3544, &inner)),
            Ok(Packet::Tcp(_))
        ));
        inner[4] = 0xff;
        assert!(matches!(
            decode(RAW, &udp(50_000, 3544, &inner)),
            Ok(Packet::Udp(_))
        ));
    }

    #[test]
    fn extensions_of_gtp_that_lead_nowhere_are_no_hang() {
        let header = [0x34, 0xff, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0x85];
        for extension in [&[0; 80][..], &[1, 0, 0, 0x85].repeat(20)] {
            let packet = udp(2152, 2152, &[&header, extension].concat());
            assert!(matches!(decode(RAW, &packet), Ok(Packet::Udp(_))));
        }
    }

    #[test]
    fn control_messages_of_tunnels_are_no_error() {
        let l2tp = [0xc8, 0x02, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0];
        assert!(matches!(
            decode(RAW, &udp(1701, 1701, &l2tp)),
            Ok(Packet::Udp(_))
        ));
        let echo = [0x32, 0x01, 0, 4, 0, 0, 0, 0, 0, 1, 0, 0];
        assert!(matches!(
            decode(RAW, &udp(2152, 2152, &echo)),
            Ok(Packet::Udp(_))
        ));
        for (protocol, payload) in [
            (115, &[0, 0, 0, 0, 0xc8, 0x03, 0, 12][..]),
            (47, &[0, 0, 0, 0, 0, 0, 0, 0]),
            (47, &[0x20, 0x81, 0x88, 0x0b, 0, 0, 0, 1, 0, 0, 0, 5]),
        ] {
            assert_eq!(
                decode(RAW, &within_ip(protocol, payload)),
                Ok(Packet::Other)
            );
        }
    }

    #[test]
    fn gre_of_another_version_or_with_source_routes_is_named() {
        let version = decode(RAW, &within_ip(47, &[0, 2, 8, 0, 0, 0])).unwrap_err();
        assert!(matches!(version, Undecoded::Malformed(_)), "{version:?}");
        let routes = decode(RAW, &within_ip(47, &[0x40, 0, 8, 0, 0, 0])).unwrap_err();
        assert!(matches!(routes, Undecoded::Unsupported(_)), "{routes:?}");
    }
}
