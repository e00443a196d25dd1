//! Waits for a name service: the peer's name, the name's address, or another name.
//!
//! A lookup is blamed only where it is tied to the wait at both ends: the host that owed the next
//! move asked it, soon after its turn began, and went on when it ended. One that is only in the
//! capture at the time is ruled out, with the reason.

mod chain;
mod remedy;

pub(super) use self::chain::Chain;
use self::chain::Relation;
use super::parts::parts;
use super::{Candidate, Case, Check, Exhibit, Opinion, words};
use crate::dns::Lookup;
use crate::report::{Cause, LookupOutcome, Party, Phase, Vantage, Way};
use crate::time::{Moment, Span};

/// From the turn's start to the first query: 0.3 to 25 ms were measured; slow phones take longer.
const AT_ONCE: Span = Span::from_millis(250);

/// Two frames may be captured in the wrong order by so much.
const SLACK: Span = Span::from_millis(20);

/// Frames of evidence of one chain.
const MAX_EVIDENCE: usize = 40;

pub(super) fn consider(case: &Case<'_>, opinions: &mut Vec<Opinion>) {
    if !case.wait.stalled {
        return;
    }
    let (from, to) = case.stretch();
    let lookups = case.scene.lookups;
    let own = lookups.overlapping(
        case.waiter(),
        from.time.plus(Span::ZERO.minus(SLACK)),
        to.time,
    );
    if case.wait.waiting_on == Party::Network {
        rule_out_beside_loss(case, &own, opinions);
        return;
    }
    for part in parts(case) {
        let (from, to) = part.stretch();
        let chains = Chain::all(&part);
        opinions.extend(chains.iter().map(|chain| opinion(&part, chain, from, to)));
    }
    rule_out_others(case, &own, from, to, opinions);
}

fn opinion(case: &Case<'_>, chain: &Chain<'_>, from: Moment, to: Moment) -> Opinion {
    let cause = cause(case, chain, from, to);
    let cover = chain.covered(from.time, to.time);
    let mut checks = vec![
        asks_for_the_peer(case, chain),
        asked_by_the_waiter(case, chain),
    ];
    checks.extend([
        starts_with_the_wait(chain, from, to),
        covers_the_wait(cover.length(), from, to),
        released_with_the_lookup(case, chain, to),
        fits_a_schedule(chain, to),
        other_names_answered(case, chain),
    ]);
    if chain.relation == Relation::Peer && case.wait.waiting_on == Party::Client {
        checks.push(address_was_a_literal(case));
    }
    checks.extend(leads_elsewhere(case, chain));
    checks.extend(asked_again(chain, to));
    checks.extend(given_up_before(case, chain, to));
    checks.extend(case.contrast());
    Opinion::Holds(Box::new(Candidate {
        cause,
        waiting_on: case.wait.waiting_on,
        cover,
        summary: summary(case, chain, cause, to),
        remedy: remedy::remedy(case, chain, cause),
        evidence: evidence(case, chain),
        checks,
        is_fallback: false,
        lookups: chain.links.iter().map(|link| link.number).collect(),
        subject: Some(format!("the lookup of {}", chain.name())),
    }))
}

/// By the link that took most of the wait.
fn cause(case: &Case<'_>, chain: &Chain<'_>, from: Moment, to: Moment) -> Cause {
    let link = chain.dominant(from.time, to.time);
    let reverse = chain.relation == Relation::Peer && link.reverse_of().is_some();
    match outcome(link) {
        What::Unanswered if is_resolver_silent(case, link) => Cause::ResolverSilent,
        What::Unanswered if reverse => Cause::ReverseDnsUnanswered,
        What::Unanswered => Cause::ForwardDnsUnanswered,
        What::Failed if reverse => Cause::ReverseDnsFailed,
        What::Failed => Cause::ForwardDnsFailed,
        What::Slow if reverse => Cause::ReverseDnsSlow,
        What::Slow => Cause::ForwardDnsSlow,
    }
}

/// What a lookup came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Unanswered,
    Failed,
    Slow,
}

