//! Reads a packet capture and says why a TLS handshake stalled.
//!
//! Bytes go in, a report comes out: connections, how long each phase of their set-up took, who owed
//! the next move, and what a wait was spent on, with the frames that prove it.
//!
//! ```
//! use tls_stall::{Config, analyze_reader};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/origin/phone-on-3g.pcap");
//! let report = analyze_reader(path, std::fs::File::open(path)?, &Config::default())?;
//! for connection in report.analysis.connections.iter().filter(|it| it.stalled) {
//!     let verdict = &connection.findings[0];
//!     println!("{}: {} ({})", connection.server, verdict.cause, verdict.summary);
//!     assert_eq!(verdict.cause.name(), "reverse-dns-unanswered");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Whole captures
//!
//! [`analyze_reader`] reads a capture from anything that implements `Read`; [`analyze_merged`] reads
//! several files as one capture, as a ring buffer writes them. [`analyze_stream`] gives each
//! connection as soon as it is over, for a pipe that never ends. With the feature `path`,
//! `analyze_path` opens the file, too.
//!
//! # Packets of one's own
//!
//! A program that has packets feeds an [`Analyzer`] with [`Frame`]s, and asks it for connections as
//! they settle, for milestones and lookups as they happen ([`Event`]), or for the report at the end.
//!
//! # Causes and protocols of one's own
//!
//! A [`CauseFamily`] sees each wait that is to be explained, with its connection and the lookups
//! around it, never packets, and competes with the causes of the catalogue. A [`StarttlsDialogue`]
//! tells how TLS starts in a protocol that is not known here. Both are added to the [`Config`].
//!
//! # What it needs and what it keeps to
//!
//! The library does no input or output but `Read` in [`CaptureReader`] and [`MergedReader`], has no
//! clock and no threads: the capture's own times are the clock. It never panics on what a capture
//! holds, and every limit on its memory is in [`Config`]. Each limit that was reached is a
//! [`Notice`].
//!
//! | feature | adds |
//! |---|---|
//! | `compression` | captures packed with gzip, zstd, lz4 or xz |
//! | `path` | `analyze_path`, which opens a file |
//! | `serde` | `Serialize` of all report types, as the JSON of the command |
//!
//! It needs Rust 1.88. Enumerations and structs may grow; the names of their values, as reports
//! show them, stay.

mod analyzer;
mod capture;
mod companions;
mod compare;
mod config;
mod decode;
mod diagnosis;
mod dns;
mod milestone;
mod names;
mod notice;
mod quality;
mod redact;
mod report;
#[cfg(feature = "schema")]
mod schema;
mod tcp;
mod time;
mod timeline;
mod tls;

#[cfg(feature = "path")]
pub use analyzer::analyze_path;
pub use analyzer::{Analyzer, Event, Reached, analyze_merged, analyze_reader, analyze_stream};
pub use capture::{
    CaptureReader, Compression, Format, Frame, LinkType, MergedReader, Part, ReadError,
    ReadErrorKind, Secrets,
};
pub use compare::{Comparison, Ends, Fate, LookupPair, MatchedBy, Pair, PhasePair, Share, Stray};
pub use config::Config;
pub use decode::Endpoint;
pub use diagnosis::{CaseView, CauseFamily, Explanation};
pub use milestone::Milestone;
pub use names::UnknownName;
pub use notice::{Notice, NoticeCode};
pub use report::{
    Analysis, At, CaptureReport, Cause, Check, Confidence, Connection, CustomCause, Document,
    EndedBy, Evidence, Finding, Identity, Lookup, LookupAnswer, LookupOutcome, LookupQuery,
    Options, Outcome, Party, Phase, RuledOut, Source, SourceFile, Summary, Tool, Vantage, Via,
    Wait, Way,
};
pub use time::{FrameNumber, Moment, Span, Timestamp};
pub use tls::{Reply, StarttlsDialogue};
