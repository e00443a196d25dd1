//! From whole files to reports.

use std::io::{self, Read};
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::Analyzer;
use crate::capture::{CaptureReader, MergedReader, Part, ReadError};
use crate::config::Config;
use crate::notice::{Notice, NoticeCode};
use crate::report::{Analysis, CaptureReport, Connection, Source, SourceFile};

/// Reads the capture `input`, that came from `path`, to its end and analyses it.
///
/// A capture that is cut short or damaged is no error: it is analysed as far as it goes, and a notice
/// says so. The same holds where the input fails after its header, or unpacks to more than it may;
/// [`Source::unread`] then says why the rest is not in the report.
///
/// # Errors
///
/// Where `input` is no capture, has no whole header, or fails before it.
pub fn analyze_reader<R: Read>(
    path: &str,
    input: R,
    config: &Config,
) -> Result<CaptureReport, ReadError> {
    let mut file = FileAnalyzer::new(path, input, config)?;
    while file.advance() {}
    Ok(file.finish())
}

/// Reads the capture file at `path` to its end and analyses it, as [`analyze_reader`] does.
///
/// # Errors
///
/// Where the file cannot be opened, is no capture, has no whole header, or fails before it.
#[cfg(feature = "path")]
pub fn analyze_path(path: impl AsRef<Path>, config: &Config) -> Result<CaptureReport, ReadError> {
    let path = path.as_ref();
    let file = std::fs::File::open(path).map_err(ReadError::opening)?;
    analyze_reader(&path.to_string_lossy(), file, config)
}

/// Reads the capture `input`, that came from `path`, and gives each connection to `take` as soon as
/// no more of it is to come, as [`Analyzer::poll`] does; for a pipe that never ends.
///
/// What remains at the end of the capture, or once `take` breaks off, is given to it last; the
/// report that is returned counts all and holds none of them.
///
/// # Errors
///
/// As those of [`analyze_reader`].
pub fn analyze_stream<R: Read>(
    path: &str,
    input: R,
    config: &Config,
    mut take: impl FnMut(Connection) -> ControlFlow<()>,
) -> Result<CaptureReport, ReadError> {
    let mut file = FileAnalyzer::new(path, input, config)?;
    'file: while file.advance() {
        while let Some(connection) = file.poll() {
            if take(connection).is_break() {
                break 'file;
            }
        }
    }
    let mut report = file.finish();
    for connection in std::mem::take(&mut report.analysis.connections) {
        if take(connection).is_break() {
            break;
        }
    }
    Ok(report)
}

/// Reads one capture file and analyses it, as far at a time as its caller wants: what
/// [`analyze_reader`] does in one go.
///
/// For those who have to do something else meanwhile: show how far it has come, stop, or let an event
/// loop turn.
///
/// ```
/// use tls_stall::{Config, FileAnalyzer};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # const CAPTURE: &str =
/// #     concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/origin/phone-on-3g.pcap");
/// let input = std::fs::File::open(CAPTURE)?;
/// let mut file = FileAnalyzer::new("phone.pcap", input, &Config::default())?;
/// let mut frames = 0;
/// while file.advance() {
///     frames += 1;
/// }
/// let report = file.finish();
/// assert_eq!(report.analysis.frames, frames);
/// assert_eq!(report.analysis.summary.stalled, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct FileAnalyzer<R: Read> {
    path: String,
    reader: CaptureReader<R>,
    analyzer: Analyzer,
    /// Why the rest cannot be read.
    failure: Option<ReadError>,
}

impl<R: Read> FileAnalyzer<R> {
    /// Reads the header of the capture `input`, that came from `path`.
    ///
    /// # Errors
    ///
    /// As those of [`analyze_reader`].
    pub fn new(path: &str, input: R, config: &Config) -> Result<Self, ReadError> {
        Ok(Self {
            path: path.to_owned(),
            reader: CaptureReader::with_config(input, config)?,
            analyzer: Analyzer::new(config.clone()),
            failure: None,
        })
    }

    /// Unpacks a compressed file on a thread of its own, as
    /// [`CaptureReader::unpack_ahead`] does: the second of [`Config::threads`].
    #[cfg(feature = "compression")]
    #[must_use]
    pub fn unpack_ahead(mut self) -> Self
    where
        R: Send + 'static,
    {
        if self.reader.compression().is_some() && self.analyzer.config.threads <= 2 {
            self.analyzer.judge_here();
        }
        Self {
            reader: self.reader.unpack_ahead(),
            ..self
        }
    }

    /// Takes the next frame; false where there is none, or the input has failed, and ever after.
    pub fn advance(&mut self) -> bool {
        if self.failure.is_some() {
            return false;
        }
        match self.reader.next_frame() {
            Ok(Some(frame)) => {
                self.analyzer.push(&frame);
                true
            }
            Ok(None) => false,
            Err(error) => {
                self.failure = Some(error);
                false
            }
        }
    }

    /// A connection of which no more is to come; see [`Analyzer::poll`].
    pub fn poll(&mut self) -> Option<Connection> {
        self.analyzer.poll()
    }

    /// The report on what has been read so far.
    #[must_use]
    pub fn finish(mut self) -> CaptureReport {
        let mut notices = self.reader.notices();
        note_losses(&mut self.analyzer, &notices);
        let mut analysis = self.analyzer.finish();
        name_servers(&mut analysis, self.reader.names());
        notices.extend(self.failure.as_ref().and_then(|error| stopped("", error)));
        analysis.notices.splice(..0, notices);
        let mut source = Source::new(self.path, self.reader.format().name());
        source.compression = self.reader.compression().map(|it| it.name().to_owned());
        source.unread = self.failure.map(|error| error.to_string());
        CaptureReport::new(source, analysis)
    }
}

