//! One connection while it is being set up: its handshake, its two streams, what was sent again.

use smallvec::SmallVec;

use super::assembler::{Assembler, Budget, Piece};
use super::passage::Passage;
use super::seq::SeqNumber;
use super::trace::{Trace, Traces, is_second_copy};
use crate::decode::{Endpoint, IcmpKind, Segment};
use crate::milestone::{Milestone, Milestones};
use crate::rare::Rare;
use crate::time::{Moment, Span};

/// Copies and retransmissions noted of one connection; more are counted as if they were the last.
const MAX_NOTED: usize = 64;

/// When copies of one packet came: most often there is one.
pub(crate) type Moments = SmallVec<[Moment; 1]>;

/// One end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Side {
    Client,
    Server,
}

impl Side {
    pub(crate) const fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// What reads the bytes of both directions.
pub(crate) trait StreamSink {
    /// Begins to read a connection to `server`.
    fn begin(server: Endpoint) -> Self;

    /// Takes the next piece of what `from` sent.
    fn piece(&mut self, from: Side, piece: Piece<'_>, milestones: &mut Milestones);

    /// The side taken for the client turned out to be the server.
    fn swap_sides(&mut self, server: Endpoint);
}

/// A segment that carries bytes which had been sent before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Resent {
    pub(crate) from: Side,
    pub(crate) moment: Moment,
    /// Its first byte.
    pub(crate) start: SeqNumber,
    /// Payload bytes on the wire.
    pub(crate) len: u32,
    /// When all of it was first acknowledged.
    pub(crate) acked: Option<Moment>,
    /// Whether it carries bytes of the ClientHello.
    pub(crate) of_client_hello: bool,
}

/// What the client sent in answer to a HelloRetryRequest: its second ClientHello.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retry {
    /// The first frame that brought a byte of it.
    pub(crate) first: Moment,
    /// The frame that brought its last byte.
    pub(crate) last: Moment,
    /// When the server had acknowledged all of it.
    pub(crate) acked: Option<Moment>,
    end: SeqNumber,
}

/// An ICMP error about a connection's packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreachable {
    pub(crate) moment: Moment,
    pub(crate) kind: IcmpKind,
    pub(crate) reporter: std::net::IpAddr,
}

/// A router's word that a connection's packets do not fit (RFC 1191, RFC 8201).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooBig {
    pub(crate) moment: Moment,
    /// Of the next hop; 0 where an old router does not tell it.
    pub(crate) mtu: u32,
    pub(crate) reporter: std::net::IpAddr,
}

/// A TCP connection from its first frame until it is set up or closed.
#[derive(Debug)]
pub(crate) struct Connection {
    /// From 0, in the order of first frames.
    pub(crate) stream: u64,
    pub(crate) client: Endpoint,
    pub(crate) server: Endpoint,
    /// Whether the client is known by its SYN or ClientHello, not only guessed.
    pub(crate) roles_known: bool,
    pub(crate) first: Moment,
    pub(crate) last: Moment,
    /// Every copy of the SYN.
    pub(crate) syns: Moments,
    /// Every copy of the SYN-ACK.
    pub(crate) syn_acks: Moments,
    /// From the SYN that was answered to the ACK (Wireshark's iRTT).
    pub(crate) irtt: Option<Span>,
    /// The sequence number of the client's SYN.
    pub(crate) client_isn: Option<u32>,
    pub(crate) resent: Rare<Vec<Resent>>,
    /// When the server had acknowledged the whole ClientHello.
    pub(crate) client_hello_acked: Option<Moment>,
    /// The second ClientHello, where the server asked for one.
    pub(crate) retry: Option<Box<Retry>>,
    /// The first error but for those of path MTU discovery.
    pub(crate) unreachable: Option<Box<Unreachable>>,
    /// The one of path MTU discovery that told the smallest MTU.
    pub(crate) too_big: Option<Box<TooBig>>,
    pub(crate) traces: Traces,
    hello_end: Option<SeqNumber>,
    client_half: Half,
    server_half: Half,
}