fn outcome(link: &Lookup) -> What {
    if link.was_retried_after_failure() {
        return What::Failed;
    }
    match link.outcome() {
        LookupOutcome::ServerFailure | LookupOutcome::Refused => What::Failed,
        LookupOutcome::Unanswered | LookupOutcome::PortUnreachable | LookupOutcome::Truncated => {
            What::Unanswered
        }
        _ => What::Slow,
    }
}

/// Whether each resolver of `link` was asked for several names and answered for none.
fn is_resolver_silent(case: &Case<'_>, link: &Lookup) -> bool {
    let resolvers = link.resolvers();
    !resolvers.is_empty()
        && resolvers.iter().all(|&resolver| {
            case.scene
                .lookups
                .resolver(resolver)
                .is_some_and(|record| record.answered == 0 && record.several_names)
        })
}

fn asks_for_the_peer(case: &Case<'_>, chain: &Chain<'_>) -> Check {
    const NAME: &str = "asks-for-the-peer";
    let (peer, name) = (case.peer(), chain.name());
    match chain.relation {
        Relation::Peer => {
            Check::necessary(NAME, true, format!("{name} is the reverse name of {peer}"))
        }
        Relation::ToTheServer => {
            Check::necessary("leads-to-the-server", true, format!("{name} led to {peer}"))
        }
        Relation::BlockList => {
            Check::strong(NAME, true, format!("{name} asks a block list about {peer}"))
        }
        Relation::OtherName => Check::strong(
            NAME,
            None,
            format!(
                "nothing in the capture ties {name} to this connection; it may be the host's own name"
            ),
        ),
    }
}

/// Who looks up another host means to connect there: what it waits for comes after the lookup.
fn leads_elsewhere(case: &Case<'_>, chain: &Chain<'_>) -> Option<Check> {
    let client = case.setup.client.ip;
    let of_client = case.wait.waiting_on == Party::Client;
    if chain.relation != Relation::OtherName || !of_client {
        return None;
    }
    let addresses = chain.links.iter().flat_map(|link| &link.addresses);
    let other = addresses.copied().find(|address| *address != client)?;
    Some(Check::strong(
        "for-its-own-sake",
        false,
        format!(
            "{} has the address {other}: it may have been looked up to connect there",
            chain.name()
        ),
    ))
}

fn asked_by_the_waiter(case: &Case<'_>, chain: &Chain<'_>) -> Check {
    const NAME: &str = "asked-by-the-waiter";
    let (asker, waiter) = (chain.asker(), case.waiter());
    if asker == waiter {
        let detail = format!(
            "{asker} asked, and it is {} that owed the next move",
            case.waiter_word()
        );
        Check::necessary(NAME, true, detail)
    } else {
        let detail = format!("{asker} asked, which may or may not be the host of {waiter}");
        Check::necessary(NAME, None, detail)
    }
}

fn starts_with_the_wait(chain: &Chain<'_>, from: Moment, to: Moment) -> Check {
    const NAME: &str = "starts-with-the-wait";
    let first = chain.first();
    let delay = first.since(from);
    if delay < Span::ZERO.minus(SLACK) {
        let early = Span::ZERO.minus(delay);
        return Check::strong(
            NAME,
            false,
            format!(
                "the first query, frame {}, is {early} before the wait",
                first.frame
            ),
        );
    }
    let detail = format!(
        "the first query, frame {}, is {} after the wait began",
        first.frame,
        delay.max(Span::ZERO)
    );
    let tolerable = to.since(from).percent(20).max(Span::from_secs(1));
    if delay <= AT_ONCE {
        Check::strong(NAME, true, detail)
    } else if delay <= tolerable {
        Check::strong(NAME, false, detail)
    } else {
        Check::necessary(NAME, false, detail)
    }
}

fn covers_the_wait(explained: Span, from: Moment, to: Moment) -> Check {
    let wait = to.since(from);
    let detail = format!("the lookup accounts for {explained} of {wait}");
    let name = "covers-the-wait";
    if explained < wait.percent(50) {
        Check::necessary(name, false, detail)
    } else {
        Check::strong(name, explained >= wait.percent(90), detail)
    }
}

