//! Unpacking on a thread of its own, a little ahead of the reading.

use std::io::{self, ErrorKind, Read};
use std::ops::Range;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use super::Unpacker;
use crate::capture::compression::Ending;
use crate::worker;

/// Bytes that are handed over at once.
const BLOCK: usize = 256 * 1024;

/// Blocks that wait to be read.
const WAITING: usize = 4;

/// What an [`Unpacker`] gives, which works on another thread.
#[derive(Debug)]
pub(in crate::capture) struct Ahead {
    unpacked: Receiver<Unpacked>,
    /// Blocks that have been read, to be filled again.
    spent: Sender<Vec<u8>>,
    block: Block,
    ending: Option<(Ending, u64)>,
}

/// Bytes in a buffer that is larger, so that it need not be cleared to be filled again.
#[derive(Debug, Default)]
struct Block {
    buffer: Vec<u8>,
    filled: Range<usize>,
}

#[derive(Debug)]
enum Unpacked {
    Bytes(Block),
    Failed(io::Error),
    Ended(Ending, u64),
}

impl Ahead {
    /// Lets `unpacker` go on by itself; gives it back where there can be no other thread.
    pub(in crate::capture) fn new<R: Read + Send + 'static>(
        unpacker: Box<Unpacker<R>>,
    ) -> Result<Self, Box<Unpacker<R>>> {
        let (give, unpacked) = sync_channel(WAITING);
        let (spent, take_back) = channel();
        worker::spawn("unpack", unpacker, move |unpacker| {
            unpack(*unpacker, &give, &take_back);
        })?;
        Ok(Self {
            unpacked,
            spent,
            block: Block::default(),
            ending: None,
        })
    }

    /// How it ended, and where in the compressed file; `None` while it goes on.
    pub(in crate::capture) fn ending(&self) -> Option<(&Ending, u64)> {
        let (ending, offset) = self.ending.as_ref()?;
        Some((ending, *offset))
    }
}

impl Read for Ahead {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.ending.is_some() || room.is_empty() {
            return Ok(0);
        }
        if self.block.filled.is_empty() {
            // Whether the other thread wants it is its affair.
            let _ = self.spent.send(std::mem::take(&mut self.block).buffer);
            match self.unpacked.recv() {
                Ok(Unpacked::Bytes(block)) => self.block = block,
                Ok(Unpacked::Failed(error)) => return Err(error),
                Ok(Unpacked::Ended(ending, offset)) => {
                    self.ending = Some((ending, offset));
                    return Ok(0);
                }
                Err(_) => return Err(io::Error::other("unpacking broke off")),
            }
        }
        let Block { buffer, filled } = &mut self.block;
        let count = buffer.get(filled.clone()).unwrap_or_default().read(room)?;
        filled.start = filled.start.saturating_add(count);
        Ok(count)
    }
}

/// Gives what `unpacker` unpacks, until nobody wants more of it.
fn unpack<R: Read>(
    mut unpacker: Unpacker<R>,
    give: &SyncSender<Unpacked>,
    spent: &Receiver<Vec<u8>>,
) {
    loop {
        let mut buffer = spent.try_recv().unwrap_or_default();
        buffer.resize(BLOCK, 0);
        let unpacked = match unpacker.read(&mut buffer) {
            Ok(count) => match unpacker.ending() {
                Some((ending, offset)) if count == 0 => Unpacked::Ended(ending.clone(), offset),
                _ => Unpacked::Bytes(Block {
                    buffer,
                    filled: 0..count,
                }),
            },
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => Unpacked::Failed(error),
        };
        let is_last = matches!(unpacked, Unpacked::Ended(..));
        if give.send(unpacked).is_err() || is_last {
            return;
        }
    }
}
