//! IP packets cut into fragments.

use crate::bytes::be16;
use crate::packet::{IpHeader, Packet};

const FRAGMENT_HEADER: u8 = 44;

/// Cuts `packet` into fragments that carry at most `len` bytes each, rounded down to a multiple of
/// 8; a packet that needs none stays as it is.
#[must_use]
pub fn fragments(packet: &Packet, len: usize) -> Vec<Packet> {
    let len = (len / 8).max(1) * 8;
    let header_len = if packet.source().is_ipv4() { 20 } else { 40 };
    let Some((header, payload)) = packet.bytes().split_at_checked(header_len) else {
        return packet.clone().into();
    };
    if payload.len() <= len {
        return packet.clone().into();
    }
    let byte = |at: usize| header.get(at).copied().unwrap_or(0);
    let pieces = payload.len().div_ceil(len);
    (0..pieces)
        .zip(payload.chunks(len))
        .map(|(index, piece)| {
            let more = index + 1 < pieces;
            let mut ip = IpHeader::new(packet.source(), packet.destination());
            if packet.source().is_ipv4() {
                ip.ttl = byte(8);
                ip.id = u16::from_be_bytes([byte(4), byte(5)]);
                let place = u16::try_from(index * len / 8).unwrap_or(0);
                Packet::with_flags(ip, byte(9), place | u16::from(more) << 13, piece)
            } else {
                ip.ttl = byte(7);
                // The packet has no identification: that of its checksum tells it from others.
                let id = payload.get(4..8).unwrap_or_default();
                let place = be16((index * len) | usize::from(more));
                let header = [&[byte(6), 0][..], &place, id].concat();
                Packet::ip(ip, FRAGMENT_HEADER, &[&header, piece].concat())
            }
        })
        .collect()
}
