//! Name lookups that cannot be read because they are encrypted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::decode::Datagram;
use crate::time::Moment;
use crate::timeline::Setup;

/// The port of DNS over TLS (RFC 7858) and over QUIC (RFC 9250).
const DNS_OVER_TLS: u16 = 853;

const HTTPS: u16 = 443;

/// Hosts that are remembered.
const MAX_ASKERS: usize = 256;

/// The names under which public resolvers answer DNS over HTTPS (RFC 8484), from their
/// documentation and the lists of the browsers.
const NAMES: [&str; 16] = [
    "chrome.cloudflare-dns.com",
    "cloudflare-dns.com",
    "dns.adguard-dns.com",
    "dns.google",
    "dns.nextdns.io",
    "dns.quad9.net",
    "dns10.quad9.net",
    "dns11.quad9.net",
    "dns9.quad9.net",
    "doh.cleanbrowsing.org",
    "doh.dns.sb",
    "doh.opendns.com",
    "firefox.dns.nextdns.io",
    "mozilla.cloudflare-dns.com",
    "one.one.one.one",
    "security.cloudflare-dns.com",
];

const V4: [[u8; 4]; 6] = [
    [1, 1, 1, 1],
    [1, 0, 0, 1],
    [8, 8, 8, 8],
    [8, 8, 4, 4],
    [9, 9, 9, 9],
    [149, 112, 112, 112],
];

const V6: [[u16; 8]; 6] = [
    [0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1111],
    [0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1001],
    [0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8888],
    [0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8844],
    [0x2620, 0xfe, 0, 0, 0, 0, 0, 0xfe],
    [0x2620, 0xfe, 0, 0, 0, 0, 0, 0x9],
];

/// Whether a datagram goes to a resolver whose answers cannot be read.
pub(super) fn concerns(datagram: &Datagram<'_>) -> bool {
    let to = datagram.destination;
    to.port == DNS_OVER_TLS || (to.port == HTTPS && is_public_resolver(to.ip))
}

/// Who looks names up in a way that cannot be read.
#[derive(Debug, Default)]
pub(crate) struct EncryptedDns {
    first: Option<(Moment, &'static str)>,
    askers: Vec<IpAddr>,
}

impl EncryptedDns {
    pub(super) fn udp(&mut self, datagram: &Datagram<'_>, moment: Moment) {
        if concerns(datagram) {
            let how = match datagram.destination.port {
                DNS_OVER_TLS => "QUIC (port 853)",
                _ => "HTTPS to a public resolver",
            };
            self.note(datagram.source.ip, moment, how);
        }
    }

    pub(super) fn settle(&mut self, setup: &Setup) {
        if setup.server.port == DNS_OVER_TLS {
            self.note(setup.client.ip, setup.first, "TLS (port 853)");
        } else if setup.server.port == HTTPS && setup.reading.is_tls && is_resolver(setup) {
            self.note(setup.client.ip, setup.first, "HTTPS to a public resolver");
        }
    }

    fn note(&mut self, asker: IpAddr, moment: Moment, how: &'static str) {
        if self.first.is_none_or(|(first, _)| moment < first) {
            self.first = Some((moment, how));
        }
        if self.askers.len() < MAX_ASKERS && !self.askers.contains(&asker) {
            self.askers.push(asker);
        }
    }

    /// The first frame of such lookups, and how they go.
    pub(crate) fn first(&self) -> Option<(Moment, &'static str)> {
        self.first
    }

    /// Whether `asker` looks names up so.
    pub(crate) fn is_used_by(&self, asker: IpAddr) -> bool {
        self.askers.contains(&asker)
    }
}

/// By the name in the ClientHello; without one, by the address.
fn is_resolver(setup: &Setup) -> bool {
    if let Some(name) = setup.reading.server_name.as_deref() {
        return NAMES.iter().any(|known| known.eq_ignore_ascii_case(name));
    }
    is_public_resolver(setup.server.ip)
}

fn is_public_resolver(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => V4.map(Ipv4Addr::from).contains(&ip),
        IpAddr::V6(ip) => V6.map(Ipv6Addr::from).contains(&ip),
    }
}
