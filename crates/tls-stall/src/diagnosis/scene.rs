//! What a family of causes may look at.

use std::net::IpAddr;
use std::sync::Arc;

use super::{CauseFamily, Check, Cover, Exhibit, Worked, exhibit};
use crate::companions::Visits;
use crate::dns::Lookups;
use crate::milestone::Milestone;
use crate::quality::Quality;
use crate::report::{self, Connection, EndedBy, Party, Phase, Way};
use crate::tcp::Hole;
use crate::time::{Moment, Span, Timestamp};
use crate::timeline::{Failure, Setup, Wait};

/// The capture around a connection.
pub(crate) struct Scene<'a> {
    pub(crate) first_frame: Timestamp,
    /// How many frames there were.
    pub(crate) frames: u64,
    /// The families of the caller's own.
    pub(crate) families: &'a [Arc<dyn CauseFamily>],
    pub(crate) lookups: &'a Lookups,
    pub(crate) worked: &'a Worked,
    pub(crate) visits: &'a Visits,
    /// What is known about the capture itself.
    pub(crate) capture: &'a Quality,
}

/// One wait of one connection, to be explained.
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    pub(crate) setup: &'a Setup,
    pub(crate) wait: &'a Wait,
    /// What the handshake failed for, where it failed in this wait.
    pub(crate) failure: Option<Failure>,
    pub(crate) scene: &'a Scene<'a>,
    /// The connection and the wait as they are reported, where families of the caller's own are
    /// asked.
    pub(crate) reported: Option<(&'a Connection, &'a report::Wait)>,
    /// What of the wait is looked at, where the host did one thing after the other.
    pub(crate) part: Option<(Moment, Moment)>,
}

impl<'a> Case<'a> {
    /// The part of the wait from `from` to `to`.
    pub(super) fn of_part(&self, from: Moment, to: Moment) -> Case<'a> {
        Case {
            part: Some((from, to)),
            ..*self
        }
    }
}

