//! The examples as their readers run them.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::testdata;

/// An example's program, which cargo builds before the tests.
fn example(name: &str) -> Command {
    // The test is target/<profile>/deps/it-<hash>, an example target/<profile>/examples/<name>.
    let test = env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    let program = profile
        .join("examples")
        .join(name)
        .with_extension(env::consts::EXE_EXTENSION);
    let age = |file: &Path| fs::metadata(file).and_then(|it| it.modified()).ok();
    assert!(
        age(&program) >= age(&source(name)),
        "{} is not there or out of date: build it with `cargo build -p tls-stall --examples`, as \
         `cargo test -p tls-stall` does before the tests",
        program.display()
    );
    let mut command = Command::new(program);
    // For paths as a reader types them.
    command.current_dir(testdata().join(".."));
    command
}

fn source(example: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    folder.join(example).with_extension("rs")
}

/// What a program wrote to standard output; it has to succeed.
fn output(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert!(status.success(), "{command:?}: {status}: {stderr}");
    String::from_utf8(stdout).unwrap()
}

/// The program that docs/library.md begins with is the example, and prints what the page says.
#[test]
fn the_program_in_the_library_page_is_an_example_and_prints_what_is_shown() {
    let page = fs::read_to_string(testdata().join("../docs/library.md")).unwrap();
    let block = |fence: &str| {
        let (_, from) = page.split_once(&format!("```{fence}\n")).unwrap();
        from.split_once("```\n").unwrap().0
    };
    let example_source = fs::read_to_string(source("waits")).unwrap();
    assert!(example_source.ends_with(block("rust,no_run")));
    let told = output(example("waits").arg("testdata/origin/phone-on-3g.pcap"));
    assert_eq!(told, block("text"));
}

#[test]
fn custom_report_tells_each_server_apart() {
    let told = output(example("custom_report").args([
        "testdata/origin/phone-on-3g.pcap",
        "testdata/origin/phone-on-wifi.pcap",
    ]));
    assert_eq!(
        told,
        "\
| server | connections | stalled | longest wait | verdicts |
|---|---|---|---|---|
| 198.51.100.10:443 (sync.example) | 2 | 0 | 0.084 s for the ServerHello |  |
| 198.51.100.44:443 (news.example) | 1 | 0 | 0.084 s for the ServerHello |  |
| 203.0.113.25:465 | 2 | 1 | 28.000 s for the ClientHello | 1 × reverse-dns-unanswered |
"
    );
}

#[test]
fn packet_feed_tells_milestones_as_they_come_and_then_the_verdict() {
    assert_eq!(
        output(&mut example("packet_feed")),
        "\
0.000 s  203.0.113.25:465 syn
0.080 s  203.0.113.25:465 syn_ack
0.081 s  203.0.113.25:465 established
4.081 s  203.0.113.25:465 client_hello
4.081 s  203.0.113.25:465 client_hello_end
client-idle: The client owed the ClientHello and was silent for 4.000 s; nothing in the capture \
         explains it.
4 packets, 1 TLS connections, 1 stalled
dns-not-visible: no name lookup is in the capture: a wait for one would look like idleness
"
    );
}

#[test]
fn custom_cause_explains_the_wait_within_its_window_only() {
    let told = |from: &str, to: &str| {
        let capture = "testdata/recorded/server-frozen.pcap";
        output(example("custom_cause").args([capture, from, to]))
    };
    let within = told("08:00", "09:00");
    assert!(
        within.starts_with("203.0.113.25:465: backup-window, high confidence: "),
        "{within}"
    );
    assert!(
        within.contains("\n  not server-slow: backup-window explains 5.190 s of it\n"),
        "{within}"
    );
    let past_midnight = told("22:30", "08:42");
    assert!(
        past_midnight.contains(": backup-window, high confidence: "),
        "{past_midnight}"
    );
    let outside = told("02:00", "03:00");
    assert!(
        outside.starts_with("203.0.113.25:465: server-slow, medium confidence: "),
        "{outside}"
    );
    assert!(
        outside.contains(
            "\n  not backup-window: the wait began at 08:41 UTC; the backup runs from 02:00 to \
             03:00\n"
        ),
        "{outside}"
    );
}

/// A folder that is gone when the test is.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn collector_counts_the_capture_on_its_standard_input() {
    let folder = Folder::new("collector");
    let file = folder.0.join("tls_stall.prom");
    let capture = File::open(testdata().join("origin/phone-on-3g.pcap")).unwrap();
    output(example("collector").arg(&file).stdin(Stdio::from(capture)));
    let metrics = fs::read_to_string(&file).unwrap();
    for line in [
        "# TYPE tls_stall_wait_seconds histogram",
        "tls_stall_frames_total 80",
        "tls_stall_connections_total{outcome=\"established\"} 2",
        "tls_stall_connections_total{outcome=\"server-closed-before-client-hello\"} 1",
        "tls_stall_connections_total{outcome=\"refused\"} 0",
        "tls_stall_stalled_connections_total 1",
        "tls_stall_verdicts_total{cause=\"reverse-dns-unanswered\"} 1",
        "tls_stall_wait_seconds_bucket{phase=\"client_hello\",le=\"10\"} 2",
        "tls_stall_wait_seconds_bucket{phase=\"client_hello\",le=\"30\"} 3",
        "tls_stall_wait_seconds_bucket{phase=\"client_hello\",le=\"+Inf\"} 3",
        "tls_stall_wait_seconds_count{phase=\"client_hello\"} 3",
    ] {
        assert!(metrics.lines().any(|it| it == line), "{line}:\n{metrics}");
    }
    is_exposition(&metrics);
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
}

/// Holds metrics to the text format: each family is described before its samples and stands in one
/// piece, no sample comes twice, and the buckets of a histogram grow up to its count.
fn is_exposition(metrics: &str) {
    let mut families = Vec::new();
    let mut samples = Vec::new();
    let mut below = None;
    for line in metrics.lines() {
        if let Some(described) = line.strip_prefix("# TYPE ") {
            let (family, kind) = described.split_once(' ').unwrap();
            assert!(!families.contains(&family), "{family} twice");
            assert_eq!(kind == "counter", family.ends_with("_total"), "{line}");
            families.push(family);
            continue;
        }
        if line.starts_with("# HELP ") {
            continue;
        }
        let (sample, value) = line.rsplit_once(' ').unwrap();
        let value: f64 = value.parse().unwrap();
        let family = families.last().unwrap();
        let rest = sample.strip_prefix(family).unwrap();
        let suffix = rest.split('{').next().unwrap();
        assert!(
            ["", "_bucket", "_sum", "_count"].contains(&suffix),
            "{line}"
        );
        assert!(!samples.contains(&sample), "{sample} twice");
        samples.push(sample);
        match suffix {
            "_bucket" => {
                assert!(below.is_none_or(|below| below <= value), "{line}");
                below = Some(value);
            }
            "_count" => assert_eq!(below.take(), Some(value), "{line}"),
            _ => {}
        }
    }
    assert!(metrics.ends_with('\n'));
    assert_eq!(families.len(), 5);
}
