use std::fs;
use std::path::Path;

use tls_stall::{CaptureReader, Config, Timestamp, analyze_reader};

use super::*;
use crate::example;

/// A frame as it is read back.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    time: Timestamp,
    link_type: LinkType,
    wire_len: u32,
    data: Vec<u8>,
}

fn read(file: &[u8]) -> Vec<(u64, Read)> {
    let mut reader = CaptureReader::new(file).unwrap();
    let mut frames = Vec::new();
    while let Some(frame) = reader.next_frame().unwrap() {
        let read = Read {
            time: frame.time,
            link_type: frame.link_type,
            wire_len: frame.wire_len,
            data: frame.data.to_owned(),
        };
        frames.push((frame.number.get(), read));
    }
    assert_eq!(reader.notices(), []);
    frames
}

/// The annotated capture of a file in `testdata`, and the file.
fn annotate(path: &str, whole: bool) -> (Vec<u8>, Vec<u8>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata");
    let file = fs::read(root.join(path)).unwrap();
    let report = analyze_reader(path, file.as_slice(), &Config::default()).unwrap();
    let mut annotated = Annotated::new(&report, whole);
    let mut capture = annotated.beginning();
    let mut reader = CaptureReader::new(file.as_slice()).unwrap();
    while let Some(frame) = reader.next_frame().unwrap() {
        capture.extend(annotated.frame(&frame));
    }
    assert!(annotated.is_complete());
    (capture, file)
}

/// The frames of `numbers` in `file`.
fn of(file: &[u8], numbers: &[u64]) -> Vec<Read> {
    let frames = read(file).into_iter();
    let frames = frames.filter(|(number, _)| numbers.contains(number));
    frames.map(|(_, frame)| frame).collect()
}

fn without_numbers(frames: Vec<(u64, Read)>) -> Vec<Read> {
    frames.into_iter().map(|(_, frame)| frame).collect()
}

fn holds(file: &[u8], text: &str) -> bool {
    file.windows(text.len()).any(|it| it == text.as_bytes())
}

#[test]
fn the_evidence_is_written_as_it_was_captured_with_what_it_proves() {
    let (capture, file) = annotate("origin/phone-on-3g.pcap", false);
    let evidence = [48, 51, 53, 54, 58, 68, 69, 72, 73];
    assert_eq!(without_numbers(read(&capture)), of(&file, &evidence));
    for comment in [
        "frame 51 of phone-on-3g.pcap: PTR query for 25.113.0.203.in-addr.arpa to 10.0.0.1, never \
         answered [reverse-dns-unanswered, high]",
        "frame 54 of phone-on-3g.pcap: the server closes the connection (FIN) \
         [reverse-dns-unanswered, high]",
    ] {
        assert!(holds(&capture, comment), "{comment}");
    }
}

#[test]
fn a_whole_connection_is_written_with_the_numbers_that_it_had() {
    let (capture, file) = annotate("origin/phone-on-3g.pcap", true);
    // tshark -Y 'tcp.stream eq 2 or dns.qry.name eq "25.113.0.203.in-addr.arpa"'
    let expected = [46, 47, 48, 51, 53, 54, 55, 58, 68, 69, 70, 71, 72, 73, 74];
    assert_eq!(without_numbers(read(&capture)), of(&file, &expected));
    assert!(holds(&capture, "frame 46 of phone-on-3g.pcap"));
}

#[test]
fn every_recorded_capture_can_be_annotated_and_read_back() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/recorded");
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let (capture, file) = annotate(&format!("recorded/{name}"), true);
        let mut all = read(&file).into_iter();
        for (_, frame) in read(&capture) {
            assert!(all.any(|(_, it)| it == frame), "{name}");
        }
    }
}

#[test]
fn each_link_type_and_interface_is_described_once() {
    let mut annotated = Annotated::new(&example::stalled().captures[0], false);
    annotated.frames.clear();
    let mut capture = annotated.beginning();
    let (raw, ethernet) = (LinkType::RAW, LinkType::ETHERNET);
    for (number, link_type, interface) in [(1, raw, 4), (2, ethernet, 0), (3, raw, 4), (4, raw, 5)]
    {
        let number = example::frame(number);
        annotated.frames.insert(number, Vec::new());
        let mut frame = Frame::new(number, Timestamp::from_nanos(1), link_type, b"abc");
        frame.interface = interface;
        capture.extend(annotated.frame(&frame));
    }
    let mut reader = CaptureReader::new(capture.as_slice()).unwrap();
    let mut seen = Vec::new();
    while let Some(frame) = reader.next_frame().unwrap() {
        seen.push((frame.link_type, frame.interface));
    }
    assert_eq!(seen, [(raw, 0), (ethernet, 1), (raw, 0), (raw, 2)]);
}

#[test]
fn a_comment_can_neither_deceive_nor_break_its_block() {
    let hostile = "\u{202e}\x1b[2J\n".to_owned() + &"é".repeat(70_000);
    let mut document = example::stalled();
    document.captures[0].source.path.clone_from(&hostile);
    let finding = &mut document.captures[0].analysis.connections[0].findings[0];
    finding.evidence[0].message = hostile;
    let number = finding.evidence[0].frame;
    let mut annotated = Annotated::new(&document.captures[0], false);
    let mut capture = annotated.beginning();
    let time = Timestamp::from_nanos(-5);
    capture.extend(annotated.frame(&Frame::new(number, time, LinkType::RAW, b"abcde")));
    assert!(!annotated.is_complete());
    let frames = read(&capture);
    assert_eq!(frames[0].1.data, b"abcde");
    assert_eq!(frames[0].1.time, Timestamp::from_nanos(0));
    assert!(!holds(&capture, "\u{202e}") && !holds(&capture, "\x1b"));
}
