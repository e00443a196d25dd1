//! NNTP's STARTTLS (RFC 4642, section 2.2).

/// The code with which TLS may begin.
pub(super) const GO_AHEAD: [u8; 3] = *b"382";

pub(super) fn is_greeting(line: &[u8]) -> bool {
    line.starts_with(b"200 ") || line.starts_with(b"201 ")
}
