//! Lines and paragraphs of a given width.

use std::borrow::Cow;

use textwrap::{WordSplitter, wrap};

use super::TextOptions;
use crate::style::{Styles, in_ascii};

/// Narrower than this, nothing can be read; a narrower terminal wraps by itself.
const MIN_WIDTH: usize = 40;

/// Ties a number to its unit while lines are made: a space at which none ends.
const TIE: char = '\u{a0}';

/// A text that grows line by line, its paragraphs wrapped.
#[derive(Debug)]
pub(super) struct Page {
    text: String,
    width: usize,
    ascii: bool,
    pub(super) styles: Styles,
}

impl Page {
    pub(super) fn new(options: &TextOptions) -> Self {
        Self {
            text: String::new(),
            width: options.width.max(MIN_WIDTH),
            ascii: options.ascii,
            styles: Styles::new(options.styled),
        }
    }

    pub(super) const fn width(&self) -> usize {
        self.width
    }

    /// A line as it is, however long: for tables and for what is copied from here.
    pub(super) fn line(&mut self, line: &str) {
        let line = line.replace(TIE, " ");
        let line = self.spell(&line);
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// An empty line, unless the page is empty.
    pub(super) fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    /// `text`, wrapped; `first` begins its first line, `rest` the others.
    pub(super) fn paragraph(&mut self, first: &str, rest: &str, text: &str) {
        let (first, rest) = (self.spell(first), self.spell(rest));
        let options = textwrap::Options::new(self.width)
            .initial_indent(&first)
            .subsequent_indent(&rest)
            .word_splitter(WordSplitter::NoHyphenation);
        let text = with_units(&self.spell(text));
        for line in wrap(&text, options) {
            self.line(&line);
        }
    }

    /// `text` in lines of at most `width` columns, at least one.
    pub(super) fn wrap(&self, text: &str, width: usize) -> Vec<String> {
        let options =
            textwrap::Options::new(width.max(1)).word_splitter(WordSplitter::NoHyphenation);
        let text = with_units(&self.spell(text));
        let lines = wrap(&text, options);
        lines.into_iter().map(Cow::into_owned).collect()
    }

    /// `text` in the characters that the page may have.
    pub(super) fn spell<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.ascii {
            in_ascii(text)
        } else {
            Cow::Borrowed(text)
        }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

/// `text` with each time in one piece: `28.000 s` is not torn between two lines.
fn with_units(text: &str) -> String {
    let mut tied = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(" s") {
        let is_time = before.ends_with(|c: char| c.is_ascii_digit())
            && !after.starts_with(|c: char| c.is_alphanumeric());
        tied.push_str(before);
        tied.push(if is_time { TIE } else { ' ' });
        tied.push('s');
        rest = after;
    }
    tied + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_the_page_even_for_a_name_without_spaces() {
        let mut page = Page::new(&TextOptions {
            width: 60,
            styled: true,
            ..TextOptions::default()
        });
        let name = crate::style::paint(page.styles.bad, "x".repeat(1000));
        page.paragraph("  - ", "    ", &format!("a cause with a long name: {name}"));
        for line in page.into_text().lines() {
            assert!(textwrap::core::display_width(line) <= 60, "{line}");
        }
    }

    #[test]
    fn a_time_is_not_torn_from_its_unit() {
        let mut page = Page::new(&TextOptions {
            width: 40,
            ..TextOptions::default()
        });
        page.paragraph(
            "",
            "",
            "It accounts for all of the wait, 28.000 s long and 3 sorts.",
        );
        let text = page.into_text();
        assert!(
            text.lines().any(|line| line.starts_with("28.000 s long")),
            "{text}"
        );
        assert!(!text.contains(TIE));
        assert_eq!(with_units("3 sorts, 5 s"), format!("3 sorts, 5{TIE}s"));
    }

    #[test]
    fn the_name_of_a_cause_is_not_torn_at_its_hyphens() {
        let mut page = Page::new(&TextOptions {
            width: 40,
            ..TextOptions::default()
        });
        page.paragraph(
            "",
            "",
            "a wait that was spent on a reverse-dns-unanswered lookup",
        );
        assert!(page.into_text().contains("reverse-dns-unanswered"));
    }
}
