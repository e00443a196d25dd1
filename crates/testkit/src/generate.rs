//! Large captures for benchmarks, made packet by packet in little memory.
//!
//! Each kind hands its packets to a `sink`, in the order of their times, which count from zero;
//! the same arguments give the same packets for ever.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::Side::{Client, Server};
use crate::dns::{Question, Record, Type, reverse_name};
use crate::tls::{self, Certificate, Version};
use crate::{Connection, Packet, Rng};

/// Time between the starts of two connections; each takes 250 to 900 ms, so that about two
/// hundred are open at once.
const BETWEEN_STARTS: Duration = Duration::from_millis(3);
const CLIENTS: u64 = 60;
const SERVERS: u64 = 250;

/// `count` whole connections, 17 packets each: a name resolved, the TCP handshake, a PTR query
/// answered, TLS 1.2, a request and its answer, and the end of it.
///
/// # Errors
///
/// Those of `sink`.
pub fn connections(
    count: u64,
    mut sink: impl FnMut(Duration, Packet) -> io::Result<()>,
) -> io::Result<()> {
    let mut rng = Rng::new(0x636f_6e6e);
    let parts = Parts::new();
    // Packets not yet due, by their time; the second number keeps those of one moment apart.
    let mut pending = BTreeMap::new();
    let mut made = 0_u64;
    let mut start = Duration::ZERO;
    for number in 0..count {
        while let Some(entry) = pending.first_entry() {
            let &(time, _) = entry.key();
            if time >= start {
                break;
            }
            sink(time, entry.remove())?;
        }
        let mut at = start;
        for (wait, packet) in connection(number, &parts, &mut rng) {
            at = at.saturating_add(wait);
            pending.insert((at, made), packet);
            made += 1;
        }
        start = start.saturating_add(BETWEEN_STARTS);
    }
    while let Some(((time, _), packet)) = pending.pop_first() {
        sink(time, packet)?;
    }
    Ok(())
}

/// A download of `bytes` bytes of application data over four connections at once, in segments
/// of 1460 bytes, every second one acknowledged.
///
/// # Errors
///
/// Those of `sink`.
pub fn bulk(
    bytes: u64,
    mut sink: impl FnMut(Duration, Packet) -> io::Result<()>,
) -> io::Result<()> {
    let mut rng = Rng::new(0x6275_6c6b);
    let parts = Parts::new();
    let mut now = Duration::ZERO;
    let mut open = Vec::new();
    for number in 0..4 {
        let mut c = Connection::new(client(number), server(number));
        for (wait, packet) in handshake(&mut c, &parts, &mut rng) {
            now = now.saturating_add(wait);
            sink(now, packet)?;
        }
        open.push(c);
    }
    let record = tls::application_data(16_384);
    let record_len = u64::try_from(record.len()).unwrap_or(1);
    let mut left = bytes;
    while left > 0 {
        for c in &mut open {
            for pair in record.chunks(2 * 1460) {
                for packet in c.send(Server, pair) {
                    now = now.saturating_add(Duration::from_micros(12));
                    sink(now, packet)?;
                }
                sink(now, c.ack(Client))?;
            }
            left = left.saturating_sub(record_len);
        }
    }
    Ok(())
}

/// `count` connections that are set up, some thousand at a time, and then are all open: TLS 1.3,
/// resumed, 6 packets each, and 1 more once the last one is set up.
///
/// # Errors
///
/// Those of `sink`.
pub fn open(
    count: u64,
    mut sink: impl FnMut(Duration, Packet) -> io::Result<()>,
) -> io::Result<()> {
    const AT_ONCE: u64 = 2_000;
    const STEP: Duration = Duration::from_micros(10);

    let parts = ResumedParts::new();
    let mut now = Duration::ZERO;
    let mut give = |packet: Option<Packet>| match packet {
        Some(packet) => {
            now = now.saturating_add(STEP);
            sink(now, packet)
        }
        None => Ok(()),
    };
    let mut begun = 0;
    while begun < count {
        let end = count.min(begun + AT_ONCE);
        let mut batch: Vec<_> = (begun..end)
            .map(|number| resumed(number, &parts).into_iter())
            .collect();
        for _ in 0..6 {
            for packets in &mut batch {
                give(packets.next())?;
            }
        }
        begun = end;
    }
    // Made anew: to remember them all would take gigabytes.
    for number in 0..count {
        give(resumed(number, &parts).pop())?;
    }
    Ok(())
}

