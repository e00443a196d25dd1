//! Two ends of which only one speaks TLS, or each of which waits for the other.

use super::{Candidate, Case, Check, Cover, Exhibit, Opinion};
use crate::milestone::Milestone;
use crate::report::{Cause, EndedBy, Party, Phase};
use crate::timeline::Failure;
use crate::tls::{Port, Said};

/// Ports for TLS of protocols in which the server greets: without TLS its client waits.
const SERVER_FIRST: [u16; 6] = [465, 563, 989, 990, 993, 995];

pub(super) fn consider(case: &Case<'_>, opinions: &mut Vec<Opinion>) {
    let spoken = &case.setup.reading.spoken;
    let candidate =
        if case.failure == Some(Failure::Mismatch) || case.wait.ended_by == EndedBy::Cleartext {
            match (&spoken.answer, &spoken.client) {
                (Some(answer), _) if case.setup.has(Milestone::ClientHello) => {
                    Some(tls_to_cleartext(case, answer))
                }
                (_, Some(said)) => Some(cleartext_to_tls(case, said)),
                _ => None,
            }
        } else {
            is_deadlock(case).then(|| deadlock(case))
        };
    opinions.extend(candidate.map(|candidate| Opinion::Holds(Box::new(candidate))));
}

/// A check of who takes a client for idle: it may have waited for a greeting.
pub(super) fn doubt_of_idleness(case: &Case<'_>) -> Option<Check> {
    is_deadlock(case).then(|| {
        Check::strong(
            "no-greeting-awaited",
            None,
            "a client without TLS waits for a greeting here, and looks the same",
        )
    })
}

/// A ClientHello that was answered in the clear.
fn tls_to_cleartext(case: &Case<'_>, answer: &Said) -> Candidate {
    let setup = case.setup;
    let server = setup.server;
    let quote = answer.quote();
    let begins_later = matches!(setup.port, Some(Port::Starttls(_)));
    let meaning = answer
        .speaker()
        .map_or_else(String::new, |speaker| format!(": it speaks {speaker}"));
    let remedy = if begins_later {
        format!(
            "Port {} begins in the clear and goes over to TLS on request: set the client to \
             STARTTLS, or to the port for TLS from the first byte, as 465, 993 or 995.",
            server.port
        )
    } else {
        format!(
            "Check which port of {} is for TLS, and that its service has TLS switched on; or \
             switch TLS off at the client if port {} is meant to be without.",
            server.ip, server.port
        )
    };
    let hello = setup.at(Milestone::ClientHello);
    Candidate {
        cause: Cause::ProtocolMismatch,
        waiting_on: Party::Server,
        cover: case.whole(),
        summary: format!(
            "The client began with TLS, and {server} answered its ClientHello in the clear with \
             {quote}{meaning}."
        ),
        remedy,
        evidence: hello
            .map(|at| Exhibit::of_client(at, "the ClientHello"))
            .into_iter()
            .chain([Exhibit::of_server(
                answer.moment,
                format!("the server says {quote}"),
            )])
            .collect(),
        checks: vec![Check::necessary(
            "one-side-speaks-tls",
            true,
            "TLS from the client, cleartext from the server",
        )],
        is_fallback: false,
        lookups: Vec::new(),
        subject: None,
    }
}

