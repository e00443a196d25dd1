//! What the families that blame a visit to another service have in common: how it lies in the wait.

use super::{Case, Check, Cover, Exhibit, words};
use crate::companions::Visit;
use crate::report::{EndedBy, Party, Way};
use crate::tcp::Side;
use crate::time::{Moment, Span, Timestamp};
use crate::timeline::RELEASE;

/// Two frames may be captured in the wrong order by so much.
pub(super) const SLACK: Span = Span::from_millis(20);

/// From the turn's start to the first packet: as for lookups.
pub(super) const AT_ONCE: Span = Span::from_millis(250);

/// Copies of a SYN that are shown.
const MAX_COPIES: usize = 16;

/// When what a host waited for was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// In this frame: it was answered, or refused.
    At(Moment),
    /// Never answered, and still being tried at the end of the wait.
    StillTried { last: Moment },
    /// Never answered; it may have been given up some time before.
    GivenUp { last: Moment },
    /// Still being tried after the wait had ended.
    Outlives { copy: Moment },
    /// More was sent than was read.
    Unknown,
}

/// When `visit` was over, for a host that may have waited for it until `to`.
pub(super) fn over(visit: &Visit, to: Moment) -> Over {
    if let Some(end) = visit.end() {
        return if visit.exchange.is_whole() {
            Over::At(end)
        } else {
            Over::Unknown
        };
    }
    let copies = visit.syns.clone();
    if let Some(&copy) = copies.iter().find(|copy| copy.since(to) > SLACK) {
        return Over::Outlives { copy };
    }
    let tried = copies
        .last()
        .copied()
        .max(visit.accepted)
        .max(visit.exchange.asked);
    let Some(last) = tried else {
        return Over::Unknown;
    };
    // Accepted and not answered: nothing is sent again, the visitor waits as long as it likes.
    let interval = match copies.as_slice() {
        _ if visit.accepted.is_some() => return Over::StillTried { last },
        [.., before, last] => last.since(*before).percent(220),
        _ => Span::from_millis(1_100),
    };
    if to.since(last) <= interval {
        Over::StillTried { last }
    } else {
        Over::GivenUp { last }
    }
}

/// The time of the wait that `visit` accounts for.
pub(super) fn cover(visit: &Visit, over: Over, to: Moment, cover: &mut Cover) {
    let Some(first) = visit.first() else {
        return;
    };
    let end: Timestamp = match over {
        Over::At(end) => end.time.min(to.time),
        Over::StillTried { .. } | Over::Outlives { .. } => to.time,
        Over::GivenUp { last } => last.time,
        Over::Unknown => return,
    };
    cover.add(first.time, end);
}

/// Whether what began at `first` began with the turn.
pub(super) fn starts_with_the_wait(first: Moment, from: Moment, to: Moment) -> Check {
    const NAME: &str = "starts-with-the-wait";
    let delay = first.since(from).max(Span::ZERO);
    let detail = format!(
        "its first packet, frame {}, is {delay} after the wait began",
        first.frame
    );
    let tolerable = to.since(from).percent(20).max(Span::from_secs(1));
    if delay <= AT_ONCE {
        Check::strong(NAME, true, detail)
    } else if delay <= tolerable {
        Check::strong(NAME, false, detail)
    } else {
        Check::necessary(NAME, false, detail)
    }
}

/// Whether it accounts for the wait.
pub(super) fn covers_the_wait(explained: Span, from: Moment, to: Moment) -> Check {
    const NAME: &str = "covers-the-wait";
    let wait = to.since(from);
    let detail = format!("it accounts for {explained} of {wait}");
    if explained < wait.percent(50) {
        Check::necessary(NAME, false, detail)
    } else {
        Check::strong(NAME, explained >= wait.percent(90), detail)
    }
}

