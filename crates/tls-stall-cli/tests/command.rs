//! The command as its users call it: exit codes, what goes to which stream, and bad input.
#![allow(clippy::unwrap_used, reason = "in a test a panic is a failure")]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

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

#[test]
fn a_capture_without_a_stall_is_reported_and_ends_in_0() {
    let folder = Folder::new().with("a.pcap", &capture());
    let run = folder.run(&["a.pcap"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(
        run.stdout.starts_with("a.pcap: 1 frame in 0.000 s"),
        "{run:?}"
    );
    assert!(folder.run(&["--fail-on", "stall", "a.pcap"]).code == 0);
}

#[test]
fn json_is_one_document_however_many_captures() {
    let folder = Folder::new()
        .with("a.pcap", &capture())
        .with("b.pcap", &capture());
    let run = folder.run(&["--format", "json", "a.pcap", "b.pcap"]);
    assert_eq!(run.code, 0);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["schema_version"], 1);
    assert_eq!(document["options"]["stall_threshold_s"], 1.0);
    assert_eq!(document["captures"][0]["path"], "a.pcap");
    assert_eq!(document["captures"][1]["path"], "b.pcap");
}

#[test]
fn the_threshold_is_taken_from_the_command_line() {
    let folder = Folder::new().with("a.pcap", &capture());
    let run = folder.run(&["--stall-threshold", "200ms", "--format", "json", "a.pcap"]);
    assert!(
        run.stdout.contains("\"stall_threshold_s\": 0.2\n"),
        "{run:?}"
    );
}

#[test]
fn what_is_no_capture_is_refused_in_one_line() {
    let folder = Folder::new()
        .with("empty.pcap", b"")
        .with("text.pcap", &b"GET / HTTP/1.1\r\n\r\n".repeat(20))
        .with("cut.pcap", &capture()[..10]);
    for name in ["empty.pcap", "text.pcap", "cut.pcap", "missing.pcap"] {
        let run = folder.run(&[name]);
        run.is_refusal(&format!("tls-stall: cannot read {name}: "));
    }
}

#[test]
fn a_folder_is_its_captures_and_what_is_none_in_it_is_passed_over() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path("all/inner")).unwrap();
    let folder = folder
        .with("all/b.pcap", &capture())
        .with("all/inner/a.pcap", &capture())
        .with("all/notes.txt", b"the phone was on 3G, then on the train");
    let run = folder.run(&["all"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let captures: Vec<&str> = run
        .stdout
        .lines()
        .filter_map(|line| Some(line.split_once(": 1 frame")?.0))
        .collect();
    assert_eq!(captures, ["all/b.pcap", "all/inner/a.pcap"]);

    // What begins as a capture is one that cannot be read.
    let folder = folder.with("all/cut.pcap", &capture()[..10]);
    let run = folder.run(&["all"]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr
            .starts_with("tls-stall: cannot read all/cut.pcap: ")
    );
    assert!(run.stdout.contains("all/b.pcap: "));
}

#[test]
fn a_folder_without_captures_is_no_healthy_one() {
    let folder = Folder::new().with("notes.txt", &b"nothing to see\n".repeat(9));
    let run = folder.run(&["."]);
    run.is_refusal("tls-stall: cannot read .: it holds no ");
    fs::create_dir(folder.path("empty")).unwrap();
    let run = folder.run(&["empty"]);
    run.is_refusal("tls-stall: cannot read empty: it holds no ");
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

#[test]
fn the_files_of_a_ring_are_one_capture_whatever_their_names() {
    let folder = ring();
    let report = |args: &[&str]| {
        let run = folder.run(&[&["--format", "json"], args].concat());
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        let mut document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        document["captures"][0].take()
    };
    let (whole, mut merged) = (report(&["whole.pcap"]), report(&["--merge", "ring"]));
    let files = merged["files"].take();
    assert_eq!(files.as_array().unwrap().len(), 80);
    assert_eq!(files[1]["path"], "ring/37.pcap");
    assert_eq!(files[1]["first_frame"], 2);
    assert_eq!(merged["path"], "ring/00.pcap … ring/43.pcap (80 files)");
    for key in [
        "frames",
        "duration_s",
        "summary",
        "connections",
        "lookups",
        "notices",
    ] {
        assert_eq!(merged[key], whole[key], "{key}");
    }
    // A file that is given twice is not a capture of copies.
    let twice = report(&["--merge", "ring", "ring/00.pcap"]);
    assert_eq!(twice["frames"], 80);
}

#[test]
fn a_bad_file_of_a_ring_does_not_hide_the_others() {
    let folder = ring().with("ring/80.pcap", &capture()[..10]);
    let run = folder.run(&["--merge", "ring", "missing.pcap"]);
    assert_eq!(run.code, 2);
    assert!(run.stdout.contains("1 stalled"), "{run:?}");
    let complaints: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(complaints.len(), 2, "{run:?}");
    assert!(complaints[0].starts_with("tls-stall: cannot read ring/80.pcap: the file ends"));
    assert!(complaints[1].starts_with("tls-stall: cannot read missing.pcap: "));
}

#[test]
fn lines_are_told_of_folders_and_of_merged_files_too() {
    let folder = ring().with("ring/notes.txt", b"the phone was on 3G, then on the train");
    let run = folder.run(&["--format", "ndjson", "--merge", "ring"]);
    assert_eq!(run.code, 0, "{run:?}");
    let line: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(line["findings"][0]["cause"], "reverse-dns-unanswered");
    assert!(line["capture"].as_str().unwrap().ends_with("(80 files)"));

    let folder = Folder::new().with("whole.pcap", &fs::read(folder.path("whole.pcap")).unwrap());
    let folder = folder.with("notes.txt", b"the phone was on 3G, then on the train");
    let run = folder.run(&["--format", "ndjson", "."]);
    assert_eq!((run.code, run.stdout.lines().count()), (0, 1), "{run:?}");
}

#[test]
fn what_can_be_read_only_once_cannot_be_merged() {
    let folder = Folder::new().with("a.pcap", &capture());
    let run = folder.run_from("a.pcap", &["--merge", "-"]);
    run.is_refusal("tls-stall: cannot read standard input: no regular file");
}

#[test]
fn a_capture_of_which_nothing_could_be_decoded_is_no_healthy_one() {
    let folder = Folder::new()
        .with("odd.pcap", &pcap(&[0; 7]))
        .with("none.pcap", &capture()[..24]);
    let run = folder.run(&["odd.pcap"]);
    run.is_refusal("tls-stall: cannot read odd.pcap: its only frame could not be ");
    let run = folder.run(&["none.pcap"]);
    run.is_refusal("tls-stall: cannot read none.pcap: it holds no ");
}

#[test]
fn one_bad_capture_does_not_hide_the_others() {
    let folder = Folder::new()
        .with("a.pcap", &capture())
        .with("b.pcap", &capture());
    let run = folder.run(&["a.pcap", "missing.pcap", "b.pcap"]);
    assert_eq!(run.code, 2);
    assert!(
        run.stdout.contains("a.pcap: ") && run.stdout.contains("b.pcap: "),
        "{run:?}"
    );
    assert!(
        run.stderr
            .starts_with("tls-stall: cannot read missing.pcap: "),
        "{run:?}"
    );
    assert_eq!(run.stderr.lines().count(), 1);
}

#[test]
fn a_hostile_file_name_cannot_speak_to_the_terminal() {
    let run = Folder::new().run(&["\x1b[2J\u{202e}\nall well.pcap"]);
    run.is_refusal(r"tls-stall: cannot read \u{1b}[2J\u{202e}\nall well.pcap: ");
}

#[test]
fn a_dash_is_standard_input() {
    let folder = Folder::new().with("a.pcap", &capture());
    let run = folder.run_from("a.pcap", &["-"]);
    assert_eq!(run.code, 0);
    assert!(run.stdout.starts_with("-: 1 frame"), "{run:?}");
    let run = folder.run(&["-"]);
    run.is_refusal("tls-stall: cannot read standard input: ");
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let folder = Folder::new();
    let mut command = folder.command(&["-"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all(&capture()).unwrap();
    let run = Run::of(child.wait_with_output().unwrap());
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
}

#[test]
fn a_report_goes_to_a_file_and_nothing_else_is_left() {
    let folder = Folder::new().with("a.pcap", &capture());
    let shown = folder.run(&["a.pcap"]).stdout;
    let run = folder.run(&["-o", "report.txt", "a.pcap"]);
    assert_eq!(
        (run.code, run.stdout.as_str(), run.stderr.as_str()),
        (0, "", "")
    );
    assert_eq!(folder.read("report.txt"), shown);
    assert_eq!(folder.names(), ["a.pcap", "report.txt"]);

    let run = folder.run(&["--format", "json", "-o", "report.txt", "a.pcap"]);
    assert_eq!(run.code, 0);
    assert!(folder.read("report.txt").starts_with('{'));
    assert_eq!(folder.run(&["-o", "-", "a.pcap"]).stdout, shown);
}

#[test]
fn a_report_never_goes_over_a_capture() {
    let folder = Folder::new()
        .with("a.pcap", &capture())
        .with("b.pcap", &capture());
    fs::hard_link(folder.path("a.pcap"), folder.path("same.pcap")).unwrap();
    for output in ["a.pcap", "./a.pcap", "same.pcap"] {
        let run = folder.run(&["-o", output, "b.pcap", "a.pcap"]);
        run.is_refusal("tls-stall: cannot write ");
        assert!(
            run.stderr.contains("one of the captures to read"),
            "{run:?}"
        );
    }
    let run = folder.run_from("a.pcap", &["-o", "a.pcap", "-"]);
    run.is_refusal("tls-stall: cannot write ");
    assert_eq!(fs::read(folder.path("a.pcap")).unwrap(), capture());
}

#[test]
fn a_report_that_cannot_be_written_is_an_error_and_leaves_nothing() {
    let folder = Folder::new().with("a.pcap", &capture());
    let run = folder.run(&["-o", "missing/report.txt", "a.pcap"]);
    run.is_refusal("tls-stall: cannot write missing/report.txt: ");
    let run = folder.run(&["-o", ".", "a.pcap"]);
    run.is_refusal("tls-stall: cannot write .: ");
    assert_eq!(folder.names(), ["a.pcap"]);
}

#[test]
fn an_earlier_report_stays_where_no_capture_could_be_read() {
    let folder = Folder::new().with("report.txt", b"earlier");
    assert_eq!(folder.run(&["-o", "report.txt", "missing.pcap"]).code, 2);
    assert_eq!(folder.read("report.txt"), "earlier");
}

#[cfg(unix)]
#[test]
fn a_report_keeps_a_link_and_the_rights_of_the_file_it_replaces() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let folder = Folder::new()
        .with("a.pcap", &capture())
        .with("real.txt", b"earlier");
    let rights = fs::Permissions::from_mode(0o640);
    fs::set_permissions(folder.path("real.txt"), rights).unwrap();
    symlink("real.txt", folder.path("link.txt")).unwrap();
    assert_eq!(folder.run(&["-o", "link.txt", "a.pcap"]).code, 0);
    assert!(folder.path("link.txt").is_symlink());
    assert!(folder.read("real.txt").starts_with("a.pcap"));
    let rights = fs::metadata(folder.path("real.txt")).unwrap().permissions();
    assert_eq!(rights.mode() & 0o777, 0o640);
}

#[cfg(unix)]
#[test]
fn a_report_may_go_to_a_device() {
    let folder = Folder::new().with("a.pcap", &capture());
    assert_eq!(folder.run(&["-o", "/dev/null", "a.pcap"]).code, 0);
    assert!(!Path::new("/dev/null").is_file());
}

#[test]
fn a_wrong_command_line_is_refused() {
    let folder = Folder::new().with("a.pcap", &capture());
    for args in [
        &[][..],
        &["--format", "xml", "a.pcap"],
        &["--stall-threshold", "1", "a.pcap"],
        &["--server", ":1", "a.pcap"],
        &["--fail-on", "always", "a.pcap"],
        &["--unknown", "a.pcap"],
    ] {
        let run = folder.run(args);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
        assert!(run.stderr.starts_with("error: "), "{run:?}");
    }
}

#[test]
fn help_and_version_are_answers() {
    let folder = Folder::new();
    let run = folder.run(&["--help"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.contains("Examples:"));
    let version = concat!("tls-stall ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(folder.run(&["--version"]).stdout, version);
}

#[test]
fn colour_is_written_where_it_is_asked_for() {
    let folder = Folder::new().with("a.pcap", &capture());
    let run = |color: &str| folder.run(&["--color", color, "a.pcap"]).stdout;
    assert!(run("always").contains("\x1b["));
    assert!(!run("auto").contains('\x1b') && !run("never").contains('\x1b'));
}

/// The capture with which the project began: one stalled connection.
fn origin() -> Vec<u8> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../testdata/origin/phone-on-3g.pcap"
    );
    fs::read(path).unwrap()
}

#[test]
fn ndjson_gives_the_connections_of_the_json_report_a_line_each() {
    let folder = Folder::new().with("a.pcap", &origin());
    let json: serde_json::Value =
        serde_json::from_str(&folder.run(&["--format", "json", "a.pcap"]).stdout).unwrap();
    let run = folder.run(&[
        "--format",
        "ndjson",
        "--fail-on",
        "high",
        "a.pcap",
        "a.pcap",
    ]);
    assert_eq!(run.code, 1);
    assert_eq!(run.stdout.lines().count(), 2);
    for line in run.stdout.lines() {
        let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            line.as_object_mut().unwrap().remove("capture").unwrap(),
            "a.pcap"
        );
        assert_eq!(line, json["captures"][0]["connections"][0]);
    }
    let other = folder.run(&[
        "--format",
        "ndjson",
        "--port",
        "1",
        "--fail-on",
        "high",
        "a.pcap",
    ]);
    assert_eq!((other.code, other.stdout.as_str()), (0, ""));
}

#[test]
fn ndjson_tells_a_connection_while_the_capture_goes_on() {
    let folder = Folder::new();
    let mut child = folder
        .command(&["--format", "ndjson", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let stdout = child.stdout.take().unwrap();
    let (sender, lines) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines() {
            sender.send(line.unwrap()).unwrap();
        }
    });
    stdin.write_all(&origin()).unwrap();
    stdin.flush().unwrap();
    // The pipe is still open.
    let line = lines.recv_timeout(Duration::from_secs(20)).unwrap();
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["capture"], "-");
    assert_eq!(line["findings"][0]["cause"], "reverse-dns-unanswered");
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn ndjson_goes_to_a_file_whole_and_keeps_what_was_told_before_a_bad_capture() {
    let folder = Folder::new()
        .with("a.pcap", &origin())
        .with("b.pcap", b"no capture");
    let run = folder.run(&["--format", "ndjson", "-o", "out.ndjson", "a.pcap", "b.pcap"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("cannot read b.pcap: "), "{run:?}");
    assert_eq!(folder.read("out.ndjson").lines().count(), 1);
    assert_eq!(folder.names(), ["a.pcap", "b.pcap", "out.ndjson"]);
}

#[test]
fn a_cause_is_explained_and_all_are_listed() {
    let folder = Folder::new();
    let page = folder.run(&["explain", "reverse-dns-unanswered"]);
    assert_eq!((page.code, page.stderr.as_str()), (0, ""));
    assert!(
        page.stdout.starts_with("reverse-dns-unanswered\n"),
        "{page:?}"
    );
    assert!(page.stdout.contains("dig -x 203.0.113.25\n"), "{page:?}");
    assert!(
        page.stdout.lines().all(|line| line.len() <= 100),
        "{page:?}"
    );
    let list = folder.run(&["explain"]);
    assert_eq!((list.code, list.stderr.as_str()), (0, ""));
    for cause in tls_stall::Cause::ALL {
        let listed = list
            .stdout
            .lines()
            .any(|line| line.starts_with(cause.name()));
        assert!(listed, "{cause}: {list:?}");
    }
    let colour = folder.run(&["explain", "--color", "always", "syn-lost"]);
    assert!(colour.stdout.starts_with("\u{1b}[1msyn-lost"), "{colour:?}");
}

#[test]
fn a_cause_that_is_not_known_is_refused_with_the_nearest() {
    let run = Folder::new().run(&["explain", "reverse-dns-unaswered"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    let nearest = "a similar value exists: 'reverse-dns-unanswered'";
    assert!(run.stderr.contains(nearest), "{run:?}");
}

#[test]
fn a_capture_may_bear_the_name_of_a_command() {
    let folder = Folder::new().with("explain", &capture());
    let run = folder.run(&["./explain"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.starts_with("./explain: 1 frame"), "{run:?}");
}

#[test]
fn other_forms_of_the_report_name_the_cause_and_carry_no_colour() {
    let folder = Folder::new().with("a.pcap", &origin());
    for (format, beginning) in [
        ("html", "<!DOCTYPE html>\n"),
        ("markdown", "## `a.pcap`\n"),
        ("csv", "capture,tcp_stream,"),
    ] {
        let run = folder.run(&["--format", format, "--color", "always", "a.pcap"]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{format}");
        assert!(run.stdout.contains("reverse-dns-unanswered"), "{format}");
        assert!(run.stdout.starts_with(beginning), "{format}");
        assert!(!run.stdout.contains('\x1b'), "{format}");
    }
}

#[test]
fn ascii_is_drawn_where_it_is_asked_for() {
    let folder = Folder::new().with("a.pcap", &origin());
    assert!(folder.run(&["--ascii", "a.pcap"]).stdout.is_ascii());
    assert!(!folder.run(&["a.pcap"]).stdout.is_ascii());
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

#[test]
fn two_captures_are_compared_in_every_form() {
    let folder = origin_pair();
    for (format, beginning) in [
        ("text", "here   failing.pcap: "),
        ("json", "{\n  \"schema_version\": 1,"),
        ("html", "<!DOCTYPE html>\n"),
        ("markdown", "- here: `failing.pcap`: "),
    ] {
        let args = [
            "compare",
            "failing.pcap",
            "healthy.pcap",
            "--format",
            format,
        ];
        let run = folder.run(&args);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{format}");
        assert!(run.stdout.starts_with(beginning), "{format}: {run:?}");
        assert!(run.stdout.contains("reverse-dns-unanswered"), "{format}");
    }
    let piped = ["compare", "-", "healthy.pcap", "--color", "always"];
    let piped = folder.run_from("failing.pcap", &piped);
    assert!(piped.stdout.contains('\x1b'), "{piped:?}");
}

#[test]
fn only_the_connections_asked_for_are_compared() {
    let folder = origin_pair();
    let streams = |options: &[&str]| {
        let compare = [
            "compare",
            "failing.pcap",
            "healthy.pcap",
            "--format",
            "json",
        ];
        let run = folder.run(&[&compare, options].concat());
        let value: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let pairs = value["pairs"].as_array().unwrap().iter();
        let streams = pairs.map(|pair| pair["tcp_stream"].to_string());
        streams.collect::<Vec<_>>()
    };
    assert_eq!(streams(&[]), ["[2,2]", "[0,0]"]);
    assert_eq!(streams(&["--tcp-stream", "2"]), ["[2,2]"]);
    assert_eq!(streams(&["--port", "443"]), ["[0,0]"]);
    assert_eq!(streams(&["--server", "203.0.113.25:465"]), ["[2,2]"]);
}

#[test]
fn captures_that_cannot_be_compared_are_complained_of() {
    let folder = origin_pair().with("text", b"no capture");
    for (args, complaint) in [
        (["failing.pcap", "none.pcap"], "cannot read none.pcap: "),
        (["text", "healthy.pcap"], "cannot read text: "),
        (
            ["-", "-"],
            "cannot read standard input: it is given for both",
        ),
    ] {
        let run = folder.run(&[&["compare"], &args[..]].concat());
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
        assert!(run.stderr.contains(complaint), "{run:?}");
    }
    let overwriting = [
        "compare",
        "failing.pcap",
        "healthy.pcap",
        "-o",
        "healthy.pcap",
    ];
    let before = fs::read(folder.path("healthy.pcap")).unwrap();
    let run = folder.run(&overwriting);
    assert_eq!(run.code, 2);
    assert_eq!(fs::read(folder.path("healthy.pcap")).unwrap(), before);
    assert_eq!(folder.run(&["compare", "failing.pcap"]).code, 2);
}

/// The comments of packets in a pcapng file, in their order.
fn comments(file: &[u8]) -> Vec<String> {
    let word = |at: usize| u32::from_le_bytes(*file.get(at..).unwrap().first_chunk().unwrap());
    let half = |at: usize| u16::from_le_bytes(*file.get(at..).unwrap().first_chunk().unwrap());
    let (mut comments, mut at) = (Vec::new(), 0);
    while at < file.len() {
        let len = usize::try_from(word(at + 4)).unwrap();
        if word(at) == 6 {
            let captured = usize::try_from(word(at + 20)).unwrap();
            let mut option = at + 28 + captured.next_multiple_of(4);
            while half(option) == 1 {
                let value = option + 4;
                let len = usize::from(half(option + 2));
                let comment = file.get(value..value + len).unwrap();
                comments.push(String::from_utf8(comment.to_vec()).unwrap());
                option = value + len.next_multiple_of(4);
            }
        }
        at += len;
    }
    comments
}

#[test]
fn the_evidence_is_written_as_a_capture_with_comments() {
    let folder = ring();
    let run = folder.run(&["--annotate", "out.pcapng", "whole.pcap"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.starts_with("whole.pcap: "), "{run:?}");
    let said = comments(&fs::read(folder.path("out.pcapng")).unwrap());
    assert_eq!(said.len(), 9);
    assert_eq!(
        said[1],
        "frame 51 of whole.pcap: PTR query for 25.113.0.203.in-addr.arpa to 10.0.0.1, never \
         answered [reverse-dns-unanswered, high]"
    );
    // It is a capture like others.
    let again = folder.run(&["--all", "out.pcapng"]);
    assert_eq!((again.code, again.stderr.as_str()), (0, ""));
    assert!(
        again.stdout.starts_with("out.pcapng: 9 frames"),
        "{again:?}"
    );

    // The files of a ring, by the numbers of the merged capture.
    let run = folder.run(&["--merge", "--annotate", "merged.pcapng", "ring"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let merged = comments(&fs::read(folder.path("merged.pcapng")).unwrap());
    let frames = |comments: &[String]| -> Vec<String> {
        let number = |it: &String| it.split(' ').nth(1).unwrap().to_owned();
        comments.iter().map(number).collect()
    };
    assert_eq!(frames(&merged), frames(&said));

    // Several captures are several sections; with --whole, each frame says which it was.
    let file = fs::read(folder.path("whole.pcap")).unwrap();
    let folder = folder.with("again.pcap", &file);
    let args = [
        "--whole",
        "--annotate",
        "two.pcapng",
        "whole.pcap",
        "again.pcap",
    ];
    let run = folder.run(&args);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let two = comments(&fs::read(folder.path("two.pcapng")).unwrap());
    assert_eq!(two[0], "frame 46 of whole.pcap");
    assert!(
        two.iter()
            .any(|it| it.starts_with("frame 51 of again.pcap: PTR query "))
    );
}

#[test]
fn what_cannot_be_annotated_is_refused_before_anything_is_read_or_written() {
    let folder = ring().with("earlier.pcapng", b"earlier");
    let run = folder.run_from("whole.pcap", &["--annotate", "out.pcapng", "-"]);
    run.is_refusal("tls-stall: cannot read standard input: no regular file, and --annotate ");
    let run = folder.run(&["--annotate", "whole.pcap", "whole.pcap"]);
    run.is_refusal("tls-stall: cannot write whole.pcap: it is one of the captures");
    let run = folder.run(&["--annotate", "-", "whole.pcap"]);
    run.is_refusal("tls-stall: cannot write standard output: --annotate writes a file");
    let args = [
        "--annotate",
        "out.pcapng",
        "-o",
        "./out.pcapng",
        "whole.pcap",
    ];
    let run = folder.run(&args);
    run.is_refusal("tls-stall: cannot write out.pcapng: the report and the annotated capture");
    for args in [
        ["--redact", "--annotate", "out.pcapng", "whole.pcap"].as_slice(),
        &["--whole", "whole.pcap"],
        &["--jobs", "0", "whole.pcap"],
    ] {
        let run = folder.run(args);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
    }
    // Nothing can be put there: what is there stays, and nothing is left beside it.
    let run = folder.run(&["--annotate", "nowhere/out.pcapng", "whole.pcap"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert_eq!(folder.read("earlier.pcapng"), "earlier");
    assert_eq!(folder.names(), ["earlier.pcapng", "ring", "whole.pcap"]);
}

#[test]
fn a_redacted_report_names_nobody_and_no_file() {
    let folder = ring();
    for format in ["text", "json", "ndjson", "html", "markdown", "csv"] {
        let run = folder.run(&["--redact", "--format", format, "whole.pcap"]);
        assert_eq!(run.code, 0);
        for original in [
            "203.0.113.25",
            "25.113.0.203",
            "10.8.0.1",
            "10.0.0.1",
            "whole.pcap",
        ] {
            let told = [&run.stdout, &run.stderr];
            let told = told.map(|it| it.replace("10.0.0.10", "").contains(original));
            assert_eq!(told, [false, false], "{format}: {original}");
        }
        assert!(run.stdout.contains("203.0.113.1"), "{format}: {run:?}");
        assert!(run.stdout.contains("capture1"), "{format}: {run:?}");
    }
}

#[test]
fn the_report_is_the_same_however_many_captures_are_read_at_once() {
    let mut folder = ring().with("text.pcap", &b"no capture at all\n".repeat(9));
    fs::remove_dir_all(folder.path("ring")).unwrap();
    let file = fs::read(folder.path("whole.pcap")).unwrap();
    for number in 0..12 {
        let len = 24 + (file.len() - 24) * number / 12;
        folder = folder.with(&format!("{number:02}.pcap"), &file[..len]);
    }
    let all = [".", "text.pcap", "missing.pcap", "whole.pcap"];
    for format in ["text", "json"] {
        let runs = ["1", "2", "9"].map(|jobs| {
            let run = folder.run(&[&["--format", format, "--jobs", jobs], &all[..]].concat());
            (run.code, run.stdout, run.stderr)
        });
        assert_eq!(runs[0].0, 2);
        assert!(runs[0].1.contains("whole.pcap"));
        assert!(runs[0].2.contains("missing.pcap") && runs[0].2.contains("text.pcap"));
        assert_eq!(runs[0], runs[1]);
        assert_eq!(runs[0], runs[2]);
    }
}

#[test]
fn completions_and_the_manual_are_printed() {
    let folder = Folder::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let run = folder.run(&["completions", shell]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{shell}");
        for word in ["stall-threshold", "annotate", "explain"] {
            assert!(run.stdout.contains(word), "{shell}: {word}");
        }
    }
    let run = folder.run(&["man"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.contains(".TH tls-stall 1"), "{run:?}");
    assert!(run.stdout.contains("\\-\\-annotate"), "{run:?}");
}

#[test]
fn the_version_is_one_line() {
    let run = Folder::new().run(&["--version"]);
    let expected = format!("tls-stall {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!((run.code, run.stdout), (0, expected));
}
