//! Fragments of IP packets, put together again.

mod pending;

use std::collections::BTreeMap;

use etherparse::IpNumber;
use foldhash::fast::RandomState;
use hashbrown::HashMap;

use self::pending::{Key, Pending};
use super::ip::IpPacket;
use super::part::Part;
use crate::time::{Moment, Span};

/// One piece of an IP packet, and where it belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fragment<'a> {
    /// Its `payload` is the piece; of later ones the `protocol` is that of the first one.
    pub(super) packet: IpPacket<'a>,
    pub(super) place: Place,
}

/// Where a fragment belongs (RFC 791, section 3.1; RFC 8200, section 4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The identification; of IPv4 it has 16 bits.
    pub(super) id: u32,
    /// The number of bytes in front, at most 65,528.
    pub(super) offset: u32,
    /// Whether others come behind this one.
    pub(super) more: bool,
}

/// A packet that was put together of its fragments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Whole {
    /// The frame of its last piece; of one that is not complete, that of its first.
    pub(crate) moment: Moment,
    head: IpPacket<'static>,
    bytes: Vec<u8>,
    /// More than `bytes` holds where a piece was captured in part only.
    wire_len: u32,
    /// Whether the rest of the packet is missing.
    pub(super) is_beginning: bool,
}

impl Whole {
    /// The packet; its transport and what comes in front of that are still to be read.
    pub(super) fn packet(&self) -> IpPacket<'_> {
        IpPacket {
            payload: Part::new(&self.bytes, self.wire_len),
            ..self.head
        }
    }
}

/// The packets whose fragments did not all come yet: so many at most, and so many bytes.
///
/// A piece that overlaps another one does not replace it; in IPv6 it spoils its packet, whose pieces
/// then all are passed over (RFC 5722, section 4).
#[derive(Debug)]
pub(crate) struct Fragments {
    /// By number, so the oldest one comes first.
    pending: BTreeMap<u64, Pending>,
    numbers: HashMap<Key, u64, RandomState>,
    next_number: u64,
    /// The weight of all pending packets.
    weight: usize,
    max_packets: usize,
    max_bytes: usize,
    /// Whether a piece other than a packet's first was ever seen: a capture filter for ports lets
    /// none through.
    seen_later: bool,
    /// Whether packets were dropped for want of room.
    pub(crate) exceeded: bool,
    /// The frames of packets that never were complete: the first, and how many.
    pub(crate) unused: Option<(Moment, u64)>,
}

/// For how long the rest of a packet is waited for, as in Linux (`ipfrag_time`).
const MAX_AGE: Span = Span::from_secs(30);

impl Fragments {
    /// No fragments yet, and never those of more than `max_packets` nor more than `max_bytes`.
    pub(crate) fn new(max_packets: usize, max_bytes: usize) -> Self {
        Self {
            pending: BTreeMap::new(),
            numbers: HashMap::default(),
            next_number: 0,
            weight: 0,
            max_packets: max_packets.max(1),
            max_bytes,
            seen_later: false,
            exceeded: false,
            unused: None,
        }
    }

    /// Takes a fragment, and puts into `done` the packet that it completes.
    ///
    /// Also put there are the beginnings of datagrams whose rest did not come in time, if the
    /// capture holds no rest of any packet: then it was the capturer that left it out.
    pub(crate) fn push(&mut self, fragment: &Fragment<'_>, moment: Moment, done: &mut Vec<Whole>) {
        self.seen_later |= fragment.place.offset > 0;
        self.expire(moment, done);
        let key = Key::of(fragment);
        let number = match self.numbers.get(&key) {
            Some(&number) => number,
            None => self.begin(key, moment),
        };
        let Some(pending) = self.pending.get_mut(&number) else {
            return;
        };
        let before = pending.weight;
        pending.take(fragment);
        self.weight = self
            .weight
            .saturating_sub(before)
            .saturating_add(pending.weight);
        if pending.is_complete()
            && let Some(pending) = self.remove(number)
        {
            done.extend(pending.join(moment));
        }
        while self.pending.len() > self.max_packets || self.weight > self.max_bytes {
            self.exceeded |= self.seen_later;
            self.give_up_oldest(done);
        }
    }

    /// Ends the capture: gives the beginnings of datagrams that `push` would have given later.
    pub(crate) fn finish(&mut self) -> Vec<Whole> {
        let mut done = Vec::new();
        while !self.pending.is_empty() {
            self.give_up_oldest(&mut done);
        }
        done
    }

    fn begin(&mut self, key: Key, moment: Moment) -> u64 {
        let number = self.next_number;
        self.next_number = self.next_number.saturating_add(1);
        let pending = Pending::new(key, moment);
        self.weight = self.weight.saturating_add(pending.weight);
        self.numbers.insert(key, number);
        self.pending.insert(number, pending);
        number
    }

    fn expire(&mut self, now: Moment, done: &mut Vec<Whole>) {
        while let Some((_, oldest)) = self.pending.first_key_value()
            && now.since(oldest.first) > MAX_AGE
        {
            self.give_up_oldest(done);
        }
    }

    fn give_up_oldest(&mut self, done: &mut Vec<Whole>) {
        let Some((&number, _)) = self.pending.first_key_value() else {
            return;
        };
        let Some(pending) = self.remove(number) else {
            return;
        };
        let (_, frames) = self.unused.get_or_insert((pending.first, 0));
        *frames = frames.saturating_add(pending.frames);
        if !self.seen_later
            && pending
                .head
                .is_some_and(|head| head.protocol == IpNumber::UDP)
        {
            let first = pending.first;
            done.extend(pending.join(first));
        }
    }

    fn remove(&mut self, number: u64) -> Option<Pending> {
        let pending = self.pending.remove(&number)?;
        self.numbers.remove(&pending.key);
        self.weight = self.weight.saturating_sub(pending.weight);
        Some(pending)
    }
}

#[cfg(test)]
mod tests;
