//! A report held to what is expected of its capture.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use tls_stall::{CaptureReport, Cause, Confidence, Connection, EndedBy, FrameNumber, Wait};

use crate::difference::{Difference, DifferenceKind};
use crate::expectations::{Entry, Expectation, explained_wait};
use crate::matching::assign;
use crate::report::Verdict;

/// So many differences of one kind are told of a capture; the last says how many more there are.
const MAX_OF_A_KIND: usize = 20;

/// So many frames are named of a difference.
const MAX_FRAMES: usize = 100;

/// What comes of a capture without an entry: nothing may stall in it.
///
/// A handshake that failed without a stall is no difference.
#[must_use]
pub fn verify_unlisted(capture: &CaptureReport) -> Verdict {
    let stalled = listed(capture).filter(|it| it.stalled);
    let differences = unexpected(stalled, None);
    if differences.is_empty() {
        Verdict::AsExpected
    } else {
        Verdict::Differs(differences)
    }
}

impl Entry {
    /// What comes of `capture`, read with the settings of [`config`](crate::Expectations::config).
    ///
    /// Each expectation has to find a connection of its own, and as many find one as can. A stall that
    /// is not expected is a difference, unless `stalls` says how many there are.
    #[must_use]
    pub fn verify(&self, capture: &CaptureReport) -> Verdict {
        let mut differences = self.differences(capture);
        let Some(reason) = &self.not_yet else {
            return if differences.is_empty() {
                Verdict::AsExpected
            } else {
                Verdict::Differs(differences)
            };
        };
        if differences.is_empty() {
            differences.push(Difference::new(
                DifferenceKind::NoLongerDiffers,
                self.places.not_yet,
                format!("a difference still, since not_yet says: {reason}"),
                "all as expected: not_yet can go",
            ));
            return Verdict::Differs(differences);
        }
        Verdict::KnownToDiffer {
            reason: reason.clone(),
            differences,
        }
    }

    fn differences(&self, capture: &CaptureReport) -> Vec<Difference> {
        let matched = Matched::of(self, capture);
        let mut rest = matched.rest;
        let mut differences = Vec::new();
        for expectation in &matched.unmet {
            let near = nearest(expectation, &rest).map(|at| rest.remove(at));
            differences.push(unmet(expectation, near, capture));
        }
        if let Some(due) = self.stalls {
            let found = capture.analysis.summary.stalled;
            let stalled = listed(capture).filter(|it| it.stalled);
            let place = self.places.stalls;
            let kind = DifferenceKind::StallCount;
            differences.extend(miscounted(kind, place, (due, found), stalled));
        } else {
            let stalled = rest.into_iter().filter(|it| it.stalled);
            differences.extend(unexpected(stalled, Some(self)));
        }
        if let Some(due) = self.failures {
            let failed = listed(capture).filter(|it| is_failure(it));
            let found = failed.clone().count().try_into().unwrap_or(u64::MAX);
            let place = self.places.failures;
            let kind = DifferenceKind::FailureCount;
            differences.extend(miscounted(kind, place, (due, found), failed));
        }
        differences.extend(self.too_long(capture));
        differences
    }

    /// The waits that are longer than they may be.
    fn too_long(&self, capture: &CaptureReport) -> Vec<Difference> {
        let connections = capture.analysis.connections.iter().filter(|it| it.is_tls);
        let waits = connections.flat_map(|it| it.waits.iter().map(move |wait| (it, wait)));
        let too_long = waits.filter_map(|(connection, wait)| {
            let most = *self.max_wait.get(&wait.phase)?;
            (wait.duration > most).then(|| {
                let mut difference = Difference::new(
                    DifferenceKind::WaitTooLong,
                    self.places.max_wait.get(&wait.phase).copied(),
                    format!("{} within {most}", wait.phase.awaited()),
                    format!("{}: {}", ends(connection), length(wait)),
                );
                difference.tcp_stream = Some(connection.tcp_stream);
                difference.frames = vec![wait.from_frame, wait.to_frame];
                difference.frames.dedup();
                difference
            })
        });
        few(too_long)
    }
}

/// Which expectations found a connection.
pub(crate) struct Matched<'a> {
    pub(crate) unmet: Vec<&'a Expectation>,
    /// The connections that stalled or failed and that no expectation has found.
    pub(crate) rest: Vec<&'a Connection>,
}

