//! Judging on a thread of its own, a little behind the reading.

use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use super::events::Before;
use super::extent::Extent;
use super::judge::{Fact, Judge, Over};
use super::session::Session;
use crate::decode::{Datagram, Endpoint};
use crate::milestone::Milestones;
use crate::tcp::{Entries, Spare};
use crate::time::Moment;
use crate::worker;

/// Tasks that are handed over at once.
const BATCH: usize = 512;

/// Bytes of datagrams that are handed over at once.
const BATCH_BYTES: usize = 64 * 1024;

/// Batches that wait for the judge.
const WAITING: usize = 4;

/// The judge, here or on another thread: it learns the same in the same order.
#[derive(Debug)]
pub(super) enum Judging {
    Here(Box<Judge>),
    Aside(Aside),
}

impl Judging {
    /// Lets `judge` work on a thread of its own, or here where there can be none.
    pub(super) fn aside(judge: Box<Judge>) -> Self {
        Aside::new(judge).map_or_else(Self::Here, Self::Aside)
    }

    /// The judge, who is brought back for it.
    pub(super) fn here(&mut self) -> &mut Judge {
        loop {
            match self {
                Self::Here(judge) => return judge,
                Self::Aside(aside) => *self = Self::Here(aside.end()),
            }
        }
    }

    /// What `milestones` holds, to be given to [`reached`](Self::reached) later.
    pub(super) fn before(&self, milestones: &Milestones) -> Before {
        match self {
            Self::Here(judge) => judge.events.before(milestones),
            Self::Aside(_) => Before::default(),
        }
    }

    /// Tells as events what `connection` has reached since `before`.
    pub(super) fn reached(
        &mut self,
        connection: (u64, Endpoint, Endpoint),
        milestones: &Milestones,
        before: Before,
        first_frame: Option<Moment>,
    ) {
        if let Self::Here(judge) = self {
            judge
                .events
                .note(connection, milestones, before, first_frame);
        }
    }

    pub(super) fn note(&mut self, fact: Fact) {
        match self {
            Self::Here(judge) => judge.note(fact),
            Self::Aside(aside) => aside.push(Task::Fact(fact)),
        }
    }

    pub(super) fn datagram(&mut self, datagram: &Datagram<'_>, moment: Moment) {
        match self {
            Self::Here(judge) => judge.datagram(datagram, moment),
            Self::Aside(_) if !Judge::is_wanted(datagram) => {}
            Self::Aside(aside) => {
                let payload = aside.batch.keep(datagram.payload);
                let without = datagram.with_payload(&[]);
                aside.push(Task::Datagram(without, payload, moment));
            }
        }
    }

    /// Takes a connection that is over in a capture of this `extent` up to now. Entries that are done
    /// with go to `spare`.
    pub(super) fn settle(&mut self, mut over: Over, extent: &Extent, spare: &mut Spare<Session>) {
        match self {
            Self::Here(judge) => {
                judge.settle(&mut over, Some(extent));
                spare.put(over.entry);
            }
            Self::Aside(aside) => {
                for entry in aside.spent.drain(..) {
                    spare.put(entry);
                }
                aside.batch.over.push(over);
                aside.push(Task::Settle);
            }
        }
    }
}

/// A judge on a thread of its own.
#[derive(Debug)]
pub(super) struct Aside {
    /// An empty batch is the last.
    give: SyncSender<Batch>,
    /// Batches that are done, to be filled again.
    done: Receiver<Batch>,
    back: Receiver<Box<Judge>>,
    batch: Batch,
    /// What the connections that were judged lay in.
    spent: Entries<Session>,
}

/// What is handed over at once.
#[derive(Debug, Default)]
struct Batch {
    tasks: Vec<Task>,
    /// The payloads of the datagrams.
    bytes: Vec<u8>,
    /// The connections that are over, in the order of their tasks. They come back with it: what one
    /// thread allocates and another frees makes them wait for each other.
    over: Vec<Over>,
}

