//! What is told in `scenarios/`: the wire, and the verdict that is due.

use std::fs;
use std::path::Path;

use testkit::scenario::{Expectation, Scenario};
use tls_stall::Connection;

use super::{analyze, confidence, told};

#[test]
fn every_scenario_gets_its_verdict() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut wrong = Vec::new();
    let mut count = 0;
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|it| it.unwrap().path())
        .collect();
    files.sort();
    for file in files {
        let scenario = Scenario::parse(&fs::read_to_string(&file).unwrap()).unwrap();
        let analysis = analyze(&scenario.capture());
        count += 1;
        let mut faults = Vec::new();
        if let Some(stalls) = scenario.stalls
            && u64::try_from(stalls).unwrap() != analysis.summary.stalled
        {
            faults.push(format!(
                "{stalls} stalls due, {} found",
                analysis.summary.stalled
            ));
        }
        for code in &scenario.notices {
            if !analysis
                .notices
                .iter()
                .any(|notice| notice.code.name() == code)
            {
                faults.push(format!("no notice {code}"));
            }
        }
        for expected in &scenario.expect {
            let found = analysis
                .connections
                .iter()
                .find(|it| is_meant(it, expected));
            faults.extend(fault(&scenario, found, expected));
        }
        if !faults.is_empty() {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            let told = told(&analysis.connections);
            wrong.push(format!(
                "{name} ({}): {}{told}",
                scenario.title,
                faults.join("; ")
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {count} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn is_meant(connection: &Connection, expected: &Expectation) -> bool {
    let server = expected
        .server
        .as_ref()
        .is_none_or(|it| *it == connection.server.to_string());
    let stream = expected
        .tcp_stream
        .is_none_or(|it| u64::from(it) == connection.tcp_stream);
    let name = expected.server_name.is_none() || expected.server_name == connection.server_name;
    server && stream && name
}

/// What is wrong with the connection that was found; a healthy one is not in the report.
fn fault(
    scenario: &Scenario,
    found: Option<&Connection>,
    expected: &Expectation,
) -> Option<String> {
    let stalled = expected.stalled.unwrap_or(expected.cause.is_some());
    let Some(connection) = found else {
        return (stalled || expected.cause.is_some()).then(|| "it is not reported".to_owned());
    };
    if let Some(forbidden) = connection
        .findings
        .iter()
        .find(|finding| scenario_forbids(scenario, finding.cause.name()))
        && forbidden.confidence > tls_stall::Confidence::Low
    {
        return Some(format!("{} is blamed", forbidden.cause));
    }
    if expected
        .stalled
        .is_some_and(|stalled| stalled != connection.stalled)
    {
        return Some(format!("stalled is {}", connection.stalled));
    }
    if let Some(outcome) = &expected.outcome
        && connection.outcome.name() != outcome
    {
        return Some(format!(
            "its outcome is {}, {outcome} is due",
            connection.outcome
        ));
    }
    let verdict = connection.findings.first();
    let Some(cause) = &expected.cause else {
        return None;
    };
    let Some(verdict) = verdict else {
        return Some("it has no finding".to_owned());
    };
    let differs = |what: &str, due: &Option<String>, is: &str| {
        due.as_ref()
            .filter(|due| *due != is)
            .map(|due| format!("{what} is {is}, {due} is due"))
    };
    let frames: Vec<u64> = verdict.evidence.iter().map(|it| it.frame.get()).collect();
    (verdict.cause.name() != cause)
        .then(|| format!("the cause is {}, {cause} is due", verdict.cause))
        .or_else(|| differs("the phase", &expected.phase, verdict.phase.name()))
        .or_else(|| {
            differs(
                "waiting_on",
                &expected.waiting_on,
                verdict.waiting_on.name(),
            )
        })
        .or_else(|| {
            let least = expected.confidence.as_deref().map(confidence);
            let most = expected.confidence_at_most.as_deref().map(confidence);
            let within = least.is_none_or(|least| verdict.confidence >= least)
                && most.is_none_or(|most| verdict.confidence <= most);
            (!within).then(|| format!("the confidence is {}", verdict.confidence))
        })
        .or_else(|| {
            let due = expected.wait_s?;
            let is = verdict.wait.as_secs_f64();
            ((is - due).abs() >= 0.000_5).then(|| format!("the wait is {is} s, {due} s is due"))
        })
        .or_else(|| {
            let missing = expected
                .evidence
                .iter()
                .find(|frame| !frames.contains(frame))?;
            Some(format!(
                "frame {missing} is not among the evidence {frames:?}"
            ))
        })
}

fn scenario_forbids(scenario: &Scenario, cause: &str) -> bool {
    scenario
        .expect
        .iter()
        .any(|expected| expected.forbids(cause))
}
