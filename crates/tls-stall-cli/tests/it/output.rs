//! Where a report goes: `--output`, pipes and devices.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use crate::{Folder, Run, capture};

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
