//! The search for the next record after one whose length cannot be right.
//!
//! Nothing marks the beginning of a record. But a place where one seems to begin, after whose length
//! the next seems to, and the next, is no coincidence: see each format's
//! [`link`](Records::link) for what one such record is worth.

/// How far the search goes.
const MAX_DISTANCE: usize = 1024 * 1024;

/// How many records in a row are believed.
const ENOUGH: usize = 3;

/// A format whose records can be searched for.
pub(super) trait Records {
    /// What is known of the record before.
    type Trace: Copy;

    /// The last record that was read.
    fn trace(&self) -> Self::Trace;

    /// How many records in a row are believed that end exactly where the file does.
    fn enough_at_end(&self) -> usize;

    /// Whether a record begins at the front of `bytes`, after the one of `trace`.
    fn link(&self, bytes: &[u8], trace: Self::Trace) -> Link<Self::Trace>;
}

/// What bytes are, where a record may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link<T> {
    /// A record of this length, and what the next has to fit to.
    Record(usize, T),
    /// It cannot be told without as many bytes.
    Need(usize),
    /// No record.
    No,
}

/// How far a search has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Search {
    /// The next record is so many bytes away.
    Found(usize),
    /// All before `from` has been searched, and to go on as many bytes are needed as `len`.
    Need { from: usize, len: usize },
    /// There is none, as far as the search goes.
    Nowhere,
}

/// Searches `bytes` for the next record, not before `from`; `ended` where the input has no more.
pub(super) fn search<F: Records>(format: &F, bytes: &[u8], from: usize, ended: bool) -> Search {
    for at in from..=MAX_DISTANCE {
        match chain(format, bytes, at, ended) {
            Chain::Holds => return Search::Found(at),
            Chain::Need(_) if ended && at >= bytes.len() => break,
            Chain::Need(len) if !ended => return Search::Need { from: at, len },
            Chain::Need(_) | Chain::Breaks => {}
        }
    }
    Search::Nowhere
}

enum Chain {
    Holds,
    Breaks,
    Need(usize),
}

/// Whether enough records stand one after the other from `at` on.
fn chain<F: Records>(format: &F, bytes: &[u8], at: usize, ended: bool) -> Chain {
    let mut trace = format.trace();
    let mut end = at;
    for links in 0..ENOUGH {
        let rest = bytes.get(end..).unwrap_or_default();
        if ended && links >= format.enough_at_end() && end == bytes.len() {
            return Chain::Holds;
        }
        match format.link(rest, trace) {
            Link::Record(len, next) => {
                end = end.saturating_add(len);
                trace = next;
            }
            // The last of several may be cut.
            Link::Need(_) if ended && links >= 2 => return Chain::Holds,
            Link::Need(len) => return Chain::Need(end.saturating_add(len)),
            Link::No => return Chain::Breaks,
        }
    }
    Chain::Holds
}

#[cfg(test)]
mod tests {
    use super::super::byte_order::ByteOrder::{self, Big, Little};
    use super::super::fixture::{
        Bytes, MICROSECONDS, MODIFIED, Seen, block, data, only, packet, pcap_header, read, record,
        record_claiming, start,
    };
    use super::*;
    use crate::NoticeCode;

    /// A record whose length cannot be right, as long as any other.
    fn damaged(order: ByteOrder, data: &[u8]) -> Vec<u8> {
        record_claiming(order, [10, 0, u32::MAX, 5], data)
    }

    fn packets(count: u32) -> Vec<Vec<u8>> {
        (0..count)
            .map(|n| format!("packet {n}").into_bytes())
            .collect()
    }

    fn records(order: ByteOrder, packets: &[Vec<u8>]) -> Vec<u8> {
        let record =
            |(n, data): (usize, &Vec<u8>)| record(order, 10 + u32::try_from(n).unwrap(), 5, data);
        packets.iter().enumerate().flat_map(record).collect()
    }

    #[test]
    fn the_records_after_a_damaged_one_are_found_in_both_byte_orders() {
        for order in [Little, Big] {
            let packets = packets(5);
            let file = [
                pcap_header(order, MICROSECONDS, 1),
                records(order, &packets[..1]),
                damaged(order, b"lost"),
                records(order, &packets[1..]),
            ];
            let (frames, notices) = read(&file.concat());
            assert_eq!(data(&frames), packets);
            assert!(frames.iter().map(|frame| frame.number).eq(1..=5));
            let message = "20 bytes left out in 1 damaged stretch, the first before frame 2 \
                (offset 48): it claims a packet of 4294967295 bytes";
            assert_eq!(only(&notices), (NoticeCode::BlockDamaged, Some(2), message));
        }
    }

