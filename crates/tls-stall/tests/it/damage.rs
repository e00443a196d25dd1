//! What was reported before the damage is reported with it: whole reports, cut and damaged at each byte.

use testkit::formats;
use testkit::{Connection, Link, Side, tls};
use tls_stall::{self as library, CaptureReport, Config, Phase, analyze_reader};

/// How many frames of [`capture`] are the stalled connection's and its lookups'.
const STORY: usize = 11;

/// The story of a stalled connection, whole, and then another connection's beginning.
fn capture() -> testkit::Wire {
    let mut wire = formats::story(Link::Raw);
    assert_eq!(wire.frames().len(), STORY);
    let end = |text: &str| text.parse().unwrap();
    let mut other = Connection::new(end("10.8.0.1:41300"), end("198.51.100.9:443"));
    wire.put(20.0, other.syn());
    wire.put(20.05, other.syn_ack());
    wire.put(20.0501, other.ack(Side::Client));
    wire.put(
        20.06,
        other.send(Side::Client, &tls::client_hello("www.example")),
    );
    wire
}

/// How long a pcap file and a pcapng file of the story alone are.
fn lengths() -> [usize; 2] {
    let story = formats::story(Link::Raw);
    [story.pcap().len(), story.pcapng().len()]
}

fn analyze(file: &[u8]) -> Result<CaptureReport, library::ReadError> {
    analyze_reader("x", file, &Config::default())
}

/// The connection of the story, as it is reported of `file`, but for the wait for its first data: that
/// goes on to the end of the capture, wherever it is.
fn stalled(file: &[u8]) -> Option<library::Connection> {
    let report = analyze(file).ok()?;
    let mut connections = report.analysis.connections.into_iter();
    let mut stalled = connections.find(|connection| connection.stalled)?;
    stalled
        .waits
        .retain(|wait| wait.phase != Phase::ApplicationData);
    Some(stalled)
}

/// Cuts and damages `file` at each of its bytes from `from` on, and holds the story's report to be
/// what it is of the whole.
fn holds_from(from: usize, file: &[u8], what: &str) {
    let whole = stalled(file).unwrap();
    let due = Some(&whole);
    for at in from..file.len() {
        assert_eq!(stalled(&file[..at]).as_ref(), due, "{what}, cut to {at}");
        let mut damaged = file.to_vec();
        damaged[at] ^= if at % 2 == 0 { 1 << (at / 2 % 8) } else { 0xff };
        assert_eq!(stalled(&damaged).as_ref(), due, "{what}, byte {at}");
    }
}

#[test]
fn damage_after_a_stall_does_not_change_what_is_said_of_it() {
    let wire = capture();
    let [pcap, pcapng] = lengths();
    holds_from(pcap, &wire.pcap(), "pcap");
    holds_from(pcapng, &wire.pcapng(), "pcapng");
}

#[cfg(feature = "compression")]
#[test]
fn damage_to_a_member_of_gzip_does_not_change_what_the_one_before_it_holds() {
    let gzip = |bytes: &[u8]| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut gzip, bytes).unwrap();
        gzip.finish().unwrap()
    };
    let file = capture().pcap();
    let (first, second) = file.split_at(lengths()[0]);
    let first = gzip(first);
    let packed = [first.clone(), gzip(second)].concat();
    holds_from(first.len(), &packed, "gzip");
}

/// The set-up of a connection to `port`, and then `sent`, a step every two seconds.
fn set_up(port: u16, sent: &[(Side, &[u8])]) -> library::Connection {
    set_up_within(Config::default().stall_threshold, port, sent)
}

fn set_up_within(
    stall_threshold: library::Span,
    port: u16,
    sent: &[(Side, &[u8])],
) -> library::Connection {
    let mut wire = testkit::Wire::new(Link::Raw);
    let (client, server) = (([10, 8, 0, 1], 41234), ([203, 0, 113, 25], port));
    let mut connection = Connection::new(client.into(), server.into());
    wire.put(0.0, connection.syn());
    wire.put(0.1, connection.syn_ack());
    wire.put(0.2, connection.ack(Side::Client));
    let mut now = 0.2;
    for &(side, bytes) in sent {
        now += 2.0;
        wire.put(now, connection.send(side, bytes));
    }
    let mut config = Config::default();
    config.keep_all = true;
    config.stall_threshold = stall_threshold;
    let report = analyze_reader("x", wire.pcap().as_slice(), &config).unwrap();
    report.analysis.connections.into_iter().next().unwrap()
}

