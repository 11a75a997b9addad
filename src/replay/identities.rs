//! Which events were there already: identities, of which the recent ones are known with their bodies.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io::{BufReader, BufWriter, Read as _, Seek as _, Write as _};
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Scope, ScopedJoinHandle};

use anyhow::{Context as _, Result};

use crate::engine::event::{Event, IdKey};
use crate::engine::time::Moment;

/// Bodies are forgotten a day at a time.
const DAY_MS: i64 = 24 * 3_600_000;
/// Keys held in memory before they go to disk, sorted.
const RUN_KEYS: usize = 1 << 19;
/// Keys are compared so many parts of all at a time.
const PARTS: u64 = 256;

/// A hash of the bytes of a line.
pub fn bytes_hash(text: &[u8]) -> u64 {
    let mut hasher = foldhash::fast::FixedState::default().build_hasher();
    hasher.write(text);
    hasher.finish()
}

/// A device whose ids are hashed.
#[derive(Clone, Copy)]
pub struct Device {
    seed: u64,
}

impl Device {
    pub fn of(device: &str) -> Device {
        Device {
            seed: bytes_hash(device.as_bytes()),
        }
    }

    /// A key for an identity. Two of one key need a closer look: they may be one, or one may have been sent again.
    pub fn key(self, id: IdKey) -> u64 {
        let wide = u128::from(self.seed ^ id.tie) * 0x9e37_79b9_7f4a_7c15;
        (wide >> 64) as u64 ^ wide as u64
    }
}

pub fn key(event: &Event) -> u64 {
    Device::of(event.device.as_str()).key(IdKey::of(event.id.as_bytes()))
}

/// The identity of an event; two different ones are never taken for one.
pub fn identity(event: &Event) -> u128 {
    let half = |seed: u64| {
        let mut hasher = foldhash::quality::FixedState::with_seed(seed).build_hasher();
        hasher.write(event.device.as_str().as_bytes());
        hasher.write_u8(0);
        hasher.write(event.id.as_bytes());
        hasher.finish()
    };
    (u128::from(half(1)) << 64) | u128::from(half(2))
}

/// The keys of all events so far; of the recent ones also a hash of the bytes that came under them.
pub struct Identities<'s> {
    recent: HashMap<u64, u64, foldhash::fast::FixedState>,
    /// The keys of the recent ones, by the day of their time.
    days: Vec<(i64, Vec<u64>)>,
    /// Where the keys of the others go, and whether any came twice there.
    forgotten: Sender<Vec<u64>>,
    come_twice: ScopedJoinHandle<'s, Result<bool>>,
    any_forgotten: bool,
}

impl<'s> Identities<'s> {
    pub fn new(scope: &'s Scope<'s, '_>) -> Identities<'s> {
        let (forgotten, keys) = channel();
        Identities {
            recent: HashMap::default(),
            days: Vec::new(),
            forgotten,
            come_twice: scope.spawn(move || Old::default().any_twice(keys)),
            any_forgotten: false,
        }
    }

    /// The hash of the bytes already known under this key; else remembers these.
    pub fn meet(&mut self, key: u64, bytes_hash: u64, at: Moment) -> Option<u64> {
        match self.recent.entry(key) {
            Entry::Occupied(known) => Some(*known.get()),
            Entry::Vacant(place) => {
                place.insert(bytes_hash);
                let day = at.0.div_euclid(DAY_MS);
                // Mostly it is the day that began last.
                match self.days.iter_mut().rev().find(|(known, _)| *known == day) {
                    Some((_, keys)) => keys.push(key),
                    None => self.days.push((day, vec![key])),
                }
                None
            }
        }
    }

    /// Forgets the bodies of events before a moment: what comes under their identities is told by `come_again`.
    pub fn forget(&mut self, before: Moment) {
        let settled = before.0.div_euclid(DAY_MS);
        for (_, keys) in self.days.extract_if(.., |(day, _)| *day < settled) {
            for key in &keys {
                self.recent.remove(key);
            }
            self.any_forgotten = true;
            // It listens until all are there, or a fault ended it, which `come_again` answers.
            let _ = self.forgotten.send(keys);
        }
    }

    /// Whether a key came again after its body was forgotten.
    pub fn come_again(self) -> Result<bool> {
        if !self.any_forgotten {
            return Ok(false);
        }
        for (_, keys) in self.days {
            let _ = self.forgotten.send(keys);
        }
        drop(self.forgotten);
        self.come_twice.join().unwrap_or_else(|panic| resume_unwind(panic))
    }
}

/// Keys in sorted runs, all but the last on disk.
#[derive(Default)]
struct Old {
    held: Vec<u64>,
    runs: Vec<File>,
}

impl Old {
    fn write_run(&mut self) -> Result<()> {
        self.held.sort_unstable();
        let mut file = tempfile::tempfile().context("no temporary file for what was there already")?;
        let mut writer = BufWriter::new(&mut file);
        for key in self.held.drain(..) {
            writer.write_all(&key.to_le_bytes())?;
        }
        writer.flush().context("cannot keep on disk what was there already")?;
        drop(writer);
        file.rewind()?;
        self.runs.push(file);
        Ok(())
    }

