//! What every format says of two captures side by side.

use tls_stall::{
    Comparison, Connection, EndedBy, Ends, Fate, FrameNumber, LookupPair, MatchedBy, Pair,
    PhasePair, Span, Vantage,
};

use crate::escape::{escape, shown};
use crate::words::{self, Standing, count};

/// What the two captures are called, as in the summaries.
pub(crate) const SIDES: [&str; 2] = ["here", "there"];

/// How many of the connections are listed that went alike, or have no counterpart.
const MAX_ALIKE: usize = 20;

/// A pair with all that is said of it.
pub(crate) struct Shown<'a> {
    pub(crate) pair: &'a Pair,
    pub(crate) connections: [&'a Connection; 2],
}

/// The pairs of a comparison, by how much there is to say of them.
pub(crate) struct Sorted<'a> {
    /// Those that stalled or failed, or part.
    pub(crate) told: Vec<Shown<'a>>,
    /// The servers of the others, and how many more there are.
    pub(crate) alike: Option<String>,
    /// Of the connections without a counterpart, for each capture that has some.
    pub(crate) unmatched: Vec<String>,
}

impl<'a> Sorted<'a> {
    pub(crate) fn of(comparison: &'a Comparison) -> Self {
        let pairs = comparison.pairs.iter().filter_map(|pair| {
            let connections = comparison.connections(pair)?;
            Some(Shown { pair, connections })
        });
        let (told, alike): (_, Vec<_>) = pairs.partition(Shown::is_worth_telling);
        Self {
            told,
            alike: list_alike(&alike),
            unmatched: unmatched(comparison),
        }
    }
}

/// `Alike in both: www.example:443, imap.example:993.`
fn list_alike(alike: &[Shown<'_>]) -> Option<String> {
    let listed: Vec<String> = alike.iter().take(MAX_ALIKE).map(Shown::server).collect();
    let (listed, more) = (listed.join(", "), and_more(alike.len()));
    (!alike.is_empty()).then(|| format!("Alike in both: {listed}{more}."))
}

/// How many of `all` are not listed: ` and 3 more`.
fn and_more(all: usize) -> String {
    match all.saturating_sub(MAX_ALIKE) {
        0 => String::new(),
        more => format!(" and {more} more"),
    }
}

fn unmatched(comparison: &Comparison) -> Vec<String> {
    let sides = SIDES.iter().zip(&comparison.unmatched);
    let sides = sides.filter(|(_, streams)| !streams.is_empty());
    let line = |(side, streams): (&&str, &Vec<u64>)| {
        let listed: Vec<String> = streams.iter().take(MAX_ALIKE).map(u64::to_string).collect();
        let number = count(words::number(streams.len()), "TLS connection");
        let (listed, more) = (listed.join(", "), and_more(streams.len()));
        format!("Only {side}: {number} (tcp.stream {listed}{more}).")
    };
    sides.map(line).collect()
}

/// One phase as a row of a table.
pub(crate) struct Row {
    /// Whether the two part here.
    pub(crate) parts: bool,
    /// What was awaited.
    pub(crate) awaited: &'static str,
    /// How long, in the two captures.
    pub(crate) lengths: [String; 2],
    /// How much longer in the first, with its sign.
    pub(crate) difference: String,
}

/// How one wait was divided, as a row of a table.
pub(crate) struct ShareRow {
    pub(crate) awaited: &'static str,
    pub(crate) party: &'static str,
    pub(crate) host: String,
    pub(crate) path: String,
}

impl Shown<'_> {
    fn is_worth_telling(&self) -> bool {
        let strays = self.pair.ends.as_ref().map_or(&[][..], |ends| &ends.strays);
        let mut standings = self.connections.iter().map(|it| Standing::of(it));
        self.pair.parts_at.is_some()
            || !strays.is_empty()
            || standings.any(|it| it >= Standing::Failed)
    }

    /// The worse of the two, for the sign before it.
    pub(crate) fn standing(&self) -> Standing {
        let [here, _] = self.connections;
        Standing::of(here)
    }

    /// `smtp.example:465`, or its address: that of the first capture.
    pub(crate) fn server(&self) -> String {
        let [here, there] = self.connections;
        let named = [here, there].into_iter().find_map(|it| {
            let name = it.server_name.as_deref()?;
            Some(format!("{}:{}", shown(name), it.server.port))
        });
        named.unwrap_or_else(|| here.server.to_string())
    }

    /// Why the two are held against each other.
    pub(crate) const fn matched(&self) -> &'static str {
        match self.pair.matched_by {
            MatchedBy::SameConnection => "one connection, captured twice",
            MatchedBy::ServerName => "the same server's name",
            MatchedBy::ServerAddress => "the same server's address",
            MatchedBy::ServerPort => "the same port alone",
            _ => "the same server",
        }
    }

    /// `tcp.stream 2, 10.8.0.1:41234 → 203.0.113.25:465: established`, for each side.
    pub(crate) fn lines(&self) -> [String; 2] {
        self.connections.map(|connection| {
            let (stream, ends) = (connection.tcp_stream, words::ends(connection));
            format!(
                "tcp.stream {stream}, {ends}: {}",
                words::verdict(connection)
            )
        })
    }

    /// Shows in Wireshark what to look at on each side.
    pub(crate) fn filters(&self) -> [String; 2] {
        let [here, there] = &self.pair.display_filter;
        let [a, b] = self.pair.tcp_streams;
        [(here, a), (there, b)].map(|(filter, stream)| {
            if filter.is_empty() {
                format!("tcp.stream eq {stream}")
            } else {
                escape(filter).into_owned()
            }
        })
    }

    pub(crate) fn rows(&self) -> Vec<Row> {
        let row = |pair: &PhasePair| Row {
            parts: self.pair.parts_at == Some(pair.phase),
            awaited: words::awaited(pair.phase),
            lengths: [0, 1].map(|side| length(pair, side)),
            difference: pair.difference.map_or_else(|| "–".to_owned(), signed),
        };
        self.pair.phases.iter().map(row).collect()
    }

    /// The lookups that went differently, a line each.
    pub(crate) fn lookups(&self) -> Vec<String> {
        self.pair.lookups.iter().map(lookup).collect()
    }

    /// How the waits were divided.
    pub(crate) fn shares(&self) -> Vec<ShareRow> {
        let shares = self.pair.ends.iter().flat_map(|ends| &ends.shares);
        let row = |share: &tls_stall::Share| {
            let least = if share.at_least { "≥ " } else { "" };
            ShareRow {
                awaited: words::awaited(share.phase),
                party: share.party.name(),
                host: format!("{least}{}", share.host),
                path: format!("{least}{}", share.path),
            }
        };
        shares.map(row).collect()
    }

    /// Where the captures were made, if they show one connection.
    pub(crate) fn places(&self) -> Option<[String; 2]> {
        let Ends { places, .. } = self.pair.ends.as_ref()?;
        places.map(|places| {
            places.map(|place| match place {
                Vantage::Between => "between the two ends".to_owned(),
                end => format!("nearer to the {end}"),
            })
        })
    }

    /// What did not get from one end to the other as it should, a line each.
    pub(crate) fn strays(&self) -> Vec<String> {
        let strays = self.pair.ends.iter().flat_map(|ends| &ends.strays);
        let line = |stray: &tls_stall::Stray| {
            let fate = match (stray.fate, stray.late) {
                (Fate::Late, Some(late)) => format!("arrived {late} late"),
                (Fate::NeverSent, _) => "arrived, and was never sent".to_owned(),
                _ => "was sent, and never arrived".to_owned(),
            };
            let milestone = words::short_milestone(stray.milestone);
            let (from, frames) = (stray.from, frames(stray.frames));
            format!("{milestone} of the {from} {fate}: {frames}")
        };
        strays.map(line).collect()
    }
}

