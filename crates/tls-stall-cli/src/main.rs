//! The tls-stall command: reads packet captures and says why a TLS handshake stalled.

mod args;
mod exit;
mod output;
mod run;
mod select;
mod sources;
mod stream;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    run::run(&args::Args::parse()).into()
}
