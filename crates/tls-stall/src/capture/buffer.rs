//! A window on the input that grows with what has to be seen at once.

use std::io::{ErrorKind, Read, Result};

/// Bytes read ahead: large enough that a read costs little for each packet, and small enough that they
/// are still in the processor's cache when they are looked at.
pub(super) const READ_AHEAD: usize = 256 * 1024;

/// The least that is worth growing by.
const MIN_GROWTH: usize = 4096;

/// The part of the input that has been read and not yet consumed.
pub(super) struct Buffer<R> {
    input: R,
    storage: Vec<u8>,
    /// Where in `storage` the unconsumed bytes begin.
    start: usize,
    /// Where in `storage` they end.
    end: usize,
    /// Where in the input they begin.
    offset: u64,
}

impl<R: Read> Buffer<R> {
    /// A window on `input` that reads up to `read_ahead` bytes at once.
    pub(super) fn new(input: R, read_ahead: usize) -> Self {
        Self {
            input,
            storage: vec![0; read_ahead],
            start: 0,
            end: 0,
            offset: 0,
        }
    }

    /// The same window on another input, that goes on where this one's has been read to.
    pub(super) fn map_input<S>(self, input: impl FnOnce(R) -> S) -> Buffer<S> {
        Buffer {
            input: input(self.input),
            storage: self.storage,
            start: self.start,
            end: self.end,
            offset: self.offset,
        }
    }

    /// What is read from.
    pub(super) const fn input(&self) -> &R {
        &self.input
    }

    /// The unconsumed bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        self.storage.get(self.start..self.end).unwrap_or_default()
    }

    /// Where in the input [`bytes`](Self::bytes) begins.
    pub(super) const fn offset(&self) -> u64 {
        self.offset
    }

    /// Where in the input [`bytes`](Self::bytes) ends.
    pub(super) fn end_offset(&self) -> u64 {
        let unconsumed = u64::try_from(self.bytes().len()).unwrap_or(u64::MAX);
        self.offset.saturating_add(unconsumed)
    }

    /// Reads until `len` bytes are there; false where the input ends before.
    ///
    /// The caller bounds `len`, to which the window may grow. What was read before an error stays,
    /// so that the call can be repeated.
    pub(super) fn fill(&mut self, len: usize) -> Result<bool> {
        if self.bytes().len() >= len {
            return Ok(true);
        }
        self.move_to_front();
        while self.end < len {
            self.grow(len);
            let room = self.storage.get_mut(self.end..).unwrap_or_default();
            let most = room.len();
            match self.input.read(room) {
                Ok(0) => return Ok(false),
                // `min`: a `Read` that claims more than it was given room for is not believed.
                Ok(count) => self.end = self.end.saturating_add(count.min(most)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Consumes `len` bytes, or as many as there are, and gives them.
    pub(super) fn take(&mut self, len: usize) -> &[u8] {
        let from = self.start;
        let len = len.min(self.bytes().len());
        self.start = from.saturating_add(len);
        let consumed = u64::try_from(len).unwrap_or(u64::MAX);
        self.offset = self.offset.saturating_add(consumed);
        self.storage.get(from..self.start).unwrap_or_default()
    }

    /// Moves the unconsumed bytes to the front of the storage.
    fn move_to_front(&mut self) {
        if self.start == 0 {
            return;
        }
        self.storage.copy_within(self.start..self.end, 0);
        self.end = self.end.saturating_sub(self.start);
        self.start = 0;
    }

    /// Makes room behind the bytes: the storage grows with what arrives, not with what a damaged
    /// length promises.
    fn grow(&mut self, wanted: usize) {
        if self.end == self.storage.len() {
            let doubled = self.storage.len().saturating_mul(2).max(MIN_GROWTH);
            self.storage.resize(doubled.min(wanted), 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_grows_to_what_is_asked_for_and_keeps_its_place() {
        let input: Vec<u8> = (0..100).collect();
        let mut buffer = Buffer::new(input.as_slice(), 8);
        assert!(buffer.fill(6).unwrap());
        assert_eq!(buffer.take(5), &input[..5]);
        assert!(buffer.fill(50).unwrap());
        assert_eq!(buffer.bytes(), &input[5..55]);
        assert_eq!((buffer.offset(), buffer.end_offset()), (5, 55));
    }

    #[test]
    fn the_window_does_not_grow_to_a_length_that_the_input_does_not_have() {
        let mut buffer = Buffer::new(&[0; 5000][..], 8);
        assert!(!buffer.fill(16 * 1024 * 1024).unwrap());
        assert_eq!(buffer.bytes().len(), 5000);
        assert_eq!(buffer.storage.len(), 8192);
    }

    #[test]
    fn the_end_of_the_input_is_told_and_what_was_read_stays() {
        let mut buffer = Buffer::new(&b"abc"[..], 8);
        assert!(!buffer.fill(4).unwrap());
        assert_eq!(buffer.bytes(), b"abc");
        assert_eq!(buffer.take(9), b"abc");
        assert_eq!(buffer.offset(), 3);
    }

    #[test]
    fn a_read_that_claims_more_than_its_room_is_not_believed() {
        struct Boaster;
        impl Read for Boaster {
            fn read(&mut self, room: &mut [u8]) -> Result<usize> {
                Ok(room.len() + 1000)
            }
        }
        let mut buffer = Buffer::new(Boaster, 8);
        assert!(buffer.fill(8).unwrap());
        assert_eq!(buffer.bytes().len(), 8);
    }
}
