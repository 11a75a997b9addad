//! The state of an office as the engine sees it now, for people to look at.

use super::Engine;
use super::event::{DeviceId, OfficeId, OfficerId};
use super::names::OfficerIx;
use super::time::Moment;

#[derive(Clone, PartialEq, Debug)]
pub struct OfficeView {
    pub office: OfficeId,
    /// The office clock; `None` before the first event.
    pub clock: Option<Moment>,
    pub emergency: bool,
    pub counters: Vec<CounterView>,
    pub lockboxes: Vec<LockboxView>,
    pub officers: Vec<OfficerView>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct CounterView {
    pub counter: DeviceId,
    /// Who is signed in, and since when.
    pub session: Option<(OfficerId, Moment)>,
    pub service: Option<ServiceView>,
    pub on_break: bool,
    /// Since when the workstation has been silent.
    pub silent_since: Option<Moment>,
    pub last_event: Option<Moment>,
    pub apps: Vec<String>,
    /// Classes attached and not allowed.
    pub usb: Vec<String>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct ServiceView {
    pub since: Moment,
    pub booking: Option<String>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct LockboxView {
    pub lockbox: DeviceId,
    pub silent_since: Option<Moment>,
    pub last_event: Option<Moment>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct OfficerView {
    pub officer: OfficerId,
    pub shift: bool,
    pub custody: Custody,
    /// The lockbox he used last, else the assigned one.
    pub lockbox: Option<DeviceId>,
}

/// Where an officer's private handsets are (contract §6).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Custody {
    In,
    Out,
    Unknown,
    NoneDeclared,
    Exempt,
}

impl Custody {
    pub const ALL: [Custody; 5] = [
        Custody::In,
        Custody::Out,
        Custody::Unknown,
        Custody::NoneDeclared,
        Custody::Exempt,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Custody::In => "in",
            Custody::Out => "out",
            Custody::Unknown => "unknown",
            Custody::NoneDeclared => "none_declared",
            Custody::Exempt => "exempt",
        }
    }
}

impl Engine {
    /// The office as the engine sees it at the office clock.
    pub fn view(&self) -> OfficeView {
        let state = self.fold_state();
        let names = self.names();
        let roster = self.roster();
        let counters = roster.counters.iter().map(|device| {
            let ix = names.known_device(device.id.as_str());
            let here = ix.and_then(|ix| state.counters.get(ix.at()));
            CounterView {
                counter: device.id.clone(),
                session: here
                    .and_then(|here| here.session.as_ref())
                    .map(|session| (names.officer_id(session.officer), session.since)),
                service: here.and_then(|here| here.service.as_ref()).map(|service| ServiceView {
                    since: service.since,
                    booking: service.booking.as_deref().map(str::to_string),
                }),
                on_break: here.is_some_and(|here| here.on_break),
                silent_since: ix.and_then(|ix| state.silent_since.get(ix.at()).copied().flatten()),
                last_event: ix.and_then(|ix| self.last_event(ix)),
                apps: here.map_or_else(Vec::new, |here| here.apps.iter().map(|app| app.to_string()).collect()),
                usb: here.map_or_else(Vec::new, |here| {
                    here.usb
                        .iter()
                        .filter(|thing| !thing.allowed)
                        .map(|thing| thing.class.as_str().to_string())
                        .collect()
                }),
            }
        });
        let lockboxes = roster.lockboxes.iter().map(|device| {
            let ix = names.known_device(device.id.as_str());
            LockboxView {
                lockbox: device.id.clone(),
                silent_since: ix.and_then(|ix| state.silent_since.get(ix.at()).copied().flatten()),
                last_event: ix.and_then(|ix| self.last_event(ix)),
            }
        });
        let officers = (0..state.officers.len()).map(|number| {
            let ix = OfficerIx(number as u32);
            OfficerView {
                officer: names.officer_id(ix),
                shift: state.officers[number].shift,
                custody: state.custody(ix),
                lockbox: state.lockbox_of(ix).map(|lockbox| names.device_id(lockbox)),
            }
        });
        OfficeView {
            office: roster.office.id.clone(),
            clock: self.clock(),
            emergency: state.in_emergency(),
            counters: counters.collect(),
            lockboxes: lockboxes.collect(),
            officers: officers.collect(),
        }
    }
}
