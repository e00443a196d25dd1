//! Frames in, report out: the only place that knows all stages.

mod aside;
mod attempts;
mod events;
mod extent;
mod files;
mod judge;
mod notices;
mod reporter;
mod session;
mod settled;
mod trust;

use std::collections::BTreeSet;

use self::aside::Judging;
use self::events::ends;
pub use self::events::{Event, Reached};
use self::extent::Extent;
#[cfg(feature = "path")]
pub use self::files::analyze_path;
pub use self::files::{FileAnalyzer, analyze_merged, analyze_reader, analyze_stream};
use self::judge::{Fact, Judge, Over, visit};
use self::notices::{LookupsSeen, Seen, Tally};
use self::reporter::Reporter;
use self::session::{Session, is_visited};

use crate::capture::Frame;
use crate::companions::asks_or_answers;
use crate::config::Config;
use crate::decode::{
    Fragments, IcmpError, Packet, Segment, Undecoded, Whole, app_name, decode, decode_whole,
};
use crate::milestone::Milestone;
use crate::quality::{VpnApp, is_pause};
use crate::report::{Analysis, Connection};
use crate::tcp::{Budget, Entries, Entry, Place, Side, Table, Unreachable};
use crate::time::{Moment, Span, Timestamp};
use crate::tls::begins_client_hello;

/// Takes the frames of one capture, in its order, and says what its connections waited for.
///
/// It needs no file, clock or thread: the frames' own times are the clock. Its methods are of four
/// kinds, to be called in this order:
///
/// * [`new`](Self::new), once for each capture;
/// * [`push`](Self::push), with each frame;
/// * [`poll`](Self::poll) and [`next_event`](Self::next_event), after any of the frames or never,
///   each until it gives `None`: what there is to tell meanwhile;
/// * [`end`](Self::end), by those who want to poll for the rest, and [`finish`](Self::finish) for
///   the report.
#[derive(Debug)]
pub struct Analyzer {
    config: Config,
    extent: Extent,
    seen: Seen,
    vpn_app: VpnApp,
    fragments: Fragments,
    table: Table<Session>,
    budget: Budget,
    displaced: Entries<Session>,
    /// Connections to services that others wait for, those that are over included.
    visiting: BTreeSet<Place>,
    judging: Judging,
    /// When idle connections were last looked for.
    swept: Option<Timestamp>,
}

