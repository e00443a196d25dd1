//! Which connection of the one capture is held against which of the other.
//!
//! `docs/decisions/0009-comparing.md` has the reasons for these rules.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

use crate::decode::Endpoint;
use crate::names::named;
use crate::report::{Analysis, Cause, Connection, Outcome};

named! {
    /// What two connections have in common.
    pub enum MatchedBy {
        /// They are one connection, captured in two places.
        SameConnection = "same-connection",
        /// The server's name and port.
        ServerName = "server-name",
        /// The server's address and port.
        ServerAddress = "server-address",
        /// The server's port alone.
        ServerPort = "server-port",
    }
}

/// Two connections, and why they are held against each other.
pub(super) struct Match<'a> {
    pub(super) by: MatchedBy,
    pub(super) connections: [&'a Connection; 2],
}

/// What came of the matching.
pub(super) struct Matched<'a> {
    /// Those that stalled or failed in the first capture first, else by their numbers.
    pub(super) pairs: Vec<Match<'a>>,
    pub(super) unmatched: [Vec<u64>; 2],
}

/// Matches the TLS connections of two captures, each once.
///
/// Where they share a connection, the captures show the same traffic from two places, and only
/// the same connections are matched.
pub(super) fn pairs([first, second]: [&Analysis; 2]) -> Matched<'_> {
    let mut sides = [Side::new(first), Side::new(second)];
    let mut pairs = same_connections(&mut sides);
    if pairs.is_empty() {
        let [here, there] = &mut sides;
        for by in [
            MatchedBy::ServerName,
            MatchedBy::ServerAddress,
            MatchedBy::ServerPort,
        ] {
            pairs.extend(by_server(by, here, there));
        }
    }
    pairs.sort_by_key(|pair| {
        let [here, _] = pair.connections;
        (!is_bad(here), here.tcp_stream)
    });
    Matched {
        pairs,
        unmatched: sides.map(Side::into_unmatched),
    }
}

/// Whether `connection` stalled or failed.
pub(super) fn is_bad(connection: &Connection) -> bool {
    let verdict = connection.findings.first();
    connection.stalled || verdict.is_some_and(|it| it.cause != Cause::UnusedConnection)
}

/// Whether `connection` is TLS or was to be, as far as its report tells.
fn is_tls(connection: &Connection) -> bool {
    connection.protocol.is_some() || !connection.findings.is_empty()
}

/// The TLS connections of one capture that have no counterpart yet: first those to be served.
struct Side<'a>(Vec<&'a Connection>);

impl<'a> Side<'a> {
    fn new(analysis: &'a Analysis) -> Self {
        let connections = analysis.connections.iter().filter(|it| is_tls(it));
        Self(connections.collect())
    }

    fn into_unmatched(self) -> Vec<u64> {
        let mut streams: Vec<u64> = self.0.iter().map(|it| it.tcp_stream).collect();
        streams.sort_unstable();
        streams
    }
}

/// Takes out of both sides the connections that they share.
fn same_connections<'a>([here, there]: &mut [Side<'a>; 2]) -> Vec<Match<'a>> {
    let ports = [
        unique(&here.0, ports_and_isn),
        unique(&there.0, ports_and_isn),
    ];
    let randoms = [unique(&here.0, random), unique(&there.0, random)];
    let mut pairs = common(&ports);
    pairs.extend(common(&randoms));
    let mut seen = [BTreeSet::new(), BTreeSet::new()];
    pairs.retain(|[a, b]| {
        let [here, there] = &mut seen;
        let is_new = !here.contains(&a.tcp_stream) && !there.contains(&b.tcp_stream);
        if is_new {
            here.insert(a.tcp_stream);
            there.insert(b.tcp_stream);
        }
        is_new
    });
    for (side, seen) in [here, there].into_iter().zip(&seen) {
        side.0.retain(|it| !seen.contains(&it.tcp_stream));
    }
    let same = |connections| Match {
        by: MatchedBy::SameConnection,
        connections,
    };
    pairs.into_iter().map(same).collect()
}

