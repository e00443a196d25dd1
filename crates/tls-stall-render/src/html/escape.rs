//! What the templates do to every text.

use std::fmt::{self, Write};

use askama::filters::Escaper;

use crate::escape::escape;

/// Makes a text visible, as [`escape`](fn@crate::escape) does, and keeps it from being markup: in an
/// element's content and in a quoted attribute.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Harmless;

impl Escaper for Harmless {
    fn write_escaped_str<W: Write>(&self, mut page: W, text: &str) -> fmt::Result {
        let visible = escape(text);
        let mut rest = &*visible;
        while let Some((before, sign, after)) = split_at_sign(rest) {
            page.write_str(before)?;
            page.write_str(sign)?;
            rest = after;
        }
        page.write_str(rest)
    }
}

/// What comes before the first sign that could be markup, that sign as a reference, and the rest.
fn split_at_sign(text: &str) -> Option<(&str, &'static str, &str)> {
    let (place, sign) = text.char_indices().find_map(|(place, character)| {
        let reference = match character {
            '<' => "&lt;",
            '>' => "&gt;",
            '&' => "&amp;",
            '"' => "&quot;",
            '\'' => "&#39;",
            _ => return None,
        };
        Some((place, reference))
    })?;
    let (before, rest) = text.split_at_checked(place)?;
    Some((before, sign, rest.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn harmless(text: &str) -> String {
        let mut page = String::new();
        Harmless.write_escaped_str(&mut page, text).unwrap();
        page
    }

    #[test]
    fn markup_becomes_text() {
        assert_eq!(
            harmless("<script>alert('x')</script> & \"é\""),
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;é&quot;"
        );
    }

    #[test]
    fn what_deceives_becomes_visible() {
        assert_eq!(
            harmless("a\u{202e}b\0\u{200b}\n"),
            r"a\u{202e}b\u{0}\u{200b}\n"
        );
    }
}
