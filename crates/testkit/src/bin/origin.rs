//! Writes the captures of `testdata/origin` anew: `origin DIRECTORY`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs, io};

fn main() -> ExitCode {
    let Some(directory) = env::args_os().nth(1).map(PathBuf::from) else {
        return fail("usage: origin DIRECTORY");
    };
    for (name, bytes) in testkit::origin::files() {
        let path = directory.join(name);
        if let Err(error) = fs::write(&path, bytes) {
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
