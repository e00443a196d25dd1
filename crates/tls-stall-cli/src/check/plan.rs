//! Which captures are held to which file of expectations.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use glob::{MatchOptions, PatternError};
use tls_stall::Config;
use tls_stall_check::{Entry, Expectations};

use crate::exit::Exit;
use crate::output::DASH;
use crate::run::{complain, complain_at};
use crate::sources;

/// The name of a file of expectations that counts without being given.
const NAME: &str = "tls-stall.toml";

/// The captures to check, and the files that say what is expected of them.
pub(crate) struct Plan {
    pub(crate) files: Vec<ExpectationsFile>,
    pub(crate) targets: Vec<Target>,
    /// The first path that was given.
    first: PathBuf,
    /// Whether something was given that cannot be looked at.
    failed: bool,
}

/// A file of expectations that is there, or that `--update` would make.
pub(crate) struct ExpectationsFile {
    /// Its path as it is told: from the working directory on, if it is below that.
    pub(crate) name: String,
    /// Its path, with links of folders followed.
    pub(crate) path: PathBuf,
    /// `None` where there is no such file.
    pub(crate) text: Option<String>,
    pub(crate) expectations: Expectations,
}

/// A capture to check.
pub(crate) struct Target {
    /// Its path as it is told.
    pub(crate) path: PathBuf,
    /// Its path from the file of expectations on, with `/` between folders, as the file has it or would;
    /// `None` where that cannot be written.
    pub(crate) relative: Option<String>,
    /// Whether it may be no capture, as a file in a folder that nobody named.
    pub(crate) may_be_none: bool,
    /// The number of the file of expectations that counts for it.
    pub(crate) file: usize,
    /// The number of its entry there.
    pub(crate) entry: Option<usize>,
}

impl Plan {
    /// What is to be checked under `paths`; `given` is the file that counts for all of them.
    ///
    /// Complains of what cannot be looked at. `None` where a file of expectations cannot be used:
    /// nothing is held to a part of one.
    pub(crate) fn of(paths: &[PathBuf], given: Option<&Path>, update: bool) -> Option<Self> {
        let mut planning = Planning::default();
        if let Some(path) = given {
            let found = resolved(path).and_then(|path| {
                let is_missing = !update && !path.exists();
                if is_missing {
                    fs::metadata(&path).map(|_| path)
                } else {
                    Ok(path)
                }
            });
            match found {
                Ok(path) => planning.given = Some(planning.load(path)?),
                Err(error) => {
                    complain("read", &path.to_string_lossy(), &error);
                    return None;
                }
            }
        }
        for path in expanded(paths, &mut planning.failed) {
            planning.add(&path);
        }
        planning.add_entries();
        if planning.unusable {
            return None;
        }
        Some(Self {
            files: planning.files,
            targets: planning.targets,
            first: paths.first().cloned().unwrap_or_default(),
            failed: planning.failed,
        })
    }

    pub(crate) fn file(&self, target: &Target) -> Option<&ExpectationsFile> {
        self.files.get(target.file)
    }

    /// What the capture is held to; `None` where it has no entry.
    pub(crate) fn entry(&self, target: &Target) -> Option<&Entry> {
        let file = self.file(target)?;
        file.expectations.entries.get(target.entry?)
    }

    /// How the capture has to be read.
    pub(crate) fn config(&self, target: &Target) -> Config {
        let file = self.file(target);
        let config = file.map(|file| file.expectations.config(self.entry(target)));
        config.unwrap_or_default()
    }

    /// How it ends if all goes well.
    pub(crate) fn exit(&self) -> Exit {
        if self.failed {
            Exit::Failed
        } else {
            Exit::Done
        }
    }

    /// Complains that there was no capture, if nothing else was complained of.
    pub(crate) fn nothing_to_check(&self) -> Exit {
        if !self.failed {
            let path = self.first.to_string_lossy();
            complain("check", &path, &"there is no capture to check");
        }
        Exit::Failed
    }
}

/// A plan in the making.
#[derive(Default)]
struct Planning {
    files: Vec<ExpectationsFile>,
    targets: Vec<Target>,
    /// The files that were looked at, by their paths; those that cannot be used have no number.
    known: BTreeMap<PathBuf, Option<usize>>,
    /// The file that counts for all.
    given: Option<usize>,
    /// Of each file, the captures that its entries name.
    entries: Vec<BTreeMap<PathBuf, usize>>,
    /// What is in `targets`.
    seen: HashSet<(usize, PathBuf)>,
    /// Files of which every entry is to be checked.
    whole: HashSet<usize>,
    failed: bool,
    unusable: bool,
}

