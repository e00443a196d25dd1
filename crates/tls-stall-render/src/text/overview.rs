//! Several connections in a table.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use tls_stall::Connection;

use super::page::Page;
use super::words::{self, Standing};

/// One row a connection, in the order given.
pub(super) fn show(page: &mut Page, connections: &[&Connection]) {
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED.with_rounded_corners())
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(page.width()).unwrap_or(u16::MAX))
        .set_header(["stream", "connection", "wait", "verdict"]);
    for column in [0, 2] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for connection in connections {
        table.add_row([
            connection.tcp_stream.to_string(),
            words::ends(connection),
            wait(connection),
            verdict(connection),
        ]);
    }
    for line in table.lines() {
        page.line(&line);
    }
}

fn wait(connection: &Connection) -> String {
    let wait = words::verdict_wait(connection).or_else(|| words::longest_wait(connection));
    wait.map_or_else(|| "–".to_owned(), |wait| wait.duration.to_string())
}

fn verdict(connection: &Connection) -> String {
    let outcome = words::outcome(connection.outcome);
    match (Standing::of(connection), connection.findings.first()) {
        (Standing::Stalled, Some(finding)) => {
            format!("stalled: {} ({})", finding.cause, finding.confidence)
        }
        (Standing::Stalled, None) => format!("stalled; {outcome}"),
        (_, Some(finding)) => format!("{outcome}: {} ({})", finding.cause, finding.confidence),
        (_, None) => outcome.to_owned(),
    }
}
