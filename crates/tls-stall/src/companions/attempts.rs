//! Attempts to connect that were not answered at once, by whom they went to.

use std::collections::VecDeque;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::attempt::{Attempt, Fate};
use crate::decode::Endpoint;
use crate::time::{Moment, Span};

/// An attempt that is answered sooner is forgotten: no client tries another address sooner than
/// this (RFC 8305, section 8).
const AT_ONCE: Span = Span::from_millis(250);

/// A copy that comes later than this after the last begins another attempt (the longest interval
/// of a SYN on Linux is 64 s).
const LONGEST_INTERVAL: Span = Span::from_secs(130);

/// Attempts kept of one server, in one generation.
pub(crate) const MAX_PER_SERVER: usize = 256;

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
    /// Whether clients go on after ICMP errors.
    ignore_errors: bool,
    /// Whether attempts were forgotten for want of room.
    pub(crate) exceeded: bool,
}

type Servers = HashMap<Endpoint, ToServer, RandomState>;

/// The attempts to connect to one server.
#[derive(Debug)]
struct ToServer {
    latest: Attempt,
    /// Those before it; most often none, and then nothing is allocated.
    before: VecDeque<Attempt>,
}

impl Attempts {
    /// None yet, and never more than `max`, nor more than 512 to one server.
    pub(super) fn new(max: usize) -> Self {
        Self {
            young: Servers::default(),
            old: Servers::default(),
            held: 0,
            max: (max / 2).max(1),
            ignore_errors: false,
            exceeded: false,
        }
    }

    /// The same, by clients that go on after an ICMP error: what they send then is a copy.
    pub(super) fn ignoring_errors(max: usize) -> Self {
        Self {
            ignore_errors: true,
            ..Self::new(max)
        }
    }

    /// Whether none is remembered.
    pub(crate) fn is_empty(&self) -> bool {
        self.young.is_empty() && self.old.is_empty()
    }

    /// The attempts to connect to `server`, in their order.
    pub(crate) fn to(&self, server: Endpoint) -> impl Iterator<Item = &Attempt> {
        let generations = [&self.old, &self.young];
        let found = generations
            .into_iter()
            .filter_map(move |servers| servers.get(&server));
        found.flat_map(|attempts| attempts.before.iter().chain([&attempts.latest]))
    }

    /// `client` asks `server` for a connection. Where it `may_be_copy`, it belongs to its latest
    /// attempt, unless that is over.
    pub(super) fn ask(
        &mut self,
        client: Endpoint,
        server: Endpoint,
        moment: Moment,
        may_be_copy: bool,
    ) {
        if may_be_copy
            && !self.old.is_empty()
            && let Some(attempts) = self.old.get_mut(&server)
            && attempts.ask_again(client, moment, self.ignore_errors)
        {
            return;
        }
        if self.held >= self.max {
            self.exceeded |= !self.old.is_empty();
            self.old = std::mem::take(&mut self.young);
            self.held = 0;
        }
        let attempt = Attempt::new(client, moment);
        match self.young.entry(server) {
            Entry::Vacant(place) => {
                place.insert(ToServer {
                    latest: attempt,
                    before: VecDeque::new(),
                });
            }
            Entry::Occupied(mut attempts) => {
                let attempts = attempts.get_mut();
                if may_be_copy && attempts.ask_again(client, moment, self.ignore_errors) {
                    return;
                }
                let before = std::mem::replace(&mut attempts.latest, attempt);
                attempts.before.push_back(before);
                if attempts.before.len() >= MAX_PER_SERVER {
                    attempts.before.pop_front();
                    self.exceeded = true;
                    return;
                }
            }
        }
        self.held = self.held.saturating_add(1);
    }

    /// An attempt of `client` to connect to `server` came to an end; whether there was one.
    pub(super) fn end(
        &mut self,
        client: Endpoint,
        server: Endpoint,
        moment: Moment,
        fate: Fate,
    ) -> bool {
        match end(&mut self.young, client, server, moment, fate) {
            Some(Kept::Yes) => true,
            Some(Kept::No) => {
                self.held = self.held.saturating_sub(1);
                true
            }
            None if self.old.is_empty() => false,
            None => end(&mut self.old, client, server, moment, fate).is_some(),
        }
    }
}

impl ToServer {
    /// Takes a copy; whether it is one of an attempt that is not over.
    fn ask_again(&mut self, client: Endpoint, moment: Moment, ignore_errors: bool) -> bool {
        let attempt = self.find(client);
        let again = attempt.filter(|attempt| {
            let goes_on = match attempt.end {
                None => true,
                Some((_, Fate::Unreachable(_))) => ignore_errors,
                Some((_, Fate::Answered | Fate::Refused)) => false,
            };
            goes_on && moment.since(attempt.last()) <= LONGEST_INTERVAL
        });
        let is_again = again.is_some();
        if let Some(attempt) = again {
            attempt.ask_again(moment);
        }
        is_again
    }

