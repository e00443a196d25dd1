//! All connections of a capture, numbered as Wireshark numbers them.

use super::assembler::Budget;
use super::connection::{Connection, Side, StreamSink};
use super::entry::{Entries, Entry, Spare};
use super::index::{Index, Indexed};
use super::key::{ConnectionKey, StoredKey};
use super::knock::Knock;
use super::seq::SeqNumber;
use crate::decode::{Endpoint, Segment};
use crate::time::{Moment, Span, Timestamp};

/// Twice the longest life of a segment (RFC 9293, section 3.4.1): so long after its end, nothing of a
/// connection is under way any more.
const AFTERLIFE: Span = Span::from_secs(240);

/// Connections that begin before it is worth a look which of those before them can be forgotten.
const LEAST_BEGUN: usize = 1024;

/// The connections that were seen, at most so many at a time.
#[derive(Debug)]
pub(crate) struct Table<S> {
    index: Index,
    slots: Vec<Slot<S>>,
    vacant: Vec<u32>,
    pub(crate) spare: Spare<S>,
    next_stream: u64,
    /// Connections that have begun since it was last looked which can be forgotten.
    begun: usize,
    limit: usize,
    /// Whether each connection is open from its first frame on, so that a SYN alone is told of.
    opens_at_once: bool,
    /// Whether connections were dropped for want of room.
    pub(crate) exceeded: bool,
}

/// What is kept of a connection as long as it is not forgotten; there may be a million.
///
/// In a cache line of its own, as finding it takes longer than all that is done with it.
#[derive(Debug)]
#[repr(align(64))]
struct Slot<S> {
    key: StoredKey,
    last: Timestamp,
    state: State<S>,
    /// The client's initial sequence number, to tell a retransmitted SYN from a new connection.
    client_isn: Option<SeqNumber>,
    /// Whether the low endpoint of the key is the client.
    client_is_low: bool,
    /// Whether the low endpoint has sent its last byte, and the high one; a reset ends both.
    low_ended: bool,
    high_ended: bool,
}

/// How far a connection is.
#[derive(Debug)]
enum State<S> {
    /// Only its first SYN was seen.
    Knocked(Box<Knock>),
    Open(Box<Entry<S>>),
    /// It is set up or closed: its further frames change nothing.
    Settled,
    /// The connection is forgotten, and another may have the slot.
    Vacant,
}

/// Where a segment belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    slot: u32,
    pub(crate) from: Side,
}

/// A segment's place, as it was found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Located {
    pub(crate) place: Place,
    /// Whether these endpoints had a connection before, be it this one.
    pub(crate) is_known: bool,
    /// Whether nothing is left to do: the connection is settled, or the segment is the SYN that
    /// begins it.
    pub(crate) is_done: bool,
}

