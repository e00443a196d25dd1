//! One end of a connection: its settings, its sequence numbers, and what it has received.

use std::net::SocketAddr;

use crate::packet::Segment;

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
    pub(super) isn: u32,
    pub(super) next: u32,
    /// What it has received of its peer without a hole, as a sequence number; and what beyond.
    pub(super) received: u32,
    beyond: Vec<(u32, u32)>,
    pub(super) last_flight: Vec<Segment>,
}

impl End {
    pub(super) fn new(address: SocketAddr, ttl: u8, isn: u32) -> Self {
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
    pub(super) fn receive(&mut self, seq: u32, len: u32) {
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
    pub(super) fn sack(&self) -> Vec<u8> {
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

/// Whether sequence number `a` is after `b` (RFC 9293, section 3.4).
const fn after(a: u32, b: u32) -> bool {
    a != b && a.wrapping_sub(b) < 0x8000_0000
}
