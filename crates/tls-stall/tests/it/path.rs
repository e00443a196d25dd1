//! Captures that the library opens itself.

use std::error::Error;
use std::io;

use tls_stall::{Config, ReadErrorKind, analyze_path};

use super::{report, testdata};

#[test]
fn a_file_by_its_path_is_the_same_as_its_bytes() {
    let path = testdata().join("origin/phone-on-3g.pcap");
    let by_path = analyze_path(&path, &Config::default()).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(by_path, report(path.to_str().unwrap(), &bytes));
    assert_eq!(by_path.analysis.summary.stalled, 1);
}

#[test]
fn a_file_that_cannot_be_opened_is_an_error_of_the_input() {
    let path = testdata().join("there-is-no-such-file.pcap");
    let error = analyze_path(&path, &Config::default()).unwrap_err();
    assert_eq!(error.kind(), ReadErrorKind::Input);
    assert_eq!((error.offset(), error.frame()), (0, None));
    let source: &io::Error = error.source().unwrap().downcast_ref().unwrap();
    assert_eq!(source.kind(), io::ErrorKind::NotFound);
    // No place in the file, as there is none.
    assert_eq!(error.to_string(), source.to_string());
}

#[test]
fn a_file_that_is_no_capture_is_told_from_one_that_cannot_be_opened() {
    let path = testdata().join("malformed/text.pcap");
    let error = analyze_path(&path, &Config::default()).unwrap_err();
    assert_eq!(error.kind(), ReadErrorKind::NotACapture);
}
