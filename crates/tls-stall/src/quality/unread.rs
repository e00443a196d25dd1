//! Name lookups of which the capture has only the beginning.

use std::net::IpAddr;

use crate::decode::Datagram;
use crate::dns::Name;

const DNS: u16 = 53;

/// Of a message, before its question (RFC 1035, section 4.1.1).
const HEADER: usize = 12;

/// Hosts that are remembered.
const MAX_ASKERS: usize = 256;

/// Who asked for names that a short snaplen cut off.
#[derive(Debug, Default)]
pub(crate) struct UnreadDns {
    askers: Vec<IpAddr>,
}

impl UnreadDns {
    pub(super) fn udp(&mut self, datagram: &Datagram<'_>) {
        let captured = u32::try_from(datagram.payload.len()).unwrap_or(u32::MAX);
        let is_cut = datagram.destination.port == DNS && captured < datagram.payload_len;
        if !is_cut || Name::read(datagram.payload, HEADER).is_some() {
            return;
        }
        let asker = datagram.source.ip;
        if self.askers.len() < MAX_ASKERS && !self.askers.contains(&asker) {
            self.askers.push(asker);
        }
    }

    /// Whether a name that `asker` asked for is not known.
    pub(crate) fn includes(&self, asker: IpAddr) -> bool {
        self.askers.contains(&asker)
    }
}
