//! The words of a report in plain English.

use std::fmt::{self, Write as _};

use tls_stall::{
    Analysis, CaptureReport, Cause, Confidence, Connection, EndedBy, Finding, Milestone, Notice,
    Outcome, Phase, Span, Vantage, Wait,
};

use crate::escape::shown;

/// `1 frame`, `2 frames`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// `80 frames in 36.200 s, 4 TCP connections (3 TLS), 1 stalled`.
pub(crate) fn counts(analysis: &Analysis) -> String {
    let summary = &analysis.summary;
    let mut line = format!(
        "{} in {}, {} ({} TLS), {} stalled",
        count(analysis.frames, "frame"),
        analysis.duration,
        count(summary.connections, "TCP connection"),
        summary.tls_connections,
        summary.stalled,
    );
    let standings = analysis.connections.iter().map(Standing::of);
    let failed = standings.filter(|it| *it == Standing::Failed).count();
    if failed > 0 {
        let _ = write!(line, ", {failed} failed");
    }
    line
}

/// Why a capture that could be read is none to be judged.
#[must_use]
pub fn nothing_decoded(capture: &CaptureReport) -> String {
    let analysis = &capture.analysis;
    let mut reason = match analysis.frames {
        0 => "it holds no frames".to_owned(),
        1 => "its only frame could not be decoded".to_owned(),
        frames => format!("none of its {frames} frames could be decoded"),
    };
    for notice in &analysis.notices {
        reason.push_str("; ");
        reason.push_str(&notice.message);
    }
    reason
}

/// What to say where no stall is reported.
pub(crate) fn all_is_well(analysis: &Analysis, threshold: Span) -> Option<String> {
    let summary = &analysis.summary;
    let (all, tls) = (summary.connections, summary.tls_connections);
    if analysis
        .connections
        .iter()
        .any(|connection| connection.stalled)
    {
        return None;
    }
    if summary.stalled > 0 {
        let stalled = count(summary.stalled, "stalled connection");
        return Some(format!(
            "The {stalled} of this capture: not among those selected."
        ));
    }
    if all == 0 {
        return Some("No TCP connection in this capture.".to_owned());
    }
    if tls == 0 {
        let others = count(all, "other TCP connection");
        return Some(format!("No TLS connection in this capture; {others}."));
    }
    let looked_at = format!(
        "No stall: {} of {} looked at",
        count(tls, "TLS connection"),
        count(all, "TCP connection")
    );
    Some(match summary.longest_wait {
        Some(wait) => format!(
            "{looked_at}; the longest wait was {wait}, and from {threshold:#} on it would be a stall."
        ),
        None => format!("{looked_at}; no wait reached {threshold:#}."),
    })
}

/// `The file ends within a frame. (capture-cut-short, frame 80)`
pub(crate) fn notice(notice: &Notice) -> String {
    let message = shown(&notice.message);
    match notice.frame {
        Some(frame) => format!("{message} ({}, frame {frame})", notice.code),
        None => format!("{message} ({})", notice.code),
    }
}

/// `10.8.0.1:41234 → 203.0.113.25:465 (smtp.example)`.
pub(crate) fn ends(connection: &Connection) -> String {
    let Connection { client, server, .. } = connection;
    let name = connection.server_name.as_deref();
    ends_of(&client.to_string(), &server.to_string(), name)
}

/// `client → server (name)`, the name made safe to show.
pub(crate) fn ends_of(client: &str, server: &str, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("{client} → {server} ({})", shown(name)),
        None => format!("{client} → {server}"),
    }
}

/// A number of things in memory as a number.
pub(crate) fn number(things: usize) -> u64 {
    u64::try_from(things).unwrap_or(u64::MAX)
}

