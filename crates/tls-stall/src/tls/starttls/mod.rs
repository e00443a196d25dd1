//! What is said in the clear before TLS: the dialogue, its turns, and the go-ahead.
//!
//! A protocol is one file: how its greeting looks, how TLS is asked for, and how that is answered.

mod imap;
mod line;
mod pop3;
mod smtp;

use self::line::Lines;
use super::ports::Port;
use crate::milestone::{Milestone, Milestones};
use crate::tcp::Side;
use crate::time::{Moment, Span};

/// Turns kept of a dialogue; of more, the longest.
const MAX_TURNS: usize = 32;

/// A protocol that starts TLS within itself, and in which the server speaks first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Protocol {
    Smtp,
    Imap,
    Pop3,
}

/// What a server's line means to a client that has asked for TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reply {
    /// The next byte of either side is TLS.
    GoAhead,
    Refusal,
    /// Another line of the dialogue.
    Other,
}

impl Protocol {
    const ALL: [Self; 3] = [Self::Smtp, Self::Imap, Self::Pop3];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
        }
    }

    fn is_greeting(self, line: &[u8]) -> bool {
        match self {
            Self::Smtp => smtp::is_greeting(line),
            Self::Imap => imap::is_greeting(line),
            Self::Pop3 => pop3::is_greeting(line),
        }
    }

    /// The tag of a client's line that asks for TLS; empty where the protocol has none.
    fn request(self, line: &[u8]) -> Option<&[u8]> {
        match self {
            Self::Smtp => smtp::is_request(line).then_some(&[]),
            Self::Imap => imap::request(line),
            Self::Pop3 => pop3::is_request(line).then_some(&[]),
        }
    }

    fn reply(self, line: &[u8], tag: &[u8]) -> Reply {
        match self {
            Self::Smtp => smtp::reply(line),
            Self::Imap => imap::reply(line, tag),
            Self::Pop3 => pop3::reply(line),
        }
    }
}

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
    client: Lines,
    server: Lines,
    /// The tag of the request for TLS, while it is open.
    request: Option<Vec<u8>>,
}

impl Dialogue {
    /// Takes cleartext of `from`, up to the go-ahead for TLS; gives what is left behind it.
    pub(crate) fn read<'a>(
        &mut self,
        from: Side,
        bytes: &'a [u8],
        moment: Moment,
        expected: Option<Port>,
        milestones: &mut Milestones,
    ) -> Option<&'a [u8]> {
        self.note_turn(from, moment);
        let mut rest = bytes;
        match from {
            Side::Client => {
                // One that speaks before the greeting is whole waits for it no more.
                if let Some(greeted) = self.server_last.filter(|_| self.client.is_untouched()) {
                    milestones.reach(Milestone::ServerGreeting, greeted);
                }
                while let Some(line) = self.client.next(&mut rest) {
                    if let Some(tag) = self.protocol.and_then(|p| p.request(&line)) {
                        self.request = Some(tag.to_vec());
                        milestones.reach(Milestone::StarttlsRequest, moment);
                    }
                }
            }
            Side::Server => {
                self.server_last = Some(moment);
                let speaks_first = self.client.is_untouched();
                let by_lines = bytes.first().is_some_and(u8::is_ascii_digit);
                if speaks_first && !by_lines {
                    milestones.reach(Milestone::ServerGreeting, moment);
                }
                while let Some(line) = self.server.next(&mut rest) {
                    self.recognise(&line, expected);
                    if speaks_first && !smtp::goes_on(&line) {
                        milestones.reach(Milestone::ServerGreeting, moment);
                    }
                    let Some((protocol, tag)) = self.protocol.zip(self.request.as_deref()) else {
                        continue;
                    };
                    match protocol.reply(&line, tag) {
                        Reply::GoAhead => {
                            milestones.reach(Milestone::StarttlsReady, moment);
                            return Some(rest);
                        }
                        Reply::Refusal => self.request = None,
                        Reply::Other => {}
                    }
                }
            }
        }
        None
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

    fn recognise(&mut self, line: &[u8], expected: Option<Port>) {
        // FTP greets as SMTP does, and its dialogue is not followed.
        let other = matches!(expected, Some(Port::ServerFirst | Port::ClientFirst));
        if other || self.protocol.is_some() || !self.server.is_first_line() {
            return;
        }
        self.protocol = Protocol::ALL
            .into_iter()
            .find(|protocol| protocol.is_greeting(line));
    }

    /// The side that speaks owed the line since somebody last spoke.
    fn note_turn(&mut self, from: Side, moment: Moment) {
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
            let rest = dialogue.read(*side, text.as_bytes(), moment(frame), None, &mut milestones);
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
                    .read(side, byte, moment(1), None, &mut milestones)
                    .is_some();
            }
        }
        assert!(done);
    }
}
