//! Reads a packet capture and says why a TLS handshake stalled.

mod analyzer;
mod capture;
mod config;
mod decode;
mod diagnosis;
mod dns;
mod milestone;
mod names;
mod notice;
mod report;
mod tcp;
mod time;
mod timeline;
mod tls;

pub use analyzer::{Analyzer, analyze_reader};
pub use capture::{CaptureReader, Format, Frame, LinkType, ReadError, ReadErrorKind};
pub use config::Config;
pub use decode::Endpoint;
pub use milestone::Milestone;
pub use names::UnknownName;
pub use notice::{Notice, NoticeCode};
pub use report::{
    Analysis, At, CaptureReport, Cause, Check, Confidence, Connection, Document, EndedBy, Evidence,
    Finding, Lookup, LookupAnswer, LookupOutcome, LookupQuery, Options, Outcome, Party, Phase,
    RuledOut, Source, Summary, Tool, Vantage, Via, Wait,
};
pub use time::{FrameNumber, Moment, Span, Timestamp};
