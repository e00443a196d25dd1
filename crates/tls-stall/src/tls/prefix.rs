//! The first bytes of something, kept without an allocation.

use std::ops::Deref;

/// Up to `N` bytes, in the order in which they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prefix<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Default for Prefix<N> {
    fn default() -> Self {
        Self {
            bytes: [0; N],
            len: 0,
        }
    }
}

impl<const N: usize> From<[u8; N]> for Prefix<N> {
    fn from(bytes: [u8; N]) -> Self {
        Self { bytes, len: N }
    }
}

impl<const N: usize> Prefix<N> {
    /// Takes from `bytes` what there is room for, and says how much that was.
    pub(super) fn fill(&mut self, bytes: &[u8]) -> usize {
        let room = self.bytes.get_mut(self.len..).unwrap_or_default();
        let taken = room.len().min(bytes.len());
        for (place, byte) in room.iter_mut().zip(bytes) {
            *place = *byte;
        }
        self.len = self.len.saturating_add(taken);
        taken
    }

    /// Forgets the bytes.
    pub(super) fn clear(&mut self) {
        self.len = 0;
    }
}

impl<const N: usize> Deref for Prefix<N> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_no_more_than_there_is_room_for() {
        let mut prefix = Prefix::<4>::default();
        assert_eq!(prefix.fill(b"abc"), 3);
        assert_eq!(prefix.fill(b"def"), 1);
        assert_eq!(prefix.fill(b"g"), 0);
        assert_eq!(&*prefix, b"abcd");
        prefix.clear();
        assert!(prefix.is_empty());
    }
}
