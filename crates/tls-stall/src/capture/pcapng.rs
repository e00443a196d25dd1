//! The pcapng format: blocks in sections, each section with its interfaces
//! (draft-ietf-opsawg-pcapng).

use pcap_parser::{DSB_MAGIC, EPB_MAGIC, IDB_MAGIC, ISB_MAGIC, NRB_MAGIC, SHB_MAGIC, SPB_MAGIC};

use super::asides::Asides;
use super::byte_order::{ByteOrder, in_memory};
use super::faults::{Damage, Faults};
use super::interface::Interface;
use super::options::Options;
use super::record::{Need, Packet, Step};
use super::resync::{Link, Records};
use crate::time::Timestamp;

/// The most interfaces kept of a section; frames of others cannot be read.
pub(super) const MAX_INTERFACES: usize = 65_536;

/// The longest block that is believed (16 MiB): it bounds the memory. A packet is held to its block.
pub(super) const MAX_BLOCK_LEN: u32 = 16 * 1024 * 1024;

/// The longest block that is believed where it is searched for.
const MAX_BELIEVED_LEN: usize = 1024 * 1024;

/// A block's type and length, the byte-order magic of a section header, or the closing length.
const MIN_BLOCK_LEN: u32 = 12;
const MIN_SECTION_HEADER_LEN: u32 = 28;

/// The Packet Block that the Enhanced Packet Block replaced.
const PACKET_BLOCK: u32 = 2;

/// Where in a packet block, enhanced or not, the packet begins.
const PACKET_AT: usize = 28;
/// Where in a Simple Packet Block the packet begins.
const SIMPLE_PACKET_AT: usize = 12;

const EPB_FLAGS: u16 = 2;
const EPB_DROPCOUNT: u16 = 4;
const ISB_IFDROP: u16 = 5;
const ISB_OSDROP: u16 = 7;
/// Where in an Interface Statistics Block the options begin.
const STATISTICS_OPTIONS_AT: usize = 20;

/// A pcapng file, as far as its blocks have described it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PcapNg {
    order: ByteOrder,
    /// The section's interfaces; `None` where a description could not be read, so that the
    /// others keep their numbers.
    interfaces: Vec<Option<Interface>>,
    /// How many interfaces the sections before have described.
    interfaces_before: u32,
    /// The time of the packet before.
    last_time: Timestamp,
    asides: Asides,
}

impl PcapNg {
    /// A file before its first section header.
    pub(super) fn new() -> Self {
        Self {
            order: ByteOrder::Little,
            interfaces: Vec::new(),
            interfaces_before: 0,
            last_time: Timestamp::from_nanos(0),
            asides: Asides::default(),
        }
    }

    /// Whether `head` begins as a section header does.
    pub(super) fn recognises(head: &[u8]) -> bool {
        head.starts_with(&SHB_MAGIC.to_be_bytes())
    }

    /// Whether the block at the front of `bytes`, of which only the start may be there, holds a
    /// packet.
    pub(super) fn is_packet(&self, bytes: &[u8]) -> bool {
        let block_type = self.order.u32_at(bytes, 0);
        matches!(block_type, Some(EPB_MAGIC | SPB_MAGIC | PACKET_BLOCK))
    }

    /// What the file has said besides its packets.
    pub(super) const fn asides(&self) -> &Asides {
        &self.asides
    }

    /// How many bytes the block at the front of `bytes` has.
    pub(super) fn block_len(&self, bytes: &[u8]) -> Result<Need, Damage> {
        let Some(header) = bytes.first_chunk::<12>() else {
            return Ok(Need::AtLeast(12));
        };
        let (order, min_len) = if Self::recognises(header) {
            (section_order(header)?, MIN_SECTION_HEADER_LEN)
        } else {
            (self.order, MIN_BLOCK_LEN)
        };
        let len = order.u32_at(header, 4).unwrap_or_default();
        if len < min_len || len > MAX_BLOCK_LEN || !len.is_multiple_of(4) {
            return Err(Damage::BlockLength(len));
        }
        Ok(Need::Exactly(in_memory(len)))
    }

