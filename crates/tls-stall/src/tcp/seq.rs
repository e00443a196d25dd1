//! Sequence numbers, which wrap (RFC 9293, section 3.4).

/// A TCP sequence number. Two are compared by the shorter way round, so that a stream may pass 2^32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SeqNumber(pub(crate) u32);

impl SeqNumber {
    /// The number `len` bytes further on.
    pub(crate) const fn plus(self, len: u32) -> Self {
        Self(self.0.wrapping_add(len))
    }

    /// How many bytes this lies beyond `earlier`; `None` where it lies before it.
    pub(crate) const fn beyond(self, earlier: Self) -> Option<u32> {
        let distance = self.0.wrapping_sub(earlier.0);
        if distance < 1 << 31 {
            Some(distance)
        } else {
            None
        }
    }

    /// Whether this lies before `other`.
    pub(crate) const fn is_before(self, other: Self) -> bool {
        self.beyond(other).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparison_goes_the_shorter_way_round() {
        let before = SeqNumber(u32::MAX - 9);
        let after = before.plus(20);
        assert_eq!(after, SeqNumber(10));
        assert_eq!(after.beyond(before), Some(20));
        assert!(before.is_before(after));
        assert!(!after.is_before(before));
        assert_eq!(after.beyond(after), Some(0));
    }
}
