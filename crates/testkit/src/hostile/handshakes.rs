//! Burdens of what reads handshakes and explains their waits.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::{Sink, client, resolver, server};
use crate::Side::{Client, Server};
use crate::dns::{Question, Type, reverse_name};
use crate::{Connection, Packet, Side, generate, tls};

/// Time between two packets.
const STEP: Duration = Duration::from_micros(100);

/// The content type of handshake records.
const HANDSHAKE: u8 = 22;

/// Every control character, those of C1 and those that turn the direction of text included.
fn controls() -> String {
    let c0 = '\u{0}'..='\u{1f}';
    let c1 = '\u{7f}'..='\u{9f}';
    let others = ['\u{200b}', '\u{2028}', '\u{202e}', '\u{2066}', '\u{feff}'];
    c0.chain(c1).chain(others).collect()
}

/// A clock that goes on by a step a packet.
struct Steps<'a> {
    now: Duration,
    sink: Sink<'a>,
}

impl<'a> Steps<'a> {
    fn new(sink: Sink<'a>) -> Self {
        let now = Duration::ZERO;
        Self { now, sink }
    }

    fn put(&mut self, packets: impl Into<Vec<Packet>>) -> io::Result<()> {
        for packet in packets.into() {
            (self.sink)(self.now, packet)?;
            self.now += STEP;
        }
        Ok(())
    }

    fn establish(&mut self, c: &mut Connection) -> io::Result<()> {
        self.put([c.syn(), c.syn_ack(), c.ack(Client)])
    }
}

pub(super) fn silent_clients(count: u64, sink: Sink<'_>) -> io::Result<()> {
    let mut steps = Steps::new(sink);
    for number in 0..count {
        steps.establish(&mut Connection::new(client(number), server()))?;
    }
    Ok(())
}

pub(super) fn byte_by_byte(count: u64, sink: Sink<'_>) -> io::Result<()> {
    let hello = tls::ClientHello::new(tls::Version::Tls13)
        .server_name("www.example")
        .padded_to(16_000)
        .record();
    let mut steps = Steps::new(sink);
    let mut left = count;
    for number in 0.. {
        if left == 0 {
            break;
        }
        let mut c = Connection::new(client(number), server());
        c.end(Client).set_mss(1);
        steps.establish(&mut c)?;
        let mut packets = c.send(Client, &hello);
        packets.reverse();
        packets.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        left = left.saturating_sub(u64::try_from(packets.len()).unwrap_or(u64::MAX));
        steps.put(packets)?;
    }
    Ok(())
}

pub(super) fn empty_records(count: u64, sink: Sink<'_>) -> io::Result<()> {
    let record = tls::record(HANDSHAKE, 0x0303, b"");
    stream(count, Client, &record, 250, sink)
}

pub(super) fn endless_message(count: u64, sink: Sink<'_>) -> io::Result<()> {
    // The record's length may be 2^14 (RFC 8446, section 5.1); all are read as parts of messages
    // that begin with a ClientHello's type and the greatest length.
    let record = tls::record(
        HANDSHAKE,
        0x0301,
        &[&[1, 0xff, 0xff, 0xff][..], &[1; 16_380]].concat(),
    );
    stream(count, Client, &record, 1, sink)
}

pub(super) fn endless_greeting(count: u64, sink: Sink<'_>) -> io::Result<()> {
    let mut steps = Steps::new(sink);
    let mut c = Connection::new(client(0), mail_server());
    steps.establish(&mut c)?;
    for number in 0..count {
        let text: &[u8] = if number == 0 { b"220 " } else { &[b'x'; 1000] };
        steps.put(c.send(Server, text))?;
    }
    Ok(())
}

pub(super) fn endless_dialogue(count: u64, sink: Sink<'_>) -> io::Result<()> {
    let mut steps = Steps::new(sink);
    let mut c = Connection::new(client(0), mail_server());
    steps.establish(&mut c)?;
    steps.put(c.send(Server, b"220 mail.example ESMTP\r\n"))?;
    for _ in 0..count {
        steps.put(c.send(Client, b"NOOP\r\n"))?;
        steps.put(c.send(Server, b"250 still here\r\n"))?;
    }
    Ok(())
}

