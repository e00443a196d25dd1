//! What is done to a capture may cost a verdict, never turn it into a wrong one.
//!
//! Each test changes every capture whose truth is known, as a tap, a filter or another network would have
//! changed it, and holds what is then told of its connections to that truth and to what was told before.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use tls_stall::{Analysis, Cause, Confidence, Connection, EndedBy, Finding, Phase};
use tls_stall_check::Entry;

use super::edited::Records;
use super::labels::truth;
use super::readdressed::{moved_port, readdressed, renumbered, tcp_direction};
use super::{analyze, testdata, told};

/// A capture whose truth is known, and what is told of it as it is.
struct Known {
    label: Entry,
    records: Records,
    whole: Analysis,
}

/// The two ends of a connection, whichever is taken for the client.
type Ends = BTreeSet<String>;

fn ends(connection: &Connection) -> Ends {
    [&connection.client, &connection.server]
        .map(ToString::to_string)
        .into()
}

impl Known {
    /// The causes that are true of the connection between `ends`: those that are due, and those of the
    /// failures that are told beside them.
    fn causes(&self, ends: &Ends) -> BTreeSet<&str> {
        let connections = self
            .whole
            .connections
            .iter()
            .filter(|it| self::ends(it) == *ends);
        let mut causes = BTreeSet::new();
        for connection in connections {
            let due = self.label.expect.iter().filter(|it| it.names(connection));
            causes.extend(due.map(|it| it.cause.name()));
            causes.extend(certain(connection).map(|it| it.cause.name()));
        }
        // A failed attempt is told with the next one, or by itself where the two cannot be tied.
        if !self
            .whole
            .connections
            .iter()
            .any(|it| self::ends(it) == *ends)
        {
            causes.insert(Cause::ConnectTimeout.name());
        }
        // What is true as well, and all that is left where what tells more is missing.
        for cause in causes.clone() {
            causes.extend(match cause {
                "path-mtu-black-hole" => &["client-hello-lost", "server-flight-lost"][..],
                "address-fallback" => &["connect-timeout", "connect-refused"],
                "resolver-silent" => &["reverse-dns-unanswered", "forward-dns-unanswered"],
                _ => &[],
            });
        }
        causes
    }

    /// What is told of `changed` with certainty, and is neither true nor an abstention.
    fn wrong(&self, changed: &Analysis) -> Option<String> {
        let mut connections = changed.connections.iter();
        let wrong = connections.find_map(|connection| {
            let causes = self.causes(&ends(connection));
            let is_wrong = |it: &&Finding| !abstains(it.cause) && !causes.contains(it.cause.name());
            certain(connection).find(is_wrong)
        })?;
        Some(format!("{}: {}", wrong.cause, wrong.summary))
    }

    /// The reverse lookup that is blamed for what it is not to blame for, with more than a guess.
    fn blames_reverse(&self, changed: &Analysis) -> Option<String> {
        let is_true = |it: &str| it.starts_with("reverse-dns-");
        let mut connections = changed.connections.iter();
        let wrong = connections.find_map(|connection| {
            let expect = self.label.expect.iter();
            let mut due =
                expect.filter(|it| it.server.is_some_and(|server| server.is(connection.server)));
            let mut findings = connection.findings.iter();
            let blamed =
                findings.find(|it| is_true(it.cause.name()) && it.confidence > Confidence::Low);
            blamed.filter(|_| !due.any(|it| is_true(it.cause.name())))
        })?;
        Some(format!("{}: {}", wrong.cause, wrong.summary))
    }
}

fn certain(connection: &Connection) -> impl Iterator<Item = &Finding> {
    connection
        .findings
        .iter()
        .filter(|it| it.confidence == Confidence::High)
}

/// Whether it names who was silent, or that the capture does not tell.
fn abstains(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::ClientIdle
            | Cause::ServerSlow
            | Cause::ServerSilent
            | Cause::UnusedConnection
            | Cause::CaptureArtefact
    )
}

fn known() -> impl Iterator<Item = Known> {
    let captures = truth().entries.into_iter();
    captures
        .filter(|it| it.path.strip_suffix(".pcap").is_some() && it.not_yet.is_none())
        .map(|label| {
            let file = fs::read(testdata().join(&label.path)).unwrap();
            Known {
                records: Records::read(&file),
                whole: analyze(&file),
                label,
            }
        })
}

