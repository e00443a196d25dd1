//! A report of one's own: how long each server kept its clients waiting, as a Markdown table.
//!
//! ```sh
//! cargo run -p tls-stall --example custom_report -- testdata/origin/phone-on-3g.pcap
//! ```

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::{self, Write};

use tls_stall::{Cause, Config, Connection, Phase, Wait, analyze_reader};

/// What is told of one server.
#[derive(Default)]
struct Server {
    connections: u64,
    stalled: u64,
    /// The longest wait of a handshake, whatever it was for.
    longest: Option<Wait>,
    /// How many connections stalled or failed for each cause.
    causes: BTreeMap<Cause, u64>,
}

impl Server {
    fn add(&mut self, connection: &Connection) {
        self.connections += 1;
        self.stalled += u64::from(connection.stalled);
        // The last phase is over when the first application data comes, which is nobody's duty.
        let waits = connection.waits.iter();
        for wait in waits.filter(|wait| wait.phase != Phase::ApplicationData) {
            if self
                .longest
                .as_ref()
                .is_none_or(|longest| wait.duration > longest.duration)
            {
                self.longest = Some(wait.clone());
            }
        }
        // The first finding is the verdict; others explain further waits.
        if let Some(verdict) = connection.findings.first() {
            *self.causes.entry(verdict.cause).or_default() += 1;
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    // Healthy connections as well, to be counted beside the others.
    let mut config = Config::default();
    config.keep_all = true;

    let paths: Vec<String> = std::env::args().skip(1).collect();
    if paths.is_empty() {
        return Err("which captures?".into());
    }
    let mut servers: BTreeMap<String, Server> = BTreeMap::new();
    for path in &paths {
        let file = File::open(path).map_err(|error| format!("cannot open {path}: {error}"))?;
        let report = analyze_reader(path, file, &config)
            .map_err(|error| format!("cannot read {path}: {error}"))?;
        // What the capture cannot tell, such as that it lost frames.
        for notice in &report.analysis.notices {
            writeln!(io::stderr(), "{path}: {}", notice.message.escape_debug())?;
        }
        let connections = report.analysis.connections.iter();
        for connection in connections.filter(|connection| connection.is_tls) {
            let server = name(connection);
            servers.entry(server).or_default().add(connection);
        }
    }

    let mut out = io::stdout().lock();
    writeln!(
        out,
        "| server | connections | stalled | longest wait | verdicts |"
    )?;
    writeln!(out, "|---|---|---|---|---|")?;
    for (name, server) in &servers {
        let longest = server.longest.as_ref().map_or_else(String::new, |wait| {
            format!("{} for {}", wait.duration, wait.phase.awaited())
        });
        let causes: Vec<String> = server
            .causes
            .iter()
            .map(|(cause, count)| format!("{count} × {cause}"))
            .collect();
        writeln!(
            out,
            "| {name} | {} | {} | {longest} | {} |",
            server.connections,
            server.stalled,
            causes.join(", ")
        )?;
    }
    Ok(())
}

/// The server's address, and its name where one is known.
///
/// Whoever made the packets chose the name: as it comes from a report it may hold anything, and each
/// program escapes it for where it writes it.
fn name(connection: &Connection) -> String {
    let Some(name) = &connection.server_name else {
        return connection.server.to_string();
    };
    let safe: String = name
        .chars()
        .map(|it| match it {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' => it,
            _ => '?',
        })
        .collect();
    format!("{} ({safe})", connection.server)
}
