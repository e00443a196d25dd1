//! What is said in the clear before TLS: the dialogue, its turns, and the go-ahead.
//!
//! A protocol is one file: how its greeting looks, how TLS is asked for, and how that is answered.

mod custom;
mod ftp;
mod imap;
mod ldap;
mod managesieve;
mod mysql;
mod nntp;
mod pop3;
mod postgresql;
mod protocol;
mod smtp;
mod units;
mod xmpp;

pub use self::custom::StarttlsDialogue;
pub(crate) use self::custom::{Custom, Dialogues};
pub(crate) use self::protocol::Protocol;
pub use self::protocol::Reply;
use self::units::{Framing, Units};
use super::ports::{Expected, Port};
use super::refusal::{Answers, Refusal};
use crate::milestone::{Milestone, Milestones};
use crate::rare::Empty;
use crate::tcp::Side;
use crate::time::{Moment, Span};

/// Turns kept of a dialogue; of more, the longest.
const MAX_TURNS: usize = 32;

/// Messages of a binary protocol that are read in search of a request for TLS, which comes early.
const MAX_MESSAGES: u64 = 16;

/// A stretch in which one side owed the next line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) owner: Side,
    pub(crate) from: Moment,
    pub(crate) to: Moment,
}

impl Turn {
    pub(crate) fn length(&self) -> Span {
        self.to.since(self.from)
    }
}

/// The cleartext of a connection.
#[derive(Debug, Default)]
pub(crate) struct Dialogue {
    pub(crate) protocol: Option<Protocol>,
    pub(crate) turns: Vec<Turn>,
    /// Who spoke last, and when.
    pub(crate) last: Option<(Side, Moment)>,
    /// The last cleartext of the server.
    pub(crate) server_last: Option<Moment>,
    /// The refusal that nothing has made good yet.
    pub(crate) refusal: Option<Box<Refusal>>,
    client: Units,
    server: Units,
    /// The tag of the request for TLS, while it is open.
    request: Option<Vec<u8>>,
    /// What the server's next reply answers; at first, the connection itself.
    asked: Option<Answers>,
    /// The lines so far of a refusal of several.
    draft: Option<Box<Refusal>>,
}

impl Empty for Dialogue {
    const EMPTY: &'static Self = &Self {
        protocol: None,
        turns: Vec::new(),
        last: None,
        server_last: None,
        refusal: None,
        client: Units::EMPTY,
        server: Units::EMPTY,
        request: None,
        asked: None,
        draft: None,
    };
}

