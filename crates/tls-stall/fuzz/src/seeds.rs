//! What the fuzzer begins with: the captures of `testdata`, scripts of what they hold, and what once broke
//! a promise.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use testkit::dns::{Question, Rcode, Record, Type, reverse_name};
use testkit::tls::{self, Certificate, Version};
use tls_stall::CaptureReader;

use crate::Script;

/// Captures longer than this are left out: the fuzzer would hardly change them where it matters.
const MAX_FILE: u64 = 64 * 1024;

/// The seeds of the target of that name, each with a name of its own.
///
/// # Errors
///
/// Where `testdata` cannot be read.
pub fn of(target: &str) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut seeds = match target {
        "capture" | "whole" => captures(&[
            "origin",
            "formats",
            "malformed",
            "encapsulations",
            "recorded",
        ]),
        "decode" => frames(),
        "dns" => Ok(messages()),
        "tls" => Ok(streams()),
        _ => Ok(Vec::new()),
    }?;
    let regressions = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions");
    for entry in fs::read_dir(regressions.join(target)).into_iter().flatten() {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        seeds.push((name, fs::read(entry.path())?));
    }
    Ok(seeds)
}

/// The folder of captures.
fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../testdata")
}

fn captures(folders: &[&str]) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    for folder in folders {
        for entry in fs::read_dir(testdata().join(folder))? {
            let entry = entry?;
            let kind = entry.metadata()?;
            if kind.is_file() && kind.len() <= MAX_FILE {
                let name = format!("{folder}-{}", entry.file_name().to_string_lossy());
                files.push((name, fs::read(entry.path())?));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// The frames of captures of each link type and tunnel, a script each.
fn frames() -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut scripts = Vec::new();
    for (name, file) in captures(&["encapsulations", "formats"])? {
        let Ok(mut reader) = CaptureReader::new(file.as_slice()) else {
            continue;
        };
        let mut script = Vec::new();
        while let Ok(Some(frame)) = reader.next_frame() {
            let link_type = frame.link_type.0.to_be_bytes();
            Script::put(&mut script, 0, 100, &[&link_type, frame.data].concat());
        }
        scripts.push((name, script));
    }
    Ok(scripts)
}

/// Questions and answers of each kind.
fn messages() -> Vec<(String, Vec<u8>)> {
    const ANSWER: u8 = 1;
    const OVER_TCP: u8 = 8;
    let (asker, resolver) = (([10, 8, 0, 1], 40_000).into(), ([10, 0, 0, 1], 53).into());
    let server = [203, 0, 113, 25].into();
    let question = |name: &str, kind| Question::new(asker, resolver, 7, name, kind);
    let address = Record::A([203, 0, 113, 25].into());
    let ptr = question(&reverse_name(server), Type::PTR);
    let a = question("mail.example", Type::A);
    let answers = [
        (
            "ptr",
            &ptr,
            ptr.answer_message(Rcode::NOERROR, false, &[Record::Ptr("mail.example".into())]),
        ),
        (
            "no-such-name",
            &ptr,
            ptr.answer_message(Rcode::NXDOMAIN, false, &[]),
        ),
        (
            "failure",
            &ptr,
            ptr.answer_message(Rcode::SERVFAIL, false, &[]),
        ),
        (
            "refused",
            &ptr,
            ptr.answer_message(Rcode::REFUSED, false, &[]),
        ),
        ("truncated", &a, a.answer_message(Rcode::NOERROR, true, &[])),
        (
            "address",
            &a,
            a.answer_message(
                Rcode::NOERROR,
                false,
                &[Record::Cname("x.example".into()), address],
            ),
        ),
    ];
    let mut scripts = Vec::new();
    for (name, asked, answer) in answers {
        for service in 0..4_u8 {
            let mut script = Vec::new();
            Script::put(&mut script, service << 1, 1, &asked.query_message());
            Script::put(&mut script, service << 1, 50, &asked.query_message());
            Script::put(&mut script, service << 1 | ANSWER, 50, &answer);
            scripts.push((format!("{name}-{service}"), script));
        }
        let framed = |message: &[u8]| {
            let len = u16::try_from(message.len()).unwrap_or_default();
            [&len.to_be_bytes(), message].concat()
        };
        let mut script = Vec::new();
        Script::put(&mut script, OVER_TCP, 1, &framed(&asked.query_message()));
        Script::put(&mut script, OVER_TCP | ANSWER, 50, &framed(&answer));
        scripts.push((format!("{name}-tcp"), script));
    }
    scripts
}

/// What a side sends.
type Step = (u8, Vec<u8>);

/// Handshakes and the dialogues before them, in each way of sending.
fn streams() -> Vec<(String, Vec<u8>)> {
    const SERVER: u8 = 1;
    let certificate = Certificate::new("mail.example")
        .chain_len(2000)
        .ocsp("http://ocsp.example/");
    let handshake = |version: Version| {
        vec![
            (0, tls::client_hello("mail.example")),
            (SERVER, tls::server_flight(version, &certificate)),
            (0, tls::client_finished(version)),
            (SERVER, tls::server_finished(version)),
            (0, tls::application_data(100)),
            (SERVER, tls::close_notify()),
        ]
    };
    let text = |lines: &[(u8, &str)]| -> Vec<Step> {
        lines
            .iter()
            .map(|&(side, line)| (side, line.as_bytes().to_vec()))
            .collect()
    };
    let hello = vec![(0, tls::client_hello("mail.example"))];
    let dialogues: Vec<(&str, u8, Vec<Step>)> = vec![
        ("tls12", 0, handshake(Version::Tls12)),
        ("tls13", 1, handshake(Version::Tls13)),
        ("retry", 0, [hello.clone(), vec![(SERVER, tls::hello_retry_request())], handshake(Version::Tls13)].concat()),
        ("sslv2", 0, vec![(0, tls::sslv2_client_hello())]),
        ("alert", 0, [hello.clone(), vec![(SERVER, tls::alert(40))]].concat()),
        ("smtp", 2, [text(&[
            (SERVER, "220-mail\r\n220 mail ESMTP\r\n"), (0, "EHLO a\r\n"), (SERVER, "250-mail\r\n250 STARTTLS\r\n"),
            (0, "STARTTLS\r\n"), (SERVER, "220 go\r\n"),
        ]), handshake(Version::Tls12)].concat()),
        ("rejected", 2, text(&[(SERVER, "554 5.7.1 Client host [10.8.0.1] blocked using zen.example\r\n")])),
        ("imap", 3, [text(&[
            (SERVER, "* OK ready\r\n"), (0, "a STARTTLS\r\n"), (SERVER, "a OK go\r\n"),
        ]), handshake(Version::Tls12)].concat()),
        ("pop3", 4, [text(&[(SERVER, "+OK ready\r\n"), (0, "STLS\r\n"), (SERVER, "+OK\r\n")]), hello.clone()].concat()),
        ("ftp", 5, [text(&[(SERVER, "220 ftp\r\n"), (0, "AUTH TLS\r\n"), (SERVER, "234 go\r\n")]), hello.clone()].concat()),
        ("xmpp", 7, [text(&[
            (0, "<stream:stream to='a'>"), (SERVER, "<stream:features><starttls/></stream:features>"),
            (0, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"), (SERVER, "<proceed/>"),
        ]), hello.clone()].concat()),
        ("ldap", 6, [vec![
            (0, b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037".to_vec()),
            (SERVER, b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\0\x04\0\x04\0".to_vec()),
        ], hello.clone()].concat()),
        ("postgresql", 8, [vec![(0, b"\0\0\0\x08\x04\xd2\x16\x2f".to_vec()), (SERVER, b"S".to_vec())], hello.clone()].concat()),
        ("mysql", 9, [vec![
            (SERVER, b"\x4a\0\0\0\x0a8.0.36\0\x01\0\0\0abcdefgh\0\xff\xff\xff\x02\0\xff\xdf\x15\0\0\0\0\0\0\0\0\0\0abcdefghijkl\0mysql_native_password\0".to_vec()),
            (0, b"\x20\0\0\x01\x85\xae\xff\x19\0\0\0\x01\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec()),
        ], hello.clone()].concat()),
        ("connect", 10, [text(&[
            (0, "CONNECT mail.example:465 HTTP/1.1\r\nHost: mail.example\r\n\r\n"), (SERVER, "HTTP/1.1 200 OK\r\n\r\n"),
        ]), hello.clone()].concat()),
        ("socks", 10, [vec![
            (0, b"\x05\x01\0".to_vec()), (SERVER, b"\x05\0".to_vec()),
            (0, b"\x05\x01\0\x03\x0cmail.example\x01\xd1".to_vec()), (SERVER, b"\x05\0\0\x01\0\0\0\0\0\0".to_vec()),
        ], hello].concat()),
        ("http", 11, text(&[(0, "GET /x HTTP/1.1\r\nHost: ocsp.example\r\n\r\n"), (SERVER, "HTTP/1.1 200 OK\r\n\r\n")])),
    ];
    let mut scripts = Vec::new();
    for (name, port, steps) in dialogues {
        for how in [0, 1, 2, 3, 5_u8] {
            let mut script = vec![port];
            for (side, bytes) in &steps {
                Script::put(&mut script, side | how << 1, 20, bytes);
            }
            scripts.push((format!("{name}-{how}"), script));
        }
    }
    scripts
}
