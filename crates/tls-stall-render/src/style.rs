//! The colours and characters of the text, or the lack of them.

use std::borrow::Cow;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

/// How each kind of text is set off; `PLAIN` sets nothing off and writes no escape sequence.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Styles {
    /// A connection that stalled or failed.
    pub(crate) bad: Style,
    /// A connection that is well, a check that holds.
    pub(crate) good: Style,
    /// What cannot be told, and notices.
    pub(crate) unsure: Style,
    /// Headings, causes and file names.
    pub(crate) strong: Style,
    /// Frame numbers and times.
    pub(crate) faint: Style,
}

impl Styles {
    const PLAIN: Self = Self {
        bad: Style::new(),
        good: Style::new(),
        unsure: Style::new(),
        strong: Style::new(),
        faint: Style::new(),
    };

    const COLOURED: Self = Self {
        bad: AnsiColor::Red.on_default().bold(),
        good: AnsiColor::Green.on_default(),
        unsure: AnsiColor::Yellow.on_default(),
        strong: Style::new().bold(),
        faint: Style::new().dimmed(),
    };

    /// Colours where `styled`.
    pub(crate) const fn new(styled: bool) -> Self {
        if styled { Self::COLOURED } else { Self::PLAIN }
    }
}

/// `text` in `style`.
pub(crate) fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// `text` in ASCII: what the report draws by its likeness, any other character as an escape.
pub(crate) fn in_ascii(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut spelled = String::with_capacity(text.len());
    for character in text.chars() {
        let likeness = match character {
            '✓' | '┼' | '├' | '┤' | '╞' | '╡' | '╪' | '┬' | '┴' | '╭' | '╮' | '╰' | '╯' => {
                "+"
            }
            '✗' | '×' => "x",
            '●' | '·' => "*",
            '│' | '┆' => "|",
            '┊' => ":",
            '┃' => "#",
            '─' | '╌' | '–' => "-",
            '═' => "=",
            '▶' => ">",
            '◀' => "<",
            '→' => "->",
            '…' => "...",
            character => {
                let _ = if character.is_ascii() {
                    spelled.write_char(character)
                } else {
                    write!(spelled, "{}", character.escape_unicode())
                };
                continue;
            }
        };
        spelled.push_str(likeness);
    }
    Cow::Owned(spelled)
}
