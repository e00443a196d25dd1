//! The options at the end of a pcapng block.

use std::borrow::Cow;

use pcap_parser::{PcapError, parse_option_be, parse_option_le};

use super::byte_order::ByteOrder;
use super::faults::Damage;

/// Goes through a block's options, each a code and its value without padding.
///
/// Where an option runs past the end, the last item is an error. Nothing is allocated: a block of
/// 16 MiB may hold four million options.
pub(super) struct Options<'a> {
    order: ByteOrder,
    rest: &'a [u8],
}

impl<'a> Options<'a> {
    /// The options in `bytes`, which end where the block's closing length begins.
    pub(super) const fn new(order: ByteOrder, bytes: &'a [u8]) -> Self {
        Self { order, rest: bytes }
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = Result<(u16, &'a [u8]), Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let parsed = match self.order {
            ByteOrder::Little => parse_option_le::<PcapError<&[u8]>>(self.rest),
            ByteOrder::Big => parse_option_be::<PcapError<&[u8]>>(self.rest),
        };
        self.rest = &[];
        let Ok((rest, option)) = parsed else {
            return Some(Err(Damage::Options));
        };
        let Cow::Borrowed(padded) = option.value else {
            return Some(Err(Damage::Options));
        };
        // `opt_endofopt`; it may be missing.
        if option.code.0 == 0 {
            return None;
        }
        self.rest = rest;
        let value = padded.get(..usize::from(option.len))?;
        Some(Ok((option.code.0, value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_without_their_padding_up_to_the_end_mark() {
        let bytes = [9, 0, 1, 0, 6, 0xff, 0xff, 0xff, 0, 0, 0, 0, 1, 2, 3, 4];
        let options: Vec<_> = Options::new(ByteOrder::Little, &bytes).collect();
        assert_eq!(options, [Ok((9, &[6][..]))]);
    }

    #[test]
    fn an_option_that_runs_past_the_end_is_an_error_after_the_good_ones() {
        let bytes = [0, 1, 0, 0, 0, 9, 0, 255, 6, 0, 0, 0];
        let options: Vec<_> = Options::new(ByteOrder::Big, &bytes).collect();
        assert_eq!(options, [Ok((1, &[][..])), Err(Damage::Options)]);
    }
}
