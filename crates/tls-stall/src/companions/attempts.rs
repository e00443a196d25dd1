//! Attempts to connect that were not answered at once, by whom they went to.

use std::collections::VecDeque;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::attempt::{Attempt, Fate};
use crate::decode::Endpoint;
use crate::time::{Moment, Span};

/// An attempt that is answered sooner is forgotten: no client tries another address sooner than
/// this (RFC 8305, section 8).
const AT_ONCE: Span = Span::from_millis(250);

/// A copy that comes later than this after the last begins another attempt (the longest interval
/// of a SYN on Linux is 64 s).
const LONGEST_INTERVAL: Span = Span::from_secs(130);

/// Attempts kept of one server.
const MAX_PER_SERVER: usize = 256;

type Servers = HashMap<Endpoint, VecDeque<Attempt>, RandomState>;

/// The latest attempts, by server.
///
/// They are held in two generations: when the younger is full, it becomes the older, and what the
/// older held is forgotten.
#[derive(Debug)]
pub(crate) struct Attempts {
    young: Servers,
    old: Servers,
    /// Attempts in the younger generation.
    held: usize,
    max: usize,
    /// Whether attempts were forgotten for want of room.
    pub(crate) exceeded: bool,
}

impl Attempts {
    /// None yet, and never more than `max`, nor more than 512 to one server.
    pub(super) fn new(max: usize) -> Self {
        Self {
            young: Servers::default(),
            old: Servers::default(),
            held: 0,
            max: (max / 2).max(1),
            exceeded: false,
        }
    }

    /// Whether none is remembered.
    pub(crate) fn is_empty(&self) -> bool {
        self.young.is_empty() && self.old.is_empty()
    }

    /// The attempts to connect to `server`, the latest ones last.
    pub(crate) fn to(&self, server: Endpoint) -> impl Iterator<Item = &Attempt> {
        let old = self.old.get(&server).into_iter().flatten();
        old.chain(self.young.get(&server).into_iter().flatten())
    }

    /// `client` asks `server` for a connection.
    pub(super) fn ask(&mut self, client: Endpoint, server: Endpoint, moment: Moment) {
        if let Some(attempt) = self.find(client, server)
            && attempt.end.is_none()
            && moment.since(attempt.last()) <= LONGEST_INTERVAL
        {
            attempt.ask_again(moment);
            return;
        }
        if self.held >= self.max {
            self.exceeded |= !self.old.is_empty();
            self.old = std::mem::take(&mut self.young);
            self.held = 0;
        }
        let attempts = self.young.entry(server).or_default();
        if attempts.len() >= MAX_PER_SERVER {
            attempts.pop_front();
            self.exceeded = true;
        } else {
            self.held = self.held.saturating_add(1);
        }
        attempts.push_back(Attempt::new(client, moment));
    }

    /// An attempt of `client` to connect to `server` came to an end; whether there was one.
    pub(super) fn end(
        &mut self,
        client: Endpoint,
        server: Endpoint,
        moment: Moment,
        fate: Fate,
    ) -> bool {
        let Some(attempt) = self.find(client, server) else {
            return false;
        };
        if fate == Fate::Answered && moment.since(attempt.first) <= AT_ONCE {
            self.forget(client, server);
        } else {
            attempt.end.get_or_insert((moment, fate));
        }
        true
    }

    /// The latest attempt of `client` to connect to `server`.
    fn find(&mut self, client: Endpoint, server: Endpoint) -> Option<&mut Attempt> {
        [&mut self.young, &mut self.old]
            .into_iter()
            .filter(|servers| !servers.is_empty())
            .filter_map(|servers| servers.get_mut(&server))
            .find_map(|attempts| attempts.iter_mut().rfind(|it| it.client == client))
    }

    fn forget(&mut self, client: Endpoint, server: Endpoint) {
        for (servers, is_young) in [(&mut self.young, true), (&mut self.old, false)] {
            let Some(attempts) = servers.get_mut(&server) else {
                continue;
            };
            let Some(place) = attempts.iter().rposition(|it| it.client == client) else {
                continue;
            };
            attempts.remove(place);
            if attempts.is_empty() {
                servers.remove(&server);
            }
            if is_young {
                self.held = self.held.saturating_sub(1);
            }
            return;
        }
    }
}
