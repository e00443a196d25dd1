//! Waits that the capture itself made, or the end of which it missed; and what it makes doubtful.

use super::name_lookup::was_asked_again;
use super::{Candidate, Case, Check, Cover, Exhibit, Opinion, words};
use crate::quality::Step;
use crate::report::{Cause, Party, Phase, Way};
use crate::tcp::Side;
use crate::time::{Moment, Span};

pub(super) fn consider(case: &Case<'_>, opinions: &mut Vec<Opinion>) {
    let (from, to) = (case.wait.from, case.wait.to);
    if let Some(step) = case.scene.capture.clock.step_within(from, to) {
        opinions.push(Opinion::Holds(Box::new(clock_step(case, step))));
    } else if let Some((acked, sent)) = out_of_order(case) {
        opinions.push(Opinion::Holds(Box::new(acknowledged_early(
            case, acked, sent,
        ))));
    }
    if let Some(unseen) = missed_end(case) {
        opinions.push(Opinion::Holds(Box::new(frames_lost(case, unseen))));
    }
}

/// The last resort for a stalled wait that nothing explains, such as a TCP handshake whose SYN-ACK was
/// not captured: it says that the capture does not tell.
pub(super) fn untold(case: &Case<'_>) -> Candidate {
    let awaited = words::awaited(case.wait.phase);
    Candidate {
        cause: Cause::CaptureArtefact,
        waiting_on: case.wait.waiting_on,
        cover: Cover::none(),
        summary: format!(
            "It took {} until {awaited}, and the frames that would tell why are not in the capture.",
            case.wait.duration()
        ),
        remedy: "Capture again without loss: a larger buffer (tcpdump -B), a filter that lets \
                 less through, and both directions."
            .to_owned(),
        evidence: Vec::new(),
        checks: vec![
            Check::strong("covers-the-wait", None, "what took the time is not seen"),
            Check::strong(
                NO_FRAMES_LOST,
                None,
                "which frames are missing is not known",
            ),
        ],
        is_fallback: true,
        lookups: Vec::new(),
        subject: None,
    }
}

/// What of the capture stands against `candidate`: nothing, as a rule.
pub(super) fn doubts(case: &Case<'_>, candidate: &Candidate) -> Vec<Check> {
    if candidate.cause == Cause::CaptureArtefact {
        return Vec::new();
    }
    let step = against_a_step(case);
    let absence = match rests_on(candidate.cause, case.wait.phase) {
        Some(Absence::Answer) => without_answers(case, candidate),
        Some(Absence::Of(side)) => without_packets(case, candidate.cause, side),
        None => Vec::from_iter(without_what_went_before(case, candidate.cause)),
    };
    let mut checks = Vec::from_iter(step);
    checks.extend(asked_once_for_long(case, candidate));
    checks.extend(absence);
    checks.extend(made_by_an_app(case, candidate));
    checks.extend(by_an_observer(case, candidate));
    checks
}

/// What must have been absent for a cause to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Absence {
    /// The answer to a lookup.
    Answer,
    /// Packets of one side.
    Of(Side),
}

fn rests_on(cause: Cause, phase: Phase) -> Option<Absence> {
    match cause {
        Cause::ReverseDnsUnanswered | Cause::ForwardDnsUnanswered | Cause::ResolverSilent => {
            Some(Absence::Answer)
        }
        Cause::ConnectTimeout
        | Cause::SynLost
        | Cause::ClientHelloLost
        | Cause::ClientFlightLost
        | Cause::ResetOnClientHello
        | Cause::ProxyTunnel
        | Cause::ServerSlow
        | Cause::ServerSilent => Some(Absence::Of(Side::Server)),
        Cause::ServerFlightLost => Some(Absence::Of(Side::Client)),
        // The receiver's acknowledgement, or its open window.
        Cause::PathMtuBlackHole | Cause::ZeroWindow => Some(Absence::Of(match phase {
            Phase::ServerHello | Phase::ServerFlight => Side::Client,
            _ => Side::Server,
        })),
        Cause::ClientIdle | Cause::UnusedConnection if phase != Phase::TcpConnect => {
            Some(Absence::Of(Side::Client))
        }
        _ => None,
    }
}

