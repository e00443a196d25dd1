//! A report without the addresses and names of those whom it is about.
//!
//! The [`substitutes`] are chosen once for a whole document or comparison, and never fall on an address or a name
//! that stood in it before. Fields are replaced as what they are; [sentences](sentence) are read
//! for whatever may be an address or a name, and lose what the hosts said in their own words.

mod sentence;
mod substitutes;

use std::net::IpAddr;

use self::sentence::Sentences;
use self::substitutes::Substitutes;
use crate::compare::{Comparison, Pair};
use crate::report::{CaptureReport, Document, Finding};

pub(crate) use self::sentence::is_recognised;

impl Document {
    /// This report with other addresses, names, apps and file names in the place of its own, the
    /// same for the same throughout the document.
    ///
    /// An address keeps its family and stays one of a private network, or none; public ones are
    /// those of documentation (RFC 5737, RFC 3849) and, beyond 762, of RFC 2544. Loopback, the
    /// unspecified and broadcast addresses and the groups of multicast name services stay. A reverse
    /// name stays that of its address. What a host said in the clear is left out, even where it
    /// gives no name away. Ports, times, frame numbers and ids of lookups stay: who has the capture
    /// can tell which it was.
    #[must_use]
    pub fn redacted(mut self) -> Self {
        redact(&mut self.captures, &mut []);
        self
    }
}

impl Comparison {
    /// This comparison with substitutes as in [`Document::redacted`], the same for the same in both
    /// captures.
    #[must_use]
    pub fn redacted(mut self) -> Self {
        redact(&mut self.captures, &mut self.pairs);
        self
    }
}

/// Puts substitutes in the place of what `captures`, and `pairs` of their connections, tell of.
fn redact(captures: &mut [CaptureReport], pairs: &mut [Pair]) {
    let mut substitutes = Substitutes::default();
    note(captures, pairs, &mut substitutes);
    replace(captures, pairs, &mut substitutes);
}

/// Shows `substitutes` all that has to be replaced.
fn note(captures: &mut [CaptureReport], pairs: &mut [Pair], substitutes: &mut Substitutes) {
    for capture in &mut *captures {
        addresses(capture, |address| substitutes.note_address(*address));
        names(capture, |name| substitutes.note_name(name));
        for connection in &capture.analysis.connections {
            substitutes.note_app(connection.app.as_deref());
        }
    }
    names_of_pairs(pairs, |name| substitutes.note_name(name));
    let mut sentences = Sentences::new(substitutes);
    for capture in captures {
        texts(capture, |text| sentences.note(text));
    }
    for pair in pairs {
        sentences.note(&pair.summary);
    }
}

fn replace(captures: &mut [CaptureReport], pairs: &mut [Pair], substitutes: &mut Substitutes) {
    for capture in &mut *captures {
        addresses(capture, |address| *address = substitutes.address(*address));
        names(capture, |name| *name = substitutes.name(name));
        for connection in &mut capture.analysis.connections {
            let app = connection.app.take();
            connection.app = app.map(|app| substitutes.name(&app));
        }
    }
    names_of_pairs(pairs, |name| *name = substitutes.name(name));
    let mut files = 0_usize;
    for capture in &mut *captures {
        rename_files(capture, &mut files);
    }
    let mut sentences = Sentences::new(substitutes);
    for capture in captures {
        texts(capture, |text| *text = sentences.redacted(text));
    }
    for pair in pairs {
        pair.summary = sentences.redacted(&pair.summary);
    }
}

/// The names of the lookups that went differently.
fn names_of_pairs(pairs: &mut [Pair], visit: impl FnMut(&mut String)) {
    let lookups = pairs.iter_mut().flat_map(|pair| &mut pair.lookups);
    let names = lookups.flat_map(|lookup| &mut lookup.names);
    names.flatten().for_each(visit);
}

/// Every address that stands in a field of its own.
fn addresses(capture: &mut CaptureReport, mut visit: impl FnMut(&mut IpAddr)) {
    for connection in &mut capture.analysis.connections {
        visit(&mut connection.client.ip);
        visit(&mut connection.server.ip);
    }
    for lookup in &mut capture.analysis.lookups {
        visit(&mut lookup.asker);
        let queries = lookup.queries.iter_mut().map(|it| &mut it.resolver);
        let answers = lookup.answers.iter_mut().map(|it| &mut it.resolver);
        queries.chain(answers).for_each(&mut visit);
    }
}

/// Every name that stands in a field of its own.
fn names(capture: &mut CaptureReport, mut visit: impl FnMut(&mut String)) {
    let analysis = &mut capture.analysis;
    let connections = analysis.connections.iter_mut();
    let servers = connections.filter_map(|it| it.server_name.as_mut());
    let lookups = analysis.lookups.iter_mut().map(|it| &mut it.name);
    let others = analysis.names.iter_mut();
    servers.chain(lookups).chain(others).for_each(&mut visit);
}

/// Every sentence.
fn texts(capture: &mut CaptureReport, mut visit: impl FnMut(&mut String)) {
    for notice in &mut capture.analysis.notices {
        visit(&mut notice.message);
    }
    if let Some(reason) = &mut capture.source.unread {
        visit(reason);
    }
    for connection in &mut capture.analysis.connections {
        for finding in &mut connection.findings {
            texts_of(finding, &mut visit);
        }
    }
}

fn texts_of(finding: &mut Finding, visit: &mut impl FnMut(&mut String)) {
    visit(&mut finding.summary);
    visit(&mut finding.remedy);
    visit(&mut finding.display_filter);
    finding
        .evidence
        .iter_mut()
        .for_each(|it| visit(&mut it.message));
    finding
        .checks
        .iter_mut()
        .for_each(|it| visit(&mut it.detail));
    finding
        .ruled_out
        .iter_mut()
        .for_each(|it| visit(&mut it.because));
}

/// Gives each file a number in the place of its name, in its notices too.
fn rename_files(capture: &mut CaptureReport, files: &mut usize) {
    let source = &mut capture.source;
    let mut next = || {
        *files = files.saturating_add(1);
        format!("capture{files}")
    };
    let mut renamed = Vec::new();
    for file in &mut source.files {
        let path = std::mem::replace(&mut file.path, next());
        renamed.push((path, file.path.clone()));
    }
    let label = match source.files.as_slice() {
        [] if source.path == STANDARD_INPUT => STANDARD_INPUT.to_owned(),
        [] => next(),
        [only] => only.path.clone(),
        [first, .., last] => {
            format!("{} … {} ({} files)", first.path, last.path, renamed.len())
        }
    };
    let path = std::mem::replace(&mut source.path, label);
    if path != STANDARD_INPUT {
        renamed.push((path, source.path.clone()));
    }
    // A path may be the beginning of another.
    renamed.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
    let notices = capture.analysis.notices.iter_mut();
    let texts = notices.map(|it| &mut it.message).chain(&mut source.unread);
    for text in texts {
        for (path, label) in renamed.iter().filter(|(path, _)| !path.is_empty()) {
            if text.contains(path) {
                *text = text.replace(path, label);
            }
        }
    }
}

/// The path of a capture that came from no file.
const STANDARD_INPUT: &str = "-";

#[cfg(test)]
mod tests;
