//! Two captures side by side.

use std::fs;
use std::net::IpAddr;

use tls_stall::{
    CaptureReport, Cause, Comparison, Config, Endpoint, Fate, Identity, LookupOutcome, MatchedBy,
    Milestone, Options, Outcome, Pair, Party, Phase, Share, Span, Vantage, analyze_reader,
};

use super::testdata;

fn config() -> Config {
    let mut config = Config::default();
    config.keep_all = true;
    config
}

fn read(name: &str) -> CaptureReport {
    let bytes = fs::read(testdata().join(name)).unwrap();
    analyze_reader(name, &*bytes, &config()).unwrap()
}

fn compare(captures: [CaptureReport; 2]) -> Comparison {
    Comparison::new(Options::from(&config()), captures)
}

fn origin() -> [CaptureReport; 2] {
    ["3g", "wifi"].map(|name| read(&format!("origin/phone-on-{name}.pcap")))
}

/// A recorded capture made at the client, and the one made at the server.
fn both_ends(name: &str) -> [CaptureReport; 2] {
    ["-client", ""].map(|end| read(&format!("recorded/{name}{end}.pcap")))
}

fn share(pair: &Pair, phase: Phase) -> &Share {
    let shares = &pair.ends.as_ref().unwrap().shares;
    shares.iter().find(|share| share.phase == phase).unwrap()
}

fn frames(frames: &[std::num::NonZeroU64]) -> Vec<u64> {
    frames.iter().map(|frame| frame.get()).collect()
}

#[test]
fn the_phone_on_3g_parts_from_the_one_on_wifi_before_its_client_hello() {
    let comparison = compare(origin());
    let pair = &comparison.pairs[0];
    assert_eq!(pair.tcp_streams, [2, 2]);
    assert_eq!(pair.matched_by, MatchedBy::ServerAddress);
    assert_eq!(pair.parts_at, Some(Phase::ClientHello));
    assert_eq!(pair.verdicts, [Some(Cause::ReverseDnsUnanswered), None]);
    assert!(pair.ends.is_none());

    let [lookup] = pair.lookups.as_slice() else {
        panic!("{:?}", pair.lookups);
    };
    let name = Some("25.113.0.203.in-addr.arpa".to_owned());
    assert_eq!(lookup.names, [name.clone(), name]);
    let outcomes = [LookupOutcome::Unanswered, LookupOutcome::Answered];
    assert_eq!(lookup.outcomes, outcomes.map(Some));
    // The ACKs, the ClientHellos and the queries and answers between them, as tshark numbers them.
    let [here, there] = &pair.frames;
    assert_eq!(frames(there), [31, 32, 33, 34]);
    assert!(frames(here).starts_with(&[48, 51]) && frames(here).ends_with(&[72, 73]));
    assert!(
        pair.summary.contains("28.000 s here, 0.020 s there"),
        "{}",
        pair.summary
    );
    assert_eq!(comparison.unmatched, [vec![3], vec![]]);
}

#[test]
fn a_phase_that_a_failed_connection_did_not_reach_has_no_difference() {
    let comparison = compare(origin());
    let phases = &comparison.pairs[0].phases;
    let finished = phases.iter().find(|it| it.phase == Phase::ClientFinished);
    let finished = finished.unwrap();
    assert_eq!((finished.durations[0], finished.difference), (None, None));
    assert!(finished.durations[1].is_some());
}

#[test]
fn captures_given_the_wrong_way_round_are_told() {
    let [failing, healthy] = origin();
    let comparison = compare([healthy, failing]);
    let pairs = &comparison.pairs;
    let pair = pairs.iter().find(|it| it.verdicts[1].is_some()).unwrap();
    assert_eq!(pair.parts_at, None);
    assert!(pair.summary.contains("other way round"), "{}", pair.summary);
}

