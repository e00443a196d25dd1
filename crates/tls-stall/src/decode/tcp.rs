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

#[cfg(test)]
mod tests {
    use super::super::Packet;
    use super::super::sample::{PAYLOAD, RAW, decode, segment, tcp_v4};
    use super::*;

    #[test]
    fn every_field_is_read() {
        let packet = tcp_v4();
        let segment = segment(RAW, &packet);
        assert_eq!(segment.source.port, 41234);
        assert_eq!(segment.destination.port, 465);
        assert_eq!(segment.seq, 0xfedc_ba98);
        assert_eq!(segment.ack, 0x1234_5678);
        assert_eq!(segment.flags, TcpFlags(0x18));
        assert_eq!(segment.window, Some(8192));
        assert_eq!(segment.options.len(), 12);
        assert_eq!(segment.payload, PAYLOAD);
        assert_eq!(segment.payload_len, 12);
    }

    #[test]
    fn a_header_cut_in_its_options_gives_all_but_them() {
        // 20 bytes of IP and 20 of TCP; of the options, 2 no-operations and half a timestamp.
        let packet = tcp_v4();
        for len in [40, 48] {
            let segment = segment(RAW, &packet[..len]);
            assert_eq!(segment.window, Some(8192));
            assert_eq!(segment.options.len(), len - 40);
            assert_eq!(segment.payload, b"");
            assert_eq!(segment.payload_len, 12);
        }
    }

    #[test]
    fn fourteen_bytes_give_all_but_window_and_options() {
        let packet = tcp_v4();
        let segment = segment(RAW, &packet[..34]);
        assert_eq!(segment.ack, 0x1234_5678);
        assert_eq!(segment.flags, TcpFlags(0x18));
        assert_eq!(segment.window, None);
        assert_eq!(segment.payload_len, 12);
        assert_eq!(decode(RAW, &packet[..33]), Err(Undecoded::CutShort));
    }

    #[test]
    fn an_impossible_data_offset_is_an_error_not_a_panic() {
        for offset in [0, 4] {
            let mut packet = tcp_v4();
            packet[32] = offset << 4;
            let error = decode(RAW, &packet).unwrap_err();
            assert!(matches!(error, Undecoded::Malformed(_)), "{error:?}");
        }
        // 60 bytes of header in 44 bytes of packet, cut or not
        let mut packet = tcp_v4();
        packet[32] = 0xf0;
        for len in [packet.len(), 34] {
            let error = decode(RAW, &packet[..len]).unwrap_err();
            assert!(matches!(error, Undecoded::Malformed(_)), "{error:?}");
        }
    }

    #[test]
    fn checksums_are_not_looked_at() {
        let mut packet = tcp_v4();
        packet[10] ^= 0xff;
        packet[36] ^= 0xff;
        assert!(matches!(decode(RAW, &packet), Ok(Packet::Tcp(_))));
    }
}
