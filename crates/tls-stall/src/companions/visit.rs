//! Short connections to services in the clear that a handshake may wait for.

use crate::decode::Endpoint;
use crate::tcp::{Moments, Piece, Side};
use crate::time::{Moment, Span, Timestamp};

/// The port of HTTP, over which certificates, their status and lists of revoked ones are fetched.
pub(crate) const HTTP: u16 = 80;

/// The port of the Identification Protocol (RFC 1413).
pub(crate) const IDENT: u16 = 113;

/// Bytes of a request that are kept: its first line and the host that it names.
const MAX_REQUEST: usize = 512;

/// Of an answer that is longer, the end is not seen: its connection is not read on.
const MAX_ANSWER: usize = 48 * 1024;

/// A visit that had its answer sooner makes nobody wait.
const BRIEF: Span = Span::from_millis(50);

/// Visits that one question looks at.
const MAX_FOUND: usize = 256;

/// What passed in a connection in the clear.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Exchange {
    /// The client's first bytes.
    pub(crate) request: Vec<u8>,
    pub(crate) asked: Option<Moment>,
    /// The last byte of the server.
    pub(crate) answered: Option<Moment>,
    /// Bytes of the answer that were read.
    pub(crate) answer_len: usize,
}

impl Exchange {
    /// Takes the next piece of what `from` sent.
    pub(crate) fn piece(&mut self, from: Side, piece: &Piece<'_>) {
        let Piece::Bytes(bytes, moment) = *piece else {
            return;
        };
        match from {
            Side::Client => {
                self.asked.get_or_insert(moment);
                let room = MAX_REQUEST.saturating_sub(self.request.len());
                let taken = bytes.get(..bytes.len().min(room)).unwrap_or_default();
                self.request.reserve_exact(taken.len());
                self.request.extend_from_slice(taken);
            }
            Side::Server => {
                self.answered = self.answered.max(Some(moment));
                self.answer_len = self.answer_len.saturating_add(bytes.len());
            }
        }
    }

    /// Whether the end of the answer was seen.
    pub(crate) const fn is_whole(&self) -> bool {
        self.answer_len < MAX_ANSWER
    }
}

/// One connection in the clear, from its first packet to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Visit {
    /// Its number, as Wireshark counts.
    pub(crate) stream: u64,
    pub(crate) client: Endpoint,
    pub(crate) server: Endpoint,
    /// Every copy of the SYN, at least one.
    pub(crate) syns: Moments,
    pub(crate) accepted: Option<Moment>,
    /// When a reset or an ICMP error came in answer to the SYN.
    pub(crate) refused: Option<Moment>,
    /// When the server closed it.
    pub(crate) closed: Option<Moment>,
    pub(crate) exchange: Exchange,
}

impl Visit {
    /// The first copy of the SYN.
    pub(crate) fn first(&self) -> Option<Moment> {
        self.syns.first().copied()
    }

    /// When the visitor had what it came for, or knew that it would not have it; `None` where that
    /// never was.
    pub(crate) fn end(&self) -> Option<Moment> {
        self.refused.or(self.exchange.answered).or(self.closed)
    }
}

/// The visits of a capture.
#[derive(Debug)]
pub(crate) struct Visits {
    /// By their first packets, once they are [sorted](Self::sort).
    all: Vec<(Timestamp, Visit)>,
    is_sorted: bool,
    /// Those that are not over, as they were when they were last shown.
    open: Vec<Visit>,
    max: usize,
    /// Whether visits were left out for want of room.
    pub(crate) exceeded: bool,
}

impl Visits {
    pub(super) const fn new(max: usize) -> Self {
        Self {
            all: Vec::new(),
            is_sorted: true,
            open: Vec::new(),
            max,
            exceeded: false,
        }
    }

    /// Takes a visit that is over; one that took no time is not kept.
    pub(crate) fn add(&mut self, visit: Visit) {
        let Some(first) = visit.first() else {
            return;
        };
        if visit.end().is_some_and(|end| end.since(first) < BRIEF) {
            return;
        }
        if self.all.len() >= self.max {
            self.exceeded = true;
            return;
        }
        self.is_sorted &= self.all.last().is_none_or(|(last, _)| *last <= first.time);
        self.all.push((first.time, visit));
    }

    /// Puts them in order, with those that are not over; to be done before [`begun`](Self::begun)
    /// is asked.
    pub(crate) fn show(&mut self, mut open: Vec<Visit>) {
        if !self.is_sorted {
            self.all
                .sort_by_key(|(first, visit)| (*first, visit.stream));
            self.is_sorted = true;
        }
        open.retain(|visit| !visit.syns.is_empty());
        self.open = open;
    }

    /// All visits.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Visit> {
        self.all.iter().map(|(_, visit)| visit).chain(&self.open)
    }

    /// The visits that began from `from` to `to`, the earliest of them.
    pub(crate) fn begun(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = &Visit> {
        let begin = self.all.partition_point(|(first, _)| *first < from);
        let end = self.all.partition_point(|(first, _)| *first <= to);
        let within = self.all.get(begin..end).unwrap_or_default();
        let over = within.iter().take(MAX_FOUND).map(|(_, visit)| visit);
        let within = move |first: Moment| from <= first.time && first.time <= to;
        let open = self.open.iter();
        over.chain(
            open.filter(move |visit| visit.first().is_some_and(within))
                .take(MAX_FOUND),
        )
    }
}
