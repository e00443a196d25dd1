//! The captures of `testdata/formats`: one short story, in every format that is read.
//!
//! [`files`] are built here to the byte; [`COMPRESSED`] are made of them by the programs that
//! people use, which is why the tests hold those to what they unpack to.

use std::io;
use std::time::Duration;

use crate::Side::{Client, Server};
use crate::dns::{Question, Record, Type, reverse_name};
use crate::file::{Endian, Frame, Interface, PcapngWriter, Resolution};
use crate::tls::{self, Certificate, Version};
use crate::{Connection, Link, Wire};

/// The addresses of the story: the client's, its resolver's and the server's.
const CLIENT: [u8; 4] = [10, 8, 0, 1];
const RESOLVER: [u8; 4] = [10, 0, 0, 1];
const SERVER: [u8; 4] = [203, 0, 113, 25];

/// A client that waits 10 s for the name of its server's address, then says its hello; 11 frames.
#[must_use]
pub fn story(link: Link) -> Wire {
    let at = |address: [u8; 4], port: u16| (address, port).into();
    let mut wire = Wire::new(link);
    let (client, resolver) = (at(CLIENT, 40_002), at(RESOLVER, 53));
    let other = Question::new(client, resolver, 6, "www.example", Type::A);
    wire.put(0.0, other.query());
    wire.put(0.03, other.answer(&[Record::A([198, 51, 100, 7].into())]));
    let mut c = Connection::new(at(CLIENT, 41_234), at(SERVER, 465));
    wire.put(1.0, c.syn());
    wire.put(1.08, c.syn_ack());
    wire.put(1.0801, c.ack(Client));
    let ptr = Question::new(client, resolver, 7, &reverse_name(SERVER.into()), Type::PTR);
    wire.put(1.0805, ptr.query());
    wire.put(6.0805, ptr.query());
    wire.put(11.0815, c.send(Client, &tls::client_hello("smtp.example")));
    let flight = tls::server_flight(Version::Tls12, &Certificate::new("smtp.example"));
    wire.put(11.165, c.send(Server, &flight));
    wire.put(11.17, c.send(Client, &tls::client_finished(Version::Tls12)));
    wire.put(11.25, c.send(Server, &tls::server_finished(Version::Tls12)));
    wire
}

/// A file that a program of its own compresses.
#[derive(Debug, Clone, Copy)]
pub struct Compressed {
    /// Its name.
    pub name: &'static str,
    /// Which of [`files`] it holds.
    pub of: &'static str,
    /// The program and its arguments: it reads standard input and writes standard output.
    pub command: &'static [&'static str],
    /// Of how many parts it is made, compressed one by one.
    pub parts: usize,
}

const PCAP: &str = "pcap.pcap";
const PCAPNG: &str = "pcapng.pcapng";

/// The compressed files.
pub const COMPRESSED: &[Compressed] = &[
    compressed("gzip.pcap.gz", PCAP, &["gzip", "-nc"], 1),
    compressed("gzip-of-pcapng.pcapng.gz", PCAPNG, &["gzip", "-nc"], 1),
    compressed("gzip-two-members.pcap.gz", PCAP, &["gzip", "-nc"], 2),
    compressed("zstd.pcap.zst", PCAP, &["zstd", "-qc"], 1),
    compressed(
        "zstd-two-frames.pcap.zst",
        PCAP,
        &["zstd", "-qc", "--no-check"],
        2,
    ),
    compressed("lz4.pcap.lz4", PCAP, &["lz4", "-qc"], 1),
    compressed("lz4-two-frames.pcap.lz4", PCAP, &["lz4", "-qc", "-BD"], 2),
    compressed("lz4-old-format.pcap.lz4", PCAP, &["lz4", "-qcl"], 1),
    compressed("xz.pcap.xz", PCAP, &["xz", "-c"], 1),
    compressed(
        "xz-two-streams.pcap.xz",
        PCAP,
        &["xz", "-c", "--check=sha256"],
        2,
    ),
    compressed("refused-bzip2.pcap.bz2", PCAP, &["bzip2", "-c"], 1),
    compressed(
        "refused-compressed-twice.pcap.xz.gz",
        "xz.pcap.xz",
        &["gzip", "-nc"],
        1,
    ),
];

const fn compressed(
    name: &'static str,
    of: &'static str,
    command: &'static [&'static str],
    parts: usize,
) -> Compressed {
    Compressed {
        name,
        of,
        command,
        parts,
    }
}

