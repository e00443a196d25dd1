//! Every wait over 200 ms: the program that docs/library.md begins with.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that prints"
)]

use std::error::Error;
use std::fs::File;

use tls_stall::{Config, Span, analyze_reader};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("which capture?")?;

    let mut config = Config::default();
    config.keep_all = true; // healthy connections too, not only those that stalled or failed
    let report = analyze_reader(&path, File::open(&path)?, &config)?;

    for connection in report.analysis.connections.iter().filter(|it| it.is_tls) {
        for wait in &connection.waits {
            if wait.duration > Span::from_millis(200) {
                println!(
                    "{}: {} for {}, owed by the {}, frames {} to {}",
                    connection.server,
                    wait.duration,
                    wait.phase.awaited(),
                    wait.waiting_on,
                    wait.from_frame,
                    wait.to_frame,
                );
            }
        }
    }
    for notice in &report.analysis.notices {
        eprintln!("{}: {}", notice.code, notice.message.escape_debug());
    }
    Ok(())
}
