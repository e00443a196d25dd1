//! What lies between the files of a merged capture, and what was wrong with each.

use std::borrow::Cow;

use super::merged::Part;
use crate::notice::{Notice, NoticeCode};
use crate::time::{FrameNumber, Span, Timestamp};

/// The shortest silence between two files that is worth a word: a program that begins a new file
/// loses less.
const MIN_GAP: Span = Span::from_secs(1);

/// How many times longer than any silence within the two files it has to be.
///
/// Of `n` silences of one kind, one more is the longest by chance once in `n + 1` times; twice as long
/// as the others, about once in `n` squared.
const TIMES_LONGER: i64 = 2;

/// How many silences must be known before a longer one stands out.
const MIN_SILENCES: u64 = 10;

/// The silences within and between files, as their frames come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Seams {
    latest: Option<(usize, Timestamp)>,
    /// Of each file, by its place in the order of files.
    within: Vec<Silences>,
    /// Where a file begins after all frames of the ones before.
    between: Vec<Seam>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Silences {
    count: u64,
    longest: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seam {
    before: usize,
    after: usize,
    frame: FrameNumber,
    gap: Span,
}

impl Seams {
    /// Takes the next frame of the merged capture, which is of file `part`.
    pub(super) fn frame(&mut self, part: usize, time: Timestamp, frame: FrameNumber, first: bool) {
        let Some((before, latest)) = self.latest else {
            self.latest = Some((part, time));
            return;
        };
        let gap = time.since(latest);
        if gap < Span::ZERO {
            return;
        }
        self.latest = Some((part, time));
        if first {
            self.between.push(Seam {
                before,
                after: part,
                frame,
                gap,
            });
            return;
        }
        if self.within.len() <= part {
            self.within
                .resize(part.saturating_add(1), Silences::default());
        }
        if let Some(within) = self.within.get_mut(part) {
            within.count = within.count.saturating_add(1);
            within.longest = within.longest.max(gap);
        }
    }

    /// Says where between two files nothing was captured for longer than their own pace explains;
    /// `path` gives a file's path.
    pub(super) fn notices<'a>(&self, path: impl Fn(usize) -> Cow<'a, str>) -> Vec<Notice> {
        let mut suspect = self.between.iter().filter(|seam| self.is_suspect(seam));
        let Some(first) = suspect.next() else {
            return Vec::new();
        };
        let mut message = format!(
            "nothing was captured for {} between {} and {}, while the longest silence within them \
             is {}: a file may be missing",
            first.gap,
            path(first.before),
            path(first.after),
            self.around(first).longest
        );
        match suspect.count() {
            0 => {}
            1 => message.push_str("; and so between two others"),
            more => {
                let more = format!("; and so at {more} places more");
                message.push_str(&more);
            }
        }
        vec![Notice::new(
            NoticeCode::FramesLost,
            Some(first.frame),
            message,
        )]
    }

    fn is_suspect(&self, seam: &Seam) -> bool {
        let around = self.around(seam);
        let pace = around.longest.percent(TIMES_LONGER.saturating_mul(100));
        around.count >= MIN_SILENCES && seam.gap > MIN_GAP && seam.gap > pace
    }

    /// The silences of the two files at `seam`.
    fn around(&self, seam: &Seam) -> Silences {
        let of = |part: usize| self.within.get(part).copied().unwrap_or_default();
        let (before, after) = (of(seam.before), of(seam.after));
        Silences {
            count: before.count.saturating_add(after.count),
            longest: before.longest.max(after.longest),
        }
    }
}

/// What was wrong with the files: one notice a code, with the first file that it is true of.
///
/// A frame's number in it is that within the file, so that the notice itself has none.
pub(super) fn of_parts(parts: &[Part]) -> Vec<Notice> {
    let mut told: Vec<(Notice, u64)> = Vec::new();
    for part in parts {
        for notice in &part.notices {
            if let Some((_, more)) = told.iter_mut().find(|(it, _)| it.code == notice.code) {
                *more = more.saturating_add(1);
            } else {
                let message = format!("{}: {}", part.name(), notice.message);
                told.push((Notice::new(notice.code, None, message), 0));
            }
        }
    }
    let with_count = told.into_iter().map(|(mut notice, more)| {
        match more {
            0 => {}
            1 => notice
                .message
                .push_str("; another file has such a fault too"),
            more => {
                let more = format!("; {more} other files have such faults too");
                notice.message.push_str(&more);
            }
        }
        notice
    });
    with_count.collect()
}

/// That more than `limit` files overlap in time.
pub(super) fn crowded(limit: usize) -> Notice {
    let message = format!(
        "more than {limit} files overlap in time: those beyond were read after others had ended, \
         and their frames stand late"
    );
    Notice::new(NoticeCode::LimitReached, None, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of two files with frames at these milliseconds.
    fn between(first: &[i64], second: &[i64]) -> Vec<Notice> {
        let mut seams = Seams::default();
        let mut number = FrameNumber::MIN;
        for (part, times) in [first, second].into_iter().enumerate() {
            for (at, &time) in times.iter().enumerate() {
                let time = Timestamp::from_nanos(time * 1_000_000);
                seams.frame(part, time, number, at == 0);
                number = number.saturating_add(1);
            }
        }
        seams.notices(|part| ["a", "b"][part].into())
    }

    /// Times at one pace.
    fn paced(from: i64, to: i64, pace: i64) -> Vec<i64> {
        (from..=to)
            .step_by(usize::try_from(pace).unwrap())
            .collect()
    }

    #[test]
    fn a_silence_between_files_beyond_their_own_pace_is_told_with_both_names() {
        let notices = between(&paced(0, 4000, 400), &paced(16_000, 20_000, 400));
        assert_eq!(notices.len(), 1);
        assert_eq!(notices[0].code, NoticeCode::FramesLost);
        assert_eq!(notices[0].frame, FrameNumber::new(12));
        assert_eq!(
            notices[0].message,
            "nothing was captured for 12.000 s between a and b, while the longest silence within \
             them is 0.400 s: a file may be missing"
        );
    }

    #[test]
    fn a_silence_that_the_files_have_within_them_too_is_no_gap() {
        let slow = paced(0, 60_000, 6000);
        assert_eq!(between(&slow, &paced(72_000, 90_000, 6000)), []);
        let mut late = paced(16_000, 20_000, 400);
        late.push(27_000);
        assert_eq!(between(&paced(0, 4000, 400), &late), []);
    }

    #[test]
    fn a_second_or_less_and_too_little_to_know_a_pace_by_is_no_gap() {
        let quick = paced(0, 100, 10);
        assert_eq!(between(&quick, &paced(1100, 1200, 10)), []);
        assert_eq!(between(&quick, &paced(1101, 1200, 10)).len(), 1);
        assert_eq!(between(&[0, 10, 20], &[60_000, 60_010]), []);
    }
}
