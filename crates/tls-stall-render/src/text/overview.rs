//! Several connections in a table.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, ContentArrangement, Table};

use super::page::Page;
use crate::group::Group;
use crate::words;

/// One row a group, in the order given.
pub(super) fn show(page: &mut Page, groups: &[Group<'_>]) {
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
    for group in groups {
        let connection = if group.is_several() {
            format!("{}: {}", group.count(), group.ends())
        } else {
            group.ends()
        };
        let row = [
            streams(group),
            connection,
            group.waits(),
            words::short_verdict(group.worst),
        ];
        table.add_row(row.map(|cell| page.spell(&cell).into_owned()));
    }
    for line in table.lines() {
        page.line(&line);
    }
}

/// The number of the worst, and how many stand beside it.
fn streams(group: &Group<'_>) -> String {
    let worst = group.worst.tcp_stream;
    match group.members.len().saturating_sub(1) {
        0 => worst.to_string(),
        more => format!("{worst} +{more}"),
    }
}
