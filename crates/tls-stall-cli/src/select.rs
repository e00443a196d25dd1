//! Which connections are reported.

use std::net::IpAddr;
use std::str::FromStr;

use tls_stall::{Analysis, Connection, FrameNumber, Lookup};

use crate::args::Args;

/// A server to report: its address or name, and perhaps its port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerFilter {
    host: Host,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Address(IpAddr),
    /// In lower case, without a dot at its end.
    Name(String),
}

impl ServerFilter {
    fn matches(&self, connection: &Connection) -> bool {
        let server = connection.server;
        let host = match &self.host {
            Host::Address(ip) => server.ip == *ip,
            Host::Name(name) => {
                let server_name = connection.server_name.as_deref();
                server_name.is_some_and(|server_name| canonical(server_name) == *name)
            }
        };
        host && self.port.is_none_or(|port| server.port == port)
    }
}

/// `203.0.113.25`, `203.0.113.25:465`, `2001:db8::25`, `[2001:db8::25]:465`, `smtp.example:465`.
impl FromStr for ServerFilter {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(ip) = text.parse() {
            let host = Host::Address(ip);
            return Ok(Self { host, port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                let port: u16 = port
                    .parse()
                    .map_err(|_| "the port is not a number up to 65535")?;
                (host, Some(port))
            }
            _ => (text, None),
        };
        if let Some(inner) = host.strip_prefix('[') {
            let inner = inner.strip_suffix(']').ok_or("the bracket is not closed")?;
            let ip = inner
                .parse()
                .map_err(|_| "no IPv6 address in the brackets")?;
            let host = Host::Address(IpAddr::V6(ip));
            return Ok(Self { host, port });
        }
        if host.is_empty() {
            return Err("the host is missing");
        }
        if host.contains(':') {
            return Err("an IPv6 address with a port needs brackets: [2001:db8::25]:465");
        }
        let host = match host.parse() {
            Ok(ip) => Host::Address(IpAddr::V4(ip)),
            Err(_) => Host::Name(canonical(host)),
        };
        Ok(Self { host, port })
    }
}

