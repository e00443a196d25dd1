//! Reads a packet capture and says why a TLS handshake stalled.
//!
//! ```
//! use std::fs::File;
//!
//! # const CAPTURE: &str =
//! #     concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/origin/phone-on-3g.pcap");
//! # let mut told = Vec::new();
//! let report = tls_stall::analyze_reader("phone.pcap", File::open(CAPTURE)?, &Default::default())?;
//! for connection in &report.analysis.connections {
//!     for finding in &connection.findings {
//!         println!("{}: {}: {}", connection.server, finding.cause, finding.summary);
//! #       told.push(finding.cause.name());
//!     }
//! }
//! # assert_eq!(told, ["reverse-dns-unanswered"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! ```text
//! 203.0.113.25:465: reverse-dns-unanswered: The client asked 10.0.0.1, 10.0.0.2 and 10.0.0.3 for
//! the name of the server's address 203.0.113.25 (PTR 25.113.0.203.in-addr.arpa) and got no answer;
//! only then did it go on, after 28.000 s. The server gave up after 7.200 s and closed: this
//! connection failed.
//! ```
//!
//! Bytes go in, a report comes out. An [`Analysis`] has [`Connection`]s; a connection has
//! [`Milestone`]s, the [`Wait`]s between them (how long, and who owed the next move) and, where it
//! stalled or failed, [`Finding`]s: what a wait was spent on, with the frames that prove it.
//!
//! # A capture file
//!
//! [`analyze_reader`] reads a capture from anything that implements `Read`, in any of the
//! [`Format`]s. Unless told otherwise it reports the connections that stalled or failed; with
//! [`Config::keep_all`], the healthy ones too. Every wait over 200 ms:
//!
//! ```
//! use std::fs::File;
//! use tls_stall::{Config, Span, analyze_reader};
//!
//! # const CAPTURE: &str =
//! #     concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/origin/phone-on-3g.pcap");
//! # let mut told = 0;
//! let mut config = Config::default();
//! config.keep_all = true;
//! let report = analyze_reader("phone.pcap", File::open(CAPTURE)?, &config)?;
//! for connection in &report.analysis.connections {
//!     for wait in &connection.waits {
//!         if wait.duration > Span::from_millis(200) {
//!             let (server, on) = (connection.server, wait.waiting_on);
//!             println!("{server}: {} for {}, by the {on}", wait.duration, wait.phase.awaited());
//! #           told += 1;
//!         }
//!     }
//! }
//! # assert_eq!(told, 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A capture that is cut short or damaged is read as far as it goes. What is wrong with a capture,
//! and what it cannot tell, is in its [`Notice`]s. With the feature `path`, `analyze_path` opens the
//! file as well; [`FileAnalyzer`] is for a caller who has something else to do before the end of it.
//!
//! # Several files
//!
//! [`analyze_merged`] reads several files as one capture, as a ring buffer writes them: a connection
//! may begin in one and end in the next. [`Comparison`] holds two captures against each other, a
//! failing and a healthy one, or those of the two ends of one connection.
//!
//! # A capture that does not end
//!
//! [`analyze_stream`] gives each connection as soon as no more of it is to come, from a pipe for
//! instance. [`Config::max_idle`] ends those that never do. The program `collector` among the
//! [examples] makes metrics of it.
//!
//! # Packets of one's own
//!
//! A program that has packets pushes [`Frame`]s into an [`Analyzer`]: its own bytes, its own times,
//! and the [`LinkType`] that the bytes begin with. It polls for connections as they settle, asks for
//! milestones and lookups as they happen ([`Event`]), or takes the report at the end.
//!
//! ```
//! use tls_stall::{Analyzer, Config, Frame, FrameNumber, LinkType, Timestamp};
//!
//! # let packets: [(i64, &[u8]); 1] = [(0, b"\x45\0\0\x14\0\0\0\0\x40\xfd\0\0\x0a\0\0\x01\x0a\0\0\x02")];
//! let mut analyzer = Analyzer::new(Config::default());
//! for ((nanos, bytes), number) in packets.into_iter().zip(1..) {
//!     let number = FrameNumber::new(number).ok_or("frames are numbered from 1")?;
//!     let time = Timestamp::from_nanos(nanos);
//!     analyzer.push(&Frame::new(number, time, LinkType::RAW, bytes));
//!     while let Some(connection) = analyzer.poll() {
//!         println!("{}: {}", connection.server, connection.outcome);
//!     }
//! }
//! let analysis = analyzer.finish();
//! # assert_eq!((analysis.frames, analysis.decoded_frames), (1, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Causes and protocols of one's own
//!
//! A [`CauseFamily`] sees each wait that is to be explained, with its connection and the lookups
//! around it, never packets, and competes with the causes of the catalogue. A [`StarttlsDialogue`]
//! tells how TLS starts in a protocol that is not known here. Both are added to the [`Config`].
//!
//! # What comes out is an attacker's text
//!
//! Names, banners and sentences hold what packets held, and may hold anything: escape them for where
//! they are written. The crate `tls-stall-render` does for text, Markdown, CSV, HTML and JSON.
//!
//! # Limits
//!
//! The library does no input or output but `Read` in [`CaptureReader`] and [`MergedReader`], has no
//! clock, as the capture's own times are the clock, and starts no thread unless it is told to
//! ([`Config::threads`], [`FileAnalyzer::unpack_ahead`]). It never panics on what a capture holds. One
//! pass, with bounded memory: every limit is in [`Config`], and each that was reached is a
//! [`Notice`]. It looks at TLS over TCP, and decrypts nothing; lookups over TLS, HTTPS or QUIC look
//! like any other connection.
//!
//! # Features
//!
//! None is on unless asked for.
//!
//! | feature | adds |
//! |---|---|
//! | `compression` | captures packed with gzip, zstd, lz4 or xz |
//! | `path` | `analyze_path`, which opens a file |
//! | `schema` | `JsonSchema` of all report types, by the crate schemars; with it, `serde` |
//! | `serde` | `Serialize` of all report types, as the JSON of the command |
//!
//! # Versions
//!
//! It needs Rust 1.88, and a newer one only with a new minor version. Enumerations and structs may
//! grow; the names of their values, as reports show them, stay.
//!
//! [examples]: https://github.com/tls-stall/tls-stall/tree/main/crates/tls-stall/examples

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
mod rare;
mod redact;
mod report;
#[cfg(feature = "schema")]
mod schema;
mod tcp;
mod time;
mod timeline;
mod tls;
mod worker;

#[cfg(feature = "path")]
pub use analyzer::analyze_path;
pub use analyzer::{
    Analyzer, Event, FileAnalyzer, Reached, analyze_merged, analyze_reader, analyze_stream,
};
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

/// The programs in docs/library.md, compiled with the tests of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct LibraryPage;
