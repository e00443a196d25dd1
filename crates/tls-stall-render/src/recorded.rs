//! Every format of the reports of real captures.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use tls_stall::{CaptureReport, Comparison, Config, Document, Options, analyze_reader};

use crate::{TextOptions, csv, html, json, markdown, text};

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata")
}

/// The report of a capture in `testdata`, of every connection where `all`.
fn report(path: &str, all: bool) -> Document {
    let mut config = Config::default();
    config.keep_all = all;
    let file = File::open(testdata().join(path)).unwrap();
    let report = analyze_reader(path, file, &config).unwrap();
    Document::new(Options::from(&config), vec![report])
}

#[test]
fn every_recorded_capture_is_shown_in_every_format() {
    let mut shown = 0;
    for entry in fs::read_dir(testdata().join("recorded")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        for all in [false, true] {
            let document = report(&format!("recorded/{name}"), all);
            let findings = document
                .captures
                .iter()
                .flat_map(|it| &it.analysis.connections);
            let rows: usize = findings.map(|it| it.findings.len().max(1)).sum();

            html::tests::well_formed(&html::render(&document).unwrap());
            let rows_of_csv = csv::render(&document).matches("\r\n").count();
            assert_eq!(rows_of_csv, rows + 1, "{name}");
            assert!(
                markdown::render(&document).starts_with("## `recorded/"),
                "{name}"
            );
            assert!(json::render(&document).unwrap().ends_with("}\n"), "{name}");
            for width in [40, 80, 132] {
                let options = TextOptions {
                    width,
                    ascii: all,
                    ..TextOptions::default()
                };
                for line in text::render(&document, &options).lines() {
                    let filter = line.contains("frame.number in") || line.contains("tcp.stream ");
                    let columns = textwrap::core::display_width(line);
                    assert!(
                        columns <= width || filter,
                        "{name}, {columns} columns: {line}"
                    );
                    assert!(line.is_ascii() || !all, "{name}: {line}");
                }
            }
        }
        shown += 1;
    }
    assert!(shown > 50, "{shown}");
}

#[test]
fn text_of_real_captures_stays_as_it_is() {
    for name in [
        "origin/phone-on-3g",
        "recorded/postfix-smtps-ptr",
        "recorded/ptr-two-servers",
        "recorded/syn-lost-3",
        "recorded/connect-refused-icmp",
        "recorded/healthy-tls-1-3",
    ] {
        let document = report(&format!("{name}.pcap"), false);
        let text = text::render(&document, &TextOptions::default());
        insta::assert_snapshot!(format!("text-{}", name.replace('/', "-")), text);
    }
}

#[test]
fn other_formats_of_a_real_capture_stay_as_they_are() {
    let document = report("origin/phone-on-3g.pcap", false);
    insta::assert_snapshot!("markdown-origin", markdown::render(&document));
    insta::assert_snapshot!("csv-origin", csv::render(&document).replace("\r\n", "\n"));
    let page = html::render(&document).unwrap();
    let (_, body) = page.split_once("</style>").unwrap();
    insta::assert_snapshot!("html-origin", body);
}

/// Two captures in `testdata` side by side.
fn comparison(paths: [&str; 2]) -> Comparison {
    let captures: [CaptureReport; 2] = paths.map(|path| report(path, true).captures.remove(0));
    Comparison::new(Options::from(&Config::default()), captures)
}

fn origin() -> Comparison {
    comparison(["origin/phone-on-3g.pcap", "origin/phone-on-wifi.pcap"])
}

fn both_ends() -> Comparison {
    let name = "recorded/server-flight-lost";
    comparison([&format!("{name}-client.pcap"), &format!("{name}.pcap")])
}

#[test]
fn comparisons_stay_as_they_are() {
    let options = TextOptions::default();
    insta::assert_snapshot!("compare-text-origin", text::comparison(&origin(), &options));
    insta::assert_snapshot!(
        "compare-text-ends",
        text::comparison(&both_ends(), &options)
    );
    insta::assert_snapshot!("compare-markdown-origin", markdown::comparison(&origin()));
    insta::assert_snapshot!("compare-markdown-ends", markdown::comparison(&both_ends()));
    let page = html::comparison(&origin()).unwrap();
    let (_, body) = page.split_once("</style>").unwrap();
    insta::assert_snapshot!("compare-html-origin", body);
    let mut value: serde_json::Value =
        serde_json::from_str(&json::comparison(&both_ends()).unwrap()).unwrap();
    value.as_object_mut().unwrap().remove("captures");
    let value = serde_json::to_string_pretty(&value).unwrap();
    insta::assert_snapshot!("compare-json-ends", value);
}

