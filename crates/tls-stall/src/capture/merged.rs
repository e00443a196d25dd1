//! From several files that are one capture to its frames, in the order of their times.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Read};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::error::ReadError;
use super::frame::Frame;
use super::reader::CaptureReader;
use super::record::Packet;
use super::seams::Seams;
use super::{Compression, Format};
use crate::config::Config;
use crate::notice::Notice;
use crate::time::{FrameNumber, Timestamp};

/// Files that are read side by side, where so many overlap in time.
const MAX_OPEN: usize = 64;

/// How many bytes are read to find a file's first frame; it is read on where they do not hold it.
const PROBE_AHEAD: usize = 16 * 1024;

/// Bytes of names of addresses that are kept, all files together.
const MAX_NAME_BYTES: usize = 4 * 1024 * 1024;

/// Reads several files as one capture, such as those of a ring buffer.
///
/// The files may come in any order: they are read in that of their first frames' times, and where
/// they overlap, frame by frame. Frames are numbered through, as in the file that `mergecap` makes of
/// them. A file that cannot be read, or not to its end, does not hide the others: see
/// [`errors`](Self::errors).
///
/// Each file is opened twice, to see its first frame and to be read; at the same time only those are
/// open that overlap in time, at most 64. Of more, the ones beyond are read late, and a
/// [notice](Self::notices) says so. `open` opens the file of a path: the library does not.
pub struct MergedReader<R: Read, F> {
    open: F,
    config: Config,
    parts: Vec<Part>,
    /// Which of `parts` is opened next.
    next: usize,
    reading: Vec<Reading<R>>,
    /// Which of `reading` has lent its packet, and has to go on to the next.
    lent: Option<usize>,
    frames: u64,
    seams: Seams,
    names: Vec<(IpAddr, String)>,
    name_bytes: usize,
    /// Whether files had to wait for others to be closed.
    crowded: bool,
    errors: Vec<(PathBuf, ReadError)>,
}

/// One of several files that are one capture.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Part {
    /// The file's path, as it was given.
    pub path: PathBuf,
    /// Its format.
    pub format: Format,
    /// How it is compressed, if it is.
    pub compression: Option<Compression>,
    /// How many of its frames have been read.
    pub frames: u64,
    /// The numbers of the first and the last of them in the merged capture; where files overlap in
    /// time, frames of others stand between the two.
    pub span: Option<(FrameNumber, FrameNumber)>,
    /// What was wrong with it; its frames' numbers are those within the file.
    pub notices: Vec<Notice>,
    /// The time of its first frame; of a file without frames there is none.
    pub first_time: Option<Timestamp>,
}

/// A file that is open, with the packet that it has next.
struct Reading<R: Read> {
    part: usize,
    reader: CaptureReader<R>,
    head: Packet,
}

