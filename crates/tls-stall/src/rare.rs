//! A place for what most of its kind never have.

use std::ops::{Deref, DerefMut};

/// A value that takes a pointer's room until it is first changed.
///
/// Until then, reading gives [`Empty::EMPTY`]. To borrow it mutably makes the value; those who change
/// only what is there ask for what was [made](Self::made).
#[derive(Debug, Clone)]
pub(crate) struct Rare<T>(Option<Box<T>>);

/// A type whose default can be read without being made.
pub(crate) trait Empty: Default + 'static {
    /// Equal to the default.
    const EMPTY: &'static Self;
}

impl<T> Default for Rare<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Empty> Deref for Rare<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or(T::EMPTY)
    }
}

impl<T: Empty> DerefMut for Rare<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_default()
    }
}

/// Equal where the values are, whether they were made or not.
impl<T: Empty + PartialEq> PartialEq for Rare<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Empty + Eq> Eq for Rare<T> {}

impl<T> Rare<T> {
    /// The value, where there is one to change.
    pub(crate) fn made(&mut self) -> Option<&mut T> {
        self.0.as_deref_mut()
    }
}

impl<T: 'static> Empty for Vec<T> {
    const EMPTY: &'static Self = &Self::new();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_made_until_it_is_changed() {
        let mut rare = Rare::<Vec<u8>>::default();
        assert!(rare.is_empty());
        assert_eq!(rare.made(), None);
        rare.push(1);
        assert_eq!(*rare, [1]);
        assert_eq!(rare.made(), Some(&mut vec![1]));
        rare.clear();
        assert_eq!(rare, Rare::default());
        assert_eq!(size_of_val(&rare), size_of::<usize>());
    }
}