fn canonical(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// Whether the analysis must keep healthy connections for `args`.
pub(crate) fn needs_all(args: &Args) -> bool {
    args.all || !args.tcp_stream.is_empty()
}

/// Leaves in `analysis` the connections that `args` asks for, and the lookups of their findings.
///
/// The summary stays that of the whole capture.
pub(crate) fn select(analysis: &mut Analysis, args: &Args) {
    if args.server.is_none() && args.port.is_empty() && args.tcp_stream.is_empty() {
        return;
    }
    analysis
        .connections
        .retain(|connection| is_asked_for(connection, args));
    if !args.all {
        let findings = analysis
            .connections
            .iter()
            .flat_map(|connection| &connection.findings);
        let evidence = findings.flat_map(|finding| &finding.evidence);
        let mut frames: Vec<FrameNumber> = evidence.map(|evidence| evidence.frame).collect();
        frames.sort_unstable();
        analysis.lookups.retain(|lookup| touches(lookup, &frames));
    }
}

/// Whether `args` asks for `connection`.
pub(crate) fn is_asked_for(connection: &Connection, args: &Args) -> bool {
    args.server
        .as_ref()
        .is_none_or(|server| server.matches(connection))
        && (args.port.is_empty() || args.port.contains(&connection.server.port))
        && (args.tcp_stream.is_empty() || args.tcp_stream.contains(&connection.tcp_stream))
}

/// Whether a query or an answer of `lookup` is among the sorted `frames`.
fn touches(lookup: &Lookup, frames: &[FrameNumber]) -> bool {
    let queries = lookup.queries.iter().map(|query| query.frame);
    let answers = lookup.answers.iter().map(|answer| answer.frame);
    let mut of_lookup = queries.chain(answers);
    of_lookup.any(|frame| frames.binary_search(&frame).is_ok())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use tls_stall::{
        Cause, Confidence, Endpoint, Evidence, Finding, LookupQuery, Outcome, Party, Phase, Span,
        Way,
    };

    use super::*;

    fn endpoint(ip: &str, port: u16) -> Endpoint {
        let ip = ip.parse().unwrap();
        Endpoint { ip, port }
    }

    fn connection(tcp_stream: u64, server: &str, port: u16, name: Option<&str>) -> Connection {
        let client = endpoint("10.8.0.1", 40000);
        let server = endpoint(server, port);
        let mut connection = Connection::new(tcp_stream, client, server, Outcome::Established);
        connection.server_name = name.map(str::to_owned);
        connection
    }

    /// The numbers of the connections that `options` leave.
    fn left(options: &[&str]) -> Vec<u64> {
        let mut analysis = Analysis::default();
        analysis.connections = vec![
            connection(0, "203.0.113.25", 465, Some("SMTP.example")),
            connection(1, "203.0.113.25", 993, None),
            connection(2, "2001:db8::25", 465, Some("smtp.example.")),
        ];
        let args = Args::parse_from([&["tls-stall", "a.pcap"], options].concat());
        select(&mut analysis, &args);
        analysis
            .connections
            .iter()
            .map(|connection| connection.tcp_stream)
            .collect()
    }

    #[test]
    fn without_a_filter_everything_stays() {
        assert_eq!(left(&[]), [0, 1, 2]);
    }

    #[test]
    fn a_server_is_told_by_address_by_name_and_by_port() {
        assert_eq!(left(&["--server", "203.0.113.25"]), [0, 1]);
        assert_eq!(left(&["--server", "203.0.113.25:993"]), [1]);
        assert_eq!(left(&["--server", "2001:db8::25"]), [2]);
        assert_eq!(left(&["--server", "[2001:db8:0::25]"]), [2]);
        assert_eq!(left(&["--server", "[2001:db8::25]:465"]), [2]);
        assert_eq!(left(&["--server", "smtp.Example"]), [0, 2]);
        assert_eq!(left(&["--server", "smtp.example.:465"]), [0, 2]);
        assert_eq!(left(&["--server", "example"]), [0; 0]);
    }

    #[test]
    fn filters_narrow_each_other() {
        assert_eq!(left(&["--port", "465", "--port", "993"]), [0, 1, 2]);
        assert_eq!(left(&["--port", "465", "--tcp-stream", "2"]), [2]);
        assert_eq!(left(&["--tcp-stream", "0", "--tcp-stream", "1"]), [0, 1]);
        assert_eq!(left(&["--server", "smtp.example", "--port", "993"]), [0; 0]);
    }

    #[test]
    fn a_server_that_cannot_be_read_is_refused() {
        for text in [
            "", ":465", "a:", "a:65536", "a:b", "[::1", "[a]:1", "::1::2", "a:1:2",
        ] {
            assert!(text.parse::<ServerFilter>().is_err(), "{text}");
        }
    }

    #[test]
    fn lookups_of_connections_left_out_go_with_them() {
        let frame = |number| FrameNumber::new(number).unwrap();
        let mut analysis = Analysis::default();
        for (stream, query) in [(0, 3), (1, 5)] {
            let mut stalled = connection(stream, "203.0.113.25", 465, None);
            let mut finding = Finding::new(
                Cause::ReverseDnsUnanswered,
                Phase::ClientHello,
                Party::Client,
                Confidence::High,
            );
            let evidence = Evidence::new(frame(query), Span::ZERO, Way::UNKNOWN, "query");
            finding.evidence.push(evidence);
            stalled.findings.push(finding);
            analysis.connections.push(stalled);
            let resolver = IpAddr::from([10, 0, 0, 1]);
            let mut lookup = Lookup::new(format!("{stream}.example"), "PTR", resolver);
            lookup
                .queries
                .push(LookupQuery::new(frame(query), Span::ZERO, resolver, 1));
            analysis.lookups.push(lookup);
        }
        let args = Args::parse_from(["tls-stall", "--tcp-stream", "1", "a.pcap"]);
        select(&mut analysis, &args);
        let names: Vec<&str> = analysis.lookups.iter().map(|l| l.name.as_str()).collect();
        assert_eq!(names, ["1.example"]);
    }
}