impl<'a> Matched<'a> {
    pub(crate) fn of(entry: &'a Entry, capture: &'a CaptureReport) -> Self {
        let connections: Vec<&Connection> = listed(capture).collect();
        let fits = |row: usize, column: usize| {
            let (expectation, connection) = (entry.expect.get(row), connections.get(column));
            expectation.is_some_and(|it| connection.is_some_and(|found| it.is_met_by(found)))
        };
        let found = assign(entry.expect.len(), connections.len(), fits);
        let taken: BTreeSet<usize> = found.values().copied().collect();
        let rows = entry.expect.iter().enumerate();
        let columns = connections.iter().enumerate();
        Self {
            unmet: rows
                .filter(|(row, _)| !found.contains_key(row))
                .map(|(_, expectation)| expectation)
                .collect(),
            rest: columns
                .filter(|(column, _)| !taken.contains(column))
                .map(|(_, &connection)| connection)
                .collect(),
        }
    }
}

/// The connections of which something is found.
pub(crate) fn listed(capture: &CaptureReport) -> impl Iterator<Item = &Connection> + Clone {
    let connections = capture.analysis.connections.iter();
    connections.filter(|it| it.stalled || !it.findings.is_empty())
}

/// Whether the handshake failed and did not stall; an unused connection is a note and no failure.
pub(crate) fn is_failure(connection: &Connection) -> bool {
    let verdict = connection.findings.first();
    !connection.stalled && verdict.is_some_and(|it| it.cause != Cause::UnusedConnection)
}

/// The place in `rest` of the connection that `expectation` is likeliest to be about.
fn nearest(expectation: &Expectation, rest: &[&Connection]) -> Option<usize> {
    let named = rest.iter().enumerate();
    let named = named.filter(|(_, connection)| expectation.names(connection));
    let near = named.min_by_key(|(_, connection)| wrong(expectation, connection).len());
    near.map(|(at, _)| at)
}

/// In what `connection` is not what is expected.
fn wrong(expectation: &Expectation, connection: &Connection) -> Vec<&'static str> {
    let mut wrong = Vec::new();
    if connection.stalled != expectation.stalled {
        wrong.push(if expectation.stalled {
            "it did not stall"
        } else {
            "it stalled"
        });
    }
    let Some(verdict) = connection.findings.first() else {
        wrong.push("nothing explains it");
        return wrong;
    };
    if verdict.cause != expectation.cause {
        wrong.push("another cause");
    }
    if expectation.phase.is_some_and(|it| it != verdict.phase) {
        wrong.push("another phase");
    }
    if expectation
        .waiting_on
        .is_some_and(|it| it != verdict.waiting_on)
    {
        wrong.push("it waited on another");
    }
    if verdict.confidence < expectation.confidence {
        wrong.push("less confidence");
    }
    if !expectation.has_frames_of(connection, verdict) {
        wrong.push("other frames");
    }
    wrong
}

/// The difference that `expectation` was not met; `near` is what was found instead.
fn unmet(
    expectation: &Expectation,
    near: Option<&Connection>,
    capture: &CaptureReport,
) -> Difference {
    let kind = DifferenceKind::ExpectationNotMet;
    let mut difference = Difference::new(
        kind,
        Some(expectation.place),
        due(expectation),
        "no connection that stalled or failed there",
    );
    if let Some(connection) = near {
        let wrong = wrong(expectation, connection).join(", ");
        difference.found = format!("{} ({wrong})", told(connection));
        show(&mut difference, connection);
    } else if let Some(connection) = listed(capture).find(|it| expectation.names(it)) {
        // It is what another expectation has found.
        difference.found = format!("no other connection there than {}", told(connection));
        show(&mut difference, connection);
    }
    difference
}

/// The differences that `stalled` stalled, of which nothing is said in `entry`, or that has no entry.
fn unexpected<'a>(
    stalled: impl Iterator<Item = &'a Connection>,
    entry: Option<&Entry>,
) -> Vec<Difference> {
    let expected = match entry {
        None => "no stall, as the capture has no entry",
        Some(entry) if entry.expect.is_empty() => "no stall, as its entry names none",
        Some(_) => "no other stall than those that its entry names",
    };
    few(stalled.map(|connection| {
        let kind = DifferenceKind::UnexpectedStall;
        let place = entry.map(|entry| entry.place);
        let mut difference = Difference::new(kind, place, expected, told(connection));
        show(&mut difference, connection);
        difference
    }))
}