    /// Tells what the block at the front of `bytes` is, and keeps what it says of interfaces.
    pub(super) fn step(&mut self, bytes: &[u8], faults: &mut Faults) -> Step {
        let need = match self.block_len(bytes) {
            Ok(need) => need,
            Err(damage) => return Step::Stop(damage),
        };
        let len = need.len();
        let (Need::Exactly(_), Some(block)) = (need, bytes.get(..len)) else {
            return Step::Need(need);
        };
        match self.block(block, faults) {
            Ok(Some(packet)) => Step::Packet(packet),
            Ok(None) => Step::Skip { len, damage: None },
            Err(damage) => Step::Skip {
                len,
                damage: Some(damage),
            },
        }
    }

    /// Reads a whole block.
    fn block(&mut self, block: &[u8], faults: &mut Faults) -> Result<Option<Packet>, Damage> {
        if Self::recognises(block) {
            self.start_section(block)?;
        }
        let (content, closing_len) = block.split_last_chunk::<4>().ok_or(Damage::TooShort)?;
        let lengths_agree = block.get(4..8) == Some(closing_len);
        let block_type = self.order.u32_at(content, 0).ok_or(Damage::TooShort)?;
        // A description is read however damaged: without it, every frame of the interface is lost.
        if block_type == IDB_MAGIC {
            self.interface_description(content, faults)?;
        }
        if !lengths_agree {
            return Err(Damage::LengthsDiffer);
        }
        match block_type {
            EPB_MAGIC => self.enhanced_packet(block.len(), content, faults).map(Some),
            PACKET_BLOCK => self.old_packet(block.len(), content, faults).map(Some),
            SPB_MAGIC => {
                let packet = self.simple_packet(block.len(), content)?;
                faults.untimed();
                Ok(Some(packet))
            }
            ISB_MAGIC => self.interface_statistics(content, faults).map(|()| None),
            NRB_MAGIC => {
                let read = self.asides.read_names(self.order, content, faults);
                read.map(|()| None)
            }
            DSB_MAGIC => {
                let read = self.asides.read_secrets(self.order, content, faults);
                read.map(|()| None)
            }
            _ => Ok(None),
        }
    }

    /// Forgets the section before; the section's own length is not needed, and often unknown.
    fn start_section(&mut self, block: &[u8]) -> Result<(), Damage> {
        self.order = section_order(block)?;
        let described = u32::try_from(self.interfaces.len()).unwrap_or(u32::MAX);
        self.interfaces_before = self.interfaces_before.saturating_add(described);
        self.interfaces.clear();
        Ok(())
    }

    fn interface_description(&mut self, block: &[u8], faults: &mut Faults) -> Result<(), Damage> {
        if self.interfaces.len() >= MAX_INTERFACES {
            faults.interface_dropped();
            return Ok(());
        }
        let Some((interface, damage)) = Interface::parse(self.order, block) else {
            self.interfaces.push(None);
            return Err(Damage::TooShort);
        };
        self.interfaces.push(Some(interface));
        damage.map_or(Ok(()), Err)
    }

    fn interface_statistics(&mut self, block: &[u8], faults: &mut Faults) -> Result<(), Damage> {
        let order = self.order;
        let id = order.u32_at(block, 8).ok_or(Damage::TooShort)?;
        let interface = self.interface(id)?;
        let options = block.get(STATISTICS_OPTIONS_AT..).ok_or(Damage::TooShort)?;
        let mut lost = 0_u64;
        let mut damage = None;
        for option in Options::new(order, options) {
            match option {
                Ok((ISB_IFDROP | ISB_OSDROP, value)) => {
                    lost = lost.saturating_add(count_of(order, value));
                }
                Ok(_) => {}
                Err(cut) => damage = Some(cut),
            }
        }
        faults.frames_lost(interface.lost_in_all(lost));
        damage.map_or(Ok(()), Err)
    }

    fn enhanced_packet(
        &mut self,
        len: usize,
        block: &[u8],
        faults: &mut Faults,
    ) -> Result<Packet, Damage> {
        let order = self.order;
        let id = order.u32_at(block, 8).ok_or(Damage::TooShort)?;
        let packet = self.timed_packet(len, block, id)?;
        let options = block.get(packet.data.end.next_multiple_of(4)..);
        let mut check_sequence_len = None;
        // An option that is cut leaves the packet whole.
        for (code, value) in Options::new(order, options.unwrap_or_default()).flatten() {
            match code {
                EPB_FLAGS => {
                    // Four bits, in bytes; nothing where the capturer does not know.
                    let flags = order.u32_at(value, 0).unwrap_or_default();
                    let [.., flags] = (flags >> 5).to_be_bytes();
                    check_sequence_len = Some(flags & 0xf)
                        .filter(|&len| len > 0)
                        .or(check_sequence_len);
                }
                EPB_DROPCOUNT => {
                    let lost = count_of(order, value);
                    self.interface(id)?.lost_more(lost);
                    faults.frames_lost(lost);
                }
                _ => {}
            }
        }
        let len = match check_sequence_len {
            Some(len) => len,
            None => self.interface(id)?.check_sequence_len,
        };
        Ok(packet.without_check_sequence(len))
    }

