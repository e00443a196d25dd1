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
    is_known: bool,
}

#[derive(Debug, Clone, Copy)]
struct Syn {
    from: Endpoint,
    to: Endpoint,
    moment: Moment,
    addresses: Option<[u8; 12]>,
}

impl VpnApp {
    /// Takes a SYN or SYN-ACK and the frame that it came in; the first that shows that an app made
    /// it gives what shows it.
    pub(crate) fn syn(&mut self, segment: &Segment<'_>, frame: &Frame<'_>) -> Option<&'static str> {
        if self.is_known {
            return None;
        }
        let (addresses, moment) = (hardware_addresses(frame), frame.moment());
        if segment.flags.ack() {
            let sign = self.sign_of(segment, addresses, moment);
            self.is_known = sign.is_some();
            return sign;
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
        None
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
        let at_once = moment.since(syn.moment) < AT_ONCE;
        let forged = at_once && answer.window == Some(u16::MAX) && answer.options.is_empty();
        if forged && addresses.is_some() && syn.addresses == addresses {
            return Some(
                "both directions have the same hardware addresses, and the SYN-ACK no options",
            );
        }
        let of_phone = match syn.from.ip {
            IpAddr::V4(ip) => PHONES.map(Ipv4Addr::from).contains(&ip),
            IpAddr::V6(_) => false,
        };
        (of_phone && forged).then_some("the SYN-ACK comes at once and has no options")
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{IpFacts, TcpFlags};
    use crate::time::{FrameNumber, Timestamp};

    const APP: [u8; 14] = [0, 0x1a, 0x11, 0, 0, 2, 0, 0x1a, 0x11, 0, 0, 1, 8, 0];
    const MSS: [u8; 4] = [2, 4, 5, 0xb4];

    fn endpoint(address: &str) -> Endpoint {
        let address: std::net::SocketAddr = address.parse().unwrap();
        Endpoint {
            ip: address.ip(),
            port: address.port(),
        }
    }

    /// What is made of a SYN from `phone` and of its answer after `delay`.
    fn sign(
        phone: &str,
        link_type: LinkType,
        delay: Span,
        seq: u32,
        options: &[u8],
    ) -> Option<&'static str> {
        let (phone, server) = (endpoint(phone), endpoint("203.0.113.25:465"));
        let mut app = VpnApp::default();
        let mut sign = None;
        for (frame, flags) in [(1, 0x02), (2, 0x12)] {
            let number = FrameNumber::new(frame).unwrap();
            let answer = frame == 2;
            let start = Timestamp::from_nanos(0);
            let time = if answer { start.plus(delay) } else { start };
            let bytes = Frame::new(number, time, link_type, &APP);
            let segment = Segment {
                ip: IpFacts { ttl: 64, id: None },
                source: if answer { server } else { phone },
                destination: if answer { phone } else { server },
                seq,
                ack: 0,
                flags: TcpFlags(flags),
                window: Some(u16::MAX),
                options: if answer { options } else { &MSS },
                payload: &[],
                payload_len: 0,
            };
            sign = app.syn(&segment, &bytes);
        }
        sign
    }

    #[test]
    fn zdtun_gives_every_server_the_same_first_number() {
        let far = Span::from_millis(80);
        let sign = sign("192.0.2.7:4000", LinkType::RAW, far, ZDTUN_ISN, &MSS);
        assert!(sign.is_some());
    }

    #[test]
    fn one_pair_of_hardware_addresses_counts_only_with_a_syn_ack_that_no_stack_makes() {
        let (near, far) = (Span::from_millis(2), Span::from_millis(10));
        let (phone, link) = ("192.0.2.7:4000", LinkType::ETHERNET);
        assert!(sign(phone, link, near, 7, &[]).is_some());
        assert_eq!(sign(phone, link, near, 7, &MSS), None);
        assert_eq!(sign(phone, link, far, 7, &[]), None);
    }

    #[test]
    fn an_address_that_apps_use_counts_only_with_a_forged_answer_at_once() {
        let (near, far) = (Span::from_millis(2), Span::from_millis(80));
        let link = LinkType::RAW;
        assert!(sign("10.8.0.1:4000", link, near, 7, &[]).is_some());
        assert_eq!(sign("10.8.0.1:4000", link, far, 7, &[]), None);
        assert_eq!(sign("10.8.0.1:4000", link, near, 7, &MSS), None);
        assert_eq!(sign("192.0.2.7:4000", link, near, 7, &[]), None);
    }
}