impl<R: Read, F: FnMut(&Path) -> io::Result<R>> MergedReader<R, F> {
    /// Looks at the first frame of each file, with the limits of `config`.
    ///
    /// What cannot be opened or is no capture is left out, and is among the
    /// [errors](Self::errors).
    pub fn new<P: Into<PathBuf>>(
        paths: impl IntoIterator<Item = P>,
        open: F,
        config: &Config,
    ) -> Self {
        let mut merged = Self {
            open,
            config: config.clone(),
            parts: Vec::new(),
            next: 0,
            reading: Vec::new(),
            lent: None,
            frames: 0,
            seams: Seams::default(),
            names: Vec::new(),
            name_bytes: 0,
            crowded: false,
            errors: Vec::new(),
        };
        for path in paths {
            let path = path.into();
            match merged.probe(&path) {
                Ok(part) => merged.parts.push(part),
                Err(error) => merged.errors.push((path, error)),
            }
        }
        // A file without frames stands last, so that it separates no others.
        let key = |part: &Part| (part.first_time.is_none(), part.first_time);
        merged
            .parts
            .sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| a.path.cmp(&b.path)));
        merged
    }

    /// Reads the next frame; `None` at the end of all files.
    ///
    /// Its number is that in the merged capture; its interface is that in its file.
    pub fn next_frame(&mut self) -> Option<Frame<'_>> {
        if let Some(lent) = self.lent.take() {
            self.advance(lent);
        }
        let earliest = self.earliest()?;
        self.lent = Some(earliest);
        self.frames = self.frames.saturating_add(1);
        let number = FrameNumber::new(self.frames).unwrap_or(FrameNumber::MIN);
        let Reading { part, reader, head } = self.reading.get_mut(earliest)?;
        let (index, packet) = (*part, head.clone());
        let is_first = self.parts.get_mut(index)?.take_frame(number);
        self.seams.frame(index, packet.time, number, is_first);
        let frame = reader.lend(packet);
        Some(Frame { number, ..frame })
    }

    /// Which open file has the earliest packet, once those that begin before it are open too.
    fn earliest(&mut self) -> Option<usize> {
        loop {
            let heads = self.reading.iter().enumerate();
            let earliest = heads.min_by_key(|(_, reading)| (reading.head.time, reading.part));
            let earliest = earliest.map(|(at, reading)| (at, reading.head.time));
            let next = self.parts.get(self.next);
            let is_due = next.is_some_and(|next| match (next.first_time, earliest) {
                (_, None) => true,
                (first, Some((_, time))) => first.is_some_and(|first| first <= time),
            });
            if is_due && self.reading.len() < MAX_OPEN {
                self.begin_next();
            } else {
                self.crowded |= is_due;
                return earliest.map(|(at, _)| at);
            }
        }
    }

    /// Opens the next file.
    fn begin_next(&mut self) {
        let part = self.next;
        self.next = part.saturating_add(1);
        let Some(path) = self.parts.get(part).map(|part| part.path.clone()) else {
            return;
        };
        let mut reader = match self.reader(&path, None) {
            Ok(reader) => reader,
            Err(error) => return self.errors.push((path, error)),
        };
        match reader.next_packet() {
            Ok(Some(head)) => self.reading.push(Reading { part, reader, head }),
            Ok(None) => self.close(part, &reader, None),
            Err(error) => self.close(part, &reader, Some(error)),
        }
    }

    /// Goes on to the next packet of an open file, or closes it.
    fn advance(&mut self, at: usize) {
        let Some(reading) = self.reading.get_mut(at) else {
            return;
        };
        let error = match reading.reader.next_packet() {
            Ok(Some(packet)) => {
                reading.head = packet;
                return;
            }
            Ok(None) => None,
            Err(error) => Some(error),
        };
        let Reading { part, reader, .. } = self.reading.swap_remove(at);
        self.close(part, &reader, error);
    }

    /// Keeps of a file what it has told by its end, which may be an error.
    fn close(&mut self, part: usize, reader: &CaptureReader<R>, error: Option<ReadError>) {
        for (address, name) in reader.names() {
            self.name_bytes = self.name_bytes.saturating_add(name.len());
            if self.name_bytes <= MAX_NAME_BYTES {
                self.names.push((*address, name.clone()));
            }
        }
        if let Some(part) = self.parts.get_mut(part) {
            part.notices = reader.notices();
            self.errors
                .extend(error.map(|error| (part.path.clone(), error)));
        }
    }

    /// What a file is, and when it begins.
    fn probe(&mut self, path: &Path) -> Result<Part, ReadError> {
        let mut reader = self.reader(path, Some(PROBE_AHEAD))?;
        let first = reader.next_packet()?;
        Ok(Part {
            path: path.to_owned(),
            format: reader.format(),
            compression: reader.compression(),
            frames: 0,
            span: None,
            notices: Vec::new(),
            first_time: first.map(|packet| packet.time),
        })
    }

    fn reader(
        &mut self,
        path: &Path,
        read_ahead: Option<usize>,
    ) -> Result<CaptureReader<R>, ReadError> {
        let input = (self.open)(path).map_err(ReadError::opening)?;
        match read_ahead {
            Some(len) => CaptureReader::with_read_ahead(input, len, self.config.max_unpacked),
            None => CaptureReader::with_config(input, &self.config),
        }
    }
}

impl<R: Read, F> MergedReader<R, F> {
    /// The files that could be read, in the order of their first frames' times; complete once
    /// [`next_frame`](Self::next_frame) has given `None`.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The files that could not be read, or not to their ends, with the reason.
    #[must_use]
    pub fn errors(&self) -> &[(PathBuf, ReadError)] {
        &self.errors
    }

