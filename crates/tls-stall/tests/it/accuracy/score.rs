//! Counts verdicts against labels.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use tls_stall::{Cause, Confidence, Connection, Finding};
use tls_stall_check::{Entry, Expectation};

use super::NAIVE_CAUSE;

/// What stands for a cause where there is no stall.
pub(super) const NO_STALL: &str = "no stall";

/// The verdicts on all captures, counted.
#[derive(Debug, Default)]
pub(super) struct Score {
    /// Captures that were judged.
    pub(super) captures: usize,
    /// Captures without a stall or a failure, and how many of them are told as such.
    pub(super) healthy: usize,
    pub(super) told_healthy: usize,
    /// By the name of the true cause, or [`NO_STALL`].
    pub(super) by_cause: BTreeMap<String, Count>,
    /// How often each cause was the verdict, right or wrong.
    pub(super) told: BTreeMap<String, usize>,
    /// Verdicts that are not the truth: what is true, what was told, and in which captures.
    pub(super) confused: BTreeMap<(String, String), Vec<String>>,
    pub(super) by_confidence: BTreeMap<Confidence, Count>,
    /// Whether a capture holds a wait for [`NAIVE_CAUSE`], as tls-stall says.
    pub(super) by_capture: Yes,
    /// The same as the naive rule says.
    pub(super) by_naive_rule: Yes,
}

/// What became of a number of waits.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count {
    /// All.
    pub(super) due: usize,
    pub(super) right: usize,
    /// Only who was silent was told, and not why.
    pub(super) abstained: usize,
    /// No stall and no failure was told.
    pub(super) missed: usize,
    pub(super) wrong: usize,
}

/// The answers to one question about each capture.
#[derive(Debug, Default)]
pub(super) struct Yes {
    /// How often yes is the truth.
    pub(super) due: usize,
    pub(super) right: usize,
    /// Where yes was wrong: the capture, and what is true of it.
    pub(super) wrong: Vec<(String, String)>,
}

/// What a verdict is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worth {
    Right,
    Abstained,
    Missed,
    Wrong,
}

impl Count {
    fn add(&mut self, worth: Worth) {
        self.due += 1;
        *match worth {
            Worth::Right => &mut self.right,
            Worth::Abstained => &mut self.abstained,
            Worth::Missed => &mut self.missed,
            Worth::Wrong => &mut self.wrong,
        } += 1;
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.due += other.due;
        self.right += other.right;
        self.abstained += other.abstained;
        self.missed += other.missed;
        self.wrong += other.wrong;
    }
}

impl Yes {
    fn add(&mut self, said: bool, truth: bool, capture: &Entry) {
        self.due += usize::from(truth);
        match (said, truth) {
            (true, true) => self.right += 1,
            (true, false) => self.wrong.push((capture.path.clone(), causes(capture))),
            (false, _) => {}
        }
    }
}

impl Score {
    /// Counts what `connections` say of `capture`, and what the naive rule says.
    pub(super) fn add(&mut self, capture: &Entry, connections: &[Connection], naive: bool) {
        self.captures += 1;
        let mut rest: Vec<&Connection> = connections.iter().collect();
        for expected in &capture.expect {
            let at = find(&rest, expected);
            let verdict = at.and_then(|at| rest.remove(at).findings.first());
            self.count(
                &capture.path,
                expected.cause.name(),
                verdict,
                worth(expected, verdict),
            );
        }
        // Whatever else is told to have stalled has not.
        rest.retain(|connection| connection.stalled);
        for connection in &rest {
            let verdict = connection.findings.first();
            self.count(&capture.path, NO_STALL, verdict, Worth::Wrong);
        }
        if capture.expect.is_empty() {
            self.healthy += 1;
            self.told_healthy += usize::from(rest.is_empty());
        }
        let truth = capture
            .expect
            .iter()
            .any(|it| it.cause.name() == NAIVE_CAUSE);
        let verdicts = connections.iter().filter_map(|it| it.findings.first());
        let said = verdicts.filter(|it| it.cause.name() == NAIVE_CAUSE).count() > 0;
        self.by_capture.add(said, truth, capture);
        self.by_naive_rule.add(naive, truth, capture);
    }

    fn count(&mut self, path: &str, truth: &str, verdict: Option<&Finding>, worth: Worth) {
        self.by_cause
            .entry(truth.to_owned())
            .or_default()
            .add(worth);
        let mut told = NO_STALL.to_owned();
        if let Some(verdict) = verdict {
            verdict.cause.name().clone_into(&mut told);
            *self.told.entry(told.clone()).or_default() += 1;
            let confidence = verdict.confidence;
            self.by_confidence.entry(confidence).or_default().add(worth);
        }
        if worth != Worth::Right {
            if told == truth {
                told.push_str(" of another wait or party");
            }
            let captures = self.confused.entry((truth.to_owned(), told)).or_default();
            captures.push(path.to_owned());
        }
    }
}

