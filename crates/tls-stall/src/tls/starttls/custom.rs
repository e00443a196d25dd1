//! Protocols of the caller's own.

use std::cmp::Ordering;
use std::fmt::Debug;

use super::Reply;

/// A protocol of lines that starts TLS within itself: how it greets, how TLS is asked for, and how
/// that is answered.
///
/// It is registered with [`Config::add_dialogue`](crate::Config::add_dialogue). It holds no state:
/// what was said before is kept for it. Lines are given without the line feed that ends them and a
/// carriage return before it, and no more than their first 2048 bytes. They are what a capture
/// holds, and so may be anything.
pub trait StarttlsDialogue: Debug + Send + Sync {
    /// The name in reports, as `irc`; a connection whose protocol has an empty one is reported
    /// without.
    fn name(&self) -> &'static str;

    /// The ports on which servers speak it: there, it is expected, and nothing else.
    fn ports(&self) -> &'static [u16] {
        &[]
    }

    /// Whether the server is to greet before the client says anything: then the wait for it is the
    /// phase [`ServerGreeting`](crate::Phase::ServerGreeting).
    fn server_speaks_first(&self) -> bool {
        true
    }

    /// Whether `line`, the first one of the side that speaks first, is of this protocol and could
    /// be of no other.
    fn is_greeting(&self, line: &[u8]) -> bool;

    /// Whether `line` of the client asks for TLS.
    fn is_request(&self, line: &[u8]) -> bool;

    /// What `line` of the server says; `requested` where the client's request for TLS is not yet
    /// answered.
    fn reply(&self, line: &[u8], requested: bool) -> Reply;
}

/// The dialogues of the caller's own.
pub(crate) type Dialogues<'a> = &'a [&'static dyn StarttlsDialogue];

/// A dialogue of the caller's own, told from others by its name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Custom(pub(crate) &'static dyn StarttlsDialogue);

impl PartialEq for Custom {
    fn eq(&self, other: &Self) -> bool {
        self.0.name() == other.0.name()
    }
}

impl Eq for Custom {}

impl PartialOrd for Custom {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Custom {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.name().cmp(other.0.name())
    }
}
