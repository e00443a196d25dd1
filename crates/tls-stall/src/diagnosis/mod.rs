//! Why a connection waited: the causes, each with its proof, and the choice between them.
//!
//! Each family of causes is one file. It looks at one wait of one finished connection and at the
//! capture's lookups, never at packets, and gives its opinions: a [`Candidate`] with named checks,
//! or a cause that it rules out. What the checks earn is settled in one place
//! ([`confidence`](self::check)), and so is the choice between the candidates. Families of the
//! caller's own ([`custom`]) give their opinions through the same door.

mod alert;
mod artefact;
mod check;
mod client_hello;
mod connect;
mod cover;
mod custom;
mod exhibit;
mod fallback;
mod flight;
mod ident;
mod local_search;
mod mismatch;
mod name_lookup;
mod parts;
mod path_mtu;
mod proxy;
mod rejected;
mod reset;
mod revocation;
mod scene;
mod silence;
mod visit;
mod words;
mod worked;
mod zero_window;

use std::collections::BTreeSet;

pub(crate) use self::check::Check;
pub(crate) use self::cover::Cover;
pub use self::custom::{CaseView, CauseFamily, Explanation};
pub(crate) use self::exhibit::Exhibit;
pub(crate) use self::revocation::host_of;
pub(crate) use self::scene::{Case, Scene};
pub(crate) use self::silence::is_unused;
pub(crate) use self::worked::Worked;
use crate::report::{self, Cause, Confidence, Party, RuledOut};
use crate::time::Span;

/// An explanation of a wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) cause: Cause,
    pub(crate) waiting_on: Party,
    /// The time that it accounts for.
    pub(crate) cover: Cover,
    pub(crate) summary: String,
    pub(crate) remedy: String,
    pub(crate) evidence: Vec<Exhibit>,
    pub(crate) checks: Vec<Check>,
    /// It names who was silent, not why: any explanation that is more than possible goes first.
    pub(crate) is_fallback: bool,
    /// The lookups that it refers to, by their numbers.
    pub(crate) lookups: Vec<u64>,
    /// What it is about, where one wait may have several of its kind: `the lookup of www.example`.
    pub(crate) subject: Option<String>,
}

/// What a family makes of a wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Opinion {
    Holds(Box<Candidate>),
    RuledOut(RuledOut),
}

impl Opinion {
    fn ruled_out(cause: Cause, because: impl Into<String>) -> Self {
        Self::RuledOut(RuledOut {
            cause,
            because: because.into(),
        })
    }
}

/// A family of causes.
type Family = fn(&Case<'_>, &mut Vec<Opinion>);

/// The catalogue. The next family is one more file and one more line. Of findings that are as sure, and
/// cover as much, that of the family before goes first: what says more of the same lookup.
const FAMILIES: &[Family] = &[
    artefact::consider,
    revocation::consider,
    name_lookup::consider,
    local_search::consider,
    fallback::consider,
    ident::consider,
    connect::consider,
    client_hello::consider,
    flight::consider,
    path_mtu::consider,
    zero_window::consider,
    rejected::consider,
    reset::consider,
    mismatch::consider,
    proxy::consider,
    alert::consider,
    custom::consider,
    silence::consider,
];

/// Causes that were considered and ruled out, at most so many a finding.
const MAX_RULED_OUT: usize = 12;

/// What was found about one wait.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Diagnosis {
    /// The verdict first.
    pub(crate) findings: Vec<report::Finding>,
    /// The lookups that they refer to, by their numbers.
    pub(crate) lookups: BTreeSet<u64>,
}

