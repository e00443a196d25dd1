//! How a file is compressed, by its first bytes.

use std::fmt;

use crate::names::named;

named! {
    /// A compression that is seen through: the file is read as what it unpacks to.
    pub enum Compression {
        /// The format of gzip (RFC 1952), of one member or several.
        Gzip = "gzip",
        /// The format of zstd (RFC 8878).
        Zstd = "zstd",
        /// The frame format of lz4.
        Lz4 = "lz4",
        /// The format of xz.
        Xz = "xz",
    }
}

impl Compression {
    /// The compression of the file that begins with `head`.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        const MAGIC: [(&[u8], Compression); 5] = [
            (b"\x1f\x8b", Compression::Gzip),
            (b"\x28\xb5\x2f\xfd", Compression::Zstd),
            (b"\x04\x22\x4d\x18", Compression::Lz4),
            // Of `lz4 -l`, and of lz4 before 2013.
            (b"\x02\x21\x4c\x18", Compression::Lz4),
            (b"\xfd7zXZ\0", Compression::Xz),
        ];
        let known = MAGIC.iter().find(|(magic, _)| head.starts_with(magic));
        // A skippable frame, with which pzstd begins its files.
        let skippable = matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]);
        known
            .map(|&(_, compression)| compression)
            .or_else(|| skippable.then_some(Self::Zstd))
    }
}

/// The compression of the file that begins with `head`, by the name of its usual program, where it
/// is one that is not seen through.
pub(super) fn other_compression(head: &[u8]) -> Option<&'static str> {
    const MAGIC: [(&[u8], &str); 7] = [
        (b"BZh", "bzip2"),
        (b"PK\x03\x04", "zip"),
        (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
        (b"Rar!\x1a\x07", "RAR"),
        (b"LZIP", "lzip"),
        (b"\x1f\x9d", "compress"),
        (b"\xff\x06\0\0sNaPpY", "snappy"),
    ];
    MAGIC
        .iter()
        .find(|(magic, _)| head.starts_with(magic))
        .map(|&(_, name)| name)
}

/// How the unpacking of a file ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "compression"),
    allow(dead_code, reason = "without it, nothing is unpacked")
)]
pub(super) enum Ending {
    /// With the compressed data.
    Complete,
    /// The compressed data ends too early.
    Cut,
    /// The compressed data cannot be understood any further, for this reason.
    Damaged(String),
    /// So many bytes have been unpacked, and no more are allowed.
    Limit(u64),
    /// So many bytes have been unpacked, of so few that no capture is in them.
    Ratio(u64),
}

/// As it reads after "the gzip data" and before where.
impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete => f.write_str("ends"),
            Self::Cut => f.write_str("ends too early,"),
            Self::Damaged(reason) => write!(f, "cannot be unpacked ({reason})"),
            Self::Limit(bytes) => {
                write!(f, "has been unpacked to {}, the limit,", Size(*bytes))
            }
            Self::Ratio(bytes) => {
                write!(f, "has been unpacked to {}, ", Size(*bytes))?;
                write!(f, "more than {MAX_RATIO} times its own size,")
            }
        }
    }
}

/// How many times its own size a file may unpack to, once it is past the first gibibyte.
///
/// Deflate cannot do better than 1032. A capture's frames have times and sequence numbers that differ,
/// some 40 bytes each that cannot be packed: only frames of 64 KiB of zeros, as of a transfer over
/// loopback, come near it. What is past it is nearly always made to keep its reader busy.
pub(super) const MAX_RATIO: u64 = 1000;

/// A number of bytes, in GiB where it is a whole number of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size(pub(super) u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 >> 30 {
            gib if gib > 0 && gib << 30 == self.0 => write!(f, "{gib} GiB"),
            _ => write!(f, "{} bytes", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_in_gib_only_where_nothing_is_lost_by_it() {
        assert_eq!(Size(16 << 30).to_string(), "16 GiB");
        assert_eq!(Size((16 << 30) - 1).to_string(), "17179869183 bytes");
        assert_eq!(Size(0).to_string(), "0 bytes");
    }

    #[test]
    fn compressions_are_told_by_their_first_bytes() {
        assert_eq!(Compression::of(b"\x1f\x8b\x08\0"), Some(Compression::Gzip));
        assert_eq!(Compression::of(b"\xfd7zXZ\0\0\x04"), Some(Compression::Xz));
        assert_eq!(
            Compression::of(b"\x50\x2a\x4d\x18\x04\0\0\0"),
            Some(Compression::Zstd)
        );
        assert_eq!(Compression::of(b"\xfd7zX"), None);
        assert_eq!(Compression::of(b"\xd4\xc3\xb2\xa1"), None);
        assert_eq!(other_compression(b"BZh91AY"), Some("bzip2"));
        assert_eq!(other_compression(b"\x1f\x8b"), None);
    }
}