fn released_with_the_lookup(case: &Case<'_>, chain: &Chain<'_>, to: Moment) -> Check {
    const NAME: &str = "released-with-the-lookup";
    if !case.waiter_ended_the_wait() {
        let detail = format!("{} did not go on within the wait", case.waiter_word());
        return Check::strong(NAME, None, detail);
    }
    let (holds, detail) = chain.release(case, to);
    match holds {
        Some(false) => Check::necessary(NAME, false, detail),
        holds => Check::strong(NAME, holds, detail),
    }
}

/// Whoever goes on while its resolver has not given up did not wait for it, or has a time limit of
/// its own.
fn given_up_before(case: &Case<'_>, chain: &Chain<'_>, to: Moment) -> Option<Check> {
    let link = chain.last_to_end();
    let fit = link.schedule().filter(|fit| fit.complete)?;
    let due = link.end().earliest().since(to.time);
    let is_open = outcome(link) == What::Unanswered && due > to.since(link.first()).percent(10);
    // One that closes has lost its patience, whatever it waited for.
    (is_open && !case.wait.is_unfulfilled()).then(|| {
        Check::strong(
            "given-up-before",
            false,
            format!(
                "{} went on {due} before {fit}, gives up: it may not have waited for it",
                case.waiter_word()
            ),
        )
    })
}

/// Who has no answer asks again, after 5 s at most; where a question stands once, its answer may
/// have come and be missing from the capture.
fn asked_again(chain: &Chain<'_>, to: Moment) -> Option<Check> {
    const NAME: &str = "asked-again";
    const LONGEST_RETRY: Span = Span::from_millis(5_500);
    let link = chain.last_to_end();
    if outcome(link) != What::Unanswered {
        return None;
    }
    let (copies, last) = (link.queries.len(), link.last_query());
    Some(if was_asked_again(link) {
        Check::strong(NAME, true, format!("{copies} copies, none answered"))
    } else if to.since(last) > LONGEST_RETRY {
        Check::strong(
            NAME,
            false,
            format!(
                "it stands there once, and {} went by: who has no answer asks again",
                to.since(last)
            ),
        )
    } else {
        Check::strong(
            NAME,
            None,
            "it stands there once: a second copy was not due yet",
        )
    })
}

/// Whether a copy was sent for want of an answer: those to several resolvers may go out at once.
pub(super) fn was_asked_again(link: &Lookup) -> bool {
    /// The shortest timeout of a resolver (c-ares).
    const SHORTEST_RETRY: Span = Span::from_millis(250);

    link.last_query().since(link.first()) >= SHORTEST_RETRY
}

fn fits_a_schedule(chain: &Chain<'_>, to: Moment) -> Check {
    const NAME: &str = "fits-a-resolver-schedule";
    let last = chain.last_to_end();
    if let Some(fit) = last.fits_give_up(to.since(last.first())) {
        return Check::supporting(
            NAME,
            true,
            format!("the copies and the giving up are those of {fit}"),
        );
    }
    match last.schedule() {
        Some(fit) => Check::supporting(NAME, true, format!("the copies are those of {fit}")),
        None if last.queries.len() > 1 => Check::supporting(
            NAME,
            false,
            "the times of the copies fit no schedule that is known",
        ),
        None => Check::supporting(NAME, None, "one copy has no schedule"),
    }
}

fn other_names_answered(case: &Case<'_>, chain: &Chain<'_>) -> Check {
    const NAME: &str = "other-names-answered";
    let mut resolvers = chain
        .links
        .iter()
        .flat_map(|link| link.resolvers())
        .collect::<Vec<_>>();
    resolvers.sort_unstable();
    resolvers.dedup();
    let records: Vec<_> = resolvers
        .iter()
        .filter_map(|&resolver| Some((resolver, case.scene.lookups.resolver(resolver)?)))
        .collect();
    if let Some((resolver, record)) = records.iter().find(|(_, record)| record.answered > 0) {
        let detail = format!(
            "{resolver} answered {} of {} lookups in this capture",
            record.answered, record.asked
        );
        return Check::supporting(NAME, true, detail);
    }
    if records.iter().any(|(_, record)| record.several_names) {
        return Check::supporting(NAME, false, "the resolver answered nothing in this capture");
    }
    Check::supporting(
        NAME,
        None,
        "the resolver was asked nothing else in this capture",
    )
}

