//! The zstd format: frames, each a header, blocks and perhaps a checksum (RFC 8878).

use std::io::Read;

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::MAX_WINDOW;
use super::packed::{Packed, Stop};

/// A block without content that says it is the last, and room for a checksum after it.
const LAST_BLOCK: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];

/// A decoder of zstd.
pub(super) struct Zstd<R> {
    packed: Packed<R>,
    decoder: Box<FrameDecoder>,
    in_frame: bool,
    /// Why there is no more, while what was unpacked before is still given.
    pending: Option<Stop>,
}

impl<R: Read> Zstd<R> {
    pub(super) fn new(packed: Packed<R>) -> Self {
        let mut decoder = Box::new(FrameDecoder::new());
        decoder.set_max_window_size(MAX_WINDOW.into());
        Self {
            packed,
            decoder,
            in_frame: false,
            pending: None,
        }
    }

    pub(super) const fn packed(&self) -> &Packed<R> {
        &self.packed
    }

    pub(super) fn read(&mut self, room: &mut [u8]) -> Result<usize, Stop> {
        loop {
            match self.decoder.read(room) {
                Ok(0) => {}
                Ok(count) => return Ok(count),
                Err(error) => return Err(Stop::damaged(error)),
            }
            if let Some(stop) = self.pending.take() {
                return Err(stop);
            }
            if !self.in_frame {
                self.start_frame()?;
            } else if self.decoder.is_finished() {
                self.end_frame()?;
            } else {
                self.decode_block();
            }
        }
    }

    /// Reads a frame's header, or finds that there is none.
    fn start_frame(&mut self) -> Result<(), Stop> {
        self.packed.skip_skippable_frames()?;
        if !self.packed.more()? {
            return Err(Stop::COMPLETE);
        }
        let started = self.decoder.reset(&mut self.packed);
        started.map_err(|error| self.packed.stop(error))?;
        self.in_frame = true;
        Ok(())
    }

    fn decode_block(&mut self) {
        let one = BlockDecodingStrategy::UptoBlocks(1);
        if let Err(error) = self.decoder.decode_blocks(&mut self.packed, one) {
            self.pending = Some(self.packed.stop(error));
            // The decoder holds a window back until its frame has ended: so it is ended here.
            let one = BlockDecodingStrategy::UptoBlocks(1);
            let _ = self.decoder.decode_blocks(&LAST_BLOCK[..], one);
        }
    }

    /// Holds what was unpacked to the frame's checksum, if it has one.
    fn end_frame(&mut self) -> Result<(), Stop> {
        self.in_frame = false;
        let checksum = self.decoder.get_checksum_from_data();
        if checksum.is_some() && checksum != self.decoder.get_calculated_checksum() {
            return Err(Stop::damaged("its checksum differs"));
        }
        Ok(())
    }
}
