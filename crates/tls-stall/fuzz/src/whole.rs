//! From any file to a report in every form.

use std::io::Cursor;

use tls_stall::{
    CaptureReader, CaptureReport, Comparison, Config, Document, FileAnalyzer, Options, Span,
    analyze_reader, analyze_stream,
};
use tls_stall_render::{Annotated, TextOptions, csv, html, json, markdown, ndjson, text};

use crate::capture::{MAX_UNPACKED, Pieces};
use crate::page;
use crate::promises::keeps;

/// Reads a capture and reports it in every form; in pieces, and on three threads, it is the same.
///
/// # Panics
///
/// Where a promise is broken.
pub fn whole(input: &[u8]) {
    for (config, redacted) in [(all(), false), (small(), true)] {
        let Ok(report) = analyze_reader("a capture", input, &config) else {
            return;
        };
        let again = analyze_reader("a capture", Pieces::new(input), &config);
        assert_eq!(
            again.as_ref().ok(),
            Some(&report),
            "it depends on the pieces of the input"
        );
        keeps(&report.analysis, &config);
        assert_eq!(
            on_three_threads(input, &config),
            report,
            "it depends on the threads"
        );
        streams(input, &config, &report);
        annotated(input, &report, &config);
        shown(report, &config, redacted);
    }
}

/// One thread unpacks, one reads, and one judges.
fn on_three_threads(input: &[u8], config: &Config) -> CaptureReport {
    let mut config = config.clone();
    config.threads = 3;
    let input = Cursor::new(input.to_vec());
    let file = FileAnalyzer::new("a capture", input, &config).expect("it could be read");
    let mut file = file.unpack_ahead();
    while file.advance() {}
    file.finish()
}

/// Everything is kept, and nothing reaches a limit.
fn all() -> Config {
    let mut config = Config::default();
    config.keep_all = true;
    config.max_unpacked = MAX_UNPACKED;
    config
}

/// Everything reaches its limit, and any wait is a stall.
fn small() -> Config {
    let mut config = Config::default();
    config.stall_threshold = Span::from_nanos(1);
    config.max_unpacked = MAX_UNPACKED;
    config.max_connections = 2;
    config.max_reassembly = 256;
    config.max_total_reassembly = 512;
    config.max_fragmented_packets = 2;
    config.max_fragment_bytes = 2048;
    config.max_lookups = 3;
    config.max_reported = 2;
    config
}

/// Read along, the capture has as many connections as read whole.
fn streams(input: &[u8], config: &Config, whole: &CaptureReport) {
    let mut config = config.clone();
    config.max_idle = Some(Span::from_secs(10));
    let mut given = 0;
    let streamed = analyze_stream("a capture", input, &config, |_| {
        given += 1;
        std::ops::ControlFlow::Continue(())
    });
    let analysis = streamed.expect("it could be read").analysis;
    assert_eq!(analysis.frames, whole.analysis.frames);
    assert!(given <= analysis.summary.connections);
}

/// Renders a report in every form; what stems from the capture stays text in each.
fn shown(report: CaptureReport, config: &Config, redacted: bool) {
    for connection in &report.analysis.connections {
        let line = ndjson::line(&report.source.path, connection).expect("a line");
        page::is_one_line_of_json(&line);
    }
    let options = Options::from(config);
    let document = Document::new(options.clone(), vec![report.clone()]);
    let comparison = Comparison::new(options, [report.clone(), report]);
    let (document, comparison) = if redacted {
        (document.redacted(), comparison.redacted())
    } else {
        (document, comparison)
    };
    let mut ascii = TextOptions::default();
    ascii.ascii = true;
    ascii.width = 1;
    let ascii = text::render(&document, &ascii);
    assert!(ascii.is_ascii());
    page::is_plain(&ascii);
    page::is_json(&json::render(&document).expect("a document"));
    page::is_plain(&text::render(&document, &TextOptions::default()));
    page::is_plain(&markdown::render(&document));
    page::is_table(&csv::render(&document));
    page::is_document(&html::render(&document).expect("a page"));
    page::is_json(&json::comparison(&comparison).expect("a document"));
    page::is_plain(&text::comparison(&comparison, &TextOptions::default()));
    page::is_plain(&markdown::comparison(&comparison));
    page::is_document(&html::comparison(&comparison).expect("a page"));
}

/// The annotated capture holds the frames of evidence, and can be read again.
fn annotated(input: &[u8], report: &CaptureReport, config: &Config) {
    let mut annotated = Annotated::new(report, false);
    let mut file = annotated.beginning();
    let mut reader = CaptureReader::with_config(input, config).expect("it could be read");
    let mut written = 0;
    while let Ok(Some(frame)) = reader.next_frame() {
        let block = annotated.frame(&frame);
        written += u64::from(!block.is_empty());
        file.extend(block);
    }
    assert!(annotated.is_complete(), "all evidence is in the capture");
    let mut reader = CaptureReader::new(file.as_slice()).expect("a capture");
    let mut read = 0;
    while reader.next_frame().expect("a frame").is_some() {
        read += 1;
    }
    assert_eq!((read, reader.notices()), (written, Vec::new()));
}
