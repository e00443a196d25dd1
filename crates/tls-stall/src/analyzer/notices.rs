//! What a reader of the report must know about the capture.

use std::collections::BTreeMap;

use crate::companions::{MAX_ATTEMPTS, MAX_PER_SERVER, MAX_VISITS};
use crate::config::Config;
use crate::decode::Undecoded;
use crate::notice::{Notice, NoticeCode};
use crate::report::{Analysis, EndedBy};
use crate::time::{Moment, Span};

/// Kinds of undecoded frames that are told apart.
const MAX_REASONS: usize = 32;

/// What was seen of the capture's frames, and is worth a notice.
#[derive(Debug, Default)]
pub(super) struct Seen {
    undecoded: BTreeMap<Undecoded, Tally>,
    backwards: Option<Tally>,
    cut: Option<Tally>,
    limits: Option<String>,
    /// The limit beyond which stalled connections were only counted.
    pub(super) unreported: Option<usize>,
    pub(super) lookups: LookupsSeen,
    pub(super) mid_connection: Option<Tally>,
}

/// What was seen of name lookups.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LookupsSeen {
    pub(super) any: bool,
    /// Messages that the capturer cut short, so that no question or not all answers are there.
    pub(super) cut: u64,
    /// Answers to questions that were not captured.
    pub(super) unasked: u64,
}

/// How often something was seen, and where first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tally {
    first: Moment,
    count: u64,
}

impl Tally {
    /// Counts one more, seen at `moment`.
    pub(super) fn add(tally: &mut Option<Self>, moment: Moment) {
        let tally = tally.get_or_insert(Self {
            first: moment,
            count: 0,
        });
        tally.count = tally.count.saturating_add(1);
    }
}

impl Seen {
    pub(super) fn undecoded(&mut self, reason: Undecoded, moment: Moment) {
        self.undecoded_frames(reason, moment, 1);
    }

    /// Counts `frames` that could not be decoded for one reason, the first of them at `moment`.
    pub(super) fn undecoded_frames(&mut self, reason: Undecoded, moment: Moment, frames: u64) {
        if self.undecoded.len() >= MAX_REASONS && !self.undecoded.contains_key(&reason) {
            return;
        }
        let tally = self.undecoded.entry(reason).or_insert(Tally {
            first: moment,
            count: 0,
        });
        tally.count = tally.count.saturating_add(frames);
    }

    pub(super) fn backwards(&mut self, moment: Moment) {
        Tally::add(&mut self.backwards, moment);
    }

    pub(super) fn cut(&mut self, moment: Moment) {
        Tally::add(&mut self.cut, moment);
    }

    /// Notes which limits were reached.
    pub(super) fn limits(&mut self, reached: bool, config: &Config) {
        self.limits = reached.then(|| {
            format!(
                "a limit was reached and something was left out: at most {} connections, and as \
                 many failed attempts up to {MAX_ATTEMPTS}, {MAX_PER_SERVER} at one server, and visits to other \
                 services up to {MAX_VISITS}, {} bytes held for reassembly ({} a direction), {} packets in \
                 fragments ({} bytes) and {} lookups",
                config.max_connections,
                config.max_total_reassembly,
                config.max_reassembly,
                config.max_fragmented_packets,
                config.max_fragment_bytes,
                config.max_lookups
            )
        });
    }

    /// The notices, in the order of their codes.
    pub(super) fn notices(&self, analysis: &Analysis) -> Vec<Notice> {
        let mut notices = Vec::new();
        let tallied = |code, tally: Option<Tally>, text: &str| {
            tally.map(|tally| {
                let frames = if tally.count == 1 { "frame" } else { "frames" };
                Notice::new(
                    code,
                    Some(tally.first.frame),
                    format!("{} {frames} {text}", tally.count),
                )
            })
        };
        for (reason, &tally) in &self.undecoded {
            let code = match reason {
                Undecoded::LinkType(_) => NoticeCode::UnknownLinkType,
                _ => NoticeCode::FramesUndecoded,
            };
            let text = format!("could not be decoded: {reason}");
            notices.extend(tallied(code, Some(tally), &text));
        }
        notices.extend(tallied(
            NoticeCode::TimestampsReordered,
            self.backwards,
            "stand in the file after frames with later times",
        ));
        if self.backwards.is_none() && stands_still(analysis) {
            let text = format!(
                "all {} frames bear the same time: waits cannot be seen",
                analysis.frames
            );
            notices.push(Notice::new(NoticeCode::TimestampsReordered, None, text));
        }
        notices.extend(tallied(
            NoticeCode::SnaplenShort,
            self.cut,
            "were captured without their end",
        ));
        if let Some(tally) = self.mid_connection {
            let text = format!(
                "{} TLS connection{} began before the capture: what was awaited before is not known",
                tally.count,
                if tally.count == 1 { "" } else { "s" }
            );
            let frame = Some(tally.first.frame);
            notices.push(Notice::new(NoticeCode::StartsMidConnection, frame, text));
        }
        notices.extend(ends_in_wait(analysis));
        notices.extend(self.lookups.notices(analysis.summary.stalled > 0));
        if let Some(text) = &self.limits {
            notices.push(Notice::new(NoticeCode::LimitReached, None, text.clone()));
        }
        if let Some(max) = self.unreported {
            let text = format!(
                "more connections stalled or failed than are reported: at most {max} that were \
                 established, and as many that were not; the others are only counted"
            );
            notices.push(Notice::new(NoticeCode::LimitReached, None, text));
        }
        notices.sort_by_key(|notice| notice.code);
        notices
    }
}

impl LookupsSeen {
    fn notices(self, stalled: bool) -> Vec<Notice> {
        let mut notices = Vec::new();
        if stalled && !self.any {
            let text = if self.cut > 0 {
                format!(
                    "{} name-service messages were captured without their end and cannot be read: \
                     a wait for one looks like idleness",
                    self.cut
                )
            } else {
                "no name lookup is in the capture: a wait for one would look like idleness"
                    .to_owned()
            };
            notices.push(Notice::new(NoticeCode::DnsNotVisible, None, text));
        }
        if self.unasked > 0 {
            let text = format!(
                "{} without {} question in the capture: it began in the midst, or lost frames",
                if self.unasked == 1 {
                    "1 name-service answer".to_owned()
                } else {
                    format!("{} name-service answers", self.unasked)
                },
                if self.unasked == 1 { "its" } else { "their" }
            );
            notices.push(Notice::new(NoticeCode::FramesLost, None, text));
        }
        notices
    }
}

/// Whether the capturer's clock cannot have gone: so many frames take longer than a clock's tick.
fn stands_still(analysis: &Analysis) -> bool {
    const MANY: u64 = 100;
    analysis.frames >= MANY && analysis.duration == Span::ZERO
}

fn ends_in_wait(analysis: &Analysis) -> Option<Notice> {
    let open = analysis
        .connections
        .iter()
        .flat_map(|connection| &connection.waits)
        .filter(|wait| wait.stalled && wait.ended_by == EndedBy::EndOfCapture);
    let frames: Vec<_> = open.map(|wait| wait.from_frame).collect();
    let text = match frames.len() {
        0 => return None,
        1 => "the capture ends within a wait: its length is a lower bound".to_owned(),
        count => format!("the capture ends within {count} waits: their lengths are lower bounds"),
    };
    Some(Notice::new(
        NoticeCode::EndsInWait,
        frames.into_iter().min(),
        text,
    ))
}
