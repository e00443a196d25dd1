//! Every format of the reports of real captures.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tls_stall::{CaptureReport, Comparison, Config, Document, Options, analyze_reader};

use crate::{TextOptions, csv, html, json, markdown, ndjson, text};

pub(crate) fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata")
}

/// The report of a capture in `testdata`, of every connection where `all`.
pub(crate) fn report(path: &str, all: bool) -> Document {
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
pub(crate) fn of_texts(text: &str) -> Comparison {
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

/// Whether a character can be part of a name or an address.
fn is_of_name(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '.' | '-' | '_' | ':')
}

/// Collects the addresses and names that stand in fields of `value`, and whatever in its sentences is
/// an address, a name with a dot, or was said by a host.
fn collect(key: &str, value: &Value, originals: &mut BTreeSet<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|it| collect(key, it, originals)),
        Value::Object(fields) => fields
            .iter()
            .for_each(|(key, it)| collect(key, it, originals)),
        Value::String(text) => {
            let is_field = matches!(
                key,
                "ip" | "asker" | "resolver" | "server_name" | "app" | "name" | "path"
            );
            if is_field && text != "tls-stall" {
                originals.insert(text.to_lowercase());
            }
            if matches!(key, "first_frame_time" | "version" | "path" | "check") {
                return;
            }
            for word in text.split(|it| !is_of_name(it)) {
                let word = word.trim_end_matches(['.', ':']);
                let host = word.rsplit_once(':').map_or(word, |(host, _)| host);
                for word in [word, host] {
                    let is_address = word.parse::<IpAddr>().is_ok();
                    let is_name = word.contains('.')
                        && !matches!(word, "frame.number" | "tcp.stream" | "Timeout.ident")
                        && word.chars().any(char::is_alphabetic);
                    if is_address || is_name {
                        originals.insert(word.to_lowercase());
                    }
                }
            }
        }
        _ => {}
    }
}

/// What a redacted form of `value` must not hold.
fn originals(value: &Value) -> BTreeSet<String> {
    let mut originals = BTreeSet::new();
    collect("", value, &mut originals);
    // Addresses that are the same everywhere.
    originals.retain(|it| !it.starts_with("127.0.0.") && it != "." && it != "224.0.0.251");
    originals
}

/// Where `word` stands in `text`, not as a part of another.
fn holds(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = &text[at + word.len()..];
        let after = after.trim_start_matches(['.', ':']).chars().next();
        !before.is_some_and(is_of_name) && !after.is_some_and(is_of_name)
    })
}

#[test]
fn a_redacted_report_has_no_address_name_or_word_of_the_original_in_any_format() {
    let names = fs::read_dir(testdata().join("recorded")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut paths: Vec<String> = names.map(|name| format!("recorded/{name}")).collect();
    paths.push("origin/phone-on-3g.pcap".to_owned());
    let (mut looked_for, mut said) = (0, 0);
    for path in paths {
        let document = report(&path, true);
        let originals = originals(&serde_json::to_value(&document).unwrap());
        let before = json::render(&document).unwrap().to_lowercase();
        assert!(originals.iter().any(|it| holds(&before, it)), "{path}");

        let redacted = document.redacted();
        let lines = redacted.captures[0].analysis.connections.iter();
        let lines = lines.map(|it| ndjson::line("capture1", it).unwrap());
        let options = TextOptions {
            width: 4000,
            ..TextOptions::default()
        };
        let page = html::render(&redacted).unwrap();
        let (_, page) = page.split_once("</style>").unwrap();
        for output in [
            json::render(&redacted).unwrap(),
            lines.collect(),
            text::render(&redacted, &options),
            markdown::render(&redacted),
            csv::render(&redacted),
            page.to_owned(),
        ] {
            let output = output.to_lowercase();
            for original in &originals {
                assert!(!holds(&output, original), "{path}: {original}");
            }
            for word in [
                "openssh",
                "bad gateway",
                "too many connections",
                "zen.",
                "blocked",
            ] {
                said += usize::from(before.contains(word));
                assert!(!output.contains(word), "{path}: {word}");
            }
        }
        looked_for += originals.len();
    }
    assert!(looked_for > 1000 && said > 10, "{looked_for}, {said}");
}

#[test]
fn a_redacted_comparison_has_no_address_name_or_word_of_either_capture_in_any_format() {
    let mut pairs = vec![["origin/phone-on-3g", "origin/phone-on-wifi"].map(ToOwned::to_owned)];
    for entry in fs::read_dir(testdata().join("recorded")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let server = name.strip_suffix("-client.pcap");
        let server = server.filter(|it| testdata().join(format!("recorded/{it}.pcap")).exists());
        if let Some(server) = server {
            let ends = ["-client", ""];
            pairs.push(ends.map(|end| format!("recorded/{server}{end}")));
        }
    }
    let (mut looked_for, mut told) = (0, 0);
    for pair in &pairs {
        let mut reports = pair
            .each_ref()
            .map(|path| report(&format!("{path}.pcap"), true));
        let options = reports[0].options.clone();
        let captures = reports.each_mut().map(|it| it.captures.remove(0));
        let comparison = Comparison::new(options, captures);
        let originals = originals(&serde_json::to_value(&comparison).unwrap());
        told += usize::from(originals.iter().any(|it| {
            let mut summaries = comparison.pairs.iter().map(|pair| &pair.summary);
            summaries.any(|summary| holds(summary, it))
        }));
        let before = json::comparison(&comparison).unwrap().to_lowercase();
        assert!(originals.iter().all(|it| before.contains(it)), "{pair:?}");

        let redacted = comparison.redacted();
        let options = TextOptions {
            width: 4000,
            ..TextOptions::default()
        };
        let page = html::comparison(&redacted).unwrap();
        let (_, page) = page.split_once("</style>").unwrap();
        for output in [
            json::comparison(&redacted).unwrap(),
            text::comparison(&redacted, &options),
            markdown::comparison(&redacted),
            page.to_owned(),
        ] {
            let output = output.to_lowercase();
            for original in &originals {
                assert!(!holds(&output, original), "{pair:?}: {original}");
            }
        }
        looked_for += originals.len();
    }
    assert!(looked_for > 200 && told > 0, "{looked_for}, {told}");
}
