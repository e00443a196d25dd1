//! From finished connections to the report.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::iter;

use super::extent::Extent;
use super::judge::Judge;
use super::settled::longest;
use crate::diagnosis::{self, Case, Scene};
use crate::milestone::Milestone;
use crate::redact::is_recognised;
use crate::report::{
    self, Analysis, At, Cause, Connection, EndedBy, Finding, Identity, Phase, Summary,
};
use crate::time::{Span, Timestamp};
use crate::timeline::{Setup, Wait, failure, outcome, waits};
use crate::tls::Version;

/// Builds the report, connection by connection.
pub(super) struct Reporter<'a> {
    judge: &'a Judge,
    extent: &'a Extent,
    scene: Scene<'a>,
    connections: Vec<Connection>,
    /// The lookups that findings refer to.
    used: BTreeSet<u64>,
    summary: Summary,
}

impl<'a> Reporter<'a> {
    pub(super) fn new(judge: &'a Judge, extent: &'a Extent) -> Self {
        let first_frame = extent
            .first
            .map_or(Timestamp::from_nanos(0), |moment| moment.time);
        Self {
            judge,
            extent,
            scene: Scene {
                first_frame,
                frames: extent.frames,
                families: &judge.config.extensions.families,
                lookups: &judge.lookups,
                worked: &judge.settled.worked,
                visits: &judge.companions.visits,
                capture: &judge.quality,
            },
            connections: Vec::new(),
            used: BTreeSet::new(),
            summary: Summary::default(),
        }
    }

    /// Adds a connection to the counts and, where it is to be shown, to the report.
    pub(super) fn add(&mut self, setup: &Setup) {
        let config = &self.judge.config;
        let end = self.extent.latest.unwrap_or(setup.last);
        let mut waits = waits(setup, end, config.stall_threshold);
        self.end_given_up(setup, &mut waits);
        let is_tls = self.judge.settled.is_tls(setup, config);
        if !is_tls {
            if config.keep_all {
                for wait in &mut waits {
                    wait.stalled = false;
                }
                let mut connection = self.connection(setup, &waits, Vec::new());
                connection.is_tls = false;
                self.connections.push(connection);
            }
            return;
        }
        let findings = self.explain(setup, &mut waits);
        self.summary.tls_connections = self.summary.tls_connections.saturating_add(1);
        self.summary.longest_wait = self.summary.longest_wait.max(longest(&waits));
        let stalled = waits.iter().any(|wait| wait.stalled);
        self.summary.stalled = self.summary.stalled.saturating_add(stalled.into());
        // Where a cause of the caller's own goes before it, the failure is one nonetheless.
        let failed = findings
            .iter()
            .find(|finding| !matches!(finding.cause, Cause::Custom(_)))
            .is_some_and(|finding| explains_failure(finding.cause));
        if let Some(verdict) = findings.first().filter(|_| stalled || failed) {
            let count = self.summary.causes.entry(verdict.cause).or_insert(0);
            *count = count.saturating_add(1);
        }
        if stalled || failed || config.keep_all {
            self.connections
                .push(self.connection(setup, &waits, findings));
        }
    }

    /// The connections that are to be shown, and the counts of all that were added.
    pub(super) fn into_connections(self) -> (Vec<Connection>, Summary) {
        (self.connections, self.summary)
    }

    /// The report of the whole capture, which has so many `connections`: of what was added, and of
    /// what was told before.
    pub(super) fn finish(mut self, connections: u64) -> Analysis {
        let (judge, extent) = (self.judge, self.extent);
        let counted = judge.settled.counted();
        self.summary.add(&judge.told);
        self.summary.add(&Summary {
            connections,
            tls_connections: counted.connections,
            stalled: counted.stalled,
            longest_wait: counted.longest,
            ..Summary::default()
        });
        let first = self.scene.first_frame;
        let lookups = judge
            .lookups
            .all()
            .iter()
            .filter(|lookup| judge.config.keep_all || self.used.contains(&lookup.number))
            .map(|lookup| lookup.report(first))
            .collect();
        let names = self.names();
        Analysis {
            link_types: extent.link_types.iter().map(ToString::to_string).collect(),
            frames: extent.frames,
            decoded_frames: extent.decoded_frames,
            first_frame_time: extent.first.map(|moment| moment.time),
            duration: extent
                .latest
                .map_or(Span::ZERO, |latest| latest.time.since(first)),
            notices: Vec::new(),
            summary: self.summary,
            connections: self.connections,
            lookups,
            names,
        }
    }

    /// The names that sentences may hold and that do not look like names there.
    fn names(&self) -> Vec<String> {
        // Without findings there are no sentences.
        if self.connections.iter().all(|it| it.findings.is_empty()) {
            return Vec::new();
        }
        let judge = self.judge;
        let lookups = judge.lookups.all().iter();
        let looked_up = lookups.flat_map(|lookup| iter::once(&lookup.name).chain(&lookup.targets));
        let looked_up = looked_up.map(|name| Cow::Borrowed(name.as_str()));
        let readings = judge.settled.kept.iter().map(|setup| &setup.reading);
        let told = readings.flat_map(|reading| {
            let tunnel = reading.tunnel.as_ref();
            let upstream = tunnel.and_then(|tunnel| Some(&*tunnel.upstream.as_ref()?.host));
            reading.certificate_hosts.lines().chain(upstream)
        });
        let visits = judge.companions.visits.iter();
        let visited = visits.filter_map(|visit| diagnosis::host_of(&visit.exchange));
        let names = looked_up
            .chain(told.map(Cow::Borrowed))
            .chain(visited.map(Cow::Owned));
        let names: BTreeSet<Cow<'_, str>> = names.filter(|name| !is_recognised(name)).collect();
        names.into_iter().map(Cow::into_owned).collect()
    }

