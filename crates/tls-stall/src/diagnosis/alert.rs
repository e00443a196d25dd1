//! Handshakes that ended in an alert.

use super::{Candidate, Case, Check, Cover, Exhibit, Opinion};
use crate::report::{Cause, Party, Phase};
use crate::tcp::Side;
use crate::timeline::Failure;
use crate::tls::{Alert, AlertContent, meaning};

pub(super) fn consider(case: &Case<'_>, opinions: &mut Vec<Opinion>) {
    if case.failure != Some(Failure::Alert) {
        return;
    }
    let candidate = match case.setup.ending_alert() {
        Some(alert) => match alert.content {
            AlertContent::Clear { description, .. } => clear(case, &alert, description),
            AlertContent::Encrypted => encrypted(case, &alert),
        },
        None => return,
    };
    opinions.push(Opinion::Holds(Box::new(candidate)));
}

fn clear(case: &Case<'_>, alert: &Alert, description: u8) -> Candidate {
    let (name, text) = match meaning(description) {
        Some((name, meaning)) => (name.to_owned(), format!(": {meaning}")),
        None => (format!("number {description}"), String::new()),
    };
    let what = format!("the alert {name} ({description})");
    let summary = format!(
        "{} ended the handshake with {what}{text}.",
        sender(case, alert)
    );
    let check = Check::necessary("fatal-alert", true, format!("{name} in the clear, fatal"));
    candidate(
        case,
        alert,
        summary,
        remedy(case, alert, description),
        &what,
        vec![check],
    )
}

fn encrypted(case: &Case<'_>, alert: &Alert) -> Candidate {
    let who = sender(case, alert);
    let at = match (alert.from, case.wait.phase) {
        (Side::Client, Phase::ClientFinished) => {
            "after the server's certificate: most likely the client did not accept it"
        }
        (Side::Client, _) => "before the handshake was complete",
        (Side::Server, Phase::ServerFinished) => {
            "after the client's Finished: most likely it did not accept the client's certificate, or could not verify its Finished"
        }
        (Side::Server, _) => "within or right after its own flight",
    };
    let remedy = match alert.from {
        Side::Client => format!(
            "Look at the log of the client on {}: it knows the reason. Check the certificate of {}: \
             its name, its dates, its chain, and whether the client knows its issuer.",
            case.setup.client.ip, case.setup.server
        ),
        Side::Server => format!(
            "Look at the log of {}: it knows the reason.",
            case.setup.server
        ),
    };
    let summary = format!(
        "{who} ended the handshake with an encrypted alert, whose kind is not visible, {at}."
    );
    let misses_frames = [Side::Client, Side::Server]
        .into_iter()
        .any(|side| case.setup.unseen(side).is_some());
    let checks = vec![
        if misses_frames {
            let detail = "frames are missing: it may be the rest of another record";
            Check::necessary("length-of-an-alert", None, detail)
        } else {
            Check::necessary("length-of-an-alert", true, "no other record is as short")
        },
        Check::supporting("kind-visible", false, "it is encrypted"),
    ];
    candidate(case, alert, summary, remedy, "an encrypted alert", checks)
}

fn candidate(
    case: &Case<'_>,
    alert: &Alert,
    summary: String,
    remedy: String,
    what: &str,
    checks: Vec<Check>,
) -> Candidate {
    let (waiting_on, who) = match alert.from {
        Side::Client => (Party::Client, "client"),
        Side::Server => (Party::Server, "server"),
    };
    Candidate {
        cause: Cause::TlsAlert,
        waiting_on,
        // It tells why the handshake failed, and not what took the time before.
        cover: if case.wait.stalled {
            Cover::none()
        } else {
            case.whole()
        },
        summary,
        remedy,
        evidence: vec![Exhibit::of(
            alert.from,
            alert.at,
            format!("the {who} sends {what}"),
        )],
        checks,
        is_fallback: false,
        lookups: Vec::new(),
        subject: None,
    }
}

fn sender(case: &Case<'_>, alert: &Alert) -> String {
    match alert.from {
        Side::Client => format!("The client {}", case.setup.client.ip),
        Side::Server => case.setup.server.to_string(),
    }
}

/// What to do about alert `description`.
fn remedy(case: &Case<'_>, alert: &Alert, description: u8) -> String {
    let setup = case.setup;
    let (sender, peer) = match alert.from {
        Side::Client => (
            format!("the client {}", setup.client.ip),
            setup.server.to_string(),
        ),
        Side::Server => (
            setup.server.to_string(),
            format!("the client {}", setup.client.ip),
        ),
    };
    let name = setup.server_name();
    let called = name.map_or_else(
        || "The client gave no server name (SNI): let it give one".to_owned(),
        |name| format!("The client asked for \"{name}\": check that name"),
    );
    let at_the_end = matches!(
        case.wait.phase,
        Phase::ServerFinished | Phase::ClientFinished
    );
    match description {
        40 if alert.from == Side::Server && at_the_end => format!(
            "Look at the log of {sender}: after the client's flight it is most often the client's \
             certificate that is missing or not accepted."
        ),
        40 | 71 => format!(
            "Compare the cipher suites, groups and signature algorithms of the ClientHello with \
             what {sender} is set to; {called}, and that the server has a certificate that fits."
        ),
        70 | 86 => format!(
            "Compare the versions of TLS: {peer} and {sender} are set to ranges that do not meet. \
             Update the older of the two, or allow what it offers."
        ),
        48 => format!(
            "Give {sender} the certificate of the authority that issued the one of {peer}, or let \
             {peer} send its intermediate certificates; openssl s_client -showcerts shows the chain."
        ),
        42 | 43 | 44 | 46 => format!(
            "Look at the log of {sender} for what it did not accept in the certificate of {peer}: \
             its name, its issuer, its key or its revocation."
        ),
        45 => format!("Renew the certificate of {peer}, and check the clock of {sender}."),
        112 => format!("{called}, and that {sender} has a certificate for it."),
        116 | 41 => format!(
            "Give {peer} a client certificate that {sender} accepts, or let {sender} not demand one."
        ),
        120 => format!(
            "Compare the protocols that {peer} offers in ALPN with those that {sender} speaks."
        ),
        109 | 110 => format!(
            "{called}; {sender} and {peer} differ in the extensions that they know: update the \
             older of the two."
        ),
        115 => format!("Compare the pre-shared keys of {sender} and {peer}."),
        80 => format!("Look at the log of {sender}: the fault lies there."),
        49 => format!("Look at the rules of {sender} for whom it lets in."),
        _ => format!(
            "Look at the logs of {sender} and of {peer}: the one did not accept what the other sent."
        ),
    }
}