/// Holds `is_wrong` to find nothing in any capture but `not_yet`: what is told wrongly today. Once it
/// no longer is, its mark has to go.
fn in_none(not_yet: &[&str], mut is_wrong: impl FnMut(&Known, &mut Vec<String>)) {
    let mut wrong = Vec::new();
    for known in known() {
        let mut here = Vec::new();
        is_wrong(&known, &mut here);
        let path = &known.label.path;
        let is_marked = not_yet
            .iter()
            .any(|it| path.ends_with(&format!("/{it}.pcap")));
        match (is_marked, here.is_empty()) {
            (true, true) => wrong.push(format!("{path} is told rightly: its mark can go")),
            (true, false) => {}
            (false, _) => wrong.extend(here.into_iter().map(|it| format!("{path}, {it}"))),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn a_capture_that_was_cut_tells_the_truth_so_far() {
    in_none(&["postfix-resolver-silent"], |known, wrong| {
        for last in 1..known.records.len() {
            let cut = analyze(
                &known
                    .records
                    .clone()
                    .only(|number, _| number <= last)
                    .file(),
            );
            let lies = known
                .wrong(&cut)
                .or(known.blames_reverse(&cut))
                .or(overlong(known, &cut, last));
            wrong.extend(lies.map(|it| format!("cut after {last}: {it}")));
        }
    });
}

/// The wait in what was cut that the whole does not bear out: of the same length where it came to its end,
/// at least as long where it was cut.
fn overlong(known: &Known, cut: &Analysis, last: usize) -> Option<String> {
    let whole: BTreeMap<u64, &Connection> = known
        .whole
        .connections
        .iter()
        .map(|it| (it.tcp_stream, it))
        .collect();
    for connection in &cut.connections {
        let whole = whole
            .get(&connection.tcp_stream)
            .map_or(&[][..], |it| &it.waits[..]);
        for wait in connection
            .waits
            .iter()
            .filter(|it| it.ended_by == EndedBy::EndOfCapture)
        {
            let same = whole
                .iter()
                .filter(|it| it.phase == wait.phase && it.from_frame == wait.from_frame)
                .filter(|it| usize::try_from(it.to_frame.get()).unwrap() > last);
            if same.clone().count() > 0 && same.clone().all(|it| it.duration < wait.duration) {
                return Some(format!(
                    "{} of {} is longer than it was",
                    wait.phase, wait.duration
                ));
            }
        }
    }
    None
}

#[test]
fn a_frame_that_is_missing_makes_no_other_cause_certain() {
    in_none(&["starttls-human-pause-cut"], |known, wrong| {
        for missing in 1..=known.records.len() {
            let rest = analyze(
                &known
                    .records
                    .clone()
                    .only(|number, _| number != missing)
                    .file(),
            );
            let lies = known.wrong(&rest).or(known.blames_reverse(&rest));
            wrong.extend(lies.map(|it| format!("without {missing}: {it}")));
        }
    });
}

#[test]
fn one_side_of_a_connection_that_is_missing_makes_no_other_cause_certain() {
    in_none(&["clock-forward"], |known, wrong| {
        let mut all = known.records.clone();
        let (link, frames) = all.frames_mut();
        let directions: BTreeSet<Vec<u8>> =
            frames.filter_map(|it| tcp_direction(link, it)).collect();
        for missing in directions {
            let keep = |_, frame: &[u8]| tcp_direction(link, frame).as_ref() != Some(&missing);
            let rest = analyze(&known.records.clone().only(keep).file());
            let lies = known.wrong(&rest).or(known.blames_reverse(&rest));
            wrong.extend(lies.map(|it| format!("without {missing:?}: {it}")));
        }
    });
}

#[test]
fn two_frames_in_the_other_order_make_no_other_cause_certain() {
    in_none(&["dead-backend"], |known, wrong| {
        for first in 0..known.records.len() {
            if known.records.gap(first).is_some_and(|it| it < 1000) {
                let swapped = analyze(&known.records.clone().swap(first).file());
                let lies = known.wrong(&swapped).or(known.blames_reverse(&swapped));
                wrong.extend(lies.map(|it| format!("{} and the next swapped: {it}", first + 1)));
            }
        }
    });
}

/// The stalls and failures of each connection, by its ends as `rename` has them; of each its place in the order, its cause,
/// confidence and wait, and the frames of its evidence as `place` has them.
fn verdicts(
    analysis: &Analysis,
    rename: impl Fn(&tls_stall::Endpoint) -> String,
    place: impl Fn(u64) -> u64,
) -> Vec<(Vec<String>, String)> {
    let mut verdicts = Vec::new();
    for connection in &analysis.connections {
        let ends = vec![rename(&connection.client), rename(&connection.server)];
        for it in &connection.findings {
            let frames: Vec<u64> = it.evidence.iter().map(|it| place(it.frame.get())).collect();
            let told = format!("{} {} {} {:?}", it.cause, it.confidence, it.wait, frames);
            verdicts.push((ends.clone(), told));
        }
    }
    verdicts
}

#[test]
fn a_clock_that_is_ten_years_ahead_changes_nothing() {
    in_none(&[], |known, wrong| {
        let later = analyze(&known.records.clone().step(1, 10 * 365 * 86_400).file());
        if later.connections != known.whole.connections {
            wrong.push(told(&later.connections));
        }
    });
}

#[test]
fn other_addresses_and_ports_have_the_same_verdicts() {
    in_none(&[], |known, wrong| {
        let file = readdressed(known.records.clone(), 3).file();
        let elsewhere = analyze(&file);
        let rename = |end: &tls_stall::Endpoint| {
            let ip = match end.ip {
                std::net::IpAddr::V4(ip) => std::net::IpAddr::V4(renumbered(ip.octets(), 3).into()),
                ip @ std::net::IpAddr::V6(_) => ip,
            };
            std::net::SocketAddr::new(ip, moved_port(end.port)).to_string()
        };
        let due = verdicts(&known.whole, rename, |frame| frame);
        if verdicts(&elsewhere, ToString::to_string, |frame| frame) != due {
            wrong.push(format!("{due:#?} became {}", told(&elsewhere.connections)));
        }
    });
}

#[test]
fn another_connection_beside_before_or_after_changes_no_verdict() {
    let healthy = fs::read(testdata().join("recorded/healthy-tls-1-3.pcap")).unwrap();
    let other = readdressed(Records::read(&healthy), 7);
    in_none(&[], |known, wrong| {
        // What the capture's end cut goes on with it, and a clock or a direction is everyone's.
        let is_cut = |it: &Connection| {
            it.waits.iter().any(|it| {
                it.phase != Phase::ApplicationData && it.ended_by == EndedBy::EndOfCapture
            })
        };
        let is_of_all = ["one-direction", "clock-"]
            .iter()
            .any(|it| known.label.path.contains(it));
        let times = match known.whole.connections.iter().any(is_cut) {
            _ if is_of_all => &[][..],
            _ if known.label.path.contains("-cut") => &[-30, 0],
            true => &[-30, 0],
            false => &[-30, 0, 2, 60],
        };
        for &seconds in times {
            let (both, places) = known.records.clone().beside(other.clone(), seconds);
            let both = analyze(&both.file());
            let place = |frame: u64| places[usize::try_from(frame - 1).unwrap()];
            let due = verdicts(&known.whole, ToString::to_string, place);
            let found = verdicts(&both, ToString::to_string, |frame| frame);
            if known.wrong(&both).is_some() || !due.iter().all(|it| found.contains(it)) {
                wrong.push(format!(
                    "{seconds} s: {due:#?} became {found:#?} {}",
                    told(&both.connections)
                ));
            }
        }
    });
}

#[test]
fn frames_that_are_seen_again_milliseconds_later_make_no_other_cause_certain() {
    for milliseconds in [1, 5] {
        in_none(&[], |known, wrong| {
            let twice = analyze(&known.records.clone().twice(1000 * milliseconds).file());
            wrong.extend(known.wrong(&twice).or(known.blames_reverse(&twice)));
        });
    }
}

#[test]
fn frames_of_which_only_the_beginning_was_captured_make_no_other_cause_certain() {
    for length in [96, 128] {
        in_none(&[], |known, wrong| {
            let short = analyze(&known.records.clone().shortened(length).file());
            let stalls = short.summary.stalled > known.whole.summary.stalled;
            let more = stalls.then(|| told(&short.connections));
            let lies = known
                .wrong(&short)
                .or(known.blames_reverse(&short))
                .or(more);
            wrong.extend(lies.map(|it| format!("{length} bytes: {it}")));
        });
    }
}
