//! The pages of the causes: whole, about causes that exist, and the same in `docs/causes.md`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use tls_stall::{Cause, NoticeCode};

use super::is_up_to_date;

/// The catalogue in its order.
fn catalogue() -> Vec<&'static str> {
    Cause::ALL.iter().map(|cause| cause.name()).collect()
}

const SECTIONS: [&str; 4] = [
    "## How it shows",
    "## How it is told from its likes",
    "## What to do",
    "## What cannot be seen",
];

const INTRODUCTION: &str = "\
# Causes

What a wait was spent on, as the reports of tls-stall name it: what the cause is, how it shows in a
capture, how it is told from its likes, and what to do about it. `tls-stall explain CAUSE` prints
the page of one.

A verdict names a cause where the capture proves it. Where it does not, the verdict names who was
silent (`client-idle`, `server-slow`, `server-silent`). How sure it is, is said beside it: *high*
where everything that has to speak for it could be checked and holds, *medium* with one doubt, *low*
with more.

In the examples the client is 10.8.0.1, the server 203.0.113.25 (smtp.example), and the resolver
10.0.0.1; numbers of streams are examples too. The first blocks of a page are display filters for
Wireshark, one a line; the last ones are commands.

";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/causes")
}

fn page(id: &str) -> String {
    let path = folder().join(id).with_extension("md");
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_cause_has_its_page() {
    for cause in Cause::ALL {
        assert_eq!(cause.page(), page(cause.name()), "{cause}");
        assert!(!cause.headline().is_empty(), "{cause}");
    }
}

#[test]
fn no_page_is_without_a_cause() {
    let files = fs::read_dir(folder()).unwrap();
    let files: BTreeSet<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    let due = catalogue().into_iter();
    let due = due.map(|id| folder().join(id).with_extension("md"));
    assert_eq!(files, due.collect());
}

#[test]
fn every_page_has_its_name_its_sentence_and_its_sections() {
    for id in catalogue() {
        let page = page(id);
        let lines: Vec<&str> = page.lines().collect();
        assert_eq!(lines[..2], [format!("# {id}").as_str(), ""], "{id}");
        assert!(lines[2].ends_with('.') && lines[3].is_empty(), "{id}");
        let headings = lines.iter().filter(|line| line.starts_with("## "));
        assert_eq!(headings.copied().collect::<Vec<_>>(), SECTIONS, "{id}");
        for language in ["wireshark", "sh"] {
            let block = format!("```{language}\n");
            assert!(page.contains(&block), "{id} has no block of {language}");
        }
    }
}

/// A name in quotes and with hyphens is that of a cause or of a notice.
#[test]
fn every_cause_that_a_page_names_exists() {
    let notices = NoticeCode::ALL.iter().map(|code| code.name());
    let known: BTreeSet<&str> = catalogue().into_iter().chain(notices).collect();
    for id in catalogue() {
        let page = page(id);
        let is_name = |quoted: &&str| {
            quoted.trim_start_matches('-').contains('-')
                && quoted.bytes().all(|c| c == b'-' || c.is_ascii_lowercase())
        };
        let quoted = page.split('`').skip(1).step_by(2);
        let unknown: Vec<&str> = quoted
            .filter(is_name)
            .filter(|name| !known.contains(name))
            .collect();
        assert_eq!(unknown, [""; 0], "{id}");
        let explained = page.split("tls-stall explain ").skip(1);
        for rest in explained {
            let name = rest.split('`').next().unwrap_or_default();
            assert!(catalogue().contains(&name), "{id}: {name}");
        }
    }
}

#[test]
fn the_documentation_has_every_page() {
    let mut text = INTRODUCTION.to_owned();
    for id in catalogue() {
        let page = page(id);
        let sentence = page.lines().nth(2).unwrap_or_default();
        writeln!(text, "- [{id}](#{id}): {sentence}").unwrap();
    }
    for id in catalogue() {
        text.push('\n');
        text.push_str(&deeper(&page(id)));
    }
    is_up_to_date("docs/causes.md", &text);
}

/// `page` with its headings a level lower.
fn deeper(page: &str) -> String {
    let mut in_block = false;
    let mut text = String::new();
    for line in page.lines() {
        in_block ^= line.starts_with("```");
        if line.starts_with('#') && !in_block {
            text.push('#');
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}
