//! Two captures side by side: `tls-stall compare`.

use std::fs;

use crate::origin_pair;

#[test]
fn two_captures_are_compared_in_every_form() {
    let folder = origin_pair();
    for (format, beginning) in [
        ("text", "here   failing.pcap: "),
        ("json", "{\n  \"schema_version\": 1,"),
        ("html", "<!DOCTYPE html>\n"),
        ("markdown", "- here: `failing.pcap`: "),
    ] {
        let args = [
            "compare",
            "failing.pcap",
            "healthy.pcap",
            "--format",
            format,
        ];
        let run = folder.run(&args);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{format}");
        assert!(run.stdout.starts_with(beginning), "{format}: {run:?}");
        assert!(run.stdout.contains("reverse-dns-unanswered"), "{format}");
    }
    let piped = ["compare", "-", "healthy.pcap", "--color", "always"];
    let piped = folder.run_from("failing.pcap", &piped);
    assert!(piped.stdout.contains('\x1b'), "{piped:?}");
}

#[test]
fn only_the_connections_asked_for_are_compared() {
    let folder = origin_pair();
    let streams = |options: &[&str]| {
        let compare = [
            "compare",
            "failing.pcap",
            "healthy.pcap",
            "--format",
            "json",
        ];
        let run = folder.run(&[&compare, options].concat());
        let value: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let pairs = value["pairs"].as_array().unwrap().iter();
        let streams = pairs.map(|pair| pair["tcp_stream"].to_string());
        streams.collect::<Vec<_>>()
    };
    assert_eq!(streams(&[]), ["[2,2]", "[0,0]"]);
    assert_eq!(streams(&["--tcp-stream", "2"]), ["[2,2]"]);
    assert_eq!(streams(&["--port", "443"]), ["[0,0]"]);
    assert_eq!(streams(&["--server", "203.0.113.25:465"]), ["[2,2]"]);
}

#[test]
fn captures_that_cannot_be_compared_are_complained_of() {
    let folder = origin_pair().with("text", b"no capture");
    for (args, complaint) in [
        (["failing.pcap", "none.pcap"], "cannot read none.pcap: "),
        (["text", "healthy.pcap"], "cannot read text: "),
        (
            ["-", "-"],
            "cannot read standard input: it is given for both",
        ),
    ] {
        let run = folder.run(&[&["compare"], &args[..]].concat());
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
        assert!(run.stderr.contains(complaint), "{run:?}");
    }
    let overwriting = [
        "compare",
        "failing.pcap",
        "healthy.pcap",
        "-o",
        "healthy.pcap",
    ];
    let before = fs::read(folder.path("healthy.pcap")).unwrap();
    let run = folder.run(&overwriting);
    assert_eq!(run.code, 2);
    assert_eq!(fs::read(folder.path("healthy.pcap")).unwrap(), before);
    assert_eq!(folder.run(&["compare", "failing.pcap"]).code, 2);
}
