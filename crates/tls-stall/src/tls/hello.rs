//! What the hellos say, read as far as they were captured.
//!
//! `tls-parser` reads whole hellos only: cut short, a ClientHello has "no extensions", and one
//! extension that it cannot read hides all after it. So the walk is our own, and it reads the
//! contents of the extensions that matter.

use tls_parser::{SNIType, parse_tls_extension_sni_hostname};

/// `server_name` (RFC 6066, section 3).
const SERVER_NAME: u16 = 0;
/// `supported_versions` (RFC 8446, section 4.2.1).
const SUPPORTED_VERSIONS: u16 = 43;

/// The random of a ServerHello that is a HelloRetryRequest (RFC 8446, section 4.1.3).
const RETRY_RANDOM: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// A TLS version as on the wire (0x0303 is TLS 1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(pub(crate) u16);

impl Version {
    pub(crate) const TLS_1_3: Self = Self(0x0304);

    /// `TLS 1.2`, `SSL 3.0`, or the number.
    pub(crate) fn name(self) -> String {
        match self.0 {
            0x0002 => "SSL 2.0".into(),
            0x0300 => "SSL 3.0".into(),
            0x0301 => "TLS 1.0".into(),
            0x0302 => "TLS 1.1".into(),
            0x0303 => "TLS 1.2".into(),
            0x0304 => "TLS 1.3".into(),
            other => format!("0x{other:04x}"),
        }
    }
}

/// What a ClientHello says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ClientHello {
    /// What the client drew at random.
    pub(crate) random: Option<[u8; 32]>,
    pub(crate) server_name: Option<Box<str>>,
    pub(crate) offers_tls_1_3: bool,
}

impl ClientHello {
    /// Reads the message's body, without its four-byte head, as far as it was captured.
    pub(crate) fn parse(body: &[u8]) -> Self {
        let mut hello = Self::default();
        let mut input = Input(body);
        let extensions = (|| {
            input.take(2)?;
            hello.random = input.take(32)?.first_chunk().copied();
            input.vector8()?;
            input.vector16()?;
            input.vector8()?;
            input.take(2)?;
            Some(input)
        })();
        let Some(mut extensions) = extensions else {
            return hello;
        };
        while let Some((kind, content)) = extensions.extension() {
            match kind {
                SERVER_NAME => hello.server_name = server_name(content),
                SUPPORTED_VERSIONS => {
                    hello.offers_tls_1_3 = content
                        .get(1..)
                        .unwrap_or_default()
                        .chunks_exact(2)
                        .any(|version| version == [3, 4]);
                }
                _ => {}
            }
        }
        hello
    }
}

/// What a ServerHello says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ServerHello {
    pub(crate) version: Version,
    /// It is a HelloRetryRequest.
    pub(crate) is_retry: bool,
}

impl ServerHello {
    /// Reads the message's body, without its four-byte head, as far as it was captured.
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        let mut input = Input(body);
        let &[major, minor] = input.take(2)?.first_chunk()?;
        let is_retry = input.take(32).is_some_and(|random| random == RETRY_RANDOM);
        let mut version = Version(u16::from_be_bytes([major, minor]));
        let extensions = (|| {
            input.vector8()?;
            input.take(2 + 1 + 2)?;
            Some(input)
        })();
        if let Some(mut extensions) = extensions {
            while let Some((kind, content)) = extensions.extension() {
                if kind == SUPPORTED_VERSIONS
                    && let &[major, minor] = content
                {
                    version = Version(u16::from_be_bytes([major, minor]));
                }
            }
        }
        Some(Self { version, is_retry })
    }
}

/// Whether a segment begins with a handshake record that holds the head of a ClientHello.
pub(crate) fn begins_client_hello(payload: &[u8]) -> bool {
    begins_hello(payload, super::deframer::handshake::CLIENT_HELLO)
}

/// Whether a segment begins with a handshake record that holds the head of a message of `kind`.
pub(crate) fn begins_hello(payload: &[u8], kind: u8) -> bool {
    let Some(&[22, 3, minor, a, b, message, 0, c, d]) = payload.first_chunk::<9>() else {
        return false;
    };
    // A hello is longer than its version and random, and either fills its record or goes on.
    let (record, message_len) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    minor <= 4 && message == kind && message_len > 34 && record > 4
}

