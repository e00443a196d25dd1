//! What is known of every capture in `testdata`: the labels in `tls-stall.toml`.

use std::fs;

use serde::Deserialize;
use tls_stall::{Cause, Connection, Finding, Wait};

use super::testdata;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Truth {
    pub(crate) stall_threshold: String,
    pub(crate) capture: Vec<Capture>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Capture {
    pub(crate) path: String,
    pub(crate) stalls: Option<usize>,
    /// What is told wrongly today; once it is told as it was, the mark has to go.
    pub(crate) not_yet: Option<String>,
    #[serde(default)]
    pub(crate) expect: Vec<Expected>,
}

impl Capture {
    /// Whether each of its causes is in the catalogue.
    pub(crate) fn is_known(&self) -> bool {
        let mut causes = self.expect.iter().map(|expected| &expected.cause);
        causes.all(|cause| cause.parse::<Cause>().is_ok())
    }
}

/// The verdict that is due for one connection; what is left out is open.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    pub(crate) server: String,
    /// Where several connections have the same server.
    pub(crate) tcp_stream: Option<u64>,
    /// A handshake that failed at once has its finding and is no stall.
    #[serde(default = "by_default")]
    pub(crate) stalled: bool,
    pub(crate) cause: String,
    pub(crate) confidence: String,
    pub(crate) phase: Option<String>,
    pub(crate) waiting_on: Option<String>,
    pub(crate) from_frame: Option<u64>,
    pub(crate) to_frame: Option<u64>,
}

impl Expected {
    /// Whether it speaks of `connection`.
    pub(crate) fn is_of(&self, connection: &Connection) -> bool {
        connection.server.to_string() == self.server
            && is_due(&connection.tcp_stream, self.tcp_stream.as_ref())
    }

    /// Whether it speaks of a wait between the frames of `wait`.
    pub(crate) fn is_between(&self, wait: &Wait) -> bool {
        is_due(&wait.from_frame.get(), self.from_frame.as_ref())
            && is_due(&wait.to_frame.get(), self.to_frame.as_ref())
    }

    /// Whether the phase and the party of `finding` are those that are due.
    pub(crate) fn is_phase_of(&self, finding: &Finding) -> bool {
        is_due(finding.phase.name(), self.phase.as_deref())
            && is_due(finding.waiting_on.name(), self.waiting_on.as_deref())
    }
}

fn is_due<T: PartialEq + ?Sized>(found: &T, due: Option<&T>) -> bool {
    due.is_none_or(|due| due == found)
}

fn by_default() -> bool {
    true
}

pub(crate) fn truth() -> Truth {
    let text = fs::read_to_string(testdata().join("tls-stall.toml")).unwrap();
    toml::from_str(&text).unwrap()
}
