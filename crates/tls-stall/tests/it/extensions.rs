//! Causes and dialogues of the caller's own, from a capture to the report.

use testkit::scenario::Scenario;
use tls_stall::{
    CaseView, Cause, CauseFamily, Check, Confidence, Config, Connection, CustomCause, Evidence,
    Explanation, FrameNumber, Party, Phase, Reply, Span, StarttlsDialogue, Way, analyze_reader,
};

use super::told;

const BACKUP: CustomCause = CustomCause::new(
    "backup-window",
    "# backup-window\n\nThe nightly backup was running.\n",
)
.expect("a name of its own");

/// A server that takes 4 s to answer the ClientHello.
const SLOW_SERVER: &str = "title = \"slow\"
wire = '''
0.0  client > server  syn
0.1  server > client  syn-ack
0.1  client > server  ack
0.1  client > server  client-hello sni=shop.example
0.2  server > client  ack
4.2  server > client  server-flight
4.3  client > server  client-finished
4.4  server > client  server-finished
4.5  client > server  app 10
'''
";

fn capture(scenario: &str) -> Vec<u8> {
    Scenario::parse(scenario).unwrap().capture()
}

fn connections(scenario: &str, config: &Config) -> Vec<Connection> {
    let report = analyze_reader("a capture", capture(scenario).as_slice(), config).unwrap();
    report.analysis.connections
}

fn explained(scenario: &str, family: impl CauseFamily + 'static) -> Connection {
    let mut config = Config::default();
    config.add_family(family);
    connections(scenario, &config).remove(0)
}

