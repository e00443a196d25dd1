//! XMPP's starttls (RFC 6120, section 5.4). A unit is what stands before a `>`.

use super::Reply;

pub(super) fn is_opening(unit: &[u8]) -> bool {
    let unit = unit.trim_ascii();
    unit.starts_with(b"<stream:stream") || (unit.starts_with(b"<?xml") && unit.ends_with(b"?"))
}

pub(super) fn is_request(unit: &[u8]) -> bool {
    unit.trim_ascii().starts_with(b"<starttls")
}

pub(super) fn reply(unit: &[u8]) -> Reply {
    let unit = unit.trim_ascii();
    let proceeds = unit.starts_with(b"<proceed") && unit.ends_with(b"/");
    if proceeds || unit.starts_with(b"</proceed") {
        Reply::GoAhead
    } else if unit.starts_with(b"<failure") || unit.starts_with(b"<stream:error") {
        Reply::Refusal
    } else {
        Reply::Other
    }
}