impl<S: StreamSink> Table<S> {
    /// A table for at most `limit` connections at a time.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            index: Index::new(),
            slots: Vec::new(),
            vacant: Vec::new(),
            spare: Spare::new(),
            next_stream: 0,
            begun: 0,
            limit: limit.max(1),
            opens_at_once: false,
            exceeded: false,
        }
    }

    /// The same, with each connection open from its first frame on: larger, for callers who want to
    /// know of a SYN when it comes.
    pub(crate) fn opening_at_once(self, opens_at_once: bool) -> Self {
        Self {
            opens_at_once,
            ..self
        }
    }

    /// How many connections were seen.
    pub(crate) fn seen(&self) -> u64 {
        self.next_stream
    }

    /// Finds the connection of `segment`, or begins one; one that it takes the place of, because
    /// its ports are used again or room is needed, goes to `displaced`.
    #[inline]
    pub(crate) fn locate(
        &mut self,
        segment: &Segment<'_>,
        moment: Moment,
        displaced: &mut Entries<S>,
    ) -> Located {
        let (key, source_is_low) = ConnectionKey::new(segment.source, segment.destination);
        let is_syn = segment.flags.syn() && !segment.flags.ack();
        let found = self.look_up(&key);
        let known = found.and_then(|indexed| Some((indexed, self.slot_mut(indexed.slot)?)));
        let Some((indexed, slot)) = known else {
            return self.begin(key, source_is_low, segment, moment, false, displaced);
        };
        if is_syn && slot.client_isn != Some(SeqNumber(segment.seq)) {
            displaced.extend(self.settle_slot(indexed.slot));
            self.remove(indexed.slot);
            return self.begin(key, source_is_low, segment, moment, true, displaced);
        }
        slot.last = slot.last.max(moment.time);
        slot.note_end(source_is_low, segment);
        let place = Place {
            slot: indexed.slot,
            from: slot.side(source_is_low),
        };
        let is_done = matches!(slot.state, State::Settled);
        self.index.note_recent(indexed);
        Located {
            place,
            is_known: true,
            is_done,
        }
    }

    /// Finds the connection between `a` and `b`, and which side `a` is.
    pub(crate) fn find(&self, a: Endpoint, b: Endpoint) -> Option<Place> {
        let (key, a_is_low) = ConnectionKey::new(a, b);
        let number = self.look_up(&key)?.slot;
        let from = self.slot(number)?.side(a_is_low);
        Some(Place { slot: number, from })
    }

    /// The connection at `place`, unless it is settled.
    #[inline]
    pub(crate) fn entry(&mut self, place: Place) -> Option<&mut Entry<S>> {
        let slot = at(&mut self.slots, place.slot)?;
        slot.open(&mut self.spare)
    }

    /// Takes the connection at `place` out: its further frames change nothing.
    pub(crate) fn settle(&mut self, place: Place) -> Option<Box<Entry<S>>> {
        self.settle_slot(place.slot)
    }

    /// The side at `place` turned out to be the other one.
    pub(crate) fn swap_roles(&mut self, place: Place) -> Place {
        if let Some(slot) = at(&mut self.slots, place.slot) {
            if let Some(entry) = slot.open(&mut self.spare) {
                entry.swap_roles();
            }
            slot.client_is_low = !slot.client_is_low;
        }
        Place {
            slot: place.slot,
            from: place.from.peer(),
        }
    }

    /// The places of all connections that are not settled, by their numbers.
    pub(crate) fn unsettled(&self) -> Vec<Place> {
        let from = Side::Client;
        let slots = (0..).zip(&self.slots);
        let mut open: Vec<(u64, u32)> = slots
            .filter_map(|(number, slot)| Some((slot.stream()?, number)))
            .collect();
        open.sort_unstable();
        let places = open.into_iter().map(|(_, slot)| Place { slot, from });
        places.collect()
    }

    fn begin(
        &mut self,
        key: ConnectionKey,
        source_is_low: bool,
        segment: &Segment<'_>,
        moment: Moment,
        is_known: bool,
        displaced: &mut Entries<S>,
    ) -> Located {
        self.begun = self.begun.saturating_add(1);
        if self.begun >= LEAST_BEGUN.max(self.slots.len() / 8) {
            self.forget_ended(moment.time);
        }
        if self.index.len() >= self.limit {
            self.evict(displaced);
        }
        let (source, destination) = (segment.source, segment.destination);
        // Without a SYN the lower port is taken for the server's until a ClientHello tells.
        let from_server = if segment.flags.syn() {
            segment.flags.ack()
        } else {
            source.port < destination.port
        };
        let from = if from_server {
            Side::Server
        } else {
            Side::Client
        };
        let stream = self.next_stream;
        self.next_stream = self.next_stream.saturating_add(1);
        let knock = Knock::of(segment, stream, moment).filter(|_| !self.opens_at_once);
        let is_done = knock.is_some();
        let state = if let Some(knock) = knock {
            State::Knocked(Box::new(knock))
        } else {
            let (client, server) = match from {
                Side::Client => (source, destination),
                Side::Server => (destination, source),
            };
            let roles_known = segment.flags.syn();
            let connection = Connection::new(stream, client, server, roles_known, moment);
            State::Open(self.spare.entry(connection))
        };
        let is_syn = segment.flags.syn() && !segment.flags.ack();
        let mut slot = Slot {
            low_ended: false,
            high_ended: false,
            key: key.into(),
            client_is_low: source_is_low == (from == Side::Client),
            client_isn: is_syn.then_some(SeqNumber(segment.seq)),
            last: moment.time,
            state,
        };
        slot.note_end(source_is_low, segment);
        let number = self.insert(&key, slot);
        let place = Place { slot: number, from };
        Located {
            place,
            is_known,
            is_done,
        }
    }

    fn insert(&mut self, key: &ConnectionKey, slot: Slot<S>) -> u32 {
        let vacant = self.vacant.pop();
        let number = vacant
            .or_else(|| u32::try_from(self.slots.len()).ok())
            .unwrap_or(u32::MAX);
        match self.slot_mut(number) {
            Some(place) => *place = slot,
            None => self.slots.push(slot),
        }
        self.index.insert(key, number);
        number
    }

    /// Where the connection with this key is.
    #[inline]
    fn look_up(&self, key: &ConnectionKey) -> Option<Indexed> {
        let has_key = |number: u32| self.slot(number).is_some_and(|slot| slot.key.is(key));
        self.index.find(key, has_key)
    }

    #[inline]
    fn slot(&self, number: u32) -> Option<&Slot<S>> {
        self.slots.get(usize::try_from(number).ok()?)
    }

    #[inline]
    fn slot_mut(&mut self, number: u32) -> Option<&mut Slot<S>> {
        at(&mut self.slots, number)
    }

    fn settle_slot(&mut self, number: u32) -> Option<Box<Entry<S>>> {
        at(&mut self.slots, number)?.settle(&mut self.spare)
    }

    /// Forgets what is in a slot.
    fn remove(&mut self, number: u32) {
        let Some(slot) = self.slot(number) else {
            return;
        };
        let key = slot.key.key();
        if self.index.remove(&key, number) {
            self.vacant.push(number);
        }
        if let Some(slot) = self.slot_mut(number) {
            slot.state = State::Vacant;
        }
    }

    /// Forgets the connections of which nothing was seen since `before`.
    pub(crate) fn expire(&mut self, before: Timestamp, displaced: &mut Entries<S>) {
        let mut idle = self.occupied();
        idle.retain(|&(last, _)| last < before);
        idle.sort_unstable_by_key(|&(_, number)| number);
        for (_, number) in idle {
            displaced.extend(self.settle_slot(number));
            self.remove(number);
        }
    }

    /// Forgets the connections that were closed by both sides, or reset, some time before `now`: a
    /// packet between the same ports belongs to another.
    fn forget_ended(&mut self, now: Timestamp) {
        self.begun = 0;
        let is_over = |slot: &Slot<S>| {
            let settled = matches!(slot.state, State::Settled);
            settled && slot.low_ended && slot.high_ended && now.since(slot.last) > AFTERLIFE
        };
        let slots = (0..).zip(&self.slots);
        let over = slots.filter_map(|(number, slot)| is_over(slot).then_some(number));
        for number in over.collect::<Vec<u32>>() {
            self.remove(number);
        }
    }

    /// Makes room: drops the eighth of the connections that has been idle longest.
    fn evict(&mut self, displaced: &mut Entries<S>) {
        self.exceeded = true;
        let mut by_idleness = self.occupied();
        by_idleness.sort_unstable();
        let count = (by_idleness.len() / 8).max(1);
        for &(_, number) in by_idleness.iter().take(count) {
            displaced.extend(self.settle_slot(number));
            self.remove(number);
        }
    }

    /// The slots that are in use, in no order, and when something of each was last seen.
    fn occupied(&self) -> Vec<(Timestamp, u32)> {
        let numbers = self.index.slots();
        numbers
            .filter_map(|number| Some((self.slot(number)?.last, number)))
            .collect()
    }
}

