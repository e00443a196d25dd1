//! Causes of the caller's own: what they may look at, what they may say, and what becomes of it.
//!
//! What a family of the caller's says is held to the same rule of confidence as the catalogue's,
//! and cut to what a report can bear: it is another program's text.

use std::fmt::{self, Debug};
use std::net::IpAddr;

use super::{Candidate, Case, Check, Cover, Exhibit, Opinion};
use crate::report::{self, Cause, Connection, CustomCause, Evidence, Lookup, Party};
use crate::time::{Moment, Span, Timestamp};

/// Explanations taken of one family for one wait.
const MAX_EXPLANATIONS: usize = 8;

/// Frames of evidence, checks, stretches of time and lookups taken of one explanation, each.
const MAX_PARTS: usize = 64;

/// Characters of a text that are kept.
const MAX_TEXT: usize = 2000;

/// A family of causes of the caller's own, asked about every wait that is to be explained.
///
/// It is registered with [`Config::add_family`](crate::Config::add_family). What it gives competes
/// with the causes of the catalogue: the same rule makes a confidence of its checks, the capture's
/// own faults stand against it as well, and who explains more of the wait goes first.
///
/// One value serves every capture that is analysed with the configuration, on any thread; so it is
/// asked through `&self`, and the same wait should always get the same explanations.
pub trait CauseFamily: Debug + Send + Sync {
    /// The explanations of the wait in `case`; most often none.
    ///
    /// Of more than 8 the rest is left out.
    fn consider(&self, case: &CaseView<'_>) -> Vec<Explanation>;
}

/// A stalled wait, or one in which a handshake failed, with what the capture tells around it.
///
/// All times are lengths since the capture's first frame, as in the report.
#[derive(Clone, Copy)]
pub struct CaseView<'a> {
    case: &'a Case<'a>,
    connection: &'a Connection,
    wait: &'a report::Wait,
}

impl<'a> CaseView<'a> {
    /// The connection as it will be reported, without findings.
    #[must_use]
    pub const fn connection(&self) -> &'a Connection {
        self.connection
    }

    /// The wait: its phase, who owed the next move, how long, and what ended it.
    #[must_use]
    pub const fn wait(&self) -> &'a report::Wait {
        self.wait
    }

    /// When the wait began.
    #[must_use]
    pub const fn begin(&self) -> Span {
        self.since_first_frame(self.case.wait.from.time)
    }

    /// When the wait ended, or the capture.
    #[must_use]
    pub const fn end(&self) -> Span {
        self.since_first_frame(self.case.wait.to.time)
    }

    /// The time of the capture's first frame, from which all others are counted.
    #[must_use]
    pub const fn first_frame_time(&self) -> Timestamp {
        self.case.scene.first_frame
    }

    /// The lookups by `asker` whose first copies lie from `from` to `to`, in their order: the
    /// earliest 256 that are brief, and of those that are not.
    #[must_use]
    pub fn lookups(&self, asker: IpAddr, from: Span, to: Span) -> Vec<Lookup> {
        let first = self.first_frame_time();
        let lookups = self.case.scene.lookups;
        let begun = lookups.begun(asker, first.plus(from), first.plus(to));
        begun.iter().map(|lookup| lookup.report(first)).collect()
    }

    const fn since_first_frame(&self, time: Timestamp) -> Span {
        time.since(self.case.scene.first_frame)
    }
}

impl fmt::Debug for CaseView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaseView")
            .field("connection", self.connection)
            .field("wait", self.wait)
            .finish_non_exhaustive()
    }
}

/// What a family of the caller's says that a wait was spent on.
///
/// Without a necessary check it is never of high confidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    cause: CustomCause,
    waiting_on: Party,
    summary: String,
    remedy: String,
    cover: Vec<(Span, Span)>,
    evidence: Vec<Evidence>,
    checks: Vec<Check>,
    lookups: Vec<Lookup>,
}

