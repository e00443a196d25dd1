//! One connection with its verdict, its course, and why.

use std::fmt::Write as _;

use tls_stall::{Cause, Check, Connection, Finding};

use super::page::Page;
use super::timeline;
use super::words::{self, Standing};
use crate::escape::escape;
use crate::style::paint;

/// Everything about `connection`.
pub(super) fn show(page: &mut Page, connection: &Connection) {
    let styles = page.styles;
    page.paragraph("", 2, &verdict_line(page, connection));
    if let Some((verdict, others)) = connection.findings.split_first() {
        page.paragraph("  ", 2, &cause_line(page, verdict));
        for other in others {
            let wait = format!(
                "also, {} before {}: {}",
                other.wait,
                words::awaited(other.phase),
                cause_line(page, other)
            );
            page.paragraph("  ", 4, &wait);
        }
    }
    if let Some(facts) = words::facts(connection) {
        page.paragraph("  ", 2, &paint(styles.faint, format_args!("({facts})")));
    }
    timeline::show(page, connection);
    if let Some(verdict) = connection.findings.first() {
        why(page, &verdict.checks);
        ruled_out(page, verdict);
        if !verdict.remedy.is_empty() {
            heading(page, "What to do");
            page.paragraph("    ", 4, &escape(&verdict.remedy));
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
    let mut line = format!("{lead}{cause}: {}", escape(&finding.summary));
    let partly = finding.explained < finding.wait && finding.cause != Cause::UnusedConnection;
    if partly && finding.explained.as_nanos() > 0 {
        let _ = write!(
            line,
            " It accounts for {} of the {}.",
            finding.explained, finding.wait
        );
    }
    line
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
        let line = format!("{name}: {unknown}{}", escape(&check.detail));
        page.paragraph(&format!("    {sign} "), 6, &line);
    }
}

fn ruled_out(page: &mut Page, finding: &Finding) {
    if finding.ruled_out.is_empty() {
        return;
    }
    heading(page, "Ruled out");
    for other in &finding.ruled_out {
        let line = format!("{}: {}", other.cause, escape(&other.because));
        page.paragraph("    ", 6, &line);
    }
}

/// The name of a part, after an empty line.
pub(super) fn heading(page: &mut Page, heading: &str) {
    let heading = paint(page.styles.strong, heading);
    page.gap();
    page.line(&format!("  {heading}"));
}
