//! One capture's report, and the document that holds several.

use std::collections::BTreeMap;

use super::{Cause, Connection, Lookup};
use crate::notice::Notice;
use crate::time::{FrameNumber, Span, Timestamp};

/// The version of what the command writes as JSON: raised by a change that breaks a reader.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// Everything that one run of the command reports.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Document {
    /// Raised by a change that breaks a reader; 1 today.
    #[cfg_attr(feature = "schema", schemars(extend("const" = SCHEMA_VERSION)))]
    pub schema_version: u32,
    /// What made the report.
    pub tool: Tool,
    /// The settings it was made with.
    pub options: Options,
    /// One report a capture, in the order they were given.
    pub captures: Vec<CaptureReport>,
}

impl Document {
    /// A document of `captures`, read with `options`.
    #[must_use]
    pub fn new(options: Options, captures: Vec<CaptureReport>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            tool: Tool::current(),
            options,
            captures,
        }
    }
}

/// The program that made a report.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Tool {
    /// `tls-stall`.
    pub name: &'static str,
    /// The library's version.
    pub version: &'static str,
}

impl Tool {
    /// This version of this program.
    #[must_use]
    pub const fn current() -> Self {
        Self {
            name: "tls-stall",
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// The settings that a report was made with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Options {
    /// A wait of at least this length is a stall.
    #[cfg_attr(feature = "serde", serde(rename = "stall_threshold_s"))]
    pub stall_threshold: Span,
}

impl From<&crate::Config> for Options {
    fn from(config: &crate::Config) -> Self {
        Self {
            stall_threshold: config.stall_threshold,
        }
    }
}

/// One capture: where it came from and what was found in it.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CaptureReport {
    /// The file and its format.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub source: Source,
    /// What was found in it.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub analysis: Analysis,
}

impl CaptureReport {
    /// What was found in `source`.
    #[must_use]
    pub fn new(source: Source, analysis: Analysis) -> Self {
        Self { source, analysis }
    }
}

/// Where a capture came from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Source {
    /// The file's path as it was given, `-` for standard input; of a merged capture, a label with the
    /// first and the last of its files.
    pub path: String,
    /// `pcap`, `pcapng`, `snoop` or `netmon`; of a merged capture, `mixed` where its files differ.
    pub format: String,
    /// How the file was compressed, if it was; of a merged capture, if all its files were so.
    pub compression: Option<String>,
    /// The files of a merged capture, in the order of their first frames' times; else empty.
    pub files: Vec<SourceFile>,
    /// Why the file was not read to its end, where that is no fault of what it holds: the input
    /// failed, or a compressed file unpacks to more than it may. A notice says so too.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub unread: Option<String>,
}

/// One file of a merged capture.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SourceFile {
    /// Its path as it was given.
    pub path: String,
    /// `pcap`, `pcapng`, `snoop` or `netmon`.
    pub format: String,
    /// How it was compressed, if it was.
    pub compression: Option<String>,
    /// How many frames were read of it.
    pub frames: u64,
    /// The first of them, by its number in the merged capture.
    pub first_frame: Option<FrameNumber>,
    /// The last of them; where files overlap in time, frames of others stand between the two.
    pub last_frame: Option<FrameNumber>,
}

impl Source {
    /// The capture at `path`, written as `format`.
    #[must_use]
    pub fn new(path: impl Into<String>, format: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            format: format.into(),
            compression: None,
            files: Vec::new(),
            unread: None,
        }
    }
}

impl SourceFile {
    /// The file at `path`, written as `format`, of which nothing was read yet.
    #[must_use]
    pub fn new(path: impl Into<String>, format: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            format: format.into(),
            compression: None,
            frames: 0,
            first_frame: None,
            last_frame: None,
        }
    }
}

/// What was found in a capture.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Analysis {
    /// The names of the link types of its frames.
    pub link_types: Vec<String>,
    /// How many frames were read.
    pub frames: u64,
    /// How many of them could be decoded; a capture with none was not analysed at all.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub decoded_frames: u64,
    /// The time of frame 1; all other times are relative to it.
    pub first_frame_time: Option<Timestamp>,
    /// From frame 1 to the latest frame.
    #[cfg_attr(feature = "serde", serde(rename = "duration_s"))]
    pub duration: Span,
    /// What to know about the capture itself.
    pub notices: Vec<Notice>,
    /// The counts.
    pub summary: Summary,
    /// Stalled and failed connections, or every one with [`Config::keep_all`](crate::Config),
    /// by their number.
    #[cfg_attr(
        feature = "schema",
        schemars(
            description = "Those that stalled or failed, or with `--all` every one, by their number."
        )
    )]
    pub connections: Vec<Connection>,
    /// The lookups that findings refer to, or every one with [`Config::keep_all`](crate::Config),
    /// by their first query.
    #[cfg_attr(
        feature = "schema",
        schemars(
            description = "Those that findings refer to, or with `--all` every one, by their first query."
        )
    )]
    pub lookups: Vec<Lookup>,
    /// Names of hosts that sentences may hold, besides those of connections and lookups, where
    /// they do not look like names: for [`Document::redacted`].
    #[cfg_attr(feature = "serde", serde(skip))]
    pub names: Vec<String>,
}

/// The counts of a capture.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Summary {
    /// TCP connections.
    pub connections: u64,
    /// Those that are TLS or bound for it.
    pub tls_connections: u64,
    /// Those of them that stalled.
    pub stalled: u64,
    /// The longest wait of a TLS connection before the end of its handshake, stalled or not.
    #[cfg_attr(feature = "serde", serde(rename = "longest_wait_s"))]
    pub longest_wait: Option<Span>,
    /// How many verdicts name each cause.
    #[cfg_attr(
        feature = "schema",
        schemars(schema_with = "crate::schema::by_name::<Cause, u64>")
    )]
    pub causes: BTreeMap<Cause, u64>,
}

impl Summary {
    /// Takes in the counts of other connections.
    pub(crate) fn add(&mut self, other: &Self) {
        self.connections = self.connections.saturating_add(other.connections);
        self.tls_connections = self.tls_connections.saturating_add(other.tls_connections);
        self.stalled = self.stalled.saturating_add(other.stalled);
        self.longest_wait = self.longest_wait.max(other.longest_wait);
        for (&cause, count) in &other.causes {
            let of_cause = self.causes.entry(cause).or_default();
            *of_cause = of_cause.saturating_add(*count);
        }
    }
}
