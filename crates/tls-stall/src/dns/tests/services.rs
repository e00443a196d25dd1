//! The other name services: multicast DNS, LLMNR, NetBIOS; and what is none.

use super::{CLIENT, PTR_NAME, Play, R1, endpoint, header, ip, query, record, response, wire};
use crate::report::{LookupOutcome, Via};
use crate::time::Span;

const GROUP: &str = "224.0.0.251";
const PEER: &str = "10.8.0.9";

/// `*`, padded with zeros, as NetBIOS encodes it.
const ANY_NAME: &str = "CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[test]
fn multicast_after_nxdomain_is_a_lookup_of_its_own() {
    let mut play = Play::new();
    play.ask(0.0, R1, 4000, 7);
    play.answer(0.007, R1, 4000, 7, 3);
    for at in [0.1, 1.1, 3.1] {
        play.send(
            at,
            endpoint(CLIENT, 5353),
            endpoint(GROUP, 5353),
            &query(0, PTR_NAME, 12),
        );
    }
    let [unicast, multicast] = play.lookups.all() else {
        panic!()
    };
    assert_eq!((unicast.via, multicast.via), (Via::Dns, Via::Mdns));
    assert_eq!(multicast.queries.len(), 3);
    assert_eq!(multicast.reverse_of(), Some(ip("203.0.113.25")));
    assert_eq!(multicast.duration(), Span::from_secs(5));
    assert_eq!(multicast.schedule(), None);
}

#[test]
fn a_multicast_answer_is_known_by_its_records_whoever_sends_it() {
    let mut play = Play::new();
    play.send(
        0.0,
        endpoint(CLIENT, 5353),
        endpoint(GROUP, 5353),
        &query(0, PTR_NAME, 12),
    );
    let mut answer = header(0, 0x8400, [0, 1, 0, 0]);
    answer.extend(record(
        &wire("25.113.0.203.IN-ADDR.arpa"),
        12,
        &wire("peer.local"),
    ));
    play.send(0.2, endpoint(PEER, 5353), endpoint(GROUP, 5353), &answer);
    let lookup = play.only();
    assert_eq!(lookup.outcome(), LookupOutcome::Answered);
    assert_eq!(lookup.answers[0].resolver, ip(PEER));
    assert_eq!(lookup.targets[0].as_str(), "peer.local");
}

#[test]
fn a_multicast_answer_for_another_name_settles_nothing() {
    let mut play = Play::new();
    play.send(
        0.0,
        endpoint(CLIENT, 5353),
        endpoint(GROUP, 5353),
        &query(0, PTR_NAME, 12),
    );
    let mut answer = header(0, 0x8400, [0, 1, 0, 0]);
    answer.extend(record(
        &wire("1.113.0.203.in-addr.arpa"),
        12,
        &wire("peer.local"),
    ));
    play.send(0.2, endpoint(PEER, 5353), endpoint(GROUP, 5353), &answer);
    assert_eq!(play.only().outcome(), LookupOutcome::Unanswered);
}

#[test]
fn a_probe_for_a_name_to_take_is_no_lookup() {
    let mut play = Play::new();
    let mut probe = query(0, "peer.local", 255);
    probe[9] = 1;
    play.send(0.0, endpoint(CLIENT, 5353), endpoint(GROUP, 5353), &probe);
    assert!(play.lookups.all().is_empty());
}

#[test]
fn an_llmnr_answer_comes_from_whoever_has_the_name() {
    let mut play = Play::new();
    play.send(
        0.0,
        endpoint(CLIENT, 4000),
        endpoint("224.0.0.252", 5355),
        &query(7, "peer", 1),
    );
    let answer = response(7, 0, "peer", 1, &[(1, vec![10, 8, 0, 9])]);
    play.send(0.1, endpoint(PEER, 5355), endpoint(CLIENT, 4000), &answer);
    let lookup = play.only();
    assert_eq!(
        (lookup.via, lookup.outcome()),
        (Via::Llmnr, LookupOutcome::Answered)
    );
    assert_eq!(*lookup.addresses, [ip(PEER)]);
}

