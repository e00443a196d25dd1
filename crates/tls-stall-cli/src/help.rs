//! What help and the manual teach beyond the options: examples and exit codes.

use clap::builder::PossibleValuesParser;
use clap::{Command, CommandFactory as _};

use crate::args::Args;

/// A command line, and what it is for.
pub(crate) struct Example {
    pub(crate) command: &'static str,
    pub(crate) does: &'static str,
}

const fn example(command: &'static str, does: &'static str) -> Example {
    Example { command, does }
}

const REPORT: &[Example] = &[
    example(
        "tls-stall phone.pcap",
        "say which TLS handshakes in the capture stalled, and why",
    ),
    example(
        "tls-stall --format html -o report.html phone.pcap",
        "to look at in a browser, or to send: one file, with drawings",
    ),
    example(
        "tls-stall compare failing.pcap healthy.pcap",
        "two captures side by side, and where they part",
    ),
    example(
        "tls-stall explain reverse-dns-unanswered",
        "what a cause is, how it shows, and what to do",
    ),
    example(
        "tls-stall --server smtp.example:465 --all phone.pcap",
        "every connection to one server, healthy or not",
    ),
    example(
        "tls-stall --annotate proof.pcapng phone.pcap",
        "also the frames that prove it, for Wireshark, with a comment each",
    ),
    example(
        "tls-stall --redact --format markdown phone.pcap",
        "for an issue tracker, without the real addresses and names",
    ),
    example(
        "tls-stall --fail-on stall --quiet *.pcap",
        "for scripts: a line for each stall, and exit code 1 if there is one",
    ),
    example(
        "tls-stall --format json phone.pcap | jq '.captures[].connections[]'",
        "for programs",
    ),
    example(
        "tls-stall --merge ring*.pcapng",
        "the files of a ring buffer as the one capture that they are",
    ),
    example(
        "timeout 60 tcpdump -i any -w - 'tcp or port 53' | tls-stall -",
        "capture for a minute, then report",
    ),
    example(
        "tcpdump -i any -U -w - 'tcp or port 53' | tls-stall --format ndjson -",
        "a line for each stalled connection, as soon as no more of it is to come",
    ),
];

const CHECK: &[Example] = &[
    example(
        "tls-stall check --update captures",
        "write captures/tls-stall.toml from what is found, to read and commit",
    ),
    example(
        "tls-stall check captures",
        "is every capture in the folder still as the file says?",
    ),
    example(
        "tls-stall check --format junit -o tls-stall.xml captures",
        "the same for a CI server",
    ),
    example(
        "tls-stall check --format github captures",
        "the same in a workflow of GitHub: annotations of the lines of the file",
    ),
    example(
        "tls-stall check --expectations captures/tls-stall.toml 'captures/*.pcap'",
        "another file, and captures by a pattern, which is expanded as a shell does",
    ),
];

const COMPARE: &[Example] = &[
    example(
        "tls-stall compare failing.pcap healthy.pcap",
        "where a connection that stalled parts from one that did not",
    ),
    example(
        "tls-stall compare --format html -o compare.html failing.pcap healthy.pcap",
        "both drawn on one scale, in one file for a browser",
    ),
    example(
        "tls-stall compare --server 203.0.113.25:465 failing.pcap healthy.pcap",
        "only what concerns one server",
    ),
    example(
        "tls-stall compare at-client.pcap at-server.pcap",
        "one connection from both ends: spent on the path, or in a host?",
    ),
    example(
        "tls-stall compare --redact --format markdown failing.pcap healthy.pcap",
        "for an issue tracker, without the real addresses and names",
    ),
];

const EXPLAIN: &[Example] = &[
    example("tls-stall explain", "all causes, a line each"),
    example(
        "tls-stall explain reverse-dns-unanswered",
        "the page of one",
    ),
];

const COMPLETIONS: &[Example] = &[
    example(
        "tls-stall completions bash > tls-stall.bash",
        "for /usr/share/bash-completion/completions/tls-stall",
    ),
    example(
        "tls-stall completions zsh > _tls-stall",
        "for a folder of $fpath",
    ),
    example(
        "tls-stall completions fish > tls-stall.fish",
        "for ~/.config/fish/completions",
    ),
];

const MAN: &[Example] = &[
    example("tls-stall man compare > tls-stall-compare.1", "one page"),
    example(
        "tls-stall man --out share/man/man1",
        "all pages, as a package installs them",
    ),
];

