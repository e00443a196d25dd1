//! What is wrong with a capture file, gathered while it is read.

use std::fmt;

use super::asides::MAX_ASIDES;
use super::compression::{Compression, Ending};
use super::pcapng::MAX_INTERFACES;
use crate::notice::{Notice, NoticeCode};
use crate::time::FrameNumber;

/// Why a record or block cannot be used, wholly or in part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Damage {
    /// The packet is longer than any.
    PacketLength(u32),
    /// The block is longer than any, or not as long as its kind must be.
    BlockLength(u32),
    /// The section header tells no byte order.
    ByteOrderMagic,
    /// The length at the block's end is not the one at its start.
    LengthsDiffer,
    /// The block ends before its fields do.
    TooShort,
    /// The record or block ends after the file.
    BeyondEnd,
    /// The packet ends after its block.
    PacketOverrun,
    /// The block refers to an interface that the section has not described.
    UnknownInterface,
    /// An option runs past the end of its block.
    Options,
    /// A record within the block runs past its end.
    Record,
    /// The table of frames contradicts the frames.
    FrameTable,
}

/// As it reads after "the block at offset 24: ".
impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PacketLength(len) => write!(f, "it claims a packet of {len} bytes"),
            Self::BlockLength(len) => write!(f, "it claims a length of {len} bytes"),
            Self::ByteOrderMagic => f.write_str("it tells no byte order"),
            Self::LengthsDiffer => f.write_str("its two lengths differ"),
            Self::TooShort => f.write_str("it is too short for its type"),
            Self::BeyondEnd => f.write_str("it would end beyond the file, and others follow"),
            Self::PacketOverrun => f.write_str("its packet would end beyond it"),
            Self::UnknownInterface => f.write_str("its interface was never described"),
            Self::FrameTable => f.write_str("its frames are not those of its table"),
            Self::Record => f.write_str("one of its records would end beyond it"),
            Self::Options => f.write_str("one of its options would end beyond it"),
        }
    }
}

/// A place in the file, and the number of the frame that stands there or next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) offset: u64,
    pub(super) frame: FrameNumber,
}

/// Where the file ends too early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut {
    /// The file's length.
    pub(super) offset: u64,
    /// The frame that is cut; `None` where a block without a packet is.
    pub(super) frame: Option<FrameNumber>,
    /// How many bytes are missing.
    pub(super) missing: usize,
    /// Whether more may be missing.
    pub(super) or_more: bool,
}

/// Where unpacking a compressed file ended, other than as it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unpacking {
    pub(super) compression: Compression,
    pub(super) ending: Ending,
    /// Where in the compressed file.
    pub(super) offset: u64,
    /// The frame that is cut by it, or that would have been next.
    pub(super) frame: FrameNumber,
    /// Whether it is cut.
    pub(super) in_frame: bool,
}

/// Everything wrong with a file so far: counts and first places, so that its size is bounded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Faults {
    damaged: u64,
    first_damage: Option<(Damage, Place)>,
    stretches: u64,
    stretch_bytes: u64,
    first_stretch: Option<(Damage, Place)>,
    stop: Option<(Damage, Place)>,
    cut: Option<Cut>,
    unpacking: Option<Unpacking>,
    frames_lost: u64,
    untimed: u64,
    interfaces_dropped: u64,
    asides_dropped: u64,
}

impl Faults {
    /// A damaged block, beyond which reading goes on.
    pub(super) fn damaged(&mut self, damage: Damage, place: Place) {
        self.damaged = self.damaged.saturating_add(1);
        self.first_damage.get_or_insert((damage, place));
    }

    /// A stretch of `len` bytes that begins with damage, beyond which the next record was found.
    pub(super) fn stretch(&mut self, damage: Damage, place: Place, len: usize) {
        let len = u64::try_from(len).unwrap_or(u64::MAX);
        self.stretches = self.stretches.saturating_add(1);
        self.stretch_bytes = self.stretch_bytes.saturating_add(len);
        self.first_stretch.get_or_insert((damage, place));
    }

