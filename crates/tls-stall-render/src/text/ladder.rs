//! The course of one connection as a ladder, its silences as long as they were.

use tls_stall::Span;

use super::page::Page;
use crate::ladder::{Ladder, Lane, Step};
use crate::style::paint;

/// The time that passes between frames is drawn on about as many lines.
const GAP_LINES: i64 = 20;

/// A line never stands for less time than this, in nanoseconds: 0.1 s.
const MIN_PER_LINE: i64 = 100_000_000;

/// The columns between the last lane and what is said beside it.
const TEXT_GAP: usize = 3;

/// From this width on there is room for the names of the lanes.
const ROOMY: usize = 72;

/// From this width on there is more than enough.
const WIDE: usize = 96;

/// The lanes with an arrow a frame; between frames, lines in proportion to the time that passed.
pub(super) fn show(page: &mut Page, ladder: &Ladder) {
    if ladder.steps.is_empty() {
        return;
    }
    let drawing = Drawing::new(page, ladder);
    drawing.show_heading(page);
    let mut drew_gap = false;
    for (index, step) in ladder.steps.iter().enumerate() {
        let more = drawing.show_step(page, index, step);
        drew_gap |= drawing.show_gap(page, index.saturating_add(1), &more);
    }
    if drew_gap {
        drawing.show_scale(page);
    }
}

/// The measures of one ladder.
struct Drawing<'a> {
    ladder: &'a Ladder,
    /// The widths of the columns of frames and times.
    frame: usize,
    time: usize,
    /// What is free before the first lane, for half of its name.
    margin: usize,
    /// The columns from one lane to the next.
    pitch: usize,
    /// What one line of a gap stands for, in nanoseconds.
    per_line: i64,
}

/// What a lane looks like in a line without an arrow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    /// A frame.
    Step,
    /// Time that passes.
    Gap,
}

impl<'a> Drawing<'a> {
    fn new(page: &Page, ladder: &'a Ladder) -> Self {
        let widest = |cell: fn(&Step) -> String, name: &str| {
            let cells = ladder.steps.iter().map(|step| cell(step).len());
            cells.fold(name.len(), usize::max)
        };
        let (margin, pitch) = match page.width() {
            WIDE.. => (3, 12),
            ROOMY.. => (3, 9),
            _ => (0, 3),
        };
        let names = if margin > 0 {
            ["frame", "time"]
        } else {
            [""; 2]
        };
        Self {
            ladder,
            frame: widest(|step| step.frame.to_string(), names[0]),
            time: widest(|step| seconds(step.time), names[1]),
            margin,
            pitch,
            per_line: per_line(ladder.length()),
        }
    }

    /// The columns from the first lane to the last.
    fn breadth(&self) -> usize {
        let between = self.ladder.lanes.len().saturating_sub(1);
        between.saturating_mul(self.pitch).saturating_add(1)
    }

    /// The names of the columns and lanes, or how the lanes are called where there is no room.
    fn show_heading(&self, page: &mut Page) {
        let names = self.ladder.lanes.iter().map(|lane| lane.name());
        let faint = page.styles.faint;
        if self.margin == 0 {
            let names = names.collect::<Vec<_>>().join(", ");
            let line = paint(faint, format_args!("(from left to right: {names})"));
            page.paragraph("  ", "  ", &line);
            return;
        }
        let mut line = self.lead("frame", "time").trim_end().to_owned();
        let lanes = self.lead("", "").len().saturating_add(self.margin);
        for (place, name) in names.enumerate() {
            let centre = lanes.saturating_add(place.saturating_mul(self.pitch));
            let start = centre.saturating_sub(name.len() / 2);
            line.push_str(&" ".repeat(start.saturating_sub(line.len())));
            line.push_str(name);
        }
        page.line(&paint(faint, line));
    }

    /// One frame with its arrow and the first line of what there is to say about it; the others
    /// are left for the gap behind it.
    fn show_step(&self, page: &mut Page, index: usize, step: &Step) -> Vec<String> {
        let time = format!("{} s", seconds(step.time));
        let lead = self.lead(&step.frame.to_string(), &time);
        let arrow = self.arrow(page, step, &self.owing(index, index));
        let mut text = page.wrap(&step.text, self.room(page)).into_iter();
        let lead = paint(page.styles.faint, lead);
        let first = text.next().unwrap_or_default();
        page.line(&format!("{lead}{arrow}{first}"));
        text.collect()
    }

    /// The time before the step at `index`, with the rest of the text of the one before it, and the
    /// silences that end there; whether it took long enough to be drawn.
    fn show_gap(&self, page: &mut Page, index: usize, text: &[String]) -> bool {
        let (nanos, half) = (self.ladder.gap(index).as_nanos(), self.per_line / 2);
        let gap = usize::try_from(nanos.saturating_add(half) / self.per_line).unwrap_or(0);
        let ended = self.ladder.silences.iter().filter(|it| it.to == index);
        let silences: Vec<String> = ended
            .flat_map(|silence| page.wrap(&silence.text, self.room(page)))
            .map(|line| paint(page.styles.bad, line))
            .collect();
        let owing = self.owing(index.saturating_sub(1), index);
        let count = gap.max(text.len().saturating_add(silences.len()));
        let lead = self.lead("", "");
        for line in 0..count {
            let is_gap = line >= count.saturating_sub(gap);
            let kind = if is_gap { Line::Gap } else { Line::Step };
            let lanes = self.lanes(page, &owing, kind);
            let from_end = count.saturating_sub(line);
            let of_silence = silences.len().checked_sub(from_end);
            let said = text.get(line).or_else(|| silences.get(of_silence?));
            page.line(&format!("{lead}{lanes}{}", said.map_or("", String::as_str)));
        }
        gap > 0
    }

