//! What the round trip of a connection tells about its SYNs.

use super::setup::Setup;
use crate::milestone::Milestone;
use crate::time::{Moment, Span};

impl Setup {
    /// Whether the SYN was sent again though nothing was lost: the path is slower than its timer.
    ///
    /// The answer echoes the first SYN's clock, and it took no longer than the ClientHello's
    /// acknowledgement did. The echo alone does not tell: a server whose answer was lost echoes
    /// the first SYN again.
    pub(crate) fn resent_syn_needlessly(&self) -> bool {
        let Some(answer) = self.at(Milestone::SynAck) else {
            return false;
        };
        let before_answer = |moment: &&Moment| **moment <= answer;
        let (Some(first), Some(last)) = (self.syns.first(), self.syns.iter().rfind(before_answer))
        else {
            return false;
        };
        let clock = self.traces.client.ticks.first();
        let sent = clock
            .filter(|tick| tick.moment == *first)
            .map(|tick| tick.value);
        let echoes_first = sent.is_some() && self.traces.server.echoed_by_syn == sent;
        let round_trip = self.round_trip_of_hello();
        first != last
            && echoes_first
            && round_trip.is_some_and(|usual| answer.since(*first) <= usual.percent(125))
    }

    /// From the ClientHello to its acknowledgement, where it was sent once.
    fn round_trip_of_hello(&self) -> Option<Span> {
        let sent = self.at(Milestone::ClientHelloEnd)?;
        let acked = self.client_hello_acked?;
        let once = !self.resent.iter().any(|resent| resent.of_client_hello);
        once.then(|| acked.since(sent))
    }
}
