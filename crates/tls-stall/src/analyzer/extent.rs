//! How far a capture goes.

use crate::capture::{Frame, LinkType};
use crate::time::Moment;

/// What was counted of a capture's frames.
#[derive(Debug, Default)]
pub(super) struct Extent {
    pub(super) frames: u64,
    pub(super) decoded_frames: u64,
    /// Each once, in the order in which they came.
    pub(super) link_types: Vec<LinkType>,
    pub(super) first: Option<Moment>,
    /// The last frame of the file.
    pub(super) last: Option<Moment>,
    /// The frame with the latest time.
    pub(super) latest: Option<Moment>,
}

impl Extent {
    /// Takes the next frame; gives the one before it.
    pub(super) fn note(&mut self, frame: &Frame<'_>, moment: Moment) -> Option<Moment> {
        self.frames = self.frames.saturating_add(1);
        self.first.get_or_insert(moment);
        if self.latest.is_none_or(|latest| moment.time >= latest.time) {
            self.latest = Some(moment);
        }
        if self.link_types.last() != Some(&frame.link_type)
            && !self.link_types.contains(&frame.link_type)
        {
            self.link_types.push(frame.link_type);
        }
        self.last.replace(moment)
    }
}
