//! Connections that stalled or failed for one reason, taken together.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use tls_stall::{Confidence, Connection, Span};

use crate::words::{self, Standing};

/// As many numbers and ranges of numbers stand in a display filter.
const MAX_RUNS: usize = 40;

/// Connections to one server whose verdicts name the same cause, and are as sure of it.
///
/// A connection without a finding is a group of its own.
#[derive(Debug)]
pub(crate) struct Group<'a> {
    /// The one with the longest wait, which stands for all of them.
    pub(crate) worst: &'a Connection,
    /// All of them, `worst` first.
    pub(crate) members: Vec<&'a Connection>,
}

/// `connections` in groups: stalled before failed before the others, each by the longest wait.
pub(crate) fn groups(connections: &[Connection]) -> Vec<Group<'_>> {
    let mut sorted: Vec<&Connection> = connections.iter().collect();
    sorted.sort_by_key(|connection| Reverse((Standing::of(connection), wait(connection))));
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut places = BTreeMap::new();
    for connection in sorted {
        let Some(reason) = reason(connection) else {
            groups.push(Group::new(connection));
            continue;
        };
        let place = *places.entry(reason).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.members.push(connection),
            None => groups.push(Group::new(connection)),
        }
    }
    groups
}

/// What the members of a group have in common.
fn reason(connection: &Connection) -> Option<impl Ord + use<>> {
    let verdict = connection.findings.first()?;
    let server = connection.server;
    Some((
        Standing::of(connection),
        (verdict.cause, verdict.phase, verdict.waiting_on),
        Reverse::<Confidence>(verdict.confidence),
        (server.ip, server.port),
    ))
}

/// The wait that a connection is ranked by.
fn wait(connection: &Connection) -> Option<Span> {
    words::shown_wait(connection).map(|wait| wait.duration)
}

impl<'a> Group<'a> {
    fn new(worst: &'a Connection) -> Self {
        Self {
            worst,
            members: vec![worst],
        }
    }

    /// Whether it is more than one connection.
    pub(crate) const fn is_several(&self) -> bool {
        self.members.len() > 1
    }

    /// How many they are.
    pub(crate) fn count(&self) -> String {
        words::count(words::number(self.members.len()), "connection")
    }

    /// The ends that the members share: `10.8.0.1:41234 → 203.0.113.25:465 (smtp.example)`, or
    /// without the ports and names in which they differ.
    pub(crate) fn ends(&self) -> String {
        if !self.is_several() {
            return words::ends(self.worst);
        }
        let client = self.worst.client.ip;
        let clients = if self.members.iter().all(|it| it.client.ip == client) {
            client.to_string()
        } else {
            "several clients".to_owned()
        };
        let name = &self.worst.server_name;
        let name = name
            .as_ref()
            .filter(|_| self.members.iter().all(|it| it.server_name == *name));
        let server = self.worst.server;
        words::ends_of(&clients, &server.to_string(), name.map(String::as_str))
    }

    /// The wait of each, from the shortest to the longest: `1.020 s – 28.000 s`.
    pub(crate) fn waits(&self) -> String {
        let waits = self.members.iter().filter_map(|it| wait(it));
        let (shortest, longest) = (waits.clone().min(), waits.max());
        match (shortest, longest) {
            (Some(shortest), Some(longest)) if shortest.to_string() != longest.to_string() => {
                format!("{shortest} – {longest}")
            }
            (_, Some(longest)) => longest.to_string(),
            _ => "–".to_owned(),
        }
    }

    /// Shows all of them in Wireshark, and what it shows: `tcp.stream in {2,5,7..12}`, or all
    /// connections to their server where their numbers would be a list without end.
    pub(crate) fn display_filter(&self) -> (String, &'static str) {
        let runs = self.runs();
        if runs.len() <= MAX_RUNS {
            let runs = runs.join(",");
            return (format!("tcp.stream in {{{runs}}}"), "all of them");
        }
        let server = self.worst.server;
        let field = if server.ip.is_ipv4() { "ip" } else { "ipv6" };
        let filter = format!(
            "{field}.addr eq {} and tcp.port eq {}",
            server.ip, server.port
        );
        (filter, "all connections to their server")
    }

    /// The numbers of the members: `2`, `5`, `7..12`.
    fn runs(&self) -> Vec<String> {
        let mut streams: Vec<u64> = self.members.iter().map(|it| it.tcp_stream).collect();
        streams.sort_unstable();
        let mut runs: Vec<(u64, u64)> = Vec::new();
        for stream in streams {
            match runs.last_mut() {
                Some((_, last)) if last.checked_add(1) == Some(stream) => *last = stream,
                _ => runs.push((stream, stream)),
            }
        }
        let runs = runs.into_iter().map(|(first, last)| {
            if first == last {
                first.to_string()
            } else {
                format!("{first}..{last}")
            }
        });
        runs.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;

    fn refused(streams: &[u64]) -> Vec<Connection> {
        let streams = streams.iter().copied();
        streams.map(example::refused_connection).collect()
    }

    #[test]
    fn connections_that_failed_for_one_reason_are_one_group() {
        let connections = refused(&[7, 1, 2, 3, 9]);
        let groups = groups(&connections);
        assert_eq!(groups.len(), 1);
        let group = &groups[0];
        assert_eq!(group.count(), "5 connections");
        let filter = ("tcp.stream in {1..3,7,9}".to_owned(), "all of them");
        assert_eq!(group.display_filter(), filter);
        assert_eq!(group.ends(), "10.8.0.1 → 198.51.100.9:443");
    }

    #[test]
    fn another_server_another_confidence_or_another_wait_is_another_group() {
        let mut connections = refused(&[0, 1, 2, 3]);
        connections[1].server.port = 8443;
        connections[2].findings[0].confidence = Confidence::Low;
        connections[3].findings[0].phase = tls_stall::Phase::Starttls;
        assert_eq!(groups(&connections).len(), 4);
    }

    #[test]
    fn connections_without_a_finding_stay_apart() {
        let connections = vec![
            example::healthy_connection(0),
            example::healthy_connection(1),
        ];
        assert_eq!(groups(&connections).len(), 2);
    }

    #[test]
    fn the_longest_wait_stands_for_its_group_and_the_worst_group_comes_first() {
        let mut connections = refused(&[0]);
        for seconds in [2, 28, 7] {
            let mut stalled = example::stalled_connection();
            stalled.tcp_stream = seconds;
            stalled.waits[1].duration = Span::from_secs(i64::try_from(seconds).unwrap());
            connections.push(stalled);
        }
        let groups = groups(&connections);
        assert_eq!(groups.len(), 2);
        assert_eq!(groups[0].worst.tcp_stream, 28);
        assert_eq!(groups[0].waits(), "2.000 s – 28.000 s");
        assert_eq!(groups[1].worst.tcp_stream, 0);
    }

    #[test]
    fn a_filter_is_never_a_list_without_end() {
        let streams: Vec<u64> = (0..100).map(|stream| stream * 2).collect();
        let mut connections = refused(&streams);
        let filter = "ip.addr eq 198.51.100.9 and tcp.port eq 443";
        assert_eq!(groups(&connections)[0].display_filter().0, filter);
        for connection in &mut connections {
            connection.server.ip = "2001:db8::25".parse().unwrap();
        }
        let filter = "ipv6.addr eq 2001:db8::25 and tcp.port eq 443";
        assert_eq!(groups(&connections)[0].display_filter().0, filter);
    }
}
