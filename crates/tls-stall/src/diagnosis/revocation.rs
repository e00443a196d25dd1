//! Waits for what a client fetches to check the server's certificate: its status (OCSP), a list of
//! revoked ones (CRL), its issuer's certificate.

use std::net::IpAddr;

use super::name_lookup::{evidence_of, join};
use super::visit::{self, Over, SLACK};
use super::{Candidate, Case, Check, Cover, Exhibit, Opinion, words};
use crate::companions::{Exchange, HTTP, Visit};
use crate::dns::{End, Lookup, is_under_reverse_tree};
use crate::milestone::Milestone;
use crate::report::{Cause, Party, Phase, Way};
use crate::time::{Moment, Span};

/// Fetches and lookups of one finding.
const MAX_STEPS: usize = 8;

/// Frames of evidence of one finding.
const MAX_EVIDENCE: usize = 40;

pub(super) fn consider(case: &Case<'_>, opinions: &mut Vec<Opinion>) {
    if case.wait.phase != Phase::ClientFinished || case.wait.waiting_on != Party::Client {
        return;
    }
    let steps = Steps::of(case);
    if let Some(candidate) = revocation_lookup(case, &steps) {
        opinions.push(Opinion::Holds(Box::new(candidate)));
    }
}

/// What the client did between the server's flight and its own.
struct Steps<'a> {
    fetches: Vec<(&'a Visit, Proof)>,
    /// Of the hosts that it fetched from, or was to.
    lookups: Vec<&'a Lookup>,
}

