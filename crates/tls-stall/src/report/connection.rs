//! One connection: its milestones, its waits, how it ended.

use std::collections::BTreeMap;

use super::{Finding, Identity, Way};
use crate::decode::Endpoint;
use crate::milestone::Milestone;
use crate::names::named;
use crate::time::{FrameNumber, Span};

/// One TCP connection that is TLS or bound for it.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Connection {
    /// Its number from 0 in the order of first frames, as Wireshark's `tcp.stream`.
    pub tcp_stream: u64,
    /// What tells it from all others, in this capture and elsewhere.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub identity: Identity,
    /// Who sent the SYN.
    pub client: Endpoint,
    /// Its peer.
    pub server: Endpoint,
    /// From the ClientHello's `server_name`, else from the lookup that led here, else as the file
    /// itself names the address.
    pub server_name: Option<String>,
    /// The phone's app that it belongs to, as `PCAPdroid` notes it behind its frames.
    pub app: Option<String>,
    /// Whether it is TLS or bound for it; others are reported with
    /// [`Config::keep_all`](crate::Config) only, and nothing is said of their waits.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub is_tls: bool,
    /// `tls`, or the protocol that TLS was to be started in (`smtp`, `imap`, `ldap`, …).
    pub protocol: Option<String>,
    /// The version that the server chose, as `TLS 1.3`.
    pub tls_version: Option<String>,
    /// From the first SYN to the client's ACK where neither was repeated (Wireshark's iRTT).
    #[cfg_attr(feature = "serde", serde(rename = "irtt_s"))]
    pub irtt: Option<Span>,
    /// Where the capture was made, as far as the timing tells.
    pub vantage: Option<Vantage>,
    /// How it ended.
    pub outcome: Outcome,
    /// The named moments that it reached.
    #[cfg_attr(
        feature = "schema",
        schemars(schema_with = "crate::schema::by_name::<Milestone, At>")
    )]
    pub milestones: BTreeMap<Milestone, At>,
    /// Every phase that it went through, in order.
    pub waits: Vec<Wait>,
    /// Whether a wait before the end of the handshake was at least the threshold.
    pub stalled: bool,
    /// The verdict first, then what else explains its waits.
    pub findings: Vec<Finding>,
}

impl Connection {
    /// Connection `tcp_stream` from `client` to `server`, of which nothing else is known yet.
    #[must_use]
    pub fn new(tcp_stream: u64, client: Endpoint, server: Endpoint, outcome: Outcome) -> Self {
        Self {
            tcp_stream,
            identity: Identity::default(),
            client,
            server,
            server_name: None,
            app: None,
            is_tls: true,
            protocol: None,
            tls_version: None,
            irtt: None,
            vantage: None,
            outcome,
            milestones: BTreeMap::new(),
            waits: Vec::new(),
            stalled: false,
            findings: Vec::new(),
        }
    }
}

/// A frame, its time and its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct At {
    /// The frame's number.
    pub frame: FrameNumber,
    /// Since the capture's first frame.
    #[cfg_attr(feature = "serde", serde(rename = "time_s"))]
    pub time: Span,
    /// Between whom it went.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub way: Way,
}

impl At {
    /// Frame `frame`, `time` after the capture's first, which went `way`.
    #[must_use]
    pub const fn new(frame: FrameNumber, time: Span, way: Way) -> Self {
        Self { frame, time, way }
    }
}

/// One phase of one connection: how long, and who owed the next move.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Wait {
    /// What was awaited.
    pub phase: Phase,
    /// Who owed the next move.
    pub waiting_on: Party,
    /// The frame that began the phase.
    pub from_frame: FrameNumber,
    /// The frame that ended it; of a phase that the capture's end cut, the last frame.
    pub to_frame: FrameNumber,
    /// From the one to the other, whatever passed in between.
    #[cfg_attr(feature = "serde", serde(rename = "duration_s"))]
    pub duration: Span,
    /// What ended it.
    pub ended_by: EndedBy,
    /// Whether it is a stall: at least the threshold, and before the end of the handshake.
    pub stalled: bool,
}

impl Wait {
    /// A wait in `phase` from frame `from` to frame `to`, not stalled.
    #[must_use]
    pub const fn new(
        phase: Phase,
        waiting_on: Party,
        (from, to): (FrameNumber, FrameNumber),
        duration: Span,
        ended_by: EndedBy,
    ) -> Self {
        Self {
            phase,
            waiting_on,
            from_frame: from,
            to_frame: to,
            duration,
            ended_by,
            stalled: false,
        }
    }
}

