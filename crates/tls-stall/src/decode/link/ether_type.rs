//! What an `EtherType` stands for: IP, or tags, labels and control in front of it.

use super::{Next, Step, wan};
use crate::decode::part::Part;
use crate::decode::undecoded::Undecoded;

/// The largest number in an Ethernet header's type field that is a length (IEEE 802.3, 3.2.6).
pub(super) const MAX_LENGTH: u16 = 1500;

/// The header that `ether_type` announces.
pub(super) fn header(ether_type: u16, rest: Part<'_>) -> Step<'_> {
    match ether_type {
        0x0800 | 0x86dd => Ok((Next::Ip, rest)),
        0x0806 => Ok((Next::Arp, rest)),
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
        0x8864 => wan::pppoe(rest),
        0x8847 | 0x8848 => Ok((Next::Mpls, rest)),
        0x894f => Ok((Next::Nsh, rest)),
        // Ethernet within other protocols: transparent bridging
        0x6558 => Ok((Next::ETHERNET, rest)),
        // PPP, as GRE carries it (RFC 2637, section 4.1)
        0x880b => Ok((Next::Ppp, rest)),
        // 0x8870 stands for a length of more than 1500.
        0..=MAX_LENGTH | 0x8870 => Ok((Next::Llc, rest)),
        _ if IRRELEVANT.contains(&ether_type) => Ok((Next::Irrelevant, rest)),
        _ => Err(Undecoded::EtherType(ether_type)),
    }
}

/// `EtherType`s that keep a network running and never carry IP.
const IRRELEVANT: [u16; 21] = [
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
pub(super) fn llc(rest: Part<'_>) -> Step<'_> {
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

/// One MPLS label (RFC 3032, section 2.1).
pub(super) fn mpls(rest: Part<'_>) -> Step<'_> {
    const CONTROL_WORD_LEN: usize = 4;

    let (&[_, _, bottom, _], rest) = rest.split()?;
    if bottom & 1 == 0 {
        return Ok((Next::Mpls, rest));
    }
    // No field says what a label stack carries, so the IP version must (RFC 4928); an Ethernet
    // frame has a control word of 0 in front, or ought to (RFC 4448, section 4.6).
    if begins_ip(rest)? {
        return Ok((Next::Ip, rest));
    }
    let behind_control_word = rest.skip(CONTROL_WORD_LEN);
    match (rest.first()?, behind_control_word) {
        ([0x00..=0x0f], Ok(frame)) if begins_ethernet(frame)? => Ok((Next::ETHERNET, frame)),
        _ if begins_ethernet(rest)? => Ok((Next::ETHERNET, rest)),
        _ => Err(Undecoded::EtherType(0x8847)),
    }
}

/// A network service header (RFC 8300, section 2.2).
pub(super) fn service_header(rest: Part<'_>) -> Step<'_> {
    let &[_, len, _, next] = rest.first()?;
    // In units of 4 bytes, in the lower 6 bits.
    let rest = rest.skip(usize::from(len & 0x3f).saturating_mul(4))?;
    match next {
        1 | 2 => Ok((Next::Ip, rest)),
        3 => Ok((Next::ETHERNET, rest)),
        4 => Ok((Next::Nsh, rest)),
        5 => Ok((Next::Mpls, rest)),
        _ => Err(Undecoded::Unsupported(
            "a protocol behind a service header that is not IP",
        )),
    }
}

/// Whether `rest` begins with the version of an IP header and a length that it may have.
pub(in crate::decode) fn begins_ip(rest: Part<'_>) -> Result<bool, Undecoded> {
    Ok(matches!(rest.first()?, [0x45..=0x4f | 0x60..=0x6f]))
}

/// Whether `rest` begins with an Ethernet header, as far as its type tells: one that leads to IP.
pub(in crate::decode) fn begins_ethernet(rest: Part<'_>) -> Result<bool, Undecoded> {
    if rest.wire_len() < 14 {
        return Ok(false);
    }
    let &[.., high, low] = rest.first::<14>()?;
    Ok(matches!(
        u16::from_be_bytes([high, low]),
        0x0800 | 0x0806 | 0x86dd | 0x8100 | 0x88a8 | 0x8847 | 0x8864
    ))
}
