//! What goes with an installation: completions of shells, and the manual page.

use std::io;

use clap::CommandFactory as _;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::args::Args;
use crate::exit::Exit;
use crate::output;
use crate::run::complain;

/// Prints the completions of `shell`.
pub(crate) fn completions(shell: Shell, args: &Args) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "tls-stall", &mut script);
    print(Ok(script), args)
}

/// Prints the manual page.
pub(crate) fn man(args: &Args) -> Exit {
    let mut page = Vec::new();
    let rendered = Man::new(Args::command()).render(&mut page);
    print(rendered.map(|()| page), args)
}

fn print(bytes: io::Result<Vec<u8>>, args: &Args) -> Exit {
    let text = bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    match text.and_then(|text| output::write(args, &text)) {
        Ok(()) => Exit::Done,
        Err(error) => {
            complain("write", output::DASH, &error);
            Exit::Failed
        }
    }
}
