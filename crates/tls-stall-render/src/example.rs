//! Reports made by hand, for the tests of every format.

use std::net::{IpAddr, Ipv4Addr};

use tls_stall::{
    Analysis, At, CaptureReport, Cause, Check, Confidence, Config, Connection, Document, EndedBy,
    Endpoint, Evidence, Finding, FrameNumber, Lookup, LookupQuery, Milestone, Notice, NoticeCode,
    Options, Outcome, Party, Phase, RuledOut, Source, Span, Timestamp, Wait, Way,
};

const RESOLVER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

pub(crate) fn frame(number: u64) -> FrameNumber {
    FrameNumber::new(number).unwrap()
}

fn endpoint(ip: [u8; 4], port: u16) -> Endpoint {
    let ip = IpAddr::from(ip);
    Endpoint { ip, port }
}

pub(crate) fn document(captures: Vec<CaptureReport>) -> Document {
    Document::new(Options::from(&Config::default()), captures)
}

/// A capture of `connections`, of which all are TLS.
pub(crate) fn capture(path: &str, connections: Vec<Connection>) -> CaptureReport {
    let mut analysis = Analysis::default();
    analysis.link_types = vec!["RAW".to_owned()];
    analysis.frames = 80;
    analysis.decoded_frames = 80;
    analysis.first_frame_time = Some(Timestamp::from_nanos(1_429_672_269_123_456_000));
    analysis.duration = Span::from_millis(36_200);
    analysis.summary.connections = connections.len() as u64 + 1;
    analysis.summary.tls_connections = connections.len() as u64;
    for connection in connections.iter().filter(|connection| connection.stalled) {
        analysis.summary.stalled += 1;
        let verdict = connection.findings.first();
        let causes = &mut analysis.summary.causes;
        *causes
            .entry(verdict.map_or(Cause::ClientIdle, |f| f.cause))
            .or_default() += 1;
    }
    analysis.connections = connections;
    CaptureReport::new(Source::new(path, "pcap"), analysis)
}

/// The case that the program was made for.
pub(crate) fn stalled() -> Document {
    let mut capture = capture("phone-on-3g.pcap", vec![stalled_connection()]);
    let mut lookup = Lookup::new("25.113.0.203.in-addr.arpa", "PTR", [10, 8, 0, 1].into());
    lookup.duration = Span::from_secs(28);
    lookup.schedule = Some("glibc, three name servers".to_owned());
    for (number, millis) in [(51, 3300), (53, 8301), (58, 16_301)] {
        let time = Span::from_millis(millis);
        let query = LookupQuery::new(frame(number), time, RESOLVER, 48056);
        lookup.queries.push(query);
    }
    capture.analysis.lookups.push(lookup);
    capture.analysis.notices.push(Notice::new(
        NoticeCode::CaptureCutShort,
        Some(frame(80)),
        "The file ends within frame 81; everything before it was read.",
    ));
    document(vec![capture])
}

/// A document in which every text that may stem from a capture is `text`: of a connection with two
/// findings, of another like it, and of a third that has none.
pub(crate) fn of_texts(text: &str) -> Document {
    let hostile = || text.to_owned();
    let mut document = stalled();
    let capture = &mut document.captures[0];
    capture.source.path = hostile();
    capture.analysis.notices[0].message = hostile();
    let lookup = &mut capture.analysis.lookups[0];
    (lookup.name, lookup.record_type) = (hostile(), hostile());
    let connection = &mut capture.analysis.connections[0];
    connection.server_name = Some(hostile());
    connection.protocol = Some(hostile());
    connection.tls_version = Some(hostile());
    let finding = &mut connection.findings[0];
    finding.summary = hostile();
    finding.remedy = hostile();
    finding.display_filter = hostile();
    finding.evidence[0].message = hostile();
    finding.evidence[3].message = hostile();
    finding.checks[0].detail = hostile();
    finding.ruled_out[0].because = hostile();
    let second = finding.clone();
    connection.findings.push(second);
    let mut again = connection.clone();
    again.tcp_stream = 10;
    let mut healthy = healthy_connection(11);
    healthy.server_name = Some(hostile());
    capture.analysis.connections.extend([again, healthy]);
    document
}

