//! Which messages belong to one lookup.
//!
//! Copies with the same id do. One with an id of its own is either another try, of a resolver that
//! draws a new id each time, or a second lookup of the same question by another thread: the habits
//! of the lookup so far and the interval tell.

use super::lookup::{Lookup, Query};
use super::message::Message;
use super::nbns;
use crate::decode::Endpoint;
use crate::report::Via;
use crate::time::{Moment, Span};
use std::net::IpAddr;

/// A copy later than this after the first is a lookup of its own.
const MAX_LENGTH: Span = Span::from_secs(120);

/// The longest interval between copies with the same id (c-ares: 20 s).
const MAX_SAME_ID_INTERVAL: Span = Span::from_secs(40);

/// The longest interval between copies with another id.
const MAX_RETRY_INTERVAL: Span = Span::from_millis(10_500);

/// How long after an answer a copy can still be one that crossed it, or whose sender missed it.
pub(super) const RETRY_AFTER_ANSWER: Span = Span::from_secs(6);

/// How soon another copy follows a failure, if it belongs to the same lookup.
const RETRY_AFTER_FAILURE: Span = Span::from_secs(1);

/// An answer later than this after the last copy finds nobody waiting.
pub(super) const MAX_ANSWER_DELAY: Span = Span::from_secs(60);

/// How far the frames of a capture may be out of order.
const DISORDER: Span = Span::from_secs(-1);

/// When resolvers that draw a new id for each try are known to try again, in milliseconds: whole
/// seconds (Go, Windows, mDNSResponder), unbound's 376 and their doubles.
const RETRY_INTERVALS: [i64; 15] = [
    333, 376, 752, 1_000, 1_504, 2_000, 2_500, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000, 9_000,
    10_000,
];

/// An answer's message, and between whom it went.
pub(super) struct Response<'m, 'a> {
    pub(super) moment: Moment,
    pub(super) via: Via,
    pub(super) resolver: IpAddr,
    pub(super) asker: Endpoint,
    pub(super) message: &'m Message<'a>,
}

/// Whether `query` repeats a copy of `lookup`, with its id.
pub(super) fn repeats(lookup: &Lookup, query: &Query) -> bool {
    if !within(query, lookup.first(), MAX_LENGTH) {
        return false;
    }
    if lookup.via == Via::Mdns {
        // Every id is 0 (RFC 6762, section 18.1).
        return !lookup.is_settled() && within(query, lookup.last_query(), MAX_RETRY_INTERVAL);
    }
    let mut same_id = lookup.queries.iter().filter(|other| other.id == query.id);
    if lookup.is_settled() {
        same_id.any(|other| other.asker_port == query.asker_port)
            && within(query, lookup.last_query(), RETRY_AFTER_ANSWER)
    } else {
        same_id.next().is_some() && within(query, lookup.last_query(), MAX_SAME_ID_INTERVAL)
    }
}

/// Whether `query`, with an id of its own, is another try of `lookup`.
pub(super) fn retries(lookup: &Lookup, query: &Query) -> bool {
    if lookup.is_settled() || !within(query, lookup.first(), MAX_LENGTH) {
        return false;
    }
    if let Some(result) = lookup
        .result()
        .filter(|&result| result >= lookup.last_query())
    {
        // The way over TCP may begin with lost SYNs.
        let limit = if query.over_tcp {
            MAX_RETRY_INTERVAL
        } else {
            RETRY_AFTER_FAILURE
        };
        return within(query, result, limit);
    }
    if !within(query, lookup.last_query(), MAX_RETRY_INTERVAL) || repeated_an_id(lookup) {
        return false;
    }
    let to_another = lookup
        .queries
        .iter()
        .all(|other| other.resolver != query.resolver);
    let first_id = lookup.queries.first().map(|first| first.id);
    let draws_new_ids = lookup
        .queries
        .iter()
        .any(|other| Some(other.id) != first_id);
    to_another || draws_new_ids || is_retry_interval(query.moment.since(lookup.last_query()))
}

/// Whether `response` answers a copy of `lookup`.
pub(super) fn answers(response: &Response<'_, '_>, lookup: &Lookup) -> bool {
    if response.moment.since(lookup.last_query()) > MAX_ANSWER_DELAY {
        return false;
    }
    lookup.queries.iter().any(|query| {
        // To a group or a broadcast address, whoever has the name answers.
        let from_any = match lookup.via {
            Via::Llmnr => true,
            Via::Nbns => lookup.record_type == nbns::NAME,
            _ => query.resolver.is_multicast(),
        };
        query.id == response.message.id
            && query.asker_port == response.asker.port
            && (from_any || query.resolver == response.resolver)
    })
}

/// Who sent one id twice does not also draw new ones.
fn repeated_an_id(lookup: &Lookup) -> bool {
    let mut ids: Vec<u16> = lookup.queries.iter().map(|query| query.id).collect();
    ids.sort_unstable();
    ids.windows(2).any(|pair| pair.first() == pair.last())
}

fn is_retry_interval(interval: Span) -> bool {
    RETRY_INTERVALS
        .into_iter()
        .map(Span::from_millis)
        .any(|known| interval.minus(known).abs() <= Span::from_millis(40).plus(known.percent(1)))
}

/// Whether `query` came no later than `limit` after `moment`.
fn within(query: &Query, moment: Moment, limit: Span) -> bool {
    let gap = query.moment.since(moment);
    gap >= DISORDER && gap <= limit
}
