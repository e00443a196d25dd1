//! The format of Microsoft's Network Monitor: frames, then a table of where they stand.
//!
//! The table comes last, and a pipe cannot be read from its end; so the frames are read as they stand
//! one after the other, as every known writer puts them, and held to the table when it comes.
//! Version 2 is described in the help of Network Monitor 3; version 1 as Wireshark's `wiretap` reads it.

use std::ops::Range;

use super::byte_order::{ByteOrder::Little, in_memory};
use super::faults::Damage;
use super::link_type::LinkType;
use super::pcap::MAX_CAPTURED_LEN;
use super::record::{Need, Packet, Step};
use crate::time::{Span, Timestamp};

/// The length of the file header of Network Monitor 3, the shortest.
pub(super) const HEADER_LEN: usize = 72;

/// The length to which older versions, and Wireshark, pad it with zeros.
const PADDED_HEADER_LEN: u64 = 128;

/// From 1601-01-01, where the time of Windows begins, to 1970-01-01, in units of 100 ns.
const WINDOWS_EPOCH: i64 = 116_444_736_000_000_000;

/// A Network Monitor file, as its header describes it, and how far its frames agree with its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NetMon {
    major: u8,
    minor: u8,
    network: u16,
    /// By the clock on the wall of whoever captured, in a zone that is not told: taken for UTC.
    start: Timestamp,
    /// Where in the file the table of frames is.
    table: Range<u64>,
    /// Of the frames read, and of those in the table.
    read: Places,
    listed: Places,
    complete: bool,
}

/// How many frames there are, and the sum of their places in the file: what two lists of them have in
/// common, without keeping either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Places {
    count: u64,
    sum: u64,
}

impl Places {
    const fn add(&mut self, offset: u64) {
        self.count = self.count.wrapping_add(1);
        self.sum = self.sum.wrapping_add(offset);
    }
}

impl NetMon {
    pub(super) fn recognises(head: &[u8]) -> bool {
        head.starts_with(b"RTSS") || head.starts_with(b"GMBU")
    }

    /// Reads a file header; the version is the error where it is one that is not read.
    pub(super) fn parse(header: [u8; HEADER_LEN]) -> Result<Self, [u8; 2]> {
        let [_, _, _, _, minor, major, ..] = header;
        if !matches!(major, 1 | 2) {
            return Err([major, minor]);
        }
        let short = |at| Little.u16_at(&header, at).unwrap_or_default();
        let long = |at| u64::from(Little.u32_at(&header, at).unwrap_or_default());
        let date = [short(8), short(10), short(14)];
        let clock = [short(16), short(18), short(20), short(22)];
        let (at, len) = (long(24), long(28));
        // A program that was killed has not written the table, nor where it is.
        let table = match at {
            0 => u64::MAX..u64::MAX,
            at => at..at.saturating_add(len),
        };
        Ok(Self {
            major,
            minor,
            network: short(6),
            start: moment(date, clock),
            complete: table.is_empty(),
            table,
            read: Places::default(),
            listed: Places::default(),
        })
    }

    /// Whether a file that ends here is whole.
    pub(super) const fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether what stands `offset` bytes into the file is a frame.
    pub(super) const fn is_within_frames(&self, offset: u64) -> bool {
        offset < self.table.start
    }

    /// Tells what the record at the front of `bytes`, `offset` bytes into the file, is.
    pub(super) fn step(&mut self, bytes: &[u8], offset: u64) -> Step {
        if offset < self.table.start {
            self.frame(bytes, offset)
        } else if offset < self.table.end {
            self.entries(bytes, offset)
        } else if self.complete && self.listed != self.read {
            // Said at the table's end, whatever the pieces in which it was read; and once.
            self.listed = self.read;
            let damage = Some(Damage::FrameTable);
            Step::Skip { len: 0, damage }
        } else if bytes.is_empty() {
            Step::Need(Need::AtLeast(1))
        } else {
            // Comments, processes and the like.
            let len = bytes.len();
            Step::Skip { len, damage: None }
        }
    }

