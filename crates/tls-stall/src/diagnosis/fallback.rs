//! Waits for attempts that failed before the connection: at another address of its name, or by
//! QUIC.

use super::exhibit::way_of_icmp;
use super::name_lookup::join;
use super::{Candidate, Case, Check, Cover, Exhibit, Opinion};
use crate::companions::Fate;
use crate::decode::Endpoint;
use crate::dns::Name;
use crate::report::{Cause, Party, Phase};
use crate::time::{Moment, Span};
use crate::timeline::{EarlierAttempt, Transport};

/// Frames of evidence of one finding.
const MAX_EVIDENCE: usize = 40;

pub(super) fn consider(case: &Case<'_>, opinions: &mut Vec<Opinion>) {
    if case.wait.phase != Phase::EarlierAttempts {
        return;
    }
    for transport in [Transport::Tcp, Transport::Quic] {
        let attempts: Vec<Part<'_>> = parts(case)
            .into_iter()
            .filter(|part| part.earlier.transport == transport)
            .collect();
        if !attempts.is_empty() {
            opinions.push(Opinion::Holds(Box::new(fallback(
                case, transport, &attempts,
            ))));
        }
    }
}

/// One of the attempts, and what began when it was over.
struct Part<'a> {
    earlier: &'a EarlierAttempt,
    next: Moment,
}

impl Part<'_> {
    /// How long the client waited for it.
    fn cover(&self) -> (Moment, Moment) {
        let end = match self.earlier.attempt.end {
            Some((failed, _)) if !self.earlier.attempt.is_deaf => failed,
            _ => self.next,
        };
        (self.earlier.attempt.first, end)
    }
}

/// The attempts, each with the start of the next, the last with the connection's.
fn parts<'a>(case: &Case<'a>) -> Vec<Part<'a>> {
    let earlier = &case.setup.earlier;
    let starts = earlier.iter().skip(1).map(|next| next.attempt.first);
    earlier
        .iter()
        .zip(starts.chain([case.wait.to]))
        .map(|(earlier, next)| Part { earlier, next })
        .collect()
}

fn fallback(case: &Case<'_>, transport: Transport, parts: &[Part<'_>]) -> Candidate {
    let mut cover = Cover::none();
    for part in parts {
        let (from, to) = part.cover();
        cover.add(from.time, to.time);
    }
    let (cause, subject) = match transport {
        Transport::Tcp => (Cause::AddressFallback, "the attempts at other addresses"),
        Transport::Quic => (Cause::QuicFallback, "the attempts by QUIC"),
    };
    let mut checks = vec![
        another_way_to_the_server(case, transport, parts),
        same_host(case, parts),
        failed(transport, parts),
        led_on(case, parts),
        covers_the_wait(case, &cover),
    ];
    if transport == Transport::Quic {
        checks.push(not_connected_before(case, parts));
    }
    checks.extend(case.contrast());
    Candidate {
        cause,
        waiting_on: Party::Network,
        summary: summary(case, transport, parts, cover.length()),
        remedy: remedy(case, transport, parts),
        evidence: evidence(transport, parts),
        checks,
        is_fallback: false,
        lookups: parts
            .iter()
            .filter_map(|part| part.earlier.lookup)
            .collect(),
        subject: Some(subject.to_owned()),
        cover,
    }
}

fn another_way_to_the_server(case: &Case<'_>, transport: Transport, parts: &[Part<'_>]) -> Check {
    const NAME: &str = "another-way-to-the-server";
    let setup = case.setup;
    let others: Vec<Endpoint> = servers(parts)
        .into_iter()
        .filter(|server| *server != setup.server)
        .collect();
    let detail = match (transport, setup.resolved_name.as_ref()) {
        (_, Some(name)) if !others.is_empty() => format!(
            "{name} was looked up: it has the address of {} as well as {}",
            join(&others),
            setup.server.ip
        ),
        _ => format!(
            "the attempts went to {}, the server's own port",
            setup.server
        ),
    };
    Check::necessary(NAME, true, detail)
}

