//! For CI servers: JUnit XML, as Jenkins, GitLab and others read it.

use std::io;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::difference::Difference;
use crate::report::{CheckReport, CheckedCapture, Verdict};

/// A suite for each file of expectations, and a case in it for each capture.
///
/// A difference is a failure, a capture that could not be read an error, and one that is known to
/// differ is skipped. There are no times in it, so that the same captures give the same bytes.
///
/// # Errors
///
/// If the XML cannot be written, which does not happen in memory.
pub fn render(report: &CheckReport) -> io::Result<String> {
    let mut xml = Report::new("tls-stall check");
    let mut suites: Vec<TestSuite> = Vec::new();
    for capture in &report.captures {
        let name = match &capture.expectations {
            Some(file) => escape(file),
            None => "without expectations".to_owned(),
        };
        let case = case(capture, &name);
        if let Some(suite) = suites.iter_mut().find(|it| it.name.as_str() == name) {
            suite.add_test_case(case);
        } else {
            let mut suite = TestSuite::new(name);
            suite.add_test_case(case);
            suites.push(suite);
        }
    }
    xml.add_test_suites(suites);
    let text = xml.to_string().map_err(io::Error::other)?;
    Ok(text)
}

fn case(capture: &CheckedCapture, suite: &str) -> TestCase {
    let status = match &capture.verdict {
        Verdict::AsExpected => TestCaseStatus::success(),
        Verdict::Differs(differences) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            if let Some(first) = differences.first() {
                status.set_type(first.kind.name());
                status.set_message(message(differences.len(), first));
            }
            let all: Vec<String> = differences.iter().map(|it| told(capture, it)).collect();
            status.set_description(all.join("\n"));
            status
        }
        Verdict::KnownToDiffer { reason, .. } => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(format!("known to differ: {}", escape(reason)));
            status
        }
        Verdict::Unreadable(reason) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_type("unreadable");
            status.set_message(escape(reason));
            status
        }
    };
    let mut case = TestCase::new(escape(&capture.path), status);
    case.set_classname(suite);
    case
}

fn message(count: usize, first: &Difference) -> String {
    let more = match count {
        0 | 1 => String::new(),
        count => format!(" (1 of {count} differences)"),
    };
    format!("expected {}{more}", escape(&first.expected))
}

fn told(capture: &CheckedCapture, difference: &Difference) -> String {
    let mut lines = Vec::new();
    if let (file, Some(place)) = capture.location(Some(difference)) {
        lines.push(format!("{}:{place}", escape(file)));
    }
    lines.push(format!("  expected: {}", escape(&difference.expected)));
    lines.push(format!("  found:    {}", escape(&difference.found)));
    lines.extend(
        difference
            .display_filter()
            .map(|it| format!("  frames:   {it}")),
    );
    lines.join("\n")
}

/// `text` on one line and without what could deceive its reader, or is no character of XML 1.0: of
/// those that are no control characters only two are left, U+FFFE and U+FFFF.
fn escape(text: &str) -> String {
    let text = tls_stall_render::escape(text);
    let text = text.replace('\u{fffe}', "\\u{fffe}");
    text.replace('\u{ffff}', "\\u{ffff}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::hostile;

    #[test]
    fn each_capture_is_a_case() {
        insta::assert_snapshot!(render(&hostile()).unwrap());
    }

    #[test]
    fn what_is_written_is_read_back_the_same() {
        let xml = render(&hostile()).unwrap();
        let read = Report::deserialize_from_str(&xml).unwrap();
        let counts = (read.tests, read.failures, read.errors);
        assert_eq!(counts, (5, 2, 1));
        let name = read.test_suites[0].test_cases[1].name.as_str();
        assert_eq!(name, "b,c:%\\n::d é.pcap");
        assert!(!xml.contains(|it: char| it.is_control() && it != '\n'));
        assert!(!xml.contains('\u{ffff}'), "no character of XML 1.0");
    }
}
