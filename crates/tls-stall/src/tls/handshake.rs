//! The messages and records of a TLS handshake: which milestones they are.

use super::alert::{Alert, AlertContent, is_protected_alert};
use super::deframer::{Event, Message, handshake};
use super::hello::{ClientHello, ServerHello, Version};
use super::record::ContentType;
use crate::milestone::{Milestone, Milestones};
use crate::tcp::Side;
use crate::time::Moment;

/// The protected length of a TLS 1.3 Finished: four bytes of head, the hash, the content type
/// and the AEAD's tag (RFC 8446, sections 4.4.4 and 5.2), for SHA-256 and SHA-384.
const FINISHED_LENGTHS: [u16; 2] = [4 + 32 + 1 + 16, 4 + 48 + 1 + 16];

/// How far a handshake has come, from the messages and records of both sides.
#[derive(Debug, Default)]
pub(super) struct Handshake {
    pub(super) client_hello: Option<ClientHello>,
    pub(super) version: Option<Version>,
    /// The alert that ended it, else the first.
    pub(super) alert: Option<Alert>,
    /// Who sent the first application data after it.
    pub(super) data_from: Option<Side>,
    pub(super) certificate_request: Option<Moment>,
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
}

/// What an event means for the further reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    GoOn,
    /// The records of that side that follow are protected.
    Protected,
    /// The handshake is over, or its beginning was missed: nothing more is to be learnt.
    Over,
}

impl Handshake {
    /// Notes what `from` sent, with the body of its last hello; `server_is_read` where the server's
    /// bytes can be read as records.
    pub(super) fn note(
        &mut self,
        from: Side,
        event: Event,
        body: &[u8],
        server_is_read: bool,
        milestones: &mut Milestones,
    ) -> Next {
        match (event, from) {
            (
                Event::Record {
                    content: ContentType::Alert,
                    len,
                    first,
                },
                _,
            ) => self.note_encrypted_alert(from, len, first, milestones),
            (
                Event::Alert {
                    level,
                    description,
                    at,
                },
                _,
            ) => {
                let content = AlertContent::Clear { level, description };
                self.note_alert(from, content, at, milestones);
            }
            (event, Side::Client) => {
                return self.note_client(event, body, server_is_read, milestones);
            }
            (event, Side::Server) => {
                return self.note_server(event, body, server_is_read, milestones);
            }
        }
        Next::GoOn
    }

    /// Notes a hello of `from` of which not all was captured: it counts as far as it goes.
    pub(super) fn note_partial_hello(
        &mut self,
        from: Side,
        partial: Message,
        body: &[u8],
        milestones: &mut Milestones,
    ) {
        match from {
            Side::Client => self.note_client_hello(partial, body, milestones),
            Side::Server => {
                milestones.reach(Milestone::ServerHello, partial.first);
                let hello = ServerHello::parse(body);
                self.version = self.version.or(hello.map(|hello| hello.version));
            }
        }
    }

    /// Ends it where the reading ends; `goes_on` where the server sent, or is to send, what was not
    /// read.
    pub(super) fn finish(&mut self, goes_on: bool, milestones: &mut Milestones) {
        if let Some(last) = self.server_hello_last.take() {
            milestones.reach(Milestone::ServerHelloEnd, last);
        }
        // In TLS 1.3, and where a session is resumed, the flight's end shows only in the client's answer.
        let is_whole = if self.is_tls_1_3() {
            milestones.has(Milestone::ServerHelloEnd)
        } else {
            milestones.has(Milestone::ServerFinished)
        };
        if is_whole && !goes_on {
            self.begin_client_flight(None, true, milestones);
        }
    }

    fn note_client(
        &mut self,
        event: Event,
        body: &[u8],
        server_is_read: bool,
        milestones: &mut Milestones,
    ) -> Next {
        match event {
            Event::MessageBegins {
                kind: handshake::CLIENT_HELLO,
                first,
            }
            | Event::V2HelloBegins { first } => milestones.reach(Milestone::ClientHello, first),
            Event::MessageBegins { first, .. } => {
                self.begin_client_flight(Some(first), server_is_read, milestones);
            }
            Event::Message(message) if message.kind == handshake::CLIENT_HELLO => {
                self.note_client_hello(message, body, milestones);
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
                self.begin_client_flight(Some(first), server_is_read, milestones);
                let flight = self.client_flight.unwrap_or(first);
                milestones.reach(Milestone::ClientFinished, flight.min(first));
                return Next::Protected;
            }
            Event::Record {
                content: ContentType::ApplicationData,
                len,
                first,
            } => {
                return self.note_client_data(len, first, server_is_read, milestones);
            }
            _ => {}
        }
        Next::GoOn
    }

