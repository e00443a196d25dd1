//! A ClientHello that was answered with a reset.

use super::{Candidate, Case, Check, Cover, Exhibit, Opinion};
use crate::milestone::Milestone;
use crate::report::{Cause, Party, Vantage, Way};
use crate::tcp::{Maker, Reset};
use crate::time::{Moment, Span};
use crate::timeline::Failure;

/// An answer comes sooner, or within two round trips; later, it is someone who gives up.
const PROMPT: Span = Span::from_secs(1);

pub(super) fn consider(case: &Case<'_>, opinions: &mut Vec<Opinion>) {
    if case.failure != Some(Failure::Reset) {
        return;
    }
    let setup = case.setup;
    let (Some(hello), Some(reset)) = (last_of_hello(case), setup.traces.server.reset.as_deref())
    else {
        return;
    };
    let after = reset.moment.since(hello).max(Span::ZERO);
    let round_trips = setup.irtt.map_or(Span::ZERO, |irtt| irtt.percent(200));
    if after >= PROMPT.max(round_trips) {
        let because = format!("the reset came {after} after it: who waits that long gives up");
        opinions.push(Opinion::ruled_out(Cause::ResetOnClientHello, because));
        return;
    }
    opinions.push(Opinion::Holds(Box::new(candidate(
        case, reset, hello, after,
    ))));
}

/// The last frame with bytes of the ClientHello, which the reset answers.
fn last_of_hello(case: &Case<'_>) -> Option<Moment> {
    let setup = case.setup;
    let hello = setup
        .retry()
        .map(|retry| retry.last)
        .or(setup.at(Milestone::ClientHelloEnd))
        .or(setup.at(Milestone::ClientHello));
    let copies = setup.resent.iter().filter(|it| it.of_client_hello);
    let copies = copies.map(|it| it.moment);
    copies.filter(|&at| at <= case.wait.to).chain(hello).max()
}

fn candidate(case: &Case<'_>, reset: &Reset, hello: Moment, after: Span) -> Candidate {
    let setup = case.setup;
    let maker = reset.maker();
    let on_path = maker == Maker::Path;
    let from = hello.max(case.wait.from);
    let length = case.wait.duration();
    Candidate {
        cause: Cause::ResetOnClientHello,
        waiting_on: if on_path {
            Party::Network
        } else {
            Party::Server
        },
        cover: Cover::between(from.time, reset.moment.time),
        summary: if on_path {
            format!(
                "A box on the path answered the ClientHello with a reset in the name of {}, {after} \
                 later: {}.",
                setup.server,
                told_by(case, reset, maker)
            )
        } else {
            format!(
                "{} answered the ClientHello with a reset (RST), {after} later: {}.",
                setup.server,
                told_by(case, reset, maker)
            )
        },
        remedy: remedy(case, on_path),
        evidence: vec![
            Exhibit::of_client(hello, "the ClientHello"),
            Exhibit::new(
                reset.moment,
                if on_path {
                    Way::between(Party::Network, Party::Client)
                } else {
                    Way::TO_CLIENT
                },
                format!(
                    "a reset from the server's address, with TTL {}",
                    reset.ip.ttl
                ),
            ),
        ],
        checks: vec![
            Check::necessary(
                "reset-answers-the-client-hello",
                true,
                format!("it came {after} after it, and nothing of the server before"),
            ),
            Check::strong(
                "maker-is-known",
                match maker {
                    Maker::Path | Maker::Host { .. } => Some(true),
                    Maker::SameDistance | Maker::Unknown => None,
                },
                told_by(case, reset, maker),
            ),
            Check::supporting(
                "covers-the-wait",
                after >= length.percent(80),
                format!("{after} of {length}"),
            ),
        ],
        is_fallback: false,
        lookups: Vec::new(),
        subject: None,
    }
}

/// What tells who made the reset.
fn told_by(case: &Case<'_>, reset: &Reset, maker: Maker) -> String {
    let ttl = reset.ip.ttl;
    let usual = reset.before.map(|(_, last)| last.ttl).unwrap_or_default();
    match maker {
        Maker::Path => format!(
            "it came with TTL {ttl} and the server's packets with {usual}, so it was not made there"
        ),
        Maker::Host { counts_on: true } => {
            "its IP identification follows that of the server's last packet, so it made it itself"
                .to_owned()
        }
        Maker::Host { .. } if case.setup.vantage() == Some(Vantage::Server) => {
            "captured at the server, and its TTL is that of the server's other packets".to_owned()
        }
        Maker::Host { .. } => format!(
            "its TTL {ttl} is that of the server's other packets, so it is the server itself or a \
             box beside it"
        ),
        Maker::SameDistance => format!(
            "it came with TTL {ttl} and the server's packets with {usual}, which is the same \
             distance from another start; a host may do so, and a box beside it"
        ),
        Maker::Unknown => {
            "no earlier packet of the server is in the capture, so who made it is not known"
                .to_owned()
        }
    }
}

fn remedy(case: &Case<'_>, on_path: bool) -> String {
    let setup = case.setup;
    let name = match setup.server_name() {
        Some(name) => format!("the server name \"{name}\""),
        None => "no server name".to_owned(),
    };
    let (server, client) = (setup.server, setup.client.ip);
    if on_path {
        format!(
            "Look for a filter between {client} and {server} that looks into the ClientHello: it \
             gave {name}. Try another name (openssl s_client -servername), and capture at the \
             server: it did not send the reset."
        )
    } else {
        format!(
            "Look at the log of {server}: its program may have crashed or closed without reading, \
             or not take what the ClientHello holds ({name}). Try it with another name, an older \
             version and a smaller hello; a capture at the server tells whether it sent the reset."
        )
    }
}
