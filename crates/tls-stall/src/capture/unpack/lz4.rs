//! The frame format of lz4, and the one before it.

use std::io::Read;

use lz4_flex::frame::FrameDecoder;

use super::packed::{Packed, Stop};

/// The magic number of the old format, in which a frame has no end of its own.
const OLD_MAGIC: [u8; 4] = [0x02, 0x21, 0x4c, 0x18];

/// A decoder of lz4.
pub(super) struct Lz4<R: Read> {
    decoder: FrameDecoder<Packed<R>>,
    in_frame: bool,
    /// Whether the frame ends with the file.
    ends_with_file: bool,
}

impl<R: Read> Lz4<R> {
    pub(super) fn new(packed: Packed<R>) -> Self {
        Self {
            decoder: FrameDecoder::new(packed),
            in_frame: false,
            ends_with_file: false,
        }
    }

    pub(super) fn packed(&self) -> &Packed<R> {
        self.decoder.get_ref()
    }

    pub(super) fn read(&mut self, room: &mut [u8]) -> Result<usize, Stop> {
        loop {
            if !self.in_frame {
                self.start_frame()?;
            }
            match self.decoder.read(room) {
                // The decoder takes the end of the file for that of a frame.
                Ok(0) if self.packed().ran_dry() && !self.ends_with_file => return Err(Stop::CUT),
                Ok(0) => self.in_frame = false,
                Ok(count) => return Ok(count),
                Err(error) => return Err(self.decoder.get_mut().stop(error)),
            }
        }
    }

    /// Finds the next frame, if there is one; the decoder reads its header.
    fn start_frame(&mut self) -> Result<(), Stop> {
        let packed = self.decoder.get_mut();
        packed.skip_skippable_frames()?;
        if !packed.more()? {
            return Err(Stop::COMPLETE);
        }
        self.ends_with_file = packed.peek()? == Some(OLD_MAGIC);
        packed.rewet();
        self.in_frame = true;
        Ok(())
    }
}
