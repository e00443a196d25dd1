//! Captures against what is expected of them.

mod plan;
mod update;

use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use tls_stall::{CaptureReport, Config, analyze_reader};
use tls_stall_check::{CheckReport, CheckedCapture, Verdict, github, junit, sarif, text};
use tls_stall_render::nothing_decoded;

use self::plan::{Plan, Target};
use crate::args::{Args, FORM, READING};
use crate::exit::Exit;
use crate::jobs;
use crate::output::{self, DASH};
use crate::progress::Progress;
use crate::run::{complain, complain_at};
use crate::sources::{self, Found};

/// The captures to check, and how.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct CheckArgs {
    /// Captures, folders of them, or patterns such as 'captures/*.pcap'
    ///
    /// A file in a folder that is no capture is passed over, unless it has an entry.
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,

    /// Hold all captures to this file
    ///
    /// Its paths are relative to the folder that it is in. Without it, tls-stall.toml counts, the
    /// nearest to each capture.
    #[arg(long, value_name = "FILE", help_heading = READING)]
    expectations: Option<PathBuf>,

    /// Write what is found into the file of expectations
    ///
    /// Adds what is missing and changes what does not hold; the rest stays as it is, with its comments.
    /// It says what was found, which need not be what is right: read it before you commit it.
    #[arg(long, conflicts_with_all = ["format", "output"], help_heading = FORM)]
    update: bool,

    /// The form of the report
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        default_value_t = Form::Text,
        help_heading = FORM
    )]
    format: Form,

    /// Write the report to FILE
    ///
    /// Whole or not at all, and never over a capture or a file of expectations that is read.
    #[arg(short, long, value_name = "FILE", help_heading = FORM)]
    output: Option<PathBuf>,

    /// Read so many captures at once
    ///
    /// As many as there are processors, unless told. The report is the same.
    #[arg(long, value_name = "N", help_heading = READING)]
    jobs: Option<NonZeroUsize>,
}

/// The form of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    Text,
    /// For CI servers such as GitLab and Jenkins: JUnit XML
    Junit,
    /// For code scanning: SARIF 2.1.0
    Sarif,
    /// For GitHub Actions: annotations
    Github,
}

/// Checks the captures that `check` names; `args` has the options of every command.
pub(crate) fn check(check: &CheckArgs, args: &Args) -> Exit {
    let args = Args {
        output: check.output.clone(),
        ..args.clone()
    };
    let Some(plan) = Plan::of(&check.paths, check.expectations.as_deref(), check.update) else {
        return Exit::Failed;
    };
    if let Some(input) = output::overwrites(&args, &inputs(&plan))
        && !is_earlier_report(&plan, input)
    {
        let path = input.to_string_lossy();
        complain("write", &path, &"it is one of the files to read");
        return Exit::Failed;
    }
    let paths = plan.targets.iter().map(|it| it.path.as_path());
    let reading = Reading {
        plan: &plan,
        jobs: check.jobs.unwrap_or_else(jobs::default),
        progress: Progress::of(&args, paths),
    };
    if check.update {
        update::update(&reading, &args)
    } else {
        verify(&reading, check.format, &args)
    }
}

/// All files that are read.
fn inputs(plan: &Plan) -> Vec<Found> {
    let files = plan.files.iter().map(|file| &file.path);
    let captures = plan.targets.iter().map(|target| &target.path);
    let found = files.chain(captures).map(|path| Found {
        path: path.clone(),
        in_folder: false,
    });
    found.collect()
}

/// Whether the file at `path` only lies in a folder to check, and is no capture: the report of an
/// earlier check, which may be written over.
fn is_earlier_report(plan: &Plan, path: &Path) -> bool {
    let mut targets = plan.targets.iter();
    let is_passed_over = targets.any(|it| it.path == path && it.may_be_none);
    is_passed_over
        && std::fs::File::open(path).is_ok_and(|file| {
            let read = analyze_reader("", file, &Config::default());
            read.is_err_and(|error| sources::is_no_capture(&error))
        })
}

