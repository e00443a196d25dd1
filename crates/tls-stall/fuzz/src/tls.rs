//! From any bytes of two streams to milestones.

use testkit::{Connection, Link, Packet, Side, Wire};
use tls_stall::{Config, analyze_reader};

use crate::promises::keeps;
use crate::script::Script;

/// The server's port decides what is expected: TLS at once, a dialogue before it, a proxy, nothing.
const PORTS: [u16; 12] = [443, 465, 587, 143, 110, 21, 389, 5222, 5432, 3306, 8080, 80];

/// Plays one connection: the first byte chooses the server's port, and each step sends its contents.
///
/// Of the action, the lowest bit says that the server sends, and the next three bits how: in
/// segments as they are, in reverse order, in segments of one byte, lost and sent again, lost for ever,
/// overlapping what was sent before with other bytes; or a FIN, or an RST. A gap is tenths of a second.
///
/// # Panics
///
/// Where a promise is broken.
pub fn tls(input: &[u8]) {
    let Some((&port, script)) = input.split_first() else {
        return;
    };
    let port = PORTS[usize::from(port) % PORTS.len()];
    let mut wire = Wire::new(Link::Raw);
    // Sequence numbers that wrap within the first bytes.
    let (client, server) = (
        ([10, 8, 0, 1], 41234).into(),
        ([203, 0, 113, 25], port).into(),
    );
    let mut connection = Connection::with_isns(client, server, 0xffff_fff0, 0xffff_ff00);
    wire.put(0.0, connection.syn());
    wire.put(0.1, connection.syn_ack());
    wire.put(0.2, connection.ack(Side::Client));
    let mut now = 0.2;
    for step in Script::new(script) {
        now += f64::from(step.gap) / 10.0;
        let side = if step.action & 1 == 0 {
            Side::Client
        } else {
            Side::Server
        };
        wire.put(
            now,
            send(&mut connection, side, step.action >> 1 & 7, step.contents),
        );
    }
    let file = wire.pcap();
    for max_reassembly in [128 * 1024, 64] {
        let mut config = Config::default();
        config.keep_all = true;
        config.max_reassembly = max_reassembly;
        let report = analyze_reader("tls", file.as_slice(), &config).expect("a capture");
        keeps(&report.analysis, &config);
    }
}

fn send(connection: &mut Connection, side: Side, how: u8, bytes: &[u8]) -> Vec<Packet> {
    match how {
        1 => {
            let mut packets = connection.send(side, bytes);
            packets.reverse();
            packets
        }
        2 => {
            // More of them than a test needs would only be slow.
            let (single, rest) = bytes.split_at(bytes.len().min(600));
            let single = single
                .chunks(1)
                .flat_map(|byte| connection.send(side, byte));
            let mut packets: Vec<Packet> = single.collect();
            packets.extend(connection.send(side, rest));
            packets
        }
        3 => {
            let mut packets = connection.send_lost(side, bytes);
            packets.extend(connection.resend(side));
            packets
        }
        4 => {
            connection.send_lost(side, bytes);
            vec![connection.ack(side.peer())]
        }
        5 => {
            let mut other = connection.clone();
            let mut packets = connection.send(side, bytes);
            let disagreeing: Vec<u8> = bytes.iter().map(|byte| byte ^ 0x55).collect();
            packets.extend(other.send(side, &disagreeing));
            packets
        }
        6 => vec![connection.fin(side)],
        7 => vec![connection.rst(side)],
        _ => connection.send(side, bytes),
    }
}
