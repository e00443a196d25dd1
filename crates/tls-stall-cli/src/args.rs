//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, RangedU64ValueParser, TypedValueParser};
use clap::{Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use tls_stall::{Cause, Span};
use tls_stall_check::parse_length;

use crate::check::CheckArgs;
use crate::compare::CompareArgs;
use crate::exit::FailOn;
use crate::select::ServerFilter;

/// What the options are listed under.
pub(crate) const WHICH: &str = "What is reported";
pub(crate) const FORM: &str = "How it is reported";
pub(crate) const READING: &str = "How captures are read";

/// Reads packet captures and says why a TLS handshake stalled
///
/// Reads packet captures (pcap, pcapng, snoop or Network Monitor files, compressed or not) and says of
/// each TLS handshake that stalled or failed where the time went, who owed the next move, and what
/// the wait was spent on, with the frames that prove it.
///
/// A stall is a wait of one second or more between two steps of setting up a connection: the lookup of
/// the server's name, the TCP handshake, a greeting and STARTTLS where there are some, and the
/// messages of the TLS handshake. Each verdict has a confidence and the checks that earned it. Frames
/// are numbered as Wireshark numbers them.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "tls-stall",
    version,
    max_term_width = 98,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line of its own"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// Captures, or folders of them; "-" is standard input
    ///
    /// A file in a folder that is no capture is passed over. A capture that has the name of a command
    /// is given as ./explain.
    #[arg(value_name = "CAPTURE", required = true)]
    pub(crate) captures: Vec<PathBuf>,

    /// Report only connections to this server
    ///
    /// An address or a name, and a port if you like: 203.0.113.25, smtp.example:465.
    #[arg(long, value_name = "HOST[:PORT]", help_heading = WHICH)]
    pub(crate) server: Option<ServerFilter>,

    /// Report only connections to this port
    ///
    /// The server's port. May be given several times.
    #[arg(long, value_name = "PORT", value_parser = port(), help_heading = WHICH)]
    pub(crate) port: Vec<u16>,

    /// Report only this connection, healthy or not
    ///
    /// By the number that Wireshark gives it, tcp.stream. May be given several times.
    #[arg(long, value_name = "N", help_heading = WHICH)]
    pub(crate) tcp_stream: Vec<u64>,

    /// Report healthy connections too
    ///
    /// Also those that are not TLS and, in JSON, every lookup.
    #[arg(long, help_heading = WHICH)]
    pub(crate) all: bool,

    /// The shortest wait that is a stall
    ///
    /// Such as 200ms, 1.5s or 2m.
    #[arg(
        long,
        value_name = "TIME",
        default_value = "1s",
        value_parser = parse_length,
        help_heading = WHICH
    )]
    pub(crate) stall_threshold: Span,

    /// Expect TLS on this server port too
    ///
    /// A connection that shows no TLS counts as one that was bound for it if its server's port is
    /// known for TLS, as 443 and 465 are, or is named here. May be given several times.
    #[arg(long, value_name = "PORT", value_parser = port(), help_heading = WHICH)]
    pub(crate) tls_port: Vec<u16>,

    /// Exit with code 1 if this was found
    ///
    /// Among the connections that are reported.
    #[arg(
        long,
        value_name = "WHAT",
        value_enum,
        default_value_t = FailOn::Never,
        help_heading = WHICH
    )]
    pub(crate) fail_on: FailOn,

    /// The form of the report
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        default_value_t = Format::Text,
        help_heading = FORM
    )]
    pub(crate) format: Format,

    /// Write the report to FILE
    ///
    /// Whole or not at all, and never over a capture that is read.
    #[arg(short, long, value_name = "FILE", help_heading = FORM)]
    pub(crate) output: Option<PathBuf>,

    /// Put other addresses and names in the place of the real ones
    ///
    /// The same for the same throughout the report; file names too. What hosts said in the clear is
    /// left out. Ports, times and frame numbers stay.
    #[arg(long, conflicts_with = "annotate", help_heading = FORM)]
    pub(crate) redact: bool,

    /// Also write the frames of evidence to OUT, for Wireshark
    ///
    /// A pcapng file in which each frame has a comment that says what it proves. It holds what the
    /// captures hold: --redact does not go with it.
    #[arg(long, value_name = "OUT", help_heading = FORM)]
    pub(crate) annotate: Option<PathBuf>,

    /// With --annotate, write whole connections
    ///
    /// All frames of the connections reported, and of the lookups that findings refer to.
    #[arg(long, requires = "annotate", help_heading = FORM)]
    pub(crate) whole: bool,

    /// In text, one line for each stall
    ///
    /// One line for each connection that stalled or failed, and notices.
    #[arg(short, long, help_heading = FORM)]
    pub(crate) quiet: bool,

    /// In text, draw with ASCII alone, as for an e-mail
    #[arg(long, help_heading = FORM)]
    pub(crate) ascii: bool,

    /// When to colour text
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        value_enum,
        default_value_t = Color::Auto,
        help_heading = FORM
    )]
    pub(crate) color: Color,

    /// Take all captures for parts of one
    ///
    /// Such as the files of a ring buffer: in the order of their times, whatever their names, and with
    /// a notice where one seems to be missing.
    #[arg(long, help_heading = READING)]
    pub(crate) merge: bool,

    /// Read so many captures at once
    ///
    /// As many as there are processors, unless told. Where there are fewer, one is unpacked, read and
    /// judged by several. The report is the same.
    #[arg(long, value_name = "N", help_heading = READING)]
    pub(crate) jobs: Option<NonZeroUsize>,
}

