//! A capture that is read along, against the same capture read whole.

use std::fs;
use std::ops::ControlFlow;

use testkit::scenario::Scenario;
use tls_stall::{Config, Connection, Span, analyze_stream};

use super::{report, testdata, told};

fn stream(bytes: &[u8], config: &Config) -> (Vec<Connection>, tls_stall::Summary) {
    let mut connections = Vec::new();
    let report = analyze_stream("a capture", bytes, config, |connection| {
        connections.push(connection);
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(report.analysis.connections.is_empty());
    (connections, report.analysis.summary)
}

/// What is found does not depend on how the capture is read, nor do the counts.
#[test]
fn reading_along_finds_what_reading_whole_does() {
    let mut differing = Vec::new();
    for entry in fs::read_dir(testdata().join("recorded")).unwrap() {
        let file = entry.unwrap().path();
        let bytes = fs::read(&file).unwrap();
        let whole = report("whole", &bytes).analysis;
        let (mut connections, summary) = stream(&bytes, &Config::default());
        connections.sort_by_key(|connection| connection.tcp_stream);
        assert_eq!(summary, whole.summary, "{}", file.display());
        if told(&connections) != told(&whole.connections) {
            differing.push(format!(
                "{}:\n along{}\n whole{}",
                file.display(),
                told(&connections),
                told(&whole.connections)
            ));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

/// The first connection is told before the capture ends, the others when they are idle for long.
#[test]
fn a_connection_is_told_as_soon_as_it_is_settled() {
    let scenario = Scenario::parse(
        "title = \"live\"
wire = '''
0.0  client  > server  syn
0.1  server  > client  syn-ack
0.1  client  > server  ack
3.0  client  > server  client-hello
3.1  server  > client  server-flight
3.2  client  > server  client-finished
3.3  server  > client  server-finished
3.4  client  > server  app 10
4.0  client2 > server  syn
4.1  server  > client2 syn-ack
4.1  client2 > server  ack
90.0 client3 > server  syn
90.1 server  > client3 syn-ack
90.1 client3 > server  ack
'''
[hosts]
client2 = \"10.8.0.1:41235\"
client3 = \"10.8.0.1:41236\"
",
    )
    .unwrap();
    let capture = scenario.capture();
    let mut config = Config::default();
    config.max_idle = Some(Span::from_secs(60));
    config.keep_all = true;
    let mut streams = Vec::new();
    let report = analyze_stream("live", capture.as_slice(), &config, |connection| {
        streams.push(connection.tcp_stream);
        if connection.tcp_stream == 1 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })
    .unwrap();
    assert_eq!(streams, [0, 1, 2]);
    // Broken off in the frame in which the second one was given up.
    assert_eq!(report.analysis.frames, 12);
    assert_eq!(report.analysis.summary.connections, 3);
}
