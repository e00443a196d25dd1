//! A report as one HTML file that needs nothing else: no script, no network, light and dark, on
//! paper too.
//!
//! Each capture has a table of its connections, worst first; all of them on one time axis; and of
//! each that stalled or failed its course as a drawing, the evidence, why, what was ruled out and
//! what to do. The file's content policy forbids everything but its own style, so that even what
//! slipped through the escaping could do nothing.

mod comparison;
mod escape;
mod figure;
mod ladder;
mod waterfall;

use std::io;

use askama::Template;
use tls_stall::{Analysis, CaptureReport, Connection, Document, Finding, Span};

pub use self::comparison::comparison;
pub(crate) use self::escape::Harmless;
use self::ladder::Drawing;
use self::waterfall::Waterfall;
use crate::escape::{escape, shown};
use crate::group::{Group, groups};
use crate::ladder::{Ladder, Lookups};
use crate::words::{self, Standing, count};

/// How many connections of the document are explained in full.
const MAX_DETAILS: usize = 100;

/// How many connections of one group are drawn.
const MAX_DRAWN: usize = 3;

/// How many rows the tables of the document have together.
const MAX_ROWS: usize = 3000;

/// How many connections are drawn on the time axes of the document.
const MAX_BARS: usize = 300;

/// `document` as a page of HTML.
///
/// A document of thousands of connections stays a page that opens at once: what is left out is said
/// where it would stand.
///
/// # Errors
///
/// Where a value cannot be written; none of a document that the library made cannot.
pub fn render(document: &Document) -> io::Result<String> {
    let mut room = Room {
        details: MAX_DETAILS,
        rows: MAX_ROWS,
        bars: MAX_BARS,
    };
    let threshold = document.options.stall_threshold;
    let captures = (1..).zip(&document.captures);
    let page = Page {
        title: title(document),
        version: document.tool.version,
        threshold,
        sections: captures
            .map(|(number, capture)| Section::new(number, capture, threshold, &mut room))
            .collect(),
    };
    page.render().map_err(io::Error::other)
}

/// `tls-stall: 2 connections stalled in phone.pcap`.
fn title(document: &Document) -> String {
    let stalled = document.captures.iter();
    let stalled = stalled
        .map(|capture| capture.analysis.summary.stalled)
        .sum();
    let stalled = count(stalled, "connection");
    match &*document.captures {
        [capture] => format!(
            "tls-stall: {stalled} stalled in {}",
            shown(&capture.source.path)
        ),
        captures => {
            let captures = count(words::number(captures.len()), "capture");
            format!("tls-stall: {stalled} stalled in {captures}")
        }
    }
}

/// What there still is room for in the document.
struct Room {
    details: usize,
    rows: usize,
    bars: usize,
}

impl Room {
    /// As many of `wanted` as there is room for.
    fn take(room: &mut usize, wanted: usize) -> usize {
        let taken = wanted.min(*room);
        *room = room.saturating_sub(taken);
        taken
    }
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    title: String,
    version: &'static str,
    threshold: Span,
    sections: Vec<Section>,
}

/// One capture.
struct Section {
    number: usize,
    path: String,
    counts: String,
    all_is_well: Option<String>,
    rows: Vec<Row>,
    /// How many connections the table leaves out.
    rows_left_out: Option<String>,
    waterfall: Option<Waterfall>,
    details: Vec<Detail>,
    /// How many connections are in the table only.
    details_left_out: Option<String>,
    notices: Vec<String>,
}

