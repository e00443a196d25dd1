//! What is kept of the connections whose set-up is over.

use std::collections::VecDeque;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};

use super::attempts::Told;
use crate::config::Config;
use crate::decode::Endpoint;
use crate::diagnosis::Worked;
use crate::milestone::Milestone;
use crate::report::Phase;
use crate::time::{Moment, Span};
use crate::timeline::{Setup, Wait, failure, waits};
use crate::tls;

/// The connections that the report may show, and the counts of the others.
#[derive(Debug, Default)]
pub(super) struct Settled {
    pub(super) kept: VecDeque<Setup>,
    /// How many of them were established.
    established: usize,
    /// Whether connections were only counted for want of room.
    pub(super) exceeded: bool,
    /// Of the others: those that are TLS or bound for it.
    pub(super) tls: Count,
    /// Of the others: those that are bound for TLS only if their server speaks it elsewhere.
    undecided: HashMap<Endpoint, Count, RandomState>,
    /// The servers that spoke TLS.
    servers: HashSet<Endpoint, RandomState>,
    pub(super) worked: Worked,
    /// The failed attempts that led to other connections.
    pub(super) attempts: Told,
    /// Of those that are kept, by their numbers: the phone's app that they belong to.
    pub(super) apps: HashMap<u64, Box<str>, RandomState>,
}

/// Connections that the report does not show.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Count {
    pub(super) connections: u64,
    /// Those of them that stalled.
    pub(super) stalled: u64,
    /// Their longest wait before the end of the handshake.
    pub(super) longest: Option<Span>,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.connections = self.connections.saturating_add(other.connections);
        self.stalled = self.stalled.saturating_add(other.stalled);
        self.longest = self.longest.max(other.longest);
    }
}

impl Settled {
    /// Takes a connection; one with nothing to explain is only counted.
    pub(super) fn take(
        &mut self,
        setup: Setup,
        app: Option<Box<str>>,
        latest: Option<Moment>,
        config: &Config,
    ) {
        let end = latest.unwrap_or(setup.last);
        let waits = waits(&setup, end, config.stall_threshold);
        let room = self.servers.len() < config.max_connections;
        if setup.reading.is_tls && room {
            self.servers.insert(setup.server);
        }
        if setup.has(Milestone::ClientFinished) && self.worked.len() < config.max_connections {
            self.worked.add(&setup, &waits);
        }
        let stalled = waits.iter().any(|wait| wait.stalled);
        let explain = stalled || failure(&setup).is_some();
        if config.keep_all || (explain && self.has_room(&setup, config)) {
            self.established += usize::from(setup.has(Milestone::Established));
            self.apps.extend(app.map(|app| (setup.stream, app)));
            self.kept.push_back(setup);
            return;
        }
        let count = Count {
            connections: 1,
            stalled: stalled.into(),
            longest: longest(&waits),
        };
        if is_bound_for_tls(&setup, config) {
            self.tls.add(count);
        } else if room {
            self.undecided.entry(setup.server).or_default().add(count);
        }
    }

    /// Takes the first of those that are kept out.
    pub(super) fn pop(&mut self) -> Option<Setup> {
        let setup = self.kept.pop_front()?;
        self.established -= usize::from(setup.has(Milestone::Established));
        Some(setup)
    }

    /// Whether `setup` may be kept, too.
    fn has_room(&mut self, setup: &Setup, config: &Config) -> bool {
        let alike = if setup.has(Milestone::Established) {
            self.established
        } else {
            self.kept.len() - self.established
        };
        let has_room = alike < config.max_reported;
        self.exceeded |= !has_room;
        has_room
    }

    /// Whether `setup` is TLS or bound for it, by itself or by what its server speaks elsewhere.
    pub(super) fn is_tls(&self, setup: &Setup, config: &Config) -> bool {
        is_bound_for_tls(setup, config) || self.servers.contains(&setup.server)
    }

    /// The connections that are not kept and are TLS or bound for it.
    pub(super) fn counted(&self) -> Count {
        let mut total = self.tls;
        for server in &self.servers {
            if let Some(count) = self.undecided.get(server) {
                total.add(*count);
            }
        }
        total
    }
}

/// The longest wait before the end of the handshake.
pub(super) fn longest(waits: &[Wait]) -> Option<Span> {
    let before = waits
        .iter()
        .filter(|wait| wait.phase != Phase::ApplicationData);
    before.map(Wait::duration).max()
}

fn is_bound_for_tls(setup: &Setup, config: &Config) -> bool {
    let by_port = setup.port.is_some() || config.tls_ports.contains(&setup.server.port);
    by_port
        || setup.reading.is_tls
        || setup.has(Milestone::StarttlsRequest)
        || is_tunnel_to_tls(setup)
}

/// Whether a proxy was asked for a tunnel to a port for TLS, and nothing else came through it.
fn is_tunnel_to_tls(setup: &Setup) -> bool {
    let Some(tunnel) = &setup.reading.tunnel else {
        return false;
    };
    let upstream = tunnel.upstream.as_ref();
    upstream.is_some_and(|upstream| tls::port(upstream.port).is_some())
}