    /// Damage at which reading ends.
    pub(super) const fn stopped(&mut self, damage: Damage, place: Place) {
        self.stop = Some((damage, place));
    }

    /// The file ends too early.
    pub(super) const fn cut(&mut self, cut: Cut) {
        self.cut = Some(cut);
    }

    /// Unpacking the file ended too early.
    pub(super) fn unpacking_ended(&mut self, unpacking: Unpacking) {
        self.unpacking = Some(unpacking);
    }

    /// The capturer says that it lost frames.
    pub(super) const fn frames_lost(&mut self, count: u64) {
        self.frames_lost = self.frames_lost.saturating_add(count);
    }

    /// A packet of which the file tells no time.
    pub(super) const fn untimed(&mut self) {
        self.untimed = self.untimed.saturating_add(1);
    }

    /// An interface more than are kept.
    pub(super) const fn interface_dropped(&mut self) {
        self.interfaces_dropped = self.interfaces_dropped.saturating_add(1);
    }

    /// A name or a secret more than are kept.
    pub(super) const fn aside_dropped(&mut self) {
        self.asides_dropped = self.asides_dropped.saturating_add(1);
    }

    /// At most one notice of each code, with the first frame and a count.
    pub(super) fn notices(&self) -> Vec<Notice> {
        let faults = [
            self.skipped_notice(),
            self.stretches_notice(),
            self.stop_notice(),
            self.cut.map(Cut::notice),
            self.unpacking.as_ref().and_then(Unpacking::notice),
            self.lost_notice(),
            self.untimed_notice(),
            self.interfaces_notice(),
            self.asides_notice(),
        ];
        let mut notices: Vec<Notice> = Vec::new();
        for notice in faults.into_iter().flatten() {
            match notices.iter_mut().find(|other| other.code == notice.code) {
                Some(other) => other.message.extend(["; ", &notice.message]),
                None => notices.push(notice),
            }
        }
        notices
    }

    fn skipped_notice(&self) -> Option<Notice> {
        let (damage, Place { frame, offset }) = self.first_damage?;
        let blocks = counted(self.damaged, "damaged block", "damaged blocks");
        let message =
            format!("{blocks}, the first before frame {frame} (offset {offset}): {damage}");
        Some(Notice::new(NoticeCode::BlockDamaged, Some(frame), message))
    }

    fn stretches_notice(&self) -> Option<Notice> {
        let (damage, Place { frame, offset }) = self.first_stretch?;
        let bytes = counted(self.stretch_bytes, "byte", "bytes");
        let stretches = counted(self.stretches, "damaged stretch", "damaged stretches");
        let message = format!(
            "{bytes} left out in {stretches}, the first before frame {frame} (offset {offset}): \
             {damage}"
        );
        Some(Notice::new(NoticeCode::BlockDamaged, Some(frame), message))
    }

    fn stop_notice(&self) -> Option<Notice> {
        let (damage, Place { frame, offset }) = self.stop?;
        let message = format!("reading stopped before frame {frame} (offset {offset}): {damage}");
        Some(Notice::new(NoticeCode::BlockDamaged, Some(frame), message))
    }

    fn lost_notice(&self) -> Option<Notice> {
        (self.frames_lost > 0).then(|| {
            let frames = counted(self.frames_lost, "frame", "frames");
            let message = format!("the capturer says that it lost {frames}");
            Notice::new(NoticeCode::FramesLost, None, message)
        })
    }

    fn untimed_notice(&self) -> Option<Notice> {
        (self.untimed > 0).then(|| {
            let frames = counted(self.untimed, "frame", "frames");
            let message = format!(
                "of {frames} the file tells no time (Simple Packet Blocks): they are given that of the \
                 frame before, and waits between them are not seen"
            );
            Notice::new(NoticeCode::TimestampsReordered, None, message)
        })
    }

