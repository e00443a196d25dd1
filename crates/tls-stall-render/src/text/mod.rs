//! A report for a person who has never opened Wireshark.
//!
//! Each capture begins with a line of counts. Where several connections are reported a table of
//! them follows, worst first; then each of the worst with its verdict, its course frame by frame,
//! why, what was ruled out, what to do, and where to look in Wireshark. Notices come last.

mod detail;
#[cfg(test)]
pub(crate) mod example;
mod explain;
mod overview;
mod page;
mod timeline;
mod words;

use std::cmp::Reverse;
use std::fmt::Write as _;

use tls_stall::{Analysis, CaptureReport, Connection, Document, Notice, Span};

pub use self::explain::{causes, explain};
use self::page::Page;
use self::words::{Standing, count};
use crate::escape::escape;
use crate::style::paint;

/// How the text is laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TextOptions {
    /// Columns to wrap at (80); display filters and quiet lines are never wrapped.
    pub width: usize,
    /// Whether the text carries colour, as ANSI escape sequences.
    pub styled: bool,
    /// Only a line for each stalled or failed connection, after its capture's path, and notices.
    pub quiet: bool,
    /// How many connections of a capture are shown in full (10); the others are in the table only.
    pub max_details: usize,
}

impl Default for TextOptions {
    fn default() -> Self {
        Self {
            width: 80,
            styled: false,
            quiet: false,
            max_details: 10,
        }
    }
}

/// `document` as text, with a newline at its end unless there is nothing to say.
#[must_use]
pub fn render(document: &Document, options: &TextOptions) -> String {
    let mut page = Page::new(options.width, options.styled);
    for capture in &document.captures {
        if options.quiet {
            lines(&mut page, capture);
        } else {
            page.gap();
            section(
                &mut page,
                capture,
                document.options.stall_threshold,
                options,
            );
        }
    }
    page.into_text()
}

/// One capture in full.
fn section(page: &mut Page, capture: &CaptureReport, threshold: Span, options: &TextOptions) {
    let analysis = &capture.analysis;
    let connections = worst_first(&analysis.connections);
    header(page, capture);
    if let Some(sentence) = all_is_well(analysis, threshold) {
        page.gap();
        page.paragraph("", 0, &sentence);
    }
    if connections.len() > 1 {
        page.gap();
        overview::show(page, &connections);
    }
    let worth_it = |connection: &&&Connection| {
        connections.len() == 1 || Standing::of(connection) != Standing::Well
    };
    let (mut shown, mut left_out) = (0, 0);
    for connection in connections.iter().filter(worth_it) {
        if shown == options.max_details {
            left_out += 1;
            continue;
        }
        shown += 1;
        page.gap();
        detail::show(page, connection);
    }
    if left_out > 0 {
        page.gap();
        let more = format!("{} more in the table only.", count(left_out, "connection"));
        page.paragraph("", 0, &more);
    }
    if !analysis.notices.is_empty() {
        page.gap();
        page.line(&paint(page.styles.strong, "About this capture"));
        for notice in &analysis.notices {
            page.paragraph("  ", 4, &notice_line(notice));
        }
    }
}

/// `phone.pcap: 80 frames in 36.200 s, 4 TCP connections (3 TLS), 1 stalled`.
fn header(page: &mut Page, capture: &CaptureReport) {
    let analysis = &capture.analysis;
    let summary = &analysis.summary;
    let failed = analysis.connections.iter();
    let failed = failed.filter(|connection| Standing::of(connection) == Standing::Failed);
    let mut line = format!(
        "{}: {} in {}, {} ({} TLS), {} stalled",
        paint(page.styles.strong, escape(&capture.source.path)),
        count(analysis.frames, "frame"),
        analysis.duration,
        count(summary.connections, "TCP connection"),
        summary.tls_connections,
        summary.stalled,
    );
    let failed = failed.count();
    if failed > 0 {
        let _ = write!(line, ", {failed} failed");
    }
    page.paragraph("", 2, &line);
}

/// What to say where no stall is reported.
fn all_is_well(analysis: &Analysis, threshold: Span) -> Option<String> {
    let summary = &analysis.summary;
    let (all, tls) = (summary.connections, summary.tls_connections);
    if analysis
        .connections
        .iter()
        .any(|connection| connection.stalled)
    {
        return None;
    }
    if summary.stalled > 0 {
        let stalled = count(summary.stalled, "stalled connection");
        return Some(format!(
            "The {stalled} of this capture: not among those selected."
        ));
    }
    if all == 0 {
        return Some("No TCP connection in this capture.".to_owned());
    }
    if tls == 0 {
        let others = count(all, "other TCP connection");
        return Some(format!("No TLS connection in this capture; {others}."));
    }
    let looked_at = format!(
        "No stall: {} of {} looked at",
        count(tls, "TLS connection"),
        count(all, "TCP connection")
    );
    Some(match summary.longest_wait {
        Some(wait) => format!(
            "{looked_at}; the longest wait was {wait}, and from {threshold} on it would be a stall."
        ),
        None => format!("{looked_at}; no wait reached {threshold}."),
    })
}

/// The short form of one capture.
fn lines(page: &mut Page, capture: &CaptureReport) {
    let path = escape(&capture.source.path);
    for connection in worst_first(&capture.analysis.connections) {
        if Standing::of(connection) < Standing::Failed {
            continue;
        }
        let verdict = detail::verdict_line(page, connection);
        let cause = connection
            .findings
            .first()
            .map_or_else(String::new, |finding| {
                let (lead, cause) = words::cause(finding);
                format!(" ({lead}{cause})")
            });
        page.line(&format!("{path}: {verdict}{cause}"));
    }
    for notice in &capture.analysis.notices {
        page.line(&format!("{path}: {}", notice_line(notice)));
    }
}

/// `The file ends within a frame. (capture-cut-short, frame 80)`
fn notice_line(notice: &Notice) -> String {
    let message = escape(&notice.message);
    match notice.frame {
        Some(frame) => format!("{message} ({}, frame {frame})", notice.code),
        None => format!("{message} ({})", notice.code),
    }
}

/// Stalled connections before failed ones before the others, each by their waits.
fn worst_first(connections: &[Connection]) -> Vec<&Connection> {
    let mut sorted: Vec<&Connection> = connections.iter().collect();
    sorted.sort_by_key(|connection| {
        let wait = words::verdict_wait(connection).or_else(|| words::longest_wait(connection));
        let wait = wait.map(|wait| wait.duration);
        Reverse((Standing::of(connection), wait))
    });
    sorted
}

#[cfg(test)]
mod tests;
