//! The named moments of a connection's set-up.

use smallvec::SmallVec;

use crate::names::named;
use crate::time::Moment;

named! {
    /// A named moment of a connection: the first copy counts, a retransmission is none.
    pub enum Milestone {
        /// The first query of the lookup that led to this connection.
        DnsQuery = "dns_query",
        /// The answer to that lookup.
        DnsAnswer = "dns_answer",
        /// The first packet of this client's earlier, failed attempts at the same name or server.
        FirstAttempt = "first_attempt",
        /// The client's SYN.
        Syn = "syn",
        /// The server's SYN-ACK.
        SynAck = "syn_ack",
        /// The client's ACK that completes the three-way handshake.
        Established = "established",
        /// The first bytes of a server that speaks first (SMTP, IMAP, POP3).
        ServerGreeting = "server_greeting",
        /// The client's STARTTLS command.
        StarttlsRequest = "starttls_request",
        /// The server's go-ahead for TLS.
        StarttlsReady = "starttls_ready",
        /// The first frame that brought a byte of the ClientHello.
        ClientHello = "client_hello",
        /// The frame with which the ClientHello was whole.
        ClientHelloEnd = "client_hello_end",
        /// A ServerHello that asks for another ClientHello (RFC 8446, section 4.1.4).
        HelloRetryRequest = "hello_retry_request",
        /// The first frame that brought a byte of the ServerHello.
        ServerHello = "server_hello",
        /// The frame with which the record that holds the end of the ServerHello was whole.
        ServerHelloEnd = "server_hello_end",
        /// The server's last handshake byte before the client's next flight.
        ServerFlightEnd = "server_flight_end",
        /// The client's flight that ends in Finished: its ChangeCipherSpec or, in TLS 1.3, its
        /// first protected record after the server's flight.
        ClientFinished = "client_finished",
        /// The server's ChangeCipherSpec that answers it (TLS 1.2 and earlier).
        ServerFinished = "server_finished",
        /// The first protected application record after the handshake.
        ApplicationData = "application_data",
        /// The first alert, of either side.
        Alert = "alert",
        /// The client's FIN.
        ClientFin = "client_fin",
        /// The server's FIN.
        ServerFin = "server_fin",
        /// The client's RST.
        ClientRst = "client_rst",
        /// The server's RST.
        ServerRst = "server_rst",
    }
}

impl Milestone {
    /// Its bit among [`Milestones::bits`].
    #[allow(
        clippy::as_conversions,
        reason = "the place of a value in an enumeration of fewer than 32"
    )]
    pub(crate) const fn bit(self) -> u32 {
        1_u32.wrapping_shl(self as u32)
    }
}

/// Most connections reach no more of them than this.
const USUAL: usize = 13;

/// The milestones that a connection has reached.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Milestones {
    /// A bit each.
    bits: u32,
    /// Of those that were reached, in the order of their bits.
    moments: SmallVec<[Moment; USUAL]>,
}

impl Milestones {
    /// When `milestone` was reached, if it was.
    #[inline]
    pub(crate) fn get(&self, milestone: Milestone) -> Option<Moment> {
        if !self.has(milestone) {
            return None;
        }
        self.moments.get(self.place(milestone)).copied()
    }

    /// Whether `milestone` was reached.
    #[inline]
    pub(crate) const fn has(&self, milestone: Milestone) -> bool {
        self.bits & milestone.bit() != 0
    }

    /// Notes that `milestone` was reached, unless it was before.
    pub(crate) fn reach(&mut self, milestone: Milestone, moment: Moment) {
        if !self.has(milestone) {
            self.moments.insert(self.place(milestone), moment);
            self.bits |= milestone.bit();
        }
    }

    /// Moves `milestone`, for those that are the last of their kind.
    pub(crate) fn set(&mut self, milestone: Milestone, moment: Moment) {
        self.forget(milestone);
        self.reach(milestone, moment);
    }

    /// Takes `milestone` back.
    pub(crate) fn forget(&mut self, milestone: Milestone) {
        if self.has(milestone) {
            self.moments.remove(self.place(milestone));
            self.bits &= !milestone.bit();
        }
    }

    /// Exchanges `a` and `b`.
    pub(crate) fn swap(&mut self, a: Milestone, b: Milestone) {
        let (at_a, at_b) = (self.get(a), self.get(b));
        for (milestone, moment) in [(a, at_b), (b, at_a)] {
            match moment {
                Some(moment) => self.set(milestone, moment),
                None => self.forget(milestone),
            }
        }
    }

    /// The milestones reached, a bit each.
    pub(crate) const fn bits(&self) -> u32 {
        self.bits
    }

    /// The milestones reached, in the order of their declaration.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Milestone, Moment)> + '_ {
        let reached = Milestone::ALL.iter().copied();
        let reached = reached.filter(|&milestone| self.has(milestone));
        reached.zip(self.moments.iter().copied())
    }

    /// Where the moment of `milestone` stands: behind those of the lower bits.
    #[inline]
    fn place(&self, milestone: Milestone) -> usize {
        let lower = self.bits & milestone.bit().wrapping_sub(1);
        usize::try_from(lower.count_ones()).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{FrameNumber, Timestamp};

    fn moment(frame: u64) -> Moment {
        Moment {
            time: Timestamp::from_nanos(0),
            frame: FrameNumber::new(frame).unwrap(),
        }
    }

    #[test]
    fn the_first_copy_counts() {
        let mut milestones = Milestones::default();
        milestones.reach(Milestone::Syn, moment(1));
        milestones.reach(Milestone::Syn, moment(2));
        assert_eq!(milestones.get(Milestone::Syn), Some(moment(1)));
        assert!(!milestones.has(Milestone::SynAck));
    }

    #[test]
    fn bits_are_in_the_order_of_the_milestones() {
        for (index, &milestone) in Milestone::ALL.iter().enumerate() {
            assert_eq!(milestone as usize, index);
            assert_eq!(milestone.bit().trailing_zeros() as usize, index);
        }
    }

    #[test]
    fn each_keeps_its_moment_in_whatever_order_they_are_reached() {
        let mut milestones = Milestones::default();
        let backwards = Milestone::ALL.iter().rev().copied();
        for (frame, milestone) in (1..).zip(backwards.clone()) {
            milestones.reach(milestone, moment(frame));
        }
        milestones.forget(Milestone::Established);
        milestones.set(Milestone::Syn, moment(100));
        milestones.swap(Milestone::Syn, Milestone::Alert);
        milestones.swap(Milestone::Established, Milestone::ServerRst);
        let expected = (1..).zip(backwards).map(|(frame, milestone)| {
            let frame = match milestone {
                Milestone::ServerRst => None,
                Milestone::Established => Some(1),
                Milestone::Alert => Some(100),
                Milestone::Syn => Some(5),
                _ => Some(frame),
            };
            (milestone, frame.map(moment))
        });
        let mut expected: Vec<_> = expected.collect();
        for &(milestone, at) in &expected {
            assert_eq!(milestones.get(milestone), at, "{milestone}");
            assert_eq!(milestones.has(milestone), at.is_some());
        }
        expected.reverse();
        let reached = expected.iter().filter_map(|&(it, at)| Some((it, at?)));
        assert!(milestones.iter().eq(reached));
    }
}