    fn frame(&mut self, bytes: &[u8], offset: u64) -> Step {
        let header_len: usize = if self.major == 1 { 8 } else { 16 };
        let Some(header) = bytes.get(..header_len) else {
            return Step::Need(Need::AtLeast(header_len));
        };
        let long = |at| Little.u32_at(header, at).unwrap_or_default();
        let short = |at| u32::from(Little.u16_at(header, at).unwrap_or_default());
        let (wire_len, captured) = match self.major {
            1 => (short(4), short(6)),
            _ => (long(8), long(12)),
        };
        let start: u64 = u64::try_from(HEADER_LEN).unwrap_or_default();
        let is_padding = self.major == 1 || (wire_len, captured) == (0, 0);
        if offset == start && is_padding && self.table.start >= PADDED_HEADER_LEN {
            let len = usize::try_from(PADDED_HEADER_LEN.saturating_sub(start)).unwrap_or_default();
            if bytes.len() < len {
                return Step::Need(Need::AtLeast(len));
            }
            return Step::Skip { len, damage: None };
        }
        if captured > MAX_CAPTURED_LEN {
            return Step::Stop(Damage::PacketLength(captured));
        }
        let end = header_len.saturating_add(in_memory(captured));
        let len = end.saturating_add(self.trailer_len());
        let next = offset.saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
        if next > self.table.start {
            return Step::Stop(Damage::FrameTable);
        }
        let (Some(record), true) = (bytes.get(..len), len <= bytes.len()) else {
            return Step::Need(Need::Exactly(len));
        };
        self.read.add(offset);
        let trailer = record.get(end..).unwrap_or_default();
        let network = Little.u16_at(trailer, 0).unwrap_or(self.network);
        let data = header_len..end;
        let radio = radio_header(network, record.get(data.clone()).unwrap_or_default());
        Step::Packet(Packet {
            len,
            time: self.time(header, trailer),
            link_type: link_type(network),
            interface: 0,
            wire_len: wire_len
                .max(captured)
                .saturating_sub(u32::try_from(radio).unwrap_or_default()),
            data: data.start.saturating_add(radio)..data.end,
        })
    }

    /// What stands behind a frame: from version 2.1 on its network, then its process, then its time.
    const fn trailer_len(&self) -> usize {
        match (self.major, self.minor) {
            (1, _) | (_, 0) => 0,
            (_, 1) => 2,
            (_, 2) => 6,
            _ => 15,
        }
    }

    fn time(&self, header: &[u8], trailer: &[u8]) -> Timestamp {
        if let Some(&utc) = trailer.get(6..).and_then(<[u8]>::first_chunk) {
            let ticks = Little.i64(utc).saturating_sub(WINDOWS_EPOCH);
            return Timestamp::from_nanos(ticks.saturating_mul(100));
        }
        let since = match header.first_chunk() {
            // Signed: frames may be older than the capture's start.
            Some(&micros) if self.major > 1 => Little.i64(micros).saturating_mul(1000),
            _ => i64::from(Little.u32_at(header, 0).unwrap_or_default()).saturating_mul(1_000_000),
        };
        self.start.plus(Span::from_nanos(since))
    }

    /// Reads entries of the table.
    fn entries(&mut self, bytes: &[u8], offset: u64) -> Step {
        let left = self.table.end.saturating_sub(offset);
        let room = usize::try_from(left).unwrap_or(usize::MAX);
        let within = bytes.get(..room).unwrap_or(bytes);
        let (entries, rest) = within.as_chunks::<4>();
        if entries.is_empty() && within.len() < room {
            return Step::Need(Need::AtLeast(room.min(4)));
        }
        for entry in entries {
            self.listed.add(u32::from_le_bytes(*entry).into());
        }
        // Where its length is odd, what is left over belongs to nothing.
        let ends = within.len() == room;
        let len = if ends {
            room
        } else {
            within.len().saturating_sub(rest.len())
        };
        self.complete |= ends;
        Step::Skip { len, damage: None }
    }
}