named! {
    /// The stretch between two milestones, named for what is awaited in it.
    pub enum Phase {
        /// The answer to the lookup that led to the connection.
        NameResolution = "name_resolution",
        /// The failure of earlier attempts.
        EarlierAttempts = "earlier_attempts",
        /// The three-way handshake.
        TcpConnect = "tcp_connect",
        /// The greeting of a server that speaks first.
        ServerGreeting = "server_greeting",
        /// The dialogue up to the go-ahead for TLS.
        Starttls = "starttls",
        /// The ClientHello.
        ClientHello = "client_hello",
        /// The ServerHello.
        ServerHello = "server_hello",
        /// The rest of the server's first flight.
        ServerFlight = "server_flight",
        /// The client's flight that ends in Finished.
        ClientFinished = "client_finished",
        /// The server's Finished (TLS 1.2 and earlier).
        ServerFinished = "server_finished",
        /// The first application byte; never a stall.
        ApplicationData = "application_data",
    }
}

impl Phase {
    /// What it waits for, with its article: `the ClientHello`.
    #[must_use]
    pub const fn awaited(self) -> &'static str {
        match self {
            Self::NameResolution => "the answer to the name lookup",
            Self::EarlierAttempts => "an attempt that got through",
            Self::TcpConnect => "the end of the TCP handshake",
            Self::ServerGreeting => "the server's greeting",
            Self::Starttls => "the go-ahead for TLS",
            Self::ClientHello => "the ClientHello",
            Self::ServerHello => "the ServerHello",
            Self::ServerFlight => "the rest of the server's first flight",
            Self::ClientFinished => "the client's Finished",
            Self::ServerFinished => "the server's Finished",
            Self::ApplicationData => "the first application data",
        }
    }
}

named! {
    /// Who owed the next move.
    pub enum Party {
        /// The client.
        Client = "client",
        /// The server.
        Server = "server",
        /// The network between them.
        Network = "network",
        /// A name server.
        Resolver = "resolver",
    }
}

named! {
    /// Where the capture was made.
    pub enum Vantage {
        /// At the client.
        Client = "client",
        /// At the server.
        Server = "server",
        /// On the path between them.
        Between = "between",
    }
}

named! {
    /// How a connection ended, or how far it came.
    pub enum Outcome {
        /// The TLS handshake was completed.
        Established = "established",
        /// No answer to the SYN.
        NoSynAck = "no-syn-ack",
        /// The SYN was answered by RST or ICMP.
        Refused = "refused",
        /// Connected, and the client never sent a ClientHello.
        NoClientHello = "no-client-hello",
        /// The server closed while the ClientHello was awaited, even if it came later.
        ServerClosedBeforeClientHello = "server-closed-before-client-hello",
        /// The client closed without a ClientHello.
        ClientClosedBeforeClientHello = "client-closed-before-client-hello",
        /// The ClientHello was not answered.
        NoServerHello = "no-server-hello",
        /// The ClientHello was answered by RST.
        ResetAfterClientHello = "reset-after-client-hello",
        /// The handshake ended in an alert.
        Alert = "alert",
        /// The handshake began and did not end.
        HandshakeIncomplete = "handshake-incomplete",
        /// It carried something else than TLS.
        NotTls = "not-tls",
        /// The capture ends first.
        InProgress = "in-progress",
    }
}

/// What ended a phase: the milestone that was reached, or the end of the capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename_all = "snake_case"))]
#[cfg_attr(feature = "schema", schemars(transform = crate::schema::open_names))]
#[non_exhaustive]
pub enum EndedBy {
    /// An ICMP error.
    IcmpError,
    /// The client asked no more: a SYN was not sent again when it was due.
    Abandoned,
    /// The client asked a proxy for a tunnel.
    ProxyRequest,
    /// A proxy answered.
    ProxyAnswer,
    /// The server's refusal.
    Refusal,
    /// Something else than TLS came in the place of what was awaited.
    Cleartext,
    /// The capture ended first: the wait is a lower bound.
    EndOfCapture,
    /// The milestone awaited, or a FIN or RST in its place.
    #[cfg_attr(feature = "schema", schemars(untagged))]
    Milestone(Milestone),
}

impl EndedBy {
    /// The stable name, as it stands in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Milestone(milestone) => milestone.name(),
            Self::IcmpError => "icmp_error",
            Self::Abandoned => "abandoned",
            Self::ProxyRequest => "proxy_request",
            Self::ProxyAnswer => "proxy_answer",
            Self::Refusal => "refusal",
            Self::Cleartext => "cleartext",
            Self::EndOfCapture => "end_of_capture",
        }
    }
}

impl std::fmt::Display for EndedBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for EndedBy {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
