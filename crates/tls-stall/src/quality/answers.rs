//! Answers to lookups that came, as the asker's next step shows, and were not captured.

use crate::dns::{Lookup, Lookups, RecordType};
use crate::milestone::Milestone;
use crate::report::{LookupOutcome, Via};
use crate::time::{Moment, Span};
use crate::timeline::Setup;

/// From the question to the SYN to the address that it gave.
const SOON: Span = Span::from_secs(1);

/// Who has no answer asks again after at most 5 s, with every resolver that is known.
const LONGEST_RETRY: Span = Span::from_secs(6);

/// Lookups that are remembered.
const MAX_ACTED_UPON: usize = 64;

/// Lookups without an answer after which their asker connected somewhere, as if it had one.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    acted_upon: Vec<(u64, Moment)>,
}

impl Answers {
    pub(super) fn settle(&mut self, setup: &Setup, lookups: &Lookups) {
        let Some(syn) = setup.at(Milestone::Syn) else {
            return;
        };
        if setup.resolved_name.is_some() {
            return;
        }
        let client = setup.client.ip;
        let since = syn.time.plus(Span::ZERO.minus(SOON));
        let begun = lookups.begun(client, since, syn.time);
        // Another answer may have given the address.
        if begun.iter().any(|lookup| lookup.is_settled()) {
            return;
        }
        let open = begun.iter().find(|lookup| is_unanswered(lookup));
        if let Some(lookup) = open
            && self.acted_upon.len() < MAX_ACTED_UPON
        {
            self.acted_upon.push((lookup.number, syn));
        }
    }

    /// The first SYN after a lookup that had no answer and, by `latest`, was not tried again.
    pub(super) fn missing(&self, lookups: &Lookups, latest: Moment) -> Option<Moment> {
        let missing = |&&(number, _): &&(u64, Moment)| {
            lookups.numbered(number).is_some_and(|lookup| {
                is_unanswered(lookup) && latest.since(lookup.first()) >= LONGEST_RETRY
            })
        };
        self.acted_upon.iter().find(missing).map(|(_, syn)| *syn)
    }
}

fn is_unanswered(lookup: &Lookup) -> bool {
    let forward = matches!(lookup.record_type, RecordType::A | RecordType::AAAA);
    let once = lookup.queries.len() == 1 && lookup.outcome() == LookupOutcome::Unanswered;
    forward && once && lookup.via == Via::Dns
}
