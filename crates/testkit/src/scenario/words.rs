//! A line of the wire, cut into its words.

/// The words of a step that are yet to be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words(Vec<Word>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    text: String,
    /// What is quoted is a text, and neither a flag nor a value.
    quoted: bool,
}

impl Words {
    /// Cuts a line at white space; what stands in double quotes is one word, with `\r`, `\n`,
    /// `\"` and `\\` in it. A `#` at the start of a word begins a comment.
    pub(super) fn cut(line: &str) -> Result<Self, String> {
        let mut words = Vec::new();
        let mut rest = line.trim_start();
        while !rest.is_empty() && !rest.starts_with('#') {
            let quoted = rest.strip_prefix('"');
            let (text, after) = if let Some(quoted) = quoted {
                unquote(quoted)?
            } else {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                let (word, after) = rest.split_at(end);
                (word.to_owned(), after)
            };
            words.push(Word {
                text,
                quoted: quoted.is_some(),
            });
            rest = after.trim_start();
        }
        Ok(Self(words))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the first word; `what` it should be is for the error.
    pub(super) fn next(&mut self, what: &str) -> Result<String, String> {
        if self.0.is_empty() {
            return Err(format!("{what} is missing"));
        }
        Ok(self.0.remove(0).text)
    }

    /// Takes the first word as a number of at most `most`.
    pub(super) fn number(&mut self, what: &str, most: usize) -> Result<usize, String> {
        bounded(&self.next(what)?, most)
    }

    /// Takes the word `flag`, if it is there.
    pub(super) fn flag(&mut self, flag: &str) -> bool {
        let is_flag = |word: &Word| !word.quoted && word.text == flag;
        let position = self.0.iter().position(is_flag);
        position.map(|index| self.0.remove(index)).is_some()
    }

    /// Takes `key=value`, if it is there.
    pub(super) fn value(&mut self, key: &str) -> Option<String> {
        let (index, value) = self.0.iter().enumerate().find_map(|(index, word)| {
            let value = word.text.strip_prefix(key)?.strip_prefix('=')?;
            (!word.quoted).then(|| (index, value.to_owned()))
        })?;
        self.0.remove(index);
        Some(value)
    }

    /// Takes `key=number`, if it is there; it must be at most `most`.
    pub(super) fn value_number(&mut self, key: &str, most: usize) -> Result<Option<usize>, String> {
        self.value(key)
            .map(|value| bounded(&value, most))
            .transpose()
    }

    /// Takes `key=1,3`, if it is there: numbers from 1, given as indices from 0.
    pub(super) fn indices(&mut self, key: &str) -> Result<Option<Vec<usize>>, String> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        value
            .split(',')
            .map(|number| {
                bounded(number, 100_000)?
                    .checked_sub(1)
                    .ok_or_else(|| "segments are numbered from 1".to_owned())
            })
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// Takes all that is left.
    pub(super) fn rest(&mut self) -> Vec<String> {
        self.0.drain(..).map(|word| word.text).collect()
    }

    /// An error if a word is left.
    pub(super) fn end(&self) -> Result<(), String> {
        match self.0.first() {
            Some(word) => Err(format!("{:?} is not known here", word.text)),
            None => Ok(()),
        }
    }
}

fn bounded(text: &str, most: usize) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number <= most => Ok(number),
        _ => Err(format!("{text:?} is no number from 0 to {most}")),
    }
}

/// The word up to the closing quote, and what follows it.
fn unquote(text: &str) -> Result<(String, &str), String> {
    let mut word = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next() {
            Some('"') => return Ok((word, chars.as_str())),
            Some('\\') => word.push(match chars.next() {
                Some('r') => '\r',
                Some('n') => '\n',
                Some(other @ ('"' | '\\')) => other,
                _ => return Err("a backslash stands before r, n, a quote or another".into()),
            }),
            Some(other) => word.push(other),
            None => return Err("a quote is never closed".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_spaces_and_line_ends() {
        let mut words = Words::cut(r#"text "220 \"a\\b\" #1\r\n" lost # comment"#).unwrap();
        assert_eq!(words.next("step").unwrap(), "text");
        assert_eq!(words.next("text").unwrap(), "220 \"a\\b\" #1\r\n");
        assert!(words.flag("lost"));
        assert_eq!(words.end(), Ok(()));
    }

    #[test]
    fn what_is_quoted_is_no_flag() {
        let mut words = Words::cut(r#"text "lost" "lost=1""#).unwrap();
        words.next("step").unwrap();
        assert!(!words.flag("lost"));
        assert_eq!(words.indices("lost").unwrap(), None);
        assert_eq!(words.next("text").unwrap(), "lost");
    }

    #[test]
    fn what_is_left_is_an_error() {
        let mut words = Words::cut("syn losst").unwrap();
        words.next("step").unwrap();
        assert!(!words.flag("lost"));
        assert!(words.end().unwrap_err().contains("losst"));
    }

    #[test]
    fn numbers_are_bounded_and_segments_counted_from_one() {
        let mut words = Words::cut("lost=1,3 chain=99 unseen=0").unwrap();
        assert_eq!(words.indices("lost").unwrap(), Some(vec![0, 2]));
        assert!(words.value_number("chain", 98).is_err());
        assert!(words.indices("unseen").is_err());
    }

    #[test]
    fn an_open_quote_is_an_error() {
        assert!(Words::cut("text \"abc").is_err());
        assert!(Words::cut("text \"a\\x\"").is_err());
    }
}
