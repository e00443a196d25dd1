//! What every format shows of every recorded capture, as digests; and in full, one of each cause.
//!
//! A file in `digests/` has a line for each report: its length in bytes, its digest, and what to give
//! to `tls-stall` in `testdata` for it. With `UPDATE_DOCS=1` the files are written anew instead of
//! compared.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::Path;

use tls_stall::{CaptureReader, CaptureReport, Cause, Document};

use crate::recorded::{report, testdata};
use crate::{Annotated, TextOptions, csv, html, json, markdown, ndjson, text};

/// The recorded capture that shows each cause most clearly.
fn clearest(cause: Cause) -> &'static str {
    match cause {
        Cause::ReverseDnsUnanswered => "postfix-smtps-ptr",
        Cause::ReverseDnsSlow => "ptr-slow",
        Cause::ReverseDnsFailed => "ptr-servfail-slow",
        Cause::ForwardDnsUnanswered => "aaaa-dead",
        Cause::ForwardDnsSlow => "forward-slow",
        Cause::ForwardDnsFailed => "forward-servfail",
        Cause::ResolverSilent => "resolver-silent",
        Cause::SynLost => "syn-lost-3",
        Cause::ConnectTimeout => "connect-timeout",
        Cause::ConnectRefused => "connect-refused-icmp",
        Cause::ClientHelloLost => "hello-lost",
        Cause::ServerFlightLost => "server-flight-lost",
        Cause::ClientFlightLost => "client-flight-lost",
        Cause::PathMtuBlackHole => "mtu-black-hole",
        Cause::ZeroWindow => "zero-window",
        Cause::AddressFallback => "fallback-sequential",
        Cause::QuicFallback => "quic-fallback",
        Cause::ServerSlow => "server-frozen",
        Cause::ServerSilent => "server-silent",
        Cause::ClientIdle => "starttls-human-pause",
        Cause::UnusedConnection => "health-check",
        Cause::ProtocolMismatch => "tls-on-starttls-port",
        Cause::ServerRejected => "rejected-no-ptr",
        Cause::IdentLookup => "ident",
        Cause::RevocationLookup => "revocation",
        Cause::ProxyTunnel => "proxy-tunnel",
        Cause::ResetOnClientHello => "reset-by-server",
        Cause::TlsAlert => "alert-unknown-ca",
        Cause::CaptureArtefact => "clock-forward",
        other => panic!("which capture shows {other}?"),
    }
}

/// `document` in every format, under the name of each.
fn forms(document: &Document) -> [(&'static str, Vec<u8>); 7] {
    let [capture] = &*document.captures else {
        panic!("{} captures", document.captures.len());
    };
    let lines = capture.analysis.connections.iter();
    let lines = lines.map(|it| ndjson::line(&capture.source.path, it).unwrap());
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    let object = json::render(document).unwrap();
    assert!(object.contains(&version), "{object}");
    [
        (
            "text",
            text::render(document, &TextOptions::default()).into(),
        ),
        ("html", html::render(document).unwrap().into()),
        ("markdown", markdown::render(document).into()),
        ("csv", csv::render(document).into()),
        // A new version of the same output is the same output.
        ("json", object.replace(&version, "").into()),
        ("ndjson", lines.collect::<String>().into()),
        ("annotated", annotated(capture)),
    ]
}

/// The frames of evidence in `capture`, behind the section header, which names the version.
fn annotated(capture: &CaptureReport) -> Vec<u8> {
    let file = File::open(testdata().join(&capture.source.path)).unwrap();
    let mut reader = CaptureReader::new(file).unwrap();
    let mut annotated = Annotated::new(capture, false);
    let mut written = Vec::new();
    while let Some(frame) = reader.next_frame().unwrap() {
        written.extend(annotated.frame(&frame));
    }
    assert!(annotated.is_complete());
    written
}

/// FNV-1a of 64 bits: it tells outputs apart, and is no defence against anyone.
fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Which lines of `expected` and `found` differ, by what stands last in them.
fn changed<'a>(expected: &'a str, found: &'a str) -> Vec<&'a str> {
    let arguments = |line: &'a str| (line.get(26..).unwrap_or(line), line);
    let expected: BTreeMap<&str, &str> = expected.lines().map(arguments).collect();
    let found: BTreeMap<&str, &str> = found.lines().map(arguments).collect();
    let names = expected.keys().chain(found.keys()).copied();
    let mut names: Vec<&str> = names
        .filter(|name| expected.get(name) != found.get(name))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[test]
fn every_format_of_every_recorded_capture_stays_as_it_is() {
    let recorded = fs::read_dir(testdata().join("recorded")).unwrap();
    let mut names: Vec<String> = recorded
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    let mut files: BTreeMap<&str, String> = BTreeMap::new();
    for name in names {
        for (option, all) in [("", false), ("--all ", true)] {
            let path = format!("recorded/{name}");
            for (format, output) in forms(&report(&path, all)) {
                let (length, digest) = (output.len(), digest(&output));
                let lines = files.entry(format).or_default();
                writeln!(lines, "{length:8} {digest:016x} {option}{path}").unwrap();
            }
        }
    }

    let mut complaint = String::new();
    for (format, found) in files {
        let path = format!("src/digests/{format}.txt");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if expected == found {
            continue;
        }
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, found).unwrap();
            continue;
        }
        writeln!(complaint, "{format}:").unwrap();
        for arguments in changed(&expected, &found) {
            writeln!(complaint, "  {arguments}").unwrap();
        }
    }
    assert!(
        complaint.is_empty(),
        "the output for these is another, new, or gone:\n{complaint}\
         To see how, run `tls-stall --format FORMAT` (`--annotate OUT`) with what stands in a line, in \
         testdata, built with and without the change, and compare the two. If it is meant to be, run \
         this test again with UPDATE_DOCS=1.",
    );
}

#[test]
fn a_capture_that_changed_came_or_went_is_named() {
    let line = |digest: &str, path: &str| format!("{:8} {digest:016} {path}\n", 7);
    let before = line("1", "a.pcap") + &line("2", "--all a.pcap") + &line("3", "gone.pcap");
    let after = line("1", "a.pcap") + &line("4", "--all a.pcap") + &line("5", "new.pcap");
    assert_eq!(
        changed(&before, &after),
        ["--all a.pcap", "gone.pcap", "new.pcap"]
    );
    assert_eq!(changed(&before, &before), Vec::<&str>::new());
    // The test vector of the function's authors.
    assert_eq!(digest(b"foobar"), 0x8594_4171_f739_67e8);
}

#[test]
fn the_text_of_a_clear_capture_of_every_cause_stays_as_it_is() {
    for &cause in Cause::ALL {
        // That one is a note, which is told only where all connections are.
        let all = cause == Cause::UnusedConnection;
        let document = report(&format!("recorded/{}.pcap", clearest(cause)), all);
        let connections = &document.captures[0].analysis.connections;
        let mut findings = connections.iter().flat_map(|it| &it.findings);
        assert!(findings.any(|it| it.cause == cause), "{cause}");
        let text = text::render(&document, &TextOptions::default());
        insta::assert_snapshot!(format!("cause-{cause}"), text);
    }
}
