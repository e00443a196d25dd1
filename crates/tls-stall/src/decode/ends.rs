//! Whose TCP connection a frame belongs to.

use super::{Endpoint, Packet, decode};
use crate::capture::Frame;

impl Frame<'_> {
    /// The source and the destination of the TCP segment in it, within any tunnels.
    ///
    /// `None` where there is none, and for a packet in fragments.
    #[must_use]
    pub fn tcp_ends(&self) -> Option<(Endpoint, Endpoint)> {
        match decode(self) {
            Ok(Packet::Tcp(segment)) => Some((segment.source, segment.destination)),
            _ => None,
        }
    }
}
