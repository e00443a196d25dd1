//! Cuts one direction's bytes into records, and their handshake bytes into messages.
//!
//! ```text
//! segments    |------1------|----2----|--------3--------|
//! records     [h|  body  ][h|      body      ][h|  body ]
//! messages      [ClientHello         ][...]
//! ```
//!
//! Any of them may begin and end anywhere. Bodies are counted, not kept, but for those of hellos.

use super::prefix::Prefix;
use super::record::{ContentType, Head};
use super::url_hosts::UrlHosts;
use crate::time::Moment;

/// The longest hello whose body is kept; of a longer one this much.
const MAX_HELLO: usize = 128 * 1024;

/// The handshake messages that matter here (RFC 8446, section 4; RFC 5246, section 7.4).
pub(crate) mod handshake {
    pub(crate) const CLIENT_HELLO: u8 = 1;
    pub(crate) const SERVER_HELLO: u8 = 2;
    pub(crate) const CERTIFICATE: u8 = 11;
    pub(crate) const CERTIFICATE_REQUEST: u8 = 13;
    pub(crate) const SERVER_HELLO_DONE: u8 = 14;
    pub(crate) const CLIENT_KEY_EXCHANGE: u8 = 16;
}

/// What is found in the bytes of one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// A record begins.
    Record {
        content: ContentType,
        len: u16,
        first: Moment,
    },
    /// A record is whole.
    RecordEnd { content: ContentType, last: Moment },
    /// A handshake message begins in the clear.
    MessageBegins { kind: u8, first: Moment },
    /// A handshake message in the clear is whole.
    Message(Message),
    /// An alert in the clear (RFC 8446, section 6).
    Alert {
        level: u8,
        description: u8,
        at: Moment,
    },
    /// A ClientHello in the form of SSL 2.0 begins.
    V2HelloBegins { first: Moment },
    /// A ClientHello in the form of SSL 2.0 is whole.
    V2Hello {
        first: Moment,
        last: Moment,
        version: u16,
    },
    /// What stands here is no record; these bytes were taken for the head of one.
    NotTls(Prefix<5>),
}

/// A handshake message; the body of a hello is in [`Deframer::body`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) kind: u8,
    /// The first frame that brought a byte of it.
    pub(crate) first: Moment,
    /// The frame with which it was whole.
    pub(crate) last: Moment,
}

/// The position cannot be told any more: bytes that were not captured held the head of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lost;

/// One direction's state.
#[derive(Debug, Default)]
pub(crate) struct Deframer {
    head: Prefix<5>,
    head_first: Option<Moment>,
    record: Option<Record>,
    message: Option<Partial>,
    /// Of the last hello, as far as it was captured.
    body: Vec<u8>,
    records: u64,
    /// The latest frame of which bytes were read: one that filled a hole comes after those that
    /// stand behind it.
    latest: Option<Moment>,
    /// Handshake records are ciphertext from here on.
    protected: bool,
    /// The hosts of URLs in certificates.
    url_hosts: UrlHosts,
}

#[derive(Debug)]
struct Record {
    content: Content,
    left: u16,
    first: Moment,
    last: Moment,
    /// The first bytes of an alert or of an SSL 2.0 ClientHello.
    begin: Prefix<9>,
    /// Whether no message byte of it was read yet.
    fresh: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Type(ContentType),
    V2Hello,
}

/// A handshake message of which not all has come.
#[derive(Debug)]
struct Partial {
    head: Prefix<4>,
    kind: u8,
    left: u32,
    begun: bool,
    keep: bool,
    first: Moment,
    last: Moment,
}

impl Deframer {
    /// Handshake records of this direction are ciphertext from here on.
    pub(crate) fn protect(&mut self) {
        self.protected = true;
        self.message = None;
    }

    /// The hosts of the URLs in the certificates that were read, each followed by a line feed.
    pub(crate) fn take_url_hosts(&mut self) -> Box<str> {
        std::mem::take(&mut self.url_hosts).finish()
    }

    /// Whether the head of a record was read.
    pub(crate) fn has_begun(&self) -> bool {
        self.records > 0 || self.record.is_some()
    }

    /// Whether the rest of a record is to come.
    pub(super) fn is_within_record(&self) -> bool {
        self.record.is_some() || !self.head.is_empty()
    }

    /// The hello of which not all has come, as far as it has.
    pub(crate) fn take_partial_hello(&mut self) -> Option<Message> {
        let partial = self.message.take()?;
        let kind = if partial.begun {
            partial.kind
        } else {
            self.body.clear();
            *partial.head.first()?
        };
        is_hello(kind).then(|| Message {
            kind,
            ..partial.message()
        })
    }

    /// The body of the last hello, as far as it was captured, until it is forgotten.
    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    /// Frees the body of the last hello.
    pub(super) fn forget_body(&mut self) {
        self.body = Vec::new();
    }

