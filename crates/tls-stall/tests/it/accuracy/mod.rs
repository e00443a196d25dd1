//! The scoreboard: every verdict on the labelled captures, counted, beside those of a naive rule.
//!
//! `UPDATE_DOCS=1 cargo test -p tls-stall --test it accuracy` writes `docs/accuracy.md`.

mod page;
mod score;

use std::fs;

use tls_stall::{Analysis, Config, LookupOutcome, analyze_reader};

use self::score::Score;
use super::labels::truth;
use super::{is_up_to_date, testdata};

/// The cause that the naive rule knows.
const NAIVE_CAUSE: &str = "reverse-dns-unanswered";

/// An unanswered PTR query in the capture is to blame.
fn naive_rule(analysis: &Analysis) -> bool {
    analysis
        .lookups
        .iter()
        .any(|lookup| lookup.record_type == "PTR" && lookup.outcome == LookupOutcome::Unanswered)
}

/// Judges every labelled capture.
fn scored() -> Score {
    let mut config = Config::default();
    config.keep_all = true;
    let mut score = Score::default();
    for capture in truth().entries {
        let bytes = fs::read(testdata().join(&capture.path)).unwrap();
        let report = analyze_reader(&capture.path, bytes.as_slice(), &config);
        let analysis = report.unwrap().analysis;
        score.add(&capture, &analysis.connections, naive_rule(&analysis));
    }
    score
}

#[test]
fn the_page_is_that_of_this_build() {
    is_up_to_date("docs/accuracy.md", &page::page(&scored()));
}

#[test]
fn a_verdict_is_wrong_less_often_than_that_of_the_naive_rule() {
    let score = scored();
    let (ours, naive) = (&score.by_capture, &score.by_naive_rule);
    assert!(ours.wrong.len() < naive.wrong.len());
    assert!(ours.right >= naive.right);
}
