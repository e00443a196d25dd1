//! The captures of `testdata` against their expectations, as they are and doctored.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is a failure"
)]

use std::fs;
use std::path::{Path, PathBuf};

use tls_stall::{CaptureReport, analyze_reader};
use tls_stall_check::{
    Change, DifferenceKind, Entry, Expectations, Revision, Verdict, verify_unlisted,
};

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata")
}

fn text() -> String {
    fs::read_to_string(testdata().join("tls-stall.toml")).unwrap()
}

fn read(expectations: &Expectations, entry: Option<&Entry>, path: &str) -> CaptureReport {
    let bytes = fs::read(testdata().join(path)).unwrap();
    analyze_reader(path, bytes.as_slice(), &expectations.config(entry)).unwrap()
}

/// What comes of the first entry of `toml`.
fn verdict(toml: &str) -> Verdict {
    let expectations = Expectations::parse(toml).unwrap();
    let entry = &expectations.entries[0];
    entry.verify(&read(&expectations, Some(entry), &entry.path))
}

fn kinds(verdict: &Verdict) -> Vec<DifferenceKind> {
    match verdict {
        Verdict::Differs(differences) => differences.iter().map(|it| it.kind).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn every_labelled_capture_is_as_expected() {
    let expectations = Expectations::parse(&text()).unwrap();
    assert!(expectations.entries.len() > 250);
    for entry in &expectations.entries {
        let verdict = entry.verify(&read(&expectations, Some(entry), &entry.path));
        assert!(
            matches!(verdict, Verdict::AsExpected | Verdict::KnownToDiffer { .. }),
            "{}: {verdict:?}",
            entry.path
        );
    }
}

#[test]
fn what_is_labelled_wrongly_differs() {
    let path = "[[capture]]\npath = 'origin/phone-on-3g.pcap'\n";
    let wrong = |rest: &str| kinds(&verdict(&format!("{path}{rest}")));
    let server = "[[capture.expect]]\nserver = '203.0.113.25:465'\n";
    let cause = |cause: &str| format!("{server}cause = '{cause}'\n");
    assert_eq!(wrong(&cause("reverse-dns-unanswered")), []);
    assert_eq!(wrong("stalls = 0"), [DifferenceKind::StallCount]);
    assert_eq!(wrong(""), [DifferenceKind::UnexpectedStall]);
    assert_eq!(
        wrong(&cause("reverse-dns-slow")),
        [DifferenceKind::ExpectationNotMet],
        "the stall is told once, with the expectation that it does not meet"
    );
    let twice = cause("reverse-dns-unanswered").repeat(2);
    assert_eq!(wrong(&twice), [DifferenceKind::ExpectationNotMet]);
    assert_eq!(
        wrong("stalls = 1\nmax_wait = { client_hello = '20s' }"),
        [DifferenceKind::WaitTooLong]
    );
    let mark = format!("not_yet = 'x'\n{}", cause("reverse-dns-unanswered"));
    assert_eq!(wrong(&mark), [DifferenceKind::NoLongerDiffers]);
}

#[test]
fn healthy_connections_are_held_to_limits_and_nothing_else() {
    let path = "[[capture]]\npath = 'origin/phone-on-wifi.pcap'\nstalls = 0\n";
    let limit = |most: &str| verdict(&format!("{path}max_wait = {{ client_hello = '{most}' }}"));
    assert_eq!(limit("200ms"), Verdict::AsExpected);
    assert!(kinds(&limit("1ms")).contains(&DifferenceKind::WaitTooLong));
}

#[test]
fn nothing_may_stall_in_a_capture_without_an_entry() {
    let none = Expectations::default();
    let of = |path| verify_unlisted(&read(&none, None, path));
    assert_eq!(of("origin/phone-on-wifi.pcap"), Verdict::AsExpected);
    let stalled = of("origin/phone-on-3g.pcap");
    assert_eq!(kinds(&stalled), [DifferenceKind::UnexpectedStall]);
    assert_eq!(of("recorded/connect-refused.pcap"), Verdict::AsExpected);
}

#[test]
fn a_revision_of_what_holds_is_the_same_text() {
    let text = text();
    let mut revision = Revision::of(Some(&text)).unwrap();
    for entry in revision.expectations().clone().entries {
        let capture = read(revision.expectations(), Some(&entry), &entry.path);
        assert_eq!(revision.take(&entry.path, &capture), Change::Kept);
    }
    assert_eq!(revision.to_string(), text);
}

#[test]
fn a_revision_mends_what_differs_keeps_comments_and_adds_what_is_missing() {
    let old = "# mine\n[[capture]] # first\npath = 'origin/phone-on-3g.pcap'\nstalls = 0 # why\n";
    let mut revision = Revision::of(Some(old)).unwrap();
    let paths = [
        "origin/phone-on-3g.pcap",
        "origin/phone-on-3g.pcapng",
        "origin/phone-on-wifi.pcap",
    ];
    let captures = paths.map(|path| read(&Expectations::default(), None, path));
    let changes: Vec<Change> = paths
        .iter()
        .zip(&captures)
        .map(|(path, capture)| revision.take(path, capture))
        .collect();
    assert_eq!(changes, [Change::Changed, Change::Added, Change::Added]);
    let new = revision.to_string();
    for kept in ["# mine\n", "# first\n", "stalls = 1 # why\n"] {
        assert!(new.contains(kept), "{new}");
    }
    let expectations = Expectations::parse(&new).unwrap();
    for (entry, capture) in expectations.entries.iter().zip(&captures) {
        assert_eq!(entry.verify(capture), Verdict::AsExpected, "{new}");
    }
    assert_eq!(expectations.entries[1].expect.len(), 1, "{new}");
}

#[test]
fn what_is_excluded_is_a_folder_with_all_that_is_in_it_or_a_pattern_of_names() {
    let toml = "exclude = ['old/', '*.bak.pcap', 'new/**/tmp']";
    let expectations = Expectations::parse(toml).unwrap();
    for excluded in [
        "old",
        "old/a.pcap",
        "old/deep/er/a.pcap",
        "a.bak.pcap",
        "new/x/y/tmp/a.pcap",
    ] {
        assert!(expectations.excludes(excluded), "{excluded}");
    }
    for checked in ["older/a.pcap", "x/old/a.pcap", "x/a.bak.pcap", "a.pcap"] {
        assert!(!expectations.excludes(checked), "{checked}");
    }
    let mistake = Expectations::parse("exclude = ['[']").unwrap_err();
    assert!(mistake.to_string().starts_with("1:12: "), "{mistake}");
}

#[test]
fn failures_are_counted_where_their_number_is_told() {
    let refused = "[[capture]]\npath = 'recorded/connect-refused.pcap'\nstalls = 0\n";
    let of = |rest: &str| verdict(&format!("{refused}{rest}"));
    assert_eq!(of(""), Verdict::AsExpected, "further ones are allowed");
    assert_eq!(of("failures = 1"), Verdict::AsExpected);
    assert_eq!(kinds(&of("failures = 0")), [DifferenceKind::FailureCount]);
    assert_eq!(kinds(&of("failures = 2")), [DifferenceKind::FailureCount]);
}

#[test]
fn a_port_on_which_tls_is_expected_is_told_for_all_captures() {
    let toml = "tls_ports = [4433, 8443]\n[[capture]]\npath = 'a'\n";
    let expectations = Expectations::parse(toml).unwrap();
    let entry = expectations.entries.first();
    assert_eq!(expectations.config(entry).tls_ports, [4433, 8443]);
    assert_eq!(expectations.config(None).tls_ports, [4433, 8443]);
    let beyond = Expectations::parse("tls_ports = [65536]").unwrap_err();
    assert!(beyond.to_string().starts_with("1:"), "{beyond}");
    assert!(Expectations::parse("tls_ports = [0]").is_err());
}

#[test]
fn a_mistake_is_told_with_its_line_and_column() {
    let told = |toml: &str| Expectations::parse(toml).unwrap_err().to_string();
    let twice = "[[capture]]\npath = 'a'\n[[capture]]\npath = './a'\n";
    assert_eq!(told(twice), "3:1: \"a\" has an entry already, in line 1");
    assert!(told("[[capture]]\npath = 'a'\nstall = 1").starts_with("3:1: unknown key `stall`"));
    let expect = "[[capture]]\npath = 'a'\n[[capture.expect]]\nserver = '::1'\n";
    let cause = told(&format!("{expect}cause = 'syn'"));
    assert_eq!(
        cause,
        "5:9: \"syn\": no cause; \"tls-stall explain\" lists all"
    );
    let both = told(&format!("{expect}cause = 'syn'\nconfidence = 'sure'"));
    assert_eq!(both.lines().count(), 2, "none hides another: {both}");
    let limit = told("[[capture]]\npath = 'a'\nmax_wait = { hello = '1s' }");
    assert!(
        limit.starts_with("3:14: \"hello\": not one of name_resolution"),
        "{limit}"
    );
    let count = told(&format!(
        "{}cause = 'syn-lost'",
        expect.replace("'a'\n", "'a'\nstalls = 0\n")
    ));
    assert_eq!(count, "3:10: stalls is 0, and expect names 1");
}
