//! A resolver on the local network that is down: its hardware address is asked for in vain.
//!
//! The question itself is never sent, so nothing but ARP or neighbour solicitations is in the
//! capture.

use super::{Candidate, Case, Check, Cover, Exhibit, Opinion, words};
use crate::quality::Search;
use crate::report::{Cause, Party};
use crate::time::Span;

/// Later than this after the turn began, the search may belong to anything.
const AT_ONCE: Span = Span::from_millis(500);

/// From the last question on a host waits so long for the answer (Linux `RETRANS_TIMER`), and its
/// resolver for its own timeout.
const PATIENCE: Span = Span::from_secs(10);

pub(super) fn consider(case: &Case<'_>, opinions: &mut Vec<Opinion>) {
    if !matches!(
        case.wait.waiting_on,
        Party::Client | Party::Server | Party::Resolver
    ) {
        return;
    }
    for search in searches(case) {
        if case.scene.lookups.resolver(search.target).is_some() {
            opinions.push(Opinion::Holds(Box::new(resolver_down(case, &search))));
        }
    }
}

/// Whom the host that owed the next move looked for meanwhile, the peer aside.
pub(super) fn searches(case: &Case<'_>) -> Vec<Search> {
    let (from, to) = case.stretch();
    let neighbours = &case.scene.capture.neighbours;
    let mut searches = neighbours.searches(case.waiter(), from, to);
    searches.retain(|search| search.target != case.peer());
    searches.truncate(4);
    searches
}

/// A sentence about them, to follow others; empty where there are none.
pub(super) fn sentence(case: &Case<'_>) -> String {
    let searches = searches(case);
    let [first, ..] = searches.as_slice() else {
        return String::new();
    };
    let frame = first
        .requests
        .first()
        .map_or_else(String::new, |at| format!(" (from frame {} on)", at.frame));
    format!(
        " Meanwhile {} looked for {} on the local network without an answer{frame}: it may be the \
         resolver that it would ask.",
        case.waiter(),
        first.target
    )
}

fn resolver_down(case: &Case<'_>, search: &Search) -> Candidate {
    let (from, to) = case.stretch();
    let target = search.target;
    let first = search.requests.first().copied().unwrap_or(from);
    let last = search.requests.last().copied().unwrap_or(from);
    let until = last.time.plus(PATIENCE).min(to.time);
    let cover = Cover::between(first.time, until);
    let (explained, wait) = (cover.length(), to.since(from));
    let delay = first.since(from);
    Candidate {
        cause: Cause::ResolverSilent,
        waiting_on: case.wait.waiting_on,
        cover,
        summary: format!(
            "{} looked for the resolver {target} on its local network and found it not: no lookup \
             could be sent, and {} was due all the while.",
            capitalised(case.waiter_word()),
            words::awaited(case.wait.phase)
        ),
        remedy: format!(
            "Find out why {target} is down or gone, or give {} another resolver.",
            case.waiter()
        ),
        evidence: evidence(case, search),
        checks: vec![
            Check::necessary(
                "looked-for-a-resolver",
                true,
                format!("{target} is asked for names in this capture"),
            ),
            Check::strong(
                "starts-with-the-wait",
                delay <= AT_ONCE,
                format!("the search begins {delay} after the wait"),
            ),
            Check::strong(
                "covers-the-wait",
                explained >= wait.percent(80),
                format!("the search accounts for {explained} of {wait}"),
            ),
            Check::strong(
                "lookup-seen",
                None,
                "what was to be asked is not in the capture: it was never sent",
            ),
        ],
        is_fallback: false,
        lookups: Vec::new(),
        subject: Some(format!("the search for {target}")),
    }
}

fn evidence(case: &Case<'_>, search: &Search) -> Vec<Exhibit> {
    let way = case.way_of_query(case.waiter());
    let text = format!("who has {}? No answer", search.target);
    let requests = search.requests.iter().take(16);
    requests
        .map(|&at| Exhibit::new(at, way, text.clone()))
        .collect()
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}
