//! What two captures say side by side.

use tls_stall_render::{html, json};
use wasm_bindgen::prelude::{JsError, wasm_bindgen};

use crate::reading::Capture;
use crate::unread;

/// A capture in which something stalled beside one in which it did not.
#[wasm_bindgen]
#[derive(Debug, Clone)]
pub struct Comparison {
    comparison: tls_stall::Comparison,
}

#[wasm_bindgen]
impl Comparison {
    /// Compares two captures that were read with all their connections.
    #[must_use]
    #[wasm_bindgen(constructor)]
    pub fn new(stalled: Capture, healthy: Capture) -> Comparison {
        let captures = [stalled.report, healthy.report];
        let comparison = tls_stall::Comparison::new(stalled.options, captures);
        Self { comparison }
    }

    /// Why the rest of a capture is not in the comparison, if reading it failed.
    #[must_use]
    pub fn unread(&self) -> Option<String> {
        self.comparison.captures.iter().find_map(unread)
    }

    /// The comparison as a page of HTML.
    ///
    /// # Errors
    ///
    /// None that a comparison of the library's can cause.
    pub fn html(&self) -> Result<String, JsError> {
        Ok(html::comparison(&self.comparison)?)
    }

    /// The comparison as JSON.
    ///
    /// # Errors
    ///
    /// None that a comparison of the library's can cause.
    pub fn json(&self) -> Result<String, JsError> {
        Ok(json::comparison(&self.comparison)?)
    }
}
