//! Events beyond the office clock, and events that move because others of their boot turned out to be later.

use super::event::IdKey;
use super::names::DeviceIx;
use super::office::{Arrival, Engine, TooLate};
use super::ops::Op;
use super::time::Moment;
use super::timeline::{ClockMark, Learnt, Stamp, Timeline};

impl Engine {
    pub(super) fn waiting_of(&self, device: DeviceIx) -> Vec<Stamp> {
        self.waiting
            .range((device, Moment::MIN)..=(device, Moment::MAX))
            .flat_map(|(_, list)| list.iter().map(|(stamp, _)| *stamp))
            .collect()
    }

    /// A boot's clock turns out to have been behind since it began: what was taken for right before that was known is
    /// corrected, and what was corrected by a reading that counts less. (A clock that is ahead shows at once, for nothing
    /// comes before it was sent.)
    pub(super) fn correct_boot(&mut self, device: DeviceIx, boot: u32, read: Learnt) {
        if !self.timelines[device.at()].learn(boot, read) {
            return;
        }
        let (settled, waiting) = (self.fold.settled(), self.waiting_of(device));
        for (from, to) in self.timelines[device.at()].replaced(boot, settled, waiting) {
            self.shift(device, from, to);
        }
        if self.latest.is_some() && self.ticked.is_none() && !self.ticks_only {
            // Where nothing waits, the latest effective time is the latest of all own times.
            self.latest = self.timelines.iter().filter_map(Timeline::last).max();
        }
    }

    /// A lower sequence of its boot turned out to be later: the event moves with it.
    pub(super) fn push_later(&mut self, device: DeviceIx, from: Stamp, to: Moment) {
        self.shift(device, from, Stamp { at: to, ..from });
        self.timelines[device.at()].note(to, from.boot, from.sequence, false);
    }

    fn shift(&mut self, device: DeviceIx, from: Stamp, to: Stamp) {
        let mut op = match self.take_waiting(device, &from) {
            Some((_, op)) => op,
            None => {
                self.timelines[device.at()].remove(&from);
                self.take_op(device, &from)
            }
        };
        if let Some(op) = &mut op {
            op.move_to(to.at);
            op.poor = to.clock == ClockMark::Poor;
        }
        self.put(device, to, op);
    }

    fn take_waiting(&mut self, device: DeviceIx, stamp: &Stamp) -> Option<Arrival> {
        let list = self.waiting.get_mut(&(device, stamp.at))?;
        let place = list.iter().position(|(other, _)| other == stamp)?;
        let taken = list.swap_remove(place);
        if list.is_empty() {
            self.waiting.remove(&(device, stamp.at));
        }
        Some(taken)
    }

    /// Puts an event where its time is: among what is known, or among what waits.
    #[inline]
    pub(super) fn put(&mut self, device: DeviceIx, stamp: Stamp, op: Option<Op>) {
        let known = match (self.ticked, self.ticks_only) {
            (Some(tick), _) => stamp.at <= tick,
            (None, ticks_only) => !ticks_only,
        };
        if known {
            self.place(device, stamp, op);
        } else {
            self.waiting.entry((device, stamp.at)).or_default().push((stamp, op));
        }
    }

    /// Takes the operation of a stamp out, wherever it is by now.
    pub(super) fn take_op(&mut self, device: DeviceIx, stamp: &Stamp) -> Option<Op> {
        if !stamp.acts {
            return None;
        }
        let is_it = |op: &Op| {
            op.device == device && op.sequence == stamp.sequence && {
                let id = op.reference.rsplit_once('#').map_or("", |(_, id)| id);
                IdKey::of(id.as_bytes()) == stamp.id
            }
        };
        if let Some(ix) = self.add.iter().position(is_it) {
            return Some(self.add.swap_remove(ix));
        }
        // Only a grant takes effect elsewhere than at its own place.
        let is_grant = |op: &Op| op.is_grant() && is_it(op);
        let op = self
            .fold
            .find(stamp.at, is_it)
            .or_else(|| self.fold.find_anywhere(device, is_grant))?;
        self.remove.push(op.clone());
        Some(op)
    }

    pub(super) fn push_waiting(&mut self, device: DeviceIx, boot: u32, sequence: u64, at: Moment) {
        // Only what is earlier than `at` can move there.
        let earlier = self.waiting.range((device, Moment::MIN)..(device, at));
        let keys: Vec<(DeviceIx, Moment)> = earlier.map(|(key, _)| *key).collect();
        for key in keys {
            let Some(list) = self.waiting.get_mut(&key) else {
                continue;
            };
            let (moved, stay): (Vec<_>, Vec<_>) = std::mem::take(list)
                .into_iter()
                .partition(|(stamp, _)| stamp.boot == boot && stamp.sequence > sequence && stamp.at < at);
            match stay.is_empty() {
                true => drop(self.waiting.remove(&key)),
                false => *list = stay,
            }
            for (mut stamp, mut op) in moved {
                if let Some(op) = &mut op {
                    op.move_to(at);
                }
                stamp.at = at;
                self.timelines[device.at()].note(at, boot, stamp.sequence, false);
                self.waiting.entry((device, at)).or_default().push((stamp, op));
            }
        }
    }

    /// The monitor's tick: from the first one on, ticks alone are the office clock.
    pub(super) fn tick(&mut self, at: Moment) -> Result<(), TooLate> {
        match self.ticked {
            Some(tick) if at <= tick => {}
            Some(_) => self.ticked = Some(at),
            None => {
                if at < self.fold.settled() {
                    return Err(TooLate {
                        settled: self.fold.settled(),
                    });
                }
                self.ticked = Some(at);
                self.ticks_begin = true;
            }
        }
        Ok(())
    }

    /// Gives up the single heartbeats before `moment` of which it is enough that there were some; none before the first
    /// tick, which may have any of them wait again.
    pub fn thin(&mut self, moment: Moment) {
        if self.ticked.is_none() {
            return;
        }
        for (ix, timeline) in self.timelines.iter_mut().enumerate() {
            let rules = &self.rules;
            timeline.thin(moment, |at| {
                let after = rules.partition_point(|(from, _)| *from <= at);
                rules[after.max(1) - 1].1.silent_after_ms(DeviceIx(ix as u32))
            });
        }
    }

    /// Events that were taken for known lie beyond the first tick: they wait again.
    pub(super) fn withdraw_after(&mut self, tick: Moment) {
        for ix in 0..self.timelines.len() {
            let device = DeviceIx(ix as u32);
            for stamp in self.timelines[ix].take_after(tick) {
                let op = self.take_op(device, &stamp);
                self.waiting.entry((device, stamp.at)).or_default().push((stamp, op));
            }
        }
    }
}