    /// Reads on in `input`, and takes from it what it has read; `None` once it is all read.
    pub(crate) fn next(&mut self, input: &mut &[u8], moment: Moment) -> Option<Event> {
        let reached = self.latest.map_or(moment, |latest| latest.max(moment));
        self.latest = Some(reached);
        loop {
            if self
                .message
                .as_ref()
                .is_some_and(|partial| partial.begun && partial.left == 0)
            {
                return self.end_message();
            }
            let Some(record) = &mut self.record else {
                if input.is_empty() {
                    return None;
                }
                match self.read_head(input, moment) {
                    Some(event) => return Some(event),
                    None => continue,
                }
            };
            record.first = record.first.min(moment);
            if record.left == 0 {
                let record = self.record.take()?;
                self.records = self.records.saturating_add(1);
                return Some(end_of(&record));
            }
            if input.is_empty() {
                return None;
            }
            record.last = reached;
            let len = input.len().min(usize::from(record.left));
            let (content, fresh) = (record.content, record.fresh);
            if content == Content::Type(ContentType::Handshake) && !self.protected {
                let first = if fresh { record.first } else { moment };
                let (event, taken) = self.read_message(input, len, first, moment);
                if let Some(record) = &mut self.record {
                    record.left = record
                        .left
                        .saturating_sub(u16::try_from(taken).unwrap_or(u16::MAX));
                    record.fresh = record.fresh && taken == 0;
                }
                *input = input.get(taken..).unwrap_or_default();
                if event.is_some() {
                    return event;
                }
                continue;
            }
            let (body, rest) = input.split_at_checked(len)?;
            if matches!(
                content,
                Content::V2Hello | Content::Type(ContentType::Alert)
            ) {
                record.begin.fill(body);
            }
            record.left = record
                .left
                .saturating_sub(u16::try_from(len).unwrap_or(u16::MAX));
            *input = rest;
        }
    }

    /// Passes over `count` bytes that were not captured.
    pub(crate) fn skip(&mut self, count: u32, moment: Moment) -> Result<(), Lost> {
        if !self.head.is_empty() {
            return Err(Lost);
        }
        let in_clear = !self.protected;
        let Some(record) = &mut self.record else {
            return Err(Lost);
        };
        let Some(left) = u32::from(record.left).checked_sub(count) else {
            return Err(Lost);
        };
        if record.content == Content::Type(ContentType::Handshake) && in_clear {
            let Some(partial) = &mut self.message else {
                return Err(Lost);
            };
            if !partial.begun {
                // Of a message whose length was not captured, its record tells where it ends.
                let Some(&kind) = partial.head.first() else {
                    return Err(Lost);
                };
                partial.begin(kind, record.left.into());
                self.body.clear();
            }
            let Some(message_left) = partial.left.checked_sub(count) else {
                return Err(Lost);
            };
            partial.left = message_left;
            partial.last = partial.last.max(moment);
            // What is read after the gap does not continue what was read before it.
            partial.keep = false;
            self.url_hosts.skip();
        }
        record.left = u16::try_from(left).map_err(|_| Lost)?;
        record.last = record.last.max(moment);
        Ok(())
    }

    fn read_head(&mut self, input: &mut &[u8], moment: Moment) -> Option<Event> {
        let first = *self.head_first.get_or_insert(moment);
        self.head_first = Some(first.min(moment));
        let head = match input.split_first_chunk::<5>() {
            Some((head, rest)) if self.head.is_empty() => {
                *input = rest;
                *head
            }
            _ => {
                let wanted = 5_usize.saturating_sub(self.head.len()).min(input.len());
                let (taken, rest) = input.split_at_checked(wanted)?;
                self.head.fill(taken);
                *input = rest;
                let Some(&head) = self.head.first_chunk::<5>() else {
                    if Head::can_begin_with(&self.head) {
                        return None;
                    }
                    return Some(Event::NotTls(std::mem::take(&mut self.head)));
                };
                self.head.clear();
                head
            }
        };
        let parsed = Head::parse(head);
        let (content, len) = match parsed {
            Head::Record { content, len } => (Content::Type(content), len),
            Head::V2ClientHello { len } if self.records == 0 && len >= 5 => {
                (Content::V2Hello, len.saturating_sub(5))
            }
            Head::V2ClientHello { .. } | Head::NotTls => {
                return Some(Event::NotTls(head.into()));
            }
        };
        let first = self.head_first.take().unwrap_or(moment);
        let mut begin = Prefix::default();
        if content == Content::V2Hello {
            begin.fill(&head);
        }
        self.record = Some(Record {
            content,
            left: len,
            first,
            last: moment,
            begin,
            fresh: true,
        });
        Some(match content {
            Content::Type(content) => Event::Record {
                content,
                len,
                first,
            },
            Content::V2Hello => Event::V2HelloBegins { first },
        })
    }

