//! A server's refusal before TLS, and what its words say of the reason.

use std::borrow::Cow;

use crate::time::Moment;

/// Bytes kept of a refusal, whose later lines may hold the reason.
const MAX_WORDS: usize = 400;

/// What servers say to a client whose address has no name, or none that leads back to it: the
/// enhanced codes of RFC 7372, and the words of Postfix, Exim, Gmail and others.
const NAMELESS: [&str; 9] = [
    ".7.25",
    "reverse hostname",
    "cannot find your hostname",
    "ptr record",
    "reverse dns",
    "rdns",
    "no ptr",
    "reverse lookup",
    "unable to resolve your ip",
];

/// What servers say to a client whose address is on a list.
const LISTED: [&str; 16] = [
    "blocked using",
    "spamhaus",
    "zen.",
    "sbl",
    "xbl",
    "pbl",
    "dnsbl",
    "rbl",
    "blacklist",
    "blocklist",
    "block list",
    "dul",
    "dialup",
    "dynamic ip",
    "reputation",
    "listed at",
];

/// A server's refusal before TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) moment: Moment,
    pub(crate) answers: Answers,
    /// The client went on without TLS, as it is used to.
    pub(super) is_accepted: bool,
    words: Vec<u8>,
}

/// What a server answers with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answers {
    /// It is the greeting.
    Connection,
    /// A request for TLS.
    Starttls,
    /// A client's introduction: EHLO, HELO, LHLO.
    Introduction,
    /// Another command.
    Command,
    /// Nothing that was asked.
    Nothing,
}

/// Why a server refuses, as far as its words tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grounds {
    /// The client's address has no name, or none that leads back to it.
    Nameless,
    /// The client's address is on a list of those that are not trusted.
    Listed,
    Other,
}

impl Refusal {
    pub(super) fn new(answers: Answers, moment: Moment) -> Self {
        Self {
            moment,
            answers,
            is_accepted: false,
            words: Vec::new(),
        }
    }

    /// Takes the next line of it.
    pub(super) fn add(&mut self, line: &[u8]) {
        let space = (!self.words.is_empty()).then_some(&b' ');
        let room = MAX_WORDS.saturating_sub(self.words.len());
        self.words.extend(space.into_iter().chain(line).take(room));
    }

    /// The server's words; to be escaped when shown.
    pub(crate) fn words(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.words.trim_ascii())
    }

    pub(crate) fn grounds(&self) -> Grounds {
        let words = self.words().to_ascii_lowercase();
        let says = |phrases: &[&str]| phrases.iter().any(|phrase| has_phrase(&words, phrase));
        if says(&NAMELESS) {
            Grounds::Nameless
        } else if says(&LISTED) {
            Grounds::Listed
        } else {
            Grounds::Other
        }
    }

    /// Whether it keeps the client from TLS: not one that concerns a single command only.
    pub(crate) fn is_of_the_client(&self) -> bool {
        match self.answers {
            Answers::Starttls => !self.is_accepted,
            Answers::Connection | Answers::Introduction => true,
            Answers::Command | Answers::Nothing => self.grounds() != Grounds::Other,
        }
    }
}

/// Whether `phrase` stands in `words`, and not within a longer word.
fn has_phrase(words: &str, phrase: &str) -> bool {
    words.match_indices(phrase).any(|(at, _)| {
        let before = words.get(..at).and_then(|text| text.chars().next_back());
        let after = words
            .get(at.saturating_add(phrase.len())..)
            .and_then(|text| text.chars().next());
        let inner = |next: Option<char>| next.is_some_and(|it| it.is_ascii_alphabetic());
        let begins = phrase.starts_with('.') || !inner(before);
        let ends = phrase.ends_with('.') || !inner(after);
        begins && ends
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{FrameNumber, Timestamp};

    fn refusal(lines: &[&str]) -> Refusal {
        let moment = Moment {
            time: Timestamp::from_nanos(0),
            frame: FrameNumber::new(1).unwrap(),
        };
        let mut refusal = Refusal::new(Answers::Connection, moment);
        for line in lines {
            refusal.add(line.as_bytes());
        }
        refusal
    }

    #[test]
    fn a_missing_name_is_told_in_the_words_of_many_servers() {
        for words in [
            "450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]",
            "550 5.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.1]",
            "550-5.7.25 [192.0.2.1] The IP address sending this message does not have a PTR record",
            "554 5.7.1 no reverse DNS",
        ] {
            assert_eq!(refusal(&[words]).grounds(), Grounds::Nameless, "{words}");
        }
    }

    #[test]
    fn a_listed_address_is_told_too() {
        for words in [
            "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
            "550 5.7.1 [192.0.2.1] is on a DUL",
            "421 4.7.0 poor reputation",
        ] {
            assert_eq!(refusal(&[words]).grounds(), Grounds::Listed, "{words}");
        }
    }

    #[test]
    fn other_refusals_are_neither() {
        for words in [
            "454 4.7.0 TLS not available due to local problem",
            "421 too many connections, schedule another",
            "554 5.5.1 verbal module",
        ] {
            assert_eq!(refusal(&[words]).grounds(), Grounds::Other, "{words}");
        }
    }

    #[test]
    fn the_reason_may_stand_in_a_later_line_and_a_long_one_is_cut() {
        let two = refusal(&["550-sorry", "550 5.7.25 no"]);
        assert_eq!(two.words(), "550-sorry 550 5.7.25 no");
        assert_eq!(two.grounds(), Grounds::Nameless);
        assert_eq!(refusal(&["550-5.7.1 no"; 100]).words.len(), MAX_WORDS);
    }
}
