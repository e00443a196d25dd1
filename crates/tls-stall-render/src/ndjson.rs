//! Connections as newline-delimited JSON, one a line; `docs/json.md` describes it for its readers.

use std::io;

use serde::Serialize;
use tls_stall::Connection;

use crate::json::escape_strings;

/// `connection` of the capture at `path` as one line with a newline at its end: the object that
/// stands in a JSON report, with the key `capture` before its own.
///
/// # Errors
///
/// Where a value has no JSON form; none of a connection that the library made lacks one.
pub fn line(path: &str, connection: &Connection) -> io::Result<String> {
    let line = Line {
        capture: path,
        connection,
    };
    let mut text = escape_strings(serde_json::to_string(&line)?);
    text.push('\n');
    Ok(text)
}

/// One connection of one capture.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Line<'a> {
    /// The path of the capture that it came from.
    capture: &'a str,
    #[serde(flatten)]
    connection: &'a Connection,
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::example;
    use crate::json;

    #[test]
    fn a_line_is_the_connection_of_a_report_with_its_capture() {
        let document = example::stalled();
        let connection = &document.captures[0].analysis.connections[0];
        let mut connection = connection.clone();
        connection.server_name = Some("a\n\u{202e}\u{85}b".to_owned());

        let text = line("phone\n.pcap", &connection).unwrap();
        assert_eq!(text.lines().count(), 1);
        assert!(text.ends_with("}\n") && !text.contains(['\u{202e}', '\u{85}']));
        let mut value: Value = serde_json::from_str(&text).unwrap();
        let object = value.as_object_mut().unwrap();
        assert_eq!(object.remove("capture").unwrap(), "phone\n.pcap");

        let mut document = document;
        document.captures[0].analysis.connections[0] = connection;
        let whole: Value = serde_json::from_str(&json::render(&document).unwrap()).unwrap();
        assert_eq!(value, whole["captures"][0]["connections"][0]);
    }
}
