//! The ports on which TLS is expected (IANA's registry, and custom).

use super::starttls::{Custom, Dialogues, Protocol};

/// What is expected on a server's port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    /// TLS from the first byte.
    Implicit,
    /// A protocol that starts TLS within itself.
    Starttls(Protocol),
    /// The same; the client speaks first, and the dialogue is not followed.
    ClientFirst,
}

/// What is expected of a connection before it says anything.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Expected<'a> {
    /// What its server's port is registered for.
    pub(crate) port: Option<Port>,
    /// The dialogues of the caller's own, which it may speak on any port.
    pub(crate) dialogues: Dialogues<'a>,
}

/// What is expected on server port `number`, where one of `dialogues` has it for its own.
pub(crate) fn custom_port(number: u16, dialogues: Dialogues<'_>) -> Option<Port> {
    let mut there = dialogues
        .iter()
        .filter(|dialogue| dialogue.ports().contains(&number));
    let dialogue = there.next()?;
    Some(Port::Starttls(Protocol::Custom(Custom(*dialogue))))
}

/// What is expected on server port `number`, where it is registered for TLS or STARTTLS.
pub(crate) const fn port(number: u16) -> Option<Port> {
    Some(match number {
        25 | 587 | 2525 => Port::Starttls(Protocol::Smtp),
        143 => Port::Starttls(Protocol::Imap),
        110 => Port::Starttls(Protocol::Pop3),
        21 => Port::Starttls(Protocol::Ftp),
        119 => Port::Starttls(Protocol::Nntp),
        4190 => Port::Starttls(Protocol::ManageSieve),
        389 => Port::Starttls(Protocol::Ldap),
        5222 | 5269 => Port::Starttls(Protocol::Xmpp),
        5432 => Port::Starttls(Protocol::Postgresql),
        3306 => Port::Starttls(Protocol::Mysql),
        // IRC.
        6667 => Port::ClientFirst,
        // HTTPS, NNTPS, SMTPS, LDAPS, DNS over TLS, FTPS, Telnet, IMAPS, POP3S, SIP, XMPP,
        // IRC, MQTT, AMQP, Docker, Kubernetes, and HTTPS elsewhere.
        443 | 563 | 465 | 636 | 853 | 989 | 990 | 992 | 993 | 995 | 5061 | 5223 | 6697 | 8883
        | 5671 | 2376 | 6443 | 8443 | 9443 => Port::Implicit,
        _ => return None,
    })
}