/// The examples of the command `name`, or of reading captures where it is none.
pub(crate) fn examples(name: &str) -> &'static [Example] {
    match name {
        "tls-stall" => REPORT,
        "check" => CHECK,
        "compare" => COMPARE,
        "explain" => EXPLAIN,
        "completions" => COMPLETIONS,
        "man" => MAN,
        _ => &[],
    }
}

/// The exit codes of the command `name`, and when it ends in them.
pub(crate) fn exit_codes(name: &str) -> &'static [(&'static str, &'static str)] {
    const FAILED: (&str, &str) = (
        "2",
        "something could not be read or written, or the command line is wrong",
    );
    match name {
        "tls-stall" => &[
            ("0", "done, and nothing found that --fail-on names"),
            ("1", "what --fail-on names was found"),
            FAILED,
        ],
        "check" => &[
            (
                "0",
                "all captures are as expected, or the file is up to date",
            ),
            ("1", "a capture differs from what is expected of it"),
            FAILED,
        ],
        "compare" => &[("0", "done, whatever was found"), FAILED],
        _ => &[("0", "done"), FAILED],
    }
}

/// The whole command line: the definition of [`Args`] with examples and exit codes.
pub(crate) fn command_line() -> Command {
    let command = Args::command();
    let names: Vec<String> = command
        .get_subcommands()
        .map(|it| it.get_name().to_owned())
        .collect();
    let mut command = taught(command);
    for name in &names {
        command = command.mut_subcommand(name, taught);
    }
    command.mut_subcommand("man", |man| {
        man.mut_arg("about", |about| {
            about.value_parser(PossibleValuesParser::new(names))
        })
    })
}

/// `command` with help that begins with its examples and ends with its exit codes.
fn taught(command: Command) -> Command {
    let name = command.get_name().to_owned();
    let about = command.get_about().map(ToString::to_string);
    let about = about.unwrap_or_default();
    // The first sentence stands before.
    let description = command.get_long_about().map(ToString::to_string);
    let description = description.unwrap_or_default();
    let (_, description) = description.split_once("\n\n").unwrap_or_default();
    let mut before = String::from("Examples:");
    for Example { command, does } in examples(&name) {
        before.extend(["\n  ", command, "\n      ", does]);
    }
    before.extend(["\n\n", description]);
    let mut after = String::from("Exit codes:");
    for (code, when) in exit_codes(&name) {
        after.extend(["\n  ", code, "  ", when]);
    }
    command
        .help_template(format!("{about}\n\n{TEMPLATE}"))
        .long_about(description.to_owned())
        .before_long_help(before)
        .after_long_help(after)
}

/// Help after its first sentence; in the short one nothing stands before the usage.
const TEMPLATE: &str = "{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";

#[cfg(test)]
mod tests {
    use super::*;

    /// The help of the command `name`, as a terminal of 80 columns shows it.
    fn help(name: &str, long: bool) -> String {
        let mut command = command_line().term_width(80);
        command.build();
        let command = match name {
            "tls-stall" => &mut command,
            name => command.find_subcommand_mut(name).unwrap(),
        };
        let help = if long {
            command.render_long_help()
        } else {
            command.render_help()
        };
        help.to_string()
    }

    fn commands() -> Vec<String> {
        let command = command_line();
        let names = command.get_subcommands().map(|it| it.get_name().to_owned());
        [vec!["tls-stall".to_owned()], names.collect()].concat()
    }

    #[test]
    fn the_definition_is_sound() {
        command_line().debug_assert();
    }

    #[test]
    fn every_command_teaches_by_example() {
        for name in commands() {
            let help = help(&name, true);
            assert!(help.contains("\nExamples:\n  tls-stall "), "{name}: {help}");
            assert!(help.contains("\nExit codes:\n  0  "), "{name}: {help}");
        }
    }

    #[test]
    fn help_fits_80_columns_and_the_short_one_a_screen() {
        for name in commands() {
            for line in help(&name, true).lines().chain(help(&name, false).lines()) {
                assert!(line.chars().count() <= 80, "{name}: {line}");
            }
            let short = help(&name, false);
            assert!(short.lines().count() < 60, "{name}");
        }
    }

    #[test]
    fn the_help_is_short_or_long() {
        insta::assert_snapshot!("short", help("tls-stall", false));
        insta::assert_snapshot!("long", help("tls-stall", true));
        insta::assert_snapshot!("check", help("check", true));
        insta::assert_snapshot!("compare", help("compare", true));
        insta::assert_snapshot!("explain", help("explain", true));
    }
}
