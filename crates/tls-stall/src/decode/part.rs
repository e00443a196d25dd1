//! A part of a frame, of which the capture may hold less than there was on the wire.

use super::undecoded::Undecoded;
use crate::capture::Frame;

/// A part of a frame: its bytes as far as they were captured, and its length on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part<'a> {
    captured: &'a [u8],
    wire_len: u32,
}

impl<'a> Part<'a> {
    /// The whole of `frame`.
    pub(super) fn of(frame: &Frame<'a>) -> Self {
        // Some capturers state less than they kept.
        let wire_len = frame.wire_len.max(to_u32(frame.data.len()));
        Self {
            captured: frame.data,
            wire_len,
        }
    }

    /// What was captured of `wire_len` bytes.
    pub(super) const fn new(captured: &'a [u8], wire_len: u32) -> Self {
        Self { captured, wire_len }
    }

    /// The bytes, as far as they were captured.
    pub(super) fn captured(self) -> &'a [u8] {
        self.captured
    }

    /// The length on the wire.
    pub(super) fn wire_len(self) -> u32 {
        self.wire_len
    }

    /// The first `N` bytes.
    ///
    /// # Errors
    ///
    /// That of [`too_short`](Self::too_short) where there are fewer.
    pub(super) fn first<const N: usize>(self) -> Result<&'a [u8; N], Undecoded> {
        self.captured.first_chunk().ok_or_else(|| self.too_short(N))
    }

    /// The first `N` bytes, and what follows them.
    ///
    /// # Errors
    ///
    /// That of [`too_short`](Self::too_short) where there are fewer.
    pub(super) fn split<const N: usize>(self) -> Result<(&'a [u8; N], Self), Undecoded> {
        Ok((self.first()?, self.skip(N)?))
    }

    /// What follows the first `len` bytes; nothing of it is captured where the capture ends before.
    ///
    /// # Errors
    ///
    /// [`Undecoded::Malformed`] where there were fewer on the wire.
    pub(super) fn skip(self, len: usize) -> Result<Self, Undecoded> {
        match self.wire_len.checked_sub(to_u32(len)) {
            Some(wire_len) => Ok(Self {
                captured: self.captured.get(len..).unwrap_or_default(),
                wire_len,
            }),
            None => Err(PAST_THE_END),
        }
    }

    /// The same part with the length that its header states: longer than the frame where that was
    /// cut without a trace, shorter where padding or a trailer follows.
    pub(super) fn with_len(self, wire_len: u32) -> Self {
        let len = usize::try_from(wire_len).unwrap_or(usize::MAX);
        Self {
            captured: self.captured.get(..len).unwrap_or(self.captured),
            wire_len,
        }
    }

    /// Why the first `needed` bytes are not there: they were not captured, or there never were any.
    #[cold]
    pub(super) fn too_short(self, needed: usize) -> Undecoded {
        if self.wire_len < to_u32(needed) {
            PAST_THE_END
        } else {
            Undecoded::CutShort
        }
    }
}

const PAST_THE_END: Undecoded = Undecoded::Malformed("a header ends after its packet");

fn to_u32(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: Part<'_> = Part {
        captured: &[1, 2, 3, 4],
        wire_len: 6,
    };

    #[test]
    fn what_was_not_captured_is_told_from_what_never_was() {
        assert_eq!(PART.first::<5>(), Err(Undecoded::CutShort));
        assert_eq!(PART.first::<6>(), Err(Undecoded::CutShort));
        assert_eq!(PART.first::<7>(), Err(PAST_THE_END));
        assert_eq!(PART.skip(7), Err(PAST_THE_END));
    }

    #[test]
    fn a_header_beyond_the_capture_leaves_a_rest_that_has_a_length_but_no_bytes() {
        let rest = PART.skip(5).unwrap();
        assert_eq!((rest.captured(), rest.wire_len()), (&[][..], 1));
    }

    #[test]
    fn the_stated_length_wins_over_that_of_the_frame() {
        assert_eq!(PART.with_len(3).captured(), [1, 2, 3]);
        assert_eq!(PART.with_len(9).captured(), [1, 2, 3, 4]);
        assert_eq!(PART.with_len(9).wire_len(), 9);
    }
}
