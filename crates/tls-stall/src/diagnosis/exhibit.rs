//! One frame of evidence.

use std::net::IpAddr;

use super::Case;
use crate::report::{Evidence, Party, Way};
use crate::tcp::Side;
use crate::time::{Moment, Timestamp};

/// A frame, between whom it went, and what it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exhibit {
    pub(crate) moment: Moment,
    way: Way,
    message: String,
}

impl Exhibit {
    /// What went `way` shows `message`.
    pub(super) fn new(moment: Moment, way: Way, message: impl Into<String>) -> Self {
        Self {
            moment,
            way,
            message: message.into(),
        }
    }

    /// A frame of the client to the server.
    pub(super) fn of_client(moment: Moment, message: impl Into<String>) -> Self {
        Self::new(moment, Way::TO_SERVER, message)
    }

    /// A frame of the server to the client.
    pub(super) fn of_server(moment: Moment, message: impl Into<String>) -> Self {
        Self::new(moment, Way::TO_CLIENT, message)
    }

    /// A frame that `side` sent to its peer.
    pub(super) fn of(side: Side, moment: Moment, message: impl Into<String>) -> Self {
        match side {
            Side::Client => Self::of_client(moment, message),
            Side::Server => Self::of_server(moment, message),
        }
    }

    /// As the public report has it; times count from `first_frame`.
    pub(super) fn report(self, first_frame: Timestamp) -> Evidence {
        Evidence {
            frame: self.moment.frame,
            time: self.moment.time.since(first_frame),
            way: self.way,
            message: self.message,
        }
    }
}

/// The way of an ICMP error from `reporter` to the client about `server`.
pub(super) fn way_of_icmp(reporter: IpAddr, server: IpAddr) -> Way {
    if reporter == server {
        Way::TO_CLIENT
    } else {
        Way::between(Party::Network, Party::Client)
    }
}

impl Case<'_> {
    /// What the host is to this connection that has the address `ip`.
    pub(super) fn party(&self, ip: IpAddr) -> Party {
        // Two ends of one address are told apart by who is waited for.
        if ip == self.waiter() && self.wait.waiting_on == Party::Server {
            Party::Server
        } else if ip == self.setup.client.ip {
            Party::Client
        } else if ip == self.setup.server.ip {
            Party::Server
        } else {
            Party::Network
        }
    }

    /// The way of the question that the host at `asker` put to a resolver; one that is at neither
    /// end's address is another of the host that owes the next move.
    pub(super) fn way_of_query(&self, asker: IpAddr) -> Way {
        let asker = match self.party(asker) {
            Party::Network if self.wait.waiting_on == Party::Server => Party::Server,
            Party::Network => Party::Client,
            party => party,
        };
        Way::between(asker, Party::Resolver)
    }
}
