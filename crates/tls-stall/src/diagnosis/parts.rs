//! Waits in which the server did one thing after the other.
//!
//! A server that asks for the name of its client in vain may ask the client's ident service next, and
//! then a block list: none of them lasts as long as the wait, and together they are all of it.

use super::name_lookup::Chain;
use super::visit::{self, AT_ONCE, Over, SLACK};
use super::{Case, ident};
use crate::companions::Visit;
use crate::report::Party;
use crate::time::{Moment, Span};
use crate::timeline::RELEASE;

/// Things about the peer that one wait is looked through for.
const MAX_STEPS: usize = 32;

/// Something that the host waited for.
enum Step<'a> {
    Lookup(Chain<'a>),
    Ident(&'a Visit),
}

impl Step<'_> {
    fn first(&self) -> Option<Moment> {
        match self {
            Self::Lookup(chain) => Some(chain.first()),
            Self::Ident(visit) => visit.first(),
        }
    }

    /// Whether the host went on at `to` because this was over.
    fn released(&self, case: &Case<'_>, to: Moment) -> bool {
        match self {
            Self::Lookup(chain) => chain.release(case, to).0 == Some(true),
            Self::Ident(visit) => match visit::over(visit, to) {
                Over::At(end) => {
                    let delay = to.since(end);
                    delay >= Span::ZERO.minus(SLACK) && delay <= RELEASE
                }
                Over::StillTried { .. } => true,
                Over::GivenUp { .. } | Over::Outlives { .. } | Over::Unknown => false,
            },
        }
    }
}

/// The parts of the wait of `case`, each as a case of its own: one for each thing that was done in
/// turn. Each begins when the one before it is over, and the wait ends with the last; otherwise the
/// wait is one.
pub(super) fn parts<'a>(case: &Case<'a>) -> Vec<Case<'a>> {
    // It is servers that ask around about who connects.
    if case.wait.waiting_on != Party::Server {
        return vec![*case];
    }
    let (from, to) = case.stretch();
    let steps = steps(case, from, to);
    let mut parts: Vec<Case<'a>> = Vec::new();
    let mut begin = from;
    while steps.len() > 1 && parts.len() < steps.len() {
        let begun: Vec<_> = steps
            .iter()
            .filter(|step| step.first().is_some_and(|it| is_at(it, begin)))
            .collect();
        let part = |end| case.of_part(begin, end);
        let ends_at = |end: Moment| begun.iter().any(|it| it.released(&part(end), end));
        let next = steps
            .iter()
            .filter_map(Step::first)
            .find(|&next| next.since(begin) > AT_ONCE && next < to && ends_at(next));
        let Some(next) = next else {
            return if !parts.is_empty() && ends_at(to) {
                parts.push(part(to));
                parts
            } else {
                vec![*case]
            };
        };
        parts.push(part(next));
        begin = next;
    }
    vec![*case]
}

fn is_at(first: Moment, begin: Moment) -> bool {
    let delay = first.since(begin);
    delay >= Span::ZERO.minus(SLACK) && delay <= AT_ONCE
}

/// What the host did about its peer, in order.
fn steps<'a>(case: &Case<'a>, from: Moment, to: Moment) -> Vec<Step<'a>> {
    let lookups = Chain::about_the_peer(case).into_iter().map(Step::Lookup);
    let visits = ident::visits(case, from, to).map(Step::Ident);
    let mut steps: Vec<_> = lookups.chain(visits).take(MAX_STEPS).collect();
    steps.sort_by_key(Step::first);
    steps
}