/// What one side sent.
#[derive(Debug, Default)]
struct Half {
    assembler: Assembler,
    /// Beyond the last byte sent so far.
    sent: Option<SeqNumber>,
    /// When `sent` last moved, to tell a second copy of one frame from a retransmission.
    advanced: Option<Moment>,
    /// The IP identification of the segment that last moved `sent`.
    ip_id: Option<u16>,
    /// How far the peer had acknowledged it, and when that last moved.
    acked: Option<(SeqNumber, Moment)>,
    passage: Passage,
}

impl Connection {
    /// A connection whose first frame is at `moment`.
    pub(crate) fn new(
        stream: u64,
        client: Endpoint,
        server: Endpoint,
        roles_known: bool,
        moment: Moment,
    ) -> Self {
        Self {
            stream,
            client,
            server,
            roles_known,
            first: moment,
            last: moment,
            syns: Moments::new(),
            syn_acks: Moments::new(),
            irtt: None,
            client_isn: None,
            resent: Rare::default(),
            client_hello_acked: None,
            retry: None,
            unreachable: None,
            too_big: None,
            traces: Traces::default(),
            hello_end: None,
            client_half: Half::default(),
            server_half: Half::default(),
        }
    }

    /// Takes a segment that `from` sent.
    pub(crate) fn accept(
        &mut self,
        from: Side,
        segment: &Segment<'_>,
        moment: Moment,
        milestones: &mut Milestones,
        budget: &mut Budget,
        sink: &mut impl StreamSink,
    ) {
        self.last = self.last.max(moment);
        let flags = segment.flags;
        let seq = SeqNumber(segment.seq);
        self.trace_mut(from).sent(segment, moment);
        let data = if flags.syn() { seq.plus(1) } else { seq };
        if flags.syn() && !self.trace_mut(from).is_copy_of_syn(segment, moment) {
            self.note_syn(from, segment, moment, milestones);
        }
        if flags.rst() {
            milestones.reach(reset_by(from), moment);
            return;
        }
        let peer = self.half_mut(from.peer());
        peer.passage.note_receipt(segment, peer.sent, moment);
        let own = self.half_mut(from);
        own.passage.note_probe(segment, own.sent);
        if flags.ack() {
            self.note_ack(from, segment, moment, milestones, budget, sink);
        }
        if segment.payload_len > 0 {
            self.note_resent(from, data, segment, moment, milestones);
            let captured = u32::try_from(segment.payload.len()).unwrap_or(u32::MAX);
            let cut = segment.payload_len.saturating_sub(captured);
            self.half_mut(from).assembler.push(
                data,
                segment.payload,
                cut,
                moment,
                budget,
                |piece| sink.piece(from, piece, milestones),
            );
            if from == Side::Client {
                self.note_hello(moment, milestones);
            }
        }
        if flags.fin() {
            milestones.reach(closed_by(from), moment);
        }
    }

    /// What became of the segments of the client, and of the server.
    pub(crate) fn take_passages(&mut self) -> (Passage, Passage) {
        (
            std::mem::take(&mut self.client_half.passage),
            std::mem::take(&mut self.server_half.passage),
        )
    }

    /// Notes an ICMP error about a packet of this connection.
    pub(crate) fn note_unreachable(&mut self, unreachable: Unreachable) {
        let IcmpKind::TooBig { mtu } = unreachable.kind else {
            self.unreachable
                .get_or_insert_with(|| Box::new(unreachable));
            return;
        };
        if self.too_big.as_ref().is_none_or(|known| mtu < known.mtu) {
            self.too_big = Some(Box::new(TooBig {
                moment: unreachable.moment,
                mtu,
                reporter: unreachable.reporter,
            }));
        }
    }

    /// Reads what is held beyond holes that were acknowledged, and frees the rest.
    pub(crate) fn flush(
        &mut self,
        milestones: &mut Milestones,
        budget: &mut Budget,
        sink: &mut impl StreamSink,
    ) {
        for side in [Side::Client, Side::Server] {
            self.half_mut(side)
                .assembler
                .flush(budget, |piece| sink.piece(side, piece, milestones));
        }
    }

    /// The side taken for the client is the server.
    pub(crate) fn swap_roles(&mut self, milestones: &mut Milestones, sink: &mut impl StreamSink) {
        std::mem::swap(&mut self.client, &mut self.server);
        std::mem::swap(&mut self.client_half, &mut self.server_half);
        std::mem::swap(&mut self.traces.client, &mut self.traces.server);
        milestones.swap(Milestone::ClientFin, Milestone::ServerFin);
        milestones.swap(Milestone::ClientRst, Milestone::ServerRst);
        for resent in self.resent.made().into_iter().flatten() {
            resent.from = resent.from.peer();
        }
        sink.swap_sides(self.server);
    }

