//! IP packets: TCP segments, UDP datagrams and ICMP errors, with right lengths and checksums.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::bytes::be16;

const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;

/// FIN of a TCP header's flags.
pub const FIN: u8 = 0x01;
/// SYN of a TCP header's flags.
pub const SYN: u8 = 0x02;
/// RST of a TCP header's flags.
pub const RST: u8 = 0x04;
/// PSH of a TCP header's flags.
pub const PSH: u8 = 0x08;
/// ACK of a TCP header's flags.
pub const ACK: u8 = 0x10;

/// Who sends a packet to whom, and what else the IP header says.
///
/// Where the two are of different families, the IPv4 one is written as an IPv4-mapped IPv6
/// address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IpHeader {
    /// The sender.
    pub source: IpAddr,
    /// The receiver.
    pub destination: IpAddr,
    /// TTL (IPv4) or hop limit (IPv6).
    pub ttl: u8,
    /// The identification field of IPv4; IPv6 has none.
    pub id: u16,
}

impl IpHeader {
    /// From `source` to `destination` with TTL 64 and identification 0.
    #[must_use]
    pub const fn new(source: IpAddr, destination: IpAddr) -> Self {
        Self {
            source,
            destination,
            ttl: 64,
            id: 0,
        }
    }
}

/// A TCP segment as it is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The sender's port.
    pub source_port: u16,
    /// The receiver's port.
    pub destination_port: u16,
    /// The sequence number.
    pub seq: u32,
    /// The acknowledgement number.
    pub ack: u32,
    /// Any of [`FIN`], [`SYN`], [`RST`], [`PSH`] and [`ACK`].
    pub flags: u8,
    /// As on the wire, unscaled.
    pub window: u16,
    /// At most 40 bytes; padded to a multiple of four with "no operation".
    pub options: Vec<u8>,
    /// The data.
    pub payload: Vec<u8>,
}

/// What an ICMP error says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IcmpError {
    /// No one listens on the port.
    PortUnreachable,
    /// The host is not there, or no route to it.
    HostUnreachable,
    /// A firewall says no.
    Prohibited,
    /// The packet is too long for the next hop, whose MTU this is.
    TooBig(u16),
    /// The packet went round too long.
    TimeExceeded,
}

/// One IP packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    source: IpAddr,
    destination: IpAddr,
    bytes: Vec<u8>,
}

impl Packet {
    /// A packet of any protocol, behind an IPv4 or IPv6 header.
    ///
    /// A payload too long for the length field makes that field 0, as segmentation offload does.
    #[must_use]
    pub fn ip(header: IpHeader, protocol: u8, payload: &[u8]) -> Self {
        const DO_NOT_FRAGMENT: u16 = 0x4000;
        Self::with_flags(header, protocol, DO_NOT_FRAGMENT, payload)
    }

