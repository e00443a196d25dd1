//! A cause of one's own: the nightly backup, of which no packet tells but the calendar.
//!
//! The server of this site is slow while its backup runs, from 02:00 to 03:00 UTC unless told. The
//! catalogue can only say `server-slow`; this program knows better.
//!
//! ```sh
//! cargo run -p tls-stall --example custom_cause -- testdata/recorded/server-frozen.pcap 08:00 09:00
//! ```

use std::error::Error;
use std::fs::File;
use std::io::{self, Write};

use tls_stall::{
    CaseView, CauseFamily, Config, CustomCause, Explanation, Party, Span, Timestamp, analyze_reader,
};

/// The name is checked when this is compiled: in kebab-case, and none of the catalogue's.
const BACKUP_WINDOW: CustomCause = CustomCause::new(
    "backup-window",
    "# backup-window\n\nThe server was busy with its nightly backup.\n",
)
.expect("a name of its own in kebab-case");

const DAY: i64 = 24 * 60;

/// The time of day at which the backup runs, in minutes since midnight UTC.
#[derive(Debug)]
struct Backup {
    from: i64,
    to: i64,
}

impl CauseFamily for Backup {
    fn consider(&self, case: &CaseView<'_>) -> Vec<Explanation> {
        // Only a wait for the server can be its backup's fault.
        if case.wait().waiting_on != Party::Server {
            return Vec::new();
        }
        let began = case.first_frame_time().plus(case.begin());
        let summary = format!(
            "The server {} was busy with its backup and took {} for {}.",
            case.connection().server,
            case.wait().duration,
            case.wait().phase.awaited()
        );
        let backup = Explanation::new(
            BACKUP_WINDOW,
            Party::Server,
            summary,
            "Move the backup to another host, or to an hour in which nobody connects.",
        );
        vec![
            backup
                .covering(case.begin(), case.end())
                // Where this does not hold, the cause is ruled out, and the report says why.
                .necessary(
                    "begins-in-the-window",
                    self.holds(began),
                    format!(
                        "the wait began at {} UTC; the backup runs from {} to {}",
                        clock(minute(began)),
                        clock(self.from),
                        clock(self.to)
                    ),
                )
                // Where this does not hold, the confidence is lower.
                .strong(
                    "longer-than-usual",
                    case.wait().duration >= Span::from_secs(2),
                    "without the backup the server answers within 2 s",
                ),
        ]
    }
}

impl Backup {
    fn holds(&self, time: Timestamp) -> bool {
        let minute = minute(time);
        if self.from <= self.to {
            (self.from..self.to).contains(&minute)
        } else {
            // Past midnight.
            minute >= self.from || minute < self.to
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("which capture?")?;
    let from = arguments.next().unwrap_or_else(|| "02:00".to_owned());
    let to = arguments.next().unwrap_or_else(|| "03:00".to_owned());
    let backup = Backup {
        from: parse(&from)?,
        to: parse(&to)?,
    };

    let mut config = Config::default();
    config.add_family(backup);
    let report = analyze_reader(&path, File::open(&path)?, &config)?;

    let mut out = io::stdout().lock();
    for connection in &report.analysis.connections {
        for finding in &connection.findings {
            writeln!(
                out,
                "{}: {}, {} confidence: {}",
                connection.server, finding.cause, finding.confidence, finding.summary
            )?;
            for ruled_out in &finding.ruled_out {
                writeln!(out, "  not {}: {}", ruled_out.cause, ruled_out.because)?;
            }
        }
    }
    Ok(())
}

/// The minute of the day in UTC.
fn minute(time: Timestamp) -> i64 {
    time.as_nanos().div_euclid(60_000_000_000).rem_euclid(DAY)
}

fn clock(minute: i64) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// `HH:MM` as a minute of the day.
fn parse(time: &str) -> Result<i64, Box<dyn Error>> {
    let (hours, minutes) = time.split_once(':').ok_or("a time is written HH:MM")?;
    let (hours, minutes): (i64, i64) = (hours.parse()?, minutes.parse()?);
    if !(0..24).contains(&hours) || !(0..60).contains(&minutes) {
        return Err(format!("{time} is no time of day").into());
    }
    Ok(hours * 60 + minutes)
}
