//! One packet of which pieces are missing.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::Range;

use super::{Fragment, Place, Whole};
use crate::decode::ip::IpPacket;
use crate::time::Moment;

/// What a pending packet and each of its pieces weigh beside their bytes.
const OVERHEAD: usize = 96;

/// The length field of IP has 16 bits.
const MAX_LEN: u32 = 65_535;

/// What the fragments of one packet have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    source: IpAddr,
    destination: IpAddr,
    id: u32,
    /// Of IPv4; in IPv6 only the first fragment's counts.
    protocol: u8,
}

impl Key {
    pub(super) fn of(fragment: &Fragment<'_>) -> Self {
        let Fragment { packet, place } = fragment;
        Self {
            source: packet.source,
            destination: packet.destination,
            id: place.id,
            protocol: if packet.source.is_ipv4() {
                packet.protocol.0
            } else {
                0
            },
        }
    }
}

/// A packet of which pieces are missing.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) key: Key,
    pub(super) first: Moment,
    pub(super) frames: u64,
    /// What the first fragment says of the packet.
    pub(super) head: Option<IpPacket<'static>>,
    /// By where they begin; none overlaps another.
    pieces: BTreeMap<u32, Piece>,
    /// The length of all pieces.
    covered: u32,
    /// Where the last piece ends, once that came.
    len: Option<u32>,
    /// Whether pieces overlapped where they must not.
    is_spoilt: bool,
    pub(super) weight: usize,
}

#[derive(Debug)]
struct Piece {
    captured: Box<[u8]>,
    len: u32,
}

impl Pending {
    pub(super) fn new(key: Key, first: Moment) -> Self {
        Self {
            key,
            first,
            frames: 0,
            head: None,
            pieces: BTreeMap::new(),
            covered: 0,
            len: None,
            is_spoilt: false,
            weight: OVERHEAD,
        }
    }

    pub(super) fn take(&mut self, fragment: &Fragment<'_>) {
        self.frames = self.frames.saturating_add(1);
        let Place { offset, more, .. } = fragment.place;
        let payload = fragment.packet.payload;
        let Some(end) = self.end_of(offset, payload.wire_len(), more) else {
            return;
        };
        if self.is_spoilt {
            return;
        }
        if fragment.packet.source.is_ipv6() && self.overlaps(offset, end) {
            let is_copy = self
                .pieces
                .get(&offset)
                .is_some_and(|p| p.len == payload.wire_len());
            if !is_copy {
                self.spoil();
            }
            return;
        }
        if !more {
            self.len = Some(end);
        }
        if offset == 0 && self.head.is_none() {
            self.head = Some(fragment.packet.without_payload());
        }
        self.fill(offset, end, payload.captured());
    }

    /// Where a piece ends; `None` where it cannot be: no length, a length that leaves a gap which
    /// no other piece fills (RFC 8200, section 4.5), or past the end of its packet.
    fn end_of(&self, offset: u32, len: u32, more: bool) -> Option<u32> {
        let end = offset.checked_add(len).filter(|&end| end <= MAX_LEN)?;
        let is_possible = len > 0 && (!more || len.is_multiple_of(8));
        let fits = match self.len {
            Some(whole) if more => end <= whole,
            Some(whole) => end == whole,
            None if more => true,
            None => self
                .pieces
                .last_key_value()
                .is_none_or(|(&start, p)| start.saturating_add(p.len) <= end),
        };
        (is_possible && fits).then_some(end)
    }

    fn overlaps(&self, offset: u32, end: u32) -> bool {
        // Pieces do not overlap, so the last that begins before `end` also ends last.
        let last = self.pieces.range(..end).next_back();
        last.is_some_and(|(&start, piece)| start.saturating_add(piece.len) > offset)
    }

    fn spoil(&mut self) {
        self.is_spoilt = true;
        self.pieces.clear();
        self.weight = OVERHEAD;
    }

    /// Takes of the bytes from `offset` to `end` those that no other piece has.
    fn fill(&mut self, offset: u32, end: u32, captured: &[u8]) {
        let piece_end = |start: u32, piece: &Piece| start.saturating_add(piece.len);
        let before = self.pieces.range(..=offset).next_back();
        let mut at = before.map_or(offset, |(&start, piece)| {
            piece_end(start, piece).max(offset)
        });
        let mut gaps = Vec::new();
        for (&start, piece) in self.pieces.range(at.min(end)..end) {
            gaps.push(at..start);
            at = piece_end(start, piece);
        }
        gaps.push(at..end);
        for gap in gaps.into_iter().filter(|gap| !gap.is_empty()) {
            let skipped = index(gap.start.saturating_sub(offset));
            self.insert(gap, captured.get(skipped..).unwrap_or_default());
        }
    }

    /// Adds the piece of that `range`, of which `captured` holds as much as there is or more.
    fn insert(&mut self, range: Range<u32>, captured: &[u8]) {
        let len = range.end.saturating_sub(range.start);
        let captured = captured.get(..index(len)).unwrap_or(captured);
        self.covered = self.covered.saturating_add(len);
        self.weight = self
            .weight
            .saturating_add(OVERHEAD)
            .saturating_add(captured.len());
        self.pieces.insert(
            range.start,
            Piece {
                captured: captured.into(),
                len,
            },
        );
    }

    pub(super) fn is_complete(&self) -> bool {
        !self.is_spoilt && self.head.is_some() && self.len == Some(self.covered)
    }

    /// The packet from its beginning to the first byte that is missing; `None` without a beginning.
    pub(super) fn join(self, moment: Moment) -> Option<Whole> {
        let head = self.head.filter(|_| !self.is_spoilt)?;
        let mut bytes = Vec::new();
        let mut at = 0;
        for (start, piece) in &self.pieces {
            if *start != at {
                break;
            }
            bytes.extend_from_slice(&piece.captured);
            if piece.captured.len() < index(piece.len) {
                break;
            }
            at = start.saturating_add(piece.len);
        }
        Some(Whole {
            moment,
            head,
            bytes,
            wire_len: self.len.unwrap_or(self.covered),
            is_beginning: self.len != Some(self.covered),
        })
    }
}

fn index(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
