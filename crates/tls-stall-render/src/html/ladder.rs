//! The ladder of one connection as a drawing.

use tls_stall::Party;

use super::figure::{clip, percent, pixels, seconds};
use crate::ladder::{Ladder, Lane, Silence, Step};

/// Where the first frame stands, below the names of the lanes.
const TOP: f64 = 54.0;

/// The least distance from one frame to the next.
const STEP: f64 = 26.0;

/// What the whole time takes, as far as no frames stand in the way.
const LENGTH: f64 = 420.0;

/// The least distance of frames between which there is room for the length of a silence: two lines
/// in its middle, and below them what is written above the next arrow.
const LABEL_ROOM: f64 = 66.0;

/// Where the times end, to the left of the first lane.
const TIME_X: f64 = 14.0;

/// How wide a digit is.
const DIGIT: f64 = 7.0;

/// What is to the left of the first lane, without and with long times.
const NARROW: f64 = 124.0;

/// As many characters are written above an arrow.
const LABEL: usize = 20;

/// As many lanes leave room for labels on a phone.
const ROOMY: usize = 3;

/// How far from a dot or a silence what is written beside it begins.
const BESIDE: i32 = 10;

/// A ladder with its coordinates.
pub(super) struct Drawing {
    /// Unlike that of any other drawing on the page.
    pub(super) id: String,
    pub(super) height: String,
    /// Where the numbers of frames end, to the left of the first lane.
    pub(super) frame_x: String,
    /// Whether times or numbers are so long that they need more room there.
    pub(super) is_wide: bool,
    /// Where the lanes end.
    pub(super) bottom: String,
    pub(super) lanes: Vec<LaneLine>,
    pub(super) arrows: Vec<Arrow>,
    pub(super) marks: Vec<Mark>,
}

/// One lane and its name.
pub(super) struct LaneLine {
    pub(super) x: String,
    pub(super) name: &'static str,
}

/// One frame.
pub(super) struct Arrow {
    pub(super) y: String,
    pub(super) label: Label,
    /// From where to where, if both are known.
    pub(super) line: Option<(String, String)>,
    /// Where it was, if only one end is known.
    pub(super) dot: Option<String>,
    pub(super) frame: String,
    pub(super) time: String,
    /// Who sent it to whom, in words.
    pub(super) way: String,
    pub(super) text: String,
}

/// What is written at a frame: above its arrow, beside its dot, or in the midst where neither end is
/// known.
pub(super) struct Label {
    pub(super) x: String,
    pub(super) y: String,
    pub(super) dx: i32,
    pub(super) anchor: &'static str,
    /// Whether it stands beside the times, where many lanes leave little room.
    pub(super) is_first: bool,
    pub(super) text: String,
}

/// A silence of one lane.
pub(super) struct Mark {
    pub(super) x: String,
    pub(super) y: String,
    pub(super) height: String,
    /// Where its length is written, on the first of its lanes.
    pub(super) label: Option<MarkLabel>,
    pub(super) text: String,
}

/// How long a silence was, written beside it.
pub(super) struct MarkLabel {
    pub(super) x: String,
    pub(super) y: String,
    pub(super) below: String,
    /// `start` or `end`: on which side of the lane it stands.
    pub(super) anchor: &'static str,
    /// How far from it.
    pub(super) dx: i32,
    pub(super) length: String,
    /// On whom it was.
    pub(super) party: Party,
}

/// How many pixels a second takes, so that the longest of `ladders` takes no more than it may.
pub(super) fn scale(ladders: &[Ladder]) -> f64 {
    let lengths = ladders.iter().map(|ladder| ladder.length().as_secs_f64());
    let longest = lengths.fold(0.0, f64::max);
    if longest > 0.0 { LENGTH / longest } else { 0.0 }
}

impl Drawing {
    /// `ladder` as a drawing; `None` where nothing is known of the connection.
    pub(super) fn new(id: String, ladder: &Ladder) -> Option<Self> {
        Self::on_scale(id, ladder, scale(std::slice::from_ref(ladder)))
    }

    /// `ladder` as a drawing in which a second is at least `per_second` pixels long.
    pub(super) fn on_scale(id: String, ladder: &Ladder, per_second: f64) -> Option<Self> {
        let places = Places::of(ladder, per_second);
        let bottom = places.rows.last()? + STEP;
        let widest = |heading: &str, text: &dyn Fn(&Step) -> String| {
            let lengths = ladder.steps.iter().map(|step| text(step).len());
            let longest = lengths.fold(heading.len(), usize::max);
            u32::try_from(longest).map_or(0.0, f64::from) * DIGIT
        };
        let frame_x = TIME_X + widest("time", &|step| seconds(step.time)) + DIGIT;
        let lanes = ladder.lanes.iter();
        let steps = ladder.steps.iter().zip(&places.rows);
        let marks = ladder.silences.iter();
        Some(Self {
            id,
            height: pixels(bottom + 4.0),
            frame_x: pixels(-frame_x),
            is_wide: frame_x + widest("frame", &|step| step.frame.to_string()) > NARROW,
            bottom: pixels(bottom),
            lanes: lanes
                .map(|&lane| LaneLine {
                    x: percent(places.lane(lane)),
                    name: lane.name(),
                })
                .collect(),
            arrows: steps.map(|(step, &y)| places.arrow(step, y)).collect(),
            marks: marks.flat_map(|silence| places.marks(silence)).collect(),
        })
    }
}

