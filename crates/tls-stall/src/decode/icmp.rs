//! ICMP errors, and the packet that each is about.

use etherparse::IpNumber;

use super::ip::IpPacket;
use super::packet::{Endpoint, IcmpError, IcmpKind};
use super::undecoded::Undecoded;

/// Reads an `ICMPv4` message (RFC 792); `None` where it is no error, or one about another protocol.
///
/// # Errors
///
/// Where a header is cut or malformed.
pub(super) fn v4_error(packet: &IpPacket<'_>) -> Result<Option<IcmpError>, Undecoded> {
    let &[kind, code] = packet.payload.first()?;
    let kind = match (kind, code) {
        (3, 3) => IcmpKind::PortUnreachable,
        // RFC 1191, section 4
        (3, 4) => {
            let &[.., high, low] = packet.payload.first::<8>()?;
            IcmpKind::TooBig {
                mtu: u32::from(u16::from_be_bytes([high, low])),
            }
        }
        (3, code) => IcmpKind::Unreachable { code },
        (11, _) => IcmpKind::TimeExceeded,
        _ => return Ok(None),
    };
    about_quoted(packet, kind)
}

/// Reads an `ICMPv6` message (RFC 4443); `None` where it is no error, or one about another protocol.
///
/// # Errors
///
/// Where a header is cut or malformed.
pub(super) fn v6_error(packet: &IpPacket<'_>) -> Result<Option<IcmpError>, Undecoded> {
    let &[kind, code] = packet.payload.first()?;
    let kind = match (kind, code) {
        (1, 4) => IcmpKind::PortUnreachable,
        (1, code) => IcmpKind::Unreachable { code },
        (2, _) => {
            let &[_, _, _, _, a, b, c, d] = packet.payload.first()?;
            IcmpKind::TooBig {
                mtu: u32::from_be_bytes([a, b, c, d]),
            }
        }
        (3, _) => IcmpKind::TimeExceeded,
        _ => return Ok(None),
    };
    about_quoted(packet, kind)
}

/// What comes before the quoted packet.
const HEADER_LEN: usize = 8;

