//! What is expected of captures, read from a file and found to make sense.

mod reading;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use tls_stall::{
    Cause, Confidence, Config, Connection, Endpoint, Finding, FrameNumber, Party, Phase, Span, Wait,
};

use crate::place::{InvalidExpectations, Place};

/// A file of expectations: what is due of each capture beside it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Expectations {
    /// A wait of at least this length is a stall (1 s unless told).
    pub stall_threshold: Span,
    /// Server ports on which TLS is expected, besides those that are known.
    pub tls_ports: Vec<u16>,
    /// The captures of which something is expected, in the order of the file; no two of one path.
    pub entries: Vec<Entry>,
    exclude: Vec<glob::Pattern>,
}

/// Nothing but what is expected of a capture without an entry.
impl Default for Expectations {
    fn default() -> Self {
        Self {
            stall_threshold: Span::from_secs(1),
            tls_ports: Vec::new(),
            entries: Vec::new(),
            exclude: Vec::new(),
        }
    }
}

impl Expectations {
    /// Reads the text of a file of expectations.
    ///
    /// # Errors
    ///
    /// If it is no TOML of the right form, or asks for what cannot be: of the form the first mistake
    /// is told, of the sense all. Whether the captures exist is not looked at.
    pub fn parse(text: &str) -> Result<Self, InvalidExpectations> {
        reading::read(text)
    }

    /// Whether the file says that the capture at `path`, relative to it and with `/` between folders,
    /// is not to be checked.
    #[must_use]
    pub fn excludes(&self, path: &str) -> bool {
        let options = glob::MatchOptions {
            require_literal_separator: true,
            ..glob::MatchOptions::default()
        };
        let ends = path.char_indices().filter(|&(_, it)| it == '/');
        let folders = ends.filter_map(|(end, _)| path.get(..end));
        let mut names = folders.chain([path]);
        names.any(|name| {
            let mut patterns = self.exclude.iter();
            patterns.any(|pattern| pattern.matches_with(name, options))
        })
    }

    /// How a capture has to be read to be held to `entry`, or to the rule for those without one.
    #[must_use]
    pub fn config(&self, entry: Option<&Entry>) -> Config {
        let mut config = Config::default();
        config.stall_threshold = self.stall_threshold;
        config.tls_ports.clone_from(&self.tls_ports);
        // Healthy connections are held to limits too, and one that was not used has not failed.
        config.keep_all = entry.is_some_and(|entry| {
            let mut expect = entry.expect.iter();
            !entry.max_wait.is_empty() || expect.any(|it| it.cause == Cause::UnusedConnection)
        });
        config
    }
}

/// What is expected of one capture.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Where it stands in the file.
    pub place: Place,
    /// The capture, relative to the file, with `/` between folders and without `.` in them.
    pub path: String,
    /// How many connections stall; without it, those that are expected are all.
    pub stalls: Option<u64>,
    /// How many handshakes fail without a stall; without it, further ones are allowed.
    pub failures: Option<u64>,
    /// The longest that each wait of a phase may be, in every TLS connection.
    pub max_wait: BTreeMap<Phase, Span>,
    /// Why what is found is known to differ still.
    pub not_yet: Option<String>,
    /// The connections that stall or fail.
    pub expect: Vec<Expectation>,
    /// Where the number of stalls, of failures, and each limit stand.
    pub(crate) places: Places,
    /// Its number among the entries of the file.
    pub(crate) index: usize,
}

/// Where the keys of an entry stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Places {
    pub(crate) stalls: Option<Place>,
    pub(crate) failures: Option<Place>,
    pub(crate) not_yet: Option<Place>,
    pub(crate) max_wait: BTreeMap<Phase, Place>,
}

impl Entry {
    /// How many connections have to stall.
    #[must_use]
    pub fn stalls_due(&self) -> u64 {
        self.stalls.unwrap_or_else(|| self.stalls_named())
    }

    /// The same, of which it is not known that something differs.
    pub(crate) fn without_mark(&self) -> Self {
        Self {
            not_yet: None,
            ..self.clone()
        }
    }

    /// How many of the expected connections stall.
    pub(crate) fn stalls_named(&self) -> u64 {
        count(self.expect.iter().filter(|it| it.stalled))
    }

    /// How many of the expected connections fail without a stall.
    pub(crate) fn failures_named(&self) -> u64 {
        count(self.expect.iter().filter(|it| !it.stalled))
    }
}

fn count<T>(items: impl Iterator<Item = T>) -> u64 {
    u64::try_from(items.count()).unwrap_or(u64::MAX)
}

