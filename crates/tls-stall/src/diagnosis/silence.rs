//! Waits of which the capture shows who was silent, and not why.

use std::net::IpAddr;

use super::{Candidate, Case, Check, Cover, Exhibit, Opinion, check, local_search, words};
use crate::dns::{Lookup, Lookups};
use crate::milestone::Milestone;
use crate::report::{Cause, EndedBy, LookupOutcome, Party, Phase, Vantage, Via};
use crate::tcp::Side;
use crate::time::{Moment, Span};

/// What a name lookup takes that gets no answer: the give-up times of the usual resolvers, with
/// one, two and three name servers. A wait of that length is a hint, never a proof.
const GIVE_UPS: [(i64, &str); 5] = [
    (5, "musl, or one try of most resolvers"),
    (10, "glibc, Windows and others with one name server"),
    (15, "Windows with several name servers, or c-ares"),
    (20, "glibc with two name servers"),
    (28, "glibc or an old Android with three name servers"),
];

/// The first retransmission timer of old hosts (RFC 1122, section 4.2.3.1), with some room.
const LONGEST_TIMER: Span = Span::from_millis(3_300);

pub(super) fn consider(case: &Case<'_>, opinions: &mut Vec<Opinion>) {
    // A failure that took no time has no silence to be explained.
    if case.failure.is_some() && !case.wait.stalled {
        return;
    }
    let candidate = match case.wait.waiting_on {
        // It was not silent: what it sent cannot be read.
        Party::Client if case.missing_before_client_hello().is_some() => None,
        Party::Client if is_unused(case) => Some(unused_connection(case)),
        Party::Client => Some(client_idle(case, opinions)),
        // The proxy's.
        Party::Server if case.wait.phase == Phase::ClientHello => None,
        Party::Server if case.wait.phase == Phase::TcpConnect => slow_connect(case),
        Party::Server => Some(server_silence(case)),
        // Loss that no other family could prove: say who was silent.
        Party::Network if is_explained(opinions) => None,
        Party::Network => match case.wait.phase {
            Phase::ClientHello | Phase::ClientFinished => Some(client_idle(case, opinions)),
            // The client owed its second ClientHello first, which is not in the capture.
            Phase::ServerHello if case.is_since_retry_request() => None,
            Phase::ServerHello | Phase::ServerFlight | Phase::ServerFinished => {
                Some(server_silence(case))
            }
            _ => None,
        },
        Party::Resolver => None,
    };
    opinions.extend(candidate.map(|candidate| Opinion::Holds(Box::new(candidate))));
}

fn is_explained(opinions: &[Opinion]) -> bool {
    let holds = |opinion: &Opinion| matches!(opinion, Opinion::Holds(_));
    opinions.iter().any(holds)
}

/// Whether the client opened the connection and never used it, while another to the same server
/// did the work, or to look whether the server is there.
pub(crate) fn is_unused(case: &Case<'_>) -> bool {
    if case.wait.phase != Phase::ClientHello || !case.wait.is_unfulfilled() {
        return false;
    }
    let unread = case.setup.from_client.hole.is_some() || case.setup.from_server.hole.is_some();
    let unspoken = !unread && !case.setup.reading.has_cleartext && !case.setup.reading.is_tls;
    let closed = |by: [Milestone; 2]| match case.wait.ended_by {
        EndedBy::Milestone(end) => by.contains(&end),
        _ => false,
    };
    let by_client = closed([Milestone::ClientFin, Milestone::ClientRst]);
    let by_server = closed([Milestone::ServerFin, Milestone::ServerRst]);
    // A server that closes at once has let the client say nothing; and where the capture ends, it may
    // be about to.
    unspoken
        && if case.wait.stalled || by_server {
            worked_beside(case)
        } else {
            by_client
        }
}

fn worked_beside(case: &Case<'_>) -> bool {
    case.scene.worked.beside(case.setup, case.wait.to)
}