#[test]
fn each_recorded_pair_of_ends_is_one_connection_and_its_client_is_found() {
    let folder = fs::read_dir(testdata().join("recorded")).unwrap();
    let names = folder.map(|file| file.unwrap().file_name().into_string().unwrap());
    let names: Vec<String> = names.collect();
    let mut seen = 0;
    for name in &names {
        let Some(name) = name.strip_suffix("-client.pcap") else {
            continue;
        };
        if !names.contains(&format!("{name}.pcap")) {
            continue;
        }
        for pair in compare(both_ends(name)).pairs {
            assert_eq!(pair.matched_by, MatchedBy::SameConnection, "{name}");
            let ends = pair.ends.unwrap();
            assert_eq!(
                ends.places,
                Some([Vantage::Client, Vantage::Server]),
                "{name}"
            );
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn a_capture_of_another_run_of_the_same_hosts_is_not_the_other_end() {
    let [client, _] = both_ends("server-flight-lost");
    let [_, server] = both_ends("syn-ack-lost");
    let comparison = compare([client, server]);
    assert_eq!(comparison.pairs[0].matched_by, MatchedBy::ServerAddress);
    assert!(comparison.pairs[0].ends.is_none());
}

#[test]
fn a_server_flight_that_was_lost_is_time_on_the_path() {
    let comparison = compare(both_ends("server-flight-lost"));
    let pair = &comparison.pairs[0];
    assert_eq!(pair.parts_at, Some(Phase::ServerHello));
    let hello = share(pair, Phase::ServerHello);
    assert!(hello.path > Span::from_secs(2), "{hello:?}");
    assert!(hello.host < Span::from_millis(100), "{hello:?}");
    let stray = &pair.ends.as_ref().unwrap().strays[0];
    assert_eq!(
        (stray.milestone, stray.from),
        (Milestone::ServerHello, Party::Server)
    );
    assert_eq!(stray.fate, Fate::Late);
}

#[test]
fn a_black_hole_shows_as_a_flight_that_never_arrived() {
    let comparison = compare(both_ends("mtu-black-hole"));
    let pair = &comparison.pairs[0];
    let strays = &pair.ends.as_ref().unwrap().strays;
    assert_eq!(strays[0].milestone, Milestone::ServerHello);
    assert_eq!(strays[0].fate, Fate::NeverArrived);
    assert!(!share(pair, Phase::ServerHello).arrived);
}

#[test]
fn a_server_that_looks_its_client_up_is_time_at_the_server() {
    let comparison = compare(both_ends("postfix-ptr-slow"));
    let pair = &comparison.pairs[0];
    let greeting = share(pair, Phase::ServerGreeting);
    assert!(greeting.host > Span::from_secs(3), "{greeting:?}");
    assert!(greeting.path < Span::from_millis(100), "{greeting:?}");
    assert!(pair.ends.as_ref().unwrap().strays.is_empty());
    assert_eq!(pair.verdicts[1], Some(Cause::ReverseDnsSlow));
}

#[test]
fn what_reached_a_server_after_it_had_reset_did_not_get_lost() {
    // The server's capture holds the STARTTLS command and the ClientHello, behind its RST.
    let comparison = compare(both_ends("rejected-busy"));
    for pair in &comparison.pairs {
        assert!(
            pair.ends.as_ref().unwrap().strays.is_empty(),
            "{}",
            pair.summary
        );
    }
}

#[test]
fn the_order_of_the_ends_does_not_matter() {
    let [client, server] = both_ends("server-flight-lost");
    let (one, other) = (
        compare([client.clone(), server.clone()]),
        compare([server, client]),
    );
    let [one, other] = [&one, &other].map(|it| it.pairs[0].ends.clone().unwrap());
    assert_eq!(one.shares, other.shares);
    assert_eq!(other.places, Some([Vantage::Server, Vantage::Client]));
    let [a, b] = one.strays[0].frames;
    assert_eq!(other.strays[0].frames, [b, a]);
}

#[test]
fn behind_a_nat_the_client_hello_tells_that_it_is_one_connection() {
    let [client, mut server] = both_ends("server-flight-lost");
    for connection in &mut server.analysis.connections {
        connection.client = Endpoint {
            ip: IpAddr::from([192, 0, 2, 1]),
            port: 61_000,
        };
    }
    let comparison = compare([client, server]);
    assert_eq!(comparison.pairs[0].matched_by, MatchedBy::SameConnection);
}

#[test]
fn a_random_that_several_connections_share_makes_them_no_one_connection() {
    // Every ClientHello of this pair of captures has the same random.
    let comparison = compare(origin());
    let mut pairs = comparison.pairs.iter();
    assert!(pairs.all(|pair| pair.matched_by != MatchedBy::SameConnection));
}

#[test]
fn a_capture_beside_itself_was_made_at_one_place() {
    let [client, _] = both_ends("server-flight-lost");
    let comparison = compare([client.clone(), client]);
    let pair = &comparison.pairs[0];
    assert_eq!(pair.ends.as_ref().unwrap().places, None);
    assert_eq!(pair.parts_at, None);
    assert!(pair.summary.contains("one place"), "{}", pair.summary);
}

/// The origin's captures with `copies` of the connection that stalled, and one that is healthy.
fn with_copies(copies: u64) -> [CaptureReport; 2] {
    let [mut failing, mut healthy] = origin();
    let stalled = failing.analysis.connections.remove(2);
    failing.analysis.connections = (0..copies)
        .map(|stream| {
            let mut copy = stalled.clone();
            copy.tcp_stream = stream;
            copy
        })
        .collect();
    healthy.analysis.connections.retain(|it| it.tcp_stream == 2);
    // They are made, with the same random in each ClientHello.
    healthy.analysis.connections[0].identity = Identity::default();
    [failing, healthy]
}

#[test]
fn each_connection_is_used_once_and_the_first_has_the_choice() {
    let comparison = compare(with_copies(3));
    let streams: Vec<_> = comparison.pairs.iter().map(|it| it.tcp_streams).collect();
    assert_eq!(streams, [[0, 2]]);
    assert_eq!(comparison.unmatched, [vec![1, 2], vec![]]);
}

#[test]
fn many_connections_are_matched_in_no_time() {
    let [mut failing, mut healthy] = with_copies(20_000);
    let connection = healthy.analysis.connections.remove(0);
    healthy.analysis.connections = (0..20_000)
        .map(|stream| {
            let mut copy = connection.clone();
            copy.tcp_stream = stream;
            copy
        })
        .collect();
    failing.analysis.lookups.truncate(100);
    let comparison = compare([failing, healthy]);
    assert_eq!(comparison.pairs.len(), 20_000);
}

#[test]
fn a_name_counts_for_more_than_an_address() {
    let [mut failing, mut healthy] = with_copies(1);
    let mut elsewhere = healthy.analysis.connections[0].clone();
    elsewhere.tcp_stream = 7;
    elsewhere.server.ip = IpAddr::from([203, 0, 113, 99]);
    elsewhere.server_name = Some("SMTP.example.".to_owned());
    healthy.analysis.connections.push(elsewhere);
    failing.analysis.connections[0].server_name = Some("smtp.example".to_owned());
    let comparison = compare([failing, healthy]);
    let pair = &comparison.pairs[0];
    assert_eq!(pair.tcp_streams, [0, 7]);
    assert_eq!(pair.matched_by, MatchedBy::ServerName);
}

#[test]
fn the_port_alone_matches_what_stalled_with_what_works_and_never_two_names() {
    let [failing, mut healthy] = with_copies(1);
    healthy.analysis.connections[0].server.ip = IpAddr::from([203, 0, 113, 99]);
    let comparison = compare([failing.clone(), healthy.clone()]);
    assert_eq!(comparison.pairs[0].matched_by, MatchedBy::ServerPort);

    let mut broken = healthy.clone();
    broken.analysis.connections[0].outcome = Outcome::NoServerHello;
    assert!(compare([failing.clone(), broken]).pairs.is_empty());

    let mut named = [failing, healthy];
    for (capture, name) in named.iter_mut().zip(["a.example", "b.example"]) {
        capture.analysis.connections[0].server_name = Some(name.to_owned());
    }
    assert!(compare(named).pairs.is_empty());
}

#[test]
fn what_arrived_and_was_never_sent_was_made_on_the_path() {
    let [client, mut server] = both_ends("server-flight-lost");
    let milestones = &mut server.analysis.connections[0].milestones;
    milestones.retain(|&it, _| it <= Milestone::ClientHelloEnd);
    let comparison = compare([client.clone(), server.clone()]);
    let strays = |comparison: &Comparison| comparison.pairs[0].ends.clone().unwrap().strays;
    let made = strays(&comparison);
    assert_eq!(
        (made[0].milestone, made[0].fate),
        (Milestone::ServerHello, Fate::NeverSent)
    );

    // A capture that ended before, or lost frames of its own, does not prove that.
    server.analysis.duration = Span::from_secs(2);
    assert!(strays(&compare([client, server])).is_empty());
}

#[test]
fn a_redacted_comparison_has_the_same_substitute_for_the_same_in_both_captures() {
    let comparison = compare(origin()).redacted();
    let pair = &comparison.pairs[0];
    let [here, there] = comparison.connections(pair).unwrap();
    assert_eq!(here.server, there.server);
    assert_ne!(here.client.ip, there.client.ip);
    let server = here.server.ip;
    assert_ne!(server, IpAddr::from([203, 0, 113, 25]));
    let IpAddr::V4(address) = server else {
        panic!("{server}");
    };
    let [a, b, c, d] = address.octets();
    let reverse = format!("{d}.{c}.{b}.{a}.in-addr.arpa");
    assert_eq!(
        pair.lookups[0].names,
        [(); 2].map(|()| Some(reverse.clone()))
    );
    assert!(
        pair.summary
            .contains(&format!("PTR lookup of {reverse} was"))
    );
    let lookups = &comparison.captures[1].analysis.lookups;
    assert!(lookups.iter().any(|lookup| lookup.name == reverse));
    let paths = comparison.captures.each_ref().map(|it| &*it.source.path);
    assert_eq!(paths, ["capture1", "capture2"]);
}
