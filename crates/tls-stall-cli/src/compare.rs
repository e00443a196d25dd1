//! Two captures side by side.

use std::io;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use tls_stall::{CaptureReport, Comparison, Config, Options, Span, analyze_reader};
use tls_stall_check::parse_length;
use tls_stall_render::{TextOptions, html, json, markdown, nothing_decoded, text};

use crate::args::{Args, FORM, WHICH, port};
use crate::exit::Exit;
use crate::output::{self, DASH};
use crate::run::{complain, open};
use crate::select::{self, ServerFilter};
use crate::sources::Found;

/// The captures to compare, and how.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct CompareArgs {
    /// The capture in which something stalled
    ///
    /// "-" is standard input.
    #[arg(value_name = "CAPTURE")]
    capture: PathBuf,

    /// The one in which it did not, or the other end's
    ///
    /// A capture of a healthy case, or of the same connections, made at their other end.
    #[arg(value_name = "HEALTHY")]
    healthy: PathBuf,

    /// Compare only connections to this server
    ///
    /// Those in CAPTURE: an address or a name, and a port if you like.
    #[arg(long, value_name = "HOST[:PORT]", help_heading = WHICH)]
    server: Option<ServerFilter>,

    /// Compare only connections to this port
    ///
    /// The server's port, in CAPTURE. May be given several times.
    #[arg(long, value_name = "PORT", value_parser = port(), help_heading = WHICH)]
    port: Vec<u16>,

    /// Compare only this connection of CAPTURE
    ///
    /// By the number that Wireshark gives it, tcp.stream. May be given several times.
    #[arg(long, value_name = "N", help_heading = WHICH)]
    tcp_stream: Vec<u64>,

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
    stall_threshold: Span,

    /// Expect TLS on this server port too
    ///
    /// May be given several times.
    #[arg(long, value_name = "PORT", value_parser = port(), help_heading = WHICH)]
    tls_port: Vec<u16>,

    /// The form of the comparison
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        default_value_t = Form::Text,
        help_heading = FORM
    )]
    format: Form,

    /// Write the comparison to FILE
    ///
    /// Whole or not at all, and never over a capture that is read.
    #[arg(short, long, value_name = "FILE", help_heading = FORM)]
    output: Option<PathBuf>,

    /// Put other addresses and names in the place of the real ones
    ///
    /// The same for the same in both captures; file names too. What hosts said in the clear is left
    /// out. Ports, times and frame numbers stay.
    #[arg(long, help_heading = FORM)]
    redact: bool,

    /// In text, draw with ASCII alone, as for an e-mail
    #[arg(long, help_heading = FORM)]
    ascii: bool,
}

/// The form of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    Text,
    /// For programs
    Json,
    /// For a browser: one file, with drawings
    Html,
    /// For issue trackers
    Markdown,
}

/// Compares the captures that `compare` names; `args` has the options of every command.
pub(crate) fn compare(compare: &CompareArgs, args: &Args) -> Exit {
    let args = compare.in_the_place_of(args);
    let found = args.captures.iter().map(|path| Found {
        path: path.clone(),
        in_folder: false,
    });
    if let Some(capture) = output::overwrites(&args, &found.collect::<Vec<_>>()) {
        let path = capture.to_string_lossy();
        complain("write", &path, &"it is one of the captures to read");
        return Exit::Failed;
    }
    if [&compare.capture, &compare.healthy].map(|path| path == Path::new(DASH)) == [true, true] {
        complain("read", DASH, &"it is given for both captures");
        return Exit::Failed;
    }
    let mut config = Config::default();
    config.stall_threshold = compare.stall_threshold;
    config.keep_all = true;
    config.tls_ports.clone_from(&compare.tls_port);
    let here = read(&compare.capture, &config);
    let there = read(&compare.healthy, &config);
    let (Some(here), Some(there)) = (here, there) else {
        return Exit::Failed;
    };
    let unread = here.source.unread.is_some() || there.source.unread.is_some();
    let mut comparison = Comparison::new(Options::from(&config), [here, there]);
    keep_asked_for(&mut comparison, &args);
    if compare.redact {
        comparison = comparison.redacted();
    }
    let written = compare
        .render(&comparison, &args)
        .and_then(|report| output::write(&args, &report));
    match written {
        Ok(()) if unread => Exit::Failed,
        Ok(()) => Exit::Done,
        Err(error) => {
            let output = args.output.as_deref().map(Path::to_string_lossy);
            complain("write", &output.unwrap_or(DASH.into()), &error);
            Exit::Failed
        }
    }
}

/// Leaves the connections of the first capture that `args` asks for, and their pairs.
///
/// What is held against what is decided before, so that it does not depend on what is asked for.
fn keep_asked_for(comparison: &mut Comparison, args: &Args) {
    let [here, _] = &mut comparison.captures;
    let connections = &mut here.analysis.connections;
    connections.retain(|connection| select::is_asked_for(connection, args));
    let is_left = |stream: &u64| {
        let place = connections.binary_search_by_key(stream, |it| it.tcp_stream);
        place.is_ok()
    };
    let [unmatched, _] = &mut comparison.unmatched;
    unmatched.retain(is_left);
    comparison.pairs.retain(|pair| {
        let [here, _] = &pair.tcp_streams;
        is_left(here)
    });
}

/// Analyses one capture; complains where that cannot be done, or not to its end.
fn read(path: &Path, config: &Config) -> Option<CaptureReport> {
    let name = path.to_string_lossy();
    let input = match open(path) {
        Ok(input) => input,
        Err(error) => {
            complain("read", &name, &error);
            return None;
        }
    };
    match analyze_reader(&name, input, config) {
        Ok(capture) => {
            let is_empty = capture.analysis.decoded_frames == 0;
            if let Some(reason) = &capture.source.unread {
                complain("read", &name, reason);
            } else if is_empty {
                complain("read", &name, &nothing_decoded(&capture));
            }
            (!is_empty).then_some(capture)
        }
        Err(error) => {
            complain("read", &name, &error);
            None
        }
    }
}

impl CompareArgs {
    /// The command line that says the same of a single report.
    fn in_the_place_of(&self, args: &Args) -> Args {
        Args {
            captures: vec![self.capture.clone(), self.healthy.clone()],
            output: self.output.clone(),
            server: self.server.clone(),
            port: self.port.clone(),
            tcp_stream: self.tcp_stream.clone(),
            ascii: self.ascii,
            ..args.clone()
        }
    }

    fn render(&self, comparison: &Comparison, args: &Args) -> io::Result<String> {
        match self.format {
            Form::Text => {
                let mut options = TextOptions::default();
                options.width = output::width(args);
                options.styled = output::styled(args);
                options.ascii = self.ascii;
                Ok(text::comparison(comparison, &options))
            }
            Form::Json => json::comparison(comparison),
            Form::Html => html::comparison(comparison),
            Form::Markdown => Ok(markdown::comparison(comparison)),
        }
    }
}
