//! What of an office's state matters for what comes later, by names: two engines that stand alike say the same from here
//! on, whatever they were told of the past.

use std::collections::BTreeMap;

use super::Engine;
use super::event::{DeviceId, OfficerId};
use super::names::{DeviceIx, OfficerIx};
use super::time::Moment;

/// It can be compared, and shows who differs.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Standing {
    counters: BTreeMap<DeviceId, AtCounter>,
    officers: BTreeMap<OfficerId, OfOfficer>,
    /// Since when a device has been silent, or its times poor.
    devices: BTreeMap<DeviceId, [Option<Moment>; 2]>,
    emergency: Option<Moment>,
}

#[derive(Clone, PartialEq, Debug)]
struct AtCounter {
    /// Whose, since when, and whether he has served in it.
    session: Option<(OfficerId, Moment, bool)>,
    service: Option<(Option<OfficerId>, Moment)>,
    on_break: bool,
    apps: Vec<String>,
    /// What is attached and not allowed.
    usb: Vec<String>,
}

#[derive(Clone, PartialEq, Debug)]
struct OfOfficer {
    shift: bool,
    inside: Vec<String>,
    held: bool,
    declared_until: Option<Moment>,
    exemptions: Vec<(Moment, Moment)>,
    lockbox: Option<DeviceId>,
}

impl Standing {
    /// The lockbox of an officer of whom something stands.
    pub fn lockbox(&self, officer: &OfficerId) -> Option<DeviceId> {
        self.officers.get(officer)?.lockbox.clone()
    }

    /// Of two, the counters and officers that stand otherwise.
    pub fn differences(&self, other: &Standing) -> (Vec<DeviceId>, Vec<OfficerId>) {
        let counters = self.counters.keys().chain(other.counters.keys());
        let devices = self.devices.keys().chain(other.devices.keys());
        let mut devices: Vec<DeviceId> = counters
            .filter(|id| self.counters.get(*id) != other.counters.get(*id))
            .chain(devices.filter(|id| self.devices.get(*id) != other.devices.get(*id)))
            .cloned()
            .collect();
        devices.sort();
        devices.dedup();
        let officers = self.officers.keys().chain(other.officers.keys());
        let mut officers: Vec<OfficerId> = officers
            .filter(|id| self.officers.get(*id) != other.officers.get(*id))
            .cloned()
            .collect();
        officers.sort();
        officers.dedup();
        (devices, officers)
    }
}

impl Engine {
    pub fn standing(&self) -> Standing {
        let (state, names) = (self.fold_state(), self.names());
        let (roster, now) = (self.roster(), state.now);
        let mut standing = Standing {
            emergency: state.emergency.map(|emergency| emergency.until()),
            ..Standing::default()
        };
        for (number, here) in state.counters.iter().enumerate() {
            let ix = DeviceIx(number as u32);
            let device = || names.device_id(ix);
            let troubled = [state.silent_since[number], state.poor_since[number]];
            if troubled.iter().any(Option::is_some) {
                standing.devices.insert(device(), troubled);
            }
            if here.is_clean() {
                continue;
            }
            let session = here.session.as_ref();
            let service = here.service.as_ref();
            let mut apps: Vec<String> = here.apps.iter().map(|app| app.to_string()).collect();
            let not_allowed = here.usb.iter().filter(|thing| !thing.allowed);
            let mut usb: Vec<String> = not_allowed
                .map(|thing| format!("{} {}", thing.class.as_str(), thing.id))
                .collect();
            apps.sort();
            usb.sort();
            let stands = AtCounter {
                session: session.map(|session| (names.officer_id(session.officer), session.since, session.served)),
                service: service.map(|service| (service.officer.map(|ix| names.officer_id(ix)), service.since)),
                on_break: here.on_break,
                apps,
                usb,
            };
            let allowed_alone = AtCounter {
                session: None,
                service: None,
                on_break: false,
                apps: Vec::new(),
                usb: Vec::new(),
            };
            if stands != allowed_alone {
                standing.counters.insert(device(), stands);
            }
        }
        for (number, person) in state.officers.iter().enumerate() {
            let ix = OfficerIx(number as u32);
            let officer = names.officer_id(ix);
            let mut inside: Vec<String> = person
                .inside
                .iter()
                .map(|handset| names.handset_name(*handset))
                .collect();
            inside.sort();
            let later = person.exemptions.iter().filter(|exemption| exemption.until > now);
            let known = roster.officers.iter().any(|known| known.id == officer);
            let stands = OfOfficer {
                shift: person.shift,
                inside,
                held: person.held,
                declared_until: person.declared.map(|declared| declared.until),
                exemptions: later.map(|exemption| (exemption.from, exemption.until)).collect(),
                // Of somebody who is not in the roster any more it matters while something else does.
                lockbox: state.lockbox_of(ix).map(|lockbox| names.device_id(lockbox)),
            };
            let nothing = OfOfficer {
                shift: false,
                inside: Vec::new(),
                held: false,
                declared_until: None,
                exemptions: Vec::new(),
                lockbox: stands.lockbox.clone(),
            };
            let assigned = state.rules.officer(ix).lockbox.map(|lockbox| names.device_id(lockbox));
            if stands != nothing || (known && stands.lockbox != assigned) {
                standing.officers.insert(officer, stands);
            }
        }
        standing
    }
}
