//! Every format and compression that `docs/formats.md` promises.

use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;
use std::path::Path;

use testkit::formats;
use tls_stall::{CaptureReader, Cause, NoticeCode, ReadErrorKind};

use super::{read_frames, report, testdata};

/// A row of a table in `docs/formats.md`.
struct Row {
    /// What the first column says, or the last row's that says something.
    subject: String,
    file: String,
}

/// The rows of the tables under the heading `heading`.
fn rows(heading: &str) -> Vec<Row> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/formats.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, section) = page.split_once(&format!("## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let mut subject = String::new();
    let rows = section.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, first, _, file, _] = cells[..] else {
            return None;
        };
        let file = file.strip_prefix('`')?.strip_suffix('`')?.to_owned();
        if !first.is_empty() {
            first.clone_into(&mut subject);
        }
        let subject = subject.clone();
        Some(Row { subject, file })
    });
    rows.collect()
}

fn file(name: &str) -> Vec<u8> {
    fs::read(testdata().join("formats").join(name)).unwrap()
}

#[test]
fn the_documentation_has_every_file_once_and_no_other() {
    let sections = ["Formats", "Compression", "What is refused, by its name"];
    let files: Vec<String> = sections
        .iter()
        .flat_map(|heading| rows(heading))
        .map(|row| row.file)
        .collect();
    let named: BTreeSet<String> = files.iter().cloned().collect();
    assert_eq!(named.len(), files.len(), "one stands there twice");
    let present: BTreeSet<String> = fs::read_dir(testdata().join("formats"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(named, present);
}

/// The story as the builder tells it: its frames are known, not read.
#[test]
fn every_format_gives_the_frames_of_the_story() {
    for Row {
        subject,
        file: name,
    } in rows("Formats")
    {
        let ethernet = ["aix", "check-sequence", "snoop", "netmon-1"];
        let link = if ethernet.iter().any(|it| name.contains(it)) {
            testkit::Link::Ethernet
        } else {
            testkit::Link::Raw
        };
        let (frames, _) = read_frames(file(&name).as_slice()).unwrap();
        let told = formats::story(link);
        assert_eq!(frames.len(), told.frames().len(), "{name}");
        for (frame, told) in frames.iter().zip(told.frames()) {
            assert_eq!(frame.data, told.data, "{name}, frame {}", frame.number);
            assert_eq!(frame.wire_len, told.wire_len, "{name}");
            assert_eq!(frame.link_type.0, link.number(), "{name}");
            let nanos = i64::try_from(told.time.as_nanos()).unwrap();
            let off = nanos - frame.time.as_nanos();
            match name.as_str() {
                "pcapng-binary-clock.pcapng" => assert!((0..1000).contains(&off), "{off}"),
                "netmon-1.cap" => assert!((0..1_000_000).contains(&off), "{off}"),
                "pcapng-simple-packets.pcapng" => assert_eq!(frame.time.as_nanos(), 0),
                _ => assert_eq!(off, 0, "{name}, frame {}", frame.number),
            }
        }
        let reader = CaptureReader::new(file(&name).as_slice()).map(|it| it.format());
        assert_eq!(reader.unwrap().name(), subject, "{name}");
    }
}

#[test]
fn every_format_gives_the_verdict_of_the_story() {
    for Row { file: name, .. } in rows("Formats") {
        let analysis = report(&name, &file(&name)).analysis;
        let verdicts: Vec<Cause> = analysis
            .connections
            .iter()
            .filter(|connection| connection.stalled)
            .map(|connection| connection.findings[0].cause)
            .collect();
        let due: &[Cause] = match name.as_str() {
            "pcapng-simple-packets.pcapng" => &[],
            _ => &[Cause::ReverseDnsUnanswered],
        };
        assert_eq!(verdicts, due, "{name}");
    }
}

#[cfg(feature = "compression")]
#[test]
fn every_compression_is_seen_through_and_named() {
    for Row {
        subject,
        file: name,
    } in rows("Compression")
    {
        let of = formats::COMPRESSED.iter().find(|it| it.name == name);
        let plain = file(of.unwrap().of);
        assert_eq!(
            read_frames(file(&name).as_slice()).unwrap(),
            read_frames(plain.as_slice()).unwrap(),
            "{name}"
        );
        let seen = report(&name, &file(&name));
        assert_eq!(seen.analysis, report("plain", &plain).analysis, "{name}");
        assert_eq!(seen.source.compression.as_deref(), Some(subject.as_str()));
    }
}

#[cfg(not(feature = "compression"))]
#[test]
fn without_the_feature_compression_is_refused_by_name() {
    for Row {
        subject,
        file: name,
    } in rows("Compression")
    {
        let error = CaptureReader::new(file(&name).as_slice()).unwrap_err();
        assert_eq!(error.kind(), ReadErrorKind::Compressed);
        let message = format!("compressed by {subject}, which this build cannot unpack");
        assert!(error.to_string().starts_with(&message), "{error}");
    }
}

#[cfg(feature = "compression")]
#[test]
fn what_is_refused_is_named_with_what_to_do() {
    for Row { file: name, .. } in rows("What is refused, by its name") {
        let error = CaptureReader::new(file(&name).as_slice()).unwrap_err();
        let advice = match name.as_str() {
            "refused-bzip2.pcap.bz2" | "refused-compressed-twice.pcap.xz.gz" => "unpack it first",
            "refused-hex-dump.txt" => "convert it with text2pcap",
            "refused-printed.txt" => "capture with tcpdump -w",
            _ => "save it as pcapng in Wireshark, or convert it with editcap",
        };
        let message = error.to_string();
        assert!(
            message.ends_with(&format!("{advice} (offset 0)")),
            "{name}: {message}"
        );
        let kind = match advice {
            "unpack it first" => ReadErrorKind::Compressed,
            _ => ReadErrorKind::UnsupportedFormat,
        };
        assert_eq!(error.kind(), kind, "{name}");
    }
}

#[test]
fn the_names_and_secrets_of_a_file_are_kept() {
    let file = file("pcapng-names-and-secrets.pcapng");
    let mut reader = CaptureReader::new(file.as_slice()).unwrap();
    while reader.next_frame().unwrap().is_some() {}
    let server: IpAddr = "203.0.113.25".parse().unwrap();
    assert_eq!(reader.names(), [(server, "mail.example".to_owned())]);
    assert_eq!(reader.secrets()[0].data, b"CLIENT_RANDOM 00 11\n");
}

#[test]
fn frames_of_which_the_file_tells_no_time_are_a_notice() {
    let name = "pcapng-simple-packets.pcapng";
    let notices = report(name, &file(name)).analysis.notices;
    let untimed = notices.iter().find(|it| it.message.contains("no time"));
    let message = &untimed.unwrap().message;
    assert!(message.starts_with("of 11 frames "), "{message}");
}

#[test]
fn frames_that_the_capturer_lost_are_a_notice() {
    let name = "pcapng-frames-lost.pcapng";
    let notices = report(name, &file(name)).analysis.notices;
    let lost = notices.iter().find(|it| it.code == NoticeCode::FramesLost);
    assert_eq!(
        lost.unwrap().message,
        "the capturer says that it lost 3 frames"
    );
}

#[cfg(feature = "compression")]
#[test]
fn what_a_file_may_unpack_to_is_limited() {
    use tls_stall::{Config, analyze_reader};

    let plain = file("pcap.pcap");
    for Row { file: name, .. } in rows("Compression") {
        let packed = file(&name);
        let whole = u64::try_from(file(formats_of(&name)).len()).unwrap();
        let mut config = Config::default();
        config.max_unpacked = whole;
        let report = analyze_reader(&name, packed.as_slice(), &config).unwrap();
        let is_limited = |code| code == NoticeCode::LimitReached;
        assert!(
            !report.analysis.notices.iter().any(|it| is_limited(it.code)),
            "{name}"
        );
        config.max_unpacked = whole - 1;
        let report = analyze_reader(&name, packed.as_slice(), &config).unwrap();
        assert_eq!(report.analysis.frames, 10, "{name}");
        let notice = report
            .analysis
            .notices
            .iter()
            .find(|it| is_limited(it.code));
        let message = &notice.unwrap().message;
        assert!(
            message.contains(&format!("to {} bytes, the limit", whole - 1)),
            "{message}"
        );
        let refusal = report.source.unread.unwrap();
        let expected = format!(
            "unpacks to more than {} bytes, the limit (offset",
            whole - 1
        );
        assert!(refusal.starts_with(&expected), "{refusal}");
    }
    let mut config = Config::default();
    config.max_unpacked = 10;
    let error = analyze_reader("x", file("gzip.pcap.gz").as_slice(), &config).unwrap_err();
    assert_eq!(error.kind(), ReadErrorKind::Compressed);
    // What is not compressed has no such limit.
    assert_eq!(
        analyze_reader("x", plain.as_slice(), &config)
            .unwrap()
            .analysis
            .frames,
        11
    );
}

#[cfg(feature = "compression")]
fn formats_of(name: &str) -> &'static str {
    let file = formats::COMPRESSED.iter().find(|it| it.name == name);
    file.unwrap().of
}
