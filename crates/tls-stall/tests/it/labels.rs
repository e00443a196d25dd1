//! What is known of every capture in `testdata`: the labels in `tls-stall.toml`.

use std::fs;

use tls_stall_check::Expectations;

use super::testdata;

pub(crate) fn truth() -> Expectations {
    let text = fs::read_to_string(testdata().join("tls-stall.toml")).unwrap();
    Expectations::parse(&text).unwrap()
}
