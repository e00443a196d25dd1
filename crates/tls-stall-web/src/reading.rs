//! A capture that is being read, as much at a time as the page has of it.

use tls_stall::{CaptureReport, FileAnalyzer, Options};
use wasm_bindgen::prelude::{JsError, wasm_bindgen};

use crate::input::{Allowance, Bytes, Counted};
use crate::{begin, config, decoded};

/// A capture that is being read and analysed.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Reading {
    file: FileAnalyzer<Counted>,
    allowance: Allowance,
    options: Options,
}

#[wasm_bindgen]
impl Reading {
    /// Begins to read the capture `input` of the name `name`; where `all`, the healthy connections
    /// are reported too, as a comparison needs them.
    ///
    /// # Errors
    ///
    /// Where `input` is no capture; the message is for the reader.
    #[wasm_bindgen(constructor)]
    pub fn new(
        name: &str,
        input: Bytes,
        stall_threshold_ms: u32,
        all: bool,
    ) -> Result<Reading, JsError> {
        let config = config(stall_threshold_ms, all);
        let allowance = Allowance::default();
        let input = Counted::new(input, allowance.clone());
        let file = begin(name, input, &config).map_err(|message| JsError::new(&message))?;
        Ok(Self {
            file,
            allowance,
            options: Options::from(&config),
        })
    }

    /// Goes on until `bytes` more have been read, or a little more, to the end of a frame; false
    /// where the capture ends.
    pub fn step(&mut self, bytes: u32) -> bool {
        self.allowance.renew(bytes);
        while !self.allowance.is_spent() {
            if !self.file.advance() {
                return false;
            }
        }
        true
    }

    /// What the capture says.
    ///
    /// # Errors
    ///
    /// Where nothing in it could be decoded; the message is for the reader.
    pub fn finish(self) -> Result<Capture, JsError> {
        let report = decoded(self.file.finish()).map_err(|message| JsError::new(&message))?;
        let options = self.options;
        Ok(Capture { report, options })
    }
}

/// A capture that has been read.
#[wasm_bindgen]
#[derive(Debug, Clone)]
pub struct Capture {
    pub(crate) report: CaptureReport,
    pub(crate) options: Options,
}
