//! The gzip format: members, each a header, deflated data and a checksum (RFC 1952).

use std::io::Read;

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::packed::{Packed, Stop, advance};

/// The bits of a header's flags that say which fields follow it.
const HAS_CHECKSUM: u8 = 1 << 1;
const HAS_EXTRA: u8 = 1 << 2;
const HAS_NAME: u8 = 1 << 3;
const HAS_COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;

/// A decoder of gzip.
///
/// flate2 has one of its own, which loses what it unpacked in the call that meets damage; so it
/// inflates, and the little that stands around the deflated data is read here.
pub(super) struct Gzip<R> {
    packed: Packed<R>,
    inflate: Decompress,
    /// The checksum and length of what the member has unpacked to.
    crc: Crc,
    in_member: bool,
    /// Why there is no more, where something was unpacked before it.
    pending: Option<Stop>,
}

impl<R: Read> Gzip<R> {
    pub(super) fn new(packed: Packed<R>) -> Self {
        Self {
            packed,
            inflate: Decompress::new(false),
            crc: Crc::new(),
            in_member: false,
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
            if !self.in_member {
                self.start_member()?;
            }
            let count = self.inflate(room)?;
            if count > 0 {
                return Ok(count);
            }
        }
    }

    fn inflate(&mut self, room: &mut [u8]) -> Result<usize, Stop> {
        let more = self.packed.more()?;
        let before = (self.inflate.total_in(), self.inflate.total_out());
        let packed = self.packed.window();
        let result = self.inflate.decompress(packed, room, FlushDecompress::None);
        let consumed = advance(before.0, self.inflate.total_in());
        let count = advance(before.1, self.inflate.total_out());
        self.packed.consume(consumed);
        self.crc.update(room.get(..count).unwrap_or_default());
        self.pending = match result {
            Ok(Status::StreamEnd) => self.end_member().err(),
            Ok(_) if consumed == 0 && count == 0 => Some(if more {
                Stop::damaged("its deflated data leads nowhere")
            } else {
                Stop::CUT
            }),
            Ok(_) => None,
            Err(_) => Some(Stop::damaged("its deflated data is no such data")),
        };
        Ok(count)
    }

    /// Reads a member's header, or finds that there is none.
    fn start_member(&mut self) -> Result<(), Stop> {
        let is_first = self.packed.offset() == 0;
        // Archives on tapes are padded to whole blocks.
        while !is_first && self.packed.more()? && self.packed.window().first() == Some(&0) {
            self.packed.consume(1);
        }
        if !self.packed.more()? {
            return Err(Stop::COMPLETE);
        }
        if !is_first && self.packed.peek()? != Some([0x1f, 0x8b]) {
            return Err(Stop::damaged("after its end stands something else"));
        }
        let [_, _, method, flags, _, _, _, _, _, _] = self.packed.array()?;
        if method != 8 || flags & RESERVED != 0 {
            return Err(Stop::damaged("its header is of no kind that is known"));
        }
        if flags & HAS_EXTRA != 0 {
            let len = u16::from_le_bytes(self.packed.array()?);
            self.packed.skip(len.into())?;
        }
        for field in [HAS_NAME, HAS_COMMENT] {
            while flags & field != 0 && self.packed.array()? != [0] {}
        }
        if flags & HAS_CHECKSUM != 0 {
            self.packed.skip(2)?;
        }
        self.inflate.reset(false);
        self.crc.reset();
        self.in_member = true;
        Ok(())
    }

    /// Holds what was unpacked to the member's own account of it.
    fn end_member(&mut self) -> Result<(), Stop> {
        self.in_member = false;
        let checksum = u32::from_le_bytes(self.packed.array()?);
        // Modulo 2^32, as the crate counts too.
        let len = u32::from_le_bytes(self.packed.array()?);
        if (checksum, len) != (self.crc.sum(), self.crc.amount()) {
            return Err(Stop::damaged("its checksum differs"));
        }
        Ok(())
    }
}
