//! The JSON Schema of the file: `docs/schemas/expectations.schema.json`.

use std::fs;
use std::path::{Path, PathBuf};

use schemars::{Schema, SchemaGenerator, generate::SchemaSettings, json_schema};
use serde_json::{Value, json};
use tls_stall::{Cause, Confidence, Party, Phase};

use super::File;

/// An enumeration whose values have names.
pub(super) trait Named: 'static {
    fn names() -> Vec<&'static str>;
}

macro_rules! named {
    ($($type:ty),+) => { $(
        impl Named for $type {
            fn names() -> Vec<&'static str> {
                <$type>::ALL.iter().map(|value| value.name()).collect()
            }
        }
    )+ };
}
named!(Cause, Confidence, Party, Phase);

pub(super) fn names<T: Named>(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": T::names() })
}

/// A length for each of some phases.
pub(super) fn max_wait(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "propertyNames": { "enum": Phase::names() },
        "additionalProperties": { "type": "string" },
    })
}

pub(super) fn names_a_connection(schema: &mut Schema) {
    let keys = ["server", "server_name", "tcp_stream"];
    let any: Vec<Value> = keys
        .iter()
        .map(|key| json!({ "required": [key] }))
        .collect();
    schema.insert("anyOf".to_owned(), any.into());
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    generator.into_root_schema_for::<File>().to_value()
}

fn as_json(toml: &str) -> Value {
    let table: toml::Table = toml.parse().unwrap();
    serde_json::to_value(table).unwrap()
}

#[test]
fn the_committed_schema_is_that_of_the_types() {
    let path = root().join("docs/schemas/expectations.schema.json");
    let right = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &right).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == right,
        "run again with UPDATE_DOCS=1; it should be\n{right}"
    );
}

#[test]
fn the_expectations_of_testdata_are_valid() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let text = fs::read_to_string(root().join("testdata/tls-stall.toml")).unwrap();
    let mistakes: Vec<String> = validator
        .iter_errors(&as_json(&text))
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(mistakes, Vec::<String>::new());
}

#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    for toml in [
        "threshold = '1s'",
        "[[capture]]",
        "[[capture]]\npath = 'a'\nstalls = -1",
        "[[capture]]\npath = 'a'\nmax_wait = { hello = '1s' }",
        "[[capture]]\npath = 'a'\n[[capture.expect]]\ncause = 'syn-lost'",
        "[[capture]]\npath = 'a'\n[[capture.expect]]\nserver = '::1'\ncause = 'syn'",
        "[[capture]]\npath = 'a'\n[[capture.expect]]\nserver = '::1'\ncause = 'syn-lost'\nto_frame = 0",
    ] {
        assert!(!validator.is_valid(&as_json(toml)), "{toml}");
        assert!(crate::Expectations::parse(toml).is_err(), "{toml}");
    }
}
