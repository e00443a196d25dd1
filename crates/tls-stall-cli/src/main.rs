//! The tls-stall command: reads packet captures and says why a TLS handshake stalled.

mod args;
mod compare;
mod exit;
mod explain;
mod output;
mod run;
mod select;
mod sources;
mod stream;

use std::process::ExitCode;

use clap::Parser as _;

use self::args::{Args, Command};

fn main() -> ExitCode {
    let args = Args::parse();
    let exit = match &args.command {
        Some(Command::Compare(compare)) => compare::compare(compare, &args),
        Some(Command::Explain { cause }) => explain::explain(*cause, &args),
        None => run::run(&args),
    };
    exit.into()
}
