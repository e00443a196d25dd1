use super::*;
use crate::damaged;
use crate::rng::Rng;

fn scenario(wire: &str) -> Result<Scenario, ScenarioError> {
    Scenario::parse(&format!("title = \"test\"\nwire = '''\n{wire}'''\n"))
}

const STORY: &str = r#"
0.000 client > resolver dns A mail.example id=5
+0.02 resolver > client dns A mail.example id=5 -> alias=mx.example 203.0.113.25
0.100 client > server syn lost
1.100 client > server again
1.180 server > client syn-ack
1.180 client > server ack
1.181 server > client text "220 hello\r\n"
1.182 client > server client-hello sni=mail.example alpn=h2,http/1.1 tls1.3 pq lost=1
1.183 server > client ack
1.382 client > server again segment=1
1.470 server > client server-flight tls1.3 chain=3000 order=2,1,3
1.471 router > server icmp too-big mtu=1300
1.472 client > server client-finished tls1.3
1.473 client > resolver dns PTR 25.113.0.203.in-addr.arpa edns
1.474 client > server app 100 unseen
1.475 server > client window 0
1.476 client > server fin
1.477 server > client rst  # and that was that
"#;

#[test]
fn a_story_becomes_frames_in_the_order_of_its_lines() {
    let scenario = scenario(STORY).unwrap();
    // The pq hello and the certificates take two and three more segments than lines; one line
    // is unseen.
    let times: Vec<_> = scenario
        .wire
        .frames()
        .iter()
        .map(|frame| frame.time.saturating_sub(crate::DEFAULT_START).as_millis())
        .collect();
    let expected = [
        0, 20, 100, 1100, 1180, 1180, 1181, 1182, 1182, 1183, 1382, 1470, 1470, 1470, 1471, 1472,
        1473, 1475, 1476, 1477,
    ];
    assert_eq!(times, expected);
}

#[test]
fn expectations_are_read_and_those_that_end_in_a_dash_forbid_a_family() {
    let text = r#"
        title = "x"
        wire = "0 client > server syn"
        stalls = 1
        [[expect]]
        server = "203.0.113.25:465"
        cause = "syn-lost"
        wait_s = 1.5
        never = ["reverse-dns-", "server-slow"]
    "#;
    let scenario = Scenario::parse(text).unwrap();
    assert_eq!(scenario.stalls, Some(1));
    let expectation = &scenario.expect[0];
    assert_eq!(expectation.cause.as_deref(), Some("syn-lost"));
    assert!(expectation.forbids("reverse-dns-slow") && expectation.forbids("server-slow"));
    assert!(!expectation.forbids("server-slower") && !expectation.forbids("syn-lost"));
}

#[test]
fn a_mistake_is_named_with_its_line() {
    let cases = [
        ("0 client > server syn losst", "losst"),
        ("0 client > sever syn", "sever"),
        ("0 client > resolver syn", "no port"),
        ("nan client > server syn", "no time"),
        ("-1 client > server syn", "no time"),
        ("1e300 client > server syn", "no time"),
        ("0 client server syn", "TIME FROM > TO STEP"),
        ("0 client > server jump", "jump"),
        ("0 client > server", "the step is missing"),
        ("0 client > server again", "nothing to send"),
        ("0 client > server app 99999999999", "99999999999"),
        ("0 client > server app 10 lost=2", "segment"),
        ("0 client > server app 10 unseen=2", "segment"),
        ("0 client > server app 10 order=2,1", "segment"),
        ("0 client > server app 4000 order=2,1", "3 segments"),
        ("0 client > server bytes 0g", "hexadecimal"),
        ("0 client > server bytes \u{e9}", "hexadecimal"),
        ("0 client > server again segment=0", "did not send"),
        ("0 client > resolver dns FOO a", "FOO"),
        ("0 resolver > client dns A a ->", "NODATA"),
        ("0 resolver > client dns A a -> b", "no answer"),
        ("0 router > server icmp port-unreachable", "sent nothing"),
    ];
    for (line, reason) in cases {
        let error = scenario(&format!("0 client > server ack\n{line}\n")).unwrap_err();
        assert_eq!(error.line, Some(4), "{line}: {error}");
        assert!(error.message.contains(reason), "{line}: {error}");
    }
}

#[test]
fn a_key_that_is_not_known_is_an_error_with_its_line() {
    let error = Scenario::parse("title = \"x\"\nwire = \"\"\nstals = 0\n").unwrap_err();
    assert_eq!(error.line, Some(3));
    let error = Scenario::parse("title = \"x\"\nwire = \"\"\n[[expect]]\ncase = \"y\"\n");
    assert_eq!(error.unwrap_err().line, Some(4));
}

#[test]
fn a_second_syn_of_the_same_hosts_begins_a_connection_of_its_own() {
    let scenario = scenario(
        "0 client > server syn\n1 server > client refuse\n2 client > server syn\n\
         3 server > client syn-ack\n",
    )
    .unwrap();
    let seq = |index: usize| scenario.wire.frames()[index].data[24..28].to_vec();
    assert_ne!(seq(0), seq(2));
}

#[test]
fn without_a_syn_the_lower_port_is_the_servers() {
    let scenario = scenario("0 server > client app 10\n1 client > server app 10\n").unwrap();
    let frames = scenario.wire.frames();
    // The client's acknowledgement: what the server has sent by then, record header and all.
    let ack = u32::from_be_bytes(frames[1].data[28..32].try_into().unwrap());
    let seq = u32::from_be_bytes(frames[0].data[24..28].try_into().unwrap());
    assert_eq!(ack, seq.wrapping_add(15));
}

#[test]
fn the_ttl_tells_at_which_end_the_capture_was_made() {
    for (by, ttl) in [("client", 64), ("server", 55)] {
        let text =
            format!("title = \"x\"\ncaptured_by = \"{by}\"\nwire = \"0 client > server syn\"\n");
        let scenario = Scenario::parse(&text).unwrap();
        assert_eq!(scenario.wire.frames()[0].data[8], ttl);
    }
}

#[test]
fn a_snaplen_cuts_and_pcapng_is_written_where_asked_for() {
    let text = "title = \"x\"\nformat = \"pcapng\"\nlink = \"sll2\"\nsnaplen = 64\n\
                wire = \"0 client > server app 1000\"\n";
    let scenario = Scenario::parse(text).unwrap();
    assert_eq!(scenario.wire.frames()[0].data.len(), 64);
    assert_eq!(scenario.capture()[..4], [0x0a, 0x0d, 0x0d, 0x0a]);
}

#[test]
fn no_damage_to_a_scenario_makes_it_panic() {
    let text = format!("title = \"test\"\nlink = \"sll\"\nwire = '''{STORY}'''\n");
    let mut rng = Rng::new(1);
    let mut told = 0;
    for _ in 0..1500 {
        let bytes = damaged(text.as_bytes(), &mut rng);
        let result = Scenario::parse(&String::from_utf8_lossy(&bytes));
        told += usize::from(result.is_ok());
    }
    // Else the damage is too rough to reach the steps.
    assert!(told > 50, "{told}");
}
