//! What an explanation asks of the past beside what judging saw: silences and horizons.

use std::sync::Arc;

use super::Engine;
use super::event::{DeviceId, OfficerId};
use super::ops::Act;
use super::time::Moment;
use super::timeline::Derived;

impl Engine {
    /// Stretches in which a device was silent, as far as the past is kept; the last may have no end.
    pub fn silences(&self, device: &DeviceId) -> Vec<(Moment, Option<Moment>)> {
        let Some(ix) = self.names.known_device(device.as_str()) else {
            return Vec::new();
        };
        let mut silences: Vec<(Moment, Option<Moment>)> = Vec::new();
        for (at, what) in &self.timelines[ix.at()].derived {
            match (what, silences.last_mut()) {
                (Derived::GapBegins, _) => silences.push((*at, None)),
                (Derived::GapEnds, Some(last)) if last.1.is_none() => last.1 = Some(*at),
                _ => {}
            }
        }
        silences
    }

    /// When a device's clock turned out to be wrong, `true`, or right again; its times were poor from the event before on.
    pub fn clock_turns(&self, device: &DeviceId) -> Vec<(Moment, bool)> {
        let Some(ix) = self.names.known_device(device.as_str()) else {
            return Vec::new();
        };
        let derived = self.timelines[ix.at()].derived.iter();
        let turns = derived.filter_map(|(at, what)| match what {
            Derived::PoorBegins | Derived::PoorFromTheStart | Derived::ClockOff => Some((*at, true)),
            Derived::PoorEnds | Derived::ClockRight => Some((*at, false)),
            _ => None,
        });
        turns.collect()
    }

    /// References of the events that take effect at a moment; heartbeats have no effect.
    pub fn effective_at(&self, at: Moment) -> Vec<Arc<str>> {
        let references = self.fold.at(at).map(|op| op.reference.clone());
        references.filter(|reference| !reference.is_empty()).collect()
    }

    /// The workstations at which a boot or a loss ended what was open, effective at a moment; whether it was a loss.
    pub fn ended_at(&self, at: Moment) -> Vec<(DeviceId, bool)> {
        let ended = self.fold.at(at).filter_map(|op| match op.act {
            Act::Derived(Derived::BootEnds) => Some((self.names.device_id(op.device), false)),
            Act::Derived(Derived::Lost) => Some((self.names.device_id(op.device), true)),
            _ => None,
        });
        ended.collect()
    }

    /// Up to where a device is known.
    pub fn horizon(&self, device: &DeviceId) -> Option<Moment> {
        let ix = self.names.known_device(device.as_str())?;
        self.horizons().get(ix.at()).copied()
    }

    /// The lockbox an officer used last, else the one he is assigned to.
    pub fn lockbox_of(&self, officer: &OfficerId) -> Option<DeviceId> {
        let ix = self.names.known_officer(officer.as_str())?;
        let lockbox = self.fold_state().lockbox_of(ix)?;
        Some(self.names.device_id(lockbox))
    }
}