    /// What a line of time and a heavy lane mean.
    fn show_scale(&self, page: &mut Page) {
        let scale = Span::from_nanos(self.per_line);
        let mut legend = format!("between frames a line is {} s", scale.as_secs_f64());
        if !self.ladder.silences.is_empty() {
            legend.push_str("; ┃ owes the next move");
        }
        let legend = paint(page.styles.faint, format_args!("({legend})"));
        page.paragraph("  ", "  ", &legend);
    }

    fn lead(&self, frame: &str, time: &str) -> String {
        let width = self.time.saturating_add(" s".len());
        format!("  {frame:>0$}  {time:>width$}  ", self.frame)
    }

    /// The columns for text beside the lanes.
    fn room(&self, page: &Page) -> usize {
        let lanes = self.breadth().saturating_add(self.margin);
        let taken = self.lead("", "").len().saturating_add(lanes);
        page.width().saturating_sub(taken.saturating_add(TEXT_GAP))
    }

    /// The lanes that owe the next move from the step at `from` to that at `to`; at a step itself
    /// only those that owed it before and after.
    fn owing(&self, from: usize, to: usize) -> Vec<Lane> {
        let owes = |silence: &&crate::ladder::Silence| {
            if from == to {
                silence.from < from && to < silence.to
            } else {
                silence.from <= from && to <= silence.to
            }
        };
        let silences = self.ladder.silences.iter().filter(owes);
        silences
            .flat_map(|silence| silence.lanes.iter().copied())
            .collect()
    }

    /// The lanes without an arrow.
    fn lanes(&self, page: &Page, owing: &[Lane], line: Line) -> String {
        self.paint(page, &self.cells(owing, line), owing)
    }

    fn cells(&self, owing: &[Lane], line: Line) -> Vec<char> {
        let mut cells = vec![' '; self.breadth()];
        for (place, lane) in self.ladder.lanes.iter().enumerate() {
            if let Some(cell) = cells.get_mut(place.saturating_mul(self.pitch)) {
                *cell = match line {
                    _ if owing.contains(lane) => '┃',
                    Line::Step => '│',
                    Line::Gap => '┊',
                };
            }
        }
        cells
    }

    /// The lanes with the arrow of `step`, or with a dot where only one end is known.
    fn arrow(&self, page: &Page, step: &Step, owing: &[Lane]) -> String {
        let mut cells = self.cells(owing, Line::Step);
        let column = |lane: Option<Lane>| {
            let place = lane.and_then(|lane| self.ladder.place(lane))?;
            Some(place.saturating_mul(self.pitch))
        };
        let mut put = |column: usize, sign: char| {
            if let Some(cell) = cells.get_mut(column) {
                *cell = sign;
            }
        };
        match (column(step.from), column(step.to)) {
            (Some(from), Some(to)) if from < to => {
                (from.saturating_add(1)..to).for_each(|column| put(column, '─'));
                put(from, '├');
                put(to.saturating_sub(1), '▶');
            }
            (Some(from), Some(to)) => {
                (to.saturating_add(1)..from).for_each(|column| put(column, '─'));
                put(from, '┤');
                put(to.saturating_add(1), '◀');
            }
            (Some(only), None) | (None, Some(only)) => put(only, '●'),
            (None, None) => {}
        }
        self.paint(page, &cells, owing)
    }

    /// `cells` with a margin on either side, the lanes in `owing` set off.
    fn paint(&self, page: &Page, cells: &[char], owing: &[Lane]) -> String {
        let margin = " ".repeat(self.margin);
        let mut line = margin;
        for cell in cells {
            if *cell == '┃' && !owing.is_empty() {
                line.push_str(&paint(page.styles.bad, cell));
            } else {
                line.push(*cell);
            }
        }
        line + &" ".repeat(TEXT_GAP)
    }
}

/// The time that a line stands for where `length` is drawn: 1, 2 or 5 of a power of ten.
fn per_line(length: Span) -> i64 {
    let least = length.as_nanos() / GAP_LINES;
    let mut unit = MIN_PER_LINE;
    loop {
        for step in [1, 2, 5] {
            let candidate = unit.saturating_mul(step);
            if candidate >= least {
                return candidate;
            }
        }
        unit = unit.saturating_mul(10);
    }
}

/// Seconds to the millisecond, without the unit.
fn seconds(time: Span) -> String {
    format!("{:.3}", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_round_time_and_the_whole_takes_no_more_lines_than_it_may() {
        let seconds = |length: Span| Span::from_nanos(per_line(length)).as_secs_f64();
        for (millis, per_line) in [
            (0, 0.1),
            (2000, 0.1),
            (2001, 0.2),
            (28_162, 2.0),
            (60_000, 5.0),
        ] {
            let length = Span::from_millis(millis);
            assert!((seconds(length) - per_line).abs() < 1e-9, "{millis}");
        }
        for nanos in [i64::MAX, i64::MIN] {
            assert!(per_line(Span::from_nanos(nanos)) >= nanos / GAP_LINES);
        }
    }
}
