//! A report as Markdown, for issue trackers; in the dialect of GitHub.
//!
//! Text out of a capture cannot become markup, a link or a mention: what GitHub would act on stands
//! in a code span. The ladder of a connection is a block of plain text.

mod comparison;

use std::fmt::Write as _;

use tls_stall::{CaptureReport, Connection, Document, Finding, Span};

pub use self::comparison::comparison;
use crate::escape::{escape, shown};
use crate::group::{Group, groups};
use crate::ladder::{Ladder, Lookups};
use crate::text;
use crate::words::{self, Standing, count};

/// How many groups of connections of a capture are shown in full.
const MAX_DETAILS: usize = 10;

/// How many rows a table has.
const MAX_ROWS: usize = 100;

/// The columns of a ladder: what fits a page without scrolling.
const WIDTH: usize = 100;

/// `document` as Markdown, with a newline at its end unless there is nothing to say.
#[must_use]
pub fn render(document: &Document) -> String {
    let mut page = String::new();
    for capture in &document.captures {
        section(&mut page, capture, document.options.stall_threshold);
    }
    page
}

/// One capture.
fn section(page: &mut String, capture: &CaptureReport, threshold: Span) {
    let analysis = &capture.analysis;
    let (path, counts) = (code(&capture.source.path), words::counts(analysis));
    block(page, &format!("## {path}"));
    block(page, &prose(&counts));
    if let Some(sentence) = words::all_is_well(analysis, threshold) {
        block(page, &prose(&sentence));
    }
    let groups = groups(&analysis.connections);
    if groups.len() > 1 {
        block(page, &overview(&groups));
        left_out(page, groups.get(MAX_ROWS..), "in the JSON report only");
    }
    let lookups = Lookups::of(analysis);
    let worth_it =
        |group: &&Group<'_>| groups.len() == 1 || Standing::of(group.worst) != Standing::Well;
    let worth_it: Vec<&Group<'_>> = groups.iter().filter(worth_it).collect();
    for group in worth_it.iter().take(MAX_DETAILS) {
        detail(page, group, &lookups);
    }
    left_out(page, worth_it.get(MAX_DETAILS..), "in the table only");
    if !analysis.notices.is_empty() {
        block(page, "### About this capture");
        let notices = analysis.notices.iter();
        list(page, notices.map(|notice| prose(&words::notice(notice))));
    }
}

/// How many connections are not shown, and where they are.
fn left_out<'a, G: std::borrow::Borrow<Group<'a>>>(
    page: &mut String,
    rest: Option<&[G]>,
    where_: &str,
) {
    let rest = rest.unwrap_or_default().iter();
    let more: usize = rest.map(|group| group.borrow().members.len()).sum();
    if more > 0 {
        let more = count(words::number(more), "connection");
        block(page, &format!("{more} more {where_}."));
    }
}

