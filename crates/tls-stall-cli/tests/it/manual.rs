//! What teaches the command: help and manual pages.

use std::fs;

use crate::{Folder, capture, origin, origin_pair};

#[test]
fn the_manual_is_printed() {
    let folder = Folder::new();
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

/// The commands that the help of tls-stall lists, without `help` itself.
fn commands() -> Vec<String> {
    let help = Folder::new().run(&["-h"]).stdout;
    let (_, listed) = help.split_once("\nCommands:\n").unwrap();
    let listed = listed.lines().take_while(|line| !line.is_empty());
    let names = listed.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let names = names.filter(|name| !name.is_empty() && *name != "help");
    names.map(ToOwned::to_owned).collect()
}

#[test]
fn every_command_has_a_page_in_which_every_line_is_sound() {
    let folder = Folder::new();
    let run = folder.run(&["man", "--out", "share/man1"]);
    assert_eq!(
        (run.code, run.stdout.as_str(), run.stderr.as_str()),
        (0, "", "")
    );
    let mut pages = vec![("tls-stall".to_owned(), vec!["man"])];
    let commands = commands();
    for command in &commands {
        pages.push((format!("tls-stall-{command}"), vec!["man", command]));
    }
    assert_eq!(
        fs::read_dir(folder.path("share/man1")).unwrap().count(),
        pages.len()
    );
    for (name, args) in pages {
        let page = folder.read(&format!("share/man1/{name}.1"));
        assert_eq!(page, folder.run(&args).stdout, "{name}");
        for heading in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES"] {
            assert!(
                page.contains(&format!("\n.SH {heading}\n")),
                "{name}: {heading}"
            );
        }
        assert!(page.contains("\n.SH \"EXIT STATUS\"\n"), "{name}");
        assert!(page.contains(&format!(".TH {name} 1 ")), "{name}");
        for line in page.lines() {
            let is_known = !line.starts_with('.')
                || [
                    ".TH ", ".SH ", ".TP", ".RS ", ".RE", ".IP ", ".PP", ".br", ".ie ", ".el ",
                ]
                .iter()
                .any(|request| line.starts_with(request.trim_end()));
            assert!(is_known && !line.ends_with(' '), "{name}: {line:?}");
        }
    }
    let run = folder.run(&["man", "nothing"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
}

#[cfg(unix)]
#[test]
fn every_example_of_the_help_runs() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;
    use std::process::Command;

    let mut folder = origin_pair();
    for name in [
        "phone.pcap",
        "at-client.pcap",
        "at-server.pcap",
        "ring1.pcapng",
    ] {
        folder = folder.with(name, &origin());
    }
    fs::create_dir(folder.path("captures")).unwrap();
    folder = folder.with("captures/a.pcap", &origin());
    // Stands for programs that are not there on every machine, or need rights.
    fs::create_dir(folder.path("bin")).unwrap();
    let programs = [
        ("tcpdump", "#!/bin/sh\ncat phone.pcap\n"),
        ("jq", "#!/bin/sh\ncat\n"),
        ("timeout", "#!/bin/sh\nshift\nexec \"$@\"\n"),
    ];
    for (name, script) in programs {
        let path = format!("bin/{name}");
        folder = folder.with(&path, script.as_bytes());
        fs::set_permissions(folder.path(&path), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let command = Path::new(env!("CARGO_BIN_EXE_tls-stall"));
    let path = std::env::var("PATH").unwrap();
    let built = command.parent().unwrap().display();
    let path = format!("{}:{built}:{path}", folder.path("bin").display());

    let mut ran = 0;
    for subcommand in [vec![String::new()], commands()].concat() {
        let args = [subcommand.as_str(), "--help"];
        let args: Vec<&str> = args.into_iter().filter(|it| !it.is_empty()).collect();
        let help = folder.run(&args).stdout;
        let (_, examples) = help.split_once("\nExamples:\n").unwrap();
        let (examples, _) = examples.split_once("\n\n").unwrap();
        for line in examples.lines() {
            let Some(example) = line.strip_prefix("  ").filter(|it| !it.starts_with(' ')) else {
                continue;
            };
            let run = Command::new("sh")
                .args(["-c", example])
                .current_dir(folder.path("."))
                .env("PATH", &path)
                .output()
                .unwrap();
            let expected = i32::from(example.contains("--fail-on"));
            let complaint = String::from_utf8_lossy(&run.stderr);
            assert_eq!(run.status.code(), Some(expected), "{example}: {complaint}");
            let is_note = complaint.lines().all(|line| line.contains(": notice "));
            assert!(is_note, "{example}: {complaint}");
            ran += 1;
        }
    }
    assert!(ran > 20, "{ran}");
}
