//! What reads the bytes of a connection: TLS, or name lookups over TCP.

use crate::companions::{Exchange, HTTP, IDENT};
use crate::decode::Endpoint;
use crate::dns;
use crate::milestone::Milestones;
use crate::tcp::{Piece, Side, StreamSink};
use crate::time::Moment;
use crate::tls::{self, Port, Reading};

/// The port of DNS over TCP (RFC 7766).
const DNS: u16 = 53;

/// Whether other connections may wait for one to this port.
pub(super) const fn is_visited(port: u16) -> bool {
    matches!(port, HTTP | IDENT)
}

/// Reads one connection.
#[derive(Debug)]
pub(super) enum Session {
    Tls {
        session: tls::Session,
        port: Option<Port>,
        /// Of a service in the clear that others wait for: what passed.
        exchange: Option<Box<Exchange>>,
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

    /// What passed in a service in the clear, if it is one.
    /// What passed so far in a service that others wait for.
    pub(super) fn exchange(&self) -> Option<&Exchange> {
        match self {
            Self::Tls { exchange, .. } => exchange.as_deref(),
            Self::Dns(_) => None,
        }
    }

    pub(super) fn take_exchange(&mut self) -> Option<Box<Exchange>> {
        match self {
            Self::Tls { exchange, .. } => exchange.take(),
            Self::Dns(_) => None,
        }
    }

    /// Ends the reading.
    pub(super) fn finish(self, milestones: &mut Milestones) -> Reading {
        match self {
            Self::Tls { session, .. } => session.finish(milestones),
            Self::Dns(_) => Reading::default(),
        }
    }
}

impl StreamSink for Session {
    fn begin(server: Endpoint) -> Self {
        if server.port == DNS {
            return Self::Dns(Box::default());
        }
        let port = tls::port(server.port);
        Self::Tls {
            session: tls::Session::new(port),
            port,
            exchange: is_visited(server.port).then(Box::default),
        }
    }

    fn piece(&mut self, from: Side, piece: Piece<'_>, milestones: &mut Milestones) {
        match self {
            Self::Tls {
                session, exchange, ..
            } => {
                if let Some(exchange) = exchange {
                    exchange.piece(from, &piece);
                }
                session.piece(from, piece, milestones);
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
            exchange,
        } = self
        {
            *exchange = None;
            *port = tls::port(server.port);
            session.swap_sides(*port);
        }
    }
}
