//! What each stage takes of a packet: reading, and what the analysis adds to it.
//!
//! The stages within the library are private, so each is measured by a capture that exercises it:
//! bulk transfer is decoding and one look into the table, and within VXLAN twice the decoding;
//! half-open connections are the table's growth, handshakes are the `tcp` and `tls` rooms, name
//! lookups are the `dns` room, and whole connections are everything. `compare`, beside this file,
//! times the whole command beside other tools.
#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot be set up must stop"
)]
#![allow(missing_docs, reason = "criterion's macros make public items")]

use std::hint::black_box;
use std::io;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use testkit::dns::{Question, Record, Type};
use testkit::{Endian, Frame, Link, Packet, PcapWriter, Resolution, generate};
use tls_stall::{CaptureReader, Config, analyze_reader};

type Sink<'a> = &'a mut dyn FnMut(Duration, Packet) -> io::Result<()>;

/// A capture of packets in frames of that link, and how many it holds.
fn capture(link: Link, make: impl FnOnce(Sink<'_>) -> io::Result<()>) -> (Vec<u8>, u64) {
    let mut count = 0;
    let (endian, resolution) = (Endian::Little, Resolution::Micro);
    let mut writer = PcapWriter::new(Vec::new(), endian, resolution, link.number()).unwrap();
    make(&mut |time, packet| {
        count += 1;
        writer.write(&Frame::new(time, link.frame(&packet, true)))
    })
    .unwrap();
    (writer.finish().unwrap(), count)
}

/// 20,000 questions, each answered after 1 ms.
fn lookups(sink: Sink<'_>) -> io::Result<()> {
    for number in 0..20_000_u16 {
        let time = Duration::from_millis(u64::from(number) * 5);
        let (asker, resolver) = ("10.8.0.1:40000", "10.0.0.1:53");
        let name = format!("host{}.example", number % 5_000);
        let question = Question::new(
            asker.parse().unwrap(),
            resolver.parse().unwrap(),
            number,
            &name,
            Type::A,
        );
        sink(time, question.query())?;
        let answer = question.answer(&[Record::A([192, 0, 2, 1].into())]);
        sink(time + Duration::from_millis(1), answer)?;
    }
    Ok(())
}

fn stages(criterion: &mut Criterion) {
    let captures = [
        (
            "connections",
            capture(Link::Raw, |sink| generate::connections(3_000, sink)),
        ),
        (
            "bulk",
            capture(Link::Raw, |sink| generate::bulk(50_000_000, sink)),
        ),
        (
            "bulk-in-vxlan",
            capture(Link::Vxlan, |sink| generate::bulk(50_000_000, sink)),
        ),
        (
            "half-open",
            capture(Link::Raw, |sink| generate::half_open(50_000, sink)),
        ),
        (
            "handshakes",
            capture(Link::Raw, |sink| generate::open(10_000, sink)),
        ),
        ("lookups", capture(Link::Raw, lookups)),
    ];
    for (name, (bytes, count)) in &captures {
        let mut group = criterion.benchmark_group(*name);
        group.throughput(Throughput::Elements(*count));
        group.sample_size(20);
        group.bench_function("read", |bencher| {
            bencher.iter(|| {
                let mut reader = CaptureReader::new(bytes.as_slice()).unwrap();
                while let Some(frame) = reader.next_frame().unwrap() {
                    black_box(frame);
                }
            });
        });
        group.bench_function("analyse", |bencher| {
            bencher.iter(|| analyze_reader(name, bytes.as_slice(), &Config::default()).unwrap());
        });
        group.finish();
    }
}

criterion_group!(benches, stages);
criterion_main!(benches);
