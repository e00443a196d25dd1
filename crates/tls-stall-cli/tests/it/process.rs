//! The edges of the process: signals, full disks, files that change, and what a capture names.
#![cfg(unix)]

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use testkit::dns::{Question, Type};
use testkit::{Connection, Endian, Frame, Interface, Link, PcapngWriter, Side, Wire, tls};

use crate::{Folder, Run, capture, origin, origin_pair, ring};

/// The number of connections in [`refused`], each of which makes a line of more than a kilobyte.
const REFUSED: u16 = 8_000;

/// A capture of connections that are refused, larger than what is read ahead and what a pipe holds.
fn refused() -> Wire {
    let mut wire = Wire::new(Link::Raw);
    for number in 0..REFUSED {
        let client = std::net::SocketAddr::from(([10, 8, 0, 1], 1025 + number));
        let mut c = Connection::new(client, "203.0.113.25:465".parse().unwrap());
        let time = 0.001 * f64::from(number);
        wire.put(time, [c.syn(), c.refuse()]);
        // What is left of a frame, so that the file is long.
        wire.put(
            time,
            testkit::Packet::datagram(client, "203.0.113.25:9".parse().unwrap(), &[0; 400]),
        );
    }
    wire
}

/// The command in the midst of the file `name`: it waits for a reader of its output, which holds a
/// line by then.
fn stuck(folder: &Folder, name: &str) -> Child {
    let mut child = folder
        .command(&["--format", "ndjson", name])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut first)
        .unwrap();
    child
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("sh")
        .args(["-c", &format!("kill -{name} {}", child.id())])
        .status();
    assert!(sent.unwrap().success());
}

