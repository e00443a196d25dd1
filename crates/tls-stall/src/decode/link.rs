//! The link layer: everything in front of the IP packet.

use super::part::Part;
use super::undecoded::Undecoded;
use crate::capture::LinkType;

/// Finds the IP packet in a frame; `None` where the frame carries something else that no handshake
/// waits for (ARP, spanning tree, link control).
///
/// # Errors
///
/// Where the link type or a protocol above it is not supported, or a header is cut or malformed.
pub(super) fn ip_packet(
    link_type: LinkType,
    frame: Part<'_>,
) -> Result<Option<Part<'_>>, Undecoded> {
    let (mut next, mut rest) = link_header(link_type, frame)?;
    for _ in 0..MAX_HEADERS {
        (next, rest) = match next {
            Next::Ip => return Ok(Some(rest)),
            Next::Irrelevant => return Ok(None),
            Next::EtherType(ether_type) => by_ether_type(ether_type, rest)?,
            Next::Llc => llc(rest)?,
            Next::Ppp => ppp(rest)?,
            Next::Mpls => mpls(rest)?,
        };
    }
    Err(Undecoded::Malformed(
        "more link-layer headers than any network stacks",
    ))
}

/// More headers than any network stacks in front of an IP packet; a stack of tags may fill a frame.
const MAX_HEADERS: usize = 16;

/// What follows a header.
enum Next {
    Ip,
    /// What an `EtherType` stands for, or an IEEE 802.3 length.
    EtherType(u16),
    /// IEEE 802.2 logical link control.
    Llc,
    /// PPP, from its protocol field on.
    Ppp,
    /// An MPLS label.
    Mpls,
    /// Nothing that a handshake waits for.
    Irrelevant,
}

/// A header's meaning: what follows it, and where.
type Step<'a> = Result<(Next, Part<'a>), Undecoded>;

