//! What is known about the capture itself, before anything in it is judged.
//!
//! A capture loses frames, sees one direction, jumps in time, or is the work of an app that makes
//! up half of the packets. Each of that is noticed here, while the frames come; the diagnosis asks
//! before it calls something unanswered, or long.

mod answers;
mod clock;
mod directions;
mod encrypted;
mod neighbours;
mod observers;
mod unread;
mod vpn_app;

use self::answers::Answers;
use self::clock::Clock;
pub(crate) use self::clock::{Step, is_pause};
use self::directions::Directions;
use self::encrypted::EncryptedDns;
use self::neighbours::Neighbours;
pub(crate) use self::neighbours::Search;
use self::observers::Observers;
use self::unread::UnreadDns;
pub(crate) use self::vpn_app::VpnApp;
use crate::decode::{Datagram, Resolution};
use crate::dns::Lookups;
use crate::tcp::Side;
use crate::time::Moment;
use crate::timeline::Setup;

/// What was noticed about the capture up to now.
#[derive(Debug, Default)]
pub(crate) struct Quality {
    pub(crate) clock: Clock,
    pub(crate) directions: Directions,
    pub(crate) encrypted: EncryptedDns,
    pub(crate) unread: UnreadDns,
    pub(crate) neighbours: Neighbours,
    pub(crate) observers: Observers,
    answers: Answers,
    app: Option<(Moment, &'static str)>,
    /// The last frame of the capture.
    last: Option<Moment>,
    lost: Option<Lost>,
    copies: Option<Lost>,
    /// Whether the capturer counted frames that it lost.
    pub(crate) capturer_lost: bool,
}

/// Whether a datagram tells something of the capture.
pub(crate) fn concerns(datagram: &Datagram<'_>) -> bool {
    encrypted::concerns(datagram)
}

/// How many connections something was seen in, and where first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) first: Moment,
    pub(crate) count: u64,
}

/// What each frame, and each connection once it is over, tells.
impl Quality {
    /// Takes two frames that follow each other after a [pause](is_pause).
    pub(crate) fn pause(&mut self, before: Moment, after: Moment) {
        self.clock.pause(before, after);
    }

    /// Notes up to which frame the capture was seen, before it is asked.
    pub(crate) fn seen_to(&mut self, last: Option<Moment>) {
        self.last = last;
    }

    /// The last frame of the capture, as far as it was seen.
    pub(crate) const fn last(&self) -> Option<Moment> {
        self.last
    }

    /// Notes the first frame that an app on the phone made, and what shows it.
    pub(crate) fn made_by_app(&mut self, first: Moment, sign: &'static str) {
        self.app.get_or_insert((first, sign));
    }

    pub(crate) fn udp(&mut self, datagram: &Datagram<'_>, moment: Moment) {
        self.encrypted.udp(datagram, moment);
        self.unread.udp(datagram);
    }

    pub(crate) fn resolution(&mut self, resolution: &Resolution, moment: Moment) {
        self.neighbours.take(resolution, moment);
    }

    /// Takes a connection of which no more is to come.
    pub(crate) fn settle(&mut self, setup: &mut Setup, lookups: &Lookups) {
        setup.is_of_app = self.app.is_some();
        self.clock.settle(setup);
        self.directions.settle(setup);
        self.encrypted.settle(setup);
        self.observers.settle(setup, lookups);
        self.answers.settle(setup, lookups);
        if let Some(first) = [Side::Client, Side::Server]
            .into_iter()
            .filter_map(|side| setup.unseen(side))
            .min()
        {
            Lost::add(&mut self.lost, first, 1);
        }
        let traces = [&setup.traces.client, &setup.traces.server];
        for trace in traces {
            if let Some(first) = trace.first_copy {
                Lost::add(&mut self.copies, first, trace.copies.into());
            }
        }
    }
}

/// What the diagnosis and the notices ask.
impl Quality {
    /// The first frame that acknowledges what was not captured, and in how many connections there
    /// is one.
    pub(crate) fn lost(&self) -> Option<Lost> {
        self.lost
    }

    /// The first second copy of a TCP segment, and how many there are.
    pub(crate) fn copies(&self) -> Option<Lost> {
        self.copies
    }

    /// Whether frames are known to be missing by `until`; what is lost later says nothing of what
    /// came before.
    pub(crate) fn loses_frames(&self, lookups: &Lookups, until: Moment) -> bool {
        let lost = self.lost.map(|lost| lost.first);
        let mut known = lost.into_iter().chain(self.missed_answer(lookups));
        self.capturer_lost || known.any(|first| first <= until)
    }

    /// The first frame in which a host acts upon an answer that was not captured.
    pub(crate) fn missed_answer(&self, lookups: &Lookups) -> Option<Moment> {
        self.answers.missing(lookups, self.last?)
    }

    /// The first frame that an app on the phone made, and what shows it.
    pub(crate) fn vpn_app(&self) -> Option<(Moment, &'static str)> {
        self.app
    }

    /// Whether an answer may have come by `until` and not be in the capture.
    pub(crate) fn may_miss_answers(&self, lookups: &Lookups, until: Moment) -> bool {
        self.loses_frames(lookups, until) || self.shows_both_directions(lookups) == Some(false)
    }

    /// Whether both directions of some conversation were captured; `None` where the capture does
    /// not tell.
    pub(crate) fn shows_both_directions(&self, lookups: &Lookups) -> Option<bool> {
        if lookups.has_answers() {
            return Some(true);
        }
        self.directions.both()
    }
}

impl Lost {
    fn add(lost: &mut Option<Self>, moment: Moment, count: u64) {
        let lost = lost.get_or_insert(Self {
            first: moment,
            count: 0,
        });
        lost.first = lost.first.min(moment);
        lost.count = lost.count.saturating_add(count);
    }
}
