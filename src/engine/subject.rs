//! Whom a verdict is about, and the devices it rests on.

use super::names::{DeviceIx, OfficerIx};

/// Up to two devices inline covers all but an officer at three counters.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Rest {
    pub first: Option<DeviceIx>,
    pub second: Option<DeviceIx>,
    pub more: Vec<DeviceIx>,
}

impl Rest {
    pub fn add(&mut self, device: DeviceIx) {
        match (self.first, self.second) {
            (None, _) => self.first = Some(device),
            (_, None) => self.second = Some(device),
            _ => self.more.push(device),
        }
    }

    pub fn devices(&self) -> impl Iterator<Item = DeviceIx> + '_ {
        self.first
            .into_iter()
            .chain(self.second)
            .chain(self.more.iter().copied())
    }
}

/// Whom a run is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Subject {
    pub counter: Option<DeviceIx>,
    pub lockbox: Option<DeviceIx>,
    pub officer: Option<OfficerIx>,
}

impl Subject {
    pub fn at(counter: DeviceIx, officer: Option<OfficerIx>) -> Subject {
        let counter = Some(counter);
        Subject {
            counter,
            officer,
            lockbox: None,
        }
    }

    pub fn person(officer: OfficerIx) -> Subject {
        Subject {
            officer: Some(officer),
            ..Subject::default()
        }
    }

    pub fn lockbox(lockbox: DeviceIx) -> Subject {
        Subject {
            lockbox: Some(lockbox),
            ..Subject::default()
        }
    }
}
