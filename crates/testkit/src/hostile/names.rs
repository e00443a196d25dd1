//! Burdens of what reads name lookups.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::{Sink, client, resolver, server};
use crate::dns::{Question, Type};
use crate::{Connection, Packet};

/// Time between two packets.
const STEP: Duration = Duration::from_micros(100);

pub(super) fn pointer_chains(count: u64, sink: Sink<'_>) -> io::Result<()> {
    // Each record's name is two bytes that point to the name of the record before it, so that the
    // last is as many pointers from the only label.
    const RECORDS: u16 = 1300;
    let question = question(0, "chain.example");
    let mut message = question.query_message();
    overwrite(&mut message, 2, [0x81, 0x80]);
    overwrite(&mut message, 6, RECORDS.to_be_bytes());
    let mut target = 12;
    for _ in 0..RECORDS {
        let here = u16::try_from(message.len()).unwrap_or_default();
        message.extend((0xc000_u16 | target).to_be_bytes());
        target = here;
        // An alias (CNAME) of one hour whose target is that name.
        message.extend([0, 5, 0, 1, 0, 0, 0x0e, 0x10, 0, 2]);
        message.extend((0xc000_u16 | here).to_be_bytes());
    }
    exchanges(count, sink, "chain.example", &message)
}

pub(super) fn counts_that_lie(count: u64, sink: Sink<'_>) -> io::Result<()> {
    let question = question(0, "lie.example");
    let mut message =
        question.answer_message(crate::dns::Rcode::NOERROR, false, &[server().ip().into()]);
    for at in [4, 6, 8, 10] {
        overwrite(&mut message, at, [0xff, 0xff]);
    }
    exchanges(count, sink, "lie.example", &message)
}

/// `count` answers `message`, each to a question for `name` before it.
fn exchanges(count: u64, sink: Sink<'_>, name: &str, message: &[u8]) -> io::Result<()> {
    let mut message = message.to_vec();
    let mut now = Duration::ZERO;
    for number in 0..count {
        let asked = question(number, name);
        overwrite(&mut message, 0, asked.id.to_be_bytes());
        let answer = Packet::datagram(asked.resolver, asked.asker, &message);
        for packet in [asked.query(), answer] {
            sink(now, packet)?;
            now += STEP;
        }
    }
    stall(now, sink)
}

pub(super) fn endless_lookups(count: u64, sink: Sink<'_>) -> io::Result<()> {
    let mut now = Duration::ZERO;
    for number in 0..count {
        let asked = question(number, &format!("host{number}.example"));
        sink(now, asked.query())?;
        now += STEP;
    }
    stall(now, sink)
}

pub(super) fn one_question(count: u64, sink: Sink<'_>) -> io::Result<()> {
    let asked = question(0, "www.example");
    let mut now = Duration::ZERO;
    for _ in 0..count {
        sink(now, asked.query())?;
        now += STEP;
    }
    stall(now, sink)
}

pub(super) fn one_address(count: u64, sink: Sink<'_>) -> io::Result<()> {
    let mut now = Duration::ZERO;
    for number in 0..count {
        let asked = question(number, &format!("host{number}.example"));
        for packet in [asked.query(), asked.answer(&[server().ip().into()])] {
            sink(now, packet)?;
            now += STEP;
        }
        if number % 16 == 0 {
            stall(now, sink)?;
        }
    }
    Ok(())
}

/// A connection of the host that asks, which is not answered.
fn stall(now: Duration, sink: Sink<'_>) -> io::Result<()> {
    // From a port that the time gives, so that no two are the same.
    let port = u16::try_from(1025 + now.as_millis() % 60_000).unwrap_or(1025);
    let host = SocketAddr::new(client(0).ip(), port);
    let mut c = Connection::new(host, server());
    sink(now, c.syn())?;
    for packet in c.resend(crate::Side::Client) {
        sink(now + Duration::from_secs(1), packet)?;
    }
    Ok(())
}

/// A question of one host, of that number: its port and its id follow from it.
fn question(number: u64, name: &str) -> Question {
    let port = u16::try_from(1025 + number / 65_536 % 60_000).unwrap_or(1025);
    let id = u16::try_from(number % 65_536).unwrap_or_default();
    let host = SocketAddr::new(client(0).ip(), port);
    Question::new(host, resolver(), id, name, Type::A)
}

fn overwrite(message: &mut [u8], at: usize, bytes: [u8; 2]) {
    if let Some(place) = message.get_mut(at..at + 2) {
        place.copy_from_slice(&bytes);
    }
}
