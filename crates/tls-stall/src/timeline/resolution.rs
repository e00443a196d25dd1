//! Which lookups led to a connection.

use memchr::memchr;

use super::setup::Setup;
use crate::dns::{End, Lookup, Lookups, Name};
use crate::milestone::Milestone;
use crate::time::{Moment, Span, Timestamp};

/// How soon a program goes on once a lookup has ended: up to 214 ms were measured of a JVM, most
/// of it its own start-up.
pub(crate) const RELEASE: Span = Span::from_millis(300);

/// A capture's clock may put two frames in the wrong order by so much.
const SLACK: Span = Span::from_millis(20);

/// Links of a chain of lookups; a program asks for a name, its reverse, and the name again.
const MAX_LINKS: usize = 8;

/// The lookup whose answer gave the client the address of the server of `setup`.
pub(crate) fn led_to<'a>(setup: &Setup, lookups: &'a Lookups) -> Option<&'a Lookup> {
    let syn = setup.at(Milestone::Syn)?;
    lookups.answer_with(setup.client.ip, setup.server.ip, syn.time)
}

/// Notes the lookups that led to `setup`, the last of which is `named`: the milestones `dns_query` and `dns_answer`, and the
/// server's name.
///
/// They are followed back from the SYN, or from the first of the attempts that failed before it: the
/// lookups that ended just before and that asked for the server (by the name whose answer held its
/// address, by that name with a search-list suffix, or in reverse, by its address), with those of
/// the same name beside them; then what ended just before these began.
pub(crate) fn resolve(setup: &mut Setup, named: Option<&Lookup>, lookups: &Lookups) {
    let Some(syn) = setup.at(Milestone::Syn) else {
        return;
    };
    let (asker, address) = (setup.client.ip, setup.server.ip);
    setup.resolved_name = named.map(|lookup| lookup.name.clone());

    let mut begin = setup.at(Milestone::FirstAttempt).unwrap_or(syn).time;
    let mut query: Option<Moment> = None;
    let mut answer: Option<Option<Moment>> = None;
    for _ in 0..MAX_LINKS {
        let since = begin.plus(Span::ZERO.minus(RELEASE));
        // What it asked for takes the longest to tell, and is asked last.
        let Some(last) = lookups
            .going_on(asker, since, begin)
            .filter(|lookup| lookup.first().time < begin && ends_at(lookup, begin))
            .filter(|lookup| leads_to(lookup, named, address))
            .max_by_key(|link| (link.end().latest(), link.number))
        else {
            break;
        };
        answer.get_or_insert_with(|| match last.end() {
            End::At(moment) => Some(moment),
            End::GaveUp { .. } => None,
        });
        // A and AAAA of one name are asked side by side, and one may be answered long before.
        let beside = last.first().time.plus(BESIDE_BEFORE);
        let first = lookups
            .begun_by(asker, beside, begin)
            .filter(|lookup| lookup.name == last.name)
            .map(Lookup::first)
            .min();
        let first = first.map_or(last.first(), |first| first.min(last.first()));
        query = Some(first);
        begin = first.time;
    }
    if let Some(query) = query {
        setup.milestones.reach(Milestone::DnsQuery, query);
    }
    if let Some(answer) = answer.flatten() {
        setup.milestones.reach(Milestone::DnsAnswer, answer);
    }
}

/// The questions of a pair go out together, in either order.
const BESIDE_BEFORE: Span = Span::from_millis(-100);

/// Whether `lookup` asks for the server: by the name that gave its address, with a suffix of the
/// search list or without, or by its address.
fn leads_to(lookup: &Lookup, named: Option<&Lookup>, address: std::net::IpAddr) -> bool {
    let asks_name = |named: &Lookup| {
        lookup.name == named.name
            || (lookup.is_settled()
                && lookup.addresses.is_empty()
                && same_host(&lookup.name, &named.name))
    };
    named.is_some_and(asks_name) || lookup.asks_for(address)
}

/// Whether two names begin with the same label, as those that a search list makes of one.
pub(crate) fn same_host(a: &Name, b: &Name) -> bool {
    let (a, b) = (a.as_str().as_bytes(), b.as_str().as_bytes());
    let label = |name: &[u8]| memchr(b'.', name).unwrap_or(name.len());
    let len = label(a);
    len == label(b) && a.get(..len) == b.get(..len)
}

/// Whether what began at `begin` can have waited for the end of `lookup`.
fn ends_at(lookup: &Lookup, begin: Timestamp) -> bool {
    let end = lookup.end();
    let copies_before = lookup.last_query().time <= begin.plus(SLACK);
    copies_before
        && begin.since(end.earliest()) >= Span::ZERO.minus(SLACK)
        && begin.since(end.latest()) <= RELEASE
}
