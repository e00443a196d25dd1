//! What belongs to one lookup, and what came of it.

use super::{CLIENT, PTR_NAME, Play, R1, R2, endpoint, ip, query, response, seconds, wire};
use crate::decode::IcmpKind;
use crate::dns::{End, Fate, Lookup, RecordType};
use crate::report::{LookupOutcome, Via};
use crate::time::Span;

const SERVFAIL: u16 = 2;
const NXDOMAIN: u16 = 3;
const REFUSED: u16 = 5;

#[test]
fn an_answer_ends_the_lookup_and_brings_its_records() {
    let mut play = Play::new();
    play.ask(1.0, R1, 4000, 7);
    play.answer(1.25, R1, 4000, 7, 0);
    let lookup = play.only();
    assert_eq!(lookup.outcome(), LookupOutcome::Answered);
    assert_eq!(lookup.reverse_of(), Some(ip("203.0.113.25")));
    assert_eq!(lookup.targets[0].as_str(), "host.example");
    assert_eq!(lookup.duration(), Span::from_millis(250));
    assert!(matches!(lookup.end(), End::At(moment) if moment.frame.get() == 2));
}

#[test]
fn after_an_answer_another_id_is_another_lookup() {
    let mut play = Play::new();
    play.ask(0.0, R1, 4000, 7);
    play.answer(0.01, R1, 4000, 7, NXDOMAIN);
    play.ask(0.02, R1, 4001, 8);
    assert_eq!(play.lookups.all().len(), 2);
    assert_eq!(play.lookups.all()[0].outcome(), LookupOutcome::NoSuchName);
    assert_eq!(play.lookups.all()[1].outcome(), LookupOutcome::Unanswered);
}

#[test]
fn a_copy_that_crosses_the_answer_stays_in_the_lookup() {
    let mut play = Play::new();
    play.ask(0.0, R1, 4000, 7);
    play.answer(5.001, R1, 4000, 7, 0);
    play.ask(5.002, R1, 4000, 7);
    play.answer(12.0, R1, 4000, 7, 0);
    let lookup = play.only();
    assert_eq!(lookup.queries.len(), 2);
    assert_eq!(lookup.answers[1].fate, Fate::Late);
    assert_eq!(lookup.end().latest(), seconds(5.001));
}

#[test]
fn an_answer_after_seven_seconds_is_accepted_and_its_duplicate_is_late() {
    let mut play = Play::new();
    play.ask(0.0, R1, 4000, 7);
    play.ask(5.0, R1, 4000, 7);
    play.answer(7.0, R1, 4000, 7, 0);
    play.answer(12.0, R1, 4000, 7, 0);
    let fates: Vec<Fate> = play
        .only()
        .answers
        .iter()
        .map(|answer| answer.fate)
        .collect();
    assert_eq!(fates, [Fate::Accepted, Fate::Late]);
    assert_eq!(play.only().duration(), Span::from_secs(7));
}

#[test]
fn an_answer_between_two_copies_of_a_growing_interval_is_accepted() {
    let mut play = Play::new();
    for at in [0.0, 1.0, 2.0] {
        play.ask(at, R1, 4000, 7);
    }
    play.answer(3.7, R1, 4000, 7, 0);
    assert_eq!(play.only().answers[0].fate, Fate::Accepted);
}

#[test]
fn slow_servfails_of_two_resolvers_are_one_lookup_of_sixteen_seconds() {
    let mut play = Play::new();
    for (at, resolver) in [(0.0, R1), (4.0, R2), (8.0, R1), (12.0, R2)] {
        play.ask(at, resolver, 4000, 7);
        play.answer(at + 3.999, resolver, 4000, 7, SERVFAIL);
    }
    let lookup = play.only();
    assert_eq!(lookup.outcome(), LookupOutcome::ServerFailure);
    assert!(lookup.was_retried_after_failure());
    assert_eq!(lookup.end().latest(), seconds(15.999));
    assert_eq!(lookup.schedule(), None);
}

#[test]
fn go_goes_on_with_a_new_id_at_once_after_servfail() {
    let mut play = Play::new();
    play.ask(0.0, R1, 4000, 7);
    play.answer(0.001, R1, 4000, 7, SERVFAIL);
    play.ask(0.002, R2, 4001, 8);
    play.answer(0.003, R2, 4001, 8, NXDOMAIN);
    assert_eq!(play.only().outcome(), LookupOutcome::NoSuchName);
    assert!(play.only().was_retried_after_failure());
}

#[test]
fn a_question_long_after_a_failure_is_another_lookup() {
    let mut play = Play::new();
    play.ask(0.0, R1, 4000, 7);
    play.answer(0.001, R1, 4000, 7, REFUSED);
    play.ask(3.0, R1, 4001, 8);
    assert_eq!(play.lookups.all().len(), 2);
    assert_eq!(play.lookups.all()[0].outcome(), LookupOutcome::Refused);
    assert!(!play.lookups.all()[0].was_retried_after_failure());
}

