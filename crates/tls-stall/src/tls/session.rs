//! Both directions of one connection, read as a TLS handshake: which milestones it reaches.

use std::mem::take;

use super::alert::Alert;
use super::deframer::{Deframer, Event, handshake};
use super::handshake::{Handshake, Next};
use super::hello::{Version, begins_hello};
use super::ports::{Expected, Port};
use super::prefix::Prefix;
use super::refusal::Refusal;
use super::spoken::Spoken;
use super::starttls::{Dialogue, Protocol, Turn};
use super::tunnel::{Passage, Tunnel, TunnelReader};
use crate::milestone::{Milestone, Milestones};
use crate::rare::Rare;
use crate::tcp::{Piece, Side};
use crate::time::Moment;

/// Cleartext that is searched for the start of TLS, both directions together.
const MAX_CLEARTEXT: usize = 64 * 1024;

/// What was read of a connection's bytes, besides its milestones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each notes one thing seen, and all combinations occur"
)]
pub(crate) struct Reading {
    /// TLS records were seen.
    pub(crate) is_tls: bool,
    /// Cleartext was seen.
    pub(crate) has_cleartext: bool,
    /// The server answered the ClientHello with something else than TLS records.
    pub(crate) answered_otherwise: bool,
    /// Some of the cleartext is not in the capture.
    pub(crate) is_cut: bool,
    /// Of these sides not all could be read: what is missing held the head of a record.
    pub(crate) client_is_unread: bool,
    pub(crate) server_is_unread: bool,
    /// The protocol that TLS was, or was to be, started in.
    pub(crate) protocol: Option<Protocol>,
    pub(crate) server_name: Option<Box<str>>,
    /// The random of the first ClientHello.
    pub(crate) client_random: Option<[u8; 32]>,
    pub(crate) version: Option<Version>,
    /// The alert that ended the handshake, else the first.
    pub(crate) alert: Option<Alert>,
    /// Who sent the first application data after the handshake.
    pub(crate) data_from: Option<Side>,
    /// What was said in the clear.
    pub(crate) spoken: Rare<Spoken>,
    /// The server's refusal before TLS.
    pub(crate) refusal: Option<Box<Refusal>>,
    /// The tunnel that the client asked a proxy for.
    pub(crate) tunnel: Option<Box<Tunnel>>,
    /// The turns of the dialogue in the clear.
    pub(crate) turns: Vec<Turn>,
    /// Who spoke last in it, and when.
    pub(crate) last_spoken: Option<(Side, Moment)>,
    /// When the server asked for the client's certificate; TLS 1.3 does not show it.
    pub(crate) certificate_request: Option<Moment>,
    /// The hosts of the URLs in the server's certificates, each followed by a line feed; TLS 1.3
    /// shows none.
    pub(crate) certificate_hosts: Box<str>,
}

/// Reads the bytes of one connection.
#[derive(Debug, Default)]
pub(crate) struct Session {
    /// `None` until the first byte: most half-open connections never have one.
    state: Option<Box<State>>,
}

#[derive(Debug, Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each notes one thing seen, and all combinations occur"
)]
struct State {
    client: Stage,
    server: Stage,
    dialogue: Rare<Dialogue>,
    tunnel: Rare<TunnelReader>,
    spoken: Rare<Spoken>,
    cleartext: usize,
    answered_otherwise: bool,
    is_tls: bool,
    is_cut: bool,
    handshake: Handshake,
    /// Nothing more is to be learnt here.
    is_over: bool,
}

/// How one direction is read.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "a state is boxed, and nearly every one reads records"
)]
enum Stage {
    /// As records, if it begins with one; or from the go-ahead for TLS on.
    Records(Deframer),
    Cleartext,
    /// Bytes that were not captured held the head of a record.
    Lost,
}

impl Default for Stage {
    fn default() -> Self {
        Self::Records(Deframer::default())
    }
}

