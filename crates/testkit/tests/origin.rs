//! The committed captures of `testdata/origin`, and what they must show.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::Path;
use std::time::Duration;

use testkit::dns::encode_name;
use testkit::{ACK, FIN, Frame, Link, RST, SYN, Wire, origin};

const UDP: u8 = 17;
const TCP: u8 = 6;

fn phone_on_3g() -> Wire {
    origin::phone_on_3g(Link::Raw)
}

/// The frame of that number.
fn frame(wire: &Wire, number: usize) -> &Frame {
    &wire.frames()[number - 1]
}

fn after(wire: &Wire, earlier: usize, later: usize) -> Duration {
    frame(wire, later)
        .time
        .checked_sub(frame(wire, earlier).time)
        .unwrap()
}

fn tcp_flags(frame: &Frame) -> u8 {
    assert_eq!(frame.data[9], TCP);
    frame.data[33]
}

/// The frames that ask for the name of the mail server's address, or answer.
fn of_the_reverse_name(wire: &Wire) -> Vec<usize> {
    let name = encode_name("25.113.0.203.in-addr.arpa");
    (1..=wire.frames().len())
        .filter(|&number| {
            let data = &frame(wire, number).data;
            data[9] == UDP && data.windows(name.len()).any(|window| window == name)
        })
        .collect()
}

#[test]
fn the_committed_files_are_what_the_builder_makes() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/origin");
    for (name, expected) in origin::files() {
        let committed = fs::read(directory.join(&name)).unwrap();
        assert!(
            committed == expected,
            "{name} differs: cargo run -p testkit --bin origin -- testdata/origin"
        );
    }
}

#[test]
fn the_frames_of_the_account_are_where_it_has_them() {
    let wire = phone_on_3g();
    assert_eq!(tcp_flags(frame(&wire, 46)), SYN);
    assert_eq!(tcp_flags(frame(&wire, 47)), SYN | ACK);
    assert_eq!(tcp_flags(frame(&wire, 48)), ACK);
    assert_eq!(of_the_reverse_name(&wire), [51, 53, 58, 68, 69, 72]);
    assert_eq!(tcp_flags(frame(&wire, 54)), FIN | ACK);
    // Record type, version 3.1; and after its header the type of a ClientHello.
    assert_eq!(frame(&wire, 73).data[40..43], [22, 3, 1]);
    assert_eq!(frame(&wire, 73).data[45], 1);
    assert_eq!(tcp_flags(frame(&wire, 74)), RST);
    assert_eq!(wire.frames().len(), 80);
}

#[test]
fn the_client_is_silent_for_28_seconds_and_the_queries_keep_the_resolvers_schedule() {
    let wire = phone_on_3g();
    assert_eq!(after(&wire, 48, 73), Duration::from_secs(28));
    let starts: Vec<_> = [53, 58, 68, 69, 72]
        .map(|number| after(&wire, 51, number).as_secs())
        .into();
    assert_eq!(starts, [5, 8, 14, 19, 22]);
    // The time since the stream's last packet misleads: a keep-alive came in between.
    assert_eq!(tcp_flags(frame(&wire, 71)), ACK);
    assert_eq!(after(&wire, 71, 73), Duration::from_millis(7800));
}

#[test]
fn the_queries_go_to_three_resolvers_with_one_id_and_the_server_is_in_no_answer() {
    let wire = phone_on_3g();
    let queries = of_the_reverse_name(&wire);
    let resolvers: Vec<u8> = queries
        .iter()
        .map(|&number| frame(&wire, number).data[19])
        .collect();
    assert_eq!(resolvers, [1, 2, 3, 1, 2, 3]);
    for &number in &queries {
        assert_eq!(frame(&wire, number).data[28..30], 48056_u16.to_be_bytes());
    }
    for frame in wire.frames().iter().filter(|frame| frame.data[9] == UDP) {
        assert!(!frame.data[20..].windows(4).any(|w| w == [203, 0, 113, 25]));
    }
}

#[test]
fn over_wifi_the_name_is_found_and_the_client_hello_follows() {
    let wire = origin::phone_on_wifi(Link::Raw);
    assert_eq!(tcp_flags(frame(&wire, 31)), ACK);
    assert_eq!(of_the_reverse_name(&wire), [32, 33]);
    assert_eq!(frame(&wire, 34).data[45], 1);
    assert_eq!(after(&wire, 31, 34), Duration::from_millis(20));
}

#[test]
fn time_never_runs_backwards() {
    for wire in [phone_on_3g(), origin::phone_on_wifi(Link::Raw)] {
        assert!(wire.frames().is_sorted_by_key(|frame| frame.time));
    }
}
