//! What the shells offer, asked of the shells themselves.
//!
//! A shell that is not installed is passed over, with a message; bash has to be there on Unix.
#![cfg(unix)]

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Folder;

/// Loads the completions, and prints what is offered behind the words given to this script.
///
/// What readline would set is set here: bash completes nothing without a terminal.
const BASH: &str = r#"
source <(tls-stall completions bash) || exit
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_TYPE=9
[[ $(complete -p tls-stall) == *' -F _tls_stall '* ]] || exit
_tls_stall tls-stall "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
"#;

/// The same for zsh, where the script is loaded from a folder of `$fpath` when it is first needed.
///
/// Both functions stand for the completion system, which needs a terminal.
const ZSH: &str = r#"
compdef() { }
_describe() { print -lr -- ${(P)3%%:*} }
tls-stall completions zsh > _tls-stall || exit
fpath=($PWD $fpath)
autoload -Uz _tls-stall
words=("$@") CURRENT=$#
_tls-stall
"#;

/// The same for fish, which has a command for it.
const FISH: &str = r#"
tls-stall completions fish | source
complete --do-complete "$argv" | string replace --regex '\t.*' ''
"#;

#[derive(Clone, Copy)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Shell {
    const ALL: [Self; 3] = [Self::Bash, Self::Zsh, Self::Fish];

    fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
        }
    }

    #[allow(
        clippy::print_stderr,
        reason = "whoever reads the log should know what was not tested"
    )]
    fn is_installed(self) -> bool {
        let runs = Command::new(self.name()).args(["-c", "exit"]).output();
        let runs = runs.is_ok_and(|run| run.status.success());
        assert!(runs || !matches!(self, Self::Bash), "bash is missing");
        if !runs {
            eprintln!("passed over: {} is not installed", self.name());
        }
        runs
    }

    /// What this shell offers for the last of `words`, which are typed in `folder`.
    fn offers(self, folder: &Folder, words: &[&str]) -> Vec<String> {
        let mut command = Command::new(self.name());
        match self {
            Self::Bash => command.args(["--norc", "-c", BASH, "bash"]),
            Self::Zsh => command.args(["-f", "-c", ZSH, "zsh"]),
            Self::Fish => command.args(["-c", FISH]),
        };
        let run = command
            .args(words)
            .current_dir(folder.path("."))
            .env("PATH", path())
            .env("HOME", folder.path("."))
            .output()
            .unwrap();
        let complaint = String::from_utf8_lossy(&run.stderr);
        assert!(complaint.is_empty(), "{}: {complaint}", self.name());
        let offered = String::from_utf8(run.stdout).unwrap();
        // Bash has the slash of a folder from readline.
        let offered = offered.lines().map(|line| line.trim_end_matches('/'));
        offered.map(ToOwned::to_owned).collect()
    }
}

/// `PATH`, with the folder of the command that is tested in front.
fn path() -> OsString {
    let built = Path::new(env!("CARGO_BIN_EXE_tls-stall")).parent().unwrap();
    let before = std::env::var_os("PATH").unwrap();
    let before = std::env::split_paths(&before).collect::<Vec<_>>();
    std::env::join_paths([vec![built.to_owned()], before].concat()).unwrap()
}

/// Asserts that each shell offers `expected`, and nothing but it and options, behind `words`.
fn are_offered(folder: &Folder, words: &[&str], expected: &[&str]) {
    let words = [&["tls-stall"], words].concat();
    for shell in Shell::ALL.into_iter().filter(|shell| shell.is_installed()) {
        let mut offered = shell.offers(folder, &words);
        offered.retain(|it| !it.starts_with('-'));
        offered.sort();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(offered, expected, "{} after {words:?}", shell.name());
    }
}

fn causes() -> Vec<&'static str> {
    tls_stall::Cause::ALL.iter().map(|it| it.name()).collect()
}

#[test]
fn a_script_is_printed_for_each_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let run = Folder::new().run(&["completions", shell]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{shell}");
        for word in ["tls-stall", "_TLS_STALL_COMPLETE", shell] {
            assert!(run.stdout.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn the_values_of_options_are_offered_and_no_files() {
    let folder = Folder::new().with("high.pcap", b"");
    let formats = ["text", "json", "ndjson", "html", "markdown", "csv"];
    are_offered(&folder, &["--format", ""], &formats);
    are_offered(&folder, &["--fail-on", "h"], &["high"]);
    are_offered(&folder, &["--color", ""], &["auto", "always", "never"]);
    let forms = ["text", "json", "html", "markdown"];
    are_offered(&folder, &["compare", "--format", ""], &forms);
    are_offered(&folder, &["explain", "--color", "al"], &["always"]);
}

#[test]
fn causes_commands_and_shells_are_offered() {
    let folder = Folder::new();
    are_offered(&folder, &["explain", ""], &causes());
    are_offered(&folder, &["explain", "tls"], &["tls-alert"]);
    are_offered(&folder, &["man", "com"], &["compare", "completions"]);
    let shells = ["bash", "elvish", "fish", "powershell", "zsh"];
    are_offered(&folder, &["completions", ""], &shells);
    are_offered(&folder, &["comp"], &["compare", "completions"]);
}

#[test]
fn captures_and_folders_are_offered_where_a_path_is_due() {
    let folder = Folder::new()
        .with("phone.pcap", b"")
        .with("phone call.pcap", b"");
    fs::create_dir(folder.path("photos")).unwrap();
    let folder = folder.with("photos/a.pcap", b"");
    let all = ["phone.pcap", "phone call.pcap", "photos"];
    for words in [
        &["pho"][..],
        &["--all", "pho"],
        &["phone.pcap", "pho"],
        &["compare", "pho"],
        &["compare", "phone.pcap", "pho"],
        &["-o", "pho"],
        &["--annotate", "pho"],
    ] {
        are_offered(&folder, words, &all);
    }
    are_offered(&folder, &["photos/"], &["photos/a.pcap"]);
    are_offered(&folder, &["man", "--out", "pho"], &["photos"]);
}

#[test]
fn options_are_offered_by_their_beginning() {
    let folder = Folder::new();
    for shell in Shell::ALL.into_iter().filter(|shell| shell.is_installed()) {
        let offered = shell.offers(&folder, &["tls-stall", "--stall"]);
        assert_eq!(offered, ["--stall-threshold"], "{}", shell.name());
        let offered = shell.offers(&folder, &["tls-stall", "man", "--o"]);
        assert_eq!(offered, ["--out"], "{}", shell.name());
    }
}

#[test]
fn bash_offers_the_value_behind_a_sign_at_which_it_parts_words() {
    let folder = Folder::new().with("html.pcap", b"");
    let words = ["tls-stall", "--format", "=", "h"];
    assert_eq!(Shell::Bash.offers(&folder, &words), ["html"]);
}