/// Explains each wait by what a function makes of it.
#[derive(Debug)]
struct By(fn(&CaseView<'_>) -> Vec<Explanation>);

impl CauseFamily for By {
    fn consider(&self, case: &CaseView<'_>) -> Vec<Explanation> {
        (self.0)(case)
    }
}

fn backup(case: &CaseView<'_>) -> Explanation {
    let explanation = Explanation::new(BACKUP, Party::Server, "The backup ran.", "Move it.");
    explanation.covering(case.begin(), case.end())
}

#[test]
fn a_proven_cause_of_the_callers_own_goes_before_the_silence() {
    let connection = explained(
        SLOW_SERVER,
        By(|case| {
            let is_slow = case.wait().phase == Phase::ServerHello;
            assert_eq!(
                case.connection().server_name.as_deref(),
                Some("shop.example")
            );
            vec![backup(case).necessary("server-is-slow", is_slow, "it owes the ServerHello")]
        }),
    );
    assert_eq!(connection.findings.len(), 1, "{}", told(&[connection]));
    let verdict = &connection.findings[0];
    assert_eq!(verdict.cause, Cause::Custom(BACKUP));
    assert_eq!(verdict.confidence, Confidence::High);
    assert_eq!(verdict.explained, verdict.wait);
    assert_eq!(verdict.waiting_on, Party::Server);
    let ruled_out: Vec<Cause> = verdict.ruled_out.iter().map(|it| it.cause).collect();
    assert!(ruled_out.contains(&Cause::ServerSlow), "{ruled_out:?}");
}

#[test]
fn a_necessary_check_that_fails_rules_it_out_and_says_why() {
    let connection = explained(
        SLOW_SERVER,
        By(|case| vec![backup(case).necessary("at-night", false, "it is noon")]),
    );
    let verdict = &connection.findings[0];
    assert_eq!(verdict.cause, Cause::ServerSlow);
    let out = verdict
        .ruled_out
        .iter()
        .find(|it| it.cause.name() == "backup-window");
    assert_eq!(out.map(|it| it.because.as_str()), Some("it is noon"));
}

#[test]
fn without_a_necessary_check_nothing_is_certain() {
    let connection = explained(SLOW_SERVER, By(|case| vec![backup(case)]));
    assert_eq!(connection.findings[0].confidence, Confidence::Medium);
}

#[test]
fn without_time_that_it_accounts_for_the_silence_stays_beside_it() {
    let connection = explained(
        SLOW_SERVER,
        By(|_| {
            let said = Explanation::new(BACKUP, Party::Server, "It ran.", "Move it.");
            vec![said.necessary("at-night", true, "")]
        }),
    );
    let causes: Vec<Cause> = connection.findings.iter().map(|it| it.cause).collect();
    assert!(causes.contains(&Cause::ServerSlow), "{causes:?}");
}

/// Whatever a family says, the report stays one: bounded, and of this capture.
#[test]
fn nonsense_does_not_break_the_report() {
    let connection = explained(
        SLOW_SERVER,
        By(|case| {
            let frame = |number| FrameNumber::new(number).unwrap();
            let mut said = Explanation::new(BACKUP, Party::Resolver, "", "x".repeat(100_000))
                .covering(Span::from_secs(-50), Span::from_nanos(i64::MAX))
                .covering(case.end(), case.begin())
                .with_evidence(Evidence::new(
                    frame(u64::MAX),
                    Span::ZERO,
                    Way::UNKNOWN,
                    "beyond the end",
                ))
                .with_evidence(Evidence::new(
                    frame(1),
                    Span::from_nanos(i64::MIN),
                    Way::TO_SERVER,
                    "\u{202e}",
                ))
                .necessary("", true, "y".repeat(100_000));
            for _ in 0..1000 {
                said = said.strong("again", None, "");
            }
            vec![said; 1000]
        }),
    );
    let ours: Vec<_> = connection
        .findings
        .iter()
        .filter(|it| it.cause == Cause::Custom(BACKUP))
        .collect();
    assert_eq!(ours.len(), 8);
    for finding in ours {
        assert_eq!(finding.summary, "The nightly backup was running.");
        assert_eq!(finding.remedy.chars().count(), 2001);
        assert_eq!(finding.confidence, Confidence::Low);
        assert!(finding.explained <= finding.wait);
        assert!(finding.evidence.iter().all(|it| it.frame.get() <= 9));
        assert!(finding.checks.len() <= 64);
        assert!(
            finding
                .checks
                .iter()
                .all(|it: &Check| it.detail.chars().count() <= 2001)
        );
    }
    // What is only possible comes after who was silent.
    assert_eq!(connection.findings[0].cause, Cause::ServerSlow);
}

#[test]
fn a_failure_is_reported_though_a_cause_of_the_callers_own_goes_before_it() {
    let reset = "title = \"reset\"
wire = '''
0.0  client > server  syn
0.1  server > client  syn-ack
0.1  client > server  ack
0.1  client > server  client-hello sni=shop.example
0.2  server > client  rst
'''
";
    let family = By(|case| vec![backup(case).necessary("always", true, "")]);
    let mut config = Config::default();
    config.add_family(family);
    // By its TTL, which begins at 255 and not at 64 as the server's, a host at the server's distance
    // made the reset, and may be another one.
    let mut bytes = capture(reset);
    let ttl = bytes.len() - 40 + 8;
    assert_eq!(bytes[ttl], 55);
    bytes[ttl] = 255 - 9;
    let report = analyze_reader("a capture", bytes.as_slice(), &config).unwrap();
    let connection = &report.analysis.connections[0];
    assert!(!connection.stalled);
    let causes: Vec<Cause> = connection.findings.iter().map(|it| it.cause).collect();
    assert_eq!(causes.first(), Some(&Cause::Custom(BACKUP)), "{causes:?}");
    assert!(causes.contains(&Cause::ResetOnClientHello), "{causes:?}");
}

/// The lookups that a family sees, and refers to, are in the report.
#[test]
fn a_lookup_that_is_referred_to_is_reported() {
    let scenario = "title = \"a lookup\"
wire = '''
0.0  client > server    syn
0.1  server > client    syn-ack
0.1  client > server    ack
0.1  client > server    client-hello sni=shop.example
0.2  server > client    ack
0.3  server > resolver  dns A inventory.example id=7
4.1  resolver > server  dns A inventory.example -> 192.0.2.1 id=7
4.2  server > client    server-flight
'''
";
    let family = By(|case| {
        let lookups = case.lookups(case.connection().server.ip, case.begin(), case.end());
        let lookup = lookups
            .into_iter()
            .find(|it| it.name == "inventory.example");
        let lookup = lookup.expect("the server asked for it");
        vec![
            backup(case)
                .necessary("asked", true, "")
                .with_lookup(lookup),
        ]
    });
    let mut config = Config::default();
    config.add_family(family);
    let report = analyze_reader("a capture", capture(scenario).as_slice(), &config).unwrap();
    let names: Vec<&str> = report
        .analysis
        .lookups
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    assert!(names.contains(&"inventory.example"), "{names:?}");
}

/// IRC as the servers of old start TLS in it: the client speaks first, 670 is the go-ahead.
#[derive(Debug)]
struct Irc;

impl StarttlsDialogue for Irc {
    fn name(&self) -> &'static str {
        "irc"
    }

    fn ports(&self) -> &'static [u16] {
        &[6667]
    }

    fn server_speaks_first(&self) -> bool {
        false
    }

    fn is_greeting(&self, line: &[u8]) -> bool {
        line.starts_with(b"CAP LS") || line.starts_with(b"NICK ")
    }

    fn is_request(&self, line: &[u8]) -> bool {
        line.eq_ignore_ascii_case(b"STARTTLS")
    }

    fn reply(&self, line: &[u8], requested: bool) -> Reply {
        match line.split(|&byte| byte == b' ').nth(1) {
            Some(b"670") if requested => Reply::GoAhead,
            Some(b"691") => Reply::Refusal,
            _ => Reply::Other,
        }
    }
}