/// `count` SYNs, each of another connection, none of them answered: a scan, or a flood.
///
/// # Errors
///
/// Those of `sink`.
pub fn half_open(
    count: u64,
    mut sink: impl FnMut(Duration, Packet) -> io::Result<()>,
) -> io::Result<()> {
    for number in 0..count {
        // Every client address has 65,535 ports, as many as it takes.
        let port = u16::try_from(1 + number % 65_535).unwrap_or(1);
        let host = u32::try_from(number / 65_535).unwrap_or(u32::MAX);
        let address = Ipv4Addr::from(0x0a00_0001_u32.saturating_add(host));
        let mut c = Connection::new(SocketAddr::new(address.into(), port), server(0));
        sink(Duration::from_micros(10 * number), c.syn_lost())?;
    }
    Ok(())
}

/// What all connections send alike, made once.
struct Parts {
    server_flight: Vec<u8>,
    client_finished: Vec<u8>,
    server_finished: Vec<u8>,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Parts {
    fn new() -> Self {
        let certificate = Certificate::new("www.example").chain_len(1600);
        Self {
            server_flight: tls::server_flight(Version::Tls12, &certificate),
            client_finished: tls::client_finished(Version::Tls12),
            server_finished: tls::server_finished(Version::Tls12),
            request: tls::application_data(420),
            answer: tls::application_data(1200),
        }
    }
}

/// What all resumed connections send alike, made once.
struct ResumedParts {
    hello: Vec<u8>,
    answer: Vec<u8>,
    finished: Vec<u8>,
    data: Vec<u8>,
}

impl ResumedParts {
    fn new() -> Self {
        let server = [
            tls::server_hello(Version::Tls13),
            tls::change_cipher_spec(),
            tls::application_data(6 + 17),
            tls::application_data(36 + 17),
        ];
        let client = [
            tls::client_finished(Version::Tls13),
            tls::application_data(90),
        ];
        Self {
            hello: tls::client_hello("www.example"),
            answer: server.concat(),
            finished: client.concat(),
            data: tls::application_data(60),
        }
    }
}

/// The 7 packets of a connection that is resumed in TLS 1.3; the last is a push of the server.
fn resumed(number: u64, parts: &ResumedParts) -> Vec<Packet> {
    let port = u16::try_from(1025 + number % 60_000).unwrap_or(1025);
    let host = u8::try_from(number / 60_000 % 250).unwrap_or(0);
    let client = SocketAddr::from(([10, 77, 2, host], port));
    let mut c = Connection::new(client, server(number));
    let mut packets = vec![c.syn(), c.syn_ack(), c.ack(Client)];
    packets.extend(c.send(Client, &parts.hello));
    packets.extend(c.send(Server, &parts.answer));
    packets.extend(c.send(Client, &parts.finished));
    packets.extend(c.send(Server, &parts.data));
    packets
}

/// A packet, and how long after the one before it was captured.
type Step = (Duration, Packet);

fn connection(number: u64, parts: &Parts, rng: &mut Rng) -> Vec<Step> {
    let (client, server) = (client(number), server(number));
    let mut c = Connection::new(client, server);
    let resolver = SocketAddr::from(([10, 77, 0, 53], 53));
    let id = u16::try_from(rng.next_u64() >> 48).unwrap_or(0);
    let name = name(number);

    let forward = Question::new(client, resolver, id, &name, Type::A);
    let reverse_of = reverse_name(server.ip());
    let reverse = Question::new(client, resolver, !id, &reverse_of, Type::PTR);
    let mut steps = vec![
        (Duration::ZERO, forward.query()),
        (millis(rng, 2, 30), forward.answer(&[server.ip().into()])),
    ];
    let mut handshake = handshake(&mut c, parts, rng);
    let tls = handshake.split_off(3);
    steps.extend(handshake);
    steps.push((Duration::from_micros(300), reverse.query()));
    let answer = reverse.answer(&[Record::Ptr(name)]);
    steps.push((millis(rng, 2, 30), answer));
    steps.extend(tls);

    let round_trip = millis(rng, 20, 120);
    let soon = Duration::from_millis(1);
    for packet in c.send(Client, &parts.request) {
        steps.push((soon, packet));
    }
    for packet in c.send(Server, &parts.answer) {
        steps.push((round_trip, packet));
    }
    steps.push((soon, c.fin(Client)));
    steps.push((round_trip, c.fin(Server)));
    steps.push((soon, c.ack(Client)));
    steps
}

/// The TCP handshake, 3 packets, and that of TLS 1.2.
fn handshake(c: &mut Connection, parts: &Parts, rng: &mut Rng) -> Vec<Step> {
    let round_trip = millis(rng, 20, 120);
    let soon = Duration::from_millis(1);
    let now = Duration::ZERO;
    let hello = tls::client_hello("www.example");
    let mut steps = vec![
        (soon, c.syn()),
        (round_trip, c.syn_ack()),
        (now, c.ack(Client)),
    ];
    for (wait, side, flight) in [
        (soon, Client, &hello),
        (round_trip, Server, &parts.server_flight),
        (soon, Client, &parts.client_finished),
        (round_trip, Server, &parts.server_finished),
    ] {
        let packets = c.send(side, flight).into_iter().enumerate();
        steps.extend(packets.map(|(index, packet)| (if index == 0 { wait } else { now }, packet)));
    }
    steps
}

/// A client address and port that no other of the next millions of connections has.
fn client(number: u64) -> SocketAddr {
    let host = u8::try_from(number % CLIENTS).unwrap_or(0);
    let port = u16::try_from(1025 + number / CLIENTS % 64_000).unwrap_or(1025);
    SocketAddr::from(([10, 77, 1, host], port))
}

fn server(number: u64) -> SocketAddr {
    let host = u8::try_from(1 + number % SERVERS).unwrap_or(1);
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(198, 51, 100, host)), 443)
}

