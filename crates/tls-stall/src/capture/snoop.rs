//! The snoop format of Solaris: a file header, then padded records (RFC 1761).

use super::byte_order::{ByteOrder::Big, in_memory};
use super::faults::{Damage, Faults};
use super::link_type::LinkType;
use super::pcap::MAX_CAPTURED_LEN;
use super::record::{Need, Packet, Step};
use crate::time::Timestamp;

/// The length of the file header.
pub(super) const HEADER_LEN: usize = 16;

const MAGIC: &[u8; 8] = b"snoop\0\0\0";
const VERSION: u32 = 2;
const RECORD_HEADER_LEN: usize = 24;

/// The most padding that is believed after a packet; the format does not say, and Solaris pads to
/// four bytes.
const MAX_PADDING: u32 = 64;

/// A snoop file, as its header describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Snoop {
    link_type: LinkType,
    /// How many packets the capturer had lost at the last record.
    lost: u32,
}

impl Snoop {
    pub(super) fn recognises(head: &[u8]) -> bool {
        head.starts_with(MAGIC)
    }

    /// Reads a file header.
    pub(super) fn parse(header: [u8; HEADER_LEN]) -> Result<Self, UnsupportedSnoop> {
        let version = Big.u32_at(&header, 8).unwrap_or_default();
        let data_link = Big.u32_at(&header, 12).unwrap_or_default();
        let link_type = match data_link {
            // IEEE 802.3 and Ethernet.
            0 | 4 => Some(LinkType::ETHERNET),
            // Token ring and FDDI, in the numbers of pcap.
            2 => Some(LinkType(6)),
            8 => Some(LinkType(10)),
            _ => None,
        };
        match link_type {
            Some(link_type) if version == VERSION => Ok(Self { link_type, lost: 0 }),
            _ => Err(UnsupportedSnoop { version, data_link }),
        }
    }

    /// Tells what the record at the front of `bytes` is.
    pub(super) fn step(&mut self, bytes: &[u8], faults: &mut Faults) -> Step {
        let Some(header) = bytes.first_chunk::<RECORD_HEADER_LEN>() else {
            return Step::Need(Need::AtLeast(RECORD_HEADER_LEN));
        };
        let field = |at| Big.u32_at(header, at).unwrap_or_default();
        let (wire_len, captured, record_len, lost) = (field(0), field(4), field(8), field(12));
        let end = RECORD_HEADER_LEN.saturating_add(in_memory(captured));
        if captured > MAX_CAPTURED_LEN {
            return Step::Stop(Damage::PacketLength(captured));
        }
        let len = in_memory(record_len);
        if len < end || len > end.saturating_add(in_memory(MAX_PADDING)) {
            return Step::Stop(Damage::BlockLength(record_len));
        }
        if bytes.len() < len {
            return Step::Need(Need::Exactly(len));
        }
        faults.frames_lost(lost.saturating_sub(self.lost).into());
        self.lost = self.lost.max(lost);
        let seconds = i64::from(field(16)).saturating_mul(1_000_000_000);
        let micros = i64::from(field(20)).saturating_mul(1_000);
        Step::Packet(Packet {
            len,
            data: RECORD_HEADER_LEN..end,
            time: Timestamp::from_nanos(seconds.saturating_add(micros)),
            link_type: self.link_type,
            interface: 0,
            wire_len: wire_len.max(captured),
        })
    }
}

/// What a snoop file says that it is, where that is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UnsupportedSnoop {
    pub(super) version: u32,
    /// The kind of network, by the format's own numbers.
    pub(super) data_link: u32,
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Bytes, only, read, read_faultless};
    use super::*;
    use crate::{CaptureReader, NoticeCode, ReadErrorKind};

    fn header(version: u32, data_link: u32) -> Bytes {
        Bytes::new(Big).raw(MAGIC).u32(version).u32(data_link)
    }

    fn record(file: Bytes, lengths: [u32; 3], lost: u32, data: &[u8]) -> Bytes {
        let [wire_len, captured, record_len] = lengths;
        let file = file.u32(wire_len).u32(captured).u32(record_len).u32(lost);
        file.u32(10).u32(5).raw(data)
    }

    #[test]
    fn records_are_read_with_their_padding_and_their_losses() {
        let file = record(header(2, 4), [60, 3, 28], 0, b"one\0");
        let file = record(file, [3, 3, 27], 5, b"two");
        let file = record(file, [4, 4, 28], 7, b"four");
        let (frames, notices) = read(&file.1);
        let data: Vec<_> = frames
            .iter()
            .map(|f| (f.data.as_slice(), f.wire_len))
            .collect();
        assert_eq!(data, [(&b"one"[..], 60), (b"two", 3), (b"four", 4)]);
        assert_eq!(frames[0].nanos, 10_000_005_000);
        assert_eq!(frames[0].link_type, LinkType::ETHERNET);
        let message = "the capturer says that it lost 7 frames";
        assert_eq!(only(&notices), (NoticeCode::FramesLost, None, message));
    }

    #[test]
    fn a_header_alone_is_a_capture_without_frames() {
        assert_eq!(read_faultless(&header(2, 0).1), []);
    }

    #[test]
    fn another_version_or_network_is_refused_by_name() {
        for (version, data_link) in [(3, 4), (2, 9)] {
            let error = CaptureReader::new(header(version, data_link).1.as_slice()).unwrap_err();
            assert_eq!(error.kind(), ReadErrorKind::UnsupportedFormat);
            let message = format!(
                "a snoop file of version {version} and data link type {data_link}, which is not \
                 supported: save it as pcapng in Wireshark, or convert it with editcap (offset 0)"
            );
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn lengths_that_contradict_each_other_end_the_reading() {
        for lengths in [[4, 4, 27], [4, 4, 200], [4, u32::MAX, 28]] {
            let file = record(header(2, 4), lengths, 0, b"data");
            let (frames, notices) = read(&file.1);
            assert_eq!(frames, []);
            assert_eq!(only(&notices).0, NoticeCode::BlockDamaged);
        }
    }
}
