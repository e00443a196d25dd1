//! One connection seen from two places: what was spent on the path, and what never got through.
//!
//! Let the client wait for the server: from what it sent to what it got, the capture nearer to the
//! client shows the server's time and that of the path there and back, the one nearer to the server
//! the server's time alone. The difference was spent on the path. No clock of the one host is
//! compared with that of the other.

use crate::milestone::Milestone;
use crate::names::named;
use crate::notice::NoticeCode;
use crate::report::{Analysis, At, Connection, EndedBy, Party, Phase, Vantage, Wait};
use crate::time::{FrameNumber, Span};

use super::phases::{is_reached, of_phase};

/// Two captures at one place differ by the time that passes between two taps of one host.
const SAME_PLACE: Span = Span::from_nanos(50_000);

/// From here on a packet was late: the shortest time after which one is sent again (200 ms on Linux,
/// `TCP_RTO_MIN`).
const LATE: Span = Span::from_millis(200);

/// Where the time of one connection went that was captured at two places.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Ends {
    /// Which of the captures was made nearer to the client and which nearer to the server, by the
    /// time that passes in each between a question and its answer; `None` where that is the same:
    /// both were made at one place.
    pub places: Option<[Vantage; 2]>,
    /// The waits of which both captures tell enough.
    pub shares: Vec<Share>,
    /// The milestones that came late, or not at all, or from nowhere.
    pub strays: Vec<Stray>,
}

/// How one wait was divided.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Share {
    /// The phase.
    pub phase: Phase,
    /// The end that owed the next move.
    pub party: Party,
    /// What passed in that end, or beyond it as seen from the capture near it.
    #[cfg_attr(feature = "serde", serde(rename = "host_s"))]
    pub host: Span,
    /// What passed on the path between the two captures: two crossings, and what was lost there.
    #[cfg_attr(feature = "serde", serde(rename = "path_s"))]
    pub path: Span,
    /// Whether what was awaited arrived.
    pub arrived: bool,
    /// Whether one of the captures ends within the wait: then both are lower bounds.
    pub at_least: bool,
}

impl Share {
    /// The whole wait.
    #[must_use]
    pub const fn whole(&self) -> Span {
        self.host.plus(self.path)
    }
}

/// A milestone that did not get from the one end to the other as it should.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Stray {
    /// The milestone.
    pub milestone: Milestone,
    /// Who sends it.
    pub from: Party,
    /// What became of it.
    pub fate: Fate,
    /// How much longer it was under way than the fastest in its direction, if it arrived late.
    #[cfg_attr(feature = "serde", serde(rename = "late_s"))]
    pub late: Option<Span>,
    /// Its frame in each capture.
    pub frames: [Option<FrameNumber>; 2],
}

named! {
    /// What became of a milestone between two captures.
    pub enum Fate {
        /// It arrived 200 ms or more later than it should: it was lost and sent again, or held up.
        Late = "late",
        /// It was sent and never arrived.
        NeverArrived = "never-arrived",
        /// It arrived and was never sent: something between the two places made it.
        NeverSent = "never-sent",
    }
}

impl Ends {
    pub(super) fn new(two: [&Connection; 2], analyses: [&Analysis; 2]) -> Self {
        let Some(client_first) = is_client_first(two) else {
            return Self::default();
        };
        let ([a, b], [of_a, of_b]) = (two, analyses);
        let (first, second) = (View::new(a, of_a), View::new(b, of_b));
        let (client, server) = if client_first {
            (first, second)
        } else {
            (second, first)
        };
        let shares = shares(client.connection, server.connection);
        let mut strays = Crossing { client, server }.strays();
        let mut places = [Vantage::Client, Vantage::Server];
        if !client_first {
            places.reverse();
            for stray in &mut strays {
                stray.frames.reverse();
            }
        }
        Self {
            places: Some(places),
            shares,
            strays,
        }
    }
}

/// Whether the first of two captures of one connection was made nearer to the client: more time
/// passes there between a question of the client and the server's answer.
fn is_client_first([first, second]: [&Connection; 2]) -> Option<bool> {
    const ANSWERS: [(Milestone, Milestone); 3] = [
        (Milestone::Syn, Milestone::SynAck),
        (Milestone::ClientHelloEnd, Milestone::ServerHello),
        (Milestone::Established, Milestone::ServerGreeting),
    ];
    let differences = ANSWERS.iter().filter_map(|&(question, answer)| {
        let a = between(first, question, answer)?;
        Some(a.minus(between(second, question, answer)?))
    });
    let mut told = differences.filter(|it| it.abs() > SAME_PLACE);
    let by_time = told.next().map(|difference| difference > Span::ZERO);
    by_time.or(match (first.vantage, second.vantage) {
        (Some(Vantage::Client), Some(Vantage::Server)) => Some(true),
        (Some(Vantage::Server), Some(Vantage::Client)) => Some(false),
        _ => None,
    })
}

