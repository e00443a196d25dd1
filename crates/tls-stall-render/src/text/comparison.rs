//! Two captures side by side, for a terminal.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use tls_stall::Comparison;

use super::TextOptions;
use super::detail::heading;
use super::page::Page;
use crate::comparison::{self, SIDES, Shown, Sorted};
use crate::escape::shown;
use crate::style::paint;
use crate::words::{self, Standing, count};

/// `comparison` as text, with a newline at its end.
///
/// First the two captures, then the connections that stalled, failed or part, each with its phases
/// side by side, and at last those that went alike or have no counterpart. A pair of ladders would
/// need more columns than a terminal has: the HTML page draws them.
#[must_use]
pub fn comparison(comparison: &Comparison, options: &TextOptions) -> String {
    let mut page = Page::new(options);
    let styles = page.styles;
    for (side, capture) in SIDES.iter().zip(&comparison.captures) {
        let path = paint(styles.strong, shown(&capture.source.path));
        let counts = words::counts(&capture.analysis);
        page.paragraph(
            &format!("{side:<7}"),
            "       ",
            &format!("{path}: {counts}"),
        );
    }
    let sorted = Sorted::of(comparison);
    for shown in sorted.told.iter().take(options.max_details) {
        page.gap();
        pair(&mut page, shown);
    }
    let left_out = sorted.told.len().saturating_sub(options.max_details);
    let left_out = (left_out > 0).then(|| {
        let more = count(words::number(left_out), "pair");
        format!("{more} more, which --format json lists.")
    });
    let nothing = comparison::nothing(comparison).map(ToOwned::to_owned);
    let last = left_out.into_iter().chain(nothing);
    let last: Vec<String> = last.chain(sorted.alike).chain(sorted.unmatched).collect();
    if !last.is_empty() {
        page.gap();
    }
    for line in last {
        page.paragraph("", "  ", &line);
    }
    notices(&mut page, comparison);
    page.into_text()
}

/// Two connections, and where they part.
fn pair(page: &mut Page, pair: &Shown<'_>) {
    let styles = page.styles;
    let (sign, style) = match pair.standing() {
        Standing::Stalled | Standing::Failed => ("✗", styles.bad),
        Standing::Noted => ("·", styles.unsure),
        Standing::Well => ("✓", styles.good),
    };
    let server = paint(styles.strong, pair.server());
    let matched = paint(styles.faint, format_args!("({})", pair.matched()));
    page.paragraph(
        "",
        "  ",
        &format!("{} {server} {matched}", paint(style, sign)),
    );
    page.paragraph("  ", "  ", &shown(&pair.pair.summary));
    page.gap();
    let places = pair.places();
    for (index, (side, line)) in SIDES.iter().zip(pair.lines()).enumerate() {
        let place = places.as_ref().and_then(|places| places.get(index));
        let place = place.map_or_else(String::new, |place| format!("; captured {place}"));
        page.paragraph(
            &format!("  {side:<7}"),
            "         ",
            &format!("{line}{place}"),
        );
        let connection = pair.connections.get(index);
        if let Some(verdict) = connection.and_then(|it| it.findings.first()) {
            let (lead, cause) = words::cause(verdict);
            let cause = paint(styles.strong, cause);
            let line = format!("{lead}{cause}: {}", shown(&verdict.summary));
            page.paragraph("         ", "         ", &line);
        }
    }
    page.gap();
    phases(page, pair);
    list(page, "Lookups that went differently", &pair.lookups());
    shares(page, pair);
    list(page, "Between the two captures", &pair.strays());
    heading(page, "In Wireshark");
    for (side, filter) in SIDES.iter().zip(pair.filters()) {
        page.line(&format!("    {side:<7}{filter}"));
    }
}

/// The phases, a row each.
fn phases(page: &mut Page, pair: &Shown<'_>) {
    let [here, there] = SIDES;
    let parts = pair.pair.parts_at.is_some();
    let mut header = vec!["until", here, there, "difference"];
    header.extend(parts.then_some(""));
    let mut table = new_table(page, &header);
    for row in pair.rows() {
        let [here, there] = row.lengths;
        let mut cells = vec![row.awaited, &here, &there, &row.difference];
        cells.extend(parts.then_some(if row.parts { "◀ they part" } else { "" }));
        table.add_row(spelled(page, &cells));
    }
    show(page, &mut table);
}

/// How the waits were divided, a row each.
fn shares(page: &mut Page, pair: &Shown<'_>) {
    let shares = pair.shares();
    if shares.is_empty() {
        return;
    }
    heading(page, "Where the time went");
    let mut table = new_table(page, &["until", "at the", "host", "path"]);
    for row in shares {
        let row = [row.awaited, row.party, &row.host, &row.path];
        table.add_row(spelled(page, &row));
    }
    show(page, &mut table);
}

fn new_table(page: &Page, header: &[&str]) -> Table {
    let width = page.width().saturating_sub(INDENT.len());
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED.with_rounded_corners())
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(u16::MAX))
        .set_header(spelled(page, header));
    table
}

fn spelled(page: &Page, cells: &[&str]) -> Vec<String> {
    let cells = cells.iter();
    cells.map(|cell| page.spell(cell).into_owned()).collect()
}

const INDENT: &str = "  ";

/// The table, the columns of lengths to the right.
fn show(page: &mut Page, table: &mut Table) {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for line in table.lines() {
        page.line(&format!("{INDENT}{line}"));
    }
}

fn list(page: &mut Page, name: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    heading(page, name);
    for line in lines {
        page.paragraph("    ", "      ", line);
    }
}

/// What is to be known of the captures themselves.
fn notices(page: &mut Page, comparison: &Comparison) {
    for (side, capture) in SIDES.iter().zip(&comparison.captures) {
        let notices = &capture.analysis.notices;
        if notices.is_empty() {
            continue;
        }
        page.gap();
        let title = format!("About the capture {side}");
        page.line(&paint(page.styles.strong, title));
        for notice in notices {
            page.paragraph("  ", "    ", &words::notice(notice));
        }
    }
}
