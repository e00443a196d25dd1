//! The page of reports made by hand.

use std::collections::BTreeSet;

use super::*;
use crate::example;

/// The text of `page` outside its tags; panics where it is not well-formed.
///
/// Checked is what a hostile text could break: every tag is closed by its own, every attribute
/// quoted, no sign of markup stands for itself.
pub(crate) fn well_formed(page: &str) -> String {
    const VOID: [&str; 2] = ["meta", "!DOCTYPE"];
    let (mut open, mut text, mut ids) = (Vec::new(), String::new(), BTreeSet::new());
    let (before, rest) = page.split_once("<style>").unwrap();
    let (_, after) = rest.split_once("</style>").unwrap();
    let page = format!("{before}{after}");
    let mut rest = page.as_str();
    while let Some((before, tag)) = rest.split_once('<') {
        assert!(!before.contains('>'), "a stray '>' in {before:?}");
        text.push_str(before);
        let (tag, after) = tag.split_once('>').expect("the tag is closed");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            let opened: Option<String> = open.pop();
            assert_eq!(opened.as_deref(), Some(name), "closed in the wrong order");
            continue;
        }
        let is_empty = tag.ends_with('/');
        let tag = tag.trim_end_matches('/');
        let tag = tag.strip_suffix(" open").unwrap_or(tag);
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(
            name.chars().all(|c| c.is_ascii_alphanumeric() || c == '!'),
            "{name}"
        );
        if name != "!DOCTYPE" {
            for (name, value) in attributes_of(attributes) {
                if name == "id" {
                    assert!(ids.insert(value.to_owned()), "the id {value} twice");
                }
                assert!(!name.starts_with("on") && name != "style", "{name}");
            }
        }
        if !is_empty && !VOID.contains(&name) {
            open.push(name.to_owned());
        }
    }
    assert!(open.is_empty(), "{open:?} are not closed");
    text.push_str(rest);
    text
}

/// Names and values of attributes that all are quoted, or have none.
fn attributes_of(mut text: &str) -> Vec<(&str, &str)> {
    let mut attributes = Vec::new();
    while !text.trim().is_empty() {
        let (name, rest) = text.trim_start().split_once("=\"").expect("a quoted value");
        assert!(
            name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'),
            "{name:?}"
        );
        let (value, rest) = rest.split_once('"').expect("the value is closed");
        attributes.push((name, value));
        text = rest;
    }
    attributes
}

fn of(connections: Vec<Connection>) -> String {
    render(&example::document(vec![example::capture(
        "all.pcap",
        connections,
    )]))
    .unwrap()
}

#[test]
fn a_report_of_several_connections_stays_as_it_is() {
    let mut connections = vec![
        example::healthy_connection(0),
        example::stalled_connection(),
    ];
    connections.extend((5..9).map(example::refused_connection));
    let page = of(connections);
    well_formed(&page);
    let (_, body) = page.split_once("</style>").unwrap();
    insta::assert_snapshot!(body);
}

#[test]
fn an_empty_document_is_a_page() {
    well_formed(&render(&example::document(Vec::new())).unwrap());
    let page = of(Vec::new());
    assert!(well_formed(&page).contains("No TLS connection in this capture"));
}

#[test]
fn several_captures_are_listed_first_and_do_not_share_a_target() {
    let capture = || example::capture("a.pcap", vec![example::stalled_connection()]);
    let page = render(&example::document(vec![capture(), capture()])).unwrap();
    well_formed(&page);
    assert!(page.contains("<a href=\"#capture-2\">a.pcap</a>"));
    assert!(page.contains("<title>tls-stall: 2 connections stalled in 2 captures</title>"));
}

#[test]
fn the_page_may_load_and_run_nothing() {
    let page = of(vec![example::stalled_connection()]);
    assert!(page.contains("default-src 'none'; style-src 'unsafe-inline'"));
    for loads in [
        "<script", "<img", "<link", "<iframe", "http:", "https:", "@import", "url(h",
    ] {
        assert!(!page.contains(loads), "{loads}");
    }
}

