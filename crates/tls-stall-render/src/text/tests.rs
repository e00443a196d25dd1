//! The text of reports made by hand.

use tls_stall::{
    Cause, Confidence, Connection, EndedBy, Finding, Milestone, Outcome, Party, Phase, SourceFile,
    Wait,
};

use super::*;
use crate::example::{self, frame};

fn plain(document: &Document) -> String {
    render(document, &TextOptions::default())
}

/// What stands beside the lanes of a ladder, its lines joined.
fn said(text: &str) -> String {
    let beside = text.lines().filter_map(|line| {
        let lanes = line.rfind(['│', '┊', '┃'])?;
        line.get(lanes..)
            .map(|rest| rest.trim_start_matches(['│', '┊', '┃']).trim())
    });
    beside.collect::<Vec<_>>().join(" ")
}

fn quiet() -> TextOptions {
    TextOptions {
        quiet: true,
        ..TextOptions::default()
    }
}

#[test]
fn a_stalled_connection_is_explained_in_full() {
    insta::assert_snapshot!(plain(&example::stalled()));
}

#[test]
fn several_connections_begin_with_a_table_worst_first() {
    let connections = vec![
        example::healthy_connection(0),
        example::refused_connection(1),
        example::stalled_connection(),
    ];
    let document = example::document(vec![example::capture("all.pcap", connections)]);
    insta::assert_snapshot!(plain(&document));
}

#[test]
fn a_healthy_capture_gets_one_clear_sentence() {
    let mut capture = example::capture("wifi.pcap", Vec::new());
    capture.analysis.summary.connections = 5;
    capture.analysis.summary.tls_connections = 3;
    capture.analysis.summary.longest_wait = Some(Span::from_millis(120));
    insta::assert_snapshot!(plain(&example::document(vec![capture])), @r"
    wifi.pcap: 80 frames in 36.200 s, 5 TCP connections (3 TLS), 0 stalled

    No stall: 3 TLS connections of 5 TCP connections looked at; the longest wait was
    0.120 s, and from 1 s on it would be a stall.
    ");
}

#[test]
fn a_capture_without_tls_says_so() {
    let mut capture = example::capture("ssh.pcap", Vec::new());
    capture.analysis.summary.connections = 1;
    let text = plain(&example::document(vec![capture]));
    assert!(text.contains("No TLS connection in this capture; 1 other TCP connection."));
    assert!(!text.contains("No stall"));
}

#[test]
fn a_capture_without_connections_says_so() {
    let mut capture = example::capture("udp.pcap", Vec::new());
    capture.analysis.summary.connections = 0;
    let text = plain(&example::document(vec![capture]));
    assert!(text.contains("No TCP connection in this capture."));
}

#[test]
fn stalls_outside_the_selection_are_not_called_no_stall() {
    let mut capture = example::capture("a.pcap", vec![example::stalled_connection()]);
    capture.analysis.connections.clear();
    let text = plain(&example::document(vec![capture]));
    assert!(text.contains("not among those selected"), "{text}");
}

#[test]
fn a_wait_that_the_end_of_the_capture_cut_is_a_lower_bound() {
    let mut connection = example::stalled_connection();
    connection.milestones.remove(&Milestone::ClientHello);
    connection.milestones.remove(&Milestone::ClientHelloEnd);
    connection.outcome = Outcome::InProgress;
    connection.waits[1].ended_by = EndedBy::EndOfCapture;
    connection.findings.clear();
    let text = plain(&example::document(vec![example::capture(
        "a.pcap",
        vec![connection],
    )]));
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(joined.contains(
        "stalled at least 28.000 s, still without the ClientHello when the capture ends"
    ));
    assert!(text.contains("the capture ends"));
    let silence =
        "at least 28.000 s without the ClientHello, since frame 48: waiting on the client";
    assert!(said(&text).contains(silence), "{text}");
}

#[test]
fn the_rest_of_a_client_hello_is_not_called_its_beginning() {
    let mut connection = example::stalled_connection();
    connection.waits[1].ended_by = EndedBy::Milestone(Milestone::ClientHelloEnd);
    let text = plain(&example::document(vec![example::capture(
        "a.pcap",
        vec![connection],
    )]));
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        joined.contains("stalled 28.000 s before the rest of the ClientHello"),
        "{text}"
    );
    assert!(
        said(&text).contains("28.000 s without the rest of the ClientHello"),
        "{text}"
    );
}

