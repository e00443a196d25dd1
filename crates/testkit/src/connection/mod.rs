//! TCP connections told step by step, with their sequence numbers kept right.

mod end;

use std::net::SocketAddr;

pub use end::End;

use crate::packet::{ACK, FIN, IpHeader, PSH, Packet, RST, SYN, Segment};

/// One end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Who sends the SYN.
    Client,
    /// Its peer.
    Server,
}

impl Side {
    /// The other end.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// A TCP connection: each step gives the packets that it puts on the wire.
///
/// What is sent is taken to arrive, unless the step says that it is lost; each segment
/// acknowledges what its sender has received by then, with SACK blocks for what arrived beyond a
/// hole. When a packet is seen, and whether it is seen at all, is the business of the
/// [`Wire`](crate::Wire) it is put on.
///
/// ```
/// use testkit::{Connection, Link, Side::*, Wire, tls};
///
/// let mut wire = Wire::new(Link::Raw);
/// let mut c = Connection::new("10.8.0.1:41234".parse()?, "203.0.113.25:465".parse()?);
/// wire.put(0.0, c.syn());
/// wire.put(0.1, c.syn_ack());
/// wire.put(0.1, c.ack(Client));
/// wire.put(0.2, c.send_lost(Client, &tls::client_hello("mail.example")));
/// wire.put(0.5, c.resend(Client));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Connection {
    client: End,
    server: End,
}

impl Connection {
    /// A connection not yet begun, with a TTL of 64 for the client and 55 for the server, as a
    /// capture at a Linux client shows them.
    ///
    /// The initial sequence numbers follow from the ports.
    #[must_use]
    pub fn new(client: SocketAddr, server: SocketAddr) -> Self {
        let isn = |address: SocketAddr| u32::from(address.port()).wrapping_mul(0x9e37_79b1);
        let server_isn = isn(server).wrapping_add(isn(client).rotate_left(16));
        Self::with_isns(client, server, isn(client), server_isn)
    }

    /// The same, with these initial sequence numbers.
    #[must_use]
    pub fn with_isns(
        client: SocketAddr,
        server: SocketAddr,
        client_isn: u32,
        server_isn: u32,
    ) -> Self {
        Self {
            client: End::new(client, 64, client_isn),
            server: End::new(server, 55, server_isn),
        }
    }

    /// The same as it is after the handshake, for a capture that starts in its midst.
    #[must_use]
    pub fn begun(mut self) -> Self {
        self.syn();
        self.syn_ack();
        self.client.last_flight.clear();
        self.server.last_flight.clear();
        self
    }

