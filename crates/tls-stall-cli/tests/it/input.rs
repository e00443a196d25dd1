//! What is read: files, folders, parts of one capture, standard input.

use std::fs;

use crate::{Folder, capture, pcap, ring};

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
fn a_capture_may_bear_the_name_of_a_command() {
    let folder = Folder::new().with("explain", &capture());
    let run = folder.run(&["./explain"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.starts_with("./explain: 1 frame"), "{run:?}");
}

#[test]
fn a_hostile_file_name_cannot_speak_to_the_terminal() {
    let run = Folder::new().run(&["\x1b[2J\u{202e}\nall well.pcap"]);
    run.is_refusal(r"tls-stall: cannot read \u{1b}[2J\u{202e}\nall well.pcap: ");
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