fn between(connection: &Connection, from: Milestone, to: Milestone) -> Option<Span> {
    let [from, to] = [from, to].map(|it| connection.milestones.get(&it));
    Some(to?.time.minus(from?.time))
}

/// How each wait was divided in which one end answers the other.
///
/// Left out is what is no single answer: a dialogue before STARTTLS, a stage at a proxy, a ServerHello
/// after a second ClientHello; and what only one of the captures shows.
fn shares(client: &Connection, server: &Connection) -> Vec<Share> {
    const ANSWERS: [(Phase, Party); 6] = [
        (Phase::ServerGreeting, Party::Server),
        (Phase::ClientHello, Party::Client),
        (Phase::ServerHello, Party::Server),
        (Phase::ServerFlight, Party::Server),
        (Phase::ClientFinished, Party::Client),
        (Phase::ServerFinished, Party::Server),
    ];
    let retried = client
        .milestones
        .contains_key(&Milestone::HelloRetryRequest);
    let answers = ANSWERS.iter().filter_map(|&(phase, party)| {
        if phase == Phase::ServerHello && retried {
            return None;
        }
        let [near, far] = match party {
            Party::Client => [client, server],
            _ => [server, client],
        };
        share(
            phase,
            party,
            only_wait(near, phase)?,
            only_wait(far, phase)?,
        )
    });
    let mut shares: Vec<Share> = answers.collect();
    shares.extend(share_of_connect(client, server));
    shares.extend(share_of_starttls(client, server));
    shares.sort_by_key(|share| share.phase);
    shares
}

/// The wait of `connection` in `phase`, if it is one.
fn only_wait(connection: &Connection, phase: Phase) -> Option<&Wait> {
    let mut waits = of_phase(connection, phase);
    waits.next().filter(|_| waits.next().is_none())
}

/// A wait as it is seen `near` the end that owed the next move, and `far` from it.
fn share(phase: Phase, party: Party, near: &Wait, far: &Wait) -> Option<Share> {
    let arrived = is_reached(far.ended_by);
    if arrived && !is_reached(near.ended_by) {
        return None;
    }
    Some(Share {
        phase,
        party,
        host: near.duration,
        path: far.duration.minus(near.duration).max(Span::ZERO),
        arrived,
        at_least: [near, far]
            .map(|it| it.ended_by)
            .contains(&EndedBy::EndOfCapture),
    })
}

/// The TCP handshake: the server's time until its first SYN-ACK and the client's until its ACK; all
/// else was spent on the path.
fn share_of_connect(client: &Connection, server: &Connection) -> Option<Share> {
    let whole = only_wait(client, Phase::TcpConnect)?;
    let accepted = between(server, Milestone::Syn, Milestone::SynAck)?;
    let completed = between(client, Milestone::SynAck, Milestone::Established);
    let host = accepted
        .plus(completed.unwrap_or(Span::ZERO))
        .max(Span::ZERO);
    Some(Share {
        phase: Phase::TcpConnect,
        party: Party::Server,
        host,
        path: whole.duration.minus(host).max(Span::ZERO),
        arrived: is_reached(whole.ended_by),
        at_least: whole.ended_by == EndedBy::EndOfCapture,
    })
}

/// The go-ahead for TLS, from the request for it: what precedes that is a dialogue.
fn share_of_starttls(client: &Connection, server: &Connection) -> Option<Share> {
    let wait = |connection| {
        between(
            connection,
            Milestone::StarttlsRequest,
            Milestone::StarttlsReady,
        )
    };
    let (near, far) = (wait(server)?, wait(client)?);
    Some(Share {
        phase: Phase::Starttls,
        party: Party::Server,
        host: near.max(Span::ZERO),
        path: far.minus(near).max(Span::ZERO),
        arrived: true,
        at_least: false,
    })
}

/// The milestones of which it is known who sends them, and that are the same frame at both ends.
const SENT: [(Milestone, Party); 16] = [
    (Milestone::Syn, Party::Client),
    (Milestone::SynAck, Party::Server),
    (Milestone::ServerGreeting, Party::Server),
    (Milestone::StarttlsRequest, Party::Client),
    (Milestone::StarttlsReady, Party::Server),
    (Milestone::ClientHello, Party::Client),
    (Milestone::ClientHelloEnd, Party::Client),
    (Milestone::HelloRetryRequest, Party::Server),
    (Milestone::ServerHello, Party::Server),
    (Milestone::ServerHelloEnd, Party::Server),
    (Milestone::ClientFinished, Party::Client),
    (Milestone::ServerFinished, Party::Server),
    (Milestone::ClientFin, Party::Client),
    (Milestone::ServerFin, Party::Server),
    (Milestone::ClientRst, Party::Client),
    (Milestone::ServerRst, Party::Server),
];

