//! The packets of a QUIC handshake, told by what is in the clear in all versions (RFC 8999).

use crate::decode::Datagram;

/// A client's first datagram is at least this long (RFC 9000, section 14.1).
const SHORTEST_FIRST_DATAGRAM: u32 = 1200;

/// QUIC version 2 (RFC 9369).
const VERSION_2: u32 = 0x6b33_43cf;

/// Whether `payload` may begin with a long header: those of a handshake do.
pub(super) fn has_long_header(payload: &[u8]) -> bool {
    payload.first().is_some_and(|first| first & 0x80 != 0) && payload.len() >= 5
}

/// Whether `datagram` is one with which a client begins, or says so again: it begins with an
/// Initial packet, of a version, and is padded.
pub(super) fn is_first_flight(datagram: &Datagram<'_>) -> bool {
    let Some(&[first, a, b, c, d]) = datagram.payload.first_chunk::<5>() else {
        return false;
    };
    let version = u32::from_be_bytes([a, b, c, d]);
    let initial_type = u8::from(version == VERSION_2);
    let is_initial = first & 0xc0 == 0xc0 && (first >> 4) & 3 == initial_type;
    is_initial && is_known(version) && datagram.payload_len >= SHORTEST_FIRST_DATAGRAM
}

/// Versions 1 and 2, the drafts of version 1, and versions that are there to be refused
/// (RFC 9000, section 15).
fn is_known(version: u32) -> bool {
    matches!(version, 1 | VERSION_2)
        || version & 0xffff_ff00 == 0xff00_0000
        || version & 0x0f0f_0f0f == 0x0a0a_0a0a
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Endpoint, IpFacts};

    fn is_first(head: &[u8], len: u32) -> bool {
        let endpoint = |ip: &str, port| Endpoint {
            ip: ip.parse().unwrap(),
            port,
        };
        is_first_flight(&Datagram {
            ip: IpFacts { ttl: 64, id: None },
            source: endpoint("10.8.0.1", 50_000),
            destination: endpoint("203.0.113.80", 443),
            payload: head,
            payload_len: len,
        })
    }

    #[test]
    fn a_padded_initial_of_a_known_version_begins() {
        assert!(is_first(&[0xc3, 0, 0, 0, 1], 1200), "version 1");
        assert!(is_first(&[0xcf, 0xff, 0, 0, 29], 1252), "draft 29");
        assert!(is_first(&[0xd1, 0x6b, 0x33, 0x43, 0xcf], 1200), "version 2");
        assert!(
            is_first(&[0xc0, 0x1a, 0x2a, 0x3a, 0x4a], 1200),
            "reserved to be refused"
        );
    }

    #[test]
    fn what_is_no_first_flight_does_not() {
        assert!(!is_first(&[0xc3, 0, 0, 0, 1], 1199), "not padded");
        assert!(!is_first(&[0xe3, 0, 0, 0, 1], 1200), "a Handshake packet");
        assert!(!is_first(&[0x43, 0, 0, 0, 1], 1200), "a short header");
        assert!(!is_first(&[0xc3, 0, 0, 0, 0], 1200), "version negotiation");
        assert!(
            !is_first(&[0x80, 0xc8, 0, 1, 2], 1200),
            "RTP's control protocol"
        );
        assert!(!is_first(&[0xc3, 0, 0], 1200), "cut short");
    }
}
