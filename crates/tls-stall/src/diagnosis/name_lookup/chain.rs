//! Lookups that follow from one another: one explanation.

use std::net::IpAddr;

use super::super::{Case, Cover};
use super::{SLACK, is_resolver_silent, may_be_the_waiter};
use crate::dns::{End, Lookup, Name, RecordType, is_under_reverse_tree};
use crate::report::Phase;
use crate::time::{Moment, Span, Timestamp};
use crate::timeline::{RELEASE, same_host};

/// How soon a lookup begins that the wait may have been spent on, at least; later than a fifth of
/// the wait and this, it is ruled out.
const START: Span = Span::from_secs(1);

/// How soon the next link of a chain follows the last.
const NEXT_LINK: Span = Span::from_millis(500);

/// Questions of a pair go out together.
const BESIDE: Span = Span::from_millis(100);

/// Links of one chain.
const MAX_LINKS: usize = 16;

/// Names with no tie to the peer that are looked at.
const MAX_OTHER_NAMES: usize = 16;

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
pub(in crate::diagnosis) struct Chain<'a> {
    pub(super) relation: Relation,
    /// By their first queries; at least one.
    pub(super) links: Vec<&'a Lookup>,
}

impl<'a> Chain<'a> {
    /// The chains that may explain the wait: of lookups by the host that owed the next move, or by
    /// one that may be the same.
    pub(super) fn all(case: &Case<'a>) -> Vec<Self> {
        if case.wait.phase == Phase::NameResolution {
            return Self::to_the_server(case).into_iter().collect();
        }
        let (from, to) = case.stretch();
        let (waiter, peer) = (case.waiter(), case.peer());
        let begin = from.time.plus(Span::ZERO.minus(SLACK));
        let begun = case.scene.lookups.begun(
            waiter,
            begin,
            begin.plus(START.max(to.since(from).percent(20))),
        );
        let mut chains: Vec<Self> = Self::first_of_the_peer(case, &begun)
            .into_iter()
            .map(|first| Self::following(case, Relation::Peer, first))
            .collect();
        // Of the names with no tie to the peer, those whose lookups took longest.
        // Nobody waits to connect until services of a kind are found (RFC 6763, section 4).
        let mut others: Vec<&Lookup> = begun
            .into_iter()
            .filter(|it| it.record_type != RecordType::PTR && it.reverse_of().is_none())
            .filter(|it| !is_under_reverse_tree(&it.name))
            .collect();
        others.sort_by_key(|it| (std::cmp::Reverse(it.duration()), it.number));
        for first in others.into_iter().take(MAX_OTHER_NAMES) {
            if chains.iter().any(|chain| chain.has(first)) {
                continue;
            }
            let relation = if asks_block_list(first.name.as_str(), peer) {
                Relation::BlockList
            } else {
                Relation::OtherName
            };
            chains.push(Self::following(case, relation, first));
        }
        chains
    }

    /// The lookups of the host that owed the next move which ask about its peer, each with what
    /// follows from it.
    pub(in crate::diagnosis) fn about_the_peer(case: &Case<'a>) -> Vec<Self> {
        let (from, to) = case.stretch();
        let peer = case.peer();
        let begin = from.time.plus(Span::ZERO.minus(SLACK));
        let begun = case.scene.lookups.begun(case.waiter(), begin, to.time);
        let relation = |it: &Lookup| {
            let listed = asks_block_list(it.name.as_str(), peer).then_some(Relation::BlockList);
            it.asks_for(peer).then_some(Relation::Peer).or(listed)
        };
        begun
            .into_iter()
            .filter_map(|it| Some((relation(it)?, it)))
            .take(MAX_OTHER_NAMES)
            .map(|(relation, first)| Self::following(case, relation, first))
            .collect()
    }

