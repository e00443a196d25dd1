//! TCP options (RFC 9293, section 3.2), as far as the analysis uses them.

const END: u8 = 0;
const NO_OPERATION: u8 = 1;
const SACK: u8 = 5;

/// The blocks of a selective acknowledgement: their first byte and the one beyond them (RFC 2018).
///
/// A malformed or cut option ends the list.
pub(super) fn sacked(options: &[u8]) -> impl Iterator<Item = (u32, u32)> + '_ {
    let blocks = find(options, SACK).unwrap_or_default();
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

/// The value of the first option of `kind`.
fn find(mut options: &[u8], kind: u8) -> Option<&[u8]> {
    loop {
        match *options {
            [] | [END, ..] => return None,
            [NO_OPERATION, ref rest @ ..] => options = rest,
            [found, len, ref rest @ ..] => {
                let (value, rest) = rest.split_at_checked(usize::from(len).checked_sub(2)?)?;
                if found == kind {
                    return Some(value);
                }
                options = rest;
            }
            [_] => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_behind_a_timestamp() {
        let mut options = vec![1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1, 5, 10];
        options.extend([0, 0, 0, 9, 0, 0, 1, 9]);
        assert_eq!(sacked(&options).collect::<Vec<_>>(), [(9, 265)]);
    }

    #[test]
    fn what_is_cut_or_malformed_has_no_blocks() {
        for options in [&[5, 10, 0, 0, 0][..], &[5, 0], &[5], &[0, 5, 2], &[]] {
            assert_eq!(sacked(options).count(), 0, "{options:?}");
        }
    }
}
