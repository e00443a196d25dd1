//! A path on which only the large packets vanish, told from plain loss by the sizes.

use super::{Candidate, Case, Check, Cover, Exhibit, Opinion};
use crate::report::{Cause, EndedBy, Party, Phase};
use crate::tcp::{Resent, Side};
use crate::time::{Moment, Span};

/// A copy after so many in vain is not likely to pass: the next is due after 6 s or more.
const MANY: usize = 5;

/// Payloads that no path drops for their size are smaller: IPv6 carries 1280 bytes everywhere
/// (RFC 8200, section 5), and tunnels over IPv4 hardly less than 1100.
const LARGE: u32 = 1000;

/// The largest payload in an Ethernet frame.
const ETHERNET: u32 = 1460;

/// Loss by chance is repaired sooner: three timeouts of 200 ms, doubled, and the round trips.
const REPAIRED: Span = Span::from_secs(3);

pub(super) fn consider(case: &Case<'_>, opinions: &mut Vec<Opinion>) {
    for side in [Side::Client, Side::Server] {
        if let Some(pattern) = pattern(case, side) {
            let candidate = pattern.candidate(case, side);
            opinions.push(Opinion::Holds(Box::new(candidate)));
        }
    }
}

/// The pattern of sizes of what `side` sent.
pub(super) struct Pattern {
    /// Payload of the segments that vanished.
    size: u32,
    /// The copies that were sent in vain; empty where they are not visible from here.
    copies: Vec<Moment>,
    /// When smaller ones came through instead, and who sent the frame that tells.
    until: Option<(Moment, Side)>,
    small: String,
}

/// Whether only large segments of `side` vanish during the wait.
pub(super) fn pattern(case: &Case<'_>, side: Side) -> Option<Pattern> {
    let phase = case.wait.phase;
    let rest_of_hello = case.awaits_rest_of_client_hello();
    let concerns = match side {
        Side::Client => {
            rest_of_hello || matches!(phase, Phase::ServerHello | Phase::ServerFinished)
        }
        Side::Server => matches!(
            phase,
            Phase::ServerHello | Phase::ServerFlight | Phase::ClientFinished
        ),
    };
    if !concerns {
        return None;
    }
    seen_by_sender(case, side).or_else(|| seen_by_receiver(case, side))
}

fn seen_by_sender(case: &Case<'_>, side: Side) -> Option<Pattern> {
    let setup = case.setup;
    let resent: Vec<&Resent> = setup
        .resent
        .iter()
        .filter(|resent| resent.from == side && resent.moment <= case.wait.to)
        .collect();
    let copies_of = |copy: &Resent| resent.iter().filter(|it| it.start == copy.start).count();
    let lost = resent
        .iter()
        .rev()
        .filter(|resent| resent.len >= LARGE)
        .max_by_key(|resent| (copies_of(resent), resent.len))?;
    let size = lost.len;
    let copies: Vec<Moment> = resent
        .iter()
        .filter(|it| it.start == lost.start && it.len >= size)
        .map(|it| it.moment)
        .collect();
    let last = *copies.last()?;
    // What the card is yet to cut is no packet: its pieces are, and pass or not.
    let packet = in_one_packet(size);
    let smaller = resent
        .iter()
        .find(|it| it.start == lost.start && it.len < packet && it.moment > last)
        .and_then(|it| Some((it.len, it.acked?)));
    let acked = lost.acked.filter(|&acked| acked <= case.wait.to);
    if copies.len() < 2 || (acked.is_some() && smaller.is_none()) {
        return None;
    }
    let sacked = setup
        .passage(side)
        .least_sacked(case.wait.from, case.wait.to)
        .filter(|&len| len < packet);
    let too_big = setup
        .too_big
        .as_deref()
        .filter(|error| error.moment <= case.wait.to)
        .map(|error| (error.reporter, error.mtu));
    let small = match (smaller, sacked, too_big) {
        (Some((len, at)), ..) => format!(
            "sent again with {len} bytes, it was acknowledged in frame {}",
            at.frame
        ),
        (None, Some(len), _) => {
            format!("no more than {len} bytes beyond it came through (selective acknowledgement)")
        }
        (None, None, Some((reporter, mtu))) => {
            format!("{reporter} reports an MTU of {mtu} (ICMP)")
        }
        (None, None, None) => return None,
    };
    Some(Pattern {
        size,
        copies,
        until: smaller.map(|(_, at)| (at, side.peer())),
        small,
    })
}

