//! Alerts: what their numbers mean, and those whose contents are encrypted.

use crate::tcp::Side;
use crate::time::Moment;

/// The protected length of a TLS 1.3 alert: two bytes, the content type and the AEAD's tag, which
/// is 16 bytes long or, with `CCM_8`, 8 (RFC 8446, sections 5.2 and 6). No handshake message is as
/// short: `EndOfEarlyData` takes two bytes more.
const PROTECTED_ALERT_LENGTHS: [u16; 2] = [2 + 1 + 16, 2 + 1 + 8];

/// An alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Alert {
    pub(crate) from: Side,
    pub(crate) at: Moment,
    pub(crate) content: AlertContent,
}

/// What is known of an alert's two bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AlertContent {
    Clear {
        /// 1 is a warning, 2 is fatal.
        level: u8,
        /// Its number (RFC 8446, section 6).
        description: u8,
    },
    /// Only its length tells that it is one.
    Encrypted,
}

impl Alert {
    /// Whether it ends the handshake: not a warning, and not a farewell.
    pub(crate) const fn is_fatal(&self) -> bool {
        match self.content {
            AlertContent::Clear { level, description } => level == 2 && description != CLOSE_NOTIFY,
            AlertContent::Encrypted => true,
        }
    }

    /// Whether its sender says no more after it.
    pub(crate) const fn ends_speech(&self) -> bool {
        let farewell = matches!(
            self.content,
            AlertContent::Clear {
                description: CLOSE_NOTIFY,
                ..
            }
        );
        farewell || self.is_fatal()
    }
}

/// Whether a protected record of TLS 1.3, of `len` bytes, can only be an alert.
pub(super) fn is_protected_alert(len: u16) -> bool {
    PROTECTED_ALERT_LENGTHS.contains(&len)
}

const CLOSE_NOTIFY: u8 = 0;

/// The name and the meaning of alert `description` (IANA's registry of TLS alerts).
#[allow(
    clippy::too_many_lines,
    reason = "a table of the registry, a line or two a number"
)]
pub(crate) const fn meaning(description: u8) -> Option<(&'static str, &'static str)> {
    Some(match description {
        0 => ("close_notify", "it will send no more"),
        10 => ("unexpected_message", "a message came out of turn"),
        20 => ("bad_record_mac", "a record could not be verified"),
        21 => ("decryption_failed", "a record could not be decrypted"),
        22 => ("record_overflow", "a record is too long"),
        30 => (
            "decompression_failure",
            "a record could not be decompressed",
        ),
        40 => (
            "handshake_failure",
            "it could not agree: no common cipher suite, group or signature, or no fitting certificate",
        ),
        41 => ("no_certificate", "it has no certificate to show"),
        42 => (
            "bad_certificate",
            "the peer's certificate is corrupt or its signature wrong",
        ),
        43 => (
            "unsupported_certificate",
            "the peer's certificate is of a kind that it does not take",
        ),
        44 => ("certificate_revoked", "the peer's certificate was revoked"),
        45 => (
            "certificate_expired",
            "the peer's certificate has expired or is not valid yet",
        ),
        46 => (
            "certificate_unknown",
            "it did not accept the peer's certificate, for a reason that it does not tell",
        ),
        47 => ("illegal_parameter", "a field of a message is wrong"),
        48 => (
            "unknown_ca",
            "it does not know the authority that issued the peer's certificate",
        ),
        49 => (
            "access_denied",
            "the certificate is valid, and its holder is not let in",
        ),
        50 => ("decode_error", "a message could not be read"),
        51 => (
            "decrypt_error",
            "a signature or a Finished could not be verified",
        ),
        52 => (
            "too_many_cids_requested",
            "too many connection ids were asked for",
        ),
        60 => ("export_restriction", "the export rules of old forbid it"),
        70 => (
            "protocol_version",
            "it does not speak the version of TLS that was offered",
        ),
        71 => (
            "insufficient_security",
            "it demands stronger ciphers than were offered",
        ),
        80 => ("internal_error", "something failed within it"),
        86 => (
            "inappropriate_fallback",
            "the client offers less than it can, as after a failure",
        ),
        90 => ("user_canceled", "the handshake was called off"),
        100 => ("no_renegotiation", "it does not renegotiate"),
        109 => ("missing_extension", "an extension that it needs is missing"),
        110 => (
            "unsupported_extension",
            "it was sent an extension that it had not offered",
        ),
        111 => (
            "certificate_unobtainable",
            "a certificate could not be fetched from its URL",
        ),
        112 => ("unrecognized_name", "no server of that name is here"),
        113 => (
            "bad_certificate_status_response",
            "the stapled OCSP answer is not acceptable",
        ),
        114 => (
            "bad_certificate_hash_value",
            "a fetched certificate has another hash",
        ),
        115 => (
            "unknown_psk_identity",
            "it does not know the pre-shared key",
        ),
        116 => (
            "certificate_required",
            "it wants a client certificate and got none",
        ),
        117 => (
            "general_error",
            "something failed, and it does not tell what",
        ),
        120 => (
            "no_application_protocol",
            "none of the protocols offered in ALPN is spoken here",
        ),
        121 => ("ech_required", "it demands an encrypted ClientHello"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{FrameNumber, Timestamp};

    fn alert(level: u8, description: u8) -> Alert {
        Alert {
            from: Side::Server,
            at: Moment {
                time: Timestamp::from_nanos(0),
                frame: FrameNumber::new(1).unwrap(),
            },
            content: AlertContent::Clear { level, description },
        }
    }

    #[test]
    fn warnings_and_farewells_are_no_failure() {
        assert!(alert(2, 40).is_fatal());
        assert!(!alert(1, 112).is_fatal(), "unrecognized_name, as a warning");
        assert!(!alert(1, 112).ends_speech());
        assert!(!alert(1, 0).is_fatal());
        assert!(alert(1, 0).ends_speech());
    }

    #[test]
    fn no_message_of_a_handshake_is_as_short_as_an_alert() {
        let shortest = [4 + 1 + 16, 4 + 1 + 8, 4 + 32 + 1 + 16, 4 + 2 + 1 + 8];
        for len in shortest {
            assert!(!is_protected_alert(len), "{len}");
        }
        assert!(is_protected_alert(19) && is_protected_alert(11));
    }
}
