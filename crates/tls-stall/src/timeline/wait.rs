//! The phases of one connection as waits.

use super::setup::Setup;
use crate::milestone::Milestone;
use crate::report::{EndedBy, Party, Phase, Vantage};
use crate::tcp::Side;
use crate::time::{Moment, Span};
use crate::tls::{Answers, Tunnel, Turn, Version};

/// One phase of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wait {
    pub(crate) phase: Phase,
    pub(crate) waiting_on: Party,
    pub(crate) from: Moment,
    pub(crate) to: Moment,
    pub(crate) ended_by: EndedBy,
    pub(crate) stalled: bool,
}

impl Wait {
    /// From the start of the phase to its end, whatever passed in between; never negative.
    pub(crate) fn duration(&self) -> Span {
        self.to.since(self.from).max(Span::ZERO)
    }

    /// Whether what was awaited never came.
    pub(crate) fn is_unfulfilled(&self) -> bool {
        match self.ended_by {
            EndedBy::Milestone(milestone) => matches!(
                milestone,
                Milestone::ClientFin
                    | Milestone::ServerFin
                    | Milestone::ClientRst
                    | Milestone::ServerRst
                    | Milestone::Alert
            ),
            EndedBy::ProxyRequest | EndedBy::ProxyAnswer => false,
            EndedBy::IcmpError
            | EndedBy::Abandoned
            | EndedBy::Refusal
            | EndedBy::Cleartext
            | EndedBy::EndOfCapture => true,
        }
    }
}

/// The phases that a connection went through, in order; the last may be unfulfilled.
///
/// `end` is the capture's latest frame, and a wait of `threshold` is a stall.
pub(crate) fn waits(setup: &Setup, end: Moment, threshold: Span) -> Vec<Wait> {
    let mut walk = Walk {
        setup,
        end,
        threshold,
        // As many as most connections have.
        waits: Vec::with_capacity(8),
    };
    walk.go();
    walk.waits
}

struct Walk<'a> {
    setup: &'a Setup,
    end: Moment,
    threshold: Span,
    waits: Vec<Wait>,
}

