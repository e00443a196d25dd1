//! What is kept of a connection once it is set up, closed, or the capture ends.

use std::mem::take;

use super::earlier::EarlierAttempt;
use crate::decode::Endpoint;
use crate::dns::Name;
use crate::milestone::{Milestone, Milestones};
use crate::rare::Rare;
use crate::report::{Vantage, Way};
use crate::tcp::{Connection, Moments, Passage, Resent, Retry, Side, TooBig, Traces, Unreachable};
use crate::time::{Moment, Span};
use crate::tls::{Alert, Port, Reading, Turn};

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
    /// The sequence number of the client's SYN.
    pub(crate) client_isn: Option<u32>,
    pub(crate) syns: Moments,
    pub(crate) syn_acks: Moments,
    pub(crate) resent: Rare<Vec<Resent>>,
    /// What became of the client's segments.
    pub(crate) from_client: Passage,
    /// What became of the server's segments.
    pub(crate) from_server: Passage,
    pub(crate) client_hello_acked: Option<Moment>,
    retry: Option<Box<Retry>>,
    pub(crate) unreachable: Option<Box<Unreachable>>,
    pub(crate) too_big: Option<Box<TooBig>>,
    pub(crate) traces: Traces,
    unseen_of_client: Option<Moment>,
    unseen_of_server: Option<Moment>,
    /// Whether an app on the phone made the capture, and played the server's part.
    pub(crate) is_of_app: bool,
    pub(crate) reading: Reading,
    /// The name whose lookup led to this connection.
    pub(crate) resolved_name: Option<Name>,
    /// The failed attempts that led to this connection, in their order.
    pub(crate) earlier: Vec<EarlierAttempt>,
}

impl Setup {
    /// Takes out of a connection what is kept of it.
    pub(crate) fn new(
        connection: &mut Connection,
        milestones: Milestones,
        reading: Reading,
        port: Option<Port>,
    ) -> Self {
        let (from_client, from_server) = connection.take_passages();
        Self {
            unseen_of_client: unseen(connection, &milestones, Side::Client),
            unseen_of_server: unseen(connection, &milestones, Side::Server),
            traces: take(&mut connection.traces),
            is_of_app: false,
            stream: connection.stream,
            client: connection.client,
            server: connection.server,
            port,
            first: connection.first,
            last: connection.last,
            milestones,
            irtt: connection.irtt,
            client_isn: connection.client_isn,
            syns: take(&mut connection.syns),
            syn_acks: take(&mut connection.syn_acks),
            resent: take(&mut connection.resent),
            from_client,
            from_server,
            client_hello_acked: connection.client_hello_acked,
            retry: connection.retry.take(),
            unreachable: connection.unreachable.take(),
            too_big: connection.too_big.take(),
            reading,
            resolved_name: None,
            earlier: Vec::new(),
        }
    }

    /// When `milestone` was reached.
    pub(crate) fn at(&self, milestone: Milestone) -> Option<Moment> {
        self.milestones.get(milestone)
    }

