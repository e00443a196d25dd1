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

/// An attempt in place of which a connection was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TakenOver {
    /// Its first packet.
    pub(crate) first: Moment,
    /// Whether the same host surely made it.
    pub(crate) is_sure: bool,
}

/// Notes the failed attempts that led to `setup`: at another address of the name that led to it,
/// or by QUIC. Gives the attempts in place of which it was made: these, and those by TCP that began
/// beside it and were not answered before it was established.
///
/// They are followed back from the SYN: those that had failed just before it or were still being
/// tried, then those before these. Each address counts once, unless it refused at once: to try the
/// same address again is an attempt of its own. `is_told` says whether an attempt led to another
/// connection before.
pub(crate) fn find_earlier(
    setup: &mut Setup,
    named: Option<&Lookup>,
    lookups: &Lookups,
    companions: &Companions,
    is_told: impl Fn(&Attempt) -> bool,
) -> Vec<TakenOver> {
    let Some(syn) = setup.at(Milestone::Syn) else {
        return Vec::new();
    };
    let search = Search {
        client: setup.client.ip,
        syn,
        lookups,
    };
    let mut candidates = Vec::new();
    search.collect(
        Transport::Quic,
        setup.server,
        &companions.quic,
        &mut candidates,
    );
    let mut beside = Vec::new();
    let established = setup.at(Milestone::Established);
    for server in search.others(named, setup.server) {
        search.collect(Transport::Tcp, server, &companions.tcp, &mut candidates);
        search.collect(Transport::Quic, server, &companions.quic, &mut candidates);
        for attempt in companions.tcp.to(server) {
            let unanswered = established.is_some_and(|end| attempt.before(end).is_some());
            if attempt.first >= syn
                && unanswered
                && let Some(is_sure) = search.is_by_client(attempt, server)
            {
                beside.push(TakenOver {
                    first: attempt.first,
                    is_sure,
                });
            }
        }
    }
    candidates.retain(|candidate| !is_told(&candidate.attempt));
    setup.earlier = chain(&candidates, syn);
    if let Some(first) = setup.earlier.first() {
        setup
            .milestones
            .reach(Milestone::FirstAttempt, first.attempt.first);
    }
    beside.extend(setup.earlier.iter().map(|it| TakenOver {
        first: it.attempt.first,
        is_sure: it.same_host == Some(true),
    }));
    beside
}

/// The attempts of which each led to the next, the last to what began at `begin`.
fn chain(candidates: &[EarlierAttempt], mut begin: Moment) -> Vec<EarlierAttempt> {
    let mut chain: Vec<EarlierAttempt> = Vec::new();
    while chain.len() < MAX_ATTEMPTS {
        let possible = candidates.iter().filter_map(|candidate| {
            let mut link = candidate.clone();
            link.attempt = candidate.attempt.before(begin)?;
            link.led_on = link.attempt.leads_to(begin);
            let again = chain
                .iter()
                .any(|other| (other.transport, other.server) == (link.transport, link.server));
            let counts = link.led_on != Some(false) && (!again || link.attempt.end.is_some());
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
    chain
}

/// For what led to a connection.
struct Search<'a> {
    client: IpAddr,
    syn: Moment,
    lookups: &'a Lookups,
}

impl<'a> Search<'a> {
    /// Adds the attempts to connect to `server` that had not been answered, each as far as it had
    /// come, when the connection began.
    fn collect(
        &self,
        transport: Transport,
        server: Endpoint,
        attempts: &Attempts,
        found: &mut Vec<EarlierAttempt>,
    ) {
        for attempt in attempts.to(server) {
            // QUIC that was answered, however late, did not fail.
            if transport == Transport::Quic && matches!(attempt.end, Some((_, Fate::Answered))) {
                continue;
            }
            let Some(is_sure) = self.is_by_client(attempt, server) else {
                continue;
            };
            let Some(attempt) = attempt.before(self.syn) else {
                continue;
            };
            let lookup = self
                .lookups
                .answer_with(self.client, server.ip, attempt.first.time);
            found.push(EarlierAttempt {
                transport,
                server,
                attempt,
                led_on: None,
                same_host: is_sure.then_some(true),
                lookup: lookup.map(|lookup| lookup.number),
            });
        }
    }

    /// The port of `server` at the other addresses that the client was given for the name that led
    /// to it.
    fn others(
        &self,
        named: Option<&'a Lookup>,
        server: Endpoint,
    ) -> impl Iterator<Item = Endpoint> + use<'a> {
        let (lookups, until) = (self.lookups, self.syn.time);
        named
            .into_iter()
            .flat_map(move |named| lookups.addresses_of(named, until))
            .filter(move |address| *address != server.ip)
            .map(move |ip| Endpoint {
                ip,
                port: server.port,
            })
    }

    /// Whether the client may have made `attempt` on `server`, and whether it surely did: by its
    /// address, or by one of the other family that was used as soon as the client was told the
    /// server's address, or that asks no name service itself, as another host would.
    fn is_by_client(&self, attempt: &Attempt, server: Endpoint) -> Option<bool> {
        let ip = attempt.client.ip;
        if ip == self.client {
            return Some(true);
        }
        if ip.is_ipv4() == self.client.is_ipv4() {
            return None;
        }
        let told = self
            .lookups
            .answer_with(self.client, server.ip, attempt.first.time);
        match (just_told(told, attempt), self.lookups.has_asked(ip)) {
            (true, asks) => Some(!asks),
            (false, false) => Some(false),
            (false, true) => None,
        }
    }
}

/// Whether `attempt` followed the answer to `lookup` at once.
fn just_told(lookup: Option<&Lookup>, attempt: &Attempt) -> bool {
    lookup.and_then(Lookup::result).is_some_and(|answer| {
        let since = attempt.first.since(answer);
        since >= Span::ZERO && since <= RELEASE
    })
}
