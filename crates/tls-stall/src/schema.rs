//! The parts of the JSON Schema that do not follow from the shape of a type.
//!
//! A schema says what one version of the program writes, and holds for what later ones write too:
//! new keys and new names may come at any time, so that neither the keys of an object nor the names
//! of an enumeration are closed.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use crate::time::{Span, Timestamp};

/// Makes of a list of names one that other names may join.
///
/// Every known name keeps its description; the last alternative allows any other string.
pub(crate) fn open_names(schema: &mut Schema) {
    let Some(Value::Array(mut names)) = schema.remove("oneOf").or_else(|| schema.remove("anyOf"))
    else {
        return;
    };
    names.push(json!({
        "description": "A name that came with a later version.",
        "type": "string",
    }));
    schema.insert("anyOf".to_owned(), names.into());
}

/// An object with a `V` for each of some names of `K`.
pub(crate) fn by_name<K: JsonSchema, V: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "propertyNames": generator.subschema_for::<K>(),
        "additionalProperties": generator.subschema_for::<V>(),
    })
}

/// As seconds.
impl JsonSchema for Span {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number" })
    }
}

/// As RFC 3339, in UTC.
impl JsonSchema for Timestamp {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}