/// What was said last tells why a handshake failed, unless what it answers was missed.
fn without_what_went_before(case: &Case<'_>, cause: Cause) -> Option<Check> {
    if !matches!(cause, Cause::ProtocolMismatch | Cause::TlsAlert) {
        return None;
    }
    if cause == Cause::ProtocolMismatch && case.setup.reading.is_cut {
        let detail =
            "what was said in the clear was captured in part: what went before is not known";
        return Some(Check::strong(NO_FRAMES_LOST, None, detail));
    }
    let sides = [Side::Client, Side::Server].into_iter();
    let at = sides.filter_map(|side| case.setup.unseen(side)).min()?;
    let detail = format!(
        "frame {} acknowledges what was not captured: what went before is not known",
        at.frame
    );
    Some(Check::strong(NO_FRAMES_LOST, None, detail))
}

/// A wait across a step of the clock was not as long as it looks.
fn against_a_step(case: &Case<'_>) -> Option<Check> {
    const NAME: &str = "clock-is-steady";
    let wait = case.wait;
    let Some(step) = case.scene.capture.clock.step_within(wait.from, wait.to) else {
        return out_of_order(case).map(|(acked, sent)| {
            let detail = format!(
                "frame {} acknowledges what stands in the capture only in frame {}",
                acked.frame, sent.frame
            );
            Check::necessary(NAME, false, detail)
        });
    };
    let detail = format!(
        "the capture's clock jumped by {} before frame {}",
        step.jump, step.after.frame
    );
    Some(if step.jump.abs() >= wait.duration().percent(50) {
        Check::necessary(NAME, false, detail)
    } else {
        Check::strong(NAME, false, detail)
    })
}

/// A frame that acknowledges what stands in the capture only after it, and that, where at least half
/// of the wait lies between them.
fn out_of_order(case: &Case<'_>) -> Option<(Moment, Moment)> {
    let (from, to) = (case.wait.from, case.wait.to);
    let traces = &case.setup.traces;
    let late = [traces.client.late(), traces.server.late()];
    late.into_iter().flatten().find(|&(acked, sent)| {
        let between = Cover::between(acked.time, sent.time).within(from.time, to.time);
        between.length() >= case.wait.duration().percent(50).max(Span::from_millis(1))
    })
}

/// Who asks again has had no answer; where the question stands once, the answer may be missing.
fn without_answers(case: &Case<'_>, candidate: &Candidate) -> Vec<Check> {
    let (capture, lookups) = (case.scene.capture, case.scene.lookups);
    let numbers = &candidate.lookups;
    let asked_again = numbers
        .iter()
        .any(|&number| lookups.numbered(number).is_some_and(was_asked_again));
    let mut checks = Vec::new();
    match capture.shows_both_directions(lookups) {
        Some(true) => {}
        None => checks.push(Check::strong(
            BOTH_DIRECTIONS,
            None,
            "nothing of any other host is in the capture",
        )),
        Some(false) if asked_again => checks.push(Check::strong(
            BOTH_DIRECTIONS,
            false,
            "one direction only was captured; but who asks again has had no answer",
        )),
        Some(false) => checks.push(Check::necessary(
            BOTH_DIRECTIONS,
            false,
            "one direction only was captured: whether an answer came is not known",
        )),
    }
    if capture.loses_frames(lookups, case.wait.to) && !asked_again {
        checks.push(Check::strong(
            NO_FRAMES_LOST,
            None,
            "frames are missing from the capture: an answer may be one of them",
        ));
    }
    checks
}

/// Every resolver asks again after 5 s at most, unless it is told otherwise; one that waits for
/// much longer may be one of those, or the clock was set meanwhile.
fn asked_once_for_long(case: &Case<'_>, candidate: &Candidate) -> Option<Check> {
    const LONG: Span = Span::from_secs(12);

    let slow = matches!(
        candidate.cause,
        Cause::ReverseDnsSlow | Cause::ForwardDnsSlow
    );
    let mut lookups = candidate
        .lookups
        .iter()
        .filter_map(|&number| case.scene.lookups.numbered(number));
    let once = lookups.find(|lookup| {
        let udp = lookup.queries.iter().all(|query| !query.over_tcp);
        lookup.queries.len() == 1 && udp && lookup.duration() >= LONG
    });
    once.filter(|_| slow).map(|lookup| {
        Check::strong(
            "clock-is-steady",
            None,
            format!(
                "{} was asked for once in {}: an asker of unusual patience, or a clock that was \
                 set meanwhile",
                lookup.name,
                lookup.duration()
            ),
        )
    })
}

