//! DNS messages (RFC 1035), as stub resolvers and their servers write them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::bytes::{be16, prefixed16};
use crate::packet::Packet;

/// A record type: a number of the IANA registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Type(pub u16);

impl Type {
    /// An IPv4 address.
    pub const A: Self = Self(1);
    /// An alias.
    pub const CNAME: Self = Self(5);
    /// The name of an address.
    pub const PTR: Self = Self(12);
    /// A text.
    pub const TXT: Self = Self(16);
    /// An IPv6 address.
    pub const AAAA: Self = Self(28);
    /// Where a service is.
    pub const SRV: Self = Self(33);
    /// How to reach an HTTPS service (RFC 9460).
    pub const HTTPS: Self = Self(65);

    /// The type of that name, or of that number as `TYPE65280` (RFC 3597).
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "A" => Self::A,
            "CNAME" => Self::CNAME,
            "PTR" => Self::PTR,
            "TXT" => Self::TXT,
            "AAAA" => Self::AAAA,
            "SRV" => Self::SRV,
            "HTTPS" => Self::HTTPS,
            _ => Self(name.strip_prefix("TYPE")?.parse().ok()?),
        })
    }
}

/// How a server says that a question went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rcode(pub u8);

impl Rcode {
    /// It went well, even if there is no record.
    pub const NOERROR: Self = Self(0);
    /// The server could not find out.
    pub const SERVFAIL: Self = Self(2);
    /// There is no such name.
    pub const NXDOMAIN: Self = Self(3);
    /// The server does not want to.
    pub const REFUSED: Self = Self(5);

    /// The code of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "NOERROR" => Self::NOERROR,
            "SERVFAIL" => Self::SERVFAIL,
            "NXDOMAIN" => Self::NXDOMAIN,
            "REFUSED" => Self::REFUSED,
            _ => return None,
        })
    }
}

/// What a record of an answer holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// The name of an address.
    Ptr(String),
    /// An alias: the records after it are of that name.
    Cname(String),
    /// An HTTPS record without parameters: use the name itself, priority 1.
    Https,
    /// Any other type, with its data as it stands on the wire.
    Other(Type, Vec<u8>),
}

impl Record {
    fn encode(&self) -> (Type, Vec<u8>) {
        match self {
            Self::A(address) => (Type::A, address.octets().to_vec()),
            Self::Aaaa(address) => (Type::AAAA, address.octets().to_vec()),
            Self::Ptr(name) => (Type::PTR, encode_name(name)),
            Self::Cname(name) => (Type::CNAME, encode_name(name)),
            Self::Https => (Type::HTTPS, vec![0, 1, 0]),
            Self::Other(kind, data) => (*kind, data.clone()),
        }
    }
}

impl From<IpAddr> for Record {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::A(address),
            IpAddr::V6(address) => Self::Aaaa(address),
        }
    }
}

/// One question of one host to one resolver, over UDP.
///
/// ```
/// use testkit::dns::{Question, Rcode, Type, reverse_name};
///
/// let name = reverse_name("203.0.113.25".parse()?);
/// let ptr = Question::new("10.8.0.1:40001".parse()?, "10.0.0.1:53".parse()?, 48056, &name, Type::PTR);
/// let first = ptr.query();
/// let second = ptr.to("10.0.0.2:53".parse()?).query();
/// let late = ptr.failure(Rcode::NXDOMAIN);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Who asks, and from which port.
    pub asker: SocketAddr,
    /// Who is asked, usually on port 53.
    pub resolver: SocketAddr,
    /// The id that ties query and answer.
    pub id: u16,
    /// The name asked for.
    pub name: String,
    /// The type asked for.
    pub kind: Type,
    /// Whether query and answers carry EDNS (an OPT record with 1232 bytes).
    pub edns: bool,
}

impl Question {
    /// A question without EDNS, as glibc, musl and bionic ask.
    #[must_use]
    pub fn new(asker: SocketAddr, resolver: SocketAddr, id: u16, name: &str, kind: Type) -> Self {
        Self {
            asker,
            resolver,
            id,
            name: name.to_owned(),
            kind,
            edns: false,
        }
    }

    /// The same question to another resolver.
    #[must_use]
    pub fn to(&self, resolver: SocketAddr) -> Self {
        Self {
            resolver,
            ..self.clone()
        }
    }

    /// The same question from another port, as resolvers that do not reuse a socket ask again.
    #[must_use]
    pub fn from_port(&self, port: u16) -> Self {
        Self {
            asker: SocketAddr::new(self.asker.ip(), port),
            ..self.clone()
        }
    }

    /// The query.
    #[must_use]
    pub fn query(&self) -> Packet {
        Packet::datagram(self.asker, self.resolver, &self.query_message())
    }

    /// The answer with these records; none is "no data".
    #[must_use]
    pub fn answer(&self, records: &[Record]) -> Packet {
        self.response(Rcode::NOERROR, false, records)
    }

    /// An answer without records, of that response code.
    #[must_use]
    pub fn failure(&self, rcode: Rcode) -> Packet {
        self.response(rcode, false, &[])
    }

    /// An answer that says: ask again over TCP.
    #[must_use]
    pub fn truncated(&self) -> Packet {
        self.response(Rcode::NOERROR, true, &[])
    }

    /// The query's message, without UDP: behind its length, it is what TCP carries.
    #[must_use]
    pub fn query_message(&self) -> Vec<u8> {
        self.message(0x0100, &[]) // recursion desired
    }

