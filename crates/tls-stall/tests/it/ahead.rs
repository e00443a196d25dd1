//! Unpacked on another thread, a file reads as it does without.

use std::io::{self, Cursor, Read, Write as _};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, ThreadId};

use flate2::write::GzEncoder;
use testkit::{Link, Wire, generate};
use tls_stall::{CaptureReader, CaptureReport, Config, FileAnalyzer, analyze_reader};

use crate::testdata;

fn analyze(file: Vec<u8>) -> Result<CaptureReport, String> {
    let file = FileAnalyzer::new("x", Cursor::new(file), &Config::default());
    let mut file = file.map_err(|error| error.to_string())?.unpack_ahead();
    while file.advance() {}
    Ok(file.finish())
}

/// A compressed capture of more than is unpacked ahead.
fn long() -> Vec<u8> {
    let mut wire = Wire::new(Link::Raw);
    generate::bulk(8_000_000, |time, packet| {
        wire.put(time.as_secs_f64(), packet);
        Ok(())
    })
    .unwrap();
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&wire.pcap()).unwrap();
    gzip.finish().unwrap()
}

#[test]
fn every_capture_reads_the_same_whole_or_damaged() {
    let mut seen = 0;
    for folder in ["formats", "malformed"] {
        for entry in testdata().join(folder).read_dir().unwrap() {
            let file = std::fs::read(entry.unwrap().path()).unwrap();
            let due = analyze_reader("x", file.as_slice(), &Config::default());
            assert_eq!(analyze(file), due.map_err(|error| error.to_string()));
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen}");
}

#[test]
fn a_long_capture_reads_the_same_whole_or_cut() {
    let file = long();
    for len in [file.len(), file.len() / 2] {
        let due = analyze_reader("x", &file[..len], &Config::default()).unwrap();
        assert!(due.analysis.frames > 1000);
        assert_eq!(analyze(file[..len].to_vec()), Ok(due));
    }
}

/// Fails where `file` ends.
struct Failing(Cursor<Vec<u8>>);

impl Read for Failing {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self.0.read(room)? {
            0 => Err(io::Error::other("the disk is on fire")),
            count => Ok(count),
        }
    }
}

#[test]
fn an_input_that_fails_is_told_with_its_own_words() {
    let mut file = long();
    file.truncate(file.len() / 2);
    let reader = CaptureReader::new(Failing(Cursor::new(file))).unwrap();
    let mut reader = reader.unpack_ahead();
    let error = loop {
        match reader.next_frame() {
            Ok(frame) => assert!(frame.is_some(), "the failure was lost"),
            Err(error) => break error.to_string(),
        }
    };
    assert!(error.starts_with("the disk is on fire"), "{error}");
}

/// Tells which thread reads it.
struct Telling(Cursor<Vec<u8>>, Sender<ThreadId>);

impl Read for Telling {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.1
            .send(thread::current().id())
            .map_err(io::Error::other)?;
        self.0.read(room)
    }
}

#[test]
fn the_rest_of_a_compressed_file_is_read_by_one_other_thread() {
    let (tell, told) = channel();
    let reader = CaptureReader::new(Telling(Cursor::new(long()), tell)).unwrap();
    let here = thread::current().id();
    assert!(told.try_iter().all(|thread| thread == here));
    let mut reader = reader.unpack_ahead();
    while reader.next_frame().unwrap().is_some() {}
    let threads: Vec<ThreadId> = told.try_iter().collect();
    assert!(threads.len() > 1 && threads[0] != here, "{threads:?}");
    assert!(threads.iter().all(|&thread| thread == threads[0]));
}

#[test]
fn a_reader_that_is_dropped_early_waits_for_nothing() {
    let reader = CaptureReader::new(Cursor::new(long())).unwrap();
    let mut reader = reader.unpack_ahead();
    assert!(reader.next_frame().unwrap().is_some());
}

#[test]
fn a_compressed_capture_reads_the_same_on_two_threads_and_on_three() {
    let file = long();
    let due = analyze_reader("x", file.as_slice(), &Config::default()).unwrap();
    for threads in [2, 3] {
        let mut config = Config::default();
        config.threads = threads;
        let analyzer = FileAnalyzer::new("x", Cursor::new(file.clone()), &config).unwrap();
        let mut analyzer = analyzer.unpack_ahead();
        while analyzer.advance() {}
        assert_eq!(analyzer.finish(), due, "{threads}");
    }
}
