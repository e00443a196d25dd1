//! From the bytes of a capture file to its frames: the only room that reads.
//!
//! [`CaptureReader`] keeps a [window](buffer) on the input and asks the file's format
//! ([`pcap`], [`pcapng`]) what stands at its front; the format sees bytes and answers with a
//! [step](record::Step): a packet, something to skip, more to read, or the end of what can be
//! understood. So the formats do no input, and every length is checked in one place before it is
//! believed. What is wrong with a file is counted in [`faults`] and does not end it, as long as the
//! next record can be found.
//!
//! pcap-parser reads what has a fixed size: the pcap headers and one pcapng option at a time. Its
//! block parsers are not used, as they collect every option of a block (a 16 MiB block of empty
//! options takes 160 MB), ask for more input where a block contradicts itself, and read numbers in
//! options as little-endian.
//!
//! A compressed file is seen through: where its first bytes say so, the window is on what it
//! [unpacks](unpack) to, and the formats do not know. Several files that are one capture are
//! [merged] by the times of their frames.
#![cfg_attr(
    not(test),
    warn(clippy::arithmetic_side_effects, clippy::as_conversions)
)]

mod asides;
mod buffer;
mod byte_order;
mod compression;
mod error;
mod faults;
#[cfg(test)]
mod fixture;
mod foreign;
mod format;
mod frame;
mod header;
#[cfg(test)]
mod hostile;
mod input;
mod interface;
mod link_type;
mod merged;
mod netmon;
mod options;
mod pcap;
mod pcapng;
mod reader;
mod record;
mod resync;
mod seams;
mod snoop;
#[cfg(feature = "compression")]
mod unpack;

pub use asides::Secrets;
pub use compression::Compression;
pub use error::{ReadError, ReadErrorKind};
pub use format::Format;
pub use frame::Frame;
pub use link_type::LinkType;
pub use merged::{MergedReader, Part};
pub use reader::CaptureReader;
