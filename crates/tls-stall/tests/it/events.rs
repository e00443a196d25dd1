//! Milestones and lookups as they happen.

use std::fs;

use testkit::scenario::Scenario;
use tls_stall::{Analyzer, CaptureReader, Config, Event, Lookup, LookupOutcome};

use super::{report, testdata};

/// The events of a capture, asked for after each frame if `along`, else at the end.
fn events(bytes: &[u8], max_events: usize, along: bool) -> (Vec<Event>, tls_stall::Analysis) {
    let mut config = Config::default();
    config.max_events = max_events;
    let mut reader = CaptureReader::new(bytes).unwrap();
    let mut analyzer = Analyzer::new(config);
    let mut events = Vec::new();
    while let Ok(Some(frame)) = reader.next_frame() {
        analyzer.push(&frame);
        if along {
            events.extend(std::iter::from_fn(|| analyzer.next_event()));
        }
    }
    analyzer.end();
    events.extend(std::iter::from_fn(|| analyzer.next_event()));
    (events, analyzer.finish())
}

fn capture() -> Vec<u8> {
    let scenario = "title = \"events\"
wire = '''
0.0  client > resolver  dns A shop.example id=1
0.1  resolver > client  dns A shop.example -> 203.0.113.25 id=1
0.2  client > server    syn
0.3  server > client    syn-ack
0.3  client > server    ack
0.4  client > resolver  dns PTR 25.113.0.203.in-addr.arpa id=2
2.3  client > server    client-hello sni=shop.example
2.4  server > client    server-flight
2.5  client > server    client-finished
2.6  server > client    server-finished
2.7  client > server    app 10
'''
";
    Scenario::parse(scenario).unwrap().capture()
}

#[test]
fn they_come_in_the_order_in_which_the_frames_showed_them() {
    let (events, _) = events(&capture(), 1000, true);
    let told: Vec<String> = events
        .iter()
        .map(|event| match event {
            Event::Milestone(reached) => format!("{} {}", reached.milestone, reached.at.frame),
            Event::Lookup(lookup) => format!("{} {}", lookup.name, lookup.outcome),
            Event::Settled(connection) => format!("settled {}", connection.outcome),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(
        told,
        [
            "shop.example answered",
            "syn 3",
            "syn_ack 4",
            "established 5",
            "client_hello 7",
            "client_hello_end 7",
            "server_hello 8",
            "server_hello_end 8",
            "server_flight_end 8",
            "client_finished 9",
            "server_finished 10",
            "application_data 11",
            "dns_query 1",
            "dns_answer 2",
            "settled established",
            "25.113.0.203.in-addr.arpa unanswered",
        ]
    );
}

#[test]
fn nothing_is_noted_unless_it_is_asked_for() {
    let (events, _) = events(&capture(), 0, true);
    assert_eq!(events, []);
}

#[test]
fn what_has_no_room_is_counted() {
    let whole = events(&capture(), 1000, false).0;
    let (kept, _) = events(&capture(), 5, false);
    assert_eq!(kept.len(), 5);
    assert_eq!(kept[..4], whole[..4]);
    let missed = u64::try_from(whole.len() - 4).unwrap();
    assert_eq!(kept[4], Event::Missed(missed));
}

/// Of every recorded capture: the milestones of the report are the events, each told once, and
/// events change nothing of the report.
#[test]
fn they_are_the_milestones_of_the_report() {
    for entry in fs::read_dir(testdata().join("recorded")).unwrap() {
        let file = entry.unwrap().path();
        let bytes = fs::read(&file).unwrap();
        let (events, analysis) = events(&bytes, usize::MAX, true);
        let name = file.display();
        assert_eq!(
            analysis.connections,
            {
                let mut plain = report("a capture", &bytes).analysis.connections;
                // Only what the file itself says differs, which the analyzer is not told.
                for (plain, found) in plain.iter_mut().zip(&analysis.connections) {
                    plain.server_name.clone_from(&found.server_name);
                }
                plain
            },
            "{name}"
        );
        for connection in &analysis.connections {
            for (&milestone, at) in &connection.milestones {
                // Taken back where another connection turned out to have led to it.
                let told = events.iter().filter(|event| {
                    matches!(event, Event::Milestone(reached)
                        if (reached.tcp_stream, reached.milestone) == (connection.tcp_stream, milestone))
                });
                assert_eq!(told.count(), 1, "{name}: {milestone} {at:?}");
            }
            let settled = events.iter().filter(|event| {
                matches!(event, Event::Settled(it) if it.tcp_stream == connection.tcp_stream)
            });
            assert_eq!(settled.count(), 1, "{name}");
        }
    }
}

/// The lookups that are told, each with the frame in which it was.
fn lookups_told(scenario: &str) -> Vec<(u64, Lookup)> {
    let bytes = Scenario::parse(scenario).unwrap().capture();
    let mut config = Config::default();
    config.max_events = 100;
    let mut reader = CaptureReader::new(bytes.as_slice()).unwrap();
    let mut analyzer = Analyzer::new(config);
    let mut told = Vec::new();
    while let Some(frame) = reader.next_frame().unwrap() {
        analyzer.push(&frame);
        while let Some(event) = analyzer.next_event() {
            if let Event::Lookup(lookup) = event {
                told.push((frame.number.get(), lookup));
            }
        }
    }
    analyzer.end();
    while let Some(event) = analyzer.next_event() {
        assert!(!matches!(event, Event::Lookup(_)), "{event:?}");
    }
    told
}

/// An endless capture: a lookup that nobody answers is told once a minute has passed.
#[test]
fn a_lookup_without_an_answer_is_told_after_a_minute() {
    let scenario = "title = \"late\"
wire = '''
0.0   client > resolver  dns A shop.example id=1
5.0   client > resolver  dns A shop.example id=1
64.9  client > server    syn
65.1  server > client    syn-ack
'''
";
    let [(frame, lookup)] = &lookups_told(scenario)[..] else {
        panic!("not told once");
    };
    assert_eq!((*frame, lookup.queries.len()), (4, 2));
    assert_eq!(lookup.outcome, LookupOutcome::Unanswered);
}

/// An answer for which nobody waits any more ends nothing: the lookup is told after its minute.
#[test]
fn a_lookup_that_is_answered_too_late_is_told_once() {
    let scenario = "title = \"too late\"
wire = '''
0.0   client > resolver  dns A shop.example id=1
5.0   client > resolver  dns A shop.example id=1
20.0  resolver > client  dns A shop.example -> 203.0.113.25 id=1
64.9  client > server    syn
65.1  server > client    syn-ack
66.0  resolver > client  dns A shop.example -> 203.0.113.25 id=1
'''
";
    let [(frame, lookup)] = &lookups_told(scenario)[..] else {
        panic!("not told once");
    };
    assert_eq!((*frame, lookup.answers.len()), (5, 1));
    assert_eq!(lookup.outcome, LookupOutcome::Unanswered);
}

/// A frame that stands too late in the capture does not have its lookup told again.
#[test]
fn a_lookup_whose_answer_is_out_of_order_is_told_once() {
    let scenario = "title = \"out of order\"
wire = '''
0.0   client > resolver  dns A shop.example id=1
60.5  client > server    syn
0.1   resolver > client  dns A shop.example -> 203.0.113.25 id=1
60.6  server > client    syn-ack
'''
";
    let told = lookups_told(scenario);
    assert_eq!(told.iter().map(|it| it.0).collect::<Vec<_>>(), [2]);
}
