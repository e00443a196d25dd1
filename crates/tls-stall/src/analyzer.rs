//! Stands in for the analyzer: counts the frames of a pcap file and finds nothing.

use std::fmt;
use std::io::Read;

use crate::report::{Analysis, CaptureReport, Source};
use crate::{Config, Notice, NoticeCode};

/// Why a capture could not be read.
#[derive(Debug)]
#[non_exhaustive]
pub struct ReadError(String);

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ReadError {}

/// Reads the capture `input` to its end and analyses it.
///
/// # Errors
///
/// Where `input` is no capture or cannot be read.
pub fn analyze_reader<R: Read>(
    path: &str,
    mut input: R,
    _config: &Config,
) -> Result<CaptureReport, ReadError> {
    let mut bytes = Vec::new();
    input
        .read_to_end(&mut bytes)
        .map_err(|error| ReadError(error.to_string()))?;
    if bytes.is_empty() {
        return Err(ReadError("the file is empty".to_owned()));
    }
    if !bytes.starts_with(&[0xd4, 0xc3, 0xb2, 0xa1]) {
        return Err(ReadError("not a capture (pcap or pcapng)".to_owned()));
    }
    let Some(mut rest) = bytes.get(24..) else {
        return Err(ReadError("the header is cut short".to_owned()));
    };
    let mut analysis = Analysis::default();
    while let Some((header, after)) = rest.split_first_chunk::<16>() {
        let [.., a, b, c, d, _, _, _, _] = *header;
        let len = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        let Some((frame, after)) = after.split_at_checked(len) else {
            break;
        };
        analysis.frames += 1;
        analysis.decoded_frames += u64::from(frame.len() >= 14);
        rest = after;
    }
    if !rest.is_empty() {
        analysis.notices.push(Notice::new(
            NoticeCode::CaptureCutShort,
            None,
            "the file ends within a frame",
        ));
    }
    Ok(CaptureReport::new(Source::new(path, "pcap"), analysis))
}
