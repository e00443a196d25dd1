//! Frames for the tests of this room, one of each kind.

use std::net::Ipv6Addr;

use etherparse::{PacketBuilder, TcpOptionElement};

use super::packet::{Packet, Segment};
use super::undecoded::Undecoded;
use crate::capture::{Frame, LinkType};
use crate::time::{FrameNumber, Timestamp};

pub(super) const ETHERNET: u16 = 1;
pub(super) const RAW: u16 = 101;

pub(super) const CLIENT: [u8; 4] = [10, 8, 0, 1];
pub(super) const SERVER: [u8; 4] = [203, 0, 113, 25];
const CLIENT_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
const SERVER_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x25);
pub(super) const PAYLOAD: &[u8] = b"client hello";

pub(super) fn frame(link_type: u16, data: &[u8]) -> Frame<'_> {
    let number = FrameNumber::new(1).unwrap();
    Frame::new(number, Timestamp::from_nanos(0), LinkType(link_type), data)
}

pub(super) fn decode(link_type: u16, data: &[u8]) -> Result<Packet<'_>, Undecoded> {
    super::decode(&frame(link_type, data))
}

/// The segment in a frame that must be TCP.
pub(super) fn segment(link_type: u16, data: &[u8]) -> Segment<'_> {
    match decode(link_type, data) {
        Ok(Packet::Tcp(segment)) => segment,
        other => panic!("not TCP but {other:?}"),
    }
}

/// An Ethernet frame.
pub(super) fn ethernet(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    [&[0x02; 12][..], &ether_type.to_be_bytes(), payload].concat()
}

/// An IPv4 packet with 32 bytes of TCP header and [`PAYLOAD`].
pub(super) fn tcp_v4() -> Vec<u8> {
    let mut packet = Vec::new();
    PacketBuilder::ipv4(CLIENT, SERVER, 64)
        .tcp(41234, 465, 0xfedc_ba98, 8192)
        .ack(0x1234_5678)
        .psh()
        .options(&[
            TcpOptionElement::Noop,
            TcpOptionElement::Noop,
            TcpOptionElement::Timestamp(7, 9),
        ])
        .unwrap()
        .write(&mut packet, PAYLOAD)
        .unwrap();
    packet
}

/// An IPv4 packet that is nothing but an acknowledgement: 40 bytes.
pub(super) fn ack_v4() -> Vec<u8> {
    let mut packet = Vec::new();
    PacketBuilder::ipv4(CLIENT, SERVER, 64)
        .tcp(41234, 465, 1, 8192)
        .ack(2)
        .write(&mut packet, &[])
        .unwrap();
    packet
}

/// An IPv6 packet with 20 bytes of TCP header and [`PAYLOAD`].
pub(super) fn tcp_v6() -> Vec<u8> {
    let mut packet = Vec::new();
    PacketBuilder::ipv6(CLIENT_V6.octets(), SERVER_V6.octets(), 64)
        .tcp(41234, 465, 0xfedc_ba98, 8192)
        .ack(0x1234_5678)
        .write(&mut packet, PAYLOAD)
        .unwrap();
    packet
}

/// An IPv4 packet with a UDP datagram to port 53.
pub(super) fn udp_v4() -> Vec<u8> {
    let mut packet = Vec::new();
    PacketBuilder::ipv4(CLIENT, SERVER, 64)
        .udp(40000, 53)
        .write(&mut packet, PAYLOAD)
        .unwrap();
    packet
}

/// An IPv6 packet with a UDP datagram to port 53.
pub(super) fn udp_v6() -> Vec<u8> {
    let mut packet = Vec::new();
    PacketBuilder::ipv6(CLIENT_V6.octets(), SERVER_V6.octets(), 64)
        .udp(40000, 53)
        .write(&mut packet, PAYLOAD)
        .unwrap();
    packet
}

/// An IPv4 packet from a router, with an ICMP message whose header is `header`.
pub(super) fn icmp_v4(header: [u8; 8], quoted: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    PacketBuilder::ipv4([192, 0, 2, 1], CLIENT, 64)
        .icmpv4_raw(
            header[0],
            header[1],
            [header[4], header[5], header[6], header[7]],
        )
        .write(&mut packet, quoted)
        .unwrap();
    packet
}

