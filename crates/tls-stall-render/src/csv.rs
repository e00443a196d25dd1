//! A report as CSV (RFC 4180): a row for each finding, and one for a connection without any.
//!
//! Every text stands in quotes, and one that a spreadsheet would take for a formula begins with an
//! apostrophe. Times are seconds, as in JSON; what is unknown is empty.

use std::net::IpAddr;

use tls_stall::{CaptureReport, Connection, Document, Finding, Span};

use crate::escape::escape;

/// The names of the columns. A column stays what and where it is; new ones are added at the end.
const COLUMNS: [&str; 24] = [
    "capture",
    "tcp_stream",
    "client_ip",
    "client_port",
    "server_ip",
    "server_port",
    "server_name",
    "protocol",
    "tls_version",
    "irtt_s",
    "vantage",
    "outcome",
    "stalled",
    "finding",
    "cause",
    "phase",
    "waiting_on",
    "confidence",
    "wait_s",
    "explained_s",
    "summary",
    "remedy",
    "evidence_frames",
    "display_filter",
];

/// As many characters of a text are given: a spreadsheet's cell holds 32,767.
const MAX_TEXT: usize = 32_000;

/// `document` as CSV, its first row the names of the columns, each row ended by CR and LF.
///
/// A finding's number is 1 for the verdict. Connections stand in the order of their numbers.
#[must_use]
pub fn render(document: &Document) -> String {
    let mut csv = String::new();
    let mut names = Row::default();
    for name in COLUMNS {
        names.word(name);
    }
    csv.push_str(&names.finish());
    for capture in &document.captures {
        for connection in &capture.analysis.connections {
            if connection.findings.is_empty() {
                csv.push_str(&row(capture, connection, None));
            }
            for finding in (1..).zip(&connection.findings) {
                csv.push_str(&row(capture, connection, Some(finding)));
            }
        }
    }
    csv
}

fn row(capture: &CaptureReport, connection: &Connection, found: Option<(u64, &Finding)>) -> String {
    let mut row = Row::default();
    row.text(&capture.source.path);
    row.word(connection.tcp_stream);
    for end in [connection.client, connection.server] {
        row.word::<IpAddr>(end.ip);
        row.word(end.port);
    }
    row.text(connection.server_name.as_deref().unwrap_or_default());
    row.text(connection.protocol.as_deref().unwrap_or_default());
    row.text(connection.tls_version.as_deref().unwrap_or_default());
    row.seconds(connection.irtt);
    row.word(connection.vantage.map_or("", |vantage| vantage.name()));
    row.word(connection.outcome);
    row.word(connection.stalled);
    match found {
        Some((number, finding)) => {
            row.word(number);
            explain(&mut row, finding);
        }
        None => {
            while row.cells < COLUMNS.len() {
                row.word("");
            }
        }
    }
    row.finish()
}

fn explain(row: &mut Row, finding: &Finding) {
    row.word(finding.cause);
    row.word(finding.phase);
    row.word(finding.waiting_on);
    row.word(finding.confidence);
    row.seconds(Some(finding.wait));
    row.seconds(Some(finding.explained));
    row.text(&finding.summary);
    row.text(&finding.remedy);
    let frames = finding.evidence.iter().map(|it| it.frame.to_string());
    row.text(&frames.collect::<Vec<_>>().join(" "));
    row.text(&finding.display_filter);
}

/// A row that grows cell by cell.
#[derive(Debug, Default)]
struct Row {
    text: String,
    cells: usize,
}

impl Row {
    /// A number, an address or a word of ours, as it is.
    fn word<T: std::fmt::Display>(&mut self, word: T) {
        self.cell(&word.to_string());
    }

    fn seconds(&mut self, span: Option<Span>) {
        let seconds = span.map(|span| span.as_secs_f64().to_string());
        self.cell(&seconds.unwrap_or_default());
    }

    /// A text that may stem from a capture.
    fn text(&mut self, text: &str) {
        let mut shown = escape(text).into_owned();
        if let Some((end, _)) = shown.char_indices().nth(MAX_TEXT) {
            shown.truncate(end);
            shown.push('…');
        }
        if shown.is_empty() {
            return self.cell("");
        }
        let apostrophe = if is_formula(&shown) { "'" } else { "" };
        self.cell(&format!("\"{apostrophe}{}\"", shown.replace('"', "\"\"")));
    }

