//! Tunnels, each in Ethernet frames.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Direction, Encapsulation, ether_type, ethernet, ethernet_ip, fragments, ppp_protocol};
use crate::bytes::be16;
use crate::packet::{IpHeader, Packet};

const IP_IN_IP: u8 = 4;
const IPV6: u8 = 41;
const GRE: u8 = 47;
const AUTHENTICATION: u8 = 51;
const ETHER_IP: u8 = 97;
const L2TP: u8 = 115;
const MPLS: u8 = 137;

/// Every tunnel.
pub(super) const ALL: &[Encapsulation] = &[
    Encapsulation::v4("tunnel-pppoe", 1, |p, d| {
        let len = be16(p.bytes().len() + 2);
        let session = [
            &[0x11, 0, 0x12, 0x34][..],
            &len,
            &ppp_protocol(p.bytes()),
            p.bytes(),
        ];
        vec![ethernet(d, [0x88, 0x64], &session.concat())]
    }),
    Encapsulation::v4("tunnel-mpls", 1, |p, d| {
        let labels = [0, 0x10, 0, 64, 0, 0x20, 1, 64];
        vec![ethernet(d, [0x88, 0x47], &[&labels, p.bytes()].concat())]
    }),
    Encapsulation::v4("tunnel-mpls-pseudowire", 1, |p, d| {
        let header = [0, 0x10, 1, 64, 0, 0, 0, 0]; // a label, a control word
        let frame = ethernet_ip(d, p.bytes());
        vec![ethernet(d, [0x88, 0x47], &[&header[..], &frame].concat())]
    }),
    Encapsulation::v4("tunnel-service-header", 1, |p, d| {
        // Type 2 without metadata; the next protocol is IPv4, the path 1, the index 255.
        let header = [0x0f, 0xc2, 2, 1, 0, 0, 1, 255];
        vec![ethernet(d, [0x89, 0x4f], &[&header, p.bytes()].concat())]
    }),
    Encapsulation::v4("tunnel-ip-in-ip", 1, |p, d| v4(d, IP_IN_IP, p.bytes())),
    Encapsulation::v6("tunnel-6in4", 1, |p, d| v4(d, IPV6, p.bytes())),
    Encapsulation::v4("tunnel-4in6", 1, |p, d| v6(d, IP_IN_IP, p.bytes())),
    Encapsulation::v6("tunnel-6in6", 1, |p, d| v6(d, IPV6, p.bytes())),
    Encapsulation::v4("tunnel-mpls-in-ip", 1, |p, d| {
        v4(d, MPLS, &[&[0, 0x10, 1, 64], p.bytes()].concat())
    }),
    Encapsulation::v4("tunnel-authentication", 1, |p, d| {
        let header = [IP_IN_IP, 4, 0, 0, 0, 0, 0x10, 1, 0, 0, 0, 1];
        v4(
            d,
            AUTHENTICATION,
            &[&header[..], &[0x5a; 12], p.bytes()].concat(),
        )
    }),
    Encapsulation::v4("tunnel-etherip", 1, |p, d| {
        v4(
            d,
            ETHER_IP,
            &[&[0x30, 0], &ethernet_ip(d, p.bytes())[..]].concat(),
        )
    }),
    Encapsulation::v4("tunnel-gre", 1, |p, d| {
        v4(
            d,
            GRE,
            &[&[0, 0], &ether_type(p.bytes()), p.bytes()].concat(),
        )
    }),
    Encapsulation::v6("tunnel-gre-all-fields", 1, |p, d| {
        // A checksum (not right, and not looked at), a key, a sequence number.
        let header = [
            &[0xb0, 0][..],
            &ether_type(p.bytes()),
            &[1, 2, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1],
        ];
        v4(d, GRE, &[&header.concat()[..], p.bytes()].concat())
    }),
    Encapsulation::v4("tunnel-gre-bridge", 1, |p, d| {
        v6(
            d,
            GRE,
            &[&[0, 0, 0x65, 0x58], &ethernet_ip(d, p.bytes())[..]].concat(),
        )
    }),
    Encapsulation::v4("tunnel-gre-in-udp", 1, |p, d| {
        let header = [&[0, 0][..], &ether_type(p.bytes())].concat();
        udp(d, 49_152, 4754, &[&header, p.bytes()].concat())
    }),
    Encapsulation::v4("tunnel-wccp", 1, |p, d| {
        v4(
            d,
            GRE,
            &[&[0, 0, 0x88, 0x3e, 0, 0, 0, 0], p.bytes()].concat(),
        )
    }),
    Encapsulation::v4("tunnel-pptp", 1, |p, d| {
        let ppp = [&[0xff, 3][..], &ppp_protocol(p.bytes()), p.bytes()].concat();
        let header = [0x30, 0x81, 0x88, 0x0b];
        let numbers = [0, d.choose(1, 2), 0, 0, 0, 9, 0, 0, 0, 8];
        v4(
            d,
            GRE,
            &[&header[..], &be16(ppp.len()), &numbers, &ppp].concat(),
        )
    }),
    Encapsulation::v4("tunnel-erspan-1", 1, |p, d| {
        v4(
            d,
            GRE,
            &[&[0, 0, 0x88, 0xbe], &ethernet_ip(d, p.bytes())[..]].concat(),
        )
    }),
    Encapsulation::v4("tunnel-erspan-2", 1, |p, d| {
        let header = [0x10, 0, 0x88, 0xbe, 0, 0, 0, 1];
        let mirror = [0x10, 0x05, 0, 0x64, 0, 0, 0, 1];
        v4(
            d,
            GRE,
            &[&header[..], &mirror, &ethernet_ip(d, p.bytes())].concat(),
        )
    }),
    Encapsulation::v4("tunnel-erspan-3", 1, |p, d| {
        let header = [0x10, 0, 0x22, 0xeb, 0, 0, 0, 1];
        let mirror = [0x20, 0x05, 0, 0x64, 0, 0, 0, 9, 0, 0, 0, 0x01];
        let platform = [0x0c, 0, 0, 0, 0, 0, 0, 0];
        v4(
            d,
            GRE,
            &[&header[..], &mirror, &platform, &ethernet_ip(d, p.bytes())].concat(),
        )
    }),
    Encapsulation::v4("tunnel-vxlan", 1, |p, d| {
        udp(d, 49_153, 4789, &vxlan(&ethernet_ip(d, p.bytes())))
    }),
    Encapsulation::v6("tunnel-vxlan-linux", 1, |p, d| {
        udp(d, 49_153, 8472, &vxlan(&ethernet_ip(d, p.bytes())))
    }),
    Encapsulation::v4("tunnel-vxlan-gpe", 1, |p, d| {
        udp(
            d,
            49_153,
            4790,
            &[&[0x0c, 0, 0, 1, 0, 0, 7, 0], p.bytes()].concat(),
        )
    }),
    Encapsulation::v4("tunnel-geneve", 1, |p, d| {
        // One option of 8 bytes.
        let header = [0x02, 0, 0x65, 0x58, 0, 0, 7, 0, 1, 2, 3, 1, 5, 6, 7, 8];
        udp(
            d,
            49_154,
            6081,
            &[&header[..], &ethernet_ip(d, p.bytes())].concat(),
        )
    }),
    Encapsulation::v4("tunnel-gtp", 1, |p, d| {
        let header = [&[0x30, 0xff][..], &be16(p.bytes().len()), &teid(d)].concat();
        udp(d, 2152, 2152, &[&header, p.bytes()].concat())
    }),
    Encapsulation::v6("tunnel-gtp-extension", 1, |p, d| {
        // A sequence number, and the container of a session of 5G.
        let more = [0, 1, 0, 0x85, 1, 0x10, 0x09, 0];
        let header = [
            &[0x36, 0xff][..],
            &be16(p.bytes().len() + 8),
            &teid(d),
            &more,
        ]
        .concat();
        udp(d, 2152, 2152, &[&header, p.bytes()].concat())
    }),
    Encapsulation::v6("tunnel-teredo", 1, |p, d| {
        udp(d, d.choose(51_000, 3544), d.choose(3544, 51_000), p.bytes())
    }),
    Encapsulation::v6("tunnel-teredo-indications", 1, |p, d| {
        let authentication = [0, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0];
        let origin = [0, 0, 0x38, 0xc7, 0x3f, 0xfd, 0xfd, 0xfe];
        let header = [&authentication[..], &origin, p.bytes()].concat();
        udp(d, d.choose(51_000, 3544), d.choose(3544, 51_000), &header)
    }),
    Encapsulation::v4("tunnel-l2tp", 1, |p, d| {
        let ppp = [&[0xff, 3][..], &ppp_protocol(p.bytes()), p.bytes()].concat();
        // A length, sequence numbers, and padding of 2 bytes.
        let numbers = [0, 9, 0, d.choose(1, 2), 0, 5, 0, 0, 0, 2, 0, 0];
        let header = [&[0x4a, 0x02][..], &be16(ppp.len() + 16), &numbers].concat();
        udp(d, 1701, 1701, &[&header[..], &ppp].concat())
    }),
    Encapsulation::v4("tunnel-l2tp-v3", 1, |p, d| {
        // A session, a cookie of 4 bytes, the default sublayer.
        let header = [
            0,
            3,
            0,
            0,
            0,
            0,
            0,
            d.choose(1, 2),
            0xc0,
            0xc1,
            0xc2,
            0xc3,
            0,
            0,
            0,
            0,
        ];
        udp(
            d,
            1701,
            1701,
            &[&header[..], &ethernet_ip(d, p.bytes())].concat(),
        )
    }),
    Encapsulation::v4("tunnel-l2tp-v3-ip", 1, |p, d| {
        let header = [0, 0, 0, d.choose(1, 2)];
        v4(d, L2TP, &[&header[..], &ethernet_ip(d, p.bytes())].concat())
    }),
    Encapsulation::v4("tunnel-four-deep", 1, |p, d| {
        let gre = [&[0, 0][..], &ether_type(p.bytes()), p.bytes()].concat();
        let gre = outer_v4(d, GRE, &gre);
        let gtp = [
            &[0x30, 0xff][..],
            &be16(gre.bytes().len()),
            &teid(d),
            gre.bytes(),
        ]
        .concat();
        let gtp = Packet::udp(outer(d), 2152, 2152, &gtp);
        let bare = outer_v4(d, IP_IN_IP, gtp.bytes());
        udp(d, 49_153, 4789, &vxlan(&ethernet_ip(d, bare.bytes())))
    }),
    Encapsulation::v4("tunnel-in-fragments", 1, |p, d| {
        let whole = Packet::udp(outer(d), 49_153, 4789, &vxlan(&ethernet_ip(d, p.bytes())));
        in_fragments(d, &whole)
    }),
    Encapsulation::v6("tunnel-in-fragments-ipv6", 1, |p, d| {
        let header = [&[0, 0][..], &ether_type(p.bytes()), p.bytes()].concat();
        in_fragments(d, &Packet::ip(outer_of_v6(d), GRE, &header))
    }),
];

