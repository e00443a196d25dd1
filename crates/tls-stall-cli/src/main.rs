//! The tls-stall command: reads packet captures and says why a TLS handshake stalled.

mod annotate;
mod args;
mod check;
mod compare;
mod completions;
mod exit;
mod explain;
mod help;
mod jobs;
mod manual;
mod output;
mod progress;
mod run;
mod select;
mod sources;
mod stream;
mod unnamed;

use std::process::ExitCode;

use clap::FromArgMatches as _;

use self::args::{Args, Command};

fn main() -> ExitCode {
    completions::answer();
    let matches = help::command_line().get_matches();
    let args = match Args::from_arg_matches(&matches) {
        Ok(args) => args,
        Err(error) => error.exit(),
    };
    let exit = match &args.command {
        Some(Command::Check(check)) => check::check(check, &args),
        Some(Command::Compare(compare)) => compare::compare(compare, &args),
        Some(Command::Explain { cause }) => explain::explain(*cause, &args),
        Some(Command::Completions { shell }) => completions::print(*shell, &args),
        Some(Command::Man { about, out }) => manual::man(about.as_deref(), out.as_deref(), &args),
        None => run::run(&args),
    };
    exit.into()
}
