//! A server that refuses the client, or TLS, in the clear.

use std::net::IpAddr;

use super::{Candidate, Case, Check, Cover, Exhibit, Opinion};
use crate::dns::{Lookup, Lookups, RecordType};
use crate::report::{Cause, LookupOutcome, Party, Way};
use crate::time::{Moment, Span, Timestamp};
use crate::timeline::Failure;
use crate::tls::{Answers, Grounds, Refusal};

/// A server's lookups of its client lie within this time of the refusal.
const AROUND: Span = Span::from_secs(60);

pub(super) fn consider(case: &Case<'_>, opinions: &mut Vec<Opinion>) {
    if case.failure != Some(Failure::Rejected) {
        return;
    }
    if let Some(refusal) = &case.setup.reading.refusal {
        opinions.push(Opinion::Holds(Box::new(candidate(case, refusal))));
    }
}

fn candidate(case: &Case<'_>, refusal: &Refusal) -> Candidate {
    let setup = case.setup;
    let (server, client) = (setup.server, setup.client.ip);
    let (grounds, words) = (refusal.grounds(), refusal.words());
    let instead = match refusal.answers {
        Answers::Connection => "the client instead of greeting it",
        Answers::Starttls => "to start TLS",
        Answers::Introduction => "the client when it introduced itself",
        Answers::Command | Answers::Nothing => "the client before TLS",
    };
    let quoted = if words.is_empty() {
        String::new()
    } else {
        format!(": \"{words}\"")
    };
    let why = match grounds {
        Grounds::Nameless => format!(" It demands that {client} has a name that leads back to it."),
        Grounds::Listed => format!(" It does not trust {client}, which is on a block list."),
        Grounds::Other => String::new(),
    };
    let (name, lookups, seen) = match grounds {
        Grounds::Other => (None, Vec::new(), Vec::new()),
        Grounds::Nameless | Grounds::Listed => names_of(case, refusal.moment),
    };
    let mut evidence = vec![Exhibit::of_server(
        refusal.moment,
        format!("the server refuses{quoted}"),
    )];
    evidence.extend(seen);
    let mut checks = vec![Check::necessary(
        "refused-in-clear",
        true,
        format!("the server's words{quoted}"),
    )];
    checks.extend(name.map(|name| Check::supporting("client-has-a-name", name.holds, name.detail)));
    Candidate {
        cause: Cause::ServerRejected,
        waiting_on: Party::Server,
        // It tells why the handshake failed, and not what took the time before.
        cover: if case.wait.stalled {
            Cover::none()
        } else {
            case.whole()
        },
        summary: format!("{server} refused {instead}{quoted}.{why}"),
        remedy: remedy(case, refusal),
        evidence,
        checks,
        is_fallback: false,
        lookups,
        subject: None,
    }
}

fn remedy(case: &Case<'_>, refusal: &Refusal) -> String {
    let (server, client) = (case.setup.server, case.setup.client.ip);
    match refusal.grounds() {
        Grounds::Nameless => format!(
            "Let the owner of the address range of {client} (its provider, not who runs its \
             domain) publish a PTR record for it, and let the name in it have an A or AAAA record \
             that gives {client} again: `dig -x {client}` and then `dig` for that name show both."
        ),
        Grounds::Listed => format!(
            "Find out on which list {client} is, as the server's words tell, and ask for its \
             removal there. Lists of dynamic addresses take one off once its owner publishes a PTR \
             record that is not generic and whose name leads back to {client}; else send by the \
             provider's relay."
        ),
        Grounds::Other if refusal.answers == Answers::Starttls => format!(
            "Look at the TLS settings of {server}: its certificate and key may be missing or \
             unreadable, or TLS is switched off there; its log tells."
        ),
        Grounds::Other => {
            format!("Ask who runs {server} why it refuses {client}; its words tell most of it.")
        }
    }
}

/// Whether the client has a name that leads back to it, as far as the capture shows.
struct Name {
    holds: Option<bool>,
    detail: String,
}

type Seen = Vec<Exhibit>;

/// What the capture shows of the client's name, up to and around the refusal at `at`.
fn names_of(case: &Case<'_>, at: Moment) -> (Option<Name>, Vec<u64>, Seen) {
    let client = case.setup.client.ip;
    let (from, to) = (at.time.plus(Span::ZERO.minus(AROUND)), at.time.plus(AROUND));
    let lookups = case.scene.lookups;
    let reverse = lookups.reverse_lookups(client, from, to);
    let Some(reverse) = reverse.last() else {
        let name = Name {
            holds: None,
            detail: format!("not verifiable from this capture: it holds no PTR lookup of {client}"),
        };
        return (Some(name), Vec::new(), Vec::new());
    };
    let mut used = vec![reverse.number];
    let way = match case.party(reverse.asker) {
        Party::Network => Way::UNKNOWN,
        asker => Way::between(asker, Party::Resolver),
    };
    let mut seen = vec![Exhibit::new(
        reverse.first(),
        way,
        format!("PTR lookup of {client}: {}", reverse.outcome()),
    )];
    let (holds, detail) = match reverse.outcome() {
        LookupOutcome::NoSuchName | LookupOutcome::NoData => {
            (Some(false), format!("{client} has no PTR record"))
        }
        LookupOutcome::Answered => match confirmation(case, reverse, client, to) {
            Some((forward, confirms)) => {
                used.push(forward.number);
                let text = format!("lookup of {}", forward.name);
                seen.push(Exhibit::new(forward.first(), way, text));
                let detail = if confirms {
                    format!(
                        "its PTR record names {}, which leads back to it",
                        forward.name
                    )
                } else {
                    format!(
                        "its PTR record names {}, which does not lead back to it",
                        forward.name
                    )
                };
                (Some(confirms), detail)
            }
            None => (
                None,
                "it has a PTR record; whether that name leads back is not verifiable from this \
                 capture"
                    .to_owned(),
            ),
        },
        outcome => (
            None,
            format!("the PTR lookup of {client} came to nothing: {outcome}"),
        ),
    };
    (Some(Name { holds, detail }), used, seen)
}

/// The forward lookup of the name that `reverse` gave, and whether it leads back to `client`.
fn confirmation<'a>(
    case: &Case<'a>,
    reverse: &Lookup,
    client: IpAddr,
    to: Timestamp,
) -> Option<(&'a Lookup, bool)> {
    let lookups: &'a Lookups = case.scene.lookups;
    let begun = lookups.begun(reverse.asker, reverse.first().time, to);
    let mut forward = begun.into_iter().filter(|lookup| {
        let same_family = match lookup.record_type {
            RecordType::A => client.is_ipv4(),
            RecordType::AAAA => client.is_ipv6(),
            _ => false,
        };
        same_family && lookup.is_settled() && reverse.targets.contains(&lookup.name)
    });
    let first = forward.next()?;
    let confirming = std::iter::once(first)
        .chain(forward)
        .find(|lookup| lookup.addresses.contains(&client));
    Some(confirming.map_or((first, false), |lookup| (lookup, true)))
}