/// What else is known of a connection: its app, its protocol, its round trip, where it was captured.
pub(crate) fn facts(connection: &Connection) -> Option<String> {
    let version = connection.tls_version.as_deref().map(shown);
    let protocol = connection.protocol.as_deref().map(shown);
    let mut facts = Vec::new();
    if let Some(app) = &connection.app {
        facts.push(format!("app {}", shown(app)));
    }
    match (version, protocol) {
        (Some(version), Some(protocol)) if protocol != "tls" => {
            facts.push(format!("{version} within {protocol}"));
        }
        (Some(version), _) => facts.push(version),
        (None, Some(protocol)) if protocol != "tls" => facts.push(protocol),
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
pub(crate) enum Standing {
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
    pub(crate) fn of(connection: &Connection) -> Self {
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
pub(crate) fn verdict_wait(connection: &Connection) -> Option<&Wait> {
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

/// The wait that a connection is shown with, in tables and in its rank.
pub(crate) fn shown_wait(connection: &Connection) -> Option<&Wait> {
    verdict_wait(connection).or_else(|| longest_wait(connection))
}

/// The longest wait before the end of the handshake.
fn longest_wait(connection: &Connection) -> Option<&Wait> {
    let handshake = |wait: &&Wait| wait.phase != Phase::ApplicationData;
    connection
        .waits
        .iter()
        .filter(handshake)
        .max_by_key(|wait| wait.duration)
}

/// What became of a connection, as it follows on the colon after its ends.
pub(crate) fn verdict(connection: &Connection) -> String {
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

/// What became of a connection, in a cell of a table.
pub(crate) fn short_verdict(connection: &Connection) -> String {
    let outcome = outcome(connection.outcome);
    match (Standing::of(connection), connection.findings.first()) {
        (Standing::Stalled, Some(finding)) => {
            format!("stalled: {} ({})", finding.cause, finding.confidence)
        }
        (Standing::Stalled, None) => format!("stalled; {outcome}"),
        (_, Some(finding)) => format!("{outcome}: {} ({})", finding.cause, finding.confidence),
        (_, None) => outcome.to_owned(),
    }
}

/// How long a wait was, for what, and how it ended.
fn length(wait: &Wait) -> String {
    let awaited = awaited_in(wait);
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

/// What is said of a stalled wait in the course of its connection.
pub(crate) fn silence(wait: &Wait) -> String {
    let (length, awaited) = (silence_length(wait), awaited_in(wait));
    let (since, party) = (wait.from_frame, wait.waiting_on);
    format!("{length} without {awaited}, since frame {since}: waiting on the {party}")
}

/// `28.000 s`, or `at least 28.000 s` where the capture ends first.
pub(crate) fn silence_length(wait: &Wait) -> String {
    match wait.ended_by {
        EndedBy::EndOfCapture => format!("at least {}", wait.duration),
        _ => wait.duration.to_string(),
    }
}

/// What a finding accounts for, where that is part of the wait only: ` It accounts for …`.
pub(crate) fn part(finding: &Finding) -> String {
    let (part, wait) = (finding.explained, finding.wait);
    let partly = part < wait && part > Span::ZERO && finding.cause != Cause::UnusedConnection;
    if partly && part.to_string() != wait.to_string() {
        format!(" It accounts for {part} of the {wait}.")
    } else {
        String::new()
    }
}

/// What a finding after the first is about: `Also, 2.000 s before the ServerHello`.
pub(crate) fn also(finding: &Finding) -> String {
    format!("Also, {} before {}", finding.wait, awaited(finding.phase))
}

/// `reverse-dns-unanswered, high confidence` and, where that is low, a warning.
pub(crate) fn cause(finding: &Finding) -> (&'static str, String) {
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
pub(crate) const fn awaited(phase: Phase) -> &'static str {
    phase.awaited()
}

/// What a wait is for: a ClientHello that fills several frames is two waits of one phase.
pub(crate) const fn awaited_in(wait: &Wait) -> &'static str {
    match (wait.phase, wait.ended_by) {
        (Phase::ClientHello, EndedBy::Milestone(Milestone::ClientHelloEnd)) => {
            "the rest of the ClientHello"
        }
        (phase, _) => awaited(phase),
    }
}

/// Whether `end` is what `phase` waits for, or a step towards it.
pub(crate) const fn is_reached(phase: Phase, end: EndedBy) -> bool {
    match end {
        EndedBy::Milestone(milestone) => reaches(milestone, phase),
        EndedBy::ProxyRequest | EndedBy::ProxyAnswer => true,
        _ => false,
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
            | (
                Phase::ClientHello,
                Milestone::ClientHello | Milestone::ClientHelloEnd
            )
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
pub(crate) const fn milestone(milestone: Milestone) -> &'static str {
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

/// A milestone in a word or two.
pub(crate) const fn short_milestone(milestone: Milestone) -> &'static str {
    match milestone {
        Milestone::DnsQuery => "name query",
        Milestone::DnsAnswer => "name answer",
        Milestone::FirstAttempt => "first attempt",
        Milestone::Syn => "SYN",
        Milestone::SynAck => "SYN-ACK",
        Milestone::Established => "ACK",
        Milestone::ServerGreeting => "greeting",
        Milestone::StarttlsRequest => "STARTTLS",
        Milestone::StarttlsReady => "go-ahead for TLS",
        Milestone::ClientHello => "ClientHello",
        Milestone::ClientHelloEnd => "ClientHello ends",
        Milestone::HelloRetryRequest => "HelloRetryRequest",
        Milestone::ServerHello => "ServerHello",
        Milestone::ServerHelloEnd => "ServerHello ends",
        Milestone::ServerFlightEnd => "end of flight",
        Milestone::ClientFinished | Milestone::ServerFinished => "Finished",
        Milestone::ApplicationData => "application data",
        Milestone::Alert => "TLS alert",
        Milestone::ClientFin | Milestone::ServerFin => "FIN",
        Milestone::ClientRst | Milestone::ServerRst => "RST",
        other => other.name(),
    }
}

/// How a connection ended, in a clause.
pub(crate) const fn outcome(outcome: Outcome) -> &'static str {
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
pub(crate) struct Spaced<'a>(pub(super) &'a str);

impl fmt::Display for Spaced<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.replace('-', " "))
    }
}
