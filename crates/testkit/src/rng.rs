//! A small seeded generator of numbers, so that the same seed makes the same test for ever.

/// `SplitMix64` (Steele, Lea and Flood, 2014): fast, seeded, and no secret.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// A generator that gives the same numbers for the same `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 where `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next_u64() % bound).unwrap_or(0)
    }

    /// Fills `bytes`.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let word = self.next_u64().to_le_bytes();
            for (byte, value) in chunk.iter_mut().zip(word) {
                *byte = value;
            }
        }
    }
}

/// `original` damaged in one to four places: bits flipped, bytes overwritten with values that
/// lengths are often wrong by, cut out, doubled, or the end cut off.
#[must_use]
pub fn damaged(original: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for _ in 0..=rng.below(4) {
        if bytes.is_empty() {
            break;
        }
        let at = rng.below(bytes.len());
        let end = at.saturating_add(1 + rng.below(8)).min(bytes.len());
        match rng.below(6) {
            0 => bytes.truncate(at),
            1 => {
                bytes.drain(at..end);
            }
            2 => {
                let copy = bytes.get(at..end).unwrap_or_default().to_vec();
                bytes.splice(at..at, copy);
            }
            choice => {
                let bit = 1 << rng.below(8);
                let extreme = [0x00, 0x01, 0x7f, 0x80, 0xc0, 0xff].get(rng.below(6));
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = match extreme {
                        Some(&extreme) if choice == 3 => extreme,
                        _ => *byte ^ bit,
                    };
                }
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_a_seed_stay_what_they_are() {
        // The reference implementation's first number for seed 0.
        assert_eq!(Rng::new(0).next_u64(), 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn damage_depends_on_the_seed_alone_and_mostly_changes_something() {
        let original: Vec<u8> = (0..=255).collect();
        let (mut one, mut other) = (Rng::new(7), Rng::new(7));
        let mut changed = 0;
        for _ in 0..1000 {
            let bytes = damaged(&original, &mut one);
            assert_eq!(bytes, damaged(&original, &mut other));
            changed += usize::from(bytes != original);
        }
        assert!(changed > 900, "{changed}");
    }

    #[test]
    fn nothing_is_damaged_into_nothing() {
        assert_eq!(damaged(&[], &mut Rng::new(1)), []);
    }
}