/// A protocol in which the server speaks first.
#[derive(Debug)]
struct Gate;

impl StarttlsDialogue for Gate {
    fn name(&self) -> &'static str {
        "gate"
    }

    fn is_greeting(&self, line: &[u8]) -> bool {
        line.starts_with(b"GATE/1")
    }

    fn is_request(&self, line: &[u8]) -> bool {
        line == b"SECURE"
    }

    fn reply(&self, line: &[u8], _: bool) -> Reply {
        match line {
            b"YES" => Reply::GoAhead,
            b"NO" => Reply::Refusal,
            _ => Reply::Other,
        }
    }
}

fn dialogue(port: u16, lines: &str) -> String {
    format!(
        "title = \"a dialogue\"
wire = '''
0.0  client > server  syn
0.1  server > client  syn-ack
0.1  client > server  ack
{lines}
'''
[hosts]
server = \"203.0.113.25:{port}\"
"
    )
}

#[test]
fn a_client_that_waits_after_the_go_ahead_of_a_dialogue_of_the_callers_own_is_idle() {
    let lines = "0.2  client > server  text \"STARTTLS\\r\\n\"
0.3  server > client  text \":irc.example 670 * :STARTTLS successful\\r\\n\"
3.3  client > server  client-hello sni=irc.example
3.4  server > client  server-flight
3.5  client > server  client-finished
3.6  server > client  server-finished
3.7  client > server  app 100";
    let mut config = Config::default();
    config.add_dialogue(&Irc);
    let found = connections(&dialogue(6667, lines), &config);
    assert_eq!(found.len(), 1, "{}", told(&found));
    let verdict = &found[0].findings[0];
    assert_eq!(found[0].protocol.as_deref(), Some("irc"));
    assert_eq!(verdict.cause, Cause::ClientIdle);
    assert_eq!(verdict.phase, Phase::ClientHello);
    assert_eq!(verdict.wait, Span::from_secs(3));
}

#[test]
fn the_same_dialogue_is_unknown_to_who_does_not_add_it() {
    let lines = "0.2  client > server  text \"STARTTLS\\r\\n\"
0.3  server > client  text \":irc.example 670 * :STARTTLS successful\\r\\n\"
3.3  client > server  client-hello sni=irc.example";
    let found = connections(&dialogue(6667, lines), &Config::default());
    assert!(found.iter().all(|it| it.protocol.as_deref() != Some("irc")));
}

#[test]
fn a_greeting_tells_a_dialogue_on_any_port_and_its_refusal_ends_it() {
    let lines = "0.2  server > client  text \"GATE/1 ready\\r\\n\"
0.3  client > server  text \"SECURE\\r\\n\"
0.4  server > client  text \"NO\\r\\n\"
0.5  server > client  fin";
    let mut config = Config::default();
    config.add_dialogue(&Irc);
    config.add_dialogue(&Gate);
    let found = connections(&dialogue(7777, lines), &config);
    assert_eq!(found.len(), 1, "{}", told(&found));
    assert_eq!(found[0].protocol.as_deref(), Some("gate"));
    assert_eq!(found[0].findings[0].cause, Cause::ServerRejected);
}

/// The protocols that are known keep their greetings, whoever else claims them.
#[test]
fn a_dialogue_that_knows_nothing_changes_nothing() {
    #[derive(Debug)]
    struct Deaf;

    impl StarttlsDialogue for Deaf {
        fn name(&self) -> &'static str {
            ""
        }

        fn is_greeting(&self, _: &[u8]) -> bool {
            false
        }

        fn is_request(&self, _: &[u8]) -> bool {
            false
        }

        fn reply(&self, _: &[u8], _: bool) -> Reply {
            Reply::Other
        }
    }

    let lines = "0.2  server > client  text \"220 mail.example ESMTP\\r\\n\"
0.3  client > server  text \"STARTTLS\\r\\n\"
0.4  server > client  text \"220 go\\r\\n\"
3.3  client > server  client-hello sni=mail.example";
    let scenario = dialogue(25, lines);
    let mut config = Config::default();
    config.add_dialogue(&Deaf);
    assert_eq!(
        connections(&scenario, &config),
        connections(&scenario, &Config::default())
    );
}

/// A configuration is a value: it can be compared, and its copies are equal.
#[test]
fn configurations_are_equal_where_they_share_what_was_added() {
    let mut config = Config::default();
    config.add_family(By(|_| Vec::new()));
    config.add_dialogue(&Irc);
    assert_eq!(config, config.clone());
    assert_ne!(config, Config::default());
    let mut other = Config::default();
    other.add_family(By(|_| Vec::new()));
    other.add_dialogue(&Irc);
    assert_ne!(config, other);
}
