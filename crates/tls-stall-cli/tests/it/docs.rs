//! What the documentation shows is what the command prints.
//!
//! A comment `<!-- output: tls-stall ARGUMENTS -->` in README.md or docs/*.md says that the fenced
//! block after it is the output of that command, run at the root of the repository. With
//! `UPDATE_DOCS=1` the blocks are written anew instead of compared.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tls_stall::{Confidence, LookupOutcome, Milestone, Outcome, Party, Phase, Vantage, Via};

const MARK: &str = "<!-- output: tls-stall ";

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap()
}

/// README.md and every page in docs.
fn pages() -> Vec<PathBuf> {
    let docs = fs::read_dir(root().join("docs")).unwrap();
    let pages = docs.map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> = pages
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.push(root().join("README.md"));
    pages.sort();
    pages
}

/// What `tls-stall` prints for `arguments`.
fn output(arguments: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_tls-stall"))
        .args(arguments.split_whitespace())
        .args(["--color", "never"])
        .current_dir(root())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(complaint.is_empty(), "{arguments}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}

/// `page` with each marked block replaced by what `output` gives for its arguments.
fn with_outputs(page: &str, output: impl Fn(&str) -> String) -> String {
    let mut done = String::new();
    let mut rest = page;
    while let Some((before, after)) = rest.split_once(MARK) {
        let (arguments, after) = after.split_once(" -->\n").expect("the comment is closed");
        let (fence, after) = after
            .trim_start()
            .split_once('\n')
            .expect("a block follows");
        assert!(
            fence.starts_with("```"),
            "no fenced block after {arguments:?}"
        );
        let (_, after) = after.split_once("```\n").expect("the block is closed");
        let shown = output(arguments);
        assert!(!shown.contains("```"), "{arguments:?} would end its block");
        done.extend([
            before, MARK, arguments, " -->\n\n", fence, "\n", &shown, "```\n",
        ]);
        rest = after;
    }
    done + rest
}

#[test]
fn every_output_in_the_documentation_is_what_is_printed() {
    for path in pages() {
        let page = fs::read_to_string(&path).unwrap();
        let right = with_outputs(&page, output);
        if page != right && std::env::var_os("UPDATE_DOCS").is_some() {
            fs::write(&path, right).unwrap();
        } else {
            let path = path.display();
            assert!(
                page == right,
                "{path}: run again with UPDATE_DOCS=1; it should be\n{right}"
            );
        }
    }
}

#[test]
fn every_name_of_the_json_report_is_in_its_documentation() {
    fn names<T: Copy + ToString>(values: &[T]) -> Vec<String> {
        values.iter().map(ToString::to_string).collect()
    }
    let page = fs::read_to_string(root().join("docs/json.md")).unwrap();
    let mut missing = [
        names(Milestone::ALL),
        names(Phase::ALL),
        names(Outcome::ALL),
        names(LookupOutcome::ALL),
        names(Party::ALL),
        names(Vantage::ALL),
        names(Via::ALL),
        names(Confidence::ALL),
    ]
    .concat();
    missing.retain(|name| !page.contains(&format!("`{name}`")));
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn the_readme_shows_an_output() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.contains(MARK));
}

#[test]
fn a_block_is_replaced_and_what_is_around_it_stays() {
    let page = "a\n<!-- output: tls-stall x y -->\n```text\nold\n```\nb\n```\nc\n```\n";
    let right = "a\n<!-- output: tls-stall x y -->\n\n```text\n<x y>\n```\nb\n```\nc\n```\n";
    let output = |arguments: &str| format!("<{arguments}>\n");
    assert_eq!(with_outputs(page, output), right);
    assert_eq!(with_outputs(right, output), right);
}
