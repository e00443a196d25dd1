//! SMTP's STARTTLS (RFC 3207), and the replies that FTP and NNTP share with it.

use super::Reply;

pub(super) fn is_greeting(line: &[u8]) -> bool {
    // FTP greets with 220 too; its port tells, and its request for TLS.
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

/// Whether a client introduces itself.
pub(super) fn is_introduction(line: &[u8]) -> bool {
    let word = line.get(..4).unwrap_or_default();
    [b"EHLO", b"HELO", b"LHLO"]
        .iter()
        .any(|command| word.eq_ignore_ascii_case(*command))
}

/// Whether a client only says goodbye or nothing of weight, whose acceptance means nothing.
pub(super) fn is_courtesy(line: &[u8]) -> bool {
    let word = line.get(..4).unwrap_or_default();
    [b"QUIT", b"RSET", b"NOOP"]
        .iter()
        .any(|command| word.eq_ignore_ascii_case(*command))
}

/// What the line says that ends a reply; `go_ahead` is the code with which TLS may begin, and a
/// greeting is accepted with any positive one.
pub(super) fn reply(line: &[u8], go_ahead: Option<[u8; 3]>) -> Reply {
    let Some((code, rest)) = line.split_first_chunk::<3>() else {
        return Reply::Other;
    };
    if !code.iter().all(u8::is_ascii_digit) || rest.first().is_some_and(|&byte| byte != b' ') {
        return Reply::Other;
    }
    match code {
        [b'4' | b'5', ..] => Reply::Refusal,
        [b'2' | b'3', ..] if go_ahead.is_none_or(|due| due == *code) => Reply::GoAhead,
        _ => Reply::Other,
    }
}
