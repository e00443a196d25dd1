//! What hosts do beside their TLS handshakes, and may make them wait: attempts to connect that
//! nobody answered, and short visits to services in the clear.
//!
//! All of it is bounded: beyond a limit the oldest is forgotten.
#![cfg_attr(
    not(test),
    warn(clippy::arithmetic_side_effects, clippy::as_conversions)
)]

mod attempt;
mod attempts;
mod quic;
mod visit;

pub(crate) use attempt::{Attempt, Fate};
pub(crate) use attempts::{Attempts, MAX_PER_SERVER};
pub(crate) use visit::{Exchange, HTTP, IDENT, Visit, Visits};

use crate::decode::{Datagram, Endpoint, IcmpError, IcmpKind, TcpFlags};
use crate::time::Moment;

/// Whether a segment with these flags asks for a connection, or grants or refuses one.
pub(crate) const fn asks_or_answers(flags: TcpFlags) -> bool {
    flags.syn() || flags.rst()
}

/// Whether a datagram may be of a QUIC handshake.
pub(crate) fn concerns(datagram: &Datagram<'_>) -> bool {
    quic::has_long_header(datagram.payload)
}

/// Attempts that are remembered, of each transport.
pub(crate) const MAX_ATTEMPTS: usize = 65_536;

/// Visits that are remembered.
pub(crate) const MAX_VISITS: usize = 16_384;

/// The attempts and visits of a capture, from its packets in their order.
#[derive(Debug)]
pub(crate) struct Companions {
    /// To connect over TCP.
    pub(crate) tcp: Attempts,
    /// To connect over QUIC.
    pub(crate) quic: Attempts,
    pub(crate) visits: Visits,
}

impl Companions {
    /// None yet, and never more than `max` of each kind.
    pub(crate) fn new(max: usize) -> Self {
        Self {
            tcp: Attempts::new(max.min(MAX_ATTEMPTS)),
            // A UDP socket that is not connected does not hear of them (udp(7)).
            quic: Attempts::ignoring_errors(max.min(MAX_ATTEMPTS)),
            visits: Visits::new(max.min(MAX_VISITS)),
        }
    }

    /// Whether something was forgotten for want of room.
    pub(crate) fn exceeded(&self) -> bool {
        self.tcp.exceeded || self.quic.exceeded || self.visits.exceeded
    }

    /// Takes a segment that [asks](asks_or_answers) for a connection or answers, of one that
    /// `is_known` by segments before it.
    pub(crate) fn segment(
        &mut self,
        flags: TcpFlags,
        from: Endpoint,
        to: Endpoint,
        moment: Moment,
        is_known: bool,
    ) {
        if flags.rst() {
            self.tcp.end(to, from, moment, Fate::Refused);
        } else if flags.syn() && flags.ack() {
            self.tcp.end(to, from, moment, Fate::Answered);
        } else if flags.syn() {
            self.tcp.ask(from, to, moment, is_known);
        }
    }

    /// Takes a datagram; one that does not [concern](concerns) it is passed over.
    pub(crate) fn datagram(&mut self, datagram: &Datagram<'_>, moment: Moment) {
        if !concerns(datagram) {
            return;
        }
        let (from, to) = (datagram.source, datagram.destination);
        let is_answer = self.quic.end(to, from, moment, Fate::Answered);
        if !is_answer && quic::is_first_flight(datagram) {
            self.quic.ask(from, to, moment, true);
        }
    }

    /// Takes an ICMP error about a packet of an attempt.
    pub(crate) fn error(&mut self, error: &IcmpError, moment: Moment) {
        const UDP: u8 = 17;
        if matches!(error.kind, IcmpKind::TooBig { .. }) {
            return;
        }
        let attempts = if error.protocol == UDP {
            &mut self.quic
        } else {
            &mut self.tcp
        };
        let (client, server): (Endpoint, Endpoint) = (error.source, error.destination);
        attempts.end(client, server, moment, Fate::Unreachable(error.reporter));
    }
}
