use super::*;
use crate::decode::Endpoint;
use crate::notice::{Notice, NoticeCode};
use crate::report::{
    Analysis, Cause, Confidence, Connection, Evidence, Lookup, LookupQuery, Options, Outcome,
    Party, Phase, Source, SourceFile, Way,
};
use crate::time::{FrameNumber, Span};

fn end(ip: &str, port: u16) -> Endpoint {
    let ip = ip.parse().unwrap();
    Endpoint { ip, port }
}

/// A document of one connection from `client` to `server`, with a finding that says `sentences`.
fn document(client: &str, server: &str, sentences: &[&str]) -> Document {
    let (client, server) = (end(client, 41234), end(server, 465));
    let mut connection = Connection::new(0, client, server, Outcome::NoClientHello);
    connection.server_name = Some("SMTP.secret.org".to_owned());
    let mut finding = Finding::new(
        Cause::ClientIdle,
        Phase::ClientHello,
        Party::Client,
        Confidence::Low,
    );
    for sentence in sentences {
        let evidence = Evidence::new(FrameNumber::MIN, Span::ZERO, Way::UNKNOWN, *sentence);
        finding.evidence.push(evidence);
    }
    connection.findings.push(finding);
    let mut analysis = Analysis::default();
    analysis.connections.push(connection);
    let options = Options {
        stall_threshold: Span::from_secs(1),
    };
    let capture = CaptureReport::new(Source::new("/home/anna/smtp.pcap", "pcap"), analysis);
    Document::new(options, vec![capture])
}

fn connection(document: &Document) -> &Connection {
    &document.captures[0].analysis.connections[0]
}

fn sentences(document: &Document) -> Vec<&str> {
    let evidence = &connection(document).findings[0].evidence;
    evidence.iter().map(|it| it.message.as_str()).collect()
}

/// What becomes of `sentence` in a document about `client` and `server`.
fn redacted(client: &str, server: &str, sentence: &str) -> String {
    let document = document(client, server, &[sentence]).redacted();
    sentences(&document)[0].to_owned()
}

#[test]
fn an_address_stays_of_its_kind_wherever_it_stands() {
    for (client, server, expected) in [
        ("192.168.7.9", "80.1.2.3", "10.0.0.1 203.0.113.1"),
        ("fd12::7", "2a00:1::9", "fd00::1 2001:db8::1"),
        ("fe80::7", "169.254.7.7", "fe80::1 169.254.1.1"),
        ("100.64.9.9", "100.128.0.1", "100.64.0.1 203.0.113.1"),
        ("127.0.0.1", "::1", "127.0.0.1 ::1"),
        ("239.1.1.1", "ff05::9", "233.252.0.1 ff02::db8:0:1"),
    ] {
        let sentence = format!("{client} {server}");
        let document = document(client, server, &[&sentence]).redacted();
        assert_eq!(sentences(&document), [expected]);
        let ends = [connection(&document).client, connection(&document).server];
        assert_eq!(format!("{} {}", ends[0].ip, ends[1].ip), expected);
    }
}

#[test]
fn what_stood_in_the_document_stands_for_nothing() {
    let sentence = "203.0.113.1 asked 203.0.113.2, host1.example asked host2.example";
    assert_eq!(
        redacted("203.0.113.3", "10.0.0.1", sentence),
        "203.0.113.5 asked 203.0.113.6, host4.example asked host5.example"
    );
}

#[test]
fn punctuation_ports_and_brackets_stay_around_an_address() {
    let say = |sentence| redacted("192.168.7.9", "2a00:1::9", sentence);
    assert_eq!(say("to 192.168.7.9:25."), "to 10.0.0.1:25.");
    assert_eq!(say("192.168.7.9:25: no"), "10.0.0.1:25: no");
    assert_eq!(say("[2a00:1::9]:443?"), "[2001:db8::1]:443?");
    assert_eq!(say("dig -x 2a00:1::9."), "dig -x 2001:db8::1.");
    assert_eq!(say("(192.168.7.9's)"), "(10.0.0.1's)");
    assert_eq!(say("fe80::"), "fe80::1");
}

#[test]
fn a_reverse_name_stays_that_of_its_address() {
    let say = |sentence| redacted("192.168.7.9", "80.1.2.3", sentence);
    assert_eq!(
        say("PTR 3.2.1.80.in-addr.arpa: no"),
        "PTR 1.113.0.203.in-addr.arpa: no"
    );
    assert_eq!(say("PTR 2.1.80.in-addr.arpa"), "PTR net1.in-addr.arpa");
    let nibbles = "9".to_owned() + &".0".repeat(27) + ".0.0.a.2.ip6.arpa";
    let of_six = redacted("::1", "2a00::9", &nibbles);
    assert_eq!(
        of_six,
        "1".to_owned() + &".0".repeat(23) + ".8.b.d.0.1.0.0.2.ip6.arpa"
    );
}

