//! What a bad capture may not make us say.

use std::fs;

use testkit::scenario::Scenario;
use tls_stall::{Analysis, Cause, Confidence, Finding, NoticeCode, Phase};

use super::edited::Records;
use super::{analyze, testdata, told};

fn recorded(name: &str) -> Records {
    let file = testdata().join("recorded").join(format!("{name}.pcap"));
    Records::read(&fs::read(file).unwrap())
}

fn names() -> Vec<String> {
    let folder = fs::read_dir(testdata().join("recorded")).unwrap();
    let files = folder.map(|file| file.unwrap().file_name().to_string_lossy().into_owned());
    let mut names: Vec<_> = files
        .filter_map(|file| file.strip_suffix(".pcap").map(ToOwned::to_owned))
        .collect();
    names.sort();
    names
}

fn has(analysis: &Analysis, code: NoticeCode) -> bool {
    analysis.notices.iter().any(|notice| notice.code == code)
}

fn findings(analysis: &Analysis) -> impl Iterator<Item = &Finding> {
    analysis.connections.iter().flat_map(|it| &it.findings)
}

/// The first finding of each connection.
fn verdicts(analysis: &Analysis) -> Vec<(u64, Cause)> {
    let connections = analysis.connections.iter();
    connections
        .filter_map(|it| Some((it.tcp_stream, it.findings.first()?.cause)))
        .collect()
}

#[test]
fn a_lookup_is_not_blamed_for_a_step_of_the_clock() {
    let stepped = recorded("ptr-slow-once").step(5, 28).file();
    let analysis = analyze(&stepped);
    let told = told(&analysis.connections);
    assert_eq!(verdicts(&analysis), [(0, Cause::CaptureArtefact)], "{told}");
    assert!(has(&analysis, NoticeCode::ClockStep));
    assert!(
        findings(&analysis).all(|it| it.cause == Cause::CaptureArtefact),
        "{told}"
    );
}

#[test]
fn a_step_at_any_frame_of_a_healthy_handshake_is_told_and_blames_no_one() {
    for number in 2..=12 {
        let stepped = recorded("healthy-tls-1-3").step(number, 28).file();
        let analysis = analyze(&stepped);
        // A lookup has no clock of its own: before the SYN, nothing but its patience tells.
        let is_doubted = |finding: &Finding| {
            let artefact = finding.cause == Cause::CaptureArtefact;
            let lookup = finding.phase == Phase::NameResolution;
            artefact || (lookup && finding.confidence < Confidence::High)
        };
        assert!(
            findings(&analysis).all(is_doubted),
            "before frame {number}: {}",
            told(&analysis.connections)
        );
    }
}

#[test]
fn a_clock_that_is_set_back_is_told() {
    let analysis = analyze(&recorded("ptr-slow-once").step(10, -2).file());
    assert!(has(&analysis, NoticeCode::ClockStep));
    let is_doubted =
        |it: &Finding| it.cause == Cause::CaptureArtefact || it.confidence < Confidence::High;
    assert!(findings(&analysis).all(is_doubted));
}

/// One connection that is silent for many seconds is a gap of everyone, too.
#[test]
fn a_recorded_silence_is_no_step_of_the_clock_and_no_work_of_an_app() {
    // The lab's own captures of which it set the clock.
    for name in names().into_iter().filter(|it| !it.starts_with("clock-")) {
        let analysis = analyze(&recorded(&name).file());
        for code in [NoticeCode::ClockStep, NoticeCode::VpnAppView] {
            assert!(!has(&analysis, code), "{name}: {code}");
        }
        let lost = has(&analysis, NoticeCode::OneDirection);
        assert_eq!(lost, name == "one-direction", "{name}");
    }
}

#[test]
fn frames_that_were_captured_twice_change_no_verdict() {
    for name in names() {
        let once = analyze(&recorded(&name).file());
        let twice = analyze(&recorded(&name).twice(5).file());
        assert_eq!(
            verdicts(&once),
            verdicts(&twice),
            "{name}: {}",
            told(&twice.connections)
        );
        assert!(has(&twice, NoticeCode::DuplicateFrames), "{name}");
    }
}

