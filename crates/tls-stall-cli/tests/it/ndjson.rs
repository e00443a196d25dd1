//! Connections a line each: `--format ndjson`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;
use std::time::Duration;

use crate::{Folder, origin};

#[test]
fn ndjson_gives_the_connections_of_the_json_report_a_line_each() {
    let folder = Folder::new().with("a.pcap", &origin());
    let json: serde_json::Value =
        serde_json::from_str(&folder.run(&["--format", "json", "a.pcap"]).stdout).unwrap();
    let run = folder.run(&[
        "--format",
        "ndjson",
        "--fail-on",
        "high",
        "a.pcap",
        "a.pcap",
    ]);
    assert_eq!(run.code, 1);
    assert_eq!(run.stdout.lines().count(), 2);
    for line in run.stdout.lines() {
        let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            line.as_object_mut().unwrap().remove("capture").unwrap(),
            "a.pcap"
        );
        assert_eq!(line, json["captures"][0]["connections"][0]);
    }
    let other = folder.run(&[
        "--format",
        "ndjson",
        "--port",
        "1",
        "--fail-on",
        "high",
        "a.pcap",
    ]);
    assert_eq!((other.code, other.stdout.as_str()), (0, ""));
}

#[test]
fn ndjson_tells_a_connection_while_the_capture_goes_on() {
    let folder = Folder::new();
    let mut child = folder
        .command(&["--format", "ndjson", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let stdout = child.stdout.take().unwrap();
    let (sender, lines) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines() {
            sender.send(line.unwrap()).unwrap();
        }
    });
    stdin.write_all(&origin()).unwrap();
    stdin.flush().unwrap();
    // The pipe is still open.
    let line = lines.recv_timeout(Duration::from_secs(20)).unwrap();
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["capture"], "-");
    assert_eq!(line["findings"][0]["cause"], "reverse-dns-unanswered");
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn ndjson_goes_to_a_file_whole_and_keeps_what_was_told_before_a_bad_capture() {
    let folder = Folder::new()
        .with("a.pcap", &origin())
        .with("b.pcap", b"no capture");
    let run = folder.run(&["--format", "ndjson", "-o", "out.ndjson", "a.pcap", "b.pcap"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("cannot read b.pcap: "), "{run:?}");
    assert_eq!(folder.read("out.ndjson").lines().count(), 1);
    assert_eq!(folder.names(), ["a.pcap", "b.pcap", "out.ndjson"]);
}
