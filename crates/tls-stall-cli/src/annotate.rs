//! Writes the frames of evidence as a capture with comments.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tls_stall::{CaptureReader, CaptureReport, Config, Frame, MergedReader};
use tls_stall_render::Annotated;

use crate::args::Args;
use crate::output::{self, DASH, Target};
use crate::sources::{self, Found};

/// Why `captures` cannot be annotated as `args` says, if they cannot: the path concerned, the verb
/// of what cannot be done with it, and the reason.
pub(crate) fn refusal<'a>(
    args: &'a Args,
    captures: &'a [Found],
) -> Option<(&'static str, &'a Path, String)> {
    let out = args.annotate.as_deref()?;
    if out == Path::new(DASH) {
        let reason = "--annotate writes a file, and the report is there";
        return Some(("write", out, reason.to_owned()));
    }
    if let Some(capture) = output::is_one_of(out, captures) {
        let reason = "it is one of the captures to read";
        return Some(("write", capture, reason.to_owned()));
    }
    let report = args.output.as_deref();
    if report.is_some_and(|report| place(report) == place(out)) {
        let reason = "the report and the annotated capture are two files";
        return Some(("write", out, reason.to_owned()));
    }
    captures.iter().find_map(|Found { path, .. }| {
        let error = sources::open_regular(path, "--annotate").err()?;
        // What is not there or may not be read is complained of where it is read.
        let is_pipe = error.kind() == io::ErrorKind::InvalidInput;
        is_pipe.then(|| ("read", path.as_path(), error.to_string()))
    })
}

/// The file that `path` leads to, whether it is there or not.
fn place(path: &Path) -> PathBuf {
    let whole = fs::canonicalize(path);
    whole.unwrap_or_else(|_| match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => {
            let folder = if folder == Path::new("") {
                Path::new(".")
            } else {
                folder
            };
            fs::canonicalize(folder).map_or_else(|_| path.to_owned(), |folder| folder.join(name))
        }
        _ => path.to_owned(),
    })
}

/// Writes to `out` what `reports` speak of, whole or not at all; each stands beside the files that it
/// was read from.
pub(crate) fn write<'a>(
    out: &Path,
    reports: impl IntoIterator<Item = (&'a CaptureReport, &'a [PathBuf])>,
    whole: bool,
    config: &Config,
) -> Result<(), Failure> {
    let mut target = Target::open(out).map_err(Failure::Write)?;
    for (report, paths) in reports {
        let mut annotated = Annotated::new(report, whole);
        let mut write = |bytes: &[u8]| target.write_all(bytes).map_err(Failure::Write);
        write(&annotated.beginning())?;
        let mut take = |frame: &Frame<'_>| write(&annotated.frame(frame));
        match paths {
            [path] if report.source.files.is_empty() => read(path, config, &mut take)?,
            paths => {
                let open = |path: &Path| sources::open_regular(path, "--annotate");
                let mut reader = MergedReader::new(paths, open, config);
                while let Some(frame) = reader.next_frame() {
                    take(&frame)?;
                }
            }
        }
        if !annotated.is_complete() {
            let path = PathBuf::from(&report.source.path);
            let reason = "it has changed since it was analysed".to_owned();
            return Err(Failure::Read(path, reason));
        }
    }
    target.close().map_err(Failure::Write)
}

/// Gives the frames of the capture at `path` to `take`, as far as they can be read: that something
/// cannot was said when it was analysed.
fn read(
    path: &Path,
    config: &Config,
    take: &mut impl FnMut(&Frame<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let failed = |error: &dyn fmt::Display| Failure::Read(path.to_owned(), error.to_string());
    let file = sources::open_regular(path, "--annotate").map_err(|error| failed(&error))?;
    let mut reader = CaptureReader::with_config(file, config).map_err(|error| failed(&error))?;
    while let Ok(Some(frame)) = reader.next_frame() {
        take(&frame)?;
    }
    Ok(())
}

/// What was not possible.
#[derive(Debug)]
pub(crate) enum Failure {
    /// To read a capture again.
    Read(PathBuf, String),
    /// To write.
    Write(io::Error),
}