#[test]
fn a_signal_while_a_report_is_written_leaves_what_was_there_and_nothing_else() {
    for (name, number) in [("TERM", 15), ("INT", 2), ("KILL", 9)] {
        let folder = Folder::new().with("out.ndjson", b"earlier");
        let mut child = folder
            .command(&["--format", "ndjson", "-o", "out.ndjson", "-"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        // More than the pipe and what is read ahead hold: some of it has been reported.
        let file = refused().pcap();
        child.stdin.as_mut().unwrap().write_all(&file).unwrap();
        signal(&child, name);
        assert_eq!(child.wait().unwrap().signal(), Some(number));
        assert_eq!(folder.read("out.ndjson"), "earlier");
        // Elsewhere the file that is written beside it may stay.
        if cfg!(target_os = "linux") {
            assert_eq!(folder.names(), ["out.ndjson"], "{name}");
        }
    }
}

#[test]
fn a_reader_that_goes_away_in_the_midst_ends_it_quietly() {
    let folder = Folder::new().with("a.pcap", &refused().pcap());
    let mut child = stuck(&folder, "a.pcap");
    drop(child.stdout.take());
    let run = Run::of(child.wait_with_output().unwrap());
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
}

#[cfg(target_os = "linux")]
#[test]
fn a_report_for_which_there_is_no_room_is_an_error_in_each_format() {
    let folder = Folder::new().with("a.pcap", &origin());
    for format in ["text", "json", "ndjson", "csv", "markdown", "html"] {
        let args = ["--format", format, "a.pcap"];
        let full = File::options().write(true).open("/dev/full").unwrap();
        let run = Run::of(folder.command(&args).stdout(full).output().unwrap());
        let expected = "tls-stall: cannot write standard output: No space left on device";
        assert!(run.stderr.contains(expected), "{format}: {run:?}");
        assert_eq!(run.code, 2, "{format}");

        let run = folder.run(&[&["-o", "/dev/full"], &args[..]].concat());
        assert_eq!(run.code, 2, "{format}: {run:?}");
        assert!(
            run.stderr.contains("cannot write /dev/full: No space left"),
            "{format}: {run:?}"
        );
    }
}

#[test]
fn a_file_that_may_not_become_as_long_as_the_report_is_not_written_at_all() {
    let folder = Folder::new()
        .with("a.pcap", &origin())
        .with("earlier", b"earlier");
    // Two blocks of 512 bytes (in some shells, of 1024), and no signal for what goes beyond.
    let script = format!(
        "trap '' XFSZ; ulimit -f 2; exec '{}' --format html -o earlier a.pcap",
        env!("CARGO_BIN_EXE_tls-stall")
    );
    let mut limited = Command::new("sh");
    limited.args(["-c", &script]).current_dir(folder.0.path());
    let run = Run::of(limited.output().unwrap());
    run.is_refusal("tls-stall: cannot write earlier: ");
    assert_eq!(folder.read("earlier"), "earlier");
    assert_eq!(folder.names(), ["a.pcap", "earlier"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_and_leaves_no_half_file() {
    let folder = Folder::new().with("a.pcap", &refused().pcap());
    fs::create_dir(folder.path("small")).unwrap();
    // In a mount namespace of its own, which takes the disk away with it.
    let script = format!(
        "mount -t tmpfs -o size=64k none small || exit 77
         for option in -o --annotate; do
             '{}' --format json $option small/out a.pcap >stdout 2>stderr
             echo \"$? $(ls -A small | wc -l) $(cat stderr)\"
         done",
        env!("CARGO_BIN_EXE_tls-stall")
    );
    let mut unshared = Command::new("unshare");
    unshared.args(["-m", "sh", "-c", &script]);
    let output = match unshared.current_dir(folder.0.path()).output() {
        Ok(output) if output.status.success() => String::from_utf8(output.stdout).unwrap(),
        other => {
            // As for a user who may not mount.
            let _ = writeln!(
                std::io::stderr(),
                "skipped, without a small disk: {other:?}"
            );
            return;
        }
    };
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(lines.len(), 2, "{output}");
    for line in lines {
        let expected = "2 0 tls-stall: cannot write small/out: No space left on device";
        assert!(line.starts_with(expected), "{output}");
    }
}

#[test]
fn a_capture_that_becomes_shorter_while_it_is_read_says_so() {
    let file = refused().pcap();
    // To where more has been read by then, and to where not.
    for len in [30, u64::try_from(file.len()).unwrap() * 9 / 10] {
        let folder = Folder::new().with("a.pcap", &file);
        let child = stuck(&folder, "a.pcap");
        let writer = OpenOptions::new().write(true).open(folder.path("a.pcap"));
        writer.unwrap().set_len(len).unwrap();
        let run = Run::of(child.wait_with_output().unwrap());
        assert_eq!(run.code, 2, "{}", run.stderr);
        let reason = "cannot read a.pcap: it became shorter while it was read";
        assert!(run.stderr.contains(reason), "{}", run.stderr);
        // What came before is told.
        let lines = run.stdout.lines().count();
        assert!(lines > 100 && lines < usize::from(REFUSED), "{lines}");
    }
}

#[test]
fn a_capture_that_grows_while_it_is_read_is_read_to_its_new_end() {
    let (half, rest) = {
        let file = refused().pcap();
        let half = file.len() * 3 / 4;
        (file[..half].to_vec(), file[half..].to_vec())
    };
    let folder = Folder::new().with("a.pcap", &half);
    let child = stuck(&folder, "a.pcap");
    let mut writer = OpenOptions::new()
        .append(true)
        .open(folder.path("a.pcap"))
        .unwrap();
    writer.write_all(&rest).unwrap();
    let run = Run::of(child.wait_with_output().unwrap());
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(!run.stderr.contains("capture-cut-short"), "{}", run.stderr);
    assert_eq!(run.stdout.lines().count(), usize::from(REFUSED));
}

#[test]
fn no_output_goes_over_a_capture_by_whatever_name() {
    let folder = ring().with("b.pcap", &capture());
    let whole = fs::read(folder.path("whole.pcap")).unwrap();
    symlink("whole.pcap", folder.path("link.pcap")).unwrap();
    symlink("link.pcap", folder.path("chain.pcap")).unwrap();
    fs::hard_link(folder.path("whole.pcap"), folder.path("same.pcap")).unwrap();
    let absolute = folder.path("whole.pcap").to_string_lossy().into_owned();
    for output in [
        "link.pcap",
        "chain.pcap",
        "same.pcap",
        "ring/../whole.pcap",
        &absolute,
    ] {
        for option in ["-o", "--annotate"] {
            // And the other way round: the capture by the other name.
            for (output, capture) in [(output, "whole.pcap"), ("whole.pcap", output)] {
                let run = folder.run(&[option, output, "b.pcap", capture]);
                run.is_refusal("tls-stall: cannot write ");
                assert!(
                    run.stderr.contains("one of the captures to read"),
                    "{run:?}"
                );
            }
        }
    }
    for args in [
        ["-o", "/dev/stdin", "-"],
        ["-o", "whole.pcap", "/dev/stdin"],
    ] {
        let run = folder.run_from("whole.pcap", &args);
        run.is_refusal("tls-stall: cannot write ");
    }
    let run = folder.run(&["compare", "-o", "link.pcap", "whole.pcap", "b.pcap"]);
    run.is_refusal("tls-stall: cannot write ");
    assert_eq!(fs::read(folder.path("whole.pcap")).unwrap(), whole);
    assert!(folder.path("link.pcap").is_symlink());
}

#[test]
fn a_path_within_a_capture_is_never_opened() {
    let folder = origin_pair();
    // Who opens it waits for ever.
    let trap = folder.path("trap");
    let made = Command::new("mkfifo").arg(&trap).status().unwrap();
    assert!(made.success());
    let path = trap.to_string_lossy().into_owned();
    let mut wire = Wire::new(Link::Raw);
    let [client, server, resolver] = ["10.8.0.1:41234", "203.0.113.25:465", "10.0.0.1:53"]
        .map(|address| address.parse().unwrap());
    // Dots end labels; within a name the path has none.
    let name = path.replace('.', "_");
    let question = Question::new(client, resolver, 7, &name, Type::A);
    wire.put(0.0, question.query());
    wire.put(3.0, question.query());
    let mut c = Connection::new(client, server);
    wire.put(5.0, [c.syn(), c.syn_ack(), c.ack(Side::Client)]);
    wire.put(9.0, c.send(Side::Client, &tls::client_hello(&path)));
    wire.put(20.0, c.fin(Side::Server));
    let mut file = PcapngWriter::new(Vec::new(), Endian::Little).unwrap();
    file.interface(&Interface {
        link_type: Link::Raw.number(),
        ts_resolution: None,
        name: Some(path.clone()),
    })
    .unwrap();
    for frame in wire.frames() {
        let comment = Some(format!("file://{path}"));
        file.write(
            0,
            &Frame {
                comment,
                ..frame.clone()
            },
        )
        .unwrap();
    }
    // Names and secrets, by which Wireshark would be told of files.
    let address = [203, 0, 113, 25];
    let record = [&address[..], path.as_bytes(), b"\0"].concat();
    let mut names = vec![1, 0];
    names.extend(u16::try_from(record.len()).unwrap().to_le_bytes());
    names.extend(&record);
    names.resize(names.len().next_multiple_of(4), 0);
    names.extend([0; 4]);
    file.block(4, &names).unwrap();
    let folder = folder.with("a.pcapng", &file.finish().unwrap());
    let before = folder.names();
    for format in ["text", "json", "ndjson", "csv", "markdown", "html"] {
        let mut child = folder
            .command(&["--all", "--format", format, "a.pcapng"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let (sender, ended) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut report = String::new();
            let _ = stdout.read_to_string(&mut report);
            sender.send(report)
        });
        let report = ended.recv_timeout(Duration::from_secs(60));
        if report.is_err() {
            child.kill().unwrap();
        }
        assert!(report.unwrap().contains("203.0.113.25"), "{format}");
        assert!(child.wait().unwrap().success(), "{format}");
    }
    assert_eq!(folder.names(), before);
}
