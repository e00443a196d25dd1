//! Burdens of what reads files.

use std::io::{self, Write};
use std::time::Duration;

use super::{Sink, client, server};
use crate::file::{Frame, Interface, PcapWriter, PcapngWriter};
use crate::{Connection, DEFAULT_START, Endian, Link, Packet, Resolution, Rng};

pub(super) fn zeros(count: u64, sink: Sink<'_>) -> io::Result<()> {
    // With their records' headers, IP's and UDP's, a hundred of them are a megabyte.
    const TO_A_MEGABYTE: u64 = 100;
    const LEN: usize = 10_000 - 16 - 20 - 8;
    let datagram = Packet::datagram(client(0), server(), &[0; LEN]);
    sink(Duration::ZERO, syn(0))?;
    for _ in 0..count.saturating_mul(TO_A_MEGABYTE) {
        sink(Duration::ZERO, datagram.clone())?;
    }
    Ok(())
}

pub(super) fn interfaces(count: u64, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = PcapngWriter::new(out, Endian::Little)?;
    for number in 0..count {
        writer.interface(&interface(Some(format!("eth{number}"))))?;
    }
    for number in 0..count {
        let frame = frame(number);
        writer.write(u32::try_from(number).unwrap_or(u32::MAX), &frame)?;
    }
    writer.finish().map(drop)
}

pub(super) fn sections(count: u64, out: &mut dyn Write) -> io::Result<()> {
    for number in 0..count {
        let mut writer = PcapngWriter::new(&mut *out, Endian::Little)?;
        writer.interface(&interface(None))?;
        writer.write(0, &frame(number))?;
    }
    out.flush()
}

pub(super) fn resolved_names(count: u64, out: &mut dyn Write) -> io::Result<()> {
    const NAME_RESOLUTION: u32 = 4;
    const IN_A_BLOCK: u64 = 1000;
    let mut writer = PcapngWriter::new(out, Endian::Little)?;
    writer.interface(&interface(None))?;
    let mut number = 0;
    while number < count {
        let mut body = Vec::new();
        for _ in 0..IN_A_BLOCK.min(count - number) {
            let name = format!("host{number:010}.example\0");
            let address = u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes();
            let value = [&address[..], name.as_bytes()].concat();
            // A record of an IPv4 address, padded to four bytes.
            body.extend(1_u16.to_le_bytes());
            body.extend(u16::try_from(value.len()).unwrap_or_default().to_le_bytes());
            body.extend(&value);
            body.resize(body.len().next_multiple_of(4), 0);
            number += 1;
        }
        body.extend([0; 4]);
        writer.block(NAME_RESOLUTION, &body)?;
    }
    writer.write(0, &frame(0))?;
    writer.finish().map(drop)
}

pub(super) fn damaged_records(count: u64, out: &mut dyn Write) -> io::Result<()> {
    let mut file = PcapWriter::new(&mut *out, Endian::Little, Resolution::Micro, raw())?;
    file.write(&frame(0))?;
    file.finish()?;
    for number in 1..=count {
        // The length of a frame of 4 GiB.
        out.write_all(&[0xff; 16])?;
        let mut whole = PcapWriter::new(Vec::new(), Endian::Little, Resolution::Micro, raw())?;
        whole.write(&frame(number))?;
        let file = whole.finish()?;
        out.write_all(file.get(FILE_HEADER..).unwrap_or_default())?;
    }
    out.flush()
}

pub(super) fn noise(count: u64, out: &mut dyn Write) -> io::Result<()> {
    let mut rng = Rng::new(0x6e6f_6973);
    let mut file = PcapWriter::new(&mut *out, Endian::Little, Resolution::Micro, raw())?;
    file.write(&frame(0))?;
    file.finish()?;
    let mut kilobyte = [0; 1000];
    for _ in 0..count {
        rng.fill(&mut kilobyte);
        out.write_all(&kilobyte)?;
    }
    out.flush()
}

/// The length of a pcap file's header.
const FILE_HEADER: usize = 24;

fn raw() -> u16 {
    Link::Raw.number()
}

fn interface(name: Option<String>) -> Interface {
    Interface {
        link_type: raw(),
        ts_resolution: None,
        name,
    }
}

/// A frame of which the number gives the time, the client and its port.
fn frame(number: u64) -> Frame {
    let time = DEFAULT_START + Duration::from_micros(100 * number);
    Frame::new(time, syn(number).bytes().to_vec())
}

fn syn(number: u64) -> Packet {
    Connection::new(client(number), server()).syn()
}
