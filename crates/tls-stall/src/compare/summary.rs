//! What a comparison comes to, in a sentence or two.

use super::ends::{Ends, Fate, Share, Stray};
use super::lookups::LookupPair;
use super::matching::is_bad;
use super::phases::{PhasePair, is_reached};
use super::{MatchedBy, Pair};
use crate::milestone::Milestone;
use crate::report::{Connection, EndedBy, LookupOutcome, Party, Phase};
use crate::time::Span;

/// The summary of `pair`, all else of which is known.
pub(super) fn of(pair: &Pair, two: [&Connection; 2], threshold: Span) -> String {
    match &pair.ends {
        Some(ends) => of_ends(ends, pair.parts_at, threshold),
        None => of_contrast(pair, two),
    }
}

fn of_contrast(pair: &Pair, [here, there]: [&Connection; 2]) -> String {
    let parts = pair
        .phases
        .iter()
        .find(|it| Some(it.phase) == pair.parts_at);
    let Some(parts) = parts else {
        return if is_bad(there) && !is_bad(here) {
            "They do not part, and it is the second that stalled or failed: are the captures the \
             other way round?"
        } else {
            "They do not part: no phase took much longer here than there."
        }
        .to_owned();
    };
    let mut summary = format!("They part at {}: {}", parts.phase.awaited(), lengths(parts));
    for lookup in &pair.lookups {
        summary.push_str("; ");
        summary.push_str(&of_lookup(lookup));
    }
    summary.push('.');
    if pair.matched_by == MatchedBy::ServerPort {
        summary.push_str(" They have no more in common than the server's port.");
    }
    summary
}

/// `28.000 s here, 0.020 s there`.
fn lengths(pair: &PhasePair) -> String {
    let length = |duration: Option<Span>, end: Option<EndedBy>, place: &str| match (duration, end) {
        (Some(duration), Some(EndedBy::EndOfCapture)) => {
            format!("at least {duration} {place}, where the capture ends first")
        }
        (Some(duration), Some(end)) if !is_reached(end) => {
            let end = end.name();
            format!("never reached {place}, given up after {duration} ({end})")
        }
        (Some(duration), _) => format!("{duration} {place}"),
        (None, _) => format!("nothing of the kind {place}"),
    };
    let ([here, there], [end_here, end_there]) = (pair.durations, pair.ended_by);
    let (here, there) = (
        length(here, end_here, "here"),
        length(there, end_there, "there"),
    );
    format!("{here}, {there}")
}

/// `the PTR lookup of 25.113.0.203.in-addr.arpa was unanswered here, answered there after 0.015 s`.
fn of_lookup(pair: &LookupPair) -> String {
    let came = |side: usize, place: &str| {
        let outcome = pair.outcomes.get(side).copied().flatten();
        let duration = pair.durations.get(side).copied().flatten();
        match (outcome, duration) {
            (Some(LookupOutcome::Unanswered), Some(duration)) => {
                format!("unanswered for {duration} {place}")
            }
            (Some(outcome), Some(duration)) => format!("{outcome} after {duration} {place}"),
            _ => format!("not made {place}"),
        }
    };
    let [here, there] = &pair.names;
    let name = here.as_deref().or(there.as_deref()).unwrap_or_default();
    let other = match (here, there) {
        (Some(here), Some(there)) if here != there => format!(" (there {there})"),
        _ => String::new(),
    };
    let (record_type, here, there) = (&pair.record_type, came(0, "here"), came(1, "there"));
    format!("the {record_type} lookup of {name}{other} was {here}, {there}")
}

fn of_ends(ends: &Ends, parts_at: Option<Phase>, threshold: Span) -> String {
    if ends.places.is_none() {
        return "One connection, with the same timing in both captures: they were made at one \
                place."
            .to_owned();
    }
    let shares = ends.shares.iter();
    let first = shares.clone().find(|share| Some(share.phase) == parts_at);
    let longest = first.or_else(|| shares.max_by_key(|share| share.whole()));
    let mut summary = match longest.filter(|share| share.whole() >= threshold) {
        Some(share) => of_share(share),
        None => format!(
            "One connection from both ends; no wait that both show whole is as long as {threshold:#}."
        ),
    };
    if let Some(stray) = ends.strays.first() {
        summary.push(' ');
        summary.push_str(&of_stray(stray));
    }
    summary
}

fn of_share(share: &Share) -> String {
    let at_least = if share.at_least { "at least " } else { "" };
    let until = if share.arrived { "until" } else { "without" };
    let (whole, awaited) = (share.whole(), share.phase.awaited());
    let (host, path) = (share.host, share.path);
    let party = match share.party {
        Party::Client => "client",
        _ => "server",
    };
    format!(
        "Of {at_least}{whole} {until} {awaited}, {host} passed at the {party} and {path} on the path."
    )
}

fn of_stray(stray: &Stray) -> String {
    let (milestone, party) = (Named(stray.milestone), stray.from);
    match (stray.fate, stray.late) {
        (Fate::Late, Some(late)) => {
            format!(
                "The {party}'s {milestone} arrived {late} late: lost and sent again, or held up."
            )
        }
        (Fate::NeverSent, _) => format!(
            "The {milestone} that arrived as the {party}'s was not sent by it: something between the \
             two captures made it."
        ),
        _ => format!("The {party}'s {milestone} was sent and never arrived."),
    }
}

/// A milestone that a host sends, as a noun.
struct Named(Milestone);

impl std::fmt::Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Milestone::Syn => "SYN",
            Milestone::SynAck => "SYN-ACK",
            Milestone::ServerGreeting => "greeting",
            Milestone::StarttlsRequest => "request for TLS",
            Milestone::StarttlsReady => "go-ahead for TLS",
            Milestone::ClientHello => "ClientHello",
            Milestone::ClientHelloEnd => "ClientHello (its end)",
            Milestone::HelloRetryRequest => "HelloRetryRequest",
            Milestone::ServerHello => "ServerHello",
            Milestone::ServerHelloEnd => "ServerHello (its end)",
            Milestone::ClientFinished | Milestone::ServerFinished => "Finished",
            Milestone::ClientFin | Milestone::ServerFin => "FIN",
            Milestone::ClientRst | Milestone::ServerRst => "RST",
            other => other.name(),
        })
    }
}