pub(crate) fn stalled_connection() -> Connection {
    let mut connection = Connection::new(
        2,
        endpoint([10, 8, 0, 1], 41234),
        endpoint([203, 0, 113, 25], 465),
        Outcome::ServerClosedBeforeClientHello,
    );
    connection.server_name = Some("smtp.example".to_owned());
    connection.protocol = Some("tls".to_owned());
    connection.irtt = Some(Span::from_millis(100));
    for (milestone, number, millis, way) in [
        (Milestone::Syn, 46, 3100, Way::TO_SERVER),
        (Milestone::SynAck, 47, 3180, Way::TO_CLIENT),
        (Milestone::Established, 48, 3200, Way::TO_SERVER),
        (Milestone::ServerFin, 54, 9215, Way::TO_CLIENT),
        (Milestone::ClientHello, 73, 31_200, Way::TO_SERVER),
        (Milestone::ClientHelloEnd, 73, 31_200, Way::TO_SERVER),
        (Milestone::ServerRst, 74, 31_301, Way::TO_CLIENT),
    ] {
        let at = At::new(frame(number), Span::from_millis(millis), way);
        connection.milestones.insert(milestone, at);
    }
    connection.waits.push(Wait::new(
        Phase::TcpConnect,
        Party::Server,
        (frame(46), frame(48)),
        Span::from_millis(100),
        EndedBy::Milestone(Milestone::Established),
    ));
    let mut wait = Wait::new(
        Phase::ClientHello,
        Party::Client,
        (frame(48), frame(73)),
        Span::from_secs(28),
        EndedBy::Milestone(Milestone::ClientHello),
    );
    wait.stalled = true;
    connection.waits.push(wait);
    connection.stalled = true;
    connection.findings.push(unanswered());
    connection
}

fn unanswered() -> Finding {
    let mut finding = Finding::new(
        Cause::ReverseDnsUnanswered,
        Phase::ClientHello,
        Party::Client,
        Confidence::High,
    );
    finding.wait = Span::from_secs(28);
    finding.explained = Span::from_millis(27_900);
    finding.summary = "The client asked its resolver 10.0.0.1 for the name of the server's \
                       address 203.0.113.25 and sent its ClientHello only when it gave up waiting \
                       for the answer."
        .to_owned();
    finding.remedy = "Connect to smtp.example by name instead of by address, or publish a PTR \
                      record for 203.0.113.25."
        .to_owned();
    for (number, millis) in [(51, 3300), (53, 8301), (58, 16_301)] {
        finding.evidence.push(Evidence::new(
            frame(number),
            Span::from_millis(millis),
            Way::between(Party::Client, Party::Resolver),
            "PTR query for 25.113.0.203.in-addr.arpa to 10.0.0.1, never answered",
        ));
    }
    finding.evidence.push(Evidence::new(
        frame(73),
        Span::from_millis(31_200),
        Way::TO_SERVER,
        "ClientHello, 28.000 s after the handshake",
    ));
    finding.checks = vec![
        Check::new(
            "asks-for-the-peer",
            Some(true),
            "25.113.0.203.in-addr.arpa is the server's address",
        ),
        Check::new("other-names-answered", None, "nothing else was asked"),
        Check::new("covers-the-wait", Some(false), "only half of it"),
    ];
    finding.ruled_out.push(RuledOut::new(
        Cause::ClientHelloLost,
        "no segment of the client was sent twice",
    ));
    finding.display_filter = "frame.number in {48,51,53,54,58,73}".to_owned();
    finding
}

/// A connection that is well.
pub(crate) fn healthy_connection(tcp_stream: u64) -> Connection {
    let mut connection = Connection::new(
        tcp_stream,
        endpoint([10, 8, 0, 1], 41000),
        endpoint([198, 51, 100, 7], 443),
        Outcome::Established,
    );
    connection.server_name = Some("www.example".to_owned());
    connection.waits.push(Wait::new(
        Phase::ServerHello,
        Party::Server,
        (frame(4), frame(6)),
        Span::from_millis(120),
        EndedBy::Milestone(Milestone::ServerHello),
    ));
    connection
}

/// A connection that failed at once.
pub(crate) fn refused_connection(tcp_stream: u64) -> Connection {
    let mut connection = Connection::new(
        tcp_stream,
        endpoint([10, 8, 0, 1], 41001),
        endpoint([198, 51, 100, 9], 443),
        Outcome::Refused,
    );
    let mut finding = Finding::new(
        Cause::ConnectRefused,
        Phase::TcpConnect,
        Party::Server,
        Confidence::High,
    );
    finding.summary = "198.51.100.9 answered the SYN with RST.".to_owned();
    connection.findings.push(finding);
    connection
}