    /// The latest attempt of `client`.
    fn find(&mut self, client: Endpoint) -> Option<&mut Attempt> {
        if self.latest.client == client {
            return Some(&mut self.latest);
        }
        self.before.iter_mut().rfind(|it| it.client == client)
    }

    /// Forgets the latest attempt of `client`; whether another is left.
    fn forget(&mut self, client: Endpoint) -> bool {
        if self.latest.client != client {
            if let Some(place) = self.before.iter().rposition(|it| it.client == client) {
                self.before.remove(place);
            }
            return true;
        }
        let Some(before) = self.before.pop_back() else {
            return false;
        };
        self.latest = before;
        true
    }
}

/// Whether an attempt that ended is still remembered.
enum Kept {
    Yes,
    No,
}

/// Ends the latest attempt of `client` among those to connect to `server`.
fn end(
    servers: &mut Servers,
    client: Endpoint,
    server: Endpoint,
    moment: Moment,
    fate: Fate,
) -> Option<Kept> {
    let Entry::Occupied(mut attempts) = servers.entry(server) else {
        return None;
    };
    let attempt = attempts.get_mut().find(client)?;
    if fate != Fate::Answered || moment.since(attempt.first) > AT_ONCE {
        attempt.end.get_or_insert((moment, fate));
        return Some(Kept::Yes);
    }
    if !attempts.get_mut().forget(client) {
        attempts.remove();
    }
    Some(Kept::No)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{FrameNumber, Timestamp};

    fn endpoint(ip: &str, port: u16) -> Endpoint {
        Endpoint {
            ip: ip.parse().unwrap(),
            port,
        }
    }

    fn at(millis: i64) -> Moment {
        Moment {
            time: Timestamp::from_nanos(millis * 1_000_000),
            frame: FrameNumber::new(u64::try_from(millis).unwrap() + 1).unwrap(),
        }
    }

    fn server() -> Endpoint {
        endpoint("203.0.113.25", 465)
    }

    #[test]
    fn what_is_answered_at_once_is_forgotten_and_what_comes_late_is_marked() {
        let (a, b) = (endpoint("10.8.0.1", 1), endpoint("10.8.0.1", 2));
        let mut attempts = Attempts::new(100);
        attempts.ask(a, server(), at(0), false);
        attempts.ask(b, server(), at(1), false);
        assert!(attempts.end(a, server(), at(80), Fate::Answered));
        assert!(attempts.end(b, server(), at(3000), Fate::Answered));
        assert!(!attempts.end(a, server(), at(3001), Fate::Answered));
        let left: Vec<_> = attempts.to(server()).collect();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].end, Some((at(3000), Fate::Answered)));
        assert!(left[0].before(at(2000)).is_some());
        assert!(left[0].before(at(3001)).is_none());
    }

    #[test]
    fn copies_are_one_attempt_and_a_second_capture_of_one_is_none() {
        let client = endpoint("10.8.0.1", 1);
        let mut attempts = Attempts::new(100);
        for millis in [0, 2, 1000, 3000, 200_000] {
            attempts.ask(client, server(), at(millis), millis > 0);
        }
        let counts: Vec<usize> = attempts
            .to(server())
            .map(|it| it.copies().count())
            .collect();
        assert_eq!(counts, [3, 1]);
    }

    #[test]
    fn what_is_sent_again_after_an_error_is_a_copy_only_where_errors_are_ignored() {
        let client = endpoint("10.8.0.1", 1);
        let unreachable = Fate::Unreachable(server().ip);
        let counts = |mut attempts: Attempts| -> Vec<usize> {
            for millis in [0, 200, 600] {
                attempts.ask(client, server(), at(millis), true);
                attempts.end(client, server(), at(millis + 80), unreachable);
            }
            let last = attempts.to(server()).last().unwrap();
            assert_eq!(last.end, Some((at(680), unreachable)));
            let all = attempts.to(server());
            all.map(|it| it.copies().count()).collect()
        };
        assert_eq!(counts(Attempts::new(100)), [1, 1, 1]);
        assert_eq!(counts(Attempts::ignoring_errors(100)), [3]);
    }

    #[test]
    fn memory_is_bounded_and_the_latest_are_kept() {
        let mut attempts = Attempts::new(1000);
        for number in 0..10_000_u16 {
            let other = endpoint(&format!("198.51.{}.{}", number / 256, number % 256), 443);
            let (a, b) = (endpoint("10.8.0.1", number), endpoint("10.8.0.2", number));
            attempts.ask(a, other, at(number.into()), false);
            attempts.ask(b, server(), at(number.into()), false);
        }
        let held =
            |servers: &Servers| -> usize { servers.values().map(|it| it.before.len() + 1).sum() };
        assert!(held(&attempts.young) + held(&attempts.old) <= 1000);
        assert!(attempts.exceeded);
        let latest = attempts.to(server()).last().unwrap();
        assert_eq!(latest.client.port, 9_999);
    }
}
