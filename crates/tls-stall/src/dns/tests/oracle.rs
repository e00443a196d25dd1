//! The same messages, read by an independent implementation.

use domain::base::Message as Theirs;
use domain::base::iana::Rtype;

use super::{query, record, response, wire};
use crate::dns::message::Message;

fn messages() -> Vec<Vec<u8>> {
    let mut with_authority = response(9, 3, "no.example", 12, &[]);
    with_authority[9] = 1;
    with_authority.extend(record(&[0xc0, 15], 6, &[0; 22]));
    vec![
        query(7, "WWW.example", 65),
        query(7, "", 2),
        query(7, "25.113.0.203.in-addr.arpa", 12),
        response(
            8,
            0,
            "www.example",
            1,
            &[(1, vec![192, 0, 2, 1]), (1, vec![192, 0, 2, 2])],
        ),
        response(
            8,
            0,
            "www.example",
            28,
            &[(5, vec![1, b'a', 0xc0, 16]), (28, vec![7; 16])],
        ),
        response(
            8,
            0,
            "x.example",
            65_280,
            &[(65_280, vec![1, 2, 3]), (46, vec![0; 40])],
        ),
        response(8, 2, "x.example", 12, &[]),
        response(8, 0x0200, "x.example", 16, &[]),
        with_authority,
    ]
}

#[test]
fn questions_and_records_are_those_that_another_implementation_reads() {
    for bytes in messages() {
        let ours = Message::read(&bytes).unwrap();
        let theirs = Theirs::from_octets(&bytes[..]).unwrap();
        assert_eq!(ours.id, theirs.header().id());
        assert_eq!(ours.is_response, theirs.header().qr());
        assert_eq!(ours.truncated, theirs.header().tc());
        assert_eq!(ours.rcode.0, u16::from(theirs.header().rcode().to_int()));
        let questions = theirs.question().map(|question| {
            let question = question.unwrap();
            let name = question.qname().to_string().to_ascii_lowercase();
            (
                name.trim_end_matches('.').to_owned(),
                question.qtype().to_int(),
            )
        });
        let our_questions = ours.questions.iter().map(|question| {
            let name = question.name.to_name();
            let name = name.as_str().trim_end_matches('.').to_owned();
            (name, question.record_type.0)
        });
        assert!(our_questions.eq(questions), "{bytes:02x?}");
        let answers = theirs
            .answer()
            .unwrap()
            .map(|record| record.unwrap().rtype());
        let our_answers = ours
            .answers
            .iter()
            .map(|record| Rtype::from(record.record_type.0));
        assert!(our_answers.eq(answers), "{bytes:02x?}");
    }
}

#[test]
fn a_name_is_the_one_that_another_implementation_reads() {
    let mut bytes = response(8, 0, "www.example", 5, &[(5, vec![1, b'A', 0xc0, 16])]);
    bytes[7] = 2;
    bytes.extend(record(&[0xc0, 12], 12, &wire("one.Two.THREE.example")));
    let ours = Message::read(&bytes).unwrap();
    let targets: Vec<_> = ours
        .answers
        .iter()
        .map(|record| ours.target(record).unwrap())
        .collect();
    assert_eq!(targets[0].as_str(), "a.example");
    assert_eq!(targets[1].as_str(), "one.two.three.example");
}
