//! The library from the outside: whole captures in, reports out.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod accuracy;
#[cfg(feature = "compression")]
mod ahead;
mod aside;
mod bad_input;
mod compare;
mod contrast;
mod coverage;
mod damage;
mod edited;
mod encapsulations;
mod events;
mod examples;
mod extensions;
mod flood;
mod formats;
mod gaps;
mod labels;
mod live;
mod malformed;
mod metamorphic;
mod pages;
#[cfg(feature = "path")]
mod path;
mod readdressed;
mod scenarios;
mod sums;
mod trust;
mod truth;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use tls_stall::{
    Analysis, CaptureReader, CaptureReport, Confidence, Config, Connection, LinkType, Notice,
    ReadError, Timestamp, analyze_reader,
};

/// The folder of captures.
fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata")
}

/// Holds the file at `path` in the repository to `text`; with `UPDATE_DOCS=1` it is written anew.
fn is_up_to_date(path: &str, text: &str) {
    let file = testdata().join("..").join(path);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&file, text).unwrap();
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        found == text,
        "{path} is out of date: run again with UPDATE_DOCS=1; it should be\n{text}"
    );
}

fn analyze(bytes: &[u8]) -> Analysis {
    report("a capture", bytes).analysis
}

fn report(path: &str, bytes: &[u8]) -> CaptureReport {
    analyze_reader(path, bytes, &Config::default())
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A frame that owns its bytes.
#[derive(Debug, Clone, PartialEq)]
struct OwnedFrame {
    number: u64,
    time: Timestamp,
    link_type: LinkType,
    wire_len: u32,
    data: Vec<u8>,
}

/// The frames of a capture, and what is wrong with it.
fn read_frames(file: impl Read) -> Result<(Vec<OwnedFrame>, Vec<Notice>), ReadError> {
    let mut reader = CaptureReader::new(file)?;
    let mut frames = Vec::new();
    while let Some(frame) = reader.next_frame()? {
        frames.push(OwnedFrame {
            number: frame.number.get(),
            time: frame.time,
            link_type: frame.link_type,
            wire_len: frame.wire_len,
            data: frame.data.to_vec(),
        });
    }
    Ok((frames, reader.notices()))
}

/// Names the stalls, for the message of a test that fails.
fn told(connections: &[Connection]) -> String {
    let mut text = String::new();
    for connection in connections {
        for finding in &connection.findings {
            let line = format!(
                "\n  {} stalled={} {:?}: {} {} {} {} ({})",
                connection.server,
                connection.stalled,
                connection.outcome,
                finding.cause,
                finding.phase,
                finding.confidence,
                finding.wait,
                finding.summary
            );
            text.push_str(&line);
        }
    }
    text
}

fn confidence(name: &str) -> Confidence {
    name.parse().unwrap()
}