/// Packets that were acknowledged were sent, though they are not in the capture.
fn without_packets(case: &Case<'_>, cause: Cause, side: Side) -> Vec<Check> {
    let setup = case.setup;
    if missed_end(case).is_some() && awaited_of(case) == Some(side) {
        return vec![Check::necessary(
            NO_FRAMES_LOST,
            false,
            "what was awaited was acknowledged, and is not in the capture",
        )];
    }
    let unseen = setup.unseen(side).filter(|at| *at <= case.wait.to);
    let unseen = unseen.map(|at| {
        let detail = format!("frame {} acknowledges what was not captured", at.frame);
        Check::strong(NO_FRAMES_LOST, None, detail)
    });
    if setup.traces.client.heard && setup.traces.server.heard {
        return Vec::from_iter(unseen);
    }
    // A SYN that is sent again has had no answer; nothing else shows that the way back was seen.
    let resent = cause == Cause::ConnectTimeout && setup.syns.len() > 1;
    match case.scene.capture.shows_both_directions(case.scene.lookups) {
        Some(true) => Vec::from_iter(unseen),
        None => vec![Check::strong(
            BOTH_DIRECTIONS,
            None,
            "nothing of any other host is in the capture",
        )],
        Some(false) => vec![Check::strong(
            BOTH_DIRECTIONS,
            false,
            if resent {
                "one direction only was captured; but a SYN that is sent again has had no answer"
            } else {
                "one direction only was captured: whether an answer came is not known"
            },
        )],
    }
}

const BOTH_DIRECTIONS: &str = "capture-shows-both-directions";
const NO_FRAMES_LOST: &str = "no-frames-lost";

/// An app on the phone plays the server's part: what is lost on the network is not seen.
fn made_by_an_app(case: &Case<'_>, candidate: &Candidate) -> Option<Check> {
    let (first, _) = case.scene.capture.vpn_app()?;
    let of_packets = matches!(
        candidate.cause,
        Cause::SynLost
            | Cause::ConnectTimeout
            | Cause::ConnectRefused
            | Cause::ClientHelloLost
            | Cause::ServerFlightLost
            | Cause::ClientFlightLost
            | Cause::PathMtuBlackHole
            | Cause::ZeroWindow
            | Cause::ResetOnClientHello
    );
    let of_connect = case.wait.phase == Phase::TcpConnect;
    (of_packets || of_connect).then(|| {
        Check::strong(
            "seen-on-the-network",
            false,
            format!(
                "an app on the phone made the capture, and the server's packets up from frame {}",
                first.frame
            ),
        )
    })
}

/// A host on which a program looks on asks for its peers' names, and waits for none.
fn by_an_observer(case: &Case<'_>, candidate: &Candidate) -> Option<Check> {
    let first = *candidate.lookups.first()?;
    let lookup = case.scene.lookups.numbered(first)?;
    let looks_on = case.scene.capture.observers.includes(lookup.asker);
    (looks_on && lookup.reverse_of().is_some()).then(|| {
        Check::necessary(
            "asked-by-who-waits",
            false,
            format!(
                "{} asks for the name of every peer while it connects, as tcpdump without -n does",
                lookup.asker
            ),
        )
    })
}

/// Whose packet would have ended the wait.
fn awaited_of(case: &Case<'_>) -> Option<Side> {
    match case.wait.phase {
        Phase::TcpConnect
        | Phase::ServerGreeting
        | Phase::ServerHello
        | Phase::ServerFlight
        | Phase::ServerFinished => Some(Side::Server),
        Phase::ClientFinished => Some(Side::Client),
        // A ClientHello may have to wait for a proxy.
        Phase::ClientHello | Phase::Starttls => match case.wait.waiting_on {
            Party::Client => Some(Side::Client),
            Party::Server => Some(Side::Server),
            Party::Network | Party::Resolver => None,
        },
        Phase::NameResolution | Phase::EarlierAttempts | Phase::ApplicationData => None,
    }
}

/// The frame that acknowledges, within a wait that did not end, what was awaited and not captured.
fn missed_end(case: &Case<'_>) -> Option<Moment> {
    if !case.wait.is_unfulfilled() {
        return None;
    }
    let side = awaited_of(case)?;
    let (from, to) = (case.wait.from, case.wait.to);
    let unseen = case.setup.unseen_within(side, from, to);
    unseen.or_else(|| passed_over(case, side))
}

