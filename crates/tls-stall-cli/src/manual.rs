//! What goes with an installation: completions of shells, and the manual pages.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};
use tls_stall::Cause;

use crate::args::Args;
use crate::exit::Exit;
use crate::help::{self, Example};
use crate::output::{self, DASH};
use crate::run::complain;

/// Prints the completions of `shell`.
pub(crate) fn completions(shell: Shell, args: &Args) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut help::command_line(), "tls-stall", &mut script);
    let script = String::from_utf8_lossy(&script);
    done(output::write(args, &script), DASH)
}

/// Prints the page of the command `about`, or of tls-stall itself; with `out`, writes all pages to
/// that folder.
pub(crate) fn man(about: Option<&str>, out: Option<&Path>, args: &Args) -> Exit {
    let pages = pages();
    if let Some(folder) = out {
        return done(write_all(&pages, folder), &folder.to_string_lossy());
    }
    let name = about.map_or(NAME.to_owned(), |about| format!("{NAME}-{about}"));
    let page = pages.iter().find(|page| page.name == name);
    let text = page.map_or("", |page| &page.text);
    done(output::write(args, text), DASH)
}

fn done(result: io::Result<()>, path: &str) -> Exit {
    match result {
        Ok(()) => Exit::Done,
        Err(error) => {
            complain("write", path, &error);
            Exit::Failed
        }
    }
}

fn write_all(pages: &[Page], folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for page in pages {
        let file = folder.join(format!("{}.{SECTION}", page.name));
        output::replace(&file, &page.text)?;
    }
    Ok(())
}

/// The name of the command.
const NAME: &str = "tls-stall";

/// Where the manual has commands of users.
const SECTION: &str = "1";

/// A page of the manual.
struct Page {
    name: String,
    /// In the language of man(7).
    text: String,
}

/// The pages of all commands, that of tls-stall itself first.
fn pages() -> Vec<Page> {
    // The help command would have a page that says nothing.
    let mut command = help::command_line().disable_help_subcommand(true);
    command.build();
    let mut pages = vec![page(&command, &command)];
    for subcommand in command.get_subcommands() {
        pages.push(page(subcommand, &command));
    }
    pages
}

fn page(command: &Command, main: &Command) -> Page {
    let name = command.get_display_name().unwrap_or(NAME).to_owned();
    let mut text = Vec::new();
    // Nothing is written but memory.
    let text = match render(command, main, &name, &mut text) {
        Ok(()) => String::from_utf8_lossy(&text).into_owned(),
        Err(_) => String::new(),
    };
    Page { name, text }
}

