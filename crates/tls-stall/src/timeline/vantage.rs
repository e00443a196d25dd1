//! Where a connection was captured: beside one of its ends, or between them.

use super::Setup;
use crate::milestone::Milestone;
use crate::report::Vantage;
use crate::tcp::routers_passed;
use crate::time::Span;

/// Where the capture of `setup` was made; `None` where the signs are not enough, or at odds.
pub(super) fn vantage(setup: &Setup) -> Option<Vantage> {
    if setup.is_of_app {
        return Some(Vantage::Client);
    }
    match (by_timing(setup), by_hops(setup)) {
        (Some(timing), Some(hops)) => (timing == hops).then_some(timing),
        (timing, hops) => timing.or(hops),
    }
}

/// By the handshake's two halves: next to a host its own answer follows at once, and the other's
/// takes the round trip.
fn by_timing(setup: &Setup) -> Option<Vantage> {
    const AT_ONCE: Span = Span::from_millis(1);
    let (syn_ack, established) = (
        setup.at(Milestone::SynAck)?,
        setup.at(Milestone::Established)?,
    );
    let syn = setup.syns.iter().rev().find(|&&syn| syn <= syn_ack)?;
    let (server_side, client_side) = (syn_ack.since(*syn), established.since(syn_ack));
    let much_shorter = |a: Span, b: Span| a.as_nanos().saturating_mul(5) < b.as_nanos();
    if much_shorter(client_side, server_side) {
        Some(Vantage::Client)
    } else if much_shorter(server_side, client_side) {
        Some(Vantage::Server)
    } else if server_side > AT_ONCE && client_side > AT_ONCE {
        Some(Vantage::Between)
    } else {
        None
    }
}

/// By the routers that the packets of each side had passed; none of either side tells nothing.
fn by_hops(setup: &Setup) -> Option<Vantage> {
    let (client, server) = (setup.traces.client.ttl?, setup.traces.server.ttl?);
    let is_here = |ttl| routers_passed(ttl) == 0;
    match (is_here(client), is_here(server)) {
        (true, false) => Some(Vantage::Client),
        (false, true) => Some(Vantage::Server),
        (false, false) => Some(Vantage::Between),
        (true, true) => None,
    }
}
