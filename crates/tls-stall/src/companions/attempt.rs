//! One attempt to connect.

use std::net::IpAddr;

use crate::decode::Endpoint;
use crate::time::{Moment, Span};

/// Copies kept of one attempt's first packet; of more, the last.
const MAX_COPIES: usize = 16;

/// Two captures of one packet lie closer together than any retransmission timer.
const SECOND_COPY: Span = Span::from_millis(20);

/// The first retransmission timer of a modern host (RFC 6298, section 2).
const FIRST_INTERVAL: Span = Span::from_secs(1);

/// The first retransmission timer of old hosts (RFC 1122, section 4.2.3.1), with some room.
const LONGEST_FIRST_INTERVAL: Span = Span::from_millis(3_300);

/// A first packet to a server, with its copies, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) client: Endpoint,
    pub(crate) first: Moment,
    /// When it was sent again.
    again: Vec<Moment>,
    pub(crate) end: Option<(Moment, Fate)>,
    /// Whether the client went on after an ICMP error, as it may have after the last.
    pub(crate) is_deaf: bool,
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Answered,
    /// By a reset.
    Refused,
    /// An ICMP error came, from this address.
    Unreachable(IpAddr),
}

impl Attempt {
    pub(super) const fn new(client: Endpoint, first: Moment) -> Self {
        Self {
            client,
            first,
            again: Vec::new(),
            end: None,
            is_deaf: false,
        }
    }

    /// Every copy that is kept, the first included.
    pub(crate) fn copies(&self) -> impl Iterator<Item = Moment> {
        std::iter::once(self.first).chain(self.again.iter().copied())
    }

    /// The last copy.
    pub(crate) fn last(&self) -> Moment {
        self.again.last().copied().unwrap_or(self.first)
    }

    /// The attempt as it was before `moment`; `None` where it had not begun, or was answered by
    /// then.
    pub(crate) fn before(&self, moment: Moment) -> Option<Self> {
        let end = self.end.filter(|(at, _)| *at < moment);
        let answered = matches!(end, Some((_, Fate::Answered)));
        (self.first < moment && !answered).then(|| Self {
            client: self.client,
            first: self.first,
            again: self
                .again
                .iter()
                .copied()
                .filter(|copy| *copy < moment)
                .collect(),
            end,
            is_deaf: self.is_deaf,
        })
    }

    /// Whether what began at `next` can have waited for this attempt: it failed just before, or
    /// was still being tried. `None` where it may have been given up some time before, `Some(false)`
    /// where it was.
    pub(crate) fn leads_to(&self, next: Moment) -> Option<bool> {
        /// A program goes on so soon once it knows of the failure.
        const AT_ONCE: Span = Span::from_millis(300);
        const SOON: Span = Span::from_secs(1);
        let (since, sure, possible) = if let Some((failed, _)) = self.end {
            (next.since(failed), AT_ONCE, SOON)
        } else {
            let mut latest = self.again.iter().rev().copied().chain([self.first]);
            let (last, before) = (latest.next().unwrap_or(self.first), latest.next());
            let since = next.since(last);
            match before {
                // The next interval is as long as the last, or twice that.
                Some(before) => {
                    let interval = last.since(before);
                    let possible = interval.percent(250).max(LONGEST_FIRST_INTERVAL);
                    (since, interval.percent(220), possible)
                }
                None => (since, FIRST_INTERVAL.percent(110), LONGEST_FIRST_INTERVAL),
            }
        };
        if since <= sure {
            Some(true)
        } else if since <= possible {
            None
        } else {
            Some(false)
        }
    }

    /// Whether a copy sent at `moment` belongs to it; a second capture of a copy is left out.
    pub(super) fn ask_again(&mut self, moment: Moment) {
        if moment.since(self.last()) < SECOND_COPY {
            return;
        }
        self.is_deaf |= self.end.take().is_some();
        if self.again.len() >= MAX_COPIES {
            self.again.pop();
        }
        self.again.push(moment);
    }
}
