//! A domain name in the form that is compared and shown.

use std::fmt;
use std::sync::Arc;

use smallvec::SmallVec;

/// The longest name on the wire, length octets and the root's included (RFC 1035, section 2.3.4).
const MAX_OCTETS: usize = 255;

/// The longest name as text: every octet escaped, with a dot for each length octet.
const MAX_TEXT: usize = 4 * MAX_OCTETS;

/// Most names are no longer than this as text.
const USUAL_TEXT: usize = 64;

/// A name of 255 octets has at most 127 labels; more pointers than this are a loop or a trap.
const MAX_HOPS: usize = 126;

/// A domain name in lower case, without the final dot; the root is `.`.
///
/// A dot or backslash within a label is escaped as `\.` and `\\`, every octet that is no printable
/// ASCII as `\DDD` (RFC 1035, section 5.1), so that two names are equal only if their labels are.
///
/// A clone shares the text: all lookups of one name hold it once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name(Arc<str>);

impl Name {
    /// Reads the name that stands at `at` in `message`, and says where the bytes after it begin.
    ///
    /// `None` where the message ends within the name, or where the name is longer than 255 octets,
    /// follows more than 126 pointers, or has a label of a type that was never defined.
    pub(crate) fn read(message: &[u8], at: usize) -> Option<(Self, usize)> {
        let (spelling, end) = Spelling::read(message, at)?;
        Some((spelling.to_name(), end))
    }

    /// Where the bytes after the name at `at` begin; no pointer is followed.
    pub(crate) fn skip(message: &[u8], at: usize) -> Option<usize> {
        let mut rest = message.get(at..)?;
        loop {
            let (piece, tail) = Piece::split(rest)?;
            if !matches!(piece, Piece::Label(_)) {
                return message.len().checked_sub(tail.len());
            }
            rest = tail;
        }
    }

    /// A name from text that is already in this form.
    pub(crate) fn from_text(text: &str) -> Self {
        Self(text.to_ascii_lowercase().into())
    }

    /// A name from the octets of such a text.
    pub(super) fn from_octets(text: &[u8]) -> Self {
        // They are all printable ASCII.
        Self(str::from_utf8(text).unwrap_or_default().into())
    }

    /// The name as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The octets of the text.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The text of a name before it is known whether it is a new one: most were asked for before, and
/// need no memory of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spelling(SmallVec<[u8; USUAL_TEXT]>);

impl Spelling {
    /// The same as [`Name::read`].
    pub(super) fn read(message: &[u8], at: usize) -> Option<(Self, usize)> {
        let mut text = Text::EMPTY;
        let mut end = None;
        let mut octets = 1_usize;
        let mut hops = 0_usize;
        let mut rest = message.get(at..)?;
        loop {
            let (piece, tail) = Piece::split(rest)?;
            if end.is_none() && !matches!(piece, Piece::Label(_)) {
                end = message.len().checked_sub(tail.len());
            }
            match piece {
                Piece::Label(label) => {
                    octets = octets.saturating_add(label.len()).saturating_add(1);
                    if octets > MAX_OCTETS {
                        return None;
                    }
                    text.push_label(label)?;
                    rest = tail;
                }
                Piece::Pointer(target) => {
                    hops = hops.saturating_add(1);
                    if hops > MAX_HOPS {
                        return None;
                    }
                    rest = message.get(target..)?;
                }
                Piece::Root => break,
            }
        }
        if text.len == 0 {
            text.push(b".")?;
        }
        let text = text.octets.get(..text.len)?;
        Some((Self(SmallVec::from_slice(text)), end?))
    }

    /// The name, to be kept.
    pub(super) fn to_name(&self) -> Name {
        Name::from_octets(&self.0)
    }

    /// The octets of the text.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What a name consists of on the wire (RFC 1035, section 4.1.4).
enum Piece<'a> {
    Label(&'a [u8]),
    Pointer(usize),
    Root,
}

impl<'a> Piece<'a> {
    /// The piece that `bytes` begin with, and what follows it.
    fn split(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (&first, tail) = bytes.split_first()?;
        match first {
            0 => Some((Self::Root, tail)),
            1..=0x3f => {
                let (label, tail) = tail.split_at_checked(usize::from(first))?;
                Some((Self::Label(label), tail))
            }
            0xc0..=0xff => {
                let (&low, tail) = tail.split_first()?;
                let target = u16::from_be_bytes([first & 0x3f, low]);
                Some((Self::Pointer(usize::from(target)), tail))
            }
            _ => None,
        }
    }
}

/// A name while it is read.
struct Text {
    octets: [u8; MAX_TEXT],
    len: usize,
}

/// Each gives `None` where there is no room, which [`MAX_OCTETS`] rules out.
impl Text {
    const EMPTY: Self = Self {
        octets: [0; MAX_TEXT],
        len: 0,
    };

