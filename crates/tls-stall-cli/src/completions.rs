//! Completions: the shell asks the program itself what may stand where.
//!
//! The scripts that `clap_complete` makes ahead of time know no values of arguments without a name in
//! fish, and no commands beside them in zsh; its engine, which is asked at each press of the key, knows
//! them in every shell.

use std::io;

use clap_complete::Shell;
use clap_complete::env::{CompleteEnv, Shells};

use crate::args::Args;
use crate::exit::Exit;
use crate::help;
use crate::output::{self, DASH};
use crate::run::complain;

/// The environment variable by which a shell says that it asks, and which shell it is.
const ASKED_BY: &str = "_TLS_STALL_COMPLETE";

/// The name of the command, to be found in `PATH`.
const NAME: &str = "tls-stall";

/// Answers a shell and ends the program, if it is a shell that asks.
pub(crate) fn answer() {
    CompleteEnv::with_factory(help::command_line)
        .var(ASKED_BY)
        .complete();
}

/// Prints the script by which `shell` asks.
pub(crate) fn print(shell: Shell, args: &Args) -> Exit {
    match script(shell).and_then(|script| output::write(args, &script)) {
        Ok(()) => Exit::Done,
        Err(error) => {
            complain("write", DASH, &error);
            Exit::Failed
        }
    }
}

fn script(shell: Shell) -> io::Result<String> {
    let mut script = Vec::new();
    let shells = Shells::builtins();
    let asking = shells.completer(&shell.to_string());
    let asking = asking.ok_or(io::ErrorKind::Unsupported)?;
    asking.write_registration(ASKED_BY, NAME, NAME, NAME, &mut script)?;
    let script = String::from_utf8_lossy(&script);
    Ok([script.trim(), "\n", addition(shell)].concat())
}

/// What the script of `shell` lacks.
fn addition(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => include_str!("completions.bash"),
        // As a file of $fpath it is run when it is first asked, and has to answer then.
        Shell::Zsh => {
            "if [[ $funcstack[1] == _tls-stall ]]; then _clap_dynamic_completer_tls_stall; fi\n"
        }
        _ => "",
    }
}
