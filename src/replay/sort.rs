//! Sorts more lines than fit into memory: runs on disk, merged as they are read.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use anyhow::{Context as _, Result};

/// Bytes of lines held in memory before a run is written.
const RUN_BYTES: usize = 16 * 1024 * 1024;
/// A reader's share of memory while runs are merged.
const MERGE_BYTES: usize = 64 * 1024;

/// What is sorted: by `key`, then by `order`.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub struct Record {
    pub key: u128,
    pub order: (u32, u64),
    pub text: Box<[u8]>,
}

#[derive(Default)]
pub struct Sorter {
    held: Vec<Record>,
    held_bytes: usize,
    runs: Vec<File>,
}

impl Sorter {
    pub fn push(&mut self, record: Record) -> Result<()> {
        self.held_bytes += record.text.len() + std::mem::size_of::<Record>();
        self.held.push(record);
        if self.held_bytes > RUN_BYTES {
            self.write_run()
        } else {
            Ok(())
        }
    }

    fn write_run(&mut self) -> Result<()> {
        self.held.sort_unstable();
        let mut file = tempfile::tempfile().context("cannot sort on disk: no temporary file")?;
        let mut writer = BufWriter::new(&mut file);
        for record in self.held.drain(..) {
            writer.write_all(&record.key.to_le_bytes())?;
            writer.write_all(&record.order.0.to_le_bytes())?;
            writer.write_all(&record.order.1.to_le_bytes())?;
            writer.write_all(&(record.text.len() as u32).to_le_bytes())?;
            writer.write_all(&record.text)?;
        }
        writer.flush().context("cannot sort on disk")?;
        drop(writer);
        file.seek(SeekFrom::Start(0))?;
        self.runs.push(file);
        self.held_bytes = 0;
        Ok(())
    }

    /// All records in order.
    pub fn sorted(mut self) -> Result<Sorted> {
        if !self.held.is_empty() {
            self.write_run()?;
        }
        let mut sorted = Sorted {
            runs: Vec::new(),
            heads: BinaryHeap::new(),
        };
        for (ix, file) in self.runs.into_iter().enumerate() {
            sorted.runs.push(BufReader::with_capacity(MERGE_BYTES, file));
            sorted.refill(ix)?;
        }
        Ok(sorted)
    }
}

pub struct Sorted {
    runs: Vec<BufReader<File>>,
    heads: BinaryHeap<Reverse<(Record, usize)>>,
}

impl Sorted {
    pub fn next(&mut self) -> Result<Option<Record>> {
        let Some(Reverse((record, run))) = self.heads.pop() else {
            return Ok(None);
        };
        self.refill(run)?;
        Ok(Some(record))
    }

    fn refill(&mut self, run: usize) -> Result<()> {
        let reader = &mut self.runs[run];
        let mut head = [0u8; 32];
        if let Err(error) = reader.read_exact(&mut head) {
            return match error.kind() {
                std::io::ErrorKind::UnexpectedEof => Ok(()),
                _ => Err(error).context("cannot read back what was sorted on disk"),
            };
        }
        let part = |from: usize| -> [u8; 4] { [head[from], head[from + 1], head[from + 2], head[from + 3]] };
        let low = u64::from_le_bytes([head[0], head[1], head[2], head[3], head[4], head[5], head[6], head[7]]);
        let high = u64::from_le_bytes([
            head[8], head[9], head[10], head[11], head[12], head[13], head[14], head[15],
        ]);
        let line = u64::from_le_bytes([
            head[20], head[21], head[22], head[23], head[24], head[25], head[26], head[27],
        ]);
        let mut text = vec![0; u32::from_le_bytes(part(28)) as usize];
        reader
            .read_exact(&mut text)
            .context("cannot read back what was sorted on disk")?;
        let record = Record {
            key: (u128::from(high) << 64) | u128::from(low),
            order: (u32::from_le_bytes(part(16)), line),
            text: text.into_boxed_slice(),
        };
        self.heads.push(Reverse((record, run)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_fits_into_memory_comes_back_in_order() {
        let mut rng = fastrand::Rng::with_seed(7);
        let mut sorter = Sorter::default();
        for line in 0..60_000u64 {
            let key = u128::from(rng.u64(0..1_000)) << 70;
            let record = Record {
                key,
                order: (1, line),
                text: vec![b'x'; 600].into_boxed_slice(),
            };
            sorter.push(record).unwrap();
        }
        assert!(sorter.runs.len() > 1, "the test must reach the disk");
        let mut sorted = sorter.sorted().unwrap();
        let mut last = (0, (0, 0));
        let mut count = 0;
        while let Some(record) = sorted.next().unwrap() {
            assert!((record.key, record.order) > last);
            last = (record.key, record.order);
            count += 1;
        }
        assert_eq!(count, 60_000);
    }
}
