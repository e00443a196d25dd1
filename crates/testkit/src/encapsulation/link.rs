//! Link types (<https://www.tcpdump.org/linktypes.html>).

use super::{
    Direction, Encapsulation, addresses, ether_type, ethernet, ethernet_ip, ppp_protocol, snap,
};
use crate::bytes::{be16, noise};
use crate::link::Link;
use crate::packet::Packet;

/// Every encapsulation of a link type.
pub(super) const ALL: &[Encapsulation] = &[
    Encapsulation::v4("link-null", 0, |p, _| one(&[&[2, 0, 0, 0], p.bytes()])),
    Encapsulation::v6("link-null-macos", 0, |p, _| {
        one(&[&[30, 0, 0, 0], p.bytes()])
    }),
    Encapsulation::v6("link-loop", 108, |p, _| one(&[&[0, 0, 0, 24], p.bytes()])),
    Encapsulation::v4("link-enc", 109, |p, _| {
        one(&[&[2, 0, 0, 0], &[0, 0, 0x10, 1], &[1, 0, 0, 0], p.bytes()])
    }),
    Encapsulation::v4("link-pflog", 117, pflog),
    Encapsulation::v4("link-ipnet", 226, |p, _| {
        let len = u32::try_from(p.bytes().len()).unwrap_or(0).to_be_bytes();
        one(&[&[1, 2, 0, 0], &len, &[0, 0, 0, 3], &[0; 12], p.bytes()])
    }),
    Encapsulation::v4("link-raw", 101, |p, _| one(&[p.bytes()])),
    Encapsulation::v4("link-raw-bsd", 12, |p, _| one(&[p.bytes()])),
    Encapsulation::v4("link-raw-openbsd", 14, |p, _| one(&[p.bytes()])),
    Encapsulation::v4("link-ipv4", 228, |p, _| one(&[p.bytes()])),
    Encapsulation::v6("link-ipv6", 229, |p, _| one(&[p.bytes()])),
    Encapsulation::v4("link-ethernet", 1, |p, d| vec![ethernet_ip(d, p.bytes())]),
    Encapsulation::v6("link-ethernet-vlan", 1, |p, d| {
        let tag = [&[0, 5][..], &ether_type(p.bytes()), p.bytes()].concat();
        vec![ethernet(d, [0x81, 0x00], &tag)]
    }),
    Encapsulation::v4("link-ethernet-qinq", 1, |p, d| {
        let inner = [&[0, 5][..], &ether_type(p.bytes()), p.bytes()].concat();
        vec![ethernet(
            d,
            [0x88, 0xa8],
            &[&[0, 7, 0x81, 0x00], &inner[..]].concat(),
        )]
    }),
    Encapsulation::v4("link-ethernet-vn-tag", 1, |p, d| {
        let tag = [&[0, 1, 0, 2][..], &ether_type(p.bytes()), p.bytes()].concat();
        vec![ethernet(d, [0x89, 0x26], &tag)]
    }),
    Encapsulation::v4("link-ethernet-snap", 1, |p, d| {
        let payload = snap(p.bytes());
        vec![ethernet(d, be16(payload.len()), &payload)]
    }),
    Encapsulation::v4("link-ethernet-pcapdroid", 1, pcapdroid),
    Encapsulation::v4("link-linux-sll", 113, |p, d| {
        vec![Link::Sll.frame(p, d == Direction::ToServer)]
    }),
    Encapsulation::v6("link-linux-sll2", 276, |p, d| {
        vec![Link::Sll2.frame(p, d == Direction::ToServer)]
    }),
    Encapsulation::v4("link-linux-sll-frame-relay", 113, |p, d| {
        vec![[&cooked(770)[..], &frame_relay(p, d)].concat()]
    }),
    Encapsulation::v4("link-linux-sll-radiotap", 113, |p, d| {
        vec![[&cooked(803)[..], &RADIOTAP, &wireless(p, d)].concat()]
    }),
    Encapsulation::v4("link-nflog", 239, |p, _| {
        let len = u16::try_from(p.bytes().len() + 4)
            .unwrap_or(0)
            .to_le_bytes();
        let prefix = [7, 0, 10, 0, b'i', b'n', 0, 0];
        one(&[&[2, 0, 0, 5], &prefix, &len, &[9, 0], p.bytes()])
    }),
    Encapsulation::v4("link-ppp", 9, |p, _| {
        one(&[&ppp_protocol(p.bytes()), p.bytes()])
    }),
    Encapsulation::v6("link-ppp-hdlc", 50, |p, _| {
        one(&[&[0xff, 3], &ppp_protocol(p.bytes()), p.bytes()])
    }),
    Encapsulation::v4("link-pppoe", 51, |p, _| vec![pppoe_session(p.bytes())]),
    Encapsulation::v4("link-ppp-pppd", 166, |p, d| {
        one(&[&[d.choose(1, 0), 3], &ppp_protocol(p.bytes()), p.bytes()])
    }),
    Encapsulation::v4("link-ppp-with-direction", 204, |p, d| {
        one(&[
            &[d.choose(1, 0), 0xff, 3],
            &ppp_protocol(p.bytes()),
            p.bytes(),
        ])
    }),
    Encapsulation::v4("link-cisco-hdlc", 104, |p, _| vec![cisco_hdlc(p)]),
    Encapsulation::v4("link-cisco-hdlc-with-direction", 205, |p, d| {
        one(&[&[d.choose(1, 0)], &cisco_hdlc(p)])
    }),
    Encapsulation::v4("link-frame-relay", 107, |p, d| vec![frame_relay(p, d)]),
    Encapsulation::v6("link-frame-relay-snap", 107, |p, _| {
        let header = [0x08, 0x01, 0x03, 0x00, 0x80, 0, 0, 0];
        one(&[&header, &ether_type(p.bytes()), p.bytes()])
    }),
    Encapsulation::v4("link-frame-relay-cisco", 107, |p, _| {
        one(&[&[0x08, 0x01], &ether_type(p.bytes()), p.bytes()])
    }),
    Encapsulation::v4("link-frame-relay-with-direction", 206, |p, d| {
        one(&[&[d.choose(1, 0)], &frame_relay(p, d)])
    }),
    Encapsulation::v4("link-juniper-ethernet", 178, |p, d| {
        one(&[&juniper(d), &ethernet_ip(d, p.bytes())])
    }),
    Encapsulation::v4("link-juniper-ppp", 179, |p, d| {
        one(&[&juniper(d), &[0xff, 3], &ppp_protocol(p.bytes()), p.bytes()])
    }),
    Encapsulation::v4("link-juniper-frame-relay", 180, |p, d| {
        one(&[&juniper(d), &frame_relay(p, d)])
    }),
    Encapsulation::v4("link-juniper-cisco-hdlc", 181, |p, d| {
        one(&[&juniper(d), &cisco_hdlc(p)])
    }),
    Encapsulation::v4("link-juniper-atm1", 137, |p, d| {
        one(&[&juniper(d), &[0x40, 0, 1, 0], &snap(p.bytes())])
    }),
    Encapsulation::v4("link-fddi", 10, |p, d| {
        one(&[&[0x50], &addresses(d).concat(), &snap(p.bytes())])
    }),
    Encapsulation::v4("link-atm-rfc1483", 100, |p, _| vec![snap(p.bytes())]),
    Encapsulation::v4("link-atm-clip", 106, |p, _| one(&[p.bytes()])),
    Encapsulation::v4("link-ipoib", 242, |p, _| {
        one(&[&noise(1, 40), &ether_type(p.bytes()), &[0, 0], p.bytes()])
    }),
    Encapsulation::v4("link-wireless", 105, |p, d| vec![wireless(p, d)]),
    Encapsulation::v6("link-wireless-qos", 105, |p, d| {
        let control = [0x88, to_or_from(d), 0, 0];
        one(&[
            &control,
            &stations(d),
            &[0x10, 0],
            &[5, 0],
            &snap(p.bytes()),
        ])
    }),
    Encapsulation::v4("link-wireless-four-addresses", 105, |p, d| {
        let [_, source] = addresses(d);
        let control = [0x08, 0x03, 0, 0];
        one(&[
            &control,
            &stations(d),
            &[0x10, 0],
            &source,
            &snap(p.bytes()),
        ])
    }),
    Encapsulation::v4("link-wireless-aggregate", 105, |p, d| {
        let payload = snap(p.bytes());
        let subframe = ethernet(d, be16(payload.len()), &payload);
        let control = [0x88, to_or_from(d), 0, 0];
        one(&[&control, &stations(d), &[0x10, 0], &[0x85, 0], &subframe])
    }),
    Encapsulation::v4("link-radiotap", 127, |p, d| {
        one(&[&RADIOTAP, &wireless(p, d)])
    }),
    Encapsulation::v4("link-radiotap-padded", 127, |p, d| {
        // Two words of bits; a time, then flags: padding behind the header, a checksum at the end.
        let header = [0, 0, 25, 0, 0x03, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0];
        let fields = [1, 2, 3, 4, 5, 6, 7, 8, 0x30];
        let control = [0x88, to_or_from(d), 0, 0];
        one(&[
            &header,
            &fields,
            &control,
            &stations(d),
            &[0x10, 0],
            &[5, 0],
            &[0, 0],
            &snap(p.bytes()),
            &[0xde, 0xad, 0xbe, 0xef],
        ])
    }),
    Encapsulation::v4("link-prism", 119, |p, d| {
        let header = [&[0x44, 0, 0, 0, 144, 0, 0, 0][..], b"wlan0", &[0; 131]].concat();
        one(&[&header, &wireless(p, d)])
    }),
    Encapsulation::v4("link-prism-avs", 119, |p, d| {
        one(&[&avs(), &wireless(p, d)])
    }),
    Encapsulation::v4("link-avs", 163, |p, d| one(&[&avs(), &wireless(p, d)])),
    Encapsulation::v4("link-ppi", 192, |p, d| {
        one(&[&[0, 0, 8, 0, 105, 0, 0, 0], &wireless(p, d)])
    }),
    Encapsulation::v4("link-pktap", 258, pktap),
    Encapsulation::v4("link-pktap-private", 149, pktap),
    Encapsulation::v4("link-mpls", 219, |p, _| {
        one(&[&[0, 0x10, 1, 64], p.bytes()])
    }),
];