fn address_was_a_literal(case: &Case<'_>) -> Check {
    const NAME: &str = "no-name-led-here";
    let (client, server) = (case.setup.client.ip, case.setup.server.ip);
    match case
        .scene
        .lookups
        .answer_with(client, server, case.wait.from.time)
    {
        Some(lookup) => Check::supporting(
            NAME,
            false,
            format!("{} was looked up and gave {server}", lookup.name),
        ),
        None => Check::supporting(
            NAME,
            true,
            format!(
                "no answer in the capture holds {server}: the client was given the address, or remembered it"
            ),
        ),
    }
}

fn summary(case: &Case<'_>, chain: &Chain<'_>, cause: Cause, to: Moment) -> String {
    let link = chain.dominant(case.stretch().0.time, to.time);
    let who = match case.wait.waiting_on {
        Party::Server => "The server",
        _ => "The client",
    };
    let whose = match (chain.relation, link.reverse_of()) {
        (Relation::Peer, Some(address)) => {
            let role = if case.wait.waiting_on == Party::Server {
                "client"
            } else {
                "server"
            };
            format!(
                "the name of the {role}'s address {address} ({} {})",
                link.record_type, link.name
            )
        }
        _ => format!("{} ({})", link.name, link.record_type),
    };
    let resolvers = join(&link.resolvers());
    let what = match cause {
        Cause::ReverseDnsUnanswered | Cause::ForwardDnsUnanswered => {
            let ignored = match link.mismatched().count() {
                0 => "",
                _ => " (what came back carried another id or address, and was ignored)",
            };
            let seen = if misses_answers(case) {
                "no answer is in the capture, from which packets are missing"
            } else {
                "got no answer"
            };
            format!("asked {resolvers} for {whose} and {seen}{ignored}")
        }
        Cause::ResolverSilent => {
            format!(
                "asked {resolvers} for {whose}; the resolver answered nothing that it was asked in this capture"
            )
        }
        Cause::ReverseDnsFailed | Cause::ForwardDnsFailed => {
            format!(
                "asked {resolvers} for {whose}, was told that it failed ({}), and asked again",
                failures(link)
            )
        }
        _ => format!(
            "asked {resolvers} for {whose} and had the answer only after {}",
            link.duration()
        ),
    };
    let then = if case.waiter_ended_the_wait() && !case.wait.is_unfulfilled() {
        let next = match case.wait.phase {
            Phase::NameResolution => "only then could it connect",
            Phase::Starttls => "only then did the dialogue go on",
            _ => "only then did it go on",
        };
        format!("{next}, after {}", to.since(case.stretch().0))
    } else {
        format!(
            "{} had not come after {}",
            words::awaited(case.wait.phase),
            case.wait.duration()
        )
    };
    format!("{who} {what}; {then}.{}", words::consequence(case))
}

