//! Lines and messages out of a stream of bytes.

/// The longest unit that is kept; RFC 5321 allows lines of 512 bytes, IMAP more. The rest is
/// passed over.
const MAX_UNIT: usize = 2048;

/// The longest head that tells how long a message is.
const MAX_HEAD: usize = 8;

/// How one side's bytes are cut into units.
#[derive(Debug, Clone, Copy)]
pub(super) enum Framing {
    /// Each ends with this byte, which is left out, and so is a carriage return before it.
    Until(u8),
    /// The first bytes tell how many there are; `None` as long as there are too few to tell.
    Counted(fn(&[u8]) -> Option<usize>),
}

/// Collects one side's units.
#[derive(Debug, Default)]
pub(super) struct Units {
    partial: Vec<u8>,
    /// Bytes of `partial` that were passed over.
    passed: usize,
    read: u64,
}

impl Units {
    /// Nothing said.
    pub(super) const EMPTY: Self = Self {
        partial: Vec::new(),
        passed: 0,
        read: 0,
    };

    /// The next unit, where `input` holds its end; takes from `input` what it reads.
    pub(super) fn next(&mut self, input: &mut &[u8], framing: Framing) -> Option<Vec<u8>> {
        match framing {
            Framing::Until(end) => self.next_until(input, end),
            Framing::Counted(count) => self.next_counted(input, count),
        }
    }

    /// Whether nothing was said.
    pub(super) fn is_untouched(&self) -> bool {
        self.read == 0 && self.partial.is_empty()
    }

    /// Whether the unit given last is the first one.
    pub(super) fn is_first(&self) -> bool {
        self.read == 1
    }

    /// How many units there were.
    pub(super) fn read(&self) -> u64 {
        self.read
    }

    fn next_until(&mut self, input: &mut &[u8], end: u8) -> Option<Vec<u8>> {
        let at = input.iter().position(|&byte| byte == end);
        let (head, rest) = match at {
            Some(at) => (input.get(..at)?, input.get(at.saturating_add(1)..)?),
            None => (*input, &[][..]),
        };
        self.keep(head);
        *input = rest;
        at?;
        let mut unit = self.take();
        if unit.last() == Some(&b'\r') {
            unit.pop();
        }
        Some(unit)
    }

    fn next_counted(
        &mut self,
        input: &mut &[u8],
        count: fn(&[u8]) -> Option<usize>,
    ) -> Option<Vec<u8>> {
        let len = loop {
            if let Some(len) = count(&self.partial) {
                break len.max(1);
            }
            let (next, rest) = input.split_at_checked(1)?;
            if self.partial.len() >= MAX_HEAD {
                *input = &[];
                return None;
            }
            self.keep(next);
            *input = rest;
        };
        let have = self.partial.len().saturating_add(self.passed);
        let wanted = len.saturating_sub(have).min(input.len());
        let (body, rest) = input.split_at_checked(wanted)?;
        self.keep(body);
        *input = rest;
        (have.saturating_add(wanted) >= len).then(|| self.take())
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = MAX_UNIT.saturating_sub(self.partial.len());
        self.partial.extend(bytes.iter().take(room));
        self.passed = self.passed.saturating_add(bytes.len().saturating_sub(room));
    }

    fn take(&mut self) -> Vec<u8> {
        self.read = self.read.saturating_add(1);
        self.passed = 0;
        std::mem::take(&mut self.partial)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_is_the_length(bytes: &[u8]) -> Option<usize> {
        bytes.first().map(|&len| usize::from(len) + 1)
    }

    #[test]
    fn counted_units_may_come_a_byte_at_a_time() {
        let stream = [2, 7, 8, 0, 1, 9];
        for size in 1..=stream.len() {
            let mut units = Units::default();
            let mut found = Vec::new();
            for mut piece in stream.chunks(size) {
                let framing = Framing::Counted(first_is_the_length);
                while let Some(unit) = units.next(&mut piece, framing) {
                    found.push(unit);
                }
            }
            assert_eq!(found, [vec![2, 7, 8], vec![0], vec![1, 9]], "by {size}");
        }
    }

    #[test]
    fn of_an_endless_unit_only_so_much_is_kept() {
        let mut units = Units::default();
        for _ in 0..100 {
            let mut piece = &[b'x'; 1000][..];
            assert_eq!(units.next(&mut piece, Framing::Until(b'\n')), None);
        }
        let unit = units.next(&mut &b"\n"[..], Framing::Until(b'\n')).unwrap();
        assert_eq!(unit.len(), MAX_UNIT);
    }

    #[test]
    fn a_counted_unit_longer_than_what_is_kept_ends_where_it_says() {
        let mut units = Units::default();
        let long = |bytes: &[u8]| (!bytes.is_empty()).then_some(5000);
        let stream = [vec![1; 5000], vec![2; 10]].concat();
        let mut input = stream.as_slice();
        assert!(units.next(&mut input, Framing::Counted(long)).is_some());
        assert_eq!(input, [2; 10]);
    }
}
