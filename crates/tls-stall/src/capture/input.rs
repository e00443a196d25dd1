//! The bytes of a file as its format sees them: as they are, or unpacked.

use std::io::{Read, Result};

use super::buffer::Buffer;
use super::compression::{Compression, Ending};
#[cfg(feature = "compression")]
use super::unpack::{Ahead, Unpacker};

/// What the window on a capture reads from.
pub(super) enum Input<R: Read> {
    Plain(R),
    #[cfg(feature = "compression")]
    Packed(Box<Unpacker<R>>),
    #[cfg(feature = "compression")]
    Ahead(Ahead),
}

impl<R: Read> Input<R> {
    /// What `packed` unpacks to, of which at most `limit` bytes are given; `None` where this build
    /// cannot unpack.
    #[cfg(feature = "compression")]
    #[allow(
        clippy::unnecessary_wraps,
        reason = "without the feature there is none"
    )]
    pub(super) fn unpacked(
        compression: Compression,
        packed: Buffer<R>,
        limit: u64,
    ) -> Option<Self> {
        Some(Self::Packed(Box::new(Unpacker::new(
            compression,
            packed,
            limit,
        ))))
    }

    /// What `packed` unpacks to, of which at most `limit` bytes are given; `None` where this build
    /// cannot unpack.
    #[cfg(not(feature = "compression"))]
    pub(super) fn unpacked(_: Compression, _: Buffer<R>, _: u64) -> Option<Self> {
        None
    }

    /// The same, unpacked from here on by a thread of its own, where there can be one.
    #[cfg(feature = "compression")]
    pub(super) fn unpacked_ahead(self) -> Self
    where
        R: Send + 'static,
    {
        match self {
            Self::Packed(unpacker) => Ahead::new(unpacker).map_or_else(Self::Packed, Self::Ahead),
            as_it_is => as_it_is,
        }
    }

    /// How the unpacking ended, and where in the compressed file; `None` where nothing is unpacked
    /// or it goes on.
    pub(super) fn ending(&self) -> Option<(&Ending, u64)> {
        match self {
            Self::Plain(_) => None,
            #[cfg(feature = "compression")]
            Self::Packed(unpacker) => unpacker.ending(),
            #[cfg(feature = "compression")]
            Self::Ahead(ahead) => ahead.ending(),
        }
    }
}

impl<R: Read> Read for Input<R> {
    fn read(&mut self, room: &mut [u8]) -> Result<usize> {
        match self {
            Self::Plain(input) => input.read(room),
            #[cfg(feature = "compression")]
            Self::Packed(unpacker) => unpacker.read(room),
            #[cfg(feature = "compression")]
            Self::Ahead(ahead) => ahead.read(room),
        }
    }
}
