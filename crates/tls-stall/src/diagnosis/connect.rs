//! Waits for the TCP handshake: lost, timed out, refused.

use super::{Candidate, Case, Check, Cover, Exhibit, Opinion};
use crate::milestone::Milestone;
use crate::report::{Cause, EndedBy, Party, Phase, Vantage};
use crate::tcp::routers_passed;
use crate::time::{Moment, Span};
use crate::timeline::Setup;

pub(super) fn consider(case: &Case<'_>, opinions: &mut Vec<Opinion>) {
    if case.wait.phase != Phase::TcpConnect {
        return;
    }
    let refused = match case.wait.ended_by {
        EndedBy::IcmpError => true,
        // One that comes after the SYN-ACK refuses no SYN.
        EndedBy::Milestone(end) => {
            end == Milestone::ServerRst && !case.setup.has(Milestone::SynAck)
        }
        _ => false,
    };
    let candidate = if refused {
        if asked(case).len() > 1 {
            opinions.push(Opinion::Holds(Box::new(syn_lost(case))));
        }
        connect_refused(case)
    } else if case.setup.has(Milestone::SynAck) || case.setup.has(Milestone::Established) {
        if case.setup.resent_syn_needlessly() {
            opinions.push(Opinion::ruled_out(
                Cause::SynLost,
                "the answer echoes the first SYN's clock, and took no longer than the round trip",
            ));
            return;
        }
        if case.setup.syns.len() < 2 && case.setup.syn_acks.len() < 2 {
            opinions.push(Opinion::ruled_out(
                Cause::SynLost,
                "the SYN was sent only once",
            ));
            return;
        }
        syn_lost(case)
    } else {
        connect_timeout(case)
    };
    opinions.push(Opinion::Holds(Box::new(candidate)));
}

fn syn_lost(case: &Case<'_>) -> Candidate {
    let setup = case.setup;
    let (from, to) = (case.wait.from, case.wait.to);
    let copies = asked(case);
    // The answer itself may be what was lost, and was sent again.
    let resent_answer = setup
        .syn_acks
        .iter()
        .rev()
        .find(|copy| **copy <= to)
        .copied();
    let lost_until = copies
        .last()
        .copied()
        .max(resent_answer.filter(|_| copies.len() < 2));
    let explained = lost_until.map_or(Span::ZERO, |last| last.since(from));
    let count = copies.len();
    let lost = Lost::of(setup, count);
    let arrived = lost == Lost::InTheServersHost;
    Candidate {
        cause: Cause::SynLost,
        waiting_on: if arrived {
            Party::Server
        } else {
            Party::Network
        },
        cover: lost_until.map_or(Cover::none(), |last| Cover::between(from.time, last.time)),
        summary: lost.summary(setup, count),
        remedy: lost.remedy(setup),
        evidence: copies_of_syn(&copies)
            .into_iter()
            .chain(
                setup
                    .at(Milestone::SynAck)
                    .map(|at| Exhibit::of_server(at, "SYN-ACK")),
            )
            .collect(),
        checks: vec![
            Check::necessary(
                "sent-again",
                count > 1 || setup.syn_acks.len() > 1,
                format!(
                    "{count} copies of the SYN, {} of the SYN-ACK",
                    setup.syn_acks.len()
                ),
            ),
            Check::strong(
                "covers-the-wait",
                explained >= to.since(from).percent(80),
                format!(
                    "the last copy was sent after {explained} of {}",
                    to.since(from)
                ),
            ),
            Check::strong(
                "lost-on-the-way",
                lost.is_on_the_way(setup),
                match lost {
                    Lost::InTheServersHost => "captured at the server, where every copy arrived",
                    Lost::OnTheWay => {
                        "not captured at the server: the copies before the last had no answer here"
                    }
                    Lost::Answer if setup.vantage() == Some(Vantage::Client) => {
                        "captured at the client, where the answer arrived"
                    }
                    Lost::Answer => "whether the answer went on from here is not seen",
                },
            ),
        ]
        .into_iter()
        .chain(case.doubt_of_one_server())
        .collect(),
        is_fallback: false,
        lookups: Vec::new(),
        subject: None,
    }
}

