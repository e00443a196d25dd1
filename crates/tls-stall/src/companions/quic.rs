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
