//! Which files the command line names: those that it lists, and those in the folders that it lists.

use std::fs::{self, File, FileType};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use tls_stall::{ReadError, ReadErrorKind};

use crate::output::DASH;

/// A file to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    /// Whether a folder was given, in which this is one file of many: not all have to be captures.
    pub(crate) in_folder: bool,
}

/// What was found under `paths`, each in its turn; `complain` is told of what could not be looked at.
///
/// The files of a folder come sorted by their paths, those of its folders among them. Links to files
/// are followed, links to folders are not, so that no walk goes round in circles; what is neither
/// file nor folder, such as a pipe, is opened only where it is given by itself.
pub(crate) fn find(paths: &[PathBuf], mut complain: impl FnMut(&Path, &io::Error)) -> Vec<Found> {
    let mut found = Vec::new();
    for path in paths {
        if path != Path::new(DASH) && path.is_dir() {
            let mut files = Vec::new();
            walk(path, &mut files, &mut complain);
            files.sort();
            found.extend(files.into_iter().map(|path| Found {
                path,
                in_folder: true,
            }));
        } else {
            found.push(Found {
                path: path.clone(),
                in_folder: false,
            });
        }
    }
    found
}

/// Collects the files under `folder`, in no order.
fn walk(folder: &Path, files: &mut Vec<PathBuf>, complain: &mut impl FnMut(&Path, &io::Error)) {
    // A list of what is left to see, since folders may be nested deeper than the stack is.
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                complain(&folder, &error);
                continue;
            }
        };
        for entry in entries {
            let kind = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)));
            match kind {
                Ok((path, kind)) if kind.is_dir() => folders.push(path),
                Ok((path, kind)) if is_file(&path, kind) => files.push(path),
                Ok(_) => {}
                Err(error) => complain(&folder, &error),
            }
        }
    }
}

fn is_file(path: &Path, kind: FileType) -> bool {
    kind.is_file() || (kind.is_symlink() && path.is_file())
}

/// A file that is read to its end, which may not come before where it was when it was opened.
#[derive(Debug)]
pub(crate) struct Measured {
    file: File,
    /// What has still to come; 0 for a pipe.
    left: u64,
}

impl Measured {
    /// Opens the file at `path`.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let about = file.metadata()?;
        let left = if about.is_file() { about.len() } else { 0 };
        Ok(Self { file, left })
    }
}

impl Read for Measured {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(room)?;
        if count == 0 && !room.is_empty() && self.left > 0 {
            let reason = "it became shorter while it was read";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, reason));
        }
        let read = u64::try_from(count).unwrap_or(u64::MAX);
        self.left = self.left.saturating_sub(read);
        Ok(count)
    }
}

/// Opens the regular file at `path`: a pipe cannot be read twice, as `option` has to.
pub(crate) fn open_regular(path: &Path, option: &str) -> io::Result<Measured> {
    let regular = path != Path::new(DASH) && fs::metadata(path)?.is_file();
    if !regular {
        let reason = format!("no regular file, and {option} has to read each twice");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    }
    Measured::open(path)
}

/// Whether a file that cannot be read is no capture at all, as files in a folder may be.
///
/// One that begins as a capture, or is one of another program, is a capture that cannot be read.
pub(crate) fn is_no_capture(error: &ReadError) -> bool {
    matches!(
        error.kind(),
        ReadErrorKind::Empty | ReadErrorKind::NotACapture | ReadErrorKind::Compressed
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_folder_is_walked_in_order_and_never_in_circles() {
        use std::os::unix::fs::symlink;

        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        fs::create_dir_all(at("b/inner")).unwrap();
        for name in ["c.pcap", "a.pcap", "b/inner/x.pcap", "b/y.pcap"] {
            fs::write(at(name), b"").unwrap();
        }
        symlink(root.path(), at("b/circle")).unwrap();
        symlink(at("a.pcap"), at("link.pcap")).unwrap();
        symlink(at("nowhere"), at("dangling.pcap")).unwrap();

        let found = find(
            &[root.path().to_owned(), "given.pcap".into()],
            |path, error| panic!("{}: {error}", path.display()),
        );
        let names: Vec<_> = found
            .iter()
            .map(|it| it.path.strip_prefix(root.path()).unwrap_or(&it.path))
            .map(|path| path.to_string_lossy().into_owned())
            .collect();
        assert_eq!(
            names,
            [
                "a.pcap",
                "b/inner/x.pcap",
                "b/y.pcap",
                "c.pcap",
                "link.pcap",
                "given.pcap"
            ]
        );
        assert!(found[0].in_folder && !found[5].in_folder);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_may_not_be_read_is_complained_of() {
        let mut complaints = Vec::new();
        let mut files = Vec::new();
        walk(
            Path::new("/nowhere"),
            &mut files,
            &mut |path: &Path, _: &io::Error| {
                complaints.push(path.to_owned());
            },
        );
        assert_eq!(
            (files.len(), complaints),
            (0, vec![PathBuf::from("/nowhere")])
        );
    }
}
