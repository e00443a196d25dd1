//! The app whose packet a phone captured: asked for where it is needed, so that no other frame pays.

use crate::capture::{Frame, LinkType};

/// A magic number, a user id, the name, a checksum.
const TRAILER_LEN: usize = 4 + 4 + 20 + 4;
const MAGIC: [u8; 4] = [0x01, 0x07, 0x20, 0x21];
const NAME: std::ops::Range<usize> = 8..28;

/// The name of the app that sent or gets the packet in `frame`, where `PCAPdroid` appended it: behind
/// the IP packet, in an Ethernet frame whose addresses are all 0
/// (<https://emanuele-f.github.io/PCAPdroid/advanced_features>, "PCAPdroid extensions").
///
/// It is at most 20 bytes long, and attacker's text as all of a capture.
pub(crate) fn app_name<'a>(frame: &Frame<'a>) -> Option<&'a str> {
    if frame.link_type != LinkType::ETHERNET || *frame.data.first_chunk::<12>()? != [0; 12] {
        return None;
    }
    let (packet, trailer) = frame.data.split_last_chunk::<TRAILER_LEN>()?;
    if !trailer.starts_with(&MAGIC) || packet.len() < ip_end(packet)? {
        return None;
    }
    let name = trailer.get(NAME)?.split(|&byte| byte == 0).next()?;
    let name = match std::str::from_utf8(name) {
        Ok(name) => name,
        // A name that was cut, perhaps within a character.
        Err(error) => std::str::from_utf8(name.get(..error.valid_up_to())?).ok()?,
    };
    (!name.is_empty()).then_some(name)
}

/// Where the IP packet of an Ethernet frame ends.
fn ip_end(frame: &[u8]) -> Option<usize> {
    let packet = frame.get(14..)?;
    let stated = |at: usize| Some(u16::from_be_bytes(*packet.get(at..)?.first_chunk()?));
    let len = match packet.first()? >> 4 {
        4 => usize::from(stated(2)?),
        6 => usize::from(stated(4)?).saturating_add(40),
        _ => return None,
    };
    len.checked_add(14)
}

#[cfg(test)]
mod tests {
    use super::super::app_name;
    use super::super::sample::{ETHERNET, frame, tcp_v4, tcp_v6};
    use super::{MAGIC, TRAILER_LEN};

    /// A frame as `PCAPdroid` writes it.
    fn with_trailer(packet: &[u8], padding: usize, name: &[u8]) -> Vec<u8> {
        let ether_type: [u8; 2] = if packet[0] >> 4 == 6 {
            [0x86, 0xdd]
        } else {
            [8, 0]
        };
        let mut name = name.to_vec();
        name.resize(20, 0);
        let (header, padding) = ([&[0; 12][..], &ether_type].concat(), vec![0; padding]);
        [
            &header,
            packet,
            &padding,
            &MAGIC,
            &[0, 0, 39, 0x10],
            &name,
            &[1, 2, 3, 4],
        ]
        .concat()
    }

    #[test]
    fn the_name_behind_a_packet_is_read() {
        for packet in [tcp_v4(), tcp_v6()] {
            for padding in 0..4 {
                let data = with_trailer(&packet, padding, b"K-9 Mail");
                assert_eq!(app_name(&frame(ETHERNET, &data)), Some("K-9 Mail"));
                assert_eq!(app_name(&frame(101, &data[14..])), None);
                assert_eq!(app_name(&frame(ETHERNET, &data[..data.len() - 1])), None);
            }
        }
    }

    #[test]
    fn a_name_cut_within_a_character_ends_before_it() {
        let long = "\u{8fc5}\u{96f7}".repeat(4);
        let data = with_trailer(&tcp_v4(), 0, &long.as_bytes()[..20]);
        let name = app_name(&frame(ETHERNET, &data)).unwrap();
        assert!(long.starts_with(name));
        assert_eq!(name.chars().count(), 6);
    }

    #[test]
    fn what_a_packet_carries_is_no_trailer() {
        let trailer = with_trailer(&tcp_v4(), 0, b"forged");
        let payload = &trailer[trailer.len() - TRAILER_LEN..];
        let mut packet = [&tcp_v4(), payload].concat();
        packet[3] = u8::try_from(packet.len()).unwrap();
        let data = [&[0; 12][..], &[8, 0], &packet].concat();
        assert_eq!(app_name(&frame(ETHERNET, &data)), None);
        let unnamed = with_trailer(&tcp_v4(), 0, b"");
        assert_eq!(app_name(&frame(ETHERNET, &unnamed)), None);
        let mut real_addresses = trailer;
        real_addresses[5] = 1;
        assert_eq!(app_name(&frame(ETHERNET, &real_addresses)), None);
    }
}
