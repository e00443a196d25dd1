//! The PROXY header of load balancers (proxy-protocol.txt of `HAProxy`), versions 1 and 2.

use super::Step;

const VERSION_1: &[u8] = b"PROXY ";
const VERSION_2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// The longest header of version 1, with its end.
const MAX_LINE: usize = 107;

/// How long the header is.
pub(super) fn len(said: &[u8]) -> Step<()> {
    let begins = |mark: &[u8]| said.iter().zip(mark).all(|(a, b)| a == b);
    if begins(VERSION_2) {
        let Some(&[_, _, a, b]) = said.get(VERSION_2.len()..).and_then(<[u8]>::first_chunk) else {
            return Step::More;
        };
        let len = usize::from(u16::from_be_bytes([a, b])).saturating_add(16);
        return if said.len() < len {
            Step::More
        } else {
            Step::Done((), len)
        };
    }
    if !begins(VERSION_1) {
        return Step::Foreign;
    }
    match said.iter().take(MAX_LINE).position(|&byte| byte == b'\n') {
        Some(end) => Step::Done((), end.saturating_add(1)),
        None if said.len() >= MAX_LINE => Step::Foreign,
        None => Step::More,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_are_told_by_their_lengths() {
        let line = b"PROXY TCP4 192.0.2.1 198.51.100.1 5000 443\r\n\x16\x03";
        assert_eq!(len(line), Step::Done((), line.len() - 2));
        let mut binary = VERSION_2.to_vec();
        binary.extend([0x21, 0x11, 0, 12]);
        binary.extend([0; 12]);
        binary.extend([0x16, 3]);
        assert_eq!(len(&binary), Step::Done((), 28));
        assert_eq!(len(&binary[..20]), Step::More);
        assert_eq!(len(b"PROP"), Step::Foreign);
        assert_eq!(len(b""), Step::More);
    }
}
