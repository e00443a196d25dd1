//! Each header of a link layer, in front of an IPv4 and an IPv6 packet.

use crate::capture::LinkType;
use crate::decode::packet::Packet;
use crate::decode::sample::{self, ETHERNET, PAYLOAD, decode, ethernet, segment, tcp_v4, tcp_v6};
use crate::decode::undecoded::Undecoded;

/// Asserts that `headers` of `link_type` are taken off the packet behind them.
fn assert_taken_off(link_type: u16, headers: &[u8]) {
    for packet in [tcp_v4(), tcp_v6()] {
        let data = [headers, &packet].concat();
        let segment = segment(link_type, &data);
        assert_eq!(segment.destination.port, 465, "{headers:x?}");
        assert_eq!(segment.payload, PAYLOAD, "{headers:x?}");
    }
}

fn cooked(device: u16, protocol: u16) -> Vec<u8> {
    let [a, b] = device.to_be_bytes();
    let [c, d] = protocol.to_be_bytes();
    vec![0, 4, a, b, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, c, d]
}

fn cooked_v2(device: u16, protocol: u16) -> Vec<u8> {
    let [a, b] = device.to_be_bytes();
    let [c, d] = protocol.to_be_bytes();
    vec![c, d, 0, 0, 0, 0, 0, 1, a, b, 4, 6, 0, 0, 0, 0, 0, 0, 0, 0]
}

#[test]
fn raw_ip_has_no_header_whatever_its_number() {
    for link_type in [12, 14, 101, 228, 229] {
        assert_taken_off(link_type, &[]);
    }
}

#[test]
fn a_wrong_ether_type_of_ip_does_not_hide_the_packet() {
    assert_taken_off(ETHERNET, &ethernet(0x0800, &[]));
    assert_taken_off(ETHERNET, &ethernet(0x86dd, &[]));
}

#[test]
fn up_to_eight_vlan_tags_of_any_kind_are_taken_off() {
    for tag in [0x81_00_u16, 0x88a8, 0x9100, 0x9200] {
        for count in 1..=8 {
            let [high, low] = tag.to_be_bytes();
            let more = [0x20, 5, high, low].repeat(count - 1);
            let tags = [&more[..], &[0x20, 6, 0x08, 0x00]].concat();
            assert_taken_off(ETHERNET, &ethernet(tag, &tags));
        }
    }
}

#[test]
fn a_vn_tag_is_taken_off() {
    let tags = [0x80, 0, 0, 1, 0x81, 0x00, 0, 5, 0x86, 0xdd];
    assert_taken_off(ETHERNET, &ethernet(0x8926, &tags));
}

#[test]
fn a_frame_full_of_headers_is_an_error_not_a_hang() {
    let tags = [0, 0, 0x81, 0x00].repeat(16_000);
    let snaps = [0xaa, 0xaa, 3, 0, 0, 0, 0, 9].repeat(8_000);
    let labels = [0, 0, 0, 64].repeat(16_000);
    for (ether_type, payload) in [(0x8100, &tags[..]), (9, &snaps), (0x8847, &labels)] {
        let error = decode(ETHERNET, &ethernet(ether_type, payload)).unwrap_err();
        assert!(matches!(error, Undecoded::Malformed(_)), "{error:?}");
    }
}

#[test]
fn linux_cooked_captures_of_any_device_are_read() {
    // Ethernet, loopback, none (tun), PPP, raw IP, GRE, InfiniBand
    for device in [1, 772, 65534, 512, 519, 778, 32] {
        assert_taken_off(113, &cooked(device, 0x0800));
        assert_taken_off(276, &cooked_v2(device, 0x86dd));
    }
    let tag = [0, 5, 0x08, 0x00];
    assert_taken_off(113, &[&cooked(1, 0x8100)[..], &tag].concat());
    assert_taken_off(276, &[&cooked_v2(1, 0x8100)[..], &tag].concat());
    let snap = [0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0x00];
    assert_taken_off(113, &[&cooked(1, 4)[..], &snap].concat());
}

