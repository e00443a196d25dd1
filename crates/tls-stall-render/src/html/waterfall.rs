//! The connections of a capture on one time axis.

use tls_stall::{Connection, Phase, Span, Wait};

use super::figure::percent;
use crate::ladder::Lookups;
use crate::words::{self, Standing};

/// A phase is never drawn narrower than this part of the axis.
const NARROWEST: f64 = 0.003;

/// The axis has at most as many marks.
const MOST_TICKS: f64 = 5.0;

/// The connections with their coordinates.
pub(super) struct Waterfall {
    pub(super) ticks: Vec<Tick>,
    pub(super) rows: Vec<Row>,
    /// The kinds of phases that occur, for the legend.
    pub(super) kinds: Vec<Kind>,
    /// Whether there is a stall.
    pub(super) stalled: bool,
    /// How many connections are not drawn.
    pub(super) left_out: Option<String>,
}

/// A mark on the axis.
pub(super) struct Tick {
    pub(super) x: String,
    pub(super) anchor: &'static str,
    pub(super) label: String,
}

/// One connection.
pub(super) struct Row {
    pub(super) name: String,
    /// What became of it, if that is worth saying.
    pub(super) verdict: Option<String>,
    pub(super) look: &'static str,
    pub(super) sign: &'static str,
    pub(super) phases: Vec<Bar>,
}

/// One phase of one connection.
pub(super) struct Bar {
    pub(super) x: String,
    pub(super) width: String,
    pub(super) class: &'static str,
    pub(super) stalled: bool,
    pub(super) text: String,
}

/// Phases that share a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Before,
    Connect,
    Greeting,
    ClientHello,
    Server,
    Finish,
    Data,
}

impl Kind {
    const fn of(phase: Phase) -> Self {
        match phase {
            Phase::NameResolution | Phase::EarlierAttempts => Self::Before,
            Phase::TcpConnect => Self::Connect,
            Phase::ServerGreeting | Phase::Starttls => Self::Greeting,
            Phase::ClientHello => Self::ClientHello,
            Phase::ServerHello | Phase::ServerFlight => Self::Server,
            Phase::ClientFinished | Phase::ServerFinished => Self::Finish,
            _ => Self::Data,
        }
    }

    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::Connect => "connect",
            Self::Greeting => "greeting",
            Self::ClientHello => "client-hello",
            Self::Server => "server",
            Self::Finish => "finish",
            Self::Data => "data",
        }
    }

    /// What is awaited in it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Before => "name lookup, earlier attempts",
            Self::Connect => "TCP handshake",
            Self::Greeting => "greeting, STARTTLS",
            Self::ClientHello => "ClientHello",
            Self::Server => "ServerHello and the rest of the server's flight",
            Self::Finish => "Finished",
            Self::Data => "first application data",
        }
    }
}

/// A wait and when it was.
struct Placed<'a> {
    wait: &'a Wait,
    start: Span,
    end: Span,
}

impl Waterfall {
    /// `connections` in the order of time; `None` where there is nothing to draw.
    pub(super) fn new(
        connections: Vec<&Connection>,
        left_out: usize,
        lookups: &Lookups<'_>,
    ) -> Option<Self> {
        let placed = connections.into_iter().map(|it| (it, placed(it, lookups)));
        let mut placed: Vec<_> = placed.filter(|(_, waits)| !waits.is_empty()).collect();
        placed.sort_by_key(|(connection, waits)| {
            (waits.first().map(|it| it.start), connection.tcp_stream)
        });
        let waits = || placed.iter().flat_map(|(_, waits)| waits);
        let start = waits().map(|wait| wait.start).min()?;
        let end = waits().map(|wait| wait.end).max()?;
        let axis = Axis::new(start, end);
        let mut kinds: Vec<Kind> = waits().map(|it| Kind::of(it.wait.phase)).collect();
        kinds.sort_unstable();
        kinds.dedup();
        Some(Self {
            ticks: axis.ticks(),
            rows: placed
                .iter()
                .map(|(connection, waits)| row(connection, waits, &axis))
                .collect(),
            kinds,
            stalled: waits().any(|it| it.wait.stalled),
            left_out: (left_out > 0).then(|| words::count(words::number(left_out), "connection")),
        })
    }
}