impl Analyzer {
    /// An analyzer for one capture.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let judge = Box::new(Judge::new(config.clone()));
        Self {
            extent: Extent::default(),
            seen: Seen::default(),
            vpn_app: VpnApp::default(),
            fragments: Fragments::new(config.max_fragmented_packets, config.max_fragment_bytes),
            table: Table::new(config.max_connections).opening_at_once(config.max_events > 0),
            budget: Budget {
                per_direction: config.max_reassembly,
                left: config.max_total_reassembly,
                exceeded: false,
            },
            displaced: Vec::new(),
            visiting: BTreeSet::new(),
            // Events are told in the order in which they happen.
            judging: if config.threads > 1 && config.max_events == 0 {
                Judging::aside(judge)
            } else {
                Judging::Here(judge)
            },
            swept: None,
            config,
        }
    }

    /// Takes the next frame; what it cannot use is counted and becomes a notice.
    ///
    /// Frames come in the order of their numbers, from 1 on without a gap. Their times may go back.
    pub fn push(&mut self, frame: &Frame<'_>) {
        let moment = frame.moment();
        self.note_frame(frame, moment);
        // Borrowed where it is made: to move it out costs as much as to decode it.
        match &decode(frame) {
            Ok(packet) => {
                self.extent.decoded_frames = self.extent.decoded_frames.saturating_add(1);
                if let Packet::Tcp(segment) = packet
                    && segment.flags.syn()
                    && let Some(sign) = self.vpn_app.syn(segment, frame)
                {
                    self.judging.note(Fact::MadeByApp(sign, moment));
                }
                self.take_packet(packet, moment, 0);
                if let Packet::Tcp(segment) = packet
                    && let Some(name) = app_name(frame)
                {
                    self.take_app(segment, name);
                }
            }
            Err(reason) => self.seen.undecoded(*reason, moment),
        }
        self.note_lookups(moment.time);
        if let Some(max_idle) = self.config.max_idle {
            self.expire(moment.time, max_idle);
        }
    }

    /// The next connection of which no more is to come: for a capture that does not end.
    ///
    /// It is judged by the frames up to now. Those that are taken here are not in the report of
    /// [`finish`](Self::finish), which counts them. To be asked until it gives `None`, after each
    /// frame or now and then; healthy connections are given with
    /// [`keep_all`](Config::keep_all) only. Set [`max_idle`](Config::max_idle) for those that never
    /// end.
    pub fn poll(&mut self) -> Option<Connection> {
        if self.judging.here().settled.kept.is_empty() {
            return None;
        }
        self.note_open_visits();
        let (judge, extent) = (self.judging.here(), &self.extent);
        judge.quality.seen_to(extent.last);
        while let Some(mut setup) = judge.settled.pop() {
            judge.settled.attempts.confirm(&mut setup);
            let mut reporter = Reporter::new(judge, extent);
            reporter.add(&setup);
            let (mut connections, summary) = reporter.into_connections();
            judge.settled.apps.remove(&setup.stream);
            judge.told.add(&summary);
            if let Some(connection) = connections.pop() {
                return Some(connection);
            }
        }
        None
    }

    /// Ends the capture: what is still awaited is in progress.
    ///
    /// For those who [`poll`](Self::poll) or ask for [events](Self::next_event) and want the last
    /// ones, too; [`finish`](Self::finish) does it by itself. No frame is to be pushed afterwards.
    pub fn end(&mut self) {
        for whole in self.fragments.finish() {
            self.take_whole(&whole, 0);
        }
        if let Some((first, frames)) = self.fragments.unused.take() {
            self.seen
                .undecoded_frames(Undecoded::FragmentAlone, first, frames);
        }
        for place in self.table.unsettled() {
            self.settle_at(place);
        }
        self.note_open_lookups();
    }

    /// Ends the capture and gives its report, but for the connections that [`poll`](Self::poll)
    /// gave, which are only counted.
    #[must_use]
    pub fn finish(mut self) -> Analysis {
        self.end();
        let (judge, extent) = (self.judging.here(), &self.extent);
        judge.quality.seen_to(extent.last);
        judge.companions.visits.show(Vec::new());
        let kept = judge.settled.kept.make_contiguous();
        kept.sort_by_key(|setup| setup.stream);
        for setup in &mut judge.settled.kept {
            judge.settled.attempts.confirm(setup);
        }
        let mut reporter = Reporter::new(judge, extent);
        for setup in &judge.settled.kept {
            reporter.add(setup);
        }
        let mut analysis = reporter.finish(self.table.seen());
        for setup in &judge.settled.kept {
            if setup.reading.is_tls && !setup.has(Milestone::Syn) {
                Tally::add(&mut self.seen.mid_connection, setup.first);
            }
        }
        let lookups = &judge.lookups;
        self.seen.lookups = LookupsSeen {
            any: !lookups.all().is_empty(),
            cut: lookups.cut().saturating_add(lookups.unreadable()),
            unasked: lookups.unasked(),
        };
        let limits = self.table.exceeded
            || self.budget.exceeded
            || self.fragments.exceeded
            || judge.companions.exceeded()
            || judge.settled.attempts.exceeded
            || lookups.evicted() > 0;
        self.seen.limits(limits, &self.config);
        self.seen.unreported = judge.settled.exceeded.then_some(self.config.max_reported);
        analysis.notices = self.seen.notices(&analysis);
        analysis
            .notices
            .extend(trust::notices(&judge.quality, lookups));
        analysis.notices.sort_by_key(|notice| notice.code);
        analysis
    }

    /// Judges on the caller's thread from here on.
    #[cfg(feature = "compression")]
    fn judge_here(&mut self) {
        self.judging.here();
    }

    /// Notes that the capturer counted frames that it lost.
    fn note_losses(&mut self) {
        self.judging.here().quality.capturer_lost = true;
    }

    fn note_frame(&mut self, frame: &Frame<'_>, moment: Moment) {
        let latest = self.extent.latest;
        if latest.is_some_and(|latest| moment.time < latest.time) {
            self.seen.backwards(moment);
        }
        let before = self.extent.note(frame, moment);
        if let Some(before) = before.filter(|&before| is_pause(before, moment)) {
            let after = moment;
            self.judging.note(Fact::Pause { before, after });
        }
        if usize::try_from(frame.wire_len).is_ok_and(|wire| frame.data.len() < wire) {
            self.seen.cut(moment);
        }
    }

    /// Takes what a frame carries, or a packet that was put together of `nesting` others' fragments.
    fn take_packet(&mut self, packet: &Packet<'_>, moment: Moment, nesting: u8) {
        match packet {
            Packet::Tcp(segment) => self.take_segment(segment, moment),
            Packet::Udp(datagram) => self.judging.datagram(datagram, moment),
            Packet::IcmpError(error) => self.take_error(error, moment),
            Packet::Fragment(fragment) => {
                let mut done = Vec::new();
                self.fragments.push(fragment, moment, &mut done);
                for whole in done {
                    self.take_whole(&whole, nesting);
                }
            }
            Packet::Resolution(resolution) => {
                self.judging.note(Fact::Resolution(*resolution, moment));
            }
            Packet::Other => {}
        }
    }

    /// Takes a packet that was put together of fragments.
    fn take_whole(&mut self, whole: &Whole, nesting: u8) {
        /// Fragments of tunnels in tunnels.
        const MAX_NESTING: u8 = 4;

        match decode_whole(whole) {
            Ok(packet) if nesting < MAX_NESTING => {
                self.take_packet(&packet, whole.moment, nesting.saturating_add(1));
            }
            Ok(_) => self.seen.undecoded(Undecoded::TooManyTunnels, whole.moment),
            Err(reason) => self.seen.undecoded(reason, whole.moment),
        }
    }

    fn take_segment(&mut self, segment: &Segment<'_>, moment: Moment) {
        let located = self.table.locate(segment, moment, &mut self.displaced);
        if asks_or_answers(segment.flags) {
            self.judging.note(Fact::Attempt {
                flags: segment.flags,
                from: segment.source,
                to: segment.destination,
                moment,
                is_known: located.is_known,
            });
        }
        let place = located.place;
        if segment.flags.syn() && is_visited(segment.destination.port) {
            self.visiting.insert(place);
        }
        if !located.is_done {
            self.take_into_connection(segment, moment, place);
        }
        while let Some(entry) = self.displaced.pop() {
            self.settle(entry);
        }
    }

    /// Takes a segment of a connection that is being set up.
    fn take_into_connection(&mut self, segment: &Segment<'_>, moment: Moment, mut place: Place) {
        let roles_known = self
            .table
            .entry(place)
            .is_none_or(|entry| entry.connection.roles_known);
        if !roles_known && begins_client_hello(segment.payload) {
            if place.from == Side::Server {
                place = self.table.swap_roles(place);
            }
            if let Some(entry) = self.table.entry(place) {
                entry.connection.roles_known = true;
            }
        }
        if let Some(entry) = self.table.entry(place) {
            if let Some(dialogues) = &self.config.extensions.dialogues {
                entry.session.expect(dialogues, entry.connection.server);
            }
            let before = self.judging.before(&entry.milestones);
            entry.accept(place.from, segment, moment, &mut self.budget);
            let connection = &entry.connection;
            let milestones = &entry.milestones;
            self.judging
                .reached(ends(connection), milestones, before, self.extent.first);
            for message in entry.session.take_messages() {
                let (from, to) = match message.from {
                    Side::Client => (connection.client, connection.server),
                    Side::Server => (connection.server, connection.client),
                };
                self.judging.note(Fact::Message {
                    from,
                    to,
                    bytes: message.bytes,
                    moment: message.moment,
                });
            }
            if entry.session.is_over() || is_closed(entry) {
                self.settle_at(place);
            }
        }
    }

    /// Notes the app of a connection that is being set up, where it is the first to be named.
    fn take_app(&mut self, segment: &Segment<'_>, name: &str) {
        let place = self.table.find(segment.source, segment.destination);
        if let Some(entry) = place.and_then(|place| self.table.entry(place)) {
            entry.session.note_app(name);
        }
    }

    fn take_error(&mut self, error: &IcmpError, moment: Moment) {
        const TCP: u8 = 6;
        self.judging.note(Fact::Error(*error, moment));
        if error.protocol != TCP {
            return;
        }
        let Some(place) = self.table.find(error.source, error.destination) else {
            return;
        };
        if let Some(entry) = self.table.entry(place) {
            entry.connection.note_unreachable(Unreachable {
                moment,
                kind: error.kind,
                reporter: error.reporter,
            });
        }
    }

    /// Settles the connections of which nothing was seen for `max_idle`.
    fn expire(&mut self, now: Timestamp, max_idle: Span) {
        let swept = *self.swept.get_or_insert(now);
        if now.since(swept) < max_idle.percent(10) {
            return;
        }
        self.swept = Some(now);
        let before = now.plus(Span::ZERO.minus(max_idle));
        self.table.expire(before, &mut self.displaced);
        while let Some(entry) = self.displaced.pop() {
            self.settle(entry);
        }
    }

    /// Shows the visits that are not over, as they are.
    fn note_open_visits(&mut self) {
        let mut open = Vec::new();
        self.visiting.retain(|&place| {
            let Some(entry) = self.table.entry(place) else {
                return false;
            };
            let exchange = entry.session.exchange();
            if let Some(exchange) = exchange {
                open.push(visit(
                    &entry.connection,
                    &entry.milestones,
                    exchange.clone(),
                ));
            }
            exchange.is_some()
        });
        self.judging.here().companions.visits.show(open);
    }

    fn settle_at(&mut self, place: Place) {
        if let Some(entry) = self.table.settle(place) {
            self.settle(entry);
        }
    }

    /// Keeps of a connection what the report needs.
    fn settle(&mut self, mut entry: Box<Entry<Session>>) {
        let before = self.judging.before(&entry.milestones);
        entry.flush(&mut self.budget);
        let over = Over {
            entry,
            latest: self.extent.latest,
            before,
        };
        self.judging
            .settle(over, &self.extent, &mut self.table.spare);
    }
}

/// Whether no more can come of a connection: it was reset, or closed by both sides.
fn is_closed(entry: &Entry<Session>) -> bool {
    let has = |milestone| entry.milestones.has(milestone);
    let reset = has(Milestone::ClientRst) || has(Milestone::ServerRst);
    reset || (has(Milestone::ClientFin) && has(Milestone::ServerFin))
}
