//! Each row of the measured schedules: copies at those times fit it, and it explains the wait.

use super::{CLIENT, Play, R1, R2, R3, ip, seconds};
use crate::dns::{End, Lookup};
use crate::time::Span;

/// One copy: seconds, resolver, port, id.
type Copy = (f64, &'static str, u16, u16);

fn unanswered(copies: &[Copy]) -> Play {
    let mut play = Play::new();
    for &(at, resolver, port, id) in copies {
        play.ask(at, resolver, port, id);
    }
    play
}

fn schedule(lookup: &Lookup) -> Option<String> {
    lookup.schedule().map(|fit| fit.to_string())
}

/// The copies make one lookup of that schedule, which ends that many seconds after its start.
fn assert_schedule(name: &str, wait: f64, copies: &[Copy]) {
    let play = unanswered(copies);
    let lookup = play.only();
    assert_eq!(lookup.queries.len(), copies.len());
    assert_eq!(schedule(lookup).as_deref(), Some(name));
    let give_up = seconds(wait).since(seconds(0.0));
    let fit = lookup
        .fits_give_up(give_up)
        .expect("no schedule explains the wait");
    assert_eq!(fit.to_string(), name);
    assert_eq!(lookup.duration(), give_up);
}

#[test]
fn glibc_with_one_name_server_waits_ten_seconds() {
    assert_schedule(
        "glibc, one name server",
        10.0,
        &[(0.0, R1, 4000, 7), (5.005, R1, 4000, 7)],
    );
}

#[test]
fn glibc_with_two_name_servers_waits_twenty_seconds() {
    let copies = [
        (0.0, R1, 4000, 7),
        (5.005, R2, 4001, 7),
        (10.01, R1, 4000, 7),
        (15.02, R2, 4001, 7),
    ];
    assert_schedule("glibc, two name servers", 20.0, &copies);
}

#[test]
fn glibc_with_three_name_servers_waits_twenty_eight_seconds() {
    let copies = [
        (0.0, R1, 4000, 7),
        (5.0, R2, 4001, 7),
        (8.0, R3, 4002, 7),
        (14.01, R1, 4000, 7),
        (19.01, R2, 4001, 7),
        (22.02, R3, 4002, 7),
    ];
    assert_schedule("glibc, three name servers", 28.0, &copies);
}

#[test]
fn the_first_round_of_three_name_servers_is_named_and_explains_no_giving_up() {
    let play = unanswered(&[(0.0, R1, 4000, 7), (5.0, R2, 4001, 7), (8.0, R3, 4002, 7)]);
    assert_eq!(
        schedule(play.only()).as_deref(),
        Some("glibc, three name servers")
    );
    assert!(play.only().fits_give_up(Span::from_secs(28)).is_none());
}

#[test]
fn the_options_of_resolv_conf_are_told() {
    let copies = [(0.0, R1, 4000, 7), (1.0, R1, 4000, 7), (2.0, R1, 4000, 7)];
    assert_schedule("glibc, one name server, timeout:1 attempts:3", 3.0, &copies);
    let copies = [
        (0.0, R1, 4000, 7),
        (7.0, R1, 4000, 7),
        (14.0, R1, 4000, 7),
        (21.0, R1, 4000, 7),
    ];
    assert_schedule(
        "glibc, one name server, timeout:7 attempts:4",
        28.0,
        &copies,
    );
}

#[test]
fn glibc_asks_alone_when_only_one_of_two_questions_is_answered() {
    let copies = [(0.0, R1, 4000, 7), (5.0, R1, 4000, 7), (10.01, R1, 4001, 7)];
    assert_schedule(
        "glibc, one question at a time at last, one name server",
        15.0,
        &copies,
    );
}

#[test]
fn android_divides_in_milliseconds() {
    let copies = [
        (0.0, R1, 4000, 7),
        (5.0, R2, 4001, 7),
        (8.333, R3, 4002, 7),
        (15.0, R1, 4000, 7),
        (20.0, R2, 4001, 7),
        (23.333, R3, 4002, 7),
    ];
    let play = unanswered(&copies);
    assert_eq!(
        schedule(play.only()).as_deref(),
        Some("Android, three name servers")
    );
    assert!(play.only().fits_give_up(Span::from_secs(30)).is_some());
    let servers = [R1, R2, R3, "10.0.0.4"];
    let times = [0.0, 5.0, 7.5, 12.5, 22.5, 27.5, 30.0, 35.0];
    let copies = times.iter().zip(servers.iter().cycle());
    let copies: Vec<Copy> = copies.map(|(&at, &server)| (at, server, 4000, 7)).collect();
    assert_schedule("Android, four name servers", 45.0, &copies);
}

#[test]
fn musl_asks_all_at_once_and_waits_five_seconds() {
    assert_schedule(
        "musl, one name server",
        5.0,
        &[(0.0, R1, 4000, 7), (2.503, R1, 4000, 7)],
    );
    let copies = [
        (0.0, R1, 4000, 7),
        (0.0001, R2, 4000, 7),
        (0.0002, R3, 4000, 7),
        (2.503, R1, 4000, 7),
        (2.5031, R2, 4000, 7),
        (2.5032, R3, 4000, 7),
    ];
    assert_schedule("musl, three name servers", 5.0, &copies);
}

#[test]
fn musl_waits_its_five_seconds_though_servfail_comes_at_once() {
    let mut play = Play::new();
    for start in [0.0, 2.5] {
        for step in 0..3 {
            let at = start + f64::from(step) / 100.0;
            play.ask(at, R1, 4000, 7);
            play.answer(at + 0.005, R1, 4000, 7, 2);
        }
    }
    let lookup = play.only();
    assert_eq!(schedule(lookup).as_deref(), Some("musl, one name server"));
    assert_eq!(lookup.end().latest(), seconds(5.0));
}

#[test]
fn go_draws_a_new_id_and_port_each_time() {
    assert_schedule(
        "Go, one name server",
        10.0,
        &[(0.0, R1, 4000, 7), (5.001, R1, 5000, 8)],
    );
    let copies = [
        (0.0, R1, 4000, 7),
        (5.001, R2, 4001, 8),
        (10.002, R1, 4002, 9),
        (15.003, R2, 4003, 10),
    ];
    assert_schedule("Go, two name servers", 20.0, &copies);
}

#[test]
fn c_ares_doubles_its_timeout() {
    let times = [0.0, 5.0, 15.01, 35.02];
    let copies = times.map(|at| (at, R1, 4000, 7));
    assert_schedule("c-ares, one name server", 75.0, &copies);
}

#[test]
fn two_copies_that_c_ares_would_follow_by_a_third_explain_no_75_seconds() {
    let play = unanswered(&[(0.0, R1, 4000, 7), (5.0, R1, 4000, 7)]);
    assert!(play.only().fits_give_up(Span::from_secs(75)).is_none());
    assert!(play.only().fits_give_up(Span::from_secs(15)).is_none());
}

#[test]
fn java_jndi_and_dig_keep_the_id_and_change_the_port() {
    let copies = [
        (0.0, R1, 4000, 7),
        (1.0, R1, 4001, 7),
        (3.0, R1, 4002, 7),
        (7.0, R1, 4003, 7),
    ];
    assert_schedule("Java JNDI, one name server", 15.0, &copies);
    let copies = [(0.0, R1, 4000, 7), (5.0, R1, 4001, 7), (10.0, R1, 4002, 7)];
    assert_schedule("dig, one name server", 15.0, &copies);
}

#[test]
fn dnsmasq_repeats_what_the_stub_behind_it_sends_to_all_servers() {
    let copies = [
        (0.0, R1, 4000, 7),
        (0.001, R2, 4000, 7),
        (5.0, R1, 4000, 7),
        (5.001, R2, 4000, 7),
    ];
    assert_schedule("dnsmasq before glibc, two name servers", 10.0, &copies);
}

#[test]
fn windows_doubles_from_one_second() {
    let times = [0.0, 1.01, 2.01, 4.02, 8.02];
    let copies = times.map(|at| (at, R1, 4000, 7));
    assert_schedule("Windows, one name server", 10.0, &copies);
    let copies = [
        (0.0, R1, 4000, 7),
        (1.0, R2, 4000, 7),
        (2.0, R2, 4000, 7),
        (4.0, R1, 4000, 7),
        (4.001, R2, 4000, 7),
        (8.0, R1, 4000, 7),
        (8.001, R2, 4000, 7),
    ];
    assert_schedule("Windows, two name servers", 15.0, &copies);
}

#[test]
fn unbound_is_named_though_nobody_knows_when_it_gives_up() {
    let times = [0.0, 0.376, 0.752, 1.128, 1.504, 2.256, 3.008];
    let copies: Vec<Copy> = (0_u16..)
        .zip(times)
        .map(|(n, at)| (at, R1, 4000 + n, n))
        .collect();
    let play = unanswered(&copies);
    let lookup = play.only();
    assert_eq!(
        schedule(lookup).as_deref(),
        Some("unbound, one name server")
    );
    assert_eq!(lookup.end().latest(), seconds(3.008 + 0.752));
}

#[test]
fn mdnsresponder_triples() {
    let times = [0.0, 1.0, 4.0, 13.0];
    let play = unanswered(&times.map(|at| (at, R1, 4000, 7)));
    assert_eq!(
        schedule(play.only()).as_deref(),
        Some("mDNSResponder, one name server")
    );
}

#[test]
fn systemd_resolved_asks_every_five_seconds() {
    let copies: Vec<Copy> = (0..24).map(|n| (f64::from(n) * 5.0, R1, 4000, 7)).collect();
    assert_schedule("systemd-resolved, one name server", 120.0, &copies);
}

#[test]
fn copies_that_fit_nothing_are_waited_for_as_long_as_the_last_interval() {
    let play = unanswered(&[(0.0, R1, 4000, 7), (1.7, R1, 4000, 7), (6.0, R1, 4000, 7)]);
    let lookup = play.only();
    assert_eq!(lookup.schedule(), None);
    assert_eq!(lookup.end().latest(), seconds(6.0 + 4.3));
}

#[test]
fn a_single_copy_fits_no_schedule_and_is_waited_for_five_seconds() {
    let play = unanswered(&[(1.0, R1, 4000, 7)]);
    let lookup = play.only();
    assert_eq!(lookup.schedule(), None);
    let due = seconds(6.0);
    assert_eq!(
        lookup.end(),
        End::GaveUp {
            earliest: due,
            latest: due
        }
    );
}

#[test]
fn a_program_may_take_300_ms_after_the_resolver_gave_up_but_not_a_second() {
    let play = unanswered(&[(0.0, R1, 4000, 7), (5.0, R1, 4000, 7)]);
    let explains = |millis| {
        play.only()
            .fits_give_up(Span::from_millis(millis))
            .is_some()
    };
    assert!(explains(10_080) && explains(10_214));
    assert!(!explains(9_900) && !explains(11_000));
}

#[test]
fn an_answer_after_the_schedule_gave_up_is_late_and_changes_nothing() {
    let mut play = unanswered(&[(0.0, R1, 4000, 7), (5.0, R1, 4000, 7)]);
    play.answer(12.0, R1, 4000, 7, 0);
    let lookup = play.only();
    assert_eq!(lookup.outcome().name(), "unanswered");
    assert_eq!(lookup.end().latest(), seconds(10.0));
    assert!(
        play.lookups
            .overlapping(ip(CLIENT), seconds(11.0), seconds(20.0))
            .is_empty()
    );
}

#[test]
fn the_report_names_the_schedule_and_measures_from_the_first_frame() {
    let play = unanswered(&[(3.5, R1, 4000, 7), (8.5, R1, 4000, 7)]);
    let report = play.only().report(seconds(1.0));
    assert_eq!(report.schedule.as_deref(), Some("glibc, one name server"));
    assert_eq!(report.duration, Span::from_secs(10));
    assert_eq!(report.queries[1].time, Span::from_millis(7_500));
    assert_eq!(
        (report.name.as_str(), report.record_type.as_str()),
        (super::PTR_NAME, "PTR")
    );
}
