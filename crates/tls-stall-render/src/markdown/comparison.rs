//! Two captures side by side, for an issue tracker.

use tls_stall::Comparison;

use super::{block, code, fenced, list, prose};
use crate::comparison::{self, SIDES, Shown, Sorted};
use crate::words::{self, Standing, count};

/// How many pairs are shown in full.
const MAX_PAIRS: usize = 10;

/// `comparison` as Markdown, with a newline at its end.
#[must_use]
pub fn comparison(comparison: &Comparison) -> String {
    let mut page = String::new();
    let captures = SIDES.iter().zip(&comparison.captures);
    list(
        &mut page,
        captures.clone().map(|(side, capture)| {
            let (path, counts) = (code(&capture.source.path), words::counts(&capture.analysis));
            format!("{side}: {path}: {}", prose(&counts))
        }),
    );
    let sorted = Sorted::of(comparison);
    for shown in sorted.told.iter().take(MAX_PAIRS) {
        pair(&mut page, shown);
    }
    let left_out = sorted.told.len().saturating_sub(MAX_PAIRS);
    if left_out > 0 {
        let more = count(words::number(left_out), "pair");
        block(
            &mut page,
            &format!("{more} more, which `--format json` lists."),
        );
    }
    let nothing = comparison::nothing(comparison).map(ToOwned::to_owned);
    let last = nothing.into_iter().chain(sorted.alike);
    for line in last.chain(sorted.unmatched) {
        block(&mut page, &prose(&line));
    }
    for (side, capture) in captures {
        let notices = capture.analysis.notices.iter();
        if notices.len() > 0 {
            block(&mut page, &format!("### About the capture {side}"));
            list(&mut page, notices.map(|it| prose(&words::notice(it))));
        }
    }
    page
}

/// Two connections, and where they part.
fn pair(page: &mut String, pair: &Shown<'_>) {
    let sign = match pair.standing() {
        Standing::Stalled | Standing::Failed => "❌",
        Standing::Noted => "ℹ️",
        Standing::Well => "✅",
    };
    let server = code(&pair.server());
    block(page, &format!("## {sign} {server}"));
    block(page, &prose(&pair.pair.summary));
    let places = pair.places();
    let lines = SIDES.iter().zip(pair.lines()).enumerate();
    let lines = lines.map(|(index, (side, line))| {
        let place = places.as_ref().and_then(|places| places.get(index));
        let place = place.map_or_else(String::new, |place| format!("; captured {place}"));
        format!("{side}: {}{place}", prose(&line))
    });
    list(page, lines);
    for (side, connection) in SIDES.iter().zip(pair.connections) {
        if let Some(verdict) = connection.findings.first() {
            block(page, &format!("{side}: {}", super::cause(verdict)));
        }
    }
    let rows = pair.rows().into_iter().map(|row| {
        let [here, there] = row.lengths;
        let parts = if row.parts { " **← they part**" } else { "" };
        format!(
            "| {}{parts} | {here} | {there} | {} |",
            row.awaited, row.difference
        )
    });
    let head = "| until | here | there | difference |\n|---|---:|---:|---:|";
    let table: Vec<String> = std::iter::once(head.to_owned()).chain(rows).collect();
    block(page, &table.join("\n"));
    titled(page, "Lookups that went differently", &pair.lookups());
    let shares = pair.shares().into_iter();
    let shares: Vec<String> = shares
        .map(|row| {
            let (host, path) = (row.host, row.path);
            format!(
                "until {}: {host} at the {}, {path} on the path",
                row.awaited, row.party
            )
        })
        .collect();
    titled(page, "Where the time went", &shares);
    titled(page, "Between the two captures", &pair.strays());
    block(page, "**In Wireshark**");
    let filters: Vec<String> = SIDES
        .iter()
        .zip(pair.filters())
        .map(|(side, filter)| format!("{side:<7}{filter}"))
        .collect();
    block(page, &fenced(&(filters.join("\n") + "\n")));
}

fn titled(page: &mut String, title: &str, lines: &[String]) {
    if !lines.is_empty() {
        block(page, &format!("**{title}**"));
        list(page, lines.iter().map(|line| prose(line)));
    }
}