    /// The answer's message, without UDP.
    #[must_use]
    pub fn answer_message(&self, rcode: Rcode, truncated: bool, records: &[Record]) -> Vec<u8> {
        // Response, recursion desired and available.
        let flags = 0x8180 | u16::from(rcode.0 & 0x0f) | if truncated { 0x0200 } else { 0 };
        self.message(flags, records)
    }

    fn response(&self, rcode: Rcode, truncated: bool, records: &[Record]) -> Packet {
        let message = self.answer_message(rcode, truncated, records);
        Packet::datagram(self.resolver, self.asker, &message)
    }

    fn message(&self, flags: u16, records: &[Record]) -> Vec<u8> {
        let mut message = Vec::new();
        message.extend(self.id.to_be_bytes());
        message.extend(flags.to_be_bytes());
        message.extend([0, 1]);
        message.extend(be16(records.len()));
        message.extend([0, 0, 0, u8::from(self.edns)]);
        message.extend(encode_name(&self.name));
        message.extend(self.kind.0.to_be_bytes());
        message.extend([0, 1]);
        // A pointer to the question's name; after an alias, the name that it stands for.
        let mut owner = vec![0xc0, 12];
        for record in records {
            let (kind, data) = record.encode();
            message.extend(&owner);
            message.extend(kind.0.to_be_bytes());
            message.extend([0, 1]);
            message.extend(300_u32.to_be_bytes());
            message.extend(prefixed16(&data));
            if let Record::Cname(target) = record {
                owner = encode_name(target);
            }
        }
        if self.edns {
            message.extend([0, 0, 41]);
            message.extend(1232_u16.to_be_bytes());
            message.extend([0; 6]);
        }
        message
    }
}

/// The name under which an address has its PTR record: `25.113.0.203.in-addr.arpa`, or the
/// nibbles of an IPv6 address under `ip6.arpa`.
#[must_use]
pub fn reverse_name(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(address) => {
            let mut name = String::with_capacity(72);
            for octet in address.octets().into_iter().rev() {
                for nibble in [octet & 0x0f, octet >> 4] {
                    name.extend(char::from_digit(u32::from(nibble), 16));
                    name.push('.');
                }
            }
            name + "ip6.arpa"
        }
    }
}

/// A name in labels, uncompressed; a label longer than 63 bytes is cut there.
#[must_use]
pub fn encode_name(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        let label = label.as_bytes();
        let len = label.len().min(63);
        bytes.extend(u8::try_from(len));
        bytes.extend(label.iter().take(len));
    }
    bytes.push(0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(name: &str, kind: Type) -> Question {
        Question::new(
            "10.8.0.1:40001".parse().unwrap(),
            "10.0.0.1:53".parse().unwrap(),
            0xbbb8,
            name,
            kind,
        )
    }

    #[test]
    fn a_query_is_the_bytes_of_rfc_1035() {
        let expected = b"\xbb\xb8\x01\x00\0\x01\0\0\0\0\0\0\x04smtp\x07example\0\0\x01\0\x01";
        assert_eq!(question("smtp.example", Type::A).query_message(), expected);
    }

    #[test]
    fn an_answer_repeats_the_question_and_points_to_its_name() {
        let answer = question("a.b", Type::A).answer_message(
            Rcode::NOERROR,
            false,
            &[Record::A(Ipv4Addr::new(203, 0, 113, 25))],
        );
        let expected = b"\xbb\xb8\x81\x80\0\x01\0\x01\0\0\0\0\x01a\x01b\0\0\x01\0\x01\
            \xc0\x0c\0\x01\0\x01\0\0\x01\x2c\0\x04\xcb\x00\x71\x19";
        assert_eq!(answer, expected);
    }

    #[test]
    fn records_after_an_alias_are_those_of_its_target() {
        let answer = question("a", Type::A).answer_message(
            Rcode::NOERROR,
            false,
            &[
                Record::Cname("b".into()),
                Record::A(Ipv4Addr::new(1, 2, 3, 4)),
            ],
        );
        let end = b"\x01b\0\0\x01\0\x01\0\0\x01\x2c\0\x04\x01\x02\x03\x04";
        assert!(answer.ends_with(end));
    }

    #[test]
    fn a_failure_has_its_code_and_no_record() {
        let message = question("a", Type::PTR).answer_message(Rcode::NXDOMAIN, false, &[]);
        assert_eq!(message[3] & 0x0f, 3);
        assert_eq!(message[6..8], [0, 0]);
    }

    #[test]
    fn edns_is_one_additional_record() {
        let mut asked = question("a", Type::HTTPS);
        asked.edns = true;
        let message = asked.query_message();
        assert_eq!(message[10..12], [0, 1]);
        assert!(message.ends_with(&[0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0]));
    }

    #[test]
    fn addresses_are_reversed_by_octets_or_nibbles() {
        assert_eq!(
            reverse_name("203.0.113.25".parse().unwrap()),
            "25.113.0.203.in-addr.arpa"
        );
        let v6 = reverse_name("2001:db8::25".parse().unwrap());
        assert!(v6.starts_with("5.2.0.0.0."), "{v6}");
        assert!(v6.ends_with(".8.b.d.0.1.0.0.2.ip6.arpa"), "{v6}");
    }

    #[test]
    fn a_label_longer_than_63_bytes_is_cut() {
        let name = encode_name(&"x".repeat(300));
        assert_eq!((name[0], name.len()), (63, 65));
    }
}
