//! Hosts that are looked for on the local network and do not answer.
//!
//! Before a host can send anything to a neighbour it asks for its hardware address (ARP, RFC 826;
//! neighbour discovery, RFC 4861). A resolver that is down shows by nothing else.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::decode::Resolution;
use crate::time::Moment;

/// Pairs of hosts that are remembered.
const MAX_PAIRS: usize = 256;

/// Questions and answers that are remembered of one pair, the latest of each.
const MAX_NOTED: usize = 64;

/// One host asks for another in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Search {
    pub(crate) target: IpAddr,
    /// The questions that got no answer, in the order of the capture.
    pub(crate) requests: Vec<Moment>,
}

/// Who asked for whom, and who answered.
#[derive(Debug, Default)]
pub(crate) struct Neighbours {
    pairs: BTreeMap<(IpAddr, IpAddr), Pair>,
}

#[derive(Debug, Default)]
struct Pair {
    requests: Vec<Moment>,
    replies: Vec<Moment>,
}

impl Neighbours {
    pub(super) fn take(&mut self, resolution: &Resolution, moment: Moment) {
        let key = (resolution.asker, resolution.target);
        if !self.pairs.contains_key(&key) {
            if resolution.is_reply {
                return;
            }
            self.make_room();
        }
        let pair = self.pairs.entry(key).or_default();
        let notes = if resolution.is_reply {
            &mut pair.replies
        } else {
            &mut pair.requests
        };
        if notes.len() >= MAX_NOTED {
            notes.remove(0);
        }
        notes.push(moment);
    }

    /// Whom `asker` looked for between `from` and `to`, at least twice and without an answer.
    pub(crate) fn searches(&self, asker: IpAddr, from: Moment, to: Moment) -> Vec<Search> {
        let within = |moment: &&Moment| **moment >= from && **moment <= to;
        let all = self.pairs.iter().filter(|((who, _), _)| *who == asker);
        let found = all.filter_map(|(&(_, target), pair)| {
            let requests: Vec<Moment> = pair.requests.iter().filter(within).copied().collect();
            let answered = pair.replies.iter().any(|reply| within(&reply));
            (requests.len() > 1 && !answered).then_some(Search { target, requests })
        });
        found.collect()
    }

    /// Forgets the pair of which nothing was heard for longest, where there are too many.
    fn make_room(&mut self) {
        if self.pairs.len() < MAX_PAIRS {
            return;
        }
        let oldest = self
            .pairs
            .iter()
            .min_by_key(|(_, pair)| pair.requests.last().copied())
            .map(|(key, _)| *key);
        if let Some(oldest) = oldest {
            self.pairs.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{FrameNumber, Span, Timestamp};

    fn ip(last: u8) -> IpAddr {
        [10, 8, 0, last].into()
    }

    fn at(second: u8) -> Moment {
        Moment {
            time: Timestamp::from_nanos(0).plus(Span::from_secs(second.into())),
            frame: FrameNumber::new(u64::from(second) + 1).unwrap(),
        }
    }

    fn resolution(asker: u8, target: u8, is_reply: bool) -> Resolution {
        Resolution {
            asker: ip(asker),
            target: ip(target),
            is_reply,
        }
    }

    #[test]
    fn who_is_asked_for_twice_and_does_not_answer_is_searched_for() {
        let mut neighbours = Neighbours::default();
        for second in [0, 1, 2] {
            neighbours.take(&resolution(1, 53, false), at(second));
            neighbours.take(&resolution(1, 25, false), at(second));
            neighbours.take(&resolution(2, 99, false), at(second));
        }
        neighbours.take(&resolution(1, 25, true), at(3));
        let found = neighbours.searches(ip(1), at(0), at(9));
        let requests = vec![at(0), at(1), at(2)];
        let target = ip(53);
        assert_eq!(found, [Search { target, requests }]);
        assert_eq!(neighbours.searches(ip(1), at(2), at(9)), []);
    }

    #[test]
    fn a_host_that_asks_for_everyone_does_not_fill_the_memory() {
        let mut neighbours = Neighbours::default();
        for a in 0..=255 {
            for b in 0..=255 {
                neighbours.take(&resolution(a, b, false), at(b));
            }
        }
        assert_eq!(neighbours.pairs.len(), MAX_PAIRS);
    }
}
