//! What two captures say side by side.

use tls_stall::Options;
use tls_stall_render::{html, json};
use wasm_bindgen::prelude::{JsError, wasm_bindgen};

use crate::input::Bytes;
use crate::{analyze, config, unread};

/// A capture in which something stalled beside one in which it did not.
#[wasm_bindgen]
#[derive(Debug, Clone)]
pub struct Comparison {
    comparison: tls_stall::Comparison,
}

#[wasm_bindgen]
impl Comparison {
    /// Reads both captures to their ends.
    ///
    /// # Errors
    ///
    /// Where one of them is no capture, or nothing in it could be decoded; the message is for the
    /// reader.
    #[wasm_bindgen(constructor)]
    pub fn new(
        name: &str,
        input: Bytes,
        healthy_name: &str,
        healthy_input: Bytes,
        stall_threshold_ms: u32,
    ) -> Result<Comparison, JsError> {
        let mut config = config(stall_threshold_ms);
        config.keep_all = true;
        let read =
            |name, input| analyze(name, input, &config).map_err(|message| JsError::new(&message));
        let captures = [read(name, input)?, read(healthy_name, healthy_input)?];
        let comparison = tls_stall::Comparison::new(Options::from(&config), captures);
        Ok(Self { comparison })
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