/// Reads the header that the link type stands for (<https://www.tcpdump.org/linktypes.html>).
fn link_header(link_type: LinkType, frame: Part<'_>) -> Step<'_> {
    match link_type.0 {
        // ETHERNET
        1 => {
            let (&[.., high, low], rest) = frame.split::<14>()?;
            Ok((Next::EtherType(u16::from_be_bytes([high, low])), rest))
        }
        // RAW as systems number it (12, 14) and as files do (101), IPV4, IPV6
        12 | 14 | 101 | 228 | 229 => Ok((Next::Ip, frame)),
        // NULL: the family in the byte order of the host that captured
        0 => {
            let (&family, rest) = frame.split()?;
            // A family is a small number, so in the wrong order it is a large one.
            let family = u32::from_le_bytes(family).min(u32::from_be_bytes(family));
            by_family(family, rest)
        }
        // LOOP
        108 => {
            let (&family, rest) = frame.split()?;
            by_family(u32::from_be_bytes(family), rest)
        }
        // LINUX_SLL
        113 => {
            let (header, rest) = frame.split::<16>()?;
            let device = u16::from_be_bytes([header[2], header[3]]);
            linux_cooked(device, u16::from_be_bytes([header[14], header[15]]), rest)
        }
        // LINUX_SLL2
        276 => {
            let (header, rest) = frame.split::<20>()?;
            let device = u16::from_be_bytes([header[8], header[9]]);
            linux_cooked(device, u16::from_be_bytes([header[0], header[1]]), rest)
        }
        // PPP, PPP_HDLC: with the address 0xff and a control field in front, or without
        9 | 50 => match frame.first()? {
            [0xff] => Ok((Next::Ppp, frame.skip(2)?)),
            _ => Ok((Next::Ppp, frame)),
        },
        // C_HDLC
        104 => {
            let (&[_, _, high, low], rest) = frame.split()?;
            Ok((Next::EtherType(u16::from_be_bytes([high, low])), rest))
        }
        // NFLOG
        239 => netfilter_log(frame),
        _ => Err(Undecoded::LinkType(link_type)),
    }
}

/// The families of IP: `AF_INET` everywhere, `AF_INET6` of Linux, Windows, NetBSD and OpenBSD,
/// FreeBSD, macOS.
fn by_family(family: u32, rest: Part<'_>) -> Step<'_> {
    match family {
        2 | 10 | 23 | 24 | 28 | 30 => Ok((Next::Ip, rest)),
        family => Err(Undecoded::AddressFamily(family)),
    }
}

/// Reads the protocol of a Linux cooked header; `device` is its `ARPHRD_` type.
fn linux_cooked(device: u16, protocol: u16, rest: Part<'_>) -> Step<'_> {
    const NETLINK: u16 = 824;
    match (device, protocol) {
        // NETLINK's protocol is a family of its own; 1 is `ETH_P_802_3`, Novell's IPX.
        (NETLINK, _) | (_, 1) => Ok((Next::Irrelevant, rest)),
        // `ETH_P_802_2`
        (_, 4) => Ok((Next::Llc, rest)),
        // Elsewhere a length, here a number that Linux made up.
        (_, 0..=MAX_LENGTH) => Err(Undecoded::EtherType(protocol)),
        _ => Ok((Next::EtherType(protocol), rest)),
    }
}

/// Looks for the packet among the attributes that Linux's netfilter logs with it
/// (<https://www.tcpdump.org/linktypes/LINKTYPE_NFLOG.html>).
fn netfilter_log(frame: Part<'_>) -> Step<'_> {
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

/// The largest number in an Ethernet header's type field that is a length (IEEE 802.3, 3.2.6).
const MAX_LENGTH: u16 = 1500;

fn by_ether_type(ether_type: u16, rest: Part<'_>) -> Step<'_> {
    match ether_type {
        0x0800 | 0x86dd => Ok((Next::Ip, rest)),
        // VLAN tags: IEEE 802.1Q, 802.1ad, and what was used before that
        0x8100 | 0x88a8 | 0x9100 | 0x9200 => {
            let (&[_, _, high, low], rest) = rest.split()?;
            Ok((Next::EtherType(u16::from_be_bytes([high, low])), rest))
        }
        // Cisco's VN-Tag
        0x8926 => {
            let (&[_, _, _, _, high, low], rest) = rest.split()?;
            Ok((Next::EtherType(u16::from_be_bytes([high, low])), rest))
        }
        // PPPoE session (RFC 2516, section 4)
        0x8864 => {
            let (_, rest) = rest.split::<6>()?;
            Ok((Next::Ppp, rest))
        }
        0x8847 | 0x8848 => Ok((Next::Mpls, rest)),
        // 0x8870 stands for a length of more than 1500.
        0..=MAX_LENGTH | 0x8870 => Ok((Next::Llc, rest)),
        _ if IRRELEVANT.contains(&ether_type) => Ok((Next::Irrelevant, rest)),
        _ => Err(Undecoded::EtherType(ether_type)),
    }
}

/// `EtherType`s that keep a network running and never carry IP.
const IRRELEVANT: [u16; 22] = [
    0x0806, // ARP
    0x0842, // Wake-on-LAN
    0x2000, // Cisco discovery
    0x6002, // DECnet maintenance
    0x8035, // RARP, and Cisco's SLARP
    0x8137, // IPX
    0x8808, // Ethernet flow control
    0x8809, // slow protocols (LACP)
    0x8863, // PPPoE discovery
    0x887b, // HomePlug
    0x888e, // EAPOL
    0x8899, // Realtek remote control
    0x88c7, // Wi-Fi pre-authentication
    0x88cc, // LLDP
    0x88e1, // HomePlug AV
    0x88f5, // MVRP
    0x88f7, // PTP
    0x88fb, // PRP supervision
    0x8902, // connectivity fault management
    0x890d, // Wi-Fi TDLS
    0x893a, // IEEE 1905.1
    0x9000, // loopback test
];

/// Logical link control: IP only behind SNAP with an `EtherType` (RFC 1042).
fn llc(rest: Part<'_>) -> Step<'_> {
    let (llc, _) = rest.split::<3>()?;
    if *llc != [0xaa, 0xaa, 0x03] {
        return Ok((Next::Irrelevant, rest));
    }
    match rest.split::<8>()? {
        // The second is IEEE 802.1H's, for bridges.
        (&[_, _, _, 0x00, 0x00, 0x00 | 0xf8, high, low], rest) => {
            Ok((Next::EtherType(u16::from_be_bytes([high, low])), rest))
        }
        (_, rest) => Ok((Next::Irrelevant, rest)),
    }
}

/// PPP from its protocol field on (RFC 1661, section 2): two bytes, or one if that is odd.
fn ppp(rest: Part<'_>) -> Step<'_> {
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

/// One MPLS label (RFC 3032, section 2.1).
fn mpls(rest: Part<'_>) -> Step<'_> {
    let (&[_, _, bottom, _], rest) = rest.split()?;
    if bottom & 1 == 0 {
        return Ok((Next::Mpls, rest));
    }
    // No field says what a label stack carries, so the IP version must (RFC 4928).
    match rest.first()? {
        [0x40..=0x4f | 0x60..=0x6f] => Ok((Next::Ip, rest)),
        _ => Err(Undecoded::EtherType(0x8847)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::packet::Packet;
    use super::super::sample::{
        self, ETHERNET, PAYLOAD, decode, ethernet, segment, tcp_v4, tcp_v6,
    };
    use super::*;

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
}