#[test]
fn low_confidence_reads_as_a_possible_cause() {
    let mut connection = example::stalled_connection();
    connection.findings[0].confidence = Confidence::Low;
    let document = example::document(vec![example::capture("a.pcap", vec![connection])]);
    let verdict = "possible cause: reverse-dns-unanswered, low confidence";
    assert!(plain(&document).contains(verdict));
    assert!(render(&document, &quiet()).contains(verdict));
}

#[test]
fn a_second_finding_is_short_and_keeps_its_evidence() {
    let mut connection = example::stalled_connection();
    let mut wait = Wait::new(
        Phase::ServerHello,
        Party::Server,
        (frame(73), frame(79)),
        Span::from_secs(2),
        EndedBy::Milestone(Milestone::ServerHello),
    );
    wait.stalled = true;
    connection.waits.push(wait);
    let mut second = Finding::new(
        Cause::ServerSlow,
        Phase::ServerHello,
        Party::Server,
        Confidence::Medium,
    );
    second.wait = Span::from_secs(2);
    second.explained = Span::from_secs(2);
    second.summary = "The server took its time.".to_owned();
    connection.findings.push(second);
    let text = plain(&example::document(vec![example::capture(
        "a.pcap",
        vec![connection],
    )]));
    assert!(
        text.contains("  Also, 2.000 s before the ServerHello: server-slow, medium confidence")
    );
    assert!(said(&text).contains("2.000 s without the ServerHello"));
    assert_eq!(text.matches("What to do").count(), 1);
}

#[test]
fn what_is_known_of_a_connection_is_told_in_one_line() {
    let facts = |change: fn(&mut Connection)| {
        let mut connection = example::stalled_connection();
        connection.irtt = None;
        change(&mut connection);
        words::facts(&connection)
    };
    assert_eq!(facts(|_| {}), None);
    let all = facts(|connection| {
        connection.protocol = Some("smtp".to_owned());
        connection.tls_version = Some("TLS 1.3".to_owned());
        connection.irtt = Some(Span::from_millis(81));
        connection.vantage = Some(tls_stall::Vantage::Server);
    });
    let line = "TLS 1.3 within smtp, round trip 0.081 s, captured at the server";
    assert_eq!(all.as_deref(), Some(line));
}

#[test]
fn a_finding_about_a_connection_that_got_through_is_no_failure() {
    let mut connection = example::refused_connection(3);
    connection.outcome = Outcome::Established;
    let document = example::document(vec![example::capture("a.pcap", vec![connection])]);
    let text = plain(&document);
    assert!(
        text.contains("· 10.8.0.1:41001") && !text.contains("failed"),
        "{text}"
    );
    assert!(text.contains("connect-refused, high confidence"));
}

#[test]
fn an_unused_connection_is_a_note() {
    let mut connection = example::refused_connection(3);
    connection.outcome = Outcome::NoClientHello;
    connection.findings[0].cause = Cause::UnusedConnection;
    let document = example::document(vec![example::capture("a.pcap", vec![connection])]);
    let text = plain(&document);
    assert!(text.contains("· 10.8.0.1:41001") && !text.contains('✗') && !text.contains("failed"));
    assert_eq!(render(&document, &quiet()), "");
}

#[test]
fn quiet_leaves_a_line_a_connection_and_the_notices() {
    insta::assert_snapshot!(render(&example::stalled(), &quiet()));
}

#[test]
fn what_is_not_shown_in_full_is_counted() {
    let mut many: Vec<Connection> = (0..12).map(example::refused_connection).collect();
    for (port, connection) in (1000..).zip(&mut many) {
        connection.server.port = port;
    }
    let text = plain(&example::document(vec![example::capture("a.pcap", many)]));
    assert_eq!(text.matches("In Wireshark").count(), 10);
    assert!(text.contains("2 connections more in the table only."));
}

