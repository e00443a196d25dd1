//! Capture files built byte by byte, and what is read of them, for the tests of this room.

use std::io::Read;

use super::byte_order::ByteOrder;
use super::frame::Frame;
use super::link_type::LinkType;
use super::reader::CaptureReader;
use crate::notice::{Notice, NoticeCode};

pub(super) const MICROSECONDS: u32 = 0xa1b2_c3d4;
pub(super) const NANOSECONDS: u32 = 0xa1b2_3c4d;
pub(super) const MODIFIED: u32 = 0xa1b2_cd34;

/// A [`Frame`] that owns its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) number: u64,
    pub(super) nanos: i64,
    pub(super) link_type: LinkType,
    pub(super) interface: u32,
    pub(super) wire_len: u32,
    pub(super) data: Vec<u8>,
}

impl From<Frame<'_>> for Seen {
    fn from(frame: Frame<'_>) -> Self {
        Self {
            number: frame.number.get(),
            nanos: frame.time.as_nanos(),
            link_type: frame.link_type,
            interface: frame.interface,
            wire_len: frame.wire_len,
            data: frame.data.to_vec(),
        }
    }
}

/// Reads `input` to its end.
pub(super) fn drain<R: Read>(mut reader: CaptureReader<R>) -> (Vec<Seen>, Vec<Notice>) {
    let mut frames = Vec::new();
    while let Some(frame) = reader.next_frame().unwrap() {
        frames.push(frame.into());
    }
    assert_eq!(reader.next_frame().unwrap(), None, "the end is the end");
    (frames, reader.notices())
}

/// Reads a file of which the header is good.
pub(super) fn read(file: &[u8]) -> (Vec<Seen>, Vec<Notice>) {
    drain(CaptureReader::new(file).unwrap())
}

/// Reads a file with which nothing is wrong.
pub(super) fn read_faultless(file: &[u8]) -> Vec<Seen> {
    let (frames, notices) = read(file);
    assert_eq!(notices, []);
    frames
}

/// The packets of `frames`.
pub(super) fn data(frames: &[Seen]) -> Vec<&[u8]> {
    frames.iter().map(|frame| frame.data.as_slice()).collect()
}

/// The code, the frame and the message of the only notice.
pub(super) fn only(notices: &[Notice]) -> (NoticeCode, Option<u64>, &str) {
    let [notice] = notices else {
        panic!("not one notice: {notices:?}");
    };
    let frame = notice.frame.map(std::num::NonZeroU64::get);
    (notice.code, frame, &notice.message)
}

/// Bytes with numbers in one byte order.
#[derive(Clone)]
pub(super) struct Bytes(pub(super) ByteOrder, pub(super) Vec<u8>);

impl Bytes {
    pub(super) fn new(order: ByteOrder) -> Self {
        Self(order, Vec::new())
    }
    pub(super) fn raw(mut self, bytes: &[u8]) -> Self {
        self.1.extend_from_slice(bytes);
        self
    }
    fn number(self, big_endian: &[u8]) -> Self {
        let mut bytes = big_endian.to_vec();
        if self.0 == ByteOrder::Little {
            bytes.reverse();
        }
        self.raw(&bytes)
    }
    pub(super) fn u16(self, number: u16) -> Self {
        self.number(&number.to_be_bytes())
    }
    pub(super) fn u32(self, number: u32) -> Self {
        self.number(&number.to_be_bytes())
    }
    pub(super) fn u64(self, number: u64) -> Self {
        self.number(&number.to_be_bytes())
    }
    pub(super) fn padded(mut self) -> Self {
        let len = self.1.len().next_multiple_of(4);
        self.1.resize(len, 0xee);
        self
    }
    /// A pcapng option.
    pub(super) fn option(self, code: u16, value: &[u8]) -> Self {
        let len = u16::try_from(value.len()).unwrap();
        self.u16(code).u16(len).raw(value).padded()
    }
}

/// A pcap file header.
pub(super) fn pcap_header(order: ByteOrder, magic: u32, network: u32) -> Vec<u8> {
    let head = Bytes::new(order).u32(magic).u16(2).u16(4);
    head.u64(0).u32(65_535).u32(network).1
}

/// A pcap record that is as long as it says.
pub(super) fn record(order: ByteOrder, seconds: u32, fraction: u32, data: &[u8]) -> Vec<u8> {
    let len = u32::try_from(data.len()).unwrap();
    record_claiming(order, [seconds, fraction, len, len], data)
}

/// A pcap record with the four numbers of its header as they are told.
pub(super) fn record_claiming(order: ByteOrder, header: [u32; 4], data: &[u8]) -> Vec<u8> {
    let [seconds, fraction, captured, wire_len] = header;
    let head = Bytes::new(order).u32(seconds).u32(fraction);
    head.u32(captured).u32(wire_len).raw(data).1
}

/// A pcapng block around `body`.
pub(super) fn block(block_type: u32, body: Bytes) -> Vec<u8> {
    let body = body.padded();
    let len = u32::try_from(body.1.len() + 12).unwrap();
    let head = Bytes::new(body.0).u32(block_type).u32(len);
    head.raw(&body.1).u32(len).1
}

/// A section header, of a section of unknown length.
pub(super) fn section(order: ByteOrder) -> Vec<u8> {
    let body = Bytes::new(order).u32(0x1a2b_3c4d).u16(1).u16(0);
    block(0x0a0d_0d0a, body.u64(u64::MAX))
}

/// A section header and an Ethernet interface with a clock in microseconds.
pub(super) fn start(order: ByteOrder) -> Vec<u8> {
    [section(order), interface(1, 0, &Bytes::new(order))].concat()
}

/// An Interface Description Block; the byte order is that of its options.
pub(super) fn interface(link_type: u16, snaplen: u32, options: &Bytes) -> Vec<u8> {
    let body = Bytes::new(options.0).u16(link_type).u16(0).u32(snaplen);
    block(1, body.raw(&options.1))
}

/// An Enhanced Packet Block of a packet captured whole, without options.
pub(super) fn packet(order: ByteOrder, interface: u32, ticks: u64, data: &[u8]) -> Vec<u8> {
    let len = u32::try_from(data.len()).unwrap();
    block(6, packet_body(order, interface, ticks, [len, len], data))
}

/// The body of an Enhanced Packet Block with the captured length and the wire length told.
pub(super) fn packet_body(
    order: ByteOrder,
    interface: u32,
    ticks: u64,
    lengths: [u32; 2],
    data: &[u8],
) -> Bytes {
    let high = u32::try_from(ticks >> 32).unwrap();
    let low = u32::try_from(ticks & u64::from(u32::MAX)).unwrap();
    let head = Bytes::new(order).u32(interface).u32(high).u32(low);
    head.u32(lengths[0]).u32(lengths[1]).raw(data).padded()
}
