//! What each event does to the state of an office (contract §3, §5, §6).

use std::cmp::Reverse;

use super::event::Kind;
use super::expr::Reads;
use super::names::{DeviceIx, HandsetIx, OfficerIx};
use super::ops::Op;
use super::state::{
    Attached, DECLARATION_MS, Declaration, Dirty, EMERGENCY_MAX_MS, Emergency, Exemption, Service, Session, State,
    Timer,
};

impl State {
    pub(super) fn event(
        &mut self,
        op: &Op,
        kind: &Kind,
        officer: Option<OfficerIx>,
        handset: Option<HandsetIx>,
        dirty: &mut Dirty,
    ) -> bool {
        let here = op.device;
        match (kind, officer) {
            (Kind::SignedIn { .. }, Some(officer)) => self.sign_in(op, here, officer, dirty),
            (Kind::SignedOut { .. }, _) => self.end_session(here, dirty),
            (Kind::ServiceStarted { booking }, _) => self.start_service(op, here, booking.clone(), dirty),
            (Kind::ServiceEnded, _) => self.end_service(here, dirty),
            (Kind::BreakStarted { .. }, _) => {
                self.end_service(here, dirty);
                self.counters[here.at()].on_break = true;
                dirty.counter(here, Reads::BREAK);
            }
            (Kind::BreakEnded { .. }, _) => {
                self.counters[here.at()].on_break = false;
                dirty.counter(here, Reads::BREAK);
            }
            (Kind::AppOpened { category }, _) => {
                let counter = &mut self.counters[here.at()];
                if !counter.apps.contains(category) {
                    counter.apps.push(category.clone());
                    counter.apps_evidence = Some(op.reference.clone());
                    dirty.counter(here, Reads::APPS);
                }
            }
            (Kind::AppClosed { category }, _) => {
                self.counters[here.at()].apps.retain(|open| open != category);
                dirty.counter(here, Reads::APPS);
            }
            (Kind::UsbAttached { class, id, allowed }, _) => {
                let id: Box<str> = id.clone().unwrap_or_else(|| Box::from(class.as_str()));
                let counter = &mut self.counters[here.at()];
                counter.usb.retain(|thing| thing.id != id);
                counter.usb.push(Attached {
                    id,
                    class: *class,
                    allowed: *allowed,
                });
                counter.usb_evidence = Some(op.reference.clone());
                dirty.counter(here, Reads::USB);
            }
            (Kind::UsbDetached { class, id }, _) => {
                let id = id.as_deref().unwrap_or(class.as_str());
                self.counters[here.at()].usb.retain(|thing| &*thing.id != id);
                dirty.counter(here, Reads::USB);
            }
            // A device with heartbeats ended where its boot began; see `Derived::BootEnds`.
            (Kind::WorkstationStarted, _) if op.ends_boot => {
                self.end_session(here, dirty);
                self.clear_attached(here, dirty);
            }
            (Kind::ShiftStarted { .. }, Some(officer)) => {
                let person = &mut self.officers[officer.at()];
                person.shift = true;
                if let Some(declared) = &mut person.declared {
                    declared.goes_with_session = false;
                }
                dirty.officer(officer, Reads::SHIFT);
            }
            (Kind::ShiftEnded { .. }, Some(officer)) => self.end_shift(officer, dirty),
            (Kind::Deposited { .. }, Some(officer)) => return self.deposit(op, officer, handset, dirty),
            (Kind::Withdrawn { .. }, Some(officer)) => return self.withdraw(op, officer, handset, dirty),
            (Kind::Checked { present, .. }, Some(officer)) => self.check(op, officer, *present, dirty),
            (
                Kind::Held {
                    officer: his,
                    by,
                    witness,
                },
                Some(officer),
            ) if !self.rules.officer(officer).handsets.is_empty() => {
                let now = self.now;
                let person = &mut self.officers[officer.at()];
                if !std::mem::replace(&mut person.held, true) {
                    person.handed_over = None;
                }
                if **by != *his.as_str() && witness != by && !witness.trim().is_empty() {
                    person.handed_over = Some(now);
                }
                self.custody_changed(op, officer, dirty);
            }
            (Kind::Returned { .. } | Kind::Seen { .. }, Some(officer)) => {
                let seen = matches!(kind, Kind::Seen { .. });
                let registered = !self.rules.officer(officer).handsets.is_empty();
                let person = &mut self.officers[officer.at()];
                // A phone that was seen contradicts the declaration, registered or not.
                if seen {
                    person.declared = None;
                }
                if registered {
                    person.inside.clear();
                    person.held = false;
                    person.said = Some(self.now);
                }
                if registered || seen {
                    self.custody_changed(op, officer, dirty);
                }
                return seen;
            }
            (Kind::DeclaredNone { .. }, Some(officer)) => {
                let until = self.now.plus_ms(DECLARATION_MS);
                self.officers[officer.at()].declared = Some(Declaration {
                    until,
                    goes_with_session: false,
                });
                self.timers.push(Reverse((until, Timer::DeclarationEnds(officer))));
                self.custody_changed(op, officer, dirty);
            }
            (Kind::Granted { from, until, .. }, Some(officer)) => {
                let granted = op.own;
                // A revocation of the same instant counts wherever it stands in the order.
                let revoked = self.officers[officer.at()].revoked == Some(self.now) && granted <= self.now;
                if !revoked && *until > self.now {
                    let exemption = Exemption {
                        granted,
                        from: *from,
                        until: *until,
                    };
                    self.officers[officer.at()].exemptions.push(exemption);
                    self.timers.push(Reverse((*until, Timer::ExemptionEnds(officer))));
                    self.custody_changed(op, officer, dirty);
                }
            }
            (Kind::Revoked { .. }, Some(officer)) => {
                let now = self.now;
                let person = &mut self.officers[officer.at()];
                person.exemptions.retain(|exemption| exemption.granted > now);
                person.revoked = Some(now);
                self.custody_changed(op, officer, dirty);
            }
            (Kind::EmergencyStarted, _) => {
                self.emergency = Some(Emergency {
                    started: self.now,
                    ended: None,
                });
                self.timers
                    .push(Reverse((self.now.plus_ms(EMERGENCY_MAX_MS), Timer::EmergencyEnds)));
                dirty.office = true;
            }
            (Kind::EmergencyEnded, _) => {
                if let Some(emergency) = &mut self.emergency
                    && emergency.ended.is_none()
                {
                    emergency.ended = Some(self.now);
                    self.timers.push(Reverse((emergency.until(), Timer::EmergencyEnds)));
                }
            }
            _ => {}
        }
        false
    }

