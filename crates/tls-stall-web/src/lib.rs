//! tls-stall in a web page: the library and its renderers, compiled to WebAssembly.
//!
//! A worker hands over a file as an object that gives it piece by piece, and has the module go on as
//! far as the browser has read it: so neither holds more of a capture of gigabytes than its report.
//! The reports are those of the command, to the byte, as both are written by `tls-stall-render`.

mod comparison;
mod diagnosis;
mod evidence;
mod input;
mod reading;

pub use comparison::Comparison;
pub use diagnosis::{Diagnosis, stream};
pub use evidence::Evidence;
pub use input::Bytes;
pub use reading::{Capture, Reading};

use std::io::Read;

use tls_stall::{CaptureReport, Config, FileAnalyzer, Span};
use tls_stall_render::{escape, nothing_decoded};

/// The settings of an analysis in which a wait of `stall_threshold_ms` is a stall, and in which, if
/// `all`, healthy connections are reported too.
fn config(stall_threshold_ms: u32, all: bool) -> Config {
    let mut config = Config::default();
    config.stall_threshold = Span::from_millis(i64::from(stall_threshold_ms));
    config.keep_all = all;
    config
}

/// Begins to read the capture `input` of the name `name`; the error is a sentence for the reader.
fn begin<R: Read>(name: &str, input: R, config: &Config) -> Result<FileAnalyzer<R>, String> {
    FileAnalyzer::new(name, input, config).map_err(|error| cannot_read(name, &error))
}

/// `report`, if any frame could be decoded; the error is a sentence for the reader.
fn decoded(report: CaptureReport) -> Result<CaptureReport, String> {
    if report.analysis.decoded_frames > 0 {
        return Ok(report);
    }
    let name = &report.source.path;
    Err(match &report.source.unread {
        Some(reason) => cannot_read(name, reason),
        None => cannot_read(name, &nothing_decoded(&report)),
    })
}

/// `cannot read phone.pcap: it holds no frames`, as the command says it.
fn cannot_read(name: &str, reason: &dyn std::fmt::Display) -> String {
    let reason = reason.to_string();
    format!("cannot read {}: {}", escape(name), escape(&reason))
}

/// Why the rest of `report`'s capture is not in it, if reading it failed.
fn unread(report: &CaptureReport) -> Option<String> {
    let reason = report.source.unread.as_ref()?;
    Some(cannot_read(&report.source.path, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(name: &str) -> Vec<u8> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/origin/");
        std::fs::read(format!("{folder}{name}")).unwrap()
    }

    fn analyze(name: &str, input: &[u8], stall_threshold_ms: u32) -> Result<CaptureReport, String> {
        let mut file = begin(name, input, &config(stall_threshold_ms, false))?;
        while file.advance() {}
        decoded(file.finish())
    }

    #[test]
    fn a_file_that_is_no_capture_is_refused_with_its_name_and_the_reason() {
        let refused = analyze("no\u{202e}te.txt", b"Dear diary", 1000).unwrap_err();
        assert!(
            refused.starts_with(r"cannot read no\u{202e}te.txt: "),
            "{refused}"
        );
        let empty = analyze("empty.pcap", &origin("phone-on-3g.pcap")[..24], 1000);
        assert_eq!(
            empty.unwrap_err(),
            "cannot read empty.pcap: it holds no frames"
        );
    }

    #[test]
    fn the_threshold_is_in_milliseconds() {
        let capture = origin("phone-on-3g.pcap");
        let stalled = |threshold| {
            let report = analyze("x", &capture, threshold).unwrap();
            report.analysis.summary.stalled
        };
        assert_eq!((stalled(28_000), stalled(28_001)), (1, 0));
    }
}
