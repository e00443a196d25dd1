//! Every format of the reports of real captures.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use tls_stall::{Config, Document, Options, analyze_reader};

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