/// The difference that there are more or fewer than are due, if that is so.
fn miscounted<'a>(
    kind: DifferenceKind,
    place: Option<crate::Place>,
    (due, found): (u64, u64),
    connections: impl Iterator<Item = &'a Connection>,
) -> Option<Difference> {
    if due == found {
        return None;
    }
    let noun = match kind {
        DifferenceKind::FailureCount => "failed handshake",
        _ => "stall",
    };
    let count = |n: u64| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
    let mut difference = Difference::new(kind, place, count(due), count(found));
    for (number, connection) in connections.take(MAX_OF_A_KIND).enumerate() {
        let mark = if number == 0 { ": " } else { "; " };
        let _ = write!(difference.found, "{mark}{}", told(connection));
        show(&mut difference, connection);
    }
    if found > MAX_OF_A_KIND as u64 && due != found {
        difference.found.push_str("; …");
    }
    Some(difference)
}

/// The first of `differences`, and in the last of them how many more there are.
fn few(mut differences: impl Iterator<Item = Difference>) -> Vec<Difference> {
    let mut few: Vec<Difference> = differences.by_ref().take(MAX_OF_A_KIND).collect();
    let more = differences.count();
    if let (Some(last), true) = (few.last_mut(), more > 0) {
        let _ = write!(last.found, " (and {more} more like it)");
    }
    few
}

/// What `expectation` expects, in words.
fn due(expectation: &Expectation) -> String {
    let mut text = if expectation.stalled {
        "a stall".to_owned()
    } else {
        "a failure without a stall".to_owned()
    };
    if let Some(number) = expectation.tcp_stream {
        let _ = write!(text, " of tcp.stream {number}");
    }
    match (&expectation.server, &expectation.server_name) {
        (Some(server), Some(name)) => {
            let _ = write!(text, " at {server} ({name})");
        }
        (Some(server), None) => {
            let _ = write!(text, " at {server}");
        }
        (None, Some(name)) => {
            let _ = write!(text, " at {name}");
        }
        (None, None) => {}
    }
    let _ = write!(text, ": {}", expectation.cause);
    if let Some(phase) = expectation.phase {
        let _ = write!(text, " in {phase}");
    }
    if let Some(party) = expectation.waiting_on {
        let _ = write!(text, ", waiting on the {party}");
    }
    match expectation.confidence {
        Confidence::Low => {}
        Confidence::High => text.push_str(", with high confidence"),
        least => {
            let _ = write!(text, ", with at least {least} confidence");
        }
    }
    let frames = (expectation.from_frame, expectation.to_frame);
    let _ = match frames {
        (Some(from), Some(to)) => write!(text, ", from frame {from} to {to}"),
        (Some(from), None) => write!(text, ", from frame {from}"),
        (None, Some(to)) => write!(text, ", to frame {to}"),
        (None, None) => Ok(()),
    };
    text
}

/// What was found of `connection`, in words.
fn told(connection: &Connection) -> String {
    let mut text = ends(connection);
    let Some(verdict) = connection.findings.first() else {
        text.push_str(": a stall that nothing explains");
        return text;
    };
    let _ = write!(
        text,
        ": {} in {}, waiting on the {}, with {} confidence",
        verdict.cause, verdict.phase, verdict.waiting_on, verdict.confidence
    );
    if let Some(wait) = explained_wait(connection, verdict) {
        let (from, to) = (wait.from_frame, wait.to_frame);
        let _ = write!(text, ", {}, from frame {from} to {to}", length(wait));
    }
    text
}

fn ends(connection: &Connection) -> String {
    let Connection {
        tcp_stream,
        client,
        server,
        ..
    } = connection;
    let mut text = format!("tcp.stream {tcp_stream}, {client} → {server}");
    if let Some(name) = &connection.server_name {
        let _ = write!(text, " ({name})");
    }
    text
}

/// How long a wait was; of one that the capture's end cut, how long at least.
fn length(wait: &Wait) -> String {
    match wait.ended_by {
        EndedBy::EndOfCapture => format!("at least {}", wait.duration),
        _ => wait.duration.to_string(),
    }
}

/// Names the frames of `connection` that show it.
fn show(difference: &mut Difference, connection: &Connection) {
    difference.tcp_stream.get_or_insert(connection.tcp_stream);
    let Some(verdict) = connection.findings.first() else {
        return;
    };
    let wait = explained_wait(connection, verdict);
    let ends = wait.map(|it| [it.from_frame, it.to_frame]);
    let evidence = verdict.evidence.iter().map(|it| it.frame);
    let mut frames: BTreeSet<FrameNumber> = difference.frames.iter().copied().collect();
    frames.extend(ends.into_iter().flatten().chain(evidence).take(MAX_FRAMES));
    difference.frames = frames.into_iter().take(MAX_FRAMES).collect();
}
