//! Small parts of wire formats: lengths in front of bytes, bytes that mean nothing.

use crate::rng::Rng;

/// `value` in network order, at most 65535.
pub(crate) fn be16(value: usize) -> [u8; 2] {
    u16::try_from(value).unwrap_or(u16::MAX).to_be_bytes()
}

/// `value` in network order, at most 16 777 215.
pub(crate) fn be24(value: usize) -> [u8; 3] {
    let value = u32::try_from(value).unwrap_or(u32::MAX).min(0x00ff_ffff);
    let [_, high, middle, low] = value.to_be_bytes();
    [high, middle, low]
}

/// `contents` behind its length in one byte.
pub(crate) fn prefixed8(contents: &[u8]) -> Vec<u8> {
    let len = u8::try_from(contents.len()).unwrap_or(u8::MAX);
    [&[len][..], contents].concat()
}

/// `contents` behind its length in two bytes.
pub(crate) fn prefixed16(contents: &[u8]) -> Vec<u8> {
    [&be16(contents.len())[..], contents].concat()
}

/// `contents` behind its length in three bytes.
pub(crate) fn prefixed24(contents: &[u8]) -> Vec<u8> {
    [&be24(contents.len())[..], contents].concat()
}

/// `len` bytes that look like a key, a signature or ciphertext; the same for the same `seed`.
pub(crate) fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    Rng::new(seed).fill(&mut bytes);
    bytes
}
