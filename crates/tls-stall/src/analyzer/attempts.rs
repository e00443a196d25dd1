//! The failed attempts that are told with another connection.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::companions::Companions;
use crate::dns::{Lookup, Lookups};
use crate::milestone::Milestone;
use crate::time::{FrameNumber, Moment};
use crate::timeline::{EarlierAttempt, SIDE_BY_SIDE, Setup, TakenOver, find_earlier};

/// Attempts that are remembered.
const MAX_TOLD: usize = 65_536;

/// Which connection each failed attempt led to, by the attempt's first frame.
#[derive(Debug, Default)]
pub(super) struct Told {
    siblings: HashMap<FrameNumber, Sibling, RandomState>,
    /// Whether some were left out for want of room.
    pub(super) exceeded: bool,
}

/// The connection that took the place of an attempt.
#[derive(Debug, Clone, Copy)]
struct Sibling {
    syn: Moment,
    /// When it was established, if it was.
    established: Option<Moment>,
    /// Whether the same host surely made both.
    is_sure: bool,
}

impl Told {
    /// Finds the attempts that led to `setup`, and remembers that they did.
    pub(super) fn note(
        &mut self,
        setup: &mut Setup,
        named: Option<&Lookup>,
        lookups: &Lookups,
        companions: &Companions,
    ) {
        let Some(syn) = setup.at(Milestone::Syn) else {
            return;
        };
        if companions.tcp.is_empty() && companions.quic.is_empty() {
            return;
        }
        let told = find_earlier(setup, named, lookups, companions, |attempt| {
            let sibling = self.siblings.get(&attempt.first.frame);
            sibling.is_some_and(|sibling| syn.since(sibling.syn) > SIDE_BY_SIDE)
        });
        let established = setup.at(Milestone::Established);
        for TakenOver { first, is_sure } in told {
            if self.siblings.len() >= MAX_TOLD {
                self.exceeded = true;
                return;
            }
            let sibling = self.siblings.entry(first.frame).or_insert(Sibling {
                syn,
                established,
                is_sure,
            });
            sibling.syn = sibling.syn.min(syn);
            sibling.is_sure |= is_sure;
            sibling.established = earliest(sibling.established, established);
        }
    }

    /// Takes from `setup` the attempts that led to a connection before it, where that one's set-up
    /// was over only later; to be done once all are there.
    pub(super) fn confirm(&self, setup: &mut Setup) {
        let Some(syn) = setup.at(Milestone::Syn) else {
            return;
        };
        let is_told = |it: &EarlierAttempt| {
            let sibling = self.siblings.get(&it.attempt.first.frame);
            sibling.is_some_and(|sibling| syn.since(sibling.syn) > SIDE_BY_SIDE)
        };
        let Some(last) = setup.earlier.iter().rposition(is_told) else {
            return;
        };
        setup.earlier.drain(..=last);
        setup.milestones.forget(Milestone::FirstAttempt);
        if let Some(first) = setup.earlier.first() {
            let first = first.attempt.first;
            setup.milestones.reach(Milestone::FirstAttempt, first);
        }
    }

    /// When the connection was established for which the client gave the attempt `setup` up, if it
    /// did.
    ///
    /// Where it is not sure that the same host made both, one that went on with its attempt shows
    /// that it is another.
    pub(super) fn given_up(&self, setup: &Setup) -> Option<Moment> {
        let first = setup.at(Milestone::Syn)?;
        let sibling = self.siblings.get(&first.frame)?;
        let established = sibling.established?;
        let went_on = setup.syns.last().is_some_and(|last| *last > established);
        (sibling.is_sure || !went_on).then_some(established)
    }
}

fn earliest(a: Option<Moment>, b: Option<Moment>) -> Option<Moment> {
    a.into_iter().chain(b).min()
}
