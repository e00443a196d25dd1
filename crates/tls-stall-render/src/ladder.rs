//! The course of one connection as a ladder: who sent what to whom, and when nobody did.
//!
//! The formats draw it; here is what there is to draw.

use std::collections::BTreeMap;

use tls_stall::{
    Analysis, Connection, EndedBy, Evidence, FrameNumber, Lookup, Milestone, Party, Span, Wait, Way,
};

use crate::escape::shown;
use crate::words;

/// As many steps are drawn; of a longer course the middle is left out.
const MAX_STEPS: usize = 60;

/// Of those, as many are the last ones.
const LAST_STEPS: usize = 20;

/// Who takes part, from left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lane {
    /// The name servers that the client asked.
    ClientsResolver,
    /// The client.
    Client,
    /// Any other host: a router between the two, one that is asked for a certificate's status.
    Network,
    /// The server.
    Server,
    /// The name servers that the server asked.
    ServersResolver,
}

impl Lane {
    /// Its heading.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Network => "network",
            Self::Server => "server",
            Self::ClientsResolver | Self::ServersResolver => "resolver",
        }
    }
}

/// One frame of the course.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// The frame's number.
    pub(crate) frame: FrameNumber,
    /// Since the capture's first frame.
    pub(crate) time: Span,
    /// Who sent it, where that is known.
    pub(crate) from: Option<Lane>,
    /// To whom.
    pub(crate) to: Option<Lane>,
    /// What it is, in a word or two.
    pub(crate) label: String,
    /// What there is to say about it, safe to show.
    pub(crate) text: String,
}

/// A stalled wait, from one step to another.
#[derive(Debug, Clone)]
pub(crate) struct Silence {
    /// The index of the step that began it.
    pub(crate) from: usize,
    /// The index of the step that ended it, or the number of steps.
    pub(crate) to: usize,
    /// The lanes of those who owed the next move.
    pub(crate) lanes: Vec<Lane>,
    /// How long, what for, and on whom.
    pub(crate) text: String,
    /// How long.
    pub(crate) length: String,
    /// On whom.
    pub(crate) party: Party,
}

/// The course of a connection.
#[derive(Debug)]
pub(crate) struct Ladder {
    /// Those who take part, from left to right.
    pub(crate) lanes: Vec<Lane>,
    /// The frames, in the order of time.
    pub(crate) steps: Vec<Step>,
    /// The stalls.
    pub(crate) silences: Vec<Silence>,
}

impl Ladder {
    /// The milestones of `connection` and the evidence of its findings.
    pub(crate) fn new(connection: &Connection, lookups: &Lookups<'_>) -> Self {
        let steps = shorten(steps(connection, lookups));
        let stalled = connection.waits.iter().filter(|wait| wait.stalled);
        let mut lanes = vec![Lane::Client, Lane::Server];
        lanes.extend(steps.iter().flat_map(|step| [step.from, step.to]).flatten());
        lanes.sort_unstable();
        lanes.dedup();
        let silences = stalled.map(|wait| silence(wait, &steps, &lanes)).collect();
        Self {
            lanes,
            steps,
            silences,
        }
    }

    /// Where `lane` stands among the lanes.
    pub(crate) fn place(&self, lane: Lane) -> Option<usize> {
        self.lanes.iter().position(|it| *it == lane)
    }

    /// From the first step to the last.
    pub(crate) fn length(&self) -> Span {
        match (self.steps.first(), self.steps.last()) {
            (Some(first), Some(last)) => last.time.minus(first.time).max(Span::ZERO),
            _ => Span::ZERO,
        }
    }

    /// How long the step at `index` came after the one before it.
    pub(crate) fn gap(&self, index: usize) -> Span {
        let earlier = index
            .checked_sub(1)
            .and_then(|before| self.steps.get(before));
        match (earlier, self.steps.get(index)) {
            (Some(earlier), Some(step)) => step.time.minus(earlier.time).max(Span::ZERO),
            _ => Span::ZERO,
        }
    }
}