fn server_name(content: &[u8]) -> Option<Box<str>> {
    let mut names = Input(content).vector16()?;
    loop {
        let (rest, (kind, name)) = parse_tls_extension_sni_hostname(names).ok()?;
        if kind == SNIType::HostName {
            return (!name.is_empty()).then(|| String::from_utf8_lossy(name).into());
        }
        names = rest;
    }
}

/// Bytes to be read from the front.
#[derive(Clone, Copy)]
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn vector8(&mut self) -> Option<&'a [u8]> {
        let count = *self.take(1)?.first()?;
        self.take(count.into())
    }

    fn vector16(&mut self) -> Option<&'a [u8]> {
        let &count = self.take(2)?.first_chunk()?;
        self.take(u16::from_be_bytes(count).into())
    }

    fn extension(&mut self) -> Option<(u16, &'a [u8])> {
        let &kind = self.take(2)?.first_chunk()?;
        Some((u16::from_be_bytes(kind), self.vector16()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
        let len = u16::try_from(content.len()).unwrap();
        [&kind.to_be_bytes()[..], &len.to_be_bytes(), content].concat()
    }

    fn sni(name: &str) -> Vec<u8> {
        let len = u16::try_from(name.len()).unwrap();
        let entry = [&[0][..], &len.to_be_bytes(), name.as_bytes()].concat();
        let list = u16::try_from(entry.len()).unwrap();
        extension(SERVER_NAME, &[&list.to_be_bytes()[..], &entry].concat())
    }

    fn client_hello(extensions: &[Vec<u8>]) -> Vec<u8> {
        let extensions = extensions.concat();
        let len = u16::try_from(extensions.len()).unwrap();
        [
            &[3, 3][..],
            &[9; 32],
            &[0],
            &[0, 2, 0x13, 1],
            &[1, 0],
            &len.to_be_bytes(),
            &extensions,
        ]
        .concat()
    }

    #[test]
    fn an_extension_that_cannot_be_read_hides_none_after_it() {
        let bad_alpn = extension(16, &[0, 99, 2, b'h']);
        let hello = ClientHello::parse(&client_hello(&[
            bad_alpn,
            sni("smtp.example"),
            extension(SUPPORTED_VERSIONS, &[4, 0x7a, 0x7a, 3, 4]),
        ]));
        assert_eq!(hello.server_name.as_deref(), Some("smtp.example"));
        assert!(hello.offers_tls_1_3);
    }

    #[test]
    fn a_hello_cut_anywhere_gives_what_was_captured() {
        let whole = client_hello(&[sni("smtp.example"), extension(21, &[0; 100])]);
        for len in 0..whole.len() {
            let name = ClientHello::parse(&whole[..len]).server_name;
            let reaches = len >= whole.len() - 104;
            assert_eq!(name.is_some(), reaches, "cut at {len}");
        }
    }

    #[test]
    fn the_version_chosen_stands_in_the_extension() {
        let selected = extension(SUPPORTED_VERSIONS, &[3, 4]);
        let body = |random: [u8; 32]| {
            [
                &[3, 3][..],
                &random,
                &[0],
                &[0x13, 1, 0],
                &[0, 6],
                &selected,
            ]
            .concat()
        };
        let hello = ServerHello::parse(&body([1; 32])).unwrap();
        assert_eq!((hello.version, hello.is_retry), (Version::TLS_1_3, false));
        assert!(ServerHello::parse(&body(RETRY_RANDOM)).unwrap().is_retry);
        assert_eq!(
            ServerHello::parse(&[3, 3]).unwrap().version.name(),
            "TLS 1.2"
        );
    }

    #[test]
    fn the_head_of_a_client_hello_is_known_and_ciphertext_is_not() {
        assert!(begins_client_hello(&[22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]));
        assert!(!begins_client_hello(&[22, 3, 3, 0, 40, 0x9c, 7, 7, 7, 7]));
        assert!(!begins_client_hello(b"EHLO tablet"));
    }
}