fn same_host(case: &Case<'_>, parts: &[Part<'_>]) -> Check {
    const NAME: &str = "by-the-same-host";
    let client = case.setup.client.ip;
    let mut made_by: Vec<_> = parts
        .iter()
        .map(|it| it.earlier.attempt.client.ip)
        .collect();
    made_by.sort_unstable();
    made_by.dedup();
    let holds = parts.iter().all(|it| it.earlier.same_host == Some(true));
    let detail = if made_by == [client] {
        format!("{client} made the attempts and the connection")
    } else if holds {
        format!(
            "{} made the attempts as soon as {client} was told the address",
            join(&made_by)
        )
    } else {
        format!(
            "{} made the attempts, which may or may not be the host of {client}",
            join(&made_by)
        )
    };
    Check::strong(NAME, holds.then_some(true), detail)
}

fn failed(transport: Transport, parts: &[Part<'_>]) -> Check {
    const NAME: &str = "failed-before";
    let packet = packet(transport);
    let once = |part: &&Part<'_>| {
        part.earlier.attempt.end.is_none() && part.earlier.attempt.copies().count() < 2
    };
    match parts.iter().find(once) {
        Some(part) => Check::strong(
            NAME,
            None,
            format!(
                "{packet} to {} was sent once, and not again before the client turned elsewhere",
                part.earlier.server
            ),
        ),
        None => Check::strong(NAME, true, fates(transport, parts)),
    }
}

fn led_on(case: &Case<'_>, parts: &[Part<'_>]) -> Check {
    const NAME: &str = "released-with-the-failure";
    let last = parts.last();
    let since = last.map_or(Span::ZERO, |part| match part.earlier.attempt.end {
        Some((failed, _)) => part.next.since(failed),
        None => part.next.since(part.earlier.attempt.last()),
    });
    let refused = last.is_some_and(|part| part.earlier.attempt.end.is_some());
    let what = if refused {
        "the refusal"
    } else {
        "the last copy, before another was due"
    };
    let unsure = parts.iter().any(|part| part.earlier.led_on != Some(true));
    if unsure {
        return Check::strong(
            NAME,
            None,
            "an attempt may have been given up some time before the client went on",
        );
    }
    let next = if last.is_some_and(|part| part.next == case.wait.to) {
        "the client connected"
    } else {
        "the client made its next attempt"
    };
    Check::strong(NAME, true, format!("{next} {since} after {what}"))
}

/// A client that is connected already may try QUIC beside, and wait for nothing.
fn not_connected_before(case: &Case<'_>, parts: &[Part<'_>]) -> Check {
    const NAME: &str = "not-connected-before";
    let (client, server) = (case.setup.client.ip, case.setup.server);
    let first = parts.first().map(|part| part.earlier.attempt.first);
    let before = case.scene.worked.first(client, server);
    match before.filter(|before| first.is_some_and(|first| *before < first)) {
        Some(before) => Check::strong(
            NAME,
            None,
            format!(
                "{client} had connected to {server} before (frame {}), and may not have waited",
                before.frame
            ),
        ),
        None => Check::strong(
            NAME,
            true,
            format!("{client} had not connected to {server} before in this capture"),
        ),
    }
}

fn covers_the_wait(case: &Case<'_>, cover: &Cover) -> Check {
    const NAME: &str = "covers-the-wait";
    let (wait, explained) = (case.wait.duration(), cover.length());
    let detail = format!("the attempts account for {explained} of {wait}");
    if explained < wait.percent(10) {
        Check::necessary(NAME, false, detail)
    } else {
        Check::strong(NAME, explained >= wait.percent(90), detail)
    }
}

fn summary(case: &Case<'_>, transport: Transport, parts: &[Part<'_>], length: Span) -> String {
    let by = match transport {
        Transport::Tcp => "",
        Transport::Quic => " by QUIC",
    };
    format!(
        "Before it connected to {}, the client tried {}{by} for {length}: {}.",
        case.setup.server,
        join(&servers(parts)),
        fates(transport, parts)
    )
}