/// What is done instead of reading captures.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Command {
    /// Holds captures to what is expected of them, for CI
    ///
    /// Reads captures and holds each to its entry in the file tls-stall.toml: which connections stall
    /// and why, how long a phase may take, or that nothing stalls. In a capture without an entry nothing
    /// may stall. The file that counts is the nearest: in the capture's folder or one above it, up to the
    /// working directory.
    ///
    /// Of a folder that holds such a file every entry is checked, and an entry whose capture is not
    /// there is an error. What the file excludes is passed over, unless it has an entry or is given by
    /// itself.
    Check(CheckArgs),
    /// Holds a failing capture against a healthy one
    ///
    /// Holds a failing capture against a healthy one, connection by connection and phase by phase, and
    /// says where they part and which name lookups went differently. Connections are matched by the
    /// name, the address or at least the port of their server.
    ///
    /// Of one connection that was captured at both of its ends, it says how much of each wait passed on
    /// the path and how much in a host, and what was sent at one end and never came to the other. The
    /// connection is known by its random numbers, whatever a NAT made of its addresses, and the
    /// clocks of the two hosts need not agree.
    Compare(CompareArgs),
    /// Says what a cause is, how it shows and what to do
    ///
    /// Prints the page of a cause: what it is, how it shows in a capture, how it is told from its likes,
    /// and what to do. Without a cause, all are listed.
    Explain {
        /// The cause, as a report names it
        #[arg(value_name = "CAUSE", value_parser = cause(), hide_possible_values = true)]
        cause: Option<Cause>,
    },
    /// Prints what a shell needs to complete a command line
    ///
    /// Prints a script by which a shell completes commands, options, values and files. It asks the
    /// tls-stall in PATH for them: make it anew after an update.
    Completions {
        /// The shell
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
    /// Prints the manual pages
    ///
    /// Prints a page of the manual in the form that man(1) reads, or writes all of them to a folder.
    Man {
        /// The command that the page is about; without one, tls-stall itself
        #[arg(value_name = "COMMAND", conflicts_with = "out")]
        about: Option<String>,

        /// Write all pages to the folder DIR
        ///
        /// As tls-stall.1, tls-stall-compare.1 and so on. The folder is made if it is not there.
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        out: Option<PathBuf>,
    },
}

/// The form of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
    /// For programs that read along: a connection a line, as soon as no more of it is to come
    Ndjson,
    /// For a browser: one file, with drawings
    Html,
    /// For issue trackers
    Markdown,
    /// For spreadsheets, a row for each finding
    Csv,
}

/// When the text is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal that shows colours and whose user wants them
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

pub(crate) fn port() -> RangedU64ValueParser<u16> {
    RangedU64ValueParser::new().range(1..=u64::from(u16::MAX))
}

/// A cause by its name; a wrong one is answered with the nearest.
fn cause() -> impl TypedValueParser<Value = Cause> {
    let known = Cause::ALL.iter();
    let known = known.map(|cause| PossibleValue::new(cause.name()).help(cause.headline()));
    PossibleValuesParser::new(known).try_map(|name| name.parse::<Cause>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_told_from_a_capture_of_its_name() {
        let parse = |args: &[&str]| Args::try_parse_from([&["tls-stall"], args].concat());
        let explain = parse(&["explain", "syn-lost", "--color", "never"]).unwrap();
        assert!(matches!(
            explain.command,
            Some(Command::Explain {
                cause: Some(Cause::SynLost)
            })
        ));
        assert_eq!(explain.color, Color::Never);
        let capture = parse(&["./explain"]).unwrap();
        assert!(capture.command.is_none() && capture.captures.len() == 1);
        let captures = parse(&["a.pcap", "explain"]).unwrap();
        assert!(captures.command.is_none() && captures.captures.len() == 2);
        assert!(
            parse(&[]).is_err(),
            "a capture is needed where no command is"
        );
    }

    #[test]
    fn a_port_is_between_1_and_65535() {
        let parse = |port| Args::try_parse_from(["tls-stall", "--port", port, "a.pcap"]);
        assert_eq!(parse("65535").unwrap().port, [65535]);
        assert!(parse("0").is_err() && parse("65536").is_err());
    }
}
