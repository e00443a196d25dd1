//! All connections of a capture, numbered as Wireshark numbers them.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::connection::{Connection, Side, StreamSink};
use super::key::ConnectionKey;
use super::seq::SeqNumber;
use crate::decode::{Endpoint, Segment};
use crate::milestone::Milestones;
use crate::time::{Moment, Timestamp};

/// A connection, what it has reached, and what reads its bytes.
#[derive(Debug)]
pub(crate) struct Entry<S> {
    pub(crate) connection: Connection,
    pub(crate) milestones: Milestones,
    pub(crate) session: S,
}

impl<S: StreamSink> Entry<S> {
    /// The side taken for the client is the server.
    pub(crate) fn swap_roles(&mut self) {
        self.connection
            .swap_roles(&mut self.milestones, &mut self.session);
    }
}

/// The connections that were seen, at most so many at a time.
#[derive(Debug)]
pub(crate) struct Table<S> {
    index: HashMap<ConnectionKey, usize, RandomState>,
    slots: Vec<Slot<S>>,
    vacant: Vec<usize>,
    next_stream: u64,
    limit: usize,
    /// Whether connections were dropped for want of room.
    pub(crate) exceeded: bool,
}

#[derive(Debug)]
struct Slot<S> {
    key: ConnectionKey,
    /// Whether the low endpoint of the key is the client.
    client_is_low: bool,
    /// The client's initial sequence number, to tell a retransmitted SYN from a new connection.
    client_isn: Option<SeqNumber>,
    last: Timestamp,
    /// `None` once it is set up or closed: its further frames change nothing.
    entry: Option<Box<Entry<S>>>,
}

/// Where a segment belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    slot: usize,
    pub(crate) from: Side,
}

/// A segment's place, as it was found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Located {
    pub(crate) place: Place,
    /// Whether these endpoints had a connection before, be it this one.
    pub(crate) is_known: bool,
}

