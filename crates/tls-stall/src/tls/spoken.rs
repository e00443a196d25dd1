//! What each side said in the clear, for those who read the verdict.

use crate::rare::Empty;
use crate::tcp::Side;
use crate::time::Moment;

/// Bytes kept of what a side says first.
const MAX_SAID: usize = 200;

/// The cleartext of a connection, as far as it is worth quoting.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Spoken {
    /// The first that the client said.
    pub(crate) client: Option<Said>,
    /// The first that the server said.
    pub(crate) server: Option<Said>,
    /// What the server said in the clear once there had been TLS.
    pub(crate) answer: Option<Said>,
}

/// The first line or bytes of a cleartext.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    text: Vec<u8>,
    is_whole: bool,
    /// The frame that began it.
    pub(crate) moment: Moment,
}

impl Empty for Spoken {
    const EMPTY: &'static Self = &Self {
        client: None,
        server: None,
        answer: None,
    };
}

impl Spoken {
    /// Takes the next cleartext of `from`; `after_tls` where there have been TLS records.
    pub(super) fn hear(&mut self, from: Side, bytes: &[u8], moment: Moment, after_tls: bool) {
        match from {
            Side::Client => hear(&mut self.client, bytes, moment),
            Side::Server => {
                hear(&mut self.server, bytes, moment);
                if after_tls {
                    hear(&mut self.answer, bytes, moment);
                }
            }
        }
    }

    /// Exchanges what the sides have said.
    pub(super) fn swap_sides(&mut self) {
        std::mem::swap(&mut self.client, &mut self.server);
    }
}

impl Said {
    /// Whether it says in HTTP that what came before made no sense.
    pub(crate) fn is_bad_request(&self) -> bool {
        let mut words = self.text.split(|&byte| byte == b' ');
        let is_http = words
            .next()
            .is_some_and(|word| word.starts_with(b"HTTP/1."));
        is_http && words.next() == Some(b"400")
    }

    /// Whether it begins as a TLS record does, from the midst of a handshake.
    pub(crate) fn is_record(&self) -> bool {
        matches!(self.text[..], [20..=24, 3, 0..=4, ..])
    }

    /// Whether it is text, as far as it was kept; other bytes may be anything, damaged TLS too.
    pub(crate) fn is_text(&self) -> bool {
        let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
        self.text.len() >= 2 && self.text.iter().all(is_text)
    }

    /// What protocol it seems to be of, for sentences: `an HTTP server`.
    pub(crate) fn speaker(&self) -> Option<&'static str> {
        const SIGNS: [(&[u8], &str); 7] = [
            (b"HTTP/", "HTTP without TLS"),
            (b"SSH-", "SSH"),
            (b"220", "SMTP or FTP, which begin TLS with a command"),
            (b"* OK", "IMAP, which begins TLS with a command"),
            (b"+OK", "POP3, which begins TLS with a command"),
            (b"RFB ", "VNC"),
            (b"500", "a protocol of lines"),
        ];
        SIGNS
            .into_iter()
            .find(|(sign, _)| self.text.starts_with(sign))
            .map(|(_, speaker)| speaker)
    }

    /// The text, or the first bytes in hexadecimal where it is none; to be escaped when shown.
    pub(crate) fn quote(&self) -> String {
        quote(&self.text)
    }

    /// Its first two words: commands have their secrets behind them.
    pub(crate) fn quote_command(&self) -> String {
        let words = self.text.split(|&byte| byte == b' ').take(2);
        quote(&words.collect::<Vec<_>>().join(&b' '))
    }
}

fn hear(slot: &mut Option<Said>, bytes: &[u8], moment: Moment) {
    let said = slot.get_or_insert_with(|| Said {
        text: Vec::new(),
        is_whole: false,
        moment,
    });
    if said.is_whole {
        return;
    }
    let end = bytes.iter().position(|&byte| byte == b'\n');
    let room = MAX_SAID.saturating_sub(said.text.len());
    let line = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
    said.text.extend(line.iter().take(room));
    said.is_whole = end.is_some() || said.text.len() >= MAX_SAID;
}

fn quote(bytes: &[u8]) -> String {
    /// Bytes shown of what is no text.
    const MAX_BYTES: usize = 16;

    let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    match std::str::from_utf8(bytes) {
        Ok(text) if bytes.first().is_some_and(is_text) => {
            format!("\"{}\"", text.trim())
        }
        _ => {
            let shown = bytes.iter().take(MAX_BYTES);
            let hex: Vec<String> = shown.map(|byte| format!("{byte:02x}")).collect();
            format!("the bytes {}", hex.join(" "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{FrameNumber, Timestamp};

    fn moment() -> Moment {
        Moment {
            time: Timestamp::from_nanos(0),
            frame: FrameNumber::new(1).unwrap(),
        }
    }

    fn said(pieces: &[&[u8]]) -> Said {
        let mut spoken = Spoken::default();
        for piece in pieces {
            spoken.hear(Side::Client, piece, moment(), false);
        }
        spoken.client.unwrap()
    }

    #[test]
    fn the_first_line_is_kept_however_it_comes() {
        let said = said(&[b"2", b"20 mail", b".example\r\n250 x\r\n", b"more"]);
        assert_eq!(said.quote(), "\"220 mail.example\"");
    }

    #[test]
    fn an_endless_line_is_cut() {
        let said = said(&[&[b'x'; 150], &[b'x'; 150], &[b'x'; 150]]);
        assert_eq!(said.text.len(), MAX_SAID);
    }

    #[test]
    fn a_password_is_not_quoted() {
        assert_eq!(
            said(&[b"a1 LOGIN anna secret\r\n"]).quote_command(),
            "\"a1 LOGIN\""
        );
    }

    #[test]
    fn what_is_no_text_is_quoted_in_hexadecimal() {
        assert_eq!(said(&[&[0, 0, 0, 8]]).quote(), "the bytes 00 00 00 08");
    }
}