    fn old_packet(
        &mut self,
        len: usize,
        block: &[u8],
        faults: &mut Faults,
    ) -> Result<Packet, Damage> {
        let id = self.order.u16_at(block, 8).ok_or(Damage::TooShort)?;
        let lost = self.order.u16_at(block, 10).ok_or(Damage::TooShort)?;
        let id = u32::from(id);
        let packet = self.timed_packet(len, block, id)?;
        // All ones: not known.
        if lost != u16::MAX {
            let lost = u64::from(lost);
            self.interface(id)?.lost_more(lost);
            faults.frames_lost(lost);
        }
        let check_sequence_len = self.interface(id)?.check_sequence_len;
        Ok(packet.without_check_sequence(check_sequence_len))
    }

    /// The packet of a block that has a timestamp: both kinds have the same fields from it on.
    fn timed_packet(&mut self, len: usize, block: &[u8], id: u32) -> Result<Packet, Damage> {
        let field = |at| self.order.u32_at(block, at).ok_or(Damage::TooShort);
        let (high, low) = (field(12)?, field(16)?);
        let (captured, wire_len) = (field(20)?, field(24)?);
        let end = PACKET_AT.saturating_add(in_memory(captured));
        if end > block.len() {
            return Err(Damage::PacketOverrun);
        }
        let interface = self.interface(id)?;
        let link_type = interface.link_type;
        let time = interface.time(u64::from(high) << 32 | u64::from(low));
        self.last_time = time;
        Ok(Packet {
            len,
            data: PACKET_AT..end,
            time,
            link_type,
            interface: self.interfaces_before.saturating_add(id),
            wire_len: wire_len.max(captured),
        })
    }

    /// The packet of a block that tells no time, no interface and no captured length: it is of
    /// the first interface, and has the time of the packet before.
    fn simple_packet(&mut self, len: usize, block: &[u8]) -> Result<Packet, Damage> {
        let wire_len = self.order.u32_at(block, 8).ok_or(Damage::TooShort)?;
        let padded = block.get(SIMPLE_PACKET_AT..).ok_or(Damage::TooShort)?;
        let interface = self.interface(0)?;
        let link_type = interface.link_type;
        let captured = match interface.snaplen {
            0 => wire_len,
            snaplen => wire_len.min(snaplen),
        };
        let captured = in_memory(captured).min(padded.len());
        Ok(Packet {
            len,
            data: SIMPLE_PACKET_AT..SIMPLE_PACKET_AT.saturating_add(captured),
            time: self.last_time,
            link_type,
            interface: self.interfaces_before,
            wire_len,
        })
    }

    /// The interface that the section numbers `id`.
    fn interface(&mut self, id: u32) -> Result<&mut Interface, Damage> {
        self.interfaces
            .get_mut(in_memory(id))
            .and_then(Option::as_mut)
            .ok_or(Damage::UnknownInterface)
    }
}

/// A block is believed whose kind is known and whose two lengths agree. One place in 10^18 of random
/// bytes looks like that.
impl Records for PcapNg {
    type Trace = ();

    fn trace(&self) {}

    fn enough_at_end(&self) -> usize {
        1
    }

    fn link(&self, bytes: &[u8], (): ()) -> Link<()> {
        let len = match self.block_len(bytes) {
            Ok(Need::Exactly(len)) if len <= MAX_BELIEVED_LEN => len,
            Ok(Need::AtLeast(len)) => return Link::Need(len),
            _ => return Link::No,
        };
        let is_known = Self::recognises(bytes)
            || matches!(self.order.u32_at(bytes, 0), Some(1..=6 | DSB_MAGIC));
        if !is_known {
            return Link::No;
        }
        match bytes.get(..len) {
            Some(block)
                if block.last_chunk::<4>() != block.get(4..8).and_then(<[u8]>::first_chunk) =>
            {
                Link::No
            }
            Some(_) => Link::Record(len, ()),
            None => Link::Need(len),
        }
    }
}

