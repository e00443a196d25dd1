//! IMAP's STARTTLS (RFC 9051, section 6.2.1).

use super::Reply;

pub(super) fn is_greeting(line: &[u8]) -> bool {
    line.starts_with(b"* OK") || line.starts_with(b"* PREAUTH") || line.starts_with(b"* BYE")
}

/// The tag of the command.
pub(super) fn request(line: &[u8]) -> Option<&[u8]> {
    let space = line.iter().position(|&byte| byte == b' ')?;
    let (tag, command) = line.split_at_checked(space)?;
    command
        .trim_ascii()
        .eq_ignore_ascii_case(b"STARTTLS")
        .then_some(tag)
}

/// What a line says to who waits for one with `tag`; the greeting, where there is none.
pub(super) fn reply(line: &[u8], tag: Option<&[u8]>) -> Reply {
    let prefix = match tag {
        _ if line.starts_with(b"* BYE") => return Reply::Refusal,
        Some(tag) => tag,
        None => b"*",
    };
    let Some(status) = line
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix(b" "))
    else {
        return Reply::Other;
    };
    let is = |word: &[u8]| {
        status
            .get(..word.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(word))
    };
    if is(b"OK") {
        Reply::GoAhead
    } else if is(b"NO") || is(b"BAD") {
        Reply::Refusal
    } else {
        Reply::Other
    }
}
