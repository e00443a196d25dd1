//! The committed schemas are what the types give, and what is written holds to them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::{Value, json};
use tls_stall::{CaptureReport, Comparison, Config, Document, Options, analyze_reader};

use super::*;
use crate::json;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The path of every recorded capture, and of those of the origin.
fn captures() -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for folder in ["recorded", "origin"] {
        for entry in fs::read_dir(root().join("testdata").join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|it| it != "md") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    paths
}

fn capture(path: &Path, all: bool) -> CaptureReport {
    let mut config = Config::default();
    config.keep_all = all;
    let name = path.file_name().unwrap().to_str().unwrap();
    analyze_reader(name, File::open(path).unwrap(), &config).unwrap()
}

fn document(captures: Vec<CaptureReport>) -> Document {
    Document::new(Options::from(&Config::default()), captures)
}

/// The schema of this very version: no key and no name but those that it knows.
fn closed(schema: &str) -> Validator {
    let mut schema: Value = serde_json::from_str(schema).unwrap();
    close(&mut schema);
    jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap()
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(keywords) => {
            keywords.values_mut().for_each(close);
            if keywords.get("properties").is_some_and(Value::is_object) {
                keywords.insert("additionalProperties".to_owned(), false.into());
            }
            if let Some(Value::Array(alternatives)) = keywords.get_mut("anyOf") {
                alternatives
                    .retain(|it| it["description"] != "A name that came with a later version.");
            }
        }
        Value::Array(values) => values.iter_mut().for_each(close),
        _ => {}
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[track_caller]
fn holds(validator: &Validator, value: &Value, name: &Path) {
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(errors, Vec::<String>::new(), "{}", name.display());
}

#[test]
fn the_committed_schemas_are_what_the_types_give() {
    let schemas = [
        ("report", report()),
        ("ndjson", ndjson()),
        ("comparison", comparison()),
    ];
    for (name, schema) in schemas {
        let path = root().join(format!("docs/schemas/{name}.schema.json"));
        let right = schema.unwrap();
        let committed = fs::read_to_string(&path).unwrap_or_default();
        if committed != right && std::env::var_os("UPDATE_DOCS").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, right).unwrap();
        } else {
            let path = path.display();
            assert!(committed == right, "{path}: run again with UPDATE_DOCS=1");
        }
    }
}

#[test]
fn reports_and_lines_of_all_real_captures_hold_to_schemas_that_allow_nothing_more() {
    let (of_report, of_line) = (closed(&report().unwrap()), closed(&ndjson().unwrap()));
    let (mut reports, mut lines) = (0, 0);
    for path in captures() {
        for all in [false, true] {
            let document = document(vec![capture(&path, all)]);
            for document in [document.clone().redacted(), document] {
                let text = json::render(&document).unwrap();
                holds(&of_report, &parsed(&text), &path);
                reports += 1;
                for connection in &document.captures[0].analysis.connections {
                    let line = crate::ndjson::line("capture", connection).unwrap();
                    holds(&of_line, &parsed(&line), &path);
                    lines += 1;
                }
            }
        }
    }
    assert!(reports > 200 && lines > 400, "{reports}, {lines}");
}

#[test]
fn comparisons_of_real_captures_hold_to_a_schema_that_allows_nothing_more() {
    let of_comparison = closed(&comparison().unwrap());
    let (mut compared, mut ends) = (0, 0);
    let mut compare = |paths: [&Path; 2]| {
        let captures = paths.map(|path| capture(path, true));
        let comparison = Comparison::new(Options::from(&Config::default()), captures);
        ends += comparison
            .pairs
            .iter()
            .filter(|it| it.ends.is_some())
            .count();
        let text = json::comparison(&comparison).unwrap();
        holds(&of_comparison, &parsed(&text), paths[0]);
        compared += 1;
    };
    let captures = captures();
    // Neighbours by name: the two ends of one connection stand side by side, and so do likes.
    for (first, second) in captures.iter().zip(captures.iter().skip(1)) {
        compare([first, second]);
    }
    assert!(compared > 100 && ends > 20, "{compared}, {ends}");
}

