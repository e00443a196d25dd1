//! What is known of every capture in `testdata`: the labels in `tls-stall.toml`.

use std::fs;

use serde::Deserialize;
use tls_stall::Cause;

use super::testdata;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Truth {
    pub(crate) stall_threshold: String,
    pub(crate) capture: Vec<Capture>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Capture {
    pub(crate) path: String,
    pub(crate) stalls: Option<usize>,
    #[serde(default)]
    pub(crate) expect: Vec<Expected>,
}

impl Capture {
    /// Whether each of its causes is in the catalogue.
    pub(crate) fn is_known(&self) -> bool {
        let mut causes = self.expect.iter().map(|expected| &expected.cause);
        causes.all(|cause| cause.parse::<Cause>().is_ok())
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    pub(crate) server: String,
    pub(crate) cause: String,
    pub(crate) phase: String,
    pub(crate) waiting_on: String,
    pub(crate) from_frame: u64,
    pub(crate) to_frame: u64,
    pub(crate) confidence: String,
}

pub(crate) fn truth() -> Truth {
    let text = fs::read_to_string(testdata().join("tls-stall.toml")).unwrap();
    toml::from_str(&text).unwrap()
}
