//! The pcap format: a file header, then records (draft-ietf-opsawg-pcap).

use pcap_parser::parse_pcap_header;

use super::byte_order::{ByteOrder, in_memory};
use super::faults::Damage;
use super::link_type::LinkType;
use super::record::{Need, Packet, Step};
use super::resync::{Link, Records};
use crate::time::Timestamp;

/// The length of the file header.
pub(super) const HEADER_LEN: usize = 24;

/// The most bytes that are believed to have been captured of one packet (1 MiB).
///
/// libpcap keeps at most 256 KiB, and Linux passes at most 512 KiB through an interface at once. The
/// bound is what tells damage: nothing else in a record contradicts a wrong length, and a higher one
/// would take good records for a part of the packet.
pub(super) const MAX_CAPTURED_LEN: u32 = 1024 * 1024;

/// The big-endian form of the "modified" format, which pcap-parser knows only as little-endian.
const MODIFIED_BIG_ENDIAN: [u8; 4] = [0xa1, 0xb2, 0xcd, 0x34];
const STANDARD_BIG_ENDIAN: [u8; 4] = [0xa1, 0xb2, 0xc3, 0xd4];

/// Where in a record its captured length stands.
const CAPTURED_LEN_AT: usize = 8;

/// How far apart the times of neighbouring records are where they have to be told from other bytes.
const MAX_GAP_S: u32 = 24 * 60 * 60;

/// The bit of the header's link type that says that packets end in a check sequence.
const HAS_CHECK_SEQUENCE: u32 = 1 << 26;

/// A pcap file, as its header describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pcap {
    order: ByteOrder,
    nanos_per_unit: i64,
    record_header_len: usize,
    link_type: LinkType,
    /// With how many bytes of check sequence each packet ends.
    check_sequence_len: u8,
    /// The time of the last record, in whole seconds.
    last_seconds: Option<u32>,
}

impl Pcap {
    /// Whether `head` begins with one of the format's magic numbers: microseconds or nanoseconds,
    /// or Alexey Kuznetsov's "modified" format, all in either byte order.
    pub(super) fn recognises(head: &[u8]) -> bool {
        let Some(magic) = head.first_chunk::<4>() else {
            return false;
        };
        let standard_order = matches!(
            u32::from_le_bytes(*magic),
            0xa1b2_c3d4 | 0xa1b2_3c4d | 0xa1b2_cd34
        );
        let swapped = matches!(
            u32::from_be_bytes(*magic),
            0xa1b2_c3d4 | 0xa1b2_3c4d | 0xa1b2_cd34
        );
        standard_order || swapped
    }

    /// Reads a file header.
    pub(super) fn parse(mut header: [u8; HEADER_LEN]) -> Option<Self> {
        let modified_big_endian = header.starts_with(&MODIFIED_BIG_ENDIAN);
        if modified_big_endian {
            // But for its magic number, the header is the standard one.
            let (magic, _) = header.split_first_chunk_mut::<4>()?;
            *magic = STANDARD_BIG_ENDIAN;
        }
        let (_, header) = parse_pcap_header(&header).ok()?;
        let modified = modified_big_endian || header.is_modified_format();
        let network = u32::from_be_bytes(header.network.0.to_be_bytes());
        let from_aix = (header.version_major, header.version_minor) == (2, 2);
        let aix_link_type = aix_link_type(network).filter(|_| from_aix);
        // The upper half tells the length of the frame check sequence, if there is one, in 16-bit
        // words.
        let [words, _, link_type @ ..] = network.to_be_bytes();
        let has_check_sequence = aix_link_type.is_none() && network & HAS_CHECK_SEQUENCE != 0;
        Some(Self {
            order: if header.is_bigendian() {
                ByteOrder::Big
            } else {
                ByteOrder::Little
            },
            nanos_per_unit: if header.is_nanosecond_precision() || aix_link_type.is_some() {
                1
            } else {
                1000
            },
            // The modified format adds the interface, the protocol and the packet type.
            record_header_len: if modified { 24 } else { 16 },
            link_type: aix_link_type.unwrap_or(LinkType(u16::from_be_bytes(link_type))),
            check_sequence_len: if has_check_sequence {
                (words >> 4).saturating_mul(2)
            } else {
                0
            },
            last_seconds: None,
        })
    }

    /// Tells what the record at the front of `bytes` is.
    pub(super) fn step(&mut self, bytes: &[u8]) -> Step {
        let header_len = self.record_header_len;
        let fields = bytes.as_chunks::<4>().0;
        let (&[seconds, fraction, captured, wire_len, ..], true) =
            (fields, bytes.len() >= header_len)
        else {
            return Step::Need(Need::AtLeast(header_len));
        };
        let [seconds, fraction, captured, wire_len] =
            [seconds, fraction, captured, wire_len].map(|field| self.order.u32(field));
        if captured > MAX_CAPTURED_LEN {
            return Step::Stop(Damage::PacketLength(captured));
        }
        let len = header_len.saturating_add(in_memory(captured));
        if bytes.len() < len {
            return Step::Need(Need::Exactly(len));
        }
        self.last_seconds = Some(seconds);
        let packet = Packet {
            len,
            data: header_len..len,
            time: self.time(seconds, fraction),
            link_type: self.link_type,
            interface: 0,
            wire_len: wire_len.max(captured),
        };
        Step::Packet(packet.without_check_sequence(self.check_sequence_len))
    }

