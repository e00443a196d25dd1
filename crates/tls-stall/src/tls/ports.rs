//! The ports on which TLS is expected (IANA's registry, and custom).

use super::starttls::Protocol;

/// What is expected on a server's port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    /// TLS from the first byte.
    Implicit,
    /// A protocol that starts TLS within itself; the server speaks first.
    Starttls(Protocol),
    /// The same, and its dialogue is not followed.
    ServerFirst,
    /// A protocol that starts TLS within itself; the client speaks first.
    ClientFirst,
}

/// What is expected on server port `number`, where it is registered for TLS or STARTTLS.
pub(crate) const fn port(number: u16) -> Option<Port> {
    Some(match number {
        25 | 587 | 2525 => Port::Starttls(Protocol::Smtp),
        143 => Port::Starttls(Protocol::Imap),
        110 => Port::Starttls(Protocol::Pop3),
        // FTP, NNTP, ManageSieve.
        21 | 119 | 4190 => Port::ServerFirst,
        // LDAP, XMPP, IRC.
        389 | 5222 | 5269 | 6667 => Port::ClientFirst,
        // HTTPS, NNTPS, SMTPS, LDAPS, DNS over TLS, FTPS, Telnet, IMAPS, POP3S, SIP, XMPP,
        // IRC, MQTT, AMQP, Docker, Kubernetes, and HTTPS elsewhere.
        443 | 563 | 465 | 636 | 853 | 989 | 990 | 992 | 993 | 995 | 5061 | 5223 | 6697 | 8883
        | 5671 | 2376 | 6443 | 8443 | 9443 => Port::Implicit,
        _ => return None,
    })
}