/// The connection that `expected` is about: to the same server, rather one with the same wait.
fn find(connections: &[&Connection], expected: &Expectation) -> Option<usize> {
    let of_server =
        |connection: &&Connection| expected.names(connection) && !connection.findings.is_empty();
    let has_wait = |connection: &&Connection| {
        let mut waits = connection.waits.iter();
        waits.any(|wait| expected.is_between(wait))
    };
    let mut places = connections.iter();
    places
        .position(|it| of_server(it) && has_wait(it))
        .or_else(|| connections.iter().position(of_server))
}

fn worth(expected: &Expectation, verdict: Option<&Finding>) -> Worth {
    let Some(verdict) = verdict else {
        return Worth::Missed;
    };
    if verdict.cause == expected.cause && expected.has_phase_of(verdict) {
        Worth::Right
    } else if names_a_silence(verdict.cause) && !names_a_silence(expected.cause) {
        Worth::Abstained
    } else {
        Worth::Wrong
    }
}

/// Whether `cause` says who was silent, and not why.
fn names_a_silence(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::ClientIdle | Cause::ServerSlow | Cause::ServerSilent
    )
}

/// What is true of `capture`, in words.
fn causes(capture: &Entry) -> String {
    let mut causes: Vec<&str> = capture.expect.iter().map(|it| it.cause.name()).collect();
    causes.dedup();
    match causes.as_slice() {
        [] => NO_STALL.to_owned(),
        causes => causes.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use tls_stall::{Endpoint, Outcome, Party, Phase};
    use tls_stall_check::Expectations;

    use super::*;

    fn capture(cause: &str) -> Entry {
        let label = format!(
            "[[capture]]\npath = 'a.pcap'\n[[capture.expect]]\n\
             server = '203.0.113.25:465'\ncause = '{cause}'\nphase = 'client_hello'\n\
             waiting_on = 'client'\nfrom_frame = 3\nto_frame = 9\nconfidence = 'high'"
        );
        Expectations::parse(&label).unwrap().entries.remove(0)
    }

    fn stalled(cause: Cause, phase: Phase) -> Connection {
        let end = |ip: [u8; 4], port| Endpoint {
            ip: ip.into(),
            port,
        };
        let (client, server) = (end([10, 8, 0, 1], 40000), end([203, 0, 113, 25], 465));
        let mut connection = Connection::new(0, client, server, Outcome::Established);
        connection.stalled = true;
        let finding = Finding::new(cause, phase, Party::Client, Confidence::High);
        connection.findings.push(finding);
        connection
    }

    /// What becomes of a wait for `truth` in which `told` is found.
    fn count(truth: &str, told: &[Connection]) -> Count {
        let mut score = Score::default();
        score.add(&capture(truth), told, false);
        score.by_cause[truth]
    }

    #[test]
    fn a_verdict_is_right_only_with_the_cause_and_the_phase() {
        let right = stalled(Cause::ReverseDnsUnanswered, Phase::ClientHello);
        assert_eq!(count(NAIVE_CAUSE, &[right]).right, 1);
        let phase = stalled(Cause::ReverseDnsUnanswered, Phase::ServerHello);
        assert_eq!(count(NAIVE_CAUSE, &[phase]).wrong, 1);
        let cause = stalled(Cause::ReverseDnsSlow, Phase::ClientHello);
        assert_eq!(count(NAIVE_CAUSE, &[cause]).wrong, 1);
    }

    #[test]
    fn a_silence_in_place_of_a_cause_is_no_wrong_verdict_and_a_cause_for_a_silence_is() {
        let idle = stalled(Cause::ClientIdle, Phase::ClientHello);
        assert_eq!(count(NAIVE_CAUSE, &[idle]).abstained, 1);
        let blamed = stalled(Cause::ReverseDnsUnanswered, Phase::ClientHello);
        assert_eq!(count("client-idle", &[blamed]).wrong, 1);
        assert_eq!(count("client-idle", &[]).missed, 1);
    }

    #[test]
    fn a_stall_that_is_not_in_the_labels_is_a_wrong_verdict() {
        let mut score = Score::default();
        let right = stalled(Cause::ReverseDnsUnanswered, Phase::ClientHello);
        let more = stalled(Cause::ServerSlow, Phase::ServerHello);
        score.add(&capture(NAIVE_CAUSE), &[right, more], true);
        assert_eq!(score.by_cause[NO_STALL].wrong, 1);
        assert_eq!(score.by_confidence[&Confidence::High].wrong, 1);
        assert_eq!((score.by_naive_rule.due, score.by_naive_rule.right), (1, 1));
    }
}