fn unused_connection(case: &Case<'_>) -> Candidate {
    let setup = case.setup;
    let beside = worked_beside(case);
    Candidate {
        cause: Cause::UnusedConnection,
        waiting_on: Party::Client,
        cover: case.whole(),
        summary: format!(
            "The client opened this connection to {} and never used it{}.",
            setup.server,
            if beside {
                "; another one to the same server did the work"
            } else {
                ""
            }
        ),
        remedy:
            "Nothing: browsers open connections ahead of need, and monitors look whether a port \
                 answers."
                .to_owned(),
        evidence: Vec::new(),
        checks: vec![
            Check::necessary("no-byte-sent", true, "neither side sent any data"),
            Check::supporting(
                "another-worked",
                beside,
                "a connection of the same client to the same server completed its handshake",
            ),
        ],
        is_fallback: true,
        lookups: Vec::new(),
        subject: None,
    }
}

fn client_idle(case: &Case<'_>, opinions: &[Opinion]) -> Candidate {
    let client = case.setup.client.ip;
    let seen = Idleness::of(case);
    let awaited = seen.awaited;
    let mut checks = seen.checks(case);
    checks.extend(doubt_of_a_fetch(opinions));
    Candidate {
        cause: Cause::ClientIdle,
        waiting_on: Party::Client,
        cover: Cover::none(),
        summary: seen.summary(case),
        remedy: format!(
            "Look at the program on {client}: what does it do between connecting and {awaited}? A \
             busy or suspended device, a prompt for a certificate, a pool of idle connections and a \
             lookup that was not captured look alike from here. Capture on {client} itself, on all \
             interfaces, with its name lookups."
        ),
        evidence: seen
            .certificate_asked
            .map(|at| Exhibit::of_server(at, "the server asks for the client's certificate"))
            .into_iter()
            .collect(),
        checks,
        is_fallback: true,
        lookups: Vec::new(),
        subject: None,
    }
}

/// Why a host's lookups cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hidden {
    Encrypted,
    /// A short snaplen cut the names off.
    Cut,
}

/// What the capture shows of a client that was silent.
struct Idleness<'a> {
    awaited: &'static str,
    /// A lookup of it that was open for long.
    open: Option<&'a Lookup>,
    /// One that it sent again after the answer.
    again: Option<&'a Lookup>,
    /// Why its lookups cannot be read, or whether they can be seen.
    hidden: Option<Hidden>,
    visible: bool,
    /// Whether it was captured elsewhere.
    elsewhere: bool,
    certificate_asked: Option<Moment>,
}

impl<'a> Idleness<'a> {
    fn of(case: &Case<'a>) -> Self {
        let (from, to) = case.stretch();
        let lookups: &'a Lookups = case.scene.lookups;
        let client = case.setup.client.ip;
        let long = to.since(from).percent(20);
        let mut open = lookups
            .overlapping(client, from.time, to.time)
            .into_iter()
            // What was cut short is asked for again over TCP.
            .filter(|it| it.duration() >= long || it.outcome() == LookupOutcome::Truncated);
        let capture = case.scene.capture;
        let hidden = if capture.encrypted.is_used_by(client) {
            Some(Hidden::Encrypted)
        } else {
            capture.unread.includes(client).then_some(Hidden::Cut)
        };
        Self {
            awaited: if case.awaits_rest_of_client_hello() {
                "the rest of the ClientHello"
            } else if case.is_asked_again() {
                "a second ClientHello"
            } else if case.wait.ended_by == EndedBy::ProxyRequest {
                "its request to the proxy"
            } else {
                words::awaited(case.wait.phase)
            },
            open: open.next(),
            again: asked_though_answered(case),
            hidden,
            visible: hidden.is_none() && asks_resolvers(case, client),
            elsewhere: matches!(
                case.setup.vantage(),
                Some(Vantage::Server | Vantage::Between)
            ),
            certificate_asked: certificate_asked(case),
        }
    }

