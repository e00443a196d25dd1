//! Burdens of the table of connections and of what puts packets and streams together.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::{Sink, client, server};
use crate::Side::Client;
use crate::packet::{ACK, IpHeader, PSH, SYN, Segment};
use crate::{Connection, Packet, Rng};

/// Time between two packets.
const STEP: Duration = Duration::from_micros(10);

pub(super) fn one_packet_flows(count: u64, sink: Sink<'_>) -> io::Result<()> {
    let mut now = Duration::ZERO;
    for number in 0..count {
        sink(now, segment(client(number), 1, ACK, b""))?;
        now += STEP;
    }
    Ok(())
}

pub(super) fn reused_ports(count: u64, sink: Sink<'_>) -> io::Result<()> {
    let mut now = Duration::ZERO;
    for number in 0..count {
        let seq = u32::try_from(number)
            .unwrap_or_default()
            .wrapping_mul(0x0100_0193);
        sink(now, segment(client(0), seq, SYN, b""))?;
        now += STEP;
    }
    Ok(())
}

pub(super) fn sequence_wraps(count: u64, sink: Sink<'_>) -> io::Result<()> {
    // The handshake's own numbers wrap as well.
    let mut c = Connection::with_isns(client(0), server(), u32::MAX, u32::MAX);
    let mut now = Duration::ZERO;
    for packet in [c.syn(), c.syn_ack(), c.ack(Client)] {
        sink(now, packet)?;
    }
    let mut seq = 0_u32;
    for _ in 0..count {
        now += STEP;
        seq = seq.wrapping_add(1 << 30);
        sink(now, segment(client(0), seq, ACK | PSH, &[0x16; 100]))?;
    }
    Ok(())
}

pub(super) fn overlaps(count: u64, sink: Sink<'_>) -> io::Result<()> {
    // More than a direction may hold, so that this limit is reached, too.
    const WINDOW: usize = 200_000;
    let mut rng = Rng::new(0x6f76_6572);
    let mut c = Connection::with_isns(client(0), server(), 0, 0);
    let mut now = Duration::ZERO;
    for packet in [c.syn(), c.syn_ack(), c.ack(Client)] {
        sink(now, packet)?;
    }
    let mut payload = [0; 1400];
    for _ in 0..count {
        now += STEP;
        let len = 1 + rng.below(payload.len());
        let bytes = payload.get_mut(..len).unwrap_or_default();
        rng.fill(bytes);
        // The byte 1 never comes.
        let seq = u32::try_from(2 + rng.below(WINDOW)).unwrap_or(2);
        sink(now, segment(client(0), seq, ACK, bytes))?;
    }
    Ok(())
}

pub(super) fn fragments(count: u64, sink: Sink<'_>) -> io::Result<()> {
    const MORE_FRAGMENTS: u16 = 0x2000;
    const UDP: u8 = 17;
    let mut now = Duration::ZERO;
    for number in 0..count {
        let header = IpHeader {
            id: u16::try_from(number % 65_536).unwrap_or_default(),
            ..IpHeader::new(client(number / 8).ip(), server().ip())
        };
        // The offset counts in units of 8 bytes; the first is never sent.
        let offset = u16::try_from(1 + number % 8000).unwrap_or(1);
        let flags = MORE_FRAGMENTS | offset;
        sink(now, Packet::with_flags(header, UDP, flags, &[0x61; 1200]))?;
        now += STEP;
    }
    // Something has to be there that can be judged.
    let mut c = Connection::new(client(0), server());
    sink(now, c.syn())?;
    sink(now, c.syn_ack())
}

/// A segment of `from` to the server.
fn segment(from: SocketAddr, seq: u32, flags: u8, payload: &[u8]) -> Packet {
    let segment = Segment {
        source_port: from.port(),
        destination_port: server().port(),
        seq,
        ack: u32::from(flags & ACK != 0),
        flags,
        window: 502,
        options: Vec::new(),
        payload: payload.to_vec(),
    };
    Packet::tcp(IpHeader::new(from.ip(), server().ip()), &segment)
}