/// Explains one wait; at least one finding comes of a stalled one.
pub(crate) fn diagnose(case: &Case<'_>) -> Diagnosis {
    let mut opinions = Vec::new();
    for family in FAMILIES {
        family(case, &mut opinions);
    }
    let mut ruled_out = Vec::new();
    let mut ranked = Vec::new();
    for opinion in opinions {
        match opinion {
            Opinion::RuledOut(out) => ruled_out.push(out),
            Opinion::Holds(mut candidate) => {
                let doubts = artefact::doubts(case, &candidate);
                candidate.checks.extend(doubts);
                match check::confidence(&candidate.checks) {
                    Ok(confidence) => ranked.push((confidence, candidate)),
                    Err(because) => {
                        let because = match candidate.subject {
                            Some(subject) => format!("{subject}: {because}"),
                            None => because,
                        };
                        let cause = candidate.cause;
                        ruled_out.push(RuledOut { cause, because });
                    }
                }
            }
        }
    }
    if ranked.is_empty() && case.wait.stalled {
        ranked.push((Confidence::Low, Box::new(artefact::untold(case))));
    }
    // What is proven to have taken the time, then what is proven to have ended the handshake, then
    // the silence itself, then what is only possible.
    ranked.sort_by_key(|(confidence, candidate)| {
        let rank = match (candidate.is_fallback, confidence) {
            (false, Confidence::High | Confidence::Medium) if accounts_for(case, candidate) => 0,
            (false, Confidence::High | Confidence::Medium) => 1,
            (true, _) => 2,
            (false, Confidence::Low) => 3,
        };
        (
            rank,
            std::cmp::Reverse(*confidence),
            std::cmp::Reverse(candidate.cover.length()),
        )
    });
    // What is explained is not unexplained.
    if let Some((confidence, verdict)) = ranked.first()
        && !verdict.is_fallback
        && *confidence >= Confidence::Medium
        && !verdict.cover.is_empty()
    {
        let because = format!(
            "{} explains {} of it",
            verdict.cause,
            verdict.cover.length().min(case.wait.duration())
        );
        ranked.retain(|(_, candidate)| {
            if candidate.is_fallback {
                ruled_out.push(RuledOut {
                    cause: candidate.cause,
                    because: because.clone(),
                });
            }
            !candidate.is_fallback
        });
    }
    ruled_out.dedup();
    ruled_out.truncate(MAX_RULED_OUT);
    let lookups = ranked
        .iter()
        .flat_map(|(_, candidate)| candidate.lookups.iter().copied())
        .collect();
    let shares = shares(case, &ranked);
    let findings = ranked
        .into_iter()
        .zip(shares)
        .map(|((confidence, candidate), share)| {
            finding(case, *candidate, confidence, share, &ruled_out)
        })
        .collect();
    Diagnosis { findings, lookups }
}

/// Whether `candidate` explains where the time of a stalled wait went, and not only how it ended;
/// of one that took no time nothing else is to be explained.
fn accounts_for(case: &Case<'_>, candidate: &Candidate) -> bool {
    let wait = case.wait;
    let cover = candidate.cover.within(wait.from.time, wait.to.time);
    !wait.stalled || cover.length() >= wait.duration().percent(10)
}

/// What each of the `ranked` candidates explains of the wait that none before it does, so that
/// together they explain no more than there was; one that only names who was silent comes last.
fn shares(case: &Case<'_>, ranked: &[(Confidence, Box<Candidate>)]) -> Vec<Span> {
    let (from, to) = (case.wait.from.time, case.wait.to.time);
    let mut shares = vec![Span::ZERO; ranked.len()];
    let mut taken = Cover::none();
    for is_fallback in [false, true] {
        let candidates = ranked.iter().zip(&mut shares);
        for ((_, candidate), share) in
            candidates.filter(|((_, it), _)| it.is_fallback == is_fallback)
        {
            let cover = candidate.cover.within(from, to);
            *share = cover.without(&taken).length();
            taken.take_in(&cover);
        }
    }
    shares
}

fn finding(
    case: &Case<'_>,
    candidate: Candidate,
    confidence: Confidence,
    explained: Span,
    ruled_out: &[RuledOut],
) -> report::Finding {
    let first = case.scene.first_frame;
    let mut evidence = candidate.evidence;
    evidence.extend(case.boundaries());
    evidence.sort_by_key(|exhibit| exhibit.moment);
    evidence.dedup_by_key(|exhibit| exhibit.moment.frame);
    let ruled_out = ruled_out
        .iter()
        .filter(|out| out.cause != candidate.cause)
        .cloned()
        .collect();
    report::Finding {
        cause: candidate.cause,
        phase: case.wait.phase,
        waiting_on: candidate.waiting_on,
        confidence,
        wait: case.wait.duration(),
        explained,
        summary: candidate.summary,
        remedy: candidate.remedy,
        display_filter: display_filter(&evidence),
        evidence: evidence.into_iter().map(|it| it.report(first)).collect(),
        checks: candidate.checks.into_iter().map(Check::report).collect(),
        ruled_out,
    }
}

/// Shows the evidence in Wireshark.
fn display_filter(evidence: &[Exhibit]) -> String {
    let frames: BTreeSet<_> = evidence.iter().map(|it| it.moment.frame).collect();
    let frames: Vec<_> = frames.iter().map(ToString::to_string).collect();
    format!("frame.number in {{{}}}", frames.join(","))
}