#[test]
fn a_merged_capture_holds_to_the_schema() {
    let mut capture = capture(&root().join("testdata/origin/phone-on-3g.pcap"), true);
    let mut file = tls_stall::SourceFile::new("a.pcap", "pcap");
    file.first_frame = Some(tls_stall::FrameNumber::MIN);
    let empty = tls_stall::SourceFile::new("b.pcap", "pcap");
    capture.source.files = vec![file, empty];
    let text = json::render(&document(vec![capture])).unwrap();
    holds(
        &closed(&report().unwrap()),
        &parsed(&text),
        Path::new("merged"),
    );
}

/// A report with one value put in the place of another, at a JSON pointer to its parent.
fn altered(parent: &str, alter: impl FnOnce(&mut Value)) -> Value {
    let capture = capture(&root().join("testdata/origin/phone-on-3g.pcap"), true);
    let mut value = parsed(&json::render(&document(vec![capture])).unwrap());
    alter(value.pointer_mut(parent).unwrap());
    value
}

#[test]
fn a_later_version_may_add_keys_and_names_and_only_the_closed_schema_minds() {
    let open = jsonschema::validator_for(&parsed(&report().unwrap())).unwrap();
    let closed = closed(&report().unwrap());
    let connection = "/captures/0/connections/0";
    let additions = [
        altered("", |it| it["new"] = json!(1)),
        altered("/captures/0", |it| it["new"] = json!(1)),
        altered("/captures/0/summary", |it| it["new"] = json!(1)),
        altered("/captures/0/summary/causes", |it| {
            it["new-cause"] = json!(1);
        }),
        altered("/captures/0/lookups/0/queries/0", |it| it["new"] = json!(1)),
        altered(connection, |it| it["new"] = json!(1)),
        altered(connection, |it| it["outcome"] = json!("new-outcome")),
        altered(connection, |it| {
            it["milestones"]["new_one"] = it["milestones"]["syn"].clone();
        }),
        altered("/captures/0/connections/0/waits/0", |it| {
            it["ended_by"] = json!("new_end");
        }),
    ];
    for (number, value) in additions.iter().enumerate() {
        assert!(open.is_valid(value), "{number}");
        assert!(!closed.is_valid(value), "{number}");
    }
}

#[test]
fn what_would_break_a_reader_breaks_the_schema() {
    let open = jsonschema::validator_for(&parsed(&report().unwrap())).unwrap();
    let connection = "/captures/0/connections/0";
    let breaks = [
        altered("", |it| it["schema_version"] = json!(2)),
        altered("", |it| {
            drop(it.as_object_mut().unwrap().remove("captures"));
        }),
        altered(connection, |it| {
            drop(it.as_object_mut().unwrap().remove("server_name"));
        }),
        altered(connection, |it| it["tcp_stream"] = json!("0")),
        altered(connection, |it| it["outcome"] = Value::Null),
        altered("/captures/0/connections/0/waits/0", |it| {
            it["duration_s"] = json!("1 s");
        }),
        altered("/captures/0/connections/0/waits/0", |it| {
            it["from_frame"] = json!(0);
        }),
    ];
    for (number, value) in breaks.iter().enumerate() {
        assert!(!open.is_valid(value), "{number}");
    }
}

/// Calls `see` with each property of each object in `schema`, and its key.
fn properties(schema: &Value, see: &mut dyn FnMut(&str, &Value)) {
    match schema {
        Value::Object(keywords) => {
            if let Some(Value::Object(properties)) = keywords.get("properties") {
                properties.iter().for_each(|(key, it)| see(key, it));
            }
            keywords.values().for_each(|it| properties(it, see));
        }
        Value::Array(values) => values.iter().for_each(|it| properties(it, see)),
        _ => {}
    }
}

#[test]
fn every_key_is_described_without_a_word_of_rust_and_every_length_in_seconds() {
    let mut seen = 0;
    for schema in [report(), ndjson(), comparison()] {
        let schema = schema.unwrap();
        for word in ["None", "crate::", "](", "```", "[`", "uint"] {
            assert!(!schema.contains(word), "{word}");
        }
        properties(&parsed(&schema), &mut |key, property| {
            let description = property["description"].as_str().unwrap_or_default();
            assert!(
                description.ends_with('.') || description.ends_with('`'),
                "{key}: {description}"
            );
            assert_eq!(
                description.ends_with("In seconds."),
                key.ends_with("_s"),
                "{key}"
            );
            seen += 1;
        });
    }
    assert!(seen > 200, "{seen}");
}
