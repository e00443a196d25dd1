//! One connection with its verdict, its course, and why.

use tls_stall::{Check, Connection, Finding};

use super::ladder;
use super::page::Page;
use crate::escape::{escape, shown};
use crate::group::Group;
use crate::ladder::{Ladder, Lookups};
use crate::style::paint;
use crate::words::{self, Standing};

/// Everything about the worst connection of `group`, and where to find the others.
pub(super) fn show(page: &mut Page, group: &Group<'_>, lookups: &Lookups<'_>) {
    let styles = page.styles;
    let connection = group.worst;
    if group.is_several() {
        let (count, ends) = (group.count(), group.ends());
        let stream = connection.tcp_stream;
        let line = format!("{count}, same cause: {ends}. The longest wait, tcp.stream {stream}:");
        page.paragraph("", "", &paint(styles.strong, line));
    }
    page.paragraph("", "  ", &verdict_line(page, connection));
    if let Some((verdict, others)) = connection.findings.split_first() {
        page.paragraph("  ", "  ", &cause_line(page, verdict));
        for other in others {
            let also = format!("{}: {}", words::also(other), cause_line(page, other));
            page.paragraph("  ", "    ", &also);
        }
    }
    if let Some(facts) = words::facts(connection) {
        page.paragraph("  ", "  ", &paint(styles.faint, format_args!("({facts})")));
    }
    let ladder = Ladder::new(connection, lookups);
    if !ladder.steps.is_empty() {
        heading(page, "What happened");
        ladder::show(page, &ladder);
    }
    if let Some(verdict) = connection.findings.first() {
        why(page, &verdict.checks);
        ruled_out(page, verdict);
        if !verdict.remedy.is_empty() {
            heading(page, "What to do");
            page.paragraph("    ", "    ", &shown(&verdict.remedy));
        }
    }
    heading(page, "In Wireshark");
    let filter = connection.findings.first();
    let filter = filter.map(|finding| escape(&finding.display_filter));
    if let Some(filter) = filter.filter(|filter| !filter.is_empty()) {
        page.line(&format!("    {filter}"));
    }
    page.line(&format!(
        "    tcp.stream eq {}{}",
        connection.tcp_stream,
        paint(styles.faint, "  (the whole connection)")
    ));
    if group.is_several() {
        let (filter, what) = group.display_filter();
        let what = paint(styles.faint, format_args!("  ({what})"));
        page.line(&format!("    {filter}{what}"));
    }
}

/// `✗ client → server (name): stalled 28.000 s before the ClientHello`.
pub(super) fn verdict_line(page: &Page, connection: &Connection) -> String {
    let styles = page.styles;
    let (sign, style) = match Standing::of(connection) {
        Standing::Stalled | Standing::Failed => ("✗", styles.bad),
        Standing::Noted => ("·", styles.unsure),
        Standing::Well => ("✓", styles.good),
    };
    let ends = words::ends(connection);
    let verdict = words::verdict(connection);
    format!("{} {ends}: {}", paint(style, sign), paint(style, verdict))
}

/// `reverse-dns-unanswered, high confidence: The client …`.
fn cause_line(page: &Page, finding: &Finding) -> String {
    let (lead, cause) = words::cause(finding);
    let cause = paint(page.styles.strong, cause);
    let (summary, part) = (shown(&finding.summary), words::part(finding));
    format!("{lead}{cause}: {summary}{part}")
}

/// The checks: first those that hold, with a sign each.
fn why(page: &mut Page, checks: &[Check]) {
    if checks.is_empty() {
        return;
    }
    heading(page, "Why");
    let styles = page.styles;
    for check in checks {
        let (sign, unknown) = match check.holds {
            Some(true) => (paint(styles.good, "✓"), ""),
            Some(false) => (paint(styles.bad, "✗"), ""),
            None => (paint(styles.unsure, "?"), "unknown; "),
        };
        let name = words::Spaced(check.name);
        let line = format!("{name}: {unknown}{}", shown(&check.detail));
        page.paragraph(&format!("    {sign} "), "      ", &line);
    }
}

fn ruled_out(page: &mut Page, finding: &Finding) {
    if finding.ruled_out.is_empty() {
        return;
    }
    heading(page, "Ruled out");
    for other in &finding.ruled_out {
        let line = format!("{}: {}", other.cause, shown(&other.because));
        page.paragraph("    ", "      ", &line);
    }
}

/// The name of a part, after an empty line.
pub(super) fn heading(page: &mut Page, heading: &str) {
    let heading = paint(page.styles.strong, heading);
    page.gap();
    page.line(&format!("  {heading}"));
}