/// One frame of these parts.
fn one(parts: &[&[u8]]) -> Vec<Vec<u8>> {
    vec![parts.concat()]
}

/// OpenBSD's, of 61 bytes and what pads it to 4: length, family, action, reason, interface, rule set,
/// rule numbers, ids, direction.
fn pflog(packet: &Packet, direction: Direction) -> Vec<Vec<u8>> {
    let mut header = vec![61, 2, 0, 0];
    header.extend(b"em0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    header.extend([0; 16]);
    header.extend([0, 0, 0, 7, 0xff, 0xff, 0xff, 0xff]);
    header.extend([0; 16]);
    header.extend([direction.choose(2, 1), 0, 0, 0]);
    one(&[&header, packet.bytes()])
}

/// With the extensions of `PCAPdroid`: addresses of 0, padding to 4 bytes, a trailer.
fn pcapdroid(packet: &Packet, _: Direction) -> Vec<Vec<u8>> {
    let mut frame = [&[0; 12][..], &ether_type(packet.bytes()), packet.bytes()].concat();
    frame.resize(frame.len().next_multiple_of(4), 0);
    frame.extend([0x01, 0x07, 0x20, 0x21]);
    frame.extend(10_123_u32.to_be_bytes());
    frame.extend(b"Example Browser\0\0\0\0\0");
    frame.extend([0x12, 0x34, 0x56, 0x78]);
    vec![frame]
}

/// Linux's header for a device of that type, whose protocol means nothing.
fn cooked(device: u16) -> Vec<u8> {
    let [high, low] = device.to_be_bytes();
    [&[0, 0, high, low][..], &[0; 12]].concat()
}

fn pppoe_session(packet: &[u8]) -> Vec<u8> {
    let len = be16(packet.len() + 2);
    [
        &[0x11, 0, 0x12, 0x34][..],
        &len,
        &ppp_protocol(packet),
        packet,
    ]
    .concat()
}

fn cisco_hdlc(packet: &Packet) -> Vec<u8> {
    [&[0x0f, 0][..], &ether_type(packet.bytes()), packet.bytes()].concat()
}

/// RFC 2427: an address of two bytes, unnumbered information, the protocol.
fn frame_relay(packet: &Packet, direction: Direction) -> Vec<u8> {
    let protocol = if packet.source().is_ipv4() {
        0xcc
    } else {
        0x8e
    };
    [
        &[direction.choose(0x18, 0x1a), 0x41, 0x03, protocol][..],
        packet.bytes(),
    ]
    .concat()
}

/// With one extension of 6 bytes.
fn juniper(direction: Direction) -> [u8; 12] {
    [
        b'M',
        b'G',
        b'C',
        direction.choose(0x80, 0x81),
        0,
        6,
        1,
        1,
        1,
        2,
        1,
        0,
    ]
}

/// Version 0, 8 bytes, no fields.
const RADIOTAP: [u8; 8] = [0, 0, 8, 0, 0, 0, 0, 0];

/// The flags of a frame to the distribution system or from it.
fn to_or_from(direction: Direction) -> u8 {
    direction.choose(0x01, 0x02)
}

/// The three addresses of a frame between a station and its access point.
fn stations(direction: Direction) -> Vec<u8> {
    const ACCESS_POINT: [u8; 6] = [0x02, 0, 0, 0, 0, 0xaa];
    let [destination, source] = addresses(direction);
    direction
        .choose(
            [ACCESS_POINT, source, destination],
            [destination, ACCESS_POINT, source],
        )
        .concat()
}

/// An IEEE 802.11 data frame.
fn wireless(packet: &Packet, direction: Direction) -> Vec<u8> {
    let control = [0x08, to_or_from(direction), 0, 0];
    [
        &control[..],
        &stations(direction),
        &[0x10, 0],
        &snap(packet.bytes()),
    ]
    .concat()
}

/// The header of the AVS project, version 1: 64 bytes.
fn avs() -> Vec<u8> {
    [&[0x80, 0x21, 0x10, 0x01, 0, 0, 0, 64][..], &[0; 56]].concat()
}

/// Apple's header of 108 bytes: length, kind of record, link type, interface, flags, family, the
/// lengths of header and trailer, process.
fn pktap(packet: &Packet, direction: Direction) -> Vec<Vec<u8>> {
    let mut header = Vec::new();
    for number in [108_u32, 1, 1] {
        header.extend(number.to_le_bytes());
    }
    header.extend(b"en0");
    header.resize(36, 0);
    for number in [direction.choose(2_u32, 1), 2, 14, 0, 501] {
        header.extend(number.to_le_bytes());
    }
    header.extend(b"mail");
    header.resize(108, 0);
    one(&[&header, &ethernet_ip(direction, packet.bytes())])
}