    fn summary(&self, case: &Case<'_>) -> String {
        let (from, to) = case.stretch();
        // Of one that has begun, parts may have come all the while.
        let lacked = if case.awaits_rest_of_client_hello() {
            "did not send all of it"
        } else {
            "was silent"
        };
        let mut summary = format!(
            "The client owed {} and {lacked} for {}; nothing in the capture explains it.",
            self.awaited,
            to.since(from).max(Span::ZERO)
        );
        let unseen = self.open.is_none() && !self.visible && self.hidden != Some(Hidden::Cut);
        if let Some(hint) = resolver_hint(to.since(from)).filter(|_| unseen) {
            summary.push_str(" No name lookup of the client was captured, and ");
            summary.push_str(&hint);
            summary.push('.');
        }
        match self.hidden {
            Some(Hidden::Encrypted) => {
                summary.push_str(" Its lookups are encrypted: a wait for one looks the same.");
            }
            Some(Hidden::Cut) => {
                summary.push_str(
                    " The capture cut off names that it asked for: a wait for one looks the same.",
                );
                if let Some(hint) = resolver_hint(to.since(from)) {
                    summary.push(' ');
                    summary.push_str(&capitalised(&hint));
                    summary.push('.');
                }
            }
            None => {}
        }
        if let Some(lookup) = self.again {
            summary.push_str(" It asked for ");
            summary.push_str(lookup.name.as_str());
            summary.push_str(
                " again after the answer had come, which may not have reached the program.",
            );
        }
        if self.certificate_asked.is_some() {
            summary.push_str(
                " The server had asked for the client's certificate: a person may have had to choose \
                 one, or a card to be unlocked.",
            );
        }
        if self.elsewhere {
            summary.push_str(
                " This was not captured at the client: what it sent may have been lost on the way \
                 here.",
            );
        }
        summary.push_str(&local_search::sentence(case));
        summary.push_str(&words::consequence(case));
        summary
    }

    fn checks(&self, case: &Case<'_>) -> Vec<Check> {
        let client = case.setup.client.ip;
        let acked = match case.wait.phase {
            Phase::ClientHello if case.is_asked_again() => {
                "the server had asked for another ClientHello"
            }
            Phase::ClientHello => {
                "the TCP handshake was complete, so the client had what it needed"
            }
            _ => "the server had done its part",
        };
        let mut checks = vec![
            Check::necessary("client-owed-the-move", true, acked),
            Check::strong(
                "lookups-visible",
                self.visible.then_some(true),
                match self.hidden {
                    Some(Hidden::Encrypted) => format!("{client} encrypts name lookups"),
                    Some(Hidden::Cut) => format!("names that {client} asked for are cut off"),
                    None if self.visible => format!("name lookups of {client} are in the capture"),
                    None => format!(
                        "no name lookup of {client} is in the capture; it may use another path, or encrypt them"
                    ),
                },
            ),
            Check::strong(
                "no-lookup-open",
                self.open.is_none(),
                match self.open {
                    None => "no name lookup of the client was open for long meanwhile".to_owned(),
                    Some(lookup) => format!(
                        "the lookup of {} (frame {}) was open meanwhile",
                        lookup.name,
                        lookup.first().frame
                    ),
                },
            ),
        ];
        checks.extend(self.again.map(|lookup| {
            let last = lookup.last_query().frame;
            Check::strong(
                "answers-were-taken",
                false,
                format!(
                    "{} was asked for again in frame {last}, after its answer",
                    lookup.name
                ),
            )
        }));
        checks.extend(self.elsewhere.then(|| {
            Check::strong(
                "seen-at-the-client",
                None,
                "not captured at the client: what was lost on the way here looks the same",
            )
        }));
        checks.extend(super::mismatch::doubt_of_idleness(case));
        checks
    }
}

/// A check of the server's certificate that may explain the wait.
fn doubt_of_a_fetch(opinions: &[Opinion]) -> Option<Check> {
    let may_explain = |opinion: &Opinion| {
        matches!(opinion, Opinion::Holds(it)
            if it.cause == Cause::RevocationLookup && check::confidence(&it.checks).is_ok())
    };
    opinions.iter().any(may_explain).then(|| {
        Check::strong(
            "no-fetch-open",
            None,
            "it connected to a web server meanwhile, and may have checked the certificate there",
        )
    })
}