    fn sign_in(&mut self, op: &Op, here: DeviceIx, officer: OfficerIx, dirty: &mut Dirty) {
        // Signing in again where he is signed in leaves no moment without a session: his last one has not closed.
        let declared = self.officers[officer.at()].declared;
        self.end_session(here, dirty);
        self.officers[officer.at()].declared = declared;
        self.clear_attached(here, dirty);
        self.serial += 1;
        self.counters[here.at()].session = Some(Session {
            officer,
            since: self.now,
            served: false,
            serial: self.serial,
            evidence: op.reference.clone(),
        });
        dirty.counter(here, Reads::SESSION);
        self.expect_check(here, officer);
        for ix in 0..self.counters.len() {
            let other = DeviceIx(ix as u32);
            let counter = &self.counters[ix];
            let his = counter
                .session
                .as_ref()
                .is_some_and(|session| session.officer == officer);
            if other != here && his && (counter.service.is_none() || self.is_silent(other)) {
                self.end_session(other, dirty);
            }
        }
    }

    /// Looks again when a policy's limit on `session.unchecked_for` is reached.
    pub(super) fn expect_check(&mut self, counter: DeviceIx, officer: OfficerIx) {
        let Some(session) = &self.counters[counter.at()].session else {
            return;
        };
        let since = self.officers[officer.at()]
            .last_check
            .map_or(session.since, |check| check.max(session.since));
        let rules = self.rules.clone();
        for limit_ms in &rules.unchecked_limits_ms {
            self.timers
                .push(Reverse((since.plus_ms(*limit_ms), Timer::CheckDue(counter))));
        }
    }

