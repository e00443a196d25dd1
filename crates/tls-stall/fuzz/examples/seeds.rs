//! Writes the seeds of every target to `corpus`, where `cargo fuzz` looks for them.

use std::fs;
use std::path::Path;

use tls_stall_fuzz::{TARGETS, seeds};

fn main() -> std::io::Result<()> {
    for (target, _) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("corpus")
            .join(target);
        fs::create_dir_all(&folder)?;
        for (name, seed) in seeds::of(target)? {
            fs::write(folder.join(name), seed)?;
        }
    }
    Ok(())
}
