//! What one capture says.

use std::ops::ControlFlow;

use js_sys::Function;
use tls_stall::{CaptureReader, Document, Options, analyze_stream};
use tls_stall_render::{Annotated, html, json, ndjson};
use wasm_bindgen::prelude::{JsError, JsValue, wasm_bindgen};

use crate::input::Bytes;
use crate::{analyze, cannot_read, config, unread};

/// Why TLS handshakes stalled in a capture.
#[wasm_bindgen]
#[derive(Debug, Clone)]
pub struct Diagnosis {
    document: Document,
}

#[wasm_bindgen]
impl Diagnosis {
    /// Reads the capture `input` of the name `name` to its end.
    ///
    /// # Errors
    ///
    /// Where `input` is no capture, or nothing in it could be decoded; the message is for the reader.
    #[wasm_bindgen(constructor)]
    pub fn new(name: &str, input: Bytes, stall_threshold_ms: u32) -> Result<Diagnosis, JsError> {
        let config = config(stall_threshold_ms);
        let report = analyze(name, input, &config).map_err(|message| JsError::new(&message))?;
        let document = Document::new(Options::from(&config), vec![report]);
        Ok(Self { document })
    }

    /// Why the rest of the capture is not in the report, if reading it failed.
    #[must_use]
    pub fn unread(&self) -> Option<String> {
        self.document.captures.iter().find_map(unread)
    }

    /// The report as a page of HTML.
    ///
    /// # Errors
    ///
    /// None that a report of the library's can cause.
    pub fn html(&self) -> Result<String, JsError> {
        Ok(html::render(&self.document)?)
    }

    /// The report as JSON.
    ///
    /// # Errors
    ///
    /// None that a report of the library's can cause.
    pub fn json(&self) -> Result<String, JsError> {
        Ok(json::render(&self.document)?)
    }

    /// The report with other addresses and names in the place of those of the capture.
    #[must_use]
    pub fn redacted(&self) -> Diagnosis {
        let document = self.document.clone().redacted();
        Self { document }
    }

    /// The frames of evidence as a pcapng file; `input` is the same capture, from its beginning.
    ///
    /// # Errors
    ///
    /// Where `input` is no longer what was analysed.
    pub fn annotated(&self, input: Bytes) -> Result<Vec<u8>, JsError> {
        let Some(report) = self.document.captures.first() else {
            return Ok(Vec::new());
        };
        let name = &report.source.path;
        let failed = |reason: &dyn std::fmt::Display| JsError::new(&cannot_read(name, reason));
        let mut annotated = Annotated::new(report, false);
        let mut capture = annotated.beginning();
        let mut reader = CaptureReader::new(input).map_err(|error| failed(&error))?;
        // As far as it can be read: that something cannot was said when it was analysed.
        while let Ok(Some(frame)) = reader.next_frame() {
            capture.extend(annotated.frame(&frame));
        }
        if annotated.is_complete() {
            Ok(capture)
        } else {
            Err(failed(&"it has changed since it was analysed"))
        }
    }
}

/// Reads the capture `input` and calls `take` with a line of JSON for each connection as soon as no
/// more of it is to come, as `--format ndjson` does; it breaks off where `take` throws.
///
/// # Errors
///
/// Where `input` is no capture, and what `take` threw.
#[wasm_bindgen]
pub fn stream(
    name: &str,
    input: Bytes,
    stall_threshold_ms: u32,
    take: &Function,
) -> Result<(), JsValue> {
    let mut result = Ok(());
    let read = analyze_stream(name, input, &config(stall_threshold_ms), |connection| {
        let told = ndjson::line(name, &connection)
            .map_err(|error| JsError::from(error).into())
            .and_then(|line| take.call1(&JsValue::NULL, &line.into()));
        match told {
            Ok(_) => ControlFlow::Continue(()),
            Err(thrown) => {
                result = Err(thrown);
                ControlFlow::Break(())
            }
        }
    });
    read.map_err(|error| JsError::new(&cannot_read(name, &error)))?;
    result
}