#[derive(Debug)]
enum Task {
    Fact(Fact),
    /// Without its payload, which is this part of the batch's bytes.
    Datagram(Datagram<'static>, Range<usize>, Moment),
    /// The next of the connections that are over.
    Settle,
}

impl Aside {
    /// Gives the judge back where there can be no other thread.
    fn new(judge: Box<Judge>) -> Result<Self, Box<Judge>> {
        let (give, batches) = sync_channel(WAITING);
        let (put_back, done) = channel();
        let (send_back, back) = channel();
        worker::spawn("judge", judge, move |mut judge| {
            work(&mut judge, &batches, &put_back);
            // Who has given it up has no use for it.
            let _ = send_back.send(judge);
        })?;
        Ok(Self {
            give,
            done,
            back,
            batch: Batch::default(),
            spent: Vec::new(),
        })
    }

    fn push(&mut self, task: Task) {
        self.batch.tasks.push(task);
        if self.batch.tasks.len() >= BATCH || self.batch.bytes.len() >= BATCH_BYTES {
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        let mut next = self.done.try_recv().unwrap_or_default();
        self.spent
            .extend(next.over.drain(..).map(|over| over.entry));
        let batch = std::mem::replace(&mut self.batch, next);
        // Where the other thread has panicked, so does who asks for its judge.
        let _ = self.give.send(batch);
    }

    /// The judge, once it has done all.
    fn end(&mut self) -> Box<Judge> {
        if !self.batch.tasks.is_empty() {
            self.hand_over();
        }
        let _ = self.give.send(Batch::default());
        let judge = self.back.recv();
        judge.unwrap_or_else(|_| resume_unwind(Box::new("judging has panicked")))
    }
}

impl Batch {
    /// Keeps the payload of a datagram; says where.
    fn keep(&mut self, payload: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(payload);
        start..self.bytes.len()
    }
}

/// Does what comes, in its order, until the last batch.
fn work(judge: &mut Judge, batches: &Receiver<Batch>, done: &Sender<Batch>) {
    for mut batch in batches {
        if batch.tasks.is_empty() {
            return;
        }
        let mut over = batch.over.iter_mut();
        for task in batch.tasks.drain(..) {
            match task {
                Task::Fact(fact) => judge.note(fact),
                Task::Datagram(datagram, payload, moment) => {
                    let payload = batch.bytes.get(payload).unwrap_or_default();
                    judge.datagram(&datagram.with_payload(payload), moment);
                }
                Task::Settle => {
                    if let Some(over) = over.next() {
                        judge.settle(over, None);
                    }
                }
            }
        }
        batch.bytes.clear();
        // Whether it is wanted again is the other's affair.
        let _ = done.send(batch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyzer::Analyzer;
    use crate::config::Config;

    fn is_aside(analyzer: &Analyzer) -> bool {
        matches!(analyzer.judging, Judging::Aside(_))
    }

    #[test]
    fn the_judge_is_aside_until_it_is_asked() {
        let mut config = Config::default();
        assert!(!is_aside(&Analyzer::new(config.clone())));
        config.threads = 2;
        let mut analyzer = Analyzer::new(config.clone());
        assert!(is_aside(&analyzer));
        assert_eq!(analyzer.poll(), None);
        assert!(!is_aside(&analyzer));
        config.max_events = 1;
        assert!(!is_aside(&Analyzer::new(config)));
    }

    #[test]
    #[should_panic = "judging has panicked"]
    fn who_asks_for_a_judge_that_panicked_panics() {
        let (give, batches) = sync_channel(WAITING);
        drop(batches);
        let (_, done) = channel();
        let (send_back, back) = channel();
        drop(send_back);
        let mut judging = Judging::Aside(Aside {
            give,
            done,
            back,
            batch: Batch::default(),
            spent: Vec::new(),
        });
        judging.here();
    }
}
