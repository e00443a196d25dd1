//! Which format a file has, by its first bytes.

use super::netmon::NetMon;
use super::pcap::Pcap;
use super::pcapng::PcapNg;
use super::snoop::Snoop;
use crate::names::named;

named! {
    /// The format of a capture file.
    pub enum Format {
        /// The classic format of libpcap, with timestamps in microseconds or nanoseconds.
        Pcap = "pcap",
        /// The format of Wireshark: sections, interfaces, comments.
        PcapNg = "pcapng",
        /// The format of Solaris.
        Snoop = "snoop",
        /// The format of Microsoft's Network Monitor, version 1 or 2.
        NetMon = "netmon",
    }
}

impl Format {
    /// The format of the file that begins with `head`.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        if Pcap::recognises(head) {
            Some(Self::Pcap)
        } else if PcapNg::recognises(head) {
            Some(Self::PcapNg)
        } else if Snoop::recognises(head) {
            Some(Self::Snoop)
        } else if NetMon::recognises(head) {
            Some(Self::NetMon)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_magic_number_of_pcap_is_known_in_both_byte_orders() {
        for magic in [0xa1b2_c3d4_u32, 0xa1b2_3c4d, 0xa1b2_cd34] {
            assert_eq!(Format::of(&magic.to_le_bytes()), Some(Format::Pcap));
            assert_eq!(Format::of(&magic.to_be_bytes()), Some(Format::Pcap));
        }
        assert_eq!(Format::of(b"\x0a\x0d\x0d\x0a"), Some(Format::PcapNg));
        assert_eq!(Format::of(b"\xa1\xb2\xc3"), None);
        assert_eq!(Format::of(b""), None);
    }
}
