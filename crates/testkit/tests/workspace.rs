//! What the manifests promise of every crate: no `unsafe`, and sums that do not wrap unseen.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};

use toml::Table;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn manifest(path: &Path) -> Table {
    fs::read_to_string(path).unwrap().parse().unwrap()
}

/// The manifests of the crates, with the folders' names.
fn members() -> Vec<(String, Table)> {
    let folders = fs::read_dir(root().join("crates")).unwrap();
    let paths = folders.map(|folder| folder.unwrap().path());
    let manifests = paths.filter(|path| path.join("Cargo.toml").is_file());
    manifests
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, manifest(&path.join("Cargo.toml")))
        })
        .collect()
}

#[test]
fn no_crate_may_have_unsafe_code() {
    let workspace = manifest(&root().join("Cargo.toml"));
    let level = &workspace["workspace"]["lints"]["rust"]["unsafe_code"];
    // Unlike "deny", it cannot be allowed again in the code.
    assert_eq!(level.as_str(), Some("forbid"));
    let members = members();
    assert!(members.len() >= 5);
    for (name, member) in members {
        let inherits = member["lints"]["workspace"].as_bool();
        assert_eq!(inherits, Some(true), "{name}");
    }
}

#[test]
fn what_is_released_checks_its_sums() {
    let workspace = manifest(&root().join("Cargo.toml"));
    let profiles = workspace["profile"].as_table().unwrap();
    let release = profiles["release"].as_table().unwrap();
    assert_eq!(release["overflow-checks"].as_bool(), Some(true));
    for (name, profile) in profiles {
        // Those that inherit from it, or override it for a package, switch it off nowhere.
        let text = profile.to_string();
        assert!(!text.contains("overflow-checks = false"), "{name}: {text}");
    }
}
