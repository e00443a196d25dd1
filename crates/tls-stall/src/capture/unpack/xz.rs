//! The xz format: streams of blocks of LZMA2.

use std::io::Read;

use lzma_rust2::{Action, Status, XzStream};

use super::MAX_WINDOW;
use super::packed::{Packed, Stop, advance};

/// How many bytes more than the unpacked ones the packed ones may be.
///
/// What cannot be compressed grows by less than a thousandth. What grows by more is made of empty
/// blocks, for each of which the decoder keeps 16 bytes.
const MAX_GROWTH: u64 = 64 * 1024 * 1024;

/// How many packed bytes are unpacked at once.
///
/// What a bite unpacks to is lost where there is damage in it. Smaller ones take longer: these, a
/// twentieth.
const BITE: usize = 32;

/// A decoder of xz.
pub(super) struct Xz<R> {
    packed: Packed<R>,
    stream: Box<XzStream>,
    /// Why there is no more, where something was unpacked before it.
    pending: Option<Stop>,
}

impl<R: Read> Xz<R> {
    pub(super) fn new(packed: Packed<R>) -> Self {
        // The limit is of KiB, and counts a little more than the window.
        let limit = (MAX_WINDOW >> 10).saturating_add(1024);
        Self {
            packed,
            stream: Box::new(XzStream::new_mem_limit(true, limit)),
            pending: None,
        }
    }

    pub(super) const fn packed(&self) -> &Packed<R> {
        &self.packed
    }

    pub(super) fn read(&mut self, room: &mut [u8]) -> Result<usize, Stop> {
        loop {
            if let Some(stop) = self.pending.take() {
                return Err(stop);
            }
            let count = self.decode(room)?;
            if count > 0 {
                return Ok(count);
            }
        }
    }

    fn decode(&mut self, room: &mut [u8]) -> Result<usize, Stop> {
        // Whole bites: else the place of damage would depend on the pieces in which the input comes.
        self.packed.fill(BITE)?;
        let more = !self.packed.window().is_empty();
        let action = if more { Action::Run } else { Action::Finish };
        let before = (self.stream.total_in(), self.stream.total_out());
        let window = self.packed.window();
        let bite = window.get(..BITE).unwrap_or(window);
        let result = self.stream.process(bite, room, action);
        let after = (self.stream.total_in(), self.stream.total_out());
        let consumed = advance(before.0, after.0);
        let count = advance(before.1, after.1);
        self.packed.consume(consumed);
        self.pending = match result {
            Ok(result) if result.status == Status::StreamEnd => Some(Stop::COMPLETE),
            Ok(_) if consumed == 0 && count == 0 => Some(if more {
                Stop::damaged("its data leads nowhere")
            } else {
                Stop::CUT
            }),
            Ok(_) if after.0.saturating_sub(after.1) > MAX_GROWTH => {
                Some(Stop::damaged("it is larger than what it unpacks to"))
            }
            Ok(_) => None,
            Err(_) if !more => Some(Stop::CUT),
            Err(error) => Some(Stop::damaged(error)),
        };
        Ok(count)
    }
}
