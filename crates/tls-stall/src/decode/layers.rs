//! The way from a frame to what it carries, one layer after the other.

use etherparse::IpNumber;

use super::fragment::Whole;
use super::ip::{Ip, IpPacket};
use super::link::{self, Carried, Next};
use super::packet::{Datagram, IcmpError, Packet};
use super::part::Part;
use super::undecoded::Undecoded;
use super::{icmp, resolution, tcp, tunnel, udp};
use crate::capture::Frame;

/// Decodes `frame`; what was understood and does not matter here is [`Packet::Other`].
///
/// # Errors
///
/// Where the frame could not be read: see [`Undecoded`].
pub(crate) fn decode<'a>(frame: &Frame<'a>) -> Result<Packet<'a>, Undecoded> {
    within(
        Next::Link(frame.link_type),
        Part::of(frame),
        tunnel::MAX_NESTING,
    )
}

/// Decodes a packet that was put together of its fragments: in a tunnel it may carry a fragment of
/// another one. Of a packet whose rest is missing, only a datagram is of use.
///
/// # Errors
///
/// As [`decode`].
pub(crate) fn decode_whole(whole: &Whole) -> Result<Packet<'_>, Undecoded> {
    match transport(&whole.packet().skip_extensions()?, tunnel::MAX_NESTING)? {
        datagram @ Packet::Udp(_) => Ok(datagram),
        _ if whole.is_beginning => Ok(Packet::Other),
        packet => Ok(packet),
    }
}

/// Decodes what `part` carries, which begins with `next` and lies in a frame, or in a tunnel that
/// may hold `tunnels` more.
#[inline]
fn within(next: Next, part: Part<'_>, tunnels: u8) -> Result<Packet<'_>, Undecoded> {
    let packet = match link::carried(next, part)? {
        Carried::Ip(packet) => packet,
        Carried::Arp(message) => return resolution::arp(message),
        Carried::Irrelevant => return Ok(Packet::Other),
    };
    match Ip::parse(packet)? {
        // The way of most packets, in line: `transport` is called from elsewhere too.
        Ip::Packet(packet) if packet.protocol == IpNumber::TCP => {
            tcp::segment(&packet).map(Packet::Tcp)
        }
        Ip::Packet(packet) => transport(&packet, tunnels),
        Ip::Fragment(fragment) => Ok(Packet::Fragment(fragment)),
    }
}

#[inline]
fn transport<'a>(packet: &IpPacket<'a>, tunnels: u8) -> Result<Packet<'a>, Undecoded> {
    match packet.protocol {
        IpNumber::TCP => tcp::segment(packet).map(Packet::Tcp),
        IpNumber::UDP => udp_or_tunnel(udp::datagram(packet)?, tunnels),
        _ => other_transport(packet, tunnels),
    }
}

/// Out of line, as is what follows: it is the way of few packets.
#[inline(never)]
fn other_transport<'a>(packet: &IpPacket<'a>, tunnels: u8) -> Result<Packet<'a>, Undecoded> {
    match packet.protocol {
        IpNumber::ICMP => icmp::v4_error(packet).map(or_other),
        IpNumber::IPV6_ICMP => match resolution::neighbour(packet)? {
            Some(resolution) => Ok(resolution),
            None => icmp::v6_error(packet).map(or_other),
        },
        protocol => match tunnel::in_ip(protocol, packet.payload) {
            Some(step) => {
                let (next, rest) = step?;
                within_tunnel(next, rest, tunnels)
            }
            None => Ok(Packet::Other),
        },
    }
}