#[test]
fn many_that_failed_for_one_reason_are_one_row_and_one_explanation() {
    let mut connections: Vec<Connection> = (0..34).map(example::refused_connection).collect();
    connections.push(example::healthy_connection(40));
    let text = plain(&example::document(vec![example::capture(
        "a.pcap",
        connections,
    )]));
    assert_eq!(text.matches("In Wireshark").count(), 1);
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(joined.contains("34 connections, same cause: 10.8.0.1 → 198.51.100.9:443"));
    assert!(joined.contains("tcp.stream in {0..33} (all of them)"));
    assert!(!text.contains("more in the table only"));
}

#[test]
fn ascii_is_ascii_and_has_the_same_lines() {
    let mut document = example::stalled();
    let connections = &mut document.captures[0].analysis.connections;
    connections[0].server_name = Some("bücher.example".to_owned());
    connections.push(example::healthy_connection(5));
    let options = TextOptions {
        ascii: true,
        ..TextOptions::default()
    };
    let text = render(&document, &options);
    assert!(text.is_ascii(), "{text}");
    assert!(text.contains(r"b\u{fc}cher.example"));
    insta::assert_snapshot!(text);
}

#[test]
fn more_width_is_used() {
    let options = |width| TextOptions {
        width,
        ..TextOptions::default()
    };
    let widest = |width| {
        let text = render(&example::stalled(), &options(width));
        text.lines()
            .map(textwrap::core::display_width)
            .max()
            .unwrap()
    };
    assert!(widest(80) <= 80 && widest(120) > 100 && widest(120) <= 120);
}

#[test]
fn every_text_of_a_capture_is_escaped() {
    const HOSTILE: &str = "\x1b[2J\u{202e}x\u{200b}\ny\u{9b}z\u{2028}";
    let document = example::of_texts(HOSTILE);
    for options in [TextOptions::default(), quiet()] {
        let text = render(&document, &options);
        let hostile = text
            .chars()
            .find(|&c| c != '\n' && crate::escape::is_deceptive(c));
        assert_eq!(hostile, None, "{text}");
        assert!(text.contains(r"\u{1b}[2J\u{202e}x\u{200b}\ny\u{9b}z\u{2028}"));
    }
}

#[test]
fn no_line_but_the_filter_is_wider_than_asked_whatever_the_width() {
    let mut document = example::stalled();
    let connections = &mut document.captures[0].analysis.connections;
    connections[0].server_name = Some("a.".repeat(127));
    connections.push(example::healthy_connection(5));
    for width in [0, 1, 39, 40, 57, 80, 200] {
        let options = TextOptions {
            width,
            ..TextOptions::default()
        };
        for line in render(&document, &options).lines() {
            let wide = textwrap::core::display_width(line) > width.max(40);
            let filter = line.contains("frame.number in") || line.contains("tcp.stream eq");
            assert!(!wide || filter, "{width}: {line}");
        }
    }
}

