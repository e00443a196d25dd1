//! What is reported, and in which form.

use crate::{Folder, capture, origin};

#[test]
fn a_capture_without_a_stall_is_reported_and_ends_in_0() {
    let folder = Folder::new().with("a.pcap", &capture());
    let run = folder.run(&["a.pcap"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(
        run.stdout.starts_with("a.pcap: 1 frame in 0.000 s"),
        "{run:?}"
    );
    assert!(folder.run(&["--fail-on", "stall", "a.pcap"]).code == 0);
}

#[test]
fn json_is_one_document_however_many_captures() {
    let folder = Folder::new()
        .with("a.pcap", &capture())
        .with("b.pcap", &capture());
    let run = folder.run(&["--format", "json", "a.pcap", "b.pcap"]);
    assert_eq!(run.code, 0);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["schema_version"], 1);
    assert_eq!(document["options"]["stall_threshold_s"], 1.0);
    assert_eq!(document["captures"][0]["path"], "a.pcap");
    assert_eq!(document["captures"][1]["path"], "b.pcap");
}

#[test]
fn the_threshold_is_taken_from_the_command_line() {
    let folder = Folder::new().with("a.pcap", &capture());
    let run = folder.run(&["--stall-threshold", "200ms", "--format", "json", "a.pcap"]);
    assert!(
        run.stdout.contains("\"stall_threshold_s\": 0.2\n"),
        "{run:?}"
    );
}

#[test]
fn other_forms_of_the_report_name_the_cause_and_carry_no_colour() {
    let folder = Folder::new().with("a.pcap", &origin());
    for (format, beginning) in [
        ("html", "<!DOCTYPE html>\n"),
        ("markdown", "## `a.pcap`\n"),
        ("csv", "capture,tcp_stream,"),
    ] {
        let run = folder.run(&["--format", format, "--color", "always", "a.pcap"]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{format}");
        assert!(run.stdout.contains("reverse-dns-unanswered"), "{format}");
        assert!(run.stdout.starts_with(beginning), "{format}");
        assert!(!run.stdout.contains('\x1b'), "{format}");
    }
}

#[test]
fn ascii_is_drawn_where_it_is_asked_for() {
    let folder = Folder::new().with("a.pcap", &origin());
    assert!(folder.run(&["--ascii", "a.pcap"]).stdout.is_ascii());
    assert!(!folder.run(&["a.pcap"]).stdout.is_ascii());
}

#[test]
fn colour_is_written_where_it_is_asked_for() {
    let folder = Folder::new().with("a.pcap", &capture());
    let run = |color: &str| folder.run(&["--color", color, "a.pcap"]).stdout;
    assert!(run("always").contains("\x1b["));
    assert!(!run("auto").contains('\x1b') && !run("never").contains('\x1b'));
}