/// What ties a fetch to the server's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Proof {
    /// The certificate names this host.
    Certificate(String),
    /// The request, in the clear, asks for such a thing.
    Request(&'static str),
    /// It does, of a host that is not among those that the certificates name.
    Elsewhere(&'static str),
    /// The host's name is one of those that are given to such services; the certificate and the
    /// request cannot be read.
    Name(String),
    /// Only its time: the certificate is not in the clear, nor was a request seen.
    Time,
    /// It asks for something else, or of a host that no certificate names.
    None,
}

impl<'a> Steps<'a> {
    fn of(case: &Case<'a>) -> Self {
        let (from, to) = (case.wait.from, case.wait.to);
        let begin = from.time.plus(Span::ZERO.minus(SLACK));
        let client = case.setup.client.ip;
        let begun = case.scene.lookups.begun(client, begin, to.time);
        let forward: Vec<&Lookup> = begun
            .into_iter()
            .filter(|it| it.reverse_of().is_none() && !is_under_reverse_tree(&it.name))
            .collect();
        let mut fetches: Vec<(&Visit, Proof)> = case
            .scene
            .visits
            .begun(begin, to.time)
            .filter(|visit| visit.server.port == HTTP && visit.client.ip == client)
            .map(|visit| (visit, proof(case, visit)))
            .collect();
        // What only falls into the time is left out where something is proven.
        let proven = |proof: &Proof| {
            matches!(
                proof,
                Proof::Certificate(_) | Proof::Request(_) | Proof::Name(_)
            )
        };
        let has_proof = fetches.iter().any(|(_, proof)| proven(proof));
        fetches.retain(|(_, proof)| match proof {
            Proof::Certificate(_) | Proof::Request(_) | Proof::Name(_) | Proof::Elsewhere(_) => {
                true
            }
            Proof::Time => !has_proof,
            Proof::None => false,
        });
        fetches.truncate(MAX_STEPS);
        let mut lookups: Vec<&Lookup> = forward
            .into_iter()
            .filter(|lookup| {
                let led_to = |visit: &Visit| lookup.addresses.contains(&visit.server.ip);
                names(case, lookup.name.as_str())
                    || may_name_responder(case, lookup.name.as_str())
                    || fetches.iter().any(|(visit, _)| led_to(visit))
            })
            .collect();
        // A and AAAA of one name go together.
        lookups.truncate(MAX_STEPS);
        Self { fetches, lookups }
    }

    /// The first packet.
    fn first(&self) -> Option<Moment> {
        let fetches = self.fetches.iter().filter_map(|(visit, _)| visit.first());
        fetches
            .chain(self.lookups.iter().map(|lookup| lookup.first()))
            .min()
    }

    /// When the last of them was over.
    fn over(&self, to: Moment) -> Over {
        let last = self
            .fetches
            .iter()
            .max_by_key(|(visit, _)| (visit.end().is_none(), visit.end()));
        if let Some((visit, _)) = last {
            return visit::over(visit, to);
        }
        let last = self.lookups.iter().max_by_key(|it| it.end().latest());
        match last.map(|lookup| (lookup, lookup.end())) {
            Some((_, End::At(answer))) => Over::At(answer),
            Some((lookup, End::GaveUp { earliest, latest })) => {
                let last = lookup.last_query();
                let in_time = to.time.since(earliest) >= Span::ZERO.minus(SLACK)
                    && to.time.since(latest) <= Span::from_millis(300);
                if last.since(to) > SLACK {
                    Over::Outlives { copy: last }
                } else if in_time {
                    Over::StillTried { last }
                } else {
                    Over::GivenUp { last }
                }
            }
            None => Over::Unknown,
        }
    }

    fn cover(&self, to: Moment) -> Cover {
        let mut cover = Cover::none();
        for (visit, _) in &self.fetches {
            visit::cover(visit, visit::over(visit, to), to, &mut cover);
        }
        for lookup in &self.lookups {
            cover.add(lookup.first().time, lookup.end().latest().min(to.time));
        }
        cover
    }
}

fn revocation_lookup(case: &Case<'_>, steps: &Steps<'_>) -> Option<Candidate> {
    let (from, to) = (case.wait.from, case.wait.to);
    let first = steps.first()?;
    let cover = steps.cover(to);
    let explained = cover.within(from.time, to.time).length();
    let mut evidence: Vec<Exhibit> = steps
        .lookups
        .iter()
        .flat_map(|lookup| evidence_of(case, lookup))
        .chain(
            steps
                .fetches
                .iter()
                .flat_map(|(visit, _)| visit::evidence(visit, way_of_fetch(case, visit))),
        )
        .collect();
    evidence.sort_by_key(|exhibit| exhibit.moment);
    evidence.truncate(MAX_EVIDENCE);
    Some(Candidate {
        cause: Cause::RevocationLookup,
        waiting_on: Party::Client,
        summary: summary(case, steps),
        remedy: remedy(case, steps),
        evidence,
        checks: vec![
            tied_to_the_certificate(case, steps),
            visit::starts_with_the_wait(first, from, to),
            visit::covers_the_wait(explained, from, to),
            visit::released(case, steps.over(to), from, to),
        ],
        cover,
        is_fallback: false,
        lookups: steps.lookups.iter().map(|lookup| lookup.number).collect(),
        subject: Some("the fetch".to_owned()),
    })
}

/// The client fetches from the server itself, or from elsewhere.
fn way_of_fetch(case: &Case<'_>, visit: &Visit) -> Way {
    if visit.server.ip == case.setup.server.ip {
        Way::TO_SERVER
    } else {
        Way::between(Party::Client, Party::Network)
    }
}

fn tied_to_the_certificate(case: &Case<'_>, steps: &Steps<'_>) -> Check {
    const NAME: &str = "asks-about-the-certificate";
    let by_certificate = steps.fetches.iter().find_map(|(_, proof)| match proof {
        Proof::Certificate(host) => Some(host.as_str()),
        _ => None,
    });
    let by_request = steps.fetches.iter().find_map(|(_, proof)| match proof {
        Proof::Request(what) => Some(*what),
        _ => None,
    });
    if let Some(host) = by_certificate {
        let detail = format!("the server's certificate names {host}");
        return Check::necessary(NAME, true, detail);
    }
    if let Some(what) = by_request {
        return Check::necessary(NAME, true, format!("the request asks for {what}"));
    }
    let looked_up = steps.lookups.first().filter(|_| steps.fetches.is_empty());
    if let Some(name) = looked_up
        .map(|it| it.name.as_str())
        .filter(|it| names(case, it))
    {
        return Check::necessary(NAME, true, format!("the server's certificate names {name}"));
    }
    let by_name = steps.fetches.iter().find_map(|(_, proof)| match proof {
        Proof::Name(host) => Some(host.as_str()),
        _ => None,
    });
    let by_name = by_name.or(looked_up.map(|it| it.name.as_str()));
    if let Some(host) = by_name {
        let detail = format!(
            "{host} is named as such services are; neither the certificate nor the request can be read"
        );
        return Check::strong(NAME, None, detail);
    }
    let elsewhere = steps.fetches.iter().find_map(|(_, proof)| match proof {
        Proof::Elsewhere(what) => Some(*what),
        _ => None,
    });
    if let Some(what) = elsewhere {
        let detail = format!(
            "the request asks for {what}, of a host that the server's certificate does not name: it may \
             be about another"
        );
        return Check::strong(NAME, None, detail);
    }
    Check::strong(
        NAME,
        None,
        "only the time ties it to this handshake: neither the certificate nor the request can be \
         read",
    )
}

/// What ties `visit` to the certificate of the connection.
fn proof(case: &Case<'_>, visit: &Visit) -> Proof {
    let hosts = &case.setup.reading.certificate_hosts;
    let requested = host_of(&visit.exchange);
    let looked_up = case
        .scene
        .lookups
        .answer_with(visit.client.ip, visit.server.ip, case.wait.to.time)
        .map(|lookup| lookup.name.as_str());
    let literal = visit.server.ip.to_string();
    let host = [requested.as_deref(), looked_up, Some(literal.as_str())]
        .into_iter()
        .flatten()
        .find(|host| hosts.lines().any(|named| named == *host));
    if let Some(host) = host {
        return Proof::Certificate(host.to_owned());
    }
    // TLS 1.2 shows the certificates.
    let certificate_seen = !hosts.is_empty();
    match asks_for(&visit.exchange) {
        Some(what) if certificate_seen => return Proof::Elsewhere(what),
        Some(what) => return Proof::Request(what),
        None => {}
    }
    // A request that was seen asks for something else.
    if certificate_seen || visit.exchange.asked.is_some() {
        return Proof::None;
    }
    match looked_up.filter(|name| is_responder(name)) {
        Some(name) => Proof::Name(name.to_owned()),
        None => Proof::Time,
    }
}

/// Whether `name` may be one that the server's certificate names, which cannot be read.
fn may_name_responder(case: &Case<'_>, name: &str) -> bool {
    case.setup.reading.certificate_hosts.is_empty() && is_responder(name)
}

/// Whether `name` is one as authorities give to the hosts of what their certificates refer to.
fn is_responder(name: &str) -> bool {
    let host = name.split('.').next().unwrap_or_default();
    ["ocsp", "crl", "aia", "crt", "cacert"]
        .iter()
        .any(|kind| host.starts_with(kind))
}

/// Whether the server's certificate names `name`.
fn names(case: &Case<'_>, name: &str) -> bool {
    let hosts = &case.setup.reading.certificate_hosts;
    hosts.lines().any(|host| host == name)
}

/// What a request asks for, if it is something about a certificate.
fn asks_for(exchange: &Exchange) -> Option<&'static str> {
    let text = String::from_utf8_lossy(&exchange.request);
    let mut lines = text.lines();
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let extension = path.rsplit_once('.').map_or("", |(_, end)| end);
    let is = |ends: &[&str]| ends.iter().any(|end| extension.eq_ignore_ascii_case(end));
    match method {
        "POST" => lines
            .map(str::to_ascii_lowercase)
            .any(|line| line.starts_with("content-type:") && line.contains("ocsp-request"))
            .then_some("a certificate's status (OCSP)"),
        "GET" if is(&["crl"]) => Some("a list of revoked certificates (CRL)"),
        "GET" if is(&["crt", "cer", "p7c"]) => Some("an issuer's certificate"),
        "GET" if is_ocsp_path(path) => Some("a certificate's status (OCSP)"),
        _ => None,
    }
}

