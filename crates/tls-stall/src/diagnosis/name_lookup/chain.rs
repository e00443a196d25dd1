//! Lookups that follow from one another: one explanation.

use std::net::IpAddr;

use super::super::Case;
use super::{SLACK, may_be};
use crate::dns::{End, Lookup, Name, is_under_reverse_tree};
use crate::report::Phase;
use crate::time::{Moment, Span, Timestamp};
use crate::timeline::{RELEASE, same_host};

/// What a chain has to do with the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// It asks for the peer's name, and then for the addresses of that name.
    Peer,
    /// It led to the server's address.
    ToTheServer,
    /// It asks a block list about the peer.
    BlockList,
    /// It asks for some other name.
    OtherName,
}

/// Lookups that one host made one after the other, or side by side, for one purpose.
#[derive(Debug)]
pub(super) struct Chain<'a> {
    pub(super) relation: Relation,
    /// By their first queries; at least one.
    pub(super) links: Vec<&'a Lookup>,
}

impl<'a> Chain<'a> {
    /// The chains of `own`, the lookups of the host that owed the next move, and of those that may
    /// be its own; at most `most` of names with no tie to the connection.
    pub(super) fn all(case: &Case<'a>, own: &[&'a Lookup], most: usize) -> Vec<Self> {
        let mut chains = Vec::new();
        if case.wait.phase == Phase::NameResolution {
            chains.extend(Self::to_the_server(case, own));
            return chains;
        }
        let peer = case.peer();
        let (from, to) = case.stretch();
        let of_peer = case.scene.lookups.reverse_lookups(peer, from.time, to.time);
        for asker in askers(&of_peer, case.waiter()) {
            let reverse = of_peer
                .iter()
                .copied()
                .filter(|lookup| lookup.asker == asker);
            let candidates = if asker == case.waiter() {
                own.to_vec()
            } else {
                case.scene.lookups.overlapping(asker, from.time, to.time)
            };
            chains.extend(Self::of_the_peer(reverse.collect(), &candidates));
        }
        let used: Vec<u64> = chains
            .iter()
            .flat_map(|chain| chain.links.iter().map(|link| link.number))
            .collect();
        let rest = own.iter().copied().filter(|lookup| {
            !used.contains(&lookup.number)
                && lookup.reverse_of().is_none()
                && !is_under_reverse_tree(&lookup.name)
        });
        chains.extend(Self::by_name(rest.take(most), peer));
        chains
    }

    /// The reverse lookups, and the lookups of the names that they gave.
    fn of_the_peer(reverse: Vec<&'a Lookup>, candidates: &[&'a Lookup]) -> Option<Self> {
        let mut links = reverse;
        let names: Vec<&Name> = links.iter().flat_map(|link| link.targets.iter()).collect();
        if let Some(answered) = links.iter().filter_map(|link| link.result()).min() {
            let confirming = candidates
                .iter()
                .copied()
                .filter(|lookup| names.contains(&&lookup.name) && lookup.first() > answered);
            links.extend(confirming);
        }
        Self::new(Relation::Peer, links)
    }

    fn to_the_server(case: &Case<'a>, own: &[&'a Lookup]) -> Option<Self> {
        let server = case.setup.server.ip;
        let named = case
            .scene
            .lookups
            .answer_with(case.setup.client.ip, server, case.wait.to.time);
        let asks_for_it = |lookup: &Lookup| {
            lookup.reverse_of() == Some(server)
                || named.is_some_and(|named| same_host(&named.name, &lookup.name))
        };
        let links = own.iter().copied().filter(|lookup| {
            let in_time = lookup.first() >= case.wait.from && lookup.first() <= case.wait.to;
            in_time && asks_for_it(lookup)
        });
        let links: Vec<_> = links.collect();
        let reverse_only = links.iter().all(|link| link.reverse_of().is_some());
        let relation = if reverse_only {
            Relation::Peer
        } else {
            Relation::ToTheServer
        };
        Self::new(relation, links)
    }

    /// One chain a name; a name with a search-list suffix belongs to the name without.
    fn by_name(lookups: impl Iterator<Item = &'a Lookup>, peer: IpAddr) -> Vec<Self> {
        let mut lookups: Vec<_> = lookups.collect();
        lookups.sort_by_key(|lookup| (lookup.name.as_str().len(), lookup.number));
        let mut chains: Vec<Self> = Vec::new();
        for lookup in lookups {
            let name = lookup.name.as_str();
            let known = chains.iter_mut().find(|chain| {
                let root = chain.links.first().map_or("", |link| link.name.as_str());
                name.strip_prefix(root)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            });
            if let Some(chain) = known {
                chain.links.push(lookup);
                continue;
            }
            let relation = if asks_block_list(name, peer) {
                Relation::BlockList
            } else {
                Relation::OtherName
            };
            chains.extend(Self::new(relation, vec![lookup]));
        }
        for chain in &mut chains {
            chain.links.sort_by_key(|link| link.first());
        }
        chains
    }

    fn new(relation: Relation, mut links: Vec<&'a Lookup>) -> Option<Self> {
        links.sort_by_key(|link| (link.first(), link.number));
        links.dedup_by_key(|link| link.number);
        (!links.is_empty()).then_some(Self { relation, links })
    }

    /// The first query of all.
    pub(super) fn first(&self) -> Moment {
        self.head().first()
    }

    pub(super) fn asker(&self) -> IpAddr {
        self.head().asker
    }

    /// The name that was asked for first.
    pub(super) fn name(&self) -> &'a Name {
        &self.head().name
    }

    /// The link that took most of the time from `from` to `to`.
    pub(super) fn dominant(&self, from: Timestamp, to: Timestamp) -> &'a Lookup {
        let length =
            |link: &&&Lookup| span_within(link, from, to).map_or(Span::ZERO, |(a, b)| b.since(a));
        // The first of several that took as long.
        self.links
            .iter()
            .rev()
            .max_by_key(length)
            .copied()
            .unwrap_or(self.head())
    }

    /// The link that ended last.
    pub(super) fn last_to_end(&self) -> &'a Lookup {
        let last = self
            .links
            .iter()
            .max_by_key(|link| link.end().latest())
            .copied();
        last.unwrap_or(self.head())
    }

    /// How much of the time from `from` to `to` some link was open.
    pub(super) fn covered(&self, from: Timestamp, to: Timestamp) -> Span {
        let mut covered = Span::ZERO;
        let mut until = from;
        for (begin, end) in self
            .links
            .iter()
            .filter_map(|link| span_within(link, from, to))
        {
            let begin = begin.max(until);
            if end > begin {
                covered = covered.plus(end.since(begin));
                until = end;
            }
        }
        covered
    }

    /// Whether the wait that ended at `to` ended because the chain did.
    pub(super) fn release(&self, case: &Case<'_>, to: Moment) -> (Option<bool>, String) {
        let last = self.last_to_end();
        let wait = to.since(case.stretch().0);
        let soon = RELEASE.max(wait.percent(1));
        let tolerable = wait.percent(10).max(soon);
        let asked_on = self.links.iter().map(|link| link.last_query()).max();
        if let Some(copy) = asked_on.filter(|copy| copy.since(to) > SLACK) {
            return (
                Some(false),
                format!(
                    "it was still being asked in frame {}, after the wait had ended",
                    copy.frame
                ),
            );
        }
        match last.end() {
            End::At(answer) => {
                let delay = to.since(answer);
                let frame = answer.frame;
                if delay < Span::ZERO.minus(SLACK) {
                    (
                        Some(false),
                        format!("its answer, frame {frame}, came after the wait had ended"),
                    )
                } else if delay <= soon {
                    (
                        Some(true),
                        format!(
                            "the wait ended {} after the answer in frame {frame}",
                            delay.max(Span::ZERO)
                        ),
                    )
                } else {
                    let holds = if delay <= tolerable {
                        None
                    } else {
                        Some(false)
                    };
                    (
                        holds,
                        format!(
                            "it ended with the answer in frame {frame}, {delay} before the wait did"
                        ),
                    )
                }
            }
            End::GaveUp { earliest, latest } => {
                let copy = last.last_query();
                let since_first = to.since(last.first());
                if let Some(fit) = last.fits_give_up(since_first) {
                    return (
                        Some(true),
                        format!(
                            "the wait ended {since_first} after the first query, when {fit}, gives up"
                        ),
                    );
                }
                let since_copy = to.since(copy);
                if to.time.since(latest) > tolerable {
                    return (
                        Some(false),
                        format!(
                            "it was over {} before the wait ended",
                            to.time.since(latest)
                        ),
                    );
                }
                let in_window = to.time.since(earliest) >= Span::ZERO.minus(SLACK)
                    && to.time.since(latest) <= soon
                    && last.queries.len() > 1;
                let detail = format!(
                    "the wait ended {since_copy} after the last copy, frame {}",
                    copy.frame
                );
                (in_window.then_some(true), detail)
            }
        }
    }

    fn head(&self) -> &'a Lookup {
        // A chain has at least one link.
        #[allow(
            clippy::indexing_slicing,
            reason = "`new` refuses to make an empty chain"
        )]
        self.links[0]
    }
}

/// The part of `lookup` that lies between `from` and `to`.
fn span_within(lookup: &Lookup, from: Timestamp, to: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let begin = lookup.first().time.max(from);
    let end = lookup.end().latest().min(to);
    (begin < end).then_some((begin, end))
}

/// Who asked for the peer's name and can be the host that owed the next move.
fn askers(lookups: &[&Lookup], waiter: IpAddr) -> Vec<IpAddr> {
    let mut askers: Vec<IpAddr> = lookups
        .iter()
        .map(|lookup| lookup.asker)
        .filter(|&asker| may_be(asker, waiter))
        .collect();
    askers.sort_unstable();
    askers.dedup();
    askers
}

/// Whether `name` asks a block list about `address`: its octets in reverse, in another zone.
fn asks_block_list(name: &str, address: IpAddr) -> bool {
    let reversed = crate::dns::reverse_labels(address);
    name.strip_prefix(reversed.as_str())
        .is_some_and(|zone| zone.starts_with('.'))
}