/// Reads the files of `paths` as one capture, in the order of their times, and analyses it.
///
/// `open` opens the file of a path, twice; see [`MergedReader`]. Beside the report stand the files
/// that could not be read, or not to their ends, with the reason: they hide nothing of the others.
pub fn analyze_merged<R: Read, P: Into<PathBuf>>(
    paths: impl IntoIterator<Item = P>,
    open: impl FnMut(&Path) -> io::Result<R>,
    config: &Config,
) -> (CaptureReport, Vec<(PathBuf, ReadError)>) {
    let mut reader = MergedReader::new(paths, open, config);
    let mut analyzer = Analyzer::new(config.clone());
    while let Some(frame) = reader.next_frame() {
        analyzer.push(&frame);
    }
    let mut notices = reader.notices();
    note_losses(&mut analyzer, &notices);
    let mut analysis = analyzer.finish();
    name_servers(&mut analysis, reader.names());
    for (path, error) in reader.errors() {
        notices.extend(stopped(&path.to_string_lossy(), error));
    }
    analysis.notices.splice(..0, notices);
    let source = merged_source(reader.parts());
    (CaptureReport::new(source, analysis), reader.into_errors())
}

/// Tells the analyzer where the files themselves say that frames are missing.
fn note_losses(analyzer: &mut Analyzer, notices: &[Notice]) {
    let mut codes = notices.iter().map(|notice| notice.code);
    if codes.any(|code| code == NoticeCode::FramesLost) {
        analyzer.note_losses();
    }
}

/// That the input failed within the capture; other errors have notices of their own.
fn stopped(path: &str, error: &ReadError) -> Option<Notice> {
    let lead = if path.is_empty() { "" } else { ": " };
    let is_failure = error.kind() == crate::ReadErrorKind::Input && error.frame().is_some();
    is_failure.then(|| {
        let message = format!("{path}{lead}reading stopped: {error}");
        // Within a file of several, the number is not that of the merged capture.
        let frame = error.frame().filter(|_| path.is_empty());
        Notice::new(NoticeCode::CaptureCutShort, frame, message)
    })
}

/// Names the servers of which neither a ClientHello nor a lookup told the name, as the file does.
fn name_servers(analysis: &mut Analysis, names: &[(IpAddr, String)]) {
    if names.is_empty() {
        return;
    }
    let mut by_address: HashMap<IpAddr, &str, RandomState> = HashMap::default();
    for (address, name) in names {
        by_address.entry(*address).or_insert(name);
    }
    for connection in &mut analysis.connections {
        if connection.server_name.is_none() {
            let name = by_address.get(&connection.server.ip);
            connection.server_name = name.map(|&name| name.to_owned());
        }
    }
}

/// What a report says of where a merged capture came from.
fn merged_source(parts: &[Part]) -> Source {
    let path = match parts {
        [] => String::new(),
        [only] => only.name().into_owned(),
        [first, last] => format!("{} + {}", first.name(), last.name()),
        [first, .., last] => {
            let count = parts.len();
            format!("{} … {} ({count} files)", first.name(), last.name())
        }
    };
    let files: Vec<SourceFile> = parts.iter().map(source_file).collect();
    let same = |of: fn(&SourceFile) -> Option<&str>| {
        let mut all = files.iter().map(of);
        let first = all.next()??;
        all.all(|other| other == Some(first))
            .then(|| first.to_owned())
    };
    let format = same(|file| Some(&file.format)).unwrap_or_else(|| "mixed".to_owned());
    let mut source = Source::new(path, format);
    source.compression = same(|file| file.compression.as_deref());
    source.files = files;
    source
}

fn source_file(part: &Part) -> SourceFile {
    SourceFile {
        path: part.name().into_owned(),
        format: part.format.name().to_owned(),
        compression: part.compression.map(|it| it.name().to_owned()),
        frames: part.frames,
        first_frame: part.span.map(|(first, _)| first),
        last_frame: part.span.map(|(_, last)| last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives what it has, and then fails.
    struct Failing<'a>(&'a [u8]);

    impl Read for Failing<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            match self.0.read(room) {
                Ok(0) => Err(io::Error::other("the disk is gone")),
                read => read,
            }
        }
    }

    #[test]
    fn what_came_before_the_input_failed_is_reported_and_the_failure_is_said() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../testdata/origin/phone-on-3g.pcap"
        );
        let file = std::fs::read(path).unwrap();
        let whole = analyze_reader("x", file.as_slice(), &Config::default()).unwrap();
        let report = analyze_reader("x", Failing(&file), &Config::default()).unwrap();
        assert_eq!(report.analysis.connections, whole.analysis.connections);
        let unread = report.source.unread.unwrap();
        assert!(unread.starts_with("the disk is gone (offset "), "{unread}");
        assert_eq!(report.analysis.notices[0].code, NoticeCode::CaptureCutShort);
    }

    #[test]
    fn a_file_names_only_the_servers_that_nothing_else_names() {
        use crate::decode::Endpoint;
        use crate::report::Outcome;

        let end = |last: u8| Endpoint {
            ip: [203, 0, 113, last].into(),
            port: 443,
        };
        let mut analysis = Analysis::default();
        for last in [1, 2, 3] {
            let connection = Connection::new(0, end(9), end(last), Outcome::Established);
            analysis.connections.push(connection);
        }
        analysis.connections[0].server_name = Some("told.example".to_owned());
        let names = [(1, "a"), (2, "first"), (2, "second"), (9, "client")];
        let names = names.map(|(last, name)| (end(last).ip, name.to_owned()));
        name_servers(&mut analysis, &names);
        let named = analysis.connections.iter();
        let named: Vec<_> = named.map(|it| it.server_name.as_deref()).collect();
        assert_eq!(named, [Some("told.example"), Some("first"), None]);
    }
}
