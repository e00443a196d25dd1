//! Where something stands in a file, and what is wrong there.

use std::fmt;

/// A place in a text, as editors count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
}

impl Place {
    /// The beginning of a file.
    pub const START: Self = Self { line: 1, column: 1 };

    /// The place of the byte at `offset` of `text`; beyond its end, the end.
    pub(crate) fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |end| end.saturating_add(1));
        let in_line = before.get(line_start..).unwrap_or_default();
        Self {
            line: before.matches('\n').count().saturating_add(1),
            column: in_line.chars().count().saturating_add(1),
        }
    }
}

/// `line:column`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// What is wrong with a file of expectations, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mistake {
    /// Where it stands.
    pub place: Place,
    /// What is wrong, in lower case and without a full stop.
    pub message: String,
}

impl Mistake {
    /// `message` is wrong at `place`.
    #[must_use]
    pub fn new(place: Place, message: impl Into<String>) -> Self {
        Self {
            place,
            message: message.into(),
        }
    }
}

/// `line:column: message`.
impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// A file of expectations that cannot be used; nothing is held to a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidExpectations {
    /// At least one: of form the first, of sense all, in the order of their places.
    pub mistakes: Vec<Mistake>,
}

/// A mistake a line.
impl fmt::Display for InvalidExpectations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, mistake) in self.mistakes.iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            mistake.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for InvalidExpectations {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let text = "é = 1\nbé x\n";
        let place = |offset| {
            let Place { line, column } = Place::of(text, offset);
            (line, column)
        };
        assert_eq!(place(0), (1, 1));
        assert_eq!(place(2), (1, 2), "é is two bytes and one character");
        assert_eq!(place(text.find('x').unwrap()), (2, 4));
        assert_eq!(place(text.len()), (3, 1));
        assert_eq!(place(1000), (3, 1), "beyond the end");
    }
}