#[test]
fn headings_are_in_order_and_the_only_first_is_first() {
    let page = of(vec![
        example::stalled_connection(),
        example::healthy_connection(9),
    ]);
    let mut levels = page.match_indices("<h").filter_map(|(place, _)| {
        let level = page[place + 2..].chars().next()?;
        level.to_digit(10)
    });
    assert_eq!(levels.next(), Some(1));
    let mut earlier = 1;
    for level in levels {
        assert!(level > 1 && level <= earlier + 1, "{level} after {earlier}");
        earlier = level;
    }
}

#[test]
fn every_link_within_the_page_has_a_target() {
    let page = of((0..5).map(example::refused_connection).collect());
    for (place, link) in page.match_indices("href=\"#") {
        let (target, _) = page[place + link.len()..].split_once('"').unwrap();
        assert!(page.contains(&format!("id=\"{target}\"")), "{target}");
    }
}

#[test]
fn every_text_of_a_capture_is_harmless() {
    const HOSTILE: &str =
        "\"'><script>alert(1)</script><img src=x onerror=a>&amp;\u{202e}\x1b[2J\u{0}\n--></style>";
    let document = example::of_texts(HOSTILE);
    let page = render(&document).unwrap();
    let text = well_formed(&page);
    for markup in ["<script", "<img", "onerror=a>", "--></style>"] {
        assert!(!page.contains(markup), "{markup}");
    }
    assert!(text.contains(r"&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(text.contains(r"&amp;amp;\u{202e}\u{1b}[2J\u{0}\n--&gt;"));
    let deceptive = |c| c != '\n' && crate::escape::is_deceptive(c);
    assert!(!page.contains(deceptive));
}

#[test]
fn a_banner_without_end_is_cut() {
    let page = render(&example::of_texts(&"<".repeat(65_536))).unwrap();
    well_formed(&page);
    assert!(
        page.len() < 400_000 && page.contains("characters more"),
        "{}",
        page.len()
    );
}

#[test]
fn a_thousand_stalled_connections_are_one_explanation() {
    let connections = (0..1000).map(|stream| {
        let mut connection = example::stalled_connection();
        connection.tcp_stream = stream;
        connection
    });
    let page = of(connections.collect());
    let text = well_formed(&page);
    assert!(page.len() < 1_000_000, "{}", page.len());
    assert_eq!(page.matches("<article").count(), 1);
    assert_eq!(page.matches("class=\"ladder\"").count(), MAX_DRAWN);
    assert!(text.contains("700 connections more are not drawn"));
}

#[test]
fn a_thousand_stalls_of_a_thousand_kinds_stay_a_page_and_say_what_is_left_out() {
    let connections = (0..5000).map(|stream| {
        let mut connection = example::stalled_connection();
        connection.tcp_stream = stream;
        connection.server.port = u16::try_from(stream).unwrap();
        connection
    });
    let page = of(connections.collect());
    let text = well_formed(&page);
    assert!(page.len() < 5_000_000, "{}", page.len());
    assert_eq!(page.matches("<article").count(), MAX_DETAILS);
    assert!(text.contains("4900 connections more in the table only"));
    assert!(text.contains("2000 connections more in the JSON report only"));
}

#[test]
fn times_that_run_backwards_or_overflow_are_drawn_all_the_same() {
    let mut document = example::stalled();
    let connection = &mut document.captures[0].analysis.connections[0];
    for (index, at) in connection.milestones.values_mut().enumerate() {
        at.time = Span::from_nanos(if index % 2 == 0 { i64::MIN } else { i64::MAX });
    }
    connection.waits[1].duration = Span::from_nanos(i64::MIN);
    let page = render(&document).unwrap();
    well_formed(&page);
    for odd in ["NaN", "inf%", " y=\"-", "height=\"-", "width=\"-", "x1=\"-"] {
        assert!(!page.contains(odd), "{odd}");
    }
}
