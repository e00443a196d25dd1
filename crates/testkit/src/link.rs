//! Link layers: what stands before an IP packet in a capture.

use std::net::{IpAddr, SocketAddr};

use crate::packet::Packet;

/// The source address that some VPN apps of Android write into every frame, in both directions.
pub const VPN_SOURCE_MAC: [u8; 6] = [0x00, 0x1a, 0x11, 0x00, 0x00, 0x01];
/// The destination address of the same frames.
pub const VPN_DESTINATION_MAC: [u8; 6] = [0x00, 0x1a, 0x11, 0x00, 0x00, 0x02];

const ARPHRD_ETHER: [u8; 2] = [0, 1];
const TO_US: u8 = 0;
const FROM_US: u8 = 4;

/// A link layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// None: a frame begins with its IP header (`LINKTYPE_RAW`, 101).
    Raw,
    /// Ethernet (1), as if all hosts sat on one segment: each has a MAC address of its own.
    Ethernet,
    /// Ethernet (1) as a VPN app of Android forges it: one pair of MAC addresses, the same in
    /// both directions.
    VpnEthernet,
    /// Linux "cooked" (113), as tcpdump's `any` interface gave it before 4.99.
    Sll,
    /// Linux "cooked" version 2 (276).
    Sll2,
    /// Ethernet within VXLAN (RFC 7348) between two hosts, as a cloud's traffic mirror sends it.
    Vxlan,
}

impl Link {
    /// Every link layer.
    pub const ALL: [Self; 6] = [
        Self::Raw,
        Self::Ethernet,
        Self::VpnEthernet,
        Self::Sll,
        Self::Sll2,
        Self::Vxlan,
    ];

    /// Its number in the registry of link types (<https://www.tcpdump.org/linktypes.html>).
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Raw => 101,
            Self::Ethernet | Self::VpnEthernet | Self::Vxlan => 1,
            Self::Sll => 113,
            Self::Sll2 => 276,
        }
    }

    /// The name by which scenario files and the generator call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Ethernet => "ethernet",
            Self::VpnEthernet => "vpn-ethernet",
            Self::Sll => "sll",
            Self::Sll2 => "sll2",
            Self::Vxlan => "vxlan",
        }
    }

    /// The link layer of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|link| link.name() == name)
    }

    /// The frame that carries `packet`; `outgoing` where the capturing host sent it.
    #[must_use]
    pub fn frame(self, packet: &Packet, outgoing: bool) -> Vec<u8> {
        let ether_type = match packet.bytes().first().map(|version| version >> 4) {
            Some(6) => [0x86, 0xdd],
            _ => [0x08, 0x00],
        };
        let direction = if outgoing { FROM_US } else { TO_US };
        let source = mac(packet.source());
        let mut frame = Vec::with_capacity(20 + packet.bytes().len());
        match self {
            Self::Raw => {}
            Self::Ethernet => {
                frame.extend(mac(packet.destination()));
                frame.extend(source);
                frame.extend(ether_type);
            }
            Self::VpnEthernet => {
                frame.extend(VPN_DESTINATION_MAC);
                frame.extend(VPN_SOURCE_MAC);
                frame.extend(ether_type);
            }
            Self::Sll => {
                frame.extend([0, direction]);
                frame.extend(ARPHRD_ETHER);
                frame.extend([0, 6]);
                frame.extend(source);
                frame.extend([0, 0]);
                frame.extend(ether_type);
            }
            Self::Sll2 => {
                frame.extend(ether_type);
                frame.extend([0, 0]);
                frame.extend([0, 0, 0, 2]); // the interface's index
                frame.extend(ARPHRD_ETHER);
                frame.extend([direction, 6]);
                frame.extend(source);
                frame.extend([0, 0]);
            }
            Self::Vxlan => {
                let near = SocketAddr::from(([192, 0, 2, 1], 49_153));
                let far = SocketAddr::from(([192, 0, 2, 2], 4789));
                let network = [8, 0, 0, 0, 0, 0, 7, 0];
                let inner = [&network[..], &Self::Ethernet.frame(packet, outgoing)].concat();
                return Self::Ethernet.frame(&Packet::datagram(near, far, &inner), outgoing);
            }
        }
        frame.extend(packet.bytes());
        frame
    }
}

/// A locally administered MAC address that ends in the last four bytes of `address`.
fn mac(address: IpAddr) -> [u8; 6] {
    let [a, b, c, d] = match address {
        IpAddr::V4(address) => address.octets(),
        IpAddr::V6(address) => address
            .octets()
            .last_chunk::<4>()
            .copied()
            .unwrap_or_default(),
    };
    [0x02, 0, a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet() -> Packet {
        Packet::datagram(
            "10.8.0.1:40000".parse().unwrap(),
            "10.0.0.1:53".parse().unwrap(),
            b"?",
        )
    }

    #[test]
    fn the_headers_have_the_length_of_their_standard() {
        let lengths =
            Link::ALL.map(|link| link.frame(&packet(), true).len() - packet().bytes().len());
        assert_eq!(lengths, [0, 14, 14, 16, 20, 14 + 20 + 8 + 8 + 14]);
    }

    #[test]
    fn a_vpn_app_writes_the_same_addresses_in_both_directions() {
        let there = Link::VpnEthernet.frame(&packet(), true);
        let back = Packet::datagram(
            "10.0.0.1:53".parse().unwrap(),
            "10.8.0.1:40000".parse().unwrap(),
            b"!",
        );
        assert_eq!(there[..14], Link::VpnEthernet.frame(&back, false)[..14]);
    }

    #[test]
    fn every_name_names_its_link_layer() {
        for link in Link::ALL {
            assert_eq!(Link::named(link.name()), Some(link));
        }
    }
}