/// The groups in a table, worst first.
fn overview(groups: &[Group<'_>]) -> String {
    let mut table = "| stream | connections | wait | verdict |\n|---:|---|---:|---|".to_owned();
    for group in groups.iter().take(MAX_ROWS) {
        let (stream, ends) = (group.worst.tcp_stream, code(&group.ends()));
        let several = if group.is_several() {
            format!("{}, ", group.count())
        } else {
            String::new()
        };
        let (waits, verdict) = (group.waits(), prose(&words::short_verdict(group.worst)));
        let row = format!(
            "{stream} | {several}{} | {waits} | {verdict}",
            ends.replace('|', "\\|")
        );
        let _ = write!(table, "\n| {row} |");
    }
    table
}

/// The worst connection of `group` in full.
fn detail(page: &mut String, group: &Group<'_>, lookups: &Lookups<'_>) {
    let connection = group.worst;
    let sign = match Standing::of(connection) {
        Standing::Stalled | Standing::Failed => "❌",
        Standing::Noted => "ℹ️",
        Standing::Well => "✅",
    };
    let (ends, verdict) = (code(&words::ends(connection)), words::verdict(connection));
    block(page, &format!("### {sign} {ends}: {}", prose(&verdict)));
    if group.is_several() {
        let (count, stream) = (group.count(), connection.tcp_stream);
        let ends = code(&group.ends());
        block(
            page,
            &format!(
                "{count} with the same cause: {ends}. This is the longest wait, tcp.stream {stream}."
            ),
        );
    }
    if let Some((verdict, others)) = connection.findings.split_first() {
        block(page, &cause(verdict));
        list(
            page,
            others
                .iter()
                .map(|other| format!("{}: {}", words::also(other), cause(other))),
        );
    }
    if let Some(facts) = words::facts(connection) {
        block(page, &format!("({})", prose(&facts)));
    }
    let ladder = text::ladder(&Ladder::new(connection, lookups), WIDTH);
    if !ladder.is_empty() {
        block(page, &fenced(&ladder));
    }
    reasons(page, connection);
    let mut filters = connection
        .findings
        .first()
        .map_or_else(String::new, |finding| {
            format!("{}\n", escape(&finding.display_filter))
        });
    let _ = writeln!(filters, "tcp.stream eq {}", connection.tcp_stream);
    if group.is_several() {
        let _ = writeln!(filters, "{}", group.display_filter().0);
    }
    block(page, "**In Wireshark**");
    block(page, &fenced(filters.trim_start()));
}

/// The verdict with its confidence, and what it says.
fn cause(finding: &Finding) -> String {
    let (lead, cause) = words::cause(finding);
    let (summary, part) = (prose(&finding.summary), words::part(finding));
    format!("{lead}**{cause}**: {summary}{part}")
}

/// Why the verdict is what it is, what it is not, and what to do.
fn reasons(page: &mut String, connection: &Connection) {
    let Some(verdict) = connection.findings.first() else {
        return;
    };
    if !verdict.checks.is_empty() {
        block(page, "**Why**");
        let checks = verdict.checks.iter().map(|check| {
            let (sign, unknown) = match check.holds {
                Some(true) => ("✓", ""),
                Some(false) => ("✗", ""),
                None => ("?", "unknown; "),
            };
            let name = words::Spaced(check.name);
            format!("{sign} {name}: {unknown}{}", prose(&check.detail))
        });
        list(page, checks);
    }
    if !verdict.ruled_out.is_empty() {
        block(page, "**Ruled out**");
        let others = verdict.ruled_out.iter();
        list(
            page,
            others.map(|other| format!("{}: {}", other.cause, prose(&other.because))),
        );
    }
    if !verdict.remedy.is_empty() {
        block(page, "**What to do**");
        block(page, &prose(&verdict.remedy));
    }
}

/// A block, set off by an empty line.
fn block(page: &mut String, block: &str) {
    if !page.is_empty() {
        page.push('\n');
    }
    page.push_str(block);
    page.push('\n');
}

fn list(page: &mut String, items: impl Iterator<Item = String>) {
    let items: Vec<String> = items.map(|item| format!("- {item}")).collect();
    if !items.is_empty() {
        block(page, &items.join("\n"));
    }
}

/// `text` as running text: no markup, no link, no mention.
fn prose(text: &str) -> String {
    let text = shown(text);
    let words = text.split(' ').map(|word| {
        if is_acted_on(word) {
            span(word)
        } else {
            plain(word)
        }
    });
    block_of_text(words.collect::<Vec<_>>().join(" ").trim_start())
}

/// `text`, where it begins like a list, a rule or the line below a heading, with a backslash before
/// the sign that makes it one.
fn block_of_text(text: &str) -> String {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = text.strip_suffix(rest).unwrap_or_default();
    let begins_list = match rest.strip_prefix(['.', ')']) {
        Some(item) => !number.is_empty() && (item.is_empty() || item.starts_with(' ')),
        None => number.is_empty() && rest.starts_with(['-', '+', '=']),
    };
    let mark = if begins_list { "\\" } else { "" };
    format!("{number}{mark}{rest}")
}

/// Whether GitHub makes a link, a mention, a reference or a picture of `word` even if its signs are
/// escaped: it looks for them once more in what was rendered.
fn is_acted_on(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    lower.contains(['@', '#', '$'])
        || lower.contains("://")
        || lower.contains("www.")
        || lower.contains("gh-")
        || lower.matches(':').count() > 1
}

/// `word` with a backslash before each sign that could be markup.
fn plain(word: &str) -> String {
    let mut escaped = String::with_capacity(word.len());
    for character in word.chars() {
        if "\\`*_{}[]<>~|&!".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// `text` in a code span.
fn code(text: &str) -> String {
    span(&shown(text))
}

/// What is safe to show, in a code span of more backticks than stand together in it, and with an
/// escaped bar, which a table would take for the end of a cell.
fn span(text: &str) -> String {
    let mut longest = 0;
    let mut run = 0_usize;
    for character in text.chars() {
        run = if character == '`' {
            run.saturating_add(1)
        } else {
            0
        };
        longest = longest.max(run);
    }
    let ticks = "`".repeat(longest.saturating_add(1));
    let pad = if longest > 0 || text.is_empty() {
        " "
    } else {
        ""
    };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// `text`, lines of ours with texts in them that have none, as a block of code.
fn fenced(text: &str) -> String {
    let mut fence = "```".to_owned();
    while text.contains(&fence) {
        fence.push('`');
    }
    format!("{fence}text\n{}\n{fence}", text.trim_end_matches('\n'))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::example;

    #[test]
    fn a_report_of_several_connections_stays_as_it_is() {
        let mut connections = vec![
            example::healthy_connection(0),
            example::stalled_connection(),
        ];
        connections.extend((5..9).map(example::refused_connection));
        let document = example::document(vec![example::capture("all.pcap", connections)]);
        insta::assert_snapshot!(render(&document));
    }

    #[test]
    fn prose_is_no_markup() {
        assert_eq!(
            prose("*a* _b_ [c](d) <e> `f` \\g"),
            r"\*a\* \_b\_ \[c\](d) \<e\> \`f\` \\g"
        );
        assert_eq!(
            prose("a\n# b"),
            r"`a\n# b`".replace("# b`", "#` b").as_str()
        );
        assert_eq!(
            prose("&lt; ![x] ~~y~~ a|b"),
            r"\&lt; \!\[x\] \~\~y\~\~ a\|b"
        );
    }

    #[test]
    fn a_text_cannot_begin_a_list() {
        assert_eq!(prose("1. x"), r"1\. x");
        assert_eq!(prose("12) x"), r"12\) x");
        assert_eq!(prose("- x"), r"\- x");
        assert_eq!(prose("    x"), "x");
        assert_eq!(prose("10.8.0.1 asked"), "10.8.0.1 asked");
    }

    #[test]
    fn nobody_is_called_and_nothing_is_linked() {
        assert_eq!(prose("ask @root now"), "ask `@root` now");
        assert_eq!(
            prose("see #12 or a/b#12, GH-7"),
            "see `#12` or `a/b#12,` `GH-7`"
        );
        assert_eq!(
            prose("http://x.example www.x.example"),
            "`http://x.example` `www.x.example`"
        );
        assert_eq!(prose("2001:db8:100::25 $x$"), "`2001:db8:100::25` `$x$`");
    }

    #[test]
    fn a_name_cannot_leave_its_code_span() {
        assert_eq!(code("a`b"), "`` a`b ``");
        assert_eq!(code("``` <b>"), "```` ``` <b> ````");
        assert_eq!(code("\n\u{202e}x"), r"`\n\u{202e}x`");
    }

    #[test]
    fn a_name_cannot_leave_its_block_or_its_row() {
        let mut document = example::stalled();
        let connections = &mut document.captures[0].analysis.connections;
        connections[0].server_name = Some("a|b\n```\n# c ````".to_owned());
        connections[0].findings[0].evidence[0].message = "x ``` y\n```\n<script>".to_owned();
        connections[0].findings[0].display_filter = "```\n<script>".to_owned();
        connections.push(example::healthy_connection(9));
        let text = render(&document);
        let row = text.lines().find(|line| line.starts_with("| 2 |")).unwrap();
        let bars = row.replace("\\|", "").matches('|').count();
        assert_eq!(bars, 5, "{row}");
        let mut fence: Option<String> = None;
        for line in text.lines() {
            match &fence {
                Some(open) if line == open => fence = None,
                None if line.starts_with("```") => {
                    fence = line.strip_suffix("text").map(str::to_owned);
                    assert!(fence.is_some(), "{line}");
                }
                None => assert!(!line.contains("<script>"), "{line}"),
                Some(_) => {}
            }
        }
        assert_eq!(fence, None);
    }

    /// Asserts that `page`, read as GitHub does, holds no markup but ours, and no text outside code
    /// that GitHub would act on.
    pub(crate) fn is_harmless(page: &str) {
        use pulldown_cmark::{Event, Options, Parser, Tag};

        let options = Options::ENABLE_TABLES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_MATH
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_GFM;
        let (mut in_block, mut tables) = (false, 0);
        for event in Parser::new_ext(page, options) {
            match event {
                Event::Start(Tag::CodeBlock(_)) => in_block = true,
                Event::End(pulldown_cmark::TagEnd::CodeBlock) => in_block = false,
                Event::Start(Tag::Table(columns)) => {
                    assert_eq!(columns.len(), 4);
                    tables += 1;
                }
                Event::Start(
                    Tag::Paragraph
                    | Tag::Heading { .. }
                    | Tag::List(None)
                    | Tag::Item
                    | Tag::Strong
                    | Tag::TableHead
                    | Tag::TableRow
                    | Tag::TableCell,
                )
                | Event::End(_)
                | Event::Code(_)
                | Event::SoftBreak => {}
                Event::Text(text) => {
                    for acted_on in ["@", "#", "://", "www.", "$"] {
                        assert!(in_block || !text.contains(acted_on), "{text}");
                    }
                }
                event => panic!("{event:?} in\n{page}"),
            }
        }
        assert!(!in_block && tables == 1);
        let deceptive = |c| c != '\n' && c != '\u{fe0f}' && crate::escape::is_deceptive(c);
        assert!(!page.contains(deceptive));
    }

    #[test]
    fn no_text_of_a_capture_is_markup() {
        for hostile in [
            "<script>alert(1)</script>",
            "<!-- x",
            "![x](https://x.example/y) [a]: b [^1] https://x.example www.x.example a@x.example",
            "@root #12 a/b#12 GH-12 :+1: 2001:100:: $x$ $$y$$",
            "# x",
            "- x",
            "1. x",
            "> x",
            "    x",
            "***x*** __y__ ~~z~~ `w` ``v",
            "```\n<b>\n```",
            "a|b|c\\|d\\",
            "\\",
            "\r\n\r\n# x\u{2028}\u{202e}\x1b[2J",
            "[ ] x",
            "&lt; &#35; &commat;x",
            "---",
            "",
        ] {
            is_harmless(&render(&example::of_texts(hostile)));
        }
    }

    #[test]
    fn a_banner_without_end_is_cut() {
        let page = render(&example::of_texts(&"*".repeat(65_536)));
        is_harmless(&page);
        assert!(
            page.len() < 100_000 && page.contains("characters more"),
            "{}",
            page.len()
        );
    }
}
