//! From any frame of any link type to what is in it.

use std::num::NonZeroU64;

use tls_stall::{Analyzer, Config, Frame, LinkType, Timestamp};

use crate::promises::keeps;
use crate::script::Script;

/// Takes frames: of each step the first two bytes of the contents are the link type, and the rest
/// the frame; where the action's lowest bit is set, it was longer on the wire. A gap is milliseconds.
///
/// # Panics
///
/// Where a promise is broken.
pub fn decode(input: &[u8]) {
    let mut config = Config::default();
    config.keep_all = true;
    // Little enough that a few frames reach the limits.
    config.max_fragmented_packets = 4;
    config.max_fragment_bytes = 4096;
    let mut analyzer = Analyzer::new(config.clone());
    let mut frames = 0_u64;
    let mut now = 0_i64;
    for step in Script::new(input) {
        let Some((link_type, data)) = step.contents.split_first_chunk() else {
            continue;
        };
        frames += 1;
        now += i64::from(step.gap) * 1_000_000;
        let (Some(number), time) = (NonZeroU64::new(frames), Timestamp::from_nanos(now)) else {
            continue;
        };
        let link_type = LinkType(u16::from_be_bytes(*link_type));
        let mut frame = Frame::new(number, time, link_type, data);
        if step.action & 1 != 0 {
            frame.wire_len = frame.wire_len.saturating_add(u32::from(step.action) << 4);
        }
        analyzer.push(&frame);
    }
    let analysis = analyzer.finish();
    assert_eq!(analysis.frames, frames);
    keeps(&analysis, &config);
}