#[test]
fn an_address_within_another_is_the_same_in_both() {
    let sentence = "64:ff9b::5001:203 ::ffff:80.1.2.3";
    assert_eq!(
        redacted("10.1.1.1", "80.1.2.3", sentence),
        "64:ff9b::cb00:7101 ::ffff:203.0.113.1"
    );
}

#[test]
fn a_name_is_replaced_known_or_not_and_in_any_case() {
    let say = |sentence| redacted("10.1.1.1", "80.1.2.3", sentence);
    assert_eq!(say("ask smtp.secret.org."), "ask host1.example.");
    assert_eq!(say("ask Smtp.Secret.Org:25"), "ask host1.example:25");
    assert_eq!(
        say("other.org, 3.2.1.80.zen.list"),
        "host2.example, host3.example"
    );
    assert_eq!(say("printer.local"), "host2.local");
    assert_eq!(say("02:1c:42:00:9a:ff"), "02:00:00:00:00:01");
}

#[test]
fn words_of_ours_stay() {
    for sentence in [
        "frame.number in {1,2,73}",
        "tcp.stream eq 2",
        "28.000 s of 28.000 s: TLS 1.2, HTTP/1.1",
        "an ICMP error (\"fragmentation needed\") says so: the client's turn - or not.",
        "Timeout.ident=0 and smtpd_peername_lookup=no",
    ] {
        assert_eq!(redacted("10.1.1.1", "80.1.2.3", sentence), sentence);
    }
}

#[test]
fn the_words_of_a_host_are_left_out_whatever_they_hold() {
    let say = |sentence| redacted("10.1.1.1", "80.1.2.3", sentence);
    assert_eq!(
        say("it refuses: \"550 you, anna, are on a list\". Ask."),
        "it refuses: \"…\". Ask."
    );
    assert_eq!(say("it says \"a\" b \"c\" d"), "it says \"…\" d");
    assert_eq!(say("it says \"a"), "it says \"…");
    assert_eq!(
        say("it says the bytes 61 6e 6e 61: why"),
        "it says the bytes …: why"
    );
    assert_eq!(
        say("asked for \"smtp.secret.org\""),
        "asked for \"host1.example\""
    );
}

#[test]
fn names_without_a_dot_and_with_odd_characters_are_replaced_where_they_are_known() {
    let mut document = document(
        "10.1.1.1",
        "80.1.2.3",
        &[
            "the host wpad, not wpads",
            "it asked for anna's (phone): no",
        ],
    );
    document.captures[0].analysis.names = vec!["wpad".to_owned(), "anna's (phone)".to_owned()];
    let document = document.redacted();
    assert_eq!(
        sentences(&document),
        ["the host host2, not wpads", "it asked for host3: no"]
    );
}

#[test]
fn a_lookup_an_app_and_a_resolver_are_replaced() {
    let mut document = document("10.1.1.1", "80.1.2.3", &["com.bank.app asked"]);
    let analysis = &mut document.captures[0].analysis;
    analysis.connections[0].app = Some("com.bank.app".to_owned());
    let resolver = IpAddr::from([9, 9, 9, 9]);
    let mut lookup = Lookup::new("smtp.secret.org", "A", [10, 1, 1, 1].into());
    let query = LookupQuery::new(FrameNumber::MIN, Span::ZERO, resolver, 7);
    lookup.queries.push(query);
    analysis.lookups.push(lookup);
    let document = document.redacted();
    let lookup = &document.captures[0].analysis.lookups[0];
    assert_eq!(connection(&document).app.as_deref(), Some("app1"));
    assert_eq!(sentences(&document), ["app1 asked"]);
    assert_eq!(
        Some(&lookup.name),
        connection(&document).server_name.as_ref()
    );
    assert_eq!(lookup.queries[0].resolver.to_string(), "203.0.113.2");
}

#[test]
fn files_are_numbered_in_notices_too() {
    let mut document = document("10.1.1.1", "80.1.2.3", &[]);
    let mut merged = document.captures[0].clone();
    merged.source.path = "a … b (2 files)".to_owned();
    for path in ["/anna/a.pcap", "/anna/a.pcap.1"] {
        merged.source.files.push(SourceFile::new(path, "pcap"));
    }
    let message = "/anna/a.pcap.1: reading stopped: no";
    let notice = Notice::new(NoticeCode::CaptureCutShort, None, message);
    merged.analysis.notices.push(notice);
    document.captures.push(merged);
    let document = document.redacted();
    assert_eq!(document.captures[0].source.path, "capture1");
    let merged = &document.captures[1];
    assert_eq!(merged.source.path, "capture2 … capture3 (2 files)");
    assert_eq!(merged.source.files[1].path, "capture3");
    assert_eq!(
        merged.analysis.notices[0].message,
        "capture3: reading stopped: no"
    );
}

#[test]
fn more_addresses_than_the_documentation_has_still_differ() {
    let mut substitutes = Substitutes::default();
    let mut seen = std::collections::BTreeSet::new();
    for n in 0..3000_u32 {
        let address = std::net::Ipv4Addr::from(0x5000_0000 + n).into();
        assert!(seen.insert(substitutes.address(address)), "{n}");
    }
}
