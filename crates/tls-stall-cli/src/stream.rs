//! Connections a line each, as soon as they are settled: for captures that do not end.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write as _};
use std::ops::ControlFlow;
use std::path::Path;

use tls_stall::{CaptureReport, Config, Connection, analyze_stream};
use tls_stall_render::{escape, ndjson, nothing_decoded};

use crate::args::Args;
use crate::exit::Exit;
use crate::output::Target;
use crate::run::{complain, open};
use crate::select;
use crate::sources::{self, Found};

/// Does what `args` says.
pub(crate) fn run(args: &Args, files: &[Found], config: &Config) -> Exit {
    let mut exit = Exit::Done;
    let mut target = match Target::of(args) {
        Ok(target) => target,
        Err(error) => return cannot_write(args, &error),
    };
    for Found { path, in_folder } in files {
        let mut failure = None;
        let read = tell(path, config, |connection| {
            if !select::is_asked_for(&connection, args) {
                return ControlFlow::Continue(());
            }
            if args.fail_on.is_found_at(&connection) {
                exit = exit.max(Exit::Found);
            }
            let line = ndjson::line(&path.to_string_lossy(), &connection);
            match line.and_then(|line| target.write_all(line.as_bytes())) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failure = Some(error);
                    ControlFlow::Break(())
                }
            }
        });
        match failure {
            // Who reads along has had enough.
            Some(error) if error.kind() == ErrorKind::BrokenPipe => return exit,
            Some(error) => return cannot_write(args, &error),
            None => {}
        }
        match read {
            Ok(()) => {}
            Err(Failure::NoCapture(_)) if *in_folder => {}
            Err(Failure::NoCapture(reason) | Failure::Unreadable(reason)) => {
                complain("read", &path.to_string_lossy(), &reason);
                exit = Exit::Failed;
            }
        }
    }
    match target.close() {
        Ok(()) => exit,
        Err(error) => cannot_write(args, &error),
    }
}

/// Gives the connections of one capture, then what is to be known of it on standard error.
fn tell(
    path: &Path,
    config: &Config,
    take: impl FnMut(Connection) -> ControlFlow<()>,
) -> Result<(), Failure> {
    let name = path.to_string_lossy();
    let input = open(path).map_err(|error| Failure::Unreadable(error.to_string()))?;
    let capture = analyze_stream(&name, input, config, take).map_err(|error| {
        let reason = error.to_string();
        if sources::is_no_capture(&error) {
            Failure::NoCapture(reason)
        } else {
            Failure::Unreadable(reason)
        }
    })?;
    if capture.analysis.decoded_frames == 0 {
        return Err(Failure::Unreadable(nothing_decoded(&capture)));
    }
    note(&capture);
    match capture.source.unread {
        Some(reason) => Err(Failure::Unreadable(reason)),
        None => Ok(()),
    }
}

/// Why a file could not be read, or not to its end.
enum Failure {
    /// It is none of the files that a folder is given for.
    NoCapture(String),
    Unreadable(String),
}

/// Says on standard error what is to be known of a capture.
pub(crate) fn note(capture: &CaptureReport) {
    let path = &capture.source.path;
    for notice in &capture.analysis.notices {
        let frame = notice
            .frame
            .map_or_else(String::new, |frame| format!(", frame {frame}"));
        let (path, message) = (escape(path), escape(&notice.message));
        // Where standard error is closed there is nobody left to tell.
        let _ = writeln!(
            io::stderr(),
            "{path}: notice {}{frame}: {message}",
            notice.code
        );
    }
}

fn cannot_write(args: &Args, reason: &dyn Display) -> Exit {
    let output = args.output.as_deref().map(Path::to_string_lossy);
    complain("write", &output.unwrap_or("standard output".into()), reason);
    Exit::Failed
}
