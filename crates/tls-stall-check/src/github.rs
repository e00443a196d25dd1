//! For GitHub: workflow commands, which it shows as annotations of the lines that they name.
//!
//! A command is a line `::error file=…,line=…,col=…,title=…::message` on standard output; see
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>.

use std::fmt::Write as _;

use tls_stall_render::escape;

use crate::difference::Difference;
use crate::report::{CheckReport, CheckedCapture, Verdict};

/// An annotation for each difference and each capture that could not be read, and a line that counts.
#[must_use]
pub fn render(report: &CheckReport) -> String {
    let mut text = String::new();
    for capture in &report.captures {
        match &capture.verdict {
            Verdict::AsExpected => {}
            Verdict::Differs(differences) => {
                for difference in differences {
                    let title = format!("{}: {}", capture.path, difference.kind);
                    let message = message(difference);
                    text.push_str(&command(
                        "error",
                        capture,
                        Some(difference),
                        &title,
                        &message,
                    ));
                }
            }
            Verdict::KnownToDiffer { reason, .. } => {
                let title = format!("{}: known to differ", capture.path);
                text.push_str(&command("notice", capture, None, &title, &escape(reason)));
            }
            Verdict::Unreadable(reason) => {
                let title = format!("{}: cannot be read", capture.path);
                text.push_str(&command("error", capture, None, &title, &escape(reason)));
            }
        }
    }
    text + &report.summary() + "\n"
}

fn message(difference: &Difference) -> String {
    let (expected, found) = (escape(&difference.expected), escape(&difference.found));
    let mut message = format!("expected: {expected}\nfound: {found}");
    if let Some(filter) = difference.display_filter() {
        let _ = write!(message, "\nframes: {filter}");
    }
    message
}

fn command(
    level: &str,
    capture: &CheckedCapture,
    difference: Option<&Difference>,
    title: &str,
    message: &str,
) -> String {
    let (file, place) = capture.location(difference);
    let mut command = format!("::{level} file={}", property(&file.replace('\\', "/")));
    if let Some(place) = place {
        let _ = write!(command, ",line={},col={}", place.line, place.column);
    }
    let title = property(&escape(title));
    let _ = writeln!(command, ",title={title}::{}", data(message));
    command
}

/// A message, which ends with its line.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The value of a property, which ends with a comma or a colon too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::hostile;

    #[test]
    fn each_difference_is_an_annotation_of_its_line() {
        insta::assert_snapshot!(render(&hostile()));
    }

    type Properties = Vec<(String, String)>;

    /// What a runner reads of a line, as actions/toolkit and actions/runner do.
    fn read(line: &str) -> Option<(String, Properties, String)> {
        let (command, data) = line.strip_prefix("::")?.split_once("::")?;
        let (level, properties) = command.split_once(' ')?;
        let properties = properties.split(',').map(|property| {
            let (key, value) = property.split_once('=').unwrap();
            let value = value.replace("%0D", "\r").replace("%0A", "\n");
            let value = value.replace("%3A", ":").replace("%2C", ",");
            (key.to_owned(), value.replace("%25", "%"))
        });
        let data = data.replace("%0D", "\r").replace("%0A", "\n");
        Some((
            level.to_owned(),
            properties.collect(),
            data.replace("%25", "%"),
        ))
    }

    #[test]
    fn no_text_of_a_capture_makes_a_command_of_its_own() {
        let text = render(&hostile());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 5, "four commands and the count:\n{text}");
        for line in &lines[..4] {
            let (_, properties, message) = read(line).unwrap();
            let keys: Vec<&str> = properties.iter().map(|(key, _)| key.as_str()).collect();
            assert!(
                matches!(
                    keys[..],
                    ["file", "line", "col", "title"] | ["file", "title"]
                ),
                "{keys:?}"
            );
            let own_lines = ["expected: ", "found: ", "frames: "];
            assert!(
                message.lines().count() == 1
                    || message
                        .lines()
                        .all(|it| own_lines.iter().any(|own| it.starts_with(own))),
                "{message}"
            );
        }
        let title = &read(lines[0]).unwrap().1[3].1;
        assert_eq!(title, "b,c:%\\n::d é.pcap: expectation-not-met");
    }
}
