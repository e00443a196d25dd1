//! Between an address and the name that a reverse lookup asks for.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Name;

const IPV4_TREE: &str = "in-addr.arpa";
const IPV6_TREE: &str = "ip6.arpa";

/// The name whose PTR record names the host at `address` (RFC 1035, section 3.5; RFC 3596,
/// section 2.5).
pub(crate) fn name_of(address: IpAddr) -> Name {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            Name::from_text(&format!("{d}.{c}.{b}.{a}.{IPV4_TREE}"))
        }
        IpAddr::V6(address) => {
            let mut text = String::with_capacity(72);
            for octet in address.octets().into_iter().rev() {
                // Writing to a String cannot fail.
                let _ = write!(text, "{:x}.{:x}.", octet & 0xf, octet >> 4);
            }
            text.push_str(IPV6_TREE);
            Name::from_text(&text)
        }
    }
}

/// The octets of an IPv4 address, or the nibbles of an IPv6 one, as labels in reverse order.
pub(crate) fn reverse_labels(address: IpAddr) -> String {
    let name = name_of(address);
    let tree = if address.is_ipv4() {
        IPV4_TREE
    } else {
        IPV6_TREE
    };
    below(name.as_str(), tree).unwrap_or_default().to_owned()
}

/// The address whose reverse name `name` is.
///
/// `None` for the name of a whole network, for a classless delegation (RFC 2317) and for an
/// address below another zone, as block lists are asked: `4.3.2.1.zen.example`.
pub(crate) fn address_of(name: &Name) -> Option<IpAddr> {
    let name = name.as_str();
    if let Some(labels) = below(name, IPV4_TREE) {
        ipv4_of(labels).map(IpAddr::V4)
    } else {
        ipv6_of(below(name, IPV6_TREE)?).map(IpAddr::V6)
    }
}

/// The IPv4 address that an IPv6 one stands for: one that is mapped (RFC 4291, section 2.5.5.2) or
/// translated with the well-known prefix `64:ff9b::/96` (RFC 6052, section 2.1); else `address`.
///
/// Behind NAT64 a client connects to the translated address and looks up the name of either.
pub(crate) fn untranslated(address: IpAddr) -> IpAddr {
    const PREFIX: [u16; 6] = [0x64, 0xff9b, 0, 0, 0, 0];
    match address.to_canonical() {
        IpAddr::V6(v6) if v6.segments().starts_with(&PREFIX) => {
            let [.., a, b, c, d] = v6.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        other => other,
    }
}

/// Whether `name` stands below `in-addr.arpa` or `ip6.arpa`, whole address or not.
pub(crate) fn is_under_reverse_tree(name: &Name) -> bool {
    [IPV4_TREE, IPV6_TREE]
        .iter()
        .any(|tree| below(name.as_str(), tree).is_some())
}

/// The labels of `name` before `tree`.
fn below<'a>(name: &'a str, tree: &str) -> Option<&'a str> {
    name.strip_suffix(tree)?.strip_suffix('.')
}

fn ipv4_of(labels: &str) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    let mut labels = labels.split('.');
    for octet in octets.iter_mut().rev() {
        let label = labels.next()?;
        if label.starts_with('+') || (label.len() > 1 && label.starts_with('0')) {
            return None;
        }
        *octet = label.parse().ok()?;
    }
    labels.next().is_none().then(|| Ipv4Addr::from(octets))
}

fn ipv6_of(labels: &str) -> Option<Ipv6Addr> {
    let mut bits = 0_u128;
    let mut count = 0_u32;
    for label in labels.split('.') {
        let mut characters = label.chars();
        let nibble = characters.next()?.to_digit(16)?;
        if characters.next().is_some() || count == 32 {
            return None;
        }
        // The last nibble of the address comes first.
        bits = (bits >> 4) | (u128::from(nibble) << 124);
        count = count.saturating_add(1);
    }
    (count == 32).then(|| Ipv6Addr::from(bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(name: &str) -> Option<IpAddr> {
        address_of(&Name::from_text(name))
    }

    #[test]
    fn a_translated_address_stands_for_the_one_behind_it() {
        let is = |text: &str| untranslated(text.parse().unwrap()).to_string();
        assert_eq!(is("64:ff9b::203.0.113.25"), "203.0.113.25");
        assert_eq!(is("::ffff:203.0.113.25"), "203.0.113.25");
        assert_eq!(is("203.0.113.25"), "203.0.113.25");
        assert_eq!(is("64:ff9b:0:0:0:1:cb00:7119"), "64:ff9b::1:cb00:7119");
    }

    #[test]
    fn an_address_is_found_again_in_its_reverse_name() {
        for text in [
            "203.0.113.25",
            "0.0.0.0",
            "255.255.255.255",
            "2001:db8::25",
            "::",
            "::ffff:1.2.3.4",
        ] {
            let ip: IpAddr = text.parse().unwrap();
            assert_eq!(address_of(&name_of(ip)), Some(ip), "{text}");
        }
    }

    #[test]
    fn reverse_names_are_as_the_standards_write_them() {
        assert_eq!(
            name_of("203.0.113.25".parse().unwrap()).as_str(),
            "25.113.0.203.in-addr.arpa"
        );
        assert_eq!(
            name_of("4321:0:1:2:3:4:567:89ab".parse().unwrap()).as_str(),
            "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa"
        );
    }

    #[test]
    fn a_question_to_a_block_list_is_no_reverse_name() {
        assert_eq!(address("4.3.2.1.zen.example"), None);
        assert!(!is_under_reverse_tree(&Name::from_text(
            "4.3.2.1.zen.example"
        )));
        assert!(!is_under_reverse_tree(&Name::from_text(
            "4.3.2.1.xin-addr.arpa"
        )));
    }

    #[test]
    fn only_whole_addresses_count() {
        for name in [
            "113.0.203.in-addr.arpa",
            "5.25.113.0.203.in-addr.arpa",
            "25.0-127.113.0.203.in-addr.arpa",
            "025.113.0.203.in-addr.arpa",
            "+5.113.0.203.in-addr.arpa",
            "256.113.0.203.in-addr.arpa",
            "lb._dns-sd._udp.0.1.168.192.in-addr.arpa",
            "8.b.d.0.1.0.0.2.ip6.arpa",
        ] {
            assert_eq!(address(name), None, "{name}");
            assert!(is_under_reverse_tree(&Name::from_text(name)), "{name}");
        }
        assert_eq!(address("in-addr.arpa"), None);
        assert_eq!(
            address(&format!("1.{}", name_of("::1".parse().unwrap()))),
            None
        );
    }
}