    /// Reads handshake bytes, at most `len` of `input`; gives how many it has taken.
    fn read_message(
        &mut self,
        input: &[u8],
        len: usize,
        first: Moment,
        moment: Moment,
    ) -> (Option<Event>, usize) {
        let partial = self.message.get_or_insert_with(|| Partial::new(first));
        partial.first = partial.first.min(moment);
        partial.last = self.latest.unwrap_or(moment);
        if !partial.begun {
            let wanted = 4_usize.saturating_sub(partial.head.len()).min(len);
            let taken = input.get(..wanted).unwrap_or_default();
            let head = taken.first_chunk::<4>().or_else(|| {
                partial.head.fill(taken);
                partial.head.first_chunk::<4>()
            });
            if let Some(&[kind, a, b, c]) = head {
                partial.begin(kind, u32::from_be_bytes([0, a, b, c]));
                let first = partial.first;
                self.body.clear();
                return (Some(Event::MessageBegins { kind, first }), wanted);
            }
            return (None, wanted);
        }
        let wanted = len.min(usize::try_from(partial.left).unwrap_or(usize::MAX));
        if partial.kind == handshake::CERTIFICATE {
            self.url_hosts.read(input.get(..wanted).unwrap_or_default());
        }
        if partial.keep {
            let room = MAX_HELLO.saturating_sub(self.body.len());
            let body = input.get(..wanted.min(room)).unwrap_or_default();
            self.body.extend_from_slice(body);
        }
        partial.left = partial
            .left
            .saturating_sub(u32::try_from(wanted).unwrap_or(u32::MAX));
        if partial.left > 0 {
            return (None, wanted);
        }
        (self.end_message(), wanted)
    }

    fn end_message(&mut self) -> Option<Event> {
        let partial = self.message.take()?;
        Some(Event::Message(partial.message()))
    }
}

impl Partial {
    fn new(first: Moment) -> Self {
        Self {
            head: Prefix::default(),
            kind: 0,
            left: 0,
            begun: false,
            keep: false,
            first,
            last: first,
        }
    }

    fn begin(&mut self, kind: u8, len: u32) {
        (self.kind, self.left, self.begun) = (kind, len, true);
        self.keep = is_hello(kind);
    }

    const fn message(&self) -> Message {
        Message {
            kind: self.kind,
            first: self.first,
            last: self.last,
        }
    }
}

const fn is_hello(kind: u8) -> bool {
    matches!(kind, handshake::CLIENT_HELLO | handshake::SERVER_HELLO)
}

