//! Captures that a phone's VPN app made, in which it plays the servers' part.
//!
//! Such an app takes the phone's packets, opens connections of its own, and writes a capture of
//! what it tells the phone: the SYN-ACK is the app's, and so are retransmissions and the sizes of
//! segments.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};

use crate::capture::{Frame, LinkType};
use crate::decode::{Endpoint, Segment};
use crate::time::{Moment, Span};

/// The initial sequence number of every server in zdtun (`PCAPdroid`'s `zdtun.c`).
const ZDTUN_ISN: u32 = 0x77eb_77eb;

/// The phone's address in `PCAPdroid`, in `NetGuard` and PCAP Remote, and in an app of 2015.
const PHONES: [[u8; 4]; 3] = [[10, 215, 173, 1], [10, 1, 10, 1], [10, 8, 0, 1]];

/// No real server answers so fast over a phone's radio.
const AT_ONCE: Span = Span::from_millis(5);

/// SYNs whose answers are waited for.
const MAX_SYNS: usize = 16;

/// Whether an app made the capture.
#[derive(Debug, Default)]
pub(crate) struct VpnApp {
    syns: VecDeque<Syn>,
    sign: Option<(Moment, &'static str)>,
}

#[derive(Debug, Clone, Copy)]
struct Syn {
    from: Endpoint,
    to: Endpoint,
    moment: Moment,
    addresses: Option<[u8; 12]>,
}

impl VpnApp {
    pub(super) fn syn(&mut self, segment: &Segment<'_>, frame: Option<&Frame<'_>>, moment: Moment) {
        if self.sign.is_some() {
            return;
        }
        let addresses = frame.and_then(hardware_addresses);
        if segment.flags.ack() {
            self.sign = self
                .sign_of(segment, addresses, moment)
                .map(|sign| (moment, sign));
            return;
        }
        if self.syns.len() >= MAX_SYNS {
            self.syns.pop_front();
        }
        self.syns.push_back(Syn {
            from: segment.source,
            to: segment.destination,
            moment,
            addresses,
        });
    }

    /// The first frame that the app made, and what shows it.
    pub(super) fn sign(&self) -> Option<(Moment, &'static str)> {
        self.sign
    }

    fn sign_of(
        &self,
        answer: &Segment<'_>,
        addresses: Option<[u8; 12]>,
        moment: Moment,
    ) -> Option<&'static str> {
        if answer.seq == ZDTUN_ISN {
            return Some("the server's initial sequence number is zdtun's");
        }
        let syn = self
            .syns
            .iter()
            .rev()
            .find(|syn| syn.from == answer.destination && syn.to == answer.source)?;
        // Mirrored ports, tunnels and captures made by hand have the same pair, too, but not SYN-ACKs
        // that no stack makes.
        let forged = answer.window == Some(u16::MAX) && answer.options.is_empty();
        if forged && addresses.is_some() && syn.addresses == addresses {
            return Some(
                "both directions have the same hardware addresses, and the SYN-ACK no options",
            );
        }
        let of_phone = match syn.from.ip {
            IpAddr::V4(ip) => PHONES.map(Ipv4Addr::from).contains(&ip),
            IpAddr::V6(_) => false,
        };
        let at_once = moment.since(syn.moment) < AT_ONCE;
        (of_phone && forged && at_once).then_some("the SYN-ACK comes at once and has no options")
    }
}

/// Destination and source, where they are those of two hosts.
fn hardware_addresses(frame: &Frame<'_>) -> Option<[u8; 12]> {
    if frame.link_type != LinkType::ETHERNET {
        return None;
    }
    let addresses = *frame.data.first_chunk::<12>()?;
    let (to, from) = addresses.split_at(6);
    (to != from).then_some(addresses)
}
