//! Files of one capture: `--merge`.

use std::fs;

use crate::{Folder, capture, ring};

#[test]
fn the_files_of_a_ring_are_one_capture_whatever_their_names() {
    let folder = ring();
    let report = |args: &[&str]| {
        let run = folder.run(&[&["--format", "json"], args].concat());
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        let mut document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        document["captures"][0].take()
    };
    let (whole, mut merged) = (report(&["whole.pcap"]), report(&["--merge", "ring"]));
    let files = merged["files"].take();
    assert_eq!(files.as_array().unwrap().len(), 80);
    assert_eq!(files[1]["path"], "ring/37.pcap");
    assert_eq!(files[1]["first_frame"], 2);
    assert_eq!(merged["path"], "ring/00.pcap … ring/43.pcap (80 files)");
    for key in [
        "frames",
        "duration_s",
        "summary",
        "connections",
        "lookups",
        "notices",
    ] {
        assert_eq!(merged[key], whole[key], "{key}");
    }
    // A file that is given twice is not a capture of copies.
    let twice = report(&["--merge", "ring", "ring/00.pcap"]);
    assert_eq!(twice["frames"], 80);
}

#[test]
fn a_bad_file_of_a_ring_does_not_hide_the_others() {
    let folder = ring().with("ring/80.pcap", &capture()[..10]);
    let run = folder.run(&["--merge", "ring", "missing.pcap"]);
    assert_eq!(run.code, 2);
    assert!(run.stdout.contains("1 stalled"), "{run:?}");
    let complaints: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(complaints.len(), 2, "{run:?}");
    assert!(complaints[0].starts_with("tls-stall: cannot read ring/80.pcap: the file ends"));
    assert!(complaints[1].starts_with("tls-stall: cannot read missing.pcap: "));
}

#[test]
fn lines_are_told_of_folders_and_of_merged_files_too() {
    let folder = ring().with("ring/notes.txt", b"the phone was on 3G, then on the train");
    let run = folder.run(&["--format", "ndjson", "--merge", "ring"]);
    assert_eq!(run.code, 0, "{run:?}");
    let line: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(line["findings"][0]["cause"], "reverse-dns-unanswered");
    assert!(line["capture"].as_str().unwrap().ends_with("(80 files)"));

    let folder = Folder::new().with("whole.pcap", &fs::read(folder.path("whole.pcap")).unwrap());
    let folder = folder.with("notes.txt", b"the phone was on 3G, then on the train");
    let run = folder.run(&["--format", "ndjson", "."]);
    assert_eq!((run.code, run.stdout.lines().count()), (0, 1), "{run:?}");
}

#[test]
fn what_can_be_read_only_once_cannot_be_merged() {
    let folder = Folder::new().with("a.pcap", &capture());
    let run = folder.run_from("a.pcap", &["--merge", "-"]);
    run.is_refusal("tls-stall: cannot read standard input: no regular file");
}
