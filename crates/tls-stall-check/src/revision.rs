//! A file of expectations brought up to date with what is found.

use std::fmt;

use tls_stall::{CaptureReport, Connection};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use crate::expectations::{Entry, Expectations};
use crate::place::{InvalidExpectations, Mistake, Place};
use crate::report::Verdict;
use crate::verify::{Matched, is_failure, listed};

/// What a new file begins with.
const HEADER: &str = "\
# What is expected of the captures beside this file, written by \"tls-stall check --update\".
# It says what was found, which need not be what is right: read it before you commit it.

stall_threshold = \"1s\"
";

/// Of a capture with more stalls and failures than this only the numbers are written.
const MAX_WRITTEN: usize = 50;

/// A file of expectations that is being brought up to date; `to_string` gives its text.
///
/// What still holds stays as it is, with its comments, as does all that a person alone can decide:
/// limits of waits, what is excluded, and why something is not told rightly yet.
#[derive(Debug, Clone)]
pub struct Revision {
    document: DocumentMut,
    expectations: Expectations,
}

/// What became of the entry of one capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// It holds, and stays as it is.
    Kept,
    /// It did not hold, or not any more, and was changed.
    Changed,
    /// There was none.
    Added,
}

impl Revision {
    /// The file with this text; a new one if there is no text.
    ///
    /// # Errors
    ///
    /// If the file has a mistake, or lists its captures as an array within one line, where an entry
    /// cannot be changed and the rest left alone.
    pub fn of(text: Option<&str>) -> Result<Self, InvalidExpectations> {
        let text = text.unwrap_or(HEADER);
        let expectations = Expectations::parse(text)?;
        let wrong = |message: String| InvalidExpectations {
            mistakes: vec![Mistake::new(Place::START, message)],
        };
        let document: DocumentMut = text.parse().map_err(|error| wrong(format!("{error}")))?;
        let are_tables = match document.get("capture") {
            None => true,
            Some(captures) => captures.as_array_of_tables().is_some_and(|entries| {
                let mut expect = entries.iter().filter_map(|entry| entry.get("expect"));
                expect.all(Item::is_array_of_tables)
            }),
        };
        if !are_tables {
            let message = "to be updated, captures have to be written as [[capture]] and \
                           what is expected of them as [[capture.expect]]";
            return Err(wrong(message.to_owned()));
        }
        Ok(Self {
            document,
            expectations,
        })
    }

    /// What the file said before it was changed.
    #[must_use]
    pub fn expectations(&self) -> &Expectations {
        &self.expectations
    }

    /// Brings the entry of the capture at `path` up to date; it is relative to the file, with `/`
    /// between folders.
    pub fn take(&mut self, path: &str, capture: &CaptureReport) -> Change {
        let mut entries = self.expectations.entries.iter();
        let entry = entries.find(|it| it.path == path).cloned();
        let differs = entry
            .as_ref()
            .is_some_and(|it| matches!(it.verify(capture), Verdict::Differs(_)));
        // The whole text, since that of a table leaves out the tables in it.
        let before = differs.then(|| self.document.to_string());
        let tables = self
            .document
            .entry("capture")
            .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
        // Else it would have been refused before.
        let Some(tables) = tables.as_array_of_tables_mut() else {
            return Change::Kept;
        };
        let Some(entry) = entry else {
            tables.push(added(path, capture));
            return Change::Added;
        };
        if let (Some(table), true) = (tables.get_mut(entry.index), differs) {
            revise(table, &entry, capture);
        }
        match before {
            Some(before) if self.document.to_string() != before => Change::Changed,
            _ => Change::Kept,
        }
    }
}

/// The text of the file.
impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.document.fmt(f)
    }
}

/// A new entry.
fn added(path: &str, capture: &CaptureReport) -> Table {
    let mut table = Table::new();
    table.decor_mut().set_prefix("\n");
    table.insert("path", value(path));
    let found: Vec<&Connection> = listed(capture)
        .filter(|it| !it.findings.is_empty() && (it.stalled || is_failure(it)))
        .collect();
    let stalled = capture.analysis.summary.stalled;
    let failed = found.iter().filter(|it| is_failure(it)).count();
    if found.len() > MAX_WRITTEN {
        set_number(&mut table, "stalls", stalled);
        set_number(&mut table, "failures", failed as u64);
        return table;
    }
    if stalled == 0 {
        set_number(&mut table, "stalls", 0);
    }
    expect(&mut table, &found, capture);
    table
}

