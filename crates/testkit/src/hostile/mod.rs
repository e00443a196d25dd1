//! Captures that are made to be a burden: each kind has in great number what costs a reader most.
//!
//! `crates/testkit/hostile` measures the command on them, and writes what it found to
//! `docs/hostile.md`.

mod container;
mod handshakes;
mod names;
mod segments;

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::{Packet, generate};

/// Takes packets in the order in which they stand in the capture, each with its time since the
/// capture's start.
pub type Sink<'a> = &'a mut dyn FnMut(Duration, Packet) -> io::Result<()>;

/// One way to be a burden.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What a capture of it holds, of which the count says how many.
    pub about: &'static str,
    /// What makes it.
    pub make: Make,
}

/// What makes a capture.
#[derive(Debug, Clone, Copy)]
pub enum Make {
    /// Its packets, which any format can hold.
    Packets(fn(u64, Sink<'_>) -> io::Result<()>),
    /// The whole file, since the burden is in its format.
    File(fn(u64, &mut dyn Write) -> io::Result<()>),
}

impl Kind {
    /// The kind of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        KINDS.iter().find(|kind| kind.name == name).copied()
    }
}

const fn packets(
    name: &'static str,
    about: &'static str,
    make: fn(u64, Sink<'_>) -> io::Result<()>,
) -> Kind {
    let make = Make::Packets(make);
    Kind { name, about, make }
}

const fn file(
    name: &'static str,
    about: &'static str,
    make: fn(u64, &mut dyn Write) -> io::Result<()>,
) -> Kind {
    let make = Make::File(make);
    Kind { name, about, make }
}

/// Every kind.
pub const KINDS: &[Kind] = &[
    packets(
        "syn-flood",
        "SYNs, each of another connection, none answered",
        |count, sink| generate::half_open(count, sink),
    ),
    packets(
        "one-packet-flows",
        "segments, each of another connection that began before the capture",
        segments::one_packet_flows,
    ),
    packets(
        "silent-clients",
        "connections that are established and never used",
        handshakes::silent_clients,
    ),
    packets(
        "reused-ports",
        "connections, all between the same two ports, one after the other",
        segments::reused_ports,
    ),
    packets(
        "sequence-wraps",
        "segments of one connection, each 1 GiB further in its sequence space",
        segments::sequence_wraps,
    ),
    packets(
        "overlaps",
        "segments that overlap at random and disagree, behind a hole that is never filled",
        segments::overlaps,
    ),
    packets(
        "byte-by-byte",
        "bytes of ClientHellos, 16 KiB each, in segments of one byte, the last byte first",
        handshakes::byte_by_byte,
    ),
    packets(
        "fragments",
        "fragments of IP packets that never become whole",
        segments::fragments,
    ),
    packets(
        "empty-records",
        "TLS records of length zero, in one connection",
        handshakes::empty_records,
    ),
    packets(
        "endless-message",
        "TLS records of the greatest length, all of one handshake message of 16 MiB and those after it",
        handshakes::endless_message,
    ),
    packets(
        "endless-greeting",
        "segments of a mail server's greeting that has no end of line",
        handshakes::endless_greeting,
    ),
    packets(
        "endless-dialogue",
        "commands and replies of a mail server before STARTTLS",
        handshakes::endless_dialogue,
    ),
    packets(
        "pointer-chains",
        "answers of 16 KiB whose names are chains of pointers, each to the one before it",
        names::pointer_chains,
    ),
    packets(
        "counts-that-lie",
        "messages that announce 65,535 questions and records and hold one",
        names::counts_that_lie,
    ),
    packets(
        "endless-lookups",
        "questions for as many names, by one host, none answered",
        names::endless_lookups,
    ),
    packets(
        "one-question",
        "copies of one question, never answered",
        names::one_question,
    ),
    packets(
        "one-address",
        "answers, each with another name for the same address",
        names::one_address,
    ),
    packets(
        "crowded-host",
        "stalled connections of one host, all open at once, and as many lookups that nobody answers",
        handshakes::crowded_host,
    ),
    packets(
        "failing-server",
        "attempts of one host at one server, each refused",
        handshakes::failing_server,
    ),
    packets(
        "control-characters",
        "connections in whose names and greetings every control character stands",
        handshakes::control_characters,
    ),
    packets(
        "clock-backwards",
        "packets of whole connections, each a millisecond before the one before it",
        handshakes::clock_backwards,
    ),
    packets(
        "clock-still",
        "packets of whole connections, all of one moment",
        handshakes::clock_still,
    ),
    packets(
        "zeros",
        "megabytes of datagrams of zeros, which shrink to a thousandth when compressed",
        container::zeros,
    ),
    file(
        "interfaces",
        "interfaces of a pcapng file, each with one packet",
        container::interfaces,
    ),
    file(
        "sections",
        "sections of a pcapng file, each with one packet",
        container::sections,
    ),
    file(
        "resolved-names",
        "records of a pcapng file's name resolution blocks, for as many addresses",
        container::resolved_names,
    ),
    file(
        "damaged-records",
        "records of a pcap file with lengths that cannot be, each before a whole one",
        container::damaged_records,
    ),
    file(
        "noise",
        "kilobytes of noise in a pcap file, behind one packet",
        container::noise,
    ),
];

/// The client with that number: further addresses have further ports.
fn client(number: u64) -> SocketAddr {
    const PORTS: u64 = 60_000;
    let port = u16::try_from(1025 + number % PORTS).unwrap_or(1025);
    let host = u32::try_from(number / PORTS).unwrap_or(u32::MAX);
    SocketAddr::new(
        Ipv4Addr::from(0x0a00_0001_u32.saturating_add(host)).into(),
        port,
    )
}

/// The server that all connect to, at its port for implicit TLS.
fn server() -> SocketAddr {
    SocketAddr::from(([198, 51, 100, 7], 443))
}

/// The resolver that all ask.
fn resolver() -> SocketAddr {
    SocketAddr::from(([10, 255, 0, 53], 53))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};

    use super::*;

    /// What `kind` makes of `count`: how many packets or bytes, and a hash of them all.
    fn made(kind: &Kind, count: u64) -> (usize, u64) {
        let (mut len, mut hasher) = (0, DefaultHasher::new());
        match kind.make {
            Make::Packets(make) => make(count, &mut |time, packet| {
                assert!(packet.bytes().len() <= 65_535, "{}", kind.name);
                len += 1;
                (time, packet.bytes()).hash(&mut hasher);
                Ok(())
            })
            .unwrap(),
            Make::File(make) => {
                let mut file = Vec::new();
                make(count, &mut file).unwrap();
                len = file.len();
                file.hash(&mut hasher);
            }
        }
        (len, hasher.finish())
    }

    #[test]
    fn names_are_found_and_no_two_are_the_same() {
        let names: BTreeSet<_> = KINDS.iter().map(|kind| kind.name).collect();
        assert_eq!(names.len(), KINDS.len());
        for kind in KINDS {
            assert_eq!(Kind::named(kind.name).unwrap().about, kind.about);
        }
        assert!(Kind::named("friendly").is_none());
    }

    #[test]
    fn twice_the_count_is_twice_the_capture_of_every_kind() {
        for kind in KINDS {
            // Two whole connections where packets are counted, and whole ClientHellos where bytes are.
            let count = if kind.name == "byte-by-byte" {
                40_000
            } else {
                34
            };
            let ((once, _), (twice, _)) = (made(kind, count), made(kind, 2 * count));
            let doubled = 2 * once;
            assert!(once > 0, "{}", kind.name);
            assert!(
                twice.abs_diff(doubled) <= once / 6 + 8,
                "{}: {once}, {twice}",
                kind.name
            );
        }
    }

    #[test]
    fn the_same_arguments_give_the_same_capture() {
        for kind in KINDS {
            assert_eq!(made(kind, 20), made(kind, 20), "{}", kind.name);
        }
    }

    #[test]
    fn an_error_of_the_sink_ends_it() {
        for kind in KINDS {
            let mut calls = 0;
            let result = match kind.make {
                Make::Packets(make) => make(50, &mut |_, _| {
                    calls += 1;
                    Err(io::ErrorKind::StorageFull.into())
                }),
                Make::File(make) => make(50, &mut [0_u8; 10].as_mut_slice()),
            };
            assert!(result.is_err() && calls <= 1, "{}", kind.name);
        }
    }
}
