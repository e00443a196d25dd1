//! Connections that worked, held against those that stalled.

use testkit::scenario::Scenario;

use super::analyze;

const HEALTHY_THEN_STALLED: &str = r#"
title = "the first connection is quick, the second waits for a PTR lookup"
wire = '''
0.000  client   > server    syn
+0.080 server   > client    syn-ack
+0.000 client   > server    ack
+0.040 client   > server    client-hello
+0.080 server   > client    server-flight
+0.001 client   > server    client-finished
+0.080 server   > client    server-finished
+0.001 client   > server    app 100
2.000  client2  > server    syn
2.080  server   > client2   syn-ack
2.080  client2  > server    ack
2.081  client2  > resolver  dns PTR 25.113.0.203.in-addr.arpa id=7
7.081  client2  > resolver  dns PTR 25.113.0.203.in-addr.arpa id=7
12.09  client2  > server    client-hello
+0.080 server   > client2   server-flight
+0.001 client2  > server    client-finished
+0.080 server   > client2   server-finished
+0.001 client2  > server    app 100
'''
[hosts]
client2 = "10.8.0.1:41235"
"#;

#[test]
fn a_stall_is_held_against_the_quickest_connection_of_the_pair() {
    let scenario = Scenario::parse(HEALTHY_THEN_STALLED).unwrap();
    let analysis = analyze(&scenario.capture());
    let stalled = &analysis.connections[0];
    assert_eq!(stalled.tcp_stream, 1);
    let verdict = &stalled.findings[0];
    let check = verdict
        .checks
        .iter()
        .find(|check| check.name == "contrast-with-a-healthy-connection")
        .unwrap();
    assert_eq!(check.holds, Some(true));
    assert!(check.detail.contains("spent 0.040 s"), "{}", check.detail);
    assert!(check.detail.contains("tcp.stream 0"), "{}", check.detail);
}

#[test]
fn a_connection_is_not_held_against_itself() {
    let is_kept = |line: &&str| !line.contains("client ") || line.contains("client2");
    let lines: Vec<&str> = HEALTHY_THEN_STALLED.lines().filter(is_kept).collect();
    let alone = lines.join("\n");
    let scenario = Scenario::parse(&alone).unwrap();
    let analysis = analyze(&scenario.capture());
    let verdict = &analysis.connections[0].findings[0];
    let mut names = verdict.checks.iter().map(|check| check.name);
    assert!(!names.any(|name| name == "contrast-with-a-healthy-connection"));
}
