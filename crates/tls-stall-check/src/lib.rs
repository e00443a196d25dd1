//! Holds what tls-stall finds in captures to what is expected of them, for CI.
//!
//! A file of TOML, `tls-stall.toml` beside the captures, says of each which connections stall and
//! why, or that none does; [`Expectations::parse`] reads it. A report is held to its [`Entry`], and
//! a capture without an entry to the rule that nothing stalls in it; what comes of that is a
//! [`Verdict`] with its [`Difference`]s. [`CheckReport`] collects them, and [`text`], [`junit`],
//! [`sarif`] and [`github`] write it down. [`Revision`] brings a file up to date and keeps what a
//! person wrote in it.
//!
//! ```
//! use tls_stall::analyze_reader;
//! use tls_stall_check::{Expectations, Verdict};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let expectations = Expectations::parse(
//!     r#"
//!     [[capture]]
//!     path = "phone-on-3g.pcap"
//!       [[capture.expect]]
//!       server = "203.0.113.25:465"
//!       cause = "reverse-dns-unanswered"
//!     "#,
//! )?;
//! let entry = &expectations.entries[0];
//! let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/origin/phone-on-3g.pcap");
//! let config = expectations.config(Some(entry));
//! let capture = analyze_reader(path, std::fs::File::open(path)?, &config)?;
//! assert_eq!(entry.verify(&capture), Verdict::AsExpected);
//! # Ok(())
//! # }
//! ```
//!
//! The crate reads no files and prints nothing: its caller has the captures read and knows where
//! they lie. What comes out of a capture is an attacker's text, and every format escapes it.

mod difference;
mod expectations;
mod file;
pub mod github;
pub mod junit;
mod length;
mod matching;
mod place;
mod report;
mod revision;
pub mod sarif;
pub mod text;
mod verify;

pub use difference::{Difference, DifferenceKind};
pub use expectations::{Entry, Expectation, Expectations, Server};
pub use length::parse_length;
pub use place::{InvalidExpectations, Mistake, Place};
pub use report::{CheckReport, CheckedCapture, Verdict};
pub use revision::{Change, Revision};
pub use verify::verify_unlisted;