/// One connection that has to stall or fail, and why; what is left out is open.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expectation {
    /// Where it stands in the file.
    pub place: Place,
    /// The server's address.
    pub server: Option<Server>,
    /// The server's name, in lower case and without a dot at its end.
    pub server_name: Option<String>,
    /// The connection's number, as Wireshark's `tcp.stream`.
    pub tcp_stream: Option<u64>,
    /// Whether it stalls; else its handshake fails without a stall.
    pub stalled: bool,
    /// The cause of its first finding.
    pub cause: Cause,
    /// The phase that it waits in.
    pub phase: Option<Phase>,
    /// Who owes the next move.
    pub waiting_on: Option<Party>,
    /// How sure the finding has to be, at least.
    pub confidence: Confidence,
    /// The frame with which the wait begins.
    pub from_frame: Option<FrameNumber>,
    /// The frame with which the wait ends.
    pub to_frame: Option<FrameNumber>,
}

impl Expectation {
    /// Whether it speaks of `connection`, whatever has become of that.
    #[must_use]
    pub fn names(&self, connection: &Connection) -> bool {
        let server = self.server.as_ref();
        let name = self.server_name.as_deref();
        server.is_none_or(|server| server.is(connection.server))
            && self.tcp_stream.is_none_or(|it| it == connection.tcp_stream)
            && name.is_none_or(|name| {
                let found = connection.server_name.as_deref();
                found.is_some_and(|found| canonical(found) == name)
            })
    }

    /// Whether `finding` has the phase and the party that are due.
    #[must_use]
    pub fn has_phase_of(&self, finding: &Finding) -> bool {
        self.phase.is_none_or(|it| it == finding.phase)
            && self.waiting_on.is_none_or(|it| it == finding.waiting_on)
    }

    /// Whether `wait` lies between the frames that are due.
    #[must_use]
    pub fn is_between(&self, wait: &Wait) -> bool {
        self.from_frame.is_none_or(|it| it == wait.from_frame)
            && self.to_frame.is_none_or(|it| it == wait.to_frame)
    }

    /// Whether `connection` is what is expected, in all that is not left open.
    #[must_use]
    pub fn is_met_by(&self, connection: &Connection) -> bool {
        let Some(verdict) = connection.findings.first() else {
            return false;
        };
        self.names(connection)
            && connection.stalled == self.stalled
            && verdict.cause == self.cause
            && verdict.confidence >= self.confidence
            && self.has_phase_of(verdict)
            && self.has_frames_of(connection, verdict)
    }

    /// Whether the wait that `verdict` explains lies between the frames that are due.
    pub(crate) fn has_frames_of(&self, connection: &Connection, verdict: &Finding) -> bool {
        if self.from_frame.is_none() && self.to_frame.is_none() {
            return true;
        }
        explained_wait(connection, verdict).is_some_and(|wait| self.is_between(wait))
    }
}

/// The wait of `connection` that `finding` explains: a phase may be several, as the client's, the
/// proxy's and the client's again.
pub(crate) fn explained_wait<'a>(
    connection: &'a Connection,
    finding: &Finding,
) -> Option<&'a Wait> {
    let mut waits = connection.waits.iter();
    waits.find(|wait| wait.phase == finding.phase && wait.duration == finding.wait)
}

/// A server's address, and perhaps its port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Server {
    /// The address.
    pub ip: IpAddr,
    /// The port; any where it is not told.
    pub port: Option<u16>,
}

impl Server {
    /// Whether `endpoint` is it.
    #[must_use]
    pub fn is(&self, endpoint: Endpoint) -> bool {
        self.ip == endpoint.ip && self.port.is_none_or(|port| port == endpoint.port)
    }
}

/// `203.0.113.25`, `203.0.113.25:465`, `2001:db8::25`, `[2001:db8::25]:465`.
impl FromStr for Server {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(ip) = text.parse() {
            return Ok(Self { ip, port: None });
        }
        match text.parse::<SocketAddr>() {
            Ok(end) if end.port() > 0 => Ok(Self {
                ip: end.ip(),
                port: Some(end.port()),
            }),
            _ => Err("no address, with or without a port; a name is given as server_name"),
        }
    }
}

/// As it is read.
impl std::fmt::Display for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.port {
            Some(port) => SocketAddr::new(self.ip, port).fmt(f),
            None => self.ip.fmt(f),
        }
    }
}

/// A host's name as names are compared: in lower case, without a dot at its end.
fn canonical(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}