pub(super) fn crowded_host(count: u64, sink: Sink<'_>) -> io::Result<()> {
    let host = |port: u64| {
        let port = u16::try_from(1025 + port % 60_000).unwrap_or(1025);
        SocketAddr::from(([10, 8, 0, 1], port))
    };
    // Beyond the ports of one address, further servers; each has a name of its own.
    let server = |number: u64| {
        let [.., a, b, c] = number.to_be_bytes();
        SocketAddr::from(([100, a, b, c], 443))
    };
    let mut steps = Steps::new(sink);
    let mut connections = Vec::new();
    for number in 0..count {
        let mut c = Connection::new(host(number), server(number));
        steps.establish(&mut c)?;
        let name = reverse_name(server(number).ip());
        let id = u16::try_from(number % 65_536).unwrap_or_default();
        let ptr = Question::new(host(number / 7), resolver(), id, &name, Type::PTR);
        steps.put(ptr.query())?;
        // To keep them all open is what this is about; their packets are made when they are due.
        connections.push(c);
    }
    steps.now += Duration::from_secs(5);
    let hello = tls::client_hello("www.example");
    for mut c in connections {
        steps.put(c.send(Client, &hello))?;
    }
    Ok(())
}

pub(super) fn failing_server(count: u64, sink: Sink<'_>) -> io::Result<()> {
    let mut steps = Steps::new(sink);
    for number in 0..count {
        let host = SocketAddr::new(client(0).ip(), client(number).port());
        let mut c = Connection::new(host, server());
        steps.put(c.syn())?;
        steps.put(c.refuse())?;
    }
    Ok(())
}

pub(super) fn control_characters(count: u64, sink: Sink<'_>) -> io::Result<()> {
    let controls = controls();
    let hello = tls::client_hello(&format!("{controls}.example"));
    let greeting = format!("554 {} no service\r\n", controls.replace(['\r', '\n'], ""));
    let mut steps = Steps::new(sink);
    for number in 0..count {
        let host = client(number);
        if number % 2 == 0 {
            let mut c = Connection::new(host, mail_server());
            steps.establish(&mut c)?;
            steps.put(c.send(Server, greeting.as_bytes()))?;
            steps.put([c.fin(Server)])?;
            continue;
        }
        let asked: String = controls.chars().take(60).collect();
        let id = u16::try_from(number % 65_536).unwrap_or_default();
        let question = Question::new(host, resolver(), id, &format!("{asked}.example"), Type::A);
        steps.put(question.query())?;
        steps.put(question.answer(&[server().ip().into()]))?;
        let mut c = Connection::new(host, server());
        steps.establish(&mut c)?;
        steps.put(c.send(Client, &hello))?;
        steps.put([c.ack(Server)])?;
    }
    steps.now += Duration::from_secs(30);
    let last = Question::new(client(0), resolver(), 0, "end.example", Type::A);
    steps.put(last.query())
}

pub(super) fn clock_backwards(count: u64, sink: Sink<'_>) -> io::Result<()> {
    let mut now = Duration::from_secs(400_000_000);
    timed(count, sink, || {
        now = now.saturating_sub(Duration::from_millis(1));
        now
    })
}

pub(super) fn clock_still(count: u64, sink: Sink<'_>) -> io::Result<()> {
    timed(count, sink, || Duration::ZERO)
}

/// `count` packets of whole connections, each at the time that the clock tells.
fn timed(count: u64, sink: Sink<'_>, mut clock: impl FnMut() -> Duration) -> io::Result<()> {
    const PACKETS: u64 = 17;
    generate::connections(count.div_ceil(PACKETS), |_, packet| sink(clock(), packet))
}

/// `count` copies of `record`, `at_once` to a segment, sent by `side` of one connection.
fn stream(count: u64, side: Side, record: &[u8], at_once: usize, sink: Sink<'_>) -> io::Result<()> {
    let mut steps = Steps::new(sink);
    let mut c = Connection::new(client(0), server());
    steps.establish(&mut c)?;
    let mut left = usize::try_from(count).unwrap_or(usize::MAX);
    while left > 0 {
        let now = left.min(at_once);
        steps.put(c.send(side, &record.repeat(now)))?;
        left -= now;
    }
    Ok(())
}

/// A server that speaks first and starts TLS later.
fn mail_server() -> SocketAddr {
    SocketAddr::new(server().ip(), 25)
}
