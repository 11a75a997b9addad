//! Ring 1: gap records. A device numbers its events in each boot, so that a missing one shows as a hole; when it comes after
//! all, the hole closes. Everything here is learnt from accepted events in the order of the ledger, and is bounded.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::engine::event::{DeviceId, Event};
use crate::engine::time::Moment;

/// So many boots of a device are followed; the one that was quiet longest goes first.
const BOOTS_MAX: usize = 16;
/// So many holes of a boot are kept apart; beyond them the oldest is given up, and counted.
const HOLES_MAX: usize = 64;
/// So many holes that were filled are shown.
const CLOSED_MAX: usize = 256;
/// A filled hole is shown for so long.
const CLOSED_SHOWN_MS: i64 = 86_400_000;

/// Sequence numbers that are missing, or were.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Gap {
    pub device: DeviceId,
    pub boot: Box<str>,
    /// The first and the last number missing.
    pub first: u64,
    pub last: u64,
    /// When a higher number was received, on the monitor's clock.
    pub since: Moment,
    /// When the last of it was received.
    pub filled: Option<Moment>,
}

impl Gap {
    /// How many events are missing.
    pub fn events(&self) -> u64 {
        (self.last - self.first).saturating_add(1)
    }
}

/// The holes in the sequences of one office's devices.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Gaps {
    devices: HashMap<DeviceId, Boots, foldhash::fast::FixedState>,
    closed: VecDeque<Gap>,
    given_up: u64,
}

/// A device's boots, the one heard last at the end.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Boots {
    boots: Vec<Boot>,
    /// The boot it was first heard in, which may have begun long before.
    heard: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Boot {
    name: Box<str>,
    /// From here on every number is known or missing.
    lowest: u64,
    highest: u64,
    /// In order, none touching another.
    holes: Vec<Hole>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Hole {
    first: u64,
    last: u64,
    since: Moment,
    /// Where a hole was filled in its middle, both parts belong to one that was noticed then.
    whole: (u64, u64),
}

impl Gaps {
    /// Takes note of an accepted event.
    pub fn hear(&mut self, event: &Event, received: Moment) {
        let Some(place) = &event.place else { return };
        let boots = match self.devices.get_mut(event.device.as_str()) {
            Some(boots) => boots,
            None => self.devices.entry(event.device.clone()).or_default(),
        };
        let ix = match boots.boots.iter().rposition(|boot| boot.name == place.boot) {
            Some(ix) => ix,
            None => {
                if boots.boots.len() == BOOTS_MAX {
                    self.given_up += boots.boots.remove(0).holes.len() as u64;
                }
                // A boot that begins while the device is known begins at 0.
                let lowest = if boots.heard { 0 } else { place.sequence };
                boots.heard = true;
                let mut boot = Boot {
                    name: place.boot.clone(),
                    lowest,
                    highest: place.sequence,
                    holes: Vec::new(),
                };
                if lowest < place.sequence {
                    boot.holes.push(Hole::new(lowest, place.sequence - 1, received));
                }
                boots.boots.push(boot);
                return;
            }
        };
        let boot = &mut boots.boots[ix];
        let filled = boot.hear(place.sequence, received);
        if boot.holes.len() > HOLES_MAX {
            boot.holes.remove(0);
            self.given_up += 1;
        }
        if let Some(whole) = filled {
            if self.closed.len() == CLOSED_MAX {
                self.closed.pop_front();
            }
            self.closed.push_back(Gap {
                device: event.device.clone(),
                boot: boot.name.clone(),
                first: whole.whole.0,
                last: whole.whole.1,
                since: whole.since,
                filled: Some(received),
            });
        }
        // Heard last: at the end.
        if ix + 1 < boots.boots.len() {
            let boot = boots.boots.remove(ix);
            boots.boots.push(boot);
        }
    }

    /// Gives up what nobody can send any more, and what has been shown long enough.
    pub fn forget(&mut self, now: Moment, keep_ms: i64) {
        for boot in self.devices.values_mut().flat_map(|boots| &mut boots.boots) {
            let before = boot.holes.len();
            boot.holes.retain(|hole| now.ms_since(hole.since) <= keep_ms);
            self.given_up += (before - boot.holes.len()) as u64;
        }
        let shown = |gap: &Gap| gap.filled.is_some_and(|at| now.ms_since(at) <= CLOSED_SHOWN_MS);
        self.closed.retain(shown);
    }

    /// The holes, by device and boot, and then those that were filled within a day before `now`, the latest first.
    pub fn shown(&self, now: Moment) -> Vec<Gap> {
        let mut gaps: Vec<Gap> = self
            .devices
            .iter()
            .flat_map(|(device, boots)| {
                boots.boots.iter().flat_map(|boot| {
                    boot.holes.iter().map(|hole| Gap {
                        device: device.clone(),
                        boot: boot.name.clone(),
                        first: hole.first,
                        last: hole.last,
                        since: hole.since,
                        filled: None,
                    })
                })
            })
            .collect();
        gaps.sort_by(|a, b| (&a.device, &a.boot, a.first).cmp(&(&b.device, &b.boot, b.first)));
        let shown = |gap: &&Gap| gap.filled.is_some_and(|at| now.ms_since(at) <= CLOSED_SHOWN_MS);
        gaps.extend(self.closed.iter().rev().filter(shown).cloned());
        gaps
    }

    /// Holes that were given up unfilled.
    pub fn given_up(&self) -> u64 {
        self.given_up
    }
}

impl Boot {
    /// Answers a hole that this filled.
    fn hear(&mut self, sequence: u64, received: Moment) -> Option<Hole> {
        if sequence > self.highest {
            if sequence - self.highest > 1 {
                self.holes.push(Hole::new(self.highest + 1, sequence - 1, received));
            }
            self.highest = sequence;
            return None;
        }
        if sequence < self.lowest {
            if self.lowest - sequence > 1 {
                self.holes.insert(0, Hole::new(sequence + 1, self.lowest - 1, received));
            }
            self.lowest = sequence;
            return None;
        }
        let ix = self
            .holes
            .iter()
            .position(|hole| (hole.first..=hole.last).contains(&sequence))?;
        let hole = self.holes[ix];
        match (hole.first == sequence, hole.last == sequence) {
            (true, true) => {
                self.holes.remove(ix);
                // Only its last part closes it.
                let rest = self.holes.iter().any(|other| other.whole == hole.whole);
                return (!rest).then_some(hole);
            }
            (true, false) => self.holes[ix].first += 1,
            (false, true) => self.holes[ix].last -= 1,
            (false, false) => {
                self.holes[ix].last = sequence - 1;
                self.holes.insert(
                    ix + 1,
                    Hole {
                        first: sequence + 1,
                        ..hole
                    },
                );
            }
        }
        None
    }
}

impl Hole {
    fn new(first: u64, last: u64, since: Moment) -> Hole {
        Hole {
            first,
            last,
            since,
            whole: (first, last),
        }
    }
}
