//! What is written as JSON as a JSON Schema (draft 2020-12), made from the types.
//!
//! `docs/schemas` holds the three schemas of this version. They say which keys there are, all of
//! which are always written, and allow others: `docs/stability.md` says what a later version may add.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};
use tls_stall::{Comparison, Document};

use crate::ndjson::Line;

/// The schema of what [`json::render`](crate::json::render) writes, as JSON text.
///
/// # Errors
///
/// None: a schema always has a JSON form.
pub fn report() -> std::io::Result<String> {
    text::<Document>("A report of tls-stall (--format json)")
}

/// The schema of a line that [`ndjson::line`](crate::ndjson::line) writes, as JSON text.
///
/// # Errors
///
/// None: a schema always has a JSON form.
pub fn ndjson() -> std::io::Result<String> {
    text::<Line<'_>>("A line of tls-stall (--format ndjson)")
}

/// The schema of what [`json::comparison`](crate::json::comparison) writes, as JSON text.
///
/// # Errors
///
/// None: a schema always has a JSON form.
pub fn comparison() -> std::io::Result<String> {
    text::<Comparison>("A comparison of tls-stall (compare --format json)")
}

fn text<T: JsonSchema>(title: &str) -> std::io::Result<String> {
    let settings = SchemaSettings::draft2020_12()
        .for_serialize()
        .with_transform(RecursiveTransform(for_readers_of_json));
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    let mut text = serde_json::to_string_pretty(&schema)?;
    text.push('\n');
    Ok(text)
}

/// Says in the words of JSON what the types say in those of Rust.
fn for_readers_of_json(schema: &mut Schema) {
    use_standard_formats(schema);
    if let Some(Value::String(description)) = schema.get_mut("description") {
        *description = description.replace("`None`", "`null`").replace('\n', " ");
    }
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        let seconds = properties.iter_mut().filter(|(key, _)| key.ends_with("_s"));
        for (_, property) in seconds {
            if let Some(Value::String(description)) = property.get_mut("description") {
                description.push_str(" In seconds.");
            }
        }
    }
}

/// Replaces the formats of `schemars` that a strict validator does not know.
fn use_standard_formats(schema: &mut Schema) {
    match schema.get("format").and_then(Value::as_str) {
        Some("ip") => {
            schema.remove("format");
            schema.insert(
                "anyOf".to_owned(),
                json!([{ "format": "ipv4" }, { "format": "ipv6" }]),
            );
        }
        // The bounds of an integer stand beside its format.
        Some(format) if format.starts_with("uint") => {
            schema.remove("format");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
