//! The notices about how far the capture can be trusted.

use crate::dns::Lookups;
use crate::notice::{Notice, NoticeCode};
use crate::quality::Quality;
use crate::tcp::Side;

/// Notices of clock steps; further ones are counted in the last.
const MAX_STEPS: usize = 8;

/// What was noticed about the capture, one notice a kind.
pub(super) fn notices(quality: &Quality, lookups: &Lookups) -> Vec<Notice> {
    let mut notices = clock_steps(quality);
    if let Some((first, side)) = quality.directions.proof()
        && !lookups.has_answers()
    {
        let missing = match side {
            Side::Client => "clients",
            Side::Server => "servers",
        };
        notices.push(Notice::new(
            NoticeCode::OneDirection,
            Some(first.frame),
            format!(
                "the packets of the {missing} were not captured: what they answered, and whether, \
                 is not known"
            ),
        ));
    } else if let Some(lost) = quality.lost() {
        let connections = if lost.count == 1 {
            "1 connection acknowledges".to_owned()
        } else {
            format!("{} connections acknowledge", lost.count)
        };
        notices.push(Notice::new(
            NoticeCode::FramesLost,
            Some(lost.first.frame),
            format!("{connections} packets that were not captured"),
        ));
    }
    notices.extend(quality.missed_answer(lookups).map(|syn| {
        Notice::new(
            NoticeCode::FramesLost,
            Some(syn.frame),
            "a host connects as if its lookup were answered, and the answer was not captured",
        )
    }));
    notices.extend(duplicates(quality, lookups));
    notices.extend(quality.encrypted.first().map(|(first, how)| {
        Notice::new(
            NoticeCode::DnsEncrypted,
            Some(first.frame),
            format!("name lookups go over {how} and cannot be read"),
        )
    }));
    notices.extend(quality.vpn_app().map(|(first, why)| {
        Notice::new(
            NoticeCode::VpnAppView,
            Some(first.frame),
            format!(
                "an app on the phone made the capture ({why}): the time to the SYN-ACK, \
                 retransmissions and segment sizes are the app's, not the network's; lookups and \
                 the client's waits are real"
            ),
        )
    }));
    notices.extend(quality.observers.all().map(|(asker, first)| {
        Notice::new(
            NoticeCode::AnalystLookups,
            Some(first.frame),
            format!(
                "{asker} asks for the name of each peer while it connects, as tcpdump without -n \
                 does: these lookups delay nothing"
            ),
        )
    }));
    notices
}

fn clock_steps(quality: &Quality) -> Vec<Notice> {
    let steps = quality.clock.steps();
    let more = steps.len().saturating_sub(MAX_STEPS);
    let told = steps.iter().take(MAX_STEPS).enumerate();
    told.map(|(index, step)| {
        let mut text = format!(
            "the capture's clock jumped by {} before this frame, as {} show: it was set, or the \
             capturing host slept",
            step.jump, step.shown_by
        );
        if more > 0 && index.saturating_add(1) == MAX_STEPS {
            text = format!("{text}; and {more} more times");
        }
        Notice::new(NoticeCode::ClockStep, Some(step.after.frame), text)
    })
    .collect()
}

fn duplicates(quality: &Quality, lookups: &Lookups) -> Option<Notice> {
    let segments = quality.copies().map(|copies| (copies.first, copies.count));
    let both = [segments, lookups.copies()];
    let count = both
        .iter()
        .flatten()
        .fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
    let (first, _) = both.into_iter().flatten().min()?;
    Some(Notice::new(
        NoticeCode::DuplicateFrames,
        Some(first.frame),
        format!(
            "{count} packet{} captured more than once, on several interfaces or on both sides of \
             a router: the second copies are passed over",
            if count == 1 { " was" } else { "s were" }
        ),
    ))
}