    fn interfaces_notice(&self) -> Option<Notice> {
        (self.interfaces_dropped > 0).then(|| {
            let interfaces = counted(self.interfaces_dropped, "interface", "interfaces");
            let message =
                format!("{interfaces} beyond the first {MAX_INTERFACES} of a section left out");
            Notice::new(NoticeCode::LimitReached, None, message)
        })
    }

    fn asides_notice(&self) -> Option<Notice> {
        (self.asides_dropped > 0).then(|| {
            let asides = counted(self.asides_dropped, "name or secret", "names or secrets");
            let message = format!("{asides} beyond the first {MAX_ASIDES} bytes of them left out");
            Notice::new(NoticeCode::LimitReached, None, message)
        })
    }
}

impl Cut {
    fn notice(self) -> Notice {
        let part = self.frame.map_or_else(
            || "within a block without a packet".to_owned(),
            |frame| format!("within frame {frame}"),
        );
        let least = if self.or_more { "at least " } else { "" };
        let missing = counted(
            u64::try_from(self.missing).unwrap_or(u64::MAX),
            "byte",
            "bytes",
        );
        let message = format!(
            "the file ends {part} (offset {}): {least}{missing} missing",
            self.offset
        );
        Notice::new(NoticeCode::CaptureCutShort, self.frame, message)
    }
}

impl Unpacking {
    fn notice(&self) -> Option<Notice> {
        let code = match self.ending {
            Ending::Complete => return None,
            Ending::Cut => NoticeCode::CaptureCutShort,
            Ending::Damaged(_) => NoticeCode::BlockDamaged,
            Ending::Limit(_) | Ending::Ratio(_) => NoticeCode::LimitReached,
        };
        let Self {
            compression,
            ending,
            offset,
            frame,
            ..
        } = self;
        let part = if self.in_frame { "within" } else { "before" };
        let message =
            format!("the {compression} data {ending} at offset {offset}, {part} frame {frame}");
        Some(Notice::new(code, Some(*frame), message))
    }
}

/// A count with its noun, in the singular or the plural.
fn counted(count: u64, one: &str, more: &str) -> String {
    let noun = if count == 1 { one } else { more };
    format!("{count} {noun}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(frame: u64, offset: u64) -> Place {
        Place {
            offset,
            frame: FrameNumber::new(frame).unwrap(),
        }
    }

    #[test]
    fn a_file_without_faults_has_no_notices() {
        assert_eq!(Faults::default().notices(), []);
    }

    #[test]
    fn damage_is_one_notice_with_its_count_first_place_and_end() {
        let mut faults = Faults::default();
        faults.damaged(Damage::LengthsDiffer, place(3, 100));
        faults.damaged(Damage::TooShort, place(4, 200));
        faults.stopped(Damage::BlockLength(13), place(5, 300));
        let notices = faults.notices();
        assert_eq!(notices.len(), 1);
        assert_eq!(notices[0].frame, FrameNumber::new(3));
        assert_eq!(
            notices[0].message,
            "2 damaged blocks, the first before frame 3 (offset 100): its two lengths differ; \
             reading stopped before frame 5 (offset 300): it claims a length of 13 bytes"
        );
    }

    #[test]
    fn every_other_fault_has_a_notice_of_its_own() {
        let mut faults = Faults::default();
        faults.frames_lost(1);
        faults.interface_dropped();
        faults.cut(Cut {
            offset: 90,
            frame: None,
            missing: 7,
            or_more: true,
        });
        let messages: Vec<String> = faults.notices().into_iter().map(|n| n.message).collect();
        assert_eq!(
            messages,
            [
                "the file ends within a block without a packet (offset 90): at least 7 bytes missing",
                "the capturer says that it lost 1 frame",
                "1 interface beyond the first 65536 of a section left out",
            ]
        );
    }
}
