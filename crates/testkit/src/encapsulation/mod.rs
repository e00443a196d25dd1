//! One connection in everything that may stand in front of an IP packet: each link type and each
//! tunnel that tls-stall reads, a capture each, in `testdata/encapsulations`.
//!
//! All tell the same story, so all are due the same verdict: a client that says nothing for 2 s
//! after it connected. The headers are written here byte by byte, from the standards.

mod fragment;
mod link;
mod tunnel;

pub use fragment::fragments;

use std::net::SocketAddr;
use std::time::Duration;

use crate::connection::{Connection, Side};
use crate::file::{Endian, Frame, PcapWriter, Resolution};
use crate::packet::Packet;
use crate::tls::{self, Certificate, Version};
use crate::wire::{DEFAULT_START, Seconds};

/// A way to carry a packet in a frame.
#[derive(Debug, Clone, Copy)]
pub struct Encapsulation {
    /// The name of its capture, without its extension.
    pub name: &'static str,
    /// The link type of its frames.
    pub link_type: u16,
    /// Which IP version the connection in it has.
    pub family: Family,
    /// Gives the frames that carry a packet; more than one where it is cut into fragments.
    frames: fn(&Packet, Direction) -> Vec<Vec<u8>>,
}

/// The IP version of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// Which way a packet goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    ToServer,
    ToClient,
}

impl Direction {
    /// The first of two going to the server, else the second.
    fn choose<T>(self, to_server: T, to_client: T) -> T {
        match self {
            Self::ToServer => to_server,
            Self::ToClient => to_client,
        }
    }
}

/// Every encapsulation: those of link types, then the tunnels.
#[must_use]
pub fn all() -> Vec<Encapsulation> {
    [link::ALL, tunnel::ALL].concat()
}

impl Encapsulation {
    const fn v4(
        name: &'static str,
        link_type: u16,
        frames: fn(&Packet, Direction) -> Vec<Vec<u8>>,
    ) -> Self {
        Self {
            name,
            link_type,
            family: Family::V4,
            frames,
        }
    }

    const fn v6(
        name: &'static str,
        link_type: u16,
        frames: fn(&Packet, Direction) -> Vec<Vec<u8>>,
    ) -> Self {
        Self {
            name,
            link_type,
            family: Family::V6,
            frames,
        }
    }

    /// The name of its capture.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}.pcap", self.name)
    }

    /// The frames of its capture.
    #[must_use]
    pub fn frames(&self) -> Vec<Frame> {
        let mut frames = Vec::new();
        for (at, direction, packet) in story(self.family) {
            let time = DEFAULT_START + Duration::from_secs_f64(at);
            let carried = (self.frames)(&packet, direction).into_iter();
            frames.extend(carried.map(|data| Frame::new(time, data)));
        }
        frames
    }

    /// Its capture.
    #[must_use]
    pub fn pcap(&self) -> Vec<u8> {
        let write = || {
            let (endian, resolution) = (Endian::Little, Resolution::Micro);
            let mut writer = PcapWriter::new(Vec::new(), endian, resolution, self.link_type)?;
            for frame in self.frames() {
                writer.write(&frame)?;
            }
            writer.finish()
        };
        write().unwrap_or_default() // a Vec takes everything
    }

    /// The packets of its capture, in front of which everything else stands, as a capture of raw IP.
    #[must_use]
    pub fn bare(&self) -> Vec<u8> {
        let bare = Self {
            link_type: 101,
            frames: |packet, _| vec![packet.bytes().to_vec()],
            ..*self
        };
        bare.pcap()
    }
}

/// A whole TLS connection, with the time and the direction of each packet.
fn story(family: Family) -> Vec<(Seconds, Direction, Packet)> {
    use Side::{Client, Server};

    const SERVER_NAME: &str = "www.example";

    let (client, server) = match family {
        Family::V4 => ([10, 8, 0, 1].into(), [203, 0, 113, 25].into()),
        Family::V6 => (
            [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into(),
            [0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x25].into(),
        ),
    };
    let (client, server) = (SocketAddr::new(client, 41234), SocketAddr::new(server, 443));
    let mut c = Connection::new(client, server);
    // So that the largest packet with four tunnels around it stays within 1500 bytes.
    c.end(Client).mss = 1200;
    c.end(Server).mss = 1200;
    let flight = tls::server_flight(Version::Tls12, &Certificate::new(SERVER_NAME));
    let steps: [(Seconds, Vec<Packet>); 12] = [
        (0.000, c.syn().into()),
        (0.030, c.syn_ack().into()),
        (0.0302, c.ack(Client).into()),
        (2.0302, c.send(Client, &tls::client_hello(SERVER_NAME))),
        (2.064, c.send(Server, &flight)),
        (2.066, c.send(Client, &tls::client_finished(Version::Tls12))),
        (2.097, c.send(Server, &tls::server_finished(Version::Tls12))),
        (2.098, c.send(Client, &tls::application_data(120))),
        (2.135, c.send(Server, &tls::application_data(300))),
        (2.140, c.fin(Client).into()),
        (2.171, c.fin(Server).into()),
        (2.1712, c.ack(Client).into()),
    ];
    let mut story = Vec::new();
    for (at, packets) in steps {
        for packet in packets {
            let direction = if packet.source() == client.ip() {
                Direction::ToServer
            } else {
                Direction::ToClient
            };
            story.push((at, direction, packet));
        }
    }
    story
}

/// The `EtherType` of an IP packet.
fn ether_type(packet: &[u8]) -> [u8; 2] {
    match packet.first().map(|version| version >> 4) {
        Some(6) => [0x86, 0xdd],
        _ => [0x08, 0x00],
    }
}

/// Its protocol number of PPP.
fn ppp_protocol(packet: &[u8]) -> [u8; 2] {
    match packet.first().map(|version| version >> 4) {
        Some(6) => [0x00, 0x57],
        _ => [0x00, 0x21],
    }
}

/// The hardware addresses of the client and its router, destination first.
fn addresses(direction: Direction) -> [[u8; 6]; 2] {
    const CLIENT: [u8; 6] = [0x02, 0, 10, 8, 0, 1];
    const ROUTER: [u8; 6] = [0x02, 0, 10, 8, 0, 254];
    direction.choose([ROUTER, CLIENT], [CLIENT, ROUTER])
}

/// An Ethernet frame.
fn ethernet(direction: Direction, ether_type: [u8; 2], payload: &[u8]) -> Vec<u8> {
    let [destination, source] = addresses(direction);
    [&destination[..], &source, &ether_type, payload].concat()
}

/// An Ethernet frame with an IP packet.
fn ethernet_ip(direction: Direction, packet: &[u8]) -> Vec<u8> {
    ethernet(direction, ether_type(packet), packet)
}

/// Logical link control with an `EtherType` (RFC 1042).
fn snap(packet: &[u8]) -> Vec<u8> {
    [&[0xaa, 0xaa, 3, 0, 0, 0][..], &ether_type(packet), packet].concat()
}
