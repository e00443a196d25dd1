//! Which failed attempts came before a connection.

use std::net::IpAddr;

use super::resolution::RELEASE;
use super::setup::Setup;
use crate::companions::{Attempt, Attempts, Companions, Fate};
use crate::decode::Endpoint;
use crate::dns::{Lookup, Lookups};
use crate::milestone::Milestone;
use crate::time::{Moment, Span};

/// Attempts of one chain; a name with more addresses is rare, and no client tries them all.
const MAX_ATTEMPTS: usize = 16;

/// Connections that a client opens side by side share the attempt that failed before them.
pub(crate) const SIDE_BY_SIDE: Span = Span::from_secs(1);

/// How an attempt was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Transport {
    Tcp,
    Quic,
}

/// An attempt that failed before the client turned to this connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EarlierAttempt {
    pub(crate) transport: Transport,
    pub(crate) server: Endpoint,
    /// As far as it had come when the next one began.
    pub(crate) attempt: Attempt,
    /// Whether it had failed, or was still being tried, when the next attempt or the connection
    /// began; `None` where it may have been given up some time before.
    pub(crate) led_on: Option<bool>,
    /// Whether the same host made it; `None` where its address is of the other family, and no
    /// answer to the client came just before it.
    pub(crate) same_host: Option<bool>,
    /// The lookup by whose answer the client knew of its address, by its number.
    pub(crate) lookup: Option<u64>,
}

/// Notes the failed attempts that led to `setup`: at another address of the name that led to it,
/// or by QUIC.
///
/// They are followed back from the SYN: those that had failed just before it or were still being
/// tried, then those before these. Each address counts once, unless it refused at once: to try the
/// same address again is an attempt of its own. `is_told` says whether an attempt led to another
/// connection before.
pub(crate) fn find_earlier(
    setup: &mut Setup,
    lookups: &Lookups,
    companions: &Companions,
    is_told: impl Fn(&Attempt) -> bool,
) {
    let Some(syn) = setup.at(Milestone::Syn) else {
        return;
    };
    let mut candidates = candidates(setup, syn, lookups, companions);
    candidates.retain(|candidate| !is_told(&candidate.attempt));
    let mut chain: Vec<EarlierAttempt> = Vec::new();
    let mut begin = syn;
    while chain.len() < MAX_ATTEMPTS {
        let possible = candidates.iter().filter_map(|candidate| {
            let mut link = candidate.clone();
            link.attempt = candidate.attempt.before(begin)?;
            let led_on = link.attempt.leads_to(begin);
            link.led_on = led_on;
            let again = chain
                .iter()
                .any(|other| (other.transport, other.server) == (link.transport, link.server));
            let counts = led_on != Some(false) && (!again || link.attempt.end.is_some());
            counts.then_some(link)
        });
        // The latest of those that can have led on; what came before it follows in the next round.
        let Some(link) = possible.max_by_key(|link| link.attempt.first) else {
            break;
        };
        begin = link.attempt.first;
        chain.push(link);
    }
    chain.reverse();
    if let Some(first) = chain.first() {
        setup
            .milestones
            .reach(Milestone::FirstAttempt, first.attempt.first);
    }
    setup.earlier = chain;
}

/// The TCP attempts that a client gave up because `setup` succeeded: at another address of its
/// name, begun before it was established and not answered by then.
pub(crate) fn given_up<'a>(
    setup: &'a Setup,
    lookups: &'a Lookups,
    companions: &'a Companions,
) -> Vec<&'a Attempt> {
    let (Some(syn), Some(established)) =
        (setup.at(Milestone::Syn), setup.at(Milestone::Established))
    else {
        return Vec::new();
    };
    let told = |attempt: &Attempt| {
        let earlier = setup.earlier.iter().map(|it| it.attempt.first);
        earlier.clone().any(|first| first == attempt.first)
    };
    let beside = |attempt: &Attempt| attempt.first >= syn && attempt.first < established;
    others(setup, syn, lookups)
        .flat_map(|server| companions.tcp.to(server))
        .filter(|attempt| is_by_client(attempt, setup.client.ip))
        .filter(|attempt| told(attempt) || beside(attempt))
        .filter(|attempt| attempt.before(established).is_some())
        .collect()
}

/// The attempts that may have led to the connection, each as far as it had come at `syn`.
fn candidates(
    setup: &Setup,
    syn: Moment,
    lookups: &Lookups,
    companions: &Companions,
) -> Vec<EarlierAttempt> {
    let mut found = Vec::new();
    collect(
        &mut found,
        Transport::Quic,
        setup.server,
        &companions.quic,
        setup,
        syn,
        lookups,
    );
    if companions.tcp.is_empty() && companions.quic.is_empty() {
        return found;
    }
    for server in others(setup, syn, lookups) {
        collect(
            &mut found,
            Transport::Tcp,
            server,
            &companions.tcp,
            setup,
            syn,
            lookups,
        );
        collect(
            &mut found,
            Transport::Quic,
            server,
            &companions.quic,
            setup,
            syn,
            lookups,
        );
    }
    found
}

fn collect(
    found: &mut Vec<EarlierAttempt>,
    transport: Transport,
    server: Endpoint,
    attempts: &Attempts,
    setup: &Setup,
    syn: Moment,
    lookups: &Lookups,
) {
    let client = setup.client.ip;
    for attempt in attempts.to(server) {
        // QUIC that was answered, however late, did not fail.
        let answered = matches!(attempt.end, Some((_, Fate::Answered)));
        if !is_by_client(attempt, client) || (answered && transport == Transport::Quic) {
            continue;
        }
        let Some(attempt) = attempt.before(syn) else {
            continue;
        };
        let lookup = lookups.answer_with(client, server.ip, attempt.first.time);
        let same_host =
            (attempt.client.ip == client || just_told(lookup, &attempt)).then_some(true);
        found.push(EarlierAttempt {
            transport,
            server,
            attempt,
            led_on: None,
            same_host,
            lookup: lookup.map(|lookup| lookup.number),
        });
    }
}

/// The same port at the other addresses that the client was given for the name that led to `setup`.
fn others<'a>(
    setup: &'a Setup,
    syn: Moment,
    lookups: &'a Lookups,
) -> impl Iterator<Item = Endpoint> + use<'a> {
    let (client, server) = (setup.client.ip, setup.server);
    let named = lookups.answer_with(client, server.ip, syn.time);
    let addresses = named
        .into_iter()
        .flat_map(move |named| lookups.addresses_of(named, syn.time));
    addresses
        .filter(move |address| *address != server.ip)
        .map(move |ip| Endpoint {
            ip,
            port: server.port,
        })
}

/// Whether the client at `client` may have made `attempt`: by that address, or by one of the other
/// family.
fn is_by_client(attempt: &Attempt, client: IpAddr) -> bool {
    attempt.client.ip == client || attempt.client.ip.is_ipv4() != client.is_ipv4()
}

/// Whether `attempt` followed the answer to `lookup` at once.
fn just_told(lookup: Option<&Lookup>, attempt: &Attempt) -> bool {
    lookup.and_then(Lookup::result).is_some_and(|answer| {
        let since = attempt.first.since(answer);
        since >= Span::ZERO && since <= RELEASE
    })
}