    /// Ends the wait of an attempt that its client gave up because a sibling to the same name was
    /// established.
    ///
    /// Such an attempt is no stall of its own, though it was answered in the end and then not used:
    /// what it cost, and what came before it, is told with the sibling.
    fn end_given_up(&self, setup: &Setup, waits: &mut [Wait]) {
        let Some(wait) = waits.last_mut() else {
            return;
        };
        let is_unused = !setup.reading.is_tls && !setup.reading.has_cleartext;
        let may_be_given_up =
            wait.phase == Phase::TcpConnect || (wait.phase == Phase::ClientHello && is_unused);
        if !may_be_given_up || !wait.is_unfulfilled() {
            return;
        }
        let attempts = &self.judge.settled.attempts;
        let Some(sibling) = attempts.given_up(setup) else {
            return;
        };
        if setup
            .at(Milestone::Established)
            .is_some_and(|at| at < sibling)
        {
            return;
        }
        let is_open = matches!(wait.ended_by, EndedBy::EndOfCapture | EndedBy::Abandoned);
        if is_open && wait.phase == Phase::TcpConnect {
            wait.to = sibling.max(wait.from);
            wait.ended_by = EndedBy::Abandoned;
        }
        for wait in waits {
            wait.stalled = false;
        }
    }

    /// Explains the stalled waits, the longest first, and a failure or disuse that took no time.
    fn explain(&mut self, setup: &Setup, waits: &mut [Wait]) -> Vec<Finding> {
        let failed = failure(setup).and_then(|(failure, at)| {
            let index = waits.iter().rposition(|wait| wait.from <= at)?;
            Some((index, failure))
        });
        let has_families = !self.scene.families.is_empty();
        let reported = has_families.then(|| self.connection(setup, waits, Vec::new()));
        let mut diagnoses = Vec::new();
        for (index, wait) in waits.iter_mut().enumerate() {
            let failure = failed.and_then(|(at, failure)| (at == index).then_some(failure));
            let case = Case {
                setup,
                wait,
                failure,
                scene: &self.scene,
                reported: None,
                part: None,
            };
            let unused = diagnosis::is_unused(&case);
            if !(wait.stalled || unused || failure.is_some()) {
                continue;
            }
            // One that was never used is a note, and no wait that a cause could explain.
            let reported = reported.as_ref().filter(|_| !unused);
            let reported = reported.and_then(|it| Some((it, it.waits.get(index)?)));
            let diagnosis = diagnosis::diagnose(&Case { reported, ..case });
            let verdict = diagnosis.findings.first();
            if verdict.is_some_and(|verdict| verdict.cause == Cause::UnusedConnection) {
                wait.stalled = false;
            }
            self.used.extend(&diagnosis.lookups);
            diagnoses.push((wait.duration(), diagnosis.findings));
        }
        diagnoses.sort_by_key(|(length, _)| std::cmp::Reverse(*length));
        let (mut verdicts, mut others) = (Vec::new(), Vec::new());
        for (_, findings) in diagnoses {
            let mut findings = findings.into_iter();
            verdicts.extend(findings.next());
            others.extend(findings);
        }
        verdicts.extend(others);
        verdicts
    }

    pub(super) fn connection(
        &self,
        setup: &Setup,
        waits: &[Wait],
        findings: Vec<Finding>,
    ) -> Connection {
        let first = self.scene.first_frame;
        let protocol = match setup.reading.protocol {
            Some(protocol) => Some(protocol.name()).filter(|name| !name.is_empty()),
            None => setup.has(Milestone::ClientHello).then_some("tls"),
        };
        Connection {
            is_tls: true,
            tcp_stream: setup.stream,
            identity: Identity {
                client_isn: setup.client_isn,
                client_random: setup.reading.client_random,
            },
            client: setup.client,
            server: setup.server,
            server_name: setup.server_name().map(ToOwned::to_owned),
            app: self.app(setup),
            protocol: protocol.map(ToOwned::to_owned),
            tls_version: setup.reading.version.map(Version::name),
            irtt: setup.irtt,
            vantage: setup.vantage(),
            outcome: outcome(setup),
            milestones: setup
                .milestones
                .iter()
                .map(|(milestone, moment)| {
                    let (frame, time) = (moment.frame, moment.time.since(first));
                    (milestone, At::new(frame, time, setup.way(milestone)))
                })
                .collect(),
            waits: waits.iter().map(report_wait).collect(),
            stalled: waits.iter().any(|wait| wait.stalled),
            findings,
        }
    }

    fn app(&self, setup: &Setup) -> Option<String> {
        let app = self.judge.settled.apps.get(&setup.stream);
        app.map(|app| app.clone().into_string())
    }
}

/// Whether `cause` explains a handshake that failed, however long it took.
fn explains_failure(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::ConnectRefused
            | Cause::ProtocolMismatch
            | Cause::ServerRejected
            | Cause::ProxyTunnel
            | Cause::ResetOnClientHello
            | Cause::TlsAlert
    )
}

fn report_wait(wait: &Wait) -> report::Wait {
    report::Wait {
        phase: wait.phase,
        waiting_on: wait.waiting_on,
        from_frame: wait.from.frame,
        to_frame: wait.to.frame,
        duration: wait.duration(),
        ended_by: wait.ended_by,
        stalled: wait.stalled,
    }
}