/// Changes what does not hold in the entry `table`, which says what `entry` does.
fn revise(table: &mut Table, entry: &Entry, capture: &CaptureReport) {
    if entry.not_yet.is_some() && entry.without_mark().verify(capture) == Verdict::AsExpected {
        table.remove("not_yet");
        return;
    }
    let matched = Matched::of(entry, capture);
    let failures_go = matched.unmet.iter().any(|it| !it.stalled);
    let is_named = |it: &Connection| matched.unmet.iter().any(|unmet| unmet.names(it));
    let mut new = matched.rest.clone();
    new.retain(|it| {
        if it.stalled {
            entry.stalls.is_none() || is_named(it)
        } else {
            is_failure(it) && (failures_go || is_named(it))
        }
    });
    if let Some(tables) = table
        .get_mut("expect")
        .and_then(Item::as_array_of_tables_mut)
    {
        let mut expectations = entry.expect.iter();
        let is_unmet = |place| matched.unmet.iter().any(|unmet| unmet.place == place);
        tables.retain(|_| expectations.next().is_none_or(|it| !is_unmet(it.place)));
    }
    if new.len() <= MAX_WRITTEN {
        expect(table, &new, capture);
    } else {
        set_number(table, "stalls", capture.analysis.summary.stalled);
    }
    if table
        .get("expect")
        .and_then(Item::as_array_of_tables)
        .is_some_and(ArrayOfTables::is_empty)
    {
        table.remove("expect");
    }
    if table.contains_key("stalls") || !table.contains_key("expect") {
        set_number(table, "stalls", capture.analysis.summary.stalled);
    }
    if table.contains_key("failures") {
        let failed = listed(capture).filter(|it| is_failure(it)).count();
        set_number(table, "failures", failed as u64);
    }
}

/// Adds what is found of `connections` to those that the entry `table` expects.
fn expect(table: &mut Table, connections: &[&Connection], capture: &CaptureReport) {
    if connections.is_empty() {
        return;
    }
    let item = table
        .entry("expect")
        .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    let Some(tables) = item.as_array_of_tables_mut() else {
        return;
    };
    for connection in connections {
        tables.push(expectation(connection, capture));
    }
}

fn expectation(connection: &Connection, capture: &CaptureReport) -> Table {
    let mut table = Table::new();
    table.decor_mut().set_prefix("  ");
    let mut set = |key: &str, item: Item| {
        table.insert(key, item);
        if let Some(mut key) = table.key_mut(key) {
            key.leaf_decor_mut().set_prefix("  ");
        }
    };
    set("server", value(connection.server.to_string()));
    let same = listed(capture).filter(|it| it.server == connection.server);
    if same.count() > 1
        && let Ok(number) = i64::try_from(connection.tcp_stream)
    {
        set("tcp_stream", value(number));
    }
    if !connection.stalled {
        set("stalled", value(false));
    }
    if let Some(verdict) = connection.findings.first() {
        set("cause", value(verdict.cause.name()));
        set("phase", value(verdict.phase.name()));
        set("waiting_on", value(verdict.waiting_on.name()));
        set("confidence", value(verdict.confidence.name()));
    }
    table
}

fn set_number(table: &mut Table, key: &str, number: u64) {
    let number = value(i64::try_from(number).unwrap_or(i64::MAX));
    match table.get_mut(key) {
        // Only the number, so that a comment behind it stays.
        Some(Item::Value(before)) if before.to_string().trim() != number.to_string().trim() => {
            let decor = before.decor().clone();
            if let Item::Value(mut now) = number {
                *now.decor_mut() = decor;
                *before = now;
            }
        }
        Some(_) => {}
        None => {
            table.insert(key, number);
        }
    }
}
