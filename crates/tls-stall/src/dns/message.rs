//! A DNS message as far as it can be read (RFC 1035, section 4.1).

use std::fmt;
use std::net::IpAddr;

use dns_parser::{RData, Type};
use smallvec::SmallVec;

use super::name::Spelling;
use super::{Name, RecordType};

const HEADER_LEN: usize = 12;

/// More questions than any message has that a host waits for; mDNS asks a dozen at once.
const MAX_QUESTIONS: usize = 32;

/// Answers kept of one message; what a larger one has beyond is passed over.
const MAX_RECORDS: usize = 256;

/// A message: its header, its questions and the records of its answer section.
///
/// Whatever comes after a damaged or missing byte is left out and `cut` is set, so that a frame
/// that the capturer cut still shows what was asked. Records of unknown type are passed over by
/// their length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    bytes: &'a [u8],
    pub(crate) id: u16,
    pub(crate) is_response: bool,
    /// 0 for a query, the only one that this room is after.
    pub(crate) opcode: u8,
    /// TC: there was more than fits in a datagram.
    pub(crate) truncated: bool,
    /// With the upper bits of an OPT record (RFC 6891, section 6.1.3), where it was read.
    pub(crate) rcode: Rcode,
    /// One, almost always.
    pub(crate) questions: SmallVec<[Question; 1]>,
    pub(crate) answers: SmallVec<[ResourceRecord<'a>; 2]>,
    /// As the header says.
    pub(crate) answer_count: u16,
    /// As the header says.
    pub(crate) authority_count: u16,
    /// Whether less could be read than the header announces.
    pub(crate) cut: bool,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) name: Spelling,
    pub(crate) record_type: RecordType,
}

/// One record of the answer section; its name and data are read when they are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ResourceRecord<'a> {
    owner_at: usize,
    pub(crate) record_type: RecordType,
    ttl: u32,
    data_at: usize,
    pub(crate) data: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads what can be read of `bytes`; `None` without a whole header.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (header, _) = bytes.split_first_chunk::<HEADER_LEN>()?;
        let [id_high, id_low, flags, more_flags, counts @ ..] = *header;
        let mut counts = counts.chunks_exact(2).map(|count| match *count {
            [high, low] => u16::from_be_bytes([high, low]),
            _ => 0,
        });
        let mut next_count = || counts.next().unwrap_or(0);
        let question_count = next_count();
        let mut message = Self {
            bytes,
            id: u16::from_be_bytes([id_high, id_low]),
            is_response: flags & 0x80 != 0,
            opcode: (flags >> 3) & 0xf,
            truncated: flags & 0x02 != 0,
            rcode: Rcode(u16::from(more_flags & 0xf)),
            questions: SmallVec::new(),
            answers: SmallVec::new(),
            answer_count: next_count(),
            authority_count: next_count(),
            cut: false,
        };
        let additional_count = next_count();
        message.cut = message
            .read_body(question_count, additional_count)
            .is_none();
        Some(message)
    }

    /// Whether the answer section has a record of `record_type`, or may have had one that was cut.
    pub(crate) fn answers_with(&self, record_type: RecordType) -> bool {
        let found = self
            .answers
            .iter()
            .any(|record| record_type == RecordType::ANY || record.record_type == record_type);
        let unread = self.answers.len() < usize::from(self.answer_count);
        found || (unread && !self.truncated)
    }

    /// The name that `record` is about.
    pub(crate) fn owner(&self, record: &ResourceRecord<'_>) -> Option<Name> {
        Some(Name::read(self.bytes, record.owner_at)?.0)
    }

    /// The address in an A or AAAA record.
    pub(crate) fn address(&self, record: &ResourceRecord<'_>) -> Option<IpAddr> {
        if !matches!(record.record_type, RecordType::A | RecordType::AAAA) {
            return None;
        }
        let kind = Type::parse(record.record_type.0).ok()?;
        match RData::parse(kind, record.data, self.bytes).ok()? {
            RData::A(record) => Some(IpAddr::V4(record.0)),
            RData::AAAA(record) => Some(IpAddr::V6(record.0)),
            _ => None,
        }
    }

    /// The name that a PTR, CNAME, DNAME or SRV record leads to.
    pub(crate) fn target(&self, record: &ResourceRecord<'_>) -> Option<Name> {
        let at = match record.record_type {
            RecordType::PTR | RecordType::CNAME | RecordType::DNAME => record.data_at,
            // Priority, weight and port come first (RFC 2782).
            RecordType::SRV => record.data_at.checked_add(6)?,
            _ => return None,
        };
        // Not dns-parser's: it refuses labels that are not ASCII, and follows pointers by the
        // thousand for each record.
        Some(Name::read(self.bytes, at)?.0)
    }

    /// `None` where the bytes end before what the header announces.
    fn read_body(&mut self, question_count: u16, additional_count: u16) -> Option<()> {
        let mut at = HEADER_LEN;
        for _ in 0..question_count {
            let (question, end) = read_question(self.bytes, at)?;
            at = end;
            if self.questions.len() < MAX_QUESTIONS {
                self.questions.push(question);
            }
        }
        if !self.is_response {
            // What a query carries beyond its questions says nothing about the lookup.
            return self.bytes.get(at..).map(|_| ());
        }
        for _ in 0..self.answer_count {
            let (record, end) = read_record(self.bytes, at)?;
            at = end;
            if self.answers.len() < MAX_RECORDS {
                self.answers.push(record);
            }
        }
        for _ in 0..u32::from(self.authority_count).saturating_add(u32::from(additional_count)) {
            let (record, end) = read_record(self.bytes, at)?;
            at = end;
            if record.record_type == RecordType::OPT {
                let [upper, ..] = record.ttl.to_be_bytes();
                self.rcode.0 |= u16::from(upper) << 4;
            }
        }
        Some(())
    }
}

