//! What one capture says.

use std::ops::ControlFlow;

use js_sys::Function;
use tls_stall::{Document, analyze_stream};
use tls_stall_render::{html, json, ndjson};
use wasm_bindgen::prelude::{JsError, JsValue, wasm_bindgen};

use crate::evidence::Evidence;
use crate::input::Bytes;
use crate::reading::Capture;
use crate::{cannot_read, config, unread};

/// Why TLS handshakes stalled in a capture.
#[wasm_bindgen]
#[derive(Debug, Clone)]
pub struct Diagnosis {
    document: Document,
}

#[wasm_bindgen]
impl Diagnosis {
    /// What `capture` says.
    #[must_use]
    #[wasm_bindgen(constructor)]
    pub fn new(capture: Capture) -> Diagnosis {
        let document = Document::new(capture.options, vec![capture.report]);
        Self { document }
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

    /// Begins to read `input`, the same capture from its beginning, for the frames of evidence.
    ///
    /// # Errors
    ///
    /// Where `input` is no capture any more.
    pub fn evidence(&self, input: Bytes) -> Result<Evidence, JsError> {
        let report = self.document.captures.first();
        let report = report.ok_or_else(|| JsError::new("there is no capture"))?;
        Evidence::new(report, input)
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
    let read = analyze_stream(
        name,
        input,
        &config(stall_threshold_ms, false),
        |connection| {
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
        },
    );
    read.map_err(|error| JsError::new(&cannot_read(name, &error)))?;
    result
}