/// What of a TCP handshake was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lost {
    /// The SYNs came through, and the host did not answer the first ones.
    InTheServersHost,
    /// The SYN was answered, and the answer did not reach the client.
    Answer,
    /// The first SYNs, or their answers: this capture does not tell.
    OnTheWay,
}

impl Lost {
    /// Of `count` copies of the SYN before its answer.
    fn of(setup: &Setup, count: usize) -> Self {
        // At the server a SYN that is in the capture has come through.
        match setup.vantage() {
            Some(Vantage::Server) if count > 1 => Self::InTheServersHost,
            _ if count < 2 => Self::Answer,
            _ => Self::OnTheWay,
        }
    }

    /// Whether it was lost between the hosts, as far as is seen from where the capture was made.
    fn is_on_the_way(self, setup: &Setup) -> Option<bool> {
        match self {
            Self::InTheServersHost => Some(false),
            Self::OnTheWay => Some(true),
            Self::Answer => match setup.vantage() {
                Some(Vantage::Client) => Some(false),
                Some(Vantage::Server | Vantage::Between) => Some(true),
                None => None,
            },
        }
    }

    fn summary(self, setup: &Setup, count: usize) -> String {
        let (server, answers) = (setup.server, setup.syn_acks.len());
        let what = match self {
            Self::Answer => {
                return format!(
                    "{server} answered the client's SYN {answers} times before the client went on: \
                     the answer did not reach it."
                );
            }
            Self::InTheServersHost => {
                "each copy arrived, and the server's host dropped the first ones"
            }
            Self::OnTheWay => "the first copies, or the answers to them, were lost",
        };
        format!("The client sent its SYN to {server} {count} times before it was answered: {what}.")
    }

    fn remedy(self, setup: &Setup) -> String {
        let (client, server) = (setup.client.ip, setup.server);
        match self {
            Self::InTheServersHost => format!(
                "Look at {server}: its accept queue may be full (nstat: ListenOverflows), or a \
                 filter on the host drops SYNs."
            ),
            Self::Answer => format!(
                "Look for loss on the path from {server} to {client}: the SYN came through and its \
                 answer did not. A capture at the client tells whether the answer arrives there."
            ),
            Self::OnTheWay => format!(
                "Look for loss on the path to {server}: a weak radio link, a firewall that drops \
                 the first packets, or a server whose accept queue is full. A capture at the \
                 server tells whether the SYN arrived."
            ),
        }
    }
}

fn connect_timeout(case: &Case<'_>) -> Candidate {
    let setup = case.setup;
    let far = far_from_client(setup);
    let count = setup.syns.len();
    let over = setup
        .syns
        .last()
        .map_or(Span::ZERO, |last| last.since(case.wait.from));
    let capture = case.scene.capture;
    let (answered, came) = if capture.shows_both_directions(case.scene.lookups) == Some(true) {
        ("never answered", "came back")
    } else {
        ("is not seen to answer", "is in the capture")
    };
    let asked = match count {
        1 => "once".to_owned(),
        count => format!("{count} times over {over}"),
    };
    let copies = match count {
        1 => "1 copy of the SYN".to_owned(),
        count => format!("{count} copies of the SYN"),
    };
    Candidate {
        cause: Cause::ConnectTimeout,
        waiting_on: if far.is_some() {
            Party::Server
        } else {
            Party::Network
        },
        cover: case.whole(),
        summary: format!(
            "{} {answered}: the client sent its SYN {asked}, and neither \
             SYN-ACK, RST nor ICMP error {came}.{}",
            setup.server,
            far.map_or_else(String::new, |routers| format!(
                " Each came over {routers} routers to where it was captured: the server's host \
                 dropped them, or what lies between."
            ))
        ),
        remedy: remedy_of_timeout(setup, far),
        evidence: copies_of_syn(&setup.syns),
        checks: vec![
            Check::necessary(
                "no-answer",
                true,
                "no packet of the server in this connection",
            ),
            Check::strong(
                "asked-more-than-once",
                if count > 1 { Some(true) } else { None },
                copies,
            ),
            Check::strong(
                "given-up",
                is_given_up(case).then_some(true),
                "whether the client asked no more, or the capture ends first",
            ),
        ]
        .into_iter()
        .chain(reset_by_client(case))
        .chain(far.map(|routers| {
            Check::strong(
                "captured-at-the-server",
                None,
                format!(
                    "beyond {routers} routers; the server's TTL, which would tell, is not seen"
                ),
            )
        }))
        .collect(),
        is_fallback: false,
        lookups: Vec::new(),
        subject: None,
    }
}

