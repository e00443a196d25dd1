//! How the command ends.

use std::process::ExitCode;

use clap::ValueEnum;
use tls_stall::{CaptureReport, Cause, Confidence, Connection};

/// What the exit code says; the worse one wins where several hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Done (0).
    Done,
    /// What `--fail-on` names was found, or a capture is not as expected (1).
    Found,
    /// It could not be done, or not all of it (2).
    Failed,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Found => 1,
            Exit::Failed => 2,
        })
    }
}

/// What is to end the command with exit code 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// A stalled connection, whatever explains it
    Stall,
    /// A finding of high confidence, of a stall or of a failed handshake
    High,
    /// A finding of at least medium confidence
    Medium,
    /// Any finding
    Low,
    /// Nothing
    Never,
}

impl FailOn {
    /// Whether it is found in the connections that `capture` reports.
    pub(crate) fn is_found_in(self, capture: &CaptureReport) -> bool {
        let mut connections = capture.analysis.connections.iter();
        connections.any(|connection| self.is_found_at(connection))
    }

    /// Whether it is found at `connection`.
    pub(crate) fn is_found_at(self, connection: &Connection) -> bool {
        let least = match self {
            Self::Never => return false,
            Self::Stall => return connection.stalled,
            Self::High => Confidence::High,
            Self::Medium => Confidence::Medium,
            Self::Low => Confidence::Low,
        };
        let mut findings = connection.findings.iter();
        // An unused connection is a note, not a complaint.
        findings.any(|found| found.confidence >= least && found.cause != Cause::UnusedConnection)
    }
}

#[cfg(test)]
mod tests {
    use tls_stall::{Analysis, Connection, Endpoint, Finding, Outcome, Party, Phase, Source};

    use super::*;

    fn capture(stalled: bool, findings: &[(Cause, Confidence)]) -> CaptureReport {
        let end = Endpoint {
            ip: [127, 0, 0, 1].into(),
            port: 443,
        };
        let mut connection = Connection::new(0, end, end, Outcome::Established);
        connection.stalled = stalled;
        for &(cause, confidence) in findings {
            let finding = Finding::new(cause, Phase::ClientHello, Party::Client, confidence);
            connection.findings.push(finding);
        }
        let mut analysis = Analysis::default();
        analysis.connections.push(connection);
        CaptureReport::new(Source::new("a.pcap", "pcap"), analysis)
    }

    #[test]
    fn each_level_includes_those_above_it() {
        let medium = capture(true, &[(Cause::ClientIdle, Confidence::Medium)]);
        let found = |level: FailOn| level.is_found_in(&medium);
        assert!(found(FailOn::Stall) && found(FailOn::Medium) && found(FailOn::Low));
        assert!(!found(FailOn::High) && !found(FailOn::Never));
    }

    #[test]
    fn a_failed_handshake_is_a_finding_and_no_stall() {
        let refused = capture(false, &[(Cause::ConnectRefused, Confidence::High)]);
        assert!(FailOn::High.is_found_in(&refused));
        assert!(!FailOn::Stall.is_found_in(&refused));
    }

    #[test]
    fn an_unused_connection_fails_nothing() {
        let unused = capture(false, &[(Cause::UnusedConnection, Confidence::High)]);
        assert!(!FailOn::Low.is_found_in(&unused));
    }

    #[test]
    fn a_later_finding_counts_too() {
        let findings = [
            (Cause::ClientIdle, Confidence::Low),
            (Cause::ServerSlow, Confidence::High),
        ];
        assert!(FailOn::High.is_found_in(&capture(true, &findings)));
    }

    #[test]
    fn what_could_not_be_done_outranks_what_was_found() {
        assert_eq!(Exit::Found.max(Exit::Failed), Exit::Failed);
    }
}
