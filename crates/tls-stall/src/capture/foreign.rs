//! Files that are no capture of a format that is read, known by their first bytes.

use std::fmt;

/// What a file is, and what its owner can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Foreign {
    name: &'static str,
    advice: Advice,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Advice {
    /// Wireshark reads the format.
    Convert,
    /// It is bytes written as text.
    Text2pcap,
    /// It was made without the packets.
    CaptureAgain,
    /// It cannot hold what is looked for.
    NoIp,
}

impl Foreign {
    /// What the file is that begins with `head`, as far as it is known.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        let known = MAGIC.iter().find(|(magic, ..)| head.starts_with(magic));
        if let Some(&(_, name, advice)) = known {
            return Some(Self { name, advice });
        }
        if is_hex_dump(head) {
            return Some(Self {
                name: "a hex dump",
                advice: Advice::Text2pcap,
            });
        }
        is_printed(head).then_some(Self {
            name: "the printed output of tcpdump",
            advice: Advice::CaptureAgain,
        })
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let advice = match self.advice {
            Advice::Convert => "save it as pcapng in Wireshark, or convert it with editcap",
            Advice::Text2pcap => "convert it with text2pcap",
            Advice::CaptureAgain => "it does not hold the packets; capture with tcpdump -w",
            Advice::NoIp => "it holds no IP packets",
        };
        write!(f, "{}, which is not supported: {advice}", self.name)
    }
}

/// Of each format, the first bytes, the name, and what to do with it; the magic numbers are those
/// of Wireshark's `wiretap`.
const MAGIC: [(&[u8], &str, Advice); 16] = [
    (
        b"XCP\0",
        "a capture of Network General's Sniffer for Windows",
        Advice::Convert,
    ),
    (
        b"TRSNIFF data    \x1a",
        "a capture of Network General's Sniffer",
        Advice::Convert,
    ),
    (
        b"ObserverPktBuffe",
        "a capture of Network Instruments' Observer",
        Advice::Convert,
    ),
    (b"\x7fver", "a capture of OmniPeek", Advice::Convert),
    (b"\x05VNF", "a capture of Visual Networks", Advice::Convert),
    (b"iptrace 1.0", "a trace of AIX's iptrace", Advice::Convert),
    (b"iptrace 2.0", "a trace of AIX's iptrace", Advice::Convert),
    (
        b"\0\0\x02\0\x12\x05\0\x10",
        "a capture of Tektronix' K12",
        Advice::Convert,
    ),
    (
        b"+---------+---------------+----------+",
        "a K12 text file",
        Advice::Convert,
    ),
    (b"\x1c\0\x01\xac", "a pcap file of Ixia", Advice::Convert),
    (b"\xac\x01\0\x1c", "a pcap file of Ixia", Advice::Convert),
    (b"\x1c\0\x01\xab", "a pcap file of Ixia", Advice::Convert),
    (b"\xab\x01\0\x1c", "a pcap file of Ixia", Advice::Convert),
    (
        b"\xa1\xb2\x34\xcd",
        "a pcap file in a variant of its own",
        Advice::Convert,
    ),
    (
        b"\xcd\x34\xb2\xa1",
        "a pcap file in a variant of its own",
        Advice::Convert,
    ),
    (b"btsnoop\0", "a capture of Bluetooth", Advice::NoIp),
];

/// Whether a text begins as `hexdump -C`, `tcpdump -x` and Wireshark print bytes: an offset of
/// zero, then a byte or two in hexadecimal.
fn is_hex_dump(head: &[u8]) -> bool {
    let line = head.trim_ascii_start();
    let line = line.strip_prefix(b"0x").unwrap_or(line);
    let zeros = line.iter().take_while(|&&byte| byte == b'0').count();
    let Some(rest) = line.get(zeros..).filter(|_| (3..=8).contains(&zeros)) else {
        return false;
    };
    let rest = rest.strip_prefix(b":").unwrap_or(rest);
    match rest {
        [b' ' | b'\t', rest @ ..] => {
            let bytes = rest.trim_ascii_start().iter();
            bytes.take_while(|byte| byte.is_ascii_hexdigit()).count() >= 2
        }
        _ => false,
    }
}

/// Whether a text begins with a time of day to the microsecond, as tcpdump's lines do.
fn is_printed(head: &[u8]) -> bool {
    let shape = b"00:00:00.000000 ";
    let fits = |(&byte, &shape): (&u8, &u8)| match shape {
        b'0' => byte.is_ascii_digit(),
        _ => byte == shape,
    };
    head.len() >= shape.len() && head.iter().zip(shape).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(head: &[u8]) -> Option<String> {
        Foreign::of(head).map(|foreign| foreign.to_string())
    }

    #[test]
    fn a_format_that_wireshark_reads_is_named_with_what_to_do() {
        assert_eq!(
            shown(b"\x7fver\0\0\0\x09").unwrap(),
            "a capture of OmniPeek, which is not supported: \
             save it as pcapng in Wireshark, or convert it with editcap"
        );
    }

    #[test]
    fn hex_dumps_of_every_program_are_told_from_other_text() {
        for dump in [
            &b"0000  45 00 00 3c"[..],
            b"000000 45 00 00 3c",
            b"00000000  45 00 00 3c",
            b"\t0x0000:  4500 003c",
        ] {
            assert!(shown(dump).unwrap().ends_with("text2pcap"), "{dump:?}");
        }
        for text in [&b"0000"[..], b"0x0000: zz", b"0000-00-00", b"00 45"] {
            assert_eq!(shown(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_tcpdump_prints_is_not_what_it_captured() {
        let line = b"03:11:09.123456 IP 10.8.0.1.41234 >";
        assert!(shown(line).unwrap().ends_with("capture with tcpdump -w"));
        assert_eq!(shown(b"03:11:09,123456 IP 10."), None);
        assert_eq!(shown(b"03:11:09."), None);
    }
}