/// The files that are built here: the story in every format and variant, with their names.
#[must_use]
pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    let raw = story(Link::Raw);
    let ethernet = story(Link::Ethernet);
    let big = Endian::Big;
    vec![
        (PCAP, raw.pcap()),
        ("pcap-big-endian.pcap", raw.pcap_as(big, Resolution::Micro)),
        (
            "pcap-nanoseconds.pcap",
            raw.pcap_as(Endian::Little, Resolution::Nano),
        ),
        (
            "pcap-nanoseconds-big-endian.pcap",
            raw.pcap_as(big, Resolution::Nano),
        ),
        ("pcap-modified.pcap", modified(&raw, Endian::Little)),
        ("pcap-modified-big-endian.pcap", modified(&raw, big)),
        ("pcap-of-aix.pcap", aix(&ethernet)),
        ("pcap-check-sequence.pcap", checked(&ethernet)),
        (PCAPNG, raw.pcapng()),
        ("pcapng-big-endian.pcapng", raw.pcapng_as(big, None)),
        (
            "pcapng-nanoseconds.pcapng",
            raw.pcapng_as(Endian::Little, Some(9)),
        ),
        // Units of 2^-20 s, a little less than microseconds.
        (
            "pcapng-binary-clock.pcapng",
            raw.pcapng_as(Endian::Little, Some(0x80 | 0x14)),
        ),
        ("pcapng-two-sections.pcapng", two_sections(&raw)),
        ("pcapng-packet-blocks.pcapng", in_blocks(&raw, packet_block)),
        (
            "pcapng-simple-packets.pcapng",
            in_blocks(&raw, simple_block),
        ),
        (
            "pcapng-check-sequence.pcapng",
            in_blocks(&ethernet, checked_block),
        ),
        ("pcapng-names-and-secrets.pcapng", asides(&raw)),
        ("pcapng-frames-lost.pcapng", frames_lost(&raw)),
        ("snoop.snoop", snoop(&ethernet)),
        ("netmon-2.cap", netmon_2(&raw)),
        ("netmon-1.cap", netmon_1(&ethernet)),
    ]
}

/// Files in formats that are not read, with their names: as much as a format is known by.
#[must_use]
pub fn refused() -> Vec<(&'static str, &'static [u8])> {
    vec![
        ("refused-omnipeek.pkt", b"\x7fver\0\0\0\x09\0\0\0\0"),
        ("refused-iptrace.trc", b"iptrace 2.0\0\0\0\0"),
        (
            "refused-k12.txt",
            b"+---------+---------------+----------+\r\n",
        ),
        (
            "refused-hex-dump.txt",
            b"0000  45 00 00 3c 1c 46 40 00  40 06 b1 e6 0a 08 00 01\n",
        ),
        (
            "refused-printed.txt",
            b"03:11:09.123456 IP 10.8.0.1.40002 > 10.0.0.1.53: 6+ A? www.example. (29)\n",
        ),
        (
            "refused-snoop-of-fibre-channel.snoop",
            b"snoop\0\0\0\0\0\0\x02\0\0\0\x0b",
        ),
    ]
}

/// A file header of pcap.
fn pcap_header(endian: Endian, magic: u32, version: [u16; 2], network: u32) -> Vec<u8> {
    let [major, minor] = version.map(|number| endian.u16(number));
    let mut file = endian.u32(magic).to_vec();
    file.extend([major, minor].concat());
    file.extend([0; 8]);
    file.extend(endian.u32(262_144));
    file.extend(endian.u32(network));
    file
}

fn record_header(endian: Endian, frame: &Frame, fraction: u32, more: usize) -> Vec<u8> {
    let fields = [
        low32(frame.time.as_secs()),
        fraction,
        len32(frame.data.len() + more),
        frame.wire_len + len32(more),
    ];
    fields.map(|field| endian.u32(field)).concat()
}

/// Alexey Kuznetsov's format, whose records also tell interface, protocol and packet type.
fn modified(wire: &Wire, endian: Endian) -> Vec<u8> {
    let mut file = pcap_header(endian, 0xa1b2_cd34, [2, 4], wire.link().number().into());
    for frame in wire.frames() {
        file.extend(record_header(endian, frame, frame.time.subsec_micros(), 0));
        file.extend(endian.u32(2));
        file.extend(endian.u16(0x0800));
        file.extend([0, 0]);
        file.extend(&frame.data);
    }
    file
}

/// As the libpcap of AIX writes it: version 2.2, the interface type of RFC 1573, nanoseconds.
fn aix(ethernet: &Wire) -> Vec<u8> {
    let mut file = pcap_header(Endian::Big, 0xa1b2_c3d4, [2, 2], 6);
    for frame in ethernet.frames() {
        let header = record_header(Endian::Big, frame, frame.time.subsec_nanos(), 0);
        file.extend(header);
        file.extend(&frame.data);
    }
    file
}

