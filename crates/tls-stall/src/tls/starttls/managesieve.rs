//! STARTTLS of the sieve protocol (RFC 5804, section 2.2).

use super::Reply;

pub(super) fn is_greeting(line: &[u8]) -> bool {
    line.starts_with(b"\"IMPLEMENTATION\"")
}

pub(super) fn reply(line: &[u8]) -> Reply {
    let is = |word: &[u8]| {
        line.get(..word.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(word))
    };
    if is(b"OK") {
        Reply::GoAhead
    } else if is(b"NO") || is(b"BYE") {
        Reply::Refusal
    } else {
        Reply::Other
    }
}