    fn note_server(
        &mut self,
        event: Event,
        body: &[u8],
        server_is_read: bool,
        milestones: &mut Milestones,
    ) -> Next {
        match event {
            Event::Message(message) if message.kind == handshake::SERVER_HELLO => {
                self.note_server_hello(message, body, milestones);
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
                return Next::Protected;
            }
            Event::Record {
                content: ContentType::ApplicationData,
                first,
                ..
            } if !self.is_tls_1_3() => {
                return self.note_data(Side::Server, first, server_is_read, milestones);
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
            Event::RecordEnd { last, .. } if !self.client_flight_begun => {
                self.server_last = Some(self.server_last.map_or(last, |earlier| earlier.max(last)));
                if let Some(hello) = self.server_hello_last.take() {
                    milestones.reach(Milestone::ServerHelloEnd, last.max(hello));
                }
            }
            _ => {}
        }
        Next::GoOn
    }

    fn note_client_hello(&mut self, message: Message, body: &[u8], milestones: &mut Milestones) {
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
            .get_or_insert_with(|| ClientHello::parse(body));
    }

    fn note_server_hello(&mut self, message: Message, body: &[u8], milestones: &mut Milestones) {
        let hello = ServerHello::parse(body);
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
    fn note_client_data(
        &mut self,
        len: u16,
        first: Moment,
        server_is_read: bool,
        milestones: &mut Milestones,
    ) -> Next {
        if !self.is_tls_1_3() {
            return self.note_data(Side::Client, first, server_is_read, milestones);
        }
        // Early data goes with the ClientHello, before any answer.
        if !milestones.has(Milestone::ServerHello) && self.client_hello.is_some() {
            return Next::GoOn;
        }
        if self.has_finished {
            return self.reach_data(Side::Client, first, milestones);
        }
        self.begin_client_flight(Some(first), server_is_read, milestones);
        if is_protected_alert(len) {
            self.note_alert(Side::Client, AlertContent::Encrypted, first, milestones);
            return Next::GoOn;
        }
        milestones.reach(Milestone::ClientFinished, first);
        // A client's certificate goes before its Finished.
        self.has_finished = FINISHED_LENGTHS.contains(&len);
        Next::GoOn
    }

    /// A protected record of TLS 1.2 and earlier, or of a connection whose beginning is not there.
    fn note_data(
        &mut self,
        from: Side,
        first: Moment,
        server_is_read: bool,
        milestones: &mut Milestones,
    ) -> Next {
        let begun =
            milestones.has(Milestone::ClientHello) || milestones.has(Milestone::ServerHello);
        // Where the server's bytes cannot be read, the client's data tells that it has finished.
        let server_unread = !server_is_read || !milestones.has(Milestone::ServerHello);
        let done = milestones.has(Milestone::ClientFinished)
            && (server_unread || milestones.has(Milestone::ServerFinished));
        if !begun {
            Next::Over
        } else if done {
            self.reach_data(from, first, milestones)
        } else {
            Next::GoOn
        }
    }

    /// Notes the first data after the handshake: no more is to be read.
    fn reach_data(&mut self, from: Side, first: Moment, milestones: &mut Milestones) -> Next {
        milestones.reach(Milestone::ApplicationData, first);
        self.data_from.get_or_insert(from);
        Next::Over
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
    fn begin_client_flight(
        &mut self,
        first: Option<Moment>,
        server_is_read: bool,
        milestones: &mut Milestones,
    ) {
        if self.client_flight_begun || !milestones.has(Milestone::ServerHello) {
            return;
        }
        self.client_flight_begun = true;
        self.client_flight = first;
        if let Some(last) = self.server_last.filter(|_| server_is_read) {
            milestones.reach(Milestone::ServerFlightEnd, last);
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
}
