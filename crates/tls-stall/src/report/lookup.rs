//! One name-service question with all its copies.

use std::net::IpAddr;

use crate::names::named;
use crate::time::{FrameNumber, Span};

/// One name-service question by one host: all its copies, and its answers or the lack of one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Lookup {
    /// The name asked for, in lower case, with unprintable characters escaped (RFC 1035, 5.1).
    pub name: String,
    /// The record type, as `PTR`, `AAAA` or `TYPE65280`.
    #[cfg_attr(feature = "serde", serde(rename = "type"))]
    pub record_type: String,
    /// The name service.
    pub via: Via,
    /// The host that asked.
    pub asker: IpAddr,
    /// Every copy of the question.
    pub queries: Vec<LookupQuery>,
    /// Every answer to it.
    pub answers: Vec<LookupAnswer>,
    /// What came of it.
    pub outcome: LookupOutcome,
    /// From the first copy to the accepted answer, or to when the asker gave up.
    #[cfg_attr(feature = "serde", serde(rename = "duration_s"))]
    pub duration: Span,
    /// The resolver schedule that the copies fit, as `glibc, three name servers`.
    pub schedule: Option<String>,
}

impl Lookup {
    /// The question for `name` that `asker` asked over DNS, without copies or answers yet.
    #[must_use]
    pub fn new(name: impl Into<String>, record_type: impl Into<String>, asker: IpAddr) -> Self {
        Self {
            name: name.into(),
            record_type: record_type.into(),
            via: Via::Dns,
            asker,
            queries: Vec::new(),
            answers: Vec::new(),
            outcome: LookupOutcome::Unanswered,
            duration: Span::ZERO,
            schedule: None,
        }
    }
}

/// One copy of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct LookupQuery {
    /// The frame's number.
    pub frame: FrameNumber,
    /// Since the capture's first frame.
    #[cfg_attr(feature = "serde", serde(rename = "time_s"))]
    pub time: Span,
    /// Who was asked.
    pub resolver: IpAddr,
    /// The message's id (RFC 1035, section 4.1.1).
    pub id: u16,
}

impl LookupQuery {
    /// The copy with `id` that went to `resolver` in `frame`, `time` after the capture's first.
    #[must_use]
    pub const fn new(frame: FrameNumber, time: Span, resolver: IpAddr, id: u16) -> Self {
        Self {
            frame,
            time,
            resolver,
            id,
        }
    }
}

/// One answer to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct LookupAnswer {
    /// The frame's number.
    pub frame: FrameNumber,
    /// Since the capture's first frame.
    #[cfg_attr(feature = "serde", serde(rename = "time_s"))]
    pub time: Span,
    /// Who answered.
    pub resolver: IpAddr,
    /// The response code (RFC 1035, section 4.1.1, and its successors), as `NXDOMAIN`.
    pub rcode: String,
}

impl LookupAnswer {
    /// The answer of `resolver` in `frame`, `time` after the capture's first.
    #[must_use]
    pub fn new(frame: FrameNumber, time: Span, resolver: IpAddr, rcode: impl Into<String>) -> Self {
        Self {
            frame,
            time,
            resolver,
            rcode: rcode.into(),
        }
    }
}

named! {
    /// What came of a lookup.
    pub enum LookupOutcome {
        /// Answered with records.
        Answered = "answered",
        /// NXDOMAIN: there is no such name.
        NoSuchName = "no-such-name",
        /// No error and no record of the type.
        NoData = "no-data",
        /// SERVFAIL and its likes.
        ServerFailure = "server-failure",
        /// REFUSED.
        Refused = "refused",
        /// No answer.
        Unanswered = "unanswered",
        /// ICMP port unreachable.
        PortUnreachable = "port-unreachable",
        /// Cut short, and not asked again over TCP.
        Truncated = "truncated",
    }
}

named! {
    /// A name service.
    pub enum Via {
        /// Unicast DNS (RFC 1035).
        Dns = "dns",
        /// Multicast DNS (RFC 6762).
        Mdns = "mdns",
        /// Link-local multicast name resolution (RFC 4795).
        Llmnr = "llmnr",
        /// NetBIOS name service (RFC 1002).
        Nbns = "nbns",
    }
}