#[test]
fn every_recorded_pair_of_ends_is_shown_in_every_format_and_every_key_is_documented() {
    let page = fs::read_to_string(testdata().join("../docs/json.md")).unwrap();
    let (mut shown, mut missing) = (0, std::collections::BTreeSet::new());
    for entry in fs::read_dir(testdata().join("recorded")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(server) = name.strip_suffix("-client.pcap") else {
            continue;
        };
        let server = format!("recorded/{server}.pcap");
        if !testdata().join(&server).exists() {
            continue;
        }
        let comparison = comparison([&format!("recorded/{name}"), &server]);
        html::tests::well_formed(&html::comparison(&comparison).unwrap());
        assert!(markdown::comparison(&comparison).starts_with("- here: "));
        let value = json::comparison(&comparison).unwrap();
        let value: serde_json::Value = serde_json::from_str(&value).unwrap();
        json::tests::collect_keys(&value, &mut missing);
        for (width, ascii) in [(40, false), (80, true), (132, false)] {
            let options = TextOptions {
                width,
                ascii,
                ..TextOptions::default()
            };
            for line in text::comparison(&comparison, &options).lines() {
                let filter = line.contains("frame.number in") || line.contains("tcp.stream ");
                let columns = textwrap::core::display_width(line);
                assert!(columns <= width || filter, "{name}, {columns}: {line}");
                assert!(line.is_ascii() || !ascii, "{name}: {line}");
            }
        }
        shown += 1;
    }
    assert!(shown > 20, "{shown}");
    missing.retain(|key| !page.contains(&format!("`{key}`")));
    missing.retain(|key| {
        tls_stall::Cause::ALL
            .iter()
            .all(|cause| cause.name() != key)
    });
    assert_eq!(missing, std::collections::BTreeSet::new());
}

/// The origin's pair, every text of which is `text`.
fn of_texts(text: &str) -> Comparison {
    let mut comparison = origin();
    for capture in &mut comparison.captures {
        capture.source.path = text.to_owned();
        for connection in &mut capture.analysis.connections {
            connection.server_name = Some(text.to_owned());
            for finding in &mut connection.findings {
                finding.summary = text.to_owned();
                for evidence in &mut finding.evidence {
                    evidence.message = text.to_owned();
                }
            }
        }
    }
    for pair in &mut comparison.pairs {
        pair.summary = text.to_owned();
        pair.display_filter = [text.to_owned(), text.to_owned()];
        for lookup in &mut pair.lookups {
            lookup.names = [Some(text.to_owned()), Some(format!("{text}2"))];
            lookup.record_type = text.to_owned();
        }
    }
    comparison
}

#[test]
fn a_hostile_text_is_only_text_in_every_form_of_a_comparison() {
    let hostile = "<script>alert(1)</script>\u{202e}\x1b[2J\n| a | `b` @c";
    let comparison = of_texts(hostile);
    let page = html::comparison(&comparison).unwrap();
    assert!(html::tests::well_formed(&page).contains("&lt;script&gt;"));
    assert!(!page.contains("<script"));
    let options = TextOptions::default();
    let forms = [
        page,
        text::comparison(&comparison, &options),
        markdown::comparison(&comparison),
        json::comparison(&comparison).unwrap(),
    ];
    for form in forms {
        assert!(!form.contains(['\u{202e}', '\x1b']), "{form}");
    }
    markdown::tests::is_harmless(&markdown::comparison(&comparison));
}

#[test]
fn captures_without_anything_in_common_say_so() {
    let comparison = comparison(["recorded/healthy-tls-1-3.pcap", "recorded/ident.pcap"]);
    let text = text::comparison(&comparison, &TextOptions::default());
    assert!(text.contains("has a counterpart in the other"), "{text}");
    assert!(text.contains("Only here: 1 TLS connection") && text.contains("Only there"));
}
