//! Two captures side by side, as one HTML file.

use std::io;

use askama::Template;
use tls_stall::{Comparison, Finding, Span};

use super::ladder::{Drawing, scale};
use super::look;
use crate::comparison::{self, Row, SIDES, ShareRow, Shown, Sorted};
use crate::escape::shown;
use crate::ladder::{Ladder, Lookups};
use crate::words::{self, count};

/// How many pairs are shown in full.
const MAX_PAIRS: usize = 50;

/// `comparison` as a page of HTML, the courses of two connections drawn on one scale.
///
/// # Errors
///
/// Where a value cannot be written; none of a comparison that the library made cannot.
pub fn comparison(comparison: &Comparison) -> io::Result<String> {
    let sorted = Sorted::of(comparison);
    let lookups = comparison
        .captures
        .each_ref()
        .map(|capture| Lookups::of(&capture.analysis));
    let left_out = sorted.told.len().saturating_sub(MAX_PAIRS);
    let left_out = (left_out > 0).then(|| {
        let more = count(words::number(left_out), "pair");
        format!("{more} more, which --format json lists.")
    });
    let nothing = comparison::nothing(comparison).map(ToOwned::to_owned);
    let last = left_out.into_iter().chain(nothing);
    let page = Page {
        title: comparison::title(comparison),
        version: comparison.tool.version,
        threshold: comparison.options.stall_threshold,
        captures: captures(comparison),
        pairs: (1..)
            .zip(sorted.told.iter().take(MAX_PAIRS))
            .map(|(number, pair)| Pair::new(number, pair, &lookups))
            .collect(),
        last: last.chain(sorted.alike).chain(sorted.unmatched).collect(),
    };
    page.render().map_err(io::Error::other)
}

#[derive(Template)]
#[template(path = "comparison.html")]
struct Page {
    title: String,
    version: &'static str,
    threshold: Span,
    captures: Vec<Capture>,
    pairs: Vec<Pair>,
    /// What else there is to say.
    last: Vec<String>,
}

/// One of the two captures.
struct Capture {
    side: &'static str,
    path: String,
    counts: String,
    notices: Vec<String>,
}

fn captures(comparison: &Comparison) -> Vec<Capture> {
    let captures = SIDES.iter().zip(&comparison.captures);
    let capture = |(&side, capture): (&&'static str, &tls_stall::CaptureReport)| Capture {
        side,
        path: shown(&capture.source.path),
        counts: words::counts(&capture.analysis),
        notices: capture.analysis.notices.iter().map(words::notice).collect(),
    };
    captures.map(capture).collect()
}

/// Two connections, and where they part.
struct Pair {
    id: String,
    look: &'static str,
    sign: &'static str,
    server: String,
    matched: &'static str,
    summary: String,
    sides: Vec<OneSide>,
    rows: Vec<Row>,
    lookups: Vec<String>,
    shares: Vec<ShareRow>,
    strays: Vec<String>,
}

/// What explains the wait of a connection, and how sure that is.
struct Verdict {
    lead: &'static str,
    name: &'static str,
    confidence: &'static str,
    summary: String,
}

impl Verdict {
    fn new(finding: &Finding) -> Self {
        Self {
            lead: words::cause(finding).0,
            name: finding.cause.name(),
            confidence: finding.confidence.name(),
            summary: shown(&finding.summary),
        }
    }
}

/// One of the two connections.
struct OneSide {
    side: &'static str,
    line: String,
    /// Where it was captured, if that matters.
    place: Option<String>,
    verdict: Option<Verdict>,
    drawing: Option<Drawing>,
    filter: String,
}

impl Pair {
    fn new(number: usize, pair: &Shown<'_>, lookups: &[Lookups<'_>; 2]) -> Self {
        let (look, sign) = look(pair.standing());
        let id = format!("pair-{number}");
        Self {
            look,
            sign,
            server: pair.server(),
            matched: pair.matched(),
            summary: shown(&pair.pair.summary),
            sides: sides(&id, pair, lookups),
            rows: pair.rows(),
            lookups: pair.lookups(),
            shares: pair.shares(),
            strays: pair.strays(),
            id,
        }
    }
}

/// The two connections, drawn on one scale.
fn sides(id: &str, pair: &Shown<'_>, lookups: &[Lookups<'_>; 2]) -> Vec<OneSide> {
    let connections = pair.connections.iter().zip(lookups);
    let ladders: Vec<Ladder> = connections
        .map(|(connection, lookups)| Ladder::new(connection, lookups))
        .collect();
    let scale = scale(&ladders);
    let places = pair.places();
    let filled = SIDES.into_iter().zip(pair.lines()).zip(pair.filters());
    let sides = filled.zip(&ladders).enumerate();
    let verdicts = pair.connections.map(|it| it.findings.first());
    let side = |(index, (((side, line), filter), ladder))| {
        let verdict = verdicts.get(index).copied().flatten();
        OneSide {
            side,
            line,
            place: places
                .as_ref()
                .and_then(|places| places.get(index).cloned()),
            verdict: verdict.map(Verdict::new),
            drawing: Drawing::on_scale(format!("{id}-{side}"), ladder, scale),
            filter,
        }
    };
    sides.map(side).collect()
}