/// Of `len` bytes in as few packets of Ethernet as they take, those in one: no packet of them was
/// smaller on the average.
fn in_one_packet(len: u32) -> u32 {
    len.div_ceil(len.div_ceil(ETHERNET).max(1))
}

fn seen_by_receiver(case: &Case<'_>, side: Side) -> Option<Pattern> {
    let (wait, passage) = (case.wait, case.setup.passage(side));
    let hole = passage
        .hole
        .as_deref()
        .filter(|hole| hole.receiver_lacks_it)?;
    let size = in_one_packet(hole.len);
    let sacked = passage
        .least_sacked(wait.from, wait.to)
        .filter(|&len| len < size)?;
    if size < LARGE || hole.since < wait.from || hole.since > wait.to {
        return None;
    }
    let filled = hole.filled.filter(|&(at, _)| at <= wait.to);
    match filled {
        Some((_, len)) if len >= size || len < ETHERNET / 3 => return None,
        None if wait.to.since(hole.since) < REPAIRED => return None,
        Some(_) | None => {}
    }
    let small = match filled {
        Some((at, len)) => format!("the hole is filled with {len} bytes in frame {}", at.frame),
        None => format!("a segment of no more than {sacked} bytes beyond the hole came through"),
    };
    Some(Pattern {
        size,
        copies: Vec::new(),
        until: filled.map(|(at, _)| (at, side)),
        small,
    })
}

impl Pattern {
    fn candidate(self, case: &Case<'_>, side: Side) -> Candidate {
        let setup = case.setup;
        let (client, server) = (setup.client.ip.to_string(), setup.server.to_string());
        let (from, to) = match side {
            Side::Client => (client, server),
            Side::Server => (server, client),
        };
        let until = self
            .until
            .map_or(case.wait.to, |(at, _)| at)
            .min(case.wait.to);
        let explained = until.since(case.wait.from).max(Span::ZERO);
        let wait = case.wait.duration();
        let count = self.copies.len();
        let largest = setup.passage(side).largest_through;
        let seen = (!self.copies.is_empty()).then_some(count >= 3);
        Candidate {
            cause: Cause::PathMtuBlackHole,
            waiting_on: Party::Network,
            cover: Cover::between(case.wait.from.time, until.time),
            summary: format!(
                "Segments of {} bytes from {from} do not reach {to}, and smaller ones do: the path \
                 drops large packets without the sender learning of it.",
                self.size
            ),
            remedy: format!(
                "Let ICMP \"fragmentation needed\" (type 3 code 4; IPv6: packet too big) through to \
                 {from}, or clamp the TCP MSS on the router or tunnel between {from} and {to}; a \
                 smaller MTU at {from} proves it."
            ),
            evidence: self
                .copies
                .iter()
                .map(|&at| Exhibit::of(side, at, format!("{} bytes, sent again", self.size)))
                .chain(
                    self.until
                        .map(|(at, by)| Exhibit::of(by, at, "smaller segments come through")),
                )
                .collect(),
            checks: vec![
                Check::necessary("small-ones-pass", true, self.small),
                Check::strong(
                    "large-ones-vanish",
                    seen,
                    match seen {
                        Some(_) => format!("{count} more copies of {} bytes in vain", self.size),
                        None => "the sender's copies are not visible from here".to_owned(),
                    },
                ),
                Check::strong(
                    "no-large-one-passes",
                    largest < self.size,
                    format!("the largest that was acknowledged has {largest} bytes"),
                ),
                Check::strong(
                    "covers-the-wait",
                    explained >= wait.percent(80),
                    format!("nothing large had passed for {explained} of {wait}"),
                ),
                Check::strong(
                    "seen-to-the-end",
                    (case.wait.ended_by != EndedBy::EndOfCapture || count >= MANY).then_some(true),
                    "whether it went on to an end, or so long that no later copy is likely to pass",
                ),
            ],
            is_fallback: false,
            lookups: Vec::new(),
            subject: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_card_cuts_is_measured_by_its_pieces() {
        assert_eq!(in_one_packet(1448), 1448);
        assert_eq!(in_one_packet(1460), 1460);
        assert_eq!(in_one_packet(2 * 1448), 1448);
        assert_eq!(
            in_one_packet(3000),
            1000,
            "it may have been 1460, 1460 and 80"
        );
        assert_eq!(in_one_packet(0), 0);
    }
}
