//! Reverse lookups by a program that looks on, as tcpdump without `-n` does.
//!
//! It asks for the name of each address as soon as a packet shows it. A program that waits for the
//! name of its peer cannot ask before it is connected; one that asks for several peers between
//! their SYN and SYN-ACK waits for none of them.

use std::net::IpAddr;

use crate::dns::Lookups;
use crate::milestone::Milestone;
use crate::report::Via;
use crate::time::Moment;
use crate::timeline::Setup;

/// Peers whose names a host must have asked for, to be called an observer.
const PEERS: usize = 3;

/// Hosts that are watched.
const MAX_ASKERS: usize = 64;

/// Who asks for the names of peers to which it is not connected yet.
#[derive(Debug, Default)]
pub(crate) struct Observers {
    askers: Vec<Asker>,
}

#[derive(Debug)]
struct Asker {
    ip: IpAddr,
    first: Moment,
    peers: Vec<IpAddr>,
}

impl Observers {
    pub(super) fn settle(&mut self, setup: &Setup, lookups: &Lookups) {
        let (Some(syn), Some(syn_ack)) = (setup.at(Milestone::Syn), setup.at(Milestone::SynAck))
        else {
            return;
        };
        let peer = setup.server.ip;
        for lookup in lookups.reverse_begun(peer, syn.time, syn_ack.time) {
            let first = lookup.first();
            let early = first.frame > syn.frame && first.frame < syn_ack.frame;
            if early && lookup.via == Via::Dns {
                self.note(lookup.asker, peer, first);
            }
        }
    }

    fn note(&mut self, ip: IpAddr, peer: IpAddr, first: Moment) {
        if let Some(asker) = self.askers.iter_mut().find(|asker| asker.ip == ip) {
            if asker.peers.len() < PEERS && !asker.peers.contains(&peer) {
                asker.peers.push(peer);
            }
        } else if self.askers.len() < MAX_ASKERS {
            let peers = vec![peer];
            self.askers.push(Asker { ip, first, peers });
        }
    }

    /// Whether `ip` runs a program that looks on.
    pub(crate) fn includes(&self, ip: IpAddr) -> bool {
        self.all().any(|(asker, _)| asker == ip)
    }

    /// Those who do, and the first of their lookups.
    pub(crate) fn all(&self) -> impl Iterator<Item = (IpAddr, Moment)> {
        let proven = self
            .askers
            .iter()
            .filter(|asker| asker.peers.len() >= PEERS);
        proven.map(|asker| (asker.ip, asker.first))
    }
}