/// Where everything stands.
struct Places<'a> {
    lanes: &'a [Lane],
    /// The height of each frame.
    rows: Vec<f64>,
}

impl<'a> Places<'a> {
    fn of(ladder: &'a Ladder, per_second: f64) -> Self {
        let mut y = TOP;
        let rows = (0..ladder.steps.len()).map(|index| {
            if index > 0 {
                y += (ladder.gap(index).as_secs_f64() * per_second).max(STEP);
            }
            y
        });
        let rows = rows.collect();
        Self {
            lanes: &ladder.lanes,
            rows,
        }
    }

    /// Where `lane` stands, from 0 for the first to 1 for the last.
    fn lane(&self, lane: Lane) -> f64 {
        let place = self.lanes.iter().position(|it| *it == lane);
        let place = place.and_then(|place| u32::try_from(place).ok());
        let last = u32::try_from(self.lanes.len().saturating_sub(1));
        place.map_or(0.0, f64::from) / last.map_or(1.0, f64::from).max(1.0)
    }

    fn arrow(&self, step: &Step, y: f64) -> Arrow {
        let (from, to) = (step.from, step.to);
        let line = from
            .zip(to)
            .map(|(from, to)| (self.lane(from), self.lane(to)));
        let dot = if line.is_none() { from.or(to) } else { None };
        let way = match (from, to) {
            (Some(from), Some(to)) => format!("{} → {}", from.name(), to.name()),
            (Some(from), None) => format!("{} →", from.name()),
            (None, Some(to)) => format!("→ {}", to.name()),
            (None, None) => "–".to_owned(),
        };
        Arrow {
            y: pixels(y),
            label: self.frame_label(step, y),
            line: line.map(|(from, to)| (percent(from), percent(to))),
            dot: dot.map(|lane| percent(self.lane(lane))),
            frame: step.frame.to_string(),
            time: seconds(step.time),
            way,
            text: step.text.clone(),
        }
    }

    fn frame_label(&self, step: &Step, y: f64) -> Label {
        let (above, beside) = (y - 5.0, y + 4.0);
        let (x, y, dx, anchor) = match (step.from, step.to) {
            (Some(from), Some(to)) => {
                let middle = f64::midpoint(self.lane(from), self.lane(to));
                (middle, above, 0, "middle")
            }
            (Some(lane), None) | (None, Some(lane)) if self.lanes.last() == Some(&lane) => {
                (self.lane(lane), beside, -BESIDE, "end")
            }
            (Some(lane), None) | (None, Some(lane)) => (self.lane(lane), beside, BESIDE, "start"),
            (None, None) => {
                let middle = f64::midpoint(self.lane(Lane::Client), self.lane(Lane::Server));
                (middle, beside, 0, "middle")
            }
        };
        let mut ends = [step.from, step.to].into_iter();
        let is_within_first =
            ends.all(|end| self.lanes.iter().take(2).any(|lane| Some(*lane) == end));
        Label {
            x: percent(x),
            y: pixels(y),
            dx,
            anchor,
            is_first: self.lanes.len() > ROOMY && is_within_first,
            text: clip(step.label.trim_start_matches("the "), LABEL),
        }
    }

    /// The marks of `silence`, one on each of its lanes.
    fn marks(&self, silence: &Silence) -> Vec<Mark> {
        let row = |index: usize| self.rows.get(index).copied();
        let last = self.rows.last().copied().unwrap_or(TOP);
        let start = row(silence.from).unwrap_or(TOP);
        let end = row(silence.to).unwrap_or(last + STEP);
        let mut marks = Vec::new();
        for &lane in &silence.lanes {
            let is_first = marks.is_empty();
            marks.push(Mark {
                x: percent(self.lane(lane)),
                y: pixels(start),
                height: pixels((end - start).max(2.0)),
                label: if is_first {
                    self.label(silence, lane)
                } else {
                    None
                },
                text: silence.text.clone(),
            });
        }
        marks
    }

    /// The label of `silence` in its largest gap, if that is large enough, on the left of `lane` if another is there.
    fn label(&self, silence: &Silence, lane: Lane) -> Option<MarkLabel> {
        let rows = self.rows.iter().skip(silence.from);
        let next = rows.clone().skip(1);
        let gaps = rows
            .zip(next)
            .take(silence.to.saturating_sub(silence.from).max(1));
        let largest = gaps.max_by(|(a, b), (c, d)| (*b - *a).total_cmp(&(*d - *c)));
        let (&above, &below) = largest?;
        if below - above < LABEL_ROOM {
            return None;
        }
        let middle = f64::midpoint(above, below);
        let is_first = self.lanes.first() == Some(&lane);
        let (anchor, dx) = if is_first {
            ("start", BESIDE)
        } else {
            ("end", -BESIDE)
        };
        Some(MarkLabel {
            x: percent(self.lane(lane)),
            y: pixels(middle - 5.0),
            below: pixels(middle + 11.0),
            anchor,
            dx,
            length: silence.length.replace("at least", "≥"),
            party: silence.party,
        })
    }
}