#[test]
fn a_node_status_is_a_reverse_lookup_of_the_node() {
    let mut play = Play::new();
    for peer in [PEER, "10.8.0.10"] {
        for at in [0.0, 1.5, 3.0] {
            play.send(
                at,
                endpoint(CLIENT, 137),
                endpoint(peer, 137),
                &query(7, ANY_NAME, 0x21),
            );
        }
    }
    let [first, second] = play.lookups.all() else {
        panic!()
    };
    assert_eq!(first.reverse_of(), Some(ip(PEER)));
    assert_eq!(second.reverse_of(), Some(ip("10.8.0.10")));
    assert_eq!(first.queries.len(), 3);
    let report = first.report(super::seconds(0.0));
    assert_eq!(
        (report.name.as_str(), report.record_type.as_str()),
        ("*", "NBSTAT")
    );
}

#[test]
fn a_node_status_is_answered_by_the_node() {
    let mut play = Play::new();
    play.send(
        0.0,
        endpoint(CLIENT, 137),
        endpoint(PEER, 137),
        &query(7, ANY_NAME, 0x21),
    );
    let mut answer = header(7, 0x8400, [0, 1, 0, 0]);
    answer.extend(record(&wire(ANY_NAME), 0x21, &[0; 47]));
    play.send(0.1, endpoint(PEER, 137), endpoint(CLIENT, 137), &answer);
    assert_eq!(play.only().outcome(), LookupOutcome::Answered);
}

#[test]
fn a_netbios_name_is_found_by_broadcast() {
    let mut play = Play::new();
    let name = "EGFCEFEECACACACACACACACACACACACA";
    play.send(
        0.0,
        endpoint(CLIENT, 137),
        endpoint("10.8.0.255", 137),
        &query(7, name, 0x20),
    );
    let mut answer = header(7, 0x8500, [0, 1, 0, 0]);
    answer.extend(record(&wire(name), 0x20, &[0, 0, 10, 8, 0, 9]));
    play.send(0.1, endpoint(PEER, 137), endpoint(CLIENT, 137), &answer);
    assert_eq!(play.only().name.as_str(), "fred<20>");
    assert_eq!(*play.only().addresses, [ip(PEER)]);
}

#[test]
fn a_netbios_name_that_a_server_does_not_know_is_no_such_name() {
    let mut play = Play::new();
    let name = "EGFCEFEECACACACACACACACACACACACA";
    play.send(
        0.0,
        endpoint(CLIENT, 137),
        endpoint(PEER, 137),
        &query(7, name, 0x20),
    );
    let mut answer = header(7, 0x8583, [0, 1, 0, 0]);
    answer.extend(record(&wire(name), 0x0a, &[]));
    play.send(0.1, endpoint(PEER, 137), endpoint(CLIENT, 137), &answer);
    assert_eq!(play.only().outcome(), LookupOutcome::NoSuchName);
}

#[test]
fn a_multicast_answer_brings_only_what_was_asked_for() {
    let mut play = Play::new();
    play.send(
        0.0,
        endpoint(CLIENT, 5353),
        endpoint(GROUP, 5353),
        &query(0, "peer.local", 1),
    );
    let mut answer = header(0, 0x8400, [0, 2, 0, 0]);
    answer.extend(record(&wire("other.local"), 1, &[10, 8, 0, 8]));
    answer.extend(record(&wire("peer.local"), 1, &[10, 8, 0, 9]));
    play.send(0.2, endpoint(PEER, 5353), endpoint(GROUP, 5353), &answer);
    assert_eq!(*play.only().addresses, [ip(PEER)]);
}

#[test]
fn other_ports_and_other_operations_are_no_lookups() {
    let mut play = Play::new();
    let question = query(7, PTR_NAME, 12);
    play.send(0.0, endpoint(CLIENT, 4000), endpoint(R1, 5300), &question);
    let mut update = question.clone();
    update[2] = 5 << 3;
    play.send(0.0, endpoint(CLIENT, 4000), endpoint(R1, 53), &update);
    // A question from the service's port to some other.
    play.send(0.0, endpoint(R1, 53), endpoint(CLIENT, 4000), &question);
    assert!(play.lookups.all().is_empty());
    play.send(
        0.0,
        endpoint(CLIENT, 4000),
        endpoint(R1, 53),
        &question[..11],
    );
    play.send(
        0.0,
        endpoint(CLIENT, 4000),
        endpoint(R1, 53),
        &question[..14],
    );
    assert_eq!((play.lookups.unreadable(), play.lookups.cut()), (1, 1));
}