#[test]
fn numbers_that_linux_made_up_are_not_taken_for_lengths() {
    let can = [&cooked(280, 0x000c)[..], &[0; 16]].concat();
    assert_eq!(decode(113, &can), Err(Undecoded::EtherType(0x000c)));
    let netlink = [&cooked(824, 0x0800)[..], &[0; 16]].concat();
    assert_eq!(decode(113, &netlink), Ok(Packet::Other));
}

#[test]
fn loopback_families_are_read_in_either_byte_order() {
    for family in [2_u32, 10, 23, 24, 28, 30] {
        assert_taken_off(0, &family.to_le_bytes());
        assert_taken_off(0, &family.to_be_bytes());
        assert_taken_off(108, &family.to_be_bytes());
    }
    let family_of_osi = [&[7, 0, 0, 0][..], &tcp_v4()].concat();
    assert_eq!(decode(0, &family_of_osi), Err(Undecoded::AddressFamily(7)));
    let swapped = [&[2, 0, 0, 0][..], &tcp_v4()].concat();
    assert_eq!(
        decode(108, &swapped),
        Err(Undecoded::AddressFamily(0x0200_0000))
    );
}

#[test]
fn the_packet_in_a_netfilter_log_is_found_in_either_byte_order() {
    let little = [
        &[2, 0, 0, 5][..],
        &[8, 0, 1, 0, 8, 0, 3, 0],
        &[7, 0, 10, 0, b'i', b'n', 0, 0],
        &[0x90, 0, 9, 0],
    ]
    .concat();
    let big = [
        &[10, 0, 0, 5][..],
        &[0, 8, 0, 1, 8, 0, 3, 0],
        &[0, 7, 0, 10, b'i', b'n', 0, 0],
        &[0, 0x90, 0, 9],
    ]
    .concat();
    assert_taken_off(239, &little);
    assert_taken_off(239, &big);
    let bridge = [7, 0, 0, 0, 8, 0, 9, 0, 0, 0, 0, 0];
    assert_eq!(decode(239, &bridge), Err(Undecoded::AddressFamily(7)));
    let no_packet = [&[2, 0, 0, 5][..], &[0; 400]].concat();
    let error = decode(239, &no_packet).unwrap_err();
    assert!(matches!(error, Undecoded::Malformed(_)), "{error:?}");
}

#[test]
fn snap_with_an_ether_type_is_read_and_other_llc_is_no_error() {
    for organisation in [[0, 0, 0], [0, 0, 0xf8]] {
        let [a, b, c] = organisation;
        let snap = [0xaa, 0xaa, 3, a, b, c, 0x08, 0x00];
        assert_taken_off(ETHERNET, &ethernet(60, &snap));
        assert_taken_off(ETHERNET, &ethernet(0x8870, &snap));
    }
    let spanning_tree = ethernet(38, &[&[0x42, 0x42, 3][..], &[0; 43]].concat());
    assert_eq!(decode(ETHERNET, &spanning_tree), Ok(Packet::Other));
    let cisco = [0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0x00];
    assert_eq!(decode(ETHERNET, &ethernet(60, &cisco)), Ok(Packet::Other));
}

#[test]
fn ppp_is_read_with_and_without_its_optional_bytes() {
    for header in [
        &[0xff, 3, 0, 0x21][..],
        &[0xff, 3, 0x21],
        &[0, 0x57],
        &[0x57],
        &[0x02, 0x81, 0, 1, 1, 64],
    ] {
        assert_taken_off(9, header);
        assert_taken_off(50, header);
    }
    assert_taken_off(104, &[0x8f, 0, 0x86, 0xdd]);
    let session = ethernet(0x8864, &[0x11, 0, 0, 1, 0, 60, 0, 0x21]);
    assert_taken_off(ETHERNET, &session);
    let link_control = [0xff, 3, 0xc0, 0x21, 1, 1, 0, 4];
    assert_eq!(decode(9, &link_control), Ok(Packet::Other));
    assert_eq!(
        decode(9, &[0xff, 3, 0, 0x2d, 0, 0]),
        Err(Undecoded::PppProtocol(0x2d))
    );
}

