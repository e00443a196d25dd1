//! The stage at a proxy before TLS.

use super::{Candidate, Case, Check, Cover, Exhibit, Opinion};
use crate::report::{Cause, Party, Phase};
use crate::tcp::Side;
use crate::timeline::Failure;
use crate::tls::Tunnel;

pub(super) fn consider(case: &Case<'_>, opinions: &mut Vec<Opinion>) {
    let Some(tunnel) = &case.setup.reading.tunnel else {
        return;
    };
    let at_the_proxy =
        case.wait.phase == Phase::ClientHello && case.wait.waiting_on == Party::Server;
    if at_the_proxy || case.failure == Some(Failure::TunnelRefused) {
        opinions.push(Opinion::Holds(Box::new(candidate(case, tunnel))));
    }
}

fn candidate(case: &Case<'_>, tunnel: &Tunnel) -> Candidate {
    let proxy = case.setup.server;
    let how = tunnel.protocol.name();
    let upstream = match &tunnel.upstream {
        Some(upstream) => format!("{}:{}", upstream.host, upstream.port),
        None => "a server that it had not named yet".to_owned(),
    };
    let asked = tunnel.requested.unwrap_or(tunnel.begun);
    let cover = proxys_turns(case);
    let covered = cover.length();
    let wait = case.wait.duration();
    let (summary, remedy) = match &tunnel.answer {
        None => (
            format!(
                "The client asked the proxy {proxy} for a tunnel to {upstream} ({how}), and in \
                 {wait} it got no answer."
            ),
            format!(
                "Look at the proxy {proxy}: can it resolve and reach {upstream}? Its log, or a \
                 capture there, tells which of the two it waited for."
            ),
        ),
        Some(answer) => match &answer.refusal {
            Some(words) => (
                format!("The proxy {proxy} refused the tunnel to {upstream} ({how}): \"{words}\"."),
                format!(
                    "Ask who runs the proxy {proxy} whether {} may go to {upstream}, and whether \
                     the proxy reaches it.",
                    case.setup.client.ip
                ),
            ),
            None => (
                format!(
                    "The proxy {proxy} took {covered} to open the tunnel to {upstream} ({how})."
                ),
                format!(
                    "Look at the proxy {proxy}: how long does it take to resolve and to reach \
                     {upstream}? Its log, or a capture there, tells."
                ),
            ),
        },
    };
    let mut evidence = vec![Exhibit::of_client(
        asked,
        format!("the client asks for a tunnel to {upstream}"),
    )];
    evidence.extend(tunnel.answer.as_ref().map(|answer| {
        let text = match &answer.refusal {
            Some(words) => format!("the proxy refuses: \"{words}\""),
            None => "the proxy opens the tunnel".to_owned(),
        };
        Exhibit::of_server(answer.moment, text)
    }));
    Candidate {
        cause: Cause::ProxyTunnel,
        waiting_on: Party::Server,
        cover,
        summary,
        remedy,
        evidence,
        checks: vec![
            Check::necessary("tunnel-asked-for", true, format!("{how} to {upstream}")),
            Check::strong(
                "covers-the-wait",
                covered >= wait.percent(80),
                format!("the proxy owed the next move for {covered} of {wait}"),
            ),
        ],
        is_fallback: false,
        lookups: Vec::new(),
        subject: None,
    }
}

/// The time in which the proxy owed the next word.
fn proxys_turns(case: &Case<'_>) -> Cover {
    let reading = &case.setup.reading;
    let mut cover = Cover::none();
    for turn in reading
        .turns
        .iter()
        .filter(|turn| turn.owner == Side::Server)
    {
        cover.add(turn.from.time, turn.to.time);
    }
    if let Some((Side::Client, since)) = reading.last_spoken
        && case.wait.is_unfulfilled()
    {
        cover.add(since.time, case.wait.to.time);
    }
    cover.within(case.wait.from.time, case.wait.to.time)
}
