//! A receiver whose window was shut: its program did not read.

use super::{Candidate, Case, Check, Cover, Exhibit, Opinion};
use crate::report::{Cause, Party, Phase};
use crate::tcp::Side;

pub(super) fn consider(case: &Case<'_>, opinions: &mut Vec<Opinion>) {
    let wait = case.wait;
    // Who is to send in this phase, and cannot.
    let sender = match wait.phase {
        Phase::ClientHello if case.awaits_rest_of_client_hello() => Side::Client,
        Phase::ClientFinished => Side::Client,
        Phase::ServerHello | Phase::ServerFlight | Phase::ServerFinished => Side::Server,
        _ => return,
    };
    let setup = case.setup;
    let side = sender.peer();
    let Some((shut, length)) = setup.passage(sender).longest_shut(wait.from, wait.to) else {
        return;
    };
    let (receiver, sender) = match sender {
        Side::Client => (setup.server.to_string(), "client"),
        Side::Server => (setup.client.to_string(), "server"),
    };
    let until = shut.until.unwrap_or(wait.to).min(wait.to);
    let total = wait.duration();
    if length < total.percent(50) {
        let because = format!("the window was shut for no more than {length} of {total}");
        opinions.push(Opinion::ruled_out(Cause::ZeroWindow, because));
        return;
    }
    let probes = match shut.probes {
        0 => String::new(),
        1 => "; it asked once whether it could".to_owned(),
        many => format!("; it asked {many} times whether it could"),
    };
    let mut evidence = vec![Exhibit::of(side, shut.since, "the window is shut (0)")];
    evidence.extend(
        shut.until
            .map(|at| Exhibit::of(side, at, "the window is open again")),
    );
    let candidate = Candidate {
        cause: Cause::ZeroWindow,
        waiting_on: Party::Network,
        cover: Cover::between(shut.since.max(wait.from).time, until.time),
        summary: format!(
            "The window of {receiver} was shut for {length}: its program did not read what had \
             come, and the {sender} could send no more{probes}."
        ),
        remedy: format!(
            "Find out why the program at {receiver} does not read: it hangs, is overloaded, or its \
             receive buffer is too small for what the {sender} sends."
        ),
        evidence,
        checks: vec![
            Check::necessary(
                "window-shut",
                true,
                format!("shut from frame {}", shut.since.frame),
            ),
            Check::strong(
                "covers-the-wait",
                length >= total.percent(80),
                format!("it was shut for {length} of {total}"),
            ),
        ],
        is_fallback: false,
        lookups: Vec::new(),
        subject: None,
    };
    opinions.push(Opinion::Holds(Box::new(candidate)));
}