fn row(connection: &Connection, waits: &[Placed<'_>], axis: &Axis) -> Row {
    let standing = Standing::of(connection);
    let (look, sign) = super::look(standing);
    Row {
        name: format!("{}: {}", connection.tcp_stream, words::ends(connection)),
        verdict: (standing >= Standing::Failed).then(|| words::verdict(connection)),
        look,
        sign,
        phases: waits.iter().map(|wait| axis.bar(wait)).collect(),
    }
}

/// The waits of `connection` with their places in time.
///
/// A wait whose frames are neither milestones nor evidence begins where the one before it ended.
fn placed<'a>(connection: &'a Connection, lookups: &Lookups<'_>) -> Vec<Placed<'a>> {
    let time = |frame| {
        let mut milestones = connection.milestones.values();
        let milestone = milestones.find(|at| at.frame == frame).map(|at| at.time);
        let evidence = || {
            let findings = connection.findings.iter();
            let mut evidence = findings.flat_map(|finding| &finding.evidence);
            evidence.find(|it| it.frame == frame).map(|it| it.time)
        };
        milestone.or_else(evidence).or_else(|| lookups.time(frame))
    };
    let mut earlier = None;
    let mut placed = Vec::new();
    for wait in &connection.waits {
        let duration = wait.duration.max(Span::ZERO);
        let by_end = || time(wait.to_frame).map(|end| end.minus(duration));
        let start = time(wait.from_frame).or_else(by_end).or(earlier);
        let Some(start) = start else { continue };
        let end = start.plus(duration);
        earlier = Some(end);
        placed.push(Placed { wait, start, end });
    }
    placed
}

/// The scale from time to units.
struct Axis {
    start: f64,
    /// The length of the axis in seconds.
    length: f64,
}

impl Axis {
    fn new(start: Span, end: Span) -> Self {
        let length = end.minus(start).as_secs_f64();
        Self {
            start: start.as_secs_f64(),
            length: length.max(0.001),
        }
    }

    /// From 0 at its start to 1 at its end.
    fn place(&self, seconds: f64) -> f64 {
        ((seconds - self.start) / self.length).clamp(0.0, 1.0)
    }

    fn bar(&self, placed: &Placed<'_>) -> Bar {
        let wait = placed.wait;
        let (start, end) = (placed.start.as_secs_f64(), placed.end.as_secs_f64());
        let x = self.place(start).min(1.0 - NARROWEST);
        let stalled = if wait.stalled { "stalled " } else { "" };
        let (length, awaited) = (words::silence_length(wait), words::awaited_in(wait));
        let party = wait.waiting_on;
        Bar {
            x: percent(x),
            width: percent((self.place(end) - x).max(NARROWEST)),
            class: Kind::of(wait.phase).class(),
            stalled: wait.stalled,
            text: format!(
                "{stalled}{length} before {awaited}, waiting on the {party}, frames {} to {}",
                wait.from_frame, wait.to_frame
            ),
        }
    }

    /// Marks at round times.
    fn ticks(&self) -> Vec<Tick> {
        let step = round_up(self.length / MOST_TICKS);
        let first = (self.start / step).ceil() * step;
        let times = (0..=10_i32).map(|index| step.mul_add(f64::from(index), first));
        let end = self.start + self.length;
        let decimals = if step >= 1.0 { 0 } else { 3 };
        times
            .take_while(|time| *time <= end)
            .map(|time| {
                let x = self.place(time);
                Tick {
                    x: percent(x),
                    anchor: match x {
                        x if x < 0.08 => "start",
                        x if x > 0.92 => "end",
                        _ => "middle",
                    },
                    label: format!("{time:.decimals$} s"),
                }
            })
            .collect()
    }
}

/// The least 1, 2 or 5 of a power of ten that is not below `least`, which is more than 0.
fn round_up(least: f64) -> f64 {
    let unit = 10_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0].map(|step| step * unit);
    steps
        .into_iter()
        .find(|step| *step >= least)
        .unwrap_or(10.0 * unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;

    #[test]
    fn the_axis_is_marked_at_round_times() {
        for (least, round) in [
            (0.012, 0.02),
            (0.3, 0.5),
            (1.0, 1.0),
            (3.6, 5.0),
            (51.0, 100.0),
        ] {
            assert!((round_up(least) - round).abs() < 1e-9, "{least}");
        }
        let axis = Axis::new(Span::from_millis(3100), Span::from_millis(31_301));
        let labels: Vec<String> = axis.ticks().into_iter().map(|tick| tick.label).collect();
        assert_eq!(labels, ["10 s", "20 s", "30 s"]);
    }

    #[test]
    fn a_phase_stands_where_it_was_and_is_as_long() {
        let connection = example::stalled_connection();
        let analysis = tls_stall::Analysis::default();
        let waits = placed(&connection, &Lookups::of(&analysis));
        let times: Vec<(Span, Span)> = waits.iter().map(|it| (it.start, it.end)).collect();
        let millis = Span::from_millis;
        assert_eq!(times[0], (millis(3100), millis(3200)));
        assert_eq!(times[1], (millis(3200), millis(31_200)));
    }

    #[test]
    fn a_phase_without_known_frames_follows_the_one_before_it() {
        let mut connection = example::stalled_connection();
        connection
            .milestones
            .retain(|milestone, _| milestone.name() == "syn");
        connection.findings.clear();
        let analysis = tls_stall::Analysis::default();
        let waits = placed(&connection, &Lookups::of(&analysis));
        assert_eq!(waits[1].start, Span::from_millis(3200));
    }

    #[test]
    fn times_without_bounds_stay_on_the_axis() {
        let mut connection = example::stalled_connection();
        connection.waits[1].duration = Span::from_nanos(i64::MAX);
        let analysis = tls_stall::Analysis::default();
        let waterfall = Waterfall::new(vec![&connection], 0, &Lookups::of(&analysis)).unwrap();
        for bar in &waterfall.rows[0].phases {
            let part = |text: &str| text.trim_end_matches('%').parse::<f64>().unwrap();
            let (x, width) = (part(&bar.x), part(&bar.width));
            assert!(
                x >= 0.0 && width > 0.0 && x + width <= 100.01,
                "{x} {width}"
            );
        }
        assert!(waterfall.ticks.len() <= 11);
    }
}
