//! Recorded captures, as other hosts would have sent them.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use super::edited::Records;

/// The capture with other IPv4 addresses and other ports of clients, wherever they stand: in headers, in
/// names to be looked up, in records and in text. Those of IPv6 stay as they are.
pub(crate) fn readdressed(mut records: Records, turn: u8) -> Records {
    let (link, frames) = records.frames_mut();
    let at = header_at(link);
    let addresses: BTreeSet<[u8; 4]> = frames
        .filter_map(|it| addresses(it, at))
        .flatten()
        .collect();
    let mut changes: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    for &old in addresses.iter().filter(|it| !is_special(**it)) {
        let new = renumbered(old, turn);
        changes.push((old.to_vec(), new.to_vec()));
        changes.push((reverse_name(old), reverse_name(new)));
        let (old, new) = (
            Ipv4Addr::from(old).to_string(),
            Ipv4Addr::from(new).to_string(),
        );
        changes.push((old.into_bytes(), new.into_bytes()));
    }
    // The longest first: 10.0.0.12 is not 10.0.0.1 and a 2.
    changes.sort_by_key(|(old, _)| std::cmp::Reverse(old.len()));
    let (_, frames) = records.frames_mut();
    for frame in frames {
        replace(frame, &changes);
        move_ports(frame, at);
    }
    records
}

/// What `address` of the capture has become.
pub(crate) fn renumbered(address: [u8; 4], turn: u8) -> [u8; 4] {
    if is_special(address) {
        return address;
    }
    let [first, rest @ ..] = address;
    let [second, third, fourth] = rest.map(|octet| other_octet(octet, turn));
    [first, second, third, fourth]
}

/// What `port` of the capture has become.
pub(crate) fn moved_port(port: u16) -> u16 {
    if (32_768..65_000).contains(&port) {
        port + 500
    } else {
        port
    }
}

/// An octet of as many digits, so that nothing changes its length.
fn other_octet(octet: u8, turn: u8) -> u8 {
    match octet {
        0..10 => (octet + turn) % 10,
        10..100 => 10 + (octet - 10 + turn) % 90,
        100.. => 100 + (octet - 100 + turn) % 150,
    }
}

fn is_special(address: [u8; 4]) -> bool {
    let address = Ipv4Addr::from(address);
    address.is_loopback()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_unspecified()
}

/// Which side of which TCP connection sent `frame`: the addresses and ports as its headers have them.
pub(crate) fn tcp_direction(link: u32, frame: &[u8]) -> Option<Vec<u8>> {
    let at = header_at(link);
    let (protocol, addresses, next) = match frame.get(at)? >> 4 {
        4 => (9, 12..20, usize::from(frame[at] & 15) * 4),
        6 => (6, 8..40, 40),
        _ => return None,
    };
    let ports = frame.get(at + next..at + next + 4)?;
    let addresses = frame.get(at + addresses.start..at + addresses.end)?;
    (frame.get(at + protocol) == Some(&6)).then(|| [addresses, ports].concat())
}

fn header_at(link: u32) -> usize {
    match link {
        1 => 14,
        101 => 0,
        276 => 20,
        _ => panic!("no header known for link {link}"),
    }
}

fn addresses(frame: &[u8], at: usize) -> Option<[[u8; 4]; 2]> {
    let header = frame.get(at..at + 20)?;
    if header[0] >> 4 != 4 {
        return None;
    }
    Some([
        header[12..16].try_into().unwrap(),
        header[16..20].try_into().unwrap(),
    ])
}

/// As it stands in a question: `25.113.0.203`, each label after its length.
fn reverse_name(address: [u8; 4]) -> Vec<u8> {
    let labels = address.iter().rev().map(|octet| {
        let label = octet.to_string();
        [&[u8::try_from(label.len()).unwrap()], label.as_bytes()].concat()
    });
    labels.collect::<Vec<_>>().concat()
}

fn replace(frame: &mut [u8], changes: &[(Vec<u8>, Vec<u8>)]) {
    let mut at = 0;
    while at < frame.len() {
        let found = changes.iter().find(|(old, _)| frame[at..].starts_with(old));
        let Some((old, new)) = found else {
            at += 1;
            continue;
        };
        frame[at..at + old.len()].copy_from_slice(new);
        at += old.len();
    }
}

fn move_ports(frame: &mut [u8], at: usize) {
    let Some(&first) = frame.get(at) else { return };
    let (protocol, next) = match first >> 4 {
        4 => (9, at + usize::from(first & 15) * 4),
        6 => (6, at + 40),
        _ => return,
    };
    let protocol = frame.get(at + protocol).copied();
    match protocol {
        Some(6 | 17) => {
            for port in [next, next + 2] {
                if let Some(bytes) = frame.get_mut(port..port + 2) {
                    let moved = moved_port(u16::from_be_bytes([bytes[0], bytes[1]]));
                    bytes.copy_from_slice(&moved.to_be_bytes());
                }
            }
        }
        // The datagram that an ICMP error speaks of.
        Some(1 | 58) => move_ports(frame, next + 8),
        _ => {}
    }
}
