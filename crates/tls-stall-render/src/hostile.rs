//! What a hostile name or banner can do in a report, whatever its format: nothing.

use tls_stall::{Frame, LinkType, Timestamp};

use crate::escape::is_deceptive;
use crate::{Annotated, TextOptions, csv, example, html, json, markdown, ndjson, recorded, text};

/// Texts as hosts may send them: for a terminal, for the eye, for a browser, for a spreadsheet.
const TEXTS: [&str; 6] = [
    "\x1b]0;owned\x07\x1b[2J\u{9b}31m\r\n\0\u{7f}",
    "moc.elpmaxe\u{202e}\u{2066}\u{200b}\u{feff}\u{2028}",
    "\"'></style><script>alert(1)</script><img src=x onerror=alert(1)>",
    "=cmd|' /C calc'!A1",
    "+1\t-1\t@SUM(1+1)*cmd|' /C calc'!A0",
    "`x` | ```\n# y\n[z](javascript:alert(1)) <b>",
];

/// No display filter is longer than the texts that are tried in its place.
const MAX_FILTER: usize = 1000;

/// Every form in which people or programs read a report that says `text` wherever it can.
fn forms(text: &str) -> Vec<(&'static str, String)> {
    let (mut document, mut comparison) = (example::of_texts(text), recorded::of_texts(text));
    if text.len() > MAX_FILTER {
        // Filters are made by the analysis, of numbers.
        for connection in &mut document.captures[0].analysis.connections {
            let findings = connection.findings.iter_mut();
            findings.for_each(|finding| finding.display_filter.clear());
        }
        let pairs = comparison.pairs.iter_mut();
        pairs.for_each(|pair| pair.display_filter = Default::default());
    }
    let options = TextOptions::default();
    let lines = document.captures[0].analysis.connections.iter();
    vec![
        ("text", text::render(&document, &options)),
        ("html", html::render(&document).unwrap()),
        ("markdown", markdown::render(&document)),
        ("csv", csv::render(&document)),
        ("json", json::render(&document).unwrap()),
        (
            "ndjson",
            lines.map(|it| ndjson::line(text, it).unwrap()).collect(),
        ),
        ("compare text", text::comparison(&comparison, &options)),
        ("compare html", html::comparison(&comparison).unwrap()),
        ("compare markdown", markdown::comparison(&comparison)),
        ("compare json", json::comparison(&comparison).unwrap()),
        ("annotated", annotated(text)),
    ]
}

/// The comments of an annotated capture; its numbers are no text.
fn annotated(text: &str) -> String {
    let document = example::of_texts(text);
    let capture = &document.captures[0];
    let number = capture.analysis.connections[0].findings[0].evidence[0].frame;
    let mut annotated = Annotated::new(capture, false);
    let mut blocks = annotated.beginning();
    let time = Timestamp::from_nanos(0);
    blocks.extend(annotated.frame(&Frame::new(number, time, LinkType::RAW, b"")));
    let blocks = String::from_utf8_lossy(&blocks);
    let comments = blocks.split(|it: char| it.is_ascii_control() && it != '\x1b');
    let comments = comments.filter(|comment| comment.len() > 8);
    comments.collect::<Vec<_>>().join("\n")
}

#[test]
fn no_text_of_a_capture_reaches_the_reader_of_any_format_but_as_text() {
    for hostile in TEXTS {
        for (form, output) in forms(hostile) {
            // The lines of CSV end so (RFC 4180).
            let output = output.replace("\r\n", "\n");
            let deceptive = |it: char| it != '\n' && is_deceptive(it);
            assert!(!output.contains(deceptive), "{form}: {output}");
            assert!(output.lines().count() > 1, "{form} is empty");
            match form {
                "html" | "compare html" => {
                    html::tests::well_formed(&output);
                    assert!(!output.contains("<script") && !output.contains("<img"));
                }
                "markdown" | "compare markdown" => markdown::tests::is_harmless(&output),
                "csv" => {
                    for start in ["\"=", "\"+", "\"-", "\"@", ",=", ",+", ",@"] {
                        assert!(!output.contains(start), "{start}: {output}");
                    }
                }
                "ndjson" => {
                    for line in output.lines() {
                        let value: serde_json::Value = serde_json::from_str(line).unwrap();
                        assert_eq!(value["capture"], hostile);
                    }
                }
                _ => {}
            }
        }
    }
}

#[test]
fn a_banner_of_64_kilobytes_fills_no_report_that_people_read() {
    let banner = "220 ".to_owned() + &"A".repeat(64 * 1024);
    for (form, output) in forms(&banner) {
        match form {
            "json" | "ndjson" | "compare json" => assert!(output.contains(&banner), "{form}"),
            // A cell holds 32,767 characters.
            "csv" => assert!(!output.contains(&"A".repeat(32_768))),
            _ => assert!(!output.contains(&"A".repeat(4_001)), "{form}"),
        }
    }
}