#[test]
fn a_label_stack_is_read_if_it_carries_ip() {
    assert_taken_off(ETHERNET, &ethernet(0x8847, &[0, 1, 0, 64, 0, 2, 1, 64]));
    let pseudowire = ethernet(0x8847, &[0, 1, 1, 64, 0, 0, 0, 0, 2, 2, 2, 2]);
    assert_eq!(
        decode(ETHERNET, &pseudowire),
        Err(Undecoded::EtherType(0x8847))
    );
}

#[test]
fn what_is_not_understood_is_named() {
    let macsec = sample::ethernet(0x88e5, &[0; 46]);
    assert_eq!(decode(ETHERNET, &macsec), Err(Undecoded::EtherType(0x88e5)));
    assert_eq!(
        decode(147, &[0; 60]),
        Err(Undecoded::LinkType(LinkType(147)))
    );
    let arp = sample::ethernet(0x0806, &[0; 46]);
    assert_eq!(decode(ETHERNET, &arp), Ok(Packet::Other));
}

/// An IEEE 802.11 data frame with these first two bytes and that fragment number.
fn wireless(control: [u8; 2], fragment: u8, behind: &[u8]) -> Vec<u8> {
    [&control[..], &[0; 20], &[fragment, 0], behind].concat()
}

const SNAP: [u8; 8] = [0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0x00];

#[test]
fn wireless_frames_that_cannot_be_read_are_named() {
    let unsupported = |frame: &[u8]| match decode(105, &[frame, &tcp_v4()].concat()) {
        Err(error @ Undecoded::Unsupported(_)) => error.to_string(),
        other => panic!("not unsupported but {other:?}"),
    };
    let encrypted = wireless([0x08, 0x41], 0x10, &SNAP);
    assert_eq!(
        unsupported(&encrypted),
        "encrypted 802.11 frames are not supported"
    );
    let fragment = wireless([0x08, 0x01], 0x11, &SNAP);
    assert_eq!(
        unsupported(&fragment),
        "fragments of 802.11 frames are not supported"
    );
    // A subframe of 20 bytes where there are more.
    let subframe = [&[0x80, 0][..], &[2; 12], &[0, 20]].concat();
    let several = unsupported(&wireless([0x88, 0x01], 0x10, &subframe));
    assert!(several.contains("A-MSDU"), "{several}");
}

#[test]
fn wireless_control_and_frames_without_data_are_no_error() {
    // A beacon, an acknowledgement, a null function with and without QoS, another version.
    for control in [0x80, 0xd4, 0x48, 0xc8, 0x09] {
        let frame = wireless([control, 0x40], 0, &SNAP);
        assert_eq!(decode(105, &frame), Ok(Packet::Other), "{control:#x}");
    }
}

#[test]
fn a_wireless_header_with_every_optional_field_is_taken_off() {
    // Four addresses, QoS, HT control.
    let fields = [&[2; 6][..], &[5, 0], &[0; 4], &SNAP].concat();
    assert_taken_off(105, &wireless([0x88, 0x83], 0x10, &fields));
    assert_taken_off(105, &wireless([0x08, 0x81], 0x10, &SNAP));
}

#[test]
fn a_radiotap_header_of_any_length_is_taken_off_or_an_error() {
    let data = [&wireless([0x08, 0x01], 0x10, &SNAP)[..], &tcp_v4()].concat();
    // Flags without a time, then more words of bits than there are bytes.
    assert_taken_off(
        127,
        &[&[0, 0, 9, 0, 2, 0, 0, 0, 0][..], &data[..32]].concat(),
    );
    let endless = [&[0, 0, 8, 0][..], &[0xff; 2000]].concat();
    assert_eq!(decode(127, &endless), Ok(Packet::Other));
    let beyond = [&[0, 0, 0xff, 0xff, 0, 0, 0, 0][..], &data].concat();
    let error = decode(127, &beyond).unwrap_err();
    assert!(matches!(error, Undecoded::Malformed(_)), "{error:?}");
}