/// `frame 6 here, frame 6 there`.
fn frames(frames: [Option<FrameNumber>; 2]) -> String {
    let sides = SIDES.iter().zip(frames);
    let sides = sides.filter_map(|(side, frame)| Some(format!("frame {} {side}", frame?)));
    sides.collect::<Vec<_>>().join(", ")
}

/// The length of a phase on one side, and how it ended where not as it should.
fn length(pair: &PhasePair, side: usize) -> String {
    let duration = pair.durations.get(side).copied().flatten();
    let end = pair.ended_by.get(side).copied().flatten();
    match (duration, end) {
        (None, _) => "–".to_owned(),
        (Some(duration), Some(EndedBy::EndOfCapture)) => format!("≥ {duration}"),
        (Some(duration), Some(end)) if !words::is_reached(pair.phase, end) => {
            format!("{duration} ✗")
        }
        (Some(duration), _) => duration.to_string(),
    }
}

fn signed(span: Span) -> String {
    let sign = if span > Span::ZERO { "+" } else { "" };
    format!("{sign}{span}")
}

/// `PTR 25.113.0.203.in-addr.arpa: unanswered, 28.000 s here (…); no-such-name, 0.015 s there (…)`.
fn lookup(pair: &LookupPair) -> String {
    let sides = [0, 1].map(|side| {
        let outcome = pair.outcomes.get(side).copied().flatten();
        let duration = pair.durations.get(side).copied().flatten();
        let frame = pair.frames.get(side).and_then(|frames| frames.first());
        let place = SIDES.get(side).copied().unwrap_or_default();
        match (outcome, duration, frame) {
            (Some(outcome), Some(duration), Some(frame)) => {
                format!("{outcome}, {duration} {place} (from frame {frame} on)")
            }
            (Some(outcome), Some(duration), None) => format!("{outcome}, {duration} {place}"),
            _ => format!("not made {place}"),
        }
    });
    let [here, there] = &pair.names;
    let names: Vec<String> = match (here, there) {
        (Some(here), Some(there)) if here != there => vec![shown(here), shown(there)],
        _ => here
            .iter()
            .chain(there)
            .take(1)
            .map(|it| shown(it))
            .collect(),
    };
    let (record_type, names) = (shown(&pair.record_type), names.join(" and "));
    format!("{record_type} {names}: {}", sides.join("; "))
}

/// A title for the whole.
pub(crate) fn title(comparison: &Comparison) -> String {
    let [here, there] = &comparison.captures;
    let (here, there) = (shown(&here.source.path), shown(&there.source.path));
    format!("{here} beside {there}")
}

/// What to say where nothing could be held against anything.
pub(crate) fn nothing(comparison: &Comparison) -> Option<&'static str> {
    comparison
        .pairs
        .is_empty()
        .then_some("No TLS connection of the one has a counterpart in the other.")
}
