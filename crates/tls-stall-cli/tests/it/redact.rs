//! Reports that name nobody: `--redact`.

use crate::{origin_pair, ring};

#[test]
fn a_redacted_report_names_nobody_and_no_file() {
    let folder = ring();
    for format in ["text", "json", "ndjson", "html", "markdown", "csv"] {
        let run = folder.run(&["--redact", "--format", format, "whole.pcap"]);
        assert_eq!(run.code, 0);
        for original in [
            "203.0.113.25",
            "25.113.0.203",
            "10.8.0.1",
            "10.0.0.1",
            "whole.pcap",
        ] {
            let told = [&run.stdout, &run.stderr];
            let told = told.map(|it| it.replace("10.0.0.10", "").contains(original));
            assert_eq!(told, [false, false], "{format}: {original}");
        }
        assert!(run.stdout.contains("203.0.113.1"), "{format}: {run:?}");
        assert!(run.stdout.contains("capture1"), "{format}: {run:?}");
    }
}

#[test]
fn a_redacted_comparison_names_nobody_and_no_file() {
    let folder = origin_pair();
    for format in ["text", "json", "html", "markdown"] {
        let compare = ["compare", "--redact", "--format", format];
        let run = folder.run(&[&compare[..], &["failing.pcap", "healthy.pcap"]].concat());
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{format}");
        for original in [
            "203.0.113.25",
            "10.8.0.1",
            "192.168.1.23",
            "ing.pcap",
            "thy.pcap",
        ] {
            assert!(!run.stdout.contains(original), "{format}: {original}");
        }
        assert!(run.stdout.contains("203.0.113.3"), "{format}: {run:?}");
        assert!(run.stdout.contains("capture2"), "{format}: {run:?}");
    }
}
