//! The retry schedules of resolver software, and which of them a lookup's copies fit.
//!
//! The times were measured with dead name servers, or read in the software's source.

use std::fmt;

use super::Query;
use crate::time::{Moment, Span};

/// A schedule that the copies of a lookup fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fit {
    software: &'static str,
    name_servers: usize,
    /// Timeout in seconds and attempts, where they are not the software's own.
    options: Option<(i64, usize)>,
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
    let failed = !failures.is_empty();
    let by_timer = queries.iter().filter(|query| {
        let called_for = |failure: &&Moment| {
            let delay = query.moment.since(**failure);
            delay >= Span::ZERO && delay <= CALLED_FOR
        };
        failures.iter().find(called_for).is_none()
    });
    let by_timer: Vec<Query> = by_timer.copied().collect();
    let Some(shape) = Shape::of(&by_timer).filter(|shape| shape.waves.len() >= 2) else {
        return Vec::new();
    };
    let mut fits: Vec<Fit> = Vec::new();
    for row in ROWS.iter().filter(|row| !failed || row.ignores_failures) {
        fits.extend(row.fit(&shape));
    }
    if !failed {
        for servers in shape.servers..=MAX_SERVERS {
            fits.extend(
                BSD.iter()
                    .filter_map(|formula| formula.fit(&shape, servers)),
            );
        }
        fits.extend(BSD.iter().filter_map(|formula| formula.fit_options(&shape)));
    }
    // The sort is stable: among equals, the order above.
    fits.sort_by_key(Fit::rank);
    fits
}

/// A copy that follows a failure so soon was called for by it.
const CALLED_FOR: Span = Span::from_millis(20);

/// glibc and its kin have no more name servers (MAXNS in resolv.h); Android has four.
const MAX_SERVERS: usize = 4;