fn failures(link: &Lookup) -> String {
    let mut codes: Vec<String> = link
        .answers
        .iter()
        .map(|answer| answer.rcode.to_string())
        .collect();
    codes.dedup();
    codes.truncate(3);
    codes.join(", ")
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn join<T: ToString>(items: &[T]) -> String {
    let items: Vec<String> = items.iter().map(ToString::to_string).collect();
    match items.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

/// Whether an answer may have come and not be in the capture.
fn misses_answers(case: &Case<'_>) -> bool {
    let (capture, lookups) = (case.scene.capture, case.scene.lookups);
    capture.may_miss_answers(lookups, case.wait.to)
}

fn evidence(case: &Case<'_>, chain: &Chain<'_>) -> Vec<Exhibit> {
    let links = chain.links.iter();
    let mut frames: Vec<_> = links.flat_map(|link| evidence_of(case, link)).collect();
    frames.sort_by_key(|exhibit| exhibit.moment);
    frames.truncate(MAX_EVIDENCE);
    frames
}

/// The frames of one lookup.
pub(super) fn evidence_of(case: &Case<'_>, link: &Lookup) -> Vec<Exhibit> {
    let unanswered = if misses_answers(case) {
        ", no answer captured"
    } else {
        ", never answered"
    };
    let mut frames = Vec::new();
    let way = case.way_of_query(link.asker);
    let (kind, name) = (link.record_type, &link.name);
    for query in &link.queries {
        let fate = match link.outcome() {
            LookupOutcome::Unanswered => unanswered,
            _ => "",
        };
        let text = format!("{kind} query for {name} to {}{fate}", query.resolver);
        frames.push(Exhibit::new(query.moment, way, text));
    }
    for answer in &link.answers {
        let late = if answer.accepted() {
            ""
        } else {
            ", too late or not to this question"
        };
        let text = format!(
            "{} from {} for {kind} {name}{late}",
            answer.rcode, answer.resolver
        );
        frames.push(Exhibit::new(answer.moment, way.back(), text));
    }
    for error in &link.unreachable {
        let text = format!("ICMP: {} cannot be reached", error.resolver);
        let way = Way {
            from: None,
            to: way.from,
        };
        frames.push(Exhibit::new(error.moment, way, text));
    }
    frames
}

/// The client's lookups beside packets that were lost: nobody waited for them.
fn rule_out_beside_loss(case: &Case<'_>, own: &[&Lookup], opinions: &mut Vec<Opinion>) {
    let sent = match case.wait.phase {
        Phase::TcpConnect => "SYN",
        Phase::ServerHello => "ClientHello",
        _ => return,
    };
    for lookup in own
        .iter()
        .filter(|lookup| lookup.asks_for(case.peer()))
        .take(4)
    {
        let because = format!(
            "the client looked up {} (frame {}), and had sent its {sent} all the same",
            lookup.name,
            lookup.first().frame
        );
        opinions.push(Opinion::ruled_out(reverse_cause(lookup), because));
    }
}

/// Reverse lookups that are in the capture at the time and have nothing to do with the wait.
fn rule_out_others(
    case: &Case<'_>,
    own: &[&Lookup],
    from: Moment,
    to: Moment,
    opinions: &mut Vec<Opinion>,
) {
    let (waiter, peer) = (case.waiter(), case.peer());
    let of_others = case.scene.lookups.reverse_lookups(peer, from.time, to.time);
    for lookup in of_others
        .iter()
        .filter(|lookup| !may_be_the_waiter(case, lookup.asker))
        .take(4)
    {
        let because = format!(
            "{} asked for {} (frame {}), not {waiter}, that owed the next move",
            lookup.asker,
            lookup.name,
            lookup.first().frame
        );
        opinions.push(Opinion::ruled_out(reverse_cause(lookup), because));
    }
    let elsewhere = own
        .iter()
        .filter_map(|lookup| Some((lookup, lookup.reverse_of()?)));
    for (lookup, address) in elsewhere.filter(|(it, _)| !it.asks_for(peer)).take(4) {
        let because = format!(
            "{} (frame {}) asks for {address}, not for the peer, {peer}",
            lookup.name,
            lookup.first().frame
        );
        opinions.push(Opinion::ruled_out(reverse_cause(lookup), because));
    }
}

fn reverse_cause(lookup: &Lookup) -> Cause {
    match outcome(lookup) {
        What::Unanswered => Cause::ReverseDnsUnanswered,
        What::Failed => Cause::ReverseDnsFailed,
        What::Slow => Cause::ReverseDnsSlow,
    }
}

/// Whether `asker` can be the host that owed the next move: by its address, by one of the other
/// family, or by its loopback, unless that is seen at the other end.
fn may_be_the_waiter(case: &Case<'_>, asker: std::net::IpAddr) -> bool {
    let waiter = case.waiter();
    let here = match case.setup.vantage() {
        Some(Vantage::Client) => Some(case.setup.client.ip),
        Some(Vantage::Server) => Some(case.setup.server.ip),
        Some(Vantage::Between) | None => None,
    };
    if asker.is_loopback() {
        return here.is_none_or(|here| here == waiter);
    }
    asker == waiter || asker.is_ipv4() != waiter.is_ipv4()
}
