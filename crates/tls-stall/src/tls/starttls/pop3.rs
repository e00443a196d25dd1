//! POP3's STLS (RFC 2595, section 4).

use super::Reply;

pub(super) fn is_greeting(line: &[u8]) -> bool {
    line.starts_with(b"+OK") || line.starts_with(b"-ERR")
}

pub(super) fn is_request(line: &[u8]) -> bool {
    line.trim_ascii().eq_ignore_ascii_case(b"STLS")
}

pub(super) fn reply(line: &[u8]) -> Reply {
    if line.starts_with(b"+OK") {
        Reply::GoAhead
    } else if line.starts_with(b"-ERR") {
        Reply::Refusal
    } else {
        Reply::Other
    }
}
