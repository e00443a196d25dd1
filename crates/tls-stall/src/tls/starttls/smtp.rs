//! SMTP's STARTTLS (RFC 3207).

use super::Reply;

pub(super) fn is_greeting(line: &[u8]) -> bool {
    // FTP greets with 220 too; its port tells, and its STARTTLS is another.
    line.starts_with(b"220 ") || line.starts_with(b"220-") || line.starts_with(b"554 ")
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
