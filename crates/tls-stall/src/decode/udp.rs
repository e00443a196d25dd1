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

#[cfg(test)]
mod tests {
    use super::super::Packet;
    use super::super::sample::{PAYLOAD, RAW, decode, udp_v4, udp_v6};
    use super::*;

    fn datagram(data: &[u8]) -> Datagram<'_> {
        match decode(RAW, data) {
            Ok(Packet::Udp(datagram)) => datagram,
            other => panic!("not UDP but {other:?}"),
        }
    }

    fn with_length(length: u16) -> Vec<u8> {
        let mut packet = udp_v4();
        packet[24..26].copy_from_slice(&length.to_be_bytes());
        packet
    }

    #[test]
    fn every_field_is_read() {
        for packet in [udp_v4(), udp_v6()] {
            let datagram = datagram(&packet);
            assert_eq!(datagram.source.port, 40000);
            assert_eq!(datagram.destination.port, 53);
            assert_eq!(datagram.payload, PAYLOAD);
            assert_eq!(datagram.payload_len, 12);
            assert_eq!(datagram.ip.ttl, 64);
        }
    }

    #[test]
    fn the_smaller_of_both_lengths_is_the_payload() {
        assert_eq!(datagram(&with_length(8 + 6)).payload, &PAYLOAD[..6]);
        assert_eq!(datagram(&with_length(8 + 6)).payload_len, 6);
        // As in a first fragment.
        assert_eq!(datagram(&with_length(4000)).payload, PAYLOAD);
        assert_eq!(datagram(&with_length(4000)).payload_len, 12);
        assert_eq!(datagram(&with_length(0)).payload_len, 12);
    }

    #[test]
    fn an_impossible_length_is_an_error_not_a_panic() {
        let error = decode(RAW, &with_length(7)).unwrap_err();
        assert_eq!(
            error,
            Undecoded::Malformed("the UDP length is less than 8 bytes")
        );
    }

    #[test]
    fn four_bytes_give_the_ports() {
        let packet = udp_v4();
        let datagram = datagram(&packet[..24]);
        assert_eq!(datagram.destination.port, 53);
        assert_eq!((datagram.payload, datagram.payload_len), (&[][..], 12));
        assert_eq!(decode(RAW, &packet[..23]), Err(Undecoded::CutShort));
    }
}
