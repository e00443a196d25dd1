//! The words of a report in plain English.

use std::fmt;

use tls_stall::{
    Cause, Confidence, Connection, EndedBy, Finding, Milestone, Outcome, Phase, Vantage, Wait,
};

use crate::escape::escape;

/// `1 frame`, `2 frames`.
pub(super) fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// `10.8.0.1:41234 → 203.0.113.25:465 (smtp.example)`.
pub(super) fn ends(connection: &Connection) -> String {
    let Connection { client, server, .. } = connection;
    match &connection.server_name {
        Some(name) => format!("{client} → {server} ({})", escape(name)),
        None => format!("{client} → {server}"),
    }
}

/// What else is known of a connection: its app, its protocol, its round trip, where it was captured.
pub(super) fn facts(connection: &Connection) -> Option<String> {
    let version = connection.tls_version.as_deref().map(escape);
    let protocol = connection.protocol.as_deref().map(escape);
    let mut facts = Vec::new();
    if let Some(app) = &connection.app {
        facts.push(format!("app {}", escape(app)));
    }
    match (version, protocol) {
        (Some(version), Some(protocol)) if protocol != "tls" => {
            facts.push(format!("{version} within {protocol}"));
        }
        (Some(version), _) => facts.push(version.into_owned()),
        (None, Some(protocol)) if protocol != "tls" => facts.push(protocol.into_owned()),
        (None, _) => {}
    }
    if let Some(irtt) = connection.irtt {
        facts.push(format!("round trip {irtt}"));
    }
    match connection.vantage {
        Some(Vantage::Between) => facts.push("captured between the two ends".to_owned()),
        Some(end) => facts.push(format!("captured at the {end}")),
        None => {}
    }
    (!facts.is_empty()).then(|| facts.join(", "))
}

/// How a connection is to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// Nothing to say against it.
    Well,
    /// A finding that is no complaint.
    Noted,
    /// Its handshake failed, however fast.
    Failed,
    /// It stalled.
    Stalled,
}

impl Standing {
    pub(super) fn of(connection: &Connection) -> Self {
        if connection.stalled {
            return Self::Stalled;
        }
        match (connection.outcome, connection.findings.first()) {
            (_, None) => Self::Well,
            (Outcome::Established | Outcome::InProgress, _) => Self::Noted,
            (_, Some(finding)) if finding.cause == Cause::UnusedConnection => Self::Noted,
            (_, Some(_)) => Self::Failed,
        }
    }
}

/// The wait that the verdict is about: that of the first finding, else the longest stalled one.
pub(super) fn verdict_wait(connection: &Connection) -> Option<&Wait> {
    let explained = connection.findings.first().and_then(|finding| {
        let of_phase = |wait: &&Wait| wait.phase == finding.phase;
        connection
            .waits
            .iter()
            .filter(of_phase)
            .max_by_key(|wait| wait.duration)
    });
    explained.or_else(|| {
        let stalled = connection.waits.iter().filter(|wait| wait.stalled);
        stalled.max_by_key(|wait| wait.duration)
    })
}

/// The longest wait before the end of the handshake.
pub(super) fn longest_wait(connection: &Connection) -> Option<&Wait> {
    let handshake = |wait: &&Wait| wait.phase != Phase::ApplicationData;
    connection
        .waits
        .iter()
        .filter(handshake)
        .max_by_key(|wait| wait.duration)
}

/// What became of a connection, as it follows on the colon after its ends.
pub(super) fn verdict(connection: &Connection) -> String {
    let outcome = outcome(connection.outcome);
    match (Standing::of(connection), verdict_wait(connection)) {
        (Standing::Stalled, Some(wait)) => match connection.outcome {
            Outcome::Established | Outcome::InProgress => format!("stalled {}", length(wait)),
            _ => format!("stalled {}; {outcome}", length(wait)),
        },
        (Standing::Stalled, None) => format!("stalled; {outcome}"),
        (Standing::Failed, _) => format!("failed: {outcome}"),
        (Standing::Noted | Standing::Well, _) => outcome.to_owned(),
    }
}

/// How long a wait was, for what, and how it ended.
fn length(wait: &Wait) -> String {
    let awaited = awaited(wait.phase);
    let length = wait.duration;
    match wait.ended_by {
        EndedBy::EndOfCapture => {
            format!("at least {length}, still without {awaited} when the capture ends")
        }
        EndedBy::Milestone(milestone) if reaches(milestone, wait.phase) => {
            format!("{length} before {awaited}")
        }
        EndedBy::Milestone(end) => format!("{length} without {awaited}, until {}", milestone(end)),
        EndedBy::IcmpError => format!("{length} without {awaited}, until an ICMP error"),
        _ => format!("{length} without {awaited}"),
    }
}

