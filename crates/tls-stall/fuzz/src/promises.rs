//! What holds of every report, whatever the capture was.

use tls_stall::{Analysis, Connection, FrameNumber, Milestone, Phase, Span};

use tls_stall::Config;

/// Holds an analysis made with `config` to what is promised of it.
pub(crate) fn keeps(analysis: &Analysis, config: &Config) {
    let within = |frame: FrameNumber| frame.get() <= analysis.frames;
    let streams = analysis.connections.iter().map(|it| it.tcp_stream);
    assert!(
        streams.is_sorted_by(|a, b| a < b),
        "in the order of their numbers, each once"
    );
    for connection in &analysis.connections {
        assert!(connection.tcp_stream < analysis.summary.connections);
        for (milestone, at) in &connection.milestones {
            assert!(within(at.frame), "{milestone} is at a frame of the capture");
        }
        phases_follow_one_another(connection);
        for wait in &connection.waits {
            assert!(within(wait.from_frame) && within(wait.to_frame), "{wait:?}");
            assert!(wait.duration >= Span::ZERO, "{wait:?}");
            let is_long = wait.duration >= config.stall_threshold;
            assert!(is_long || !wait.stalled, "{wait:?}");
        }
        explained(connection);
        for finding in &connection.findings {
            assert!(!finding.evidence.is_empty(), "{finding:?}");
            for evidence in &finding.evidence {
                assert!(within(evidence.frame), "{evidence:?}");
            }
            assert!(finding.explained >= Span::ZERO, "{finding:?}");
            assert!(finding.explained <= finding.wait, "{finding:?}");
            assert!(
                !finding.summary.is_empty() && !finding.remedy.is_empty(),
                "{finding:?}"
            );
        }
    }
    for lookup in &analysis.lookups {
        assert!(!lookup.queries.is_empty(), "{lookup:?}");
        let queries = lookup.queries.iter().map(|it| it.frame);
        let answers = lookup.answers.iter().map(|it| it.frame);
        assert!(queries.chain(answers).all(within), "{lookup:?}");
    }
    for notice in &analysis.notices {
        // A file may end within the frame after the last one.
        let within = |frame: FrameNumber| frame.get() <= analysis.frames + 1;
        assert!(notice.frame.is_none_or(within), "{notice:?}");
    }
    let stalled = analysis.connections.iter().filter(|it| it.stalled).count();
    let stalled = u64::try_from(stalled).unwrap_or(u64::MAX);
    assert!(stalled <= analysis.summary.stalled, "each stall is counted");
    assert!(analysis.summary.stalled <= analysis.summary.tls_connections);
    assert!(analysis.summary.tls_connections <= analysis.summary.connections);
}

/// From the SYN on, each phase begins in the frame in which the one before it ended.
///
/// From the ClientHello on one may be missing, where the frames at its ends were not captured; before it
/// none is, but the wait for a ClientHello that followed a dialogue without a go-ahead.
fn phases_follow_one_another(connection: &Connection) {
    let milestone = |milestone| connection.milestones.get(&milestone);
    let go_ahead = milestone(Milestone::StarttlsReady);
    let hello = milestone(Milestone::ClientHello).filter(|_| go_ahead.is_none());
    let before = |phase| matches!(phase, Phase::NameResolution | Phase::EarlierAttempts);
    let waits = connection.waits.iter().filter(|wait| !before(wait.phase));
    for (wait, next) in waits.clone().zip(waits.skip(1)) {
        let is_rest_of_hello = next.phase == Phase::ClientHello
            && hello.is_some_and(|hello| hello.frame == next.from_frame);
        let may_be_left_out = next.phase > Phase::ClientHello || is_rest_of_hello;
        let follows = wait.to_frame == next.from_frame;
        assert!(follows || may_be_left_out, "{:?}", connection.waits);
    }
}

/// Every stalled wait has a finding, and a connection is stalled where one of its waits is.
fn explained(connection: &Connection) {
    let stalled = connection.waits.iter().filter(|wait| wait.stalled);
    assert_eq!(connection.stalled, stalled.clone().next().is_some());
    for wait in stalled {
        assert_ne!(wait.phase, Phase::ApplicationData, "never a stall");
        let finding = connection.findings.iter().find(|it| it.phase == wait.phase);
        assert!(finding.is_some(), "{wait:?} is not explained");
    }
}
