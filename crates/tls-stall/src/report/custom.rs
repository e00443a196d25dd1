//! The name of a cause that is not of the catalogue.

use super::Cause;

/// A cause of the caller's own: its name in reports, and its page.
///
/// ```
/// use tls_stall::{Cause, CustomCause};
///
/// const BACKUP: CustomCause =
///     CustomCause::new("backup-window", "# backup-window\n\nThe nightly backup was running.\n")
///         .expect("kebab-case, and not in the catalogue");
///
/// let cause = Cause::Custom(BACKUP);
/// assert_eq!(cause.to_string(), "backup-window");
/// assert_eq!(cause.headline(), "The nightly backup was running.");
/// // A name of the catalogue keeps its meaning, and others have to look like one.
/// assert_eq!(CustomCause::new("server-slow", ""), None);
/// assert_eq!(CustomCause::new("Backup window!", ""), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomCause {
    name: &'static str,
    page: &'static str,
}

impl CustomCause {
    /// The cause `name`, told by `page` in the form of [`Cause::page`]: the heading is its first
    /// line, the cause in one sentence its third.
    ///
    /// `None` unless the name is of 1 to 64 lower-case ASCII letters, digits and hyphens, begins
    /// with a letter, and is none of the catalogue's. In a constant, `expect` makes that an error
    /// of compilation.
    #[must_use]
    pub const fn new(name: &'static str, page: &'static str) -> Option<Self> {
        if is_kebab_case(name.as_bytes()) && !is_of_the_catalogue(name.as_bytes()) {
            Some(Self { name, page })
        } else {
            None
        }
    }

    /// The stable name, as it stands in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// What the cause is, as Markdown; empty where nothing was written.
    #[must_use]
    pub const fn page(self) -> &'static str {
        self.page
    }
}

const fn is_kebab_case(mut name: &[u8]) -> bool {
    if name.len() > 64 || !matches!(name, [b'a'..=b'z', ..]) {
        return false;
    }
    while let [byte, rest @ ..] = name {
        if !matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-') {
            return false;
        }
        name = rest;
    }
    true
}

const fn is_of_the_catalogue(name: &[u8]) -> bool {
    let mut causes = Cause::ALL;
    while let [cause, rest @ ..] = causes {
        if is_equal(cause.name().as_bytes(), name) {
            return true;
        }
        causes = rest;
    }
    false
}

const fn is_equal(mut a: &[u8], mut b: &[u8]) -> bool {
    while let ([x, rest_of_a @ ..], [y, rest_of_b @ ..]) = (a, b) {
        if *x != *y {
            return false;
        }
        (a, b) = (rest_of_a, rest_of_b);
    }
    a.is_empty() && b.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_like_those_of_the_catalogue_and_none_of_them() {
        for &cause in Cause::ALL {
            assert!(is_kebab_case(cause.name().as_bytes()), "{cause}");
            assert_eq!(CustomCause::new(cause.name(), ""), None, "{cause}");
        }
        let longest = "a".repeat(65).leak();
        for name in ["", "-a", "1a", "Backup", "a b", "a\u{202e}b", longest] {
            assert_eq!(CustomCause::new(name, ""), None, "{name:?}");
        }
        let made = CustomCause::new("server-slower", "").unwrap();
        assert_eq!(Cause::Custom(made).name(), "server-slower");
        assert_eq!(Cause::Custom(made).headline(), "");
    }
}
