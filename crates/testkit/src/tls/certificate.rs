//! X.509 certificates (RFC 5280) that any reader takes for whole, and no one can verify.

use super::handshake_message;
use crate::bytes::{noise, prefixed24};

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OCTET_STRING: u8 = 0x04;

/// A server's certificate, with those of its issuers where it is to be long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    subject: String,
    ocsp_url: Option<String>,
    chain_len: usize,
}

impl Certificate {
    /// A certificate for that name, of about 800 bytes.
    #[must_use]
    pub fn new(subject: &str) -> Self {
        Self {
            subject: subject.to_owned(),
            ocsp_url: None,
            chain_len: 0,
        }
    }

    /// With the address of a server that tells whether it is revoked (RFC 5280, section 4.2.2.1).
    #[must_use]
    pub fn ocsp(mut self, url: &str) -> Self {
        self.ocsp_url = Some(url.to_owned());
        self
    }

    /// With as many issuers' certificates as it takes for a message of at least `len` bytes,
    /// and less than a kilobyte more.
    #[must_use]
    pub const fn chain_len(mut self, len: usize) -> Self {
        self.chain_len = len;
        self
    }

    /// The Certificate message of TLS 1.2.
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        let mut chain = prefixed24(&self.der());
        let mut issuer = 1;
        while 4 + 3 + chain.len() < self.chain_len {
            let name = format!("Issuer {issuer}");
            chain.extend(prefixed24(&certificate(&name, None, issuer)));
            issuer += 1;
        }
        handshake_message(11, &prefixed24(&chain))
    }

    /// The server's own certificate, in DER.
    #[must_use]
    pub fn der(&self) -> Vec<u8> {
        certificate(&self.subject, self.ocsp_url.as_deref(), 0)
    }
}

/// A certificate at that place of a chain, issued by the one at the next.
fn certificate(subject: &str, ocsp_url: Option<&str>, place: u64) -> Vec<u8> {
    let sha256_with_rsa = sequence(&[&oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11]), NULL]);
    let rsa = sequence(&[&oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]), NULL]);
    let modulus = [&[0, 0x80][..], &noise(0x4b45_5900 + place, 255)].concat();
    let key = sequence(&[&der(0x02, &modulus), &der(0x02, &[1, 0, 1])]);
    let validity = sequence(&[&der(0x17, b"140101000000Z"), &der(0x17, b"340101000000Z")]);

    // subjectAltName: a DNS name.
    let mut extensions = vec![extension(
        &[0x55, 0x1d, 0x11],
        &sequence(&[&der(0x82, subject.as_bytes())]),
    )];
    if let Some(url) = ocsp_url {
        // authorityInfoAccess: OCSP at a URI.
        let ocsp = oid(&[0x2b, 6, 1, 5, 5, 7, 0x30, 1]);
        let access = sequence(&[&sequence(&[&ocsp, &der(0x86, url.as_bytes())])]);
        extensions.push(extension(&[0x2b, 6, 1, 5, 5, 7, 1, 1], &access));
    }
    let extensions = der(0xa3, &der(SEQUENCE, &extensions.concat()));

    let to_be_signed = sequence(&[
        &der(0xa0, &der(0x02, &[2])), // version 3
        &der(0x02, &[&[1][..], &noise(place, 8)].concat()),
        &sha256_with_rsa,
        &common_name(&format!("Issuer {}", place + 1)),
        &validity,
        &common_name(subject),
        &sequence(&[&rsa, &bit_string(&key)]),
        &extensions,
    ]);
    let signature = noise(0x5349_4700 + place, 256);
    sequence(&[&to_be_signed, &sha256_with_rsa, &bit_string(&signature)])
}

const NULL: &[u8] = &[0x05, 0x00];

fn extension(id: &[u8], value: &[u8]) -> Vec<u8> {
    sequence(&[&oid(id), &der(OCTET_STRING, value)])
}

fn common_name(name: &str) -> Vec<u8> {
    let attribute = sequence(&[&oid(&[0x55, 0x04, 0x03]), &der(0x0c, name.as_bytes())]);
    sequence(&[&der(SET, &attribute)])
}

fn oid(encoded: &[u8]) -> Vec<u8> {
    der(0x06, encoded)
}

fn bit_string(bytes: &[u8]) -> Vec<u8> {
    der(0x03, &[&[0][..], bytes].concat())
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    der(SEQUENCE, &parts.concat())
}

/// A value behind its tag and its length, in the shortest form as DER demands.
fn der(tag: u8, contents: &[u8]) -> Vec<u8> {
    let len = u16::try_from(contents.len()).unwrap_or(u16::MAX);
    let [high, low] = len.to_be_bytes();
    let header = match len {
        0..=0x7f => vec![tag, low],
        0x80..=0xff => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [&header[..], contents].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_the_shortest_form() {
        assert_eq!(der(4, &[0; 0x7f])[..2], [4, 0x7f]);
        assert_eq!(der(4, &[0; 0x80])[..3], [4, 0x81, 0x80]);
        assert_eq!(der(4, &[0; 0x100])[..4], [4, 0x82, 1, 0]);
    }

    #[test]
    fn the_chain_grows_to_the_length_asked_for() {
        for len in [0, 1000, 3000, 5000] {
            let message = Certificate::new("mail.example").chain_len(len).message();
            assert!(
                (len..len + 1000).contains(&message.len()),
                "{len}: {}",
                message.len()
            );
        }
    }

    #[test]
    fn the_names_stand_in_clear() {
        let der = Certificate::new("mail.example")
            .ocsp("http://ocsp.example/")
            .der();
        for name in [&b"mail.example"[..], b"http://ocsp.example/"] {
            assert!(der.windows(name.len()).any(|window| window == name));
        }
    }
}