/// The connections that have one key in common.
fn common<'a, K: Ord>(
    [here, there]: &[BTreeMap<K, &'a Connection>; 2],
) -> Vec<[&'a Connection; 2]> {
    let here = here.iter();
    here.filter_map(|(key, &connection)| Some([connection, *there.get(key)?]))
        .collect()
}

type PortsAndIsn = ((IpAddr, u16), (IpAddr, u16), u32);

fn ports_and_isn(connection: &Connection) -> Option<PortsAndIsn> {
    let end = |end: Endpoint| (end.ip, end.port);
    let isn = connection.identity.client_isn?;
    Some((end(connection.client), end(connection.server), isn))
}

fn random(connection: &Connection) -> Option<[u8; 32]> {
    connection.identity.client_random
}

/// The connections by a key that only one of them has: what several have identifies none.
fn unique<'a, K: Ord>(
    connections: &[&'a Connection],
    key: impl Fn(&Connection) -> Option<K>,
) -> BTreeMap<K, &'a Connection> {
    let mut all: BTreeMap<K, Option<&'a Connection>> = BTreeMap::new();
    for connection in connections {
        if let Some(key) = key(connection) {
            all.entry(key)
                .and_modify(|it| *it = None)
                .or_insert(Some(connection));
        }
    }
    all.into_iter()
        .filter_map(|(key, it)| Some((key, it?)))
        .collect()
}

/// The server as far as two connections have to agree on it, and whether its name is known where
/// it need not be the same.
type Server = (Option<String>, Option<IpAddr>, u16, bool);

/// Takes out of both sides the connections whose servers agree, in their order; those that stalled
/// or failed here have the choice, and take one that did not.
fn by_server<'a>(by: MatchedBy, here: &mut Side<'a>, there: &mut Side<'a>) -> Vec<Match<'a>> {
    let mut waiting: BTreeMap<Server, VecDeque<&Connection>> = BTreeMap::new();
    let mut partners = there.0.clone();
    partners.sort_by_key(|it| (is_bad(it), it.tcp_stream));
    for partner in partners {
        // On the port alone, only one that works says what is usual.
        if by == MatchedBy::ServerPort && partner.outcome != Outcome::Established {
            continue;
        }
        if let Some(server) = server(by, partner) {
            waiting.entry(server).or_default().push_back(partner);
        }
    }
    let mut seekers = here.0.clone();
    seekers.sort_by_key(|it| (!is_bad(it), it.tcp_stream));
    let mut pairs = Vec::new();
    for seeker in seekers {
        let partner = wanted(by, seeker)
            .iter()
            .find_map(|server| waiting.get_mut(server)?.pop_front());
        pairs.extend(partner.map(|partner| Match {
            by,
            connections: [seeker, partner],
        }));
    }
    for (index, side) in [here, there].into_iter().enumerate() {
        let taken = pairs.iter().filter_map(|it| it.connections.get(index));
        let taken: BTreeSet<u64> = taken.map(|it| it.tcp_stream).collect();
        side.0.retain(|it| !taken.contains(&it.tcp_stream));
    }
    pairs
}

/// What `connection` is found by.
fn server(by: MatchedBy, connection: &Connection) -> Option<Server> {
    let port = connection.server.port;
    let name = connection.server_name.as_deref().map(canonical);
    match by {
        MatchedBy::ServerName => Some((Some(name?), None, port, true)),
        MatchedBy::ServerAddress => Some((None, Some(connection.server.ip), port, false)),
        MatchedBy::ServerPort => Some((None, None, port, name.is_some())),
        MatchedBy::SameConnection => None,
    }
}

/// What a counterpart of `connection` is to be found by, the better first.
///
/// A connection that went well needs no stand-in, and servers of different names are different.
fn wanted(by: MatchedBy, connection: &Connection) -> Vec<Server> {
    if by != MatchedBy::ServerPort {
        return server(by, connection).into_iter().collect();
    }
    let (port, is_named) = (connection.server.port, connection.server_name.is_some());
    match (is_bad(connection), is_named) {
        (false, _) => Vec::new(),
        (true, true) => vec![(None, None, port, false)],
        (true, false) => vec![(None, None, port, false), (None, None, port, true)],
    }
}

fn canonical(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}
