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
    let quoted = IpPacket::parse_quoted(packet.payload.skip(HEADER_LEN)?)?;
    if quoted.is_later_fragment || !matches!(quoted.protocol, IpNumber::TCP | IpNumber::UDP) {
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