impl Walk<'_> {
    /// Walks through the phases; ends at the first one that was not fulfilled.
    fn go(&mut self) -> Option<()> {
        use Milestone as M;
        let setup = self.setup;
        if let (Some(query), Some(syn)) = (setup.at(M::DnsQuery), setup.at(M::Syn)) {
            let (to, by) = match setup.at(M::DnsAnswer) {
                Some(answer) => (answer, M::DnsAnswer),
                None => match setup.at(M::FirstAttempt) {
                    Some(attempt) => (attempt, M::FirstAttempt),
                    None => (syn, M::Syn),
                },
            };
            self.push(
                Phase::NameResolution,
                Party::Resolver,
                query,
                to,
                EndedBy::Milestone(by),
            );
        }
        if let (Some(first), Some(syn)) = (setup.at(M::FirstAttempt), setup.at(M::Syn)) {
            let by = EndedBy::Milestone(M::Syn);
            self.push(Phase::EarlierAttempts, Party::Network, first, syn, by);
        }
        self.phase(Phase::TcpConnect, M::Syn, M::Established)?;
        self.before_tls()?;
        self.rest_of_client_hello()?;
        if setup.reading.answered_otherwise && !setup.has(M::ServerHello) {
            let begin = setup.at(self.first_of(&[M::ClientHelloEnd, M::ClientHello]))?;
            let answer = setup.reading.spoken.answer.as_ref();
            let answer = answer.filter(|answer| answer.is_text())?.moment;
            let by = EndedBy::Cleartext;
            self.push(Phase::ServerHello, Party::Server, begin, answer, by);
            return None;
        }
        self.after_missed_client_hello();
        self.server_hello()?;
        self.phase(Phase::ServerFlight, M::ServerHello, M::ServerFlightEnd)?;
        self.phase(Phase::ClientFinished, M::ServerFlightEnd, M::ClientFinished)?;
        let finished = setup.at(M::ClientFinished)?;
        let resumed = setup
            .at(M::ServerFinished)
            .is_some_and(|server| server < finished);
        let has_server_finished = setup.reading.version != Some(Version::TLS_1_3);
        let mut handshake_end = M::ClientFinished;
        if has_server_finished && !resumed {
            self.phase(Phase::ServerFinished, M::ClientFinished, M::ServerFinished)?;
            handshake_end = self.first_of(&[M::ServerFinished, M::ClientFinished]);
        }
        self.phase(Phase::ApplicationData, handshake_end, M::ApplicationData)
    }

    /// The phases between the TCP handshake and the ClientHello.
    fn before_tls(&mut self) -> Option<()> {
        use Milestone as M;
        let setup = self.setup;
        let hello = setup.has(M::ClientHello);
        if let Some(tunnel) = &setup.reading.tunnel {
            self.at_the_proxy(tunnel)?;
        }
        if setup.server_speaks_first() && (setup.has(M::ServerGreeting) || !hello) {
            self.phase(Phase::ServerGreeting, M::Established, M::ServerGreeting)?;
            let refusal = setup.reading.refusal.as_ref();
            if !hello && refusal.is_some_and(|refusal| refusal.answers == Answers::Connection) {
                return None;
            }
            let ready = setup.has(M::StarttlsReady);
            let silent = setup.reading.turns.is_empty();
            if ready || setup.has(M::StarttlsRequest) || silent {
                let begin = self.first_of(&[M::ServerGreeting, M::Established]);
                self.phase(Phase::Starttls, begin, M::StarttlsReady)?;
            } else if !hello {
                return None;
            }
        } else if setup.has(M::StarttlsRequest) || setup.has(M::StarttlsReady) {
            self.phase(Phase::Starttls, M::Established, M::StarttlsReady)?;
        } else if setup.reading.has_cleartext
            && !hello
            && setup.reading.tunnel.is_none()
            && !(setup.reading.is_tls && setup.missed_beginning_of_client())
        {
            return self.cleartext_for_client_hello();
        }
        // Since when it is due after a dialogue is known only by the go-ahead.
        let spoken = &setup.reading.spoken;
        let spoken = spoken.client.iter().chain(&spoken.server);
        let spoke_before = |hello: Moment| spoken.map(|said| said.moment).any(|said| said < hello);
        let is_known = setup.has(M::StarttlsReady) || setup.reading.tunnel.is_some();
        if !is_known && setup.at(M::ClientHello).is_some_and(spoke_before) {
            return Some(());
        }
        let begin = self.first_of(&[M::StarttlsReady, M::Established]);
        self.phase(Phase::ClientHello, begin, M::ClientHello)
    }

    /// The stage at a proxy is a part of the wait for the ClientHello: who owed the next move is
    /// first the client, then the proxy, and then the client again.
    fn at_the_proxy(&mut self, tunnel: &Tunnel) -> Option<()> {
        let hello = Phase::ClientHello;
        if let Some(start) = self.setup.at(Milestone::Established) {
            let by = EndedBy::ProxyRequest;
            self.push(hello, Party::Client, start, tunnel.begun, by);
        }
        let Some(answer) = &tunnel.answer else {
            let (to, by) = self.end_of_unfulfilled(hello, tunnel.begun);
            self.push(hello, Party::Server, tunnel.begun, to, by);
            return None;
        };
        let mut from = tunnel.begun;
        for turn in self.turns_at_the_proxy(from, answer.moment) {
            let (owner, by) = match turn.owner {
                Side::Client => (Party::Client, EndedBy::ProxyRequest),
                Side::Server => (Party::Server, EndedBy::ProxyAnswer),
            };
            self.push(hello, owner, from, turn.to, by);
            from = turn.to;
        }
        if from < answer.moment || from == tunnel.begun {
            let by = EndedBy::ProxyAnswer;
            self.push(hello, Party::Server, from, answer.moment, by);
        }
        answer.refusal.is_none().then_some(())
    }

    /// The turns in which the client had to say more to the proxy, from `begun` to its `answer`,
    /// where it took longer than the proxy: a person may have had to give a password. Else none, for
    /// it is the proxy that is waited for.
    fn turns_at_the_proxy(&self, begun: Moment, answer: Moment) -> Vec<Turn> {
        let turns = self.setup.reading.turns.iter().copied();
        let turns: Vec<Turn> = turns
            .filter(|turn| turn.from >= begun && turn.to <= answer)
            .collect();
        let spent = |owner: Side| {
            let owned = turns.iter().filter(|turn| turn.owner == owner);
            owned.map(Turn::length).fold(Span::ZERO, Span::plus)
        };
        if spent(Side::Client) > spent(Side::Server) {
            turns
        } else {
            Vec::new()
        }
    }

    /// On a port for TLS, cleartext of the client ends the wait for its ClientHello.
    fn cleartext_for_client_hello(&mut self) -> Option<()> {
        let said = self.setup.reading.spoken.client.as_ref()?.moment;
        let start = self.setup.at(Milestone::Established)?;
        if self.setup.is_clear_where_tls_is_due() {
            let by = EndedBy::Cleartext;
            self.push(Phase::ClientHello, Party::Client, start, said, by);
        }
        None
    }

    /// A ClientHello that was not captured was sent at the latest when the server acknowledged it.
    fn after_missed_client_hello(&mut self) {
        use Milestone as M;
        let setup = self.setup;
        if setup.has(M::ClientHello) {
            return;
        }
        let (Some(acked), Some(hello)) = (setup.unseen(Side::Client), setup.at(M::ServerHello))
        else {
            return;
        };
        if acked <= hello {
            let by = EndedBy::Milestone(M::ServerHello);
            self.push(Phase::ServerHello, Party::Server, acked, hello, by);
        }
    }

    /// A HelloRetryRequest gives the turn back to the client (RFC 8446, section 4.1.4): the server
    /// owes it, then the client its second ClientHello, and then the server its ServerHello.
    fn server_hello(&mut self) -> Option<()> {
        use Milestone as M;
        let phase = Phase::ServerHello;
        let setup = self.setup;
        let begin = self.first_of(&[M::ClientHelloEnd, M::ClientHello]);
        let (Some(start), Some(request)) = (setup.at(begin), setup.at(M::HelloRetryRequest)) else {
            return self.phase(phase, begin, M::ServerHello);
        };
        let owner = self.owner(phase, begin, start, request);
        let by = EndedBy::Milestone(M::HelloRetryRequest);
        self.push(phase, owner, start, request, by);
        let Some(retry) = setup.retry() else {
            // One that was not captured was sent at some time in between: who took it is not known.
            if let Some(hello) = setup.at(M::ServerHello) {
                let by = EndedBy::Milestone(M::ServerHello);
                self.push(phase, Party::Network, request, hello, by);
                return Some(());
            }
            let (to, by) = self.end_of_unfulfilled(Phase::ClientHello, request);
            self.push(Phase::ClientHello, Party::Client, request, to, by);
            return None;
        };
        let by = EndedBy::Milestone(M::ClientHello);
        self.push(Phase::ClientHello, Party::Client, request, retry.first, by);
        self.phase_since(phase, begin, retry.last, M::ServerHello)
    }

    /// The client has begun to speak, and the rest of its ClientHello is under way: what of it was
    /// lost takes time, too.
    fn rest_of_client_hello(&mut self) -> Option<()> {
        use Milestone as M;
        let Some(begin) = self.setup.at(M::ClientHello) else {
            return Some(());
        };
        let end = self.setup.at(M::ClientHelloEnd);
        if end.is_some_and(|end| end.frame == begin.frame) {
            return Some(());
        }
        self.phase(Phase::ClientHello, M::ClientHello, M::ClientHelloEnd)
    }

    fn first_of(&self, milestones: &[Milestone]) -> Milestone {
        let reached = milestones
            .iter()
            .copied()
            .find(|&milestone| self.setup.has(milestone));
        reached
            .or(milestones.last().copied())
            .unwrap_or(Milestone::Syn)
    }

    /// Adds the phase from `from` to `to`; `None` where it was not fulfilled. A phase whose start
    /// was not seen, or whose end was not although a later one was, is left out.
    fn phase(&mut self, phase: Phase, from: Milestone, to: Milestone) -> Option<()> {
        let Some(start) = self.setup.at(from) else {
            return Some(());
        };
        self.phase_since(phase, from, start, to)
    }

    /// The same of a phase that begins at `start`, after `from`.
    fn phase_since(
        &mut self,
        phase: Phase,
        from: Milestone,
        start: Moment,
        to: Milestone,
    ) -> Option<()> {
        if let Some(end) = self.setup.at(to) {
            let owner = self.owner(phase, from, start, end);
            self.push(phase, owner, start, end, EndedBy::Milestone(to));
            return Some(());
        }
        let later = self.setup.milestones.iter().any(|(milestone, at)| {
            // Where a session is resumed, the server's Finished comes before the client's.
            let before = milestone == Milestone::ServerFinished && at <= start;
            milestone > to && milestone <= Milestone::ApplicationData && !before
        });
        if later {
            return Some(());
        }
        // It may have come in what could not be read.
        if self.is_unread(phase) {
            return None;
        }
        let (end, ended_by) = self.end_of_unfulfilled(phase, start);
        let owner = self.owner(phase, from, start, end);
        self.push(phase, owner, start, end, ended_by);
        None
    }

    /// Whether the side whose bytes end `phase` sent some that were captured and cannot be read.
    fn is_unread(&self, phase: Phase) -> bool {
        let reading = &self.setup.reading;
        let (side, unread) = match phase {
            Phase::ServerHello | Phase::ServerFlight | Phase::ServerFinished => {
                (Side::Server, reading.server_is_unread)
            }
            Phase::ClientFinished => (Side::Client, reading.client_is_unread),
            _ => return false,
        };
        unread && self.setup.unseen(side).is_none()
    }

    /// What ended a phase that began at `start` and was not fulfilled.
    fn end_of_unfulfilled(&self, phase: Phase, start: Moment) -> (Moment, EndedBy) {
        const ENDS: [Milestone; 5] = [
            Milestone::Alert,
            Milestone::ClientFin,
            Milestone::ServerFin,
            Milestone::ClientRst,
            Milestone::ServerRst,
        ];
        let closed = ENDS
            .into_iter()
            .filter_map(|end| Some((self.setup.at(end)?, EndedBy::Milestone(end))))
            .filter(|&(moment, _)| moment >= start);
        let unreachable = self
            .setup
            .unreachable
            .as_deref()
            .filter(|_| phase == Phase::TcpConnect)
            .map(|error| (error.moment, EndedBy::IcmpError));
        let refused = self
            .setup
            .reading
            .refusal
            .as_ref()
            .filter(|refusal| phase == Phase::Starttls && refusal.answers == Answers::Starttls)
            .map(|refusal| (refusal.moment.max(start), EndedBy::Refusal));
        let first = closed
            .chain(unreachable)
            .chain(refused)
            .min_by_key(|&(moment, _)| moment);
        first
            .or_else(|| self.abandoned(phase))
            .unwrap_or((self.end, EndedBy::EndOfCapture))
    }

    /// A SYN that was not sent again long after it was due was given up: nothing is awaited since.
    fn abandoned(&self, phase: Phase) -> Option<(Moment, EndedBy)> {
        const LEAST: Span = Span::from_secs(3);
        let &[.., before, last] = self.setup.syns.as_slice() else {
            return None;
        };
        let patience = last.since(before).percent(250).max(LEAST);
        let over = phase == Phase::TcpConnect && self.end.since(last) > patience;
        over.then_some((last, EndedBy::Abandoned))
    }

    /// Who owes the next move in `phase`, which began with `from` at `start` and ended at `end`.
    fn owner(&self, phase: Phase, from: Milestone, start: Moment, end: Moment) -> Party {
        let setup = self.setup;
        let flight = match phase {
            Phase::ServerFlight | Phase::ClientFinished => Some(Side::Server),
            Phase::ServerFinished => Some(Side::Client),
            _ => None,
        };
        let late = matches!(phase, Phase::ServerFlight | Phase::ServerFinished)
            && self.lacks_much(start, end);
        if late || flight.is_some_and(|side| self.was_lost(side, start, end)) {
            return Party::Network;
        }
        match phase {
            Phase::NameResolution => Party::Resolver,
            Phase::EarlierAttempts => Party::Network,
            Phase::TcpConnect => {
                let refused = setup.has(Milestone::ServerRst) || setup.unreachable.is_some();
                let resent = setup.syns.len() > 1 && !setup.resent_syn_needlessly();
                let lost = resent || !setup.has(Milestone::SynAck);
                let arrived = setup.vantage() == Some(Vantage::Server);
                if lost && !refused && !arrived {
                    Party::Network
                } else {
                    Party::Server
                }
            }
            Phase::ServerHello => {
                if self.hello_was_lost(start, end) || self.lacks_much(start, end) {
                    Party::Network
                } else {
                    Party::Server
                }
            }
            Phase::Starttls => match self.silent_side() {
                Side::Client => Party::Client,
                Side::Server => Party::Server,
            },
            Phase::ClientHello if from == Milestone::ClientHello => Party::Network,
            Phase::ClientHello | Phase::ClientFinished | Phase::ApplicationData => Party::Client,
            Phase::ServerGreeting | Phase::ServerFlight | Phase::ServerFinished => Party::Server,
        }
    }

    /// Whether the ClientHello was under way, again and again, for most of the time.
    fn hello_was_lost(&self, start: Moment, end: Moment) -> bool {
        let acked = self.setup.hello_acked(start);
        let mut copies = self.setup.hello_resent(start, end);
        let last = copies.next_back().map(|copy| copy.moment);
        let until = acked.unwrap_or(end).min(end);
        let most = until.since(start) >= end.since(start).percent(50);
        most && last.is_some_and(|last| acked.is_none_or(|acked| acked > last))
    }

    /// Whether what `side` sent was under way, again and again, for most of the time.
    fn was_lost(&self, side: Side, start: Moment, end: Moment) -> bool {
        let resent = self.setup.resent_in_vain(side, start, end).last();
        resent.is_some_and(|last| {
            let until = last.acked.map_or(end, |acked| acked.min(end));
            until.since(start) >= end.since(start).percent(50)
        })
    }

    /// Whether the client had got later bytes of the server for most of the time, and lacked the
    /// first.
    fn lacks_much(&self, start: Moment, end: Moment) -> bool {
        let hole = self.setup.from_server.hole.as_deref();
        hole.filter(|hole| hole.since >= start).is_some_and(|hole| {
            let until = hole.filled.map_or(end, |(at, _)| at.min(end));
            hole.receiver_lacks_it && until.since(hole.since) >= end.since(start).percent(50)
        })
    }

    /// Who was silent longest in the dialogue, the silence in which it ended included.
    fn silent_side(&self) -> Side {
        let reading = &self.setup.reading;
        let silence = |side: Side| {
            let turns = reading.turns.iter().copied();
            let turns = turns
                .chain(self.setup.first_silence())
                .filter(|turn| turn.owner == side);
            let open = reading
                .last_spoken
                .filter(|&(spoke, _)| spoke != side && !self.setup.has(Milestone::StarttlsReady))
                .map(|(_, since)| self.end.since(since));
            turns
                .map(|turn| turn.length())
                .chain(open)
                .fold(Span::ZERO, Span::plus)
        };
        if silence(Side::Client) >= silence(Side::Server) {
            Side::Client
        } else {
            Side::Server
        }
    }

    /// Adds a wait. What was sent early, as a ClientHello within the SYN, does not count twice: a
    /// phase begins where the one before it ended, or later.
    fn push(&mut self, phase: Phase, waiting_on: Party, from: Moment, to: Moment, by: EndedBy) {
        let before = self.waits.last();
        let before = before.filter(|wait| wait.phase >= Phase::TcpConnect);
        let from = before.map_or(from, |wait| from.max(wait.to));
        let to = to.max(from);
        let long = to.since(from) >= self.threshold;
        let stalled = long && phase != Phase::ApplicationData;
        self.waits.push(Wait {
            phase,
            waiting_on,
            from,
            to,
            ended_by: by,
            stalled,
        });
    }
}
