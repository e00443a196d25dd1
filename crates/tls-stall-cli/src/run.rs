//! Reads the captures, reports what was found, and says how it ended.

use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::io::{self, Read, Write as _};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use tls_stall::{CaptureReport, Config, Document, FileAnalyzer, Options, Span, analyze_merged};
use tls_stall_check::Place;
use tls_stall_render::{
    TextOptions, csv, escape, html, json, markdown, ndjson, nothing_decoded, text,
};

use crate::annotate;
use crate::args::{Args, Format};
use crate::exit::Exit;
use crate::jobs;
use crate::output::{self, DASH};
use crate::progress::Progress;
use crate::sources::{self, Found, Measured};
use crate::{select, stream};

/// Does what `args` says.
pub(crate) fn run(args: &Args) -> Exit {
    let mut run = Run {
        args,
        config: config(args),
        exit: Exit::Done,
        captures: Vec::new(),
        paths: Vec::new(),
        progress: Progress::default(),
    };
    let found = sources::find(&args.captures, |path, error| run.failed(path, error));
    if let Some((verb, path, reason)) = annotate::refusal(args, &found) {
        complain(verb, &path.to_string_lossy(), &reason);
        return Exit::Failed;
    }
    if let Some(capture) = output::overwrites(args, &found) {
        let path = capture.to_string_lossy();
        complain("write", &path, &"it is one of the captures to read");
        return Exit::Failed;
    }
    if streams(args) {
        let exit = stream::run(args, &found, &run.config);
        return exit.max(run.exit);
    }
    run.progress = Progress::of(args, found.iter().map(|it| it.path.as_path()));
    if args.merge {
        run.merged(&found);
    } else {
        run.each(&found);
    }
    run.progress.done();
    run.folders_without(&found);
    run.report()
}

/// What has come of the captures so far.
struct Run<'a> {
    args: &'a Args,
    config: Config,
    exit: Exit,
    captures: Vec<CaptureReport>,
    /// The files that each of them was read from.
    paths: Vec<Vec<PathBuf>>,
    progress: Progress,
}

impl Run<'_> {
    /// Analyses each of `files`, several at once; what comes of them is taken in their order.
    fn each(&mut self, files: &[Found]) {
        let progress = self.progress.clone();
        let jobs = self.jobs();
        let config = self.config_for(files.len());
        let read = |Found { path, in_folder }: &Found| -> Result<_, Option<String>> {
            let input = open(path).map_err(|error| Some(error.to_string()))?;
            let input = progress.read(input);
            let name = path.to_string_lossy();
            let mut file = FileAnalyzer::new(&name, input, &config).map_err(|error| {
                let is_passed_over = *in_folder && sources::is_no_capture(&error);
                (!is_passed_over).then(|| error.to_string())
            })?;
            if config.threads > 1 {
                file = file.unpack_ahead();
            }
            while file.advance() {}
            Ok(file.finish())
        };
        jobs::in_order(files, jobs, read, |Found { path, .. }, read| match read {
            Ok(capture) => self.take(&path.to_string_lossy(), capture, vec![path.clone()]),
            Err(Some(reason)) => self.failed(path, &reason),
            Err(None) => {}
        });
    }

    fn jobs(&self) -> NonZeroUsize {
        self.args.jobs.unwrap_or_else(jobs::default)
    }

    /// The settings for reading so many captures at once: processors that are to spare work on them.
    fn config_for(&self, captures: usize) -> Config {
        let mut config = self.config.clone();
        config.threads = self.jobs().get().div_ceil(captures.max(1));
        config
    }

    /// Analyses all files as one capture.
    fn merged(&mut self, files: &[Found]) {
        let files = without_copies(files);
        let paths = files.iter().map(|file| &file.path);
        let open = |path: &Path| {
            let file = sources::open_regular(path, "--merge")?;
            Ok(self.progress.read(file))
        };
        let config = self.config_for(1);
        let (capture, errors) = analyze_merged(paths, open, &config);
        let in_folders = files.iter().filter(|file| file.in_folder);
        let in_folders: HashSet<&Path> = in_folders.map(|file| file.path.as_path()).collect();
        for (path, error) in &errors {
            if !(sources::is_no_capture(error) && in_folders.contains(path.as_path())) {
                self.failed(path, error);
            }
        }
        if !capture.source.files.is_empty() {
            let name = capture.source.path.clone();
            let paths = files.iter().map(|file| file.path.clone()).collect();
            self.take(&name, capture, paths);
        }
    }

    /// Takes the report of the capture `name`, if there is something in it to be judged.
    fn take(&mut self, name: &str, mut capture: CaptureReport, paths: Vec<PathBuf>) {
        if let Some(reason) = &capture.source.unread {
            self.failed(Path::new(name), reason);
        }
        if capture.analysis.decoded_frames > 0 {
            select::select(&mut capture.analysis, self.args);
            if self.args.fail_on.is_found_in(&capture) {
                self.exit = self.exit.max(Exit::Found);
            }
            self.captures.push(capture);
            self.paths.push(paths);
        } else if capture.source.unread.is_none() {
            self.failed(Path::new(name), &nothing_decoded(&capture));
        }
    }

    /// Complains of a folder in which there is no capture.
    fn folders_without(&mut self, found: &[Found]) {
        let seen = self.exit == Exit::Failed || !self.captures.is_empty();
        let mut folders = self.args.captures.iter().filter(|path| path.is_dir());
        if !seen && let Some(folder) = folders.next() {
            let reason = match found.len() {
                0 => "it holds no files",
                _ => "it holds no captures",
            };
            self.failed(folder, &reason);
        }
    }

    fn failed(&mut self, path: &Path, reason: &dyn fmt::Display) {
        let path = path.to_string_lossy();
        self.progress.aside(|| complain("read", &path, reason));
        self.exit = Exit::Failed;
    }

    /// Writes the annotated capture, if one is asked for.
    fn annotate(&mut self) {
        let Some(out) = &self.args.annotate else {
            return;
        };
        let reports = self
            .captures
            .iter()
            .zip(self.paths.iter().map(Vec::as_slice));
        match annotate::write(out, reports, self.args.whole, &self.config) {
            Ok(()) => {}
            Err(annotate::Failure::Read(path, reason)) => self.failed(&path, &reason),
            Err(annotate::Failure::Write(error)) => {
                complain("write", &out.to_string_lossy(), &error);
                self.exit = Exit::Failed;
            }
        }
    }

    /// Writes the report of what could be read.
    fn report(mut self) -> Exit {
        let args = self.args;
        if self.captures.is_empty() {
            return self.exit;
        }
        self.annotate();
        let mut document = Document::new(Options::from(&self.config), self.captures);
        if args.redact {
            document = document.redacted();
        }
        if args.format == Format::Ndjson {
            document.captures.iter().for_each(stream::note);
        }
        let written = render(&document, args).and_then(|report| output::write(args, &report));
        if let Err(error) = written {
            let output = args.output.as_deref().map(Path::to_string_lossy);
            complain("write", &output.unwrap_or("standard output".into()), &error);
            return Exit::Failed;
        }
        self.exit
    }
}

