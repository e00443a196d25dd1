//! The course of one connection, frame by frame.

use std::collections::BTreeMap;

use tls_stall::{Connection, FrameNumber, Milestone, Span};

use super::detail::heading;
use super::page::Page;
use super::words;
use crate::escape::escape;
use crate::style::paint;

/// Milestones that add nothing where their beginning stands in the same frame.
const ENDS: [(Milestone, Milestone); 2] = [
    (Milestone::ClientHelloEnd, Milestone::ClientHello),
    (Milestone::ServerHelloEnd, Milestone::ServerHello),
];

/// Milestones and evidence in the order of time, with a line for each stall before what ended it.
pub(super) fn show(page: &mut Page, connection: &Connection) {
    let rows = rows(connection);
    if rows.is_empty() {
        return;
    }
    heading(page, "Timeline");
    let stalls = stalls(connection, &rows);
    let frame_width = widest(&rows, |row| row.frame.to_string());
    let time_width = widest(&rows, |row| seconds(row.time));
    let delta_width = time_width + "+".len();
    let mut earlier = None;
    for (index, row) in rows.iter().enumerate() {
        for (_, stall) in stalls.iter().filter(|(before, _)| *before == index) {
            show_stall(page, stall);
        }
        let delta = earlier.map_or_else(String::new, |earlier| {
            format!("{:+.3} s", row.time.minus(earlier).as_secs_f64())
        });
        earlier = Some(row.time);
        let (frame, time) = (row.frame, seconds(row.time));
        let lead = format!(
            "    frame {frame:>frame_width$}  {time:>time_width$} s  {delta:>delta_width$}  ",
            delta_width = delta_width + " s".len(),
        );
        let deep = lead.len();
        let lead = paint(page.styles.faint, lead);
        page.paragraph(&lead, deep, &row.text());
    }
    for (_, stall) in stalls.iter().filter(|(before, _)| *before >= rows.len()) {
        show_stall(page, stall);
    }
}

fn show_stall(page: &mut Page, stall: &str) {
    let stall = paint(page.styles.bad, stall);
    page.paragraph("    ", 6, &stall);
}

/// What is known of one frame.
struct Row {
    frame: FrameNumber,
    time: Span,
    milestones: Vec<Milestone>,
    evidence: Vec<String>,
}

impl Row {
    const fn new(frame: FrameNumber, time: Span) -> Self {
        Self {
            frame,
            time,
            milestones: Vec::new(),
            evidence: Vec::new(),
        }
    }

    /// What the evidence says of the frame, else its milestones.
    fn text(&self) -> String {
        if !self.evidence.is_empty() {
            return self.evidence.join("; ");
        }
        let begun = |milestone: &Milestone| {
            let begins = |(end, begin): &(Milestone, Milestone)| {
                end == milestone && self.milestones.contains(begin)
            };
            ENDS.iter().any(begins)
        };
        let milestones = self.milestones.iter().filter(|it| !begun(it));
        let words = milestones.map(|&it| words::milestone(it));
        words.collect::<Vec<_>>().join("; ")
    }
}

/// The frames of the milestones and of all evidence, in the order of time.
fn rows(connection: &Connection) -> Vec<Row> {
    let mut rows: BTreeMap<(Span, FrameNumber), Row> = BTreeMap::new();
    for (&milestone, at) in &connection.milestones {
        let row = rows
            .entry((at.time, at.frame))
            .or_insert_with(|| Row::new(at.frame, at.time));
        row.milestones.push(milestone);
    }
    for evidence in connection
        .findings
        .iter()
        .flat_map(|finding| &finding.evidence)
    {
        let place = (evidence.time, evidence.frame);
        let row = rows
            .entry(place)
            .or_insert_with(|| Row::new(evidence.frame, evidence.time));
        let message = escape(&evidence.message).into_owned();
        if !row.evidence.contains(&message) {
            row.evidence.push(message);
        }
    }
    rows.into_values().collect()
}

/// A line for each stalled wait, with the index of the row that it stands before.
fn stalls(connection: &Connection, rows: &[Row]) -> Vec<(usize, String)> {
    let stalled = connection.waits.iter().filter(|wait| wait.stalled);
    stalled
        .map(|wait| {
            let end = rows.iter().position(|row| row.frame == wait.to_frame);
            let after = || rows.iter().position(|row| row.frame > wait.to_frame);
            let before = end.or_else(after).unwrap_or(rows.len());
            (before, words::silence(wait))
        })
        .collect()
}

/// The length of the longest of one column's cells.
fn widest(rows: &[Row], cell: impl Fn(&Row) -> String) -> usize {
    let lengths = rows.iter().map(|row| cell(row).len());
    lengths.max().unwrap_or_default()
}

/// Seconds to the millisecond, without the unit.
fn seconds(time: Span) -> String {
    format!("{:.3}", time.as_secs_f64())
}
