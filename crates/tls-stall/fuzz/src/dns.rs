//! From any message of a name service to lookups.

use std::net::SocketAddr;

use testkit::{Connection, Link, Packet, Side, Wire};
use tls_stall::{Config, analyze_reader};

use crate::promises::keeps;
use crate::script::Script;

/// The ports of the name services: DNS, multicast DNS, LLMNR, NetBIOS.
const PORTS: [u16; 4] = [53, 5353, 5355, 137];

/// Takes messages of name services, while a connection waits that one of them may be blamed for.
///
/// A step's contents are a message. Of its action, the lowest bit says that it is an answer, the next
/// two bits of which service, the next one that it comes over TCP, and the next two from which
/// resolver. A gap is tenths of a second.
///
/// # Panics
///
/// Where a promise is broken.
pub fn dns(input: &[u8]) {
    let client: SocketAddr = ([10, 8, 0, 1], 41234).into();
    let server: SocketAddr = ([203, 0, 113, 25], 465).into();
    let mut wire = Wire::new(Link::Raw);
    let mut waiting = Connection::new(client, server);
    wire.put(0.0, waiting.syn());
    wire.put(0.1, waiting.syn_ack());
    wire.put(0.2, waiting.ack(Side::Client));
    let mut stream =
        Connection::new(([10, 8, 0, 1], 50_053).into(), ([10, 0, 0, 1], 53).into()).begun();
    let mut now = 0.2;
    for step in Script::new(input) {
        now += f64::from(step.gap) / 10.0;
        let is_answer = step.action & 1 != 0;
        if step.action & 8 != 0 {
            let side = if is_answer {
                Side::Server
            } else {
                Side::Client
            };
            wire.put(now, stream.send(side, step.contents));
            continue;
        }
        let port = PORTS[usize::from(step.action >> 1 & 3)];
        let resolver = SocketAddr::from(([10, 0, 0, 1 + (step.action >> 4 & 3)], port));
        let asker = SocketAddr::from(([10, 8, 0, 1], 40_000 + u16::from(step.action >> 6)));
        let (from, to) = if is_answer {
            (resolver, asker)
        } else {
            (asker, resolver)
        };
        wire.put(now, vec![Packet::datagram(from, to, step.contents)]);
    }
    wire.put(
        now + 2.0,
        waiting.send(Side::Client, &testkit::tls::client_hello("mail.example")),
    );
    wire.put(now + 9.0, waiting.rst(Side::Server));

    let file = wire.pcap();
    for max_lookups in [200_000, 3] {
        let mut config = Config::default();
        config.keep_all = true;
        config.max_lookups = max_lookups;
        let report = analyze_reader("dns", file.as_slice(), &config).expect("a capture");
        assert!(report.analysis.lookups.len() <= max_lookups);
        keeps(&report.analysis, &config);
    }
}
