//! Captures against what is expected of them: `tls-stall check`.

use std::fs;
use std::path::Path;

use crate::{Folder, Run, capture, origin, origin_pair};

const ENTRY: &str = "\
# by hand
[[capture]]
path = \"failing.pcap\" # the phone on 3G
  [[capture.expect]]
  server = \"203.0.113.25:465\"
  cause = \"reverse-dns-unanswered\"
  confidence = \"high\"
";

/// The origin's captures with what is true of them.
fn folder() -> Folder {
    origin_pair().with("tls-stall.toml", ENTRY.as_bytes())
}

/// A folder with the folder `name` in it.
fn with_folder(folder: Folder, name: &str) -> Folder {
    fs::create_dir_all(folder.path(name)).unwrap();
    folder
}

fn is_as_expected(run: &Run, summary: &str) {
    let summary = format!("{summary}\n");
    let found = (run.code, run.stdout.as_str(), run.stderr.as_str());
    assert_eq!(found, (0, summary.as_str(), ""));
}

#[test]
fn captures_that_are_as_expected_exit_0() {
    let run = folder().run(&["check", "."]);
    is_as_expected(&run, "2 captures: 2 as expected");
}

#[test]
fn a_difference_exits_1_and_names_its_place_and_frames() {
    let doctored = ENTRY.replace("reverse-dns-unanswered", "reverse-dns-slow");
    let folder = folder().with("tls-stall.toml", doctored.as_bytes());
    let run = folder.run(&["check", "."]);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    for part in [
        "✗ failing.pcap\n  tls-stall.toml:4:3\n",
        "expected: a stall at 203.0.113.25:465: reverse-dns-slow, with high confidence\n",
        "reverse-dns-unanswered in client_hello",
        "(another cause)\n",
        "frames:   frame.number in {48,51,",
        "2 captures: 1 as expected, 1 differs\n",
    ] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
}

#[test]
fn a_stall_of_which_nothing_is_said_exits_1() {
    let run = origin_pair().run(&["check", "."]);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    assert!(run.stdout.contains("no stall, as the capture has no entry"));
    assert!(
        run.stdout
            .ends_with("2 captures: 1 as expected, 1 differs\n")
    );
}

#[test]
fn every_format_tells_the_difference() {
    let doctored = ENTRY.replace("reverse-dns-unanswered", "reverse-dns-slow");
    let folder = folder().with("tls-stall.toml", doctored.as_bytes());
    for (format, parts) in [
        ("text", ["✗ failing.pcap", "another cause"]),
        (
            "junit",
            [
                "<testsuites name=\"tls-stall check\" tests=\"2\" skipped=\"0\" failures=\"1\"",
                "type=\"expectation-not-met\"",
            ],
        ),
        (
            "sarif",
            ["\"ruleId\": \"expectation-not-met\"", "\"startLine\": 4"],
        ),
        (
            "github",
            [
                "::error file=tls-stall.toml,line=4,col=3,title=failing.pcap%3A expectation-not-met::",
                "1 differs\n",
            ],
        ),
    ] {
        let run = folder.run(&["check", "--format", format, "."]);
        assert_eq!((run.code, run.stderr.as_str()), (1, ""), "{format}");
        for part in parts {
            assert!(
                run.stdout.contains(part),
                "{format}: {part}: {}",
                run.stdout
            );
        }
        let to_file = folder.run(&["check", "--format", format, "-o", "report", "."]);
        assert_eq!((to_file.code, to_file.stdout.as_str()), (1, ""), "{format}");
        assert_eq!(folder.read("report"), run.stdout, "{format}");
        fs::remove_file(folder.path("report")).unwrap();
    }
}

#[test]
fn what_update_writes_is_as_expected_and_stays_as_it_is() {
    let folder = origin_pair();
    let run = folder.run(&["check", "--update", "."]);
    is_as_expected(&run, "tls-stall.toml: 2 added");
    let written = folder.read("tls-stall.toml");
    assert!(
        written.contains("cause = \"reverse-dns-unanswered\""),
        "{written}"
    );
    is_as_expected(&folder.run(&["check", "."]), "2 captures: 2 as expected");
    let run = folder.run(&["check", "--update", "."]);
    is_as_expected(&run, "tls-stall.toml: 2 kept");
    assert_eq!(folder.read("tls-stall.toml"), written);
}

