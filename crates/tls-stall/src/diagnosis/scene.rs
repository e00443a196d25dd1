//! What a family of causes may look at.

use std::net::IpAddr;
use std::sync::Arc;

use super::{CauseFamily, Check, Cover, Worked};
use crate::companions::Visits;
use crate::dns::Lookups;
use crate::milestone::Milestone;
use crate::quality::Quality;
use crate::report::{self, Connection, EndedBy, Party, Phase};
use crate::time::{Moment, Timestamp};
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
pub(crate) struct Case<'a> {
    pub(crate) setup: &'a Setup,
    pub(crate) wait: &'a Wait,
    /// What the handshake failed for, where it failed in this wait.
    pub(crate) failure: Option<Failure>,
    pub(crate) scene: &'a Scene<'a>,
    /// The connection and the wait as they are reported, where families of the caller's own are
    /// asked.
    pub(crate) reported: Option<(&'a Connection, &'a report::Wait)>,
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
        let turns = reading.turns.iter().filter(|turn| silent(turn.owner));
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

    /// Whether the client has begun its ClientHello, and the rest of it is awaited.
    pub(super) fn awaits_rest_of_client_hello(&self) -> bool {
        let begun = self.setup.at(Milestone::ClientHello);
        self.wait.phase == Phase::ClientHello && begun == Some(self.wait.from)
    }

    /// All of the wait.
    pub(super) fn whole(&self) -> Cover {
        Cover::between(self.wait.from.time, self.wait.to.time)
    }

    /// Whether the host that owed the next move made it, so that the wait ended when it went on.
    pub(crate) fn waiter_ended_the_wait(&self) -> bool {
        let EndedBy::Milestone(milestone) = self.wait.ended_by else {
            return false;
        };
        match milestone {
            Milestone::ServerFin | Milestone::ServerRst => self.wait.waiting_on == Party::Server,
            Milestone::ClientFin | Milestone::ClientRst => self.wait.waiting_on != Party::Server,
            Milestone::Alert => false,
            _ => true,
        }
    }

    /// The frames between which the wait lies, and the ends of the connection within it.
    pub(super) fn boundaries(&self) -> Vec<(Moment, String)> {
        let (from, to) = (self.wait.from, self.wait.to);
        let mut frames = vec![
            (from, super::words::beginning(self)),
            (to, super::words::end(self)),
        ];
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
                frames.push((moment, text.to_owned()));
            }
        }
        if self.wait.ended_by == EndedBy::EndOfCapture {
            frames.retain(|(moment, _)| *moment != to);
        }
        frames
    }
}
