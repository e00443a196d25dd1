//! `SSLRequest` of `MySQL` and `MariaDB` (their manuals, "Connection Phase").
//!
//! The server greets, and a client that wants TLS says so and begins at once: its request is the
//! go-ahead.

use super::Reply;

const CLIENT_SSL: u32 = 0x0800;

/// The protocol's version, which the greeting begins with.
const PROTOCOL: u8 = 10;

/// An error in place of the greeting.
const ERROR: u8 = 0xff;

/// How long the packet is that begins with `bytes`: three bytes of length and one of sequence.
pub(super) fn len(bytes: &[u8]) -> Option<usize> {
    let &[a, b, c, _] = bytes.first_chunk()?;
    let len = u32::from_le_bytes([a, b, c, 0]);
    Some(usize::try_from(len).unwrap_or(usize::MAX).saturating_add(4))
}

/// Whether `packet` can only be the greeting.
pub(super) fn is_greeting(bytes: &[u8]) -> bool {
    let told = |&[a, b, c]: &[u8; 3]| u32::from_le_bytes([a, b, c, 0]);
    match bytes {
        [a, b, 0, 0, PROTOCOL, version, ..] => {
            version.is_ascii_digit() && (40..512).contains(&told(&[*a, *b, 0]))
        }
        _ => false,
    }
}

pub(super) fn is_request(packet: &[u8]) -> bool {
    let Some((_, flags)) = packet
        .split_first_chunk::<4>()
        .filter(|_| packet.len() == 4 + 32)
    else {
        return false;
    };
    flags
        .first_chunk()
        .is_some_and(|&flags| u32::from_le_bytes(flags) & CLIENT_SSL != 0)
}

pub(super) fn reply(packet: &[u8]) -> Reply {
    match packet.get(4) {
        Some(&PROTOCOL) => Reply::GoAhead,
        Some(&ERROR) => Reply::Refusal,
        _ => Reply::Other,
    }
}

/// The text of an error: behind its number and, where there is one, the SQL state.
pub(super) fn words(packet: &[u8]) -> &[u8] {
    let text = packet.get(4 + 1 + 2..).unwrap_or_default();
    let state = text
        .first_chunk::<6>()
        .filter(|state| state.starts_with(b"#"));
    text.get(state.map_or(0, |state| state.len())..)
        .unwrap_or_default()
}
