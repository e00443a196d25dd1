//! What teaches the command: help, manual pages, completions.

use crate::{Folder, capture};

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
fn help_and_version_are_answers() {
    let folder = Folder::new();
    let run = folder.run(&["--help"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.contains("Examples:"));
    let version = concat!("tls-stall ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(folder.run(&["--version"]).stdout, version);
}

#[test]
fn the_version_is_one_line() {
    let run = Folder::new().run(&["--version"]);
    let expected = format!("tls-stall {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!((run.code, run.stdout), (0, expected));
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