    /// The reverse lookups of the peer with which a chain may begin, one for each host that may be
    /// the one that owed the next move: the first that began with its turn, else the last before.
    ///
    /// Other connections of the same host to the same peer have lookups of their own, with which
    /// this one has nothing to do.
    fn first_of_the_peer(case: &Case<'a>, begun: &[&'a Lookup]) -> Vec<&'a Lookup> {
        let (from, to) = case.stretch();
        let (waiter, peer) = (case.waiter(), case.peer());
        let begin = from.time.plus(Span::ZERO.minus(SLACK));
        let lookups = case.scene.lookups;
        let own = begun.iter().copied().find(|it| it.asks_for(peer));
        let own = own.or_else(|| {
            let open = lookups.overlapping(waiter, begin, begin);
            open.into_iter().rfind(|it| it.asks_for(peer))
        });
        let mut firsts: Vec<&Lookup> = own.into_iter().collect();
        if firsts.is_empty() {
            let of_peer = lookups.reverse_lookups(peer, from.time, to.time);
            for asker in askers(case, &of_peer) {
                let mut by_asker = of_peer.iter().copied().filter(|it| it.asker == asker);
                let first = by_asker.clone().find(|it| it.first().time >= begin);
                firsts.extend(first.or_else(|| by_asker.next_back()));
            }
        }
        firsts
    }

    /// The chain that begins with `first`: what was asked beside it about the same name, and what
    /// followed each link while the wait went on.
    fn following(case: &Case<'a>, relation: Relation, first: &'a Lookup) -> Self {
        let (from, to) = case.stretch();
        let peer = case.peer();
        let mut chain = Self {
            relation,
            links: vec![first],
        };
        while chain.links.len() < MAX_LINKS {
            let last = chain.last_to_end();
            let begin = if chain.links.len() == 1 {
                first.first().time.plus(Span::ZERO.minus(SLACK))
            } else {
                last.end().earliest().plus(Span::ZERO.minus(SLACK))
            };
            // What explains the end of the wait is the chain's last link.
            let explains_the_end =
                to.time.since(last.end().earliest()) <= RELEASE.max(to.since(from).percent(1));
            let until = if explains_the_end {
                first.first().time.plus(BESIDE)
            } else {
                last.end().latest().plus(NEXT_LINK)
            };
            let found = case
                .scene
                .lookups
                .begun(first.asker, begin, until.min(to.time));
            let next: Vec<&Lookup> = found
                .into_iter()
                .filter(|it| !chain.has(it))
                .filter(|it| chain.leads_to(it, peer) || chain.goes_on_in_vain(case, it))
                .take(MAX_LINKS.saturating_sub(chain.links.len()))
                .collect();
            if next.is_empty() {
                break;
            }
            chain.links.extend(next);
            chain.links.sort_by_key(|link| (link.first(), link.number));
        }
        chain
    }

    /// Whether `lookup` goes on with what the chain asks for.
    fn leads_to(&self, lookup: &Lookup, peer: IpAddr) -> bool {
        if self.relation == Relation::Peer {
            // The name's addresses, and the name by another service once the first has none.
            let confirms = self.links.iter().any(|link| {
                link.targets.contains(&lookup.name)
                    && link.result().is_some_and(|result| lookup.first() > result)
            });
            let again = lookup.asks_for(peer)
                && self
                    .links
                    .iter()
                    .all(|link| link.end().earliest() <= lookup.first().time.plus(SLACK));
            return confirms || again;
        }
        let (root, name) = (self.name().as_str(), lookup.name.as_str());
        name.strip_prefix(root)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// Whether `lookup` was asked of a resolver that answers nothing, as the chain's last link was,
    /// once that had been given up: to the asker they are one silence.
    fn goes_on_in_vain(&self, case: &Case<'_>, lookup: &Lookup) -> bool {
        let last = self.last_to_end();
        lookup.first().time >= last.end().earliest().plus(Span::ZERO.minus(SLACK))
            && is_resolver_silent(case, last)
            && is_resolver_silent(case, lookup)
    }

    fn has(&self, lookup: &Lookup) -> bool {
        self.links.iter().any(|link| link.number == lookup.number)
    }

    /// The lookups between the first that led to the server and the SYN.
    fn to_the_server(case: &Case<'a>) -> Option<Self> {
        let server = case.setup.server.ip;
        let named = case
            .scene
            .lookups
            .answer_with(case.setup.client.ip, server, case.wait.to.time);
        let asks_for_it = |lookup: &Lookup| {
            lookup.asks_for(server)
                || named.is_some_and(|named| same_host(&named.name, &lookup.name))
        };
        let (asker, from, to) = (case.waiter(), case.wait.from.time, case.wait.to.time);
        let begun = case.scene.lookups.begun(asker, from, to);
        let links: Vec<_> = begun
            .into_iter()
            .filter(|lookup| asks_for_it(lookup))
            .collect();
        let reverse_only = links.iter().all(|link| link.reverse_of().is_some());
        let relation = if reverse_only {
            Relation::Peer
        } else {
            Relation::ToTheServer
        };
        Self::new(relation, links)
    }

    fn new(relation: Relation, mut links: Vec<&'a Lookup>) -> Option<Self> {
        links.sort_by_key(|link| (link.first(), link.number));
        links.dedup_by_key(|link| link.number);
        (!links.is_empty()).then_some(Self { relation, links })
    }

    /// The first query of all.
    pub(in crate::diagnosis) fn first(&self) -> Moment {
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

    /// The time from `from` to `to` in which some link was open.
    pub(super) fn covered(&self, from: Timestamp, to: Timestamp) -> Cover {
        let mut cover = Cover::none();
        for link in &self.links {
            if let Some((begin, end)) = span_within(link, from, to) {
                cover.add(begin, end);
            }
        }
        cover
    }

    /// Whether the wait that ended at `to` ended because the chain did.
    pub(in crate::diagnosis) fn release(
        &self,
        case: &Case<'_>,
        to: Moment,
    ) -> (Option<bool>, String) {
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
                // When it gives up is a guess here, and no proof for a name that nothing else ties to
                // the wait.
                let in_window = to.time.since(earliest) >= Span::ZERO.minus(SLACK)
                    && to.time.since(latest) <= soon
                    && last.queries.len() > 1
                    && self.relation != Relation::OtherName;
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
fn askers(case: &Case<'_>, lookups: &[&Lookup]) -> Vec<IpAddr> {
    let mut askers: Vec<IpAddr> = lookups
        .iter()
        .map(|lookup| lookup.asker)
        .filter(|&asker| may_be_the_waiter(case, asker))
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