/// What came of the attempts: `the SYN was sent 4 times and never answered`.
fn fates(transport: Transport, parts: &[Part<'_>]) -> String {
    let packet = packet(transport);
    let mut fates: Vec<String> = Vec::new();
    for part in parts {
        let attempt = &part.earlier.attempt;
        let count = attempt.copies().count();
        let times = if count == 1 {
            "once".to_owned()
        } else {
            format!("{count} times")
        };
        let whose = if parts.len() > 1 {
            format!(" to {}", part.earlier.server)
        } else {
            String::new()
        };
        let fate = match attempt.end {
            Some((_, Fate::Refused)) => "refused by a reset (RST)".to_owned(),
            Some((_, Fate::Unreachable(reporter))) if attempt.is_deaf => format!(
                "sent {times} and answered by {reporter} with ICMP errors, which did not stop the \
                 client"
            ),
            Some((_, Fate::Unreachable(reporter))) => {
                format!("answered by {reporter} with an ICMP error")
            }
            Some((_, Fate::Answered)) | None => format!("sent {times} and never answered"),
        };
        fates.push(format!("{packet}{whose} was {fate}"));
    }
    join(&fates)
}

fn remedy(case: &Case<'_>, transport: Transport, parts: &[Part<'_>]) -> String {
    let setup = case.setup;
    if transport == Transport::Quic {
        let is_refused = |part: &Part<'_>| part.earlier.attempt.end.is_some();
        let now = if parts.iter().any(is_refused) {
            "it is refused with an ICMP error"
        } else {
            "a firewall or network drops it without a word"
        };
        return format!(
            "Let UDP to port {} through to {} ({now}), or have the server offer no HTTP/3; a client \
             that tries TCP at once beside QUIC does not wait.",
            setup.server.port, setup.server.ip
        );
    }
    let addresses: Vec<_> = servers(parts).iter().map(|server| server.ip).collect();
    let which = if addresses.iter().all(std::net::IpAddr::is_ipv6) && setup.server.ip.is_ipv4() {
        " by IPv6"
    } else {
        ""
    };
    let name = setup.resolved_name.as_ref();
    let name = name.map_or("the server's name", Name::as_str);
    format!(
        "Find out why port {} of {} cannot be reached{which} from the client: the route, a firewall \
         that drops packets, a server that does not listen there. Or take that address out of the \
         records of {name}. A client that tries the next address after 0.25 s (Happy Eyeballs, RFC \
         8305) does not wait.",
        setup.server.port,
        join(&addresses)
    )
}

fn evidence(transport: Transport, parts: &[Part<'_>]) -> Vec<Exhibit> {
    let packet = match transport {
        Transport::Tcp => "SYN",
        Transport::Quic => "QUIC Initial",
    };
    let mut frames = Vec::new();
    for part in parts {
        let (attempt, server) = (&part.earlier.attempt, part.earlier.server);
        for (index, copy) in attempt.copies().enumerate() {
            let again = if index == 0 { "" } else { ", sent again" };
            frames.push(Exhibit::of_client(
                copy,
                format!("{packet} to {server}{again}"),
            ));
        }
        match attempt.end {
            Some((at, Fate::Refused)) => {
                frames.push(Exhibit::of_server(at, format!("{server} refuses (RST)")));
            }
            Some((at, Fate::Unreachable(reporter))) => {
                let way = way_of_icmp(reporter, server.ip);
                let text = format!("ICMP error from {reporter} about {server}");
                frames.push(Exhibit::new(at, way, text));
            }
            Some((_, Fate::Answered)) | None => {}
        }
    }
    frames.sort_by_key(|exhibit| exhibit.moment);
    frames.truncate(MAX_EVIDENCE);
    frames
}

/// The servers that were tried, each once, in their order.
fn servers(parts: &[Part<'_>]) -> Vec<Endpoint> {
    let mut servers = Vec::new();
    for part in parts {
        if !servers.contains(&part.earlier.server) {
            servers.push(part.earlier.server);
        }
    }
    servers
}

const fn packet(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp => "the SYN",
        Transport::Quic => "the QUIC Initial",
    }
}
