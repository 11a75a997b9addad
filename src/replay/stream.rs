//! One pass over files in the given order, in flat memory.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::Result;
use indicatif::ProgressBar;
use tempfile::SpooledTempFile;

use super::chunks::{Chunks, Source, What};
use super::ear::Ear;
use super::identities::{Device, Identities, identity, key};
use super::read::{self, Place};
use super::{DISORDER_MS, OPS_HELD, Replay, Summary, conflict, ear, finish, say};
use crate::engine::event::{Event, Pulse};
use crate::engine::time::Moment;
use crate::engine::{Clock, DeviceIx, Engine, TooLate};
use crate::wire;

/// How a pass over the files ended.
pub(super) enum Pass {
    Done(Box<Engine>, Summary),
    /// An event lay further back than the engine remembers, or came under an identity from further back.
    TooDisordered,
}

/// What came first under a key that also came with other bytes.
type Bodies = HashMap<u64, Option<Body>>;

#[derive(Clone, Copy)]
struct Body {
    identity: u128,
    fingerprint: u64,
    bytes_hash: u64,
}

/// An event that may go in.
enum Fresh<'a> {
    Pulse(DeviceIx, &'a Pulse),
    Event(Event),
}

impl Fresh<'_> {
    fn is_pulse(&self) -> bool {
        match self {
            Fresh::Pulse(..) => true,
            Fresh::Event(event) => event.kind.is_pulse(),
        }
    }
}

impl Replay<'_> {
    pub(super) fn stream(&mut self, files: &[PathBuf], rejections: &mut SpooledTempFile) -> Result<Pass> {
        let progress = self.progress(files);
        let mut ear = self.ear.take();
        let source = Source::new(files, &progress);
        let pass = std::thread::scope(|scope| {
            let chunks = Chunks::read(scope, &source, &self.past.roster);
            self.judge_chunks(chunks, Identities::new(scope), files, ear.as_mut(), rejections)
        });
        progress.finish_and_clear();
        self.ear = ear;
        pass
    }

    fn judge_chunks(
        &self,
        mut chunks: Chunks,
        mut seen: Identities,
        files: &[PathBuf],
        mut ear: Option<&mut Ear>,
        rejections: &mut SpooledTempFile,
    ) -> Result<Pass> {
        let roster = &self.past.roster;
        let names = self.names();
        let mut engine = Engine::new(roster.clone(), self.past.policies.clone(), Clock::Events);
        let devices = roster
            .device_ids()
            .map(|id| (engine.number(id), Device::of(id.as_str())));
        let devices: Vec<_> = devices.collect();
        let mut summary = Summary::default();
        let mut doubtful: Bodies = HashMap::new();
        let mut lines = Vec::new();
        while let Some(mut chunk) = chunks.next()? {
            // What another core wrote comes quicker in one piece than line by line.
            lines.clear();
            lines.append(&mut chunk.lines);
            let mut events = chunk.events.drain(..);
            for line in &lines {
                let bytes_hash = line.bytes_hash;
                let (key, at, fresh) = match &line.what {
                    What::Pulse(pulse) => {
                        let (ix, device) = devices[pulse.device as usize];
                        (device.key(pulse.id), pulse.time, Fresh::Pulse(ix, pulse))
                    }
                    What::Event => {
                        let Some(event) = events.next() else { continue };
                        (key(&event), event.time, Fresh::Event(event))
                    }
                    What::Rejected(rejected) => {
                        *summary.rejected.entry(rejected.code).or_default() += 1;
                        let place = Place {
                            file: chunk.file,
                            line: chunk.lines_before + u64::from(line.number),
                        };
                        say(rejections, &names, place, rejected)?;
                        continue;
                    }
                };
                match seen.meet(key, bytes_hash, at) {
                    None => {}
                    // The same bytes under the same identity.
                    Some(known) if known == bytes_hash => {
                        summary.duplicates += 1;
                        continue;
                    }
                    // The same event written otherwise, or another one.
                    Some(_) => {
                        doubtful.insert(key, None);
                        continue;
                    }
                }
                summary.events += 1;
                summary.days.note(at, roster.office.zone);
                let only_time = fresh.is_pulse();
                let inserted = match fresh {
                    Fresh::Pulse(device, pulse) => engine.insert_pulse(device, pulse),
                    Fresh::Event(event) => engine.insert(event),
                };
                if let Err(TooLate { .. }) = inserted {
                    return Ok(Pass::TooDisordered);
                }
                if let Some(ear) = &mut ear {
                    ear.after(&mut engine, at, only_time);
                }
            }
            drop(events);
            chunks.reuse(chunk);
            ear::judge(&mut engine, ear.as_deref_mut());
            let clock = engine.clock().unwrap_or(Moment::MIN);
            if engine.ops_len() > OPS_HELD {
                engine.forget(clock.plus_ms(-DISORDER_MS));
            }
            seen.forget(engine.settled_until());
        }
        if seen.come_again()? || self.look_closer(files, &mut doubtful, &mut summary, rejections)? {
            return Ok(Pass::TooDisordered);
        }
        finish(&engine, &mut summary);
        Ok(Pass::Done(Box::new(engine), summary))
    }

    /// Reads the files again for keys that came with different bytes: written otherwise, it is the same event; else what
    /// came first stands and the others are rejected. Answers whether two identities have one key.
    fn look_closer(
        &self,
        files: &[PathBuf],
        doubtful: &mut Bodies,
        summary: &mut Summary,
        rejections: &mut SpooledTempFile,
    ) -> Result<bool> {
        if doubtful.is_empty() {
            return Ok(false);
        }
        let names = self.names();
        let mut collided = false;
        read::each_line(files, &ProgressBar::hidden(), &mut |place, text| {
            let line = read::parse(text, &self.past.roster);
            let Ok(event) = line.outcome else { return Ok(true) };
            let Some(known) = doubtful.get_mut(&key(&event)) else {
                return Ok(true);
            };
            let body = Body {
                identity: identity(&event),
                fingerprint: wire::fingerprint(text),
                bytes_hash: line.bytes_hash,
            };
            match known {
                None => *known = Some(body),
                Some(first) if first.identity != body.identity => collided = true,
                // The same bytes were counted when they came.
                Some(first) if first.bytes_hash == body.bytes_hash => {}
                Some(first) if first.fingerprint == body.fingerprint => summary.duplicates += 1,
                Some(_) => {
                    let rejected = conflict(&event);
                    *summary.rejected.entry(rejected.code).or_default() += 1;
                    say(rejections, &names, place, &rejected)?;
                }
            }
            Ok(!collided)
        })?;
        Ok(collided)
    }
}
