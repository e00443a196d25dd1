//! What stands for which address or name.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::dns::{Name, address_of, is_under_reverse_tree, name_of, untranslated};

/// Multicast groups that name services are asked at: mDNS (RFC 6762) and LLMNR (RFC 4795).
const GROUPS: [IpAddr; 4] = [
    IpAddr::V4(Ipv4Addr::new(224, 0, 0, 251)),
    IpAddr::V4(Ipv4Addr::new(224, 0, 0, 252)),
    IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb)),
    IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 3)),
];

/// One substitute for each address and name, in the order in which they are asked for.
#[derive(Debug, Default)]
pub(super) struct Substitutes {
    /// What stood in the document, and therefore stands for nothing.
    seen_addresses: BTreeSet<IpAddr>,
    seen_names: BTreeSet<String>,
    addresses: BTreeMap<IpAddr, IpAddr>,
    names: BTreeMap<String, String>,
    used_addresses: BTreeMap<Range, u32>,
    used_names: BTreeMap<&'static str, u64>,
    apps: BTreeSet<String>,
}

impl Substitutes {
    pub(super) fn note_address(&mut self, address: IpAddr) {
        self.seen_addresses.insert(address);
        self.seen_addresses.insert(untranslated(address));
    }

    pub(super) fn note_name(&mut self, name: &str) {
        self.seen_names.insert(canonical(name));
    }

    pub(super) fn note_app(&mut self, app: Option<&str>) {
        if let Some(app) = app {
            self.note_name(app);
            self.apps.insert(canonical(app));
        }
    }

    /// The names that were noted, in the form that [`is_known`](Self::is_known) compares.
    pub(super) fn known(&self) -> impl Iterator<Item = &str> {
        self.seen_names.iter().map(String::as_str)
    }

    /// Whether `name` was noted.
    pub(super) fn is_known(&self, name: &str) -> bool {
        self.seen_names.contains(&canonical(name))
    }

    pub(super) fn address(&mut self, address: IpAddr) -> IpAddr {
        if stays(address) {
            return address;
        }
        if let Some(&substitute) = self.addresses.get(&address) {
            return substitute;
        }
        let substitute = match (address, untranslated(address)) {
            (IpAddr::V6(outer), IpAddr::V4(inner)) => match self.address(IpAddr::V4(inner)) {
                IpAddr::V4(inner) => IpAddr::V6(translated(outer, inner)),
                IpAddr::V6(inner) => IpAddr::V6(inner),
            },
            _ => self.next_address(Range::of(address)),
        };
        self.addresses.insert(address, substitute);
        substitute
    }

    /// The substitute of a name or of an app, or of an address that stands where a name could.
    pub(super) fn name(&mut self, name: &str) -> String {
        if let Ok(address) = name.parse() {
            return self.address(address).to_string();
        }
        let name = canonical(name);
        if matches!(name.as_str(), "" | "localhost") {
            return if name.is_empty() {
                ".".to_owned()
            } else {
                name
            };
        }
        let in_dns = Name::from_text(&name);
        if let Some(address) = address_of(&in_dns) {
            return name_of(self.address(address)).to_string();
        }
        if let Some(substitute) = self.names.get(&name) {
            return substitute.clone();
        }
        let (word, zone) = if self.apps.contains(&name) {
            ("app", "")
        } else if is_under_reverse_tree(&in_dns) {
            let is_v6 = name.ends_with("ip6.arpa");
            ("net", if is_v6 { ".ip6.arpa" } else { ".in-addr.arpa" })
        } else if name.strip_suffix(".local").is_some() {
            ("host", ".local")
        } else if name.contains('.') {
            ("host", ".example")
        } else {
            ("host", "")
        };
        let substitute = self.next_name(word, zone);
        self.names.insert(name, substitute.clone());
        substitute
    }

    /// The substitute of a hardware address: one that is locally administered.
    pub(super) fn hardware(&mut self, text: &str, separator: char) -> String {
        let name = canonical(text);
        if let Some(substitute) = self.names.get(&name) {
            return substitute.clone();
        }
        loop {
            let count = self.count("hardware");
            let [.., a, b, c] = count.to_be_bytes();
            let octets = [2, 0, 0, a, b, c].map(|octet| format!("{octet:02x}"));
            let substitute = octets.join(&separator.to_string());
            if !self.seen_names.contains(&substitute) {
                self.names.insert(name, substitute.clone());
                return substitute;
            }
        }
    }

    fn next_name(&mut self, word: &'static str, zone: &str) -> String {
        loop {
            let name = format!("{word}{}{zone}", self.count(word));
            if !self.seen_names.contains(&name) {
                return name;
            }
        }
    }