/// The link type of a network, by the format's own numbers.
fn link_type(network: u16) -> LinkType {
    match network {
        // Version 3.4 gives the frames of some VPNs 0.
        0 | 1 => LinkType::ETHERNET,
        2 => LinkType(6),
        3 => LinkType(10),
        6 => LinkType(105),
        // Tunnels, mobile networks, raw IP.
        7..=9 => LinkType(101),
        0xe000..=0xefff => LinkType(network & 0x0fff),
        // The program's own notes too, which are numbered as frames.
        other => LinkType(other),
    }
}

/// How long what the program puts in front of a frame of Wi-Fi is: a version, then its length.
fn radio_header(network: u16, data: &[u8]) -> usize {
    let len = match network {
        6 => Little.u16_at(data, 1).unwrap_or_default(),
        _ => 0,
    };
    usize::from(len).min(data.len())
}

/// The moment of a date (year, month, day) and a time of day (to the millisecond), in UTC; where it is
/// none, the nearest there is.
fn moment(date: [u16; 3], clock: [u16; 4]) -> Timestamp {
    let [year, month, day] = date.map(i64::from);
    let [hour, minute, second, milli] = clock.map(i64::from);
    // Days since 1970-01-01 in years that begin in March, so that the leap day is a year's last.
    let months = month.saturating_add(9).rem_euclid(12);
    let year = year.saturating_sub(i64::from(months >= 10));
    let of_years = year
        .saturating_mul(365)
        .saturating_add(year.div_euclid(4))
        .saturating_sub(year.div_euclid(100))
        .saturating_add(year.div_euclid(400));
    let of_months = months.saturating_mul(153).saturating_add(2).div_euclid(5);
    let days = of_years
        .saturating_add(of_months)
        .saturating_add(day)
        .saturating_sub(719_469);
    let seconds = days
        .saturating_mul(24)
        .saturating_add(hour)
        .saturating_mul(60)
        .saturating_add(minute)
        .saturating_mul(60)
        .saturating_add(second);
    let millis = seconds.saturating_mul(1000).saturating_add(milli);
    Timestamp::from_nanos(millis.saturating_mul(1_000_000))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Bytes, Seen, only, read, read_faultless};
    use super::*;
    use crate::{CaptureReader, NoticeCode, ReadErrorKind};

    /// 2015-04-22, a Wednesday, 03:11:09.123.
    const DATE: [u16; 8] = [2015, 4, 3, 22, 3, 11, 9, 123];
    const START: i64 = 1_429_672_269_123_000_000;

    /// A file of one version around `records`, each with its header and trailer.
    fn file(version: [u8; 2], records: &[Vec<u8>], padded: bool) -> Vec<u8> {
        let magic = if version[0] == 1 { b"RTSS" } else { b"GMBU" };
        let start = if padded { 128 } else { 72 };
        let mut places = Vec::new();
        let mut body = vec![0; start - 72];
        for record in records {
            places.push(u32::try_from(72 + body.len()).unwrap());
            body.extend(record);
        }
        let table = u32::try_from(72 + body.len()).unwrap();
        let len = u32::try_from(4 * places.len()).unwrap();
        let mut head = Bytes::new(Little).raw(magic).raw(&[version[1], version[0]]);
        head = DATE.iter().fold(head.u16(1), |head, &part| head.u16(part));
        head = head.u32(table).u32(len).raw(&[0; 40]).raw(&body);
        places.iter().fold(head, |head, &place| head.u32(place)).1
    }

    fn record(micros: u64, data: &[u8], trailer: &[u8]) -> Vec<u8> {
        let len = u32::try_from(data.len()).unwrap();
        let head = Bytes::new(Little).u64(micros).u32(len).u32(len);
        head.raw(data).raw(trailer).1
    }

    fn seen(frames: &[Seen]) -> Vec<(&[u8], i64, u16)> {
        let seen = frames.iter();
        seen.map(|it| (it.data.as_slice(), it.nanos, it.link_type.0))
            .collect()
    }

    #[test]
    fn every_version_tells_time_and_network_in_its_own_way() {
        let old = Bytes::new(Little).u32(1500).u16(3).u16(2).raw(b"ab").1;
        let due = [(&b"ab"[..], START + 1_500_000_000, 1)];
        assert_eq!(seen(&read_faultless(&file([1, 1], &[old], true))), due);

        let plain = record(1_500_000, b"ab", b"");
        for padded in [false, true] {
            let file = file([2, 0], std::slice::from_ref(&plain), padded);
            assert_eq!(seen(&read_faultless(&file)), due);
        }
        let of_raw_ip = record(1_500_000, b"ab", &[9, 0]);
        let due = [(&b"ab"[..], START + 1_500_000_000, 101)];
        assert_eq!(
            seen(&read_faultless(&file([2, 1], &[of_raw_ip], false))),
            due
        );
        // 2010-02-10T02:31:49.6223109Z, as Wireshark has it.
        let trailer = b"\x01\0\xff\xff\xff\xff\x85\x0d\xb6\x32\xf9\xa9\xca\x01\0";
        let with_time = record(7, b"ab", trailer);
        let due = [(&b"ab"[..], 1_265_769_109_622_310_900, 1)];
        assert_eq!(
            seen(&read_faultless(&file([2, 3], &[with_time], false))),
            due
        );
    }

    #[test]
    fn a_frame_of_wifi_loses_what_the_program_put_in_front_of_it() {
        let radio = record(0, b"\x02\x05\0..data", &[6, 0]);
        let frames = read_faultless(&file([2, 1], &[radio], false));
        assert_eq!(seen(&frames), [(&b"data"[..], START, 105)]);
        assert_eq!(frames[0].wire_len, 4);
    }

    #[test]
    fn a_frame_may_be_older_than_the_start() {
        let early = record((-265_000_i64).cast_unsigned(), b"x", b"");
        let frames = read_faultless(&file([2, 0], &[early], false));
        assert_eq!(frames[0].nanos, START - 265_000_000);
    }

    #[test]
    fn a_table_that_lists_other_frames_is_a_notice_and_the_frames_are_given() {
        let records = [record(0, b"one", b""), record(1, b"two", b"")];
        let mut bytes = file([2, 0], &records, false);
        let last = bytes.len() - 4;
        bytes[last] += 1;
        let (frames, notices) = read(&bytes);
        assert_eq!(frames.len(), 2);
        let (code, _, message) = only(&notices);
        assert_eq!(code, NoticeCode::BlockDamaged);
        assert!(message.ends_with("its frames are not those of its table"));
    }

    #[test]
    fn a_cut_anywhere_is_told_and_frames_before_it_are_given() {
        let records = [record(0, b"one", b""), record(1, b"two", b"")];
        let whole = file([2, 0], &records, false);
        for len in 72..whole.len() {
            let (frames, notices) = read(&whole[..len]);
            let due = if len >= 110 {
                2
            } else {
                usize::from(len >= 91)
            };
            assert_eq!(frames.len(), due, "cut to {len}");
            assert_eq!(only(&notices).0, NoticeCode::CaptureCutShort, "{len}");
        }
    }

    #[test]
    fn a_file_whose_table_was_never_written_is_read_to_its_end() {
        let mut bytes = file([2, 0], &[record(0, b"one", b"")], false);
        bytes[24..32].fill(0);
        bytes.truncate(bytes.len() - 4);
        assert_eq!(read_faultless(&bytes).len(), 1);
    }

    #[test]
    fn another_version_is_refused_by_its_number() {
        let bytes = file([3, 0], &[], false);
        let error = CaptureReader::new(bytes.as_slice()).unwrap_err();
        assert_eq!(error.kind(), ReadErrorKind::UnsupportedFormat);
        assert!(error.to_string().contains("version 3.0"), "{error}");
    }

    #[test]
    fn dates_are_counted_over_leap_years() {
        let day = |date| moment(date, [0; 4]).as_nanos() / 86_400_000_000_000;
        assert_eq!(day([1970, 1, 1]), 0);
        assert_eq!(day([2000, 2, 29]), 11_016);
        assert_eq!(day([2000, 3, 1]), 11_017);
        assert_eq!(day([2026, 12, 31]), 20_818);
        // No date at all is no panic.
        let _ = moment([u16::MAX; 3], [u16::MAX; 4]);
    }
}