impl Session {
    /// Whether the connection is set up, or will never be: its bytes need not be read on.
    pub(crate) fn is_over(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.is_over)
    }

    /// Takes the next piece of what `from` sent.
    pub(crate) fn piece(
        &mut self,
        from: Side,
        piece: Piece<'_>,
        expected: Expected<'_>,
        milestones: &mut Milestones,
    ) {
        let state = self.state.get_or_insert_default();
        match piece {
            Piece::Bytes(bytes, moment) => state.read(from, bytes, moment, expected, milestones),
            Piece::Missing(count, moment) => state.skip(from, count, moment, milestones),
        }
    }

    /// The side taken for the client is the server.
    pub(crate) fn swap_sides(&mut self) {
        if let Some(state) = &mut self.state {
            std::mem::swap(&mut state.client, &mut state.server);
            if let Some(dialogue) = state.dialogue.made() {
                dialogue.swap_sides();
            }
            if let Some(spoken) = state.spoken.made() {
                spoken.swap_sides();
            }
        }
    }

    /// Ends the reading of a connection to `port`: what has come of messages that are not whole
    /// counts as far as it goes.
    pub(crate) fn finish(&mut self, port: Option<Port>, milestones: &mut Milestones) -> Reading {
        let Some(state) = &mut self.state else {
            return Reading::default();
        };
        state.finish(milestones);
        let expected = match port {
            Some(Port::Starttls(protocol)) => Some(protocol),
            _ => None,
        };
        let (turns, refusal) = match state.dialogue.made() {
            Some(dialogue) => dialogue.take_past(),
            None => Default::default(),
        };
        let hello = state.handshake.client_hello.take();
        Reading {
            is_tls: state.is_tls,
            has_cleartext: state.cleartext > 0,
            answered_otherwise: state.answered_otherwise,
            is_cut: state.is_cut,
            client_is_unread: matches!(state.client, Stage::Lost),
            server_is_unread: matches!(state.server, Stage::Lost),
            protocol: state.dialogue.protocol.or(expected),
            client_random: hello.as_ref().and_then(|hello| hello.random),
            server_name: hello.and_then(|hello| hello.server_name),
            version: state.handshake.version,
            alert: state.handshake.alert,
            data_from: state.handshake.data_from,
            spoken: take(&mut state.spoken),
            refusal,
            tunnel: state.tunnel.made().and_then(TunnelReader::take_tunnel),
            certificate_request: state.handshake.certificate_request,
            turns,
            last_spoken: state.dialogue.last,
            certificate_hosts: match &mut state.server {
                Stage::Records(deframer) => deframer.take_url_hosts(),
                Stage::Cleartext | Stage::Lost => Box::default(),
            },
        }
    }
}

impl State {
    fn read(
        &mut self,
        from: Side,
        bytes: &[u8],
        moment: Moment,
        expected: Expected<'_>,
        milestones: &mut Milestones,
    ) {
        match self.stage(from) {
            Stage::Lost => {}
            Stage::Records(_) => {
                if let Some((head, rest)) = self.read_records(from, bytes, moment, milestones) {
                    let cleartext = [&*head, rest].concat();
                    self.read_cleartext(from, &cleartext, moment, expected, milestones);
                }
            }
            Stage::Cleartext => {
                let kind = match from {
                    Side::Client => handshake::CLIENT_HELLO,
                    Side::Server => handshake::SERVER_HELLO,
                };
                let may_begin = (from == Side::Client && !self.tunnel.is_at_proxy())
                    || milestones.has(Milestone::ClientHello);
                if may_begin && begins_hello(bytes, kind) {
                    self.begin_tls(from, milestones);
                    self.read_records(from, bytes, moment, milestones);
                } else {
                    self.read_cleartext(from, bytes, moment, expected, milestones);
                }
            }
        }
    }

