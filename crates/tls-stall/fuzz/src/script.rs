//! The bytes of a target as a list of steps.

/// Reads steps out of any bytes: what is missing at their end is zero, and lengths are cut to what is
/// there. It also [writes](Self::put) them, for seeds.
///
/// A step is a byte that says what is done, a byte for the time since the step before it, two bytes
/// of length (big-endian), and so many bytes of contents.
#[derive(Debug, Clone, Copy)]
pub struct Script<'a>(&'a [u8]);

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step<'a> {
    /// What is done, as the target has it.
    pub action: u8,
    /// How long after the step before it, in a unit of the target's.
    pub gap: u8,
    /// What it is done with.
    pub contents: &'a [u8],
}

impl<'a> Script<'a> {
    /// The script in `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Appends a step to the script in `bytes`; contents beyond 65,535 bytes are left out.
    pub fn put(bytes: &mut Vec<u8>, action: u8, gap: u8, contents: &[u8]) {
        let len = u16::try_from(contents.len()).unwrap_or(u16::MAX);
        bytes.extend([action, gap]);
        bytes.extend(len.to_be_bytes());
        bytes.extend(contents.iter().take(len.into()));
    }
}

impl<'a> Iterator for Script<'a> {
    type Item = Step<'a>;

    fn next(&mut self) -> Option<Step<'a>> {
        let (&[action, gap, high, low], rest) = self.0.split_first_chunk()?;
        let len = usize::from(u16::from_be_bytes([high, low])).min(rest.len());
        let (contents, rest) = rest.split_at(len);
        self.0 = rest;
        Some(Step {
            action,
            gap,
            contents,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_read_again() {
        let mut bytes = Vec::new();
        Script::put(&mut bytes, 1, 2, b"three");
        Script::put(&mut bytes, 4, 5, b"");
        let steps: Vec<_> = Script::new(&bytes).collect();
        let step = |action, gap, contents| Step {
            action,
            gap,
            contents,
        };
        assert_eq!(steps, [step(1, 2, b"three".as_slice()), step(4, 5, b"")]);
    }

    #[test]
    fn a_length_beyond_the_end_is_cut_to_it() {
        let steps: Vec<_> = Script::new(&[0, 0, 0xff, 0xff, 7, 8]).collect();
        assert_eq!(steps[0].contents, [7, 8]);
        assert_eq!(steps.len(), 1);
    }
}
