//! Judged on another thread, a capture is reported as it is without.

use std::fs;
use std::iter;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use testkit::{Link, Wire, generate};
use tls_stall::{
    Analyzer, CaptureReader, CaptureReport, CaseView, CauseFamily, Config, Connection, Explanation,
    FileAnalyzer, analyze_reader,
};

use crate::testdata;

fn config(threads: usize) -> Config {
    let mut config = Config::default();
    config.keep_all = true;
    config.threads = threads;
    config
}

fn analyze(file: &[u8], threads: usize) -> Result<CaptureReport, String> {
    analyze_reader("x", file, &config(threads)).map_err(|error| error.to_string())
}

/// More connections and lookups than are handed over at once.
fn many() -> Vec<u8> {
    let mut wire = Wire::new(Link::Ethernet);
    generate::connections(2_000, |time, packet| {
        wire.put(time.as_secs_f64(), packet);
        Ok(())
    })
    .unwrap();
    wire.pcap()
}

#[test]
fn every_capture_is_reported_the_same() {
    let mut seen = 0;
    for folder in [
        "encapsulations",
        "formats",
        "malformed",
        "origin",
        "recorded",
    ] {
        for entry in testdata().join(folder).read_dir().unwrap() {
            let path = entry.unwrap().path();
            let Ok(file) = fs::read(&path) else {
                continue;
            };
            assert_eq!(analyze(&file, 2), analyze(&file, 1), "{path:?}");
            seen += 1;
        }
    }
    assert!(seen > 300, "{seen}");
}

#[test]
fn many_connections_are_reported_the_same() {
    let file = many();
    let report = analyze(&file, 2).unwrap();
    assert_eq!(report.analysis.summary.tls_connections, 2_000);
    assert_eq!(Ok(report), analyze(&file, 1));
}

/// What is polled after every so many frames, and the report.
fn polled(file: &[u8], threads: usize, every: u64) -> (Vec<Vec<Connection>>, CaptureReport) {
    let mut file = FileAnalyzer::new("x", file, &config(threads)).unwrap();
    let mut polled = Vec::new();
    for frame in 1.. {
        if !file.advance() {
            break;
        }
        if frame % every == 0 {
            polled.push(iter::from_fn(|| file.poll()).collect());
        }
    }
    (polled, file.finish())
}

#[test]
fn who_polls_gets_what_is_over_by_then() {
    let file = many();
    let (connections, report) = polled(&file, 2, 10_000);
    assert!(!connections[0].is_empty());
    assert_eq!((connections, report), polled(&file, 1, 10_000));
}

#[test]
fn events_are_the_same() {
    let file = many();
    let events = |threads| {
        let mut config = config(threads);
        config.max_events = 1_000;
        let mut reader = CaptureReader::new(file.as_slice()).unwrap();
        let mut analyzer = Analyzer::new(config);
        for _ in 0..1_000 {
            let frame = reader.next_frame().unwrap().unwrap();
            analyzer.push(&frame);
        }
        iter::from_fn(|| analyzer.next_event()).collect::<Vec<_>>()
    };
    let aside = events(2);
    assert!(aside.len() > 100, "{}", aside.len());
    assert_eq!(aside, events(1));
}

/// Is there as long as the settings are.
#[derive(Debug)]
struct Witness {
    _life: Arc<()>,
}

impl CauseFamily for Witness {
    fn consider(&self, _: &CaseView<'_>) -> Vec<Explanation> {
        Vec::new()
    }
}

#[test]
fn an_analyzer_that_is_dropped_leaves_no_thread_behind() {
    let file = many();
    let life = Arc::new(());
    let mut config = config(2);
    config.add_family(Witness {
        _life: Arc::clone(&life),
    });
    let mut analyzer = FileAnalyzer::new("x", file.as_slice(), &config).unwrap();
    drop(config);
    for _ in 0..5_000 {
        assert!(analyzer.advance());
    }
    drop(analyzer);
    let is_left = || Arc::strong_count(&life) > 1;
    for _ in 0..3_000 {
        if is_left() {
            thread::sleep(Duration::from_millis(10));
        }
    }
    assert!(!is_left(), "it still judges");
}
