//! Moments and lengths of time, with the resolution of a capture.

use std::fmt;
use std::num::{NonZeroU64, TryFromIntError};
use std::time::{Duration, SystemTime};

/// The number of a frame in its capture, from 1 in file order, as Wireshark's `frame.number`.
pub type FrameNumber = NonZeroU64;

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// A moment: nanoseconds since 1970-01-01 00:00 UTC, from 1677 to 2262.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment `nanos` nanoseconds after 1970-01-01 00:00 UTC.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since 1970-01-01 00:00 UTC.
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// How long after `earlier` this is; negative where it is before.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// The moment `span` later, at the ends of the range the nearest there is.
    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

/// Before 1677 and after 2262 the nearest there is.
impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let epoch = Self(0);
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => epoch.plus(Span::from(after)),
            Err(before) => epoch.plus(Span::ZERO.minus(Span::from(before.duration()))),
        }
    }
}

/// A length of time in nanoseconds; negative where a capture's clock ran backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(i64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A length of `nanos` nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// A length of `millis` milliseconds.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// A length of `seconds` seconds.
    #[must_use]
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(NANOS_PER_SECOND))
    }

    /// The length in nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// The length in seconds; exact to the nanosecond up to about 100 days.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "stated in the documentation")]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// This length and `other` together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// What is left of this length without `other`.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The distance from zero.
    #[must_use]
    pub const fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }

    /// `percent` hundredths of this length.
    #[must_use]
    pub const fn percent(self, percent: i64) -> Self {
        Self(self.0.saturating_mul(percent) / 100)
    }
}

/// Of more than 292 years, that many.
impl From<Duration> for Span {
    fn from(length: Duration) -> Self {
        Self(i64::try_from(length.as_nanos()).unwrap_or(i64::MAX))
    }
}

/// Fails where the length is negative.
impl TryFrom<Span> for Duration {
    type Error = TryFromIntError;

    fn try_from(length: Span) -> Result<Self, TryFromIntError> {
        u64::try_from(length.0).map(Self::from_nanos)
    }
}

/// Seconds to the millisecond (`28.000 s`), under 10 ms to the microsecond where that tells more
/// (`0.000340 s`, but `0.003 s`).
///
/// With `{:#}`, as short as it is exact (`1 s`, `0.0015 s`): for lengths that somebody asked for,
/// which are no measurements.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.unsigned_abs();
        if f.alternate() {
            let sign = if self.0 < 0 { "-" } else { "" };
            let (seconds, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
            let decimals = format!(".{rest:09}");
            let decimals = decimals.trim_end_matches('0').trim_end_matches('.');
            return write!(f, "{sign}{seconds}{decimals} s");
        }
        let is_whole_millis = nanos.is_multiple_of(1_000_000);
        let digits = if nanos < 10_000_000 && !is_whole_millis {
            6
        } else {
            3
        };
        f.pad(&format!("{:.*} s", digits, self.as_secs_f64()))
    }
}

#[cfg(feature = "serde")]
mod json {
    use super::{Span, Timestamp};

    /// As RFC 3339, in UTC.
    impl serde::Serialize for Timestamp {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let time = jiff::Timestamp::from_nanosecond(i128::from(self.as_nanos()))
                .map_err(serde::ser::Error::custom)?;
            serializer.collect_str(&time)
        }
    }

    /// As seconds.
    impl serde::Serialize for Span {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_f64(self.as_secs_f64())
        }
    }
}

/// One frame's number and time: where in the capture something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a frame's number and its time, nothing else"
)]
pub struct Moment {
    /// When the frame was captured.
    pub time: Timestamp,
    /// Which frame it is.
    pub frame: FrameNumber,
}

impl Moment {
    /// How long after `earlier` this is.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        self.time.since(earlier.time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_shown_in_seconds_with_the_digits_that_matter() {
        assert_eq!(Span::from_secs(28).to_string(), "28.000 s");
        assert_eq!(Span::from_nanos(340_000).to_string(), "0.000340 s");
        assert_eq!(Span::from_millis(3).to_string(), "0.003 s");
        assert_eq!(Span::from_nanos(9_999_000).to_string(), "0.009999 s");
        assert_eq!(Span::ZERO.to_string(), "0.000 s");
        assert_eq!(Span::from_nanos(-340_000).to_string(), "-0.000340 s");
        let longest = Span::from_nanos(i64::MIN).to_string();
        assert_eq!(longest, "-9223372036.855 s");
        let right = format!("{:>9}", Span::from_millis(80));
        assert_eq!(right, "  0.080 s");
    }

    #[test]
    fn a_length_asked_for_is_as_short_as_it_is_exact() {
        let short = |nanos| format!("{:#}", Span::from_nanos(nanos));
        assert_eq!(short(1_000_000_000), "1 s");
        assert_eq!(short(120_000_000_000), "120 s");
        assert_eq!(short(1_500_000), "0.0015 s");
        assert_eq!(short(1_000_000_001), "1.000000001 s");
        assert_eq!(short(0), "0 s");
        assert_eq!(short(-200_000_000), "-0.2 s");
        assert_eq!(short(i64::MIN), "-9223372036.854775808 s");
    }

    #[test]
    fn time_that_runs_backwards_gives_a_negative_span() {
        let later = Timestamp::from_nanos(5);
        assert_eq!(Timestamp::from_nanos(2).since(later), Span::from_nanos(-3));
    }

    #[test]
    fn times_and_lengths_of_the_standard_library_are_taken_as_they_are() {
        let second = Duration::from_secs(1);
        let time = |time: SystemTime| Timestamp::from(time).as_nanos();
        assert_eq!(time(SystemTime::UNIX_EPOCH + second), NANOS_PER_SECOND);
        assert_eq!(time(SystemTime::UNIX_EPOCH - second), -NANOS_PER_SECOND);
        assert_eq!(Span::from(second), Span::from_secs(1));
        assert_eq!(Span::from(Duration::MAX), Span(i64::MAX));
        assert_eq!(Duration::try_from(Span::from_secs(1)), Ok(second));
        assert!(Duration::try_from(Span::from_nanos(-1)).is_err());
    }

    #[test]
    fn the_ends_of_the_range_saturate() {
        let last = Timestamp::from_nanos(i64::MAX);
        assert_eq!(last.plus(Span::from_secs(1)), last);
        assert_eq!(
            last.since(Timestamp::from_nanos(i64::MIN)).as_nanos(),
            i64::MAX
        );
    }
}
