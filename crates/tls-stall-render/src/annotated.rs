//! The frames that a report speaks of, as a capture with comments.

use std::collections::{BTreeMap, BTreeSet};

use tls_stall::{CaptureReport, Connection, Endpoint, Finding, Frame, FrameNumber, LinkType};

use crate::escape::escape;
use crate::pcapng;

/// Comments of one frame; those of the first findings are kept.
const MAX_COMMENTS: usize = 16;

/// Writes the frames of a capture that its report speaks of, as a section of a pcapng file.
///
/// Each frame of evidence carries a comment, which Wireshark shows: its number in the capture, what
/// it proves, and of which cause. Whoever has the capture reads it a second time, and writes what
/// this makes of its frames; several captures make one file, a section each.
///
/// ```
/// use tls_stall::{CaptureReader, Config, analyze_reader};
/// use tls_stall_render::Annotated;
///
/// let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/origin/phone-on-3g.pcap");
/// let file = std::fs::read(path)?;
/// let report = analyze_reader(path, file.as_slice(), &Config::default())?;
/// let mut annotated = Annotated::new(&report, false);
/// let mut capture = annotated.beginning();
/// let mut reader = CaptureReader::new(file.as_slice())?;
/// while let Some(frame) = reader.next_frame()? {
///     capture.extend(annotated.frame(&frame));
/// }
/// assert!(annotated.is_complete());
/// assert!(capture.len() < file.len());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Annotated {
    name: String,
    by: String,
    /// The frames to write, and what is said of them.
    frames: BTreeMap<FrameNumber, Vec<String>>,
    /// How many of them were not written yet.
    missing: usize,
    /// The connections of which all frames are written.
    connections: BTreeSet<(Endpoint, Endpoint)>,
    /// The interfaces described so far: what they are in the capture.
    interfaces: Vec<(LinkType, u32)>,
}

impl Annotated {
    /// The evidence of `report`; where `whole`, all frames between the ends of the connections in it,
    /// and all of the lookups.
    #[must_use]
    pub fn new(report: &CaptureReport, whole: bool) -> Self {
        let path = &report.source.path;
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
        let mut annotated = Self {
            name: escape(name).into_owned(),
            by: concat!("tls-stall ", env!("CARGO_PKG_VERSION")).to_owned(),
            frames: BTreeMap::new(),
            missing: 0,
            connections: BTreeSet::new(),
            interfaces: Vec::new(),
        };
        for connection in &report.analysis.connections {
            for finding in &connection.findings {
                annotated.take(finding);
            }
            if whole {
                annotated.connections.insert(ends(connection));
            }
        }
        if whole {
            for lookup in &report.analysis.lookups {
                let queries = lookup.queries.iter().map(|it| it.frame);
                for frame in queries.chain(lookup.answers.iter().map(|it| it.frame)) {
                    annotated.frames.entry(frame).or_default();
                }
            }
        }
        annotated.missing = annotated.frames.len();
        annotated
    }

    /// What the section begins with.
    #[must_use]
    pub fn beginning(&self) -> Vec<u8> {
        pcapng::section(&self.by, &format!("frames of {}", self.name))
    }

    /// What is written for `frame`, the next of the capture: nothing where it is none of those.
    ///
    /// Its bytes are those that were captured, without the check sequence that some files keep
    /// behind them.
    pub fn frame(&mut self, frame: &Frame<'_>) -> Vec<u8> {
        let comments = self.frames.get(&frame.number);
        if comments.is_some() {
            self.missing = self.missing.saturating_sub(1);
        } else if !self.is_of_connection(frame) {
            return Vec::new();
        }
        let place = format!("frame {} of {}", frame.number, self.name);
        let comments = match comments.map(Vec::as_slice) {
            None | Some([]) => vec![place],
            Some(comments) => {
                let comments = comments.iter();
                comments.map(|said| format!("{place}: {said}")).collect()
            }
        };
        let mut blocks = Vec::new();
        let interface = self.interface(frame, &mut blocks);
        blocks.extend(pcapng::packet(frame, interface, &comments));
        blocks
    }

    /// Whether every frame that the report names was written; else the capture is no longer what it
    /// was when it was analysed.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.missing == 0
    }

    /// Takes the evidence of a finding; what two findings say alike is said once.
    fn take(&mut self, finding: &Finding) {
        let (cause, confidence) = (finding.cause, finding.confidence);
        for evidence in &finding.evidence {
            let comments = self.frames.entry(evidence.frame).or_default();
            let comment = format!("{} [{cause}, {confidence}]", escape(&evidence.message));
            if comments.len() < MAX_COMMENTS && !comments.contains(&comment) {
                comments.push(comment);
            }
        }
    }

    fn is_of_connection(&self, frame: &Frame<'_>) -> bool {
        if self.connections.is_empty() {
            return false;
        }
        let ends = frame.tcp_ends().map(|(from, to)| ordered(from, to));
        ends.is_some_and(|ends| self.connections.contains(&ends))
    }

    /// The number of the frame's interface, which is described in `blocks` where it is new.
    fn interface(&mut self, frame: &Frame<'_>, blocks: &mut Vec<u8>) -> u32 {
        let interface = (frame.link_type, frame.interface);
        let known = self.interfaces.iter().position(|it| *it == interface);
        let number = known.unwrap_or_else(|| {
            blocks.extend(pcapng::interface(frame.link_type));
            self.interfaces.push(interface);
            self.interfaces.len().saturating_sub(1)
        });
        u32::try_from(number).unwrap_or(u32::MAX)
    }
}

fn ends(connection: &Connection) -> (Endpoint, Endpoint) {
    ordered(connection.client, connection.server)
}

/// Both ends, in an order that does not depend on who sends.
fn ordered(one: Endpoint, other: Endpoint) -> (Endpoint, Endpoint) {
    let key = |end: &Endpoint| (end.ip, end.port);
    if key(&one) <= key(&other) {
        (one, other)
    } else {
        (other, one)
    }
}

#[cfg(test)]
mod tests;
