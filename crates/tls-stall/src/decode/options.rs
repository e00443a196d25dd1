//! The options of a TCP header that are needed now and then (RFC 9293, section 3.2).

use super::packet::Segment;

const END_OF_LIST: u8 = 0;
const NO_OPERATION: u8 = 1;
const SACK: u8 = 5;
const TIMESTAMPS: u8 = 8;
const TIMESTAMPS_LEN: u8 = 10;

impl Segment<'_> {
    /// The sender's clock (`TSval`, RFC 7323, section 3.2); `None` where the segment has none, or
    /// where the capturer cut it.
    pub(crate) fn timestamp(&self) -> Option<u32> {
        self.timestamps()?
            .first_chunk()
            .copied()
            .map(u32::from_be_bytes)
    }

    /// The peer's clock as the sender had last heard it (`TSecr`, RFC 7323, section 3.2).
    pub(crate) fn echoed_timestamp(&self) -> Option<u32> {
        let echo = self.timestamps()?.get(4..)?;
        echo.first_chunk().copied().map(u32::from_be_bytes)
    }

    /// The blocks of a selective acknowledgement: their first byte and the one beyond them
    /// (RFC 2018, section 3). One that the capturer cut is left out.
    pub(crate) fn sacked(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let blocks = find(self.options, SACK).map_or(&[][..], |option| option.value);
        blocks
            .as_chunks()
            .0
            .iter()
            .map(|&[a, b, c, d, e, f, g, h]| {
                (
                    u32::from_be_bytes([a, b, c, d]),
                    u32::from_be_bytes([e, f, g, h]),
                )
            })
    }

    fn timestamps(&self) -> Option<&[u8]> {
        let option = find(self.options, TIMESTAMPS)?;
        (option.len == TIMESTAMPS_LEN).then_some(option.value)
    }
}

/// An option as far as it was captured.
struct TcpOption<'a> {
    /// As it says: with its kind and this length.
    len: u8,
    /// What follows kind and length.
    value: &'a [u8],
}

/// The first option of `kind`; one of an impossible length ends the search.
fn find(mut options: &[u8], kind: u8) -> Option<TcpOption<'_>> {
    loop {
        match *options {
            [NO_OPERATION, ref rest @ ..] => options = rest,
            [] | [END_OF_LIST, ..] | [_] => return None,
            [found, len, ref rest @ ..] => {
                let value_len = usize::from(len).checked_sub(2)?;
                let (value, rest) = rest.split_at_checked(value_len).unwrap_or((rest, &[]));
                if found == kind {
                    return Some(TcpOption { len, value });
                }
                options = rest;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::packet::{Endpoint, IpFacts, TcpFlags};
    use super::*;

    fn segment(options: &[u8]) -> Segment<'_> {
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
    }

    #[test]
    fn both_clocks_are_found_behind_others_and_not_beyond_the_end_of_the_list() {
        let clocks = [8, 10, 0, 0, 1, 2, 9, 9, 9, 9];
        let behind = [&[2, 4, 5, 0xb4, 4, 2, 1, 1][..], &clocks].concat();
        for options in [&clocks[..], &behind] {
            assert_eq!(segment(options).timestamp(), Some(0x0102));
            assert_eq!(segment(options).echoed_timestamp(), Some(0x0909_0909));
        }
        let beyond = [&[0][..], &clocks].concat();
        assert_eq!(segment(&beyond).timestamp(), None);
    }

    #[test]
    fn the_senders_clock_is_read_where_the_capturer_cut_the_other() {
        let cut = segment(&[8, 10, 0, 0, 1, 2, 9]);
        assert_eq!(cut.timestamp(), Some(0x0102));
        assert_eq!(cut.echoed_timestamp(), None);
    }

    #[test]
    fn blocks_are_found_behind_a_timestamp_and_without_the_one_that_was_cut() {
        let mut options = vec![1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1, 5, 18];
        options.extend([0, 0, 0, 9, 0, 0, 1, 9]);
        options.extend([0, 0, 2, 0, 0, 0]);
        let blocks: Vec<_> = segment(&options).sacked().collect();
        assert_eq!(blocks, [(9, 265)]);
    }

    #[test]
    fn options_cut_or_of_no_length_end_the_search() {
        for options in [
            &[][..],
            &[8],
            &[8, 10, 0, 0],
            &[8, 9, 0, 0, 0, 0, 0],
            &[5, 10, 0, 0, 0],
            &[5, 200, 1],
            &[5, 0, 1, 1],
            &[5],
            &[0, 5, 2],
        ] {
            let segment = segment(options);
            assert_eq!(segment.timestamp(), None, "{options:?}");
            assert_eq!(segment.sacked().count(), 0, "{options:?}");
        }
    }
}