impl Explanation {
    /// The wait was spent on `cause`, and it is `waiting_on` who was slow: `summary` says so in one
    /// sentence, `remedy` what to do.
    #[must_use]
    pub fn new(
        cause: CustomCause,
        waiting_on: Party,
        summary: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            cause,
            waiting_on,
            summary: summary.into(),
            remedy: remedy.into(),
            cover: Vec::new(),
            evidence: Vec::new(),
            checks: Vec::new(),
            lookups: Vec::new(),
        }
    }

    /// The cause accounts for the time from `from` to `to`; what lies outside of the wait counts
    /// for nothing. Several stretches add up.
    ///
    /// One that accounts for less than a tenth of a stalled wait comes after those that account
    /// for more.
    #[must_use]
    pub fn covering(mut self, from: Span, to: Span) -> Self {
        self.cover.push((from, to));
        self
    }

    /// A frame that proves it; one that is not in the capture is left out.
    #[must_use]
    pub fn with_evidence(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    /// A lookup that it refers to, which will be in the report.
    #[must_use]
    pub fn with_lookup(mut self, lookup: Lookup) -> Self {
        self.lookups.push(lookup);
        self
    }

    /// A check that has to hold: where it does not, the cause is ruled out, and `detail` says why;
    /// `None`, that the capture does not tell, is a doubt.
    #[must_use]
    pub fn necessary(
        mut self,
        name: &'static str,
        holds: impl Into<Option<bool>>,
        detail: impl Into<String>,
    ) -> Self {
        self.checks.push(Check::necessary(name, holds, detail));
        self
    }

    /// A check that is a doubt where it does not hold or the capture does not tell. One doubt makes
    /// the confidence medium, more make it low.
    #[must_use]
    pub fn strong(
        mut self,
        name: &'static str,
        holds: impl Into<Option<bool>>,
        detail: impl Into<String>,
    ) -> Self {
        self.checks.push(Check::strong(name, holds, detail));
        self
    }

    /// A check for the reader, which neither adds nor takes.
    #[must_use]
    pub fn supporting(
        mut self,
        name: &'static str,
        holds: impl Into<Option<bool>>,
        detail: impl Into<String>,
    ) -> Self {
        self.checks.push(Check::supporting(name, holds, detail));
        self
    }
}

/// Asks the families of the caller's, where there are any.
pub(super) fn consider(case: &Case<'_>, opinions: &mut Vec<Opinion>) {
    let Some((connection, wait)) = case.reported else {
        return;
    };
    let view = CaseView {
        case,
        connection,
        wait,
    };
    for family in case.scene.families {
        let explanations = family.consider(&view).into_iter().take(MAX_EXPLANATIONS);
        opinions.extend(explanations.map(|it| Opinion::Holds(Box::new(candidate(case, it)))));
    }
}

/// Makes of an explanation what the catalogue's families give.
fn candidate(case: &Case<'_>, said: Explanation) -> Candidate {
    let scene = case.scene;
    let (from, to) = (case.wait.from.time, case.wait.to.time);
    let mut cover = Cover::none();
    for (begin, end) in said.cover.into_iter().take(MAX_PARTS) {
        cover.add(scene.first_frame.plus(begin), scene.first_frame.plus(end));
    }
    let evidence = said.evidence.into_iter();
    let evidence = evidence.filter(|it| it.frame.get() <= scene.frames);
    let evidence = evidence.take(MAX_PARTS).map(|it| {
        let moment = Moment {
            time: scene.first_frame.plus(it.time),
            frame: it.frame,
        };
        Exhibit::new(moment, it.way, cut(it.message))
    });
    let mut checks: Vec<Check> = said.checks.into_iter().take(MAX_PARTS).collect();
    if !checks.iter().any(Check::is_necessary) {
        let detail = "no check is named that has to hold for it";
        checks.push(Check::strong("has-a-necessary-check", None, detail));
    }
    let checks = checks.into_iter().map(|check| check.map_detail(cut));
    let lookups = said.lookups.iter().take(MAX_PARTS);
    Candidate {
        cause: Cause::Custom(said.cause),
        waiting_on: said.waiting_on,
        cover: cover.within(from, to),
        summary: or(cut(said.summary), said.cause),
        remedy: cut(said.remedy),
        evidence: evidence.collect(),
        checks: checks.collect(),
        is_fallback: false,
        lookups: lookups.filter_map(|it| number(case, it)).collect(),
        subject: None,
    }
}

/// A finding says something: where its summary is empty, what its cause says of itself.
fn or(summary: String, cause: CustomCause) -> String {
    let headline = Cause::Custom(cause).headline();
    match summary.is_empty() {
        false => summary,
        true if headline.is_empty() => format!("{} explains this wait.", cause.name()),
        true => headline.to_owned(),
    }
}

/// The number of a lookup that was looked at in the view.
fn number(case: &Case<'_>, lookup: &Lookup) -> Option<u64> {
    let query = lookup.queries.first()?;
    let at = case.scene.first_frame.plus(query.time);
    let begun = case.scene.lookups.begun(lookup.asker, at, at);
    let mut same = begun
        .iter()
        .filter(|it| it.first().frame == query.frame && it.name.as_str() == lookup.name);
    same.next().map(|it| it.number)
}

fn cut(mut text: String) -> String {
    if let Some((at, _)) = text.char_indices().nth(MAX_TEXT) {
        text.truncate(at);
        text.push('…');
    }
    text
}
