//! Attacker's text, made safe to show.

use std::borrow::Cow;
use std::fmt::Write as _;

/// `text` on one line, with every character that could deceive its reader replaced by an escape.
///
/// Replaced are those that control a terminal, reorder a line, end it, or cannot be seen:
/// `\n`, `\r` and `\t` by these, all others by their code point as `\u{202e}`. A backslash stays as
/// it is, so the result is for reading and cannot be turned back.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(is_deceptive) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            character if is_deceptive(character) => {
                let _ = write!(shown, "{}", character.escape_unicode());
            }
            character => shown.push(character),
        }
    }
    Cow::Owned(shown)
}

/// As many characters of one text are shown; a server's banner may have any length.
const MAX_SHOWN: usize = 1000;

/// `text` as [`escape`] makes it, and where it is very long its beginning and how much is left out.
pub(crate) fn shown(text: &str) -> String {
    let mut shown = escape(text).into_owned();
    if let Some((end, _)) = shown.char_indices().nth(MAX_SHOWN) {
        let more = shown.get(end..).map_or(0, |rest| rest.chars().count());
        shown.truncate(end);
        let _ = write!(shown, "… ({more} characters more)");
    }
    shown
}

/// Whether `character` controls a terminal, reorders or ends a line, or cannot be seen.
///
/// Besides the control characters these are what Unicode calls `Default_Ignorable_Code_Point` and
/// `Bidi_Control`, the two separators of category Zl and Zp, the interlinear annotation marks, and
/// the private use area of the planes, which a font may draw as anything.
pub(crate) fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{e000}'..='\u{f8ff}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{10ffff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_harmless_is_not_copied() {
        for text in ["", "smtp.example", r"a\.b", "bücher.example → ✗", "例え.jp"] {
            assert!(matches!(escape(text), Cow::Borrowed(shown) if shown == text));
        }
    }

    #[test]
    fn a_text_without_end_is_cut_and_says_how_much_is_missing() {
        assert_eq!(shown("short\n"), r"short\n");
        let long = "é".repeat(65_536);
        let cut = shown(&long);
        assert!(cut.ends_with("é… (64536 characters more)"), "{}", cut.len());
        assert_eq!(shown(&"x".repeat(MAX_SHOWN)).len(), MAX_SHOWN);
    }

    #[test]
    fn a_terminal_sequence_becomes_visible() {
        assert_eq!(escape("\x1b[2J\x1b[31m"), r"\u{1b}[2J\u{1b}[31m");
        assert_eq!(escape("\u{9b}31m\x7f\0"), r"\u{9b}31m\u{7f}\u{0}");
    }

    #[test]
    fn a_name_cannot_start_a_line_of_its_own() {
        assert_eq!(escape("a\n✓ all well"), r"a\n✓ all well");
        assert_eq!(escape("a\r\tb\x0b\x0c"), r"a\r\tb\u{b}\u{c}");
        assert_eq!(
            escape("a\u{2028}b\u{2029}c\u{85}"),
            r"a\u{2028}b\u{2029}c\u{85}"
        );
    }

    #[test]
    fn a_name_cannot_be_reordered() {
        for mark in "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\
                     \u{2066}\u{2067}\u{2068}\u{2069}"
            .chars()
        {
            assert!(is_deceptive(mark), "{}", mark.escape_unicode());
        }
    }

    #[test]
    fn two_names_cannot_look_the_same_through_unseen_characters() {
        for unseen in "\u{ad}\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{3164}\u{e0041}\u{fe0f}\
                       \u{2800}"
            .chars()
        {
            assert!(is_deceptive(unseen), "{}", unseen.escape_unicode());
        }
    }
}
