//! The hellos of both sides.

use super::{HANDSHAKE, Version, handshake_message, record, records, uncompressed_point};
use crate::bytes::{be16, noise, prefixed8, prefixed16};

const X25519: u16 = 0x001d;
const SECP256R1: u16 = 0x0017;
const X25519MLKEM768: u16 = 0x11ec;

/// The random by which a `ServerHello` is known to be a `HelloRetryRequest` (RFC 8446, section
/// 4.1.3): the SHA-256 of that word.
const HELLO_RETRY_RANDOM: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// A ClientHello in the making.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientHello {
    version: Version,
    server_name: Option<String>,
    alpn: Vec<String>,
    shares: Vec<u16>,
    padded_to: usize,
    extra_extensions: Vec<(u16, Vec<u8>)>,
}

impl ClientHello {
    /// A hello that offers at most this version, without a server name.
    #[must_use]
    pub fn new(version: Version) -> Self {
        Self {
            version,
            server_name: None,
            alpn: Vec::new(),
            shares: vec![X25519],
            padded_to: 0,
            extra_extensions: Vec::new(),
        }
    }

    /// With the name of the server that the client wants (RFC 6066, section 3).
    #[must_use]
    pub fn server_name(mut self, name: &str) -> Self {
        self.server_name = Some(name.to_owned());
        self
    }

    /// With the application protocols that the client speaks (RFC 7301).
    #[must_use]
    pub fn alpn(mut self, protocols: &[&str]) -> Self {
        self.alpn = protocols.iter().map(|&name| name.to_owned()).collect();
        self
    }

    /// With a post-quantum key share before the usual one (X25519MLKEM768, 1216 bytes), padded to
    /// 1700 bytes, the length of a browser's: too long for one segment.
    #[must_use]
    pub fn post_quantum(mut self) -> Self {
        self.shares = vec![X25519MLKEM768, X25519];
        self.padded_to(1700)
    }

    /// As the client repeats it after a [`hello_retry_request`]: with a share of the group that
    /// the server asked for.
    #[must_use]
    pub fn retried(mut self) -> Self {
        self.shares = vec![SECP256R1];
        self
    }

    /// Padded (RFC 7685) until the message is `len` bytes long; left alone where it is longer.
    #[must_use]
    pub const fn padded_to(mut self, len: usize) -> Self {
        self.padded_to = len;
        self
    }

    /// With any other extension, before all others.
    #[must_use]
    pub fn extension(mut self, kind: u16, body: &[u8]) -> Self {
        self.extra_extensions.push((kind, body.to_vec()));
        self
    }

    /// The handshake message.
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend(noise(0x4348, 32));
        let session_id = match self.version {
            Version::Tls12 => Vec::new(),
            Version::Tls13 => noise(0x4349, 32),
        };
        body.extend(prefixed8(&session_id));
        let suites: &[u16] = match self.version {
            Version::Tls12 => &[0xc02f, 0xc030, 0xc02b, 0xc013, 0xc014, 0x002f, 0x00ff],
            Version::Tls13 => &[0x1301, 0x1302, 0x1303, 0xc02f, 0xc02b],
        };
        body.extend(list16(suites));
        body.extend([1, 0]);
        let mut extensions = self.extensions();
        let unpadded = 4 + body.len() + 2 + extensions.len();
        if let Some(padding) = self.padded_to.checked_sub(unpadded).filter(|&len| len > 0) {
            extensions.extend(extension(21, &vec![0; padding.saturating_sub(4)]));
        }
        body.extend(prefixed16(&extensions));
        handshake_message(1, &body)
    }

    /// The message in records, the first of which says version 1.0 as clients write it (RFC
    /// 8446, section 5.1).
    #[must_use]
    pub fn record(&self) -> Vec<u8> {
        record(HANDSHAKE, 0x0301, &self.message())
    }

    /// The message cut over two records after `len` bytes.
    #[must_use]
    pub fn in_two_records(&self, len: usize) -> Vec<u8> {
        let message = self.message();
        let (first, second) = message.split_at(len.min(message.len()));
        [
            record(HANDSHAKE, 0x0301, first),
            record(HANDSHAKE, 0x0301, second),
        ]
        .concat()
    }

    fn extensions(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for (kind, body) in &self.extra_extensions {
            all.extend(extension(*kind, body));
        }
        if let Some(name) = &self.server_name {
            let entry = [&[0][..], &prefixed16(name.as_bytes())].concat();
            all.extend(extension(0, &prefixed16(&entry)));
        }
        all.extend(extension(23, &[])); // extended master secret
        let mut groups = vec![X25519, SECP256R1, 0x0018];
        if self.shares.contains(&X25519MLKEM768) {
            groups.insert(0, X25519MLKEM768);
        }
        all.extend(extension(10, &list16(&groups)));
        all.extend(extension(11, &[1, 0])); // uncompressed points
        all.extend(extension(35, &[])); // a session ticket is welcome
        if !self.alpn.is_empty() {
            let names: Vec<u8> = self
                .alpn
                .iter()
                .flat_map(|name| prefixed8(name.as_bytes()))
                .collect();
            all.extend(extension(16, &prefixed16(&names)));
        }
        let signatures = list16(&[0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501]);
        all.extend(extension(13, &signatures));
        if self.version == Version::Tls13 {
            all.extend(extension(43, &prefixed8(&[3, 4, 3, 3])));
            all.extend(extension(45, &[1, 1])); // resumption with a key exchange
            let shares: Vec<u8> = self.shares.iter().flat_map(|&group| share(group)).collect();
            all.extend(extension(51, &prefixed16(&shares)));
        }
        all
    }
}

