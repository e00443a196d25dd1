//! The wire as a capturing host sees it: packets in order, each at its time.

use std::net::IpAddr;
use std::time::Duration;

use crate::file::{Endian, Frame, Interface, PcapWriter, PcapngWriter, Resolution};
use crate::link::Link;
use crate::packet::Packet;

/// A moment in seconds since the start of a capture; kept to the nanosecond.
pub type Seconds = f64;

/// 2015-04-22 03:11:09.123456 UTC.
pub const DEFAULT_START: Duration = Duration::new(1_429_672_269, 123_456_000);

/// A capture in the making: frames are numbered from 1 in the order in which they are put.
#[derive(Debug, Clone)]
pub struct Wire {
    link: Link,
    start: Duration,
    local: Option<IpAddr>,
    frames: Vec<Frame>,
}

impl Wire {
    /// An empty capture that starts at [`DEFAULT_START`].
    #[must_use]
    pub const fn new(link: Link) -> Self {
        Self {
            link,
            start: DEFAULT_START,
            local: None,
            frames: Vec::new(),
        }
    }

    /// The same, captured by the host of that address; else by who sends the first packet.
    #[must_use]
    pub const fn captured_by(mut self, address: IpAddr) -> Self {
        self.local = Some(address);
        self
    }

    /// The same, starting at `start` since 1970-01-01 00:00 UTC.
    #[must_use]
    pub const fn starting_at(mut self, start: Duration) -> Self {
        self.start = start;
        self
    }

    /// Captures packets at one moment, and gives the number of the last frame.
    ///
    /// Time may run backwards between calls, as it does in real captures; a moment that is no
    /// moment (negative, not a number) is taken for the capture's start.
    pub fn put(&mut self, at: Seconds, packets: impl Into<Vec<Packet>>) -> usize {
        let time = self.time(at);
        for packet in packets.into() {
            let local = *self.local.get_or_insert(packet.source());
            let data = self.link.frame(&packet, packet.source() == local);
            self.frames.push(Frame::new(time, data));
        }
        self.frames.len()
    }

    /// Captures any bytes as a frame, link layer and all, and gives its number.
    pub fn put_bytes(&mut self, at: Seconds, data: Vec<u8>) -> usize {
        let time = self.time(at);
        self.frames.push(Frame::new(time, data));
        self.frames.len()
    }

    /// Gives the last frame a comment, which only pcapng can hold.
    pub fn comment(&mut self, comment: &str) {
        if let Some(frame) = self.frames.last_mut() {
            frame.comment = Some(comment.to_owned());
        }
    }

    /// Cuts every frame so far to `snaplen` bytes.
    pub fn cut(&mut self, snaplen: usize) {
        for frame in &mut self.frames {
            frame.data.truncate(snaplen);
        }
    }

    /// The frames so far.
    #[must_use]
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// What its frames begin with.
    #[must_use]
    pub const fn link(&self) -> Link {
        self.link
    }

    /// As a pcap file: little-endian, microseconds.
    #[must_use]
    pub fn pcap(&self) -> Vec<u8> {
        self.pcap_as(Endian::Little, Resolution::Micro)
    }

    /// As a pcap file of that byte order and resolution.
    #[must_use]
    pub fn pcap_as(&self, endian: Endian, resolution: Resolution) -> Vec<u8> {
        let write = || {
            let mut writer = PcapWriter::new(Vec::new(), endian, resolution, self.link.number())?;
            for frame in &self.frames {
                writer.write(frame)?;
            }
            writer.finish()
        };
        write().unwrap_or_default() // a Vec takes everything
    }

    /// As a pcapng file: little-endian, one interface, microseconds.
    #[must_use]
    pub fn pcapng(&self) -> Vec<u8> {
        self.pcapng_as(Endian::Little, None)
    }

    /// As a pcapng file of that byte order and `if_tsresol`.
    #[must_use]
    pub fn pcapng_as(&self, endian: Endian, ts_resolution: Option<u8>) -> Vec<u8> {
        let write = || {
            let mut writer = PcapngWriter::new(Vec::new(), endian)?;
            writer.interface(&Interface {
                link_type: self.link.number(),
                ts_resolution,
                name: None,
            })?;
            for frame in &self.frames {
                writer.write(0, frame)?;
            }
            writer.finish()
        };
        write().unwrap_or_default() // a Vec takes everything
    }

    fn time(&self, at: Seconds) -> Duration {
        let since_start = Duration::try_from_secs_f64(at).unwrap_or_default();
        self.start.saturating_add(since_start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(from: &str, to: &str) -> Packet {
        Packet::datagram(from.parse().unwrap(), to.parse().unwrap(), b"x")
    }

    #[test]
    fn frames_keep_the_order_of_the_calls_and_their_exact_times() {
        let mut wire = Wire::new(Link::Raw).starting_at(Duration::from_secs(1000));
        assert_eq!(wire.put(28.000_3, packet("10.0.0.1:1", "10.0.0.2:2")), 1);
        assert_eq!(wire.put(0.1, packet("10.0.0.2:2", "10.0.0.1:1")), 2);
        assert_eq!(wire.frames()[0].time, Duration::new(1028, 300_000));
        assert_eq!(wire.frames()[1].time, Duration::new(1000, 100_000_000));
    }

    #[test]
    fn a_moment_that_is_none_is_the_start() {
        let mut wire = Wire::new(Link::Raw);
        wire.put(f64::NAN, packet("10.0.0.1:1", "10.0.0.2:2"));
        assert_eq!(wire.frames()[0].time, DEFAULT_START);
    }

    #[test]
    fn the_direction_of_a_cooked_frame_follows_from_who_captured() {
        let mut wire = Wire::new(Link::Sll).captured_by("10.0.0.2".parse().unwrap());
        wire.put(0.0, packet("10.0.0.1:1", "10.0.0.2:2"));
        wire.put(0.0, packet("10.0.0.2:2", "10.0.0.1:1"));
        let directions: Vec<_> = wire.frames().iter().map(|frame| frame.data[1]).collect();
        assert_eq!(directions, [0, 4]);
    }

    #[test]
    fn a_cut_frame_remembers_its_length_on_the_wire() {
        let mut wire = Wire::new(Link::Raw);
        wire.put(0.0, packet("10.0.0.1:1", "10.0.0.2:2"));
        wire.cut(20);
        assert_eq!(wire.frames()[0].data.len(), 20);
        assert_eq!(wire.frames()[0].wire_len, 29);
    }
}