    /// The moment `seconds` and `fraction` after 1970; a fraction of a second or more is carried.
    fn time(&self, seconds: u32, fraction: u32) -> Timestamp {
        let fraction = i64::from(fraction).saturating_mul(self.nanos_per_unit);
        let nanos = i64::from(seconds).saturating_mul(1_000_000_000);
        Timestamp::from_nanos(nanos.saturating_add(fraction))
    }
}

/// A record is believed whose time is near the one before, whose fraction is one of a second, and
/// whose packet was neither empty nor longer than on the wire. One place in 10^15 of random bytes
/// looks like that, and one in 10^30 like two in a row.
impl Records for Pcap {
    type Trace = Option<u32>;

    fn trace(&self) -> Option<u32> {
        self.last_seconds
    }

    /// One, if there is a time to which it has to be near.
    fn enough_at_end(&self) -> usize {
        if self.last_seconds.is_some() { 1 } else { 2 }
    }

    fn link(&self, bytes: &[u8], before: Option<u32>) -> Link<Option<u32>> {
        let field = |at| self.order.u32_at(bytes, at);
        let (Some(seconds), Some(fraction), Some(captured), Some(wire_len)) =
            (field(0), field(4), field(CAPTURED_LEN_AT), field(12))
        else {
            return Link::Need(self.record_header_len);
        };
        let is_near = before.is_none_or(|before| before.abs_diff(seconds) <= MAX_GAP_S);
        let nanos = i64::from(fraction).saturating_mul(self.nanos_per_unit);
        let is_sane = (1..=wire_len).contains(&captured) && wire_len <= MAX_CAPTURED_LEN;
        if !is_near || !is_sane || nanos >= 1_000_000_000 {
            return Link::No;
        }
        let len = self.record_header_len.saturating_add(in_memory(captured));
        Link::Record(len, Some(seconds))
    }
}