impl Case<'_> {
    /// The address of the host that owed the next move; in name resolution it is the client that
    /// waits for its resolver.
    pub(crate) fn waiter(&self) -> IpAddr {
        match self.wait.waiting_on {
            Party::Server => self.setup.server.ip,
            Party::Client | Party::Resolver | Party::Network => self.setup.client.ip,
        }
    }

    /// The address at the other end of the connection.
    pub(crate) fn peer(&self) -> IpAddr {
        match self.wait.waiting_on {
            Party::Server => self.setup.client.ip,
            Party::Client | Party::Resolver | Party::Network => self.setup.server.ip,
        }
    }

    /// `the client` or `the server`.
    pub(crate) fn waiter_word(&self) -> &'static str {
        match self.wait.waiting_on {
            Party::Server => "the server",
            Party::Client | Party::Resolver | Party::Network => "the client",
        }
    }

    /// The stretch that is to be explained. In a dialogue it is the longest silence of the side
    /// that owed the next line.
    pub(crate) fn stretch(&self) -> (Moment, Moment) {
        if let Some(part) = self.part {
            return part;
        }
        let whole = (self.wait.from, self.wait.to);
        if self.wait.phase != Phase::Starttls {
            return whole;
        }
        let silent = |side| match side {
            crate::tcp::Side::Client => self.wait.waiting_on == Party::Client,
            crate::tcp::Side::Server => self.wait.waiting_on == Party::Server,
        };
        let reading = &self.setup.reading;
        let open = reading
            .last_spoken
            .filter(|&(spoke, _)| silent(spoke.peer()) && self.wait.is_unfulfilled())
            .map(|(_, since)| (since, self.wait.to));
        let turns = reading.turns.iter().copied();
        let turns = turns
            .chain(self.setup.first_silence())
            .filter(|turn| silent(turn.owner));
        turns
            .map(|turn| (turn.from, turn.to))
            .filter(|&(from, _)| from >= self.wait.from)
            .chain(open)
            .max_by_key(|&(from, to)| to.since(from))
            .unwrap_or(whole)
    }

    /// How short this wait was in another connection of the same client to the same server, where
    /// one worked.
    pub(super) fn contrast(&self) -> Option<Check> {
        self.scene.worked.contrast(self.setup, self.wait)
    }

    /// A server that began twice may have forgotten what it had acknowledged: that is no loss.
    pub(super) fn doubt_of_one_server(&self) -> Option<Check> {
        self.setup.traces.server.begins_anew.then(|| {
            Check::strong(
                "one-server-answers",
                false,
                "SYN-ACKs came with different sequence numbers: two hosts at one address, or one \
                 that forgot the first",
            )
        })
    }

    /// Whether a second ClientHello is awaited (HelloRetryRequest).
    pub(super) fn is_asked_again(&self) -> bool {
        self.wait.phase == Phase::ClientHello && self.is_since_retry_request()
    }

    /// Whether the wait begins with a HelloRetryRequest.
    pub(super) fn is_since_retry_request(&self) -> bool {
        self.setup.at(Milestone::HelloRetryRequest) == Some(self.wait.from)
    }

    /// Whether the client has begun its ClientHello, and the rest of it is awaited.
    pub(super) fn awaits_rest_of_client_hello(&self) -> bool {
        let begun = self.setup.at(Milestone::ClientHello);
        self.wait.phase == Phase::ClientHello && begun == Some(self.wait.from)
    }

    /// What is missing of the client's first bytes, where later ones came for most of the wait for
    /// its ClientHello.
    pub(super) fn missing_before_client_hello(&self) -> Option<Hole> {
        if self.wait.phase != Phase::ClientHello || self.awaits_rest_of_client_hello() {
            return None;
        }
        let hole = *self.setup.from_client.hole.as_deref()?;
        let covered = self.wait.to.since(hole.since);
        let most = covered >= self.wait.duration().percent(50);
        (most && hole.since >= self.wait.from && covered > Span::ZERO).then_some(hole)
    }

    /// All of the wait.
    pub(super) fn whole(&self) -> Cover {
        Cover::between(self.wait.from.time, self.wait.to.time)
    }

    /// Whether the host that owed the next move made it, so that the wait ended when it went on.
    pub(crate) fn waiter_ended_the_wait(&self) -> bool {
        // It went on to the next thing.
        if self.part.is_some_and(|(_, to)| to < self.wait.to) {
            return true;
        }
        let milestone = match self.wait.ended_by {
            EndedBy::Milestone(milestone) => milestone,
            EndedBy::ProxyRequest => return self.wait.waiting_on == Party::Client,
            EndedBy::ProxyAnswer => return self.wait.waiting_on == Party::Server,
            _ => return false,
        };
        match milestone {
            Milestone::ServerFin | Milestone::ServerRst => self.wait.waiting_on == Party::Server,
            Milestone::ClientFin | Milestone::ClientRst => self.wait.waiting_on != Party::Server,
            Milestone::Alert => false,
            _ => true,
        }
    }

    /// The frames between which the wait lies, and the ends of the connection within it.
    pub(super) fn boundaries(&self) -> Vec<Exhibit> {
        let (from, to) = (self.wait.from, self.wait.to);
        let mut frames = vec![self.beginning()];
        if self.wait.ended_by != EndedBy::EndOfCapture {
            frames.push(self.end());
        }
        let within = |moment: &Moment| *moment > from && *moment < to;
        for (milestone, text) in [
            (
                Milestone::ServerFin,
                "the server closes the connection (FIN)",
            ),
            (
                Milestone::ServerRst,
                "the server resets the connection (RST)",
            ),
            (
                Milestone::ClientFin,
                "the client closes the connection (FIN)",
            ),
        ] {
            if let Some(moment) = self.setup.at(milestone).filter(within) {
                frames.push(Exhibit::new(moment, self.setup.way(milestone), text));
            }
        }
        frames
    }

    /// The frame in which the wait begins.
    fn beginning(&self) -> Exhibit {
        let from = self.wait.from;
        let tunnel = self.setup.reading.tunnel.as_ref();
        let at_proxy = self.wait.phase == Phase::ClientHello
            && tunnel.is_some_and(|tunnel| from >= tunnel.begun);
        let way = match self.wait.waiting_on {
            Party::Server if at_proxy => Way::TO_SERVER,
            _ if at_proxy => Way::TO_CLIENT,
            _ if self.setup.retry().is_some_and(|it| it.last == from) => Way::TO_SERVER,
            // A ClientHello that was not captured shows by its acknowledgement.
            _ if self.setup.client_hello_acked == Some(from) => Way::TO_CLIENT,
            _ => self.way_of_milestone_at(from),
        };
        Exhibit::new(from, way, super::words::beginning(self))
    }

    /// The frame in which the wait ends.
    pub(super) fn end(&self) -> Exhibit {
        let setup = self.setup;
        let way = match self.wait.ended_by {
            EndedBy::Milestone(milestone) => setup.way(milestone),
            EndedBy::Abandoned | EndedBy::ProxyRequest => Way::TO_SERVER,
            EndedBy::Cleartext if self.wait.waiting_on == Party::Client => Way::TO_SERVER,
            EndedBy::ProxyAnswer | EndedBy::Refusal | EndedBy::Cleartext => Way::TO_CLIENT,
            EndedBy::IcmpError => setup.unreachable.as_ref().map_or(Way::UNKNOWN, |error| {
                exhibit::way_of_icmp(error.reporter, setup.server.ip)
            }),
            EndedBy::EndOfCapture => Way::UNKNOWN,
        };
        Exhibit::new(self.wait.to, way, super::words::end(self))
    }

    /// The way of the frame at `moment`, as the milestones in it tell.
    fn way_of_milestone_at(&self, moment: Moment) -> Way {
        let milestones = self.setup.milestones.iter();
        milestones
            .filter(|&(_, at)| at == moment)
            .map(|(milestone, _)| self.setup.way(milestone))
            .find(|way| !way.is_unknown())
            .unwrap_or(Way::UNKNOWN)
    }
}
