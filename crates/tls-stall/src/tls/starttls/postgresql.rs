//! `SSLRequest` of `PostgreSQL` (its manual, "Message Formats").

use super::Reply;

const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// How long the message is that begins with `bytes`, as long as nothing but requests was sent.
pub(super) fn len(bytes: &[u8]) -> Option<usize> {
    let len = u32::from_be_bytes(*bytes.first_chunk()?);
    Some(usize::try_from(len).unwrap_or(usize::MAX))
}

pub(super) fn is_request(message: &[u8]) -> bool {
    message == SSL_REQUEST
}

/// The answer is one byte.
#[allow(
    clippy::unnecessary_wraps,
    reason = "the same form as those that have to count"
)]
pub(super) const fn reply_len(_: &[u8]) -> Option<usize> {
    Some(1)
}

pub(super) fn reply(byte: &[u8]) -> Reply {
    match byte {
        b"S" => Reply::GoAhead,
        b"N" | b"E" => Reply::Refusal,
        _ => Reply::Other,
    }
}
