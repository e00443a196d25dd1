//! The protocols that start TLS within themselves.

use super::custom::{Custom, Dialogues};
use super::units::Framing;
use super::{ftp, imap, ldap, managesieve, mysql, nntp, pop3, postgresql, smtp, xmpp};
use crate::tcp::Side;
use crate::tls::refusal::Answers;

/// A protocol that starts TLS within itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Protocol {
    Smtp,
    Imap,
    Pop3,
    Ftp,
    Nntp,
    ManageSieve,
    Xmpp,
    Ldap,
    Postgresql,
    Mysql,
    /// One of the caller's own.
    Custom(Custom),
}

/// What a server's line or message means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// Yes: to a request for TLS, the next byte of either side is TLS.
    GoAhead,
    /// No: what was asked for is not done.
    Refusal,
    /// Another line of the dialogue.
    Other,
}

impl Protocol {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
            Self::Ftp => "ftp",
            Self::Nntp => "nntp",
            Self::ManageSieve => "managesieve",
            Self::Xmpp => "xmpp",
            Self::Ldap => "ldap",
            Self::Postgresql => "postgresql",
            Self::Mysql => "mysql",
            Self::Custom(custom) => custom.0.name(),
        }
    }

    pub(crate) fn server_speaks_first(self) -> bool {
        match self {
            Self::Xmpp | Self::Ldap | Self::Postgresql => false,
            Self::Custom(custom) => custom.0.server_speaks_first(),
            _ => true,
        }
    }

    /// The protocol, where the first line of a server that speaks first tells it.
    pub(super) fn by_greeting(line: &[u8]) -> Option<Self> {
        let is = [
            (Self::Smtp, smtp::is_greeting(line)),
            (Self::Imap, imap::is_greeting(line)),
            (Self::Pop3, pop3::is_greeting(line)),
            (Self::Nntp, nntp::is_greeting(line)),
            (Self::ManageSieve, managesieve::is_greeting(line)),
        ];
        is.into_iter()
            .find_map(|(protocol, is)| is.then_some(protocol))
    }

    /// The protocol that is not of lines, where the first bytes of its dialogue tell it.
    pub(super) fn by_first_bytes(from: Side, bytes: &[u8]) -> Option<Self> {
        match from {
            Side::Server => mysql::is_greeting(bytes).then_some(Self::Mysql),
            Side::Client if postgresql::is_request(bytes) => Some(Self::Postgresql),
            Side::Client if ldap::request(bytes).is_some() => Some(Self::Ldap),
            Side::Client => xmpp::is_opening(bytes).then_some(Self::Xmpp),
        }
    }

    /// The one of the caller's own `dialogues` that `line` begins, the first of the side that speaks
    /// first.
    pub(super) fn custom(
        dialogues: Dialogues<'_>,
        server_speaks: bool,
        line: &[u8],
    ) -> Option<Self> {
        let mut speaking = dialogues
            .iter()
            .filter(|dialogue| dialogue.server_speaks_first() == server_speaks);
        let begun = speaking.find(|dialogue| dialogue.is_greeting(line))?;
        Some(Self::Custom(Custom(*begun)))
    }

    /// Whether the dialogue is one of lines, which a greeting begins.
    pub(super) fn is_of_lines(self) -> bool {
        self.server_speaks_first() && !matches!(self, Self::Mysql)
    }

    pub(super) const fn framing(self, from: Side) -> Framing {
        match (self, from) {
            (Self::Xmpp, _) => Framing::Until(b'>'),
            (Self::Ldap, _) => Framing::Counted(ldap::len),
            (Self::Postgresql, Side::Client) => Framing::Counted(postgresql::len),
            (Self::Postgresql, Side::Server) => Framing::Counted(postgresql::reply_len),
            (Self::Mysql, _) => Framing::Counted(mysql::len),
            _ => Framing::Until(b'\n'),
        }
    }

    /// The tag of a client's message that asks for TLS; empty where the protocol has none.
    pub(super) fn request(self, unit: &[u8]) -> Option<&[u8]> {
        let is_request = match self {
            Self::Smtp | Self::Nntp | Self::ManageSieve => smtp::is_request(unit),
            Self::Imap => return imap::request(unit),
            Self::Pop3 => pop3::is_request(unit),
            Self::Ftp => ftp::is_request(unit),
            Self::Xmpp => xmpp::is_request(unit),
            Self::Ldap => return ldap::request(unit),
            Self::Postgresql => postgresql::is_request(unit),
            Self::Mysql => mysql::is_request(unit),
            Self::Custom(custom) => custom.0.is_request(unit),
        };
        is_request.then_some(&[])
    }

    /// Whether a client that asks for TLS begins it without an answer.
    pub(super) const fn begins_unanswered(self) -> bool {
        matches!(self, Self::Mysql)
    }

    /// What a server's message says; `tag` is that of the open request for TLS.
    pub(super) fn reply(self, unit: &[u8], tag: Option<&[u8]>) -> Reply {
        match self {
            Self::Smtp => smtp::reply(unit, tag.map(|_| *b"220")),
            Self::Ftp => smtp::reply(unit, tag.map(|_| ftp::GO_AHEAD)),
            Self::Nntp => smtp::reply(unit, tag.map(|_| nntp::GO_AHEAD)),
            Self::Imap => imap::reply(unit, tag),
            Self::Pop3 => pop3::reply(unit),
            Self::ManageSieve => managesieve::reply(unit),
            Self::Xmpp => xmpp::reply(unit),
            Self::Ldap => tag.map_or(Reply::Other, |tag| ldap::reply(unit, tag)),
            Self::Postgresql => tag.map_or(Reply::Other, |_| postgresql::reply(unit)),
            Self::Mysql => mysql::reply(unit),
            Self::Custom(custom) => custom.0.reply(unit, tag.is_some()),
        }
    }

    /// What the answer to a client's message, that does not ask for TLS, is an answer to.
    pub(super) fn asks(self, unit: &[u8]) -> Answers {
        match self {
            Self::Smtp | Self::Ftp | Self::Nntp if smtp::is_courtesy(unit) => Answers::Nothing,
            Self::Smtp if smtp::is_introduction(unit) => Answers::Introduction,
            _ => Answers::Command,
        }
    }

    /// The words of a refusal.
    pub(super) fn words(self, unit: &[u8]) -> &[u8] {
        match self {
            Self::Mysql => mysql::words(unit),
            Self::Ldap | Self::Postgresql => &[],
            _ => unit,
        }
    }
}