/// The packet in the tunnel that `datagram` is of, or else `datagram`: a port is no proof.
fn udp_or_tunnel(datagram: Datagram<'_>, tunnels: u8) -> Result<Packet<'_>, Undecoded> {
    let Some(step) = tunnel::in_udp(&datagram) else {
        return Ok(Packet::Udp(datagram));
    };
    match step.and_then(|(next, rest)| within_tunnel(next, rest, tunnels)) {
        Err(error @ (Undecoded::CutShort | Undecoded::TooManyTunnels)) => Err(error),
        Err(_) | Ok(Packet::Other) => Ok(Packet::Udp(datagram)),
        Ok(packet) => Ok(packet),
    }
}

#[inline(never)]
fn within_tunnel(next: Next, part: Part<'_>, tunnels: u8) -> Result<Packet<'_>, Undecoded> {
    match tunnels.checked_sub(1) {
        Some(tunnels) => within(next, part, tunnels),
        None => Err(Undecoded::TooManyTunnels),
    }
}

fn or_other<'a>(error: Option<IcmpError>) -> Packet<'a> {
    error.map_or(Packet::Other, Packet::IcmpError)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{self, ETHERNET, RAW};
    use super::super::{Datagram, Segment};
    use super::*;

    /// Whether `part` is a piece of `data`, not a copy or anything else.
    fn lies_in(part: &[u8], data: &[u8]) -> bool {
        part.is_empty() || data.as_ptr_range().contains(&part.as_ptr())
    }

    fn check_bounds(packet: &Packet<'_>, data: &[u8]) {
        let (payload, payload_len, options) = match packet {
            Packet::Tcp(segment) => (segment.payload, segment.payload_len, segment.options),
            Packet::Udp(datagram) => (datagram.payload, datagram.payload_len, &[][..]),
            Packet::Fragment(fragment) => {
                let payload = fragment.packet.payload;
                (payload.captured(), payload.wire_len(), &[][..])
            }
            Packet::IcmpError(_) | Packet::Resolution(_) | Packet::Other => return,
        };
        assert!(payload.len() <= usize::try_from(payload_len).unwrap());
        assert!(lies_in(payload, data) && lies_in(options, data));
        assert!(options.len() <= 40);
    }

    #[test]
    fn a_frame_cut_anywhere_gives_the_same_fields_or_says_that_it_was_cut() {
        for (link_type, data) in sample::each_kind() {
            let whole = sample::decode(link_type, &data).unwrap();
            assert_ne!(whole, Packet::Other, "link type {link_type}");
            let mut first_read = None;
            for len in 0..data.len() {
                let mut frame = sample::frame(link_type, &data);
                frame.data = &data[..len];
                let packet = match decode(&frame) {
                    Ok(packet) => packet,
                    Err(error) => {
                        assert_eq!(error, Undecoded::CutShort, "link type {link_type}, {len}");
                        assert_eq!(first_read, None, "link type {link_type}, {len}");
                        continue;
                    }
                };
                first_read.get_or_insert(len);
                check_bounds(&packet, frame.data);
                match (packet, whole) {
                    (Packet::Tcp(cut), Packet::Tcp(whole)) => {
                        assert!(whole.options.starts_with(cut.options));
                        assert!(whole.payload.starts_with(cut.payload));
                        assert!(cut.window.is_none() || cut.window == whole.window);
                        let rest = Segment {
                            options: whole.options,
                            payload: whole.payload,
                            window: whole.window,
                            ..cut
                        };
                        assert_eq!(rest, whole);
                    }
                    (Packet::Udp(cut), Packet::Udp(whole)) => {
                        assert!(whole.payload.starts_with(cut.payload));
                        let rest = Datagram {
                            payload: whole.payload,
                            ..cut
                        };
                        assert_eq!(rest, whole);
                    }
                    (packet, whole) => assert_eq!(packet, whole),
                }
            }
            assert!(first_read.is_some(), "link type {link_type}");
        }
    }

    #[test]
    fn no_mutation_of_a_frame_makes_it_panic_or_leave_its_bounds() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = move |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state >> 32).unwrap() % below
        };
        let mut decoded = 0_usize;
        for (link_type, original) in sample::each_kind() {
            for _ in 0..3000 {
                let mut data = original.clone();
                for _ in 0..=random(4) {
                    let at = random(data.len());
                    data[at] = match random(3) {
                        0 => 0,
                        1 => 0xff,
                        _ => u8::try_from(random(256)).unwrap(),
                    };
                }
                let mut frame = sample::frame(link_type, &data);
                frame.wire_len = u32::try_from(random(2 * data.len())).unwrap();
                if random(2) == 0 {
                    frame.data = &data[..random(data.len())];
                }
                if let Ok(packet) = decode(&frame) {
                    check_bounds(&packet, frame.data);
                    decoded += 1;
                }
            }
        }
        assert!(decoded > 10_000, "only {decoded} were decoded");
    }

    #[test]
    fn noise_of_any_link_type_is_no_panic() {
        for fill in 0..=255 {
            for link_type in 0..300 {
                // The outcome does not matter: what would be a panic is one here.
                let _ = sample::decode(link_type, &[fill; 64]);
            }
        }
    }

    #[test]
    fn an_empty_frame_is_an_error_not_a_panic() {
        for link_type in [0, ETHERNET, 9, RAW, 104, 108, 113, 228, 229, 276] {
            let error = sample::decode(link_type, &[]).unwrap_err();
            assert!(matches!(error, Undecoded::Malformed(_)), "{link_type}");
        }
    }

    #[test]
    fn other_transports_are_no_error() {
        for protocol in [2, 50, 89, 103, 132] {
            let mut packet = sample::tcp_v4();
            packet[9] = protocol;
            assert_eq!(sample::decode(RAW, &packet), Ok(Packet::Other));
        }
    }
}
