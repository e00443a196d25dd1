//! Every capture in `testdata` against what is known of it.

use std::collections::BTreeSet;
use std::fs;

use tls_stall::{Cause, Confidence, analyze_reader};
use tls_stall_check::Verdict;

use super::labels::truth;
use super::{report, testdata, told};

#[test]
fn every_capture_is_told_as_it_was() {
    let truth = truth();
    let mut wrong = Vec::new();
    for entry in &truth.entries {
        let file = fs::File::open(testdata().join(&entry.path)).unwrap();
        let report = analyze_reader(&entry.path, file, &truth.config(Some(entry))).unwrap();
        if let Verdict::Differs(differences) = entry.verify(&report) {
            let found = told(&report.analysis.connections);
            wrong.push(format!("{}: {differences:?}, found {found}", entry.path));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The mistake to be ashamed of.
#[test]
fn no_reverse_lookup_is_blamed_where_it_is_not_the_cause() {
    for capture in truth().entries {
        if capture.not_yet.is_some() {
            continue;
        }
        let bytes = fs::read(testdata().join(&capture.path)).unwrap();
        let connections = report(&capture.path, &bytes).analysis.connections;
        for connection in &connections {
            for finding in connection
                .findings
                .iter()
                .filter(|finding| is_reverse(finding.cause))
            {
                let true_here = capture
                    .expect
                    .iter()
                    .any(|expected| expected.names(connection) && is_reverse(expected.cause));
                assert!(
                    true_here || finding.confidence == Confidence::Low,
                    "{}: {}",
                    capture.path,
                    told(&connections)
                );
            }
        }
    }
}

#[test]
fn every_capture_has_its_truth() {
    let known: BTreeSet<String> = truth().entries.into_iter().map(|it| it.path).collect();
    for folder in ["origin", "recorded"] {
        for entry in fs::read_dir(testdata().join(folder)).unwrap() {
            let file = entry.unwrap().path();
            let extension = file.extension().and_then(|it| it.to_str());
            if matches!(extension, Some("pcap" | "pcapng")) {
                let path = format!("{folder}/{}", file.file_name().unwrap().to_string_lossy());
                assert!(
                    known.contains(&path),
                    "{path} has no entry in tls-stall.toml"
                );
            }
        }
    }
}

/// The frames that the account names are the evidence.
#[test]
fn the_origin_is_proven_by_the_frames_of_the_account() {
    let bytes = fs::read(testdata().join("origin/phone-on-3g.pcap")).unwrap();
    let connections = report("origin", &bytes).analysis.connections;
    let stalled = connections
        .iter()
        .find(|connection| connection.stalled)
        .unwrap();
    let verdict = &stalled.findings[0];
    let frames: Vec<u64> = verdict.evidence.iter().map(|it| it.frame.get()).collect();
    for frame in [48, 51, 53, 54, 58, 73] {
        assert!(
            frames.contains(&frame),
            "frame {frame} is not among {frames:?}"
        );
    }
    assert_eq!(verdict.wait.as_nanos(), 28_000_000_000);
    assert_eq!(verdict.confidence, Confidence::High);
}

fn is_reverse(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::ReverseDnsUnanswered | Cause::ReverseDnsSlow | Cause::ReverseDnsFailed
    )
}