/// The link type that a file of AIX means, whose libpcap wrote the numbers of interface types (RFC
/// 1573), called its format 2.2, and counted nanoseconds under the magic number of microseconds.
fn aix_link_type(network: u32) -> Option<LinkType> {
    Some(match network {
        6 => LinkType::ETHERNET,
        // Token ring and FDDI.
        9 => LinkType(6),
        15 => LinkType(10),
        24 => LinkType::NULL,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{
        MICROSECONDS, MODIFIED, NANOSECONDS, Seen, only, pcap_header, read, read_faultless, record,
        record_claiming,
    };
    use super::ByteOrder::{Big, Little};
    use super::*;
    use crate::notice::NoticeCode;

    fn seen(nanos: i64, data: &[u8]) -> Seen {
        Seen {
            number: 1,
            nanos,
            link_type: LinkType::ETHERNET,
            interface: 0,
            wire_len: u32::try_from(data.len()).unwrap(),
            data: data.to_vec(),
        }
    }

    #[test]
    fn microseconds_and_nanoseconds_are_read_exactly_in_both_byte_orders() {
        for order in [Little, Big] {
            for (magic, nanos) in [
                (MICROSECONDS, 1_429_672_269_123_456_000),
                (NANOSECONDS, 1_429_672_269_000_123_456),
            ] {
                let mut file = pcap_header(order, magic, 1);
                file.extend(record(order, 1_429_672_269, 123_456, b"abc"));
                assert_eq!(read_faultless(&file), [seen(nanos, b"abc")]);
            }
        }
    }

    #[test]
    fn the_modified_format_has_longer_record_headers_in_both_byte_orders() {
        for order in [Little, Big] {
            let mut file = pcap_header(order, MODIFIED, 1);
            for _ in 0..2 {
                file.extend(record_claiming(
                    order,
                    [7, 0, 3, 3],
                    b"\x02\0\0\0\x08\0\0\0abc",
                ));
            }
            let frames = read_faultless(&file);
            assert_eq!(frames.len(), 2);
            assert_eq!(frames[0], seen(7_000_000_000, b"abc"));
        }
    }

    #[test]
    fn times_up_to_2106_and_fractions_of_more_than_a_second_are_carried() {
        let mut file = pcap_header(Little, MICROSECONDS, 1);
        file.extend(record(Little, 10, 999_999_999, b""));
        file.extend(record(Little, u32::MAX, u32::MAX, b""));
        let frames = read_faultless(&file);
        assert_eq!(frames[0].nanos, 1_009_999_999_000);
        assert_eq!(
            frames[1].nanos,
            4_294_967_295_000_000_000 + 4_294_967_295_000
        );
    }

    #[test]
    fn a_check_sequence_is_no_part_of_the_packet() {
        // Two 16-bit words.
        let mut file = pcap_header(Big, MICROSECONDS, 0x2400_0001);
        file.extend(record(Big, 0, 0, b"abcFCS4"));
        // Cut within the sequence, and before it.
        file.extend(record_claiming(Big, [0, 0, 5, 7], b"abcFC"));
        file.extend(record_claiming(Big, [0, 0, 2, 7], b"ab"));
        // Shorter than the sequence.
        file.extend(record(Big, 0, 0, b"ab"));
        let frames = read_faultless(&file);
        let facts: Vec<_> = frames
            .iter()
            .map(|f| (f.data.as_slice(), f.wire_len))
            .collect();
        assert_eq!(facts, [(&b"abc"[..], 3), (b"abc", 3), (b"ab", 3), (b"", 0)]);
        assert!(
            frames
                .iter()
                .all(|frame| frame.link_type == LinkType::ETHERNET)
        );
    }

    #[test]
    fn a_file_of_aix_has_link_types_and_a_clock_of_its_own() {
        for (network, link_type) in [(6, LinkType::ETHERNET), (24, LinkType::NULL)] {
            let mut file = pcap_header(Big, MICROSECONDS, network);
            file[6..8].copy_from_slice(&[0, 2]);
            file.extend(record(Big, 7, 999_999_999, b"abc"));
            let frames = read_faultless(&file);
            assert_eq!(frames[0].link_type, link_type);
            assert_eq!(frames[0].nanos, 7_999_999_999);
        }
        // The same version, of an old libpcap.
        let mut file = pcap_header(Big, MICROSECONDS, 1);
        file[6..8].copy_from_slice(&[0, 2]);
        file.extend(record(Big, 7, 5, b"abc"));
        assert_eq!(read_faultless(&file)[0].nanos, 7_000_005_000);
    }

    #[test]
    fn a_packet_that_was_cut_keeps_its_length_on_the_wire() {
        let mut file = pcap_header(Little, MICROSECONDS, 1);
        file.extend(record_claiming(Little, [0, 0, 3, 1514], b"abc"));
        file.extend(record_claiming(Little, [0, 0, 3, 0], b"abc"));
        let frames = read_faultless(&file);
        assert_eq!((frames[0].wire_len, frames[0].data.len()), (1514, 3));
        assert_eq!((frames[1].wire_len, frames[1].data.len()), (3, 3));
    }

    #[test]
    fn a_packet_of_70000_bytes_is_a_packet() {
        let data = vec![0x5a; 70_000];
        let mut file = pcap_header(Little, MICROSECONDS, 1);
        file.extend(record(Little, 0, 0, &data));
        assert_eq!(read_faultless(&file), [seen(0, &data)]);
    }

    #[test]
    fn a_header_alone_is_a_capture_without_frames() {
        assert_eq!(read_faultless(&pcap_header(Little, NANOSECONDS, 1)), []);
    }

    #[test]
    fn an_absurd_captured_length_ends_the_reading_and_is_said() {
        for captured in [MAX_CAPTURED_LEN + 1, u32::MAX] {
            let mut file = pcap_header(Little, MICROSECONDS, 1);
            file.extend(record(Little, 0, 0, b"abcd"));
            file.extend(record_claiming(Little, [0, 0, captured, 4], b"abcd"));
            file.extend([0x5a; 40]);
            let (frames, notices) = read(&file);
            assert_eq!(frames.len(), 1);
            let message = format!(
                "reading stopped before frame 2 (offset 44): it claims a packet of {captured} bytes"
            );
            assert_eq!(
                only(&notices),
                (NoticeCode::BlockDamaged, Some(2), message.as_str())
            );
        }
    }

    #[test]
    fn an_absurd_first_record_is_said_and_gives_no_frame() {
        let mut file = pcap_header(Big, MICROSECONDS, 1);
        file.extend(record_claiming(Big, [0, 0, u32::MAX, 4], b"abcd"));
        let (frames, notices) = read(&file);
        assert_eq!(frames, []);
        assert_eq!(only(&notices).1, Some(1));
    }

    #[test]
    fn a_cut_says_in_which_frame_and_how_many_bytes_are_missing() {
        let mut file = pcap_header(Little, MICROSECONDS, 1);
        file.extend(record(Little, 0, 0, b"abcd"));
        file.extend(record(Little, 0, 0, b"efgh"));
        let cut_in_data = &file[..file.len() - 1];
        let (frames, notices) = read(cut_in_data);
        assert_eq!(frames.len(), 1);
        assert_eq!(
            only(&notices),
            (
                NoticeCode::CaptureCutShort,
                Some(2),
                "the file ends within frame 2 (offset 63): 1 byte missing"
            )
        );
        let (_, notices) = read(&file[..50]);
        assert_eq!(
            only(&notices).2,
            "the file ends within frame 2 (offset 50): at least 10 bytes missing"
        );
    }
}
