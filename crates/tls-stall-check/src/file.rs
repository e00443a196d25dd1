//! The file of expectations as TOML holds it, before its sense is looked at.
//!
//! The JSON Schema is made of these types, so that their comments are what an editor shows.

#[cfg(test)]
mod schema;

use std::collections::BTreeMap;
use std::num::NonZeroU16;

use serde::Deserialize;
use toml::Spanned;

/// What is expected of the captures beside it: `tls-stall check` holds them to it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(title = "The expectations of tls-stall check")
)]
pub(crate) struct File {
    /// The shortest wait that is a stall, such as 200ms, 1.5s or 2m; 1s unless told.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub(crate) stall_threshold: Option<Spanned<String>>,
    /// Files and folders that are not checked, relative to this file; `*`, `?`, `[…]` and `**` stand
    /// for others, and a folder for all that is in it.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    pub(crate) exclude: Vec<Spanned<String>>,
    /// Server ports on which TLS is expected, besides those that are known.
    #[serde(default)]
    pub(crate) tls_ports: Vec<NonZeroU16>,
    /// The captures.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Vec<RawEntry>"))]
    pub(crate) capture: Vec<Spanned<RawEntry>>,
}

/// What is expected of one capture.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Capture"))]
pub(crate) struct RawEntry {
    /// The capture, relative to this file, with `/` between folders.
    #[cfg_attr(test, schemars(with = "String"))]
    pub(crate) path: Spanned<String>,
    /// How many connections stall, whether `expect` names them or not. Without it, those that
    /// `expect` names are all.
    #[cfg_attr(test, schemars(with = "Option<u64>"))]
    pub(crate) stalls: Option<Spanned<u64>>,
    /// How many handshakes fail without a stall. Without it, further ones than those that `expect`
    /// names are allowed.
    #[cfg_attr(test, schemars(with = "Option<u64>"))]
    pub(crate) failures: Option<Spanned<u64>>,
    /// The longest that each wait of a phase may be, in every TLS connection of the capture.
    #[serde(default)]
    #[cfg_attr(test, schemars(schema_with = "schema::max_wait"))]
    pub(crate) max_wait: BTreeMap<Spanned<String>, Spanned<String>>,
    /// Why what is found still differs from what is expected. As long as it does, nothing is wrong;
    /// once it no longer does, that is a difference, and this line has to go.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub(crate) not_yet: Option<Spanned<String>>,
    /// The connections that stall or fail, each named by at least one of `server`, `server_name` and
    /// `tcp_stream`.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Vec<RawExpectation>"))]
    pub(crate) expect: Vec<Spanned<RawExpectation>>,
}

/// A connection that stalls, or fails.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(rename = "Expectation", transform = schema::names_a_connection)
)]
pub(crate) struct RawExpectation {
    /// The server's address, and its port if you like: `203.0.113.25:465`, `[2001:db8::25]:465`.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub(crate) server: Option<Spanned<String>>,
    /// The server's name, as the report has it.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub(crate) server_name: Option<Spanned<String>>,
    /// The connection's number, as Wireshark counts them (tcp.stream).
    #[cfg_attr(test, schemars(with = "Option<u64>"))]
    pub(crate) tcp_stream: Option<Spanned<u64>>,
    /// Whether it stalls; `false` for a handshake that fails without a stall.
    pub(crate) stalled: Option<bool>,
    /// The cause of the first finding; `tls-stall explain` lists all.
    #[cfg_attr(test, schemars(schema_with = "schema::names::<tls_stall::Cause>"))]
    pub(crate) cause: Spanned<String>,
    /// The phase that it waits in.
    #[cfg_attr(test, schemars(schema_with = "schema::names::<tls_stall::Phase>"))]
    #[serde(default)]
    pub(crate) phase: Option<Spanned<String>>,
    /// Who owes the next move.
    #[cfg_attr(test, schemars(schema_with = "schema::names::<tls_stall::Party>"))]
    #[serde(default)]
    pub(crate) waiting_on: Option<Spanned<String>>,
    /// How sure the finding is, at least.
    #[cfg_attr(test, schemars(schema_with = "schema::names::<tls_stall::Confidence>"))]
    #[serde(default)]
    pub(crate) confidence: Option<Spanned<String>>,
    /// The frame with which the wait begins.
    #[cfg_attr(test, schemars(with = "Option<std::num::NonZeroU64>"))]
    pub(crate) from_frame: Option<Spanned<u64>>,
    /// The frame with which the wait ends.
    #[cfg_attr(test, schemars(with = "Option<std::num::NonZeroU64>"))]
    pub(crate) to_frame: Option<Spanned<u64>>,
}