/// A client without TLS on a port for TLS.
fn cleartext_to_tls(case: &Case<'_>, said: &Said) -> Candidate {
    let setup = case.setup;
    let server = setup.server;
    let quote = said.quote_command();
    let waited = match case.wait.duration() {
        length if case.wait.stalled && SERVER_FIRST.contains(&server.port) => {
            format!(" waited {length} for a greeting that never came, and then")
        }
        length if case.wait.stalled => format!(" was silent for {length}, and then"),
        _ => String::new(),
    };
    let answered = match (&setup.reading.alert, &setup.reading.spoken.server) {
        (Some(alert), _) => Some(Exhibit::of_server(
            alert.at,
            "the server answers with a TLS alert",
        )),
        (None, Some(answer)) => Some(Exhibit::of_server(
            answer.moment,
            format!("the server says {}", answer.quote()),
        )),
        (None, None) => setup
            .server_closed()
            .map(|at| Exhibit::of_server(at, "the server closes")),
    };
    let proves_tls = setup.reading.is_tls
        || setup
            .reading
            .spoken
            .server
            .as_ref()
            .is_some_and(Said::is_bad_request);
    let closed = setup.server_closed().is_some();
    Candidate {
        cause: Cause::ProtocolMismatch,
        waiting_on: Party::Client,
        cover: case.whole(),
        summary: format!(
            "{server} expects TLS from the first byte; the client{waited} sent {quote} in the clear."
        ),
        remedy: format!(
            "Set the client to TLS from the first byte (often called SSL/TLS) for port {}, or to \
             the port that begins in the clear.",
            server.port
        ),
        evidence: std::iter::once(said.moment)
            .map(|at| Exhibit::of_client(at, format!("the client says {quote}")))
            .chain(answered)
            .collect(),
        checks: vec![
            Check::necessary(
                "cleartext-of-the-client",
                !said.is_record(),
                if said.is_record() {
                    "the client's first bytes are a TLS record from the midst of a handshake"
                        .to_owned()
                } else {
                    format!("the client's first bytes are {quote}")
                },
            ),
            Check::necessary(
                "port-is-for-tls",
                setup.port == Some(Port::Implicit) || proves_tls,
                format!(
                    "port {} is registered for TLS from the first byte",
                    server.port
                ),
            ),
            Check::strong(
                "server-turned-it-away",
                (proves_tls || closed).then_some(true),
                if proves_tls {
                    "it answered with a TLS alert, or said that TLS is due"
                } else if closed {
                    "it closed without a word"
                } else {
                    "it has not answered, nor closed"
                },
            ),
        ],
        is_fallback: false,
        lookups: Vec::new(),
        subject: None,
    }
}

/// Whether both ends were silent to the end where a client without TLS waits for a greeting.
fn is_deadlock(case: &Case<'_>) -> bool {
    let setup = case.setup;
    let silent = !setup.reading.has_cleartext && !setup.reading.is_tls;
    let closed = matches!(
        case.wait.ended_by,
        EndedBy::Milestone(
            Milestone::ClientFin
                | Milestone::ClientRst
                | Milestone::ServerFin
                | Milestone::ServerRst
        )
    );
    case.wait.phase == Phase::ClientHello
        && case.wait.stalled
        && closed
        && silent
        && SERVER_FIRST.contains(&setup.server.port)
        && !super::is_unused(case)
}

fn deadlock(case: &Case<'_>) -> Candidate {
    let setup = case.setup;
    let server = setup.server;
    Candidate {
        cause: Cause::ProtocolMismatch,
        waiting_on: Party::Client,
        cover: Cover::between(case.wait.from.time, case.wait.to.time),
        summary: format!(
            "Neither side said a word for {}: port {} of {} expects TLS at once, and a client that \
             is set to begin in the clear waits there for a greeting. A client that was held up \
             looks the same.",
            case.wait.duration(),
            server.port,
            server.ip
        ),
        remedy: format!(
            "Look at the security setting of the mail or file client on {}: port {} needs SSL/TLS, \
             not STARTTLS or none. If it is right, find out what the program did meanwhile.",
            setup.client.ip, server.port
        ),
        evidence: Vec::new(),
        checks: vec![
            Check::necessary("both-silent", true, "neither side sent a byte"),
            Check::strong(
                "cleartext-seen",
                None,
                "the client closed before it said anything that would tell",
            ),
            Check::strong(
                "client-waits-for-a-greeting",
                None,
                "not visible: it may as well have been held up",
            ),
        ],
        is_fallback: true,
        lookups: Vec::new(),
        subject: None,
    }
}
