//! NetBIOS names and types (RFC 1001, RFC 1002).

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};

use super::message::ResourceRecord;
use super::{Name, RecordType};

/// NB: the addresses that hold a name.
pub(crate) const NAME: RecordType = RecordType(0x20);

/// NBSTAT: the names that a node holds, asked of the node itself; SRV's number in DNS.
pub(crate) const NODE_STATUS: RecordType = RecordType(0x21);

/// The type that was asked for, by that of the record that answers: a refusal comes as NULL
/// (RFC 1002, section 4.2.14).
pub(crate) fn asked_type(answered: RecordType) -> RecordType {
    const NULL: RecordType = RecordType(0x0a);
    if answered == NULL { NAME } else { answered }
}

/// The name of a type in this service.
pub(crate) fn type_name(record_type: RecordType) -> String {
    match record_type {
        NAME => "NB".to_owned(),
        NODE_STATUS => "NBSTAT".to_owned(),
        other => other.to_string(),
    }
}

/// Whether a question for this asks a node itself what it is called: a reverse lookup of a kind.
pub(crate) fn asks_node(name: &[u8], record_type: RecordType) -> bool {
    record_type == NODE_STATUS && name == b"*"
}

/// The name behind its first-level encoding (RFC 1001, section 14.1), as `workgroup<1c>`, or `*`
/// for any; as it stands where it is not so encoded.
pub(crate) fn decoded(name: Name) -> Name {
    decode(name.as_str()).unwrap_or(name)
}

/// The addresses in an NB record: two bytes of flags before each (RFC 1002, section 4.2.13).
pub(crate) fn addresses(record: &ResourceRecord<'_>) -> impl Iterator<Item = IpAddr> {
    let entries = if record.record_type == NAME {
        record.data
    } else {
        &[]
    };
    entries.chunks_exact(6).filter_map(|entry| {
        let octets = entry.last_chunk::<4>()?;
        Some(IpAddr::V4(Ipv4Addr::from(*octets)))
    })
}

fn decode(text: &str) -> Option<Name> {
    // A scope may follow the first label.
    let label = text.split('.').next()?;
    let mut octets = [0_u8; 16];
    if label.len() != 32 {
        return None;
    }
    for (octet, pair) in octets.iter_mut().zip(label.as_bytes().chunks_exact(2)) {
        let [high, low] = *pair.first_chunk::<2>()?;
        *octet = (nibble(high)? << 4) | nibble(low)?;
    }
    let [name @ .., suffix] = octets;
    if name.first() == Some(&b'*') && name.iter().skip(1).all(|&octet| octet == 0) {
        return Some(Name::from_text("*"));
    }
    let mut decoded = String::new();
    for &octet in name.trim_ascii_end() {
        match octet {
            b'.' | b'\\' => decoded.extend(['\\', char::from(octet)]),
            0x21..=0x7e => decoded.push(char::from(octet)),
            // Writing to a String cannot fail.
            _ => drop(write!(decoded, "\\{octet:03}")),
        }
    }
    let _ = write!(decoded, "<{suffix:02x}>");
    Some(Name::from_text(&decoded))
}

/// `a` to `p` for 0 to 15; names are in lower case here.
fn nibble(letter: u8) -> Option<u8> {
    matches!(letter, b'a'..=b'p').then(|| letter.wrapping_sub(b'a'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letters_of_a_name_are_decoded() {
        // RFC 1001, section 14.1: "FRED" padded with spaces.
        let name = Name::from_text("EGFCEFEECACACACACACACACACACACACA");
        assert_eq!(decoded(name).as_str(), "fred<20>");
    }

    #[test]
    fn the_wildcard_is_a_star() {
        let name = Name::from_text("CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(decoded(name).as_str(), "*");
    }

    #[test]
    fn what_is_not_so_encoded_stays() {
        for text in ["fred", "ZGFCEFEECACACACACACACACACACACACA", "."] {
            assert_eq!(decoded(Name::from_text(text)), Name::from_text(text));
        }
    }
}
