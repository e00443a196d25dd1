//! What tells one connection from another: its two endpoints, in either order.

use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::decode::Endpoint;

/// The two endpoints of a connection, packed, the same for both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ConnectionKey {
    /// The low endpoint's address and the high one's, in halves.
    low: [u64; 2],
    high: [u64; 2],
    /// The low endpoint's port, the high one's, and a bit that tells IPv6 from IPv4.
    ports: u64,
}

/// A key as it is kept: there may be a million, nearly all of IPv4.
#[derive(Debug)]
pub(super) enum StoredKey {
    V4 { low: u32, high: u32, ports: u32 },
    V6(Box<ConnectionKey>),
}

impl StoredKey {
    /// Whether it is `key`.
    #[inline]
    pub(super) fn is(&self, key: &ConnectionKey) -> bool {
        match *self {
            Self::V4 { low, high, ports } => {
                let (low, high, ports) = (low.into(), high.into(), ports.into());
                (key.low, key.high, key.ports) == ([0, low], [0, high], ports)
            }
            Self::V6(ref stored) => **stored == *key,
        }
    }

    pub(super) fn key(&self) -> ConnectionKey {
        match *self {
            Self::V4 { low, high, ports } => ConnectionKey {
                low: [0, low.into()],
                high: [0, high.into()],
                ports: ports.into(),
            },
            Self::V6(ref stored) => **stored,
        }
    }
}

impl From<ConnectionKey> for StoredKey {
    fn from(key: ConnectionKey) -> Self {
        let parts = (key.low, key.high, u32::try_from(key.ports));
        if let ([0, low], [0, high], Ok(ports)) = parts
            && let (Ok(low), Ok(high)) = (u32::try_from(low), u32::try_from(high))
        {
            return Self::V4 { low, high, ports };
        }
        Self::V6(Box::new(key))
    }
}

/// Of [`ConnectionKey::ports`]; no port reaches so far.
const IPV6: u64 = 1 << 32;

/// Of IPv4, half of it is always 0.
impl Hash for ConnectionKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        let ([low_begin, low], [high_begin, high]) = (self.low, self.high);
        if self.ports & IPV6 != 0 {
            state.write_u64(low_begin);
            state.write_u64(high_begin);
        }
        state.write_u64(low);
        state.write_u64(high);
        state.write_u64(self.ports);
    }
}

impl ConnectionKey {
    /// The key of `a` and `b`, and whether `a` is the low one of the two.
    #[inline]
    pub(crate) fn new(a: Endpoint, b: Endpoint) -> (Self, bool) {
        let (address_a, family) = pack(a.ip);
        let (address_b, _) = pack(b.ip);
        let a_is_low = (address_a, a.port) <= (address_b, b.port);
        let (low, low_port, high, high_port) = if a_is_low {
            (address_a, a.port, address_b, b.port)
        } else {
            (address_b, b.port, address_a, a.port)
        };
        let ports = family | u64::from(low_port) << 16 | u64::from(high_port);
        (Self { low, high, ports }, a_is_low)
    }

    /// The low endpoint and the high one.
    pub(super) fn endpoints(self) -> (Endpoint, Endpoint) {
        let [_, _, _, _, low_high, low_low, high_high, high_low] = self.ports.to_be_bytes();
        let endpoint = |address: [u64; 2], port: [u8; 2]| Endpoint {
            ip: unpack(address, self.ports & IPV6 != 0),
            port: u16::from_be_bytes(port),
        };
        (
            endpoint(self.low, [low_high, low_low]),
            endpoint(self.high, [high_high, high_low]),
        )
    }
}

#[inline]
fn pack(ip: IpAddr) -> ([u64; 2], u64) {
    match ip {
        IpAddr::V4(ip) => ([0, ip.to_bits().into()], 0),
        IpAddr::V6(ip) => {
            let half = |[a, b, c, d]: [u16; 4]| {
                let groups = [a, b, c, d].map(u64::from);
                groups.into_iter().fold(0, |half, group| half << 16 | group)
            };
            let [a, b, c, d, lower @ ..] = ip.segments();
            ([half([a, b, c, d]), half(lower)], IPV6)
        }
    }
}

fn unpack([upper, lower]: [u64; 2], is_ipv6: bool) -> IpAddr {
    if is_ipv6 {
        return Ipv6Addr::from_bits(u128::from(upper) << 64 | u128::from(lower)).into();
    }
    let [.., a, b, c, d] = lower.to_be_bytes();
    Ipv4Addr::new(a, b, c, d).into()
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
        assert!(!StoredKey::from(four).is(&six) && !StoredKey::from(six).is(&four));
    }

    #[test]
    fn a_key_gives_its_endpoints_back() {
        for (low, high) in [
            (endpoint("10.8.0.1", 41234), endpoint("203.0.113.25", 465)),
            (endpoint("2001:db8::1", 9), endpoint("2001:db8:ff::25", 465)),
            (endpoint("::1", 7), endpoint("::1", 65_535)),
        ] {
            let key = ConnectionKey::new(high, low).0;
            assert_eq!(key.endpoints(), (low, high));
            let stored = StoredKey::from(key);
            assert!(stored.is(&key));
            assert_eq!(stored.key(), key);
            let (other, _) = ConnectionKey::new(low, endpoint("192.0.2.1", 7));
            assert!(!stored.is(&other));
            assert_eq!(matches!(stored, StoredKey::V4 { .. }), low.ip.is_ipv4());
        }
    }
}