impl Planning {
    /// Adds the captures at `path`, a file or a folder.
    fn add(&mut self, path: &Path) {
        if path == Path::new(DASH) {
            complain("read", DASH, &"a capture to check has to be a file");
            self.failed = true;
            return;
        }
        let is_folder = path.is_dir();
        let root = if is_folder { path } else { parent(path) };
        let root = match fs::canonicalize(root) {
            Ok(root) => root,
            Err(error) => {
                complain("read", &path.to_string_lossy(), &error);
                self.failed = true;
                return;
            }
        };
        if is_folder && self.given.is_none() && root.join(NAME).is_file() {
            let own = self.load(root.join(NAME));
            self.whole.extend(own);
        }
        let failed = &mut self.failed;
        let found = sources::find(&[path.to_owned()], |path, error| {
            complain("read", &path.to_string_lossy(), error);
            *failed = true;
        });
        for found in found {
            self.add_file(found.path, found.in_folder, &root);
        }
    }

    /// Adds the file at `path`; `root` is the folder in which a new file of expectations would be.
    fn add_file(&mut self, path: PathBuf, in_folder: bool, root: &Path) {
        let absolute = match resolved(&path) {
            Ok(absolute) => absolute,
            Err(error) => {
                complain("read", &path.to_string_lossy(), &error);
                self.failed = true;
                return;
            }
        };
        if in_folder && self.known.contains_key(&absolute) {
            return;
        }
        // As annotations name files.
        let path = path.strip_prefix(".").map(Path::to_owned).unwrap_or(path);
        let file = self.given.or_else(|| {
            // Not beyond where the work is: what lies above it is not about these captures.
            let here = fs::canonicalize(".").unwrap_or_default();
            let is_here = absolute.starts_with(&here);
            let last = if is_here { here.as_path() } else { root };
            let folders = parent(&absolute).ancestors();
            let mut files = folders
                .take_while(|it| it.starts_with(last))
                .map(|it| it.join(NAME));
            let nearest = files.find(|it| it.is_file());
            self.load(nearest.unwrap_or_else(|| root.join(NAME)))
        });
        let Some(file) = file else {
            return;
        };
        let (Some(expectations), Some(entries)) = (self.files.get(file), self.entries.get(file))
        else {
            return;
        };
        let entry = entries.get(&absolute).copied();
        let relative = match entry.and_then(|entry| expectations.expectations.entries.get(entry)) {
            Some(entry) => Some(entry.path.clone()),
            None => relative(&absolute, parent(&expectations.path)),
        };
        let is_excluded = in_folder
            && entry.is_none()
            && relative
                .as_deref()
                .is_some_and(|path| expectations.expectations.excludes(path));
        if !is_excluded && self.seen.insert((file, absolute)) {
            self.targets.push(Target {
                path,
                relative,
                may_be_none: in_folder && entry.is_none(),
                file,
                entry,
            });
        }
    }

    /// Adds the captures that have an entry and were not come by: all of the folders that were given,
    /// and of every file those that are not there.
    fn add_entries(&mut self) {
        for (number, (file, entries)) in self.files.iter().zip(&self.entries).enumerate() {
            let mut entries: Vec<(&PathBuf, usize)> =
                entries.iter().map(|(path, &entry)| (path, entry)).collect();
            entries.sort_by_key(|&(_, entry)| entry);
            for (path, index) in entries {
                let is_due = self.whole.contains(&number) || !path.exists();
                let Some(entry) = file.expectations.entries.get(index) else {
                    continue;
                };
                if is_due && self.seen.insert((number, path.clone())) {
                    self.targets.push(Target {
                        path: Path::new(&file.name).with_file_name(&entry.path),
                        relative: Some(entry.path.clone()),
                        may_be_none: false,
                        file: number,
                        entry: Some(index),
                    });
                }
            }
        }
    }

    /// Reads the file of expectations at `path`, if there is one; complains once where it cannot be
    /// used.
    fn load(&mut self, path: PathBuf) -> Option<usize> {
        if let Some(&known) = self.known.get(&path) {
            return known;
        }
        let name = told(&path);
        let read = match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        };
        let number = match read {
            Ok(text) => match Expectations::parse(text.as_deref().unwrap_or_default()) {
                Ok(expectations) => {
                    let folder = parent(&path);
                    let entries = self.resolve(&name, folder, &expectations);
                    self.entries.push(entries);
                    self.files.push(ExpectationsFile {
                        name,
                        path: path.clone(),
                        text,
                        expectations,
                    });
                    self.files.len().checked_sub(1)
                }
                Err(invalid) => {
                    for mistake in &invalid.mistakes {
                        complain_at(&name, mistake.place, &mistake.message);
                    }
                    None
                }
            },
            Err(error) => {
                complain("read", &name, &error);
                None
            }
        };
        self.unusable |= number.is_none();
        self.known.insert(path, number);
        number
    }

    /// The captures that the entries of a file in `folder` name; two that name one are a mistake.
    fn resolve(
        &mut self,
        name: &str,
        folder: &Path,
        expectations: &Expectations,
    ) -> BTreeMap<PathBuf, usize> {
        let mut captures = BTreeMap::new();
        for (index, entry) in expectations.entries.iter().enumerate() {
            let path = folder.join(&entry.path);
            // One that is not there is told when it cannot be read.
            let path = resolved(&path).unwrap_or(path);
            if captures.insert(path, index).is_some() {
                let reason = format!("{:?} is a capture that has an entry already", entry.path);
                complain_at(name, entry.place, &reason);
                self.unusable = true;
            }
        }
        captures
    }
}

