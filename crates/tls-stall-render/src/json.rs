//! A report as JSON; `docs/json.md` describes it for its readers.

use std::fmt::Write as _;
use std::io;

use tls_stall::{Comparison, Document};

use crate::escape::is_deceptive;

/// `document` as one JSON object over several lines, with a newline at its end.
///
/// The same document gives the same bytes. In its strings, characters that could deceive a terminal
/// stand as `\u` escapes, which every JSON reader turns back into themselves.
///
/// # Errors
///
/// Where a value has no JSON form; none of a document that the library made lacks one.
pub fn render(document: &Document) -> io::Result<String> {
    let mut text = serde_json::to_string_pretty(document)?;
    text.push('\n');
    Ok(escape_strings(text))
}

/// `comparison` as one JSON object, as [`render`] makes it of a document.
///
/// # Errors
///
/// Where a value has no JSON form; none of a comparison that the library made lacks one.
pub fn comparison(comparison: &Comparison) -> io::Result<String> {
    let mut text = serde_json::to_string_pretty(comparison)?;
    text.push('\n');
    Ok(escape_strings(text))
}

/// `json` with every deceptive character but the newlines of its layout as a `\u` escape.
///
/// Outside strings JSON has nothing but ASCII, and within them no newline, so that the replaced
/// characters all stand in strings.
pub(crate) fn escape_strings(json: String) -> String {
    let deceptive = |character| character != '\n' && is_deceptive(character);
    if !json.contains(deceptive) {
        return json;
    }
    let mut escaped = String::with_capacity(json.len() + 64);
    for character in json.chars() {
        if deceptive(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(character);
        }
    }
    escaped
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;
    use tls_stall::{Config, FrameNumber, LookupAnswer, Options, Source, SourceFile, Span};

    use super::*;
    use crate::example;

    #[test]
    fn a_whole_document_stays_as_it_is() {
        insta::assert_snapshot!(render(&example::stalled()).unwrap());
    }

    #[test]
    fn a_hostile_name_is_shown_escaped_and_read_back_as_it_was() {
        let hostile = "a\u{202e}\u{9b}31m\x7f\u{e0041}\u{2028}\"\\\n.example";
        let mut document = example::stalled();
        document.captures[0].source = Source::new(hostile, "pcap");
        document.captures[0].analysis.connections[0].server_name = Some(hostile.to_owned());

        let text = render(&document).unwrap();
        assert!(!text.contains(|character| character != '\n' && is_deceptive(character)));
        let value: Value = serde_json::from_str(&text).unwrap();
        let capture = &value["captures"][0];
        assert_eq!(capture["path"], hostile);
        assert_eq!(capture["connections"][0]["server_name"], hostile);
    }

    #[test]
    fn a_nanosecond_is_not_lost() {
        let mut config = Config::default();
        config.stall_threshold = Span::from_nanos(8_380_000_000_000_001);
        let document = Document::new(Options::from(&config), Vec::new());
        assert!(render(&document).unwrap().contains("8380000.000000001\n"));
    }

    #[test]
    fn every_key_is_described_in_the_documentation() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/json.md");
        let page = std::fs::read_to_string(page).unwrap();
        let mut document = example::stalled();
        let capture = &mut document.captures[0];
        capture.source.files.push(SourceFile::new("a.pcap", "pcap"));
        let answer = LookupAnswer::new(
            FrameNumber::MIN,
            Span::ZERO,
            [10, 0, 0, 1].into(),
            "NXDOMAIN",
        );
        capture.analysis.lookups[0].answers.push(answer);
        let document = serde_json::from_str(&render(&document).unwrap()).unwrap();
        let mut keys = BTreeSet::new();
        collect_keys(&document, &mut keys);
        assert!(keys.contains("rcode") && keys.contains("last_frame"));
        assert!(keys.contains("server_fin"));
        keys.retain(|key| !page.contains(&format!("`{key}`")));
        assert_eq!(keys, BTreeSet::new());
    }

    pub(crate) fn collect_keys(value: &Value, keys: &mut BTreeSet<String>) {
        match value {
            Value::Object(object) => {
                for (key, value) in object {
                    keys.insert(key.clone());
                    collect_keys(value, keys);
                }
            }
            Value::Array(values) => values.iter().for_each(|value| collect_keys(value, keys)),
            _ => {}
        }
    }

    #[test]
    fn the_document_ends_in_one_newline() {
        let text = render(&example::stalled()).unwrap();
        assert!(text.ends_with("}\n") && !text.ends_with("\n\n"));
    }
}
