//! Every capture in `testdata` against what is known of it.

use std::collections::BTreeSet;
use std::fs;

use tls_stall::{Cause, Confidence, Connection, Finding};

use super::labels::{Expected, truth};
use super::{confidence, report, testdata, told};

#[test]
fn every_capture_is_told_as_it_was() {
    let truth = truth();
    assert_eq!(
        truth.stall_threshold, "1s",
        "the default, with which the captures are read"
    );
    let mut wrong = Vec::new();
    for capture in &truth.capture {
        if !capture.is_known() {
            continue;
        }
        let bytes = fs::read(testdata().join(&capture.path)).unwrap();
        let connections = report(&capture.path, &bytes).analysis.connections;
        let stalled = connections.iter().filter(|it| it.stalled).count();
        let stalls_due = capture.expect.iter().filter(|it| it.stalled).count();
        let due = capture.stalls.unwrap_or(stalls_due);
        let missing: Vec<&Expected> = capture
            .expect
            .iter()
            .filter(|expected| !connections.iter().any(|it| fits(it, expected)))
            .collect();
        let is_told = stalled == due && missing.is_empty();
        if is_told == capture.not_yet.is_some() {
            wrong.push(format!(
                "{}: {due} stalls due, missing {missing:?}, found {}, not yet: {:?}",
                capture.path,
                told(&connections),
                capture.not_yet
            ));
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
    for capture in truth().capture {
        if capture.not_yet.is_some() {
            continue;
        }
        let bytes = fs::read(testdata().join(&capture.path)).unwrap();
        let connections = report(&capture.path, &bytes).analysis.connections;
        for connection in &connections {
            for finding in connection
                .findings
                .iter()
                .filter(|finding| blames_reverse(finding))
            {
                let true_here = capture.expect.iter().any(|expected| {
                    expected.server == connection.server.to_string()
                        && expected.cause.starts_with("reverse-dns-")
                });
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
    let known: BTreeSet<String> = truth().capture.into_iter().map(|it| it.path).collect();
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

fn fits(connection: &Connection, expected: &Expected) -> bool {
    let Some(verdict) = connection.findings.first() else {
        return false;
    };
    // A phase may be several waits: at a proxy, the client's, the proxy's, and the client's again.
    let wait = connection
        .waits
        .iter()
        .find(|wait| wait.phase == verdict.phase && wait.duration == verdict.wait);
    expected.is_of(connection)
        && connection.stalled == expected.stalled
        && verdict.cause.name() == expected.cause
        && verdict.confidence >= confidence(&expected.confidence)
        && expected.is_phase_of(verdict)
        && wait.is_some_and(|wait| expected.is_between(wait))
}

fn blames_reverse(finding: &Finding) -> bool {
    matches!(
        finding.cause,
        Cause::ReverseDnsUnanswered | Cause::ReverseDnsSlow | Cause::ReverseDnsFailed
    )
}
