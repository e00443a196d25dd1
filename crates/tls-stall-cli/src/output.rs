//! Where the report goes.

use std::fs::{self, File};
use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use anstream::{AutoStream, ColorChoice};
use same_file::Handle;
use tempfile::NamedTempFile;

use crate::args::{Args, Color};
use crate::sources::Found;
use crate::unnamed;

/// Standard input or standard output where a path is expected.
pub(crate) const DASH: &str = "-";

/// The widest text; longer lines are hard to follow.
const MAX_WIDTH: usize = 100;

/// The width of text without a terminal.
const DEFAULT_WIDTH: usize = 80;

/// Where the report of `args` goes: a file, or standard output.
fn file(args: &Args) -> Option<&Path> {
    args.output
        .as_deref()
        .filter(|path| *path != Path::new(DASH))
}

/// Whether the report may carry colour.
pub(crate) fn styled(args: &Args) -> bool {
    match args.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            file(args).is_none() && AutoStream::choice(&io::stdout()) != ColorChoice::Never
        }
    }
}

/// How wide the text may be.
pub(crate) fn width(args: &Args) -> usize {
    if file(args).is_some() || !io::stdout().is_terminal() {
        return DEFAULT_WIDTH;
    }
    let size = terminal_size::terminal_size();
    size.map_or(DEFAULT_WIDTH, |(width, _)| {
        usize::from(width.0).min(MAX_WIDTH)
    })
}

/// Which of `captures` the report would overwrite, if it would one.
pub(crate) fn overwrites<'a>(args: &Args, captures: &'a [Found]) -> Option<&'a Path> {
    is_one_of(file(args)?, captures)
}

/// Which of `captures` the file at `path` is, if it is one.
pub(crate) fn is_one_of<'a>(path: &Path, captures: &'a [Found]) -> Option<&'a Path> {
    let output = regular(path)?;
    let captures = captures.iter().map(|found| found.path.as_path());
    let mut overwritten = captures.filter(|capture| {
        let capture = match *capture {
            path if path == Path::new(DASH) => Handle::stdin().ok(),
            path => regular(path),
        };
        capture.is_some_and(|capture| capture == output)
    });
    overwritten.next()
}

/// A regular file, told from others whatever its path; to open a pipe here would take from its data.
fn regular(path: &Path) -> Option<Handle> {
    let is_file = fs::metadata(path).ok()?.is_file();
    is_file.then(|| Handle::from_path(path).ok())?
}

/// Writes `report` to where `args` says.
///
/// A file is written whole or not at all: beside it first, then put in its place. A reader of
/// standard output that has had enough is no error.
pub(crate) fn write(args: &Args, report: &str) -> io::Result<()> {
    match file(args) {
        Some(path) => replace(path, report),
        None => match to_stdout(args, report) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result,
        },
    }
}

fn to_stdout(args: &Args, report: &str) -> io::Result<()> {
    let stdout = io::stdout().lock();
    if styled(args) {
        // Old Windows consoles need the colours translated.
        let mut stdout = AutoStream::always(stdout);
        stdout.write_all(report.as_bytes())?;
        return stdout.flush();
    }
    let mut stdout = stdout;
    stdout.write_all(report.as_bytes())?;
    stdout.flush()
}

/// Writes `report` to the file at `path`, whole or not at all.
pub(crate) fn replace(path: &Path, report: &str) -> io::Result<()> {
    let mut target = Target::open(path)?;
    target.write_all(report.as_bytes())?;
    target.close()
}

/// Where a report goes that is written bit by bit.
pub(crate) enum Target {
    /// Standard output, a pipe or a device: what is written is there at once.
    Direct(Box<dyn Write>),
    /// A file without a name, that gets that of `path` once it is whole.
    Unnamed { file: File, path: PathBuf },
    /// A file beside the one that it replaces once it is whole.
    Beside {
        beside: NamedTempFile,
        path: PathBuf,
    },
}

impl Target {
    /// Where the report of `args` goes.
    pub(crate) fn of(args: &Args) -> io::Result<Self> {
        match file(args) {
            Some(path) => Self::open(path),
            None => Ok(Self::Direct(Box::new(io::stdout().lock()))),
        }
    }

    /// The file at `path`, or the pipe or device there.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        // Through a symbolic link, so that the link stays one.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let earlier = fs::metadata(&path).ok();
        if earlier.as_ref().is_some_and(|earlier| !earlier.is_file()) {
            // A pipe or a device cannot be put in place; a directory refuses by itself.
            let direct = File::options().write(true).open(&path)?;
            return Ok(Self::Direct(Box::new(direct)));
        }
        let folder = folder_of(&path);
        fs::metadata(folder)?;
        let target = if let Some(file) = unnamed::create(folder) {
            Self::Unnamed { file, path }
        } else {
            let beside = beside().tempfile_in(folder)?;
            Self::Beside { beside, path }
        };
        if let (Some(earlier), Some(file)) = (earlier, target.file()) {
            file.set_permissions(earlier.permissions())?;
        }
        Ok(target)
    }

    fn file(&self) -> Option<&File> {
        match self {
            Self::Direct(_) => None,
            Self::Unnamed { file, .. } => Some(file),
            Self::Beside { beside, .. } => Some(beside.as_file()),
        }
    }

    /// Writes `text`; to standard output at once.
    pub(crate) fn write_all(&mut self, text: &[u8]) -> io::Result<()> {
        match self {
            Self::Direct(direct) => {
                direct.write_all(text)?;
                direct.flush()
            }
            Self::Unnamed { file, .. } => file.write_all(text),
            Self::Beside { beside, .. } => beside.write_all(text),
        }
    }

    /// Puts a file in its place.
    pub(crate) fn close(self) -> io::Result<()> {
        match self {
            Self::Direct(_) => Ok(()),
            Self::Unnamed { file, path } => {
                // Named beside first: only a rename takes the place of a file that is there.
                let name = |path: &Path| unnamed::name(&file, path);
                let named = beside().make_in(folder_of(&path), name)?;
                named.persist(&path).map_err(|error| error.error)
            }
            Self::Beside { beside, path } => {
                beside.persist(&path).map_err(|error| error.error)?;
                Ok(())
            }
        }
    }
}

/// How a file is named that is not in its place yet.
fn beside() -> tempfile::Builder<'static, 'static> {
    let mut beside = tempfile::Builder::new();
    beside.prefix(".tls-stall-");
    #[cfg(unix)]
    beside.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    beside
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}
