//! Damaged messages: no panic, no hang, whatever the bytes.

use super::{CLIENT, PTR_NAME, Play, R1, Random, endpoint, header, query, record, response, wire};

fn seeds() -> Vec<Vec<u8>> {
    let mut multicast = header(0, 0x8400, [0, 1, 0, 0]);
    multicast.extend(record(&wire(PTR_NAME), 12, &wire("peer.local")));
    let srv = [&[0, 1, 0, 2, 1, 187][..], &wire("host.example")].concat();
    vec![
        query(7, PTR_NAME, 12),
        query(7, "CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 0x21),
        query(0, "host.local", 28),
        response(
            7,
            0,
            PTR_NAME,
            12,
            &[(5, wire("25.0-127.example")), (12, wire("host.example"))],
        ),
        response(
            7,
            0,
            "www.example",
            1,
            &[(1, vec![192, 0, 2, 1]), (28, vec![1; 16])],
        ),
        response(
            7,
            0,
            "_x._tcp.example",
            33,
            &[(33, srv), (65_280, vec![1; 9])],
        ),
        response(7, 2, PTR_NAME, 12, &[]),
        multicast,
    ]
}

#[test]
fn damaged_messages_never_panic_and_are_never_more_than_the_limit() {
    let seeds = seeds();
    let mut random = Random(0x7153);
    let mut play = Play::with_limit(40);
    let ports = [53, 53, 53, 5353, 5355, 137];
    let mut at = 0.0;
    for _ in 0..20_000 {
        let mut bytes = seeds[random.below(seeds.len())].clone();
        for _ in 0..random.below(4) {
            let place = random.below(bytes.len());
            bytes[place] = random.next() as u8;
        }
        if random.below(4) == 0 {
            bytes.truncate(random.below(bytes.len() + 1));
        }
        if random.below(8) == 0 {
            let place = random.below(bytes.len() + 1);
            bytes.insert(place, 0xc0);
        }
        // Time runs mostly forwards, now and then far away.
        at += random.below(1000) as f64 / 500.0 - 0.1;
        if random.below(500) == 0 {
            at = random.below(1 << 33) as f64 - 4e9;
        }
        let service = endpoint(R1, ports[random.below(ports.len())]);
        let host = endpoint(CLIENT, 4000 + random.below(3) as u16);
        let answer = bytes.get(2).is_some_and(|flags| flags & 0x80 != 0);
        let (from, to) = if answer {
            (service, host)
        } else {
            (host, service)
        };
        play.send(at, from, to, &bytes);
        if random.below(50) == 0 {
            play.icmp(at, R1, host.port, crate::decode::IcmpKind::PortUnreachable);
        }
        assert!(play.lookups.all().len() <= 40);
    }
    assert!(
        play.lookups.evicted() > 1_000,
        "the mutants are not lookups at all"
    );
    for lookup in play.lookups.all() {
        let report = lookup.report(super::seconds(0.0));
        assert!(!report.queries.is_empty() && report.duration >= crate::Span::ZERO);
    }
}