fn end_of(record: &Record) -> Event {
    let (first, last) = (record.first, record.last);
    match (record.content, &*record.begin) {
        (Content::V2Hello, [_, _, _, a, b, ..]) => Event::V2Hello {
            first,
            last,
            version: u16::from_be_bytes([*a, *b]),
        },
        (Content::Type(ContentType::Alert), &[level @ (1 | 2), description]) => Event::Alert {
            level,
            description,
            at: last,
        },
        (Content::Type(content), _) => Event::RecordEnd { content, last },
        (Content::V2Hello, _) => Event::V2Hello {
            first,
            last,
            version: 2,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{FrameNumber, Timestamp};

    fn moment(frame: u64) -> Moment {
        let nanos = i64::try_from(frame).unwrap();
        Moment {
            time: Timestamp::from_nanos(nanos),
            frame: FrameNumber::new(frame).unwrap(),
        }
    }

    fn record(content: u8, body: &[u8]) -> Vec<u8> {
        let len = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&[content, 3, 3, len[0], len[1]], body].concat()
    }

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let len = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[kind, len[1], len[2], len[3]], body].concat()
    }

    /// Reads `stream` in pieces of `size`, each in a frame of its own; gives each event with the
    /// body of the last hello.
    fn read_with_bodies(stream: &[u8], size: usize) -> Vec<(Event, Vec<u8>)> {
        let mut deframer = Deframer::default();
        let mut events = Vec::new();
        for (frame, mut piece) in (1..).zip(stream.chunks(size)) {
            while let Some(event) = deframer.next(&mut piece, moment(frame)) {
                events.push((event, deframer.body().to_vec()));
            }
        }
        events
    }

    fn read(stream: &[u8], size: usize) -> Vec<Event> {
        let events = read_with_bodies(stream, size).into_iter();
        events.map(|(event, _)| event).collect()
    }

    fn messages(stream: &[u8], size: usize) -> Vec<(u8, Vec<u8>, u64, u64)> {
        let message = |(event, body): (Event, Vec<u8>)| match event {
            Event::Message(m) => Some((m.kind, body, m.first.frame.get(), m.last.frame.get())),
            _ => None,
        };
        let events = read_with_bodies(stream, size).into_iter();
        events.filter_map(message).collect()
    }

    #[test]
    fn a_hello_over_two_records_is_one_message() {
        let hello = message(1, &[7; 50]);
        let stream = [record(22, &hello[..20]), record(22, &hello[20..])].concat();
        for size in [1, 2, 3, 7, 25, 64] {
            let found = messages(&stream, size);
            assert_eq!(found.len(), 1, "in pieces of {size}");
            assert_eq!((found[0].0, found[0].1.as_slice()), (1, &[7; 50][..]));
            assert_eq!(
                (found[0].2, found[0].3),
                (1, stream.len().div_ceil(size) as u64)
            );
        }
    }

    #[test]
    fn two_messages_in_one_record_are_two_and_the_tail_goes_on_in_the_next() {
        let certificate = message(11, &[9; 900]);
        let stream = [
            record(
                22,
                &[message(2, &[1; 70]), certificate[..100].to_vec()].concat(),
            ),
            record(
                22,
                &[certificate[100..].to_vec(), message(14, &[])].concat(),
            ),
        ]
        .concat();
        for size in [1, 10, 2000] {
            let kinds: Vec<u8> = messages(&stream, size).iter().map(|m| m.0).collect();
            assert_eq!(kinds, [2, 11, 14], "in pieces of {size}");
        }
    }

    #[test]
    fn application_data_ends_each_record_and_an_alert_is_read() {
        let stream = [record(23, &[0; 50]), record(23, &[]), record(21, &[2, 40])].concat();
        let events = read(&stream, 8);
        assert!(matches!(
            events[0],
            Event::Record {
                content: ContentType::ApplicationData,
                len: 50,
                ..
            }
        ));
        assert!(matches!(
            events.last(),
            Some(Event::Alert {
                level: 2,
                description: 40,
                ..
            })
        ));
        assert_eq!(events.len(), 6);
    }

    #[test]
    fn a_protected_handshake_record_is_not_read_as_messages() {
        let mut deframer = Deframer::default();
        deframer.protect();
        let stream = record(22, &[0; 40]);
        let mut input = stream.as_slice();
        let mut events = Vec::new();
        while let Some(event) = deframer.next(&mut input, moment(1)) {
            events.push(event);
        }
        assert_eq!(events.len(), 2);
    }

    #[test]
    fn what_is_no_record_is_given_back() {
        let mut deframer = Deframer::default();
        let mut input = &b"220 mail.example"[..];
        let Some(Event::NotTls(head)) = deframer.next(&mut input, moment(1)) else {
            panic!("taken for a record");
        };
        assert_eq!(&*head, b"220 m");
        assert_eq!(input, b"ail.example");
    }

    #[test]
    fn a_gap_within_a_body_is_passed_over_and_one_over_a_head_is_not() {
        let mut deframer = Deframer::default();
        let stream = record(22, &message(11, &[0; 500]));
        let (mut before, mut after) = (&stream[..100], &stream[300..]);
        while deframer.next(&mut before, moment(1)).is_some() {}
        assert_eq!(deframer.skip(200, moment(2)), Ok(()));
        let mut kinds = Vec::new();
        while let Some(event) = deframer.next(&mut after, moment(3)) {
            if let Event::Message(message) = event {
                kinds.push(message.kind);
            }
        }
        assert_eq!(kinds, [11]);
        assert_eq!(deframer.skip(1, moment(4)), Err(Lost));
    }

    #[test]
    fn a_hello_cut_within_its_head_ends_with_its_record() {
        let mut deframer = Deframer::default();
        let stream = record(22, &message(1, &[7; 50]));
        let mut captured = &stream[..8];
        while deframer.next(&mut captured, moment(1)).is_some() {}
        let missing = u32::try_from(stream.len() - 8).unwrap();
        assert_eq!(deframer.skip(missing, moment(1)), Ok(()));
        let event = deframer.next(&mut &[][..], moment(1));
        assert!(matches!(
            event,
            Some(Event::Message(Message { kind: 1, .. }))
        ));
    }

    #[test]
    fn an_ssl_2_hello_is_read_whole() {
        let mut stream = vec![0x80, 0x2e, 1, 3, 1];
        stream.resize(0x30, 0);
        assert_eq!(
            read(&stream, 20).last(),
            Some(&Event::V2Hello {
                first: moment(1),
                last: moment(3),
                version: 0x0301
            })
        );
    }

    #[test]
    fn mutated_streams_never_panic() {
        let hello = message(1, &[7; 50]);
        let stream = [record(22, &hello), record(20, &[1]), record(23, &[5; 30])].concat();
        for at in 0..stream.len() {
            for value in [0, 1, 2, 3, 0x16, 0x7f, 0x80, 0xff] {
                let mut mutant = stream.clone();
                mutant[at] = value;
                for size in [1, 13, 200] {
                    read(&mutant, size);
                }
            }
        }
    }
}