impl Section {
    fn new(number: usize, capture: &CaptureReport, threshold: Span, room: &mut Room) -> Self {
        let analysis = &capture.analysis;
        let groups = groups(&analysis.connections);
        let worth_it =
            |group: &&Group<'_>| groups.len() == 1 || Standing::of(group.worst) != Standing::Well;
        let worth_it: Vec<&Group<'_>> = groups.iter().filter(worth_it).collect();
        let explained = Room::take(&mut room.details, worth_it.len());
        let lookups = Lookups::of(analysis);
        let details = worth_it.iter().take(explained);
        let details: Vec<Detail> = details
            .map(|group| Detail::new(number, group, &lookups, room))
            .collect();
        let listed = Room::take(&mut room.rows, groups.len());
        let rows = groups.iter().take(listed);
        Self {
            number,
            path: shown(&capture.source.path),
            counts: words::counts(analysis),
            all_is_well: words::all_is_well(analysis, threshold),
            rows: rows
                .map(|group| {
                    let id = id(number, group.worst);
                    let is_explained = details.iter().any(|detail| detail.id == id);
                    Row::new(group, is_explained.then_some(id))
                })
                .collect(),
            rows_left_out: left_out(groups.get(listed..)),
            waterfall: waterfall(analysis, &groups, &lookups, room),
            details,
            details_left_out: left_out(worth_it.get(explained..)),
            notices: analysis.notices.iter().map(words::notice).collect(),
        }
    }
}

/// `12 connections`, those of `groups`.
fn left_out<'a, G: std::borrow::Borrow<Group<'a>>>(groups: Option<&[G]>) -> Option<String> {
    let groups = groups?.iter();
    let more: usize = groups.map(|group| group.borrow().members.len()).sum();
    (more > 0).then(|| count(words::number(more), "connection"))
}

