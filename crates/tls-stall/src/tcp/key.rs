//! What tells one connection from another: its two endpoints, in either order.

use std::net::IpAddr;

use crate::decode::Endpoint;

/// The two endpoints of a connection, packed, the same for both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ConnectionKey {
    low: u128,
    high: u128,
    /// The low endpoint's port, the high one's, and a bit that tells IPv6 from IPv4.
    ports: u64,
}

impl ConnectionKey {
    /// The key of `a` and `b`, and whether `a` is the low one of the two.
    pub(crate) fn new(a: Endpoint, b: Endpoint) -> (Self, bool) {
        let (address_a, family) = pack(a.ip);
        let (address_b, _) = pack(b.ip);
        let a_is_low = (address_a, a.port) <= (address_b, b.port);
        let (low, high) = if a_is_low {
            (address_a, address_b)
        } else {
            (address_b, address_a)
        };
        let (low_port, high_port) = if a_is_low {
            (a.port, b.port)
        } else {
            (b.port, a.port)
        };
        let ports = family | u64::from(low_port) << 16 | u64::from(high_port);
        (Self { low, high, ports }, a_is_low)
    }
}

fn pack(ip: IpAddr) -> (u128, u64) {
    match ip {
        IpAddr::V4(ip) => (u128::from(ip.to_bits()), 0),
        IpAddr::V6(ip) => (ip.to_bits(), 1 << 32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(ip: &str, port: u16) -> Endpoint {
        Endpoint {
            ip: ip.parse().unwrap(),
            port,
        }
    }

    #[test]
    fn both_directions_have_one_key() {
        let a = endpoint("10.8.0.1", 41234);
        let b = endpoint("203.0.113.25", 465);
        let (there, a_low) = ConnectionKey::new(a, b);
        let (back, b_low) = ConnectionKey::new(b, a);
        assert_eq!(there, back);
        assert!(a_low && !b_low);
    }

    #[test]
    fn the_same_address_with_two_ports_has_a_key_of_its_own() {
        let (there, low) = ConnectionKey::new(endpoint("::1", 9), endpoint("::1", 7));
        let (back, _) = ConnectionKey::new(endpoint("::1", 7), endpoint("::1", 9));
        assert_eq!(there, back);
        assert!(!low);
    }

    #[test]
    fn an_ipv4_address_is_not_the_ipv6_address_of_the_same_number() {
        let (four, _) = ConnectionKey::new(endpoint("0.0.0.1", 1), endpoint("0.0.0.2", 2));
        let (six, _) = ConnectionKey::new(endpoint("::1", 1), endpoint("::2", 2));
        assert_ne!(four, six);
    }
}