/// The frame with bytes of `side` beyond others that never came, though nobody is seen to lack them.
fn passed_over(case: &Case<'_>, side: Side) -> Option<Moment> {
    let (from, to) = (case.wait.from, case.wait.to);
    let hole = case.setup.passage(side).hole.as_deref()?;
    let is_open = hole.filled.is_none_or(|(at, _)| at > to) && !hole.receiver_lacks_it;
    let within = hole.since > from && hole.since <= to;
    let begun = case.wait.phase != Phase::ClientHello;
    (is_open && within && begun).then_some(hole.since)
}

fn acknowledged_early(case: &Case<'_>, acked: Moment, sent: Moment) -> Candidate {
    let early = sent.since(acked);
    Candidate {
        cause: Cause::CaptureArtefact,
        waiting_on: case.wait.waiting_on,
        cover: Cover::between(acked.time, sent.time),
        summary: format!(
            "Frame {} acknowledges what stands in the capture only {early} later, in frame {}: both \
             directions were captured by clocks that differ, or a first copy was not captured. How \
             long {} was awaited is not known.",
            acked.frame,
            sent.frame,
            words::awaited(case.wait.phase)
        ),
        remedy: "Capture both directions in one place, by one clock.".to_owned(),
        evidence: vec![
            Exhibit::new(acked, Way::UNKNOWN, "the acknowledgement"),
            Exhibit::new(sent, Way::UNKNOWN, "what it acknowledges"),
        ],
        checks: vec![Check::necessary(
            "acknowledged-before-captured",
            true,
            format!("{early} lie between the two"),
        )],
        is_fallback: false,
        lookups: Vec::new(),
        subject: None,
    }
}

fn clock_step(case: &Case<'_>, step: Step) -> Candidate {
    let length = step.after.since(step.before);
    let end = step.after.time;
    let begin = end.plus(Span::ZERO.minus(step.jump.max(Span::ZERO)));
    let direction = if step.jump < Span::ZERO {
        "back"
    } else {
        "forward"
    };
    Candidate {
        cause: Cause::CaptureArtefact,
        waiting_on: case.wait.waiting_on,
        cover: Cover::between(begin, end),
        summary: format!(
            "The capture's clock went {direction} by {} between two frames: it was set, or the \
             capturing host slept. How long {} was awaited is not known.",
            step.jump.abs(),
            words::awaited(case.wait.phase)
        ),
        remedy: "Capture again, on a host that stays awake and whose clock is not set meanwhile."
            .to_owned(),
        evidence: vec![
            Exhibit::new(step.before, Way::UNKNOWN, "the last frame before the step"),
            Exhibit::new(
                step.after,
                Way::UNKNOWN,
                format!("the first frame after it, {length} later"),
            ),
        ],
        checks: vec![
            Check::necessary("clock-stepped", true, format!("{} show it", step.shown_by)),
            Check::strong(
                "covers-the-wait",
                step.jump.abs() >= case.wait.duration().percent(50),
                format!("it jumped by {} in {}", step.jump, case.wait.duration()),
            ),
        ],
        is_fallback: false,
        lookups: Vec::new(),
        subject: None,
    }
}

fn frames_lost(case: &Case<'_>, unseen: Moment) -> Candidate {
    let awaited = words::awaited(case.wait.phase);
    let whose = awaited_of(case).unwrap_or(Side::Server);
    let name = |side| match side {
        Side::Client => "client",
        Side::Server => "server",
    };
    let (side, shows) = if passed_over(case, whose) == Some(unseen) {
        (
            whose,
            format!("the {} sends what follows some", name(whose)),
        )
    } else {
        let peer = whose.peer();
        (peer, format!("the {} acknowledges some", name(peer)))
    };
    Candidate {
        cause: Cause::CaptureArtefact,
        waiting_on: case.wait.waiting_on,
        cover: case.whole(),
        summary: format!(
            "Packets are missing from the capture: {shows} that are not there, in frame {}. Whether {awaited} came, and when, is not known.",
            unseen.frame
        ),
        remedy: "Capture again without loss: a larger buffer (tcpdump -B), a filter that lets \
                 less through, and both directions."
            .to_owned(),
        evidence: vec![Exhibit::of(
            side,
            unseen,
            format!("{shows} that are not in the capture"),
        )],
        checks: vec![Check::necessary(
            "acknowledged-and-not-captured",
            true,
            format!("in frame {} {shows} that were not captured", unseen.frame),
        )],
        is_fallback: false,
        lookups: Vec::new(),
        subject: None,
    }
}
