//! A flight after the ClientHello that was lost and sent again.

use super::{Candidate, Case, Check, Cover, Exhibit, Opinion, path_mtu};
use crate::report::{Cause, Party, Phase};
use crate::tcp::{Resent, Side};
use crate::time::{Moment, Span};

pub(super) fn consider(case: &Case<'_>, opinions: &mut Vec<Opinion>) {
    let sides: &[Side] = match case.wait.phase {
        Phase::ServerHello | Phase::ServerFlight | Phase::ClientFinished => &[Side::Server],
        Phase::ServerFinished => &[Side::Client, Side::Server],
        _ => return,
    };
    for &side in sides {
        consider_side(case, side, opinions);
    }
}

fn consider_side(case: &Case<'_>, side: Side, opinions: &mut Vec<Opinion>) {
    let cause = match side {
        Side::Client => Cause::ClientFlightLost,
        Side::Server => Cause::ServerFlightLost,
    };
    let wait = case.wait;
    let copies: Vec<&Resent> = case
        .setup
        .resent_in_vain(side, wait.from, wait.to)
        .collect();
    let sent_again = copies
        .last()
        .map(|last| candidate(case, side, cause, &copies, last));
    let found = sent_again.or_else(|| late(case, side, cause));
    let Some(candidate) = found else {
        return;
    };
    if path_mtu::pattern(case, side).is_some() {
        let because = "small segments came through: it is their size that kept the others back";
        opinions.push(Opinion::ruled_out(cause, because));
        return;
    }
    let explained = candidate.cover.length();
    if explained < wait.duration().percent(50) {
        let because = format!("it was lost for {explained} of {} only", wait.duration());
        opinions.push(Opinion::ruled_out(cause, because));
        return;
    }
    opinions.push(Opinion::Holds(Box::new(candidate)));
}

/// At the receiver the loss shows as a hole that is filled late.
pub(super) fn late(case: &Case<'_>, side: Side, cause: Cause) -> Option<Candidate> {
    let (setup, wait) = (case.setup, case.wait);
    let hole = setup.passage(side).hole.as_deref()?;
    let (filled, len) = hole.filled.filter(|&(at, _)| at <= wait.to)?;
    if !hole.receiver_lacks_it || hole.since < wait.from {
        return None;
    }
    let (sender, receiver) = match side {
        Side::Client => (setup.client.ip, setup.server.ip),
        Side::Server => (setup.server.ip, setup.client.ip),
    };
    let missing = filled.since(hole.since).max(Span::ZERO);
    let length = wait.duration();
    Some(Candidate {
        cause,
        waiting_on: Party::Network,
        cover: Cover::between(hole.since.time, filled.time),
        summary: format!(
            "{} bytes from {sender} were lost: what follows them came, {receiver} asked for them \
             again, and they came {missing} later.",
            hole.len
        ),
        remedy: format!(
            "Look for loss on the path from {sender} to {receiver}. A capture at {sender} shows \
             what was sent again, and when."
        ),
        evidence: vec![
            Exhibit::of(
                side,
                hole.since,
                format!("{} bytes before this segment are missing", hole.len),
            ),
            Exhibit::of(side, filled, format!("{len} bytes fill the hole")),
        ],
        checks: vec![
            Check::necessary(
                "receiver-lacks-it",
                true,
                format!("{receiver} acknowledges no byte beyond the hole"),
            ),
            Check::strong(
                "sent-again",
                None,
                "the lost copies are not visible from here",
            ),
            Check::strong(
                "covers-the-wait",
                missing >= length.percent(80),
                format!("it was missing for {missing} of {length}"),
            ),
        ],
        is_fallback: false,
        lookups: Vec::new(),
        subject: None,
    })
}

fn candidate(
    case: &Case<'_>,
    side: Side,
    cause: Cause,
    copies: &[&Resent],
    last: &Resent,
) -> Candidate {
    let (setup, wait) = (case.setup, case.wait);
    let (whose, sender, receiver) = match side {
        Side::Client => ("client", setup.client.ip, setup.server.ip),
        Side::Server => ("server", setup.server.ip, setup.client.ip),
    };
    let count = copies.len();
    let acked = last.acked.filter(|&at| at <= wait.to);
    let until = acked.unwrap_or(wait.to);
    let explained = until.since(wait.from).max(Span::ZERO);
    let length = wait.duration();
    let outcome = match acked {
        Some(at) => format!("{receiver} acknowledged it only {}", after(at, wait.from)),
        None => format!("{receiver} never acknowledged it"),
    };
    let mut evidence: Vec<Exhibit> = copies
        .iter()
        .map(|copy| Exhibit::of(side, copy.moment, format!("{} bytes, sent again", copy.len)))
        .collect();
    evidence.extend(acked.map(|at| Exhibit::of(side.peer(), at, "acknowledged")));
    Candidate {
        cause,
        waiting_on: Party::Network,
        cover: Cover::between(wait.from.time, until.time),
        summary: format!(
            "The {whose}'s flight was sent at once and lost: {sender} sent {count} segments of it \
             again, and {outcome}."
        ),
        remedy: format!(
            "Look for loss on the path from {sender} to {receiver}, or of the acknowledgements on \
             the way back. A capture at {receiver} tells whether the segments arrive."
        ),
        evidence,
        checks: vec![
            Check::necessary(
                "sent-again",
                true,
                format!("{count} more, the last in frame {}", last.moment.frame),
            ),
            Check::strong(
                "covers-the-wait",
                explained >= length.percent(80),
                format!("it was not acknowledged for {explained} of {length}"),
            ),
        ],
        is_fallback: false,
        lookups: Vec::new(),
        subject: None,
    }
}

fn after(at: Moment, from: Moment) -> String {
    format!("{} later", at.since(from).max(Span::ZERO))
}
