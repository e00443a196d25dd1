//! UDP datagrams.

use super::ip::IpPacket;
use super::packet::{Datagram, Endpoint};
use super::undecoded::Undecoded;

/// RFC 768.
const HEADER_LEN: u16 = 8;

/// Reads the datagram in `packet`; the first 4 bytes are enough for the ports.
///
/// # Errors
///
/// Where fewer than 4 bytes are there, or the length in the header is impossible.
pub(super) fn datagram<'a>(packet: &IpPacket<'a>) -> Result<Datagram<'a>, Undecoded> {
    let ports: &[u8; 4] = packet.payload.first()?;
    let mut payload = packet.payload.skip(usize::from(HEADER_LEN))?;
    // 0 stands for a length that the field cannot hold (RFC 2675, section 4).
    if let Some(&[.., high, low]) = packet.payload.captured().first_chunk::<6>()
        && [high, low] != [0, 0]
    {
        let Some(len) = u16::from_be_bytes([high, low]).checked_sub(HEADER_LEN) else {
            return Err(Undecoded::Malformed("the UDP length is less than 8 bytes"));
        };
        // The whole datagram's length also stands in a fragment.
        payload = payload.with_len(payload.wire_len().min(u32::from(len)));
    }
    Ok(Datagram {
        ip: packet.facts,
        source: Endpoint {
            ip: packet.source,
            port: u16::from_be_bytes([ports[0], ports[1]]),
        },
        destination: Endpoint {
            ip: packet.destination,
            port: u16::from_be_bytes([ports[2], ports[3]]),
        },
        payload: payload.captured(),
        payload_len: payload.wire_len(),
    })
}