/// The walk-through of docs/ci.md shows the file that is written, and it passes.
#[test]
fn the_file_in_the_documentation_is_what_update_writes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let recorded = |name: &str| fs::read(root.join("testdata/recorded").join(name)).unwrap();
    let folder = with_folder(Folder::new(), "captures")
        .with("captures/mail.pcap", &recorded("dead-backend.pcap"))
        .with("captures/phone.pcap", &origin());
    let run = folder.run(&["check", "--update", "captures"]);
    is_as_expected(&run, "captures/tls-stall.toml: 2 added");
    is_as_expected(
        &folder.run(&["check", "captures"]),
        "2 captures: 2 as expected",
    );

    let written = folder.read("captures/tls-stall.toml");
    let path = root.join("docs/ci.md");
    let page = fs::read_to_string(&path).unwrap();
    let mark = "<!-- written by tls-stall check --update -->\n\n```toml\n";
    let (before, after) = page.split_once(mark).unwrap();
    let (shown, after) = after.split_once("```\n").unwrap();
    if shown != written && std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, [before, mark, &written, "```\n", after].concat()).unwrap();
        return;
    }
    assert_eq!(shown, written, "run again with UPDATE_DOCS=1");
}

#[test]
fn the_captures_of_testdata_are_as_expected() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let run = Folder::new()
        .command(&["check", "testdata"])
        .current_dir(root)
        .output();
    let run = Run::of(run.unwrap());
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
}

#[test]
fn update_mends_what_differs_and_keeps_what_a_person_wrote() {
    let by_hand = "# by hand\n[[capture]]\npath = \"failing.pcap\" # 3G\nstalls = 0 # for now\n";
    let folder = origin_pair().with("tls-stall.toml", by_hand.as_bytes());
    let run = folder.run(&["check", "--update", "failing.pcap"]);
    is_as_expected(&run, "tls-stall.toml: 1 changed");
    let mended = by_hand.replace("stalls = 0", "stalls = 1");
    assert!(folder.read("tls-stall.toml").starts_with(&mended));
    is_as_expected(&folder.run(&["check", "."]), "2 captures: 2 as expected");
}

#[test]
fn update_mends_a_cause_that_was_another() {
    let doctored = ENTRY.replace("reverse-dns-unanswered", "reverse-dns-slow");
    let folder = folder().with("tls-stall.toml", doctored.as_bytes());
    let run = folder.run(&["check", "--update", "failing.pcap"]);
    is_as_expected(&run, "tls-stall.toml: 1 changed");
    is_as_expected(&folder.run(&["check", "."]), "2 captures: 2 as expected");
    assert!(folder.read("tls-stall.toml").starts_with("# by hand\n"));
}

#[test]
fn a_file_that_cannot_be_updated_is_left_alone() {
    let folder = folder().with("bad.pcap", &capture()[..10]);
    let array = b"capture = [{ path = 'failing.pcap', stalls = 0 }]\n";
    let folder = folder.with("tls-stall.toml", array);
    let run = folder.run(&["check", "--update", "."]);
    run.is_refusal("tls-stall: tls-stall.toml:1:1: to be updated, captures have to be ");
    assert_eq!(folder.read("tls-stall.toml").as_bytes(), array);

    let folder = folder.with("tls-stall.toml", ENTRY.as_bytes());
    let run = folder.run(&["check", "--update", "."]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (2, "tls-stall.toml: 1 added, 1 kept\n")
    );
    assert!(run.stderr.starts_with("tls-stall: cannot read bad.pcap: "));
    assert!(folder.read("tls-stall.toml").starts_with(ENTRY));
}

