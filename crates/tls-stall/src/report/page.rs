//! The catalogue for people: a page for each cause, in `causes/` beside this file.
//!
//! The pages are kept here once. The command's `explain` prints them, and `docs/causes.md` is all
//! of them in a row.

use super::Cause;

/// The page of an id, as Markdown.
macro_rules! page {
    ($id:literal) => {
        include_str!(concat!("causes/", $id, ".md"))
    };
}

impl Cause {
    /// What the cause is, how it shows, how it is told from its likes and what to do, as Markdown.
    ///
    /// A heading with the name, the cause in one sentence on a line of its own, and sections with
    /// headings of the second level. Besides these there are paragraphs, lists of one level, fenced
    /// blocks, `code` and **strong** words, and nothing else.
    #[must_use]
    pub const fn page(self) -> &'static str {
        match self {
            Self::ReverseDnsUnanswered => page!("reverse-dns-unanswered"),
            Self::ReverseDnsSlow => page!("reverse-dns-slow"),
            Self::ReverseDnsFailed => page!("reverse-dns-failed"),
            Self::ForwardDnsUnanswered => page!("forward-dns-unanswered"),
            Self::ForwardDnsSlow => page!("forward-dns-slow"),
            Self::ForwardDnsFailed => page!("forward-dns-failed"),
            Self::ResolverSilent => page!("resolver-silent"),
            Self::SynLost => page!("syn-lost"),
            Self::ConnectTimeout => page!("connect-timeout"),
            Self::ConnectRefused => page!("connect-refused"),
            Self::ClientHelloLost => page!("client-hello-lost"),
            Self::ServerFlightLost => page!("server-flight-lost"),
            Self::ClientFlightLost => page!("client-flight-lost"),
            Self::PathMtuBlackHole => page!("path-mtu-black-hole"),
            Self::ZeroWindow => page!("zero-window"),
            Self::AddressFallback => page!("address-fallback"),
            Self::QuicFallback => page!("quic-fallback"),
            Self::ServerSlow => page!("server-slow"),
            Self::ServerSilent => page!("server-silent"),
            Self::ClientIdle => page!("client-idle"),
            Self::UnusedConnection => page!("unused-connection"),
            Self::ProtocolMismatch => page!("protocol-mismatch"),
            Self::ServerRejected => page!("server-rejected"),
            Self::IdentLookup => page!("ident-lookup"),
            Self::RevocationLookup => page!("revocation-lookup"),
            Self::ProxyTunnel => page!("proxy-tunnel"),
            Self::ResetOnClientHello => page!("reset-on-client-hello"),
            Self::TlsAlert => page!("tls-alert"),
            Self::CaptureArtefact => page!("capture-artefact"),
            Self::Custom(cause) => cause.page(),
        }
    }

    /// The cause in one sentence, as its page begins.
    #[must_use]
    pub fn headline(self) -> &'static str {
        self.page().lines().nth(2).unwrap_or_default()
    }
}
