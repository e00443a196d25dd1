//! The page of a cause, and the list of all causes.

use tls_stall::Cause;

use super::TextOptions;
use super::page::Page;
use crate::style::{Styles, paint};

/// Stands below every page: what its addresses and names are.
const EXAMPLES: &str = "In the examples the client is 10.8.0.1, the server 203.0.113.25 \
     (smtp.example), and the resolver 10.0.0.1; numbers of streams are examples too.";

/// What `cause` is, how it shows, how it is told from its likes, and what to do.
#[must_use]
pub fn explain(cause: Cause, options: &TextOptions) -> String {
    let mut page = Page::new(options);
    let mut indent = "";
    let mut above = Above::Other;
    for block in blocks(cause.page()) {
        let is_item = matches!(block, Block::Item(_));
        if above != Above::Heading && !(above == Above::Item && is_item) {
            page.gap();
        }
        above = match block {
            Block::Heading(_) => Above::Heading,
            Block::Item(_) => Above::Item,
            _ => Above::Other,
        };
        match block {
            Block::Title(text) => page.line(&paint(page.styles.strong, text)),
            Block::Heading(text) => {
                page.line(&paint(page.styles.strong, text));
                indent = "  ";
            }
            Block::Item(text) => {
                let text = inline(&text, page.styles);
                page.paragraph(&format!("{indent}- "), &format!("{indent}  "), &text);
            }
            Block::Paragraph(text) => {
                let text = inline(&text, page.styles);
                page.paragraph(indent, indent, &text);
            }
            Block::Code(lines) => {
                for line in lines {
                    page.line(&format!("{indent}    {line}"));
                }
            }
        }
    }
    page.gap();
    page.paragraph("", "", EXAMPLES);
    page.into_text()
}

/// Every cause with what it is, a line each where the width allows.
#[must_use]
pub fn causes(options: &TextOptions) -> String {
    let mut page = Page::new(options);
    let names = Cause::ALL.iter().map(|cause| cause.name().len());
    let width = names.max().unwrap_or_default();
    for &cause in Cause::ALL {
        let gap = " ".repeat(width.saturating_sub(cause.name().len()) + 2);
        let first = format!("{}{gap}", paint(page.styles.strong, cause));
        page.paragraph(&first, &" ".repeat(width + 2), cause.headline());
    }
    page.gap();
    page.paragraph("", "", "`tls-stall explain CAUSE` prints the page of one.");
    page.into_text()
}

/// What stands above a block, where that decides whether a line is left empty between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Above {
    Heading,
    Item,
    Other,
}

/// A part of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Block<'a> {
    /// The cause's name.
    Title(&'a str),
    /// The heading of a section.
    Heading(&'a str),
    /// Lines that belong together, joined.
    Paragraph(String),
    /// One of a list, joined likewise.
    Item(String),
    /// Lines as they are.
    Code(Vec<&'a str>),
}

/// The parts of `markdown`, of the kinds that pages are made of.
fn blocks(markdown: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut lines = markdown.lines();
    // Whether the line goes on with the part before it.
    let mut joins = false;
    while let Some(line) = lines.next() {
        let block = if line.is_empty() {
            joins = false;
            continue;
        } else if line.starts_with("```") {
            let code = lines.by_ref().take_while(|line| !line.starts_with("```"));
            Block::Code(code.collect())
        } else if let Some(text) = line.strip_prefix("# ") {
            Block::Title(text)
        } else if let Some(text) = line.strip_prefix("## ") {
            Block::Heading(text)
        } else if let Some(text) = line.strip_prefix("- ") {
            Block::Item(text.to_owned())
        } else {
            let last = blocks.last_mut().filter(|_| joins);
            if let Some(Block::Paragraph(text) | Block::Item(text)) = last {
                text.push(' ');
                text.push_str(line.trim_start());
                continue;
            }
            Block::Paragraph(line.to_owned())
        };
        joins = matches!(block, Block::Paragraph(_) | Block::Item(_));
        blocks.push(block);
    }
    blocks
}

/// `text` with its strong words strong; `code` keeps its quotes, which say where it ends.
fn inline(text: &str, styles: Styles) -> String {
    let parts = text.split("**").enumerate();
    parts
        .map(|(index, part)| match index % 2 {
            0 => part.to_owned(),
            _ => paint(styles.strong, part),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(width: usize, styled: bool) -> TextOptions {
        let mut options = TextOptions::default();
        (options.width, options.styled) = (width, styled);
        options
    }

    #[test]
    fn each_kind_of_block_is_told_and_lines_that_belong_together_are_joined() {
        let page = "# a\n\nb\nc\n\n## d\n- e\n  f\n- g\n\nh\n\n```sh\n# i\n\n- j\n```\nk\n";
        assert_eq!(
            blocks(page),
            [
                Block::Title("a"),
                Block::Paragraph("b c".into()),
                Block::Heading("d"),
                Block::Item("e f".into()),
                Block::Item("g".into()),
                Block::Paragraph("h".into()),
                Block::Code(vec!["# i", "", "- j"]),
                Block::Paragraph("k".into()),
            ]
        );
    }

    #[test]
    fn strong_words_lose_their_marks_and_code_keeps_its_quotes() {
        let plain = inline("**Owner**: ask `dig -x`", Styles::new(false));
        assert_eq!(plain, "Owner: ask `dig -x`");
        let styled = inline("**Owner**: ask", Styles::new(true));
        assert_eq!(styled, "\u{1b}[1mOwner\u{1b}[0m: ask");
    }

    #[test]
    fn a_page_reads_well_in_a_terminal() {
        insta::assert_snapshot!(explain(Cause::ReverseDnsUnanswered, &options(80, false)));
    }

    #[test]
    fn only_code_may_be_wider_than_the_page() {
        for &cause in Cause::ALL {
            for line in explain(cause, &options(60, false)).lines() {
                assert!(
                    line.starts_with("      ") || line.chars().count() <= 60,
                    "{cause}: {line}"
                );
            }
        }
    }

    #[test]
    fn no_mark_of_markdown_but_quotes_is_left() {
        for &cause in Cause::ALL {
            let text = explain(cause, &options(80, true));
            assert!(!text.contains("**") && !text.contains("```"), "{cause}");
            assert!(!text.lines().any(|line| line.starts_with('#')), "{cause}");
        }
    }

    #[test]
    fn the_list_has_every_cause_with_what_it_is() {
        let text = causes(&options(200, false));
        for cause in Cause::ALL {
            let line = text.lines().find(|line| line.starts_with(cause.name()));
            let line = line.unwrap_or_default();
            assert!(line.ends_with(cause.headline()), "{cause}: {line}");
        }
    }
}
