//! The waits of a connection follow one another and add up to its length.

use std::fmt::Write as _;

use proptest::prelude::*;
use testkit::scenario::Scenario;
use tls_stall::{Config, Connection, Milestone, Phase, Span, analyze_reader};

/// Handshakes that come to their first application data, a step a line.
const HANDSHAKES: [&str; 6] = [
    "client > server syn
     server > client syn-ack
     client > server ack
     client > server client-hello sni=mail.example
     server > client ack
     server > client server-flight chain=3000
     client > server client-finished
     server > client server-finished
     client > server app 100",
    "client > server syn
     client > server again
     server > client syn-ack
     client > server ack
     client > server client-hello tls1.3 pq
     server > client ack
     server > client server-flight tls1.3
     client > server client-finished tls1.3
     server > client server-finished tls1.3
     client > server app 100",
    "client > server syn
     server > client syn-ack
     client > server ack
     client > server client-hello tls1.3
     server > client hello-retry
     client > server client-hello tls1.3 retried
     server > client server-flight tls1.3
     client > server client-finished tls1.3
     client > server app 100",
    "client > server syn
     server > client syn-ack
     client > server ack
     server > client text \"220 mail.example ESMTP\\r\\n\"
     client > server text \"EHLO tablet\\r\\n\"
     server > client text \"250-mail.example\\r\\n250 STARTTLS\\r\\n\"
     client > server text \"STARTTLS\\r\\n\"
     server > client text \"220 2.0.0 go\\r\\n\"
     client > server client-hello
     server > client server-flight
     client > server client-finished
     server > client server-finished
     client > server app 100",
    // Captured at the server: the second segment of the ClientHello comes late.
    "client > server syn
     server > client syn-ack
     client > server ack
     client > server client-hello tls1.3 pq unseen=2 lost=2
     server > client ack
     client > server again segment=2
     server > client server-flight tls1.3
     client > server client-finished tls1.3
     client > server app 100",
    // Captured at the server: the first one does.
    "client > server syn
     server > client syn-ack
     client > server ack
     client > server client-hello tls1.3 pq unseen=1 lost=1
     server > client ack
     client > server again segment=1
     server > client server-flight tls1.3
     client > server client-finished tls1.3
     client > server app 100",
];

/// Handshakes that end before that.
const FAILURES: [&str; 5] = [
    "client > server syn
     server > client syn-ack
     client > server ack
     server > client fin
     client > server client-hello
     server > client rst",
    "client > server syn
     server > client syn-ack
     client > server ack
     client > server client-hello
     server > client alert 70",
    "client > server syn
     server > client syn-ack
     client > server ack
     client > server client-hello
     server > client rst",
    "client > server syn
     server > client syn-ack
     client > server ack
     client > server client-hello
     server > client server-flight
     client > server rst",
    "client > server syn
     server > client rst",
];

fn connection(steps: &str, delays: &[u32]) -> Connection {
    let port = if steps.contains("220 ") { 587 } else { 465 };
    let mut wire = String::new();
    for (step, delay) in steps.lines().zip(delays) {
        let millis = delay % 1000;
        writeln!(wire, "+{}.{millis:03} {}", delay / 1000, step.trim()).unwrap();
    }
    let text = format!(
        "title = \"sums\"\ncaptured_by = \"server\"\nwire = '''\n{wire}'''\n\n[hosts]\n\
         server = \"203.0.113.25:{port}\"\n"
    );
    let capture = Scenario::parse(&text).unwrap().capture();
    let mut config = Config::default();
    config.keep_all = true;
    let report = analyze_reader("sums", capture.as_slice(), &config).unwrap();
    report.analysis.connections.into_iter().next().unwrap()
}

fn assert_sums(connection: &Connection) -> Result<(), TestCaseError> {
    let waits = &connection.waits;
    let first = connection.milestones[&Milestone::Syn];
    prop_assert_eq!(waits[0].from_frame, first.frame);
    for pair in waits.windows(2) {
        prop_assert_eq!(pair[0].to_frame, pair[1].from_frame, "{:?}", waits);
    }
    let last = waits[waits.len() - 1].to_frame;
    let end = connection
        .milestones
        .values()
        .find(|at| at.frame == last)
        .map(|at| at.time)
        .unwrap();
    let sum = waits
        .iter()
        .map(|wait| wait.duration)
        .fold(Span::ZERO, Span::plus);
    prop_assert_eq!(sum, end.minus(first.time), "{:?}", waits);
    for finding in &connection.findings {
        prop_assert!(finding.explained <= finding.wait);
    }
    for phase in Phase::ALL {
        let of_wait = connection.findings.iter().filter(|it| it.phase == *phase);
        let explained = of_wait.clone().map(|it| it.explained);
        let longest = waits.iter().filter(|wait| wait.phase == *phase);
        let available = longest
            .map(|wait| wait.duration)
            .fold(Span::ZERO, Span::plus);
        prop_assert!(explained.fold(Span::ZERO, Span::plus) <= available);
    }
    Ok(())
}

proptest! {
    /// Whatever each step takes, the phases add up to the time from the first frame to the last
    /// milestone of the set-up.
    #[test]
    fn the_phases_of_a_handshake_add_up_to_its_length(
        which in 0..HANDSHAKES.len(),
        delays in prop::collection::vec(0_u32..20_000, 14),
    ) {
        let connection = connection(HANDSHAKES[which], &delays);
        assert_sums(&connection)?;
        let last = connection.waits.last().unwrap();
        prop_assert_eq!(last.phase, Phase::ApplicationData, "{:?}", connection);
        prop_assert_eq!(
            last.to_frame,
            connection.milestones[&Milestone::ApplicationData].frame
        );
    }

    #[test]
    fn the_phases_of_a_failure_add_up_to_what_ended_it(
        which in 0..FAILURES.len(),
        delays in prop::collection::vec(0_u32..20_000, 14),
    ) {
        assert_sums(&connection(FAILURES[which], &delays))?;
    }
}

/// A client that has begun to speak does not owe the whole ClientHello any more.
#[test]
fn what_is_awaited_of_a_client_hello_that_has_begun_is_the_rest_of_it() {
    let steps = "client > server syn
     server > client syn-ack
     client > server ack
     client > server client-hello tls1.3 pq unseen=2 lost=2
     client > server fin";
    let connection = connection(steps, &[0, 40, 40, 1, 5_000]);
    let verdict = &connection.findings[0];
    assert_eq!(verdict.phase, Phase::ClientHello);
    assert!(
        verdict.summary.contains("the rest of the ClientHello"),
        "{}",
        verdict.summary
    );
}
