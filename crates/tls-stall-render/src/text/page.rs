//! Lines and paragraphs of a given width.

use textwrap::{WordSplitter, wrap};

use crate::style::Styles;

/// Narrower than this, nothing can be read; a narrower terminal wraps by itself.
const MIN_WIDTH: usize = 40;

/// A text that grows line by line, its paragraphs wrapped.
#[derive(Debug)]
pub(super) struct Page {
    text: String,
    width: usize,
    pub(super) styles: Styles,
}

impl Page {
    pub(super) fn new(width: usize, styled: bool) -> Self {
        Self {
            text: String::new(),
            width: width.max(MIN_WIDTH),
            styles: Styles::new(styled),
        }
    }

    pub(super) const fn width(&self) -> usize {
        self.width
    }

    /// A line as it is, however long: for tables and for what is copied from here.
    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// An empty line, unless the page is empty.
    pub(super) fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    /// `text`, wrapped; `first` begins its first line, and the others are indented as deep as `deep`.
    pub(super) fn paragraph(&mut self, first: &str, deep: usize, text: &str) {
        let indent = " ".repeat(deep);
        let options = textwrap::Options::new(self.width)
            .initial_indent(first)
            .subsequent_indent(&indent)
            .word_splitter(WordSplitter::NoHyphenation);
        for line in wrap(text, options) {
            self.line(&line);
        }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_the_page_even_for_a_name_without_spaces() {
        let mut page = Page::new(60, true);
        let name = crate::style::paint(page.styles.bad, "x".repeat(1000));
        page.paragraph("  - ", 4, &format!("a cause with a long name: {name}"));
        for line in page.into_text().lines() {
            assert!(textwrap::core::display_width(line) <= 60, "{line}");
        }
    }

    #[test]
    fn the_name_of_a_cause_is_not_torn_at_its_hyphens() {
        let mut page = Page::new(40, false);
        page.paragraph(
            "",
            0,
            "a wait that was spent on a reverse-dns-unanswered lookup",
        );
        assert!(page.into_text().contains("reverse-dns-unanswered"));
    }
}
