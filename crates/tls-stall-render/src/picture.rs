//! The picture in the README is a drawing of the HTML report.

use std::fs::{self, File};
use std::path::Path;

use tls_stall::{Config, Document, Options, analyze_reader};

use crate::html;

/// What is to the left of the first lane, and how far it is from there to the last, in pixels.
const LEFT: u32 = 150;
const ACROSS: u32 = 560;

/// The first drawing of `page` as a file of its own, with those lines of the page's style that concern it.
fn picture(page: &str) -> String {
    let (style, body) = page.split_once("</style>").unwrap();
    let (_, style) = style.split_once("<style>").unwrap();
    let (colours, rules) = style.split_once("* {").unwrap();
    let of_drawings = |line: &&str| {
        [
            "svg text",
            "  stroke-width: 4px",
            ".tick",
            ".arrow",
            ".silence",
        ]
        .iter()
        .any(|start| line.starts_with(start))
    };
    let rules: Vec<&str> = rules.lines().filter(of_drawings).collect();

    let (_, drawing) = body.split_once("<div class=\"ladder").unwrap();
    let (_, drawing) = drawing.split_once("<svg height=\"").unwrap();
    let (drawing, _) = drawing.split_once("</svg>").unwrap();
    let (height, drawing) = drawing.split_once('"').unwrap();
    let whole: f64 = height.parse::<f64>().unwrap() + 20.0;
    let width = LEFT + ACROSS + 50;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {whole}\" width=\"{width}\" height=\"{whole}\">\n\
         <style>\n{}\n{}\nsvg {{ overflow: visible; }}\n</style>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"var(--card)\"/>\n\
         <svg x=\"{LEFT}\" y=\"8\" width=\"{ACROSS}\" height=\"{height}\"{drawing}</svg>\n</svg>\n",
        colours.trim(),
        rules.join("\n"),
    )
}

#[test]
fn the_picture_in_the_readme_is_the_drawing_of_the_report() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let capture = File::open(root.join("testdata/origin/phone-on-3g.pcap")).unwrap();
    let config = Config::default();
    let report = analyze_reader("phone-on-3g.pcap", capture, &config).unwrap();
    let document = Document::new(Options::from(&config), vec![report]);
    let right = picture(&html::render(&document).unwrap());

    let path = root.join("docs/phone-on-3g.svg");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &right).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == right,
        "docs/phone-on-3g.svg: run again with UPDATE_DOCS=1"
    );
}