/// How long after its last frame a connection is given up in a capture that may never end.
const MAX_IDLE: Span = Span::from_secs(600);

/// Whether connections are told as they are settled: merged files all have an end, what is annotated
/// is read again, and what is redacted has to be known as a whole.
fn streams(args: &Args) -> bool {
    let at_the_end = args.merge || args.redact || args.annotate.is_some();
    args.format == Format::Ndjson && !at_the_end
}

fn config(args: &Args) -> Config {
    let mut config = Config::default();
    config.stall_threshold = args.stall_threshold;
    config.keep_all = select::needs_all(args);
    config.tls_ports.clone_from(&args.tls_port);
    config.max_idle = streams(args).then_some(MAX_IDLE);
    config
}

/// Opens a capture, or standard input.
pub(crate) fn open(path: &Path) -> io::Result<Box<dyn Read + Send>> {
    if path == Path::new(DASH) {
        Ok(Box::new(io::stdin()))
    } else {
        Ok(Box::new(Measured::open(path)?))
    }
}

/// `files` without those that stand there twice, as one in a folder that is given by itself too:
/// merged with itself, a capture is one of retransmissions.
fn without_copies(files: &[Found]) -> Vec<&Found> {
    let mut seen = HashSet::new();
    let is_new = |file: &&Found| {
        let path = fs::canonicalize(&file.path).unwrap_or_else(|_| file.path.clone());
        seen.insert(path)
    };
    files.iter().filter(is_new).collect()
}

fn render(document: &Document, args: &Args) -> io::Result<String> {
    match args.format {
        Format::Json => json::render(document),
        Format::Ndjson => {
            let lines = document.captures.iter().flat_map(|capture| {
                let connections = capture.analysis.connections.iter();
                connections.map(|it| ndjson::line(&capture.source.path, it))
            });
            lines.collect()
        }
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

/// Says on standard error, in one line, what is wrong at a place of a file.
pub(crate) fn complain_at(path: &str, place: Place, reason: &str) {
    let (path, reason) = (escape(path), escape(reason));
    let _ = writeln!(io::stderr(), "tls-stall: {path}:{place}: {reason}");
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use tls_stall::{Analysis, Source};

    use super::*;

    #[test]
    fn what_was_read_before_the_reading_failed_is_reported_and_the_exit_tells_it() {
        let args = Args::try_parse_from(["tls-stall", "bomb.pcap.gz"]).unwrap();
        let mut run = Run {
            args: &args,
            config: Config::default(),
            exit: Exit::Done,
            captures: Vec::new(),
            paths: Vec::new(),
            progress: Progress::default(),
        };
        let mut source = Source::new("bomb.pcap.gz", "pcap");
        source.unread = Some("unpacks to more than 16 GiB, the limit".to_owned());
        let mut capture = CaptureReport::new(source, Analysis::default());
        run.take("bomb.pcap.gz", capture.clone(), Vec::new());
        assert_eq!((run.exit, run.captures.len()), (Exit::Failed, 0));
        capture.analysis.decoded_frames = 1;
        run.take("bomb.pcap.gz", capture, Vec::new());
        assert_eq!((run.exit, run.captures.len()), (Exit::Failed, 1));
    }
}
