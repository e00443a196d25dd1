//! Shows a tls-stall report as text, HTML, Markdown, CSV, JSON or newline-delimited JSON.
//!
//! The renderers format and compute nothing, and know no terminal and no files: the caller says how
//! wide the text is and whether it may carry colour. Whatever stems from a capture or is a file's
//! name is text that an attacker may have chosen; each format escapes it.
//!
//! ```
//! use tls_stall::{Config, Document, Options};
//! use tls_stall_render::{TextOptions, json, text};
//!
//! let document = Document::new(Options::from(&Config::default()), Vec::new());
//! let page = text::render(&document, &TextOptions::default());
//! let object = json::render(&document)?;
//! # assert!(page.is_empty() && object.ends_with("}\n"));
//! # Ok::<(), std::io::Error>(())
//! ```

mod annotated;
mod comparison;
pub mod csv;
#[cfg(test)]
mod digests;
mod escape;
#[cfg(test)]
mod example;
mod group;
#[cfg(test)]
mod hostile;
pub mod html;
pub mod json;
mod ladder;
pub mod markdown;
pub mod ndjson;
mod pcapng;
#[cfg(test)]
mod picture;
#[cfg(test)]
mod recorded;
#[cfg(feature = "schema")]
pub mod schema;
mod style;
pub mod text;
mod words;

pub use annotated::Annotated;
pub use escape::escape;
pub use text::TextOptions;
pub use words::nothing_decoded;
