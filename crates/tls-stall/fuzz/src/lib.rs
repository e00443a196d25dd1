//! What the fuzz targets do with their bytes, and what has to hold whatever these are.
//!
//! Each target is a function that takes any bytes and panics where a promise is broken. Only the
//! public interface is used: what stands deep inside is reached by frames built around the bytes.
//! [`capture`] and [`whole`] take a file; [`decode`], [`dns`] and [`tls`] a [script](script::Script) of
//! frames, messages and pieces of a stream.
//!
//! `cargo fuzz run whole` fuzzes one of them, with a nightly toolchain. Without libFuzzer, `cargo test`
//! runs all of them over the [seeds] and over damaged copies of these, and `cargo run --bin whole FILE`
//! runs one over a file, such as one that libFuzzer kept.

mod capture;
mod decode;
mod dns;
mod page;
mod promises;
mod script;
pub mod seeds;
mod tls;
mod whole;

pub use capture::capture;
pub use decode::decode;
pub use dns::dns;
pub use script::Script;
pub use tls::tls;
pub use whole::whole;

use std::{env, fs, io};

/// A target.
pub type Target = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: [(&str, Target); 5] = [
    ("capture", capture),
    ("decode", decode),
    ("dns", dns),
    ("tls", tls),
    ("whole", whole),
];

/// Runs a target over each file named on the command line.
///
/// # Errors
///
/// Where a file cannot be read.
pub fn replay(target: Target) -> io::Result<()> {
    for path in env::args_os().skip(1) {
        target(&fs::read(path)?);
    }
    Ok(())
}
