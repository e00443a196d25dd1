//! Scenario files: what happened on the wire, and the verdict that is due.
//!
//! A scenario is a TOML file:
//!
//! ```toml
//! title = "PTR unanswered, ClientHello after 10 s"
//! wire = '''
//! 0.000  client > server    syn
//! 0.080  server > client    syn-ack
//! 0.080  client > server    ack
//! 0.081  client > resolver  dns PTR 25.113.0.203.in-addr.arpa id=7
//! 5.081  client > resolver  dns PTR 25.113.0.203.in-addr.arpa id=7
//! 10.09  client > server    client-hello sni=mail.example
//! +0.08  server > client    server-flight chain=3000 lost=2
//! '''
//!
//! [[expect]]
//! server = "203.0.113.25:465"
//! cause = "reverse-dns-unanswered"
//! phase = "client_hello"
//! never = ["client-hello-lost"]
//! ```
//!
//! # The wire
//!
//! Each line is `TIME FROM > TO STEP`. It gives a frame for each packet of the step, numbered in
//! the order of the lines, and captured at the client, unless `captured_by` names another host.
//! `TIME` is in seconds since the start of the capture, or with `+` since the line before. `#`
//! begins a comment.
//!
//! The hosts are `client` (10.8.0.1:41234), `server` (203.0.113.25:465), `resolver` (10.0.0.1)
//! and `router` (10.0.0.254). A table `[hosts]` moves them and adds others; one with another port
//! is the same host's next connection:
//!
//! ```toml
//! [hosts]
//! server = "[2001:db8::25]:993"
//! client2 = "10.8.0.1:41235"
//! ```
//!
//! Every pair of hosts has a connection of its own, whose client is who sends its `syn`; another
//! `syn` of the pair after that begins a new connection on the same ports. Where there was none,
//! the capture is taken to start in its midst, and the lower port is the server's.
//!
//! | TCP steps | |
//! |---|---|
//! | `syn`, `syn-ack`, `ack`, `fin`, `rst`, `keep-alive` | one segment of that kind |
//! | `refuse` | the RST that answers a SYN |
//! | `window N` | a bare ACK with that window; 0 shuts it |
//! | `again` | what this side sent last (SYN, data or FIN), once more; `segment=2` only its second segment |
//! | `text "220 ready\r\n"` | these bytes |
//! | `bytes 1603010005` | these bytes, in hexadecimal |
//!
//! | TLS steps, TLS 1.2 unless `tls1.3` is added | |
//! |---|---|
//! | `client-hello` | with `sni=NAME`, `alpn=h2,http/1.1`, `pq` (a post-quantum share), `padded=512`, `retried` (after `hello-retry`) |
//! | `sslv2-hello` | a hello in the format of SSL 2 |
//! | `server-hello`, `hello-retry` | |
//! | `server-flight` | ServerHello, certificates and what follows; `chain=3000` bytes of certificates, for `name=mail.example`, `ocsp=URL` |
//! | `server-rest` | the same without the ServerHello |
//! | `client-finished`, `server-finished` | the flight that ends in Finished; 1.3: of the server, two session tickets |
//! | `session-ticket` | of TLS 1.2 |
//! | `app N` | application data, N bytes of ciphertext |
//! | `alert N` | a fatal alert in clear, by its number |
//! | `close-notify` | as TLS 1.2 protects it |
//!
//! Each TCP step may end in:
//!
//! | | |
//! |---|---|
//! | `lost` | it was captured, and did not arrive: the peer does not acknowledge it |
//! | `lost=1,3` | the same of these segments only, numbered from 1 |
//! | `unseen`, `unseen=1,3` | it is not in the capture; with `lost` besides, it was lost before the capturing host |
//! | `order=2,1` | all its segments, in this order |
//!
//! | UDP and ICMP steps | |
//! |---|---|
//! | `dns TYPE NAME` | a query; with `id=7` (1 unless told), `port=40001` (of the asker), `edns` |
//! | `dns TYPE NAME -> RESULT…` | the answer: addresses, names, `alias=NAME`, `NXDOMAIN`, `SERVFAIL`, `REFUSED`, `NODATA`, `TRUNCATED` |
//! | `quic-initial` | a datagram as QUIC version 1 begins with, to or from the other's port |
//! | `udp 0102ff` | any other datagram |
//! | `icmp KIND` | an error about what the receiver sent last: `port-unreachable`, `host-unreachable`, `prohibited`, `time-exceeded`, `too-big mtu=1300` |
//!
//! # Other keys
//!
//! `about` (what the scenario proves), `link` (`raw`, `ethernet`, `vpn-ethernet`, `sll`, `sll2`),
//! `format` (`pcap`, `pcapng`), `snaplen`, `mss = { client = 1360 }`, `stall_threshold = "1s"`,
//! and what is due of the whole capture: `stalls = 0`, `notices = ["vpn-app-view"]`.
//!
//! The keys of `[[expect]]` are the fields of [`Expectation`]. A key that is not known is an
//! error, and so is a word.

mod data;
mod stage;
mod words;

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::Wire;