#[test]
fn with_one_direction_nothing_that_was_asked_once_is_unanswered() {
    for name in names() {
        let client = [10, 8, 0, 1];
        let from_client = |_, bytes: &[u8]| bytes.windows(4).nth(12) == Some(&client[..]);
        let ethernet_or_raw = recorded(&name).only(from_client);
        if ethernet_or_raw.len() < 3 {
            continue;
        }
        let analysis = analyze(&ethernet_or_raw.file());
        for finding in findings(&analysis) {
            let absent = matches!(
                finding.cause,
                Cause::ReverseDnsUnanswered
                    | Cause::ForwardDnsUnanswered
                    | Cause::ResolverSilent
                    | Cause::ServerSilent
                    | Cause::ServerSlow
            );
            let proven = has(&analysis, NoticeCode::OneDirection);
            assert!(
                !(absent && proven && finding.confidence == Confidence::High),
                "{name}: {}",
                told(&analysis.connections)
            );
        }
    }
}

#[test]
fn an_answer_that_was_acknowledged_and_not_captured_is_missing_not_late() {
    // The server's flight is there for the client, which goes on, and not for us.
    let scenario = Scenario::parse(
        r#"
title = "the capture misses the server's flight"
wire = '''
0.000  client > server  syn
0.080  server > client  syn-ack
0.080  client > server  ack
0.081  client > server  client-hello sni=mail.example
0.161  server > client  server-flight unseen
0.162  client > server  ack
9.000  server > client  fin
'''
"#,
    )
    .unwrap();
    let analysis = analyze(&scenario.capture());
    let told = told(&analysis.connections);
    assert_eq!(verdicts(&analysis), [(0, Cause::CaptureArtefact)], "{told}");
    assert!(has(&analysis, NoticeCode::FramesLost));
}

const BESIDE_A_SEARCH: &str = r#"
title = "the resolver on the local network is down"
link = "ethernet"
wire = '''
0.000   client > resolver dns A other.example
0.010   resolver > client dns A other.example -> 192.0.2.9
1.000   client > server  syn
1.080   server > client  syn-ack
1.080   client > server  ack
21.100  client > server  client-hello sni=mail.example
+0.080  server > client  server-flight
+0.001  client > server  client-finished
+0.080  server > client  server-finished
'''
"#;

/// Who has `target`? Tell `asker`.
fn who_has(asker: [u8; 4], target: [u8; 4]) -> Vec<u8> {
    let head = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 8, 6];
    let arp = [0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1];
    [&head[..], &arp, &asker, &[0; 6], &target].concat()
}

/// The client looks for `target` at 0, 1, 2 and 10, 11, 12 s of its silence, as Linux does.
fn beside_a_search_for(target: [u8; 4]) -> Analysis {
    let scenario = Scenario::parse(BESIDE_A_SEARCH).unwrap();
    let mut records = Records::read(&scenario.capture());
    for second in [0, 1, 2, 10, 11, 12] {
        records.insert(1081 + second * 1000, &who_has([10, 8, 0, 1], target));
    }
    analyze(&records.file())
}

#[test]
fn a_known_resolver_that_is_searched_for_in_vain_is_silent_and_not_certainly() {
    let analysis = beside_a_search_for([10, 0, 0, 1]);
    let told = told(&analysis.connections);
    assert_eq!(verdicts(&analysis), [(0, Cause::ResolverSilent)], "{told}");
    assert!(findings(&analysis).all(|it| it.confidence <= Confidence::Medium));
}

#[test]
fn another_host_that_is_searched_for_in_vain_is_told_and_not_blamed() {
    let analysis = beside_a_search_for([10, 8, 0, 77]);
    assert_eq!(verdicts(&analysis), [(0, Cause::ClientIdle)]);
    let verdict = findings(&analysis).next().unwrap();
    assert!(
        verdict.summary.contains("looked for 10.8.0.77"),
        "{}",
        verdict.summary
    );
}

fn scenario(text: &str) -> Analysis {
    analyze(&Scenario::parse(text).unwrap().capture())
}