/// The 64-bit count of an option; nothing where it is all ones, which is how unknown is written.
fn count_of(order: ByteOrder, value: &[u8]) -> u64 {
    match value.try_into().map(|count| order.u64(count)) {
        Ok(u64::MAX) | Err(_) => 0,
        Ok(count) => count,
    }
}

/// The byte order that a section header tells.
fn section_order(header: &[u8]) -> Result<ByteOrder, Damage> {
    match header.get(8..12) {
        Some([0x1a, 0x2b, 0x3c, 0x4d]) => Ok(ByteOrder::Big),
        Some([0x4d, 0x3c, 0x2b, 0x1a]) => Ok(ByteOrder::Little),
        _ => Err(Damage::ByteOrderMagic),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{
        Bytes, Seen, block, data, interface, only, packet, packet_body, read, read_faultless,
        section, start,
    };
    use super::super::link_type::LinkType;
    use super::ByteOrder::{Big, Little};
    use super::*;
    use crate::notice::NoticeCode;

    const IF_TSRESOL: u16 = 9;
    const IF_TSOFFSET: u16 = 14;

    #[test]
    fn a_packet_is_read_in_both_byte_orders() {
        for order in [Little, Big] {
            let ticks = 1_429_672_269_123_456;
            let body = packet_body(order, 0, ticks, [5, 1514], b"abcde");
            let file = [start(order), block(EPB_MAGIC, body)].concat();
            let expected = Seen {
                number: 1,
                nanos: 1_429_672_269_123_456_000,
                link_type: LinkType::ETHERNET,
                interface: 0,
                wire_len: 1514,
                data: b"abcde".to_vec(),
            };
            assert_eq!(read_faultless(&file), [expected]);
        }
    }

    #[test]
    fn the_clock_of_an_interface_is_read_in_the_byte_order_of_its_section() {
        for order in [Little, Big] {
            for (resolution, ticks, nanos) in [
                (9, 5_000_000_007, 5_000_000_007),
                (12, 999_999_999_999, 999_999_999),
                (0x9e, 3 << 29, 1_500_000_000),
            ] {
                let options = Bytes::new(order).option(IF_TSRESOL, &[resolution]);
                let offset = Bytes::new(order).u64(3600).1;
                let options = options.option(IF_TSOFFSET, &offset);
                let file = [
                    section(order),
                    interface(1, 0, &options),
                    packet(order, 0, ticks, b"abcd"),
                ];
                let frames = read_faultless(&file.concat());
                assert_eq!(frames[0].nanos, 3_600_000_000_000 + nanos);
            }
        }
    }

    #[test]
    fn sections_have_their_own_byte_order_and_interfaces_but_one_numbering() {
        let nanoseconds = Bytes::new(Big).option(IF_TSRESOL, &[9]);
        let file = [
            start(Little),
            interface(101, 0, &Bytes::new(Little)),
            packet(Little, 1, 1, b"one"),
            section(Big),
            interface(113, 0, &nanoseconds),
            packet(Big, 0, 2, b"two"),
        ];
        let frames = read_faultless(&file.concat());
        let facts: Vec<_> = frames
            .iter()
            .map(|f| (f.number, f.link_type, f.interface, f.nanos))
            .collect();
        assert_eq!(
            facts,
            [(1, LinkType::RAW, 1, 1000), (2, LinkType::LINUX_SLL, 2, 2)]
        );
    }

    #[test]
    fn a_simple_packet_is_as_long_as_its_wire_length_its_snaplen_and_its_block_allow() {
        let simple = |wire_len: u32, data: &[u8]| {
            block(SPB_MAGIC, Bytes::new(Little).u32(wire_len).raw(data))
        };
        let file = [
            section(Little),
            interface(1, 62, &Bytes::new(Little)),
            packet(Little, 0, 7, b"before"),
            simple(5, b"whole"),
            simple(1514, &[0x5a; 62]),
            simple(1514, &[0x5a; 40]),
        ];
        let (frames, notices) = read(&file.concat());
        let (code, _, message) = only(&notices);
        assert_eq!(code, NoticeCode::TimestampsReordered);
        assert!(message.starts_with("of 3 frames the file tells no time"));
        let lengths: Vec<_> = frames.iter().map(|f| (f.data.len(), f.wire_len)).collect();
        assert_eq!(lengths, [(6, 6), (5, 5), (62, 1514), (40, 1514)]);
        assert!(
            frames.iter().all(|frame| frame.nanos == 7000),
            "it tells no time, so it has that of the packet before"
        );
    }

    #[test]
    fn the_packet_block_that_is_obsolete_is_read_with_its_losses() {
        let old = |lost: u16| {
            let head = Bytes::new(Big).u16(0).u16(lost).u32(0).u32(9);
            block(PACKET_BLOCK, head.u32(3).u32(60).raw(b"abc"))
        };
        let file = [start(Big), old(u16::MAX), old(2), old(1)];
        let (frames, notices) = read(&file.concat());
        assert_eq!(data(&frames), [b"abc"; 3]);
        assert_eq!((frames[0].nanos, frames[0].wire_len), (9000, 60));
        assert_eq!(
            only(&notices),
            (
                NoticeCode::FramesLost,
                None,
                "the capturer says that it lost 3 frames"
            )
        );
    }

    #[test]
    fn losses_are_counted_once_however_often_the_capturer_tells_them() {
        let statistics = |interface_drop: u64, system_drop: u64| {
            let head = Bytes::new(Big).u32(0).u32(0).u32(0);
            let drop = Bytes::new(Big).u64(interface_drop).1;
            let head = head.option(ISB_IFDROP, &drop);
            let drop = Bytes::new(Big).u64(system_drop).1;
            block(ISB_MAGIC, head.option(ISB_OSDROP, &drop))
        };
        let drop = Bytes::new(Big).u64(9).1;
        let body = packet_body(Big, 0, 0, [3, 3], b"abc").option(EPB_DROPCOUNT, &drop);
        let file = [
            start(Big),
            block(EPB_MAGIC, body),
            statistics(3, 1),
            statistics(5, 2),
            statistics(5, u64::MAX),
        ];
        let (frames, notices) = read(&file.concat());
        assert_eq!(frames.len(), 1);
        assert_eq!(only(&notices).2, "the capturer says that it lost 9 frames");
    }

    #[test]
    fn a_count_before_an_option_that_is_cut_is_kept() {
        let drop = Bytes::new(Little).u64(3).1;
        let head = Bytes::new(Little).u32(0).u32(0).u32(0);
        let body = head.option(ISB_IFDROP, &drop).u16(ISB_OSDROP).u16(255);
        let (_, notices) = read(&[start(Little), block(ISB_MAGIC, body)].concat());
        let codes: Vec<_> = notices.iter().map(|notice| notice.code).collect();
        assert_eq!(codes, [NoticeCode::BlockDamaged, NoticeCode::FramesLost]);
    }

    #[test]
    fn blocks_that_hold_no_packet_are_passed_over() {
        let body = |len: usize| Bytes::new(Little).raw(&vec![0x5a; len]);
        let secrets = Bytes::new(Little).u32(0x544c_534b).u32(22);
        let file = [
            start(Little),
            block(10, secrets.raw(b"CLIENT_RANDOM 00 11 22")),
            block(0xbad, body(16)),
            block(0x4000_0bad, body(4)),
            block(0x8000_0001, body(0)),
            block(9, body(3)),
            packet(Little, 0, 0, b"abcd"),
        ];
        assert_eq!(data(&read_faultless(&file.concat())), [b"abcd"]);
    }

    #[test]
    fn more_interfaces_than_are_kept_are_said() {
        let mut file = section(Little);
        for _ in 0..=MAX_INTERFACES {
            file.extend(interface(1, 0, &Bytes::new(Little)));
        }
        file.extend(packet(Little, 65_535, 0, b"last"));
        let (frames, notices) = read(&file);
        assert_eq!(frames[0].interface, 65_535);
        assert_eq!(
            only(&notices),
            (
                NoticeCode::LimitReached,
                None,
                "1 interface beyond the first 65536 of a section left out"
            )
        );
    }

    #[test]
    fn a_cut_packet_is_a_cut_frame_and_a_cut_description_is_none() {
        let file = [start(Little), packet(Little, 0, 0, b"abcd")].concat();
        let (frames, notices) = read(&file[..file.len() - 6]);
        assert_eq!(frames, []);
        assert_eq!(
            only(&notices),
            (
                NoticeCode::CaptureCutShort,
                Some(1),
                "the file ends within frame 1 (offset 78): 6 bytes missing"
            )
        );
        let (_, notices) = read(&file[..40]);
        assert_eq!(
            only(&notices).2,
            "the file ends within a block without a packet (offset 40): 8 bytes missing"
        );
    }
}
