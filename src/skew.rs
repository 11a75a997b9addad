//! Ring 1: what a device's clock is worth. Its offset to the monitor's is learnt from messages that came promptly, and each
//! event is told the time it is judged at.
//!
//! Nothing arrives before it was sent, so a delay only ever makes a clock seem to be behind. A message counts as prompt
//! where it came in step with others: the delays of all of them alike, over a minute and more. What a device has kept and
//! sends in one go comes faster than its times and is never in step.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hasher as _};

use serde::{Deserialize, Serialize};

use crate::engine::event::{DeviceId, DeviceKind, Event, Reading, Trust};
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::wire::{self, Limits, Rejected};

/// Delays of one run differ by no more than this.
const IN_STEP_MS: i64 = 2_000;
/// A run says something when it has this many messages …
const RUN_MESSAGES: u32 = 3;
/// … and took this long.
const RUN_MS: i64 = 60_000;
/// A clock may be off by this much before anything is corrected …
pub const OFF_MS: i64 = 30_000;
/// … and by this much before its times are worth nothing.
pub const POOR_MS: i64 = 120_000;
/// Before 2020 nobody had this program: a clock that says so is dead.
const DEAD_BEFORE: Moment = Moment(1_577_836_800_000);
/// So many boots of a device are remembered that began with a right clock.
const BOOTS_KEPT: usize = 4;

/// The clocks of one office's devices, learnt from what came in the order of the ledger.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Clocks {
    devices: HashMap<DeviceId, Skew, foldhash::fast::FixedState>,
}

/// What people are shown of a clock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClockShown {
    pub device: DeviceId,
    /// Monitor's time less device's time, as far as it is known: negative where the device is ahead.
    pub offset_ms: Option<i64>,
    /// Why the times of its last event were not taken as told, and since when that has been so.
    pub marked: Option<(Trust, Moment)>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Skew {
    boot: Option<u64>,
    run: Run,
    /// What the last run that said something said; it holds for late messages too.
    offset_ms: Option<i64>,
    /// Boots whose clock was once known to be right.
    right: Vec<u64>,
    marked: Option<(Trust, Moment)>,
}

/// Messages in step.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Run {
    first: Moment,
    last: Moment,
    messages: u32,
    least_ms: i64,
    most_ms: i64,
}

impl Run {
    fn begin(received: Moment, delay_ms: i64) -> Run {
        Run {
            first: received,
            last: received,
            messages: 1,
            least_ms: delay_ms,
            most_ms: delay_ms,
        }
    }

    /// Takes a message in, or begins anew with it.
    fn hear(&mut self, received: Moment, delay_ms: i64) {
        let (least_ms, most_ms) = (self.least_ms.min(delay_ms), self.most_ms.max(delay_ms));
        if received < self.last || most_ms.saturating_sub(least_ms) > IN_STEP_MS {
            *self = Run::begin(received, delay_ms);
            return;
        }
        *self = Run {
            first: self.first,
            last: received,
            messages: self.messages.saturating_add(1),
            least_ms,
            most_ms,
        };
    }

    fn says(&self) -> Option<i64> {
        let enough = self.messages >= RUN_MESSAGES && self.last.ms_since(self.first) >= RUN_MS;
        enough.then_some(self.least_ms)
    }
}

