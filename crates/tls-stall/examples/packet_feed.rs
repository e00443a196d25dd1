//! Packets of another capture library, with timestamps of its own.
//!
//! The library does not care where packets come from: a TUN device, an `AF_PACKET` socket, a driver,
//! a database. Here the module `tunnel` at the end stands for it: it gives raw IP packets, each with
//! the time since the tunnel was opened.
//!
//! ```sh
//! cargo run -p tls-stall --example packet_feed
//! ```

use std::error::Error;
use std::io::{self, Write};

use tls_stall::{Analyzer, Config, Event, Frame, FrameNumber, LinkType, Span, Timestamp};

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout().lock();
    let tunnel = tunnel::open();

    // From the other library's clock to a moment: only how far packets are apart matters for the
    // analysis, and what day it was for who reads the report.
    let opened = Timestamp::from(tunnel.opened);

    let mut config = Config::default();
    // Ten minutes of silence end a connection, so that memory stays bounded.
    config.max_idle = Some(Span::from_secs(600));
    // Milestones as they are reached; without this, none are noted.
    config.max_events = 1000;
    let mut analyzer = Analyzer::new(config);

    for (packet, number) in tunnel.packets.zip(1..) {
        let number = FrameNumber::new(number).ok_or("no frame has the number 0")?;
        let time = opened.plus(Span::from(packet.time));
        let mut frame = Frame::new(number, time, LinkType::RAW, &packet.bytes);
        // Where the other library keeps only the beginning of a packet.
        frame.wire_len = packet.wire_len;
        analyzer.push(&frame);
        while let Some(event) = analyzer.next_event() {
            if let Event::Milestone(reached) = event {
                let (time, milestone) = (reached.at.time, reached.milestone);
                writeln!(out, "{time}  {} {milestone}", reached.server)?;
            }
        }
        // Each connection once no more of it is to come, if it stalled or failed.
        while let Some(connection) = analyzer.poll() {
            report(&mut out, &connection)?;
        }
    }

    // What is still open: its waits are lower bounds.
    analyzer.end();
    while let Some(connection) = analyzer.poll() {
        report(&mut out, &connection)?;
    }
    let analysis = analyzer.finish();
    let summary = &analysis.summary;
    writeln!(
        out,
        "{} packets, {} TLS connections, {} stalled",
        analysis.frames, summary.tls_connections, summary.stalled
    )?;
    for notice in &analysis.notices {
        writeln!(out, "{}: {}", notice.code, notice.message.escape_debug())?;
    }
    Ok(())
}

fn report(out: &mut impl Write, connection: &tls_stall::Connection) -> io::Result<()> {
    for finding in &connection.findings {
        // Sentences hold names that came with packets.
        let summary = finding.summary.escape_debug();
        writeln!(out, "{}: {summary}", finding.cause)?;
    }
    Ok(())
}

/// Stands for the other library: a connection whose client sends its ClientHello 4 s late.
mod tunnel {
    use std::net::Ipv4Addr;
    use std::time::{Duration, SystemTime};

    /// A source of packets.
    pub(crate) struct Tunnel<P> {
        pub(crate) opened: SystemTime,
        pub(crate) packets: P,
    }

    /// A raw IP packet.
    pub(crate) struct Packet {
        /// Since the tunnel was opened.
        pub(crate) time: Duration,
        /// Its length, of which `bytes` may hold less.
        pub(crate) wire_len: u32,
        pub(crate) bytes: Vec<u8>,
    }

    /// How much of a packet is kept.
    const SNAP_LEN: usize = 256;

    const CLIENT: (Ipv4Addr, u16) = (Ipv4Addr::new(10, 8, 0, 1), 41234);
    const SERVER: (Ipv4Addr, u16) = (Ipv4Addr::new(203, 0, 113, 25), 465);

    const SYN: u8 = 0x02;
    const PSH: u8 = 0x08;
    const ACK: u8 = 0x10;

    pub(crate) fn open() -> Tunnel<impl Iterator<Item = Packet>> {
        let packets = [
            (0, tcp(CLIENT, SERVER, (1000, 0), SYN, &[])),
            (80, tcp(SERVER, CLIENT, (5000, 1001), SYN | ACK, &[])),
            (81, tcp(CLIENT, SERVER, (1001, 5001), ACK, &[])),
            (
                4_081,
                tcp(CLIENT, SERVER, (1001, 5001), PSH | ACK, &client_hello()),
            ),
        ];
        Tunnel {
            opened: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
            packets: packets.into_iter().map(|(millis, mut bytes)| {
                let wire_len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                bytes.truncate(SNAP_LEN);
                Packet {
                    time: Duration::from_millis(millis),
                    wire_len,
                    bytes,
                }
            }),
        }
    }

    /// An IPv4 packet (RFC 791) with a TCP segment (RFC 9293); without checksums, as the network
    /// card fills them in.
    fn tcp(
        (from, from_port): (Ipv4Addr, u16),
        (to, to_port): (Ipv4Addr, u16),
        (seq, ack): (u32, u32),
        flags: u8,
        payload: &[u8],
    ) -> Vec<u8> {
        let total_len = u16::try_from(40 + payload.len()).unwrap_or(u16::MAX);
        let mut packet = vec![0x45, 0];
        packet.extend(total_len.to_be_bytes());
        packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
        packet.extend(from.octets());
        packet.extend(to.octets());
        packet.extend(from_port.to_be_bytes());
        packet.extend(to_port.to_be_bytes());
        packet.extend(seq.to_be_bytes());
        packet.extend(ack.to_be_bytes());
        packet.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        packet.extend(payload);
        packet
    }

    /// A record with a ClientHello (RFC 8446, section 4.1.2) of one cipher suite.
    fn client_hello() -> Vec<u8> {
        let mut hello = vec![3, 3];
        hello.extend([0x5a; 32]); // the random
        hello.push(0); // no session id
        hello.extend([0, 2, 0x13, 0x01]); // TLS_AES_128_GCM_SHA256
        hello.extend([1, 0]); // no compression
        hello.extend([0, 7, 0, 43, 0, 3, 2, 3, 4]); // supported_versions: TLS 1.3
        let len = u8::try_from(hello.len()).unwrap_or(u8::MAX);
        let mut record = vec![22, 3, 1, 0, len + 4, 1, 0, 0, len];
        record.append(&mut hello);
        record
    }
}