    /// Whether a key comes twice.
    fn any_twice(mut self, keys: Receiver<Vec<u64>>) -> Result<bool> {
        for keys in keys {
            self.held.extend(keys);
            if self.held.len() >= RUN_KEYS {
                self.write_run()?;
            }
        }
        if self.runs.is_empty() {
            self.held.sort_unstable();
            return Ok(twice(&self.held));
        }
        self.write_run()?;
        let mut runs: Vec<Run> = self.runs.into_iter().map(Run::new).collect::<Result<_>>()?;
        let mut part = self.held;
        for end in (1..=PARTS).map(|n| u64::MAX / PARTS * n).chain([u64::MAX]) {
            part.clear();
            for run in &mut runs {
                run.take_up_to(end, &mut part)?;
            }
            // The parts of the runs are sorted already, which this sort makes use of.
            part.sort();
            if twice(&part) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn twice(sorted: &[u64]) -> bool {
    sorted.windows(2).any(|pair| pair[0] == pair[1])
}

/// A run that is read back.
struct Run {
    reader: BufReader<File>,
    head: Option<u64>,
}

impl Run {
    fn new(file: File) -> Result<Run> {
        let mut run = Run {
            reader: BufReader::with_capacity(64 * 1024, file),
            head: None,
        };
        run.advance()?;
        Ok(run)
    }

    fn advance(&mut self) -> Result<()> {
        let mut bytes = [0; 8];
        self.head = match self.reader.read_exact(&mut bytes) {
            Ok(()) => Some(u64::from_le_bytes(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => None,
            Err(error) => return Err(error).context("cannot read back what was there already"),
        };
        Ok(())
    }

    fn take_up_to(&mut self, end: u64, part: &mut Vec<u64>) -> Result<()> {
        while let Some(head) = self.head
            && head <= end
        {
            part.push(head);
            self.advance()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn any_twice(keys: impl IntoIterator<Item = u64>) -> bool {
        let (sender, receiver) = channel();
        let keys: Vec<u64> = keys.into_iter().collect();
        for part in keys.chunks(10_000) {
            sender.send(part.to_vec()).unwrap();
        }
        drop(sender);
        Old::default().any_twice(receiver).unwrap()
    }

    #[test]
    fn a_key_that_comes_twice_is_found_wherever_it_is() {
        let mut rng = fastrand::Rng::with_seed(3);
        let many = 2 * RUN_KEYS + 1_234;
        let mut keys: Vec<u64> = (0..many).map(|_| rng.u64(..)).collect();
        keys.extend([0, u64::MAX]);
        for few in [&keys[..0], &keys[..1], &keys[..777], &keys] {
            assert!(!any_twice(few.iter().copied()), "{} keys", few.len());
            for again in [few.first(), few.last()].into_iter().flatten() {
                assert!(any_twice(few.iter().copied().chain([*again])), "{} keys", few.len());
            }
        }
    }
}
