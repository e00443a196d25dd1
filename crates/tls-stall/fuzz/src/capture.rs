//! From any file to frames.

use std::io::{self, Read};

use tls_stall::{CaptureReader, Config, LinkType, Notice, ReadError, Timestamp};

/// Bytes that a file of a target may unpack to: enough to pass every limit but this one.
pub(crate) const MAX_UNPACKED: u64 = 1 << 20;

/// Reads a capture, whole and in small pieces: the same frames, the same faults.
///
/// # Panics
///
/// Where a promise is broken.
pub fn capture(input: &[u8]) {
    let whole = read(input);
    let pieces = read(Pieces::new(input));
    assert_eq!(
        whole, pieces,
        "it depends on how the input is cut into pieces"
    );
    if let Ok((frames, _)) = &whole {
        for (index, frame) in frames.iter().enumerate() {
            let number = u64::try_from(index).unwrap_or(u64::MAX) + 1;
            assert_eq!(frame.number, number, "frames are numbered from 1");
        }
    }
}

/// A frame that owns its bytes.
#[derive(Debug, PartialEq)]
struct Owned {
    number: u64,
    time: Timestamp,
    link_type: LinkType,
    interface: u32,
    wire_len: u32,
    data: Vec<u8>,
}

/// The frames of a capture, and what is wrong with it; or why it could not be read, in words.
fn read(input: impl Read) -> Result<(Vec<Owned>, Vec<Notice>), String> {
    let mut config = Config::default();
    config.max_unpacked = MAX_UNPACKED;
    let mut reader = CaptureReader::with_config(input, &config).map_err(told)?;
    let mut frames = Vec::new();
    loop {
        match reader.next_frame() {
            Ok(Some(frame)) => frames.push(Owned {
                number: frame.number.get(),
                time: frame.time,
                link_type: frame.link_type,
                interface: frame.interface,
                wire_len: frame.wire_len,
                data: frame.data.to_vec(),
            }),
            Ok(None) => break,
            // It is told once, and then the capture is at its end.
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    assert!(
        reader.next_frame().is_ok_and(|frame| frame.is_none()),
        "an end is final"
    );
    Ok((frames, reader.notices()))
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn told(error: ReadError) -> String {
    error.to_string()
}

/// Gives an input in pieces whose lengths its own bytes decide.
#[derive(Debug)]
pub(crate) struct Pieces<'a> {
    rest: &'a [u8],
    state: usize,
}

impl<'a> Pieces<'a> {
    pub(crate) const fn new(input: &'a [u8]) -> Self {
        Self {
            rest: input,
            state: input.len(),
        }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let next = self.rest.first().copied().unwrap_or_default();
        self.state = self.state.wrapping_mul(31).wrapping_add(usize::from(next));
        let len = 1 + self.state % 61;
        let len = len.min(room.len());
        let read = self.rest.get(..len).unwrap_or(self.rest).read(room)?;
        self.rest = self.rest.get(read..).unwrap_or_default();
        Ok(read)
    }
}