fn at<S>(slots: &mut [Slot<S>], number: u32) -> Option<&mut Slot<S>> {
    slots.get_mut(usize::try_from(number).ok()?)
}

impl<S: StreamSink> Slot<S> {
    /// Which side is its low endpoint, or the high one.
    fn side(&self, is_low: bool) -> Side {
        if is_low == self.client_is_low {
            Side::Client
        } else {
            Side::Server
        }
    }

    /// Notes whether `segment`, which the low endpoint sent or the high one, is the last of one side,
    /// or of both.
    fn note_end(&mut self, is_from_low: bool, segment: &Segment<'_>) {
        let (fin, rst) = (segment.flags.fin(), segment.flags.rst());
        self.low_ended |= rst || (fin && is_from_low);
        self.high_ended |= rst || (fin && !is_from_low);
    }

    /// The number of a connection that is not settled.
    fn stream(&self) -> Option<u64> {
        match &self.state {
            State::Knocked(knock) => Some(knock.stream),
            State::Open(entry) => Some(entry.connection.stream),
            State::Settled | State::Vacant => None,
        }
    }

    /// The connection, unless it is settled; one of which only the SYN was seen begins now.
    #[inline]
    fn open(&mut self, spare: &mut Spare<S>) -> Option<&mut Entry<S>> {
        if let State::Knocked(knock) = &self.state {
            self.state = State::Open(self.begun(knock, spare));
        }
        match &mut self.state {
            State::Open(entry) => Some(entry),
            State::Knocked(_) | State::Settled | State::Vacant => None,
        }
    }

