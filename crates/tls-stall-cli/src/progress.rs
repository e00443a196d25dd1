//! How far the reading has come, for those who wait for it.

use std::fs;
use std::io::{self, IsTerminal as _, Read};
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use crate::args::Args;

/// Captures of fewer bytes than this together are read before a bar could be.
const WORTH_SHOWING: u64 = 64 * 1024 * 1024;

/// A bar on standard error, or nothing.
#[derive(Debug, Clone)]
pub(crate) struct Progress(ProgressBar);

/// Nothing.
impl Default for Progress {
    fn default() -> Self {
        Self(ProgressBar::hidden())
    }
}

impl Progress {
    /// The progress of reading `paths`: shown on a terminal where it takes a while, and where it is
    /// known how much there is to read.
    pub(crate) fn of<'a>(args: &Args, paths: impl IntoIterator<Item = &'a Path>) -> Self {
        if args.quiet || !io::stderr().is_terminal() {
            return Self::default();
        }
        let lengths = paths.into_iter().map(|path| {
            let about = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
            Some(about.len())
        });
        let total = lengths.sum::<Option<u64>>();
        match total.filter(|&total| total > WORTH_SHOWING) {
            Some(total) => Self(ProgressBar::new(total).with_style(style())),
            None => Self::default(),
        }
    }

    /// `input`, whose bytes count once they are read.
    pub(crate) fn read<R: Read + Send>(&self, input: R) -> impl Read + Send + use<R> {
        self.0.wrap_read(input)
    }

    /// Prints what `print` prints without a bar in between.
    pub(crate) fn aside(&self, print: impl FnOnce()) {
        self.0.suspend(print);
    }

    /// Takes the bar away.
    pub(crate) fn done(&self) {
        self.0.finish_and_clear();
    }
}

fn style() -> ProgressStyle {
    let bar = ProgressStyle::with_template("{wide_bar} {bytes} of {total_bytes}, {eta} left");
    bar.unwrap_or_else(|_| ProgressStyle::default_bar())
}