    fn count(&mut self, word: &'static str) -> u64 {
        let count = self.used_names.entry(word).or_default();
        *count = count.saturating_add(1);
        *count
    }

    fn next_address(&mut self, range: Range) -> IpAddr {
        loop {
            let count = self.used_addresses.entry(range).or_default();
            let address = range.nth(*count);
            *count = count.saturating_add(1);
            match address {
                Some(address) if self.seen_addresses.contains(&address) => {}
                Some(address) => return address,
                None if range == Range::Reserved => return Ipv4Addr::UNSPECIFIED.into(),
                None => return self.next_address(Range::Reserved),
            }
        }
    }
}

/// A name in lower case without the final dot.
fn canonical(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// Whether `address` tells of nobody.
fn stays(address: IpAddr) -> bool {
    let address = address.to_canonical();
    let is_broadcast = address == IpAddr::V4(Ipv4Addr::BROADCAST);
    address.is_loopback() || address.is_unspecified() || is_broadcast || GROUPS.contains(&address)
}

/// `outer`, which holds an IPv4 address in its end, with `inner` in its place.
fn translated(outer: Ipv6Addr, inner: Ipv4Addr) -> Ipv6Addr {
    let mut octets = outer.octets();
    for (octet, new) in octets.iter_mut().skip(12).zip(inner.octets()) {
        *octet = new;
    }
    octets.into()
}

/// A kind of address, and where its substitutes are taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Range {
    Public4,
    /// RFC 1918.
    Private4,
    /// Of a provider's own network (RFC 6598).
    Shared4,
    LinkLocal4,
    Multicast4,
    /// What is left when one of the others is used up.
    Reserved,
    Public6,
    /// RFC 4193.
    Private6,
    LinkLocal6,
    Multicast6,
}

impl Range {
    fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(it) if it.is_private() => Self::Private4,
            IpAddr::V4(it) if it.is_link_local() => Self::LinkLocal4,
            IpAddr::V4(it) if it.is_multicast() => Self::Multicast4,
            IpAddr::V4(it) => match it.octets() {
                [100, 64..=127, ..] => Self::Shared4,
                _ => Self::Public4,
            },
            IpAddr::V6(it) if it.is_unique_local() => Self::Private6,
            IpAddr::V6(it) if it.is_unicast_link_local() => Self::LinkLocal6,
            IpAddr::V6(it) if it.is_multicast() => Self::Multicast6,
            IpAddr::V6(_) => Self::Public6,
        }
    }

    /// The substitute number `n` from 0; `None` beyond the last.
    fn nth(self, n: u32) -> Option<IpAddr> {
        /// The first addresses of the blocks, and how many they have: without their first and last.
        const PUBLIC: [(u32, u32); 4] = [
            (0xcb00_7101, 254),     // 203.0.113.0/24
            (0xc633_6401, 254),     // 198.51.100.0/24
            (0xc000_0201, 254),     // 192.0.2.0/24
            (0xc612_0001, 131_070), // 198.18.0.0/15
        ];
        let blocks: &[(u32, u32)] = match self {
            Self::Public4 => &PUBLIC,
            Self::Private4 => &[(0x0a00_0001, 0x00ff_fffe)],
            Self::Shared4 => &[(0x6440_0001, 0x003f_fffe)],
            Self::LinkLocal4 => &[(0xa9fe_0101, 0xfd00)],
            Self::Multicast4 => &[(0xe9fc_0001, 254)], // RFC 6676
            Self::Reserved => &[(0xf000_0001, 0x0fff_fffd)],
            Self::Public6 => return Some(numbered([0x2001, 0xdb8, 0, 0, 0, 0], n)),
            Self::Private6 => return Some(numbered([0xfd00, 0, 0, 0, 0, 0], n)),
            Self::LinkLocal6 => return Some(numbered([0xfe80, 0, 0, 0, 0, 0], n)),
            Self::Multicast6 => return Some(numbered([0xff02, 0, 0, 0, 0, 0xdb8], n)),
        };
        let mut n = n;
        for &(first, len) in blocks {
            if n < len {
                return Some(Ipv4Addr::from(first.saturating_add(n)).into());
            }
            n = n.saturating_sub(len);
        }
        None
    }
}

/// The address with `prefix` that ends in `n`, counted from 1.
fn numbered(prefix: [u16; 6], n: u32) -> IpAddr {
    let prefix = prefix
        .into_iter()
        .fold(0_u128, |all, group| (all << 16) | u128::from(group));
    let end = u128::from(n.saturating_add(1));
    Ipv6Addr::from_bits((prefix << 32) | end).into()
}
