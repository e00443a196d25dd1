//! Messages that other parsers refuse, and what is read of them.

use super::{header, query, record, response, wire};
use crate::dns::message::Message;
use crate::dns::{Rcode, RecordType};

const HTTPS: u16 = 65;

fn read(bytes: &[u8]) -> Message<'_> {
    Message::read(bytes).unwrap()
}

fn question(bytes: &[u8]) -> (String, u16) {
    let message = read(bytes);
    let question = &message.questions[0];
    (question.name.to_name().to_string(), question.record_type.0)
}

#[test]
fn questions_of_every_type_are_read() {
    for record_type in [35, 39, 43, 44, 47, 48, 52, 64, HTTPS, 257, 65_280] {
        let bytes = query(7, "www.example", record_type);
        assert_eq!(question(&bytes), ("www.example".to_owned(), record_type));
        assert!(!read(&bytes).cut);
    }
}

#[test]
fn a_query_is_read_whatever_its_additional_records_and_flags_are() {
    let opt = record(&[0], 41, &[]);
    let cookie = record(&[0], 41, &[0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]);
    for additional in [vec![opt.clone()], vec![cookie], vec![opt.clone(), opt]] {
        let mut bytes = query(7, "www.example", 1);
        bytes[11] = additional.len() as u8;
        bytes.extend(additional.concat());
        assert_eq!(question(&bytes).1, 1);
    }
    let mut reserved_bit = query(7, "www.example", 1);
    reserved_bit[3] |= 0x40;
    assert_eq!(question(&reserved_bit).0, "www.example");
    let mut class_none = query(7, "www.example", 1);
    *class_none.last_mut().unwrap() = 254;
    assert_eq!(question(&class_none).0, "www.example");
    let mut unicast_bit = query(7, "www.example", 1);
    let class_at = unicast_bit.len() - 2;
    unicast_bit[class_at] = 0x80;
    assert_eq!(question(&unicast_bit).0, "www.example");
}

#[test]
fn records_of_unknown_type_are_passed_over() {
    let records = [
        (46, vec![1; 90]),
        (65_280, vec![2; 3]),
        (1, vec![192, 0, 2, 1]),
        (50, Vec::new()),
        (28, vec![0; 16]),
    ];
    let bytes = response(7, 0, "www.example", 1, &records);
    let message = read(&bytes);
    let addresses: Vec<_> = message
        .answers
        .iter()
        .filter_map(|record| message.address(record))
        .collect();
    assert_eq!(addresses, [super::ip("192.0.2.1"), super::ip("::")]);
    assert!(!message.cut);
}

#[test]
fn a_no_data_answer_for_https_is_read() {
    let mut bytes = response(7, 0, "www.example", HTTPS, &[]);
    bytes[9] = 1;
    bytes.extend(record(&[0xc0, 12], 6, &[0; 22]));
    let message = read(&bytes);
    assert!(!message.cut && !message.answers_with(RecordType(HTTPS)));
}

#[test]
fn two_questions_are_both_read() {
    let mut bytes = query(7, "a.example", 1);
    bytes[5] = 2;
    bytes.extend([&[1, b'b', 0xc0, 14], &[0, 28, 0, 1][..]].concat());
    let names: Vec<_> = read(&bytes)
        .questions
        .iter()
        .map(|q| q.name.to_name().to_string())
        .collect();
    assert_eq!(names, ["a.example", "b.example"]);
}

#[test]
fn a_cut_never_loses_the_question_nor_the_answers_before_it() {
    let records = [(1, vec![192, 0, 2, 1]), (1, vec![192, 0, 2, 2])];
    let bytes = response(7, 0, "www.example", 1, &records);
    let question_end = 12 + wire("www.example").len() + 2;
    for len in 12..bytes.len() {
        let message = read(&bytes[..len]);
        assert!(message.cut, "{len}");
        assert_eq!(
            message.questions.len(),
            usize::from(len >= question_end),
            "{len}"
        );
        // A record of this kind takes 16 bytes.
        let whole_records = len.saturating_sub(question_end + 2) / 16;
        assert_eq!(message.answers.len(), whole_records, "{len}");
        assert!(message.answers_with(RecordType::A), "{len}");
    }
    assert!(!read(&bytes).cut);
}

#[test]
fn counts_of_65535_in_a_bare_header_cost_nothing() {
    let bytes = header(7, 0x8180, [0xffff; 4]);
    let message = read(&bytes);
    assert!(message.cut);
    assert!(!message.questions.spilled() && !message.answers.spilled());
}

#[test]
fn a_record_whose_length_runs_out_of_the_message_is_left_out() {
    let mut bytes = response(7, 0, "www.example", 1, &[(1, vec![192, 0, 2, 1])]);
    let length_at = bytes.len() - 6;
    bytes[length_at] = 0xff;
    assert!(read(&bytes).cut && read(&bytes).answers.is_empty());
}

#[test]
fn an_address_of_the_wrong_length_is_none() {
    let bytes = response(
        7,
        0,
        "www.example",
        1,
        &[(1, vec![192, 0, 2]), (28, vec![0; 17])],
    );
    let message = read(&bytes);
    assert!(
        message
            .answers
            .iter()
            .all(|record| message.address(record).is_none())
    );
}

#[test]
fn the_target_of_a_srv_record_stands_behind_its_numbers() {
    let data = [&[0, 1, 0, 2, 1, 187][..], &wire("host.example")].concat();
    let bytes = response(7, 0, "_x._tcp.example", 33, &[(33, data), (33, vec![0; 3])]);
    let message = read(&bytes);
    assert_eq!(
        message.target(&message.answers[0]).unwrap().as_str(),
        "host.example"
    );
}

#[test]
fn the_upper_bits_of_a_response_code_stand_in_the_opt_record() {
    let mut bytes = response(7, 0, "www.example", 1, &[]);
    bytes[11] = 1;
    bytes.extend([0, 0, 41, 4, 208, 1, 0, 0, 0, 0, 0]);
    assert_eq!(read(&bytes).rcode.to_string(), "BADVERS");
    assert_eq!(Rcode(12).to_string(), "RCODE12");
}

#[test]
fn names_that_point_at_long_chains_of_pointers_are_not_followed_for_ever() {
    let mut chain = vec![0, 0];
    for hop in 0..8_000_u16 {
        chain.extend((0xc000 | (23 + hop * 2)).to_be_bytes());
    }
    let mut bytes = header(7, 0x8180, [0, 201, 0, 0]);
    bytes.extend(record(&[0], 65_280, &chain));
    let end_of_chain = (0xc000 + 16_023_u16).to_be_bytes();
    for _ in 0..200 {
        bytes.extend(record(&end_of_chain, 12, &end_of_chain));
    }
    let message = read(&bytes);
    assert!(!message.cut);
    assert_eq!(message.answers.len(), 201);
    for record in &message.answers[1..] {
        assert_eq!(
            (message.owner(record), message.target(record)),
            (None, None)
        );
    }
}