/// Four bytes that stand for a frame's check sequence; no one checks it.
const CHECK_SEQUENCE: [u8; 4] = [0xfc, 0x50, 0xfc, 0x50];

/// With a check sequence of two 16-bit words after each packet, as the header says.
fn checked(ethernet: &Wire) -> Vec<u8> {
    let mut file = pcap_header(Endian::Little, 0xa1b2_c3d4, [2, 4], 0x2400_0001);
    for frame in ethernet.frames() {
        let micros = frame.time.subsec_micros();
        file.extend(record_header(Endian::Little, frame, micros, 4));
        file.extend(&frame.data);
        file.extend(CHECK_SEQUENCE);
    }
    file
}

/// A pcapng file in the making.
type Writer = PcapngWriter<Vec<u8>>;

/// What `write` makes of a new file of that byte order.
fn pcapng(endian: Endian, write: impl FnOnce(&mut Writer) -> io::Result<()>) -> Vec<u8> {
    let make = || {
        let mut writer = PcapngWriter::new(Vec::new(), endian)?;
        write(&mut writer)?;
        writer.finish()
    };
    make().unwrap_or_default() // a Vec takes everything
}

fn interface(wire: &Wire) -> Interface {
    Interface {
        link_type: wire.link().number(),
        ts_resolution: None,
        name: None,
    }
}

/// The first five frames in a section, the others in another of another byte order.
fn two_sections(wire: &Wire) -> Vec<u8> {
    let (first, second) = wire.frames().split_at(5);
    let section = |endian, frames: &[Frame]| {
        pcapng(endian, |writer| {
            writer.interface(&interface(wire))?;
            frames.iter().try_for_each(|frame| writer.write(0, frame))
        })
    };
    [section(Endian::Little, first), section(Endian::Big, second)].concat()
}

/// Each frame in a block of the type and with the body that `block` gives.
fn in_blocks(wire: &Wire, block: fn(&Frame) -> (u32, Vec<u8>)) -> Vec<u8> {
    pcapng(Endian::Little, |writer| {
        let mut description = wire.link().number().to_le_bytes().to_vec();
        description.extend([0, 0, 0, 0, 0, 0]);
        // `if_fcslen`, four bytes, where there is a check sequence.
        if matches!(wire.link(), Link::Ethernet) {
            description.extend([13, 0, 1, 0, 4, 0, 0, 0]);
        }
        writer.block(1, &description)?;
        wire.frames().iter().try_for_each(|frame| {
            let (kind, body) = block(frame);
            writer.block(kind, &body)
        })
    })
}

/// The obsolete Packet Block, with an unknown count of drops.
fn packet_block(frame: &Frame) -> (u32, Vec<u8>) {
    let mut body = vec![0, 0, 0xff, 0xff];
    body.extend(packet_fields(frame, 0));
    body.extend(&frame.data);
    (2, body)
}

/// The Simple Packet Block, which tells no time.
fn simple_block(frame: &Frame) -> (u32, Vec<u8>) {
    let mut body = frame.wire_len.to_le_bytes().to_vec();
    body.extend(&frame.data);
    (3, body)
}

/// An Enhanced Packet Block that ends in a check sequence.
fn checked_block(frame: &Frame) -> (u32, Vec<u8>) {
    let mut body = vec![0; 4];
    body.extend(packet_fields(frame, CHECK_SEQUENCE.len()));
    body.extend(&frame.data);
    body.extend(CHECK_SEQUENCE);
    (6, body)
}

/// The time in microseconds and the lengths, with `more` bytes after the packet.
fn packet_fields(frame: &Frame, more: usize) -> Vec<u8> {
    let micros = u64::try_from(frame.time.as_micros()).unwrap_or(u64::MAX);
    let more = len32(more);
    let (captured, wire_len) = (len32(frame.data.len()), frame.wire_len);
    [
        low32(micros >> 32),
        low32(micros),
        captured + more,
        wire_len + more,
    ]
    .map(u32::to_le_bytes)
    .concat()
}

