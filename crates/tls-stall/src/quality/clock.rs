//! Steps of the capture's clock.
//!
//! A long gap between two frames is a wait of everyone, or the clock was set, or the capturing host
//! slept. The hosts' own clocks tell: in the TCP timestamps of both sides of a connection no time
//! has passed, or a SYN was not sent again for longer than any host waits.

use std::collections::VecDeque;

use crate::milestone::Milestone;
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

/// The capture's clock.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    last: Option<Moment>,
    gaps: VecDeque<Gap>,
    steps: Vec<Step>,
}

impl Clock {
    pub(super) fn frame(&mut self, moment: Moment) {
        if let Some(before) = self.last.replace(moment)
            && moment.since(before).abs() >= LEAST
        {
            if self.gaps.len() >= MAX_GAPS {
                self.gaps.pop_front();
            }
            let after = moment;
            self.gaps.push_back(Gap { before, after });
        }
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

/// Both sides' own clocks agree that the capture's jumped.
fn by_timestamps(setup: &Setup, gap: &Gap) -> Option<Step> {
    let (client, server) = (
        error(&setup.traces.client, gap)?,
        error(&setup.traces.server, gap)?,
    );
    let length = gap.after.since(gap.before);
    let agree = client.minus(server).abs() <= AGREEMENT.max(client.abs().percent(5));
    let least = LEAST.max(length.abs().percent(20));
    let forward = length >= Span::ZERO;
    let is_step = [client, server]
        .into_iter()
        .all(|error| error.abs() >= least && (error >= Span::ZERO) == forward);
    (agree && is_step).then_some(Step {
        before: gap.before,
        after: gap.after,
        jump: client,
        shown_by: "the TCP timestamps of both sides",
    })
}

/// By how much more the capture's clock went on across `gap` than that of one side; `None` where
/// its segments do not tell.
fn error(side: &Trace, gap: &Gap) -> Option<Span> {
    let before = side
        .ticks
        .iter()
        .rfind(|tick| tick.moment.frame <= gap.before.frame)?;
    let after = side
        .ticks
        .iter()
        .find(|tick| tick.moment.frame >= gap.after.frame)?;
    let hertz = hertz(&side.ticks, gap)?;
    let ticks = difference(before, after);
    let passed = Span::from_nanos(ticks.saturating_mul(1_000_000_000 / hertz));
    Some(after.moment.since(before.moment).minus(passed))
}

/// How fast the clock of one side ticks, by the frames on either side of `gap`: one of the rates
/// that are in use, or nothing.
fn hertz(ticks: &[Tick], gap: &Gap) -> Option<i64> {
    const RATES: [i64; 4] = [1000, 250, 100, 10];
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