impl Skew {
    /// What was read of the clock when this event came, if it is not to be taken as told.
    fn hear(&mut self, told: Moment, boot: Option<u64>, received: Moment) -> Option<(Moment, Reading)> {
        let delay_ms = received.ms_since(told);
        if boot == self.boot {
            self.run.hear(received, delay_ms);
        } else {
            self.boot = boot;
            self.run = Run::begin(received, delay_ms);
            self.offset_ms = None;
        }
        // Earlier than the offset allows: the clock was set since.
        if self
            .offset_ms
            .is_some_and(|offset_ms| delay_ms < offset_ms - IN_STEP_MS)
        {
            self.offset_ms = None;
        }
        let said = self.run.says();
        self.offset_ms = said.or(self.offset_ms);
        if let (Some(boot), Some(offset_ms)) = (boot, said)
            && offset_ms.abs() <= OFF_MS
            && !self.right.contains(&boot)
        {
            self.right.truncate(BOOTS_KEPT - 1);
            self.right.insert(0, boot);
        }
        let offset_ms = self.known().filter(|offset_ms| offset_ms.abs() > OFF_MS);
        let dead = told < DEAD_BEFORE;
        let trust = match offset_ms {
            _ if dead => Trust::Poor,
            Some(offset_ms) if offset_ms.abs() > POOR_MS => Trust::Poor,
            Some(_) => Trust::Corrected,
            None => {
                self.marked = None;
                return None;
            }
        };
        let since = self.marked.filter(|(before, _)| *before == trust);
        self.marked = Some((trust, since.map_or(received, |(_, since)| since)));
        let time = match trust {
            Trust::Corrected => told.plus_ms(offset_ms.unwrap_or(0)).min(received),
            Trust::Poor => received,
        };
        let whole_boot = !dead && time > told && boot.is_some_and(|boot| !self.right.contains(&boot));
        Some((
            time,
            Reading {
                told,
                trust,
                whole_boot,
            },
        ))
    }

    /// The offset, as far as it is known. That a clock is ahead, one message shows.
    fn known(&self) -> Option<i64> {
        let ahead = Some(self.run.least_ms).filter(|least_ms| *least_ms < -OFF_MS);
        self.offset_ms.or(ahead)
    }
}

impl Clocks {
    /// Learns from an event that was just accepted at `received`, and puts the time into it that it is judged at. People's
    /// acts and ticks keep theirs: nothing of a clock shows in when people do something.
    pub fn judge(&mut self, event: &mut Event, kind: Option<DeviceKind>, received: Moment) {
        if let Some((time, reading)) = self.hear(event, kind, received) {
            event.time = time;
            event.reading = Some(Box::new(reading));
        }
    }

    /// Learns from an event of the ledger, whose time stands there.
    pub fn remember(&mut self, event: &Event, kind: Option<DeviceKind>, received: Moment) {
        self.hear(event, kind, received);
    }

    fn hear(&mut self, event: &Event, kind: Option<DeviceKind>, received: Moment) -> Option<(Moment, Reading)> {
        if !matches!(kind, Some(DeviceKind::Workstation | DeviceKind::Lockbox)) {
            return None;
        }
        let told = event.reading.as_ref().map_or(event.time, |reading| reading.told);
        let boot = event.place.as_ref().map(|place| {
            let mut hasher = foldhash::fast::FixedState::default().build_hasher();
            hasher.write(place.boot.as_bytes());
            hasher.finish()
        });
        match self.devices.get_mut(event.device.as_str()) {
            Some(skew) => skew.hear(told, boot, received),
            None => {
                let mut skew = Skew {
                    boot,
                    run: Run {
                        messages: 0,
                        ..Run::begin(received, received.ms_since(told))
                    },
                    offset_ms: None,
                    right: Vec::new(),
                    marked: None,
                };
                let read = skew.hear(told, boot, received);
                self.devices.insert(event.device.clone(), skew);
                read
            }
        }
    }

    /// Every device heard, by name.
    pub fn shown(&self) -> Vec<ClockShown> {
        let mut all: Vec<ClockShown> = self
            .devices
            .iter()
            .map(|(device, skew)| ClockShown {
                device: device.clone(),
                offset_ms: skew.known(),
                marked: skew.marked,
            })
            .collect();
        all.sort_by(|a, b| a.device.cmp(&b.device));
        all
    }
}

/// An event of the ledger, at the time it was judged at. `clock` is the ledger's word on the device's clock.
pub fn read_again(body: &[u8], time: Moment, clock: Option<&str>, roster: &Roster) -> Result<Event, Rejected> {
    let mut event = wire::parse(None, body, roster, &Limits::REPLAY)?;
    as_judged(&mut event, time, clock);
    Ok(event)
}

fn as_judged(event: &mut Event, time: Moment, clock: Option<&str>) {
    event.reading = clock.and_then(|text| Reading::parse(text, event.time)).map(Box::new);
    if event.reading.is_some() {
        event.time = time;
    }
}
