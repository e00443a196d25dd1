//! What a caller may set: the threshold of a stall, ports, and every limit.

use std::sync::Arc;

use crate::diagnosis::CauseFamily;
use crate::time::Span;
use crate::tls::StarttlsDialogue;

/// Settings of an [`Analyzer`](crate::Analyzer); `Config::default()` suits most captures.
///
/// Every limit is there so that no capture, however large or hostile, takes unbounded memory; each
/// one that is reached becomes a notice of code `limit-reached`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// A wait of at least this length is a stall (1 s).
    pub stall_threshold: Span,
    /// Keep healthy connections and connections that are not TLS in the report, and every lookup.
    pub keep_all: bool,
    /// Further server ports on which TLS is expected.
    pub tls_ports: Vec<u16>,
    /// Bytes that a compressed capture may unpack to (16 GiB); beyond it the rest is not read.
    ///
    /// A file of a few kilobytes can unpack to gigabytes that look like packets. It is unpacked as
    /// it is read, so that this takes no memory, but it would take hours. No such limit holds for
    /// a capture that is not compressed, such as what another program unpacks into a pipe.
    pub max_unpacked: u64,
    /// Connections followed at the same time (1,000,000); beyond it the one idle longest is dropped.
    pub max_connections: usize,
    /// How long after its last frame a connection is given up, as if the capture ended there; never
    /// if `None` (the default).
    ///
    /// For a capture that does not end, with [`poll`](crate::Analyzer::poll). Shorter than ten
    /// minutes it would cut the patience of mail servers (RFC 5321, section 4.5.3.2: five minutes).
    pub max_idle: Option<Span>,
    /// Bytes held for reassembly, a direction of a connection (128 KiB).
    pub max_reassembly: usize,
    /// Bytes held for reassembly, all connections together (64 MiB).
    pub max_total_reassembly: usize,
    /// IP packets of which fragments are held at the same time (256).
    pub max_fragmented_packets: usize,
    /// Bytes held for IP packets of which fragments are missing (4 MiB).
    pub max_fragment_bytes: usize,
    /// Name lookups kept (100,000); beyond it the oldest of those that were answered at once are
    /// dropped, then of those that are finished.
    pub max_lookups: usize,
    /// Stalled and failed connections in the report (100,000 that were established, and as many that
    /// were not); further ones are only counted, without their causes. It does not hold with
    /// [`keep_all`](Self::keep_all).
    ///
    /// A flood of SYNs makes a stall of each, all alike; those that were established have room of
    /// their own, so that it hides none of them.
    pub max_reported: usize,
    /// Events that wait for [`next_event`](crate::Analyzer::next_event) (0: none are noted).
    ///
    /// Further ones are dropped, and [`Event::Missed`](crate::Event::Missed) says how many.
    pub max_events: usize,
    /// Threads that work on one capture at once, at most (1).
    ///
    /// The second judges lookups and connections that are over, beside the one that reads: where there
    /// are many of them, the report, which is the same, is there in little more than half of the time.
    /// With [`FileAnalyzer::unpack_ahead`](crate::FileAnalyzer::unpack_ahead) the second one unpacks,
    /// and a third judges. [`Analyzer::poll`](crate::Analyzer::poll) and
    /// [`end`](crate::Analyzer::end) bring judging back to the caller's thread; with
    /// [`max_events`](Self::max_events), or where no thread can be started, it never leaves it.
    pub threads: usize,
    /// What the caller adds.
    pub(crate) extensions: Extensions,
}

impl Config {
    /// Adds a family of causes of the caller's own.
    ///
    /// They are asked after the causes of the catalogue, in the order in which they were added.
    pub fn add_family(&mut self, family: impl CauseFamily + 'static) {
        self.extensions.families.push(Arc::new(family));
    }

    /// Adds a protocol that starts TLS within itself.
    ///
    /// It is recognised by its ports and its greeting, before the protocols that are known; of
    /// several that recognise the same, the one that was added first counts. Of more than 64 the
    /// rest is ignored.
    pub fn add_dialogue(&mut self, dialogue: &'static dyn StarttlsDialogue) {
        const MAX_DIALOGUES: usize = 64;

        let dialogues = self.extensions.dialogues.get_or_insert_default();
        if dialogues.len() < MAX_DIALOGUES {
            Arc::make_mut(dialogues).push(dialogue);
        }
    }
}

/// What the caller adds to the analysis.
#[derive(Debug, Clone, Default)]
pub(crate) struct Extensions {
    pub(crate) families: Vec<Arc<dyn CauseFamily>>,
    /// In one word, since each connection has it.
    pub(crate) dialogues: Option<Arc<Vec<&'static dyn StarttlsDialogue>>>,
}

/// The same families, not only alike ones; dialogues are told apart by their names.
impl PartialEq for Extensions {
    fn eq(&self, other: &Self) -> bool {
        let names = |it: &Self| -> Vec<&'static str> {
            let dialogues = it.dialogues.iter().flat_map(|all| all.iter());
            dialogues.map(|dialogue| dialogue.name()).collect()
        };
        let families = self.families.iter().zip(&other.families);
        self.families.len() == other.families.len()
            && families.into_iter().all(|(a, b)| Arc::ptr_eq(a, b))
            && names(self) == names(other)
    }
}

impl Eq for Extensions {}

impl Default for Config {
    fn default() -> Self {
        Self {
            stall_threshold: Span::from_secs(1),
            keep_all: false,
            tls_ports: Vec::new(),
            max_unpacked: 16 * 1024 * 1024 * 1024,
            max_connections: 1_000_000,
            max_idle: None,
            max_reassembly: 128 * 1024,
            max_total_reassembly: 64 * 1024 * 1024,
            max_fragmented_packets: 256,
            max_fragment_bytes: 4 * 1024 * 1024,
            max_lookups: 100_000,
            max_reported: 100_000,
            max_events: 0,
            threads: 1,
            extensions: Extensions::default(),
        }
    }
}
