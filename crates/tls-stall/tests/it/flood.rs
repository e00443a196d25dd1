//! More stalls than a report can hold.

use std::time::Duration;

use testkit::{Connection, Endian, Frame, Link, PcapWriter, Resolution, Side, generate};
use tls_stall::{Analysis, Cause, Config, NoticeCode, analyze_reader};

/// Fewer than the attempts to one server that are remembered: their limit is another.
const FLOOD: u64 = 200;

/// A flood of SYNs and, behind it, a connection whose client falls silent once it is established.
fn capture(flood: u64) -> Vec<u8> {
    let raw = Link::Raw.number();
    let mut file = PcapWriter::new(Vec::new(), Endian::Little, Resolution::Micro, raw).unwrap();
    let mut put = |time, packet| file.write(&Frame::new(time, Link::Raw.frame(&packet, true)));
    generate::half_open(flood, &mut put).unwrap();
    let [client, server] = ["10.8.0.1:40000", "203.0.113.25:465"].map(|it| it.parse().unwrap());
    let mut idle = Connection::new(client, server);
    put(Duration::from_millis(500), idle.syn()).unwrap();
    put(Duration::from_millis(520), idle.syn_ack()).unwrap();
    put(Duration::from_millis(540), idle.ack(Side::Client)).unwrap();
    put(Duration::from_secs(4), idle.fin(Side::Client)).unwrap();
    file.finish().unwrap()
}

fn analyze(max_reported: usize) -> Analysis {
    let mut config = Config::default();
    config.max_reported = max_reported;
    let report = analyze_reader("a flood", capture(FLOOD).as_slice(), &config).unwrap();
    report.analysis
}

#[test]
fn beyond_the_limit_stalls_are_counted_and_the_established_are_told() {
    let analysis = analyze(100);
    assert_eq!(analysis.summary.stalled, FLOOD + 1);
    assert_eq!(analysis.summary.tls_connections, FLOOD + 1);
    let streams: Vec<u64> = analysis
        .connections
        .iter()
        .map(|it| it.tcp_stream)
        .collect();
    assert_eq!(streams, (0..100).chain([FLOOD]).collect::<Vec<_>>());
    assert_eq!(
        analysis.summary.causes.get(&Cause::ConnectTimeout),
        Some(&100)
    );
    let limited = |analysis: &Analysis| {
        let mut notices = analysis.notices.iter();
        notices.any(|notice| notice.code == NoticeCode::LimitReached)
    };
    assert!(limited(&analysis));
    let whole = analyze(Config::default().max_reported);
    assert_eq!(whole.summary.stalled, analysis.summary.stalled);
    assert!(!limited(&whole));
}

#[test]
fn the_limit_of_attempts_at_one_server_is_named_where_it_is_reached() {
    let file = capture(1000);
    let report = analyze_reader("a flood", file.as_slice(), &Config::default()).unwrap();
    let notices = report.analysis.notices;
    let limit = notices
        .iter()
        .find(|it| it.code == NoticeCode::LimitReached);
    let message = &limit.unwrap().message;
    assert!(message.contains("256 at one server"), "{message}");
}