#[test]
fn silence_after_a_failure_is_waited_for() {
    let mut play = Play::new();
    play.ask(0.0, R1, 4000, 7);
    play.answer(0.001, R1, 4000, 7, SERVFAIL);
    play.ask(0.002, R2, 4001, 7);
    assert_eq!(play.only().end().latest(), seconds(5.002));
}

#[test]
fn a_second_servfail_to_an_earlier_copy_is_late() {
    let mut play = Play::new();
    play.ask(0.0, R1, 4000, 7);
    play.ask(5.0, R1, 4000, 7);
    play.answer(7.0, R1, 4000, 7, SERVFAIL);
    play.answer(12.0, R1, 4000, 7, SERVFAIL);
    assert_eq!(play.only().answers[1].fate, Fate::Late);
    assert_eq!(play.only().end().latest(), seconds(7.0));
}

#[test]
fn port_unreachable_ends_the_lookup_at_once() {
    let mut play = Play::new();
    play.ask(0.0, R1, 4000, 7);
    play.icmp(0.002, R1, 4000, IcmpKind::PortUnreachable);
    assert_eq!(play.only().outcome(), LookupOutcome::PortUnreachable);
    assert_eq!(play.only().duration(), Span::from_millis(2));
}

#[test]
fn an_icmp_error_that_no_socket_hears_of_changes_nothing() {
    let mut play = Play::new();
    play.ask(0.0, R1, 4000, 7);
    play.icmp(0.002, R1, 4000, IcmpKind::Unreachable { code: 1 });
    play.icmp(0.003, R1, 4000, IcmpKind::TimeExceeded);
    play.icmp(0.004, R1, 4999, IcmpKind::PortUnreachable);
    play.icmp(0.005, R2, 4000, IcmpKind::PortUnreachable);
    assert_eq!(play.only().outcome(), LookupOutcome::Unanswered);
}

#[test]
fn port_unreachable_for_a_pair_of_questions_ends_both() {
    let mut play = Play::new();
    play.ask_for(0.0, R1, 4000, 7, "host.example", RecordType::A);
    play.ask_for(0.0001, R1, 4000, 8, "host.example", RecordType::AAAA);
    play.icmp(0.002, R1, 4000, IcmpKind::PortUnreachable);
    let outcomes: Vec<_> = play.lookups.all().iter().map(Lookup::outcome).collect();
    assert_eq!(outcomes, [LookupOutcome::PortUnreachable; 2]);
}

#[test]
fn an_answer_with_another_id_is_kept_apart_and_the_lookup_stays_unanswered() {
    let mut play = Play::new();
    play.ask(0.0, R1, 4000, 7);
    play.answer(0.01, R1, 4000, 9, 0);
    let lookup = play.only();
    assert_eq!(lookup.outcome(), LookupOutcome::Unanswered);
    assert_eq!(lookup.mismatched().count(), 1);
    assert!(lookup.targets.is_empty());
}

#[test]
fn an_answer_from_another_address_or_to_another_port_is_kept_apart() {
    let mut play = Play::new();
    play.ask(0.0, R1, 4000, 7);
    play.answer(0.01, R2, 4000, 7, 0);
    play.answer(0.02, R1, 4001, 7, 0);
    assert_eq!(play.only().mismatched().count(), 2);
    assert_eq!(play.only().outcome(), LookupOutcome::Unanswered);
}

#[test]
fn the_case_of_letters_in_an_answer_does_not_matter() {
    let mut play = Play::new();
    play.ask_for(0.0, R1, 4000, 7, "WwW.eXample", RecordType::A);
    let bytes = response(7, 0, "www.EXAMPLE", 1, &[(1, vec![192, 0, 2, 1])]);
    play.send(0.01, endpoint(R1, 53), endpoint(CLIENT, 4000), &bytes);
    assert_eq!(*play.only().addresses, [ip("192.0.2.1")]);
}

#[test]
fn a_truncated_answer_and_the_way_over_tcp_are_one_lookup() {
    let mut play = Play::new();
    play.ask(0.0, R1, 4000, 7);
    play.answer(0.01, R1, 4000, 7, 0x0200);
    assert_eq!(play.only().outcome(), LookupOutcome::Truncated);
    let (asker, resolver) = (endpoint(CLIENT, 39_000), endpoint(R1, 53));
    let moment = play.moment(1.05);
    play.lookups
        .message(moment, asker, resolver, &query(99, PTR_NAME, 12), true);
    let moment = play.moment(1.06);
    let answer = response(99, 0, PTR_NAME, 12, &[(12, wire("host.example"))]);
    play.lookups.message(moment, resolver, asker, &answer, true);
    let lookup = play.only();
    assert_eq!(lookup.outcome(), LookupOutcome::Answered);
    assert!(lookup.queries[1].over_tcp);
    assert_eq!(lookup.duration(), Span::from_millis(1_060));
}

