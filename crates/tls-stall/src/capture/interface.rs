//! What a pcapng section says of an interface: its link type, its clock, its losses.

use super::byte_order::ByteOrder;
use super::faults::Damage;
use super::link_type::LinkType;
use super::options::Options;
use crate::time::Timestamp;

const NANOS_PER_SECOND: i128 = 1_000_000_000;

/// Where in an Interface Description Block the options begin.
const OPTIONS_AT: usize = 16;
const IF_TSRESOL: u16 = 9;
const IF_FCSLEN: u16 = 13;
const IF_TSOFFSET: u16 = 14;

/// An interface as its Interface Description Block describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interface {
    pub(super) link_type: LinkType,
    /// The most bytes kept of a packet; 0 is no limit.
    pub(super) snaplen: u32,
    clock: Clock,
    /// With how many bytes of check sequence each packet ends.
    pub(super) check_sequence_len: u8,
    /// Frames that the capturer said it lost here, so far.
    lost: u64,
}

impl Interface {
    /// Reads the block up to its closing length; `None` where it is too short to say anything.
    ///
    /// Options that are cut leave the interface usable: that damage is told beside it.
    pub(super) fn parse(order: ByteOrder, block: &[u8]) -> Option<(Self, Option<Damage>)> {
        let mut interface = Self {
            link_type: LinkType(order.u16_at(block, 8)?),
            snaplen: order.u32_at(block, 12)?,
            clock: Clock::MICROSECONDS,
            check_sequence_len: 0,
            lost: 0,
        };
        let mut damage = None;
        for option in Options::new(order, block.get(OPTIONS_AT..)?) {
            match option {
                Ok((IF_TSRESOL, &[resolution])) => {
                    interface.clock.tick = Tick::of_resolution(resolution);
                }
                // In bits, says the draft; in bytes, say its example and Wireshark. No sequence is
                // of 16 bytes, nor of fewer than 16 bits.
                Ok((IF_FCSLEN, &[len])) => {
                    interface.check_sequence_len = if len < 16 { len } else { len >> 3 };
                }
                Ok((IF_TSOFFSET, value)) => {
                    if let Ok(seconds) = value.try_into() {
                        interface.clock.offset_s = order.i64(seconds);
                    }
                }
                Ok(_) => {}
                Err(cut) => damage = Some(cut),
            }
        }
        Some((interface, damage))
    }

    /// The moment that a packet's 64-bit timestamp tells.
    pub(super) fn time(&self, ticks: u64) -> Timestamp {
        self.clock.time(ticks)
    }

    /// Takes note that `count` frames have been lost here in all; gives how many of them are news.
    ///
    /// The counts of statistics blocks run from the start of the capture, so that a later one
    /// holds the earlier ones.
    pub(super) fn lost_in_all(&mut self, count: u64) -> u64 {
        let news = count.saturating_sub(self.lost);
        self.lost = self.lost.max(count);
        news
    }

    /// Takes note that `count` more frames have been lost here.
    pub(super) const fn lost_more(&mut self, count: u64) {
        self.lost = self.lost.saturating_add(count);
    }
}

/// How an interface tells the time.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Clock {
    tick: Tick,
    /// Seconds to add to every timestamp.
    offset_s: i64,
}

impl Clock {
    /// What holds where the block says nothing.
    const MICROSECONDS: Self = Self {
        tick: Tick::Nanos(1000),
        offset_s: 0,
    };

    fn time(&self, ticks: u64) -> Timestamp {
        let offset = i128::from(self.offset_s).saturating_mul(NANOS_PER_SECOND);
        let nanos = offset.saturating_add(self.tick.nanos(ticks));
        Timestamp::from_nanos(i64::try_from(nanos).unwrap_or(if nanos < 0 {
            i64::MIN
        } else {
            i64::MAX
        }))
    }
}

/// The unit of an interface's timestamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tick {
    /// So many nanoseconds.
    Nanos(u64),
    /// So many of them are a nanosecond.
    PerNano(i128),
    /// Two to this power of them are a second.
    BinaryPerSecond(u32),
}

impl Tick {
    /// The unit that `if_tsresol` tells: a negative power of 10 or, with the top bit set, of 2.
    fn of_resolution(resolution: u8) -> Self {
        let power = u32::from(resolution & 0x7f);
        if resolution & 0x80 != 0 {
            return Self::BinaryPerSecond(power);
        }
        match 9_u32.checked_sub(power) {
            Some(coarser) => Self::Nanos(10_u64.saturating_pow(coarser)),
            None => Self::PerNano(10_i128.saturating_pow(power.saturating_sub(9))),
        }
    }

