//! Between whom a frame went.

use super::Party;
use crate::milestone::Milestone;

/// Between whom a frame went, as far as it is known.
///
/// `network` is a host that is neither end of the connection nor a name server: a router that sends
/// an ICMP error, a box that resets, the host that a certificate's status is fetched from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Way {
    /// Who sent it.
    pub from: Option<Party>,
    /// Whom it was sent to; a resolver is one that the sender asks.
    pub to: Option<Party>,
}

impl Way {
    /// Neither is known.
    pub const UNKNOWN: Self = Self {
        from: None,
        to: None,
    };

    /// From the client to the server.
    pub const TO_SERVER: Self = Self::between(Party::Client, Party::Server);

    /// From the server to the client.
    pub const TO_CLIENT: Self = Self::between(Party::Server, Party::Client);

    /// From `from` to `to`.
    #[must_use]
    pub const fn between(from: Party, to: Party) -> Self {
        Self {
            from: Some(from),
            to: Some(to),
        }
    }

    /// The way of an answer.
    #[must_use]
    pub const fn back(self) -> Self {
        Self {
            from: self.to,
            to: self.from,
        }
    }

    /// Whether nothing is known of it.
    #[must_use]
    pub const fn is_unknown(self) -> bool {
        self.from.is_none() && self.to.is_none()
    }

    /// The way of every frame in which `milestone` can be reached; of an alert and of data, either
    /// end may be the sender.
    pub(crate) const fn of(milestone: Milestone) -> Self {
        match milestone {
            Milestone::DnsQuery => Self::between(Party::Client, Party::Resolver),
            Milestone::DnsAnswer => Self::between(Party::Resolver, Party::Client),
            Milestone::FirstAttempt
            | Milestone::Syn
            | Milestone::Established
            | Milestone::StarttlsRequest
            | Milestone::ClientHello
            | Milestone::ClientHelloEnd
            | Milestone::ClientFinished
            | Milestone::ClientFin
            | Milestone::ClientRst => Self::TO_SERVER,
            Milestone::SynAck
            | Milestone::ServerGreeting
            | Milestone::StarttlsReady
            | Milestone::HelloRetryRequest
            | Milestone::ServerHello
            | Milestone::ServerHelloEnd
            | Milestone::ServerFlightEnd
            | Milestone::ServerFinished
            | Milestone::ServerFin
            | Milestone::ServerRst => Self::TO_CLIENT,
            Milestone::ApplicationData | Milestone::Alert => Self::UNKNOWN,
        }
    }
}