/// Whether a lookup by `client` was captured that went to a resolver: what it asks its neighbours
/// for shows not where its other lookups go.
fn asks_resolvers(case: &Case<'_>, client: IpAddr) -> bool {
    let lookups = case.scene.lookups;
    let to = case.scene.capture.last().unwrap_or(case.wait.to);
    let mut all = lookups.going_on(client, case.scene.first_frame, to.time);
    lookups.has_asked(client) && all.any(|lookup| lookup.via == Via::Dns)
}

/// A lookup of the client that it began meanwhile and sent again after its answer: a filter on its
/// host may have kept that from it.
fn asked_though_answered<'a>(case: &Case<'a>) -> Option<&'a Lookup> {
    /// One that comes sooner may have crossed the answer.
    const CROSSED: Span = Span::from_secs(1);

    let (from, to) = case.stretch();
    let lookups: &'a Lookups = case.scene.lookups;
    let begun = lookups.begun(case.setup.client.ip, from.time, to.time);
    begun.into_iter().find(|lookup| {
        let answered = lookup.result().filter(|_| lookup.is_settled());
        let last = lookup.last_query();
        answered.is_some_and(|answer| last <= to && last.since(answer) >= CROSSED)
    })
}

/// When the server asked for a certificate of the client, that owes its Finished.
fn certificate_asked(case: &Case<'_>) -> Option<Moment> {
    let owed = case.wait.phase == Phase::ClientFinished;
    case.setup.reading.certificate_request.filter(|_| owed)
}

/// A TCP handshake of which nothing was sent twice: one of its two answers took its time, or the
/// path is that long.
fn slow_connect(case: &Case<'_>) -> Option<Candidate> {
    let setup = case.setup;
    let (server, client) = (setup.server, setup.client.ip);
    let (from, to) = (case.wait.from, case.wait.to);
    let syn_ack = setup.at(Milestone::SynAck)?;
    let established = setup.at(Milestone::Established).unwrap_or(to);
    let (its, the_clients) = (syn_ack.since(from), established.since(syn_ack));
    let vantage = setup.vantage();
    let by_client = the_clients > its;
    // A SYN-ACK without an answer is sent again, after 3 s at most (RFC 6298, section 2).
    let spoke = |milestone| {
        setup
            .at(milestone)
            .is_some_and(|at: Moment| at < established)
    };
    let was_answered = the_clients > LONGEST_TIMER
        || [Milestone::ServerGreeting, Milestone::ServerFin]
            .into_iter()
            .any(spoke);
    if by_client && setup.syn_acks.len() < 2 && was_answered {
        return None;
    }
    let (cause, waiting_on, cover, took, who, what) = if by_client {
        let cover = Cover::between(syn_ack.time, to.time);
        let who = client.to_string();
        (
            Cause::ClientIdle,
            Party::Client,
            cover,
            the_clients,
            who,
            "the SYN-ACK",
        )
    } else {
        let cover = Cover::between(from.time, syn_ack.time);
        (
            Cause::ServerSlow,
            Party::Server,
            cover,
            its,
            server.to_string(),
            "the SYN",
        )
    };
    let lost = if setup.syns.len() < 2 {
        "was sent twice"
    } else {
        "was lost"
    };
    let near = match waiting_on {
        Party::Client => Vantage::Client,
        _ => Vantage::Server,
    };
    Some(Candidate {
        cause,
        waiting_on,
        cover,
        summary: format!(
            "{who} answered {what} only after {took}, and nothing {lost} meanwhile: the host was \
             slow, or the path is that long."
        ),
        remedy: format!(
            "Compare with `ping` and other connections between {client} and {}: where they are as \
             slow, it is the path. A capture at {who} tells.",
            server.ip
        ),
        evidence: vec![Exhibit::of_server(syn_ack, "SYN-ACK")],
        checks: vec![
            Check::strong(
                "covers-the-wait",
                took >= to.since(from).percent(80),
                format!("it took {took} of {}", to.since(from)),
            ),
            Check::strong(
                "captured-beside-it",
                (vantage == Some(near)).then_some(true),
                if vantage == Some(near) {
                    "captured beside the host that was slow: it is not the path"
                } else {
                    "not captured beside the host that was slow: it may be the path"
                },
            ),
        ],
        is_fallback: true,
        lookups: Vec::new(),
        subject: None,
    })
}

