//! A ClientHello that did not get through.

use super::{Candidate, Case, Check, Cover, Exhibit, Opinion, flight, path_mtu};
use crate::milestone::Milestone;
use crate::report::{Cause, Party, Phase};
use crate::tcp::{Hole, Resent, Side};
use crate::time::{Moment, Span};

pub(super) fn consider(case: &Case<'_>, opinions: &mut Vec<Opinion>) {
    if let Some(hole) = case.missing_before_client_hello() {
        let filled_late = flight::late(case, Side::Client, Cause::ClientHelloLost);
        let candidate = filled_late.unwrap_or_else(|| beginning_missing(case, &hole));
        opinions.push(Opinion::Holds(Box::new(candidate)));
        return;
    }
    if case.wait.phase != Phase::ServerHello && !case.awaits_rest_of_client_hello() {
        return;
    }
    let setup = case.setup;
    let (from, to) = (case.wait.from, case.wait.to);
    let copies: Vec<&Resent> = setup.hello_resent(from, to).collect();
    let acked = setup.hello_acked(from);
    let Some(last) = copies.last().map(|copy| copy.moment) else {
        if let Some(candidate) = flight::late(case, Side::Client, Cause::ClientHelloLost)
            && path_mtu::pattern(case, Side::Client).is_none()
        {
            opinions.push(Opinion::Holds(Box::new(candidate)));
            return;
        }
        let because = match acked {
            Some(at) => format!("it was sent once and acknowledged in frame {}", at.frame),
            None => "it was sent only once".to_owned(),
        };
        opinions.push(Opinion::ruled_out(Cause::ClientHelloLost, because));
        return;
    };
    if path_mtu::pattern(case, Side::Client).is_some() {
        let because = "small segments came through: it is their size that kept the others back";
        opinions.push(Opinion::ruled_out(Cause::ClientHelloLost, because));
        return;
    }
    let candidate = sent_again(case, &copies, last);
    let (explained, wait) = (candidate.cover.length(), case.wait.duration());
    if explained < wait.percent(50) {
        let because = format!("it was lost for {explained} of {wait} only");
        opinions.push(Opinion::ruled_out(Cause::ClientHelloLost, because));
        return;
    }
    opinions.push(Opinion::Holds(Box::new(candidate)));
}

/// The client sent what stands behind `hole`, and nothing shows that the receiver lacked the rest.
fn beginning_missing(case: &Case<'_>, hole: &Hole) -> Candidate {
    let (client, server) = (case.setup.client.ip, case.setup.server);
    let filled = hole.filled.filter(|&(at, _)| at <= case.wait.to);
    let until = filled.map_or(case.wait.to, |(at, _)| at);
    let missing = until.since(hole.since).max(Span::ZERO);
    let outcome = match filled {
        Some((at, _)) => format!("until frame {}, {missing} later", at.frame),
        None => "at all".to_owned(),
    };
    let evidence = Exhibit::of_client(hole.since, "what the client sent after the missing bytes");
    Candidate {
        cause: Cause::ClientHelloLost,
        waiting_on: Party::Network,
        cover: Cover::between(hole.since.time, until.time),
        summary: format!(
            "The beginning of what {client} sent did not come {outcome}, though later bytes did, from frame \
             {} on: what it sent to {server} cannot be read without them.",
            hole.since.frame
        ),
        remedy: format!(
            "Find out where they were lost, on the way from {client} or by the capturer: a capture \
             on {client} shows whether they were sent, and when again."
        ),
        evidence: std::iter::once(evidence)
            .chain(filled.map(|(at, _)| Exhibit::of_client(at, "the first of the missing bytes")))
            .collect(),
        checks: vec![
            Check::necessary(
                "later-bytes-came",
                true,
                format!(
                    "frame {} carries bytes beyond the missing ones",
                    hole.since.frame
                ),
            ),
            Check::strong(
                "receiver-lacks-it",
                hole.receiver_lacks_it.then_some(true),
                "whether the server lacked them, too, or only the capture does",
            ),
            Check::strong(
                "sent-again",
                None,
                "the lost copies are not visible from here",
            ),
        ],
        is_fallback: false,
        lookups: Vec::new(),
        subject: None,
    }
}

/// A ClientHello of which `copies` were sent after the first, the `last` of them in that frame.
fn sent_again(case: &Case<'_>, copies: &[&Resent], last: Moment) -> Candidate {
    let setup = case.setup;
    let acked = setup.hello_acked(case.wait.from);
    // One within the SYN that was refused there is sent anew after the handshake.
    let again_asked = setup.retry().map(|retry| retry.first);
    let hello = again_asked.filter(|&first| first <= case.wait.from);
    let first = hello
        .or(setup.at(Milestone::ClientHello))
        .map_or(case.wait.from, |hello| {
            setup
                .at(Milestone::Established)
                .map_or(hello, |at| hello.max(at))
        });
    let lost_until = acked.unwrap_or(case.wait.to).min(case.wait.to);
    let explained = lost_until.since(case.wait.from).max(Span::ZERO);
    let wait = case.wait.duration();
    let count = copies.len();
    let in_vain = acked.is_none_or(|at| at > last);
    let summary = if acked.is_some() {
        format!(
            "The ClientHello was sent at once and lost: the client sent it {} before {} acknowledged \
             it, {} after the first copy.",
            again(count),
            setup.server,
            lost_until.since(first)
        )
    } else {
        format!(
            "The ClientHello was sent {} times and {} never acknowledged it.",
            count.saturating_add(1),
            setup.server
        )
    };
    let mut evidence = vec![Exhibit::of_client(first, "the ClientHello")];
    evidence.extend(
        copies
            .iter()
            .map(|copy| Exhibit::of_client(copy.moment, "the ClientHello, sent again")),
    );
    evidence
        .extend(acked.map(|at| Exhibit::of_server(at, "the server acknowledges the ClientHello")));
    Candidate {
        cause: Cause::ClientHelloLost,
        waiting_on: Party::Network,
        cover: Cover::between(case.wait.from.time, lost_until.time),
        summary,
        remedy: format!(
            "Look for loss on the path from {} to {}: the packets of the ClientHello are the first \
             large ones. If only large ones vanish, a smaller MTU at the client helps; if only some \
             server names do, a filter is on the path. A capture at the server tells whether they \
             arrive.",
            setup.client.ip, setup.server
        ),
        evidence,
        checks: vec![
            Check::necessary(
                "sent-again",
                true,
                format!("{count} more copies, the last in frame {}", last.frame),
            ),
            Check::strong(
                "not-acknowledged-before",
                in_vain,
                match acked {
                    Some(at) => format!("first acknowledged in frame {}", at.frame),
                    None => "never acknowledged".to_owned(),
                },
            ),
            Check::strong(
                "covers-the-wait",
                explained >= wait.percent(80),
                format!("it had not arrived for {explained} of {wait}"),
            ),
        ]
        .into_iter()
        .chain(case.doubt_of_one_server())
        .collect(),
        is_fallback: false,
        lookups: Vec::new(),
        subject: None,
    }
}

/// How often something was sent besides the first time.
fn again(count: usize) -> String {
    match count {
        1 => "once more".to_owned(),
        _ => format!("{count} more times"),
    }
}
