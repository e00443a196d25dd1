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

pub(super) fn reply(line: &[u8], tag: &[u8]) -> Reply {
    let Some(status) = line
        .strip_prefix(tag)
        .and_then(|rest| rest.strip_prefix(b" "))
    else {
        return Reply::Other;
    };
    if status
        .get(..2)
        .is_some_and(|word| word.eq_ignore_ascii_case(b"OK"))
    {
        Reply::GoAhead
    } else {
        Reply::Refusal
    }
}