/// Whether `path` ends in an OCSP request in Base64 (RFC 6960, appendix A.1): a DER sequence, `M` for
/// its tag and `E` to `I` for its length, with the hash algorithm inside.
fn is_ocsp_path(path: &str) -> bool {
    const SHORTEST: usize = 80;
    let segments = path.split('/').rev().take(8);
    let mut length = 0_usize;
    // A slash is a digit of Base64, so the request may go over several segments.
    segments.into_iter().any(|segment| {
        length = length.saturating_add(segment.len());
        let begins = ["ME", "MF", "MG", "MH", "MI"];
        length >= SHORTEST && begins.iter().any(|begin| segment.starts_with(begin))
    })
}

/// The host that a request names, in lower case and without a port.
pub(crate) fn host_of(exchange: &Exchange) -> Option<String> {
    let text = String::from_utf8_lossy(&exchange.request);
    let value = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("host").then_some(value)
    })?;
    let host = value.trim().split(':').next()?;
    Some(host.to_ascii_lowercase())
}

fn summary(case: &Case<'_>, steps: &Steps<'_>) -> String {
    let (from, to) = (case.wait.from, case.wait.to);
    let what = steps
        .fetches
        .iter()
        .find_map(|(visit, _)| asks_for(&visit.exchange));
    let what = what.unwrap_or("what it needs to check the server's certificate");
    let whence = match steps.fetches.as_slice() {
        [] => {
            let names = names_of(steps);
            format!("asked for the address of {}", join(&names))
        }
        [(visit, _), ..] => {
            let last = steps
                .fetches
                .iter()
                .max_by_key(|(visit, _)| (visit.end().is_none(), visit.end()))
                .map_or(*visit, |(visit, _)| visit);
            format!(
                "went to fetch {what} from {}, {}",
                place(case, last),
                visit::fate(last)
            )
        }
    };
    let tail = visit::then(case, from, to);
    let alert = case.setup.at(Milestone::Alert) == Some(to);
    let end = if alert {
        " It ended the handshake with an alert."
    } else {
        ""
    };
    format!(
        "Before it answered the server, the client {whence}; {tail}.{end}{}",
        words::consequence(case)
    )
}