    /// Whole nanoseconds in `ticks`.
    fn nanos(self, ticks: u64) -> i128 {
        let ticks = i128::from(ticks);
        match self {
            Self::Nanos(nanos) => ticks.saturating_mul(i128::from(nanos)),
            Self::PerNano(ticks_per_nano) => ticks.checked_div(ticks_per_nano).unwrap_or_default(),
            // The product has at most 94 bits.
            Self::BinaryPerSecond(power) => ticks
                .saturating_mul(NANOS_PER_SECOND)
                .checked_shr(power)
                .unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::byte_order::in_memory;
    use super::super::fixture::{self, Bytes, block, packet, packet_body, read_faultless, section};
    use super::ByteOrder::Big;
    use super::*;

    fn nanos(resolution: u8, offset_s: i64, ticks: u64) -> i64 {
        let clock = Clock {
            tick: Tick::of_resolution(resolution),
            offset_s,
        };
        clock.time(ticks).as_nanos()
    }

    #[test]
    fn every_resolution_gives_nanoseconds() {
        assert_eq!(nanos(0, 0, 5), 5_000_000_000);
        assert_eq!(nanos(3, 0, 5), 5_000_000);
        assert_eq!(nanos(6, 0, 5), 5_000);
        assert_eq!(
            nanos(9, 0, 1_429_672_269_123_456_789),
            1_429_672_269_123_456_789
        );
        assert_eq!(nanos(12, 0, 999_999_999_999), 999_999_999);
        assert_eq!(nanos(0x80, 0, 7), 7_000_000_000);
        assert_eq!(nanos(0x9e, 0, 3 << 29), 1_500_000_000);
        assert_eq!(nanos(0xa0, 0, 1 << 31), 500_000_000);
    }

    #[test]
    fn absurd_resolutions_and_counts_saturate() {
        assert_eq!(nanos(0x7f, 0, u64::MAX), 0);
        assert_eq!(nanos(0xff, 0, u64::MAX), 0);
        assert_eq!(nanos(0, 0, u64::MAX), i64::MAX);
        assert_eq!(nanos(0, i64::MAX, u64::MAX), i64::MAX);
        assert_eq!(nanos(6, i64::MIN, 0), i64::MIN);
    }

    #[test]
    fn the_offset_is_added_and_may_be_negative() {
        assert_eq!(nanos(6, 3600, 1), 3_600_000_001_000);
        assert_eq!(nanos(6, -3600, 7_200_000_000), 3_600_000_000_000);
    }

    #[test]
    fn counts_of_losses_run_from_the_start_of_the_capture() {
        let block = [1, 0, 0, 0, 20, 0, 0, 0, 1, 0, 0, 0, 0, 0, 4, 0];
        let (mut interface, damage) = Interface::parse(ByteOrder::Little, &block).unwrap();
        assert_eq!(damage, None);
        assert_eq!(interface.snaplen, 0x0004_0000);
        assert_eq!(interface.lost_in_all(5), 5);
        assert_eq!(interface.lost_in_all(8), 3);
        assert_eq!(interface.lost_in_all(8), 0);
    }

    #[test]
    fn the_check_sequence_is_told_by_the_interface_in_bytes_or_bits_or_by_the_packet() {
        for (told, len) in [(4, 4), (32, 4), (2, 2), (16, 2), (0, 0)] {
            let options = Bytes::new(Big).option(IF_FCSLEN, &[told]);
            let file = [
                section(Big),
                fixture::interface(1, 0, &options),
                packet(Big, 0, 0, b"packetFCS4"),
                // Flags of a packet that say two bytes, and one that says nothing.
                block(
                    6,
                    packet_body(Big, 0, 0, [6, 6], b"packet").option(2, &[0, 0, 0, 0x40]),
                ),
                block(
                    6,
                    packet_body(Big, 0, 0, [6, 6], b"packet").option(2, &[0, 0, 0, 1]),
                ),
            ];
            let frames = read_faultless(&file.concat());
            let lengths = frames.iter().map(|frame| frame.data.len());
            assert!(lengths.eq([10 - len, 4, 6 - len]), "{told}");
            assert!(frames.iter().all(|f| in_memory(f.wire_len) == f.data.len()));
        }
    }
}
