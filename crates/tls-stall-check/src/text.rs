//! For people: what differs, and how many captures there were.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use tls_stall_render::escape;

use crate::difference::Difference;
use crate::report::{CheckReport, CheckedCapture, Verdict};

/// The captures that are not as expected, and a line that counts all; in colour if `styled`.
#[must_use]
pub fn render(report: &CheckReport, styled: bool) -> String {
    let style = |colour: AnsiColor| {
        if styled {
            colour.on_default().bold()
        } else {
            Style::new()
        }
    };
    let (bad, unsure) = (style(AnsiColor::Red), style(AnsiColor::Yellow));
    let mut text = String::new();
    for capture in &report.captures {
        match &capture.verdict {
            Verdict::AsExpected => continue,
            Verdict::Differs(differences) => {
                let _ = writeln!(text, "{bad}✗ {}{bad:#}", escape(&capture.path));
                list(&mut text, capture, differences);
            }
            Verdict::KnownToDiffer { reason, .. } => {
                let (path, reason) = (escape(&capture.path), escape(reason));
                let _ = writeln!(
                    text,
                    "{unsure}~ {path}{unsure:#}\n  known to differ: {reason}"
                );
            }
            Verdict::Unreadable(reason) => {
                let (path, reason) = (escape(&capture.path), escape(reason));
                let _ = writeln!(text, "{bad}✗ {path}{bad:#}\n  cannot be read: {reason}");
            }
        }
        text.push('\n');
    }
    text + &report.summary() + "\n"
}

fn list(text: &mut String, capture: &CheckedCapture, differences: &[Difference]) {
    for difference in differences {
        let _ = match capture.location(Some(difference)) {
            (file, Some(place)) => writeln!(text, "  {}:{place}", escape(file)),
            (_, None) => Ok(()),
        };
        let _ = writeln!(text, "    expected: {}", escape(&difference.expected));
        let _ = writeln!(text, "    found:    {}", escape(&difference.found));
        if let Some(filter) = difference.display_filter() {
            let _ = writeln!(text, "    frames:   {filter}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::hostile;

    #[test]
    fn what_differs_is_told_in_full_and_the_rest_counted() {
        insta::assert_snapshot!(render(&hostile(), false));
    }

    #[test]
    fn nothing_in_a_capture_controls_the_terminal() {
        let text = render(&hostile(), false);
        assert!(!text.contains(|it: char| it.is_control() && it != '\n'));
        assert!(render(&hostile(), true).contains("\u{1b}[1m\u{1b}[31m✗"));
    }
}