    fn start_service(&mut self, op: &Op, here: DeviceIx, booking: Option<Box<str>>, dirty: &mut Dirty) {
        self.end_service(here, dirty);
        self.serial += 1;
        let serial = self.serial;
        let now = self.now;
        let counter = &mut self.counters[here.at()];
        if std::mem::take(&mut counter.on_break) {
            dirty.counter(here, Reads::BREAK);
        }
        let officer = counter.session.as_ref().map(|session| session.officer);
        if let Some(session) = &mut counter.session {
            session.served = true;
        }
        counter.service = Some(Service {
            officer,
            since: now,
            serial,
            booking,
            evidence: op.reference.clone(),
        });
        let lapses = now.plus_ms(self.rules.service_max_ms);
        self.timers.push(Reverse((lapses, Timer::ServiceLapses(here, serial))));
        self.note_service(here, officer, dirty);
    }

    fn end_shift(&mut self, officer: OfficerIx, dirty: &mut Dirty) {
        let in_session = self.counters.iter().any(|counter| {
            counter
                .session
                .as_ref()
                .is_some_and(|session| session.officer == officer)
        });
        let person = &mut self.officers[officer.at()];
        person.shift = false;
        dirty.officer(officer, Reads::SHIFT);
        if let Some(declared) = &mut person.declared {
            if in_session {
                declared.goes_with_session = true;
            } else {
                person.declared = None;
                dirty.officer(officer, Reads::CUSTODY | Reads::DECLARED);
            }
        }
    }

    /// The handset an event concerns: the named one if it is an active private one of his, else the default.
    fn concerned(&self, officer: OfficerIx, named: Option<HandsetIx>, deposit: bool) -> Option<HandsetIx> {
        let handsets = &self.rules.officer(officer).handsets;
        let inside = &self.officers[officer.at()].inside;
        match named {
            Some(handset) => handsets.contains(&handset).then_some(handset),
            None if deposit => handsets.iter().find(|handset| !inside.contains(handset)).copied(),
            None => handsets.iter().rev().find(|handset| inside.contains(handset)).copied(),
        }
    }

    fn deposit(&mut self, op: &Op, officer: OfficerIx, named: Option<HandsetIx>, dirty: &mut Dirty) -> bool {
        self.officers[officer.at()].lockbox_used = Some(op.device);
        dirty.officer(officer, Reads::CUSTODY | Reads::LOCKBOX_SILENT | Reads::LOCKBOX_CLOCK);
        let Some(handset) = self.concerned(officer, named, true) else {
            return false;
        };
        let person = &mut self.officers[officer.at()];
        if !person.inside.contains(&handset) {
            person.inside.push(handset);
        }
        person.declared = None;
        self.custody_changed(op, officer, dirty);
        true
    }

    fn withdraw(&mut self, op: &Op, officer: OfficerIx, named: Option<HandsetIx>, dirty: &mut Dirty) -> bool {
        self.officers[officer.at()].lockbox_used = Some(op.device);
        dirty.officer(officer, Reads::CUSTODY | Reads::LOCKBOX_SILENT | Reads::LOCKBOX_CLOCK);
        let Some(handset) = self.concerned(officer, named, false) else {
            return false;
        };
        let person = &mut self.officers[officer.at()];
        person.inside.retain(|inside| *inside != handset);
        person.held = false;
        person.declared = None;
        self.custody_changed(op, officer, dirty);
        true
    }

    fn check(&mut self, op: &Op, officer: OfficerIx, present: bool, dirty: &mut Dirty) {
        let now = self.now;
        self.officers[officer.at()].last_check = Some(now);
        dirty.officer(officer, Reads::CHECK);
        let counters: Vec<DeviceIx> = self.counters_of(officer).collect();
        for counter in counters {
            self.expect_check(counter, officer);
        }
        let rules = self.rules.clone();
        let handsets = &rules.officer(officer).handsets;
        if handsets.is_empty() {
            return;
        }
        let person = &mut self.officers[officer.at()];
        person.inside.clear();
        if present {
            person.inside.extend(handsets);
            person.declared = None;
        } else {
            person.held = false;
        }
        if op.by_system {
            person.said = Some(now);
        }
        self.custody_changed(op, officer, dirty);
    }

    fn custody_changed(&mut self, op: &Op, officer: OfficerIx, dirty: &mut Dirty) {
        self.officers[officer.at()].custody_evidence = Some(op.reference.clone());
        dirty.officer(officer, Reads::CUSTODY | Reads::DECLARED | Reads::HELD);
    }
}