/// Between the two ends of a tunnel.
fn outer(direction: Direction) -> IpHeader {
    let near = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    let far = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1));
    between(direction, near, far)
}

fn outer_of_v6(direction: Direction) -> IpHeader {
    let near = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 1));
    let far = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 2, 0, 0, 0, 0, 1));
    between(direction, near, far)
}

fn between(direction: Direction, near: IpAddr, far: IpAddr) -> IpHeader {
    direction.choose(IpHeader::new(near, far), IpHeader::new(far, near))
}

fn outer_v4(direction: Direction, protocol: u8, payload: &[u8]) -> Packet {
    Packet::ip(outer(direction), protocol, payload)
}

fn v4(direction: Direction, protocol: u8, payload: &[u8]) -> Vec<Vec<u8>> {
    vec![ethernet_ip(
        direction,
        outer_v4(direction, protocol, payload).bytes(),
    )]
}

fn v6(direction: Direction, protocol: u8, payload: &[u8]) -> Vec<Vec<u8>> {
    let packet = Packet::ip(outer_of_v6(direction), protocol, payload);
    vec![ethernet_ip(direction, packet.bytes())]
}

fn udp(direction: Direction, source: u16, destination: u16, payload: &[u8]) -> Vec<Vec<u8>> {
    let packet = Packet::udp(outer(direction), source, destination, payload);
    vec![ethernet_ip(direction, packet.bytes())]
}

/// With the number 7 of the network.
fn vxlan(frame: &[u8]) -> Vec<u8> {
    [&[0x08, 0, 0, 0, 0, 0, 7, 0][..], frame].concat()
}

/// Each end chooses the number by which it is sent to.
fn teid(direction: Direction) -> [u8; 4] {
    direction.choose([0, 0, 0x12, 0x34], [0, 0, 0x56, 0x78])
}

/// In pieces of 128 bytes, the last one first: as they may overtake each other.
fn in_fragments(direction: Direction, packet: &Packet) -> Vec<Vec<u8>> {
    let pieces = fragments(packet, 128);
    let frames = pieces
        .iter()
        .rev()
        .map(|piece| ethernet_ip(direction, piece.bytes()));
    frames.collect()
}