impl<S: StreamSink> Table<S> {
    /// A table for at most `limit` connections at a time.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            index: HashMap::default(),
            slots: Vec::new(),
            vacant: Vec::new(),
            next_stream: 0,
            limit: limit.max(1),
            exceeded: false,
        }
    }

    /// How many connections were seen.
    pub(crate) fn seen(&self) -> u64 {
        self.next_stream
    }

    /// Finds the connection of `segment`, or begins one; one that it takes the place of, because
    /// its ports are used again or room is needed, goes to `displaced`.
    pub(crate) fn locate(
        &mut self,
        segment: &Segment<'_>,
        moment: Moment,
        displaced: &mut Vec<Box<Entry<S>>>,
    ) -> Located {
        let (key, source_is_low) = ConnectionKey::new(segment.source, segment.destination);
        let mut is_known = false;
        let is_syn = segment.flags.syn() && !segment.flags.ack();
        if let Some(&number) = self.index.get(&key)
            && let Some(slot) = self.slots.get_mut(number)
        {
            is_known = true;
            let reused = is_syn && slot.client_isn != Some(SeqNumber(segment.seq));
            if !reused {
                slot.last = slot.last.max(moment.time);
                if is_syn && slot.entry.is_none() {
                    slot.client_isn.get_or_insert(SeqNumber(segment.seq));
                }
                let from = if source_is_low == slot.client_is_low {
                    Side::Client
                } else {
                    Side::Server
                };
                let place = Place { slot: number, from };
                return Located { place, is_known };
            }
            displaced.extend(slot.entry.take());
            self.remove(number);
        }
        if self.index.len() >= self.limit {
            self.evict(displaced);
        }
        let place = self.begin(key, source_is_low, segment, moment);
        Located { place, is_known }
    }

    /// Finds the connection between `a` and `b`, and which side `a` is.
    pub(crate) fn find(&self, a: Endpoint, b: Endpoint) -> Option<Place> {
        let (key, a_is_low) = ConnectionKey::new(a, b);
        let number = *self.index.get(&key)?;
        let slot = self.slots.get(number)?;
        let from = if a_is_low == slot.client_is_low {
            Side::Client
        } else {
            Side::Server
        };
        Some(Place { slot: number, from })
    }

    /// The connection at `place`, unless it is settled.
    pub(crate) fn entry(&mut self, place: Place) -> Option<&mut Entry<S>> {
        self.slots.get_mut(place.slot)?.entry.as_deref_mut()
    }

    /// Takes the connection at `place` out: its further frames change nothing.
    pub(crate) fn settle(&mut self, place: Place) -> Option<Box<Entry<S>>> {
        self.slots.get_mut(place.slot)?.entry.take()
    }

    /// The side at `place` turned out to be the other one.
    pub(crate) fn swap_roles(&mut self, place: Place) -> Place {
        if let Some(slot) = self.slots.get_mut(place.slot) {
            slot.client_is_low = !slot.client_is_low;
            if let Some(entry) = slot.entry.as_deref_mut() {
                entry.swap_roles();
            }
        }
        Place {
            slot: place.slot,
            from: place.from.peer(),
        }
    }

    /// Takes all connections out that are not settled, by their numbers.
    pub(crate) fn drain(&mut self) -> Vec<Box<Entry<S>>> {
        self.index.clear();
        let mut entries: Vec<_> = self.slots.drain(..).filter_map(|slot| slot.entry).collect();
        entries.sort_by_key(|entry| entry.connection.stream);
        entries
    }

    fn begin(
        &mut self,
        key: ConnectionKey,
        source_is_low: bool,
        segment: &Segment<'_>,
        moment: Moment,
    ) -> Place {
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
        let (client, server) = match from {
            Side::Client => (source, destination),
            Side::Server => (destination, source),
        };
        let connection = Connection::new(
            self.next_stream,
            client,
            server,
            segment.flags.syn(),
            moment,
        );
        self.next_stream = self.next_stream.saturating_add(1);
        let is_syn = segment.flags.syn() && !segment.flags.ack();
        let slot = Slot {
            key,
            client_is_low: source_is_low == (from == Side::Client),
            client_isn: is_syn.then_some(SeqNumber(segment.seq)),
            last: moment.time,
            entry: Some(Box::new(Entry {
                connection,
                milestones: Milestones::default(),
                session: S::begin(server),
            })),
        };
        let number = if let Some(number) = self.vacant.pop()
            && let Some(place) = self.slots.get_mut(number)
        {
            *place = slot;
            number
        } else {
            self.slots.push(slot);
            self.slots.len().saturating_sub(1)
        };
        self.index.insert(key, number);
        Place { slot: number, from }
    }

    fn remove(&mut self, number: usize) {
        if let Some(slot) = self.slots.get(number) {
            self.index.remove(&slot.key);
            self.vacant.push(number);
        }
    }

    /// Forgets the connections of which nothing was seen since `before`.
    pub(crate) fn expire(&mut self, before: Timestamp, displaced: &mut Vec<Box<Entry<S>>>) {
        let occupied = self.index.values().copied();
        let mut idle: Vec<usize> = occupied
            .filter(|&number| {
                self.slots
                    .get(number)
                    .is_some_and(|slot| slot.last < before)
            })
            .collect();
        idle.sort_unstable();
        for number in idle {
            if let Some(slot) = self.slots.get_mut(number) {
                displaced.extend(slot.entry.take());
            }
            self.remove(number);
        }
    }

    /// Makes room: drops the eighth of the connections that has been idle longest.
    fn evict(&mut self, displaced: &mut Vec<Box<Entry<S>>>) {
        self.exceeded = true;
        let mut occupied = vec![true; self.slots.len()];
        for &number in &self.vacant {
            if let Some(flag) = occupied.get_mut(number) {
                *flag = false;
            }
        }
        let mut by_idleness: Vec<(Timestamp, usize)> = self
            .slots
            .iter()
            .enumerate()
            .filter(|&(number, _)| occupied.get(number) == Some(&true))
            .map(|(number, slot)| (slot.last, number))
            .collect();
        by_idleness.sort_unstable();
        let count = (by_idleness.len() / 8).max(1);
        for &(_, number) in by_idleness.iter().take(count) {
            if let Some(slot) = self.slots.get_mut(number) {
                displaced.extend(slot.entry.take());
            }
            self.remove(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{IpFacts, TcpFlags};
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
