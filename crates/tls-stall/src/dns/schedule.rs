//! What a lookup's copies tell of the resolver that sent them, and when it gives up.

use std::fmt;

use super::{Query, software};
use crate::time::{Moment, Span};

/// A schedule that the copies of a lookup fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fit {
    pub(super) software: &'static str,
    pub(super) name_servers: usize,
    /// Timeout in seconds and attempts, where they are not the software's own.
    pub(super) options: Option<(i64, usize)>,
    /// From the first copy; `None` where it is not known.
    pub(crate) gives_up_after: Option<Span>,
    /// Whether every copy of the schedule was seen: a schedule that fits only as far as the copies
    /// go explains no giving up, for its next copy never came.
    pub(crate) complete: bool,
}

impl Fit {
    /// Whether a wait that ended `give_up` after the first copy is explained by this schedule.
    ///
    /// What a program does between giving up and its next packet is not seen: up to 300 ms were
    /// measured, and 2 % for the timers.
    pub(crate) fn explains(&self, give_up: Span) -> bool {
        let Some(due) = self.gives_up_after.filter(|_| self.complete) else {
            return false;
        };
        let late = due.percent(2).max(Span::from_millis(300));
        let delay = give_up.minus(due);
        delay >= Span::from_millis(-50) && delay <= late
    }

    /// Whether it fits whole without options set: then it hardly is another's beginning.
    pub(super) const fn is_usual(&self) -> bool {
        self.complete && self.options.is_none()
    }

    /// The lower, the likelier.
    const fn rank(&self) -> u8 {
        match (self.complete, self.options) {
            (true, None) => 0,
            // A single round is more often the beginning of the usual schedule.
            (_, Some((_, 1))) => 3,
            (true, Some(_)) => 1,
            (false, _) => 2,
        }
    }
}

/// `glibc, three name servers`, and the options where they were set.
impl fmt::Display for Fit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, ", self.software)?;
        match self.name_servers {
            1 => f.write_str("one name server")?,
            2 => f.write_str("two name servers")?,
            3 => f.write_str("three name servers")?,
            4 => f.write_str("four name servers")?,
            many => write!(f, "{many} name servers")?,
        }
        if let Some((timeout, attempts)) = self.options {
            write!(f, ", timeout:{timeout} attempts:{attempts}")?;
        }
        Ok(())
    }
}

/// Every schedule that `queries` fit, the likeliest first: those that fit whole before those that
/// fit as far as the copies go.
///
/// Where answers failed (at `failures`), retries follow answers, not timers; then only the software
/// that ignores failures is considered, by the copies that no failure called for.
pub(super) fn fits(queries: &[Query], failures: &[Moment]) -> Vec<Fit> {
    let called_for = |query: &Query| {
        failures.iter().any(|&failure| {
            let delay = query.moment.since(failure);
            delay >= Span::ZERO && delay <= CALLED_FOR
        })
    };
    let by_timer: Vec<Query> = queries
        .iter()
        .filter(|query| !called_for(query))
        .copied()
        .collect();
    let Some(shape) = Shape::of(&by_timer).filter(|shape| shape.waves.len() >= 2) else {
        return Vec::new();
    };
    let mut fits = software::fits(&shape, !failures.is_empty());
    // The sort is stable: among equals, the order above.
    fits.sort_by_key(Fit::rank);
    fits
}

/// A copy that follows a failure so soon was called for by it.
const CALLED_FOR: Span = Span::from_millis(20);

/// How a copy's id or port goes on from the copy before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Habit {
    /// The same each time (of ports: each time for the same server).
    Kept,
    /// Another each time.
    Fresh,
    /// Neither.
    Mixed,
    /// It could not show: no server was asked twice.
    Unknown,
}

impl Habit {
    pub(super) const fn fits(self, expected: Self) -> bool {
        matches!(
            (self, expected),
            (_, Self::Unknown)
                | (Self::Unknown, _)
                | (Self::Kept, Self::Kept)
                | (Self::Fresh, Self::Fresh)
                | (Self::Mixed, Self::Mixed)
        )
    }
}

/// The copies of a lookup, reduced to what schedules are told by.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) waves: Vec<Wave>,
    /// How many different servers were asked.
    pub(super) servers: usize,
    pub(super) ids: Habit,
    pub(super) ports: Habit,
}

/// Copies that were sent together.
#[derive(Debug)]
pub(super) struct Wave {
    /// Since the first copy.
    pub(super) at: Span,
    /// The servers asked, numbered in the order in which each was first asked.
    pub(super) servers: Vec<usize>,
}

/// Copies within this of each other are one wave.
const WAVE: Span = Span::from_millis(50);

impl Shape {
    /// `None` without a copy over UDP.
    fn of(queries: &[Query]) -> Option<Self> {
        let copies: Vec<&Query> = queries.iter().filter(|query| !query.over_tcp).collect();
        let first = copies.first()?.moment;
        let mut servers = Vec::new();
        let mut waves: Vec<Wave> = Vec::new();
        for copy in &copies {
            let known = servers.iter().position(|&server| server == copy.resolver);
            let server = known.unwrap_or(servers.len());
            if known.is_none() {
                servers.push(copy.resolver);
            }
            let at = copy.moment.since(first);
            match waves.last_mut() {
                Some(wave) if at.minus(wave.at) <= WAVE => {
                    if !wave.servers.contains(&server) {
                        wave.servers.push(server);
                    }
                }
                _ => waves.push(Wave {
                    at,
                    servers: vec![server],
                }),
            }
        }
        Some(Self {
            waves,
            servers: servers.len(),
            ids: habit(copies.iter().map(|copy| copy.id)),
            ports: ports_habit(&copies),
        })
    }

    /// Whether each wave asked every server.
    pub(super) fn is_parallel(&self) -> bool {
        self.waves
            .iter()
            .all(|wave| wave.servers.len() == self.servers)
    }

    /// Whether the waves asked one server each, `servers` of them in turn.
    pub(super) fn is_in_turn(&self, servers: usize) -> bool {
        let mut turns = (0..servers).cycle();
        self.waves.iter().all(|wave| {
            Some(wave.servers.as_slice()) == turns.next().as_ref().map(std::slice::from_ref)
        })
    }

    /// Whether the waves came at the first of the times in `due`, in milliseconds.
    pub(super) fn comes_at(&self, due: impl IntoIterator<Item = i64>) -> bool {
        let mut due = due.into_iter();
        self.waves.iter().all(|wave| {
            due.next().is_some_and(|millis| {
                let due = Span::from_millis(millis);
                let tolerance = Span::from_millis(50).plus(due.percent(1));
                wave.at.minus(due).abs() <= tolerance
            })
        })
    }
}

fn habit(values: impl Iterator<Item = u16>) -> Habit {
    let values: Vec<u16> = values.collect();
    let mut distinct = values.clone();
    distinct.sort_unstable();
    distinct.dedup();
    match (values.len(), distinct.len()) {
        (0 | 1, _) => Habit::Unknown,
        (_, 1) => Habit::Kept,
        (all, some) if all == some => Habit::Fresh,
        _ => Habit::Mixed,
    }
}

/// By server: another socket for another server is no change of habit.
fn ports_habit(copies: &[&Query]) -> Habit {
    let habits = copies.iter().map(|of| {
        let same = copies.iter().filter(|copy| copy.resolver == of.resolver);
        habit(same.map(|copy| copy.asker_port))
    });
    habits
        .filter(|&habit| habit != Habit::Unknown)
        .reduce(|one, other| if one == other { one } else { Habit::Mixed })
        .unwrap_or(Habit::Unknown)
}
