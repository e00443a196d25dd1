//! The options of a TCP header that are needed now and then.

use super::packet::Segment;

impl Segment<'_> {
    /// The sender's clock (`TSval`, RFC 7323, section 3.2); `None` where the segment has none, or
    /// where the capturer cut it.
    pub(crate) fn timestamp(&self) -> Option<u32> {
        const END_OF_LIST: u8 = 0;
        const NO_OPERATION: u8 = 1;
        const TIMESTAMPS: u8 = 8;

        let mut bytes = self.options;
        loop {
            match bytes {
                [NO_OPERATION, rest @ ..] => bytes = rest,
                [TIMESTAMPS, 10, a, b, c, d, ..] => {
                    return Some(u32::from_be_bytes([*a, *b, *c, *d]));
                }
                [] | [END_OF_LIST | TIMESTAMPS, ..] | [_] => return None,
                [_, length, ..] => bytes = bytes.get(usize::from((*length).max(2))..)?,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::packet::{Endpoint, IpFacts, TcpFlags};
    use super::*;

    fn timestamp(options: &[u8]) -> Option<u32> {
        let endpoint = Endpoint {
            ip: "10.8.0.1".parse().unwrap(),
            port: 1,
        };
        Segment {
            ip: IpFacts { ttl: 64, id: None },
            source: endpoint,
            destination: endpoint,
            seq: 0,
            ack: 0,
            flags: TcpFlags(0),
            window: None,
            options,
            payload: &[],
            payload_len: 0,
        }
        .timestamp()
    }

    #[test]
    fn it_is_found_behind_others_and_not_beyond_the_end_of_the_list() {
        let value = [8, 10, 0, 0, 1, 2, 9, 9, 9, 9];
        assert_eq!(timestamp(&value), Some(0x0102));
        let behind = [&[2, 4, 5, 0xb4, 4, 2, 1, 1][..], &value].concat();
        assert_eq!(timestamp(&behind), Some(0x0102));
        assert_eq!(timestamp(&[&[0][..], &value].concat()), None);
    }

    #[test]
    fn options_cut_or_of_no_length_end_the_search() {
        for options in [
            &[][..],
            &[8],
            &[8, 10, 0, 0],
            &[8, 9, 0, 0, 0, 0],
            &[5, 200, 1],
            &[5],
        ] {
            assert_eq!(timestamp(options), None, "{options:?}");
        }
        assert_eq!(timestamp(&[5, 0, 1, 1]), None);
    }
}
