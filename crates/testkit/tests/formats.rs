//! The committed captures of `testdata/formats` and `testdata/malformed`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use testkit::{formats, malformed};

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata")
}

/// Those that other programs compress are held to what they unpack to, by the library's tests.
#[test]
fn the_committed_files_are_what_the_builder_makes() {
    let formats_folder = testdata().join("formats");
    let read = |name: &str| fs::read(formats_folder.join(name)).unwrap();
    let refused = formats::refused().into_iter();
    let refused = refused.map(|(name, bytes)| (name, bytes.to_vec()));
    let damaged = malformed::files().into_iter();
    let damaged = damaged.chain(malformed::of_compressed(&read));
    let files = formats::files().into_iter().chain(refused);
    for (folder, (name, expected)) in files
        .map(|file| ("formats", file))
        .chain(damaged.map(|file| ("malformed", file)))
    {
        let committed = fs::read(testdata().join(folder).join(name)).unwrap();
        assert!(
            committed == expected,
            "{folder}/{name} differs: cargo run -p testkit --bin formats -- testdata"
        );
    }
}
