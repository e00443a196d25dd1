//! What is bounded, and what is found again among many.

use super::{CLIENT, Play, R1, R2, endpoint, ip, query, response, seconds, wire};
use crate::dns::RecordType;

fn resolve(play: &mut Play, at: f64, id: u16, name: &str, address: [u8; 4]) {
    play.ask_for(at, R1, 4000, id, name, RecordType::A);
    let bytes = response(id, 0, name, 1, &[(1, address.to_vec())]);
    play.send(at + 0.01, endpoint(R1, 53), endpoint(CLIENT, 4000), &bytes);
}

#[test]
fn the_oldest_finished_lookups_make_room() {
    let mut play = Play::with_limit(4);
    play.ask(0.0, R1, 4000, 1);
    for id in 2..20 {
        resolve(
            &mut play,
            f64::from(id),
            id,
            &format!("{id}.example"),
            [192, 0, 2, id as u8],
        );
    }
    let names: Vec<_> = play
        .lookups
        .all()
        .iter()
        .map(|lookup| lookup.name.as_str())
        .collect();
    assert_eq!(
        names,
        [super::PTR_NAME, "17.example", "18.example", "19.example"]
    );
    assert_eq!(play.lookups.evicted(), 15);
    // Everything is still found by its question and address.
    play.answer(21.0, R1, 4000, 1, 0);
    assert_eq!(play.lookups.all()[0].outcome().name(), "answered");
    let found = play
        .lookups
        .answer_with(ip(CLIENT), ip("192.0.2.19"), seconds(30.0));
    assert_eq!(found.unwrap().name.as_str(), "19.example");
}

#[test]
fn what_is_open_is_still_found_by_its_question_when_the_latest_of_it_was_dropped() {
    let mut play = Play::with_limit(4);
    play.ask(0.0, R1, 4000, 1);
    play.ask(0.1, R1, 4001, 2);
    play.answer(0.15, R1, 4001, 2, 0);
    play.ask(0.2, R1, 4002, 3);
    for id in 10..20 {
        let at = 0.5 + f64::from(id) / 100.0;
        resolve(&mut play, at, id, &format!("{id}.example"), [192, 0, 2, 1]);
    }
    let numbers: Vec<_> = play.lookups.all().iter().map(|it| it.number).collect();
    assert_eq!(
        numbers,
        [0, 2, 11, 12],
        "1 was answered at once, as were those before the last"
    );
    play.ask(5.0, R1, 4000, 1);
    play.ask(5.2, R1, 4002, 3);
    play.answer(5.3, R1, 4000, 1, 0);
    let lookups = play.lookups.all();
    let copies: Vec<_> = lookups.iter().map(|it| it.queries.len()).collect();
    assert_eq!(copies, [2, 2, 1, 1]);
    assert_eq!(lookups[0].outcome().name(), "answered");
    assert_eq!(lookups[1].outcome().name(), "unanswered");
}

#[test]
fn unfinished_lookups_make_room_where_all_are_unfinished() {
    let mut play = Play::with_limit(8);
    for id in 0..100 {
        play.ask_for(0.0, R1, 4000, id, &format!("{id}.example"), RecordType::A);
        assert!(play.lookups.all().len() <= 8);
    }
    assert_eq!(
        play.lookups.all().last().unwrap().name.as_str(),
        "99.example"
    );
}

#[test]
fn copies_and_answers_are_counted_beyond_64() {
    let mut play = Play::new();
    for copy in 0..100 {
        play.ask(f64::from(copy), R1, 4000, 7);
        play.answer(f64::from(copy) + 0.1, R1, 4000, 7, 2);
    }
    let lookup = play.only();
    assert_eq!((lookup.queries.len(), lookup.answers.len()), (64, 64));
    assert_eq!(lookup.omitted, 72);
    assert_eq!(lookup.last_query().time, seconds(99.0));
}

#[test]
fn answers_full_of_long_names_are_bounded_by_their_bytes() {
    let mut play = Play::with_limit(200);
    let records: Vec<_> = (0..60)
        .map(|n| {
            (
                12,
                wire(&format!("n{n}.{}", "a".repeat(60) + "." + &"b".repeat(60))),
            )
        })
        .collect();
    for id in 0..400 {
        let name = format!("{id}.example");
        let port = endpoint(CLIENT, 4000);
        play.send(0.0, port, endpoint(R1, 53), &query(id, &name, 12));
        let bytes = response(id, 0, &name, 12, &records);
        play.send(0.0, endpoint(R1, 53), port, &bytes);
    }
    let weight: usize = play
        .lookups
        .all()
        .iter()
        .map(crate::dns::Lookup::weight)
        .sum();
    assert!(weight <= 200 * 512, "{weight}");
    assert!(play.lookups.all().len() > 20);
    assert_eq!(play.lookups.all()[0].targets.len(), 16);
}

#[test]
fn a_question_asked_by_many_threads_at_once_is_as_many_lookups() {
    let mut play = Play::new();
    for round in [0.0, 5.0] {
        for id in 0..500_u16 {
            play.ask(round + f64::from(id) * 0.0003, R1, 4000 + id, id);
        }
    }
    assert_eq!(play.lookups.all().len(), 500);
    assert!(
        play.lookups
            .all()
            .iter()
            .all(|lookup| lookup.queries.len() == 2)
    );
}

