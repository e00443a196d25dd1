//! Addresses and names within sentences.
//!
//! The sentences are ours but for what they tell of the capture. So whatever looks like an address or
//! has a dot between its letters is replaced, known or not; a name of one label is an ordinary word,
//! and is replaced where the report has it as a name.

use std::net::{IpAddr, SocketAddrV4};

use super::substitutes::Substitutes;

/// What stands for the words of a host.
const LEFT_OUT: &str = "…";

/// Words of ours with a dot, which are no names.
const OURS: [&str; 5] = [
    "frame.number",
    "tcp.stream",
    "timeout.ident",
    "resolv.conf",
    "nsswitch.conf",
];

/// What stands in quotation marks without being a host's words.
const OUR_QUOTATIONS: [&str; 1] = ["fragmentation needed"];

/// Before bytes that are no text, in hexadecimal.
const BYTES: &str = "the bytes ";

/// Reads sentences, and writes them anew.
pub(super) struct Sentences<'a> {
    substitutes: &'a mut Substitutes,
    /// Known names that are no [single run](is_in_run) of characters, the longest first.
    broken: Vec<String>,
}

impl<'a> Sentences<'a> {
    pub(super) fn new(substitutes: &'a mut Substitutes) -> Self {
        let broken = substitutes
            .known()
            .filter(|name| !name.chars().all(is_in_run));
        let mut broken: Vec<String> = broken.map(ToOwned::to_owned).collect();
        broken.sort_by_key(|name| std::cmp::Reverse(name.len()));
        Self {
            substitutes,
            broken,
        }
    }

    /// Takes note of what has to be replaced in `text`.
    pub(super) fn note(&mut self, text: &str) {
        for run in runs(text) {
            let Some(token) = self.token(run) else {
                continue;
            };
            match token.kind {
                Kind::Address(address) => self.substitutes.note_address(address),
                Kind::Name | Kind::Hardware(_) => self.substitutes.note_name(token.text),
            }
        }
    }

    /// `text` with substitutes in it.
    pub(super) fn redacted(&mut self, text: &str) -> String {
        let text = self.without_quotations(text);
        let mut new = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(first) = rest.chars().next() {
            if let Some(len) = self.broken_name(rest, new.chars().next_back()) {
                let (name, after) = rest.split_at(len);
                new.push_str(&self.substitutes.name(name));
                rest = after;
                continue;
            }
            if !is_in_run(first) {
                new.push(first);
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
                continue;
            }
            let len = rest.find(|it| !is_in_run(it)).unwrap_or(rest.len());
            let (run, after) = rest.split_at(len);
            self.replace(run, &mut new);
            rest = after;
        }
        new
    }

    /// Writes `run` to `new`, with a substitute in it where it is due.
    fn replace(&mut self, run: &str, new: &mut String) {
        let Some(token) = self.token(run) else {
            new.push_str(run);
            return;
        };
        new.push_str(token.before);
        match token.kind {
            Kind::Address(address) => {
                new.push_str(&self.substitutes.address(address).to_string());
            }
            Kind::Hardware(separator) => {
                new.push_str(&self.substitutes.hardware(token.text, separator));
            }
            Kind::Name => new.push_str(&self.substitutes.name(token.text)),
        }
        new.push_str(token.after);
    }

    /// How long a known name is that `rest` begins with and that a run would not be.
    fn broken_name(&self, rest: &str, before: Option<char>) -> Option<usize> {
        let bounded = |it: Option<char>, inner: Option<char>| {
            !(it.is_some_and(is_in_run) && inner.is_some_and(is_in_run))
        };
        let found = self.broken.iter().find(|name| {
            let Some(start) = rest.get(..name.len()) else {
                return false;
            };
            let after = rest.get(name.len()..).and_then(|it| it.chars().next());
            start.eq_ignore_ascii_case(name)
                && bounded(before, start.chars().next())
                && bounded(after, start.chars().next_back())
        });
        found.map(String::len)
    }

    /// `text` without what hosts said; from the first quotation mark to the last, as their words may
    /// hold such marks.
    fn without_quotations(&self, text: &str) -> String {
        let mut text = text.to_owned();
        if let Some(start) = text.find('"') {
            let start = start.saturating_add(1);
            let end = text
                .rfind('"')
                .filter(|&end| end >= start)
                .unwrap_or(text.len());
            let quoted = text.get(start..end).unwrap_or_default();
            let is_name = !quoted.contains('"') && self.substitutes.is_known(quoted);
            if !is_name && !OUR_QUOTATIONS.contains(&quoted) {
                text.replace_range(start..end, LEFT_OUT);
            }
        }
        let mut from = 0;
        while let Some(at) = text.get(from..).and_then(|rest| rest.find(BYTES)) {
            let start = from.saturating_add(at).saturating_add(BYTES.len());
            let rest = text.get(start..).unwrap_or_default();
            let is_bytes = |it: char| it.is_ascii_hexdigit() || it == ' ';
            let len = rest.find(|it| !is_bytes(it)).unwrap_or(rest.len());
            text.replace_range(start..start.saturating_add(len), LEFT_OUT);
            from = start;
        }
        text
    }

