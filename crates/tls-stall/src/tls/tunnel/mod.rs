//! The stage at a proxy before TLS: CONNECT, SOCKS and the PROXY header.

mod header;
mod http;
mod socks;

use crate::rare::Empty;
use crate::tcp::Side;
use crate::time::Moment;

/// Bytes kept of what each side says to a proxy; more than that, and it is not followed.
const MAX_STAGE: usize = 8 * 1024;

/// A tunnel that a client asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tunnel {
    pub(crate) protocol: TunnelProtocol,
    /// The client's first byte to the proxy.
    pub(crate) begun: Moment,
    /// The whole of the request that was answered last, or is open.
    pub(crate) requested: Option<Moment>,
    /// Where the tunnel leads, as the client asked for it.
    pub(crate) upstream: Option<Upstream>,
    /// The proxy's last answer to a request.
    pub(crate) answer: Option<TunnelAnswer>,
}

/// How a tunnel is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TunnelProtocol {
    Http,
    Socks4,
    Socks5,
}

/// A host and a port, as a client names them to a proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Upstream {
    /// A name or an address; to be escaped when shown.
    pub(crate) host: Box<str>,
    pub(crate) port: u16,
}

/// What a proxy answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TunnelAnswer {
    pub(crate) moment: Moment,
    /// The words or the number of its refusal; `None` where the tunnel is open.
    pub(crate) refusal: Option<Box<str>>,
}

impl TunnelProtocol {
    /// `HTTP CONNECT`, `SOCKS 5`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Http => "HTTP CONNECT",
            Self::Socks4 => "SOCKS 4",
            Self::Socks5 => "SOCKS 5",
        }
    }

    fn request(self, said: &[u8]) -> Step<Upstream> {
        match self {
            Self::Http => http::request(said),
            Self::Socks4 => socks::request_4(said),
            Self::Socks5 => socks::request_5(said),
        }
    }

    /// The proxy's answer; in it `None` is an open tunnel.
    fn answer(self, said: &[u8]) -> Step<Option<Box<str>>> {
        match self {
            Self::Http => http::answer(said),
            Self::Socks4 => socks::answer_4(said),
            Self::Socks5 => socks::answer_5(said),
        }
    }
}

/// What so many bytes of one side come to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step<T> {
    /// They are not yet all.
    More,
    /// They say this, and it takes so many of them.
    Done(T, usize),
    /// They are something else.
    Foreign,
}

/// Follows the stage at a proxy, if there is one.
#[derive(Debug, Default)]
pub(super) struct TunnelReader {
    state: State,
    tunnel: Option<Box<Tunnel>>,
    client: Vec<u8>,
    server: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// The client's first bytes do not tell yet.
    #[default]
    Unknown,
    /// At the proxy.
    Open,
    /// There is no such stage, or no more.
    Over,
}

/// What comes of cleartext that may belong to the stage at a proxy.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Passage {
    /// It belongs to that stage.
    Held,
    /// It does not: these bytes are the client's or the server's own.
    NotAStage(Vec<u8>),
    /// A header that only tells the client's address is read; the client's own bytes follow.
    AfterHeader(Vec<u8>),
    /// The tunnel is open; these bytes of the client and of the server came through it.
    Opened { client: Vec<u8>, server: Vec<u8> },
}

impl Empty for TunnelReader {
    const EMPTY: &'static Self = &Self {
        state: State::Unknown,
        tunnel: None,
        client: Vec::new(),
        server: Vec::new(),
    };
}

impl TunnelReader {
    /// Whether no stage at a proxy is to be followed: there was none, or it is over.
    pub(super) fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// Whether a proxy is spoken to.
    pub(super) fn is_at_proxy(&self) -> bool {
        self.state == State::Open
    }

    /// Takes the tunnel that was asked for out.
    pub(super) fn take_tunnel(&mut self) -> Option<Box<Tunnel>> {
        self.tunnel.take()
    }

    /// Takes cleartext of `from`.
    pub(super) fn read(&mut self, from: Side, bytes: &[u8], moment: Moment) -> Passage {
        let passage = match (self.state, from) {
            (State::Over, _) => return Passage::NotAStage(bytes.to_vec()),
            (State::Unknown, Side::Client) => self.begin(bytes, moment),
            // Before a proxy nobody but the client speaks.
            (State::Unknown, Side::Server) => Passage::NotAStage(bytes.to_vec()),
            (State::Open, Side::Client) => self.hear_client(bytes, moment),
            (State::Open, Side::Server) => self.hear_server(bytes, moment),
        };
        if passage != Passage::Held {
            self.state = State::Over;
        }
        passage
    }