/// The lookups of a capture by the frames of their queries and answers.
#[derive(Debug)]
pub(crate) struct Lookups<'a>(BTreeMap<FrameNumber, Message<'a>>);

/// A query or an answer.
#[derive(Debug)]
struct Message<'a> {
    lookup: &'a Lookup,
    time: Span,
    /// The response code of an answer.
    answer: Option<&'a str>,
}

impl<'a> Lookups<'a> {
    pub(crate) fn of(analysis: &'a Analysis) -> Self {
        let mut messages = BTreeMap::new();
        for lookup in &analysis.lookups {
            for query in &lookup.queries {
                let (time, answer) = (query.time, None);
                messages.insert(
                    query.frame,
                    Message {
                        lookup,
                        time,
                        answer,
                    },
                );
            }
            for answer in &lookup.answers {
                let (frame, time, answer) = (answer.frame, answer.time, Some(&*answer.rcode));
                messages.insert(
                    frame,
                    Message {
                        lookup,
                        time,
                        answer,
                    },
                );
            }
        }
        Self(messages)
    }

    /// When `frame` was captured, if it is a message of a lookup.
    pub(crate) fn time(&self, frame: FrameNumber) -> Option<Span> {
        self.0.get(&frame).map(|message| message.time)
    }
}

/// Milestones that add nothing where their beginning stands in the same frame.
const ENDS: [(Milestone, Milestone); 2] = [
    (Milestone::ClientHelloEnd, Milestone::ClientHello),
    (Milestone::ServerHelloEnd, Milestone::ServerHello),
];

/// What is known of one frame.
#[derive(Default)]
struct Known<'a> {
    milestones: Vec<Milestone>,
    evidence: Vec<&'a Evidence>,
    /// Between whom it went; evidence may know better than the milestone, as of a reset that a box
    /// on the path made.
    of_evidence: Way,
    of_milestone: Way,
}

/// The frames of the milestones and of all evidence, in the order of time.
fn steps(connection: &Connection, lookups: &Lookups<'_>) -> Vec<Step> {
    let mut frames: BTreeMap<(Span, FrameNumber), Known<'_>> = BTreeMap::new();
    for (&milestone, at) in &connection.milestones {
        let known = frames.entry((at.time, at.frame)).or_default();
        known.milestones.push(milestone);
        if known.of_milestone.is_unknown() {
            known.of_milestone = at.way;
        }
    }
    for finding in &connection.findings {
        for evidence in &finding.evidence {
            let known = frames.entry((evidence.time, evidence.frame)).or_default();
            known.add(evidence);
        }
    }
    let mut steps: Vec<Step> = frames
        .into_iter()
        .map(|((time, frame), known)| known.step((frame, time), lookups))
        .collect();
    steps.extend(end_of_capture(connection, &steps));
    steps
}

impl<'a> Known<'a> {
    /// Keeps `evidence` unless another says the same and perhaps more.
    fn add(&mut self, evidence: &'a Evidence) {
        if self.of_evidence.is_unknown() {
            self.of_evidence = evidence.way;
        }
        let message = &*evidence.message;
        if self
            .evidence
            .iter()
            .any(|it| it.message.starts_with(message))
        {
            return;
        }
        self.evidence.retain(|it| !message.starts_with(&it.message));
        self.evidence.push(evidence);
    }

    fn step(mut self, (frame, time): (FrameNumber, Span), lookups: &Lookups<'_>) -> Step {
        let begun = self.milestones.clone();
        self.milestones.retain(|milestone| {
            let mut begins = ENDS.iter().filter(|(end, _)| end == milestone);
            !begins.any(|(_, begin)| begun.contains(begin))
        });
        let milestone = self.milestones.first().copied();
        let lookup = lookups.0.get(&frame);
        let way = if self.of_evidence.is_unknown() {
            self.of_milestone
        } else {
            self.of_evidence
        };
        let (from, to) = lanes(way);
        let text = if self.evidence.is_empty() {
            let words = self.milestones.iter().map(|&it| words::milestone(it));
            words.collect::<Vec<_>>().join("; ")
        } else {
            let messages = self.evidence.iter().map(|it| shown(&it.message));
            messages.collect::<Vec<_>>().join("; ")
        };
        let label = match (milestone, lookup) {
            (None, Some(message)) => message.label(),
            (Some(milestone), _) => words::short_milestone(milestone).to_owned(),
            (None, None) => text.clone(),
        };
        Step {
            frame,
            time,
            from,
            to,
            label,
            text,
        }
    }
}

