//! For code scanning: SARIF 2.1.0, the OASIS format of static analysis results.
//!
//! Its parts that are needed are spelled out here: the crate that has all of them generates itself
//! from the schema when it is built, with three versions of a Rust parser. The test holds what is
//! written to that schema.

use std::io;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;
use tls_stall_render::escape;

use crate::difference::{Difference, DifferenceKind};
use crate::place::Place;
use crate::report::{CheckReport, CheckedCapture, Verdict};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// A log of one run, with a result for each difference.
///
/// Where a capture is known to differ its results are suppressed; one that could not be read is a
/// notification, and the run then did not succeed.
///
/// # Errors
///
/// If the JSON cannot be written, which does not happen in memory.
pub fn render(report: &CheckReport) -> io::Result<String> {
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [run(report)],
    };
    Ok(serde_json::to_string_pretty(&log)? + "\n")
}

fn run(report: &CheckReport) -> Run {
    let mut results = Vec::new();
    let mut notifications = Vec::new();
    for capture in &report.captures {
        let (differences, reason) = match &capture.verdict {
            Verdict::AsExpected => continue,
            Verdict::Differs(differences) => (differences, None),
            Verdict::KnownToDiffer {
                differences,
                reason,
            } => (differences, Some(reason)),
            Verdict::Unreadable(reason) => {
                notifications.push(Notification {
                    level: "error",
                    message: Text::of(&format!("cannot read {}: {reason}", capture.path)),
                    locations: [location(capture, None)],
                });
                continue;
            }
        };
        results.extend(differences.iter().map(|it| result(capture, it, reason)));
    }
    Run {
        tool: Tool {
            driver: Driver {
                name: "tls-stall",
                version: env!("CARGO_PKG_VERSION"),
                information_uri: env!("CARGO_PKG_REPOSITORY"),
                rules: DifferenceKind::ALL.iter().copied().map(rule).collect(),
            },
        },
        invocations: [Invocation {
            execution_successful: notifications.is_empty(),
            tool_execution_notifications: notifications,
        }],
        column_kind: "unicodeCodePoints",
        results,
    }
}

fn rule(kind: DifferenceKind) -> Rule {
    Rule {
        id: kind.name(),
        short_description: Text::of(kind.headline()),
    }
}

fn result(capture: &CheckedCapture, difference: &Difference, reason: Option<&String>) -> ResultOf {
    let mut message = format!(
        "{}: expected {}; found {}",
        capture.path, difference.expected, difference.found
    );
    if let Some(filter) = difference.display_filter() {
        message.push_str("; in Wireshark: ");
        message.push_str(&filter);
    }
    let rules = DifferenceKind::ALL.iter();
    ResultOf {
        rule_id: difference.kind.name(),
        rule_index: rules.take_while(|kind| **kind != difference.kind).count(),
        level: "error",
        message: Text::of(&message),
        locations: [location(capture, Some(difference))],
        suppressions: reason.map(|reason| {
            [Suppression {
                kind: "external",
                justification: escape(reason).into_owned(),
            }]
        }),
    }
}

fn location(capture: &CheckedCapture, difference: Option<&Difference>) -> Location {
    let (file, place) = capture.location(difference);
    Location {
        physical_location: PhysicalLocation {
            artifact_location: ArtifactLocation { uri: uri(file) },
            region: place.map(|Place { line, column }| Region {
                start_line: line,
                start_column: column,
            }),
        },
    }
}

/// What a path may not hold as it is in the URI of a file; a colon would make a scheme of what is
/// before it.
const RESERVED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b':')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The reference of the file at `path`: relative as that is, so that it is found in the repository.
fn uri(path: &str) -> String {
    let path = if cfg!(windows) {
        path.replace('\\', "/")
    } else {
        path.to_owned()
    };
    let encoded = utf8_percent_encode(&path, RESERVED).to_string();
    if path.starts_with('/') {
        format!("file://{encoded}")
    } else {
        encoded
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    invocations: [Invocation; 1],
    column_kind: &'static str,
    results: Vec<ResultOf>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    version: &'static str,
    information_uri: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Text,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Text,
    locations: [Location; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultOf {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Text,
    locations: [Location; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressions: Option<[Suppression; 1]>,
}

#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    justification: String,
}

/// A message.
#[derive(Serialize)]
struct Text {
    text: String,
}

impl Text {
    fn of(text: &str) -> Self {
        Self {
            text: escape(text).into_owned(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::hostile;

    #[test]
    fn each_difference_is_a_result() {
        let log = render(&hostile()).unwrap();
        insta::assert_snapshot!(log.replace(env!("CARGO_PKG_VERSION"), "0.0.0"));
    }

    #[test]
    fn the_log_is_valid_by_the_schema_of_oasis() {
        let schema = include_str!("../tests/sarif-schema-2.1.0.json");
        // A bracket that nothing opened, which is no regular expression where Unicode is meant.
        let schema = schema.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}\\\\]?$");
        let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&schema)
            .unwrap();
        for report in [CheckReport::default(), hostile()] {
            let log: serde_json::Value = serde_json::from_str(&render(&report).unwrap()).unwrap();
            let errors: Vec<String> = validator
                .iter_errors(&log)
                .map(|it| it.to_string())
                .collect();
            assert_eq!(errors, Vec::<String>::new());
        }
        let without_message = serde_json::json!({
            "version": "2.1.0",
            "runs": [{ "tool": { "driver": { "name": "x" } }, "results": [{}] }],
        });
        assert!(
            !validator.is_valid(&without_message),
            "the schema can refuse"
        );
    }

    #[test]
    fn a_path_is_a_reference_that_cannot_be_taken_for_a_scheme_or_a_query() {
        assert_eq!(uri("a/b.pcap"), "a/b.pcap");
        assert_eq!(uri("http://x?#é%"), "http%3A//x%3F%23%C3%A9%25");
        assert_eq!(uri("/tmp/a b"), "file:///tmp/a%20b");
    }
}