/// As many connections as there is room for, the worst, on one time axis.
fn waterfall(
    analysis: &Analysis,
    groups: &[Group<'_>],
    lookups: &Lookups<'_>,
    room: &mut Room,
) -> Option<Waterfall> {
    let worst = groups
        .iter()
        .flat_map(|group| group.members.iter().copied());
    let drawn = Room::take(&mut room.bars, analysis.connections.len());
    let left_out = analysis.connections.len().saturating_sub(drawn);
    Waterfall::new(worst.take(drawn).collect(), left_out, lookups)
}

/// The target of a link to a connection.
fn id(section: usize, connection: &Connection) -> String {
    format!("capture-{section}-stream-{}", connection.tcp_stream)
}

/// The name of a class for how a connection is to be shown, and the sign for it.
const fn look(standing: Standing) -> (&'static str, &'static str) {
    match standing {
        Standing::Stalled | Standing::Failed => ("bad", "✗"),
        Standing::Noted => ("unsure", "·"),
        Standing::Well => ("good", "✓"),
    }
}

/// A row of the table of connections.
struct Row {
    stream: u64,
    /// Where it is explained, if it is.
    href: Option<String>,
    several: Option<String>,
    ends: String,
    waits: String,
    look: &'static str,
    sign: &'static str,
    verdict: String,
}

impl Row {
    fn new(group: &Group<'_>, href: Option<String>) -> Self {
        let (look, sign) = look(Standing::of(group.worst));
        Self {
            stream: group.worst.tcp_stream,
            href,
            several: group.is_several().then(|| group.count()),
            ends: group.ends(),
            waits: group.waits().replace(" s", "\u{a0}s"),
            look,
            sign,
            verdict: words::short_verdict(group.worst),
        }
    }
}

/// A group of connections, explained by its worst.
struct Detail {
    id: String,
    look: &'static str,
    sign: &'static str,
    ends: String,
    verdict: String,
    /// How many they are, and between whom.
    several: Option<(String, String)>,
    stream: u64,
    causes: Vec<Cause>,
    facts: Option<String>,
    drawing: Option<Drawing>,
    checks: Vec<Check>,
    ruled_out: Vec<(&'static str, String)>,
    remedy: String,
    /// Display filters, and what each shows.
    filters: Vec<(String, &'static str)>,
    /// Others of the group, drawn too.
    others: Vec<Other>,
    /// All of the group.
    members: Vec<Member>,
    members_left_out: Option<String>,
}

/// What one finding says.
struct Cause {
    /// What comes before its name: which wait it is about, or how sure it is.
    lead: String,
    name: &'static str,
    confidence: &'static str,
    summary: String,
}

impl Cause {
    fn new(finding: &Finding, is_verdict: bool) -> Self {
        let (possible, _) = words::cause(finding);
        let lead = if is_verdict {
            possible.to_owned()
        } else {
            format!("{}: {possible}", words::also(finding))
        };
        Self {
            lead,
            name: finding.cause.name(),
            confidence: finding.confidence.name(),
            summary: shown(&finding.summary) + &words::part(finding),
        }
    }
}

/// One test of the verdict.
struct Check {
    look: &'static str,
    sign: &'static str,
    holds: &'static str,
    name: String,
    detail: String,
}

impl Check {
    fn new(check: &tls_stall::Check) -> Self {
        let (look, sign, holds) = match check.holds {
            Some(true) => ("good", "✓", "holds"),
            Some(false) => ("bad", "✗", "does not hold"),
            None => ("unsure", "?", "unknown"),
        };
        Self {
            look,
            sign,
            holds,
            name: words::Spaced(check.name).to_string(),
            detail: shown(&check.detail),
        }
    }
}

/// Another connection of a group.
struct Other {
    stream: u64,
    verdict: String,
    drawing: Drawing,
}

/// A row of the table of a group.
struct Member {
    stream: u64,
    client: String,
    server_name: String,
    wait: String,
    outcome: &'static str,
}

impl Member {
    fn new(connection: &Connection) -> Self {
        let wait = words::shown_wait(connection).map(|wait| wait.duration.to_string());
        let name = connection.server_name.as_deref();
        Self {
            stream: connection.tcp_stream,
            client: connection.client.to_string(),
            server_name: name.map_or_else(|| "–".to_owned(), shown),
            wait: wait.unwrap_or_else(|| "–".to_owned()),
            outcome: words::outcome(connection.outcome),
        }
    }
}

impl Detail {
    fn new(section: usize, group: &Group<'_>, lookups: &Lookups<'_>, room: &mut Room) -> Self {
        let connection = group.worst;
        let id = id(section, connection);
        let (look, sign) = look(Standing::of(connection));
        let findings = connection.findings.iter();
        let verdict = connection.findings.first();
        let checks = verdict.map_or(&[][..], |verdict| &verdict.checks);
        let ruled_out = verdict.map_or(&[][..], |verdict| &verdict.ruled_out);
        let draw = |connection: &Connection, id: String| {
            Drawing::new(id, &Ladder::new(connection, lookups))
        };
        let others = group.members.iter().skip(1).take(MAX_DRAWN - 1);
        let listed = if group.is_several() {
            Room::take(&mut room.rows, group.members.len())
        } else {
            0
        };
        Self {
            look,
            sign,
            ends: words::ends(connection),
            verdict: words::verdict(connection),
            several: group.is_several().then(|| (group.count(), group.ends())),
            stream: connection.tcp_stream,
            causes: findings
                .enumerate()
                .map(|(index, finding)| Cause::new(finding, index == 0))
                .collect(),
            facts: words::facts(connection),
            drawing: draw(connection, id.clone()),
            checks: checks.iter().map(Check::new).collect(),
            ruled_out: ruled_out
                .iter()
                .map(|other| (other.cause.name(), shown(&other.because)))
                .collect(),
            remedy: verdict.map_or_else(String::new, |verdict| shown(&verdict.remedy)),
            filters: filters(group),
            others: others
                .filter_map(|other| {
                    Some(Other {
                        stream: other.tcp_stream,
                        verdict: words::verdict(other),
                        drawing: draw(other, self::id(section, other))?,
                    })
                })
                .collect(),
            members: group
                .members
                .iter()
                .take(listed)
                .map(|it| Member::new(it))
                .collect(),
            members_left_out: group
                .is_several()
                .then_some(group.members.len())
                .and_then(|all| {
                    let more = all.saturating_sub(listed);
                    (more > 0).then(|| count(words::number(more), "connection"))
                }),
            id,
        }
    }
}

/// Where to look in Wireshark.
fn filters(group: &Group<'_>) -> Vec<(String, &'static str)> {
    let mut filters = Vec::new();
    let verdict = group.worst.findings.first();
    if let Some(verdict) = verdict.filter(|verdict| !verdict.display_filter.is_empty()) {
        let filter = escape(&verdict.display_filter).into_owned();
        filters.push((filter, "the evidence"));
    }
    let stream = group.worst.tcp_stream;
    filters.push((format!("tcp.stream eq {stream}"), "the whole connection"));
    if group.is_several() {
        filters.push(group.display_filter());
    }
    filters
}

#[cfg(test)]
pub(crate) mod tests;
