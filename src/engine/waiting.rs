//! Events beyond the office clock, and events that move because others of their boot turned out to be later.

use super::event::IdKey;
use super::names::DeviceIx;
use super::office::{Engine, TooLate};
use super::ops::Op;
use super::time::Moment;
use super::timeline::{ClockMark, Stamp};

impl Engine {
    pub(super) fn waiting_of(&self, device: DeviceIx) -> Vec<Stamp> {
        self.waiting
            .range((device, Moment::MIN)..=(device, Moment::MAX))
            .flat_map(|(_, list)| list.iter().map(|(stamp, _)| *stamp))
            .collect()
    }

    /// A boot's clock turns out to have been behind since it began: what was taken for right before that was known is
    /// corrected. (A clock that is ahead shows at once, for nothing comes before it was sent.)
    pub(super) fn correct_boot(&mut self, device: DeviceIx, boot: u32, below: u64, shift_ms: i64, clock: ClockMark) {
        let timeline = &mut self.timelines[device.at()];
        if timeline.learn(boot, below, shift_ms, clock).is_none() {
            return;
        }
        let placed = timeline.unmarked(boot, below);
        self.correct_waiting(device, boot, below, shift_ms, clock);
        for from in placed {
            self.shift(
                device,
                from,
                Stamp {
                    at: from.at.plus_ms(shift_ms),
                    clock,
                    ..from
                },
            );
        }
    }

    /// The same for those that wait: all do while a ledger is read again.
    fn correct_waiting(&mut self, device: DeviceIx, boot: u32, below: u64, shift_ms: i64, clock: ClockMark) {
        let of_device = (device, Moment::MIN)..=(device, Moment::MAX);
        let keys: Vec<(DeviceIx, Moment)> = self.waiting.range(of_device).map(|(key, _)| *key).collect();
        let mut corrected = Vec::new();
        for key in keys {
            for (mut stamp, mut op) in self.waiting.remove(&key).unwrap_or_default() {
                if stamp.boot == boot && stamp.sequence < below && stamp.clock == ClockMark::Told {
                    stamp.at = stamp.at.plus_ms(shift_ms);
                    stamp.clock = clock;
                    if let Some(op) = &mut op {
                        op.move_to(stamp.at);
                        op.poor = clock == ClockMark::Poor;
                    }
                    self.timelines[device.at()].note(stamp.at, boot, stamp.sequence, false);
                }
                corrected.push((stamp, op));
            }
        }
        for (stamp, op) in corrected {
            self.waiting.entry((device, stamp.at)).or_default().push((stamp, op));
        }
    }

    /// A lower sequence of its boot turned out to be later: the event moves with it.
    pub(super) fn push_later(&mut self, device: DeviceIx, from: Stamp, to: Moment) {
        self.shift(device, from, Stamp { at: to, ..from });
    }

    fn shift(&mut self, device: DeviceIx, from: Stamp, stamp: Stamp) {
        let to = stamp.at;
        self.timelines[device.at()].remove(&from);
        let mut op = self.take_op(device, &from);
        if let Some(op) = &mut op {
            op.move_to(to);
            op.poor = stamp.clock == ClockMark::Poor;
        }
        self.timelines[device.at()].note(to, from.boot, from.sequence, false);
        if self.ticked.is_some_and(|tick| to > tick) {
            self.waiting.entry((device, to)).or_default().push((stamp, op));
        } else {
            self.place(device, stamp, op);
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
