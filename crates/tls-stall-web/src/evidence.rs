//! The frames that prove a diagnosis.

use tls_stall::{CaptureReader, CaptureReport};
use tls_stall_render::Annotated;
use wasm_bindgen::prelude::{JsError, wasm_bindgen};

use crate::cannot_read;
use crate::input::{Allowance, Bytes, Counted};

/// A capture that is read a second time, for the frames of evidence.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Evidence {
    name: String,
    reader: CaptureReader<Counted>,
    allowance: Allowance,
    annotated: Annotated,
    /// What has been written of them.
    capture: Vec<u8>,
}

impl Evidence {
    /// Begins to read `input`, the capture on which `report` is.
    pub(crate) fn new(report: &CaptureReport, input: Bytes) -> Result<Self, JsError> {
        let name = report.source.path.clone();
        let allowance = Allowance::default();
        let reader = CaptureReader::new(Counted::new(input, allowance.clone()))
            .map_err(|error| JsError::new(&cannot_read(&name, &error)))?;
        let annotated = Annotated::new(report, false);
        let capture = annotated.beginning();
        Ok(Self {
            name,
            reader,
            allowance,
            annotated,
            capture,
        })
    }
}

#[wasm_bindgen]
impl Evidence {
    /// Goes on until `bytes` more have been read, or a little more, to the end of a frame; false
    /// where nothing more is needed.
    pub fn step(&mut self, bytes: u32) -> bool {
        self.allowance.renew(bytes);
        while !self.allowance.is_spent() {
            // As far as it can be read: that something cannot was said when it was analysed.
            let Ok(Some(frame)) = self.reader.next_frame() else {
                return false;
            };
            self.capture.extend(self.annotated.frame(&frame));
            if self.annotated.is_complete() {
                return false;
            }
        }
        true
    }

    /// The frames as a pcapng file.
    ///
    /// # Errors
    ///
    /// Where the capture is no longer what was analysed.
    pub fn finish(self) -> Result<Vec<u8>, JsError> {
        if self.annotated.is_complete() {
            Ok(self.capture)
        } else {
            let reason = "it has changed since it was analysed";
            Err(JsError::new(&cannot_read(&self.name, &reason)))
        }
    }
}