/// Whether the wait ended with something that the server said in the place of what was awaited.
fn answered_otherwise(case: &Case<'_>) -> bool {
    let alert = case.setup.reading.alert;
    match case.wait.ended_by {
        EndedBy::Milestone(Milestone::Alert) => alert.is_some_and(|it| it.from == Side::Server),
        EndedBy::Refusal | EndedBy::Cleartext => true,
        _ => false,
    }
}

fn server_silence(case: &Case<'_>) -> Candidate {
    let setup = case.setup;
    let never = case.wait.is_unfulfilled() && !answered_otherwise(case);
    let cause = if never {
        Cause::ServerSilent
    } else {
        Cause::ServerSlow
    };
    let awaited = words::awaited(case.wait.phase);
    let (from, to) = case.stretch();
    let length = to.since(from).max(Span::ZERO);
    let (acknowledged, detail) = has_what_it_needs(case);
    let at_server = setup.vantage() == Some(Vantage::Server);
    let mut summary = if never {
        format!(
            "{} had what it needed and did not send {awaited} for {length}.",
            setup.server
        )
    } else {
        format!(
            "{} had what it needed and sent {awaited} only after {length}.",
            setup.server
        )
    };
    if !at_server {
        summary.push_str(
            " What it did meanwhile is not visible from here: a lookup of the client's name, a \
             dead backend behind a load balancer, a stopped or overloaded process look alike.",
        );
        if let Some(hint) = resolver_hint(length) {
            summary.push(' ');
            summary.push_str(&capitalised(&hint));
            summary.push('.');
        }
    }
    summary.push_str(&local_search::sentence(case));
    Candidate {
        cause,
        waiting_on: Party::Server,
        cover: Cover::between(from.time, to.time),
        summary,
        remedy: format!(
            "Look at the server {}: its log at that time, its load, and the resolver that it uses. \
             A capture at the server, with its name lookups, tells the candidates apart.",
            setup.server
        ),
        evidence: setup
            .hello_acked(from)
            .filter(|_| case.wait.phase == Phase::ServerHello)
            .map(|at| Exhibit::of_server(at, "the server acknowledges the ClientHello"))
            .into_iter()
            .collect(),
        checks: vec![
            Check::strong("server-had-what-it-needs", acknowledged, detail),
            Check::strong(
                "seen-at-the-server",
                at_server.then_some(true),
                if at_server {
                    "captured at the server: nothing was lost on the way to here"
                } else {
                    "not captured at the server: an answer that was lost on the way looks the same"
                },
            ),
        ],
        is_fallback: true,
        lookups: Vec::new(),
        subject: None,
    }
}

/// Whether the server had acknowledged everything that it was to answer.
fn has_what_it_needs(case: &Case<'_>) -> (Option<bool>, String) {
    if case.wait.phase != Phase::ServerHello {
        return (Some(true), "the client had done its part".to_owned());
    }
    match case.setup.hello_acked(case.wait.from) {
        // The ServerHello itself may carry the acknowledgement.
        Some(at) if at < case.wait.to || case.wait.is_unfulfilled() => (
            Some(true),
            format!("it acknowledged the ClientHello in frame {}", at.frame),
        ),
        _ if !case.setup.has(Milestone::ClientHelloEnd) => (
            None,
            "the ClientHello is not whole in the capture".to_owned(),
        ),
        _ => (
            Some(false),
            "it had not acknowledged the ClientHello before".to_owned(),
        ),
    }
}

/// Whether a wait is as long as a lookup without an answer.
fn resolver_hint(length: Span) -> Option<String> {
    GIVE_UPS.iter().find_map(|&(seconds, who)| {
        let due = Span::from_secs(seconds);
        let over = length.minus(due);
        let fits = over >= Span::from_millis(-20) && over <= Span::from_millis(300);
        fits.then(|| format!("{seconds} s is what a name lookup without an answer takes ({who})"))
    })
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}
