//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, RangedU64ValueParser, TypedValueParser};
use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use jiff::SignedDuration;
use tls_stall::{Cause, Span};

use crate::compare::CompareArgs;
use crate::exit::FailOn;
use crate::select::ServerFilter;

const HELP: &str = "\
{about-section}
Examples:
  tls-stall phone.pcap
      say which TLS handshakes in the capture stalled, and why
  tcpdump -i any -w - 'tcp or port 53' | tls-stall -
      the same for a capture that is being made, once tcpdump ends
  tcpdump -i any -U -w - | tls-stall --format ndjson -
      each stalled connection as soon as no more of it is to come, a line each
  tls-stall --server smtp.example:465 --all phone.pcap
      every connection to one server, healthy or not
  tls-stall --fail-on stall --quiet *.pcap
      for scripts: one line for each stall, and exit code 1 if there is one
  tls-stall --merge ring*.pcapng
      the files of a ring buffer as the one capture that they are
  tls-stall --format html -o report.html phone.pcap
      to look at in a browser, or to send: one file, with drawings
  tls-stall --annotate proof.pcapng phone.pcap
      the frames that prove it, for Wireshark, with a comment each
  tls-stall --format json phone.pcap | jq '.captures[].connections[].findings'
      for programs
  tls-stall compare failing.pcap healthy.pcap
      two captures side by side, and where they part
  tls-stall explain reverse-dns-unanswered
      what a cause is, how it shows, and what to do

{usage-heading} {usage}

{all-args}{after-help}";

const AFTER_HELP: &str = "\
A capture whose name is that of a command is given as ./explain.

Exit codes:
  0  done, and nothing found that --fail-on names
  1  what --fail-on names was found
  2  a capture could not be read, the report could not be written, or the command line is wrong";

/// Reads packet captures and says why a TLS handshake stalled
#[derive(Debug, Clone, Parser)]
#[command(
    name = "tls-stall",
    version,
    max_term_width = 98,
    help_template = HELP,
    after_help = AFTER_HELP,
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

    /// Captures to read (pcap, pcapng, snoop or Network Monitor, compressed or not), or folders of
    /// them; "-" is standard input
    #[arg(value_name = "CAPTURE", required = true)]
    pub(crate) captures: Vec<PathBuf>,

    /// Take all captures for parts of one, such as the files of a ring buffer, in the order of
    /// their times
    #[arg(long)]
    pub(crate) merge: bool,

    /// What the report is for: people or programs
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,

    /// Write the report to FILE, whole or not at all
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// The shortest wait that is a stall, such as 200ms, 1.5s or 2m
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = threshold)]
    pub(crate) stall_threshold: Span,

    /// Report healthy connections and connections that are not TLS too and, in JSON, every lookup
    #[arg(long)]
    pub(crate) all: bool,

    /// Report only connections to this server: an address or a name, and a port if you like
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) server: Option<ServerFilter>,

    /// Report only connections to this port of the server; may be given several times
    #[arg(long, value_name = "PORT", value_parser = port())]
    pub(crate) port: Vec<u16>,

    /// Report only this connection, healthy or not, by Wireshark's number (tcp.stream); may be
    /// given several times
    #[arg(long, value_name = "N")]
    pub(crate) tcp_stream: Vec<u64>,

    /// Put other addresses and names in the place of those of the captures, the same throughout
    /// the report, and leave out what hosts said; file names are replaced too
    #[arg(long, conflicts_with = "annotate")]
    pub(crate) redact: bool,

    /// Write the frames of evidence to OUT, a pcapng file in which Wireshark shows what each proves
    #[arg(long, value_name = "OUT")]
    pub(crate) annotate: Option<PathBuf>,

    /// With --annotate, write all frames of the connections reported, and of the lookups that
    /// findings refer to
    #[arg(long, requires = "annotate")]
    pub(crate) whole: bool,

    /// Read so many captures at once [default: as many as there are processors]
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// Expect TLS on this server port too; may be given several times
    #[arg(long, value_name = "PORT", value_parser = port())]
    pub(crate) tls_port: Vec<u16>,

    /// End with exit code 1 if this was found among the connections reported
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = FailOn::Never)]
    pub(crate) fail_on: FailOn,

    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        value_enum,
        default_value_t = Color::Auto,
        help = "When to colour the text; auto is on a terminal, unless NO_COLOR is set"
    )]
    pub(crate) color: Color,

    /// Draw text in ASCII, as for an e-mail
    #[arg(long)]
    pub(crate) ascii: bool,

    /// In text, only one line for each stalled or failed connection, and notices
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// What is done instead of reading captures.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Command {
    /// Holds a failing capture against a healthy one, or the two ends of one connection against
    /// each other: phase by phase, and where they part
    Compare(CompareArgs),
    /// Says what a cause is, how it shows, how it is told from its likes and what to do
    Explain {
        #[arg(
            value_name = "CAUSE",
            value_parser = cause(),
            hide_possible_values = true,
            help = "The cause, as a report names it; without one, all are listed"
        )]
        cause: Option<Cause>,
    },
    /// Prints what a shell needs to complete the options of tls-stall
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Prints the manual page, in the form that man reads
    Man,
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

pub(crate) fn threshold(text: &str) -> Result<Span, String> {
    let duration: SignedDuration = text
        .parse()
        .map_err(|_| "not a length of time such as 200ms, 1.5s or 2m".to_owned())?;
    let nanos = i64::try_from(duration.as_nanos()).map_err(|_| "too long".to_owned())?;
    if nanos <= 0 {
        return Err("must be longer than nothing".to_owned());
    }
    Ok(Span::from_nanos(nanos))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_help_teaches_by_example() {
        let mut command = Args::command().term_width(98);
        insta::assert_snapshot!(command.render_help());
    }

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
    fn the_help_of_explain_is_short() {
        let mut command = Args::command().term_width(98);
        command.build();
        let explain = command.find_subcommand_mut("explain").unwrap();
        insta::assert_snapshot!(explain.render_help());
    }

    #[test]
    fn a_threshold_is_a_number_with_a_unit() {
        assert_eq!(threshold("1s"), Ok(Span::from_secs(1)));
        assert_eq!(threshold("200ms"), Ok(Span::from_millis(200)));
        assert_eq!(threshold("1.5s"), Ok(Span::from_millis(1500)));
        assert_eq!(threshold("2m"), Ok(Span::from_secs(120)));
    }

    #[test]
    fn a_threshold_without_unit_or_length_is_refused() {
        for text in [
            "",
            "1",
            "s",
            "0s",
            "-1s",
            "1x",
            "1e9",
            "999999999999h",
            "300y",
        ] {
            assert!(threshold(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_port_is_between_1_and_65535() {
        let parse = |port| Args::try_parse_from(["tls-stall", "--port", port, "a.pcap"]);
        assert_eq!(parse("65535").unwrap().port, [65535]);
        assert!(parse("0").is_err() && parse("65536").is_err());
    }
}