/// The error in `packet` with the packet that it quotes: at least 8 bytes after that one's IP
/// header, and the ports stand in the first 4.
fn about_quoted(packet: &IpPacket<'_>, kind: IcmpKind) -> Result<Option<IcmpError>, Undecoded> {
    let Some(quoted) = IpPacket::parse_quoted(packet.payload.skip(HEADER_LEN)?)? else {
        return Ok(None);
    };
    if !matches!(quoted.protocol, IpNumber::TCP | IpNumber::UDP) {
        return Ok(None);
    }
    let ports: &[u8; 4] = quoted.payload.first()?;
    Ok(Some(IcmpError {
        reporter: packet.source,
        kind,
        protocol: quoted.protocol.0,
        source: Endpoint {
            ip: quoted.source,
            port: u16::from_be_bytes([ports[0], ports[1]]),
        },
        destination: Endpoint {
            ip: quoted.destination,
            port: u16::from_be_bytes([ports[2], ports[3]]),
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::super::Packet;
    use super::super::sample::{self, RAW, icmp_v4, icmp_v6, tcp_v4, tcp_v6, udp_v4, udp_v6};
    use super::*;

    fn error(data: &[u8]) -> IcmpError {
        match sample::decode(RAW, data) {
            Ok(Packet::IcmpError(error)) => error,
            other => panic!("not an ICMP error but {other:?}"),
        }
    }

    #[test]
    fn a_closed_port_is_told_with_both_ends_of_the_datagram() {
        let error = error(&icmp_v4([3, 3, 0, 0, 0, 0, 0, 0], &udp_v4()[..28]));
        assert_eq!(error.kind, IcmpKind::PortUnreachable);
        assert_eq!(error.reporter.to_string(), "192.0.2.1");
        assert_eq!(error.protocol, 17);
        assert_eq!(error.source.to_string(), "10.8.0.1:40000");
        assert_eq!(error.destination.to_string(), "203.0.113.25:53");
    }

    #[test]
    fn each_kind_of_error_is_told_apart() {
        let v4 = |header| error(&icmp_v4(header, &tcp_v4()[..28])).kind;
        assert_eq!(
            v4([3, 1, 0, 0, 0, 0, 0, 0]),
            IcmpKind::Unreachable { code: 1 }
        );
        assert_eq!(
            v4([3, 13, 0, 0, 0, 0, 0, 0]),
            IcmpKind::Unreachable { code: 13 }
        );
        assert_eq!(
            v4([3, 4, 0, 0, 0, 0, 0x05, 0x14]),
            IcmpKind::TooBig { mtu: 1300 }
        );
        assert_eq!(v4([3, 4, 0, 0, 0, 0, 0, 0]), IcmpKind::TooBig { mtu: 0 });
        assert_eq!(v4([11, 0, 0, 0, 0, 0, 0, 0]), IcmpKind::TimeExceeded);
        let v6 = |header| error(&icmp_v6(header, &tcp_v6())).kind;
        assert_eq!(v6([1, 4, 0, 0, 0, 0, 0, 0]), IcmpKind::PortUnreachable);
        assert_eq!(
            v6([1, 3, 0, 0, 0, 0, 0, 0]),
            IcmpKind::Unreachable { code: 3 }
        );
        assert_eq!(
            v6([2, 0, 0, 0, 0, 0, 0x05, 0]),
            IcmpKind::TooBig { mtu: 1280 }
        );
        assert_eq!(v6([3, 0, 0, 0, 0, 0, 0, 0]), IcmpKind::TimeExceeded);
    }

    #[test]
    fn the_quoted_packet_may_be_cut_and_have_options_or_an_altered_length() {
        let packet = tcp_v4();
        let mut quoted = [&packet[..20], &[1; 20], &packet[20..28]].concat();
        quoted[0] = 0x4a;
        for total_len in [[0, 20], [0, 0], [0xff, 0xff]] {
            quoted[2..4].copy_from_slice(&total_len);
            let error = error(&icmp_v4([3, 1, 0, 0, 0, 0, 0, 0], &quoted));
            assert_eq!(error.destination.port, 465);
        }
        let extended = sample::with_extensions(&udp_v6(), 60, &[17, 0, 0, 0, 0, 0, 0, 0]);
        let error = error(&icmp_v6([1, 4, 0, 0, 0, 0, 0, 0], &extended[..56]));
        assert_eq!(error.source.port, 40000);
    }

    #[test]
    fn messages_that_are_no_errors_or_quote_no_ports_are_other() {
        let mut echo = tcp_v4();
        echo[9] = 1;
        let mut later_fragment = tcp_v4();
        later_fragment[7] = 9;
        for packet in [
            icmp_v4([8, 0, 0, 0, 0, 1, 0, 1], b"ping"),
            icmp_v4([5, 0, 0, 0, 0, 0, 0, 0], &tcp_v4()),
            icmp_v6([128, 0, 0, 0, 0, 1, 0, 1], b"ping"),
            icmp_v4([3, 1, 0, 0, 0, 0, 0, 0], &echo),
            icmp_v4([3, 1, 0, 0, 0, 0, 0, 0], &later_fragment),
        ] {
            assert_eq!(sample::decode(RAW, &packet), Ok(Packet::Other));
        }
    }

    #[test]
    fn an_error_that_quotes_too_little_is_malformed_not_a_panic() {
        for len in [0, 10, 20, 23] {
            let packet = icmp_v4([3, 3, 0, 0, 0, 0, 0, 0], &udp_v4()[..len]);
            let error = sample::decode(RAW, &packet).unwrap_err();
            assert!(matches!(error, Undecoded::Malformed(_)), "{len}: {error:?}");
        }
    }
}