    /// The [errors](Self::errors), to keep.
    #[must_use]
    pub fn into_errors(self) -> Vec<(PathBuf, ReadError)> {
        self.errors
    }

    /// Names of addresses that the files have told, in the order of the files' ends.
    #[must_use]
    pub fn names(&self) -> &[(IpAddr, String)] {
        &self.names
    }

    /// What to know about the files and what lies between them: at most one notice of each code and
    /// kind; complete once [`next_frame`](Self::next_frame) has given `None`.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        let path = |part: usize| self.parts.get(part).map(Part::name).unwrap_or_default();
        let mut notices = self.seams.notices(path);
        notices.extend(super::seams::of_parts(&self.parts));
        if self.crowded {
            notices.push(super::seams::crowded(MAX_OPEN));
        }
        notices
    }
}

impl Part {
    /// Its path as text.
    pub(crate) fn name(&self) -> Cow<'_, str> {
        self.path.to_string_lossy()
    }

    /// Counts a frame; whether it is the first.
    fn take_frame(&mut self, number: FrameNumber) -> bool {
        self.frames = self.frames.saturating_add(1);
        let is_first = self.span.is_none();
        let (first, _) = self.span.unwrap_or((number, number));
        self.span = Some((first, number));
        is_first
    }
}

impl<R: Read, F> fmt::Debug for MergedReader<R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MergedReader")
            .field("frames", &self.frames)
            .field("parts", &self.parts)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeMap;
    use std::rc::Rc;

    use super::super::byte_order::ByteOrder::{Big, Little};
    use super::super::fixture::{MICROSECONDS, pcap_header, record};
    use super::*;
    use crate::notice::NoticeCode;

    /// A pcap file of packets at these seconds, each with its second as its only byte.
    fn file(seconds: &[u8]) -> Vec<u8> {
        let header = pcap_header(Little, MICROSECONDS, 1);
        seconds.iter().fold(header, |mut file, &second| {
            file.extend(record(Little, second.into(), 0, &[second]));
            file
        })
    }

    /// What comes of merging `files`: the packets' bytes, and the reader.
    fn merge(files: &[(&str, Vec<u8>)]) -> (Vec<u8>, Vec<Part>, Vec<Notice>, Vec<String>) {
        let files: BTreeMap<String, Vec<u8>> = files
            .iter()
            .map(|(name, file)| ((*name).to_owned(), file.clone()))
            .collect();
        let open = |path: &Path| {
            let file = files.get(path.to_str().unwrap()).cloned();
            file.map(io::Cursor::new)
                .ok_or_else(|| io::ErrorKind::NotFound.into())
        };
        // In the wrong order.
        let paths = files.keys().rev().cloned().chain(["missing".to_owned()]);
        let mut merged = MergedReader::new(paths, open, &Config::default());
        let mut bytes = Vec::new();
        while let Some(frame) = merged.next_frame() {
            assert_eq!(frame.number.get(), u64::try_from(bytes.len()).unwrap() + 1);
            bytes.extend(frame.data);
        }
        assert!(merged.next_frame().is_none());
        let errors = merged.errors().iter();
        let errors = errors.map(|(path, error)| format!("{}: {error}", path.display()));
        (
            bytes,
            merged.parts().to_vec(),
            merged.notices(),
            errors.collect(),
        )
    }

    /// A file's name, its count of frames, and the numbers of the first and last.
    type Span<'a> = (&'a str, u64, Option<(u64, u64)>);

    fn spans(parts: &[Part]) -> Vec<Span<'_>> {
        let spans = parts.iter().map(|part| {
            let span = part.span.map(|(first, last)| (first.get(), last.get()));
            (part.path.to_str().unwrap(), part.frames, span)
        });
        spans.collect()
    }

    #[test]
    fn files_are_read_in_the_order_of_their_times_whatever_that_of_their_names() {
        let files = [
            ("a", file(&[7, 8, 9])),
            ("b", file(&[1, 2, 3])),
            ("c", file(&[4, 5, 6])),
        ];
        let (bytes, parts, notices, errors) = merge(&files);
        assert_eq!(bytes, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(
            spans(&parts),
            [
                ("b", 3, Some((1, 3))),
                ("c", 3, Some((4, 6))),
                ("a", 3, Some((7, 9)))
            ]
        );
        assert_eq!(notices, []);
        assert_eq!(errors, ["missing: entity not found"]);
    }

    #[test]
    fn files_that_overlap_are_merged_frame_by_frame_and_the_first_by_name_wins_a_tie() {
        let files = [
            ("a", file(&[1, 4, 6, 6])),
            ("b", file(&[2, 4, 5])),
            ("c", file(&[3, 9])),
        ];
        let (bytes, parts, ..) = merge(&files);
        assert_eq!(bytes, [1, 2, 3, 4, 4, 5, 6, 6, 9]);
        assert_eq!(
            spans(&parts),
            [
                ("a", 4, Some((1, 8))),
                ("b", 3, Some((2, 6))),
                ("c", 2, Some((3, 9)))
            ]
        );
    }

    #[test]
    fn a_file_without_frames_and_one_that_is_cut_hide_nothing() {
        let mut cut = file(&[4, 5]);
        cut.pop();
        let files = [
            ("a", file(&[1, 2])),
            ("cut", cut),
            ("none", file(&[])),
            ("z", file(&[6])),
        ];
        let (bytes, parts, notices, _) = merge(&files);
        assert_eq!(bytes, [1, 2, 4, 6]);
        assert_eq!(spans(&parts)[3], ("none", 0, None));
        let [notice] = &notices[..] else {
            panic!("{notices:?}");
        };
        assert_eq!(notice.code, NoticeCode::CaptureCutShort);
        assert!(
            notice
                .message
                .starts_with("cut: the file ends within frame 2"),
            "{notice:?}"
        );
    }

    #[test]
    fn what_is_no_capture_is_an_error_and_what_is_of_another_format_is_merged() {
        let big = [
            pcap_header(Big, MICROSECONDS, 1),
            record(Big, 2, 0, b"\x02"),
        ]
        .concat();
        let files = [
            ("a", file(&[1, 3])),
            ("big", big),
            ("text", b"hello".to_vec()),
        ];
        let (bytes, _, _, errors) = merge(&files);
        assert_eq!(bytes, [1, 2, 3]);
        assert_eq!(errors.len(), 2);
        assert!(errors[0].starts_with("text: neither pcap nor pcapng"));
    }

    #[test]
    fn only_files_that_overlap_are_open_at_the_same_time() {
        struct Counted(io::Cursor<Vec<u8>>, Rc<Cell<usize>>);
        impl Read for Counted {
            fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
                self.0.read(room)
            }
        }
        impl Drop for Counted {
            fn drop(&mut self) {
                self.1.set(self.1.get() - 1);
            }
        }
        let (now, most) = (Rc::new(Cell::new(0)), Cell::new(0));
        let open = |path: &Path| {
            now.set(now.get() + 1);
            most.set(most.get().max(now.get()));
            let second: u8 = path.to_str().unwrap().parse().unwrap();
            let input = io::Cursor::new(file(&[second, second + 1]));
            Ok(Counted(input, Rc::clone(&now)))
        };
        let paths = (0..100).map(|number: u8| (2 * number).to_string());
        let mut merged = MergedReader::new(paths, open, &Config::default());
        let mut frames = 0;
        while merged.next_frame().is_some() {
            frames += 1;
        }
        drop(merged);
        assert_eq!((frames, now.get()), (200, 0));
        assert!(most.get() <= 2, "{} at the same time", most.get());
    }

    #[test]
    fn of_more_files_at_once_than_may_be_open_none_is_lost_and_it_is_said() {
        let files: Vec<(String, Vec<u8>)> = (0..70)
            .map(|number: u8| (format!("{number:02}"), file(&[number, 200])))
            .collect();
        let files: Vec<(&str, Vec<u8>)> = files
            .iter()
            .map(|(name, file)| (name.as_str(), file.clone()))
            .collect();
        let (bytes, _, notices, _) = merge(&files);
        assert_eq!(bytes.len(), 140);
        assert!(
            notices.iter().any(|it| it.code == NoticeCode::LimitReached),
            "{notices:?}"
        );
    }
}