/// A TLS 1.2 ClientHello for that server, in its record.
#[must_use]
pub fn client_hello(server_name: &str) -> Vec<u8> {
    ClientHello::new(Version::Tls12)
        .server_name(server_name)
        .record()
}

/// A ServerHello of that version, in its record.
#[must_use]
pub fn server_hello(version: Version) -> Vec<u8> {
    let random = noise(0x5348, 32);
    let message = match version {
        Version::Tls12 => {
            let extensions = [
                extension(0xff01, &[0]), // secure renegotiation
                extension(11, &[1, 0]),
                extension(23, &[]),
            ];
            server_hello_message(&random, &noise(0x5349, 32), 0xc02f, &extensions.concat())
        }
        Version::Tls13 => {
            let extensions = [extension(43, &[3, 4]), extension(51, &share(X25519))];
            server_hello_message(&random, &noise(0x4349, 32), 0x1301, &extensions.concat())
        }
    };
    records(HANDSHAKE, &message)
}

/// A request for another ClientHello, with a share of secp256r1, in its record; behind it the
/// ChangeCipherSpec that goes with it (RFC 8446, appendix D.4).
#[must_use]
pub fn hello_retry_request() -> Vec<u8> {
    let extensions = [extension(43, &[3, 4]), extension(51, &be16(23))].concat();
    let message =
        server_hello_message(&HELLO_RETRY_RANDOM, &noise(0x4349, 32), 0x1301, &extensions);
    [records(HANDSHAKE, &message), super::change_cipher_spec()].concat()
}

/// A hello in the format of SSL 2 that offers up to TLS 1.0, as Java 6 sends it (RFC 5246,
/// appendix E.2).
#[must_use]
pub fn sslv2_client_hello() -> Vec<u8> {
    let suites = [0x00_00_2f, 0x00_00_35, 0x00_00_05, 0x00_00_0a, 0x01_00_80]
        .iter()
        .flat_map(|&suite: &usize| crate::bytes::be24(suite))
        .collect::<Vec<u8>>();
    let mut message = vec![1, 3, 1];
    message.extend(be16(suites.len()));
    message.extend([0, 0]); // no session
    message.extend(be16(32));
    message.extend(suites);
    message.extend(noise(0x5332, 32));
    let [high, low] = be16(message.len());
    [&[0x80 | high, low][..], &message].concat()
}

fn server_hello_message(
    random: &[u8],
    session_id: &[u8],
    suite: u16,
    extensions: &[u8],
) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend(random);
    body.extend(prefixed8(session_id));
    body.extend(suite.to_be_bytes());
    body.push(0);
    body.extend(prefixed16(extensions));
    handshake_message(2, &body)
}

/// A key share: the group, and a public key of its length.
fn share(group: u16) -> Vec<u8> {
    let seed = u64::from(group);
    let key = match group {
        SECP256R1 => uncompressed_point(seed),
        X25519MLKEM768 => noise(seed, 1216),
        _ => noise(seed, 32),
    };
    [&group.to_be_bytes()[..], &prefixed16(&key)].concat()
}

fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &prefixed16(body)].concat()
}

fn list16(values: &[u16]) -> Vec<u8> {
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_be_bytes())
        .collect();
    prefixed16(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(bytes: &[u8], part: &[u8]) -> bool {
        bytes.windows(part.len()).any(|window| window == part)
    }

    #[test]
    fn the_lengths_in_a_hello_add_up() {
        let hello = client_hello("smtp.example");
        let record_len = usize::from(u16::from_be_bytes([hello[3], hello[4]]));
        assert_eq!(record_len, hello.len() - 5);
        assert_eq!(hello[5..7], [1, 0]);
        let message_len = usize::from(u16::from_be_bytes([hello[7], hello[8]]));
        assert_eq!(message_len, hello.len() - 9);
    }

    #[test]
    fn the_name_is_in_the_hello_only_if_asked_for() {
        let name = b"\x00\x00\x00\x11\x00\x0f\x00\x00\x0csmtp.example";
        assert!(contains(&client_hello("smtp.example"), name));
        let without = ClientHello::new(Version::Tls12).message();
        assert!(!contains(&without, b"smtp.example"));
    }

    #[test]
    fn a_post_quantum_hello_does_not_fit_into_a_segment() {
        let hello = ClientHello::new(Version::Tls13).post_quantum();
        assert!(hello.record().len() > 1460);
        // Group and length of the share.
        assert!(contains(&hello.record(), &[0x11, 0xec, 0x04, 0xc0]));
    }

    #[test]
    fn padding_brings_the_message_to_the_length_asked_for() {
        let hello = ClientHello::new(Version::Tls13).server_name("a.example");
        assert_eq!(hello.clone().padded_to(512).message().len(), 512);
        assert_eq!(hello.clone().padded_to(10).message(), hello.message());
    }

    #[test]
    fn a_message_over_two_records_is_whole_when_they_are_joined() {
        let hello = ClientHello::new(Version::Tls12);
        let records = hello.in_two_records(50);
        let joined = [&records[5..55], &records[60..]].concat();
        assert_eq!(joined, hello.message());
    }

    #[test]
    fn a_retry_request_is_known_by_its_random() {
        assert_eq!(hello_retry_request()[11..43], HELLO_RETRY_RANDOM);
        let retried = ClientHello::new(Version::Tls13).retried().message();
        assert!(contains(&retried, &[0, 23, 0, 65, 4]));
    }

    #[test]
    fn an_ssl_2_hello_has_its_two_byte_header() {
        let hello = sslv2_client_hello();
        assert_eq!(hello[0], 0x80);
        assert_eq!(usize::from(hello[1]), hello.len() - 2);
        assert_eq!(hello[2..5], [1, 3, 1]);
    }
}
