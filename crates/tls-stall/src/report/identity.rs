//! What tells one connection from all others, wherever it was captured.

/// The numbers that the client drew at random when it connected.
///
/// Two captures show one and the same connection where these are the same: addresses alone do not
/// tell, since ports are used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub struct Identity {
    /// The sequence number of the client's SYN; some firewalls change it on its way.
    pub client_isn: Option<u32>,
    /// The random of the first ClientHello (RFC 8446, section 4.1.2); nothing on the way can change it.
    pub client_random: Option<[u8; 32]>,
}
