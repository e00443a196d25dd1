//! The catalogue for people: a page for each cause, in `causes/` beside this file.
//!
//! The pages are kept here once. The command's `explain` prints them, and `docs/causes.md` is all
//! of them in a row.

use super::Cause;

/// Takes in the page of each id, as Markdown.
macro_rules! pages {
    ($($id:literal,)+) => {
        &[$(($id, include_str!(concat!("causes/", $id, ".md"))),)+]
    };
}

/// Each cause's id and page.
const PAGES: &[(&str, &str)] = pages![
    "reverse-dns-unanswered",
    "reverse-dns-slow",
    "reverse-dns-failed",
    "forward-dns-unanswered",
    "forward-dns-slow",
    "forward-dns-failed",
    "resolver-silent",
    "syn-lost",
    "connect-timeout",
    "connect-refused",
    "client-hello-lost",
    "server-flight-lost",
    "client-flight-lost",
    "path-mtu-black-hole",
    "zero-window",
    "address-fallback",
    "quic-fallback",
    "server-slow",
    "server-silent",
    "client-idle",
    "unused-connection",
    "protocol-mismatch",
    "server-rejected",
    "ident-lookup",
    "revocation-lookup",
    "proxy-tunnel",
    "reset-on-client-hello",
    "tls-alert",
    "capture-artefact",
];

impl Cause {
    /// What the cause is, how it shows, how it is told from its likes and what to do, as Markdown.
    ///
    /// A heading with the name, the cause in one sentence on a line of its own, and sections with
    /// headings of the second level. Besides these there are paragraphs, lists of one level, fenced
    /// blocks, `code` and **strong** words, and nothing else.
    #[must_use]
    pub fn page(self) -> &'static str {
        let mut pages = PAGES.iter();
        let page = pages.find(|(id, _)| *id == self.name());
        page.map_or("", |(_, page)| page)
    }

    /// The cause in one sentence, as its page begins.
    #[must_use]
    pub fn headline(self) -> &'static str {
        self.page().lines().nth(2).unwrap_or_default()
    }
}
