//! What comes out: the facts of a capture, its waits and their findings.
//!
//! These types are the JSON of the command; `docs/json.md` describes them for its readers. Every
//! `time` is a length since the capture's first frame.

mod capture;
mod connection;
mod custom;
mod finding;
mod identity;
mod lookup;
mod page;
mod way;

pub(crate) use capture::SCHEMA_VERSION;
pub use capture::{Analysis, CaptureReport, Document, Options, Source, SourceFile, Summary, Tool};
pub use connection::{At, Connection, EndedBy, Outcome, Party, Phase, Vantage, Wait};
pub use custom::CustomCause;
pub use finding::{Cause, Check, Confidence, Evidence, Finding, RuledOut};
pub use identity::Identity;
pub use lookup::{Lookup, LookupAnswer, LookupOutcome, LookupQuery, Via};
pub use way::Way;
