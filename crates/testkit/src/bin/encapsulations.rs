//! Writes the captures of link types and tunnels anew: `encapsulations DIRECTORY`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs, io};

fn main() -> ExitCode {
    let Some(directory) = env::args_os().nth(1).map(PathBuf::from) else {
        return fail("usage: encapsulations DIRECTORY");
    };
    for encapsulation in testkit::encapsulation::all() {
        let path = directory.join(encapsulation.file_name());
        if let Err(error) = fs::write(&path, encapsulation.pcap()) {
            return fail(&format!("cannot write {}: {error}", path.display()));
        }
    }
    ExitCode::SUCCESS
}

fn fail(message: &str) -> ExitCode {
    // Where stderr is closed, the exit code has to do.
    let _ = io::Write::write_all(&mut io::stderr(), format!("{message}\n").as_bytes());
    ExitCode::from(2)
}
