//! Files of expectations brought up to date.

use std::fmt::Write as _;
use std::io;

use tls_stall::CaptureReport;
use tls_stall_check::{Change, InvalidExpectations, Revision};
use tls_stall_render::escape;

use super::Reading;
use super::plan::{ExpectationsFile, Target};
use crate::args::Args;
use crate::exit::Exit;
use crate::output::{self, DASH};
use crate::run::{complain, complain_at};

/// Writes what is found into the files of expectations, and says what changed in each.
///
/// A file in which nothing changes is not written. What could not be read keeps its entry.
pub(super) fn update(reading: &Reading<'_>, args: &Args) -> Exit {
    let plan = reading.plan;
    let mut exit = plan.exit();
    let mut revised = Vec::new();
    for file in &plan.files {
        match Revised::of(file) {
            Ok(file) => revised.push(file),
            Err(invalid) => {
                for mistake in &invalid.mistakes {
                    complain_at(&file.name, mistake.place, &mistake.message);
                }
                return Exit::Failed;
            }
        }
    }
    let mut read_any = false;
    let whole = |_: &Target, capture: CaptureReport| capture;
    reading.each(whole, |target, capture| {
        read_any = true;
        let Ok(capture) = capture else {
            exit = Exit::Failed;
            return;
        };
        let Some(file) = revised.get_mut(target.file) else {
            return;
        };
        if let Some(path) = &target.relative {
            file.take(path, &capture);
        } else {
            plan.complain(target, "its name is no text, and cannot be written in TOML");
            exit = Exit::Failed;
        }
    });
    if !read_any {
        return plan.nothing_to_check();
    }
    let mut told = String::new();
    for file in revised.iter().filter(|it| !it.changes.is_empty()) {
        if let Err(error) = file.write() {
            complain("write", &file.file.name, &error);
            exit = Exit::Failed;
            continue;
        }
        let _ = writeln!(told, "{}: {}", escape(&file.file.name), file.summary());
    }
    if let Err(error) = output::write(args, &told) {
        complain("write", DASH, &error);
        return Exit::Failed;
    }
    exit
}

/// A file of expectations and what becomes of it.
struct Revised<'a> {
    file: &'a ExpectationsFile,
    revision: Revision,
    /// What became of each entry.
    changes: Vec<Change>,
}

impl<'a> Revised<'a> {
    fn of(file: &'a ExpectationsFile) -> Result<Self, InvalidExpectations> {
        Ok(Self {
            file,
            revision: Revision::of(file.text.as_deref())?,
            changes: Vec::new(),
        })
    }

    fn take(&mut self, path: &str, capture: &CaptureReport) {
        let change = self.revision.take(path, capture);
        self.changes.push(change);
    }

    fn count(&self, change: Change) -> usize {
        self.changes.iter().filter(|it| **it == change).count()
    }

    /// Writes the file, if something has changed in it.
    fn write(&self) -> io::Result<()> {
        if self.count(Change::Kept) == self.changes.len() {
            return Ok(());
        }
        output::replace(&self.file.path, &self.revision.to_string())
    }

    /// How many entries became what.
    fn summary(&self) -> String {
        let words = [
            (Change::Added, "added"),
            (Change::Changed, "changed"),
            (Change::Kept, "kept"),
        ];
        let counts = words.map(|(change, word)| (self.count(change), word));
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counts
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        counts.join(", ")
    }
}
