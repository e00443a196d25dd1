//! Formats by link types by tunnels: each encapsulation, as every format holds it.

use std::collections::BTreeSet;
use std::fs;

use testkit::encapsulation::{Encapsulation, all};
use testkit::{Endian, Frame, Interface, PcapngWriter};
use tls_stall::{Config, Connection, Notice, analyze_reader};

use super::testdata;

/// What is found in a capture.
fn found(name: &str, file: &[u8]) -> (Vec<Connection>, Vec<Notice>) {
    let report = analyze_reader(name, file, &Config::default());
    let analysis = report
        .unwrap_or_else(|error| panic!("{name}: {error}"))
        .analysis;
    (analysis.connections, analysis.notices)
}

fn pcapng(encapsulation: &Encapsulation, endian: Endian) -> Vec<u8> {
    let mut writer = PcapngWriter::new(Vec::new(), endian).unwrap();
    let interface = Interface {
        link_type: encapsulation.link_type,
        ts_resolution: None,
        name: None,
    };
    writer.interface(&interface).unwrap();
    for frame in encapsulation.frames() {
        writer.write(0, &frame).unwrap();
    }
    writer.finish().unwrap()
}

/// As version 2.3 holds the frames of any link type: by its number of pcap.
fn netmon(encapsulation: &Encapsulation) -> Vec<u8> {
    let mut file = b"GMBU\x03\x02\x01\0".to_vec();
    // No date, and no table: each frame tells its time.
    file.resize(72, 0);
    for Frame {
        time,
        wire_len,
        data,
        ..
    } in encapsulation.frames()
    {
        file.extend([0; 8]);
        file.extend(wire_len.to_le_bytes());
        file.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        file.extend(&data);
        file.extend((0xe000 | encapsulation.link_type).to_le_bytes());
        file.extend([0xff; 4]);
        let ticks = u64::try_from(time.as_nanos() / 100).unwrap() + 116_444_736_000_000_000;
        file.extend(ticks.to_le_bytes());
        file.push(0);
    }
    file
}

#[test]
fn every_encapsulation_reads_the_same_in_every_format_that_can_hold_it() {
    for encapsulation in all() {
        let name = encapsulation.file_name();
        let file = fs::read(testdata().join("encapsulations").join(&name)).unwrap();
        let due = found(&name, &file);
        for endian in [Endian::Little, Endian::Big] {
            let file = pcapng(&encapsulation, endian);
            assert_eq!(found(&name, &file), due, "{name} in pcapng, {endian:?}");
        }
        let file = netmon(&encapsulation);
        assert_eq!(found(&name, &file), due, "{name} in netmon");
    }
}

#[cfg(feature = "compression")]
#[test]
fn every_encapsulation_reads_the_same_compressed() {
    for encapsulation in all() {
        let name = encapsulation.file_name();
        let plain = pcapng(&encapsulation, Endian::Little);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gzip, &plain).unwrap();
        let packed = gzip.finish().unwrap();
        assert_eq!(found(&name, &packed), found(&name, &plain), "{name}");
    }
}

/// The names of captures in a page, as they stand in code spans.
fn named(page: &str) -> BTreeSet<String> {
    let spans = page.split('`').skip(1).step_by(2);
    let endings = [
        ".pcap", ".pcapng", ".cap", ".snoop", ".gz", ".zst", ".lz4", ".xz", ".bz2", ".pkt",
    ];
    let is_capture = |span: &&str| {
        let name = endings.iter().find_map(|ending| span.strip_suffix(ending));
        name.is_some_and(|name| !name.is_empty() && !span.contains(' '))
    };
    spans.filter(is_capture).map(ToOwned::to_owned).collect()
}

fn files(folder: &str) -> BTreeSet<String> {
    let files = fs::read_dir(testdata().join(folder)).unwrap();
    files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn the_documentation_names_every_damaged_capture_and_none_that_does_not_exist() {
    let page = |name: &str| fs::read_to_string(testdata().join("../docs").join(name)).unwrap();
    let formats = page("formats.md");
    let folders = ["formats", "malformed", "encapsulations"];
    let present: BTreeSet<_> = folders.into_iter().flat_map(files).collect();
    let told = named(&(formats.clone() + &page("link-types.md")));
    let missing: Vec<_> = told.difference(&present).collect();
    assert!(missing.is_empty(), "no such capture: {missing:?}");
    let (_, damage) = formats.split_once("\n## Damage\n").unwrap();
    let damage = damage.split("\n## ").next().unwrap();
    let damaged: BTreeSet<_> = named(damage)
        .into_iter()
        .filter(|it| !files("formats").contains(it))
        .collect();
    assert_eq!(damaged, files("malformed"));
}
