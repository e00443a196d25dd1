//! Lines of text out of a stream of bytes.

/// The longest line that is kept; RFC 5321 allows 512 bytes, IMAP more. The rest is passed over.
const MAX_LINE: usize = 2048;

/// Collects one side's lines.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    partial: Vec<u8>,
    read: u64,
}

impl Lines {
    /// The next line without its end, where `input` holds its end; takes from `input` what it reads.
    pub(crate) fn next(&mut self, input: &mut &[u8]) -> Option<Vec<u8>> {
        let end = input.iter().position(|&byte| byte == b'\n');
        let (head, rest) = match end {
            Some(end) => (input.get(..end)?, input.get(end.saturating_add(1)..)?),
            None => (*input, &[][..]),
        };
        let room = MAX_LINE.saturating_sub(self.partial.len());
        self.partial.extend(head.iter().take(room));
        *input = rest;
        end?;
        self.read = self.read.saturating_add(1);
        let mut line = std::mem::take(&mut self.partial);
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Some(line)
    }

    /// Whether nothing was said.
    pub(crate) fn is_untouched(&self) -> bool {
        self.read == 0 && self.partial.is_empty()
    }

    /// Whether the line given last is the first one.
    pub(crate) fn is_first_line(&self) -> bool {
        self.read == 1
    }
}