    /// Reads records; gives what turned out not to be one, and what follows it.
    fn read_records<'a>(
        &mut self,
        from: Side,
        mut bytes: &'a [u8],
        moment: Moment,
        milestones: &mut Milestones,
    ) -> Option<(Prefix<5>, &'a [u8])> {
        let server_is_read = matches!(self.server, Stage::Records(_));
        let stage = match from {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        let Stage::Records(deframer) = stage else {
            return None;
        };
        while let Some(event) = deframer.next(&mut bytes, moment) {
            if let Event::NotTls(head) = event {
                if deframer.has_begun() {
                    *stage = Stage::Lost;
                    return None;
                }
                *stage = Stage::Cleartext;
                return Some((head, bytes));
            }
            self.is_tls = true;
            let body = deframer.body();
            let next = self
                .handshake
                .note(from, event, body, server_is_read, milestones);
            if matches!(event, Event::Message(_)) {
                deframer.forget_body();
            }
            match next {
                Next::GoOn => {}
                Next::Protected => deframer.protect(),
                Next::Over => self.is_over = true,
            }
        }
        None
    }

    fn read_cleartext(
        &mut self,
        from: Side,
        bytes: &[u8],
        moment: Moment,
        expected: Expected<'_>,
        milestones: &mut Milestones,
    ) {
        self.cleartext = self.cleartext.saturating_add(bytes.len());
        self.spoken.hear(from, bytes, moment, self.is_tls);
        // What cannot be read beside records is no dialogue.
        if self.is_tls {
            self.answered_otherwise |= from == Side::Server;
            return;
        }
        if self.cleartext > MAX_CLEARTEXT {
            self.is_over = true;
            return;
        }
        if !self.tunnel.is_over() {
            self.pass_proxy(from, bytes, moment, expected, milestones);
            return;
        }
        self.follow_dialogue(from, bytes, moment, expected, milestones);
    }

    /// Reads what may be said to a proxy, or be its answer.
    fn pass_proxy(
        &mut self,
        from: Side,
        bytes: &[u8],
        moment: Moment,
        expected: Expected<'_>,
        milestones: &mut Milestones,
    ) {
        match self.tunnel.read(from, bytes, moment) {
            Passage::Held => self.dialogue.note_turn(from, moment),
            Passage::NotAStage(bytes) => {
                self.follow_dialogue(from, &bytes, moment, expected, milestones);
            }
            Passage::AfterHeader(rest) => {
                self.cleartext = 0;
                self.client = Stage::default();
                self.spoken = Rare::default();
                self.dialogue = Rare::default();
                self.read(from, &rest, moment, expected, milestones);
            }
            Passage::Opened { client, server } => {
                self.dialogue.note_turn(from, moment);
                self.dialogue.restart();
                self.spoken = Rare::default();
                self.client = Stage::default();
                self.server = Stage::default();
                // What is expected on the proxy's port was said to the proxy.
                let expected = Expected {
                    port: None,
                    ..expected
                };
                self.read(Side::Client, &client, moment, expected, milestones);
                self.read(Side::Server, &server, moment, expected, milestones);
            }
        }
    }

    fn follow_dialogue(
        &mut self,
        from: Side,
        bytes: &[u8],
        moment: Moment,
        expected: Expected<'_>,
        milestones: &mut Milestones,
    ) {
        let rest = self
            .dialogue
            .read(from, bytes, moment, expected, milestones);
        if let Some(rest) = rest {
            self.client = Stage::default();
            self.server = Stage::default();
            self.read_records(from, rest, moment, milestones);
        }
    }

    /// TLS begins in the midst of a cleartext whose go-ahead was not understood.
    fn begin_tls(&mut self, from: Side, milestones: &mut Milestones) {
        *self.stage_mut(from) = Stage::default();
        if from == Side::Client
            && let Some(go_ahead) = self.dialogue.server_last
            && self.dialogue.refusal.is_none()
        {
            milestones.reach(Milestone::StarttlsReady, go_ahead);
        }
    }

    fn skip(&mut self, from: Side, count: u32, moment: Moment, milestones: &mut Milestones) {
        self.is_cut |= matches!(self.stage(from), Stage::Cleartext);
        let stage = self.stage_mut(from);
        let Stage::Records(deframer) = stage else {
            return;
        };
        if deframer.skip(count, moment).is_err() {
            if deframer.has_begun() {
                self.note_partial_hello(from, milestones);
                *self.stage_mut(from) = Stage::Lost;
            } else {
                // Nothing is lost yet: a record may begin with a later segment.
                *stage = Stage::Cleartext;
            }
            return;
        }
        // What was missing may have been the rest of a message.
        self.read_records(from, &[], moment, milestones);
    }

    fn finish(&mut self, milestones: &mut Milestones) {
        self.note_partial_hello(Side::Client, milestones);
        self.note_partial_hello(Side::Server, milestones);
        let goes_on = match &self.server {
            Stage::Records(deframer) => deframer.is_within_record(),
            Stage::Lost => true,
            Stage::Cleartext => false,
        };
        self.handshake.finish(goes_on, milestones);
    }

    /// A hello of which not all was captured counts as far as it goes.
    fn note_partial_hello(&mut self, from: Side, milestones: &mut Milestones) {
        let stage = match from {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        let Stage::Records(deframer) = stage else {
            return;
        };
        if let Some(partial) = deframer.take_partial_hello() {
            let body = deframer.body();
            self.handshake
                .note_partial_hello(from, partial, body, milestones);
        }
    }

    fn stage(&self, side: Side) -> &Stage {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }

    fn stage_mut(&mut self, side: Side) -> &mut Stage {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}
