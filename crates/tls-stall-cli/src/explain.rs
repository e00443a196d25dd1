//! Prints the catalogue of causes.

use tls_stall::Cause;
use tls_stall_render::{TextOptions, text};

use crate::args::Args;
use crate::exit::Exit;
use crate::output;
use crate::run::complain;

/// Prints the page of `cause`, or the list of all.
pub(crate) fn explain(cause: Option<Cause>, args: &Args) -> Exit {
    let mut options = TextOptions::default();
    options.width = output::width(args);
    options.styled = output::styled(args);
    let page = match cause {
        Some(cause) => text::explain(cause, &options),
        None => text::causes(&options),
    };
    match output::write(args, &page) {
        Ok(()) => Exit::Done,
        Err(error) => {
            complain("write", output::DASH, &error);
            Exit::Failed
        }
    }
}
