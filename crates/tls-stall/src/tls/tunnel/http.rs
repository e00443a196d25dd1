//! HTTP's CONNECT (RFC 9110, section 9.3.6).

use super::{Step, Upstream};

/// What a request begins with.
pub(super) const METHOD: &[u8] = b"CONNECT ";

pub(super) fn request(said: &[u8]) -> Step<Upstream> {
    let Some(len) = head_len(said) else {
        return Step::More;
    };
    let target = said
        .split(u8::is_ascii_whitespace)
        .nth(1)
        .unwrap_or_default();
    let target = String::from_utf8_lossy(target.get(..300).unwrap_or(target));
    let Some((host, port)) = target.rsplit_once(':') else {
        return Step::Foreign;
    };
    let Ok(port) = port.parse() else {
        return Step::Foreign;
    };
    let host = host.trim_start_matches('[').trim_end_matches(']').into();
    Step::Done(Upstream { host, port }, len)
}

pub(super) fn answer(said: &[u8]) -> Step<Option<Box<str>>> {
    /// Of a status line.
    const MAX_WORDS: usize = 200;

    let is_http = said.iter().zip(b"HTTP/").all(|(a, b)| a == b);
    if !is_http {
        return Step::Foreign;
    }
    let Some(len) = head_len(said) else {
        return Step::More;
    };
    let line = said.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let code = line
        .split(|&byte| byte == b' ')
        .find(|word| !word.is_empty() && word.iter().all(u8::is_ascii_digit));
    match code {
        Some([b'2', ..]) => Step::Done(None, len),
        Some(_) => {
            let line = line.trim_ascii();
            let words = String::from_utf8_lossy(line.get(..MAX_WORDS).unwrap_or(line));
            Step::Done(Some(words.into()), len)
        }
        None => Step::Foreign,
    }
}

/// The length of a head, up to and with its empty line.
fn head_len(said: &[u8]) -> Option<usize> {
    let end = |mark: &[u8]| {
        let at = said.windows(mark.len()).position(|window| window == mark)?;
        at.checked_add(mark.len())
    };
    match (end(b"\r\n\r\n"), end(b"\n\n")) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