#[test]
fn frame_relay_is_read_with_every_length_of_address() {
    for address in [
        &[0x18, 0x41][..],
        &[0x18, 0x40, 0x41],
        &[0x18, 0x40, 0x40, 0x41],
    ] {
        assert_taken_off(107, &[address, &[0x03, 0xcc]].concat());
        assert_taken_off(107, &[address, &[0x03, 0x00, 0x8e]].concat());
        assert_taken_off(107, &[address, &[0x86, 0xdd]].concat());
    }
    let bridged = [0x18, 0x41, 0x03, 0x00, 0x80, 0x00, 0x80, 0xc2, 0x00, 0x07];
    assert_taken_off(107, &[&bridged[..], &ethernet(0x0800, &[])].concat());
    assert_taken_off(107, &[0x18, 0x41, 0x03, 0xcf, 0x00, 0x21]);
    let management = [0x00, 0x01, 0x03, 0x08, 0x00, 0x75];
    assert_eq!(decode(107, &management), Ok(Packet::Other));
    let compressed = decode(107, &[0x18, 0x41, 0x03, 0xb0, 0, 0]).unwrap_err();
    assert!(
        matches!(compressed, Undecoded::Unsupported(_)),
        "{compressed:?}"
    );
}

#[test]
fn junipers_header_tells_whether_a_link_layer_follows() {
    assert_taken_off(178, &[b'M', b'G', b'C', 0x02, 0, 0, 0, 0]);
    assert_taken_off(
        178,
        &[&[b'M', b'G', b'C', 0][..], &ethernet(0x0800, &[])].concat(),
    );
    assert_taken_off(137, &[b'M', b'G', b'C', 0, 0x40, 0, 0, 0]);
    let cells = [&[b'M', b'G', b'C', 0, 0x80, 0, 0, 0][..], &tcp_v4()].concat();
    assert_eq!(decode(137, &cells), Ok(Packet::Other));
    let error = decode(178, &[0; 60]).unwrap_err();
    assert!(matches!(error, Undecoded::Malformed(_)), "{error:?}");
}

#[test]
fn a_private_link_type_is_apples_only_where_it_looks_so() {
    let mut header = [0; 108];
    for (at, number) in [(0, 108_u8), (4, 1), (8, 1)] {
        header[at] = number;
    }
    let frame = [&header[..], &ethernet(0x0800, &[])].concat();
    assert_taken_off(149, &frame);
    assert_taken_off(258, &frame);
    // Not a packet, or too short a header.
    for (at, number) in [(4, 2), (0, 12)] {
        let mut data = [&frame[..], &tcp_v4()].concat();
        data[at] = number;
        assert_eq!(decode(149, &data), Err(Undecoded::LinkType(LinkType(149))));
        assert!(!matches!(decode(258, &data), Ok(Packet::Tcp(_))));
    }
}

#[test]
fn link_types_within_link_types_end_somewhere() {
    let ppi = [0, 0, 8, 0, 192, 0, 0, 0].repeat(1000);
    let error = decode(192, &ppi).unwrap_err();
    assert!(matches!(error, Undecoded::Malformed(_)), "{error:?}");
    let service = ethernet(0x894f, &[0x0f, 0, 1, 4].repeat(1000));
    let error = decode(ETHERNET, &service).unwrap_err();
    assert!(matches!(error, Undecoded::Malformed(_)), "{error:?}");
}

#[test]
fn fddi_and_classical_ip_are_read_behind_llc_and_ring_control_is_no_error() {
    assert_taken_off(10, &[&[0x57][..], &[2; 12], &SNAP].concat());
    assert_taken_off(106, &SNAP);
    assert_taken_off(106, &[]);
    assert_eq!(decode(10, &[0xc2; 40]), Ok(Packet::Other));
}