fn remedy(case: &Case<'_>, steps: &Steps<'_>) -> String {
    let client: IpAddr = case.setup.client.ip;
    let where_to = match steps.fetches.first() {
        Some((visit, _)) => place(case, visit),
        None => join(&names_of(steps)),
    };
    format!(
        "Let {client} reach {where_to} over HTTP, or have it answer; a network that lets only TLS \
         through often forgets it. At the server {}: send the status along (OCSP stapling) and the \
         whole chain of certificates, so that clients have nothing to fetch. At the client: give \
         the check a shorter time limit.",
        case.setup.server
    )
}

/// `ocsp.example (203.0.113.99:80)`.
fn place(case: &Case<'_>, visit: &Visit) -> String {
    let looked_up = case
        .scene
        .lookups
        .answer_with(visit.client.ip, visit.server.ip, case.wait.to.time)
        .map(|lookup| lookup.name.to_string());
    match host_of(&visit.exchange).or(looked_up) {
        Some(name) => format!("{name} ({})", visit.server),
        None => visit.server.to_string(),
    }
}

/// The names that were looked up, each once.
fn names_of(steps: &Steps<'_>) -> Vec<String> {
    let mut names: Vec<String> = steps.lookups.iter().map(|it| it.name.to_string()).collect();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(request: &str) -> Option<&'static str> {
        let exchange = Exchange {
            request: request.as_bytes().to_vec(),
            ..Exchange::default()
        };
        asks_for(&exchange)
    }

    #[test]
    fn requests_about_certificates_are_told_from_others() {
        let ocsp = "GET /MFUwUzBRME8wTTAJBgUrDgMCGgUABBQA9ZuZjdH%2Fd6z%2F%2FmzPvt2mph4qHgQUhtXguDfW0d96dBfnA8w5\
                    1iF4MDwCFC9HUEguRv7pwfw HTTP/1.1\r\n";
        assert_eq!(asked(ocsp), Some("a certificate's status (OCSP)"));
        let post = "POST / HTTP/1.1\r\nContent-type: application/ocsp-request\r\n\r\n";
        assert_eq!(asked(post), Some("a certificate's status (OCSP)"));
        let crl = "GET /a/Root.CRL?x=1 HTTP/1.1\r\n";
        assert_eq!(asked(crl), Some("a list of revoked certificates (CRL)"));
        assert_eq!(
            asked("GET /r3.crt HTTP/1.0\r\n"),
            Some("an issuer's certificate")
        );
        for other in [
            "GET / HTTP/1.1\r\n",
            "GET /MENU HTTP/1.1\r\n",
            "POST /form HTTP/1.1\r\nContent-Type: text/plain\r\n\r\nocsp-request",
            "GET /certificates.html HTTP/1.1\r\n",
            "\u{fffd}",
            "",
        ] {
            assert_eq!(asked(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_slash_in_an_ocsp_request_does_not_hide_it() {
        let request = format!("/base/MFQwUjBQ{}/{}", "a".repeat(30), "b".repeat(50));
        assert!(is_ocsp_path(&request));
        assert!(!is_ocsp_path("/MFQwUjBQ"));
    }

    #[test]
    fn the_host_is_read_without_its_port() {
        let exchange = Exchange {
            request: b"GET / HTTP/1.1\r\nUser-Agent: a: b\r\nHOST: OCSP.example:80\r\n".to_vec(),
            ..Exchange::default()
        };
        assert_eq!(host_of(&exchange).as_deref(), Some("ocsp.example"));
    }
}
