//! DNS over TCP: messages behind a length of two bytes (RFC 1035, section 4.2.2).

/// Cuts the bytes of one direction of a TCP connection into messages.
///
/// It holds at most one message that is not whole yet: 64 KiB.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Deframer {
    /// The length and the bytes so far of a message that is not whole.
    pending: Vec<u8>,
    /// A length came by that no message has: what follows is not DNS.
    lost: bool,
}

/// A message is at least a header.
const MIN_LEN: usize = 12;

const LENGTH_LEN: usize = 2;

impl Deframer {
    /// Takes the next bytes in order, and gives each message that they complete to `take`.
    ///
    /// After a length of less than a header, everything is passed over.
    pub(crate) fn push(&mut self, mut bytes: &[u8], mut take: impl FnMut(&[u8])) {
        while !self.lost && !self.pending.is_empty() && !bytes.is_empty() {
            let wanted = match frame_len(&self.pending) {
                Some(len) => len.saturating_sub(self.pending.len()),
                None => LENGTH_LEN.saturating_sub(self.pending.len()),
            };
            let (more, rest) = bytes.split_at(wanted.min(bytes.len()));
            self.pending.extend_from_slice(more);
            bytes = rest;
            self.give_pending(&mut take);
        }
        while !self.lost && !bytes.is_empty() {
            let Some(frame) = frame_len(bytes).and_then(|len| bytes.split_at_checked(len)) else {
                self.pending.extend_from_slice(bytes);
                self.give_pending(&mut take);
                return;
            };
            self.give(frame.0, &mut take);
            bytes = frame.1;
        }
    }

    /// Gives the pending message if it is whole, and notices a length that none has.
    fn give_pending(&mut self, take: &mut impl FnMut(&[u8])) {
        let Some(len) = frame_len(&self.pending) else {
            return;
        };
        if self.pending.len() >= len || len < MIN_LEN.saturating_add(LENGTH_LEN) {
            let frame = std::mem::take(&mut self.pending);
            self.give(&frame, take);
        }
    }

    fn give(&mut self, frame: &[u8], take: &mut impl FnMut(&[u8])) {
        match frame.get(LENGTH_LEN..) {
            Some(message) if message.len() >= MIN_LEN => take(message),
            _ => self.lost = true,
        }
    }
}

/// How long the frame is that `bytes` begin with, its length field included.
fn frame_len(bytes: &[u8]) -> Option<usize> {
    let (len, _) = bytes.split_first_chunk::<LENGTH_LEN>()?;
    Some(usize::from(u16::from_be_bytes(*len)).saturating_add(LENGTH_LEN))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(fill: u8, len: u16) -> Vec<u8> {
        let mut frame = len.to_be_bytes().to_vec();
        frame.resize(usize::from(len) + 2, fill);
        frame
    }

    fn messages(chunks: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut deframer = Deframer::default();
        let mut messages = Vec::new();
        for chunk in chunks {
            deframer.push(chunk, |message| messages.push(message.to_vec()));
        }
        messages
    }

    #[test]
    fn messages_are_the_same_however_the_stream_is_cut() {
        let mut stream = frame(1, 12);
        stream.extend(frame(2, 300));
        stream.extend(frame(3, 13));
        let whole = messages(&[&stream]);
        assert_eq!(whole, [vec![1; 12], vec![2; 300], vec![3; 13]]);
        for size in 1..40 {
            let chunks: Vec<&[u8]> = stream.chunks(size).collect();
            assert_eq!(messages(&chunks), whole, "chunks of {size}");
        }
    }

    #[test]
    fn a_length_that_no_message_has_ends_the_stream() {
        for chunks in [
            &[&b"\0\x01a\0"[..]][..],
            &[b"\0", b"\x05a"],
            &[b"\0\x0b", b"abc"],
        ] {
            let mut chunks = chunks.to_vec();
            let good = frame(1, 12);
            chunks.push(&good);
            assert!(messages(&chunks).is_empty(), "{chunks:?}");
        }
    }

    #[test]
    fn no_more_than_one_message_is_held() {
        let mut deframer = Deframer::default();
        deframer.push(b"\xff\xff", |_| panic!("nothing is whole"));
        for _ in 0..65_534 {
            deframer.push(b"a", |_| panic!("nothing is whole"));
        }
        assert_eq!(deframer.pending.len(), 65_536);
        let mut got = 0;
        deframer.push(b"a", |message| got = message.len());
        assert_eq!((got, deframer.pending.capacity()), (65_535, 0));
    }
}
