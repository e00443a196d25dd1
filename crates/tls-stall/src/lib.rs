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
//! A program that has packets of its own feeds an [`Analyzer`] with [`Frame`]s. The library does no
//! input or output but `Read` in [`CaptureReader`] and [`MergedReader`], has no clock and no
//! threads: the capture's own times are the clock. It never panics on what a capture holds, and
//! every limit on its memory is in [`Config`].

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

pub use analyzer::{Analyzer, analyze_merged, analyze_reader, analyze_stream};
pub use capture::{
    CaptureReader, Compression, Format, Frame, LinkType, MergedReader, Part, ReadError,
    ReadErrorKind, Secrets,
};
pub use compare::{Comparison, Ends, Fate, LookupPair, MatchedBy, Pair, PhasePair, Share, Stray};
pub use config::Config;
pub use decode::Endpoint;
pub use milestone::Milestone;
pub use names::UnknownName;
pub use notice::{Notice, NoticeCode};
pub use report::{
    Analysis, At, CaptureReport, Cause, Check, Confidence, Connection, Document, EndedBy, Evidence,
    Finding, Identity, Lookup, LookupAnswer, LookupOutcome, LookupQuery, Options, Outcome, Party,
    Phase, RuledOut, Source, SourceFile, Summary, Tool, Vantage, Via, Wait,
};
pub use time::{FrameNumber, Moment, Span, Timestamp};
