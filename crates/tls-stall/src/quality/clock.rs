//! Steps of the capture's clock.
//!
//! A long gap between two frames is a wait of everyone, or the clock was set, or the capturing host
//! slept. The hosts' own clocks tell: in the TCP timestamps of both sides of a connection no time
//! has passed, or a SYN was not sent again for longer than any host waits.

use std::collections::VecDeque;

use crate::milestone::Milestone;
use crate::report::Vantage;
use crate::tcp::{Tick, Trace};
use crate::time::{Moment, Span};
use crate::timeline::Setup;

/// A shorter gap makes no stall.
const LEAST: Span = Span::from_secs(1);

/// Gaps that are remembered until the connections around them are over.
const MAX_GAPS: usize = 256;

/// Steps that are told.
const MAX_STEPS: usize = 64;

/// A host sends again what is not acknowledged after at most 3 s at first (RFC 6298, section 5.7).
const LONGEST_TIMER: Span = Span::from_secs(4);

/// Two sides may differ by so much in what they tell of one step.
const AGREEMENT: Span = Span::from_millis(500);

/// Ticks in a second of the clocks that are in use: of today's systems, of Linux before 4.13 by its
/// `HZ`, and of old Windows.
const RATES: [i64; 4] = [1000, 250, 100, 10];

/// Two frames that follow each other in the file, a long time apart by its clock.
#[derive(Debug, Clone, Copy)]
struct Gap {
    before: Moment,
    after: Moment,
}

/// A jump of the capture's clock between two frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) before: Moment,
    pub(crate) after: Moment,
    /// By how much it jumped; negative where it was set back.
    pub(crate) jump: Span,
    pub(crate) shown_by: &'static str,
}

/// Whether so much time passed between two frames that follow each other that it may make a stall.
pub(crate) fn is_pause(before: Moment, after: Moment) -> bool {
    after.since(before).abs() >= LEAST
}

/// The capture's clock.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    gaps: VecDeque<Gap>,
    steps: Vec<Step>,
}

impl Clock {
    pub(super) fn pause(&mut self, before: Moment, after: Moment) {
        if self.gaps.len() >= MAX_GAPS {
            self.gaps.pop_front();
        }
        self.gaps.push_back(Gap { before, after });
    }

    /// Asks a connection about the gaps that it went through.
    pub(super) fn settle(&mut self, setup: &Setup) {
        for gap in self.gaps.iter().rev() {
            if gap.after.frame <= setup.first.frame || self.steps.len() >= MAX_STEPS {
                break;
            }
            if self
                .steps
                .iter()
                .any(|step| step.before.frame == gap.before.frame)
            {
                continue;
            }
            let step = by_timestamps(setup, gap).or_else(|| by_timers(setup, gap));
            self.steps.extend(step);
        }
        self.steps.sort_by_key(|step| step.before.frame);
    }

    /// The steps that are known, in the order of the capture.
    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The largest step between two frames.
    pub(crate) fn step_within(&self, from: Moment, to: Moment) -> Option<Step> {
        let within = |step: &&Step| step.before.frame >= from.frame && step.after.frame <= to.frame;
        let steps = self.steps.iter().filter(within);
        steps.max_by_key(|step| step.jump.abs()).copied()
    }
}

/// Both sides' own clocks agree that the capture's jumped. A packet may have been long on its way,
/// so one side's is enough only where the capture was made, and where it is all there is.
fn by_timestamps(setup: &Setup, gap: &Gap) -> Option<Step> {
    let passages = [&setup.traces.client, &setup.traces.server].map(|it| Passage::of(it, gap));
    let (jump, shown_by) = match passages {
        [Some(client), Some(server)] => {
            // Where one side's rate is not known, the rates that are in use are tried on it.
            let jump = match (client.hertz, server.hertz) {
                (Some(hertz), _) => server.agrees(client.error(hertz)),
                (None, Some(hertz)) => client.agrees(server.error(hertz)),
                (None, None) => None,
            };
            (jump?, "the TCP timestamps of both sides")
        }
        [Some(client), None] if setup.vantage() == Some(Vantage::Client) => {
            (client.error(client.hertz?), "the client's TCP timestamps")
        }
        [None, Some(server)] if setup.vantage() == Some(Vantage::Server) => {
            (server.error(server.hertz?), "the server's TCP timestamps")
        }
        _ => return None,
    };
    let length = gap.after.since(gap.before);
    let forward = length >= Span::ZERO;
    let long = jump.abs() >= LEAST.max(length.abs().percent(20));
    (long && (jump >= Span::ZERO) == forward).then_some(Step {
        before: gap.before,
        after: gap.after,
        jump,
        shown_by,
    })
}

