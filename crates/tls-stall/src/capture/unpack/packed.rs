//! A window on the compressed bytes, and why unpacking them stops.

use std::fmt::Display;
use std::io::{self, Read};

use super::super::buffer::Buffer;
use super::super::compression::Ending;

/// Why a decoder gives no more.
#[derive(Debug)]
pub(super) enum Stop {
    /// The compressed data has ended, in good order or not.
    Ended(Ending),
    /// The input failed.
    Failed(io::Error),
}

impl Stop {
    pub(super) const COMPLETE: Self = Self::Ended(Ending::Complete);
    pub(super) const CUT: Self = Self::Ended(Ending::Cut);

    pub(super) fn damaged(reason: impl Display) -> Self {
        Self::Ended(Ending::Damaged(reason.to_string()))
    }
}

/// The compressed bytes that have not been unpacked yet.
///
/// Decoders that want to read are given it as a [`Read`]. They wrap its errors in their own, so it
/// keeps the cause, and [`stop`](Self::stop) tells it from damage.
pub(super) struct Packed<R> {
    buffer: Buffer<R>,
    failure: Option<io::Error>,
    ran_dry: bool,
}

impl<R: Read> Packed<R> {
    pub(super) const fn new(buffer: Buffer<R>) -> Self {
        Self {
            buffer,
            failure: None,
            ran_dry: false,
        }
    }

    /// Where in the file the first of them stands.
    pub(super) const fn offset(&self) -> u64 {
        self.buffer.offset()
    }

    /// Those that have been read.
    pub(super) fn window(&self) -> &[u8] {
        self.buffer.bytes()
    }

    /// Reads where none are left; false at the end.
    pub(super) fn more(&mut self) -> Result<bool, Stop> {
        self.buffer.fill(1).map_err(Stop::Failed)
    }

    /// Reads until `len` of them are there, or as many as there are.
    pub(super) fn fill(&mut self, len: usize) -> Result<(), Stop> {
        self.buffer.fill(len).map_err(Stop::Failed)?;
        Ok(())
    }

    /// Consumes `len` of those that have been read.
    pub(super) fn consume(&mut self, len: usize) {
        self.buffer.take(len);
    }

    /// The next `N` bytes, without consuming them; `None` where there are not as many.
    pub(super) fn peek<const N: usize>(&mut self) -> Result<Option<[u8; N]>, Stop> {
        self.fill(N)?;
        Ok(self.window().first_chunk().copied())
    }

    /// Consumes the next `N` bytes; a stop where there are not as many.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let bytes = self.peek()?.ok_or(Stop::CUT)?;
        self.consume(N);
        Ok(bytes)
    }

    /// Consumes `len` bytes without looking at them.
    pub(super) fn skip(&mut self, len: u32) -> Result<(), Stop> {
        let mut left = usize::try_from(len).unwrap_or(usize::MAX);
        while left > 0 {
            if !self.more()? {
                return Err(Stop::CUT);
            }
            left = left.saturating_sub(self.buffer.take(left).len());
        }
        Ok(())
    }

    /// Passes over the skippable frames of zstd and lz4, whose formats share them.
    pub(super) fn skip_skippable_frames(&mut self) -> Result<(), Stop> {
        while let Some([0x50..=0x5f, 0x2a, 0x4d, 0x18]) = self.peek()? {
            self.consume(4);
            let len = u32::from_le_bytes(self.array()?);
            self.skip(len)?;
        }
        Ok(())
    }

    /// Forgets whether the end has been read.
    pub(super) const fn rewet(&mut self) {
        self.ran_dry = false;
    }

    /// Whether a decoder has been told of the end.
    pub(super) const fn ran_dry(&self) -> bool {
        self.ran_dry
    }

    /// Why a decoder that read from here failed with `error`.
    pub(super) fn stop(&mut self, error: impl Display) -> Stop {
        match self.failure.take() {
            Some(failure) => Stop::Failed(failure),
            None if self.ran_dry => Stop::CUT,
            None => Stop::damaged(error),
        }
    }
}

impl<R: Read> Read for Packed<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if let Err(error) = self.buffer.fill(1) {
            let stand_in = error.kind().into();
            self.failure = Some(error);
            return Err(stand_in);
        }
        let count = self.buffer.bytes().read(room)?;
        self.buffer.take(count);
        self.ran_dry |= count == 0 && !room.is_empty();
        Ok(count)
    }
}

/// How far a decoder's own count of bytes went on.
pub(super) fn advance(before: u64, after: u64) -> usize {
    usize::try_from(after.saturating_sub(before)).unwrap_or(usize::MAX)
}
