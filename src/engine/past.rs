//! What an explanation asks of the past beside what judging saw: silences and horizons.

use super::Engine;
use super::event::{DeviceId, OfficerId};
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
