//! TCP segments.

use super::ip::IpPacket;
use super::packet::{Endpoint, Segment, TcpFlags};
use super::undecoded::Undecoded;

/// A header without options (RFC 9293, section 3.1).
const MIN_HEADER_LEN: usize = 20;

/// Reads the segment in `packet`; the first 14 bytes are enough for all but window and options.
///
/// # Errors
///
/// Where fewer than 14 bytes are there, or the header's length is impossible.
pub(super) fn segment<'a>(packet: &IpPacket<'a>) -> Result<Segment<'a>, Undecoded> {
    let header: &[u8; 14] = packet.payload.first()?;
    let captured = packet.payload.captured();
    // The data offset counts words of 4 bytes, in the upper 4 bits.
    let header_len = usize::from(header[12] >> 4).saturating_mul(4);
    if header_len < MIN_HEADER_LEN {
        return Err(Undecoded::Malformed(
            "the TCP header is shorter than 20 bytes",
        ));
    }
    let mut payload = packet.payload.skip(header_len)?;
    let flags = TcpFlags(header[13]);
    if packet.may_be_padded && is_padding(flags, payload.captured()) {
        payload = payload.with_len(0);
    }
    Ok(Segment {
        ip: packet.facts,
        source: Endpoint {
            ip: packet.source,
            port: u16::from_be_bytes([header[0], header[1]]),
        },
        destination: Endpoint {
            ip: packet.destination,
            port: u16::from_be_bytes([header[2], header[3]]),
        },
        seq: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
        ack: u32::from_be_bytes([header[8], header[9], header[10], header[11]]),
        flags,
        window: captured
            .first_chunk()
            .map(|header: &[u8; 16]| u16::from_be_bytes([header[14], header[15]])),
        options: captured
            .get(MIN_HEADER_LEN..header_len.min(captured.len()))
            .unwrap_or_default(),
        payload: payload.captured(),
        payload_len: payload.wire_len(),
    })
}

/// Whether the `payload` of a segment with these flags looks like the padding of a bare ACK.
fn is_padding(flags: TcpFlags, payload: &[u8]) -> bool {
    !flags.syn() && !flags.fin() && !flags.psh() && payload.iter().all(|&byte| byte == 0)
}
