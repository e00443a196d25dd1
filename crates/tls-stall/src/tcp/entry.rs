//! A connection with all that goes on in it.

use super::assembler::Budget;
use super::connection::{Connection, Side, StreamSink};
use crate::decode::Segment;
use crate::milestone::Milestones;
use crate::time::Moment;

/// Entries that are kept to be used again.
const MAX_SPARE: usize = 256;

/// A connection, what it has reached, and what reads its bytes.
#[derive(Debug)]
pub(crate) struct Entry<S> {
    pub(crate) connection: Connection,
    pub(crate) milestones: Milestones,
    pub(crate) session: S,
}

/// Entries, each of which stays where it is.
#[allow(
    clippy::vec_box,
    reason = "to move one takes as long as much that is done with it"
)]
pub(crate) type Entries<S> = Vec<Box<Entry<S>>>;

impl<S: StreamSink> Entry<S> {
    fn new(connection: Connection) -> Self {
        Self {
            session: S::begin(connection.server),
            milestones: Milestones::default(),
            connection,
        }
    }

    /// Takes a segment that `from` sent.
    pub(crate) fn accept(
        &mut self,
        from: Side,
        segment: &Segment<'_>,
        moment: Moment,
        budget: &mut Budget,
    ) {
        let (milestones, session) = (&mut self.milestones, &mut self.session);
        self.connection
            .accept(from, segment, moment, milestones, budget, session);
    }

    /// Reads what is held beyond holes that were acknowledged, and frees the rest.
    pub(crate) fn flush(&mut self, budget: &mut Budget) {
        self.connection
            .flush(&mut self.milestones, budget, &mut self.session);
    }

    /// The side taken for the client is the server.
    pub(crate) fn swap_roles(&mut self) {
        self.connection
            .swap_roles(&mut self.milestones, &mut self.session);
    }
}

/// Entries that are done with, to be used again: it takes less time than to free and allocate them.
#[derive(Debug)]
pub(crate) struct Spare<S>(Entries<S>);

impl<S: StreamSink> Spare<S> {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Keeps an entry, unless there are enough.
    pub(crate) fn put(&mut self, entry: Box<Entry<S>>) {
        if self.0.len() < MAX_SPARE {
            self.0.push(entry);
        }
    }

    /// An entry for `connection`.
    pub(super) fn entry(&mut self, connection: Connection) -> Box<Entry<S>> {
        let entry = Entry::new(connection);
        match self.0.pop() {
            Some(mut spare) => {
                *spare = entry;
                spare
            }
            None => Box::new(entry),
        }
    }
}