/// The name of the server and a line of a key log, between the frames.
fn asides(wire: &Wire) -> Vec<u8> {
    let name = b"mail.example\0";
    let mut names = vec![1, 0, 17, 0];
    names.extend(SERVER);
    names.extend(name);
    names.extend([0; 3]);
    names.extend([0; 4]);
    let log = b"CLIENT_RANDOM 00 11\n";
    let mut secrets = 0x544c_534b_u32.to_le_bytes().to_vec();
    secrets.extend(len32(log.len()).to_le_bytes());
    secrets.extend(log);
    pcapng(Endian::Little, |writer| {
        writer.interface(&interface(wire))?;
        writer.block(10, &secrets)?;
        for frame in wire.frames() {
            writer.write(0, frame)?;
        }
        writer.block(4, &names)
    })
}

/// With a statistics block at the end, by which the capturer has lost three frames.
fn frames_lost(wire: &Wire) -> Vec<u8> {
    let mut statistics = vec![0; 12];
    statistics.extend([5, 0, 8, 0, 3, 0, 0, 0, 0, 0, 0, 0]);
    statistics.extend([0; 4]);
    pcapng(Endian::Little, |writer| {
        writer.interface(&interface(wire))?;
        for frame in wire.frames() {
            writer.write(0, frame)?;
        }
        writer.block(5, &statistics)
    })
}

/// As Solaris' snoop writes it (RFC 1761): big-endian, records padded to four bytes.
fn snoop(ethernet: &Wire) -> Vec<u8> {
    let mut file = b"snoop\0\0\0\0\0\0\x02\0\0\0\x04".to_vec();
    for Frame {
        time,
        wire_len,
        data,
        ..
    } in ethernet.frames()
    {
        let padded = data.len().next_multiple_of(4);
        let fields = [
            *wire_len,
            len32(data.len()),
            len32(padded + 24),
            0,
            low32(time.as_secs()),
            time.subsec_micros(),
        ];
        file.extend(fields.map(u32::to_be_bytes).concat());
        file.extend(data);
        file.resize(file.len() + padded - data.len(), 0);
    }
    file
}

/// As Network Monitor 3.4 writes it: version 2.3, a network and a time behind each frame.
fn netmon_2(raw: &Wire) -> Vec<u8> {
    let records = raw.frames().iter().map(|frame| {
        // From 1601 on, in units of 100 ns.
        let ticks = u64::try_from(frame.time.as_nanos() / 100).unwrap_or_default();
        let utc = ticks + 116_444_736_000_000_000;
        let since = frame.time.saturating_sub(NETMON_START);
        let micros = u64::try_from(since.as_micros()).unwrap_or_default();
        let mut record = micros.to_le_bytes().to_vec();
        record.extend(frame.wire_len.to_le_bytes());
        record.extend(len32(frame.data.len()).to_le_bytes());
        record.extend(&frame.data);
        // Raw IP, of no process.
        record.extend([9, 0, 0xff, 0xff, 0xff, 0xff]);
        record.extend(utc.to_le_bytes());
        record.push(0);
        record
    });
    netmon(*b"GMBU\x03\x02", 72, records)
}

/// As Network Monitor 1 writes it: milliseconds, lengths of 16 bits, a header padded to 128 bytes.
fn netmon_1(ethernet: &Wire) -> Vec<u8> {
    let records = ethernet.frames().iter().map(|frame| {
        let since = frame.time.saturating_sub(NETMON_START);
        let millis = u32::try_from(since.as_millis()).unwrap_or_default();
        let lengths = [frame.wire_len, len32(frame.data.len())];
        let lengths = lengths.map(|len| u16::try_from(len).unwrap_or(u16::MAX));
        let mut record = millis.to_le_bytes().to_vec();
        record.extend(lengths.map(u16::to_le_bytes).concat());
        record.extend(&frame.data);
        record
    });
    netmon(*b"RTSS\x01\x01", 128, records)
}

/// 2015-04-22, a Wednesday, 03:11:09: the second in which the story begins.
const NETMON_START: Duration = Duration::from_secs(1_429_672_269);

/// A file of Network Monitor: its header, the records, the table of where they stand.
fn netmon(start: [u8; 6], header_len: usize, records: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let (mut body, mut table) = (Vec::new(), Vec::new());
    for record in records {
        table.extend(len32(header_len + body.len()).to_le_bytes());
        body.extend(record);
    }
    let mut file = start.to_vec();
    let numbers: [u16; 9] = [1, 2015, 4, 3, 22, 3, 11, 9, 0];
    file.extend(numbers.map(u16::to_le_bytes).concat());
    file.extend(len32(header_len + body.len()).to_le_bytes());
    file.extend(len32(table.len()).to_le_bytes());
    file.resize(header_len, 0);
    [file, body, table].concat()
}

fn len32(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// The low half of `number`.
fn low32(number: u64) -> u32 {
    u32::try_from(number & 0xffff_ffff).unwrap_or_default()
}
