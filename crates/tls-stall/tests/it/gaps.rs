//! What cannot be read of a stream is no silence of its sender.

use testkit::Side::{Client, Server};
use testkit::{Connection, Link, Packet, Seconds, Wire, tls};
use tls_stall::{Analysis, Cause, NoticeCode, Phase};

use super::{analyze, told};

/// A connection whose ClientHello goes out in `segments`, each at its time, of which those `lost` do
/// not arrive.
fn client_hello_as(
    lost: &[usize],
    end: Seconds,
    segments: impl Fn(Vec<Packet>) -> Vec<(Seconds, Packet)>,
) -> Wire {
    let [client, server] = ["10.8.0.1:41234", "203.0.113.25:443"].map(|it| it.parse().unwrap());
    let mut wire = Wire::new(Link::Raw);
    let mut c = Connection::new(client, server);
    wire.put(0.0, c.syn());
    wire.put(0.04, c.syn_ack());
    wire.put(0.08, c.ack(Client));
    c.end(Client).set_mss(60);
    let hello = tls::client_hello("www.example");
    let sent = c.send_losing(Client, &hello, lost);
    for (time, packet) in segments(sent) {
        wire.put(time, packet);
    }
    wire.put(end, c.fin(Server));
    wire
}

fn verdict(analysis: &Analysis) -> Option<Cause> {
    Some(analysis.connections.first()?.findings.first()?.cause)
}

#[test]
fn a_client_whose_first_segment_is_missing_was_not_silent() {
    let later = |packets: Vec<Packet>| {
        let rest = packets.into_iter().skip(1);
        rest.map(|packet| (0.1, packet)).collect()
    };
    let analysis = analyze(&client_hello_as(&[0], 9.0, later).pcap());
    let told = told(&analysis.connections);
    assert_eq!(verdict(&analysis), Some(Cause::ClientHelloLost), "{told}");
    let findings = &analysis.connections[0].findings;
    assert!(
        findings.iter().all(|it| !it.summary.contains("silent")),
        "{told}"
    );
    assert!(
        findings[0].summary.contains("from frame 4 on"),
        "{}",
        findings[0].summary
    );
}

#[test]
fn a_client_whose_segments_come_in_reverse_order_was_not_silent() {
    let reversed = |packets: Vec<Packet>| {
        let times = (0_u32..).map(|number| 0.1 + 3.0 * f64::from(number));
        times.zip(packets.into_iter().rev()).collect()
    };
    let analysis = analyze(&client_hello_as(&[], 30.0, reversed).pcap());
    let told = told(&analysis.connections);
    let findings = &analysis.connections[0].findings;
    let of_client = findings.iter().filter(|it| it.phase == Phase::ClientHello);
    let summaries: Vec<&str> = of_client.map(|it| it.summary.as_str()).collect();
    assert!(!summaries.is_empty(), "{told}");
    assert!(!summaries.concat().contains("silent"), "{told}");
}

#[test]
fn a_client_that_was_idle_and_whose_segments_then_change_places_was_silent() {
    let swapped = |mut packets: Vec<Packet>| {
        packets.swap(0, 1);
        let times = (0_u32..).map(|number| 8.0 + 0.001 * f64::from(number));
        times.zip(packets).collect()
    };
    let analysis = analyze(&client_hello_as(&[], 8.5, swapped).pcap());
    let told = told(&analysis.connections);
    assert_eq!(verdict(&analysis), Some(Cause::ClientIdle), "{told}");
}

#[test]
fn a_clock_that_stands_still_is_told() {
    let has_notice = |connections: u32, step: Seconds| {
        let mut wire = Wire::new(Link::Raw);
        for number in 0..connections {
            let port = u16::try_from(40_000 + number).unwrap();
            let client = std::net::SocketAddr::from(([10, 8, 0, 1], port));
            let mut c = Connection::new(client, "203.0.113.25:443".parse().unwrap());
            let time = step * f64::from(number);
            wire.put(time, [c.syn(), c.syn_ack()]);
        }
        let analysis = analyze(&wire.pcap());
        let mut notices = analysis.notices.iter();
        notices.any(|it| it.code == NoticeCode::TimestampsReordered)
    };
    assert!(has_notice(60, 0.0));
    assert!(!has_notice(60, 0.01));
    assert!(!has_notice(2, 0.0));
}
