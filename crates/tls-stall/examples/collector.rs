//! A collector that never ends: a capture on standard input, metrics for Prometheus in a file.
//!
//! The file is one for the textfile collector of `node_exporter`. It is written whole every 15 s and
//! when the capture ends:
//!
//! ```sh
//! tcpdump -i any -U -w - 'tcp or port 53' |
//!     collector /var/lib/node_exporter/textfile/tls_stall.prom
//! ```
//!
//! Its memory is bounded however long it runs. The labels are ids of this program's, never names or
//! addresses: those are as many as whoever sends packets likes.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::{self, Display};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{env, fs, thread};

use tls_stall::{
    Analyzer, CaptureReader, Cause, Config, Connection, EndedBy, Outcome, Phase, Span,
};

/// How often the file is written.
const PERIOD: Duration = Duration::from_secs(15);

fn main() -> Result<(), Box<dyn Error>> {
    let path = PathBuf::from(env::args_os().nth(1).ok_or("which file for the metrics?")?);
    let metrics = Arc::new(Mutex::new(Metrics::default()));

    // On a thread of its own, so that they are written while no packets come, too.
    thread::spawn({
        let (path, metrics) = (path.clone(), Arc::clone(&metrics));
        move || {
            loop {
                if let Err(error) = publish(&path, &metrics) {
                    // The next attempt may succeed.
                    let _ = writeln!(io::stderr(), "cannot write {}: {error}", path.display());
                }
                thread::sleep(PERIOD);
            }
        }
    });

    let collected = collect(&metrics);
    publish(&path, &metrics)?;
    collected
}

/// Counts what the capture on standard input holds, until it ends.
fn collect(metrics: &Mutex<Metrics>) -> Result<(), Box<dyn Error>> {
    let mut config = Config::default();
    // Healthy connections too: a histogram of the slow ones alone would say nothing.
    config.keep_all = true;
    config.max_connections = 100_000;
    config.max_lookups = 50_000;
    // A connection that is silent for so long is told as it stands.
    config.max_idle = Some(Span::from_secs(600));

    let mut reader = CaptureReader::with_config(io::stdin(), &config)?;
    let mut analyzer = Analyzer::new(config);
    while let Some(frame) = reader.next_frame()? {
        analyzer.push(&frame);
        let mut metrics = metrics.lock().unwrap_or_else(PoisonError::into_inner);
        metrics.frames += 1;
        // Until there are no more: what is polled is no longer held.
        while let Some(connection) = analyzer.poll() {
            metrics.add(&connection);
        }
    }
    // What is still being set up, as it stands.
    analyzer.end();
    while let Some(connection) = analyzer.poll() {
        let mut metrics = metrics.lock().unwrap_or_else(PoisonError::into_inner);
        metrics.add(&connection);
    }
    // What the capture cannot tell, such as that it lost frames.
    for notice in reader.notices().iter().chain(&analyzer.finish().notices) {
        let message = notice.message.escape_debug();
        writeln!(io::stderr(), "{}: {message}", notice.code)?;
    }
    Ok(())
}

/// Writes the metrics beside `path` and puts them in its place, so that nobody reads half of them.
fn publish(path: &Path, metrics: &Mutex<Metrics>) -> io::Result<()> {
    // Held until the file is in its place: the thread and the end of the capture both write it.
    let metrics = metrics.lock().unwrap_or_else(PoisonError::into_inner);
    let beside = path.with_extension("prom.new");
    fs::write(&beside, metrics.to_string())?;
    fs::rename(&beside, path)
}

/// Everything that is counted.
#[derive(Default)]
struct Metrics {
    frames: u64,
    connections: BTreeMap<Outcome, u64>,
    stalled: u64,
    verdicts: BTreeMap<Cause, u64>,
    waits: BTreeMap<Phase, Histogram>,
}

