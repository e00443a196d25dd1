//! What the drawings have in common: their size, and numbers as SVG has them.

use tls_stall::Span;

/// The width of every drawing, in its own units; the page scales it.
pub(super) const WIDTH: f64 = 720.0;

/// A length to a tenth of a unit.
pub(super) fn units(length: f64) -> String {
    let mut text = format!("{length:.1}");
    if let Some(whole) = text.strip_suffix(".0") {
        text.truncate(whole.len());
    }
    text
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
    fn numbers_are_short_and_finite() {
        assert_eq!((&*units(12.0), &*units(12.34)), ("12", "12.3"));
    }

    #[test]
    fn a_cut_text_is_as_long_as_it_may_be() {
        assert_eq!(
            (&*clip("abcdef", 6), &*clip("abcdef", 4)),
            ("abcdef", "abc…")
        );
    }
}