/// A scenario: a capture, and what a diagnosis of it must say.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// What happened, in one line.
    pub title: String,
    /// The capture as it was told.
    pub wire: Wire,
    /// How the capture is to be written.
    pub format: Format,
    /// From which length on a wait is a stall, as the command takes it (`"1s"`); `None` leaves
    /// it at the default.
    pub stall_threshold: Option<String>,
    /// How many connections are stalled, where the scenario says so.
    pub stalls: Option<usize>,
    /// The codes of notices that must be there.
    pub notices: Vec<String>,
    /// What must be said of single connections.
    pub expect: Vec<Expectation>,
}

/// A format of capture files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Little-endian, microseconds.
    #[default]
    Pcap,
    /// Little-endian, microseconds.
    Pcapng,
}

/// What must be said of one connection; what is not set may be anything.
///
/// The connection is that of `server`, `tcp_stream` or `server_name`, whichever are set.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expectation {
    /// The server's address and port, as `203.0.113.25:465` or `[2001:db8::25]:465`.
    pub server: Option<String>,
    /// The connection's number, from 0 in the order of first frames.
    pub tcp_stream: Option<u32>,
    /// The name in the ClientHello.
    pub server_name: Option<String>,
    /// Whether it counts as stalled.
    pub stalled: Option<bool>,
    /// The outcome of the connection.
    pub outcome: Option<String>,
    /// The cause of the first finding.
    pub cause: Option<String>,
    /// The phase of that finding.
    pub phase: Option<String>,
    /// Who owed the next move.
    pub waiting_on: Option<String>,
    /// The least confidence.
    pub confidence: Option<String>,
    /// The greatest confidence.
    pub confidence_at_most: Option<String>,
    /// The length of the wait in seconds, to the millisecond.
    pub wait_s: Option<f64>,
    /// Frames that must be among the evidence.
    pub evidence: Vec<u64>,
    /// Causes that no finding of this connection may have; those that end in `-` stand for all
    /// that begin so.
    pub never: Vec<String>,
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    ///
    /// Where the text is no TOML, has a key or a word that is not known, or tells of a step that
    /// cannot be; the error says in which line.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let document: Document = toml::from_str(text).map_err(|error| ScenarioError {
            line: error.span().map(|span| line_of(text, span.start)),
            message: error.message().to_owned(),
        })?;
        let wire = document.tell(text)?;
        Ok(Self {
            title: document.title,
            wire,
            format: document.format,
            stall_threshold: document.stall_threshold,
            stalls: document.stalls,
            notices: document.notices,
            expect: document.expect,
        })
    }

    /// The capture file.
    #[must_use]
    pub fn capture(&self) -> Vec<u8> {
        match self.format {
            Format::Pcap => self.wire.pcap(),
            Format::Pcapng => self.wire.pcapng(),
        }
    }
}

impl Expectation {
    /// Whether `never` forbids a finding of that cause.
    #[must_use]
    pub fn forbids(&self, cause: &str) -> bool {
        self.never.iter().any(|never| {
            never == cause || (never.ends_with('-') && cause.starts_with(never.as_str()))
        })
    }
}

/// Why a scenario cannot be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioError {
    /// In which line of the file, from 1.
    pub line: Option<usize>,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for ScenarioError {}

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    title: String,
    #[serde(default, rename = "about")]
    _about: String,
    link: Option<String>,
    #[serde(default)]
    format: Format,
    snaplen: Option<usize>,
    captured_by: Option<String>,
    #[serde(default)]
    hosts: BTreeMap<String, String>,
    #[serde(default)]
    mss: BTreeMap<String, u16>,
    wire: toml::Spanned<String>,
    stall_threshold: Option<String>,
    stalls: Option<usize>,
    #[serde(default)]
    notices: Vec<String>,
    #[serde(default)]
    expect: Vec<Expectation>,
}

impl Document {
    fn tell(&self, text: &str) -> Result<Wire, ScenarioError> {
        let mut stage = stage::Stage::set(self).map_err(|message| ScenarioError {
            line: None,
            message,
        })?;
        let start = self.wire.span().start;
        // The newline after the opening quotes is no part of the string.
        let opening = text.get(start..).unwrap_or_default();
        let trimmed = opening.trim_start_matches(['\'', '"']);
        let skipped = usize::from(trimmed.starts_with(['\n', '\r']));
        let first_line = line_of(text, start) + skipped;
        for (index, line) in self.wire.get_ref().lines().enumerate() {
            stage.play(line).map_err(|message| ScenarioError {
                line: Some(first_line + index),
                message,
            })?;
        }
        let mut wire = stage.into_wire();
        if let Some(snaplen) = self.snaplen {
            wire.cut(snaplen);
        }
        Ok(wire)
    }
}

/// The number of the line, from 1, in which the byte at `offset` stands.
fn line_of(text: &str, offset: usize) -> usize {
    1 + text
        .bytes()
        .take(offset)
        .filter(|&byte| byte == b'\n')
        .count()
}

#[cfg(test)]
mod tests;