    /// Takes the connection out, unless it is settled.
    fn settle(&mut self, spare: &mut Spare<S>) -> Option<Box<Entry<S>>> {
        match std::mem::replace(&mut self.state, State::Settled) {
            State::Knocked(knock) => Some(self.begun(&knock, spare)),
            State::Open(entry) => Some(entry),
            State::Settled | State::Vacant => None,
        }
    }

    /// The connection that began with `knock`.
    fn begun(&self, knock: &Knock, spare: &mut Spare<S>) -> Box<Entry<S>> {
        let (low, high) = self.key.key().endpoints();
        let (client, server) = if self.client_is_low {
            (low, high)
        } else {
            (high, low)
        };
        let connection = Connection::new(knock.stream, client, server, true, knock.moment);
        let mut entry = spare.entry(connection);
        // A SYN without payload holds nothing back.
        let mut budget = Budget::default();
        knock.replay(client, server, |syn| {
            entry.accept(Side::Client, syn, knock.moment, &mut budget);
        });
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{IpFacts, TcpFlags};
    use crate::milestone::Milestones;
    use crate::time::{FrameNumber, Timestamp};

    #[derive(Debug)]
    struct Unread;

    impl StreamSink for Unread {
        fn piece(&mut self, _: Side, _: super::super::Piece<'_>, _: &mut Milestones) {}
        fn begin(_: Endpoint) -> Self {
            Self
        }
        fn swap_sides(&mut self, _: Endpoint) {}
    }

    fn segment(from: (&str, u16), to: (&str, u16), flags: u8, seq: u32) -> Segment<'static> {
        let endpoint = |(ip, port): (&str, u16)| Endpoint {
            ip: ip.parse().unwrap(),
            port,
        };
        Segment {
            ip: IpFacts { ttl: 64, id: None },
            source: endpoint(from),
            destination: endpoint(to),
            seq,
            ack: 0,
            flags: TcpFlags(flags),
            window: Some(1000),
            options: &[],
            payload: &[],
            payload_len: 0,
        }
    }

    fn moment(frame: u64) -> Moment {
        let nanos = i64::try_from(frame).unwrap();
        Moment {
            time: Timestamp::from_nanos(nanos),
            frame: FrameNumber::new(frame).unwrap(),
        }
    }

    const CLIENT: (&str, u16) = ("10.8.0.1", 41234);
    const SERVER: (&str, u16) = ("203.0.113.25", 465);

    #[test]
    fn a_retransmitted_syn_belongs_to_its_connection_and_a_new_one_begins_another() {
        let mut table: Table<Unread> = Table::new(10);
        let mut displaced = Vec::new();
        let first = table.locate(&segment(CLIENT, SERVER, 2, 1), moment(1), &mut displaced);
        let again = table.locate(&segment(CLIENT, SERVER, 2, 1), moment(2), &mut displaced);
        assert_eq!((first.place, table.seen()), (again.place, 1));
        assert_eq!((first.is_known, again.is_known), (false, true));
        table.locate(&segment(CLIENT, SERVER, 2, 99), moment(3), &mut displaced);
        assert_eq!(table.seen(), 2);
        assert_eq!(displaced[0].connection.stream, 0);
    }

    #[test]
    fn a_syn_ack_seen_first_is_the_servers() {
        let mut table: Table<Unread> = Table::new(10);
        let Located { place, .. } = table.locate(
            &segment(SERVER, CLIENT, 0x12, 7),
            moment(1),
            &mut Vec::new(),
        );
        assert_eq!(place.from, Side::Server);
        assert_eq!(table.entry(place).unwrap().connection.client.port, CLIENT.1);
    }

    #[test]
    fn roles_can_be_swapped_once_the_client_is_known() {
        let mut table: Table<Unread> = Table::new(10);
        let odd_server = ("203.0.113.25", 50_000);
        let Located { place, .. } = table.locate(
            &segment(CLIENT, odd_server, 0x10, 7),
            moment(1),
            &mut Vec::new(),
        );
        assert_eq!(
            place.from,
            Side::Server,
            "the lower port is taken for the server's"
        );
        let swapped = table.swap_roles(place);
        assert_eq!(swapped.from, Side::Client);
        assert_eq!(
            table.entry(swapped).unwrap().connection.server.port,
            odd_server.1
        );
        let Located { place: next, .. } = table.locate(
            &segment(CLIENT, odd_server, 0x10, 7),
            moment(2),
            &mut Vec::new(),
        );
        assert_eq!(next.from, Side::Client);
    }

    #[test]
    fn what_ended_long_ago_is_forgotten_and_what_is_open_or_ended_just_now_is_not() {
        const FIN: u8 = 0x11;
        let mut table: Table<Unread> = Table::new(1_000_000);
        let mut displaced = Vec::new();
        let at = |seconds: i64| Moment {
            time: Timestamp::from_nanos(0).plus(Span::from_secs(seconds)),
            ..moment(1)
        };
        let (open, half, closed, reset) = (1001, 1002, 1003, 1004);
        for port in [open, half, closed, reset] {
            let from = ("10.8.0.1", port);
            let syn = segment(from, SERVER, 2, 1);
            let place = table.locate(&syn, at(0), &mut displaced).place;
            table.settle(place);
            let ends: &[_] = match port {
                1002 => &[segment(from, SERVER, FIN, 2)],
                1003 => &[segment(from, SERVER, FIN, 2), segment(SERVER, from, FIN, 9)],
                1004 => &[segment(SERVER, from, 0x14, 9)],
                _ => &[],
            };
            for end in ends {
                assert!(table.locate(end, at(1), &mut displaced).is_known);
            }
        }
        let mut are_known = |table: &mut Table<Unread>, begin: u16, time: i64| {
            for port in 0..1024 {
                let from = ("10.8.0.2", begin + port);
                table.locate(&segment(from, SERVER, 2, 1), at(time), &mut displaced);
            }
            [open, half, closed, reset].map(|port| {
                let from = "10.8.0.1".parse().unwrap();
                let to = "203.0.113.25".parse().unwrap();
                let endpoint = |ip, port| Endpoint { ip, port };
                let found = table.find(endpoint(from, port), endpoint(to, SERVER.1));
                found.is_some()
            })
        };
        assert_eq!(are_known(&mut table, 2000, 241), [true; 4]);
        let after = are_known(&mut table, 4000, 242);
        assert_eq!(after, [true, true, false, false]);
        assert!(displaced.is_empty() && !table.exceeded);
    }

    #[test]
    fn beyond_the_limit_the_connection_idle_longest_makes_room() {
        let mut table: Table<Unread> = Table::new(3);
        let mut displaced = Vec::new();
        for (frame, port) in [(1, 1001), (2, 1002), (3, 1003), (4, 1001), (5, 1004)] {
            let from = ("10.8.0.1", port);
            table.locate(&segment(from, SERVER, 2, 1), moment(frame), &mut displaced);
        }
        assert!(table.exceeded);
        assert_eq!(displaced.len(), 1);
        assert_eq!(displaced[0].connection.client.port, 1002);
        assert_eq!(table.index.len(), 3);
    }
}