#[test]
fn mistakes_in_the_file_are_told_with_line_and_column() {
    let mistaken = ENTRY.replace("reverse-dns-unanswered", "reverse-dns");
    let mistaken = mistaken.replace("\"high\"", "\"sure\"");
    let folder = folder().with("tls-stall.toml", mistaken.as_bytes());
    let run = folder.run(&["check", "."]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(
        lines,
        [
            "tls-stall: tls-stall.toml:6:11: \"reverse-dns\": no cause; \"tls-stall explain\" lists all",
            "tls-stall: tls-stall.toml:7:16: \"sure\": not one of low, medium, high",
        ]
    );
    let unknown = ENTRY.replace("server", "sever");
    let folder = folder.with("tls-stall.toml", unknown.as_bytes());
    let run = folder.run(&["check", "failing.pcap"]);
    run.is_refusal("tls-stall: tls-stall.toml:5:3: unknown key `sever`");
}

#[test]
fn an_entry_whose_capture_is_not_there_is_an_error_at_its_place() {
    let missing = format!("{ENTRY}\n[[capture]]\npath = 'gone.pcap'\nstalls = 0\n");
    let folder = folder().with("tls-stall.toml", missing.as_bytes());
    for paths in [".", "healthy.pcap"] {
        let run = folder.run(&["check", "--format", "github", paths]);
        assert_eq!(run.code, 2, "{run:?}");
        let complaint = "tls-stall: tls-stall.toml:9:1: cannot read gone.pcap: ";
        assert!(run.stderr.starts_with(complaint), "{run:?}");
        assert!(
            run.stdout.contains("::error file=tls-stall.toml,line=9,"),
            "{run:?}"
        );
    }
}

#[test]
fn a_bad_capture_does_not_hide_the_others() {
    let folder = folder().with("bad.pcap", &capture()[..10]);
    let run = folder.run(&["check", "."]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.starts_with("tls-stall: cannot read bad.pcap: "),
        "{run:?}"
    );
    assert_eq!(run.stderr.lines().count(), 1);
    let summary = "3 captures: 2 as expected, 1 could not be read\n";
    assert!(run.stdout.ends_with(summary), "{run:?}");
    let junit = folder.run(&["check", "--format", "junit", "."]);
    assert_eq!(junit.code, 2);
    assert!(junit.stdout.contains("errors=\"1\""), "{junit:?}");
}

#[test]
fn the_nearest_file_counts_and_a_folder_s_own_is_checked_whole() {
    let folder = with_folder(folder(), "new/other")
        .with("new/other/phone.pcap", &origin())
        .with(
            "new/tls-stall.toml",
            b"[[capture]]\npath = 'other/phone.pcap'\nstalls = 1\n",
        );
    is_as_expected(&folder.run(&["check", "."]), "3 captures: 3 as expected");
    let inner = folder.run(&["check", "new/other"]);
    is_as_expected(&inner, "1 capture: 1 as expected");
    // The outer file names it too, and otherwise.
    let twice = format!("{ENTRY}[[capture]]\npath = 'new/other/phone.pcap'\nstalls = 0\n");
    let folder = folder.with("tls-stall.toml", twice.as_bytes());
    let run = folder.run(&["check", "."]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains("tls-stall.toml:10:10\n"), "{run:?}");
}

#[test]
fn a_file_above_the_working_directory_does_not_count() {
    let folder = with_folder(folder(), "work/captures").with("work/captures/a.pcap", &origin());
    let run = |args: &[&str]| {
        let mut command = folder.command(args);
        Run::of(command.current_dir(folder.path("work")).output().unwrap())
    };
    let found = run(&["check", "captures"]);
    assert!(
        found.stdout.contains("the capture has no entry"),
        "{found:?}"
    );
    let updated = run(&["check", "--update", "captures"]);
    is_as_expected(&updated, "captures/tls-stall.toml: 1 added");
    assert_eq!(folder.read("tls-stall.toml"), ENTRY);
}

#[test]
fn a_file_of_expectations_may_lie_elsewhere() {
    let elsewhere = ENTRY.replace("failing.pcap", "../failing.pcap");
    let folder = with_folder(origin_pair(), "ci").with("ci/strict.toml", elsewhere.as_bytes());
    let args = ["check", "--expectations", "ci/strict.toml", "*.pcap"];
    is_as_expected(&folder.run(&args), "2 captures: 2 as expected");
    let update = [&args[..], &["--update"]].concat();
    is_as_expected(&folder.run(&update), "ci/strict.toml: 1 added, 1 kept");
    assert!(
        folder
            .read("ci/strict.toml")
            .contains("path = \"../healthy.pcap\"")
    );
    let args = ["check", "--expectations", "none.toml", "failing.pcap"];
    folder
        .run(&args)
        .is_refusal("tls-stall: cannot read none.toml: ");
}

#[test]
fn what_is_excluded_is_checked_only_where_it_is_named() {
    let excluding = format!("exclude = ['old', '*.old.pcap']\n{ENTRY}");
    let folder = with_folder(folder(), "old/er")
        .with("old/er/stalls.pcap", &origin())
        .with("stalls.old.pcap", &origin())
        .with("tls-stall.toml", excluding.as_bytes());
    is_as_expected(&folder.run(&["check", "."]), "2 captures: 2 as expected");
    assert_eq!(folder.run(&["check", "stalls.old.pcap"]).code, 1);
    folder
        .run(&["check", "old"])
        .is_refusal("tls-stall: cannot check old: there is no ");
}

#[test]
fn patterns_are_expanded_as_a_shell_does() {
    let folder = with_folder(folder(), "a/b").with("a/b/stalls.pcap", &origin());
    let checked = |pattern: &str| {
        let run = folder.run(&["check", pattern]);
        (
            run.code,
            run.stdout.lines().last().unwrap_or_default().to_owned(),
        )
    };
    let two = (0, "2 captures: 2 as expected".to_owned());
    assert_eq!(
        checked("*ing.pc[a]p"),
        (0, "1 capture: 1 as expected".to_owned())
    );
    assert_eq!(checked("*.pcap"), two);
    let three = (1, "3 captures: 2 as expected, 1 differs".to_owned());
    assert_eq!(checked("**/*.pcap"), three);
    assert_eq!(checked("a/*").0, 1);
    let run = folder.run(&["check", "*.pcapng"]);
    run.is_refusal("tls-stall: cannot read *.pcapng: nothing ");
}

#[cfg(unix)]
#[test]
fn links_to_folders_do_not_lead_round_in_circles() {
    use std::os::unix::fs::symlink;

    let folder = folder();
    symlink(".", folder.path("here")).unwrap();
    symlink(".", folder.path("again")).unwrap();
    is_as_expected(
        &folder.run(&["check", "**/*.pcap"]),
        "2 captures: 2 as expected",
    );
    is_as_expected(&folder.run(&["check", "."]), "2 captures: 2 as expected");
}

#[test]
fn a_report_is_never_written_over_what_is_read() {
    let folder = folder();
    for output in ["failing.pcap", "tls-stall.toml"] {
        let before = fs::read(folder.path(output)).unwrap();
        let run = folder.run(&["check", "-o", output, "."]);
        run.is_refusal("tls-stall: cannot write ");
        assert_eq!(fs::read(folder.path(output)).unwrap(), before);
    }
}

#[test]
fn a_report_in_the_folder_is_written_over_by_the_next() {
    let folder = folder();
    for _ in 0..2 {
        let run = folder.run(&["check", "--format", "junit", "-o", "report.xml", "."]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    }
    assert!(folder.read("report.xml").contains("tests=\"2\""));
}

#[test]
fn the_report_is_the_same_however_many_captures_are_read_at_once() {
    let folder = folder()
        .with("z.pcap", &origin())
        .with("cut.pcap", &capture()[..10]);
    let runs = ["1", "2", "9"].map(|jobs| {
        let run = folder.run(&["check", "--jobs", jobs, "."]);
        (run.code, run.stdout, run.stderr)
    });
    assert_eq!(runs[0].0, 2);
    assert_eq!(runs[0], runs[1]);
    assert_eq!(runs[0], runs[2]);
}

#[test]
fn a_check_of_nothing_is_no_success() {
    let folder = Folder::new().with("notes.txt", b"nothing to see");
    let complaint = "tls-stall: cannot check .: there is no ";
    folder.run(&["check", "."]).is_refusal(complaint);
    folder
        .run(&["check", "--update", "."])
        .is_refusal(complaint);
    assert_eq!(folder.names(), ["notes.txt"]);
    folder
        .run(&["check", "-"])
        .is_refusal("tls-stall: cannot read standard input: ");
    let run = folder.run(&["check", "none"]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.starts_with("tls-stall: cannot read none: "),
        "{run:?}"
    );
    assert_eq!(folder.run(&["check"]).code, 2);
}