/// Reports what comes of each capture.
fn verify(reading: &Reading<'_>, form: Form, args: &Args) -> Exit {
    let plan = reading.plan;
    let mut exit = plan.exit();
    let mut report = CheckReport::default();
    let verify = |target: &Target, capture: CaptureReport| plan.verify(target, &capture);
    reading.each(verify, |target, verdict| {
        let verdict = verdict.unwrap_or_else(|reason| {
            exit = Exit::Failed;
            Verdict::Unreadable(reason)
        });
        report.captures.push(plan.checked(target, verdict));
    });
    if report.captures.is_empty() {
        return plan.nothing_to_check();
    }
    if report.differs() {
        exit = exit.max(Exit::Found);
    }
    let written = render(&report, form, args).and_then(|text| output::write(args, &text));
    if let Err(error) = written {
        let output = args.output.as_deref().map(Path::to_string_lossy);
        complain("write", &output.unwrap_or(DASH.into()), &error);
        return Exit::Failed;
    }
    exit
}

fn render(report: &CheckReport, form: Form, args: &Args) -> io::Result<String> {
    match form {
        Form::Text => Ok(text::render(report, output::styled(args))),
        Form::Junit => junit::render(report),
        Form::Sarif => sarif::render(report),
        Form::Github => Ok(github::render(report)),
    }
}

/// How the captures of a plan are read.
struct Reading<'a> {
    plan: &'a Plan,
    jobs: NonZeroUsize,
    progress: Progress,
}

impl Reading<'_> {
    /// Makes of each capture what `work` does, several at once, and gives it to `take` in the order of
    /// the plan; of one that could not be read, which is complained of, it gives the reason.
    fn each<T: Send>(
        &self,
        work: impl Fn(&Target, CaptureReport) -> T + Sync,
        mut take: impl FnMut(&Target, Result<T, String>),
    ) {
        let work = |target: &Target| self.read(target).map(|capture| work(target, capture));
        jobs::in_order(&self.plan.targets, self.jobs, work, |target, made| {
            let made = match made {
                Ok(made) => Ok(made),
                Err(Some(reason)) => {
                    self.progress.aside(|| self.plan.complain(target, &reason));
                    Err(reason)
                }
                Err(None) => return,
            };
            take(target, made);
        });
        self.progress.done();
    }

    /// Analyses a capture; the reason where it cannot be, or not to its end, and none where a file in a
    /// folder is no capture.
    fn read(&self, target: &Target) -> Result<CaptureReport, Option<String>> {
        let path = &target.path;
        let input = std::fs::File::open(path).map_err(|error| Some(error.to_string()))?;
        let input = self.progress.read(input);
        let config = self.plan.config(target);
        let capture = analyze_reader(&path.to_string_lossy(), input, &config).map_err(|error| {
            let is_passed_over = target.may_be_none && sources::is_no_capture(&error);
            (!is_passed_over).then(|| error.to_string())
        })?;
        match &capture.source.unread {
            Some(reason) => Err(Some(reason.clone())),
            None if capture.analysis.decoded_frames == 0 => Err(Some(nothing_decoded(&capture))),
            None => Ok(capture),
        }
    }
}

impl Plan {
    /// What comes of `capture`.
    fn verify(&self, target: &Target, capture: &CaptureReport) -> Verdict {
        match self.entry(target) {
            Some(entry) => entry.verify(capture),
            None => tls_stall_check::verify_unlisted(capture),
        }
    }

    /// The report that `verdict` came of the capture.
    fn checked(&self, target: &Target, verdict: Verdict) -> CheckedCapture {
        let mut checked = CheckedCapture::new(target.path.to_string_lossy(), verdict);
        let file = self.file(target).filter(|file| file.text.is_some());
        checked.expectations = file.map(|file| file.name.clone());
        checked.place = self.entry(target).map(|entry| entry.place);
        checked
    }

    /// Complains of a capture that cannot be read; where it has an entry, with its place.
    fn complain(&self, target: &Target, reason: &str) {
        let path = target.path.to_string_lossy();
        match (self.file(target), self.entry(target)) {
            (Some(file), Some(entry)) => {
                let reason = format!("cannot read {path}: {reason}");
                complain_at(&file.name, entry.place, &reason);
            }
            _ => complain("read", &path, &reason),
        }
    }
}
