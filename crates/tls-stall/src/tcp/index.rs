//! In which slot of the table a connection is, by its key.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::key::ConnectionKey;

/// Connections that are found without the whole index; a power of two.
const RECENT: usize = 8192;

/// The slots of all connections. The keys stand in the slots, of which whoever asks tells whether one
/// is meant.
#[derive(Debug)]
pub(super) struct Index {
    all: HashTable<Indexed>,
    /// Those that were found last, each where the low bits of its hash say: most packets belong to a
    /// few of a million connections, and here they are found in the processor's cache.
    recent: Box<[Indexed]>,
    hasher: RandomState,
}

/// A slot, and half of its key's hash: so that the index grows without a look at the keys.
#[derive(Debug, Clone, Copy)]
pub(super) struct Indexed {
    hash: u32,
    pub(super) slot: u32,
}

impl Indexed {
    /// Of no connection.
    const NONE: Self = Self {
        hash: 0,
        slot: u32::MAX,
    };

    /// The hash as the table takes it, the place from its lower bits and a tag from the upper ones.
    fn spread(self) -> u64 {
        u64::from(self.hash) << 32 | u64::from(self.hash)
    }

    /// Its place among the recent ones.
    #[inline]
    fn recent(self) -> usize {
        usize::try_from(self.hash).unwrap_or(0) & (RECENT - 1)
    }
}

impl Index {
    pub(super) fn new() -> Self {
        Self {
            all: HashTable::new(),
            recent: vec![Indexed::NONE; RECENT].into(),
            hasher: RandomState::default(),
        }
    }

    /// How many connections there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The slots of all, in no order.
    pub(super) fn slots(&self) -> impl Iterator<Item = u32> {
        self.all.iter().map(|indexed| indexed.slot)
    }

    /// Where the connection with this `key` is, which the slot has that `has_key`.
    #[inline]
    pub(super) fn find(
        &self,
        key: &ConnectionKey,
        has_key: impl Fn(u32) -> bool,
    ) -> Option<Indexed> {
        let wanted = self.indexed(key, u32::MAX);
        let is_it = |it: &Indexed| it.hash == wanted.hash && has_key(it.slot);
        let recent = self.recent.get(wanted.recent());
        recent
            .filter(|it| is_it(it))
            .or_else(|| self.all.find(wanted.spread(), is_it))
            .copied()
    }

    /// Notes that `found` was found last.
    #[inline]
    pub(super) fn note_recent(&mut self, found: Indexed) {
        if let Some(recent) = self.recent.get_mut(found.recent()) {
            *recent = found;
        }
    }

    /// Takes in the connection with this `key`, which is in `slot`.
    pub(super) fn insert(&mut self, key: &ConnectionKey, slot: u32) {
        let indexed = self.indexed(key, slot);
        self.all
            .insert_unique(indexed.spread(), indexed, |other| other.spread());
        self.note_recent(indexed);
    }

    /// Forgets the connection with this `key`, which is in `slot`; whether it was there.
    pub(super) fn remove(&mut self, key: &ConnectionKey, slot: u32) -> bool {
        let indexed = self.indexed(key, slot);
        if let Some(recent) = self.recent.get_mut(indexed.recent())
            && recent.slot == slot
        {
            *recent = Indexed::NONE;
        }
        let found = self
            .all
            .find_entry(indexed.spread(), |other| other.slot == slot);
        match found {
            Ok(entry) => {
                entry.remove();
                true
            }
            Err(_) => false,
        }
    }

    #[inline]
    fn indexed(&self, key: &ConnectionKey, slot: u32) -> Indexed {
        let [a, b, c, d, ..] = self.hasher.hash_one(key).to_be_bytes();
        let hash = u32::from_be_bytes([a, b, c, d]);
        Indexed { hash, slot }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Endpoint;

    fn key(port: u16) -> ConnectionKey {
        let endpoint = |ip: &str, port| Endpoint {
            ip: ip.parse().unwrap(),
            port,
        };
        ConnectionKey::new(endpoint("10.8.0.1", port), endpoint("203.0.113.25", 443)).0
    }

    #[test]
    fn what_is_found_is_what_was_put_in_and_not_removed_however_many_there_are() {
        let mut index = Index::new();
        let ports = 1..=20_000_u16;
        for port in ports.clone() {
            index.insert(&key(port), port.into());
        }
        // Just looked for, it is among the recent ones, and gone from them once it is removed.
        for port in ports.clone() {
            let slot = u32::from(port);
            let found = index.find(&key(port), |other| other == slot).unwrap();
            assert_eq!(found.slot, slot);
            index.note_recent(found);
            if port % 3 == 0 {
                assert!(index.remove(&key(port), slot));
                assert!(index.find(&key(port), |other| other == slot).is_none());
                assert!(!index.remove(&key(port), slot));
            }
        }
        assert_eq!(index.len(), 20_000 - 6_666);
        assert!(index.slots().all(|slot| slot % 3 != 0));
    }
}
