//! The state of an office as the engine sees it now, for people to look at.

use super::event::{DeviceId, OfficeId, OfficerId};
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
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize)]
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
