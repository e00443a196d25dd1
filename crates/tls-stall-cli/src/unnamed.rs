//! Files that have no name until they are whole: where the command is ended before, by whatever
//! signal, nothing is left.
//!
//! Linux has them (`O_TMPFILE`), on most file systems.

use std::fs::File;
use std::io;
use std::path::Path;

/// A file in `folder` without a name, where the system has such.
#[cfg(target_os = "linux")]
pub(crate) fn create(folder: &Path) -> Option<File> {
    use rustix::fs::{CWD, Mode, OFlags, openat};

    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let file = openat(CWD, folder, flags, Mode::from_raw_mode(0o666)).ok()?;
    let file = File::from(file);
    // By that path it will be named.
    place(&file).exists().then_some(file)
}

/// Gives `file` the name `path`, which no other file has.
#[cfg(target_os = "linux")]
pub(crate) fn name(file: &File, path: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};

    Ok(linkat(
        CWD,
        place(file),
        CWD,
        path,
        AtFlags::SYMLINK_FOLLOW,
    )?)
}

/// Where `/proc` has an open file.
#[cfg(target_os = "linux")]
fn place(file: &File) -> std::path::PathBuf {
    use std::os::fd::AsRawFd as _;

    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

/// A file in `folder` without a name, where the system has such.
#[cfg(not(target_os = "linux"))]
pub(crate) fn create(_folder: &Path) -> Option<File> {
    None
}

/// Gives `file` the name `path`, which no other file has.
#[cfg(not(target_os = "linux"))]
pub(crate) fn name(_file: &File, _path: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