#[test]
fn a_connection_with_which_the_capture_ends_has_a_frame_of_evidence() {
    let connection = set_up_within(library::Span::ZERO, 443, &[]);
    let findings = &mut connection.findings.iter();
    let verdict = findings.find(|it| it.phase == Phase::ClientHello).unwrap();
    assert_eq!(verdict.cause, library::Cause::ClientIdle);
    assert_eq!(verdict.display_filter, "frame.number in {3}");
    assert_eq!(verdict.evidence.len(), 1);
}

#[test]
fn a_slow_handshake_whose_answer_was_not_captured_has_a_finding() {
    let mut wire = testkit::Wire::new(Link::Raw);
    let (client, server) = (([10, 8, 0, 1], 41234), ([203, 0, 113, 25], 443));
    let mut connection = Connection::new(client.into(), server.into());
    wire.put(0.0, connection.syn());
    connection.syn_ack();
    wire.put(3.0, connection.ack(Side::Client));
    wire.put(3.1, connection.send(Side::Client, &tls::client_hello("a")));
    let connections = analyze(&wire.pcap()).unwrap().analysis.connections;
    let verdict = &connections[0].findings[0];
    assert!(connections[0].stalled);
    assert_eq!(verdict.phase, Phase::TcpConnect);
    assert_eq!(verdict.cause, library::Cause::CaptureArtefact);
    assert_eq!(verdict.confidence, library::Confidence::Low);
}

/// Its request cannot be read: the time up to the go-ahead is that of the dialogue all the same.
#[test]
fn a_go_ahead_for_tls_without_its_request_leaves_no_time_out() {
    let hello = tls::client_hello("mail.example");
    let connection = set_up(
        389,
        &[
            (
                Side::Client,
                b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.2.1466.20037",
            ),
            (
                Side::Server,
                b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\0\x04\0\x04\0",
            ),
            (Side::Client, &hello),
        ],
    );
    let frames: Vec<(u64, u64)> = connection
        .waits
        .iter()
        .map(|wait| (wait.from_frame.get(), wait.to_frame.get()))
        .collect();
    assert_eq!(
        frames[..3],
        [(1, 3), (3, 5), (5, 6)],
        "{:?}",
        connection.waits
    );
    assert_eq!(connection.waits[1].phase, Phase::Starttls);
}

/// What comes after the ClientHello, be it in the clear, says nothing of what was awaited before.
#[test]
fn an_answer_in_the_clear_leaves_no_time_before_the_client_hello_out() {
    let hello = tls::client_hello("www.example");
    let answer: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\r\n";
    let connection = set_up(443, &[(Side::Client, &hello), (Side::Server, answer)]);
    let silence = &connection.waits[1];
    assert_eq!(silence.phase, Phase::ClientHello);
    assert!(silence.stalled, "{silence:?}");
}

/// A server that speaks first, and whose greeting is not there.
#[test]
fn a_go_ahead_for_tls_without_a_greeting_leaves_no_time_out() {
    let request: &[u8] = b"\0\0\0\x08\x04\xd2\x16\x2f";
    let connection = set_up(110, &[(Side::Client, request), (Side::Server, b"S")]);
    let frames: Vec<(u64, u64)> = connection
        .waits
        .iter()
        .map(|wait| (wait.from_frame.get(), wait.to_frame.get()))
        .collect();
    assert_eq!(frames[..2], [(1, 3), (3, 5)], "{:?}", connection.waits);
    assert_eq!(connection.waits[1].phase, Phase::Starttls);
}

#[test]
fn any_byte_may_be_any_other_and_nothing_panics() {
    for file in [capture().pcap(), capture().pcapng()] {
        for at in 0..file.len() {
            let mut damaged = file.clone();
            damaged[at] ^= [0x01, 0x80, 0xff][at % 3];
            // Whatever is found, it comes to an end.
            let _ = analyze(&damaged);
        }
    }
}
