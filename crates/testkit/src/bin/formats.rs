//! Writes the captures of `testdata/formats` and `testdata/malformed` anew: `formats TESTDATA`.
//!
//! It needs gzip, zstd, lz4, xz and bzip2.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::{env, fs};

use testkit::formats::{self, COMPRESSED, Compressed};
use testkit::malformed;

fn main() -> ExitCode {
    let Some(testdata) = env::args_os().nth(1).map(PathBuf::from) else {
        return fail("usage: formats TESTDATA");
    };
    match write_all(&testdata) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

fn write_all(testdata: &Path) -> io::Result<()> {
    let folder = testdata.join("formats");
    for (name, bytes) in formats::files() {
        fs::write(folder.join(name), bytes)?;
    }
    for (name, bytes) in formats::refused() {
        fs::write(folder.join(name), bytes)?;
    }
    let read = |name: &str| fs::read(folder.join(name));
    for file in COMPRESSED {
        fs::write(folder.join(file.name), compress(file, &read(file.of)?)?)?;
    }
    let damaged = testdata.join("malformed");
    for (name, bytes) in malformed::files() {
        fs::write(damaged.join(name), bytes)?;
    }
    let read = |name: &str| read(name).unwrap_or_default();
    for (name, bytes) in malformed::of_compressed(&read) {
        fs::write(damaged.join(name), bytes)?;
    }
    Ok(())
}

/// Compresses `bytes` in the parts that the file is made of.
fn compress(file: &Compressed, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let parts = bytes.chunks(bytes.len().div_ceil(file.parts).max(1));
    parts
        .map(|part| pipe(file.command, part))
        .collect::<io::Result<Vec<_>>>()
        .map(|it| it.concat())
}

/// What a program writes that reads `input`, which is short enough for a pipe to hold.
fn pipe(command: &[&str], input: &[u8]) -> io::Result<Vec<u8>> {
    let Some((program, arguments)) = command.split_first() else {
        return Ok(input.to_vec());
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    // Taken, so that it is closed.
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input)?;
    }
    let output = child.wait_with_output()?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(io::Error::other(format!("{program} failed")))
    }
}

fn fail(message: &str) -> ExitCode {
    // Where stderr is closed, the exit code has to do.
    let _ = writeln!(io::stderr(), "{message}");
    ExitCode::from(2)
}
