//! Which lookups led to a connection.

use super::setup::Setup;
use crate::dns::{End, Lookup, Lookups, RecordType};
use crate::milestone::Milestone;
use crate::time::{Moment, Span, Timestamp};

/// How soon a program goes on once a lookup has ended: up to 214 ms were measured of a JVM, most
/// of it its own start-up.
pub(crate) const RELEASE: Span = Span::from_millis(300);

/// A capture's clock may put two frames in the wrong order by so much.
const SLACK: Span = Span::from_millis(20);

/// Links of a chain of lookups; a program asks for a name, its reverse, and the name again.
const MAX_LINKS: usize = 8;

/// Notes the lookups that led to `setup`: the milestones `dns_query` and `dns_answer`, and the
/// server's name.
///
/// They are followed back from the SYN: the lookup that ended just before it and whose answer held
/// the server's address (or another of the same name, asked beside it), or a reverse lookup of the
/// server's address; then what ended just before that one began.
pub(crate) fn resolve(setup: &mut Setup, lookups: &Lookups) {
    let Some(syn) = setup.at(Milestone::Syn) else { return };
    let (asker, address) = (setup.client.ip, setup.server.ip);
    let named = lookups.answer_with(asker, address, syn.time);
    setup.resolved_name = named.map(|lookup| lookup.name.as_str().into());

    let mut begin = syn.time;
    let mut query: Option<Moment> = None;
    let mut answer: Option<Option<Moment>> = None;
    for _ in 0..MAX_LINKS {
        let since = begin.plus(Span::ZERO.minus(RELEASE));
        let before = lookups.overlapping(asker, since, begin);
        let link = before
            .into_iter()
            .filter(|lookup| leads_to(lookup, named, address))
            .filter(|lookup| lookup.first().time < begin && ends_at(lookup, begin))
            .min_by_key(|lookup| lookup.first());
        let Some(link) = link else { break };
        answer.get_or_insert_with(|| match link.end() {
            End::At(moment) => Some(moment),
            End::GaveUp { .. } => None,
        });
        query = Some(link.first());
        begin = link.first().time;
    }
    if let Some(query) = query {
        setup.milestones.reach(Milestone::DnsQuery, query);
    }
    if let Some(answer) = answer.flatten() {
        setup.milestones.reach(Milestone::DnsAnswer, answer);
    }
}

/// Whether `lookup` asks for the server: by the name that gave its address, or by its address.
fn leads_to(lookup: &Lookup, named: Option<&Lookup>, address: std::net::IpAddr) -> bool {
    let by_name = named.is_some_and(|named| {
        named.name == lookup.name && lookup.record_type != RecordType::PTR
    });
    by_name || lookup.reverse_of() == Some(address)
}

/// Whether what began at `begin` can have waited for the end of `lookup`.
fn ends_at(lookup: &Lookup, begin: Timestamp) -> bool {
    let end = lookup.end();
    let copies_before = lookup.last_query().time <= begin.plus(SLACK);
    copies_before
        && begin.since(end.earliest()) >= Span::ZERO.minus(SLACK)
        && begin.since(end.latest()) <= RELEASE
}
