//! LDAP's `StartTLS` operation (RFC 4511, section 4.14), in BER.

use super::Reply;

/// The name of the operation.
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const ENUMERATED: u8 = 0x0a;
/// `ExtendedRequest`, an application tag of number 23.
const EXTENDED_REQUEST: u8 = 0x77;
/// `ExtendedResponse`, an application tag of number 24.
const EXTENDED_RESPONSE: u8 = 0x78;
/// The requestName within it.
const REQUEST_NAME: u8 = 0x80;

/// How long the message is that begins with `bytes`.
pub(super) fn len(bytes: &[u8]) -> Option<usize> {
    match *bytes {
        [] | [SEQUENCE] => None,
        [SEQUENCE, ref length @ ..] => match content_len(length) {
            Len::Known { head, len } => Some(len.saturating_add(head).saturating_add(1)),
            Len::TooShort => None,
            Len::Invalid => Some(bytes.len()),
        },
        _ => Some(bytes.len()),
    }
}

/// The message's number, where it asks for TLS.
pub(super) fn request(message: &[u8]) -> Option<&[u8]> {
    let (number, kind, operation) = operation(message)?;
    let (tag, name, _) = element(operation)?;
    (kind == EXTENDED_REQUEST && tag == REQUEST_NAME && name == START_TLS).then_some(number)
}

pub(super) fn reply(message: &[u8], asked: &[u8]) -> Reply {
    let Some((number, EXTENDED_RESPONSE, response)) = operation(message) else {
        return Reply::Other;
    };
    let Some((ENUMERATED, result, _)) = element(response) else {
        return Reply::Other;
    };
    if number != asked {
        Reply::Other
    } else if result == [0] {
        Reply::GoAhead
    } else {
        Reply::Refusal
    }
}

/// The message's number, and its operation with its tag.
fn operation(message: &[u8]) -> Option<(&[u8], u8, &[u8])> {
    let (SEQUENCE, content, _) = element(message)? else {
        return None;
    };
    let (INTEGER, number, rest) = element(content)? else {
        return None;
    };
    let (kind, operation, _) = element(rest)?;
    Some((number, kind, operation))
}

/// An element's tag and content, and what follows it.
fn element(input: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = input.split_first()?;
    let Len::Known { head, len } = content_len(rest) else {
        return None;
    };
    let (content, after) = rest.get(head..)?.split_at_checked(len)?;
    Some((tag, content, after))
}

enum Len {
    /// So many bytes of content, told in so many of head.
    Known {
        head: usize,
        len: usize,
    },
    TooShort,
    /// Indefinite, or longer than any message may be.
    Invalid,
}

fn content_len(bytes: &[u8]) -> Len {
    match *bytes {
        [] => Len::TooShort,
        [short @ ..=0x7f, ..] => Len::Known {
            head: 1,
            len: short.into(),
        },
        [count @ 0x81..=0x84, ref rest @ ..] => {
            let count = usize::from(count & 0x7f);
            let Some(octets) = rest.get(..count) else {
                return Len::TooShort;
            };
            let len = octets
                .iter()
                .fold(0_u32, |len, &octet| (len << 8) | u32::from(octet));
            Len::Known {
                head: count.saturating_add(1),
                len: usize::try_from(len).unwrap_or(usize::MAX),
            }
        }
        _ => Len::Invalid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `ldapsearch -ZZ` sends it: message 1.
    fn start_tls() -> Vec<u8> {
        let mut message = vec![0x30, 0x1d, 0x02, 0x01, 0x01, 0x77, 0x18, 0x80, 0x16];
        message.extend(START_TLS);
        message
    }

    #[test]
    fn the_request_is_told_by_its_name() {
        assert_eq!(request(&start_tls()), Some(&[1][..]));
        assert_eq!(len(&start_tls()[..2]), Some(start_tls().len()));
        let bind = [0x30, 0x0c, 2, 1, 1, 0x60, 7, 2, 1, 3, 4, 0, 0x80, 0];
        assert_eq!(request(&bind), None);
    }

    #[test]
    fn only_success_of_the_same_message_is_a_go_ahead() {
        let response =
            |number, result| [0x30, 0x0c, 2, 1, number, 0x78, 7, 10, 1, result, 4, 0, 4, 0];
        assert_eq!(reply(&response(1, 0), &[1]), Reply::GoAhead);
        assert_eq!(reply(&response(2, 0), &[1]), Reply::Other);
        // unavailable (RFC 4511, section 4.1.9)
        assert_eq!(reply(&response(1, 52), &[1]), Reply::Refusal);
    }

    #[test]
    fn lengths_may_take_up_to_four_bytes() {
        assert_eq!(len(&[0x30, 0x82, 1]), None);
        assert_eq!(len(&[0x30, 0x82, 1, 0]), Some(4 + 256));
        assert_eq!(len(&[0x30, 0x84, 0, 0, 0, 5]), Some(6 + 5));
        assert_eq!(len(&[0x30, 0x80]), Some(2), "indefinite: given up");
        assert!(len(&[0x30, 0x84, 255, 255, 255, 255]).is_some());
    }
}