    fn push(&mut self, octets: &[u8]) -> Option<()> {
        let end = self.len.checked_add(octets.len())?;
        self.octets.get_mut(self.len..end)?.copy_from_slice(octets);
        self.len = end;
        Some(())
    }

    fn push_label(&mut self, label: &[u8]) -> Option<()> {
        if self.len > 0 {
            self.push(b".")?;
        }
        // The way of nearly all labels, without a branch for each octet.
        let end = self.len.checked_add(label.len())?;
        let room = self.octets.get_mut(self.len..end)?;
        let mut escaped = false;
        for (place, &octet) in room.iter_mut().zip(label) {
            *place = plain(octet);
            escaped |= *place == ESCAPED;
        }
        if !escaped {
            self.len = end;
            return Some(());
        }
        for &octet in label {
            match octet {
                b'.' | b'\\' => self.push(&[b'\\', octet])?,
                0x21..=0x7e => self.push(&[plain(octet)])?,
                _ => {
                    let digits = [octet / 100, octet / 10 % 10, octet % 10];
                    let [a, b, c] = digits.map(|digit| b'0'.wrapping_add(digit));
                    self.push(&[b'\\', a, b, c])?;
                }
            }
        }
        Some(())
    }
}

/// In place of an octet that has to be escaped.
const ESCAPED: u8 = 0;

/// An octet of a label as it is written.
fn plain(octet: u8) -> u8 {
    /// From 0x21 on, as far as octets stand for themselves.
    const PLAIN: &[u8; 94] = b"!\"#$%&'()*+,-\0/0123456789:;<=>?@abcdefghijklmnopqrstuvwxyz[\0]^_`\
          abcdefghijklmnopqrstuvwxyz{|}~";
    let place = usize::from(octet.wrapping_sub(0x21));
    PLAIN.get(place).copied().unwrap_or(ESCAPED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(message: &[u8]) -> Option<String> {
        Name::read(message, 0).map(|(name, _)| name.to_string())
    }

    #[test]
    fn letters_are_lowered_and_the_end_is_found() {
        let (name, end) = Name::read(b"\x03WwW\x07ExAmple\0rest", 0).unwrap();
        assert_eq!((name.as_str(), end), ("www.example", 13));
    }

    #[test]
    fn the_root_is_a_dot() {
        assert_eq!(text(b"\0").as_deref(), Some("."));
    }

    #[test]
    fn a_dot_within_a_label_is_not_a_separator() {
        assert_eq!(text(b"\x03a.b\x01c\0").as_deref(), Some("a\\.b.c"));
        assert_eq!(text(b"\x02\\.\0").as_deref(), Some("\\\\\\."));
    }

    #[test]
    fn octets_that_are_no_printable_ascii_are_escaped() {
        assert_eq!(
            text(b"\x04\x00\x1b \xc3\0").as_deref(),
            Some("\\000\\027\\032\\195")
        );
    }

    #[test]
    fn a_name_ends_after_its_first_pointer() {
        let message = b"\x07example\0\x03www\xc0\x00after";
        let (name, end) = Name::read(message, 9).unwrap();
        assert_eq!((name.as_str(), end), ("www.example", 15));
        assert_eq!(Name::skip(message, 9), Some(15));
    }

    #[test]
    fn pointers_in_a_circle_are_no_name() {
        assert_eq!(text(b"\xc0\x00"), None);
        assert_eq!(text(b"\xc0\x02\xc0\x00"), None);
        assert_eq!(text(b"\x01a\xc0\x00"), None);
    }

    #[test]
    fn a_chain_of_8183_pointers_is_no_name() {
        let mut message = vec![0, 0];
        for hop in 0..8182_u16 {
            message.extend((0xc000 | (hop * 2)).to_be_bytes());
        }
        let at = message.len() - 2;
        assert_eq!(Name::read(&message, at), None);
        assert_eq!(Name::skip(&message, at), Some(message.len()));
        assert!(Name::read(&message, 126 * 2).is_some());
        assert!(Name::read(&message, 127 * 2).is_none());
    }

    #[test]
    fn the_255th_octet_is_the_last() {
        let mut message = Vec::new();
        for _ in 0..127 {
            message.extend(b"\x01a");
        }
        message.push(0);
        assert_eq!(message.len(), 255);
        assert!(text(&message).is_some());
        message.insert(0, b'b');
        message.insert(0, 1);
        assert_eq!(text(&message), None);
    }

    #[test]
    fn a_name_that_is_cut_is_none() {
        let whole = b"\x03www\x07example\0";
        for len in 0..whole.len() {
            assert_eq!(text(&whole[..len]), None, "{len} bytes");
        }
        assert_eq!(text(b"\x01a\xc0"), None);
        assert_eq!(text(b"\x01a\xc0\x09"), None);
        assert_eq!(Name::read(whole, 99), None);
    }

    #[test]
    fn label_types_that_were_never_defined_are_no_name() {
        assert_eq!(text(b"\x41a\0"), None);
        assert_eq!(text(b"\x80a\0"), None);
    }
}
