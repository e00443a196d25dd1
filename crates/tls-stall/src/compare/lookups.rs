//! The lookups behind two connections, where they went differently.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::dns;
use crate::report::{Analysis, Connection, Lookup, LookupOutcome, Phase};
use crate::time::{FrameNumber, Span};

/// Lookups of one name that are looked through for one connection; a client asks a few times.
const MAX_SEEN: usize = 16;

/// Frames of one lookup that are worth a look.
const MAX_FRAMES: usize = 8;

/// One lookup is slower than another if it took longer by this part of a stall, in percent.
const SLOWER: i64 = 10;

/// A lookup that was made in only one of two captures, or went differently.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct LookupPair {
    /// The names asked for: different ones where they stand for different addresses of the same end.
    pub names: [Option<String>; 2],
    /// The record type, as `PTR`.
    #[cfg_attr(feature = "serde", serde(rename = "type"))]
    pub record_type: String,
    /// What came of it; `None` where it was not made.
    pub outcomes: [Option<LookupOutcome>; 2],
    /// How long it took.
    #[cfg_attr(feature = "serde", serde(rename = "duration_s"))]
    pub durations: [Option<Span>; 2],
    /// Its queries and answers, at most eight.
    pub frames: [Vec<FrameNumber>; 2],
}

impl LookupPair {
    fn new(record_type: &str, two: [Option<&Lookup>; 2]) -> Self {
        Self {
            names: two.map(|lookup| Some(lookup?.name.clone())),
            record_type: record_type.to_owned(),
            outcomes: two.map(|lookup| Some(lookup?.outcome)),
            durations: two.map(|lookup| Some(lookup?.duration)),
            frames: two.map(|lookup| lookup.map_or_else(Vec::new, frames)),
        }
    }

    pub(super) fn frames_of(&self, side: usize) -> &[FrameNumber] {
        self.frames.get(side).map_or(&[], Vec::as_slice)
    }
}

fn frames(lookup: &Lookup) -> Vec<FrameNumber> {
    let queries = lookup.queries.iter().map(|query| query.frame);
    let answers = lookup.answers.iter().map(|answer| answer.frame);
    let mut frames: Vec<_> = queries
        .take(MAX_FRAMES - 1)
        .chain(answers.take(1))
        .collect();
    frames.sort_unstable();
    frames
}

/// The lookups of one capture by what they ask for.
pub(super) struct Lookups<'a>(BTreeMap<(&'a str, IpAddr), Vec<&'a Lookup>>);

impl<'a> Lookups<'a> {
    pub(super) fn new(analysis: &'a Analysis) -> Self {
        let mut by_name: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for lookup in &analysis.lookups {
            let key = (&*lookup.name, lookup.asker);
            by_name.entry(key).or_default().push(lookup);
        }
        for lookups in by_name.values_mut() {
            lookups.sort_by_key(|it| asked(it));
        }
        Self(by_name)
    }

    /// The longest lookup of `name` of each type that one of the two ends made while `connection`
    /// was being set up.
    fn of(&self, connection: &Connection, name: Option<String>) -> BTreeMap<&'a str, &'a Lookup> {
        let (from, to) = set_up(connection);
        let mut longest: BTreeMap<&str, &Lookup> = BTreeMap::new();
        let Some(name) = name else {
            return longest;
        };
        let mut askers = vec![connection.client.ip, connection.server.ip];
        askers.dedup();
        for asker in askers {
            let lookups = self.0.get(&(&*name, asker)).map_or(&[][..], Vec::as_slice);
            let first = lookups.partition_point(|it| asked(it) < from);
            let during = lookups.iter().skip(first).take(MAX_SEEN);
            for &lookup in during.take_while(|it| asked(it) <= to) {
                let longest = longest.entry(&lookup.record_type).or_insert(lookup);
                if lookup.duration > longest.duration {
                    *longest = lookup;
                }
            }
        }
        longest
    }
}

/// When the first copy of `lookup` was sent.
fn asked(lookup: &Lookup) -> Span {
    lookup.queries.first().map_or(Span::ZERO, |it| it.time)
}

/// From the first milestone to the end of the handshake, as far as it came.
fn set_up(connection: &Connection) -> (Span, Span) {
    let times = connection.milestones.values().map(|at| at.time);
    let from = times.min().unwrap_or(Span::ZERO);
    let waits = connection.waits.iter();
    let handshake = waits.filter(|wait| wait.phase != Phase::ApplicationData);
    let length = handshake
        .map(|wait| wait.duration)
        .fold(Span::ZERO, Span::plus);
    (from, from.plus(length))
}

/// The lookups of the servers' and the clients' names that went differently for `two`.
pub(super) fn pairs(
    two: [&Connection; 2],
    lookups: &[Lookups<'_>; 2],
    threshold: Span,
) -> Vec<LookupPair> {
    let roles: [fn(&Connection) -> Option<String>; 3] = [
        |it| it.server_name.as_deref().map(canonical),
        |it| Some(reverse_name(it.server.ip)),
        |it| Some(reverse_name(it.client.ip)),
    ];
    let ([here, there], [of_here, of_there]) = (two, lookups);
    let mut pairs = Vec::new();
    for role in roles {
        let made = [
            of_here.of(here, role(here)),
            of_there.of(there, role(there)),
        ];
        let types: BTreeSet<&str> = made.iter().flat_map(BTreeMap::keys).copied().collect();
        for record_type in types {
            let two = made.each_ref().map(|it| it.get(record_type).copied());
            if differ(two, threshold) {
                pairs.push(LookupPair::new(record_type, two));
            }
        }
    }
    pairs
}

fn canonical(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

fn reverse_name(address: IpAddr) -> String {
    dns::name_of(address).as_str().to_owned()
}

fn differ(two: [Option<&Lookup>; 2], threshold: Span) -> bool {
    let [Some(here), Some(there)] = two else {
        return true;
    };
    let difference = here.duration.minus(there.duration).abs();
    here.outcome != there.outcome || difference >= threshold.percent(SLOWER)
}
