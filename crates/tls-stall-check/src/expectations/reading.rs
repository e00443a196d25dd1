//! From the form of the file to its sense, or to what is wrong with it.

use std::collections::BTreeMap;
use std::str::FromStr;

use tls_stall::{Confidence, FrameNumber, Party, Phase};
use toml::Spanned;

use super::{Entry, Expectation, Expectations, Places, canonical};
use crate::file::{File, RawEntry, RawExpectation};
use crate::length::parse_length;
use crate::place::{InvalidExpectations, Mistake, Place};

pub(super) fn read(text: &str) -> Result<Expectations, InvalidExpectations> {
    let mut reader = Reader {
        text,
        mistakes: Vec::new(),
    };
    match toml::from_str::<File>(text) {
        Ok(file) => {
            let expectations = reader.expectations(file);
            if reader.mistakes.is_empty() {
                return Ok(expectations);
            }
        }
        Err(error) => {
            let place = error
                .span()
                .map_or(Place::START, |it| Place::of(text, it.start));
            // TOML has keys; fields are serde's.
            let message = error.message().trim().replace('\n', ", ");
            let message = message
                .replace("unknown field", "unknown key")
                .replace("missing field", "missing key");
            reader.mistakes.push(Mistake::new(place, message));
        }
    }
    reader.mistakes.sort_by_key(|mistake| mistake.place);
    Err(InvalidExpectations {
        mistakes: reader.mistakes,
    })
}

/// Reads values and collects what is wrong with them.
struct Reader<'a> {
    text: &'a str,
    mistakes: Vec<Mistake>,
}