/// Whether `milestone` closes a connection: those that two captures show need not be one packet, as
/// each end and whatever stands between them may send some.
fn is_end(milestone: Milestone) -> bool {
    milestone > Milestone::ApplicationData
}

/// A connection as one capture shows it.
struct View<'a> {
    connection: &'a Connection,
    capture: &'a Analysis,
}

impl<'a> View<'a> {
    const fn new(connection: &'a Connection, capture: &'a Analysis) -> Self {
        Self {
            connection,
            capture,
        }
    }

    fn at(&self, milestone: Milestone) -> Option<At> {
        self.connection.milestones.get(&milestone).copied()
    }

    /// Whether this capture would show a milestone that was reached `after` the one `anchor`: it was
    /// running, it lost no frames, and the connection was still followed.
    fn would_show(&self, anchor: Milestone, after: Span) -> bool {
        let Some(anchor) = self.at(anchor) else {
            return false;
        };
        let time = anchor.time.plus(after);
        let latest = time.plus(LATE);
        let ran = time >= Span::ZERO && latest <= self.capture.duration;
        let gaps = [NoticeCode::FramesLost, NoticeCode::OneDirection];
        let has_gaps = self
            .capture
            .notices
            .iter()
            .any(|it| gaps.contains(&it.code));
        ran && !has_gaps && self.followed_until().is_none_or(|end| latest < end)
    }

    /// When this connection was set up or closed, if it was: what comes then is not looked at.
    fn followed_until(&self) -> Option<Span> {
        use Milestone as M;
        let time = |milestone| Some(self.at(milestone)?.time);
        let closed = time(M::ClientFin).zip(time(M::ServerFin));
        let closed = closed.map(|(client, server)| client.max(server));
        let ends = [
            time(M::ApplicationData),
            time(M::ClientRst),
            time(M::ServerRst),
            closed,
        ];
        ends.into_iter().flatten().min()
    }
}

/// What passed between two views of one connection.
struct Crossing<'a> {
    client: View<'a>,
    server: View<'a>,
}

impl Crossing<'_> {
    /// The milestones that did not get across as they should, their frames at the client first.
    fn strays(&self) -> Vec<Stray> {
        let fastest = [Party::Client, Party::Server].map(|from| {
            let sent = SENT.iter().filter(|(_, party)| *party == from);
            let sent = sent.filter(|(milestone, _)| !is_end(*milestone));
            let transits = sent.filter_map(|&(milestone, from)| self.transit(milestone, from));
            (from, transits.min())
        });
        let strays = SENT.iter().filter_map(|&(milestone, from)| {
            let (_, fastest) = fastest.iter().find(|(party, _)| *party == from)?;
            self.stray(milestone, from, *fastest)
        });
        let mut strays: Vec<Stray> = strays.collect();
        // The end of a hello adds nothing where it lies in the frame of its beginning.
        strays.dedup_by_key(|stray| stray.frames);
        strays
    }

    /// From the sender's view of `milestone` to the other's, on clocks that do not agree: only the
    /// difference of two transits in one direction means something.
    fn transit(&self, milestone: Milestone, from: Party) -> Option<Span> {
        let (sender, receiver) = self.views(from);
        Some(
            receiver
                .at(milestone)?
                .time
                .minus(sender.at(milestone)?.time),
        )
    }

    /// The views near the end `from` and near the other.
    const fn views(&self, from: Party) -> (&View<'_>, &View<'_>) {
        match from {
            Party::Client => (&self.client, &self.server),
            _ => (&self.server, &self.client),
        }
    }

    fn stray(&self, milestone: Milestone, from: Party, fastest: Option<Span>) -> Option<Stray> {
        let stray = |fate, late| Stray {
            milestone,
            from,
            fate,
            late,
            frames: [&self.client, &self.server].map(|view| Some(view.at(milestone)?.frame)),
        };
        if let Some(transit) = self.transit(milestone, from) {
            let late = transit.minus(fastest?);
            return (late >= LATE && !is_end(milestone)).then(|| stray(Fate::Late, Some(late)));
        }
        let (sender, receiver) = self.views(from);
        let (seen_by, missed_by, fate) = if sender.at(milestone).is_some() {
            (sender, receiver, Fate::NeverArrived)
        } else {
            (receiver, sender, Fate::NeverSent)
        };
        let seen = seen_by.at(milestone)?;
        let common = SENT.iter().map(|(milestone, _)| *milestone);
        let anchor = common
            .filter(|it| missed_by.at(*it).is_some())
            .find_map(|it| Some((it, seen_by.at(it)?)));
        let (anchor, anchored) = anchor?;
        let after = seen.time.minus(anchored.time);
        missed_by
            .would_show(anchor, after)
            .then(|| stray(fate, None))
    }
}
