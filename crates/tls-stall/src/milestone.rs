//! The named moments of a connection's set-up.

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

/// The milestones that a connection has reached.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Milestones([Option<Moment>; Milestone::ALL.len()]);

impl Milestones {
    /// When `milestone` was reached, if it was.
    #[allow(
        clippy::indexing_slicing,
        clippy::as_conversions,
        reason = "as long as the enumeration, indexed by it"
    )]
    pub(crate) const fn get(&self, milestone: Milestone) -> Option<Moment> {
        self.0[milestone as usize]
    }

    /// Whether `milestone` was reached.
    pub(crate) const fn has(&self, milestone: Milestone) -> bool {
        self.get(milestone).is_some()
    }

    /// Notes that `milestone` was reached, unless it was before.
    pub(crate) fn reach(&mut self, milestone: Milestone, moment: Moment) {
        self.slot(milestone).get_or_insert(moment);
    }

    /// Moves `milestone`, for those that are the last of their kind.
    pub(crate) fn set(&mut self, milestone: Milestone, moment: Moment) {
        *self.slot(milestone) = Some(moment);
    }

    /// Takes `milestone` back.
    pub(crate) fn forget(&mut self, milestone: Milestone) {
        *self.slot(milestone) = None;
    }

    /// Exchanges `a` and `b`.
    pub(crate) fn swap(&mut self, a: Milestone, b: Milestone) {
        let held = *self.slot(a);
        *self.slot(a) = *self.slot(b);
        *self.slot(b) = held;
    }

    /// The milestones reached, a bit each.
    pub(crate) fn bits(&self) -> u32 {
        self.iter()
            .fold(0, |bits, (milestone, _)| bits | milestone.bit())
    }

    /// The milestones reached, in the order of their declaration.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Milestone, Moment)> + '_ {
        Milestone::ALL
            .iter()
            .filter_map(|&milestone| Some((milestone, self.get(milestone)?)))
    }

    #[allow(
        clippy::indexing_slicing,
        clippy::as_conversions,
        reason = "as long as the enumeration, indexed by it"
    )]
    fn slot(&mut self, milestone: Milestone) -> &mut Option<Moment> {
        &mut self.0[milestone as usize]
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
    fn the_slots_are_as_many_as_the_milestones() {
        for (index, &milestone) in Milestone::ALL.iter().enumerate() {
            assert_eq!(milestone as usize, index);
            assert_eq!(milestone.bit().trailing_zeros() as usize, index);
        }
    }
}
