//! The resolvers whose retry schedules are known.
//!
//! The times were measured with dead name servers; those of Android, mDNSResponder and
//! systemd-resolved were read in their source, those of Windows in its documentation.

use super::schedule::{Fit, Habit, Shape};
use crate::time::Span;

/// Every schedule that the copies fit, those with fixed times first.
///
/// After a failure (`failed`), retries follow answers, not timers: then only the software that
/// ignores failures is considered.
pub(super) fn fits(shape: &Shape, failed: bool) -> Vec<Fit> {
    let rows = ROWS.iter().filter(|row| !failed || row.ignores_failures);
    let mut fits: Vec<Fit> = rows.filter_map(|row| row.fit(shape)).collect();
    if !failed {
        for servers in shape.servers..=MAX_SERVERS {
            let usual = FORMULAS
                .iter()
                .filter_map(|formula| formula.fit(shape, servers));
            fits.extend(usual);
        }
        fits.extend(
            FORMULAS
                .iter()
                .filter_map(|formula| formula.fit_options(shape)),
        );
    }
    fits
}

/// glibc and its kin have no more name servers (MAXNS in resolv.h); Android has four.
const MAX_SERVERS: usize = 4;

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

/// The schedule of the FORMULAS stub resolver: rounds over the servers in turn.
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

const FORMULAS: &[Formula] = &[
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
