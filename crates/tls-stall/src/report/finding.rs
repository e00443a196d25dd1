//! The explanation of one wait.

use super::{CustomCause, Party, Phase, Way};
use crate::names::named;
use crate::time::{FrameNumber, Span};

/// The explanation of one stalled wait, or of a handshake that failed.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Finding {
    /// What the wait was spent on.
    pub cause: Cause,
    /// Which wait.
    pub phase: Phase,
    /// Who looked the name up, was slow, or owed the next move.
    pub waiting_on: Party,
    /// How sure that is, as the checks earn it.
    pub confidence: Confidence,
    /// The length of the wait.
    #[cfg_attr(feature = "serde", serde(rename = "wait_s"))]
    pub wait: Span,
    /// How much of it the cause accounts for.
    #[cfg_attr(feature = "serde", serde(rename = "explained_s"))]
    pub explained: Span,
    /// One sentence.
    pub summary: String,
    /// What to do, with the names and addresses of this case.
    pub remedy: String,
    /// The frames that prove it, in order.
    pub evidence: Vec<Evidence>,
    /// What was tested, and what came of it.
    pub checks: Vec<Check>,
    /// The other causes that were considered, and why they are not the one.
    pub ruled_out: Vec<RuledOut>,
    /// Shows the evidence in Wireshark.
    pub display_filter: String,
}

impl Finding {
    /// `cause` explains the wait in `phase`, as far as `confidence` says; the rest is to be filled.
    #[must_use]
    pub fn new(cause: Cause, phase: Phase, waiting_on: Party, confidence: Confidence) -> Self {
        Self {
            cause,
            phase,
            waiting_on,
            confidence,
            wait: Span::ZERO,
            explained: Span::ZERO,
            summary: String::new(),
            remedy: String::new(),
            evidence: Vec::new(),
            checks: Vec::new(),
            ruled_out: Vec::new(),
            display_filter: String::new(),
        }
    }
}

/// A frame that proves a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Evidence {
    /// The frame's number.
    pub frame: FrameNumber,
    /// Since the capture's first frame.
    #[cfg_attr(feature = "serde", serde(rename = "time_s"))]
    pub time: Span,
    /// Between whom it went.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub way: Way,
    /// What the frame shows.
    pub message: String,
}

impl Evidence {
    /// What frame `frame` shows, `time` after the capture's first, which went `way`.
    #[must_use]
    pub fn new(frame: FrameNumber, time: Span, way: Way, message: impl Into<String>) -> Self {
        Self {
            frame,
            time,
            way,
            message: message.into(),
        }
    }
}

/// One test of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Check {
    /// What was tested.
    #[cfg_attr(feature = "serde", serde(rename = "check"))]
    pub name: &'static str,
    /// Whether it holds; `None` where the capture does not tell.
    pub holds: Option<bool>,
    /// What was seen.
    pub detail: String,
}

impl Check {
    /// What came of the test `name`.
    #[must_use]
    pub fn new(name: &'static str, holds: Option<bool>, detail: impl Into<String>) -> Self {
        Self {
            name,
            holds,
            detail: detail.into(),
        }
    }
}

/// A cause that was considered and is not the one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RuledOut {
    /// The cause.
    pub cause: Cause,
    /// Why not.
    pub because: String,
}

impl RuledOut {
    /// `cause` is not the one.
    #[must_use]
    pub fn new(cause: Cause, because: impl Into<String>) -> Self {
        Self {
            cause,
            because: because.into(),
        }
    }
}

named! {
    /// How sure a finding is.
    pub enum Confidence {
        /// Possible: it fits, and so may other causes.
        Low = "low",
        /// Probable: what could be checked holds, and something could not be checked.
        Medium = "medium",
        /// Proven as far as a capture can prove it.
        High = "high",
    }
}

named! {
    /// What a wait was spent on.
    pub enum Cause {
        /// A PTR lookup of the peer's address that got no answer.
        ReverseDnsUnanswered = "reverse-dns-unanswered",
        /// A PTR lookup that was answered late.
        ReverseDnsSlow = "reverse-dns-slow",
        /// A PTR lookup answered SERVFAIL or REFUSED and tried again.
        ReverseDnsFailed = "reverse-dns-failed",
        /// A lookup of a name that got no answer.
        ForwardDnsUnanswered = "forward-dns-unanswered",
        /// A lookup of a name that was answered late.
        ForwardDnsSlow = "forward-dns-slow",
        /// A lookup of a name answered SERVFAIL or REFUSED and tried again.
        ForwardDnsFailed = "forward-dns-failed",
        /// A resolver that answered none of at least two different questions.
        ResolverSilent = "resolver-silent",
        /// The SYN was repeated and then answered.
        SynLost = "syn-lost",
        /// The SYN was never answered.
        ConnectTimeout = "connect-timeout",
        /// The SYN was answered with RST or ICMP.
        ConnectRefused = "connect-refused",
        /// Segments of the ClientHello were lost and sent again, or never acknowledged.
        ClientHelloLost = "client-hello-lost",
        /// Segments of the server's flight were lost and sent again, or never acknowledged.
        ServerFlightLost = "server-flight-lost",
        /// Segments of the client's flight were lost and sent again, or never acknowledged.
        ClientFlightLost = "client-flight-lost",
        /// Only the large segments vanish, in one direction, while small ones pass.
        PathMtuBlackHole = "path-mtu-black-hole",
        /// The receiver's window was shut.
        ZeroWindow = "zero-window",
        /// Earlier attempts at another address or family of the same name failed first.
        AddressFallback = "address-fallback",
        /// QUIC Initials to the same server went unanswered first.
        QuicFallback = "quic-fallback",
        /// The server had what it needed and took its time.
        ServerSlow = "server-slow",
        /// The server had what it needed and never answered.
        ServerSilent = "server-silent",
        /// The client owed the next move and nothing in the capture explains its silence.
        ClientIdle = "client-idle",
        /// Opened and never used: a note, not a stall.
        UnusedConnection = "unused-connection",
        /// Each end waits for the other, or speaks another protocol.
        ProtocolMismatch = "protocol-mismatch",
        /// A refusal in the clear before TLS, with the server's own words.
        ServerRejected = "server-rejected",
        /// The server asked the client's ident port (113) first.
        IdentLookup = "ident-lookup",
        /// The client fetched OCSP, a CRL or an issuer certificate between the server's certificate
        /// and its own Finished.
        RevocationLookup = "revocation-lookup",
        /// A CONNECT or SOCKS stage before TLS.
        ProxyTunnel = "proxy-tunnel",
        /// The ClientHello was answered with a reset.
        ResetOnClientHello = "reset-on-client-hello",
        /// The handshake ended in an alert.
        TlsAlert = "tls-alert",
        /// The capture itself: lost frames, a clock step.
        CaptureArtefact = "capture-artefact",
    }
    and
    /// A cause that is not of the catalogue: a [`CauseFamily`](crate::CauseFamily) of the caller's
    /// found it.
    Custom(CustomCause)
}
