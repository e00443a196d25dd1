//! Why a handshake failed, where its own frames show it, however long it took.

use super::outcome::outcome;
use super::setup::Setup;
use crate::milestone::Milestone as M;
use crate::report::Outcome;
use crate::time::Moment;

/// What a handshake failed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The SYN was refused.
    ConnectRefused,
    /// A proxy refused the tunnel.
    TunnelRefused,
    /// The server refused the client, or TLS, in the clear.
    Rejected,
    /// One side spoke TLS and the other something else.
    Mismatch,
    /// A reset answered the ClientHello.
    Reset,
    /// An alert ended it.
    Alert,
}

/// What the handshake of `setup` failed for, and when.
pub(crate) fn failure(setup: &Setup) -> Option<(Failure, Moment)> {
    let reading = &setup.reading;
    match outcome(setup) {
        Outcome::Established => return None,
        Outcome::Refused => return Some((Failure::ConnectRefused, setup.last)),
        Outcome::ResetAfterClientHello => {
            return setup.at(M::ServerRst).map(|at| (Failure::Reset, at));
        }
        _ => {}
    }
    let answer = reading.tunnel.as_ref().and_then(|it| it.answer.as_ref());
    if let Some(answer) = answer.filter(|answer| answer.refusal.is_some()) {
        return Some((Failure::TunnelRefused, answer.moment));
    }
    let refusal = reading.refusal.as_ref();
    if let Some(refusal) = refusal.filter(|refusal| refusal.is_of_the_client()) {
        return Some((Failure::Rejected, refusal.moment));
    }
    if let Some(at) = mismatch(setup) {
        return Some((Failure::Mismatch, at));
    }
    let alert = setup.ending_alert()?;
    Some((Failure::Alert, alert.at))
}

/// When it showed that one side speaks TLS and the other does not.
fn mismatch(setup: &Setup) -> Option<Moment> {
    let spoken = &setup.reading.spoken;
    if setup.has(M::ClientHello) {
        let unanswered = !setup.has(M::ServerHello);
        return spoken
            .answer
            .as_ref()
            .filter(|answer| unanswered && answer.is_text())
            .map(|answer| answer.moment);
    }
    // What began before the capture may have begun with TLS.
    if !setup.has(M::Syn) {
        return None;
    }
    let client = spoken.client.as_ref()?;
    let turned_away = match &spoken.server {
        Some(_) => true,
        None => setup.server_closed().is_some_and(|at| at > client.moment),
    };
    let proven = setup.reading.is_tls || turned_away;
    (proven && setup.is_clear_where_tls_is_due()).then_some(client.moment)
}