#[test]
fn who_asks_for_every_peer_before_it_is_connected_looks_on_and_waits_for_none() {
    let mut steps = Vec::new();
    // The last peer's name is asked for within the client's turn, the others' before it.
    for (start, peer, asked, hello) in [
        (0, 9, 20, 90),
        (1000, 8, 20, 90),
        (2000, 7, 20, 90),
        (30_000, 25, 81, 10_100),
    ] {
        let (client, server) = (format!("client{peer}"), format!("peer{peer}"));
        let ptr = format!("client > resolver dns PTR {peer}.113.0.203.in-addr.arpa id={peer}");
        if peer == 25 {
            steps.push((start + 5081, ptr.clone()));
        }
        steps.extend([
            (start, format!("{client} > {server} syn")),
            (start + 80, format!("{server} > {client} syn-ack")),
            (start + 80, format!("{client} > {server} ack")),
            (start + asked, ptr),
            (
                start + hello,
                format!("{client} > {server} client-hello sni=mail.example"),
            ),
            (
                start + hello + 80,
                format!("{server} > {client} server-flight"),
            ),
            (
                start + hello + 81,
                format!("{client} > {server} client-finished"),
            ),
            (
                start + hello + 161,
                format!("{server} > {client} server-finished"),
            ),
        ]);
    }
    steps.sort_by_key(|(time, _)| *time);
    let lines = steps.iter().map(|(time, step)| {
        let (seconds, rest) = (time / 1000, time % 1000);
        format!("{seconds}.{rest:03} {step}\n")
    });
    let lines: String = lines.collect();
    let hosts = [9, 8, 7, 25].map(|peer| {
        format!("peer{peer} = \"203.0.113.{peer}:465\"\nclient{peer} = \"10.8.0.1:412{peer:02}\"\n")
    });
    let wire = format!(
        "title = \"tcpdump without -n\"\nwire = '''\n{lines}'''\n[hosts]\n{}",
        hosts.concat()
    );
    let analysis = scenario(&wire);
    let told = told(&analysis.connections);
    assert!(has(&analysis, NoticeCode::AnalystLookups));
    let blamed = findings(&analysis).any(|it| it.cause == Cause::ReverseDnsUnanswered);
    assert!(!blamed, "{told}");
    assert_eq!(verdicts(&analysis), [(3, Cause::ClientIdle)], "{told}");
}

#[test]
fn a_host_that_connects_without_an_answer_to_its_lookup_had_one() {
    let analysis = scenario(
        r#"
title = "the answer to A is missing, and so is the answer to PTR"
wire = '''
0.000  client > resolver dns A mail.example id=5
0.050  client > server  syn
0.130  server > client  syn-ack
0.130  client > server  ack
0.131  client > resolver dns PTR 25.113.0.203.in-addr.arpa id=6
5.132  client > server  client-hello sni=mail.example
5.212  server > client  server-flight
5.213  client > server  client-finished
5.293  server > client  server-finished
9.000  client > server  app 100
'''
"#,
    );
    assert!(has(&analysis, NoticeCode::FramesLost));
    let certain = findings(&analysis).find(|it| it.confidence == Confidence::High);
    assert_eq!(certain.map(|it| it.cause), None);
}

#[test]
fn lookups_over_https_are_said_to_be_encrypted() {
    let analysis = scenario(
        r#"
title = "the client asks dns.google, then is silent before its ClientHello"
wire = '''
0.000  client > doh     syn
0.010  doh > client     syn-ack
0.010  client > doh     ack
0.011  client > doh     client-hello sni=dns.google
0.021  doh > client     server-flight
0.022  client > doh     client-finished
0.032  doh > client     server-finished
0.033  client > doh     app 100
1.000  client > server  syn
1.080  server > client  syn-ack
1.080  client > server  ack
11.10  client > server  client-hello sni=mail.example
+0.08  server > client  server-flight
'''
[hosts]
doh = "8.8.8.8:443"
"#,
    );
    assert!(has(&analysis, NoticeCode::DnsEncrypted));
    let verdict = findings(&analysis).next().unwrap();
    assert_eq!(verdict.cause, Cause::ClientIdle);
    assert!(verdict.summary.contains("encrypted"), "{}", verdict.summary);
    assert!(verdict.confidence < Confidence::High);
}
