//! A report for a person who has never opened Wireshark.
//!
//! Each capture begins with a line of counts. Where several connections are reported a table of
//! them follows, worst first, those that stalled for one reason in one row; then of each of the
//! worst rows one connection with its verdict, its course as a ladder, why, what was ruled out,
//! what to do, and where to look in Wireshark. Notices come last.

mod comparison;
mod detail;
mod explain;
mod ladder;
mod overview;
mod page;

use tls_stall::{CaptureReport, Document, Source, Span};

pub use self::comparison::comparison;
pub use self::explain::{causes, explain};
use self::page::Page;
use crate::escape::shown;
use crate::group::{Group, groups};
use crate::ladder::{Ladder, Lookups};
use crate::style::paint;
use crate::words::{self, Standing, count};

/// How many files of a merged capture are listed.
const MAX_FILES: usize = 20;

/// How the text is laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TextOptions {
    /// Columns to wrap at (80); display filters and quiet lines are never wrapped.
    pub width: usize,
    /// Whether the text carries colour, as ANSI escape sequences.
    pub styled: bool,
    /// Whether it is drawn in ASCII, as for an e-mail; other characters of a capture's texts are
    /// escaped.
    pub ascii: bool,
    /// Only a line for each stalled or failed connection, after its capture's path, and notices.
    pub quiet: bool,
    /// How many connections of a capture are shown in full (10), each for all that stalled for the
    /// same reason; the others are in the table only.
    pub max_details: usize,
}

impl Default for TextOptions {
    fn default() -> Self {
        Self {
            width: 80,
            styled: false,
            ascii: false,
            quiet: false,
            max_details: 10,
        }
    }
}

/// `document` as text, with a newline at its end unless there is nothing to say.
#[must_use]
pub fn render(document: &Document, options: &TextOptions) -> String {
    let mut page = Page::new(options);
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

/// `ladder` alone, `width` columns wide; empty where nothing is known of the connection.
pub(crate) fn ladder(ladder: &Ladder, width: usize) -> String {
    let mut page = Page::new(&TextOptions {
        width,
        ..TextOptions::default()
    });
    ladder::show(&mut page, ladder);
    page.into_text()
}

/// One capture in full.
fn section(page: &mut Page, capture: &CaptureReport, threshold: Span, options: &TextOptions) {
    let analysis = &capture.analysis;
    let groups = groups(&analysis.connections);
    header(page, capture);
    files(page, &capture.source);
    if let Some(sentence) = words::all_is_well(analysis, threshold) {
        page.gap();
        page.paragraph("", "", &sentence);
    }
    if groups.len() > 1 {
        page.gap();
        overview::show(page, &groups);
    }
    let lookups = Lookups::of(analysis);
    let worth_it =
        |group: &&Group<'_>| groups.len() == 1 || Standing::of(group.worst) != Standing::Well;
    let mut worth_it = groups.iter().filter(worth_it);
    for group in worth_it.by_ref().take(options.max_details) {
        page.gap();
        detail::show(page, group, &lookups);
    }
    let left_out: usize = worth_it.map(|group| group.members.len()).sum();
    if left_out > 0 {
        page.gap();
        let more = count(words::number(left_out), "connection");
        page.paragraph("", "", &format!("{more} more in the table only."));
    }
    if !analysis.notices.is_empty() {
        page.gap();
        page.line(&paint(page.styles.strong, "About this capture"));
        for notice in &analysis.notices {
            page.paragraph("  ", "    ", &words::notice(notice));
        }
    }
}

/// `phone.pcap: 80 frames in 36.200 s, 4 TCP connections (3 TLS), 1 stalled`.
fn header(page: &mut Page, capture: &CaptureReport) {
    let analysis = &capture.analysis;
    let path = paint(page.styles.strong, shown(&capture.source.path));
    page.paragraph("", "  ", &format!("{path}: {}", words::counts(analysis)));
}

/// Which frames of a merged capture stand in which file.
fn files(page: &mut Page, source: &Source) {
    let (listed, others) = source.files.split_at(source.files.len().min(MAX_FILES));
    for file in listed {
        let frames = match (file.first_frame, file.last_frame) {
            (Some(first), Some(last)) if first == last => format!("frame {first}"),
            (Some(first), Some(last)) => format!("frames {first} to {last}"),
            _ => "no frames".to_owned(),
        };
        page.paragraph("  ", "    ", &format!("{frames}: {}", shown(&file.path)));
    }
    if !others.is_empty() {
        let more = count(words::number(others.len()), "file");
        let more = format!("… {more} more, which --format json lists");
        page.paragraph("  ", "    ", &more);
    }
}

/// The short form of one capture.
fn lines(page: &mut Page, capture: &CaptureReport) {
    let path = shown(&capture.source.path);
    let groups = groups(&capture.analysis.connections);
    for connection in groups.iter().flat_map(|group| &group.members) {
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
        page.line(&format!("{path}: {}", words::notice(notice)));
    }
}

#[cfg(test)]
mod tests;
