//! One thing in which a capture is not as expected.

use std::fmt::{self, Write as _};

use tls_stall::FrameNumber;

use crate::place::Place;

/// One thing in which a capture is not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// What sort of difference it is.
    pub kind: DifferenceKind,
    /// Where the expectation stands in its file; `None` for a capture without an entry.
    pub place: Option<Place>,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
    /// The connection that was found, as Wireshark's `tcp.stream`.
    pub tcp_stream: Option<u64>,
    /// The frames that show it, in order; at most 100.
    pub frames: Vec<FrameNumber>,
}

impl Difference {
    pub(crate) fn new(
        kind: DifferenceKind,
        place: Option<Place>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            place,
            expected: expected.into(),
            found: found.into(),
            tcp_stream: None,
            frames: Vec::new(),
        }
    }

    /// Shows the frames in Wireshark.
    #[must_use]
    pub fn display_filter(&self) -> Option<String> {
        let (first, rest) = self.frames.split_first()?;
        let mut filter = format!("frame.number in {{{first}");
        for frame in rest {
            let _ = write!(filter, ",{frame}");
        }
        filter.push('}');
        Some(filter)
    }
}

/// What sort of difference it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DifferenceKind {
    /// A connection is not as expected, or is not there.
    ExpectationNotMet,
    /// A connection stalled of which nothing is said.
    UnexpectedStall,
    /// More or fewer connections stalled than are expected.
    StallCount,
    /// More or fewer handshakes failed than are expected.
    FailureCount,
    /// A wait was longer than it may be.
    WaitTooLong,
    /// Nothing differs any more where it is said to.
    NoLongerDiffers,
}

impl DifferenceKind {
    /// Every sort.
    pub const ALL: &'static [Self] = &[
        Self::ExpectationNotMet,
        Self::UnexpectedStall,
        Self::StallCount,
        Self::FailureCount,
        Self::WaitTooLong,
        Self::NoLongerDiffers,
    ];

    /// The stable name, as it stands in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ExpectationNotMet => "expectation-not-met",
            Self::UnexpectedStall => "unexpected-stall",
            Self::StallCount => "stall-count",
            Self::FailureCount => "failure-count",
            Self::WaitTooLong => "wait-too-long",
            Self::NoLongerDiffers => "no-longer-differs",
        }
    }

    /// What it says, in a sentence.
    #[must_use]
    pub const fn headline(self) -> &'static str {
        match self {
            Self::ExpectationNotMet => "A connection is not as expected, or is not there.",
            Self::UnexpectedStall => "A TLS handshake stalled that should not have.",
            Self::StallCount => "More or fewer TLS handshakes stalled than expected.",
            Self::FailureCount => "More or fewer TLS handshakes failed than expected.",
            Self::WaitTooLong => "A TLS handshake waited longer than it may.",
            Self::NoLongerDiffers => "What was known to differ is as expected now.",
        }
    }
}

/// Its name.
impl fmt::Display for DifferenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