impl Message<'_> {
    /// `PTR query`, `PTR: NXDOMAIN`.
    fn label(&self) -> String {
        let kind = shown(&self.lookup.record_type);
        match self.answer {
            None => format!("{kind} query"),
            Some(rcode) => format!("{kind}: {}", shown(rcode)),
        }
    }
}

/// The lanes between which a frame goes; a resolver stands beside the one who asks it.
fn lanes(way: Way) -> (Option<Lane>, Option<Lane>) {
    let lane = |party: Option<Party>, peer: Option<Party>| {
        Some(match party? {
            Party::Client => Lane::Client,
            Party::Server => Lane::Server,
            Party::Resolver if peer == Some(Party::Server) => Lane::ServersResolver,
            Party::Resolver => Lane::ClientsResolver,
            _ => Lane::Network,
        })
    };
    (lane(way.from, way.to), lane(way.to, way.from))
}

/// The end of the capture, where it cut a stalled wait.
fn end_of_capture(connection: &Connection, steps: &[Step]) -> Option<Step> {
    let mut cut = connection.waits.iter();
    let cut = cut.rfind(|wait| wait.stalled && wait.ended_by == EndedBy::EndOfCapture)?;
    let began = steps.iter().find(|step| step.frame == cut.from_frame)?;
    let time = began.time.plus(cut.duration);
    let last = steps.last()?;
    (time > last.time).then(|| Step {
        frame: cut.to_frame,
        time,
        from: None,
        to: None,
        label: "end of capture".to_owned(),
        text: "the capture ends".to_owned(),
    })
}

/// `steps` without their middle, if they are too many.
fn shorten(mut steps: Vec<Step>) -> Vec<Step> {
    if steps.len() <= MAX_STEPS {
        return steps;
    }
    let first = MAX_STEPS.saturating_sub(LAST_STEPS);
    let last = steps.len().saturating_sub(LAST_STEPS);
    let more = words::count(words::number(last.saturating_sub(first)), "frame");
    let left_out: Vec<Step> = steps.drain(first..last).collect();
    steps.extend(left_out.into_iter().next().map(|step| Step {
        from: None,
        to: None,
        label: format!("{more} not drawn"),
        text: format!("{more} from here on are not drawn"),
        ..step
    }));
    steps.sort_by_key(|step| (step.time, step.frame));
    steps
}

