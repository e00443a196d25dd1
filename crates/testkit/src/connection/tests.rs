use etherparse::{SlicedPacket, TcpSlice, TransportSlice};

use super::Side::{Client, Server};
use super::*;

/// Sequence numbers near the end of their range, so that every test wraps around.
fn established() -> Connection {
    let mut c = Connection::with_isns(
        "10.8.0.1:41234".parse().unwrap(),
        "203.0.113.25:465".parse().unwrap(),
        u32::MAX - 5,
        u32::MAX - 2000,
    );
    c.syn();
    c.syn_ack();
    c.ack(Client);
    c
}

fn tcp(packet: &Packet) -> TcpSlice<'_> {
    match SlicedPacket::from_ip(packet.bytes()).unwrap().transport {
        Some(TransportSlice::Tcp(tcp)) => tcp,
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn a_handshake_acknowledges_the_syn_of_the_other_side() {
    let mut c = Connection::with_isns(
        "[2001:db8::1]:41234".parse().unwrap(),
        "[2001:db8::25]:465".parse().unwrap(),
        100,
        u32::MAX,
    );
    let (syn, syn_ack, ack) = (c.syn(), c.syn_ack(), c.ack(Client));
    assert_eq!(tcp(&syn).sequence_number(), 100);
    assert!(tcp(&syn).syn() && !tcp(&syn).ack());
    assert_eq!(tcp(&syn_ack).acknowledgment_number(), 101);
    assert_eq!(tcp(&ack).sequence_number(), 101);
    assert_eq!(tcp(&ack).acknowledgment_number(), 0);
}

#[test]
fn data_longer_than_a_segment_is_cut_and_pushed_at_its_end() {
    let mut c = established();
    let packets = c.send(Server, &[7; 3000]);
    let lengths: Vec<_> = packets.iter().map(|p| tcp(p).payload().len()).collect();
    assert_eq!(lengths, [1460, 1460, 80]);
    assert!(!tcp(&packets[0]).psh() && tcp(&packets[2]).psh());
    let expected = (u32::MAX - 2000).wrapping_add(3001);
    assert_eq!(tcp(&c.ack(Client)).acknowledgment_number(), expected);
}

#[test]
fn a_hole_holds_the_acknowledgement_until_it_is_filled() {
    let mut c = established();
    let before = tcp(&c.ack(Client)).acknowledgment_number();
    c.send_losing(Server, &[7; 3000], &[0]);
    let ack = c.ack(Client);
    assert_eq!(tcp(&ack).acknowledgment_number(), before);
    let block = [
        before.wrapping_add(1460).to_be_bytes(),
        before.wrapping_add(3000).to_be_bytes(),
    ]
    .concat();
    assert!(
        tcp(&ack).options().windows(8).any(|window| window == block),
        "{:x?}",
        tcp(&ack).options()
    );
    let again = c.resend_segment(Server, 0, true).unwrap();
    assert_eq!(tcp(&again).sequence_number(), before);
    let ack = c.ack(Client);
    assert_eq!(tcp(&ack).acknowledgment_number(), before.wrapping_add(3000));
    assert!(tcp(&ack).options().is_empty());
}

#[test]
fn what_arrives_beyond_a_hole_in_any_order_is_one_block_where_it_touches() {
    let mut c = established();
    c.send_lost(Server, &[7; 5 * 1460]);
    for index in [3, 1, 2] {
        c.resend_segment(Server, index, true).unwrap();
    }
    // Two bytes of padding, kind and length of a single block, the block.
    assert_eq!(tcp(&c.ack(Client)).options().len(), 12);
    c.resend_segment(Server, 0, true).unwrap();
    let expected = (u32::MAX - 2000).wrapping_add(1 + 4 * 1460);
    assert_eq!(tcp(&c.ack(Client)).acknowledgment_number(), expected);
    assert!(tcp(&c.ack(Client)).options().is_empty());
}

#[test]
fn a_retransmission_has_the_same_bytes_and_another_ip_id() {
    let mut c = established();
    let first = c.send_lost(Client, b"hello");
    let second = c.resend(Client);
    assert_eq!(tcp(&first[0]).payload(), tcp(&second[0]).payload());
    assert_eq!(
        tcp(&first[0]).sequence_number(),
        tcp(&second[0]).sequence_number()
    );
    assert_ne!(first[0].bytes()[4..6], second[0].bytes()[4..6]);
}

#[test]
fn a_retransmission_of_what_arrived_moves_nothing() {
    let mut c = established();
    c.send(Client, b"hello");
    let before = tcp(&c.ack(Server)).acknowledgment_number();
    c.resend(Client);
    assert_eq!(tcp(&c.ack(Server)).acknowledgment_number(), before);
}

#[test]
fn fins_take_a_sequence_number_and_keep_alives_take_none() {
    let mut c = established();
    let fin = tcp(&c.fin(Server)).sequence_number();
    assert_eq!(
        tcp(&c.ack(Client)).acknowledgment_number(),
        fin.wrapping_add(1)
    );
    assert_eq!(tcp(&c.keep_alive(Server)).sequence_number(), fin);
    assert_eq!(tcp(&c.ack(Server)).sequence_number(), fin.wrapping_add(1));
}

#[test]
fn a_refusal_acknowledges_the_syn() {
    let mut c = Connection::with_isns(
        "10.8.0.1:41234".parse().unwrap(),
        "203.0.113.25:465".parse().unwrap(),
        9,
        0,
    );
    c.syn();
    let refusal = c.refuse();
    assert!(tcp(&refusal).rst());
    assert_eq!(tcp(&refusal).acknowledgment_number(), 10);
}

#[test]
fn a_shut_window_stays_shut_until_it_is_opened() {
    let mut c = established();
    assert_eq!(tcp(&c.window(Client, 0)).window_size(), 0);
    assert_eq!(tcp(&c.ack(Client)).window_size(), 0);
    assert_eq!(tcp(&c.window(Client, 502)).window_size(), 502);
}