fn render(command: &Command, main: &Command, name: &str, page: &mut Vec<u8>) -> io::Result<()> {
    let is_main = name == NAME;
    // The manual has no headings within its options.
    let plain = command.clone().mut_args(|arg| arg.help_heading(None));
    let version = main.get_version().unwrap_or_default();
    // Without a date, so that the same program gives the same page; the title of clap_mangen would
    // take the next word for it.
    writeln!(
        page,
        r#".TH {name} {SECTION} "" "{NAME} {version}" "User Commands""#
    )?;
    let man = Man::new(plain);
    let mut before = Roff::new();
    before.control("SH", ["NAME"]);
    let about = command.get_about().map(ToString::to_string);
    before.text([roman(format!(
        "{name} - {}",
        lowered(&about.unwrap_or_default())
    ))]);
    before.control("SH", ["SYNOPSIS"]);
    synopsis(command, &mut before);
    if is_main {
        for subcommand in main.get_subcommands() {
            before.control("br", []);
            synopsis(subcommand, &mut before);
        }
    }
    before.to_writer(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;

    let mut after = Roff::new();
    if is_main {
        commands(main, &mut after);
    }
    if command.get_name() == "explain" {
        after.control("SH", ["CAUSES"]);
        for cause in Cause::ALL {
            entry(&mut after, bold(cause.name()), cause.headline());
        }
    }
    after.control("SH", ["EXIT STATUS"]);
    for (code, when) in help::exit_codes(command.get_name()) {
        entry(&mut after, bold(*code), when);
    }
    if is_main {
        section(&mut after, "ENVIRONMENT", ENVIRONMENT);
    }
    after.control("SH", ["EXAMPLES"]);
    for Example { command, does } in help::examples(command.get_name()) {
        entry(&mut after, bold(*command), does);
    }
    if is_main {
        section(&mut after, "CAVEATS", CAVEATS);
        section(&mut after, "SECURITY", SECURITY);
    }
    see_also(command, main, &mut after);
    after.to_writer(page)
}

/// `Says` as `says`, unless more than the first letter is a capital.
fn lowered(about: &str) -> String {
    let mut letters = about.chars();
    let first = letters.next().into_iter().flat_map(char::to_lowercase);
    first.chain(letters).collect()
}

/// The forms of a command line, with the values in italics.
fn synopsis(command: &Command, roff: &mut Roff) {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    let name = command.get_bin_name().unwrap_or(NAME);
    // Of tls-stall itself, the second form stands for the other commands.
    let form = usage.lines().next().unwrap_or_default();
    let mut line = vec![bold(name)];
    let form = form.strip_prefix(name).unwrap_or(form);
    for word in form.split_whitespace() {
        line.push(roman(" "));
        match word.split_once('<').and_then(|(before, rest)| {
            let (value, after) = rest.split_once('>')?;
            Some((before, value, after))
        }) {
            Some((before, value, after)) => {
                line.extend([roman(before), italic(value), roman(after)]);
            }
            None => line.extend(optional(word)),
        }
    }
    roff.text(line);
}

/// `[CAUSE]` with the value in italics; `[OPTIONS]` is none.
fn optional(word: &str) -> Vec<Inline> {
    let value = word.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    match value {
        Some("OPTIONS") => vec![roman("["), italic("options"), roman("]")],
        Some(value) => vec![roman("["), italic(value), roman("]")],
        None => vec![roman(word)],
    }
}

fn commands(main: &Command, roff: &mut Roff) {
    roff.control("SH", ["COMMANDS"]);
    for command in main.get_subcommands() {
        let about = command.get_about().map(ToString::to_string);
        let name = command.get_bin_name().unwrap_or(NAME);
        entry(roff, bold(name), &about.unwrap_or_default());
    }
}

fn see_also(command: &Command, main: &Command, roff: &mut Roff) {
    roff.control("SH", ["SEE ALSO"]);
    let commands = [main].into_iter().chain(main.get_subcommands());
    let others = commands.filter(|other| other.get_name() != command.get_name());
    let pages = others.filter_map(Command::get_display_name);
    let mut line = Vec::new();
    for page in pages.chain(RELATED) {
        if !line.is_empty() {
            line.push(roman(", "));
        }
        line.extend([bold(page), roman(format!("({SECTION})"))]);
    }
    roff.text(line);
}

/// One word or line, and what it means.
fn entry(roff: &mut Roff, term: Inline, means: &str) {
    roff.control("TP", []);
    roff.text([term]);
    roff.text([roman(means)]);
}

/// Terms and what they mean.
fn section(roff: &mut Roff, heading: &str, entries: &[(&str, &str)]) {
    roff.control("SH", [heading]);
    for (term, means) in entries {
        entry(roff, bold(*term), means);
    }
}

/// Programs of others that are used beside this one.
const RELATED: [&str; 3] = ["tcpdump", "tshark", "dig"];

const ENVIRONMENT: &[(&str, &str)] = &[
    (
        "NO_COLOR",
        "If it is set and not empty, --color auto is never.",
    ),
    (
        "CLICOLOR_FORCE",
        "If it is set and not 0, --color auto is always where the report goes to standard output.",
    ),
];

/// What no verdict can be about.
const CAVEATS: &[(&str, &str)] = &[
    (
        "Encrypted name lookups",
        "Lookups over TLS, HTTPS or QUIC look like any other connection. A client that waits for one \
         looks idle, and that is what is reported.",
    ),
    (
        "The inside of the other end",
        "In a capture made at the client, a server that looks the client's name up, one that waits for \
         its back end and one that is out of memory look the same. Capture at the server to tell them \
         apart.",
    ),
    (
        "The network, in a capture made by a phone's VPN app",
        "Such an app answers the TCP handshake itself, so that retransmissions and round-trip times \
         are its own. Name lookups and the client's waits are real.",
    ),
    (
        "What was not captured",
        "Lookups on another interface, frames that were dropped or cut, the time before the capture \
         began. What the capture shows of that is listed at the end of a report.",
    ),
    (
        "QUIC and certificates",
        "It looks at TLS over TCP, explains time, and does not decrypt.",
    ),
];

const SECURITY: &[(&str, &str)] = &[
    (
        "What a capture holds",
        "Names and banners in a capture are chosen by whoever sent them. They are escaped in every form \
         of the report; nothing in a capture is executed, looked up, or taken for the name of a file \
         to open.",
    ),
    (
        "What a report tells",
        "A report names servers, clients and what was looked up. --redact replaces that; times and \
         ports stay. The file that --annotate writes holds frames as they were captured.",
    ),
];
