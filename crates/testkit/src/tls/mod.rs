//! TLS bytes, put together by hand after RFC 5246 and RFC 8446.
//!
//! What an observer can read is as the RFCs have it; keys, randoms, signatures and ciphertext are
//! noise, the same in every run. Each function gives whole records, ready to be sent, unless its
//! name says that it gives a message.

mod certificate;
mod hello;

pub use certificate::Certificate;
pub use hello::{ClientHello, client_hello, hello_retry_request, server_hello, sslv2_client_hello};

use crate::bytes::{be16, noise, prefixed8, prefixed16, prefixed24};

/// Content type of a ChangeCipherSpec record.
pub const CHANGE_CIPHER_SPEC: u8 = 20;
/// Content type of an alert record.
pub const ALERT: u8 = 21;
/// Content type of a handshake record.
pub const HANDSHAKE: u8 = 22;
/// Content type of an application data record, and of all that TLS 1.3 protects.
pub const APPLICATION_DATA: u8 = 23;

/// The most plaintext that a record holds.
const MAX_FRAGMENT: usize = 1 << 14;

/// A version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// TLS 1.2 (RFC 5246).
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

/// `contents` in as many records as it takes; one empty record where it is empty.
#[must_use]
pub fn records(content_type: u8, contents: &[u8]) -> Vec<u8> {
    if contents.is_empty() {
        return record(content_type, 0x0303, &[]);
    }
    contents
        .chunks(MAX_FRAGMENT)
        .flat_map(|fragment| record(content_type, 0x0303, fragment))
        .collect()
}

/// One record with that version in its header.
#[must_use]
pub fn record(content_type: u8, version: u16, fragment: &[u8]) -> Vec<u8> {
    let mut record = vec![content_type];
    record.extend(version.to_be_bytes());
    record.extend(prefixed16(fragment));
    record
}

/// A handshake message behind its four-byte header.
#[must_use]
pub fn handshake_message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &prefixed24(body)].concat()
}

/// The server's first flight: all up to `ServerHelloDone` (1.2) or its Finished (1.3), a record
/// for each message.
#[must_use]
pub fn server_flight(version: Version, certificate: &Certificate) -> Vec<u8> {
    let certificate = certificate.message();
    match version {
        Version::Tls12 => [
            server_hello(version),
            records(HANDSHAKE, &certificate),
            server_key_exchange(),
            records(HANDSHAKE, &handshake_message(14, &[])),
        ]
        .concat(),
        Version::Tls13 => [
            server_hello(version),
            change_cipher_spec(),
            protected(APPLICATION_DATA, 6 + 17), // EncryptedExtensions, none
            // The certificates have an empty list of extensions each, the message a context.
            protected(APPLICATION_DATA, certificate.len() + 5 + 17),
            protected(APPLICATION_DATA, 264 + 17), // CertificateVerify
            protected(APPLICATION_DATA, 36 + 17),  // Finished
        ]
        .concat(),
    }
}

/// The client's flight that ends in its Finished.
#[must_use]
pub fn client_finished(version: Version) -> Vec<u8> {
    match version {
        Version::Tls12 => {
            let key_exchange = handshake_message(16, &prefixed8(&uncompressed_point(0x434b_4558)));
            [
                records(HANDSHAKE, &key_exchange),
                change_cipher_spec(),
                protected(HANDSHAKE, 40),
            ]
            .concat()
        }
        Version::Tls13 => [change_cipher_spec(), protected(APPLICATION_DATA, 36 + 17)].concat(),
    }
}

/// The server's last flight: ChangeCipherSpec and Finished (1.2), two session tickets (1.3).
#[must_use]
pub fn server_finished(version: Version) -> Vec<u8> {
    match version {
        Version::Tls12 => [change_cipher_spec(), protected(HANDSHAKE, 40)].concat(),
        Version::Tls13 => [
            protected(APPLICATION_DATA, 255),
            protected(APPLICATION_DATA, 255),
        ]
        .concat(),
    }
}

