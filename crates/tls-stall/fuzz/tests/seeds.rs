//! Every target over its seeds and over damaged copies of them, without libFuzzer.

use testkit::Rng;
use tls_stall_fuzz::{TARGETS, seeds};

/// Damaged copies of each seed: one, since the fuzzer makes better ones.
const COPIES: usize = 1;

fn keeps_its_promises(target: &str) {
    let (_, run) = TARGETS.iter().find(|(name, _)| *name == target).unwrap();
    let seeds = seeds::of(target).unwrap();
    assert!(seeds.len() >= 30, "{} seeds", seeds.len());
    let mut rng = Rng::new(1);
    for (_, seed) in &seeds {
        run(seed);
        for _ in 0..COPIES {
            run(&testkit::damaged(seed, &mut rng));
        }
    }
}

#[test]
fn no_damaged_file_changes_with_its_pieces() {
    keeps_its_promises("capture");
}

#[test]
fn no_damaged_frame_breaks_a_promise() {
    keeps_its_promises("decode");
}

#[test]
fn no_damaged_dns_message_breaks_a_promise() {
    keeps_its_promises("dns");
}

#[test]
fn no_damaged_stream_breaks_a_promise() {
    keeps_its_promises("tls");
}

#[test]
fn no_damaged_capture_breaks_a_report() {
    keeps_its_promises("whole");
}
