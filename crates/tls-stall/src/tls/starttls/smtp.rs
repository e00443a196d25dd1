//! SMTP's STARTTLS (RFC 3207).

use super::Reply;

pub(super) fn is_greeting(line: &[u8]) -> bool {
    // FTP greets with 220 too; its port tells, and its STARTTLS is another.
    line.starts_with(b"220 ") || line.starts_with(b"220-") || line.starts_with(b"554 ")
}

/// Whether a line is not the last of its reply (RFC 5321, section 4.2.1), as in a greeting whose
/// end is held back to tell clients that do not wait for it.
pub(super) fn goes_on(line: &[u8]) -> bool {
    matches!(line, [a, b, c, b'-', ..] if [a, b, c].iter().all(|digit| digit.is_ascii_digit()))
}

pub(super) fn is_request(line: &[u8]) -> bool {
    line.trim_ascii().eq_ignore_ascii_case(b"STARTTLS")
}

pub(super) fn reply(line: &[u8]) -> Reply {
    match line {
        [b'2', b'2', b'0', b' ', ..] | b"220" => Reply::GoAhead,
        [b'4' | b'5', _, _, b' ', ..] => Reply::Refusal,
        _ => Reply::Other,
    }
}