/// A session ticket of TLS 1.2 (RFC 5077), which goes before the server's ChangeCipherSpec.
#[must_use]
pub fn session_ticket() -> Vec<u8> {
    let mut body = 7200_u32.to_be_bytes().to_vec();
    body.extend(prefixed16(&noise(0x7469_636b, 192)));
    records(HANDSHAKE, &handshake_message(4, &body))
}

/// A `ChangeCipherSpec`.
#[must_use]
pub fn change_cipher_spec() -> Vec<u8> {
    record(CHANGE_CIPHER_SPEC, 0x0303, &[1])
}

/// A record of `len` bytes of ciphertext.
#[must_use]
pub fn protected(content_type: u8, len: usize) -> Vec<u8> {
    let seed = u64::try_from(len).unwrap_or(0) << 8 | u64::from(content_type);
    records(content_type, &noise(seed, len))
}

/// Application data of `len` bytes of ciphertext.
#[must_use]
pub fn application_data(len: usize) -> Vec<u8> {
    protected(APPLICATION_DATA, len)
}

/// A fatal alert in clear, by the number of its description (RFC 8446, section 6).
#[must_use]
pub fn alert(description: u8) -> Vec<u8> {
    record(ALERT, 0x0303, &[2, description])
}

/// A `close_notify` as TLS 1.2 protects it.
#[must_use]
pub fn close_notify() -> Vec<u8> {
    protected(ALERT, 26)
}

fn server_key_exchange() -> Vec<u8> {
    let mut body = vec![3]; // a named curve: secp256r1
    body.extend(be16(23));
    body.extend(prefixed8(&uncompressed_point(0x534b_4558)));
    body.extend([8, 4]); // rsa_pss_rsae_sha256
    body.extend(prefixed16(&noise(0x5349_474e, 256)));
    records(HANDSHAKE, &handshake_message(12, &body))
}

/// Something of the shape of a point of secp256r1.
fn uncompressed_point(seed: u64) -> Vec<u8> {
    [&[4][..], &noise(seed, 64)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The content types and lengths of the records in `bytes`, which must end with the last.
    fn walk(mut bytes: &[u8]) -> Vec<(u8, usize)> {
        let mut found = Vec::new();
        while let [content_type, 3, 1 | 3, high, low, rest @ ..] = bytes {
            let len = usize::from(u16::from_be_bytes([*high, *low]));
            found.push((*content_type, len));
            bytes = &rest[len..];
        }
        assert_eq!(bytes, [], "a rest that is no record");
        found
    }

    #[test]
    fn the_flights_of_tls_12_are_the_records_that_it_prescribes() {
        let certificate = Certificate::new("mail.example");
        let kinds: Vec<_> = walk(&server_flight(Version::Tls12, &certificate))
            .into_iter()
            .map(|(kind, _)| kind)
            .collect();
        assert_eq!(kinds, [HANDSHAKE; 4]);
        let client: Vec<_> = walk(&client_finished(Version::Tls12));
        assert_eq!(
            client,
            [(HANDSHAKE, 70), (CHANGE_CIPHER_SPEC, 1), (HANDSHAKE, 40)]
        );
        assert_eq!(
            walk(&server_finished(Version::Tls12)),
            [(CHANGE_CIPHER_SPEC, 1), (HANDSHAKE, 40)]
        );
    }

    #[test]
    fn all_after_the_server_hello_of_tls_13_looks_like_application_data() {
        let flight = walk(&server_flight(
            Version::Tls13,
            &Certificate::new("mail.example"),
        ));
        assert_eq!(flight[0].0, HANDSHAKE);
        assert_eq!(flight[1], (CHANGE_CIPHER_SPEC, 1));
        assert!(
            flight[2..]
                .iter()
                .all(|&(kind, _)| kind == APPLICATION_DATA)
        );
    }

    #[test]
    fn what_is_longer_than_a_record_goes_into_several() {
        assert_eq!(
            walk(&application_data(20_000)),
            [(APPLICATION_DATA, 16_384), (APPLICATION_DATA, 3616)]
        );
        assert_eq!(walk(&application_data(0)), [(APPLICATION_DATA, 0)]);
    }

    #[test]
    fn the_bytes_are_the_same_in_every_run() {
        assert_eq!(application_data(100), application_data(100));
        assert_ne!(noise(1, 8), noise(2, 8));
    }
}
