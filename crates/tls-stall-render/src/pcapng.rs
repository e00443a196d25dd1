//! The blocks of a pcapng file (draft-ietf-opsawg-pcapng), in little-endian order.

use tls_stall::{Frame, LinkType};

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const PACKET: u32 = 6;

const OPT_COMMENT: u16 = 1;
const SHB_USERAPPL: u16 = 4;
const IF_TSRESOL: u16 = 9;

/// Of a comment, at most so many bytes: it has to fit an option, and to be read.
const MAX_COMMENT: usize = 4000;

/// The block that begins a section: `by` wrote it, and `comment` says what it holds.
pub(crate) fn section(by: &str, comment: &str) -> Vec<u8> {
    let mut block = Block::new(SECTION);
    block.bytes(&0x1a2b_3c4d_u32.to_le_bytes());
    block.bytes(&1_u16.to_le_bytes());
    block.bytes(&0_u16.to_le_bytes());
    // How long the section is, is not said.
    block.bytes(&u64::MAX.to_le_bytes());
    block.text(OPT_COMMENT, comment);
    block.text(SHB_USERAPPL, by);
    block.finish()
}

/// The block that describes an interface whose times are in nanoseconds.
pub(crate) fn interface(link_type: LinkType) -> Vec<u8> {
    let mut block = Block::new(INTERFACE);
    block.bytes(&link_type.0.to_le_bytes());
    // Reserved, and then that packets have any length.
    block.bytes(&[0; 6]);
    block.option(IF_TSRESOL, &[9]);
    block.finish()
}

/// The block of `frame`, captured on interface number `interface` of the section.
///
/// A time before 1970, which the format has none for, becomes that year's first.
pub(crate) fn packet(frame: &Frame<'_>, interface: u32, comments: &[String]) -> Vec<u8> {
    let mut block = Block::new(PACKET);
    let time = u64::try_from(frame.time.as_nanos()).unwrap_or(0);
    block.bytes(&interface.to_le_bytes());
    // Its upper half comes first, each in the order of the file.
    block.bytes(&time.rotate_left(32).to_le_bytes());
    let len = u32::try_from(frame.data.len()).unwrap_or(u32::MAX);
    block.bytes(&len.to_le_bytes());
    block.bytes(&frame.wire_len.max(len).to_le_bytes());
    block.padded(frame.data);
    for comment in comments {
        block.text(OPT_COMMENT, comment);
    }
    block.finish()
}

/// A block that grows: its type, room for its length, and what it holds.
struct Block(Vec<u8>);

impl Block {
    fn new(kind: u32) -> Self {
        Self([kind.to_le_bytes(), [0; 4]].concat())
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Adds `bytes`, and zeros up to a multiple of four.
    fn padded(&mut self, bytes: &[u8]) {
        self.bytes(bytes);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
    }

    fn text(&mut self, code: u16, text: &str) {
        self.option(code, cut(text).as_bytes());
    }

    fn option(&mut self, code: u16, value: &[u8]) {
        let len = u16::try_from(value.len()).unwrap_or(u16::MAX);
        self.bytes(&code.to_le_bytes());
        self.bytes(&len.to_le_bytes());
        self.padded(value.get(..usize::from(len)).unwrap_or_default());
    }

    /// The block with the end of its options, and its length at both ends.
    fn finish(mut self) -> Vec<u8> {
        self.bytes(&[0; 4]);
        let len = u32::try_from(self.0.len().saturating_add(4)).unwrap_or(u32::MAX);
        let len = len.to_le_bytes();
        for (at, byte) in self.0.iter_mut().skip(4).zip(len) {
            *at = byte;
        }
        self.bytes(&len);
        self.0
    }
}

/// The beginning of `text` that an option holds.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(MAX_COMMENT);
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or(text)
}
