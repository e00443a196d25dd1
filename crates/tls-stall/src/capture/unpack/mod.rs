//! From compressed bytes to those of the capture.
//!
//! Each format has a file with a decoder over a window on the [packed] bytes. A decoder gives what
//! it has unpacked before it says why there is no more, so that of a file that is cut or damaged
//! all is read that stands before the damage: to the byte in gzip, to 32 packed bytes in xz, to the
//! block in zstd (at most 128 KiB) and lz4 (at most 8 MiB).
//!
//! Memory is bounded by what the formats let a file ask for: 32 KiB for gzip, 16 MiB for lz4, and
//! the window for zstd and xz, of which files that want more than 128 MiB are refused, as `zstd -d`
//! does. xz also keeps 16 bytes for each of its blocks, of which a file from `xz` has one, or one
//! for every few megabytes.

mod ahead;
mod gzip;
mod lz4;
mod packed;
mod xz;
mod zstd;

use std::io::{self, Read};

pub(super) use self::ahead::Ahead;
use self::gzip::Gzip;
use self::lz4::Lz4;
use self::packed::{Packed, Stop};
use self::xz::Xz;
use self::zstd::Zstd;
use super::buffer::Buffer;
use super::compression::{Compression, Ending, MAX_RATIO};

/// The largest window that a file may ask for (128 MiB), which is the most that `zstd` uses unless
/// it is told to by `--ultra --long`, and twice what `xz -9` does.
const MAX_WINDOW: u32 = 128 * 1024 * 1024;

/// What is unpacked before its ratio is looked at (1 GiB): a small file does no harm.
const FREE_OF_RATIO: u64 = 1024 * 1024 * 1024;

/// What a compressed file unpacks to.
pub(super) struct Unpacker<R: Read> {
    decoder: Decoder<R>,
    limit: u64,
    free_of_ratio: u64,
    /// How many bytes may still be given.
    left: u64,
    ending: Option<Ending>,
}

impl<R: Read> Unpacker<R> {
    /// Unpacks `packed`, up to `limit` bytes.
    pub(super) fn new(compression: Compression, packed: Buffer<R>, limit: u64) -> Self {
        let packed = Packed::new(packed);
        let decoder = match compression {
            Compression::Gzip => Decoder::Gzip(Gzip::new(packed)),
            Compression::Zstd => Decoder::Zstd(Zstd::new(packed)),
            Compression::Lz4 => Decoder::Lz4(Lz4::new(packed)),
            Compression::Xz => Decoder::Xz(Xz::new(packed)),
        };
        Self {
            decoder,
            limit,
            free_of_ratio: FREE_OF_RATIO,
            left: limit,
            ending: None,
        }
    }

    /// Whether so much has come of so few bytes that no capture is in them.
    fn is_bomb(&self) -> bool {
        let unpacked = self.limit.saturating_sub(self.left);
        let packed = self.decoder.packed().offset();
        unpacked > self.free_of_ratio && unpacked > packed.saturating_mul(MAX_RATIO)
    }

    /// How it ended, and where in the compressed file; `None` while it goes on.
    pub(super) fn ending(&self) -> Option<(&Ending, u64)> {
        let offset = self.decoder.packed().offset();
        self.ending.as_ref().map(|ending| (ending, offset))
    }
}

/// Gives nothing more where it has come to an end, whatever that is; fails only where the input
/// does.
impl<R: Read> Read for Unpacker<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.ending.is_some() || room.is_empty() {
            return Ok(0);
        }
        // Where none may be given, a byte is unpacked to see whether there is one.
        let mut beyond = [0];
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        let within = match room.get_mut(..most) {
            _ if most == 0 => &mut beyond[..],
            Some(start) => start,
            None => room,
        };
        let stop = match self.decoder.read(within) {
            Ok(_) if most == 0 => Stop::Ended(Ending::Limit(self.limit)),
            Ok(count) => {
                let given = u64::try_from(count).unwrap_or(u64::MAX);
                self.left = self.left.saturating_sub(given);
                if self.is_bomb() {
                    let unpacked = self.limit.saturating_sub(self.left);
                    self.ending = Some(Ending::Ratio(unpacked));
                }
                return Ok(count);
            }
            Err(stop) => stop,
        };
        match stop {
            Stop::Ended(ending) => {
                self.ending = Some(ending);
                Ok(0)
            }
            Stop::Failed(error) => {
                // Not every decoder can go on after it.
                self.ending = Some(Ending::Cut);
                Err(error)
            }
        }
    }
}

/// A decoder of each format.
enum Decoder<R: Read> {
    Gzip(Gzip<R>),
    Zstd(Zstd<R>),
    Lz4(Lz4<R>),
    Xz(Xz<R>),
}

impl<R: Read> Decoder<R> {
    /// Unpacks at least one byte into `room`, which is not empty, or says why there is none.
    fn read(&mut self, room: &mut [u8]) -> Result<usize, Stop> {
        match self {
            Self::Gzip(gzip) => gzip.read(room),
            Self::Zstd(zstd) => zstd.read(room),
            Self::Lz4(lz4) => lz4.read(room),
            Self::Xz(xz) => xz.read(room),
        }
    }

    fn packed(&self) -> &Packed<R> {
        match self {
            Self::Gzip(gzip) => gzip.packed(),
            Self::Zstd(zstd) => zstd.packed(),
            Self::Lz4(lz4) => lz4.packed(),
            Self::Xz(xz) => xz.packed(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::buffer::READ_AHEAD;
    use super::*;

    /// What is given of `unpacked`, compressed by gzip, where its ratio counts from `free` bytes on.
    fn given(unpacked: &[u8], free: u64) -> (usize, Option<Ending>) {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        io::Write::write_all(&mut gzip, unpacked).unwrap();
        let packed = gzip.finish().unwrap();
        let packed = Buffer::new(packed.as_slice(), READ_AHEAD);
        let mut unpacker = Unpacker::new(Compression::Gzip, packed, u64::MAX);
        unpacker.free_of_ratio = free;
        let mut bytes = Vec::new();
        unpacker.read_to_end(&mut bytes).unwrap();
        let ending = unpacker.ending().map(|(ending, _)| ending.clone());
        (bytes.len(), ending)
    }

    #[test]
    fn a_bomb_is_given_up_soon_after_its_ratio_counts() {
        let zeros = vec![0; 4_000_000];
        let (count, ending) = given(&zeros, 1_000_000);
        let told = u64::try_from(count).unwrap();
        assert_eq!(ending, Some(Ending::Ratio(told)));
        assert!((1_000_000..2_000_000).contains(&count), "{count}");
    }

    #[test]
    fn what_is_small_or_packed_a_hundred_times_is_no_bomb() {
        let zeros = vec![0; 4_000_000];
        assert_eq!(
            given(&zeros, 4_000_000),
            (4_000_000, Some(Ending::Complete))
        );
        // A byte in a hundred that cannot be known before.
        let mut rng = testkit::Rng::new(3);
        let mut frames = vec![0; 1_000_000];
        for frame in frames.chunks_mut(100) {
            rng.fill(&mut frame[..1]);
        }
        assert_eq!(given(&frames, 1000), (1_000_000, Some(Ending::Complete)));
    }
}
