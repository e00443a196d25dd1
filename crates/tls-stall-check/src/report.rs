//! What came of the captures.

use std::fmt::Write as _;

use crate::difference::Difference;
use crate::place::Place;

/// What came of all captures, in the order they were given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CheckReport {
    /// One capture each.
    pub captures: Vec<CheckedCapture>,
}

impl CheckReport {
    /// The report of `captures`.
    #[must_use]
    pub fn new(captures: Vec<CheckedCapture>) -> Self {
        Self { captures }
    }

    /// Whether a capture differs from what is expected of it.
    #[must_use]
    pub fn differs(&self) -> bool {
        let mut captures = self.captures.iter();
        captures.any(|it| matches!(it.verdict, Verdict::Differs(_)))
    }

    /// One line that counts: `3 captures: 1 as expected, 1 differs, 1 known to differ`.
    #[must_use]
    pub fn summary(&self) -> String {
        let count = |is: fn(&Verdict) -> bool| {
            let captures = self.captures.iter();
            captures.filter(|it| is(&it.verdict)).count()
        };
        let all = self.captures.len();
        let mut line = format!("{all} capture{}: ", if all == 1 { "" } else { "s" });
        let as_expected = count(|it| *it == Verdict::AsExpected);
        let _ = write!(line, "{as_expected} as expected");
        let differ = count(|it| matches!(it, Verdict::Differs(_)));
        if differ > 0 {
            let verb = if differ == 1 { "differs" } else { "differ" };
            let _ = write!(line, ", {differ} {verb}");
        }
        let known = count(|it| matches!(it, Verdict::KnownToDiffer { .. }));
        if known > 0 {
            let _ = write!(line, ", {known} known to differ");
        }
        let unread = count(|it| matches!(it, Verdict::Unreadable(_)));
        if unread > 0 {
            let _ = write!(line, ", {unread} could not be read");
        }
        line
    }
}

/// What came of one capture.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckedCapture {
    /// Its path as it was given.
    pub path: String,
    /// The path of the file of expectations; `None` where there is none.
    pub expectations: Option<String>,
    /// Where its entry stands; `None` where it has none.
    pub place: Option<Place>,
    /// What came of it.
    pub verdict: Verdict,
}

impl CheckedCapture {
    /// What came of the capture at `path`, of which nothing is said.
    #[must_use]
    pub fn new(path: impl Into<String>, verdict: Verdict) -> Self {
        Self {
            path: path.into(),
            expectations: None,
            place: None,
            verdict,
        }
    }

    /// The file and the place that a reader has to look at for `difference`: the expectation, or the
    /// capture where nothing is said of it.
    pub(crate) fn location(&self, difference: Option<&Difference>) -> (&str, Option<Place>) {
        let place = difference.and_then(|it| it.place).or(self.place);
        match (&self.expectations, place) {
            (Some(file), Some(place)) => (file, Some(place)),
            _ => (&self.path, None),
        }
    }
}

/// What came of a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// All is as expected.
    AsExpected,
    /// It differs; there is at least one difference.
    Differs(Vec<Difference>),
    /// It differs, as its entry says it does still.
    #[non_exhaustive]
    KnownToDiffer {
        /// Why.
        reason: String,
        /// In what.
        differences: Vec<Difference>,
    },
    /// It could not be read, for this reason.
    Unreadable(String),
}

#[cfg(test)]
pub(crate) mod tests {
    use tls_stall::FrameNumber;

    use super::*;
    use crate::difference::DifferenceKind;

    /// One capture of each verdict, with texts that are out to deceive.
    pub(crate) fn hostile() -> CheckReport {
        let mut unmet = Difference::new(
            DifferenceKind::ExpectationNotMet,
            Some(Place { line: 6, column: 3 }),
            "a stall at 203.0.113.25:465",
            "\u{1b}[2J]]>\0<b a='\"'>&\r\n::error::100%,a:b\u{202e}\u{ffff}",
        );
        unmet.tcp_stream = Some(2);
        unmet.frames = [48, 73].into_iter().filter_map(FrameNumber::new).collect();
        let mut stall = unmet.clone();
        stall.kind = DifferenceKind::UnexpectedStall;
        stall.place = None;
        let mut as_expected = CheckedCapture::new("a.pcap", Verdict::AsExpected);
        let mut differs =
            CheckedCapture::new("b,c:%\n::d é.pcap", Verdict::Differs(vec![unmet.clone()]));
        let mut known = CheckedCapture::new(
            "known.pcap",
            Verdict::KnownToDiffer {
                reason: "another\n::error::".to_owned(),
                differences: vec![unmet],
            },
        );
        for capture in [&mut as_expected, &mut differs, &mut known] {
            capture.expectations = Some("tls-stall.toml".to_owned());
            capture.place = Some(Place { line: 4, column: 1 });
        }
        let unlisted = CheckedCapture::new("unlisted.pcap", Verdict::Differs(vec![stall]));
        let unread = Verdict::Unreadable("it ends\r\n::error::within".to_owned());
        let unread = CheckedCapture::new("unread.pcap", unread);
        CheckReport::new(vec![as_expected, differs, known, unlisted, unread])
    }

    #[test]
    fn the_summary_counts_every_verdict() {
        assert_eq!(
            hostile().summary(),
            "5 captures: 1 as expected, 2 differ, 1 known to differ, 1 could not be read"
        );
        let one = CheckedCapture::new("a.pcap", Verdict::AsExpected);
        let report = CheckReport::new(vec![one]);
        assert_eq!(report.summary(), "1 capture: 1 as expected");
        assert!(!report.differs() && hostile().differs());
    }
}
