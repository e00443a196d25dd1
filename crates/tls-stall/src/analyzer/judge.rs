//! What is made of connections once they are over, with the lookups and all that passed beside them.

use std::mem::take;

use super::events::{Before, Events};
use super::extent::Extent;
use super::session::Session;
use super::settled::Settled;
use crate::companions::{self, Companions, Exchange, Visit};
use crate::config::Config;
use crate::decode::{Datagram, Endpoint, IcmpError, Resolution, TcpFlags};
use crate::dns::{self, Lookups};
use crate::milestone::{Milestone, Milestones};
use crate::quality::{self, Quality};
use crate::report::Summary;
use crate::tcp::{Connection, Entry};
use crate::time::Moment;
use crate::timeline::{Setup, led_to, resolve};

/// Takes what the frames show, in their order, and the connections that are over.
#[derive(Debug)]
pub(super) struct Judge {
    pub(super) config: Config,
    pub(super) lookups: Lookups,
    pub(super) companions: Companions,
    pub(super) settled: Settled,
    pub(super) quality: Quality,
    /// The counts of the connections that [`poll`](super::Analyzer::poll) has given.
    pub(super) told: Summary,
    pub(super) events: Events,
}

/// What a frame shows beside the connection that it belongs to.
#[derive(Debug)]
pub(super) enum Fact {
    /// Nothing for a while, between two frames that follow each other.
    Pause {
        before: Moment,
        after: Moment,
    },
    /// An app on the phone made the capture, as this shows.
    MadeByApp(&'static str, Moment),
    /// A segment asks for a connection, or grants or refuses one.
    Attempt {
        flags: TcpFlags,
        from: Endpoint,
        to: Endpoint,
        moment: Moment,
        is_known: bool,
    },
    /// A message of a name service that came over TCP.
    Message {
        from: Endpoint,
        to: Endpoint,
        bytes: Vec<u8>,
        moment: Moment,
    },
    Error(IcmpError, Moment),
    Resolution(Resolution, Moment),
}

/// A connection of which no more is to come.
#[derive(Debug)]
pub(super) struct Over {
    pub(super) entry: Box<Entry<Session>>,
    /// The capture's latest frame up to now.
    pub(super) latest: Option<Moment>,
    /// What was told of it before it was over.
    pub(super) before: Before,
}

impl Judge {
    pub(super) fn new(config: Config) -> Self {
        let mut judge = Self {
            lookups: Lookups::new(config.max_lookups),
            companions: Companions::new(config.max_connections),
            settled: Settled::default(),
            quality: Quality::default(),
            told: Summary::default(),
            events: Events::new(config.max_events),
            config,
        };
        if judge.events.are_wanted() {
            judge.lookups.watch();
        }
        judge
    }

    pub(super) fn note(&mut self, fact: Fact) {
        match fact {
            Fact::Pause { before, after } => self.quality.pause(before, after),
            Fact::MadeByApp(sign, moment) => self.quality.made_by_app(moment, sign),
            Fact::Attempt {
                flags,
                from,
                to,
                moment,
                is_known,
            } => self.companions.segment(flags, from, to, moment, is_known),
            Fact::Message {
                from,
                to,
                bytes,
                moment,
            } => self.lookups.message(moment, from, to, &bytes, true),
            Fact::Error(error, moment) => {
                self.companions.error(&error, moment);
                self.lookups.icmp(moment, &error);
            }
            Fact::Resolution(resolution, moment) => self.quality.resolution(&resolution, moment),
        }
    }

    /// Whether a datagram would change anything.
    pub(super) fn is_wanted(datagram: &Datagram<'_>) -> bool {
        quality::concerns(datagram) || dns::concerns(datagram) || companions::concerns(datagram)
    }

    pub(super) fn datagram(&mut self, datagram: &Datagram<'_>, moment: Moment) {
        self.quality.udp(datagram, moment);
        self.lookups.udp(moment, datagram);
        self.companions.datagram(datagram, moment);
    }

    /// Takes out of `over` what is kept of it. It is told as an event where the capture's `extent` up
    /// to now is given.
    pub(super) fn settle(&mut self, over: &mut Over, extent: Option<&Extent>) {
        let Entry {
            connection,
            milestones,
            session,
        } = &mut *over.entry;
        if let Some(exchange) = session.take_exchange() {
            let visit = visit(connection, milestones, *exchange);
            self.companions.visits.add(visit);
        }
        let (port, app) = (session.port(), session.take_app());
        let reading = session.finish(milestones);
        let mut setup = Setup::new(connection, take(milestones), reading, port);
        let named = led_to(&setup, &self.lookups);
        self.settled
            .attempts
            .note(&mut setup, named, &self.lookups, &self.companions);
        resolve(&mut setup, named, &self.lookups);
        self.quality.settle(&mut setup, &self.lookups);
        if let Some(extent) = extent {
            self.note_settled(&setup, over.before, extent);
        }
        self.settled.take(setup, app, over.latest, &self.config);
    }
}

/// A connection to a service in the clear, as one that another may have waited for.
pub(super) fn visit(connection: &Connection, milestones: &Milestones, exchange: Exchange) -> Visit {
    let accepted = milestones.get(Milestone::SynAck);
    let refused = milestones
        .get(Milestone::ServerRst)
        .or(connection.unreachable.as_ref().map(|error| error.moment))
        .filter(|_| accepted.is_none());
    let closed = [Milestone::ServerFin, Milestone::ServerRst]
        .into_iter()
        .filter_map(|end| milestones.get(end))
        .min();
    Visit {
        stream: connection.stream,
        client: connection.client,
        server: connection.server,
        syns: connection.syns.clone(),
        accepted,
        refused,
        closed,
        exchange,
    }
}