#[test]
fn colour_adds_escape_sequences_and_nothing_else() {
    let options = TextOptions {
        styled: true,
        ..TextOptions::default()
    };
    let styled = render(&example::stalled(), &options);
    let mut bare = String::new();
    let mut rest = styled.as_str();
    while let Some((before, after)) = rest.split_once("\x1b[") {
        bare.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    bare.push_str(rest);
    assert!(styled.len() > bare.len());
    assert_eq!(bare, plain(&example::stalled()));
}

#[test]
fn times_that_run_backwards_or_overflow_are_shown_all_the_same() {
    let mut document = example::stalled();
    let connection = &mut document.captures[0].analysis.connections[0];
    for (index, at) in connection.milestones.values_mut().enumerate() {
        at.time = Span::from_nanos(if index % 2 == 0 { i64::MIN } else { i64::MAX });
    }
    connection.waits[1].duration = Span::from_nanos(i64::MIN);
    connection.findings[0].wait = Span::from_nanos(i64::MAX);
    assert!(plain(&document).contains("ClientHello"));
}

#[test]
fn a_banner_without_end_is_cut() {
    let text = plain(&example::of_texts(&"x".repeat(65_536)));
    assert!(
        text.len() < 400_000 && text.contains("characters more"),
        "{}",
        text.len()
    );
}

/// Text that an attacker might choose, different for each `seed`.
fn hostile_text(seed: &mut u64) -> String {
    const PIECES: [&str; 16] = [
        "a",
        " ",
        "\n",
        "\x1b[31m",
        "\u{9b}2J",
        "\u{202e}",
        "\u{200b}",
        "\u{2028}",
        "例え",
        "é",
        "\u{301}",
        "🦀",
        "\\",
        "-",
        "reverse-dns-unanswered",
        "\0",
    ];
    let mut next = |below: u64| {
        // Numbers of Knuth's MMIX; the high bits are the good ones.
        *seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (*seed >> 33) % below
    };
    (0..next(60))
        .map(|_| PIECES[usize::try_from(next(16)).unwrap()])
        .collect()
}

#[test]
fn no_text_breaks_a_layout_or_leaves_its_line() {
    let mut seed = 2015;
    for round in 0..150 {
        let mut document = example::stalled();
        let capture = &mut document.captures[0];
        capture.source.path = hostile_text(&mut seed);
        capture.analysis.notices[0].message = hostile_text(&mut seed);
        let connection = &mut capture.analysis.connections[0];
        connection.server_name = Some(hostile_text(&mut seed));
        let finding = &mut connection.findings[0];
        finding.summary = hostile_text(&mut seed);
        finding.remedy = hostile_text(&mut seed);
        finding.evidence[1].message = hostile_text(&mut seed);
        finding.checks[0].detail = hostile_text(&mut seed);
        finding.ruled_out[0].because = hostile_text(&mut seed);
        capture
            .analysis
            .connections
            .push(example::healthy_connection(9));

        let options = TextOptions {
            width: round,
            styled: round % 2 == 0,
            ..TextOptions::default()
        };
        let text = render(&document, &options);
        for line in text
            .lines()
            .filter(|line| !line.contains("frame.number in"))
        {
            let columns = textwrap::core::display_width(line);
            assert!(
                columns <= round.max(46),
                "{round}: {columns} columns: {line}"
            );
        }
        let deceptive = |c| c != '\n' && c != '\x1b' && crate::escape::is_deceptive(c);
        assert!(!text.contains(deceptive), "{text}");
        assert_eq!(text.contains('\x1b'), options.styled);
    }
}

#[test]
fn a_merged_capture_says_which_file_holds_which_frames() {
    let mut capture = example::capture("a … z (25 files)", Vec::new());
    for number in 0..25 {
        let mut file = SourceFile::new(format!("ring{number}\u{202e}.pcap"), "pcap");
        file.first_frame = (number != 1).then(|| frame(10 * number + 1));
        file.last_frame = file
            .first_frame
            .map(|first| first.saturating_add(number % 3));
        capture.source.files.push(file);
    }
    let text = plain(&example::document(vec![capture]));
    assert!(
        text.contains("\n  frame 1: ring0\\u{202e}.pcap\n"),
        "{text}"
    );
    assert!(
        text.contains("\n  no frames: ring1\\u{202e}.pcap\n"),
        "{text}"
    );
    assert!(
        text.contains("\n  frames 21 to 23: ring2\\u{202e}.pcap\n"),
        "{text}"
    );
    assert!(
        text.contains("\n  … 5 files more, which --format json lists\n"),
        "{text}"
    );
    assert!(!text.contains("ring20"), "{text}");
}

#[test]
fn the_app_that_a_phone_names_is_among_the_facts() {
    let mut connection = example::stalled_connection();
    connection.app = Some("K-9 Mail\n".to_owned());
    let document = example::document(vec![example::capture("phone.pcap", vec![connection])]);
    assert!(
        plain(&document).contains(r"(app K-9 Mail\n, "),
        "{}",
        plain(&document)
    );
}
