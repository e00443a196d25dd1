//! What the drawings have in common: across they are measured in parts of their width, which is
//! that of the screen, and down in pixels, so that their text has the same size on every screen.

use tls_stall::Span;

/// A part of the width, as SVG has it.
pub(super) fn percent(part: f64) -> String {
    number(part * 100.0, 2) + "%"
}

/// A number of pixels, to a tenth.
pub(super) fn pixels(length: f64) -> String {
    number(length, 1)
}

fn number(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

/// Seconds to the millisecond.
pub(super) fn seconds(time: Span) -> String {
    format!("{:.3} s", time.as_secs_f64())
}

/// `text`, cut to at most `most` characters.
pub(super) fn clip(text: &str, most: usize) -> String {
    if text.chars().nth(most).is_none() {
        return text.to_owned();
    }
    let kept = text.chars().take(most.saturating_sub(1));
    kept.chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(
            [pixels(10.0), pixels(12.34), pixels(-0.01)],
            ["10", "12.3", "0"]
        );
        assert_eq!(
            [percent(1.0), percent(0.0), percent(1.0 / 3.0)],
            ["100%", "0%", "33.33%"]
        );
    }

    #[test]
    fn a_cut_text_is_as_long_as_it_may_be() {
        assert_eq!(
            (&*clip("abcdef", 6), &*clip("abcdef", 4)),
            ("abcdef", "abc…")
        );
    }
}