#[test]
fn the_same_frame_captured_twice_is_one_copy() {
    let mut play = Play::new();
    play.ask(0.0, R1, 4000, 7);
    play.ask(0.0005, R1, 4000, 7);
    play.answer(0.1, R1, 4000, 7, SERVFAIL);
    play.answer(0.1004, R1, 4000, 7, SERVFAIL);
    assert_eq!(play.only().queries.len(), 1);
    assert_eq!(play.only().answers.len(), 1);
    assert_eq!(play.only().first().frame.get(), 1);
}

#[test]
fn two_threads_that_ask_the_same_at_once_are_two_lookups() {
    let mut play = Play::new();
    for at in [0.0, 5.0] {
        play.ask(at, R1, 4000, 7);
        play.ask(at + 0.2, R1, 4001, 8);
    }
    let lookups = play.lookups.all();
    assert_eq!(lookups.len(), 2);
    for lookup in lookups {
        assert_eq!(lookup.queries.len(), 2);
        assert_eq!(
            lookup.schedule().unwrap().to_string(),
            "glibc, one name server"
        );
    }
}

#[test]
fn a_host_that_keeps_its_id_and_comes_with_another_begins_a_lookup() {
    let mut play = Play::new();
    for (at, id) in [(0.0, 7), (5.0, 7), (10.0, 8), (15.0, 8)] {
        play.ask(at, R1, 4000, id);
    }
    assert_eq!(play.lookups.all().len(), 2);
}

#[test]
fn a_and_aaaa_are_two_lookups() {
    let mut play = Play::new();
    play.ask_for(0.0, R1, 4000, 7, "host.example", RecordType::A);
    play.ask_for(0.0, R1, 4000, 8, "host.example", RecordType::AAAA);
    let bytes = response(7, 0, "host.example", 1, &[(1, vec![192, 0, 2, 1])]);
    play.send(0.01, endpoint(R1, 53), endpoint(CLIENT, 4000), &bytes);
    let outcomes: Vec<_> = play.lookups.all().iter().map(Lookup::outcome).collect();
    assert_eq!(
        outcomes,
        [LookupOutcome::Answered, LookupOutcome::Unanswered]
    );
}

#[test]
fn an_alias_without_an_address_is_no_data() {
    let mut play = Play::new();
    play.ask_for(0.0, R1, 4000, 7, "www.example", RecordType::AAAA);
    let bytes = response(7, 0, "www.example", 28, &[(5, wire("host.example"))]);
    play.send(0.01, endpoint(R1, 53), endpoint(CLIENT, 4000), &bytes);
    assert_eq!(play.only().outcome(), LookupOutcome::NoData);
    assert_eq!(play.only().targets[0].as_str(), "host.example");
}

#[test]
fn a_servfail_without_a_question_is_known_by_its_id() {
    let mut play = Play::new();
    play.ask(0.0, R1, 4000, 7);
    let bytes = super::header(7, 0x8182, [0; 4]);
    play.send(0.01, endpoint(R1, 53), endpoint(CLIENT, 4000), &bytes);
    assert_eq!(play.only().outcome(), LookupOutcome::ServerFailure);
}

#[test]
fn a_question_to_a_stub_on_loopback_has_loopback_for_its_asker() {
    let mut play = Play::new();
    let (stub, asker) = (endpoint("127.0.0.53", 53), endpoint("127.0.0.1", 4000));
    play.send(0.0, asker, stub, &query(7, PTR_NAME, 12));
    assert_eq!(play.only().asker, ip("127.0.0.1"));
}

#[test]
fn a_host_may_ask_from_any_port_even_that_of_another_service() {
    let mut play = Play::new();
    for port in [5353, 137, 53] {
        play.ask(0.0, R1, port, port);
        play.answer(0.1, R1, port, port, 0);
    }
    let lookups = play.lookups.all();
    assert_eq!(lookups.len(), 3);
    assert!(
        lookups
            .iter()
            .all(|lookup| lookup.via == Via::Dns && lookup.is_settled())
    );
}

#[test]
fn a_clock_that_runs_back_a_little_does_not_part_a_lookup() {
    let mut play = Play::new();
    play.ask(1.0, R1, 4000, 7);
    play.ask(0.9, R1, 4000, 7);
    play.answer(0.8, R1, 4000, 7, 0);
    assert_eq!(play.only().queries.len(), 2);
    assert_eq!(play.only().duration(), Span::ZERO);
}

#[test]
fn an_answer_to_a_question_that_was_not_captured_is_counted() {
    let mut play = Play::new();
    play.answer(0.0, R1, 4000, 7, 0);
    assert!(play.lookups.all().is_empty());
    assert_eq!(play.lookups.unasked(), 1);
}