impl Dialogue {
    /// Takes cleartext of `from`, up to the go-ahead for TLS; gives what is left behind it.
    pub(crate) fn read<'a>(
        &mut self,
        from: Side,
        bytes: &'a [u8],
        moment: Moment,
        expected: Expected<'_>,
        milestones: &mut Milestones,
    ) -> Option<&'a [u8]> {
        self.note_turn(from, moment);
        if self.client.is_untouched() && self.server.is_untouched() {
            self.protocol = Protocol::by_first_bytes(from, bytes).or(match expected.port {
                Some(Port::Starttls(protocol)) if !protocol.is_of_lines() => Some(protocol),
                _ => self.protocol,
            });
        }
        match from {
            Side::Client => self.hear_client(bytes, moment, expected, milestones),
            Side::Server => self.hear_server(bytes, moment, expected, milestones),
        }
    }

    /// Takes out what it leaves behind: its turns, and the refusal that nothing has made good.
    pub(crate) fn take_past(&mut self) -> (Vec<Turn>, Option<Box<Refusal>>) {
        (std::mem::take(&mut self.turns), self.refusal.take())
    }

    /// Exchanges what the sides have said.
    pub(crate) fn swap_sides(&mut self) {
        std::mem::swap(&mut self.client, &mut self.server);
        for turn in &mut self.turns {
            turn.owner = turn.owner.peer();
        }
        if let Some((side, _)) = &mut self.last {
            *side = side.peer();
        }
    }

    /// Begins anew behind a proxy, with what was said to it still counted.
    pub(super) fn restart(&mut self) {
        *self = Self {
            turns: std::mem::take(&mut self.turns),
            last: self.last,
            ..Self::default()
        };
    }

    fn hear_client<'a>(
        &mut self,
        bytes: &'a [u8],
        moment: Moment,
        expected: Expected<'_>,
        milestones: &mut Milestones,
    ) -> Option<&'a [u8]> {
        let mut rest = bytes;
        // One that speaks before the greeting is whole waits for it no more.
        if let Some(greeted) = self.server_last.filter(|_| self.client.is_untouched()) {
            milestones.reach(Milestone::ServerGreeting, greeted);
        }
        // A client of PostgreSQL asks in passing, unless it is told to insist.
        if self.protocol == Some(Protocol::Postgresql)
            && let Some(refusal) = &mut self.refusal
        {
            refusal.is_accepted = true;
        }
        let framing = self.framing(Side::Client, &self.client)?;
        while let Some(unit) = self.client.next(&mut rest, framing) {
            if self.protocol.is_none() && self.client.is_first() {
                self.protocol = Protocol::custom(expected.dialogues, false, &unit);
            }
            // Both greet with 220, and this no mail client says.
            if self.protocol == Some(Protocol::Smtp) && ftp::is_request(&unit) {
                self.protocol = Some(Protocol::Ftp);
            }
            let Some(protocol) = self.protocol else {
                continue;
            };
            let Some(tag) = protocol.request(&unit) else {
                self.asked = Some(protocol.asks(&unit));
                continue;
            };
            self.request = Some(tag.to_vec());
            self.asked = Some(Answers::Starttls);
            milestones.reach(Milestone::StarttlsRequest, moment);
            if protocol.begins_unanswered() {
                milestones.reach(Milestone::StarttlsReady, moment);
                return Some(rest);
            }
        }
        None
    }

    fn hear_server<'a>(
        &mut self,
        bytes: &'a [u8],
        moment: Moment,
        expected: Expected<'_>,
        milestones: &mut Milestones,
    ) -> Option<&'a [u8]> {
        let mut rest = bytes;
        self.server_last = Some(moment);
        let speaks_first = self.client.is_untouched();
        let by_lines = bytes.first().is_some_and(u8::is_ascii_digit);
        if speaks_first && !by_lines {
            milestones.reach(Milestone::ServerGreeting, moment);
        }
        let framing = self.framing(Side::Server, &self.server)?;
        while let Some(unit) = self.server.next(&mut rest, framing) {
            self.recognise(&unit, expected);
            // A client may speak before it is greeted, and is greeted all the same.
            let is_due = self.protocol.is_some_and(Protocol::server_speaks_first);
            let greets = speaks_first || (is_due && self.server.is_first());
            if greets && !smtp::goes_on(&unit) {
                milestones.reach(Milestone::ServerGreeting, moment);
            }
            let Some(protocol) = self.protocol else {
                continue;
            };
            match protocol.reply(&unit, self.request.as_deref()) {
                Reply::GoAhead if self.request.is_some() => {
                    milestones.reach(Milestone::StarttlsReady, moment);
                    self.refusal = None;
                    return Some(rest);
                }
                Reply::GoAhead => self.note_consent(),
                Reply::Refusal => self.note_refusal(protocol.words(&unit), moment),
                Reply::Other
                    if smtp::goes_on(&unit) && matches!(unit.first(), Some(b'4' | b'5')) =>
                {
                    let answers = self.answers();
                    self.draft
                        .get_or_insert_with(|| Box::new(Refusal::new(answers, moment)))
                        .add(&unit);
                }
                Reply::Other => {}
            }
        }
        None
    }

    /// How `from`, of which `units` were read, is cut; `None` where it need not be read on.
    fn framing(&self, from: Side, units: &Units) -> Option<Framing> {
        let framing = self
            .protocol
            .map_or(Framing::Until(b'\n'), |protocol| protocol.framing(from));
        let is_done = matches!(framing, Framing::Counted(_)) && units.read() >= MAX_MESSAGES;
        (!is_done).then_some(framing)
    }

    fn recognise(&mut self, line: &[u8], expected: Expected<'_>) {
        if self.protocol.is_some() || !self.server.is_first() {
            return;
        }
        self.protocol = Protocol::custom(expected.dialogues, true, line);
        if self.protocol.is_some() {
            return;
        }
        let due = match expected.port {
            // One of the caller's own was asked, and did not know its greeting.
            Some(Port::Starttls(Protocol::Custom(_)) | Port::ClientFirst) => return,
            Some(Port::Starttls(protocol)) => Some(protocol),
            Some(Port::Implicit) | None => None,
        };
        // The greetings of FTP and NNTP are SMTP's, and so are all refusals.
        let shared = due.filter(|due| due.reply(line, None) != Reply::Other || smtp::goes_on(line));
        self.protocol = shared.or_else(|| Protocol::by_greeting(line));
    }

    /// What a reply answers that comes now.
    fn answers(&self) -> Answers {
        match self.asked {
            Some(asked) => asked,
            None if self.client.is_untouched() => Answers::Connection,
            None => Answers::Nothing,
        }
    }

    /// The server has agreed to something: what it refused before was tried in another way.
    fn note_consent(&mut self) {
        let made_good = matches!(self.asked, Some(Answers::Introduction | Answers::Command));
        if made_good {
            self.refusal.take_if(|refusal| {
                matches!(
                    refusal.answers,
                    Answers::Introduction | Answers::Command | Answers::Nothing
                )
            });
        }
        self.asked = self.asked.map(|_| Answers::Nothing);
        self.draft = None;
    }

    /// The first refusal is the reason of those that follow.
    fn note_refusal(&mut self, words: &[u8], moment: Moment) {
        let answers = self.answers();
        let mut refusal = self
            .draft
            .take()
            .unwrap_or_else(|| Box::new(Refusal::new(answers, moment)));
        refusal.add(words);
        self.request = None;
        self.asked = Some(Answers::Nothing);
        let lighter = |kept: &Refusal| matches!(kept.answers, Answers::Command | Answers::Nothing);
        if self.refusal.as_deref().is_none_or(lighter) {
            self.refusal = Some(refusal);
        }
    }

    /// The side that speaks owed the line since somebody last spoke.
    pub(super) fn note_turn(&mut self, from: Side, moment: Moment) {
        let last = self.last.replace((from, moment));
        let Some((_, since)) = last.filter(|(side, _)| *side != from) else {
            return;
        };
        let turn = Turn {
            owner: from,
            from: since,
            to: moment,
        };
        if self.turns.len() < MAX_TURNS {
            self.turns.push(turn);
        } else if let Some(shortest) = self.turns.iter_mut().min_by_key(|turn| turn.length())
            && shortest.length() < turn.length()
        {
            *shortest = turn;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{FrameNumber, Timestamp};

    fn moment(frame: u64) -> Moment {
        let nanos = i64::try_from(frame).unwrap() * 1_000_000_000;
        Moment {
            time: Timestamp::from_nanos(nanos),
            frame: FrameNumber::new(frame).unwrap(),
        }
    }

    /// Says the lines in turn, each in a frame of its own, and gives what follows the go-ahead.
    fn talk(lines: &[(Side, &str)]) -> (Dialogue, Milestones, Option<String>) {
        let (mut dialogue, mut milestones) = (Dialogue::default(), Milestones::default());
        for (frame, (side, text)) in (1..).zip(lines) {
            let rest = dialogue.read(
                *side,
                text.as_bytes(),
                moment(frame),
                Expected::default(),
                &mut milestones,
            );
            if let Some(rest) = rest {
                let rest = String::from_utf8(rest.to_vec()).unwrap();
                return (dialogue, milestones, Some(rest));
            }
        }
        (dialogue, milestones, None)
    }

    #[test]
    fn smtp_starts_tls_after_its_220() {
        let (dialogue, milestones, rest) = talk(&[
            (Side::Server, "220 mail.example ESMTP\r\n"),
            (Side::Client, "EHLO tablet\r\n"),
            (Side::Server, "250-mail.example\r\n250 STARTTLS\r\n"),
            (Side::Client, "STARTTLS\r\n"),
            (Side::Server, "220 2.0.0 Ready\r\nxyz"),
        ]);
        assert_eq!(dialogue.protocol, Some(Protocol::Smtp));
        assert_eq!(rest.as_deref(), Some("xyz"));
        let frame = |m| milestones.get(m).map(|at: Moment| at.frame.get());
        assert_eq!(frame(Milestone::ServerGreeting), Some(1));
        assert_eq!(frame(Milestone::StarttlsRequest), Some(4));
        assert_eq!(frame(Milestone::StarttlsReady), Some(5));
        let owners: Vec<Side> = dialogue.turns.iter().map(|turn| turn.owner).collect();
        assert_eq!(
            owners,
            [Side::Client, Side::Server, Side::Client, Side::Server]
        );
    }

    #[test]
    fn imap_and_pop3_start_tls_too() {
        let (dialogue, _, rest) = talk(&[
            (
                Side::Server,
                "* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n",
            ),
            (Side::Client, "a1 starttls\r\n"),
            (Side::Server, "* something\r\na1 OK begin\r\n"),
        ]);
        assert_eq!(
            (dialogue.protocol, rest.as_deref()),
            (Some(Protocol::Imap), Some(""))
        );
        let (dialogue, _, rest) = talk(&[
            (Side::Server, "+OK ready\r\n"),
            (Side::Client, "STLS\r\n"),
            (Side::Server, "+OK begin\r\n"),
        ]);
        assert_eq!(
            (dialogue.protocol, rest.as_deref()),
            (Some(Protocol::Pop3), Some(""))
        );
    }

    #[test]
    fn a_refusal_is_no_go_ahead() {
        let (_, milestones, rest) = talk(&[
            (Side::Server, "220 mail.example ESMTP\r\n"),
            (Side::Client, "STARTTLS\r\n"),
            (Side::Server, "454 4.7.0 not now\r\n"),
            (Side::Client, "NOOP\r\n"),
            (Side::Server, "220 odd\r\n"),
        ]);
        assert_eq!(rest, None);
        assert!(!milestones.has(Milestone::StarttlsReady));
    }

    #[test]
    fn lines_may_come_a_byte_at_a_time() {
        let (mut dialogue, mut milestones) = (Dialogue::default(), Milestones::default());
        let mut done = false;
        let said = [
            (Side::Server, "220 mail.example ESMTP\r\n"),
            (Side::Client, "STARTTLS\r\n"),
            (Side::Server, "220 go\r\n"),
        ];
        for (side, text) in said {
            for byte in text.as_bytes().chunks(1) {
                done |= dialogue
                    .read(side, byte, moment(1), Expected::default(), &mut milestones)
                    .is_some();
            }
        }
        assert!(done);
    }
}