    fn begin(&mut self, bytes: &[u8], moment: Moment) -> Passage {
        self.client.extend_from_slice(bytes);
        match header::len(&self.client) {
            Step::Done((), len) => {
                let rest = self.client.get(len..).unwrap_or_default().to_vec();
                return Passage::AfterHeader(rest);
            }
            Step::More => return Passage::Held,
            Step::Foreign => {}
        }
        let protocol = match *self.client {
            [4, 1, ..] => TunnelProtocol::Socks4,
            [5, count, ref methods @ ..] if (1..=8).contains(&count) && methods.len() <= 8 => {
                TunnelProtocol::Socks5
            }
            _ if self.client.starts_with(http::METHOD) => TunnelProtocol::Http,
            [] | [4 | 5] => return Passage::Held,
            _ if http::METHOD.starts_with(&self.client) => return Passage::Held,
            _ => return Passage::NotAStage(std::mem::take(&mut self.client)),
        };
        self.state = State::Open;
        self.tunnel = Some(Box::new(Tunnel {
            protocol,
            begun: moment,
            requested: None,
            upstream: None,
            answer: None,
        }));
        self.hear_client(&[], moment)
    }

    fn hear_client(&mut self, bytes: &[u8], moment: Moment) -> Passage {
        let Some(tunnel) = &mut self.tunnel else {
            return Passage::NotAStage(bytes.to_vec());
        };
        if tunnel
            .answer
            .take_if(|answer| answer.refusal.is_some())
            .is_some()
        {
            // It asks once more, with what the refusal demanded.
            self.client.clear();
            self.server.clear();
            tunnel.requested = None;
        }
        self.client.extend_from_slice(bytes);
        if tunnel.requested.is_none() {
            match tunnel.protocol.request(&self.client) {
                Step::Done(upstream, len) => {
                    tunnel.upstream = Some(upstream);
                    tunnel.requested = Some(moment);
                    self.client.drain(..len.min(self.client.len()));
                }
                Step::More => {}
                Step::Foreign => return self.give_up(Side::Client),
            }
        }
        if self.client.len() > MAX_STAGE {
            return self.give_up(Side::Client);
        }
        Passage::Held
    }

    fn hear_server(&mut self, bytes: &[u8], moment: Moment) -> Passage {
        let Some(tunnel) = &mut self.tunnel else {
            return Passage::NotAStage(bytes.to_vec());
        };
        if tunnel.answer.is_some() {
            // The rest of a refusal.
            return Passage::Held;
        }
        self.server.extend_from_slice(bytes);
        match tunnel.protocol.answer(&self.server) {
            Step::Done(refusal, len) => {
                let is_open = refusal.is_none();
                tunnel.answer = Some(TunnelAnswer { moment, refusal });
                if is_open {
                    return Passage::Opened {
                        client: std::mem::take(&mut self.client),
                        server: self.server.get(len..).unwrap_or_default().to_vec(),
                    };
                }
                Passage::Held
            }
            Step::More if self.server.len() <= MAX_STAGE => Passage::Held,
            Step::More | Step::Foreign => self.give_up(Side::Server),
        }
    }

