//! Recorded captures, changed as a bad capture would have changed them.

/// The records of a pcap file.
#[derive(Clone)]
pub(crate) struct Records {
    header: Vec<u8>,
    /// Units of the fractions of seconds.
    per_second: i64,
    /// Time in those units, and the record's lengths and bytes.
    list: Vec<(i64, [u8; 8], Vec<u8>)>,
}

impl Records {
    /// Reads a little-endian pcap file.
    pub(crate) fn read(file: &[u8]) -> Self {
        let (header, mut rest) = file.split_at(24);
        let per_second = match header[..4] {
            [0xd4, 0xc3, 0xb2, 0xa1] => 1_000_000,
            [0x4d, 0x3c, 0xb2, 0xa1] => 1_000_000_000,
            _ => panic!("no little-endian pcap"),
        };
        let mut records = Vec::new();
        while rest.len() >= 16 {
            let word = |at: usize| u32::from_le_bytes(rest[at..at + 4].try_into().unwrap());
            let time = i64::from(word(0)) * per_second + i64::from(word(4));
            let len = usize::try_from(word(8)).unwrap();
            let lengths = rest[8..16].try_into().unwrap();
            records.push((time, lengths, rest[16..16 + len].to_vec()));
            rest = &rest[16 + len..];
        }
        Self {
            header: header.to_vec(),
            per_second,
            list: records,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// Sets the clock by `seconds` before frame `number`, from 1.
    pub(crate) fn step(mut self, number: usize, seconds: i64) -> Self {
        for record in self.list.iter_mut().skip(number - 1) {
            record.0 += seconds * self.per_second;
        }
        self
    }

    /// Keeps the frames that `wanted` keeps, by their numbers and bytes.
    pub(crate) fn only(mut self, wanted: impl Fn(usize, &[u8]) -> bool) -> Self {
        let mut number = 0;
        self.list.retain(|(_, _, bytes)| {
            number += 1;
            wanted(number, bytes)
        });
        self
    }

    /// Captures each frame a second time, `microseconds` later.
    pub(crate) fn twice(mut self, microseconds: i64) -> Self {
        let later = self.per_second / 1_000_000 * microseconds;
        self.list = std::mem::take(&mut self.list)
            .into_iter()
            .flat_map(|(time, lengths, bytes)| {
                let copy = (time + later, lengths, bytes.clone());
                [(time, lengths, bytes), copy]
            })
            .collect();
        self.list.sort_by_key(|(time, ..)| *time);
        self
    }

    /// Captures of each frame no more than `length` bytes.
    pub(crate) fn shortened(mut self, length: usize) -> Self {
        for (_, lengths, bytes) in &mut self.list {
            bytes.truncate(length);
            let captured = u32::try_from(bytes.len()).unwrap();
            lengths[..4].copy_from_slice(&captured.to_le_bytes());
        }
        self
    }

    /// The microseconds from the frame at `index`, from 0, to the one after it.
    pub(crate) fn gap(&self, index: usize) -> Option<i64> {
        let (before, after) = (self.list.get(index)?, self.list.get(index + 1)?);
        Some((after.0 - before.0) / (self.per_second / 1_000_000))
    }

    /// Captures the frame at `index`, from 0, and the one after it in the other order, at the same times.
    pub(crate) fn swap(mut self, index: usize) -> Self {
        let first = self.list[index].0;
        self.list[index].0 = self.list[index + 1].0;
        self.list[index + 1].0 = first;
        self.list.swap(index, index + 1);
        self
    }

    /// The two captures as one that begins with this one's first frame, the `other`'s `seconds` after it, and
    /// which of its frames, from 1, each of this one's has become.
    pub(crate) fn beside(mut self, other: Self, seconds: i64) -> (Self, Vec<u64>) {
        let shift = self.list[0].0 + seconds * self.per_second - other.list[0].0;
        let others = other
            .list
            .into_iter()
            .map(|(time, lengths, bytes)| (time + shift, lengths, bytes));
        let mut all: Vec<_> = self.list.into_iter().map(|record| (true, record)).collect();
        all.extend(others.map(|record| (false, record)));
        all.sort_by_key(|(_, (time, ..))| *time);
        let places = (1..)
            .zip(&all)
            .filter(|(_, (own, _))| *own)
            .map(|(place, _)| place)
            .collect();
        self.list = all.into_iter().map(|(_, record)| record).collect();
        (self, places)
    }

    /// The type of link, as the header names it, and the bytes of each frame.
    pub(crate) fn frames_mut(&mut self) -> (u32, impl Iterator<Item = &mut Vec<u8>>) {
        let link = u32::from_le_bytes(self.header[20..24].try_into().unwrap());
        (link, self.list.iter_mut().map(|(_, _, bytes)| bytes))
    }

    /// Puts a frame in `milliseconds` after the first one.
    pub(crate) fn insert(&mut self, milliseconds: i64, bytes: &[u8]) {
        let time = self.list[0].0 + milliseconds * (self.per_second / 1000);
        let at = self.list.partition_point(|(other, ..)| *other <= time);
        let len = u32::try_from(bytes.len()).unwrap().to_le_bytes();
        let lengths = [len, len].concat().try_into().unwrap();
        self.list.insert(at, (time, lengths, bytes.to_vec()));
    }

    pub(crate) fn file(&self) -> Vec<u8> {
        let mut file = self.header.clone();
        for (time, lengths, bytes) in &self.list {
            let seconds = u32::try_from(time / self.per_second).unwrap();
            let fraction = u32::try_from(time % self.per_second).unwrap();
            file.extend(seconds.to_le_bytes());
            file.extend(fraction.to_le_bytes());
            file.extend(lengths);
            file.extend(bytes);
        }
        file
    }
}