fn read_question(bytes: &[u8], at: usize) -> Option<(Question, usize)> {
    let (name, end) = Spelling::read(bytes, at)?;
    // A frame may end within the class: the question is there all the same.
    let (type_code, _) = bytes.get(end..)?.split_first_chunk::<2>()?;
    let question = Question {
        name,
        record_type: RecordType(u16::from_be_bytes(*type_code)),
    };
    Some((question, end.checked_add(4)?))
}

fn read_record(bytes: &[u8], at: usize) -> Option<(ResourceRecord<'_>, usize)> {
    let fixed_at = Name::skip(bytes, at)?;
    let (fixed, rest) = bytes.get(fixed_at..)?.split_first_chunk::<10>()?;
    let [
        type_0,
        type_1,
        _,
        _,
        ttl_0,
        ttl_1,
        ttl_2,
        ttl_3,
        len_0,
        len_1,
    ] = *fixed;
    let data_at = fixed_at.checked_add(fixed.len())?;
    let data = rest.get(..usize::from(u16::from_be_bytes([len_0, len_1])))?;
    let record = ResourceRecord {
        owner_at: at,
        record_type: RecordType(u16::from_be_bytes([type_0, type_1])),
        ttl: u32::from_be_bytes([ttl_0, ttl_1, ttl_2, ttl_3]),
        data_at,
        data,
    };
    Some((record, data_at.checked_add(data.len())?))
}

/// A response code (RFC 1035, section 4.1.1; RFC 6895).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Rcode(pub(crate) u16);

impl Rcode {
    pub(crate) const NOERROR: Self = Self(0);
    pub(crate) const NXDOMAIN: Self = Self(3);
    pub(crate) const REFUSED: Self = Self(5);
}

/// `NXDOMAIN`, or `RCODE12` where the number has no name.
impl fmt::Display for Rcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self.0 {
            0 => "NOERROR",
            1 => "FORMERR",
            2 => "SERVFAIL",
            3 => "NXDOMAIN",
            4 => "NOTIMP",
            5 => "REFUSED",
            6 => "YXDOMAIN",
            7 => "YXRRSET",
            8 => "NXRRSET",
            9 => "NOTAUTH",
            10 => "NOTZONE",
            16 => "BADVERS",
            23 => "BADCOOKIE",
            other => return f.pad(&format!("RCODE{other}")),
        })
    }
}
