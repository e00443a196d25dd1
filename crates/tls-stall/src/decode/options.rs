//! The options of a TCP header.

/// The options of one segment; where one stands twice, the last counts, as in Linux.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TcpOptions<'a> {
    /// Maximum segment size, in bytes (RFC 9293, section 3.7.1).
    pub(crate) mss: Option<u16>,
    /// By how many bits the windows that its sender announces are shifted, at most 14 (RFC 7323,
    /// section 2).
    pub(crate) window_scale: Option<u8>,
    /// Whether selective acknowledgements may be sent (RFC 2018, section 2).
    pub(crate) sack_permitted: bool,
    /// The sender's clock and its echo of the peer's (RFC 7323, section 3).
    pub(crate) timestamps: Option<(u32, u32)>,
    sack: &'a [[u8; 8]],
}

impl<'a> TcpOptions<'a> {
    /// Reads the bytes between a TCP header's fixed part and its payload.
    ///
    /// An option of an unknown kind, or of a known kind and the wrong length, is passed over; an
    /// option whose length is impossible ends the list, and so does the end of what was captured.
    pub(crate) fn parse(mut bytes: &'a [u8]) -> Self {
        const END_OF_LIST: u8 = 0;
        const NO_OPERATION: u8 = 1;

        let mut options = Self::default();
        while let [kind, rest @ ..] = bytes {
            match *kind {
                END_OF_LIST => break,
                NO_OPERATION => bytes = rest,
                kind => {
                    let Some((value, rest)) = split_value(rest) else {
                        break;
                    };
                    options.note(kind, value);
                    bytes = rest;
                }
            }
        }
        options
    }

    /// The blocks that were received out of order: the first sequence number of each, and the one
    /// after its last (RFC 2018, section 3).
    pub(crate) fn sack_blocks(&self) -> impl Iterator<Item = (u32, u32)> + 'a {
        self.sack.iter().copied().map(pair)
    }

    fn note(&mut self, kind: u8, value: &'a [u8]) {
        match (kind, value) {
            (2, &[high, low]) => self.mss = Some(u16::from_be_bytes([high, low])),
            // A larger shift is used as 14 (RFC 7323, section 2.3).
            (3, &[shift]) => self.window_scale = Some(shift.min(14)),
            (4, []) => self.sack_permitted = true,
            (5, value) => {
                if let (blocks, []) = value.as_chunks() {
                    self.sack = blocks;
                }
            }
            (8, value) => {
                if let Ok(value) = value.try_into() {
                    self.timestamps = Some(pair(value));
                }
            }
            _ => {}
        }
    }
}

/// Splits an option's value, from its length byte on, from what follows it.
fn split_value(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&len, rest) = bytes.split_first()?;
    // The kind and the length itself are counted.
    rest.split_at_checked(usize::from(len).checked_sub(2)?)
}

fn pair(value: [u8; 8]) -> (u32, u32) {
    (
        u32::from_be_bytes([value[0], value[1], value[2], value[3]]),
        u32::from_be_bytes([value[4], value[5], value[6], value[7]]),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const MSS_1460: [u8; 4] = [2, 4, 0x05, 0xb4];
    const SCALE_7: [u8; 3] = [3, 3, 7];

    #[test]
    fn a_syn_of_linux_is_read_whole() {
        let options = [
            2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 3, 3, 7,
        ];
        let options = TcpOptions::parse(&options);
        assert_eq!(options.mss, Some(1460));
        assert_eq!(options.window_scale, Some(7));
        assert!(options.sack_permitted);
        assert_eq!(options.timestamps, Some((1, 2)));
    }

    #[test]
    fn options_of_unknown_kinds_are_passed_over() {
        let fast_open = [34, 10, 1, 2, 3, 4, 5, 6, 7, 8];
        let md5 = [&[19, 18][..], &[0xee; 16]].concat();
        let multipath = [&[30, 12][..], &[0xee; 10]].concat();
        for unknown in [&fast_open[..], &md5, &multipath] {
            for bytes in [
                [unknown, &MSS_1460, &SCALE_7].concat(),
                [&MSS_1460, unknown, &SCALE_7].concat(),
            ] {
                let options = TcpOptions::parse(&bytes);
                assert_eq!(options.mss, Some(1460), "{bytes:?}");
                assert_eq!(options.window_scale, Some(7), "{bytes:?}");
            }
        }
    }

    #[test]
    fn a_known_option_of_the_wrong_length_is_passed_over() {
        let bytes = [
            &[2, 3, 5][..],
            &[8, 4, 0, 0],
            &[5, 9, 0, 0, 0, 0, 0, 0, 0],
            &SCALE_7,
        ]
        .concat();
        let options = TcpOptions::parse(&bytes);
        assert_eq!(options.mss, None);
        assert_eq!(options.timestamps, None);
        assert_eq!(options.sack_blocks().count(), 0);
        assert_eq!(options.window_scale, Some(7));
    }

    #[test]
    fn an_impossible_length_ends_the_list_and_keeps_what_came_before() {
        let sack_of_42 = [&[5, 42][..], &[0; 30]].concat();
        for bad in [
            &[2, 0, 1, 1][..],
            &[2, 1, 1, 1],
            &[2],
            &[3, 200],
            &sack_of_42,
        ] {
            let options = [&MSS_1460, bad, &SCALE_7].concat();
            let options = TcpOptions::parse(&options);
            assert_eq!(options.mss, Some(1460), "{bad:?}");
            assert_eq!(options.window_scale, None, "{bad:?}");
        }
    }

    #[test]
    fn nothing_is_read_after_the_end_of_the_list() {
        let options = [&[0][..], &MSS_1460].concat();
        assert_eq!(TcpOptions::parse(&options), TcpOptions::default());
    }

    #[test]
    fn sack_blocks_are_given_in_order() {
        let options = [
            1, 1, 5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 4,
        ];
        let options = TcpOptions::parse(&options);
        assert!(options.sack_blocks().eq([(1, 2), (u32::MAX, 4)]));
    }

    #[test]
    fn a_window_scale_beyond_14_is_used_as_14() {
        assert_eq!(TcpOptions::parse(&[3, 3, 200]).window_scale, Some(14));
    }
}
