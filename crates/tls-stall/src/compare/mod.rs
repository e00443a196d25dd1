//! Two captures side by side: a failing one and a healthy one, or the two ends of one connection.

mod ends;
mod lookups;
mod matching;
mod phases;
mod summary;

use std::collections::BTreeSet;

pub use self::ends::{Ends, Fate, Share, Stray};
pub use self::lookups::LookupPair;
pub use self::matching::MatchedBy;
pub use self::phases::PhasePair;

use self::lookups::Lookups;
use crate::report::{
    Analysis, CaptureReport, Cause, Connection, Options, Phase, SCHEMA_VERSION, Tool,
};
use crate::time::FrameNumber;

/// Two captures, and which of their connections are held against each other.
///
/// Every array of two stands for the two captures, in their order: first the failing one (*here*),
/// then the healthy one (*there*). Only lengths of time within one capture are compared, since the
/// clocks of two hosts differ.
///
/// ```
/// use tls_stall::{Comparison, Config, Options, Phase, analyze_reader};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut config = Config::default();
/// config.keep_all = true;
/// let read = |name: &str| -> Result<_, Box<dyn std::error::Error>> {
///     let path = format!("{}/../../testdata/origin/{name}", env!("CARGO_MANIFEST_DIR"));
///     Ok(analyze_reader(&path, std::fs::File::open(&path)?, &config)?)
/// };
/// let captures = [read("phone-on-3g.pcap")?, read("phone-on-wifi.pcap")?];
/// let comparison = Comparison::new(Options::from(&config), captures);
/// let worst = &comparison.pairs[0];
/// assert_eq!(worst.parts_at, Some(Phase::ClientHello));
/// println!("{}", worst.summary);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "schema",
    schemars(
        description = "Two captures, and which of their connections are held against each other. \
        Every array of two stands for the two captures, in their order: first the failing one (*here*), \
        then the healthy one (*there*)."
    )
)]
#[non_exhaustive]
pub struct Comparison {
    /// Raised by a change that breaks a reader; 1 today.
    #[cfg_attr(feature = "schema", schemars(extend("const" = SCHEMA_VERSION)))]
    pub schema_version: u32,
    /// What made the comparison.
    pub tool: Tool,
    /// The settings it was made with.
    pub options: Options,
    /// The two captures.
    pub captures: [CaptureReport; 2],
    /// The connections that are held against each other: those that stalled or failed here first.
    pub pairs: Vec<Pair>,
    /// The numbers of the TLS connections that have no counterpart in the other capture.
    pub unmatched: [Vec<u64>; 2],
}

/// Two connections to one server, or one connection seen from two places.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Pair {
    /// Their numbers in the two captures.
    #[cfg_attr(feature = "serde", serde(rename = "tcp_stream"))]
    pub tcp_streams: [u64; 2],
    /// What they have in common.
    pub matched_by: MatchedBy,
    /// Each phase that at least one of them went through, in order.
    pub phases: Vec<PhasePair>,
    /// The first phase in which the one here fell behind the one there, or did not get on; of one
    /// connection seen twice, the first whose length differs.
    pub parts_at: Option<Phase>,
    /// The lookups of the two ends' names that went differently.
    pub lookups: Vec<LookupPair>,
    /// What explains the wait of each, if it stalled or failed.
    #[cfg_attr(feature = "serde", serde(rename = "verdict"))]
    pub verdicts: [Option<Cause>; 2],
    /// Where the time went, if both are one connection seen from two places.
    pub ends: Option<Ends>,
    /// The frames to look at in each capture.
    pub frames: [Vec<FrameNumber>; 2],
    /// Shows them in Wireshark; empty where there are none.
    pub display_filter: [String; 2],
    /// One sentence or two that say it.
    pub summary: String,
}

