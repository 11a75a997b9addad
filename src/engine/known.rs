//! What becomes known of devices without an event of their own: that they are silent, or boot, or tell the time wrongly.

use super::event::DeviceKind;
use super::expr::Reads;
use super::names::{DeviceIx, OfficerIx};
use super::state::{Dirty, State};
use super::timeline::Derived;

impl State {
    pub(super) fn derived(&mut self, device: DeviceIx, derived: Derived, dirty: &mut Dirty) {
        match derived {
            Derived::GapBegins => {
                self.silent_since[device.at()] = Some(self.now);
                self.knowledge_changed(device, dirty);
            }
            Derived::GapEnds => {
                self.silent_since[device.at()] = None;
                self.knowledge_changed(device, dirty);
            }
            Derived::PoorBegins | Derived::PoorFromTheStart => {
                self.poor_since[device.at()] = Some(self.now);
                self.knowledge_changed(device, dirty);
            }
            Derived::PoorEnds => {
                self.poor_since[device.at()] = None;
                self.knowledge_changed(device, dirty);
            }
            Derived::ClockOff => self.turn_clock(device, true, dirty),
            Derived::ClockRight => self.turn_clock(device, false, dirty),
            Derived::Lost => {
                self.end_service(device, dirty);
                self.clear_attached(device, dirty);
            }
            Derived::BootEnds => {
                self.end_session(device, dirty);
                self.clear_attached(device, dirty);
            }
        }
    }

    fn turn_clock(&mut self, device: DeviceIx, off: bool, dirty: &mut Dirty) {
        self.clock_off[device.at()] = off;
        if self.rules.is(device, DeviceKind::Workstation) {
            dirty.counter(device, Reads::WORKSTATION_CLOCK);
            return;
        }
        dirty.lockboxes.push(device);
        for ix in 0..self.officers.len() {
            let officer = OfficerIx(ix as u32);
            if self.lockbox_of(officer) == Some(device) {
                dirty.officer(officer, Reads::LOCKBOX_CLOCK);
            }
        }
    }

    /// A device has fallen silent, or speaks again; its times have become poor, or are good again.
    fn knowledge_changed(&mut self, device: DeviceIx, dirty: &mut Dirty) {
        if self.rules.is(device, DeviceKind::Workstation) {
            dirty.counter(device, Reads::ALL);
            if let Some(officer) = self.counters[device.at()]
                .service
                .as_ref()
                .and_then(|service| service.officer)
            {
                dirty.officer(officer, Reads::ACTIVE_SERVICES);
            }
        } else {
            dirty.lockboxes.push(device);
            for ix in 0..self.officers.len() {
                let officer = OfficerIx(ix as u32);
                if self.lockbox_of(officer) == Some(device) {
                    dirty.officer(officer, Reads::CUSTODY | Reads::LOCKBOX_SILENT | Reads::LOCKBOX_CLOCK);
                }
            }
        }
    }
}
