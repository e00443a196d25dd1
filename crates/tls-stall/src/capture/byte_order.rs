//! Numbers as the machine that wrote the capture stored them.

/// The byte order of a pcap file or of a pcapng section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    /// The 16-bit number at `at`, if `bytes` holds it.
    pub(super) fn u16_at(self, bytes: &[u8], at: usize) -> Option<u16> {
        let number = *bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Little => u16::from_le_bytes(number),
            Self::Big => u16::from_be_bytes(number),
        })
    }

    /// The 32-bit number at `at`, if `bytes` holds it.
    pub(super) fn u32_at(self, bytes: &[u8], at: usize) -> Option<u32> {
        Some(self.u32(*bytes.get(at..)?.first_chunk()?))
    }

    /// A 32-bit number.
    pub(super) const fn u32(self, number: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(number),
            Self::Big => u32::from_be_bytes(number),
        }
    }

    /// A 64-bit number.
    pub(super) const fn u64(self, number: [u8; 8]) -> u64 {
        match self {
            Self::Little => u64::from_le_bytes(number),
            Self::Big => u64::from_be_bytes(number),
        }
    }

    /// A signed 64-bit number.
    pub(super) const fn i64(self, number: [u8; 8]) -> i64 {
        match self {
            Self::Little => i64::from_le_bytes(number),
            Self::Big => i64::from_be_bytes(number),
        }
    }
}

/// A length of the file as a length in memory; where memory cannot be that long, the longest.
pub(super) fn in_memory(len: u32) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}