    /// The same where IPv4's flags and fragment offset are `flags`; IPv6 has none.
    pub(crate) fn with_flags(header: IpHeader, protocol: u8, flags: u16, payload: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(40 + payload.len());
        match (header.source, header.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let total_len = u16::try_from(20 + payload.len()).unwrap_or(0);
                bytes.extend([0x45, 0]);
                bytes.extend(total_len.to_be_bytes());
                bytes.extend(header.id.to_be_bytes());
                bytes.extend(flags.to_be_bytes());
                bytes.extend([header.ttl, protocol, 0, 0]);
                bytes.extend(source.octets());
                bytes.extend(destination.octets());
                let sum = checksum(&bytes, 0);
                bytes.splice(10..12, sum);
            }
            (source, destination) => {
                bytes.extend([0x60, 0, 0, 0]);
                bytes.extend(u16::try_from(payload.len()).unwrap_or(0).to_be_bytes());
                bytes.extend([protocol, header.ttl]);
                bytes.extend(as_v6(source).octets());
                bytes.extend(as_v6(destination).octets());
            }
        }
        bytes.extend(payload);
        Self {
            source: header.source,
            destination: header.destination,
            bytes,
        }
    }

    /// A TCP segment.
    #[must_use]
    pub fn tcp(header: IpHeader, segment: &Segment) -> Self {
        let mut options = segment.options.clone();
        options.truncate(40);
        while !options.len().is_multiple_of(4) {
            options.push(1);
        }
        let words = u8::try_from(5 + options.len() / 4).unwrap_or(5);
        let mut bytes = Vec::with_capacity(60 + segment.payload.len());
        bytes.extend(segment.source_port.to_be_bytes());
        bytes.extend(segment.destination_port.to_be_bytes());
        bytes.extend(segment.seq.to_be_bytes());
        bytes.extend(segment.ack.to_be_bytes());
        bytes.extend([words << 4, segment.flags]);
        bytes.extend(segment.window.to_be_bytes());
        bytes.extend([0, 0, 0, 0]);
        bytes.extend(options);
        bytes.extend(&segment.payload);
        let sum = checksum(&bytes, pseudo_header(&header, TCP, bytes.len()));
        bytes.splice(16..18, sum);
        Self::ip(header, TCP, &bytes)
    }

    /// A UDP datagram.
    #[must_use]
    pub fn udp(header: IpHeader, source_port: u16, destination_port: u16, payload: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(8 + payload.len());
        bytes.extend(source_port.to_be_bytes());
        bytes.extend(destination_port.to_be_bytes());
        bytes.extend(be16(8 + payload.len()));
        bytes.extend([0, 0]);
        bytes.extend(payload);
        let sum = match checksum(&bytes, pseudo_header(&header, UDP, bytes.len())) {
            [0, 0] => [0xff, 0xff], // 0 would say that there is none (RFC 768)
            sum => sum,
        };
        bytes.splice(6..8, sum);
        Self::ip(header, UDP, &bytes)
    }

    /// A UDP datagram between two sockets, TTL 64.
    #[must_use]
    pub fn datagram(from: SocketAddr, to: SocketAddr, payload: &[u8]) -> Self {
        let header = IpHeader::new(from.ip(), to.ip());
        Self::udp(header, from.port(), to.port(), payload)
    }

    /// What `reporter` tells the sender of `offending` about it.
    ///
    /// It quotes as much as today's hosts do: 548 bytes in IPv4 (RFC 1812, section 4.3.2.3), 1232
    /// in IPv6 (RFC 4443, section 2.4).
    #[must_use]
    pub fn icmp_error(reporter: IpAddr, error: IcmpError, offending: &Self) -> Self {
        let header = IpHeader::new(reporter, offending.source);
        let v4 = reporter.is_ipv4() && offending.source.is_ipv4();
        let (kind, code, mtu) = match (error, v4) {
            (IcmpError::PortUnreachable, true) => (3, 3, 0),
            (IcmpError::HostUnreachable, true) => (3, 1, 0),
            (IcmpError::Prohibited, true) => (3, 13, 0),
            (IcmpError::TooBig(mtu), true) => (3, 4, mtu),
            (IcmpError::TimeExceeded, true) => (11, 0, 0),
            (IcmpError::PortUnreachable, false) => (1, 4, 0),
            (IcmpError::HostUnreachable, false) => (1, 3, 0),
            (IcmpError::Prohibited, false) => (1, 1, 0),
            (IcmpError::TooBig(mtu), false) => (2, 0, mtu),
            (IcmpError::TimeExceeded, false) => (3, 0, 0),
        };
        let mut bytes = vec![kind, code, 0, 0, 0, 0];
        bytes.extend(mtu.to_be_bytes());
        bytes.extend(offending.bytes.iter().take(if v4 { 548 } else { 1232 }));
        let (protocol, pseudo_header) = if v4 {
            (ICMP, 0)
        } else {
            (ICMPV6, pseudo_header(&header, ICMPV6, bytes.len()))
        };
        let sum = checksum(&bytes, pseudo_header);
        bytes.splice(2..4, sum);
        Self::ip(header, protocol, &bytes)
    }

    /// The sender's address.
    #[must_use]
    pub const fn source(&self) -> IpAddr {
        self.source
    }

    /// The receiver's address.
    #[must_use]
    pub const fn destination(&self) -> IpAddr {
        self.destination
    }

    /// The packet from its IP header on.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl From<Packet> for Vec<Packet> {
    fn from(packet: Packet) -> Self {
        vec![packet]
    }
}

fn as_v6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

/// The sum of the pseudo header (RFC 9293, section 3.1; RFC 8200, section 8.1).
fn pseudo_header(header: &IpHeader, protocol: u8, len: usize) -> u64 {
    let addresses = match (header.source, header.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            sum16(&source.octets()) + sum16(&destination.octets())
        }
        (source, destination) => {
            sum16(&as_v6(source).octets()) + sum16(&as_v6(destination).octets())
        }
    };
    addresses + u64::from(protocol) + u64::try_from(len).unwrap_or(0)
}