/// Whether the wait ended because it was over.
pub(super) fn released(case: &Case<'_>, over: Over, from: Moment, to: Moment) -> Check {
    const NAME: &str = "released-with-it";
    if let Over::Outlives { copy } = over {
        let detail = format!(
            "it was still being tried in frame {}, after the wait had ended",
            copy.frame
        );
        return Check::necessary(NAME, false, detail);
    }
    if !waiter_went_on(case) {
        let detail = format!("{} did not go on within the wait", case.waiter_word());
        return Check::strong(NAME, None, detail);
    }
    match over {
        Over::At(end) => {
            let delay = to.since(end);
            let soon = RELEASE.max(to.since(from).percent(1));
            let detail = format!(
                "the wait ended {} after its end in frame {}",
                delay.max(Span::ZERO),
                end.frame
            );
            if delay < Span::ZERO.minus(SLACK) {
                let detail = format!("it ended in frame {}, after the wait", end.frame);
                Check::necessary(NAME, false, detail)
            } else if delay <= soon {
                Check::strong(NAME, true, detail)
            } else if delay <= to.since(from).percent(10) {
                Check::strong(NAME, None, detail)
            } else {
                Check::necessary(NAME, false, detail)
            }
        }
        Over::StillTried { last } => Check::strong(
            NAME,
            true,
            format!(
                "{} went on {} after frame {}, before it was due to be tried again",
                case.waiter_word(),
                to.since(last).max(Span::ZERO),
                last.frame
            ),
        ),
        Over::GivenUp { last } => Check::strong(
            NAME,
            None,
            format!(
                "it was last tried in frame {}, {} before the wait ended",
                last.frame,
                to.since(last)
            ),
        ),
        Over::Outlives { .. } | Over::Unknown => {
            Check::strong(NAME, None, "its end is not in the capture")
        }
    }
}

/// Whether the host that owed the next move made one, if only to end the handshake by an alert.
fn waiter_went_on(case: &Case<'_>) -> bool {
    let side = if case.wait.waiting_on == Party::Server {
        Side::Server
    } else {
        Side::Client
    };
    let by_alert = case.wait.ended_by == EndedBy::Milestone(crate::milestone::Milestone::Alert);
    let alert = case.setup.reading.alert;
    case.waiter_ended_the_wait() || (by_alert && alert.is_some_and(|alert| alert.from == side))
}

/// `only then did it go on, after 5.001 s`, or that it did not.
pub(super) fn then(case: &Case<'_>, from: Moment, to: Moment) -> String {
    let length = to.since(from);
    if waiter_went_on(case) {
        format!("only then did it go on, after {length}")
    } else {
        format!(
            "{} had not come after {length}",
            words::awaited(case.wait.phase)
        )
    }
}

/// What came of a visit, to follow its server's name.
pub(super) fn fate(visit: &Visit) -> String {
    if visit.refused.is_some() {
        return "which refused it".to_owned();
    }
    match (visit.accepted, visit.exchange.answered) {
        (None, _) => match visit.syns.len() {
            1 => "which never answered the SYN".to_owned(),
            count => format!("which never answered the SYN, sent {count} times"),
        },
        (Some(_), None) => "which accepted the connection and never answered".to_owned(),
        (Some(_), Some(answered)) => {
            let first = visit.first().unwrap_or(answered);
            format!("which had answered after {}", answered.since(first))
        }
    }
}

/// Its frames, and what they show; those of the visitor go `way`.
pub(super) fn evidence(visit: &Visit, way: Way) -> Vec<Exhibit> {
    let server = visit.server;
    let mut frames = Vec::new();
    for (index, &copy) in visit.syns.iter().take(MAX_COPIES).enumerate() {
        let again = if index == 0 { "" } else { ", sent again" };
        frames.push(Exhibit::new(
            copy,
            way,
            format!("SYN from {} to {server}{again}", visit.client.ip),
        ));
    }
    let mut add = |moment: Option<Moment>, text: &str| {
        frames.extend(moment.map(|at| Exhibit::new(at, way.back(), format!("{server} {text}"))));
    };
    add(visit.accepted, "accepts (SYN-ACK)");
    add(visit.refused, "is not to be reached");
    add(visit.exchange.answered, "has answered");
    if let Some(asked) = visit.exchange.asked {
        let text = format!("the request to {server}");
        frames.push(Exhibit::new(asked, way, text));
    }
    frames
}