#[test]
fn lookups_are_found_by_asker_and_time() {
    let mut play = Play::new();
    resolve(&mut play, 1.0, 1, "brief.example", [192, 0, 2, 1]);
    play.ask(2.0, R1, 4000, 2);
    resolve(&mut play, 9.0, 3, "later.example", [192, 0, 2, 3]);
    let names = |from: f64, to: f64| -> Vec<String> {
        let found = play
            .lookups
            .overlapping(ip(CLIENT), seconds(from), seconds(to));
        found.iter().map(|lookup| lookup.name.to_string()).collect()
    };
    assert_eq!(
        names(0.0, 20.0),
        ["brief.example", super::PTR_NAME, "later.example"]
    );
    assert_eq!(names(1.5, 6.9), [super::PTR_NAME]);
    assert_eq!(names(7.1, 8.9), [""; 0]);
    assert_eq!(names(1.005, 1.005), ["brief.example"]);
    assert!(
        play.lookups
            .overlapping(ip(R2), seconds(0.0), seconds(20.0))
            .is_empty()
    );
}

/// Who missed the answer asks again, and waits as long as it did.
#[test]
fn a_lookup_is_going_on_until_its_last_copy_though_it_was_answered_at_once() {
    let mut play = Play::new();
    resolve(&mut play, 1.0, 1, "www.example", [192, 0, 2, 1]);
    let going_on = |play: &Play, at: f64| {
        let (from, to) = (seconds(at), seconds(at + 0.1));
        play.lookups.going_on(ip(CLIENT), from, to).count()
    };
    assert_eq!(going_on(&play, 1.5), 0);
    play.ask_for(1.9, R1, 4000, 1, "www.example", RecordType::A);
    assert_eq!(play.only().queries.len(), 2);
    assert_eq!(going_on(&play, 1.5), 1);
    assert_eq!(going_on(&play, 1.95), 0);
}

#[test]
fn reverse_lookups_are_found_by_the_address_asked_for_and_not_by_block_list_names() {
    let mut play = Play::new();
    play.ask(2.0, R1, 4000, 2);
    let (other, list) = (endpoint("10.8.0.77", 4000), "25.113.0.203.zen.example");
    play.send(3.0, other, endpoint(R1, 53), &query(5, super::PTR_NAME, 12));
    play.ask_for(3.0, R1, 4000, 4, list, RecordType::A);
    let found = play
        .lookups
        .reverse_lookups(ip("203.0.113.25"), seconds(2.5), seconds(3.5));
    let askers: Vec<_> = found.iter().map(|lookup| lookup.asker).collect();
    assert_eq!(askers, [ip(CLIENT), ip("10.8.0.77")]);
}

#[test]
fn the_latest_answer_before_a_moment_is_found() {
    let mut play = Play::new();
    for (at, name) in [(1.0, "a.example"), (2.0, "b.example"), (3.0, "c.example")] {
        resolve(&mut play, at, at as u16, name, [192, 0, 2, 1]);
    }
    let name = |until: f64| {
        let found = play
            .lookups
            .answer_with(ip(CLIENT), ip("192.0.2.1"), seconds(until));
        found.map(|lookup| lookup.name.to_string())
    };
    assert_eq!(name(2.5).as_deref(), Some("b.example"));
    assert_eq!(name(9.0).as_deref(), Some("c.example"));
    assert_eq!(name(0.5), None);
}

#[test]
fn a_range_that_ends_before_it_begins_is_no_panic() {
    let mut play = Play::new();
    play.ask(2.0, R1, 4000, 2);
    play.lookups
        .overlapping(ip(CLIENT), seconds(900.0), seconds(1.0));
    play.lookups
        .reverse_lookups(ip("203.0.113.25"), seconds(900.0), seconds(1.0));
}

#[test]
fn a_resolver_that_answers_one_of_two_questions_is_not_silent() {
    let mut play = Play::new();
    play.ask(0.0, R1, 4000, 2);
    play.ask(5.0, R2, 4000, 2);
    play.ask(10.0, R1, 4000, 2);
    resolve(&mut play, 11.0, 3, "host.example", [192, 0, 2, 1]);
    let first = play.lookups.resolver(ip(R1)).unwrap();
    assert_eq!(
        (first.asked, first.answered, first.several_names),
        (2, 1, true)
    );
    let second = play.lookups.resolver(ip(R2)).unwrap();
    assert_eq!(
        (second.asked, second.answered, second.several_names),
        (1, 0, false)
    );
}

#[test]
fn many_lookups_by_one_asker_stay_fast_to_ask_for() {
    const COUNT: u32 = 20_000;
    let mut play = Play::with_limit(COUNT as usize);
    for n in 0..COUNT {
        let address = (0x0a00_0000 + n % 50).to_be_bytes();
        let at = f64::from(n) / 1000.0;
        resolve(
            &mut play,
            at,
            n as u16,
            &format!("h{}.example", n % 500),
            address,
        );
    }
    let mut found = 0;
    for n in 0..COUNT {
        let at = seconds(f64::from(n) / 1000.0);
        let address = std::net::Ipv4Addr::from(0x0a00_0000 + n % 50).into();
        found += usize::from(play.lookups.answer_with(ip(CLIENT), address, at).is_some());
    }
    assert!(found > COUNT as usize / 2);
    let now = seconds(10.0);
    assert!(play.lookups.overlapping(ip(CLIENT), now, now).len() < 20);
}
