//! What the steps of a scenario send.

use super::words::Words;
use crate::bytes::{be16, noise};
use crate::tls::{self, Certificate, ClientHello, Version};

/// More than any scenario needs of certificates, padding or application data.
const MOST_BYTES: usize = 1 << 20;

/// What a step sends that sends data.
pub(super) fn data(step: &str, words: &mut Words) -> Result<Vec<u8>, String> {
    let version = if words.flag("tls1.3") {
        Version::Tls13
    } else {
        Version::Tls12
    };
    Ok(match step {
        "text" => words.next("the text")?.into_bytes(),
        "bytes" => hex(&words.next("the bytes")?)?,
        "client-hello" => client_hello(version, words)?,
        "sslv2-hello" => tls::sslv2_client_hello(),
        "server-hello" => tls::server_hello(version),
        "hello-retry" => tls::hello_retry_request(),
        "server-flight" => tls::server_flight(version, &certificate(words)?),
        "server-rest" => {
            let flight = tls::server_flight(version, &certificate(words)?);
            let hello = tls::server_hello(version).len();
            flight.get(hello..).unwrap_or_default().to_vec()
        }
        "client-finished" => tls::client_finished(version),
        "server-finished" => tls::server_finished(version),
        "session-ticket" => tls::session_ticket(),
        "app" => tls::application_data(words.number("the length", MOST_BYTES)?),
        "alert" => {
            let description = words.number("the alert's number", 255)?;
            tls::alert(u8::try_from(description).unwrap_or(0))
        }
        "close-notify" => tls::close_notify(),
        _ => return Err(format!("there is no step {step:?}")),
    })
}

fn client_hello(version: Version, words: &mut Words) -> Result<Vec<u8>, String> {
    let mut hello = ClientHello::new(version);
    if let Some(name) = words.value("sni") {
        hello = hello.server_name(&name);
    }
    if let Some(protocols) = words.value("alpn") {
        hello = hello.alpn(&protocols.split(',').collect::<Vec<_>>());
    }
    if words.flag("pq") {
        hello = hello.post_quantum();
    }
    if words.flag("retried") {
        hello = hello.retried();
    }
    if let Some(len) = words.value_number("padded", 0xf000)? {
        hello = hello.padded_to(len);
    }
    Ok(hello.record())
}

fn certificate(words: &mut Words) -> Result<Certificate, String> {
    let name = words.value("name");
    let mut certificate = Certificate::new(name.as_deref().unwrap_or("mail.example"));
    if let Some(url) = words.value("ocsp") {
        certificate = certificate.ocsp(&url);
    }
    if let Some(len) = words.value_number("chain", MOST_BYTES)? {
        certificate = certificate.chain_len(len);
    }
    Ok(certificate)
}

/// An Initial packet of QUIC version 1 in its 1200 bytes (RFC 9000, section 17.2.2), its payload
/// as unreadable as a protected one is without its keys.
pub(super) fn quic_initial() -> Vec<u8> {
    let mut packet = vec![0xc3, 0, 0, 0, 1, 8];
    packet.extend(noise(0x5155, 8)); // the destination's connection id
    packet.extend([0, 0]); // no source connection id, no token
    let payload = 1200 - packet.len() - 2;
    packet.extend(be16(0x4000 | payload)); // a length of two bytes
    packet.extend(noise(0x5156, payload));
    packet
}

pub(super) fn hex(text: &str) -> Result<Vec<u8>, String> {
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    let wrong = || format!("{text:?} is not hexadecimal");
    if !odd.is_empty() {
        return Err(wrong());
    }
    pairs
        .iter()
        .map(|pair| {
            let pair = str::from_utf8(pair).map_err(|_| wrong())?;
            u8::from_str_radix(pair, 16).map_err(|_| wrong())
        })
        .collect()
}
