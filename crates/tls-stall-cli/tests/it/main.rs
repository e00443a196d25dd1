//! The command as its users call it: exit codes, what goes to which stream, and bad input.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "in a test a panic is a failure"
)]

mod annotate;
mod check;
mod compare;
mod completions;
mod docs;
mod explain;
mod input;
mod manual;
mod merge;
mod ndjson;
mod output;
mod process;
mod redact;
mod report;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A folder for one test.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn with(self, name: &str, bytes: &[u8]) -> Self {
        fs::write(self.path(name), bytes).unwrap();
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tls-stall"));
        command
            .args(args)
            .current_dir(self.0.path())
            .stdin(Stdio::null());
        for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TERM"] {
            command.env_remove(variable);
        }
        command
    }

    fn run(&self, args: &[&str]) -> Run {
        Run::of(self.command(args).output().unwrap())
    }

    /// Runs with the file `name` as standard input.
    fn run_from(&self, name: &str, args: &[&str]) -> Run {
        let file = fs::File::open(self.path(name)).unwrap();
        Run::of(self.command(args).stdin(file).output().unwrap())
    }
}

#[derive(Debug)]
struct Run {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Run {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Asserts that nothing was reported and that one line, which begins so, says why.
    fn is_refusal(&self, beginning: &str) {
        assert_eq!((self.code, self.stdout.as_str()), (2, ""), "{self:?}");
        assert!(self.stderr.starts_with(beginning), "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        assert!(self.stderr.trim_end().len() > beginning.trim_end().len());
    }
}

/// A pcap file with one Ethernet frame: a SYN to port 443.
fn capture() -> Vec<u8> {
    let ethernet = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00];
    let ip = [
        0x45, 0, 0, 40, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 8, 0, 1, 203, 0, 113, 25,
    ];
    let tcp = [
        0x9c, 0x40, 0x01, 0xbb, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x02, 0xff, 0xff, 0, 0, 0, 0,
    ];
    pcap(&[&ethernet[..], &ip, &tcp].concat())
}

/// A pcap file with one Ethernet frame.
fn pcap(frame: &[u8]) -> Vec<u8> {
    let len = u32::try_from(frame.len()).unwrap();
    let header = [0xa1b2_c3d4, 0x0004_0002, 0, 0, 0x0004_0000, 1];
    let record = [1_429_672_269, 123_456, len, len];
    let words = header.into_iter().chain(record);
    words
        .flat_map(u32::to_le_bytes)
        .chain(frame.iter().copied())
        .collect()
}

/// The capture of which the verdict is known, with one frame a file.
fn ring() -> Folder {
    let origin = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/origin");
    let file = fs::read(origin.join("phone-on-3g.pcap")).unwrap();
    let mut folder = Folder::new().with("whole.pcap", &file);
    fs::create_dir(folder.path("ring")).unwrap();
    let (header, mut rest) = file.split_at(24);
    let mut number = 0;
    while let Some(head) = rest.first_chunk::<16>() {
        let len = u32::from_le_bytes([head[8], head[9], head[10], head[11]]);
        let (record, others) = rest.split_at(16 + usize::try_from(len).unwrap());
        // The names say nothing of the order.
        let name = format!("ring/{:02}.pcap", number * 37 % 80);
        folder = folder.with(&name, &[header, record].concat());
        (number, rest) = (number + 1, others);
    }
    folder
}

/// The capture with which the project began: one stalled connection.
fn origin() -> Vec<u8> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../testdata/origin/phone-on-3g.pcap"
    );
    fs::read(path).unwrap()
}

/// The origin's captures, the failing one and the healthy one.
fn origin_pair() -> Folder {
    let healthy = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../testdata/origin/phone-on-wifi.pcap"
    );
    let healthy = fs::read(healthy).unwrap();
    Folder::new()
        .with("failing.pcap", &origin())
        .with("healthy.pcap", &healthy)
}
