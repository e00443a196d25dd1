//! The connections that worked, to hold against those that stalled.

use std::net::IpAddr;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use smallvec::SmallVec;

use super::Check;
use crate::decode::Endpoint;
use crate::report::Phase;
use crate::time::{Moment, Span, Timestamp};
use crate::timeline::{Setup, Wait};

/// The phases that are held against each other.
const PHASES: [Phase; 4] = [
    Phase::EarlierAttempts,
    Phase::ServerGreeting,
    Phase::ClientHello,
    Phase::ServerHello,
];

/// A client that opens a connection ahead of need does so not long after the one that it uses.
const BESIDE: Span = Span::from_secs(10);

/// Stretches of time that are remembered of one client and one server, the latest.
const MAX_STRETCHES: usize = 1024;

/// The servers to which a client's handshakes came through.
#[derive(Debug, Default)]
pub(crate) struct Worked {
    records: HashMap<(IpAddr, Endpoint), Record, RandomState>,
    /// Stretches of all records together.
    stretches: usize,
}

/// The handshakes of one client with one server that came through.
#[derive(Debug, Clone, Default)]
struct Record {
    /// Of each phase, the shortest wait and the number of its connection; no time at all where a
    /// connection did without.
    shortest: [Option<(Span, u64)>; PHASES.len()],
    /// The first packet of the first of them.
    first: Option<Moment>,
    /// From when to when they began, in order; a pause is longer than [`BESIDE`].
    begun: SmallVec<[(Timestamp, Timestamp); 1]>,
}

impl Record {
    /// Notes that one began at `time`.
    fn note(&mut self, time: Timestamp) {
        let place = self
            .begun
            .partition_point(|&(_, last)| last.plus(BESIDE) < time);
        let stretch = self.begun.get_mut(place);
        let Some((first, last)) = stretch.filter(|(first, _)| *first <= time.plus(BESIDE)) else {
            self.begun.insert(place, (time, time));
            if self.begun.len() > MAX_STRETCHES {
                self.begun.remove(0);
            }
            return;
        };
        (*first, *last) = ((*first).min(time), (*last).max(time));
        let end = *last;
        // It may have closed the pause to the next.
        let next = self.begun.get(place.saturating_add(1)).copied();
        if let Some((begin, later)) = next
            && begin <= end.plus(BESIDE)
        {
            self.begun.remove(place.saturating_add(1));
            if let Some((_, last)) = self.begun.get_mut(place) {
                *last = later;
            }
        }
    }
}

impl Worked {
    /// What takes room: stretches of time in which handshakes of a client with a server began.
    pub(crate) const fn len(&self) -> usize {
        self.stretches
    }

    /// Takes a connection whose handshake came through, with its waits.
    pub(crate) fn add(&mut self, setup: &Setup, waits: &[Wait]) {
        let ends = (setup.client.ip, setup.server);
        let record = self.records.entry(ends).or_default();
        let first = record.first.into_iter().chain([setup.first]).min();
        record.first = first;
        let before = record.begun.len();
        record.note(setup.first.time);
        self.stretches = self
            .stretches
            .saturating_sub(before)
            .saturating_add(record.begun.len());
        for (phase, shortest) in PHASES.into_iter().zip(&mut record.shortest) {
            let wait = waits.iter().find(|wait| wait.phase == phase);
            let length = match wait {
                Some(wait) => wait.duration(),
                None if phase == Phase::EarlierAttempts => Span::ZERO,
                None => continue,
            };
            if shortest.is_none_or(|(least, _)| length < least) {
                *shortest = Some((length, setup.stream));
            }
        }
    }

    /// Whether a handshake of the same client with the same server came through that began beside
    /// `setup`: before `until`, and not long before it.
    pub(super) fn beside(&self, setup: &Setup, until: Moment) -> bool {
        let record = self.records.get(&(setup.client.ip, setup.server));
        let times = record.map_or(&[][..], |record| &record.begun);
        let since = setup.first.time.plus(Span::ZERO.minus(BESIDE));
        let next = times.partition_point(|&(_, last)| last < since);
        times
            .get(next)
            .is_some_and(|&(first, _)| first <= until.time)
    }

    /// When the first of the handshakes of `client` with `server` that came through began.
    pub(super) fn first(&self, client: IpAddr, server: Endpoint) -> Option<Moment> {
        self.records.get(&(client, server))?.first
    }

    /// How short the wait `wait` of `setup` was in another connection of the same client to the
    /// same server, as a check; `None` where there is no other that worked.
    pub(super) fn contrast(&self, setup: &Setup, wait: &Wait) -> Option<Check> {
        const NAME: &str = "contrast-with-a-healthy-connection";
        let record = self.records.get(&(setup.client.ip, setup.server))?;
        let place = PHASES.iter().position(|phase| *phase == wait.phase)?;
        let (length, stream) = (*record.shortest.get(place)?)?;
        if stream == setup.stream {
            return None;
        }
        let detail = if wait.phase == Phase::EarlierAttempts && length == Span::ZERO {
            format!(
                "another connection of this client to {} was made without such attempts \
                 (tcp.stream {stream})",
                setup.server
            )
        } else {
            format!(
                "another connection of this client to {} spent {length} in this phase \
                 (tcp.stream {stream})",
                setup.server
            )
        };
        let much_shorter = length <= wait.duration().percent(50);
        Some(Check::supporting(NAME, much_shorter, detail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The stretches in seconds that handshakes at these times make.
    fn stretches(times: impl IntoIterator<Item = i64>) -> Vec<(i64, i64)> {
        let mut record = Record::default();
        for time in times {
            record.note(Timestamp::from_nanos(time * 1_000_000_000));
        }
        let seconds = |time: Timestamp| time.as_nanos() / 1_000_000_000;
        let begun = record.begun.iter();
        begun
            .map(|&(from, to)| (seconds(from), seconds(to)))
            .collect()
    }

    #[test]
    fn what_is_no_more_than_ten_seconds_apart_is_one_stretch_in_whatever_order_it_comes() {
        assert_eq!(stretches([0, 10, 21, 50]), [(0, 10), (21, 21), (50, 50)]);
        assert_eq!(stretches([50, 21, 10, 0]), [(0, 10), (21, 21), (50, 50)]);
        assert_eq!(stretches([0, 20, 10]), [(0, 20)]);
        assert_eq!(stretches([0, 15, 40, 8, 30]), [(0, 15), (30, 40)]);
    }

    #[test]
    fn of_too_many_the_earliest_are_forgotten() {
        let forwards = stretches((0..2000).map(|n| n * 20));
        let backwards = stretches((0..2000).rev().map(|n| n * 20));
        assert_eq!(forwards.len(), MAX_STRETCHES);
        assert_eq!(forwards, backwards);
        assert_eq!(forwards.last(), Some(&(39_980, 39_980)));
    }
}