/// An IPv6 packet from the server, with an ICMP message whose header is `header`.
pub(super) fn icmp_v6(header: [u8; 8], quoted: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    PacketBuilder::ipv6(SERVER_V6.octets(), CLIENT_V6.octets(), 64)
        .icmpv6_raw(
            header[0],
            header[1],
            [header[4], header[5], header[6], header[7]],
        )
        .write(&mut packet, quoted)
        .unwrap();
    packet
}

/// `packet`, which is IPv6, with the extension headers `headers`; each begins with the number of
/// what follows it, the last with that of the transport.
pub(super) fn with_extensions(packet: &[u8], first: u8, headers: &[u8]) -> Vec<u8> {
    let payload = [headers, &packet[40..]].concat();
    let payload_len = u16::try_from(payload.len()).unwrap();
    let mut header = packet[..40].to_vec();
    header[4..6].copy_from_slice(&payload_len.to_be_bytes());
    header[6] = first;
    [header, payload].concat()
}

/// A frame of each kind that is decoded, with its link type.
pub(super) fn each_kind() -> Vec<(u16, Vec<u8>)> {
    let tcp = tcp_v4();
    let all_extensions = [
        &[60, 0, 0, 0, 0, 0, 0, 0][..], // hop-by-hop
        &[43, 1, 0, 0, 0, 0, 0, 0],     // destination options, 16 bytes
        &[0; 8],
        &[44, 0, 0, 0, 0, 0, 0, 0],                        // routing
        &[51, 0, 0, 0, 0, 0, 0x12, 0x34],                  // an atomic fragment
        &[6, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0], // authentication
    ]
    .concat();
    let ip_packets = [
        tcp.clone(),
        ack_v4(),
        tcp_v6(),
        with_extensions(&tcp_v6(), 0, &all_extensions),
        udp_v4(),
        udp_v6(),
        icmp_v4([3, 4, 0, 0, 0, 0, 0x05, 0x14], &tcp[..28]),
        icmp_v6([1, 4, 0, 0, 0, 0, 0, 0], &udp_v6()),
    ];
    let headers: [(u16, &[u8]); 14] = [
        (239, &[2, 0, 0, 0, 8, 0, 1, 0, 8, 0, 3, 0, 0x44, 0, 9, 0]),
        (0, &[2, 0, 0, 0]),
        (0, &[0, 0, 0, 30]),
        (9, &[0xff, 0x03, 0x00, 0x21]),
        (9, &[0x57]),
        (104, &[0x0f, 0, 0x08, 0x00]),
        (108, &[0, 0, 0, 24]),
        (113, &[0, 0, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0x08, 0x00]),
        (
            276,
            &[
                0x08, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0,
            ],
        ),
        (ETHERNET, &[2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 0x08, 0x00]),
        (
            ETHERNET,
            &[
                2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 0x88, 0xa8, 0, 1, 0x81, 0, 0, 2, 0x86, 0xdd,
            ],
        ),
        (
            ETHERNET,
            &[
                2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 0, 60, 0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0x00,
            ],
        ),
        (
            ETHERNET,
            &[
                2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 0x88, 0x64, 0x11, 0, 0, 1, 0, 60, 0, 0x21,
            ],
        ),
        (
            ETHERNET,
            &[
                2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 0x88, 0x47, 0, 1, 0, 64, 0, 2, 1, 64,
            ],
        ),
    ];
    let encapsulated = testkit::encapsulation::all()
        .into_iter()
        .filter_map(|encapsulation| {
            let frame = encapsulation.frames().into_iter().next()?;
            Some((encapsulation.link_type, frame.data))
        });
    ip_packets
        .iter()
        .map(|packet| (RAW, packet.clone()))
        .chain(
            headers
                .iter()
                .map(|&(link_type, header)| (link_type, [header, &tcp].concat())),
        )
        .chain(encapsulated)
        .collect()
}
