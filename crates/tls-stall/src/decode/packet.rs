//! What a frame decodes to.

use std::net::{IpAddr, SocketAddr};

use super::fragment::Fragment;

/// The part of a frame that the analysis uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    Tcp(Segment<'a>),
    Udp(Datagram<'a>),
    IcmpError(IcmpError),
    Resolution(Resolution),
    /// A piece of an IP packet, to be put together by [`Fragments`](super::Fragments).
    Fragment(Fragment<'a>),
    /// Decoded, but nothing that a handshake waits for.
    Other,
}

/// An address and a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[allow(
    clippy::exhaustive_structs,
    reason = "an address and a port, nothing else"
)]
pub struct Endpoint {
    /// The IP address.
    pub ip: IpAddr,
    /// The TCP or UDP port.
    pub port: u16,
}

/// `203.0.113.25:465` or `[2001:db8::25]:465`.
impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        SocketAddr::from(*self).fmt(f)
    }
}

impl From<Endpoint> for SocketAddr {
    fn from(Endpoint { ip, port }: Endpoint) -> Self {
        Self::new(ip, port)
    }
}

/// Without the flow and the scope of an IPv6 address, which no packet carries.
impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        Self {
            ip: address.ip(),
            port: address.port(),
        }
    }
}

/// What the IP header tells beyond the addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IpFacts {
    /// TTL (IPv4) or hop limit (IPv6).
    pub(crate) ttl: u8,
    /// The identification field, in IPv6 the lower half of the fragment header's; `None` in IPv6
    /// without one.
    pub(crate) id: Option<u16>,
}

/// A TCP segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment<'a> {
    pub(crate) ip: IpFacts,
    pub(crate) source: Endpoint,
    pub(crate) destination: Endpoint,
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    pub(crate) flags: TcpFlags,
    /// As on the wire: not scaled; `None` where the capturer cut the header before it.
    pub(crate) window: Option<u16>,
    /// The options' bytes, as far as they were captured; decoded where they are needed.
    pub(crate) options: &'a [u8],
    /// The payload as far as it was captured.
    pub(crate) payload: &'a [u8],
    /// The payload's length on the wire; more than `payload` holds where the capturer cut it.
    pub(crate) payload_len: u32,
}

/// The flags of a TCP header (RFC 9293, section 3.1), low byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TcpFlags(pub(crate) u8);

impl TcpFlags {
    pub(crate) const fn fin(self) -> bool {
        self.0 & 0x01 != 0
    }
    pub(crate) const fn syn(self) -> bool {
        self.0 & 0x02 != 0
    }
    pub(crate) const fn rst(self) -> bool {
        self.0 & 0x04 != 0
    }
    pub(crate) const fn psh(self) -> bool {
        self.0 & 0x08 != 0
    }
    pub(crate) const fn ack(self) -> bool {
        self.0 & 0x10 != 0
    }
}

/// A UDP datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Datagram<'a> {
    pub(crate) ip: IpFacts,
    pub(crate) source: Endpoint,
    pub(crate) destination: Endpoint,
    /// The payload as far as it was captured.
    pub(crate) payload: &'a [u8],
    /// The payload's length on the wire; more than `payload` holds where the capturer cut it.
    pub(crate) payload_len: u32,
}

impl Datagram<'_> {
    /// The same datagram with another copy of its payload.
    pub(crate) const fn with_payload<'a>(&self, payload: &'a [u8]) -> Datagram<'a> {
        let Self {
            ip,
            source,
            destination,
            payload_len,
            ..
        } = *self;
        Datagram {
            ip,
            source,
            destination,
            payload,
            payload_len,
        }
    }
}

/// An ICMP error about a packet that one of the hosts sent (RFC 792, RFC 4443).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IcmpError {
    /// Who reports it: a router or the destination.
    pub(crate) reporter: IpAddr,
    pub(crate) kind: IcmpKind,
    /// TCP (6) or UDP (17), of the packet that the error is about.
    pub(crate) protocol: u8,
    /// Source of the packet that the error is about.
    pub(crate) source: Endpoint,
    /// Destination of the packet that the error is about.
    pub(crate) destination: Endpoint,
}

/// A question for the hardware address of a host on the local network, or the answer (ARP, and in
/// IPv6 neighbour discovery).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Resolution {
    /// Who wants to send something to `target`.
    pub(crate) asker: IpAddr,
    pub(crate) target: IpAddr,
    pub(crate) is_reply: bool,
}

/// What an ICMP error says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IcmpKind {
    /// Destination unreachable, with its code as on the wire (`ICMPv4` or `ICMPv6`, as the
    /// reporter's address tells), unless the code has a value of its own here.
    Unreachable { code: u8 },
    /// The host is there, and no program listens on the port.
    PortUnreachable,
    /// Fragmentation needed (`ICMPv4`) or packet too big (`ICMPv6`), with the next hop's MTU; 0
    /// where an old router does not tell it (RFC 1191, section 4).
    TooBig { mtu: u32 },
    /// The hop limit was used up, or fragments did not all arrive.
    TimeExceeded,
}
