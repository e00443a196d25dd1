//! Both directions of one connection, read as a TLS handshake: which milestones it reaches.

use super::alert::{Alert, AlertContent, is_protected_alert};
use super::deframer::{Deframer, Event, Message, handshake};
use super::hello::{ClientHello, ServerHello, Version, begins_hello};
use super::ports::{Expected, Port};
use super::record::ContentType;
use super::refusal::Refusal;
use super::spoken::Spoken;
use super::starttls::{Dialogue, Protocol, Turn};
use super::tunnel::{Passage, Tunnel, TunnelReader};
use crate::milestone::{Milestone, Milestones};
use crate::tcp::{Piece, Side};
use crate::time::Moment;

/// Cleartext that is searched for the start of TLS, both directions together.
const MAX_CLEARTEXT: usize = 64 * 1024;

/// The protected length of a TLS 1.3 Finished: four bytes of head, the hash, the content type
/// and the AEAD's tag (RFC 8446, sections 4.4.4 and 5.2), for SHA-256 and SHA-384.
const FINISHED_LENGTHS: [u16; 2] = [4 + 32 + 1 + 16, 4 + 48 + 1 + 16];

/// What was read of a connection's bytes, besides its milestones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Reading {
    /// TLS records were seen.
    pub(crate) is_tls: bool,
    /// Cleartext was seen.
    pub(crate) has_cleartext: bool,
    /// The server answered the ClientHello with something else than TLS records.
    pub(crate) answered_otherwise: bool,
    /// The protocol that TLS was, or was to be, started in.
    pub(crate) protocol: Option<Protocol>,
    pub(crate) server_name: Option<Box<str>>,
    /// The random of the first ClientHello.
    pub(crate) client_random: Option<[u8; 32]>,
    pub(crate) version: Option<String>,
    /// The alert that ended the handshake, else the first.
    pub(crate) alert: Option<Alert>,
    /// Who sent the first application data after the handshake.
    pub(crate) data_from: Option<Side>,
    /// What was said in the clear.
    pub(crate) spoken: Spoken,
    /// The server's refusal before TLS.
    pub(crate) refusal: Option<Refusal>,
    /// The tunnel that the client asked a proxy for.
    pub(crate) tunnel: Option<Tunnel>,
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
    dialogue: Dialogue,
    tunnel: TunnelReader,
    spoken: Spoken,
    cleartext: usize,
    answered_otherwise: bool,
    is_tls: bool,
    client_hello: Option<ClientHello>,
    version: Option<Version>,
    alert: Option<Alert>,
    data_from: Option<Side>,
    certificate_request: Option<Moment>,
    /// The last byte of a ServerHello whose record is not whole.
    server_hello_last: Option<Moment>,
    /// The end of the server's last handshake record.
    server_last: Option<Moment>,
    client_flight_begun: bool,
    /// Its first frame.
    client_flight: Option<Moment>,
    has_key_exchange: bool,
    /// In TLS 1.3: the client's Finished has passed.
    has_finished: bool,
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
            state.dialogue.swap_sides();
            state.spoken.swap_sides();
        }
    }

    /// Ends the reading of a connection to `port`: what has come of messages that are not whole
    /// counts as far as it goes.
    pub(crate) fn finish(self, port: Option<Port>, milestones: &mut Milestones) -> Reading {
        let Some(mut state) = self.state else {
            return Reading::default();
        };
        state.finish(milestones);
        let expected = match port {
            Some(Port::Starttls(protocol)) => Some(protocol),
            _ => None,
        };
        Reading {
            is_tls: state.is_tls,
            has_cleartext: state.cleartext > 0,
            answered_otherwise: state.answered_otherwise,
            protocol: state.dialogue.protocol.or(expected),
            client_random: state.client_hello.as_ref().and_then(|hello| hello.random),
            server_name: state.client_hello.and_then(|hello| hello.server_name),
            version: state.version.map(Version::name),
            alert: state.alert,
            data_from: state.data_from,
            spoken: state.spoken,
            refusal: state.dialogue.refusal,
            tunnel: state.tunnel.into_tunnel(),
            certificate_request: state.certificate_request,
            turns: state.dialogue.turns,
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
                if let Some(head) = self.read_records(from, bytes, moment, milestones) {
                    let cleartext = [head.0.as_slice(), head.1].concat();
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
    ) -> Option<(Vec<u8>, &'a [u8])> {
        loop {
            let Stage::Records(deframer) = self.stage_mut(from) else {
                return None;
            };
            let event = deframer.next(&mut bytes, moment)?;
            if let Event::NotTls(head) = event {
                if deframer.has_begun() {
                    *self.stage_mut(from) = Stage::Lost;
                    return None;
                }
                *self.stage_mut(from) = Stage::Cleartext;
                return Some((head, bytes));
            }
            self.is_tls = true;
            match from {
                Side::Client => self.note_client(event, milestones),
                Side::Server => self.note_server(event, milestones),
            }
        }
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
                self.spoken = Spoken::default();
                self.dialogue = Dialogue::default();
                self.read(from, &rest, moment, expected, milestones);
            }
            Passage::Opened { client, server } => {
                self.dialogue.note_turn(from, moment);
                self.dialogue.restart();
                self.spoken = Spoken::default();
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

    fn note_client(&mut self, event: Event, milestones: &mut Milestones) {
        match event {
            Event::MessageBegins {
                kind: handshake::CLIENT_HELLO,
                first,
            }
            | Event::V2HelloBegins { first } => milestones.reach(Milestone::ClientHello, first),
            Event::MessageBegins { first, .. } => self.begin_client_flight(Some(first), milestones),
            Event::Message(message) if message.kind == handshake::CLIENT_HELLO => {
                self.note_client_hello(&message, milestones);
                milestones.reach(Milestone::ClientHelloEnd, message.last);
            }
            Event::Message(message) => {
                self.has_key_exchange |= message.kind == handshake::CLIENT_KEY_EXCHANGE;
            }
            Event::V2Hello { first, last, .. } => {
                milestones.reach(Milestone::ClientHello, first);
                milestones.reach(Milestone::ClientHelloEnd, last);
            }
            Event::Record {
                content: ContentType::ChangeCipherSpec,
                first,
                ..
            } if !self.is_tls_1_3() => {
                self.begin_client_flight(Some(first), milestones);
                let flight = self.client_flight.unwrap_or(first);
                milestones.reach(Milestone::ClientFinished, flight.min(first));
                self.protect(Side::Client);
            }
            Event::Record {
                content: ContentType::ApplicationData,
                len,
                first,
            } => {
                self.note_client_data(len, first, milestones);
            }
            Event::Record {
                content: ContentType::Alert,
                len,
                first,
            } => self.note_encrypted_alert(Side::Client, len, first, milestones),
            Event::Alert {
                level,
                description,
                at,
            } => {
                let content = AlertContent::Clear { level, description };
                self.note_alert(Side::Client, content, at, milestones);
            }
            _ => {}
        }
    }

    fn note_server(&mut self, event: Event, milestones: &mut Milestones) {
        match event {
            Event::Message(message) if message.kind == handshake::SERVER_HELLO => {
                self.note_server_hello(&message, milestones);
            }
            Event::Message(message) if message.kind == handshake::CERTIFICATE_REQUEST => {
                self.certificate_request.get_or_insert(message.last);
            }
            Event::Message(message) if message.kind == handshake::SERVER_HELLO_DONE => {
                milestones.reach(Milestone::ServerFlightEnd, message.last);
            }
            Event::Record {
                content: ContentType::ChangeCipherSpec,
                first,
                ..
            } if !self.is_tls_1_3() => {
                milestones.reach(Milestone::ServerFinished, first);
                self.protect(Side::Server);
            }
            Event::Record {
                content: ContentType::ApplicationData,
                first,
                ..
            } if !self.is_tls_1_3() => {
                self.note_data(Side::Server, first, milestones);
            }
            Event::Record {
                content: ContentType::ApplicationData,
                len,
                first,
            } if !self.client_flight_begun
                && milestones.has(Milestone::ServerHello)
                && is_protected_alert(len) =>
            {
                self.note_alert(Side::Server, AlertContent::Encrypted, first, milestones);
            }
            Event::Record {
                content: ContentType::Alert,
                len,
                first,
            } => self.note_encrypted_alert(Side::Server, len, first, milestones),
            Event::RecordEnd { last, .. } if !self.client_flight_begun => {
                self.server_last = Some(self.server_last.map_or(last, |earlier| earlier.max(last)));
                if let Some(hello) = self.server_hello_last.take() {
                    milestones.reach(Milestone::ServerHelloEnd, last.max(hello));
                }
            }
            Event::Alert {
                level,
                description,
                at,
            } => {
                let content = AlertContent::Clear { level, description };
                self.note_alert(Side::Server, content, at, milestones);
            }
            _ => {}
        }
    }

    fn note_client_hello(&mut self, message: &Message, milestones: &mut Milestones) {
        milestones.reach(Milestone::ClientHello, message.first);
        // A first byte that came late, in a segment sent again, began no earlier than the rest.
        if milestones
            .get(Milestone::ClientHello)
            .is_some_and(|first| message.first < first)
            && !milestones.has(Milestone::ClientHelloEnd)
        {
            milestones.set(Milestone::ClientHello, message.first);
        }
        self.client_hello
            .get_or_insert_with(|| ClientHello::parse(&message.body));
    }

    fn note_server_hello(&mut self, message: &Message, milestones: &mut Milestones) {
        let hello = ServerHello::parse(&message.body);
        if let Some(hello) = hello {
            self.version = Some(hello.version);
            if hello.is_retry {
                milestones.reach(Milestone::HelloRetryRequest, message.first);
                return;
            }
        }
        milestones.reach(Milestone::ServerHello, message.first);
        // No reader has it before its record is whole, which may hold the certificates too.
        self.server_hello_last = Some(message.last);
    }

    /// A protected record of the client.
    fn note_client_data(&mut self, len: u16, first: Moment, milestones: &mut Milestones) {
        if !self.is_tls_1_3() {
            self.note_data(Side::Client, first, milestones);
            return;
        }
        // Early data goes with the ClientHello, before any answer.
        if !milestones.has(Milestone::ServerHello) && self.client_hello.is_some() {
            return;
        }
        if self.has_finished {
            self.reach_data(Side::Client, first, milestones);
            return;
        }
        self.begin_client_flight(Some(first), milestones);
        if is_protected_alert(len) {
            self.note_alert(Side::Client, AlertContent::Encrypted, first, milestones);
            return;
        }
        milestones.reach(Milestone::ClientFinished, first);
        // A client's certificate goes before its Finished.
        self.has_finished = FINISHED_LENGTHS.contains(&len);
    }

    /// A protected record of TLS 1.2 and earlier, or of a connection whose beginning is not there.
    fn note_data(&mut self, from: Side, first: Moment, milestones: &mut Milestones) {
        let begun =
            milestones.has(Milestone::ClientHello) || milestones.has(Milestone::ServerHello);
        // Where the server's bytes cannot be read, the client's data tells that it has finished.
        let server_unread =
            !matches!(self.server, Stage::Records(_)) || !milestones.has(Milestone::ServerHello);
        let done = milestones.has(Milestone::ClientFinished)
            && (server_unread || milestones.has(Milestone::ServerFinished));
        if !begun {
            self.is_over = true;
        } else if done {
            self.reach_data(from, first, milestones);
        }
    }

    /// Notes the first data after the handshake: no more is to be read.
    fn reach_data(&mut self, from: Side, first: Moment, milestones: &mut Milestones) {
        milestones.reach(Milestone::ApplicationData, first);
        self.data_from.get_or_insert(from);
        self.is_over = true;
    }

    /// Notes an alert; the one that ends the handshake outweighs a warning before it.
    fn note_alert(
        &mut self,
        from: Side,
        content: AlertContent,
        at: Moment,
        milestones: &mut Milestones,
    ) {
        let alert = Alert { from, at, content };
        if self
            .alert
            .is_none_or(|kept| alert.is_fatal() && !kept.is_fatal())
        {
            self.alert = Some(alert);
        }
        if alert.ends_speech() {
            milestones.reach(Milestone::Alert, at);
        }
    }

    /// An alert record that is longer than an alert: of TLS 1.2 and earlier, encrypted. After the
    /// handshake it is a farewell.
    fn note_encrypted_alert(
        &mut self,
        from: Side,
        len: u16,
        at: Moment,
        milestones: &mut Milestones,
    ) {
        let is_set_up =
            milestones.has(Milestone::ClientFinished) && milestones.has(Milestone::ServerFinished);
        let has_begun =
            milestones.has(Milestone::ClientHello) || milestones.has(Milestone::ServerHello);
        if len > 2 && has_begun && !is_set_up {
            self.note_alert(from, AlertContent::Encrypted, at, milestones);
        }
    }

    /// The client's flight that answers the server's ends the server's.
    fn begin_client_flight(&mut self, first: Option<Moment>, milestones: &mut Milestones) {
        if self.client_flight_begun || !milestones.has(Milestone::ServerHello) {
            return;
        }
        self.client_flight_begun = true;
        self.client_flight = first;
        if let Some(last) = self.server_last {
            milestones.reach(Milestone::ServerFlightEnd, last);
        }
    }

    fn protect(&mut self, side: Side) {
        if let Stage::Records(deframer) = self.stage_mut(side) {
            deframer.protect();
        }
    }

    /// Without a ServerHello in the capture: whether the client's messages look like TLS 1.3.
    fn is_tls_1_3(&self) -> bool {
        match self.version {
            Some(version) => version >= Version::TLS_1_3,
            None => {
                !self.has_key_exchange
                    && self
                        .client_hello
                        .as_ref()
                        .is_some_and(|hello| hello.offers_tls_1_3)
            }
        }
    }

    fn finish(&mut self, milestones: &mut Milestones) {
        self.note_partial_hello(Side::Client, milestones);
        self.note_partial_hello(Side::Server, milestones);
        if let Some(last) = self.server_hello_last.take() {
            milestones.reach(Milestone::ServerHelloEnd, last);
        }
        // In TLS 1.3 the flight's end shows only in the client's answer.
        if self.is_tls_1_3() && milestones.has(Milestone::ServerHelloEnd) {
            self.begin_client_flight(None, milestones);
        }
    }

    /// A hello of which not all was captured counts as far as it goes.
    fn note_partial_hello(&mut self, from: Side, milestones: &mut Milestones) {
        let Stage::Records(deframer) = self.stage_mut(from) else {
            return;
        };
        let Some(partial) = deframer.take_partial_hello() else {
            return;
        };
        match from {
            Side::Client => self.note_client_hello(&partial, milestones),
            Side::Server => {
                milestones.reach(Milestone::ServerHello, partial.first);
                let hello = ServerHello::parse(&partial.body);
                self.version = self.version.or(hello.map(|hello| hello.version));
            }
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
