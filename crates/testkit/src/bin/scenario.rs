//! Writes the capture of a scenario file, to look at it: `scenario FILE.toml OUT.pcap`.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

use testkit::scenario::Scenario;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // Where stderr is closed, the exit code has to do.
            let _ = writeln!(io::stderr(), "{message}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> Result<(), String> {
    let [from, to] = arguments else {
        return Err("usage: scenario FILE.toml OUT.pcap".to_owned());
    };
    let text = fs::read_to_string(from).map_err(|error| format!("cannot read {from}: {error}"))?;
    let scenario = Scenario::parse(&text).map_err(|error| format!("{from}: {error}"))?;
    fs::write(to, scenario.capture()).map_err(|error| format!("cannot write {to}: {error}"))
}
