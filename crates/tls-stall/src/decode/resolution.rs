//! Address resolution on the local network: who asks for the hardware address of whom.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::ip::IpPacket;
use super::packet::{Packet, Resolution};
use super::part::Part;
use super::undecoded::Undecoded;

/// Reads a message of the address resolution protocol (RFC 826) for IPv4; announcements and probes,
/// with which no host asks for another one, are [`Packet::Other`].
///
/// # Errors
///
/// Where it is cut or malformed.
pub(super) fn arp(message: Part<'_>) -> Result<Packet<'_>, Undecoded> {
    const IPV4: [u8; 2] = [0x08, 0x00];

    let (&[_, _, kind_high, kind_low, hardware_len, len, _, operation], rest) = message.split()?;
    if [kind_high, kind_low] != IPV4 || len != 4 {
        return Ok(Packet::Other);
    }
    let hardware_len = usize::from(hardware_len);
    let (&sender, rest) = rest.skip(hardware_len)?.split::<4>()?;
    let &target: &[u8; 4] = rest.skip(hardware_len)?.first()?;
    let (sender, target) = (Ipv4Addr::from(sender), Ipv4Addr::from(target));
    Ok(match operation {
        1 => between(sender.into(), target.into(), false),
        2 => between(target.into(), sender.into(), true),
        _ => Packet::Other,
    })
}

/// Reads a neighbour solicitation or advertisement (RFC 4861, sections 4.3 and 4.4); `None` where
/// `packet` holds another message.
///
/// # Errors
///
/// Where it is cut or malformed.
pub(super) fn neighbour<'a>(packet: &IpPacket<'a>) -> Result<Option<Packet<'a>>, Undecoded> {
    const SOLICITATION: u8 = 135;
    const ADVERTISEMENT: u8 = 136;
    /// An advertisement that no one asked for goes to all.
    const SOLICITED: u8 = 0x40;

    let &[kind] = packet.payload.first()?;
    if !matches!(kind, SOLICITATION | ADVERTISEMENT) {
        return Ok(None);
    }
    let (&[_, _, _, _, flags, _, _, _], rest) = packet.payload.split()?;
    let &target: &[u8; 16] = rest.first()?;
    let target = IpAddr::from(Ipv6Addr::from(target));
    Ok(Some(match kind {
        SOLICITATION => between(packet.source, target, false),
        _ if flags & SOLICITED != 0 => between(packet.destination, target, true),
        _ => Packet::Other,
    }))
}

fn between<'a>(asker: IpAddr, target: IpAddr, is_reply: bool) -> Packet<'a> {
    // A host that has no address yet, or asks for its own, finds out whether another one has it.
    if asker.is_unspecified() || target.is_unspecified() || asker == target {
        return Packet::Other;
    }
    Packet::Resolution(Resolution {
        asker,
        target,
        is_reply,
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::{ETHERNET, decode, ethernet, icmp_v6};
    use super::*;

    const A: [u8; 4] = [10, 8, 0, 1];
    const B: [u8; 4] = [10, 8, 0, 53];

    fn arp(operation: u8, sender: [u8; 4], target: [u8; 4]) -> Vec<u8> {
        let head = [0, 1, 8, 0, 6, 4, 0, operation];
        ethernet(
            0x0806,
            &[&head[..], &[2; 6], &sender, &[0; 6], &target].concat(),
        )
    }

    fn resolution(asker: [u8; 4], target: [u8; 4], is_reply: bool) -> Packet<'static> {
        let (asker, target) = (asker.into(), target.into());
        Packet::Resolution(Resolution {
            asker,
            target,
            is_reply,
        })
    }

    #[test]
    fn a_request_and_its_reply_name_the_same_two_hosts() {
        assert_eq!(decode(ETHERNET, &arp(1, A, B)), Ok(resolution(A, B, false)));
        assert_eq!(decode(ETHERNET, &arp(2, B, A)), Ok(resolution(A, B, true)));
    }

    #[test]
    fn announcements_and_probes_are_no_questions() {
        for frame in [arp(1, A, A), arp(2, A, A), arp(1, [0; 4], A), arp(8, A, B)] {
            assert_eq!(decode(ETHERNET, &frame), Ok(Packet::Other));
        }
    }

    #[test]
    fn a_message_cut_or_too_short_is_an_error_not_a_panic() {
        let frame = arp(1, A, B);
        let short = decode(ETHERNET, &frame[..41]).unwrap_err();
        assert!(matches!(short, Undecoded::Malformed(_)), "{short:?}");
        let mut cut = super::super::sample::frame(ETHERNET, &frame);
        cut.data = &frame[..41];
        assert_eq!(super::super::decode(&cut), Err(Undecoded::CutShort));
        let mut long_addresses = frame;
        long_addresses[18] = 0xff;
        let error = decode(ETHERNET, &long_addresses).unwrap_err();
        assert!(matches!(error, Undecoded::Malformed(_)), "{error:?}");
    }

    #[test]
    fn a_neighbour_solicitation_asks_and_a_solicited_advertisement_answers() {
        let target: Ipv6Addr = "2001:db8::53".parse().unwrap();
        let answer = |flags| icmp_v6([136, 0, 0, 0, flags, 0, 0, 0], &target.octets());
        let (server, client) = ("2001:db8::25", "2001:db8::1");
        let resolution = |asker: &str, is_reply| {
            let (asker, target) = (asker.parse().unwrap(), target.into());
            Ok(Packet::Resolution(Resolution {
                asker,
                target,
                is_reply,
            }))
        };
        let question = icmp_v6([135, 0, 0, 0, 0, 0, 0, 0], &target.octets());
        assert_eq!(decode(101, &question), resolution(server, false));
        assert_eq!(decode(101, &answer(0x60)), resolution(client, true));
        assert_eq!(decode(101, &answer(0x20)), Ok(Packet::Other));
    }
}
