//! Writes a large capture for a benchmark.

use std::env;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;
use std::time::Duration;

use testkit::hostile::{self, Make};
use testkit::{
    DEFAULT_START, Endian, Frame, Interface, Link, Packet, PcapWriter, PcapngWriter, Resolution,
    generate,
};

const USAGE: &str = "usage: generate KIND COUNT FILE [LINK [COMMENT]]

KIND   connections  COUNT whole connections of 17 packets, many open at once
       bulk         COUNT megabytes of transfer in four connections
       open         COUNT connections that are set up and stay open
       half-open    COUNT SYNs that no one answers
       and those that are made to be a burden, which `generate hostile` lists
FILE   a pcapng file where it ends in .pcapng, else a pcap file
LINK   raw (unless told), ethernet, vpn-ethernet, sll, sll2 or vxlan
COMMENT  of each frame, as an option of its block; in pcapng";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // Where stderr is closed, the exit code has to do.
            let _ = writeln!(io::stderr(), "{message}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> Result<(), String> {
    if arguments == ["hostile"] {
        return list_hostile().map_err(|error| format!("cannot write the list: {error}"));
    }
    let (kind, count, path, rest) = match arguments {
        [kind, count, path, rest @ ..] if rest.len() <= 2 => (kind, count, path, rest),
        _ => return Err(USAGE.to_owned()),
    };
    let link = match rest.first() {
        Some(link) => Link::named(link).ok_or_else(|| format!("no link layer {link:?}"))?,
        None => Link::Raw,
    };
    let count: u64 = count
        .parse()
        .map_err(|_| format!("{count:?} is no number"))?;
    let failed = |error: io::Error| format!("cannot write {path}: {error}");
    let hostile = hostile::Kind::named(kind).map(|kind| kind.make);
    if let Some(Make::File(make)) = hostile {
        let file = File::create(path).map_err(failed)?;
        let mut file = BufWriter::with_capacity(1 << 20, file);
        return make(count, &mut file)
            .and_then(|()| file.flush())
            .map_err(failed);
    }
    let comment = rest.get(1).cloned();
    let mut output = Output::create(path, link, comment).map_err(failed)?;
    let mut sink = |time, packet: Packet| output.write(time, &packet);
    match kind.as_str() {
        "connections" => generate::connections(count, sink),
        "bulk" => generate::bulk(count.saturating_mul(1_000_000), sink),
        "open" => generate::open(count, sink),
        "half-open" => generate::half_open(count, sink),
        _ => match hostile {
            Some(Make::Packets(make)) => make(count, &mut sink),
            _ => return Err(USAGE.to_owned()),
        },
    }
    .and_then(|()| output.finish())
    .map_err(failed)
}

/// Says what kinds there are to be a burden, a line each: the name, a tab, and what it holds.
fn list_hostile() -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    for kind in hostile::KINDS {
        writeln!(stdout, "{}\t{}", kind.name, kind.about)?;
    }
    Ok(())
}

struct Output {
    link: Link,
    comment: Option<String>,
    writer: Writer,
}

enum Writer {
    Pcap(PcapWriter<BufWriter<File>>),
    Pcapng(PcapngWriter<BufWriter<File>>),
}

impl Output {
    fn create(path: &str, link: Link, comment: Option<String>) -> io::Result<Self> {
        let file = BufWriter::with_capacity(1 << 20, File::create(path)?);
        let link_type = link.number();
        let writer = if path.ends_with(".pcapng") {
            let mut writer = PcapngWriter::new(file, Endian::Little)?;
            writer.interface(&Interface {
                link_type,
                ts_resolution: None,
                name: None,
            })?;
            Writer::Pcapng(writer)
        } else {
            let writer = PcapWriter::new(file, Endian::Little, Resolution::Micro, link_type)?;
            Writer::Pcap(writer)
        };
        Ok(Self {
            link,
            comment,
            writer,
        })
    }

    fn write(&mut self, time: Duration, packet: &Packet) -> io::Result<()> {
        let outgoing = packet.source().to_string().starts_with("10.");
        let data = self.link.frame(packet, outgoing);
        let mut frame = Frame::new(DEFAULT_START.saturating_add(time), data);
        frame.comment.clone_from(&self.comment);
        match &mut self.writer {
            Writer::Pcap(writer) => writer.write(&frame),
            Writer::Pcapng(writer) => writer.write(0, &frame),
        }
    }

    fn finish(self) -> io::Result<()> {
        match self.writer {
            Writer::Pcap(writer) => writer.finish().map(drop),
            Writer::Pcapng(writer) => writer.finish().map(drop),
        }
    }
}