/// A client that has had no answer gives up without a packet (RFC 9293, section 3.10.4); one that
/// resets may have had one that was not captured.
fn reset_by_client(case: &Case<'_>) -> Option<Check> {
    let reset = case.wait.ended_by == EndedBy::Milestone(Milestone::ClientRst);
    let detail = "the client resets what it was never granted: an answer may not be in the capture";
    reset.then(|| Check::strong("no-sign-of-an-answer", false, detail))
}

/// How many routers the SYNs had passed, where that is more than there are beside a client, and no
/// more than there are on any path: a TTL of 65 is one that was set by hand.
fn far_from_client(setup: &Setup) -> Option<u8> {
    const FAR: std::ops::RangeInclusive<u8> = 3..=30;

    let routers = setup.traces.client.ttl.map(routers_passed)?;
    (FAR.contains(&routers) && !setup.is_of_app).then_some(routers)
}

fn remedy_of_timeout(setup: &Setup, far: Option<u8>) -> String {
    if far.is_some() {
        return format!(
            "Look at {}: a packet filter on the host drops SYNs without a word (nft list ruleset, \
             iptables -S), its accept queue is full (nstat: ListenOverflows), or, if this was not \
             captured there, what lies between drops them.",
            setup.server
        );
    }
    format!(
        "Find out whether {} is up and reachable from {}: a firewall that drops packets without a \
         word, a wrong address or route, or a host that is down. A capture at the server tells \
         whether the SYN arrives.",
        setup.server, setup.client.ip
    )
}

/// Whether the next copy of the SYN would be in the capture, or so many were in vain that one more
/// is not likely to be answered.
fn is_given_up(case: &Case<'_>) -> bool {
    const MANY: usize = 6;

    let overdue = match case.setup.syns[..] {
        [.., before, last] => {
            case.wait.to.time.since(last.time) > last.time.since(before.time).percent(150)
        }
        _ => false,
    };
    case.wait.ended_by != EndedBy::EndOfCapture || overdue || case.setup.syns.len() >= MANY
}

fn connect_refused(case: &Case<'_>) -> Candidate {
    let setup = case.setup;
    let last = asked(case).last().copied().unwrap_or(case.wait.from);
    let how = match &setup.unreachable {
        Some(error) if case.wait.ended_by == EndedBy::IcmpError => {
            format!("{} answered with an ICMP error", error.reporter)
        }
        _ => "the answer was a reset (RST)".to_owned(),
    };
    Candidate {
        cause: Cause::ConnectRefused,
        waiting_on: Party::Server,
        cover: Cover::between(last.time, case.wait.to.time),
        summary: format!("The connection to {} was refused: {how}.", setup.server),
        remedy: format!(
            "Check that a server listens on port {} of {}, and that no firewall rejects {}.",
            setup.server.port, setup.server.ip, setup.client.ip
        ),
        evidence: vec![case.end()],
        checks: vec![Check::necessary("refused", true, how)],
        is_fallback: false,
        lookups: Vec::new(),
        subject: None,
    }
}

/// The copies of the SYN up to its answer.
fn asked(case: &Case<'_>) -> Vec<Moment> {
    let answer = case.setup.at(Milestone::SynAck).unwrap_or(case.wait.to);
    let until = answer.max(case.wait.from);
    let copies = case.setup.syns.iter().copied();
    copies.filter(|syn| *syn <= until).collect()
}

fn copies_of_syn(copies: &[Moment]) -> Vec<Exhibit> {
    let number = |(index, moment): (usize, &Moment)| match index {
        0 => Exhibit::of_client(*moment, "SYN"),
        again => Exhibit::of_client(*moment, format!("SYN, sent again ({again})")),
    };
    copies.iter().enumerate().map(number).collect()
}