    fn note_syn(
        &mut self,
        from: Side,
        segment: &Segment<'_>,
        moment: Moment,
        milestones: &mut Milestones,
    ) {
        let (seq, ack) = (SeqNumber(segment.seq), SeqNumber(segment.ack));
        let is_answer = segment.flags.ack();
        let half = self.half_mut(from);
        half.assembler.start(seq.plus(1));
        half.sent.get_or_insert(seq.plus(1));
        if is_answer {
            // Data in a SYN that its answer does not acknowledge was refused, not lost: the
            // client sends it anew (RFC 7413, section 4.2.1).
            let peer = self.half_mut(from.peer());
            let refused = peer.sent.is_some_and(|sent| ack.is_before(sent));
            let is_first = !milestones.has(Milestone::SynAck);
            if refused && is_first && !milestones.has(Milestone::Established) {
                peer.sent = Some(ack);
            }
            milestones.reach(Milestone::SynAck, moment);
            note_copy(&mut self.syn_acks, moment);
        } else {
            self.client_isn.get_or_insert(seq.0);
            milestones.reach(Milestone::Syn, moment);
            note_copy(&mut self.syns, moment);
        }
    }

    fn note_ack(
        &mut self,
        from: Side,
        segment: &Segment<'_>,
        moment: Moment,
        milestones: &mut Milestones,
        budget: &mut Budget,
        sink: &mut impl StreamSink,
    ) {
        let ack = SeqNumber(segment.ack);
        self.trace_mut(from.peer()).acknowledged(ack, moment);
        if from == Side::Client
            && !segment.flags.syn()
            && milestones.has(Milestone::Syn)
            && !milestones.has(Milestone::Established)
        {
            milestones.reach(Milestone::Established, moment);
            let answered = milestones.get(Milestone::SynAck);
            let syn = self
                .syns
                .iter()
                .rev()
                .find(|&&syn| answered.is_none_or(|at| syn <= at));
            self.irtt = syn
                .filter(|_| answered.is_some())
                .map(|&syn| moment.since(syn));
        }
        if from == Side::Server
            && self.client_hello_acked.is_none()
            && self.hello_end.is_some_and(|end| !ack.is_before(end))
        {
            self.client_hello_acked = Some(moment);
        }
        if from == Side::Server
            && let Some(retry) = &mut self.retry
            && !ack.is_before(retry.end)
        {
            retry.acked.get_or_insert(moment);
        }
        self.note_progress(from.peer(), ack, moment);
        self.half_mut(from.peer())
            .assembler
            .acknowledge(ack, moment, budget, |piece| {
                sink.piece(from.peer(), piece, milestones);
            });
    }

    /// Notes where the ClientHello ends, and the one that answers a HelloRetryRequest: all that the
    /// client sends between that and the ServerHello (RFC 8446, section 4.1.4).
    fn note_hello(&mut self, moment: Moment, milestones: &Milestones) {
        let next = self.client_half.assembler.next();
        let Some(hello_end) = self.hello_end else {
            self.hello_end = next.filter(|_| milestones.has(Milestone::ClientHelloEnd));
            return;
        };
        let is_due =
            milestones.has(Milestone::HelloRetryRequest) && !milestones.has(Milestone::ServerHello);
        let known = self.retry.as_ref().map_or(hello_end, |retry| retry.end);
        let Some(end) = next.filter(|next| is_due && known.is_before(*next)) else {
            return;
        };
        let first = self.retry.as_ref().map_or(moment, |retry| retry.first);
        self.retry = Some(Box::new(Retry {
            first,
            last: moment,
            acked: None,
            end,
        }));
    }

    /// Notes how far `sender`'s bytes are acknowledged.
    fn note_progress(&mut self, sender: Side, ack: SeqNumber, moment: Moment) {
        let half = self.half_mut(sender);
        if half.acked.is_none_or(|(acked, _)| acked.is_before(ack)) {
            half.acked = Some((ack, moment));
            let resent = self.resent.made().into_iter().flatten();
            let open = resent.filter(|resent| {
                let end = resent.start.plus(resent.len);
                resent.from == sender && resent.acked.is_none() && !ack.is_before(end)
            });
            for resent in open {
                resent.acked = Some(moment);
            }
        }
    }

