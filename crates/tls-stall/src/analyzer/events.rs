//! Milestones and lookups as they happen, for callers who ask for them.

use std::collections::{BTreeSet, VecDeque};

use super::Analyzer;
use super::extent::Extent;
use super::judge::Judge;
use super::reporter::Reporter;
use crate::decode::Endpoint;
use crate::dns::Lookups;
use crate::milestone::{Milestone, Milestones};
use crate::report::{At, Connection, Lookup, Way};
use crate::tcp;
use crate::time::{Moment, Span, Timestamp};
use crate::timeline::{Setup, waits};

/// Something that happened in the capture, as [`Analyzer::next_event`] gives it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A connection reached a milestone.
    Milestone(Reached),
    /// A lookup is over: it was answered, or 60 s have passed since its last copy. Each is told once.
    ///
    /// Those that are neither when the capture ends come with [`Analyzer::end`]. One that is dropped
    /// for want of room ([`max_lookups`](crate::Config::max_lookups)) before it is over is not told.
    Lookup(Lookup),
    /// No more is to come of a connection: how long its phases took, without a diagnosis.
    ///
    /// Every TCP connection is told, whether it is TLS or not. What other connections of its hosts
    /// show later is not in it: the report may end its last wait earlier.
    Settled(Connection),
    /// So many events were dropped here, since more had come than
    /// [`max_events`](crate::Config::max_events).
    Missed(u64),
}

/// A milestone of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reached {
    /// The connection's number from 0 in the order of first frames, as Wireshark's `tcp.stream`.
    pub tcp_stream: u64,
    /// Who sent the SYN; where that was not captured, a guess that the ClientHello may put right.
    pub client: Endpoint,
    /// Its peer.
    pub server: Endpoint,
    /// What happened.
    pub milestone: Milestone,
    /// In which frame, and when since the capture's first frame. It may be an earlier frame than
    /// the last one: that a flight is over shows only by what follows it.
    pub at: At,
}

/// The events that are yet to be asked for.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// None are noted where this is 0.
    limit: usize,
    queue: VecDeque<Event>,
    /// The numbers of the lookups that are yet to be told, in the order in which they began.
    open: BTreeSet<u64>,
}

/// The milestones that a connection had reached, a bit each; `None` where nobody asks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Before(Option<u32>);

impl Events {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    pub(super) const fn are_wanted(&self) -> bool {
        self.limit > 0
    }

    /// What `milestones` holds, to be given to [`note`](Self::note) later.
    pub(super) fn before(&self, milestones: &Milestones) -> Before {
        Before(self.are_wanted().then(|| milestones.bits()))
    }

    /// Notes what `connection` has reached since `before`.
    pub(super) fn note(
        &mut self,
        connection: (u64, Endpoint, Endpoint),
        milestones: &Milestones,
        Before(before): Before,
        first_frame: Option<Moment>,
    ) {
        let Some(before) = before.filter(|&before| before != milestones.bits()) else {
            return;
        };
        let (tcp_stream, client, server) = connection;
        let new = milestones
            .iter()
            .filter(|(milestone, _)| before & milestone.bit() == 0);
        let mut new: Vec<(Milestone, Moment)> = new.collect();
        new.sort_by_key(|&(milestone, moment)| (moment.frame, milestone));
        for (milestone, moment) in new {
            self.push(Event::Milestone(Reached {
                tcp_stream,
                client,
                server,
                milestone,
                at: at(milestone, moment, first_frame),
            }));
        }
    }

    /// Notes the lookups that were answered since the last call, or are over for another reason.
    pub(super) fn note_lookups(
        &mut self,
        lookups: &mut Lookups,
        now: Timestamp,
        first_frame: Option<Moment>,
    ) {
        /// Resolvers give up long before.
        const PATIENCE: Span = Span::from_secs(60);

        self.open.extend(lookups.take_begun());
        let first = first_frame.map_or(now, |first| first.time);
        for number in lookups.take_settled() {
            // One of which a frame out of order brings the answer may have been told already.
            if self.open.remove(&number)
                && let Some(lookup) = lookups.numbered(number)
            {
                self.push(Event::Lookup(lookup.report(first)));
            }
        }
        while let Some(&number) = self.open.first() {
            if let Some(lookup) = lookups.numbered(number) {
                if now.since(lookup.last_query().time) < PATIENCE {
                    break;
                }
                self.push(Event::Lookup(lookup.report(first)));
            }
            self.open.pop_first();
        }
        // Those that were dropped for want of room wait behind the first one for nothing.
        if self.open.len() > lookups.all().len().saturating_mul(2) {
            self.open
                .retain(|&number| lookups.numbered(number).is_some());
        }
    }

    /// Notes the lookups that the capture's end leaves open.
    fn end_lookups(&mut self, lookups: &Lookups, first_frame: Option<Moment>) {
        let first = first_frame.map_or(Timestamp::from_nanos(0), |first| first.time);
        for number in std::mem::take(&mut self.open) {
            if let Some(lookup) = lookups.numbered(number) {
                self.push(Event::Lookup(lookup.report(first)));
            }
        }
    }

    fn push(&mut self, event: Event) {
        if self.queue.len() < self.limit {
            self.queue.push_back(event);
        } else if let Some(Event::Missed(count)) = self.queue.back_mut() {
            *count = count.saturating_add(1);
        } else {
            // The last one makes room for the count, and is one of those.
            self.queue.pop_back();
            self.queue.push_back(Event::Missed(2));
        }
    }
}

impl Analyzer {
    /// The next thing that happened, in the order in which the frames showed it.
    ///
    /// Nothing is noted unless [`Config::max_events`](crate::Config::max_events) is set. To be asked
    /// until it gives `None`, after each frame or now and then, and once more after
    /// [`end`](Self::end).
    pub fn next_event(&mut self) -> Option<Event> {
        self.judging.here().events.queue.pop_front()
    }

    /// Notes what became of lookups up to `now`.
    pub(super) fn note_lookups(&mut self, now: Timestamp) {
        if self.config.max_events > 0 {
            let judge = self.judging.here();
            judge
                .events
                .note_lookups(&mut judge.lookups, now, self.extent.first);
        }
    }

    /// Notes the lookups that the capture's end leaves open.
    pub(super) fn note_open_lookups(&mut self) {
        if let Some(latest) = self.extent.latest {
            self.note_lookups(latest.time);
            let judge = self.judging.here();
            judge.events.end_lookups(&judge.lookups, self.extent.first);
        }
    }
}

impl Judge {
    /// Notes that no more is to come of `setup`, before it is kept or counted.
    pub(super) fn note_settled(&mut self, setup: &Setup, before: Before, extent: &Extent) {
        if !self.events.are_wanted() {
            return;
        }
        let ends = (setup.stream, setup.client, setup.server);
        self.events
            .note(ends, &setup.milestones, before, extent.first);
        let end = extent.latest.unwrap_or(setup.last);
        let waits = waits(setup, end, self.config.stall_threshold);
        let connection = Reporter::new(self, extent).connection(setup, &waits, Vec::new());
        self.events.push(Event::Settled(connection));
    }
}

/// Which connection it is, and between whom.
pub(super) fn ends(connection: &tcp::Connection) -> (u64, Endpoint, Endpoint) {
    (connection.stream, connection.client, connection.server)
}

fn at(milestone: Milestone, moment: Moment, first_frame: Option<Moment>) -> At {
    let first = first_frame.unwrap_or(moment);
    At::new(moment.frame, moment.since(first), Way::of(milestone))
}
