//! Reads the captures, reports what was found, and says how it ended.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::Path;

use tls_stall::{CaptureReport, Config, Document, Options, Span, analyze_reader};
use tls_stall_render::{TextOptions, csv, escape, html, json, markdown, text};

use crate::args::{Args, Format};
use crate::exit::Exit;
use crate::output::{self, DASH};
use crate::{select, stream};

/// Does what `args` says.
pub(crate) fn run(args: &Args) -> Exit {
    if let Some(capture) = output::overwrites(args) {
        let path = capture.to_string_lossy();
        complain("write", &path, &"it is one of the captures to read");
        return Exit::Failed;
    }
    let config = config(args);
    if args.format == Format::Ndjson {
        return stream::run(args, &config);
    }
    let mut exit = Exit::Done;
    let mut captures = Vec::new();
    for path in &args.captures {
        match analyze(path, &config) {
            Ok(mut capture) => {
                select::select(&mut capture.analysis, args);
                if args.fail_on.is_found_in(&capture) {
                    exit = exit.max(Exit::Found);
                }
                captures.push(capture);
            }
            Err(reason) => {
                complain("read", &path.to_string_lossy(), &reason);
                exit = Exit::Failed;
            }
        }
    }
    if captures.is_empty() {
        return exit;
    }
    let document = Document::new(Options::from(&config), captures);
    let written = render(&document, args).and_then(|report| output::write(args, &report));
    if let Err(error) = written {
        let output = args.output.as_deref().map(Path::to_string_lossy);
        complain("write", &output.unwrap_or("standard output".into()), &error);
        return Exit::Failed;
    }
    exit
}

/// How long after its last frame a connection is given up in a capture that may never end.
const MAX_IDLE: Span = Span::from_secs(600);

fn config(args: &Args) -> Config {
    let mut config = Config::default();
    config.stall_threshold = args.stall_threshold;
    config.keep_all = select::needs_all(args);
    config.tls_ports.clone_from(&args.tls_port);
    config.max_idle = (args.format == Format::Ndjson).then_some(MAX_IDLE);
    config
}

/// Opens a capture, or standard input.
pub(crate) fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    if path == Path::new(DASH) {
        Ok(Box::new(io::stdin().lock()))
    } else {
        Ok(Box::new(File::open(path)?))
    }
}

/// The report of one capture, or why there is none.
fn analyze(path: &Path, config: &Config) -> Result<CaptureReport, String> {
    let name = path.to_string_lossy();
    let input = open(path).map_err(|error| error.to_string())?;
    let capture = analyze_reader(&name, input, config).map_err(|error| error.to_string())?;
    if capture.analysis.decoded_frames == 0 {
        return Err(nothing_decoded(&capture));
    }
    Ok(capture)
}

/// Why a capture that could be read is none to be judged.
pub(crate) fn nothing_decoded(capture: &CaptureReport) -> String {
    let analysis = &capture.analysis;
    let mut reason = match analysis.frames {
        0 => "it holds no frames".to_owned(),
        1 => "its only frame could not be decoded".to_owned(),
        frames => format!("none of its {frames} frames could be decoded"),
    };
    for notice in &analysis.notices {
        reason.push_str("; ");
        reason.push_str(&notice.message);
    }
    reason
}

fn render(document: &Document, args: &Args) -> io::Result<String> {
    match args.format {
        Format::Json => json::render(document),
        // Written as it comes, and never as one document.
        Format::Ndjson => Ok(String::new()),
        Format::Text => {
            let mut options = TextOptions::default();
            options.width = output::width(args);
            options.styled = output::styled(args);
            options.ascii = args.ascii;
            options.quiet = args.quiet;
            Ok(text::render(document, &options))
        }
        Format::Html => html::render(document),
        Format::Markdown => Ok(markdown::render(document)),
        Format::Csv => Ok(csv::render(document)),
    }
}

/// Says on standard error, in one line, what could not be done with a file.
pub(crate) fn complain(verb: &str, path: &str, reason: &dyn fmt::Display) {
    let path = match path {
        DASH if verb == "read" => "standard input",
        DASH => "standard output",
        path => path,
    };
    let reason = reason.to_string();
    let (path, reason) = (escape(path), escape(&reason));
    // Where standard error is closed there is nobody left to tell.
    let _ = writeln!(io::stderr(), "tls-stall: cannot {verb} {path}: {reason}");
}