    /// Notes a segment with bytes that were sent before, and how far the stream was sent.
    fn note_resent(
        &mut self,
        from: Side,
        data: SeqNumber,
        segment: &Segment<'_>,
        moment: Moment,
        milestones: &Milestones,
    ) {
        let end = data.plus(segment.payload_len);
        let half = self.half_mut(from);
        let known = half.sent;
        if known.is_none_or(|sent| sent.is_before(end)) {
            half.sent = Some(end);
            half.advanced = Some(moment);
            half.ip_id = segment.ip.id;
        }
        let Some(sent) = known else {
            return;
        };
        if sent.is_before(end) && !data.is_before(sent) {
            half.passage
                .note_new(sent, data, segment.payload_len, moment);
            return;
        }
        // A keep-alive repeats one byte; a second copy of one frame follows it at once.
        let keep_alive = segment.payload_len == 1 && end == sent;
        let id = segment.ip.id;
        let since = half.advanced.map(|at| moment.since(at));
        let at_once = since.is_some_and(|since| is_second_copy(since, id)) && !sent.is_before(end);
        if at_once && half.ip_id == id && !keep_alive {
            self.trace_mut(from).note_copy(moment);
            return;
        }
        if keep_alive || half.passage.fills_hole(data, segment.payload_len, moment) {
            return;
        }
        if at_once && is_before(id, half.ip_id) {
            self.trace_mut(from).note_copy(moment);
            return;
        }
        half.passage.note_resent();
        let acked = half
            .acked
            .filter(|(acked, _)| !acked.is_before(end))
            .map(|(_, at)| at);
        let hello_end = self.retry.as_ref().map(|retry| retry.end);
        let of_client_hello = from == Side::Client
            && milestones.has(Milestone::ClientHello)
            && !milestones.has(Milestone::ClientFinished)
            && hello_end
                .or(self.hello_end)
                .is_none_or(|hello_end| data.is_before(hello_end));
        let resent = Resent {
            from,
            moment,
            start: data,
            len: segment.payload_len,
            acked,
            of_client_hello,
        };
        if self.resent.len() >= MAX_NOTED {
            self.resent.pop();
        }
        self.resent.push(resent);
    }

    /// The first frame that shows that bytes of `side` were not captured.
    pub(crate) fn unseen(&self, side: Side) -> Option<Moment> {
        let (trace, half) = match side {
            Side::Client => (&self.traces.client, &self.client_half),
            Side::Server => (&self.traces.server, &self.server_half),
        };
        let unseen = trace.unseen(half.assembler.read_whole());
        unseen.into_iter().chain(half.assembler.missed()).min()
    }

    fn trace_mut(&mut self, side: Side) -> &mut Trace {
        match side {
            Side::Client => &mut self.traces.client,
            Side::Server => &mut self.traces.server,
        }
    }

    fn half_mut(&mut self, side: Side) -> &mut Half {
        match side {
            Side::Client => &mut self.client_half,
            Side::Server => &mut self.server_half,
        }
    }
}

/// Whether a packet with the identification `id` was sent shortly before the `last`: a host that
/// counts gives a new one to what it sends again.
fn is_before(id: Option<u16>, last: Option<u16>) -> bool {
    const FLIGHT: u16 = 64;

    let behind = id
        .zip(last)
        .map(|(id, last)| last.wrapping_sub(id))
        .unwrap_or_default();
    (1..FLIGHT).contains(&behind)
}

fn note_copy(copies: &mut Moments, copy: Moment) {
    if copies.len() >= MAX_NOTED {
        copies.pop();
    }
    copies.push(copy);
}

const fn closed_by(side: Side) -> Milestone {
    match side {
        Side::Client => Milestone::ClientFin,
        Side::Server => Milestone::ServerFin,
    }
}

const fn reset_by(side: Side) -> Milestone {
    match side {
        Side::Client => Milestone::ClientRst,
        Side::Server => Milestone::ServerRst,
    }
}