    /// What looked like a stage at a proxy is none, or cannot be followed.
    fn give_up(&mut self, from: Side) -> Passage {
        if self
            .tunnel
            .as_ref()
            .is_some_and(|tunnel| tunnel.requested.is_none())
        {
            self.tunnel = None;
        }
        Passage::NotAStage(std::mem::take(match from {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{FrameNumber, Timestamp};

    fn moment(frame: u64) -> Moment {
        Moment {
            time: Timestamp::from_nanos(0),
            frame: FrameNumber::new(frame).unwrap(),
        }
    }

    /// Says it all in pieces of `size`; gives what comes last.
    fn talk(said: &[(Side, &[u8])], size: usize) -> (TunnelReader, Passage) {
        let mut reader = TunnelReader::default();
        let mut last = Passage::Held;
        for (frame, (from, bytes)) in (1..).zip(said) {
            for piece in bytes.chunks(size) {
                last = match (last, reader.read(*from, piece, moment(frame))) {
                    (Passage::Opened { client, mut server }, Passage::NotAStage(more)) => {
                        server.extend(more);
                        Passage::Opened { client, server }
                    }
                    (_, passage) => passage,
                };
            }
        }
        (reader, last)
    }

    #[test]
    fn each_protocol_leads_through_to_what_follows_however_it_is_cut() {
        let http: &[(Side, &[u8])] = &[
            (
                Side::Client,
                b"CONNECT www.example:443 HTTP/1.1\r\nHost: x\r\n\r\n",
            ),
            (
                Side::Server,
                b"HTTP/1.1 200 Connection established\r\n\r\nrest",
            ),
        ];
        let socks_4a: &[(Side, &[u8])] = &[
            (
                Side::Client,
                b"\x04\x01\x01\xbb\x00\x00\x00\x01me\x00www.example\x00",
            ),
            (Side::Server, b"\x00\x5a\x00\x00\x00\x00\x00\x00rest"),
        ];
        let socks_5: &[(Side, &[u8])] = &[
            (Side::Client, b"\x05\x02\x00\x02"),
            (Side::Server, b"\x05\x02"),
            (Side::Client, b"\x01\x04anna\x03abc"),
            (Side::Server, b"\x01\x00"),
            (Side::Client, b"\x05\x01\x00\x03\x0bwww.example\x01\xbb"),
            (
                Side::Server,
                b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00rest",
            ),
        ];
        for said in [http, socks_4a, socks_5] {
            for size in [1, 2, 3, 7, 1000] {
                let (mut reader, last) = talk(said, size);
                let Passage::Opened { server, .. } = last else {
                    panic!("{last:?} of {said:?} in pieces of {size}");
                };
                assert_eq!(server, b"rest", "{said:?} in pieces of {size}");
                let upstream = reader.take_tunnel().unwrap().upstream.unwrap();
                assert_eq!((&*upstream.host, upstream.port), ("www.example", 443));
            }
        }
    }

    #[test]
    fn a_refusal_is_told_in_the_proxys_words() {
        let (mut reader, _) = talk(
            &[
                (Side::Client, b"CONNECT www.example:443 HTTP/1.1\r\n\r\n"),
                (
                    Side::Server,
                    b"HTTP/1.1 403 Forbidden\r\n\r\n<html>no</html>",
                ),
            ],
            1000,
        );
        let answer = reader.take_tunnel().unwrap().answer.unwrap();
        assert_eq!(answer.refusal.as_deref(), Some("HTTP/1.1 403 Forbidden"));
    }

    #[test]
    fn a_client_that_asks_again_with_its_password_is_let_through() {
        let (mut reader, last) = talk(
            &[
                (Side::Client, b"CONNECT www.example:443 HTTP/1.1\r\n\r\n"),
                (Side::Server, b"HTTP/1.1 407 Who are you?\r\n\r\nbody"),
                (
                    Side::Client,
                    b"CONNECT www.example:443 HTTP/1.1\r\nProxy-Authorization: x\r\n\r\n",
                ),
                (Side::Server, b"HTTP/1.1 200 OK\r\n\r\n"),
            ],
            1000,
        );
        assert!(matches!(last, Passage::Opened { .. }));
        assert_eq!(reader.take_tunnel().unwrap().answer.unwrap().refusal, None);
    }

    #[test]
    fn other_cleartext_is_given_back_whole() {
        for size in [1, 3, 100] {
            let (mut reader, mut given) = (TunnelReader::default(), Vec::new());
            for piece in b"COMMAND\r\n".chunks(size) {
                if let Passage::NotAStage(bytes) = reader.read(Side::Client, piece, moment(1)) {
                    given.extend(bytes);
                }
            }
            assert_eq!(given, b"COMMAND\r\n");
        }
    }

    #[test]
    fn an_endless_request_is_given_up() {
        let mut reader = TunnelReader::default();
        reader.read(Side::Client, b"CONNECT ", moment(1));
        let mut last = Passage::Held;
        for _ in 0..MAX_STAGE {
            last = reader.read(Side::Client, b"xxxxxxxx", moment(1));
            if last != Passage::Held {
                break;
            }
        }
        assert!(matches!(last, Passage::NotAStage(_)));
        assert_eq!(reader.take_tunnel(), None);
    }
}