    fn cell(&mut self, cell: &str) {
        if self.cells > 0 {
            self.text.push(',');
        }
        self.cells = self.cells.saturating_add(1);
        self.text.push_str(cell);
    }

    fn finish(mut self) -> String {
        self.text.push_str("\r\n");
        self.text
    }
}

/// Whether a spreadsheet may take `text` for a formula: by its first sign, in full width too, and
/// whatever space comes before it.
fn is_formula(text: &str) -> bool {
    text.trim_start()
        .starts_with(['=', '+', '-', '@', '|', '%', '＝', '＋', '－', '＠', '−'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;

    /// The cells of each row, read as RFC 4180 says.
    fn read(csv: &str) -> Vec<Vec<String>> {
        let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
        let (mut quoted, mut characters) = (false, csv.chars().peekable());
        while let Some(character) = characters.next() {
            match character {
                '"' if quoted && characters.peek() == Some(&'"') => cell.extend(characters.next()),
                '"' => quoted = !quoted,
                ',' if !quoted => row.push(std::mem::take(&mut cell)),
                '\r' if !quoted => {
                    assert_eq!(characters.next(), Some('\n'));
                    row.push(std::mem::take(&mut cell));
                    rows.push(std::mem::take(&mut row));
                }
                character => cell.push(character),
            }
        }
        assert!(cell.is_empty() && row.is_empty() && !quoted);
        rows
    }

    #[test]
    fn a_row_for_each_finding_and_for_a_connection_without_any() {
        let mut document = example::stalled();
        let connections = &mut document.captures[0].analysis.connections;
        let again = connections[0].findings[0].clone();
        connections[0].findings.push(again);
        connections.push(example::healthy_connection(7));
        let csv = render(&document);
        let rows = read(&csv);
        assert_eq!(rows.len(), 4);
        assert!(rows.iter().all(|row| row.len() == COLUMNS.len()));
        assert_eq!(rows[0], COLUMNS);
        assert_eq!(rows[2][13], "2");
        assert_eq!(rows[3][14..], [""; 10]);
        insta::assert_snapshot!(csv.replace("\r\n", "\n"));
    }

    #[test]
    fn every_column_is_described_in_the_documentation() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reports.md");
        let page = std::fs::read_to_string(page).unwrap();
        for column in COLUMNS {
            assert!(page.contains(&format!("`{column}`")), "{column}");
        }
    }

    #[test]
    fn no_text_is_a_formula() {
        for formula in [
            "=cmd|' /C calc'!A0",
            "+1",
            "-1",
            "@SUM(A1)",
            " =1",
            "\t=1",
            "＝1",
            "\u{a0}=1",
        ] {
            let mut document = example::stalled();
            document.captures[0].source.path = formula.to_owned();
            document.captures[0].analysis.connections[0].server_name = Some(formula.to_owned());
            let csv = render(&document);
            for cell in [&read(&csv)[1][0], &read(&csv)[1][6]] {
                let harmless = cell.starts_with('\'') || cell.starts_with(r"\t");
                assert!(harmless, "{cell}");
            }
        }
    }

    #[test]
    fn a_text_cannot_end_its_cell_or_its_row() {
        let hostile = "a\",\"b\r\nc,d;e\tf\0\u{202e}";
        let mut document = example::stalled();
        document.captures[0].analysis.connections[0].server_name = Some(hostile.to_owned());
        let csv = render(&document);
        let rows = read(&csv);
        assert_eq!((rows.len(), rows[1].len()), (2, COLUMNS.len()));
        assert_eq!(rows[1][6], r#"a","b\r\nc,d;e\tf\u{0}\u{202e}"#);
    }

    #[test]
    fn a_cell_is_never_longer_than_a_spreadsheet_holds() {
        for row in read(&render(&example::of_texts(&"é".repeat(65_536)))) {
            assert!(row.iter().all(|cell| cell.chars().count() <= MAX_TEXT + 1));
        }
    }

    #[test]
    fn no_text_of_a_capture_is_a_formula_or_leaves_its_cell() {
        let csv = render(&example::of_texts("=1\r\n\"=2\",=3\u{202e}\x1b[2J"));
        let rows = read(&csv);
        assert_eq!(rows.len(), 6);
        for cell in rows.iter().flatten() {
            assert!(!is_formula(cell), "{cell}");
        }
        let deceptive = |c| c != '\r' && c != '\n' && crate::escape::is_deceptive(c);
        assert!(!csv.contains(deceptive));
    }
}
