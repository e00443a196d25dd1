//! Waits for the client's ident service (RFC 1413), which servers of mail and chat once asked who
//! connects.

use super::parts::parts;
use super::visit::{self, SLACK};
use super::{Candidate, Case, Check, Cover, Opinion, words};
use crate::companions::{IDENT, Visit};
use crate::report::{Cause, Party, Phase, Way};
use crate::time::{Moment, Span};

pub(super) fn consider(case: &Case<'_>, opinions: &mut Vec<Opinion>) {
    let phases = [Phase::ServerGreeting, Phase::Starttls, Phase::ServerHello];
    if case.wait.waiting_on != Party::Server || !phases.contains(&case.wait.phase) {
        return;
    }
    for part in parts(case) {
        let (from, to) = part.stretch();
        // Its first visit in the wait; further ones are of other connections.
        let asked = visits(&part, from, to).next();
        if let Some(candidate) = asked.and_then(|visit| ident_lookup(&part, visit)) {
            opinions.push(Opinion::Holds(Box::new(candidate)));
        }
    }
}

/// The server's visits to the client's ident service that began from `from` to `to`.
pub(super) fn visits<'a>(
    case: &Case<'a>,
    from: Moment,
    to: Moment,
) -> impl Iterator<Item = &'a Visit> {
    let (client, server) = (case.setup.client.ip, case.setup.server.ip);
    let begin = from.time.plus(Span::ZERO.minus(SLACK));
    let begun = case.scene.visits.begun(begin, to.time);
    begun.filter(move |visit| {
        visit.server.port == IDENT
            && (visit.client.ip, visit.server.ip) == (server, client)
            && visit.first().is_some_and(|first| first < to)
    })
}

fn ident_lookup(case: &Case<'_>, visit: &Visit) -> Option<Candidate> {
    let (from, to) = case.stretch();
    let first = visit.first()?;
    let over = visit::over(visit, to);
    let mut cover = Cover::none();
    visit::cover(visit, over, to, &mut cover);
    let client = case.setup.client.ip;
    Some(Candidate {
        cause: Cause::IdentLookup,
        waiting_on: Party::Server,
        summary: format!(
            "The server asked the client's ident service ({}), {}; {}.{}",
            visit.server,
            visit::fate(visit),
            visit::then(case, from, to),
            words::consequence(case)
        ),
        remedy: format!(
            "At the server: turn the ident query off (sendmail: Timeout.ident=0, Exim: \
             rfc1413_query_timeout=0s, tcp_wrappers: no user@ patterns). Or have the firewall of \
             {client} refuse port {IDENT} with a reset instead of dropping the packets: a refusal \
             takes no time."
        ),
        evidence: visit::evidence(visit, Way::TO_CLIENT),
        checks: vec![
            Check::necessary(
                "asks-the-peer",
                true,
                format!(
                    "{} connects to port {IDENT} of {client}, which it is to answer (tcp.stream {})",
                    visit.client.ip, visit.stream
                ),
            ),
            visit::starts_with_the_wait(first, from, to),
            visit::covers_the_wait(cover.within(from.time, to.time).length(), from, to),
            visit::released(case, over, from, to),
        ],
        cover,
        is_fallback: false,
        lookups: Vec::new(),
        subject: Some(format!("the connection to {}", visit.server)),
    })
}