/// How a copy's id or port goes on from the copy before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Habit {
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
    const fn fits(self, expected: Self) -> bool {
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
struct Shape {
    waves: Vec<Wave>,
    /// How many different servers were asked.
    servers: usize,
    ids: Habit,
    ports: Habit,
}

/// Copies that were sent together.
#[derive(Debug)]
struct Wave {
    /// Since the first copy.
    at: Span,
    /// The servers asked, numbered in the order in which each was first asked.
    servers: Vec<usize>,
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
    fn is_parallel(&self) -> bool {
        self.waves
            .iter()
            .all(|wave| wave.servers.len() == self.servers)
    }

    /// Whether the waves asked one server each, `servers` of them in turn.
    fn is_in_turn(&self, servers: usize) -> bool {
        let mut turns = (0..servers).cycle();
        self.waves.iter().all(|wave| {
            Some(wave.servers.as_slice()) == turns.next().as_ref().map(std::slice::from_ref)
        })
    }

    /// Whether the waves came at the first of the times in `due`, in milliseconds.
    fn comes_at(&self, due: impl IntoIterator<Item = i64>) -> bool {
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

/// Whom a schedule asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// One server, always the same.
    One,
    /// Every server at once, each time; at least as many as given.
    All(usize),
    /// Several servers in an order that varies.
    Several,
}

/// A schedule with fixed times.
#[derive(Debug)]
struct Row {
    software: &'static str,
    asks: Asks,
    ids: Habit,
    ports: Habit,
    /// When it sends, in milliseconds from the first copy.
    sends: &'static [i64],
    gives_up_after: Option<i64>,
    /// Goes on when a server fails or cannot be reached, as if it had heard nothing.
    ignores_failures: bool,
}

impl Row {
    fn fit(&self, shape: &Shape) -> Option<Fit> {
        let asked = match self.asks {
            Asks::One => shape.servers == 1,
            Asks::All(least) => shape.servers >= least && shape.is_parallel(),
            Asks::Several => shape.servers >= 2,
        };
        let habits = shape.ids.fits(self.ids) && shape.ports.fits(self.ports);
        let fits = asked && habits && shape.comes_at(self.sends.iter().copied());
        fits.then(|| Fit {
            software: self.software,
            name_servers: shape.servers,
            options: None,
            gives_up_after: self.gives_up_after.map(Span::from_millis),
            complete: shape.waves.len() == self.sends.len() && self.gives_up_after.is_some(),
        })
    }
}

const ROWS: &[Row] = &[
    Row {
        software: "musl",
        asks: Asks::All(1),
        ids: Habit::Kept,
        ports: Habit::Kept,
        sends: &[0, 2_500],
        gives_up_after: Some(5_000),
        ignores_failures: true,
    },
    // The other question of the pair is answered, this one never; at 10 s it is asked alone.
    Row {
        software: "glibc, one question at a time at last",
        asks: Asks::One,
        ids: Habit::Kept,
        ports: Habit::Mixed,
        sends: &[0, 5_000, 10_000],
        gives_up_after: Some(15_000),
        ignores_failures: false,
    },
    Row {
        software: "c-ares",
        asks: Asks::One,
        ids: Habit::Kept,
        ports: Habit::Kept,
        sends: &[0, 5_000, 15_000, 35_000],
        gives_up_after: Some(75_000),
        ignores_failures: false,
    },
    Row {
        software: "Java JNDI",
        asks: Asks::One,
        ids: Habit::Kept,
        ports: Habit::Fresh,
        sends: &[0, 1_000, 3_000, 7_000],
        gives_up_after: Some(15_000),
        ignores_failures: false,
    },
    Row {
        software: "dig",
        asks: Asks::One,
        ids: Habit::Kept,
        ports: Habit::Fresh,
        sends: &[0, 5_000, 10_000],
        gives_up_after: Some(15_000),
        ignores_failures: false,
    },
    Row {
        software: "Windows",
        asks: Asks::One,
        ids: Habit::Unknown,
        ports: Habit::Unknown,
        sends: &[0, 1_000, 2_000, 4_000, 8_000],
        gives_up_after: Some(10_000),
        ignores_failures: false,
    },
    Row {
        software: "Windows",
        asks: Asks::Several,
        ids: Habit::Unknown,
        ports: Habit::Unknown,
        sends: &[0, 1_000, 2_000, 4_000, 8_000],
        gives_up_after: Some(15_000),
        ignores_failures: false,
    },
    // It repeats what glibc behind it sends, and gives up with it.
    Row {
        software: "dnsmasq before glibc",
        asks: Asks::All(2),
        ids: Habit::Kept,
        ports: Habit::Kept,
        sends: &[0, 5_000],
        gives_up_after: Some(10_000),
        ignores_failures: false,
    },
    Row {
        software: "unbound",
        asks: Asks::One,
        ids: Habit::Fresh,
        ports: Habit::Fresh,
        sends: &[
            0, 376, 752, 1_130, 1_506, 2_260, 3_010, 3_770, 4_520, 6_020, 7_530, 9_030, 10_540,
            13_550, 16_560, 19_570, 22_580,
        ],
        gives_up_after: None,
        ignores_failures: false,
    },
    Row {
        software: "mDNSResponder",
        asks: Asks::One,
        ids: Habit::Unknown,
        ports: Habit::Unknown,
        sends: &[0, 1_000, 4_000, 13_000],
        gives_up_after: None,
        ignores_failures: false,
    },
    Row {
        software: "systemd-resolved",
        asks: Asks::One,
        ids: Habit::Unknown,
        ports: Habit::Unknown,
        sends: &[
            0, 5_000, 10_000, 15_000, 20_000, 25_000, 30_000, 35_000, 40_000, 45_000, 50_000,
            55_000, 60_000, 65_000, 70_000, 75_000, 80_000, 85_000, 90_000, 95_000, 100_000,
            105_000, 110_000, 115_000,
        ],
        gives_up_after: Some(120_000),
        ignores_failures: false,
    },
];

/// The schedule of the BSD stub resolver: rounds over the servers in turn.
#[derive(Debug)]
struct Formula {
    software: &'static str,
    ids: Habit,
    ports: Habit,
    /// The least and the most servers to which it applies.
    servers: (usize, usize),
    /// How long, in milliseconds, one of `servers` servers is waited for, by its number in the
    /// round and the timeout in seconds.
    wait: fn(server: usize, servers: usize, timeout: i64) -> i64,
    /// Whether timeout and attempts can be set.
    has_options: bool,
}

const TIMEOUT: i64 = 5;
const ATTEMPTS: usize = 2;

const BSD: &[Formula] = &[
    Formula {
        software: "glibc",
        ids: Habit::Kept,
        ports: Habit::Kept,
        servers: (1, 3),
        wait: glibc_wait,
        has_options: true,
    },
    Formula {
        software: "Go",
        ids: Habit::Fresh,
        ports: Habit::Fresh,
        servers: (1, 3),
        wait: |_, _, timeout| timeout.saturating_mul(1_000),
        has_options: true,
    },
    // One or two servers: the same as glibc.
    Formula {
        software: "Android",
        ids: Habit::Unknown,
        ports: Habit::Unknown,
        servers: (3, 4),
        wait: android_wait,
        has_options: false,
    },
];

/// `res_send.c`: the timeout doubles from server to server, and from the second on it is divided by
/// the number of servers, in whole seconds, at least one.
fn glibc_wait(server: usize, servers: usize, timeout: i64) -> i64 {
    let doubled = doubled(timeout, server);
    let seconds = match i64::try_from(servers) {
        Ok(servers) if server > 0 => doubled.checked_div(servers).unwrap_or(doubled),
        _ => doubled,
    };
    seconds.max(1).saturating_mul(1_000)
}

/// The same in milliseconds.
fn android_wait(server: usize, servers: usize, timeout: i64) -> i64 {
    let doubled = doubled(timeout.saturating_mul(1_000), server);
    let millis = match i64::try_from(servers) {
        Ok(servers) if server > 0 => doubled.checked_div(servers).unwrap_or(doubled),
        _ => doubled,
    };
    millis.max(1_000)
}

fn doubled(timeout: i64, times: usize) -> i64 {
    (0..times).fold(timeout, |timeout, _| timeout.saturating_mul(2))
}

impl Formula {
    /// With the timeout and attempts that the software has when nothing is set.
    fn fit(&self, shape: &Shape, servers: usize) -> Option<Fit> {
        self.fit_with(shape, servers, TIMEOUT, ATTEMPTS, false)
    }

    /// With the timeout and attempts that the copies tell, if those were set.
    fn fit_options(&self, shape: &Shape) -> Option<Fit> {
        let servers = shape.servers;
        let attempts = shape.waves.len().checked_div(servers)?;
        let whole = shape.waves.len().checked_rem(servers)? == 0;
        let second = shape.waves.get(1)?.at;
        // To the nearest second.
        let timeout = second
            .plus(Span::from_millis(500))
            .as_nanos()
            .checked_div(1_000_000_000)?;
        let usual = (timeout, attempts) == (TIMEOUT, ATTEMPTS);
        // RES_MAXRETRANS and RES_MAXRETRY of resolv.h.
        let possible = (1..=30).contains(&timeout) && (1..=5).contains(&attempts);
        if !self.has_options || !whole || !possible || usual {
            return None;
        }
        self.fit_with(shape, servers, timeout, attempts, true)
    }

    fn fit_with(
        &self,
        shape: &Shape,
        servers: usize,
        timeout: i64,
        attempts: usize,
        has_options: bool,
    ) -> Option<Fit> {
        let (least, most) = self.servers;
        let waves = shape.waves.len();
        let copies = servers.checked_mul(attempts)?;
        let enough = shape.servers == servers.min(waves) && waves <= copies;
        if servers < least || servers > most || !enough || !shape.is_in_turn(servers) {
            return None;
        }
        if !shape.ids.fits(self.ids) || !shape.ports.fits(self.ports) {
            return None;
        }
        let mut due = 0_i64;
        let mut sends = vec![due];
        for server in (0..servers).cycle().take(copies) {
            due = due.saturating_add((self.wait)(server, servers, timeout));
            sends.push(due);
        }
        shape.comes_at(sends).then(|| Fit {
            software: self.software,
            name_servers: servers,
            options: has_options.then_some((timeout, attempts)),
            gives_up_after: Some(Span::from_millis(due)),
            complete: waves == copies,
        })
    }
}