impl Metrics {
    fn add(&mut self, connection: &Connection) {
        if !connection.is_tls {
            return;
        }
        *self.connections.entry(connection.outcome).or_default() += 1;
        self.stalled += u64::from(connection.stalled);
        if let Some(verdict) = connection.findings.first() {
            *self.verdicts.entry(verdict.cause).or_default() += 1;
        }
        for wait in &connection.waits {
            // One that was cut is only known to have been at least so long.
            if wait.ended_by != EndedBy::EndOfCapture {
                self.waits
                    .entry(wait.phase)
                    .or_default()
                    .observe(wait.duration);
            }
        }
    }
}

/// The text format of Prometheus, version 0.0.4.
impl Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = "tls_stall_frames_total";
        family(f, name, "counter", "Frames read from the capture.")?;
        writeln!(f, "{name} {}", self.frames)?;

        let name = "tls_stall_connections_total";
        family(f, name, "counter", "TLS connections that are over.")?;
        // Those that did not occur are 0, not absent: a rate does not see a counter that begins with 1.
        for outcome in Outcome::ALL {
            let count = self.connections.get(outcome).unwrap_or(&0);
            writeln!(f, "{name}{{outcome=\"{outcome}\"}} {count}")?;
        }

        let name = "tls_stall_stalled_connections_total";
        family(f, name, "counter", "Those of them that stalled.")?;
        writeln!(f, "{name} {}", self.stalled)?;

        let name = "tls_stall_verdicts_total";
        let help = "Connections that stalled or failed, by what explains it best.";
        family(f, name, "counter", help)?;
        for cause in Cause::ALL {
            let count = self.verdicts.get(cause).unwrap_or(&0);
            writeln!(f, "{name}{{cause=\"{cause}\"}} {count}")?;
        }

        let name = "tls_stall_wait_seconds";
        let help = "How long the phases of connections took, however they ended.";
        family(f, name, "histogram", help)?;
        for phase in Phase::ALL {
            let histogram = self.waits.get(phase).unwrap_or(&Histogram::NONE);
            histogram.write(f, name, &format!("phase=\"{phase}\""))?;
        }
        Ok(())
    }
}

/// The lines before the samples of one metric.
fn family(f: &mut fmt::Formatter<'_>, name: &str, kind: &str, help: &str) -> fmt::Result {
    writeln!(f, "# HELP {name} {help}")?;
    writeln!(f, "# TYPE {name} {kind}")
}

/// The upper bounds of the buckets, in milliseconds.
const BOUNDS: [i64; 10] = [
    10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000, 300_000,
];

/// How many lengths of time were at most as long as each bound, all of them, and their sum.
#[derive(Default)]
struct Histogram {
    buckets: [u64; BOUNDS.len()],
    count: u64,
    /// Within an `i64` for as long as the waits together take no more than 292 years.
    sum: Span,
}

impl Histogram {
    const NONE: Self = Self {
        buckets: [0; BOUNDS.len()],
        count: 0,
        sum: Span::ZERO,
    };

    fn observe(&mut self, length: Span) {
        for (bucket, bound) in self.buckets.iter_mut().zip(BOUNDS) {
            *bucket += u64::from(length <= Span::from_millis(bound));
        }
        self.count += 1;
        // A clock that was set back makes a length negative, and a sum may not fall.
        self.sum = self.sum.plus(length.max(Span::ZERO));
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, name: &str, labels: &str) -> fmt::Result {
        for (bucket, bound) in self.buckets.iter().zip(BOUNDS) {
            let bound = Span::from_millis(bound).as_secs_f64();
            writeln!(f, "{name}_bucket{{{labels},le=\"{bound}\"}} {bucket}")?;
        }
        writeln!(f, "{name}_bucket{{{labels},le=\"+Inf\"}} {}", self.count)?;
        writeln!(f, "{name}_sum{{{labels}}} {}", self.sum.as_secs_f64())?;
        writeln!(f, "{name}_count{{{labels}}} {}", self.count)
    }
}
