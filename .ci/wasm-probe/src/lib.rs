//! The analysis and its reports as a WebAssembly module that imports nothing.
//!
//! That it needs no host is what it is for: the library has no clock, no files, no threads and no
//! environment, so that a module of it has an empty import section. `compare.mjs` beside it runs it
//! over the recorded captures and compares what it writes with what the command writes.
//!
//! The host writes a text or a capture where [`input`] says, then calls [`name`] or [`capture`]; in
//! the end [`render`], and reads the report where [`output`] says.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use tls_stall::{CaptureReport, Config, Document, Options, analyze_reader};
use tls_stall_render::{TextOptions, csv, html, json, markdown, text};

static PROBE: LazyLock<Mutex<Probe>> = LazyLock::new(Mutex::default);

/// What the host has given, and what has come of it.
#[derive(Default)]
struct Probe {
    input: Vec<u8>,
    name: String,
    captures: Vec<CaptureReport>,
    output: String,
}

fn probe() -> MutexGuard<'static, Probe> {
    PROBE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes room for `len` bytes of the host's, and says where.
#[unsafe(no_mangle)]
pub extern "C" fn input(len: usize) -> *mut u8 {
    let mut probe = probe();
    probe.input = vec![0; len];
    probe.input.as_mut_ptr()
}

/// Takes the input as the name of the next capture.
#[unsafe(no_mangle)]
pub extern "C" fn name() {
    let mut probe = probe();
    probe.name = String::from_utf8_lossy(&probe.input).into_owned();
}

/// Analyses the input as a capture; 1 where it is one of which a frame could be decoded, else 0.
#[unsafe(no_mangle)]
pub extern "C" fn capture() -> u32 {
    let mut probe = probe();
    match analyze_reader(&probe.name, probe.input.as_slice(), &Config::default()) {
        Ok(report) if report.analysis.decoded_frames > 0 => {
            probe.captures.push(report);
            1
        }
        Ok(_) | Err(_) => 0,
    }
}

/// Renders all captures as JSON (0), text (1), HTML (2), Markdown (3) or CSV (4), and gives the
/// length of the report in bytes: 0 for another number.
#[unsafe(no_mangle)]
pub extern "C" fn render(format: u32) -> usize {
    let mut probe = probe();
    let options = Options::from(&Config::default());
    let document = Document::new(options, probe.captures.clone());
    probe.output = match format {
        0 => json::render(&document).unwrap_or_default(),
        1 => text::render(&document, &TextOptions::default()),
        2 => html::render(&document).unwrap_or_default(),
        3 => markdown::render(&document),
        4 => csv::render(&document),
        _ => String::new(),
    };
    probe.output.len()
}

/// Where the last report is.
#[unsafe(no_mangle)]
pub extern "C" fn output() -> *const u8 {
    probe().output.as_ptr()
}