    /// Between whom the frame of `milestone` went.
    pub(crate) fn way(&self, milestone: Milestone) -> Way {
        let reading = &self.reading;
        let sender = match milestone {
            Milestone::Alert => reading
                .alert
                .filter(|alert| Some(alert.at) == self.at(milestone))
                .map(|alert| alert.from),
            Milestone::ApplicationData => reading.data_from,
            _ => return Way::of(milestone),
        };
        sender.map_or(Way::UNKNOWN, |sender| match sender {
            Side::Client => Way::TO_SERVER,
            Side::Server => Way::TO_CLIENT,
        })
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

    /// The second ClientHello, where the server asked for one; an alert in its place is none.
    pub(crate) fn retry(&self) -> Option<&Retry> {
        let alert = self.at(Milestone::Alert);
        let retry = self.retry.as_deref();
        retry.filter(|retry| alert.is_none_or(|alert| alert > retry.last))
    }

    /// When the ClientHello had been acknowledged whose answer is awaited since `from`: the second,
    /// where there is one by then.
    pub(crate) fn hello_acked(&self, from: Moment) -> Option<Moment> {
        match self.retry() {
            Some(retry) if from >= retry.first => retry.acked,
            _ => self.client_hello_acked,
        }
    }

    /// Before the client's first word, where the server does not speak first.
    pub(crate) fn first_silence(&self) -> Option<Turn> {
        let said = self.reading.spoken.client.as_ref()?.moment;
        let from = self.at(Milestone::Established)?;
        (!self.server_speaks_first() && said >= from).then_some(Turn {
            owner: Side::Client,
            from,
            to: said,
        })
    }

    /// The segments with bytes of a ClientHello that were sent again between `from` and `to`.
    pub(crate) fn hello_resent(
        &self,
        from: Moment,
        to: Moment,
    ) -> impl DoubleEndedIterator<Item = &Resent> {
        self.resent.iter().filter(move |resent| {
            resent.of_client_hello && resent.moment >= from && resent.moment <= to
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
            .or(self.resolved_name.as_ref().map(Name::as_str))
    }

    /// Whether the server is to speak first.
    pub(crate) fn server_speaks_first(&self) -> bool {
        let by_port = match self.port {
            Some(Port::Starttls(protocol)) => protocol.server_speaks_first(),
            _ => false,
        };
        by_port || self.has(Milestone::ServerGreeting)
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

    /// Whether the client spoke in the clear to a server that speaks TLS only, as far as one sees.
    pub(crate) fn is_clear_where_tls_is_due(&self) -> bool {
        let reading = &self.reading;
        // A server that greets in the clear speaks not only TLS, though the command for it was missed.
        let begun = self.has(Milestone::ClientHello)
            || self.has(Milestone::ServerGreeting)
            || self.missed_beginning_of_client();
        // Where TLS is started within a protocol, its request is cleartext that is due.
        let starts_within = matches!(self.port, Some(Port::Starttls(_) | Port::ClientFirst));
        if reading.spoken.client.is_none() || begun || starts_within {
            return false;
        }
        let server = reading.spoken.server.as_ref();
        let on_tls_port = self.port == Some(Port::Implicit) && reading.tunnel.is_none();
        let understood = server.is_some_and(|said| !said.is_bad_request());
        reading.is_tls || (on_tls_port && !understood)
    }

    /// Whether the first bytes that the client is seen to say are not its first: those before them
    /// were not captured.
    pub(crate) fn missed_beginning_of_client(&self) -> bool {
        let said = self.reading.spoken.client.as_ref().map(|said| said.moment);
        let missed = self.unseen_of_client;
        missed.is_some_and(|missed| said.is_some_and(|said| missed <= said))
    }

    /// The fatal alert that ended the handshake; one that answers the peer's close ended nothing.
    pub(crate) fn ending_alert(&self) -> Option<Alert> {
        let alert = self.reading.alert.filter(Alert::is_fatal)?;
        let peers = match alert.from {
            Side::Client => [Milestone::ServerFin, Milestone::ServerRst],
            Side::Server => [Milestone::ClientFin, Milestone::ClientRst],
        };
        let closed_before = |end: &Milestone| self.at(*end).is_some_and(|at| at < alert.at);
        (!peers.iter().any(closed_before)).then_some(alert)
    }

    /// Where the capture was made; `None` where it does not tell.
    pub(crate) fn vantage(&self) -> Option<Vantage> {
        super::vantage::vantage(self)
    }

    /// The first frame that acknowledges what `side` sent and was not captured.
    pub(crate) const fn unseen(&self, side: Side) -> Option<Moment> {
        match side {
            Side::Client => self.unseen_of_client,
            Side::Server => self.unseen_of_server,
        }
    }
}

impl Setup {
    /// A frame after `from`, up to `to`, that acknowledges what `side` sent and was not captured.
    pub(crate) fn unseen_within(&self, side: Side, from: Moment, to: Moment) -> Option<Moment> {
        let (first, trace) = match side {
            Side::Client => (self.unseen_of_client, &self.traces.client),
            Side::Server => (self.unseen_of_server, &self.traces.server),
        };
        let last = first.and_then(|_| trace.unseen_last());
        let mut frames = first.into_iter().chain(last);
        frames.find(|at| *at > from && *at <= to)
    }
}

/// The first frame that shows that a packet of `side` was not captured.
fn unseen(connection: &Connection, milestones: &Milestones, side: Side) -> Option<Moment> {
    let answered_syn = milestones
        .get(Milestone::Established)
        .filter(|_| side == Side::Server && !milestones.has(Milestone::SynAck));
    let unseen = connection.unseen(side);
    unseen.into_iter().chain(answered_syn).min()
}