/// Where a stalled wait lies among `steps`.
fn silence(wait: &Wait, steps: &[Step], lanes: &[Lane]) -> Silence {
    let at_end = steps.iter().position(|step| step.frame == wait.to_frame);
    let after_end = || steps.iter().position(|step| step.frame > wait.to_frame);
    let to = at_end.or_else(after_end).unwrap_or(steps.len());
    let before = steps.get(..to).unwrap_or_default();
    let from = before
        .iter()
        .rposition(|step| step.frame <= wait.from_frame);
    let owing: &[Lane] = match wait.waiting_on {
        Party::Client => &[Lane::Client],
        Party::Server => &[Lane::Server],
        Party::Resolver => &[Lane::ClientsResolver, Lane::ServersResolver],
        _ => &[Lane::Client, Lane::Server],
    };
    let owing = owing.iter().copied();
    Silence {
        from: from.unwrap_or(0),
        to,
        lanes: owing.filter(|lane| lanes.contains(lane)).collect(),
        text: words::silence(wait),
        length: words::silence_length(wait),
        party: wait.waiting_on,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;

    fn ladder(connection: &Connection, analysis: &Analysis) -> Ladder {
        Ladder::new(connection, &Lookups::of(analysis))
    }

    fn stalled() -> (Connection, Analysis) {
        let mut document = example::stalled();
        let mut analysis = document.captures.remove(0).analysis;
        (analysis.connections.remove(0), analysis)
    }

    #[test]
    fn a_lookup_goes_to_a_resolver_beside_the_one_who_asked() {
        let (mut connection, analysis) = stalled();
        let lanes = ladder(&connection, &analysis).lanes;
        assert_eq!(lanes, [Lane::ClientsResolver, Lane::Client, Lane::Server]);

        for evidence in &mut connection.findings[0].evidence[..3] {
            evidence.way = Way::between(Party::Server, Party::Resolver);
        }
        let lanes = ladder(&connection, &analysis).lanes;
        assert_eq!(lanes, [Lane::Client, Lane::Server, Lane::ServersResolver]);
    }

    #[test]
    fn a_frame_of_another_host_has_a_lane_between_the_two_ends() {
        let (mut connection, analysis) = stalled();
        let reset = connection.milestones[&Milestone::ServerRst];
        let way = Way::between(Party::Network, Party::Client);
        let evidence = Evidence::new(reset.frame, reset.time, way, "a box resets");
        connection.findings[0].evidence.push(evidence);
        let ladder = ladder(&connection, &analysis);
        assert_eq!(
            ladder.lanes,
            [
                Lane::ClientsResolver,
                Lane::Client,
                Lane::Network,
                Lane::Server
            ]
        );
        let last = ladder.steps.last().unwrap();
        assert_eq!(
            (last.from, last.to),
            (Some(Lane::Network), Some(Lane::Client))
        );
    }

    #[test]
    fn a_frame_of_which_no_sender_is_known_has_no_arrow() {
        let (mut connection, analysis) = stalled();
        let evidence = &mut connection.findings[0].evidence[0];
        evidence.message = "an ICMP error".to_owned();
        evidence.way = Way::UNKNOWN;
        let ladder = ladder(&connection, &analysis);
        let step = ladder
            .steps
            .iter()
            .find(|step| step.text == "an ICMP error");
        assert_eq!(step.map(|step| (step.from, step.to)), Some((None, None)));
    }

    #[test]
    fn a_silence_lies_between_the_frames_that_began_and_ended_it() {
        let (connection, analysis) = stalled();
        let ladder = ladder(&connection, &analysis);
        let [silence] = &*ladder.silences else {
            panic!("one stall, {} silences", ladder.silences.len());
        };
        assert_eq!(ladder.steps[silence.from].frame.get(), 48);
        assert_eq!(ladder.steps[silence.to].frame.get(), 73);
        assert_eq!(silence.lanes, [Lane::Client]);
    }

    #[test]
    fn what_two_findings_say_of_a_frame_is_said_once() {
        let (mut connection, analysis) = stalled();
        let mut again = connection.findings[0].clone();
        again.evidence[3].message = "ClientHello, 28.000 s after the handshake: late".to_owned();
        connection.findings.push(again);
        let ladder = ladder(&connection, &analysis);
        let step = ladder.steps.iter().find(|step| step.frame.get() == 73);
        let said = step.map(|step| &*step.text);
        assert_eq!(
            said,
            Some("ClientHello, 28.000 s after the handshake: late")
        );
    }

    #[test]
    fn a_course_without_end_is_drawn_without_its_middle() {
        let (mut connection, analysis) = stalled();
        for number in 100..5000 {
            let time = Span::from_millis(i64::try_from(number * 100).unwrap());
            let evidence = Evidence::new(
                example::frame(number),
                time,
                Way::TO_SERVER,
                "the client waits",
            );
            connection.findings[0].evidence.push(evidence);
        }
        let ladder = ladder(&connection, &analysis);
        assert_eq!(ladder.steps.len(), MAX_STEPS + 1);
        let left_out = ladder
            .steps
            .iter()
            .filter(|step| step.text.contains("not drawn"));
        assert_eq!(left_out.count(), 1);
        assert_eq!(ladder.steps.last().map(|step| step.frame.get()), Some(4999));
    }
}
