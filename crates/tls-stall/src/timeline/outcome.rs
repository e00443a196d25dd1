//! How a connection ended, or how far it came.

use super::setup::Setup;
use crate::milestone::Milestone as M;
use crate::report::Outcome;
use crate::tcp::Side;
use crate::tls::{Refusal, Version};

/// How `setup` ended.
pub(crate) fn outcome(setup: &Setup) -> Outcome {
    let tls_1_3 = setup.reading.version == Some(Version::TLS_1_3);
    let finished = setup.has(M::ClientFinished)
        && (tls_1_3 || setup.has(M::ServerFinished) || setup.has(M::ApplicationData));
    if finished {
        return Outcome::Established;
    }
    let answered = setup.has(M::SynAck) || setup.has(M::Established);
    if setup.has(M::Syn) && !answered {
        let refused = setup.has(M::ServerRst) || setup.unreachable.is_some();
        return if refused {
            Outcome::Refused
        } else {
            Outcome::NoSynAck
        };
    }
    let closed = setup.closed();
    let Some(hello) = setup.at(M::ClientHello) else {
        // A server that answered in TLS had a ClientHello, though it was not captured.
        if setup.has(M::ServerHello) && setup.unseen(Side::Client).is_some() {
            return closed.map_or(Outcome::InProgress, |_| Outcome::HandshakeIncomplete);
        }
        let reading = &setup.reading;
        let spoken = reading.has_cleartext && !reading.turns.is_empty();
        // What was on its way to TLS and was turned away was no other protocol.
        let refusal = reading.refusal.as_deref();
        let on_its_way = setup.has(M::StarttlsRequest)
            || refusal.is_some_and(Refusal::is_of_the_client)
            || reading.tunnel.is_some();
        if spoken && !on_its_way {
            return Outcome::NotTls;
        }
        return match closed {
            Some((M::ServerFin | M::ServerRst, _)) => Outcome::ServerClosedBeforeClientHello,
            Some(_) => Outcome::ClientClosedBeforeClientHello,
            // A dialogue in the clear, or nothing yet.
            None if setup.reading.is_tls => Outcome::HandshakeIncomplete,
            None => Outcome::InProgress,
        };
    };
    if setup.server_closed().is_some_and(|server| server < hello) {
        return Outcome::ServerClosedBeforeClientHello;
    }
    if setup.reading.answered_otherwise && !setup.has(M::ServerHello) {
        return Outcome::NotTls;
    }
    if setup.ending_alert().is_some() {
        return Outcome::Alert;
    }
    match (setup.has(M::ServerHello), closed) {
        (_, None) => Outcome::InProgress,
        (false, Some((M::ServerRst, _))) => Outcome::ResetAfterClientHello,
        (false, Some(_)) => Outcome::NoServerHello,
        (true, Some(_)) => Outcome::HandshakeIncomplete,
    }
}