    #[test]
    fn records_of_the_modified_format_are_found() {
        let good = || record_claiming(Little, [7, 0, 3, 3], b"\x02\0\0\0\x08\0\0\0abc");
        let bad = record_claiming(Little, [7, 0, u32::MAX, 3], b"\x02\0\0\0\x08\0\0\0abc");
        let header = pcap_header(Little, MODIFIED, 1);
        let file = [header, good(), bad, good(), good(), good()];
        assert_eq!(read(&file.concat()).0.len(), 4);
    }

    #[test]
    fn a_first_record_that_is_damaged_does_not_hide_the_others() {
        let packets = packets(3);
        let header = pcap_header(Little, MICROSECONDS, 1);
        let file = [header, damaged(Little, b"lost"), records(Little, &packets)];
        assert_eq!(data(&read(&file.concat()).0), packets);
    }

    #[test]
    fn two_records_are_believed_only_where_the_file_ends_with_them() {
        let packets = packets(2);
        let head = [
            pcap_header(Little, MICROSECONDS, 1),
            damaged(Little, b"lost"),
        ]
        .concat();
        let mut file = [head, records(Little, &packets)].concat();
        assert_eq!(data(&read(&file).0), packets);
        // Cut within the second.
        let cut = &file[..file.len() - 1];
        assert_eq!(data(&read(cut).0), [&packets[0]]);
        // Followed by what is no record.
        file.extend([0x5a; 100]);
        let (frames, notices) = read(&file);
        assert_eq!(frames, []);
        assert!(
            only(&notices)
                .2
                .starts_with("reading stopped before frame 1 (offset 24)")
        );
    }

    #[test]
    fn a_record_of_another_day_or_longer_than_its_packet_was_is_no_sign() {
        let file = |bad: &dyn Fn(u32) -> Vec<u8>| {
            let header = pcap_header(Little, MICROSECONDS, 1);
            let first = record(Little, 10, 5, b"first");
            [header, first, damaged(Little, b""), bad(0), bad(1), bad(2)].concat()
        };
        for bad in [
            &(|n| record(Little, 20 + MAX_GAP_S + n, 5, b"data")) as &dyn Fn(u32) -> Vec<u8>,
            &|_| record(Little, 10, 1_000_000, b"data"),
            &|_| record_claiming(Little, [10, 0, 4, 3], b"data"),
            &|_| record(Little, 10, 0, b""),
        ] {
            assert_eq!(read(&file(bad)).0.len(), 1);
        }
    }

    const MAX_GAP_S: u32 = 24 * 60 * 60;

    #[test]
    fn the_search_ends_after_a_mebibyte() {
        let packets = packets(4);
        for (distance, found) in [(MAX_DISTANCE, true), (MAX_DISTANCE + 1, false)] {
            let noise = vec![0x5a; distance - 16];
            let header = pcap_header(Little, MICROSECONDS, 1);
            let file = [header, damaged(Little, &noise), records(Little, &packets)].concat();
            let frames: Vec<Seen> = read(&file).0;
            assert_eq!(frames.len(), if found { 4 } else { 0 });
        }
    }

    #[test]
    fn the_blocks_after_a_damaged_one_are_found_in_both_byte_orders() {
        for order in [Little, Big] {
            let good = |data: &[u8]| packet(order, 0, 0, data);
            let bad = Bytes::new(order).u32(6).u32(0xffff_fff0).raw(&[0x5a; 33]).1;
            let file = [
                start(order),
                good(b"one."),
                bad,
                good(b"two."),
                good(b"3..."),
            ];
            let (frames, notices) = read(&file.concat());
            assert_eq!(data(&frames), [b"one.", b"two.", b"3..."]);
            let message = "41 bytes left out in 1 damaged stretch, the first before frame 2 \
                (offset 84): it claims a length of 4294967280 bytes";
            assert_eq!(only(&notices), (NoticeCode::BlockDamaged, Some(2), message));
        }
    }

    #[test]
    fn a_block_of_no_known_kind_is_no_sign() {
        let bad = || Bytes::new(Little).u32(6).u32(13).u32(13).1;
        let unknown = || block(0xbad, Bytes::new(Little).raw(b"data"));
        let file = [start(Little), bad(), unknown(), unknown(), unknown()];
        assert!(
            only(&read(&file.concat()).1)
                .2
                .starts_with("reading stopped")
        );
    }
}