    /// One end, to set what it is like.
    pub const fn end(&mut self, side: Side) -> &mut End {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    /// The client's SYN.
    pub fn syn(&mut self) -> Packet {
        self.open(Side::Client, SYN, true)
    }

    /// A SYN that never arrives.
    pub fn syn_lost(&mut self) -> Packet {
        self.open(Side::Client, SYN, false)
    }

    /// The server's SYN-ACK.
    pub fn syn_ack(&mut self) -> Packet {
        self.open(Side::Server, SYN | ACK, true)
    }

    /// A SYN-ACK that never arrives.
    pub fn syn_ack_lost(&mut self) -> Packet {
        self.open(Side::Server, SYN | ACK, false)
    }

    /// The server's RST in answer to the SYN.
    pub fn refuse(&mut self) -> Packet {
        let segment = Segment {
            seq: 0,
            window: 0,
            ..self.segment(Side::Server, RST | ACK, &[])
        };
        self.packet(Side::Server, &segment)
    }

    /// A bare acknowledgement of all that `side` has received.
    pub fn ack(&mut self, side: Side) -> Packet {
        let segment = self.segment(side, ACK, &[]);
        self.packet(side, &segment)
    }

    /// `data` of `side`, in segments of at most its MSS, all of which arrive.
    pub fn send(&mut self, side: Side, data: &[u8]) -> Vec<Packet> {
        self.transmit(side, data, |_| false)
    }

    /// The same, of which nothing arrives.
    pub fn send_lost(&mut self, side: Side, data: &[u8]) -> Vec<Packet> {
        self.transmit(side, data, |_| true)
    }

    /// The same, of which the segments of these numbers (from 0) do not arrive.
    pub fn send_losing(&mut self, side: Side, data: &[u8], lost: &[usize]) -> Vec<Packet> {
        self.transmit(side, data, |index| lost.contains(&index))
    }

    /// The FIN of `side`.
    pub fn fin(&mut self, side: Side) -> Packet {
        self.finish(side, true)
    }

    /// A FIN that never arrives.
    pub fn fin_lost(&mut self, side: Side) -> Packet {
        self.finish(side, false)
    }

    /// The RST with which `side` answers a segment of its peer.
    pub fn rst(&mut self, side: Side) -> Packet {
        let segment = Segment {
            ack: 0,
            window: 0,
            ..self.segment(side, RST, &[])
        };
        self.packet(side, &segment)
    }

    /// What `side` sent last (SYN, data or FIN), sent again and this time received.
    pub fn resend(&mut self, side: Side) -> Vec<Packet> {
        (0..self.end(side).last_flight.len())
            .filter_map(|index| self.resend_segment(side, index, true))
            .collect()
    }

    /// The same, which is lost again.
    pub fn resend_lost(&mut self, side: Side) -> Vec<Packet> {
        (0..self.end(side).last_flight.len())
            .filter_map(|index| self.resend_segment(side, index, false))
            .collect()
    }

    /// One segment (numbered from 0) of what `side` sent last, sent again; `None` where it did
    /// not send as many.
    pub fn resend_segment(&mut self, side: Side, index: usize, arrives: bool) -> Option<Packet> {
        let mut segment = self.end(side).last_flight.get(index)?.clone();
        if segment.flags & ACK != 0 {
            segment.ack = self.end(side).received;
        }
        if arrives {
            self.deliver(side, &segment);
        }
        Some(self.packet(side, &segment))
    }

    /// A keep-alive of `side`: an empty segment one before the next (RFC 9293, section 3.8.4).
    pub fn keep_alive(&mut self, side: Side) -> Packet {
        let mut segment = self.segment(side, ACK, &[]);
        segment.seq = segment.seq.wrapping_sub(1);
        self.packet(side, &segment)
    }

    /// A window update of `side`, for this segment and those after it; 0 shuts the window.
    pub fn window(&mut self, side: Side, window: u16) -> Packet {
        self.end(side).window = window;
        self.ack(side)
    }

    fn open(&mut self, side: Side, flags: u8, arrives: bool) -> Packet {
        let end = self.end(side);
        end.next = end.isn;
        let segment = Segment {
            options: end.syn_options.clone(),
            window: 64_240,
            ..self.segment(side, flags, &[])
        };
        self.end(side).next = segment.seq.wrapping_add(1);
        self.keep_and_send(side, segment, arrives)
    }

    fn finish(&mut self, side: Side, arrives: bool) -> Packet {
        let segment = self.segment(side, FIN | ACK, &[]);
        self.end(side).next = segment.seq.wrapping_add(1);
        self.keep_and_send(side, segment, arrives)
    }

    fn keep_and_send(&mut self, side: Side, segment: Segment, arrives: bool) -> Packet {
        if arrives {
            self.deliver(side, &segment);
        }
        let packet = self.packet(side, &segment);
        self.end(side).last_flight = vec![segment];
        packet
    }

    fn transmit(&mut self, side: Side, data: &[u8], lost: impl Fn(usize) -> bool) -> Vec<Packet> {
        let mss = usize::from(self.end(side).mss.max(1));
        let end = data.len().div_ceil(mss);
        let mut flight = Vec::new();
        let mut packets = Vec::new();
        for (index, chunk) in data.chunks(mss).enumerate() {
            let flags = if index + 1 == end { ACK | PSH } else { ACK };
            let segment = self.segment(side, flags, chunk);
            self.end(side).next = segment.seq.wrapping_add(sequence_len(&segment));
            if !lost(index) {
                self.deliver(side, &segment);
            }
            packets.push(self.packet(side, &segment));
            flight.push(segment);
        }
        self.end(side).last_flight = flight;
        packets
    }

    fn deliver(&mut self, from: Side, segment: &Segment) {
        let end = self.end(from.peer());
        if segment.flags & SYN != 0 {
            end.received = segment.seq;
        }
        end.receive(segment.seq, sequence_len(segment));
    }

    /// The next segment of `side`.
    fn segment(&mut self, side: Side, flags: u8, payload: &[u8]) -> Segment {
        let destination_port = self.end(side.peer()).address.port();
        let end = self.end(side);
        Segment {
            source_port: end.address.port(),
            destination_port,
            seq: end.next,
            ack: if flags & ACK == 0 { 0 } else { end.received },
            flags,
            window: end.window,
            options: if flags & (SYN | RST) == 0 {
                end.sack()
            } else {
                Vec::new()
            },
            payload: payload.to_vec(),
        }
    }

    fn packet(&mut self, side: Side, segment: &Segment) -> Packet {
        let destination = self.end(side.peer()).address.ip();
        let end = self.end(side);
        let header = IpHeader {
            source: end.address.ip(),
            destination,
            ttl: end.ttl,
            id: end.ip_id,
        };
        end.ip_id = end.ip_id.wrapping_add(1);
        Packet::tcp(header, segment)
    }
}

/// How much sequence space a segment takes: its data, and one each for SYN and FIN.
fn sequence_len(segment: &Segment) -> u32 {
    let flags = u32::from(segment.flags & SYN != 0) + u32::from(segment.flags & FIN != 0);
    u32::try_from(segment.payload.len())
        .unwrap_or(u32::MAX)
        .wrapping_add(flags)
}

#[cfg(test)]
mod tests;