/// The line in a timeline that stands for a stalled wait.
pub(super) fn silence(wait: &Wait) -> String {
    let length = match wait.ended_by {
        EndedBy::EndOfCapture => format!("at least {}", wait.duration),
        _ => wait.duration.to_string(),
    };
    let (awaited, party) = (awaited(wait.phase), wait.waiting_on);
    format!(
        "… {length} without {awaited}, since frame {}: waiting on the {party} …",
        wait.from_frame
    )
}

/// `reverse-dns-unanswered, high confidence` and, where that is low, a warning.
pub(super) fn cause(finding: &Finding) -> (&'static str, String) {
    let lead = match finding.confidence {
        Confidence::Low => "possible cause: ",
        _ => "",
    };
    (
        lead,
        format!("{}, {} confidence", finding.cause, finding.confidence),
    )
}

/// What a phase waits for, with its article.
pub(super) const fn awaited(phase: Phase) -> &'static str {
    match phase {
        Phase::NameResolution => "the answer to the name lookup",
        Phase::EarlierAttempts => "an attempt that got through",
        Phase::TcpConnect => "the end of the TCP handshake",
        Phase::ServerGreeting => "the server's greeting",
        Phase::Starttls => "the go-ahead for TLS",
        Phase::ClientHello => "the ClientHello",
        Phase::ServerHello => "the ServerHello",
        Phase::ServerFlight => "the rest of the server's first flight",
        Phase::ClientFinished => "the client's Finished",
        Phase::ServerFinished => "the server's Finished",
        Phase::ApplicationData => "the first application data",
        _ => "the next step",
    }
}

/// Whether `milestone` is what `phase` waits for.
const fn reaches(milestone: Milestone, phase: Phase) -> bool {
    matches!(
        (phase, milestone),
        (Phase::NameResolution, Milestone::DnsAnswer)
            | (Phase::EarlierAttempts, Milestone::Syn)
            | (
                Phase::TcpConnect,
                Milestone::SynAck | Milestone::Established
            )
            | (Phase::ServerGreeting, Milestone::ServerGreeting)
            | (Phase::Starttls, Milestone::StarttlsReady)
            | (Phase::ClientHello, Milestone::ClientHello)
            | (
                Phase::ServerHello,
                Milestone::ServerHello | Milestone::HelloRetryRequest
            )
            | (Phase::ServerFlight, Milestone::ServerFlightEnd)
            | (Phase::ClientFinished, Milestone::ClientFinished)
            | (Phase::ServerFinished, Milestone::ServerFinished)
            | (Phase::ApplicationData, Milestone::ApplicationData)
    )
}

/// A milestone as it stands in a timeline.
pub(super) const fn milestone(milestone: Milestone) -> &'static str {
    match milestone {
        Milestone::DnsQuery => "the client looks up the server's name",
        Milestone::DnsAnswer => "the answer to that lookup",
        Milestone::FirstAttempt => "the first of the client's failed attempts",
        Milestone::Syn => "the client connects (SYN)",
        Milestone::SynAck => "the server accepts (SYN-ACK)",
        Milestone::Established => "TCP handshake complete",
        Milestone::ServerGreeting => "the server's greeting",
        Milestone::StarttlsRequest => "the client asks for TLS (STARTTLS)",
        Milestone::StarttlsReady => "the server's go-ahead for TLS",
        Milestone::ClientHello => "ClientHello",
        Milestone::ClientHelloEnd => "ClientHello complete",
        Milestone::HelloRetryRequest => "the server asks for another ClientHello",
        Milestone::ServerHello => "ServerHello",
        Milestone::ServerHelloEnd => "ServerHello complete",
        Milestone::ServerFlightEnd => "the server's first flight complete",
        Milestone::ClientFinished => "the client's Finished",
        Milestone::ServerFinished => "the server's Finished",
        Milestone::ApplicationData => "first application data",
        Milestone::Alert => "a TLS alert",
        Milestone::ClientFin => "the client closes (FIN)",
        Milestone::ServerFin => "the server closes (FIN)",
        Milestone::ClientRst => "the client resets (RST)",
        Milestone::ServerRst => "the server resets (RST)",
        other => other.name(),
    }
}

/// How a connection ended, in a clause.
pub(super) const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Established => "TLS established",
        Outcome::NoSynAck => "the server never answered",
        Outcome::Refused => "the connection was refused",
        Outcome::NoClientHello => "the client never sent a ClientHello",
        Outcome::ServerClosedBeforeClientHello => "the server closed first",
        Outcome::ClientClosedBeforeClientHello => "the client closed without a ClientHello",
        Outcome::NoServerHello => "the ClientHello was never answered",
        Outcome::ResetAfterClientHello => "the ClientHello was answered with a reset",
        Outcome::Alert => "the handshake ended in an alert",
        Outcome::HandshakeIncomplete => "the handshake was never completed",
        Outcome::NotTls => "not TLS",
        Outcome::InProgress => "still under way when the capture ends",
        other => other.name(),
    }
}

/// The name of a check as words.
pub(super) struct Spaced<'a>(pub(super) &'a str);

impl fmt::Display for Spaced<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.replace('-', " "))
    }
}
