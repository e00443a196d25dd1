//! Whether both directions of the traffic were captured.

use crate::decode::Endpoint;
use crate::milestone::Milestone;
use crate::tcp::Side;
use crate::time::Moment;
use crate::timeline::Setup;

/// So many different servers of which nothing was heard are a reason to doubt the capture.
const SILENT_SERVERS: usize = 3;

/// What the connections show of both directions.
#[derive(Debug, Default)]
pub(crate) struct Directions {
    /// Whether a connection has packets of both sides.
    both: bool,
    /// The first frame that answers something of a side that is not there, and that side.
    unheard: Option<(Moment, Side)>,
    /// Servers of which nothing was heard, some.
    silent: Vec<Endpoint>,
}

impl Directions {
    pub(super) fn settle(&mut self, setup: &Setup) {
        let (client, server) = (setup.traces.client.heard, setup.traces.server.heard);
        if client && server {
            self.both = true;
            return;
        }
        let unheard = if client { Side::Server } else { Side::Client };
        let answered = match unheard {
            Side::Server => setup.unseen(Side::Server),
            // A server that answers has been asked.
            Side::Client => setup.at(Milestone::SynAck).or(setup.unseen(Side::Client)),
        };
        if let Some(answered) = answered {
            let first = self.unheard.get_or_insert((answered, unheard));
            *first = (*first).min((answered, unheard));
        }
        let known = self.silent.contains(&setup.server);
        if unheard == Side::Server && !known && self.silent.len() < SILENT_SERVERS {
            self.silent.push(setup.server);
        }
    }

    /// Whether both directions of a connection were captured: `Some(false)` where one side answers
    /// the other that is never there, `None` where the capture does not tell.
    pub(super) fn both(&self) -> Option<bool> {
        if self.both {
            Some(true)
        } else if self.unheard.is_some() {
            Some(false)
        } else if self.silent.len() >= SILENT_SERVERS {
            None
        } else {
            Some(true)
        }
    }

    /// The frame that proves it, where only one direction was captured.
    pub(crate) fn proof(&self) -> Option<(Moment, Side)> {
        self.unheard.filter(|_| !self.both)
    }
}
