//! SOCKS 4, 4a and 5 (RFC 1928, RFC 1929).

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Step, Upstream};

/// Username and password.
const PASSWORD: u8 = 2;
const NO_METHOD: u8 = 0xff;

/// IPv4 address, name, IPv6 address.
const KINDS: [u8; 3] = [1, 3, 4];

/// A SOCKS 4 or 4a request.
pub(super) fn request_4(said: &[u8]) -> Step<Upstream> {
    let Some((&[_, _, high, low, ref address @ ..], rest)) = said.split_first_chunk::<8>() else {
        return Step::More;
    };
    let (port, address) = (u16::from_be_bytes([high, low]), Ipv4Addr::from(*address));
    let Some((_, after_user)) = text(rest) else {
        return Step::More;
    };
    let in_all = |rest: &[u8]| said.len().saturating_sub(rest.len());
    // An address that cannot be is followed by a name (SOCKS 4a).
    if !matches!(address.octets(), [0, 0, 0, 1..=255]) {
        let host = address.to_string().into();
        return Step::Done(Upstream { host, port }, in_all(after_user));
    }
    match text(after_user) {
        Some((name, rest)) => {
            let host = String::from_utf8_lossy(name).into();
            Step::Done(Upstream { host, port }, in_all(rest))
        }
        None => Step::More,
    }
}

/// The answer to a SOCKS 4 request.
pub(super) fn answer_4(said: &[u8]) -> Step<Option<Box<str>>> {
    match *said {
        [first, ..] if first != 0 => Step::Foreign,
        [_, code, ..] if said.len() >= 8 => {
            let refusal = (code != 90).then(|| format!("code {code}").into());
            Step::Done(refusal, 8)
        }
        _ => Step::More,
    }
}

/// A SOCKS 5 request, with the greeting and the password that may stand before it.
pub(super) fn request_5(said: &[u8]) -> Step<Upstream> {
    let result = (|| {
        let (&[_, methods], rest) = said.split_first_chunk::<2>()?;
        let mut rest = rest.get(usize::from(methods)..)?;
        if let [1, ..] = rest {
            let (user, after) = rest.get(1..)?.split_first()?;
            let (password, after) = after.get(usize::from(*user)..)?.split_first()?;
            rest = after.get(usize::from(*password)..)?;
        }
        let (&[version, command, _, kind], rest) = rest.split_first_chunk::<4>()?;
        if (version, command) != (5, 1) || !KINDS.contains(&kind) {
            return Some(Step::Foreign);
        }
        let (host, rest) = address(kind, rest)?;
        let (&port, rest) = rest.split_first_chunk::<2>()?;
        let port = u16::from_be_bytes(port);
        let len = said.len().saturating_sub(rest.len());
        Some(Step::Done(Upstream { host, port }, len))
    })();
    result.unwrap_or(Step::More)
}

/// The answers to a SOCKS 5 greeting, password and request.
pub(super) fn answer_5(said: &[u8]) -> Step<Option<Box<str>>> {
    let refused = |text: String, len| Some(Step::Done(Some(text.into()), len));
    let result = (|| {
        let (&[version, method], rest) = said.split_first_chunk::<2>()?;
        if version != 5 {
            return Some(Step::Foreign);
        }
        if method == NO_METHOD {
            return refused("no acceptable way to log in".to_owned(), 2);
        }
        let mut rest = rest;
        if method == PASSWORD {
            let (&[_, status], after) = rest.split_first_chunk::<2>()?;
            if status != 0 {
                return refused(format!("login refused, status {status}"), 4);
            }
            rest = after;
        } else if method != 0 {
            return Some(Step::Foreign);
        }
        let (&[_, code, _, kind], rest) = rest.split_first_chunk::<4>()?;
        if code != 0 {
            let text = format!("code {code}, {}", meaning_5(code));
            return refused(text, said.len());
        }
        if !KINDS.contains(&kind) {
            return Some(Step::Foreign);
        }
        let (_, rest) = address(kind, rest)?;
        let (_, rest) = rest.split_at_checked(2)?;
        Some(Step::Done(None, said.len().saturating_sub(rest.len())))
    })();
    result.unwrap_or(Step::More)
}

/// What a reply of SOCKS 5 means (RFC 1928, section 6).
const fn meaning_5(code: u8) -> &'static str {
    match code {
        1 => "general failure",
        2 => "not allowed",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "TTL expired",
        7 => "command not supported",
        8 => "address type not supported",
        _ => "unassigned",
    }
}

/// An address of `kind`, one of [`KINDS`], and what follows it.
fn address(kind: u8, input: &[u8]) -> Option<(Box<str>, &[u8])> {
    match kind {
        1 => {
            let (&octets, rest) = input.split_first_chunk::<4>()?;
            Some((Ipv4Addr::from(octets).to_string().into(), rest))
        }
        3 => {
            let (&len, rest) = input.split_first()?;
            let (name, rest) = rest.split_at_checked(len.into())?;
            Some((String::from_utf8_lossy(name).into(), rest))
        }
        4 => {
            let (&octets, rest) = input.split_first_chunk::<16>()?;
            Some((Ipv6Addr::from(octets).to_string().into(), rest))
        }
        _ => None,
    }
}

/// Bytes up to a zero, and what follows it.
fn text(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = input.iter().position(|&byte| byte == 0)?;
    Some((input.get(..end)?, input.get(end.checked_add(1)?..)?))
}
