//! One connection in every link type and tunnel, and DNS in fragments.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use testkit::dns::{Question, Record, Type};
use testkit::encapsulation::{Encapsulation, all, fragments};
use testkit::{Link, Packet, Rng, Wire, damaged};
use tls_stall::{Analysis, Cause, Config, Connection, LinkType, NoticeCode, Phase, analyze_reader};

use super::{analyze, report, testdata, told};

/// What is told of a connection but for the numbers of frames, of which fragments are more.
fn gist(connections: &[Connection]) -> String {
    let mut lines = vec![told(connections)];
    for connection in connections {
        let Connection {
            client,
            server,
            tcp_stream,
            server_name,
            irtt,
            waits,
            ..
        } = connection;
        lines.push(format!(
            "{tcp_stream} {client} {server} {server_name:?} {irtt:?}"
        ));
        lines.extend(
            waits
                .iter()
                .map(|wait| format!("{} {}", wait.phase, wait.duration)),
        );
    }
    lines.join("\n")
}

fn is_fragmented(encapsulation: &Encapsulation) -> bool {
    encapsulation.name.contains("fragments")
}

#[test]
fn whatever_is_around_a_connection_the_verdict_is_the_same() {
    for encapsulation in all() {
        let name = encapsulation.file_name();
        let bytes = fs::read(testdata().join("encapsulations").join(&name)).unwrap();
        let mut found = report(&name, &bytes).analysis;
        for connection in &mut found.connections {
            // Of the app, the packets alone do not tell.
            let app = name.contains("pcapdroid").then_some("Example Browser");
            assert_eq!(connection.app.take().as_deref(), app, "{name}");
        }
        let bare = analyze(&encapsulation.bare());
        if is_fragmented(&encapsulation) {
            assert_eq!(gist(&found.connections), gist(&bare.connections), "{name}");
        } else {
            assert_eq!(found.connections, bare.connections, "{name}");
        }
        assert_eq!(found.notices, bare.notices, "{name}");
        let [connection] = &found.connections[..] else {
            panic!("{name}: {}", told(&found.connections));
        };
        assert_eq!(connection.findings[0].cause, Cause::ClientIdle, "{name}");
        assert_eq!(connection.findings[0].phase, Phase::ClientHello, "{name}");
        assert_eq!(
            connection.server_name.as_deref(),
            Some("www.example"),
            "{name}"
        );
    }
}

#[test]
fn no_damage_to_a_frame_is_a_panic() {
    for encapsulation in all() {
        let bytes = encapsulation.pcap();
        for seed in 0..40 {
            let bytes = damaged(&bytes, &mut Rng::new(seed));
            // What is found does not matter: a panic is the failure.
            let _ = analyze_reader("damaged", &bytes[..], &Config::default());
        }
    }
}

/// The rows of the tables of `docs/link-types.md`: a capture's file, and what stands before it.
fn documented() -> BTreeMap<String, String> {
    let text = fs::read_to_string(testdata().join("../docs/link-types.md")).unwrap();
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let (file, rest) = cells.split_last()?;
        let file = file.strip_prefix('`')?.strip_suffix('`')?;
        Some((file.to_owned(), rest.join(" ")))
    });
    rows.collect()
}

#[test]
fn the_documented_coverage_is_that_of_the_captures() {
    let documented = documented();
    let captures: BTreeSet<String> = all().iter().map(Encapsulation::file_name).collect();
    assert_eq!(
        documented.keys().cloned().collect::<BTreeSet<_>>(),
        captures
    );
    for encapsulation in all().iter().filter(|it| it.name.starts_with("link-")) {
        let row = &documented[&encapsulation.file_name()];
        let number = encapsulation.link_type;
        let name = LinkType(number).name().unwrap_or("private");
        let expected = format!("`{name}` {number} ");
        assert!(row.starts_with(&expected), "{row:?} is not of {expected:?}");
    }
}

#[test]
fn a_link_type_that_carries_no_ip_is_refused_by_its_name() {
    for (number, name) in [
        (189, "USB_LINUX"),
        (220, "USB_LINUX_MMAPPED"),
        (249, "USBPCAP"),
        (187, "BLUETOOTH_HCI_H4"),
        (231, "DBUS"),
        (252, "WIRESHARK_UPPER_PDU"),
        (253, "NETLINK"),
    ] {
        let mut bytes = all()[0].pcap();
        bytes[20..22].copy_from_slice(&u16::to_le_bytes(number));
        let analysis = analyze(&bytes);
        let codes = |code| analysis.notices.iter().find(|notice| notice.code == code);
        let notice = codes(NoticeCode::UnknownLinkType).unwrap();
        assert!(notice.message.contains(name), "{}", notice.message);
        assert!(analysis.connections.is_empty());
    }
}

/// A lookup of which the answer comes in `pieces` of them that the wire holds.
fn lookup_in_fragments(version: &str, keep: impl Fn(usize) -> bool) -> Analysis {
    let (asker, resolver) = match version {
        "4" => ("10.8.0.1:40000", "10.0.0.1:53"),
        _ => ("[2001:db8::1]:40000", "[2001:db8::53]:53"),
    };
    let (asker, resolver) = (asker.parse().unwrap(), resolver.parse().unwrap());
    let question = Question::new(asker, resolver, 77, "www.example", Type::A);
    let records: Vec<Record> = (0..90)
        .map(|number| Record::A([198, 51, 100, number].into()))
        .collect();
    let mut wire = Wire::new(Link::Raw);
    wire.put(0.0, question.query());
    let answer: Packet = question.answer(&records);
    let pieces = fragments(&answer, 512);
    assert_eq!(pieces.len(), 3);
    for (number, piece) in pieces
        .into_iter()
        .enumerate()
        .filter(|(number, _)| keep(*number))
    {
        wire.put(if number < 2 { 0.2 } else { 0.3 }, piece);
    }
    let mut config = Config::default();
    config.keep_all = true;
    analyze_reader("dns", &wire.pcap()[..], &config)
        .unwrap()
        .analysis
}

#[test]
fn an_answer_in_fragments_answers_with_its_last_piece() {
    for version in ["4", "6"] {
        let analysis = lookup_in_fragments(version, |_| true);
        let [lookup] = &analysis.lookups[..] else {
            panic!("not one lookup but {:?}", analysis.lookups);
        };
        assert_eq!(lookup.outcome.to_string(), "answered");
        let frames: Vec<u64> = lookup.answers.iter().map(|it| it.frame.get()).collect();
        assert_eq!(frames, [4]);
        assert!(
            !analysis
                .notices
                .iter()
                .any(|it| it.code == NoticeCode::FramesUndecoded)
        );
    }
}

#[test]
fn an_answer_of_which_a_piece_was_lost_is_none() {
    let analysis = lookup_in_fragments("4", |number| number != 1);
    assert_eq!(analysis.lookups[0].outcome.to_string(), "unanswered");
    let undecoded = analysis
        .notices
        .iter()
        .find(|it| it.code == NoticeCode::FramesUndecoded)
        .unwrap();
    assert!(
        undecoded.message.starts_with("2 frames"),
        "{}",
        undecoded.message
    );
    assert!(
        undecoded.message.contains("fragments"),
        "{}",
        undecoded.message
    );
}

/// As with a capture filter for port 53: later fragments have no ports.
#[test]
fn an_answer_whose_further_pieces_the_capturer_left_out_is_read_as_far_as_it_goes() {
    let analysis = lookup_in_fragments("4", |number| number == 0);
    assert_eq!(analysis.lookups[0].outcome.to_string(), "answered");
}