/// `paths`, with those that are patterns expanded as a shell does it; complains of patterns that match
/// nothing.
fn expanded(paths: &[PathBuf], failed: &mut bool) -> Vec<PathBuf> {
    let mut expanded = Vec::new();
    for path in paths {
        let pattern = path.to_str().filter(|it| it.contains(PATTERN_SIGNS));
        let Some(pattern) = pattern.filter(|_| fs::symlink_metadata(path).is_err()) else {
            expanded.push(path.clone());
            continue;
        };
        let mut fail = |reason: &dyn fmt::Display| {
            complain("read", pattern, reason);
            *failed = true;
        };
        let matches = if pattern.contains("**") {
            below(pattern, &mut fail)
        } else {
            beside(pattern, &mut fail)
        };
        match matches {
            Ok(found) if found.is_empty() => fail(&"nothing matches the pattern"),
            Ok(found) => expanded.extend(found),
            Err(error) => fail(&error),
        }
    }
    expanded
}

/// What makes a pattern of a path.
const PATTERN_SIGNS: [char; 3] = ['*', '?', '['];

/// How shells match: no `*` crosses a folder's end, or stands for a dot at the beginning of a name.
const AS_SHELLS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// What matches a pattern without `**`.
fn beside(
    pattern: &str,
    fail: &mut impl FnMut(&dyn fmt::Display),
) -> Result<Vec<PathBuf>, PatternError> {
    let mut matches = Vec::new();
    for found in glob::glob_with(pattern, AS_SHELLS)? {
        match found {
            Ok(path) => matches.push(path),
            Err(error) => fail(&error),
        }
    }
    Ok(matches)
}

/// The files that match a pattern with `**`: the crate would follow links to folders, round in circles.
fn below(
    pattern: &str,
    fail: &mut impl FnMut(&dyn fmt::Display),
) -> Result<Vec<PathBuf>, PatternError> {
    let matcher = glob::Pattern::new(pattern)?;
    let root = Path::new(pattern).components();
    let root = root.take_while(|it| !it.as_os_str().to_string_lossy().contains(PATTERN_SIGNS));
    let root: PathBuf = Path::new(".").join(root.collect::<PathBuf>());
    let files = sources::find(&[root], |_, error| fail(error)).into_iter();
    let files = files.map(|it| {
        it.path
            .strip_prefix(".")
            .map(Path::to_owned)
            .unwrap_or(it.path)
    });
    let matching = files.filter(|path| matcher.matches_path_with(path, AS_SHELLS));
    Ok(matching.collect())
}

/// The folder of the file at `path`.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// `path` from the root on, with the links of folders followed, and its own not: a link to a capture
/// is a capture of its own.
fn resolved(path: &Path) -> io::Result<PathBuf> {
    match path.file_name() {
        Some(name) => Ok(fs::canonicalize(parent(path))?.join(name)),
        None => fs::canonicalize(path),
    }
}

/// The resolved `path` as it is told.
fn told(path: &Path) -> String {
    let here = fs::canonicalize(".").unwrap_or_default();
    let path = path.strip_prefix(here).unwrap_or(path);
    path.to_string_lossy().into_owned()
}

/// The resolved `path` from the resolved `folder` on, with `/` between folders; `None` where there is no
/// way, or it is not text.
fn relative(path: &Path, folder: &Path) -> Option<String> {
    let mut parts = Vec::new();
    for folder in folder.ancestors() {
        if let Ok(rest) = path.strip_prefix(folder) {
            for part in rest.components() {
                let Component::Normal(part) = part else {
                    return None;
                };
                parts.push(part.to_str()?);
            }
            return Some(parts.join("/"));
        }
        parts.push("..");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_from_the_file_to_the_capture() {
        let relative = |path, folder| relative(Path::new(path), Path::new(folder));
        assert_eq!(relative("/a/b.pcap", "/a").as_deref(), Some("b.pcap"));
        assert_eq!(relative("/a/b/c.pcap", "/a").as_deref(), Some("b/c.pcap"));
        assert_eq!(
            relative("/a/c.pcap", "/a/b/d").as_deref(),
            Some("../../c.pcap")
        );
    }
}