impl Reader<'_> {
    fn place<T>(&self, value: &Spanned<T>) -> Place {
        Place::of(self.text, value.span().start)
    }

    fn mistake(&mut self, place: Place, message: impl Into<String>) {
        self.mistakes.push(Mistake::new(place, message));
    }

    /// What `read` makes of `value`; where it refuses, the reason is a mistake.
    fn value<T, E: ToString>(
        &mut self,
        value: Option<&Spanned<String>>,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let value = value?;
        match read(value.get_ref()) {
            Ok(read) => Some(read),
            Err(reason) => {
                let message = format!("{:?}: {}", value.get_ref(), reason.to_string());
                self.mistake(self.place(value), message);
                None
            }
        }
    }

    /// The value of an enumeration that has `value`'s name.
    fn named<T>(&mut self, value: Option<&Spanned<String>>, known: &[T]) -> Option<T>
    where
        T: FromStr + ToString + Copy,
    {
        self.value(value, |name| {
            name.parse().map_err(|_| {
                let known: Vec<String> = known.iter().map(ToString::to_string).collect();
                format!("not one of {}", known.join(", "))
            })
        })
    }

    fn expectations(&mut self, file: File) -> Expectations {
        let mut read = Expectations::default();
        if let Some(span) = self.value(file.stall_threshold.as_ref(), parse_length) {
            read.stall_threshold = span;
        }
        for pattern in &file.exclude {
            let pattern = self.value(Some(pattern), |pattern| {
                glob::Pattern::new(pattern.trim_end_matches('/'))
            });
            read.exclude.extend(pattern);
        }
        read.tls_ports = file.tls_ports.iter().map(|port| port.get()).collect();
        let mut places = BTreeMap::new();
        for (index, raw) in file.capture.into_iter().enumerate() {
            let place = self.place(&raw);
            let entry = self.entry(raw.into_inner(), place, index);
            if let Some(earlier) = places.insert(entry.path.clone(), entry.place) {
                let path = &entry.path;
                let message = format!("{path:?} has an entry already, in line {}", earlier.line);
                self.mistake(entry.place, message);
            }
            read.entries.push(entry);
        }
        read
    }

    fn entry(&mut self, raw: RawEntry, place: Place, index: usize) -> Entry {
        let path = self.value(Some(&raw.path), relative).unwrap_or_default();
        let mut places = Places {
            stalls: raw.stalls.as_ref().map(|it| self.place(it)),
            failures: raw.failures.as_ref().map(|it| self.place(it)),
            not_yet: raw.not_yet.as_ref().map(|it| self.place(it)),
            max_wait: BTreeMap::new(),
        };
        let mut max_wait = BTreeMap::new();
        for (name, length) in &raw.max_wait {
            let phase = self.named(Some(name), Phase::ALL);
            let span = self.value(Some(length), parse_length);
            if let (Some(phase), Some(span)) = (phase, span) {
                places.max_wait.insert(phase, self.place(name));
                max_wait.insert(phase, span);
            }
        }
        if let Some(reason) = &raw.not_yet
            && reason.get_ref().trim().is_empty()
        {
            self.mistake(self.place(reason), "not_yet needs a reason");
        }
        let expect = raw.expect.into_iter();
        let expect = expect.filter_map(|raw| self.expectation(&raw)).collect();
        let entry = Entry {
            place,
            path,
            stalls: raw.stalls.map(Spanned::into_inner),
            failures: raw.failures.map(Spanned::into_inner),
            max_wait,
            not_yet: raw.not_yet.map(Spanned::into_inner),
            expect,
            places,
            index,
        };
        self.counts(&entry);
        self.numbers(&entry);
        entry
    }

    /// Looks at whether the numbers of `entry` can be those of the connections that it names.
    fn counts(&mut self, entry: &Entry) {
        let counts = [
            (
                "stalls",
                entry.stalls,
                entry.places.stalls,
                entry.stalls_named(),
            ),
            (
                "failures",
                entry.failures,
                entry.places.failures,
                entry.failures_named(),
            ),
        ];
        for (key, number, place, named) in counts {
            if let (Some(number), Some(place)) = (number, place)
                && number < named
            {
                let message = format!("{key} is {number}, and expect names {named}");
                self.mistake(place, message);
            }
        }
    }

    /// Looks at whether a connection is named twice by its number.
    fn numbers(&mut self, entry: &Entry) {
        let mut seen = BTreeMap::new();
        for expectation in &entry.expect {
            if let Some(number) = expectation.tcp_stream
                && let Some(earlier) = seen.insert(number, expectation.place)
            {
                let Place { line, .. } = earlier;
                let message = format!("tcp_stream {number} is expected already, in line {line}");
                self.mistake(expectation.place, message);
            }
        }
    }

    fn expectation(&mut self, raw: &Spanned<RawExpectation>) -> Option<Expectation> {
        let place = self.place(raw);
        let raw = raw.get_ref();
        let server = self.value(raw.server.as_ref(), str::parse);
        let server_name = self.value(raw.server_name.as_ref(), |name| match canonical(name) {
            name if name.is_empty() => Err("no name"),
            name => Ok(name),
        });
        if raw.server.is_none() && raw.server_name.is_none() && raw.tcp_stream.is_none() {
            let message = "which connection? server, server_name or tcp_stream says";
            self.mistake(place, message);
        }
        let stalled = raw.stalled.unwrap_or(true);
        let phase = self.named(raw.phase.as_ref(), Phase::ALL);
        if let Some(at) = &raw.phase
            && stalled
            && phase == Some(Phase::ApplicationData)
        {
            let message = "the handshake is over in application_data: nothing stalls there";
            self.mistake(self.place(at), message);
        }
        let from_frame = self.frame(raw.from_frame.as_ref());
        let to_frame = self.frame(raw.to_frame.as_ref());
        if let (Some(from), Some(to), Some(at)) = (from_frame, to_frame, &raw.to_frame)
            && to < from
        {
            let message = format!("to_frame is {to}, and from_frame {from}");
            self.mistake(self.place(at), message);
        }
        let cause = self.value(Some(&raw.cause), |name| {
            name.parse()
                .map_err(|_| "no cause; \"tls-stall explain\" lists all")
        });
        let waiting_on = self.named(raw.waiting_on.as_ref(), Party::ALL);
        let confidence = self.named(raw.confidence.as_ref(), Confidence::ALL);
        Some(Expectation {
            place,
            server,
            server_name,
            tcp_stream: raw.tcp_stream.as_ref().map(|it| *it.get_ref()),
            stalled,
            cause: cause?,
            phase,
            waiting_on,
            confidence: confidence.unwrap_or(Confidence::Low),
            from_frame,
            to_frame,
        })
    }

    fn frame(&mut self, number: Option<&Spanned<u64>>) -> Option<FrameNumber> {
        let number = number?;
        let frame = FrameNumber::new(*number.get_ref());
        if frame.is_none() {
            self.mistake(self.place(number), "frames are numbered from 1");
        }
        frame
    }
}

/// A path relative to the file, one of several that are the same written as all of them are.
fn relative(path: &str) -> Result<String, &'static str> {
    if path.starts_with('/') {
        return Err("the path has to be relative to this file");
    }
    let parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
    let parts: Vec<&str> = parts.collect();
    if parts.is_empty() {
        return Err("no path");
    }
    Ok(parts.join("/"))
}