    fn token<'t>(&self, run: &'t str) -> Option<Token<'t>> {
        token(run, |name| self.substitutes.is_known(name))
    }
}

/// Whether `name` is told for a name in a sentence, however little is known of it.
pub(crate) fn is_recognised(name: &str) -> bool {
    name.chars().all(is_in_run)
        && token(name, |_| false).is_some_and(|it| it.before.is_empty() && it.after.is_empty())
}

/// What has to be replaced in a run of characters.
struct Token<'t> {
    before: &'t str,
    text: &'t str,
    after: &'t str,
    kind: Kind,
}

impl<'t> Token<'t> {
    const fn alone(text: &'t str, kind: Kind) -> Self {
        Self {
            before: "",
            text,
            after: "",
            kind,
        }
    }
}

enum Kind {
    Address(IpAddr),
    Name,
    /// A hardware address, with this between its octets.
    Hardware(char),
}

/// Finds it: with punctuation at its ends, and perhaps a port.
fn token<'t>(run: &'t str, is_known: impl Fn(&str) -> bool) -> Option<Token<'t>> {
    if let Some(separator) = hardware_separator(run) {
        return Some(Token::alone(run, Kind::Hardware(separator)));
    }
    if is_known(run) && is_name_like(run) && !run.ends_with('.') {
        return Some(Token::alone(run, Kind::Name));
    }
    let is_mark = |it: char| matches!(it, '.' | ':' | '-');
    let mut end = run.len();
    // An IPv6 address may begin and end with colons that are its own.
    loop {
        let text = run.get(..end)?;
        if let Ok(address) = text.parse() {
            return Some(Token {
                before: "",
                text,
                after: run.get(end..)?,
                kind: Kind::Address(address),
            });
        }
        match text.strip_suffix(is_mark) {
            Some(shorter) => end = shorter.len(),
            None => break,
        }
    }
    let bare = run.get(..end)?;
    let text = bare.trim_start_matches(is_mark);
    let start = bare.len().saturating_sub(text.len());
    let before = run.get(..start)?;
    let whole = |text: &'t str, kind| {
        let after = run.get(start.saturating_add(text.len())..)?;
        Some(Token {
            before,
            text,
            after,
            kind,
        })
    };
    if let Ok(address) = text.parse() {
        return whole(text, Kind::Address(address));
    }
    if text.parse::<SocketAddrV4>().is_ok() {
        let (host, _) = text.rsplit_once(':')?;
        return whole(host, Kind::Address(host.parse().ok()?));
    }
    if let Some(separator) = hardware_separator(text) {
        return whole(text, Kind::Hardware(separator));
    }
    if is_known(text) && is_name_like(text) {
        return whole(text, Kind::Name);
    }
    let host = match text.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|it| it.is_ascii_digit()) => host,
        _ => text,
    };
    let has_letter = host.chars().any(char::is_alphabetic);
    let is_dotted =
        host.contains('.') && has_letter && !OURS.contains(&&*host.to_ascii_lowercase());
    if is_dotted || (is_known(host) && is_name_like(host)) {
        return whole(host, Kind::Name);
    }
    // An address with a zone, or a part of one.
    let is_part = host.matches(':').count() >= 2 && host.chars().any(|it| it.is_ascii_hexdigit());
    if is_part {
        return whole(host, Kind::Name);
    }
    None
}

/// What stands between the octets of a hardware address, if `text` is one.
fn hardware_separator(text: &str) -> Option<char> {
    let is_octet = |it: &str| it.len() == 2 && it.bytes().all(|it| it.is_ascii_hexdigit());
    [':', '-'].into_iter().find(|&separator| {
        let octets = text.split(separator);
        octets.clone().count() == 6 && octets.clone().all(is_octet)
    })
}

/// Whether a known name is none that only looks like a number.
fn is_name_like(name: &str) -> bool {
    name.chars().any(|it| !it.is_ascii_digit())
}

/// Whether a character may stand in an address or a name; all others end them.
fn is_in_run(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '.' | '-' | '_' | ':' | '\\' | '%')
}

fn runs(text: &str) -> impl Iterator<Item = &str> {
    let runs = text.split(|it| !is_in_run(it));
    runs.filter(|run| !run.is_empty())
}
