//! What is kept of a connection once it is set up, closed, or the capture ends.

use crate::decode::Endpoint;
use crate::milestone::{Milestone, Milestones};
use crate::report::Vantage;
use crate::tcp::{Connection, Passage, Resent, Side, Unreachable};
use crate::time::{Moment, Span};
use crate::tls::{Port, Reading};

/// The set-up of one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setup {
    /// From 0, in the order of first frames.
    pub(crate) stream: u64,
    pub(crate) client: Endpoint,
    pub(crate) server: Endpoint,
    /// What is expected on the server's port.
    pub(crate) port: Option<Port>,
    pub(crate) first: Moment,
    pub(crate) last: Moment,
    pub(crate) milestones: Milestones,
    pub(crate) irtt: Option<Span>,
    pub(crate) syns: Vec<Moment>,
    pub(crate) syn_acks: Vec<Moment>,
    pub(crate) resent: Vec<Resent>,
    /// What became of the client's segments.
    pub(crate) from_client: Passage,
    /// What became of the server's segments.
    pub(crate) from_server: Passage,
    pub(crate) client_hello_acked: Option<Moment>,
    pub(crate) unreachable: Option<Unreachable>,
    pub(crate) reading: Reading,
    /// The name whose lookup led to this connection.
    pub(crate) resolved_name: Option<Box<str>>,
}

impl Setup {
    pub(crate) fn new(
        mut connection: Connection,
        milestones: Milestones,
        reading: Reading,
        port: Option<Port>,
    ) -> Self {
        let (from_client, from_server) = connection.take_passages();
        Self {
            stream: connection.stream,
            client: connection.client,
            server: connection.server,
            port,
            first: connection.first,
            last: connection.last,
            milestones,
            irtt: connection.irtt,
            syns: connection.syns,
            syn_acks: connection.syn_acks,
            resent: connection.resent,
            from_client,
            from_server,
            client_hello_acked: connection.client_hello_acked,
            unreachable: connection.unreachable,
            reading,
            resolved_name: None,
        }
    }

    /// When `milestone` was reached.
    pub(crate) const fn at(&self, milestone: Milestone) -> Option<Moment> {
        self.milestones.get(milestone)
    }

    /// What became of the segments that `side` sent.
    pub(crate) const fn passage(&self, side: Side) -> &Passage {
        match side {
            Side::Client => &self.from_client,
            Side::Server => &self.from_server,
        }
    }

    /// The segments with bytes of `side` that were sent again between `from` and `to`, after its
    /// ClientHello, and were not needless.
    pub(crate) fn resent_in_vain(
        &self,
        side: Side,
        from: Moment,
        to: Moment,
    ) -> impl Iterator<Item = &Resent> {
        self.resent.iter().filter(move |resent| {
            let needed = resent.acked.is_none_or(|acked| acked > resent.moment);
            let within = resent.moment >= from && resent.moment <= to;
            resent.from == side && !resent.of_client_hello && needed && within
        })
    }

    /// Whether `milestone` was reached.
    pub(crate) const fn has(&self, milestone: Milestone) -> bool {
        self.milestones.has(milestone)
    }

    /// The server's name: as the client gives it, else as it was looked up.
    pub(crate) fn server_name(&self) -> Option<&str> {
        self.reading
            .server_name
            .as_deref()
            .or(self.resolved_name.as_deref())
    }

    /// Whether the server is to speak first.
    pub(crate) fn server_speaks_first(&self) -> bool {
        matches!(self.port, Some(Port::Starttls(_) | Port::ServerFirst))
            || self.has(Milestone::ServerGreeting)
    }

    /// The first FIN or RST of either side.
    pub(crate) fn closed(&self) -> Option<(Milestone, Moment)> {
        const ENDS: [Milestone; 4] = [
            Milestone::ClientFin,
            Milestone::ServerFin,
            Milestone::ClientRst,
            Milestone::ServerRst,
        ];
        ENDS.into_iter()
            .filter_map(|end| Some((end, self.at(end)?)))
            .min_by_key(|&(_, moment)| moment)
    }

    /// The server's FIN or RST.
    pub(crate) fn server_closed(&self) -> Option<Moment> {
        [self.at(Milestone::ServerFin), self.at(Milestone::ServerRst)]
            .into_iter()
            .flatten()
            .min()
    }

    /// Where the capture was made, by the handshake's two halves: next to a host its own answer
    /// follows at once, and the other's takes the round trip.
    pub(crate) fn vantage(&self) -> Option<Vantage> {
        const AT_ONCE: Span = Span::from_millis(1);
        let (syn_ack, established) = (
            self.at(Milestone::SynAck)?,
            self.at(Milestone::Established)?,
        );
        let syn = self.syns.iter().rev().find(|&&syn| syn <= syn_ack)?;
        let (server_side, client_side) = (syn_ack.since(*syn), established.since(syn_ack));
        let much_shorter = |a: Span, b: Span| a.as_nanos().saturating_mul(5) < b.as_nanos();
        if much_shorter(client_side, server_side) {
            Some(Vantage::Client)
        } else if much_shorter(server_side, client_side) {
            Some(Vantage::Server)
        } else if server_side > AT_ONCE && client_side > AT_ONCE {
            Some(Vantage::Between)
        } else {
            None
        }
    }
}
