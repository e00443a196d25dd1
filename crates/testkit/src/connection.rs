//! TCP connections told step by step, with their sequence numbers kept right.

use std::net::SocketAddr;

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

/// What one end of a connection is like, and how far it is.
#[derive(Debug, Clone)]
pub struct End {
    /// Its address and port.
    pub address: SocketAddr,
    /// The TTL of its packets where they are captured.
    pub ttl: u8,
    /// The most data it puts into a segment; announced in its SYN.
    pub mss: u16,
    /// The window it announces, unscaled.
    pub window: u16,
    /// The identification of its next IPv4 packet; counted up by one a packet.
    pub ip_id: u16,
    /// The TCP options of its SYN or SYN-ACK.
    pub syn_options: Vec<u8>,
    isn: u32,
    next: u32,
    /// What it has received of its peer without a hole, as a sequence number; and what beyond.
    received: u32,
    beyond: Vec<(u32, u32)>,
    last_flight: Vec<Segment>,
}

impl End {
    fn new(address: SocketAddr, ttl: u8, isn: u32) -> Self {
        let mss: u16 = if address.is_ipv4() { 1460 } else { 1440 };
        let [high, low] = mss.to_be_bytes();
        Self {
            address,
            ttl,
            mss,
            window: 502,
            ip_id: u16::try_from(isn >> 16).unwrap_or(1),
            // MSS, SACK permitted, window scale 7.
            syn_options: vec![2, 4, high, low, 4, 2, 1, 3, 3, 7],
            isn,
            next: isn,
            received: 0,
            beyond: Vec::new(),
            last_flight: Vec::new(),
        }
    }

    /// Sets the most data it puts into a segment, and the option that announces it.
    pub fn set_mss(&mut self, mss: u16) {
        self.mss = mss.max(1);
        let [high, low] = mss.to_be_bytes();
        self.syn_options = vec![2, 4, high, low, 4, 2, 1, 3, 3, 7];
    }

    /// Takes in `len` bytes of the peer's sequence space from `seq` on, joined with what they
    /// touch.
    fn receive(&mut self, seq: u32, len: u32) {
        let (mut from, mut to) = (seq, seq.wrapping_add(len));
        self.beyond.retain(|&(start, end)| {
            let apart = after(start, to) || after(from, end);
            if !apart {
                from = if after(from, start) { start } else { from };
                to = if after(end, to) { end } else { to };
            }
            apart
        });
        if after(from, self.received) {
            self.beyond.push((from, to));
        } else if after(to, self.received) {
            self.received = to;
        }
    }

    /// The SACK option (RFC 2018), the newest block first; at most three.
    fn sack(&self) -> Vec<u8> {
        let blocks: Vec<u8> = self
            .beyond
            .iter()
            .rev()
            .take(3)
            .flat_map(|&(from, to)| [from.to_be_bytes(), to.to_be_bytes()].concat())
            .collect();
        if blocks.is_empty() {
            return Vec::new();
        }
        let len = u8::try_from(2 + blocks.len()).unwrap_or(2);
        [&[1, 1, 5, len][..], &blocks].concat()
    }
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

/// Whether sequence number `a` is after `b` (RFC 9293, section 3.4).
const fn after(a: u32, b: u32) -> bool {
    a != b && a.wrapping_sub(b) < 0x8000_0000
}

#[cfg(test)]
mod tests {
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
}
