//! What reads the bytes of a connection: TLS, or name lookups over TCP.

use std::sync::Arc;

use crate::companions::{Exchange, HTTP, IDENT};
use crate::decode::Endpoint;
use crate::dns;
use crate::milestone::Milestones;
use crate::tcp::{Piece, Side, StreamSink};
use crate::time::Moment;
use crate::tls::{self, Expected, Port, Reading, StarttlsDialogue};

/// The port of DNS over TCP (RFC 7766).
const DNS: u16 = 53;

/// Whether other connections may wait for one to this port.
pub(super) const fn is_visited(port: u16) -> bool {
    matches!(port, HTTP | IDENT)
}

/// The dialogues of the caller's own, in one word.
type Dialogues = Arc<Vec<&'static dyn StarttlsDialogue>>;

/// Reads one connection.
#[derive(Debug)]
pub(super) enum Session {
    Tls {
        session: tls::Session,
        port: Option<Port>,
        dialogues: Option<Dialogues>,
        /// Of a service in the clear that others wait for: what passed.
        exchange: Option<Box<Exchange>>,
        /// The phone's app that it belongs to, if a frame told it.
        app: Option<Box<str>>,
    },
    Dns(Box<DnsStreams>),
}

/// Name lookups over TCP.
#[derive(Debug, Default)]
pub(super) struct DnsStreams {
    client: dns::Deframer,
    server: dns::Deframer,
    messages: Vec<DnsMessage>,
}

/// A DNS message out of a stream.
#[derive(Debug)]
pub(super) struct DnsMessage {
    pub(super) from: Side,
    pub(super) moment: Moment,
    pub(super) bytes: Vec<u8>,
}

impl Session {
    /// What is expected on the server's port.
    pub(super) fn port(&self) -> Option<Port> {
        match self {
            Self::Tls { port, .. } => *port,
            Self::Dns(_) => None,
        }
    }

    /// Lets the caller's own `dialogues` be spoken with `server`, and expects them on their ports.
    pub(super) fn expect(&mut self, ours: &Dialogues, server: Endpoint) {
        if let Self::Tls {
            port, dialogues, ..
        } = self
            && dialogues.is_none()
        {
            *port = tls::custom_port(server.port, ours).or(*port);
            *dialogues = Some(Arc::clone(ours));
        }
    }

    /// Notes the name of the app that the connection belongs to; the first one counts.
    pub(super) fn note_app(&mut self, name: &str) {
        if let Self::Tls { app, .. } = self {
            app.get_or_insert_with(|| name.into());
        }
    }

    /// Takes the app's name out, if there is one.
    pub(super) fn take_app(&mut self) -> Option<Box<str>> {
        match self {
            Self::Tls { app, .. } => app.take(),
            Self::Dns(_) => None,
        }
    }

    /// Whether the connection's bytes need not be read on.
    pub(super) fn is_over(&self) -> bool {
        match self {
            Self::Tls { session, .. } => session.is_over(),
            Self::Dns(_) => false,
        }
    }

    /// The DNS messages that have come since the last call.
    pub(super) fn take_messages(&mut self) -> Vec<DnsMessage> {
        match self {
            Self::Tls { .. } => Vec::new(),
            Self::Dns(streams) => std::mem::take(&mut streams.messages),
        }
    }

    /// What passed so far in a service that others wait for.
    pub(super) fn exchange(&self) -> Option<&Exchange> {
        match self {
            Self::Tls { exchange, .. } => exchange.as_deref(),
            Self::Dns(_) => None,
        }
    }

    /// What passed in a service in the clear, if it is one.
    pub(super) fn take_exchange(&mut self) -> Option<Box<Exchange>> {
        match self {
            Self::Tls { exchange, .. } => exchange.take(),
            Self::Dns(_) => None,
        }
    }

    /// Ends the reading.
    pub(super) fn finish(&mut self, milestones: &mut Milestones) -> Reading {
        match self {
            Self::Tls { session, port, .. } => session.finish(*port, milestones),
            Self::Dns(_) => Reading::default(),
        }
    }
}

impl StreamSink for Session {
    fn begin(server: Endpoint) -> Self {
        if server.port == DNS {
            return Self::Dns(Box::default());
        }
        Self::Tls {
            session: tls::Session::default(),
            port: tls::port(server.port),
            dialogues: None,
            exchange: is_visited(server.port).then(Box::default),
            app: None,
        }
    }

    fn piece(&mut self, from: Side, piece: Piece<'_>, milestones: &mut Milestones) {
        match self {
            Self::Tls {
                session,
                port,
                dialogues,
                exchange,
                ..
            } => {
                if let Some(exchange) = exchange {
                    exchange.piece(from, &piece);
                }
                let expected = Expected {
                    port: *port,
                    dialogues: dialogues.as_ref().map_or(&[], |all| all.as_slice()),
                };
                session.piece(from, piece, expected, milestones);
            }
            Self::Dns(streams) => {
                // A deframer that has lost bytes cannot find the next message.
                let Piece::Bytes(bytes, moment) = piece else {
                    return;
                };
                let DnsStreams {
                    client,
                    server,
                    messages,
                } = &mut **streams;
                let deframer = match from {
                    Side::Client => client,
                    Side::Server => server,
                };
                deframer.push(bytes, |message| {
                    messages.push(DnsMessage {
                        from,
                        moment,
                        bytes: message.to_vec(),
                    });
                });
            }
        }
    }

    fn swap_sides(&mut self, server: Endpoint) {
        if let Self::Tls {
            session,
            port,
            dialogues,
            exchange,
            ..
        } = self
        {
            *exchange = None;
            let ours = dialogues.as_ref();
            *port = ours
                .and_then(|ours| tls::custom_port(server.port, ours))
                .or_else(|| tls::port(server.port));
            session.swap_sides();
        }
    }
}
