//! A connection of which nothing but its first SYN was seen.

use super::seq::SeqNumber;
use crate::decode::{Endpoint, IpFacts, Segment, TcpFlags};
use crate::time::Moment;

/// What the first SYN of a connection says, until a second frame of it comes.
///
/// A scan or a flood has a million of them and nothing else, so it is small: the connection proper
/// begins with the second frame, and takes the SYN from here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Knock {
    /// The connection's number.
    pub(super) stream: u64,
    pub(super) moment: Moment,
    seq: SeqNumber,
    ip: IpFacts,
    flags: TcpFlags,
    window: Option<u16>,
    timestamp: Option<u32>,
    echoed_timestamp: Option<u32>,
}

impl Knock {
    /// `None` where `segment` is no SYN, or carries more than is kept here.
    pub(super) fn of(segment: &Segment<'_>, stream: u64, moment: Moment) -> Option<Self> {
        let flags = segment.flags;
        let is_plain = flags.syn() && !flags.ack() && !flags.fin() && !flags.rst();
        (is_plain && segment.payload_len == 0).then(|| Self {
            stream,
            moment,
            seq: SeqNumber(segment.seq),
            ip: segment.ip,
            flags,
            window: segment.window,
            timestamp: segment.timestamp(),
            echoed_timestamp: segment.echoed_timestamp(),
        })
    }

    /// Gives `take` the SYN, with those of its options that are ever asked for.
    pub(super) fn replay<T>(
        &self,
        source: Endpoint,
        destination: Endpoint,
        take: impl FnOnce(&Segment<'_>) -> T,
    ) -> T {
        let mut clocks = [8, 10, 0, 0, 0, 0, 0, 0, 0, 0];
        let [_, _, sent @ .., _, _, _, _] = &mut clocks;
        *sent = self.timestamp.unwrap_or(0).to_be_bytes();
        if let Some(echo) = clocks.last_chunk_mut() {
            *echo = self.echoed_timestamp.unwrap_or(0).to_be_bytes();
        }
        let captured = match (self.timestamp, self.echoed_timestamp) {
            (None, _) => 0,
            (Some(_), None) => 6,
            (Some(_), Some(_)) => 10,
        };
        take(&Segment {
            ip: self.ip,
            source,
            destination,
            seq: self.seq.0,
            ack: 0,
            flags: self.flags,
            window: self.window,
            options: clocks.get(..captured).unwrap_or_default(),
            payload: &[],
            payload_len: 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{FrameNumber, Timestamp};

    const MOMENT: Moment = Moment {
        time: Timestamp::from_nanos(7),
        frame: FrameNumber::MIN,
    };

    fn syn(options: &[u8]) -> Segment<'_> {
        let endpoint = |ip: &str| Endpoint {
            ip: ip.parse().unwrap(),
            port: 443,
        };
        Segment {
            ip: IpFacts {
                ttl: 57,
                id: Some(3),
            },
            source: endpoint("10.8.0.1"),
            destination: endpoint("2001:db8::1"),
            seq: 0xfedc_ba98,
            ack: 0,
            flags: TcpFlags(0xc2),
            window: Some(9),
            options,
            payload: &[],
            payload_len: 0,
        }
    }

    #[test]
    fn a_syn_is_given_back_with_both_clocks_as_far_as_they_were_captured() {
        let options = [2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 1, 2, 0, 0, 0, 9];
        for len in [0, 4, 12, 14, 16] {
            let segment = syn(&options[..len]);
            let knock = Knock::of(&segment, 3, MOMENT).unwrap();
            knock.replay(segment.source, segment.destination, |again| {
                assert_eq!(again.timestamp(), segment.timestamp(), "{len}");
                assert_eq!(
                    again.echoed_timestamp(),
                    segment.echoed_timestamp(),
                    "{len}"
                );
                let options = segment.options;
                assert_eq!(Segment { options, ..*again }, segment);
            });
        }
    }

    #[test]
    fn what_carries_more_than_a_syn_is_none() {
        let plain = syn(&[]);
        for flags in [0x12, 0x03, 0x06, 0x10] {
            let flags = TcpFlags(flags);
            assert!(Knock::of(&Segment { flags, ..plain }, 0, MOMENT).is_none());
        }
        let fast_open = Segment {
            payload_len: 1,
            ..plain
        };
        assert!(Knock::of(&fast_open, 0, MOMENT).is_none());
    }
}