fn name(number: u64) -> String {
    format!("www{}.example", 1 + number % SERVERS)
}

fn millis(rng: &mut Rng, least: u64, most: u64) -> Duration {
    let span = usize::try_from((most - least) * 1000).unwrap_or(0);
    Duration::from_micros(least * 1000 + u64::try_from(rng.below(span)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn collected(
        kind: impl FnOnce(&mut dyn FnMut(Duration, Packet) -> io::Result<()>) -> io::Result<()>,
    ) -> Vec<(Duration, Packet)> {
        let mut packets = Vec::new();
        kind(&mut |time, packet| {
            packets.push((time, packet));
            Ok(())
        })
        .unwrap();
        packets
    }

    #[test]
    fn a_connection_has_seventeen_packets_and_they_come_in_the_order_of_time() {
        let packets = collected(|sink| connections(400, sink));
        assert_eq!(packets.len(), 400 * 17);
        assert!(packets.is_sorted_by_key(|&(time, _)| time));
    }

    #[test]
    fn many_connections_are_open_at_once() {
        let packets = collected(|sink| connections(1000, sink));
        let is_tcp = |packet: &&(Duration, Packet)| packet.1.bytes()[9] == 6;
        let flags = |packet: &Packet| packet.bytes()[33];
        let (mut open, mut most) = (0_i32, 0);
        for (_, packet) in packets.iter().filter(is_tcp) {
            match flags(packet) {
                crate::SYN => open += 1,
                flags if flags & crate::FIN != 0 && packet.source() != server(0).ip() => {
                    // Two FINs a connection; count that of the client.
                    open -= i32::from(packet.destination().to_string().starts_with("198."));
                }
                _ => {}
            }
            most = most.max(open);
        }
        assert_eq!(open, 0);
        assert!((50..=200).contains(&most), "{most}");
    }

    #[test]
    fn a_million_packets_reuse_no_port() {
        let clients: BTreeSet<_> = (0..60_000).map(client).collect();
        assert_eq!(clients.len(), 60_000);
    }

    #[test]
    fn a_download_is_as_long_as_asked_for() {
        let packets = collected(|sink| bulk(1_000_000, sink));
        let bytes: usize = packets.iter().map(|(_, packet)| packet.bytes().len()).sum();
        assert!((1_000_000..1_300_000).contains(&bytes), "{bytes}");
    }

    #[test]
    fn open_connections_have_seven_packets_and_none_ends() {
        let packets = collected(|sink| open(4_500, sink));
        assert_eq!(packets.len(), 4_500 * 7);
        assert!(packets.is_sorted_by_key(|&(time, _)| time));
        let ends = |packet: &Packet| packet.bytes()[33] & (crate::FIN | crate::RST) != 0;
        assert!(!packets.iter().any(|(_, packet)| ends(packet)));
        let clients: BTreeSet<_> = packets
            .iter()
            .filter(|(_, packet)| packet.bytes()[33] == crate::SYN)
            .map(|(_, packet)| (packet.source(), packet.bytes()[20..22].to_vec()))
            .collect();
        assert_eq!(clients.len(), 4_500);
    }

    #[test]
    fn half_open_connections_differ() {
        let packets = collected(|sink| half_open(70_000, sink));
        let from: BTreeSet<_> = packets
            .iter()
            .map(|(_, packet)| (packet.source(), packet.bytes()[20..22].to_vec()))
            .collect();
        assert_eq!(from.len(), 70_000);
    }

    #[test]
    fn an_error_of_the_sink_ends_it() {
        let mut calls = 0;
        let result = connections(10, |_, _| {
            calls += 1;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert!(result.is_err());
        assert_eq!(calls, 1);
    }
}
