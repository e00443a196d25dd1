//! Whether a name that nothing ties to the connection was looked up for something else.

use super::chain::{Chain, Relation};
use super::{Case, Check};
use crate::dns::Name;
use crate::report::{Party, Phase};

/// Who looks up another host means to connect there: what it waits for comes after the lookup.
pub(super) fn leads_elsewhere(case: &Case<'_>, chain: &Chain<'_>) -> Option<Check> {
    const NAME: &str = "for-its-own-sake";
    let client = case.setup.client.ip;
    let of_client = case.wait.waiting_on == Party::Client;
    if chain.relation != Relation::OtherName || !of_client {
        return None;
    }
    let name = chain.name();
    let addresses = chain.links.iter().flat_map(|link| &link.addresses);
    if let Some(other) = addresses.copied().find(|address| *address != client) {
        let detail =
            format!("{name} has the address {other}: it may have been looked up to connect there");
        return Some(Check::strong(NAME, false, detail));
    }
    is_of_another_domain(case, name.as_str()).then(|| {
        let detail = format!(
            "{name} is of another domain than the server: it may have been looked up to connect there"
        );
        Check::strong(NAME, None, detail)
    })
}

/// Whether `name` shares no domain with a name of the server. One without a domain is a host's own,
/// and so is one that is asked for in the middle of a dialogue, to say it there.
fn is_of_another_domain(case: &Case<'_>, name: &str) -> bool {
    let Some(domain) = domain(name) else {
        return false;
    };
    let setup = case.setup;
    let resolved = setup.resolved_name.as_ref().map(Name::as_str);
    let mut of_server = [setup.reading.server_name.as_deref(), resolved]
        .into_iter()
        .flatten();
    let mut certified = setup.reading.certificate_hosts.lines();
    let is_related = certified.any(|host| host == name)
        || of_server
            .any(|name| self::domain(name).is_some_and(|its| its.eq_ignore_ascii_case(domain)));
    case.wait.phase != Phase::Starttls && !is_related
}

/// The last two labels of `name`, where it has as many.
fn domain(name: &str) -> Option<&str> {
    let (rest, _) = name.rsplit_once('.')?;
    let begin = rest.rfind('.').map_or(0, |dot| dot.saturating_add(1));
    name.get(begin..)
}
