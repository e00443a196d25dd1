//! A reset, and by what it can be told who made it.

use super::hops::routers_passed;
use crate::decode::{IpFacts, Segment};
use crate::time::Moment;

/// Routers between two packets of one host: routes change, but seldom by more.
const SAME_WAY: u8 = 2;

/// From the IP identification of one packet of a host to that of its next ones, where it counts.
const NEXT_IDS: std::ops::RangeInclusive<u16> = 1..=16;

/// The first reset that came from the address of one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reset {
    pub(crate) moment: Moment,
    pub(crate) ip: IpFacts,
    /// The same of the first and the last segment of that side before it.
    pub(crate) before: Option<(IpFacts, IpFacts)>,
}

/// Who made a reset, as its IP header tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Maker {
    /// It came over as many routers as the side's other packets: the host, or a box beside it.
    Host {
        /// Its identification is the next one of the host's count: the host itself.
        counts_on: bool,
    },
    /// It came over as many routers, if it began with another TTL: some hosts do so with a reset.
    SameDistance,
    /// It came from elsewhere on the path.
    Path,
    /// No other packet of that side is there to compare it with.
    Unknown,
}

impl Reset {
    pub(super) fn new(
        segment: &Segment<'_>,
        before: Option<(IpFacts, IpFacts)>,
        moment: Moment,
    ) -> Self {
        Self {
            moment,
            ip: segment.ip,
            before,
        }
    }

    /// Who made it.
    pub(crate) fn maker(&self) -> Maker {
        let Some((first, last)) = self.before else {
            return Maker::Unknown;
        };
        let near = |a: u8, b: u8| a.abs_diff(b) <= SAME_WAY;
        let ttl = self.ip.ttl;
        if near(ttl, first.ttl) || near(ttl, last.ttl) {
            return Maker::Host {
                counts_on: counts_on(last.id, self.ip.id),
            };
        }
        let passed = routers_passed(ttl);
        if near(passed, routers_passed(first.ttl)) || near(passed, routers_passed(last.ttl)) {
            Maker::SameDistance
        } else {
            Maker::Path
        }
    }
}

/// Whether `next` follows `last` in the count of one host; 0 is what many send who do not count.
fn counts_on(last: Option<u16>, next: Option<u16>) -> bool {
    match (last, next) {
        (Some(last), Some(next)) if last != 0 && next != 0 => {
            NEXT_IDS.contains(&next.wrapping_sub(last))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{FrameNumber, Timestamp};

    fn maker(before: Option<(u8, u16)>, ttl: u8, id: u16) -> Maker {
        let facts = |(ttl, id)| IpFacts { ttl, id: Some(id) };
        Reset {
            moment: Moment {
                time: Timestamp::from_nanos(0),
                frame: FrameNumber::new(1).unwrap(),
            },
            ip: facts((ttl, id)),
            before: before.map(|last| (facts(last), facts(last))),
        }
        .maker()
    }

    #[test]
    fn as_many_routers_away_is_the_host_or_beside_it() {
        let host = Maker::Host { counts_on: false };
        assert_eq!(maker(Some((58, 0)), 58, 0), host);
        assert_eq!(maker(Some((58, 7)), 56, 900), host);
    }

    #[test]
    fn the_next_identification_is_the_hosts_own() {
        let itself = Maker::Host { counts_on: true };
        assert_eq!(maker(Some((56, 0x7f8d)), 56, 0x7f8e), itself);
        assert_eq!(maker(Some((56, 0xffff)), 56, 2), itself, "it wraps");
    }

    #[test]
    fn another_distance_is_another_box() {
        assert_eq!(maker(Some((58, 0)), 197, 0), Maker::Path);
        assert_eq!(maker(Some((58, 0)), 61, 0), Maker::Path);
    }

    #[test]
    fn another_initial_ttl_at_the_same_distance_proves_nothing() {
        assert_eq!(maker(Some((58, 0)), 249, 0), Maker::SameDistance);
        assert_eq!(maker(Some((58, 0)), 122, 0), Maker::SameDistance);
        assert_eq!(maker(None, 58, 0), Maker::Unknown);
    }
}