/// How one side's clock went on across a gap.
#[derive(Debug, Clone, Copy)]
struct Passage {
    ticks: i64,
    /// By the capture's clock.
    time: Span,
    hertz: Option<i64>,
}

impl Passage {
    /// `None` where no segment of the side lies on one side of `gap`.
    fn of(side: &Trace, gap: &Gap) -> Option<Self> {
        let before = side
            .ticks
            .iter()
            .rfind(|tick| tick.moment.frame <= gap.before.frame)?;
        let after = side
            .ticks
            .iter()
            .find(|tick| tick.moment.frame >= gap.after.frame)?;
        Some(Self {
            ticks: difference(before, after),
            time: after.moment.since(before.moment),
            hertz: hertz(&side.ticks, gap),
        })
    }

    /// By how much more the capture's clock went on than the side's at `hertz`.
    fn error(&self, hertz: i64) -> Span {
        let passed = Span::from_nanos(self.ticks.saturating_mul(1_000_000_000 / hertz));
        self.time.minus(passed)
    }

    /// `error`, if this side shows the same at its rate, or at one that it may have.
    fn agrees(&self, error: Span) -> Option<Span> {
        let near = AGREEMENT.max(error.abs().percent(5));
        let agrees = |hertz: i64| self.error(hertz).minus(error).abs() <= near;
        let agree = self
            .hertz
            .map_or_else(|| RATES.into_iter().any(agrees), agrees);
        agree.then_some(error)
    }
}

/// How fast the clock of one side ticks, by the frames on either side of `gap`: one of the rates
/// that are in use, or nothing.
fn hertz(ticks: &[Tick], gap: &Gap) -> Option<i64> {
    /// Over less time, single milliseconds count too much.
    const LEAST: Span = Span::from_millis(20);

    let at = ticks.partition_point(|tick| tick.moment.frame <= gap.before.frame);
    let (before, after) = ticks.split_at_checked(at)?;
    [before, after].into_iter().find_map(|run| {
        let (first, last) = (run.first()?, run.last()?);
        let time = last.moment.since(first.moment);
        if time < LEAST {
            return None;
        }
        let measured = difference(first, last).saturating_mul(1_000_000_000) / time.as_nanos();
        let near = |rate: &i64| (measured - rate).abs() * 100 <= rate * 15;
        RATES.into_iter().find(near)
    })
}

/// Ticks from `earlier` to `later`, which may pass 2^32.
fn difference(earlier: &Tick, later: &Tick) -> i64 {
    let ticks = later.value.wrapping_sub(earlier.value);
    if ticks < 1 << 31 {
        ticks.into()
    } else {
        i64::from(ticks) - (1 << 32)
    }
}

/// A SYN that was not sent again before its answer came, for longer than any host waits.
fn by_timers(setup: &Setup, gap: &Gap) -> Option<Step> {
    let length = gap.after.since(gap.before);
    let answer = setup.at(Milestone::SynAck)?;
    let last_syn = setup.syns.iter().rfind(|syn| syn.frame < answer.frame)?;
    let waited = last_syn.frame <= gap.before.frame && answer.frame >= gap.after.frame;
    (waited && length >= LONGEST_TIMER).then_some(Step {
        before: gap.before,
        after: gap.after,
        jump: length,
        shown_by: "a SYN that was not sent again in all that time",
    })
}
