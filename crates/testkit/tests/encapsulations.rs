//! The committed captures of link types and tunnels.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use testkit::encapsulation::{all, fragments};
use testkit::{IpHeader, Packet};

#[test]
fn the_committed_files_are_what_the_builder_makes() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/encapsulations");
    let mut known = BTreeSet::new();
    for encapsulation in all() {
        let name = encapsulation.file_name();
        let committed = fs::read(directory.join(&name)).unwrap();
        assert!(
            committed == encapsulation.pcap(),
            "{name} differs: cargo run -p testkit --bin encapsulations -- testdata/encapsulations"
        );
        assert!(known.insert(name.clone()), "two of the name {name}");
    }
    for entry in fs::read_dir(directory).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_ours = name.starts_with("link-") || name.starts_with("tunnel-");
        assert!(!is_ours || known.contains(&name), "no builder makes {name}");
    }
}

#[test]
fn fragments_are_the_packet_again_when_put_one_behind_the_other() {
    let payload: Vec<u8> = (0..100).collect();
    for (from, to, header_len) in [
        ("10.8.0.1", "203.0.113.25", 20),
        ("2001:db8::1", "2001:db8::25", 48),
    ] {
        let header = IpHeader::new(from.parse().unwrap(), to.parse().unwrap());
        let packet = Packet::ip(header, 17, &payload);
        let pieces = fragments(&packet, 45);
        let lens: Vec<_> = pieces
            .iter()
            .map(|piece| piece.bytes().len() - header_len)
            .collect();
        assert_eq!(lens, [40, 40, 20]);
        let bytes = pieces
            .iter()
            .flat_map(|piece| piece.bytes().iter().skip(header_len));
        assert!(bytes.eq(&payload));
        assert_eq!(fragments(&packet, 104), [packet]);
    }
}
