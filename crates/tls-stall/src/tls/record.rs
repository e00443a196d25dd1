//! The head of a TLS record (RFC 8446, section 5.1), and what stands where one should be.

/// The largest record that TLS 1.2 allows: 2^14 bytes and 2,048 for protection (RFC 5246, 6.2.3).
const MAX_RECORD: u16 = (1 << 14) + 2048;

/// What a record carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContentType {
    ChangeCipherSpec,
    Alert,
    Handshake,
    ApplicationData,
    Heartbeat,
}

/// The first five bytes of a stream or of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Head {
    /// A record with a body of so many bytes.
    Record { content: ContentType, len: u16 },
    /// A ClientHello in the form of SSL 2.0 (RFC 5246, appendix E.2), of so many bytes in all.
    V2ClientHello { len: u16 },
    /// Neither.
    NotTls,
}

impl Head {
    /// Whether `bytes`, up to five, can be the beginning of a record or of an SSL 2.0 ClientHello.
    pub(crate) fn can_begin_with(bytes: &[u8]) -> bool {
        match bytes {
            [] => true,
            [first, rest @ ..] if content_type(*first).is_some() => {
                rest.first().is_none_or(|&major| major == 3)
            }
            [first, rest @ ..] if first & 0x80 != 0 => {
                rest.get(1).is_none_or(|&kind| kind == 1)
                    && rest.get(2).is_none_or(|&major| major == 3 || major == 0)
            }
            _ => false,
        }
    }

    pub(crate) fn parse(head: [u8; 5]) -> Self {
        let [first, second, third, fourth, fifth] = head;
        if let Some(content) = content_type(first)
            && second == 3
        {
            let len = u16::from_be_bytes([fourth, fifth]);
            // Only application data may be empty (RFC 8446, section 5.1).
            let may_be_empty = content == ContentType::ApplicationData;
            return if len <= MAX_RECORD && (len > 0 || may_be_empty) {
                Self::Record { content, len }
            } else {
                Self::NotTls
            };
        }
        let version = u16::from_be_bytes([fourth, fifth]);
        let known = fourth == 3 || version == 2;
        if first & 0x80 != 0 && third == 1 && known {
            let len = u16::from_be_bytes([first & 0x7f, second]).saturating_add(2);
            return Self::V2ClientHello { len };
        }
        Self::NotTls
    }
}

const fn content_type(byte: u8) -> Option<ContentType> {
    Some(match byte {
        20 => ContentType::ChangeCipherSpec,
        21 => ContentType::Alert,
        22 => ContentType::Handshake,
        23 => ContentType::ApplicationData,
        24 => ContentType::Heartbeat,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_the_largest_length_is_one_and_a_longer_one_is_not() {
        let head = |len: u16| {
            let [a, b] = len.to_be_bytes();
            Head::parse([23, 3, 3, a, b])
        };
        assert_eq!(
            head(MAX_RECORD),
            Head::Record {
                content: ContentType::ApplicationData,
                len: MAX_RECORD
            }
        );
        assert_eq!(head(MAX_RECORD + 1), Head::NotTls);
    }

    /// A Modbus server repeats the first bytes of a ClientHello, with a length of its own.
    #[test]
    fn an_empty_handshake_record_is_none() {
        assert_eq!(Head::parse([22, 3, 1, 0, 0]), Head::NotTls);
        let content = ContentType::ApplicationData;
        assert_eq!(
            Head::parse([23, 3, 3, 0, 0]),
            Head::Record { content, len: 0 }
        );
    }

    #[test]
    fn other_protocols_are_told_at_their_first_bytes() {
        for text in [
            "HTTP/1.1 400",
            "SSH-2.0",
            "220 mail",
            "+OK",
            "* OK",
            "GET / ",
        ] {
            assert!(!Head::can_begin_with(&text.as_bytes()[..1]), "{text}");
            assert_eq!(
                Head::parse(*format!("{text}  ").as_bytes().first_chunk().unwrap()),
                Head::NotTls
            );
        }
    }

    #[test]
    fn an_ssl_2_hello_is_one() {
        assert_eq!(
            Head::parse([0x80, 0x2e, 1, 3, 1]),
            Head::V2ClientHello { len: 0x30 }
        );
        assert!(Head::can_begin_with(&[0x80]));
        assert!(Head::can_begin_with(&[0x80, 0x2e, 1, 3]));
        assert!(!Head::can_begin_with(&[0x80, 0x2e, 4]));
    }
}