impl Comparison {
    /// Holds the connections of `captures` against each other.
    ///
    /// Both reports should be made with [`keep_all`](crate::Config::keep_all): without it the
    /// healthy connections are missing, and so is what a stalled one could be held against.
    #[must_use]
    pub fn new(options: Options, captures: [CaptureReport; 2]) -> Self {
        let [first, second] = &captures;
        let sides = [&first.analysis, &second.analysis];
        let matched = matching::pairs(sides);
        let lookups = sides.map(Lookups::new);
        let threshold = options.stall_threshold;
        let pair = |found: &matching::Match<'_>| {
            let mut pair = Pair::new(found);
            let two = found.connections;
            pair.phases = phases::pairs(two);
            if found.by == MatchedBy::SameConnection {
                pair.parts_at = phases::differ_at(&pair.phases, threshold);
                pair.ends = Some(Ends::new(two, sides));
            } else {
                pair.parts_at = phases::part_at(&pair.phases, threshold);
                pair.lookups = lookups::pairs(two, &lookups, threshold);
            }
            pair.look_at(two);
            pair.summary = summary::of(&pair, two, threshold);
            pair
        };
        let pairs = matched.pairs.iter().map(pair).collect();
        Self {
            schema_version: SCHEMA_VERSION,
            tool: Tool::current(),
            options,
            pairs,
            unmatched: matched.unmatched,
            captures,
        }
    }

    /// The two connections of `pair`; `None` where a capture does not hold them.
    #[must_use]
    pub fn connections(&self, pair: &Pair) -> Option<[&Connection; 2]> {
        let [first, second] = &self.captures;
        let [here, there] = pair.tcp_streams;
        Some([
            connection(&first.analysis, here)?,
            connection(&second.analysis, there)?,
        ])
    }
}

/// Connection `stream` of a report, which holds them by their numbers.
fn connection(analysis: &Analysis, stream: u64) -> Option<&Connection> {
    let connections = &analysis.connections;
    let place = connections.binary_search_by_key(&stream, |it| it.tcp_stream);
    connections.get(place.ok()?)
}

impl Pair {
    fn new(found: &matching::Match<'_>) -> Self {
        let [here, there] = found.connections;
        Self {
            tcp_streams: [here.tcp_stream, there.tcp_stream],
            matched_by: found.by,
            phases: Vec::new(),
            parts_at: None,
            lookups: Vec::new(),
            verdicts: found.connections.map(|it| Some(it.findings.first()?.cause)),
            ends: None,
            frames: [Vec::new(), Vec::new()],
            display_filter: [String::new(), String::new()],
            summary: String::new(),
        }
    }

    /// Gathers the frames to look at: those of the phase in which the two part, the evidence of
    /// the findings about it, and the messages of the lookups that went differently.
    fn look_at(&mut self, two: [&Connection; 2]) {
        let mut frames = [BTreeSet::new(), BTreeSet::new()];
        for (side, frames) in frames.iter_mut().enumerate() {
            let Some(connection) = two.get(side) else {
                continue;
            };
            let of_phase = |phase: Phase| self.parts_at == Some(phase);
            let waits = connection.waits.iter().filter(|it| of_phase(it.phase));
            frames.extend(waits.flat_map(|wait| [wait.from_frame, wait.to_frame]));
            let findings = connection.findings.iter().filter(|it| of_phase(it.phase));
            let evidence = findings.flat_map(|finding| &finding.evidence);
            frames.extend(evidence.map(|evidence| evidence.frame));
            let lookups = self.lookups.iter().flat_map(|it| it.frames_of(side));
            frames.extend(lookups);
            let strays = self.ends.iter().flat_map(|ends| &ends.strays);
            frames.extend(strays.filter_map(|stray| *stray.frames.get(side)?));
        }
        self.frames = frames.map(|frames| frames.into_iter().collect());
        self.display_filter = [0, 1].map(|side| {
            let frames = self.frames.get(side).map_or(&[][..], Vec::as_slice);
            display_filter(frames)
        });
    }
}

fn display_filter(frames: &[FrameNumber]) -> String {
    if frames.is_empty() {
        return String::new();
    }
    let frames: Vec<String> = frames.iter().map(ToString::to_string).collect();
    format!("frame.number in {{{}}}", frames.join(","))
}