/// The Internet checksum of `bytes` (RFC 1071), on top of a `sum` of what stands elsewhere.
fn checksum(bytes: &[u8], sum: u64) -> [u8; 2] {
    let mut sum = sum + sum16(bytes);
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    u16::try_from(sum).map_or([0, 0], |sum| (!sum).to_be_bytes())
}

fn sum16(bytes: &[u8]) -> u64 {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let sum: u64 = pairs
        .iter()
        .map(|&pair| u64::from(u16::from_be_bytes(pair)))
        .sum();
    let odd = odd.first().map_or(0, |&byte| u64::from(byte) << 8);
    sum + odd
}

#[cfg(test)]
mod tests {
    use etherparse::{NetSlice, SlicedPacket, TransportSlice};

    use super::*;

    fn segment(payload: &[u8]) -> Segment {
        Segment {
            source_port: 41234,
            destination_port: 465,
            seq: 0xffff_fff0,
            ack: 7,
            flags: ACK | PSH,
            window: 502,
            options: vec![2, 4, 5, 0xb4, 4, 2],
            payload: payload.to_vec(),
        }
    }

    fn families() -> [IpHeader; 2] {
        [
            ("10.8.0.1", "203.0.113.25"),
            ("2001:db8::1", "2001:db8::25"),
        ]
        .map(|(source, destination)| {
            IpHeader::new(source.parse().unwrap(), destination.parse().unwrap())
        })
    }

    #[test]
    fn another_reader_finds_the_segment_and_the_same_checksums() {
        for header in families() {
            // An odd length: the last byte counts as the high half of a word.
            let packet = Packet::tcp(header, &segment(b"hello"));
            let sliced = SlicedPacket::from_ip(packet.bytes()).unwrap();
            let Some(TransportSlice::Tcp(tcp)) = &sliced.transport else {
                unreachable!("no TCP");
            };
            assert_eq!(tcp.sequence_number(), 0xffff_fff0);
            assert_eq!(tcp.payload(), b"hello");
            assert_eq!(tcp.options(), [2, 4, 5, 0xb4, 4, 2, 1, 1]);
            let expected = match sliced.net.as_ref().unwrap() {
                NetSlice::Ipv4(ip) => {
                    let read = ip.header().to_header();
                    assert_eq!(read.header_checksum, read.calc_header_checksum());
                    tcp.to_header()
                        .calc_checksum_ipv4(&read, tcp.payload())
                        .unwrap()
                }
                NetSlice::Ipv6(ip) => tcp
                    .to_header()
                    .calc_checksum_ipv6(&ip.header().to_header(), tcp.payload())
                    .unwrap(),
                NetSlice::Arp(_) => unreachable!("no IP"),
            };
            assert_eq!(tcp.checksum(), expected);
        }
    }

    #[test]
    fn another_reader_finds_the_datagram() {
        for header in families() {
            let packet = Packet::udp(header, 40000, 53, b"question");
            let sliced = SlicedPacket::from_ip(packet.bytes()).unwrap();
            let Some(TransportSlice::Udp(udp)) = &sliced.transport else {
                unreachable!("no UDP");
            };
            assert_eq!((udp.source_port(), udp.destination_port()), (40000, 53));
            assert_eq!(udp.payload(), b"question");
        }
    }

    #[test]
    fn an_icmp_error_goes_to_the_sender_and_quotes_the_packet() {
        for header in families() {
            let offending = Packet::udp(header, 40000, 53, b"question");
            let error =
                Packet::icmp_error(header.destination, IcmpError::PortUnreachable, &offending);
            assert_eq!(error.destination(), header.source);
            assert!(error.bytes().ends_with(offending.bytes()));
            let sliced = SlicedPacket::from_ip(error.bytes()).unwrap();
            assert!(matches!(
                sliced.transport,
                Some(TransportSlice::Icmpv4(_) | TransportSlice::Icmpv6(_))
            ));
        }
    }

    #[test]
    fn a_payload_too_long_for_the_length_field_makes_it_zero_as_offload_does() {
        let packet = Packet::tcp(families()[0], &segment(&vec![0; 70_000]));
        assert_eq!(packet.bytes()[2..4], [0, 0]);
        assert!(packet.bytes().len() > 70_000);
    }
}
