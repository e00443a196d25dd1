//! FTP's AUTH TLS (RFC 4217, section 4).

/// The code with which TLS may begin.
pub(super) const GO_AHEAD: [u8; 3] = *b"234";

pub(super) fn is_request(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    [&b"AUTH TLS"[..], b"AUTH SSL", b"AUTH TLS-C", b"AUTH TLS-P"]
        .iter()
        .any(|command| line.eq_ignore_ascii_case(command))
}
