//! The state of an office at a moment, and what each event does to it (contract §3, §5, §6).

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::calendar::Phase;
use super::event::{Kind, UsbClass};
use super::expr::Reads;
use super::hours::Stated;
use super::judge::Slots;
use super::names::{DeviceIx, HandsetIx, Names, OfficerIx};
use super::ops::{Act, Op};
use super::rulebook::Rulebook;
use super::time::Moment;
use super::view::Custody;

/// A declaration of "no phone today" stands at most this long.
pub(super) const DECLARATION_MS: i64 = 24 * 3_600_000;
/// An emergency reaches this far beyond its end …
const EMERGENCY_TAIL_MS: i64 = 15 * 60_000;
/// … and lasts at most this long.
pub(super) const EMERGENCY_MAX_MS: i64 = 4 * 3_600_000;

/// A reference to the event that something rests on.
pub(crate) type Evidence = Arc<str>;

#[derive(Clone, Debug)]
pub(crate) struct State {
    /// The last instant that was applied.
    pub now: Moment,
    pub rules: Arc<Rulebook>,
    pub names: Arc<Names>,
    /// By `DeviceIx`; only workstations use theirs.
    pub counters: Vec<Counter>,
    /// By `DeviceIx`: since when the device has been silent.
    pub silent_since: Vec<Option<Moment>>,
    /// By `DeviceIx`: since when its times have been poor, with all that follows from the event before.
    pub poor_since: Vec<Option<Moment>>,
    /// By `DeviceIx`: the clock is known to be off.
    pub clock_off: Vec<bool>,
    pub officers: Vec<Officer>,
    pub emergency: Option<Emergency>,
    /// The roster whose word counts for the office's hours.
    pub stated: Arc<Stated>,
    /// What its calendar says; not asked yet before the first instant.
    pub hours: Phase,
    pub(super) timers: BinaryHeap<Reverse<(Moment, Timer)>>,
    /// Numbers sessions and services, so that a new one is a new subject.
    pub(super) serial: u32,
    pub slots: Slots,
}

#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Counter {
    pub session: Option<Session>,
    pub service: Option<Service>,
    pub on_break: bool,
    pub apps: Vec<Box<str>>,
    pub usb: Vec<Attached>,
    pub apps_evidence: Option<Evidence>,
    pub usb_evidence: Option<Evidence>,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Session {
    pub officer: OfficerIx,
    pub since: Moment,
    pub served: bool,
    pub serial: u32,
    pub evidence: Evidence,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Service {
    pub officer: Option<OfficerIx>,
    pub since: Moment,
    pub serial: u32,
    pub booking: Option<Box<str>>,
    pub evidence: Evidence,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Attached {
    pub id: Box<str>,
    pub class: UsbClass,
    pub allowed: bool,
}

impl Counter {
    /// Classes attached and not allowed, as bits.
    pub fn usb_bits(&self) -> u8 {
        self.usb
            .iter()
            .filter(|thing| !thing.allowed)
            .fold(0, |bits, thing| bits | 1 << thing.class as u8)
    }

    /// Nothing here that a boot or a loss would end.
    pub fn is_clean(&self) -> bool {
        self.session.is_none()
            && self.service.is_none()
            && !self.on_break
            && self.apps.is_empty()
            && self.usb.is_empty()
    }
}

#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Officer {
    /// An event has named him; one whom the roster does not know is nobody before that.
    pub named: bool,
    pub shift: bool,
    /// Handsets that are in.
    pub inside: Vec<HandsetIx>,
    pub held: bool,
    pub declared: Option<Declaration>,
    pub exemptions: Vec<Exemption>,
    pub revoked: Option<Moment>,
    pub last_check: Option<Moment>,
    /// When the office's own system last said where the phones are.
    pub said: Option<Moment>,
    pub lockbox_used: Option<DeviceIx>,
    /// When somebody else last took his phones to keep them by hand, with a witness; it stands as long as `held`.
    pub handed_over: Option<Moment>,
    /// Where and when he last did something himself.
    pub sighted: Option<Sighting>,
    /// As it was worked out after the last instant; `Unknown` for somebody not seen yet.
    pub custody: Option<Custody>,
    pub custody_evidence: Option<Evidence>,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Sighting {
    /// A place in the numbers of `Places`.
    pub place: u16,
    pub at: Moment,
    pub evidence: Evidence,
}

#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Declaration {
    pub until: Moment,
    /// The shift has ended; the declaration goes with the last session.
    pub goes_with_session: bool,
}

#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Exemption {
    pub granted: Moment,
    pub from: Moment,
    pub until: Moment,
}

#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Emergency {
    pub started: Moment,
    pub ended: Option<Moment>,
}

impl Emergency {
    pub(super) fn until(self) -> Moment {
        let longest = self.started.plus_ms(EMERGENCY_MAX_MS);
        self.ended
            .map_or(longest, |ended| longest.min(ended.plus_ms(EMERGENCY_TAIL_MS)))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize)]
pub(super) enum Timer {
    ServiceLapses(DeviceIx, u32),
    DeclarationEnds(OfficerIx),
    ExemptionEnds(OfficerIx),
    EmergencyEnds,
    CheckDue(DeviceIx),
}

/// What an instant changed: whom to judge again, and for which names.
#[derive(Default, Debug)]
pub(crate) struct Dirty {
    pub counters: Vec<(DeviceIx, Reads)>,
    pub officers: Vec<(OfficerIx, Reads)>,
    pub lockboxes: Vec<DeviceIx>,
    pub office: bool,
    /// The office's hours turned.
    pub hours: bool,
    pub everything: bool,
}

impl Dirty {
    pub fn counter(&mut self, counter: DeviceIx, reads: Reads) {
        match self.counters.iter_mut().find(|(ix, _)| *ix == counter) {
            Some((_, known)) => *known |= reads,
            None => self.counters.push((counter, reads)),
        }
    }

    pub fn officer(&mut self, officer: OfficerIx, reads: Reads) {
        match self.officers.iter_mut().find(|(ix, _)| *ix == officer) {
            Some((_, known)) => *known |= reads,
            None => self.officers.push((officer, reads)),
        }
    }

    pub fn clear(&mut self) {
        self.counters.clear();
        self.officers.clear();
        self.lockboxes.clear();
        self.office = false;
        self.hours = false;
        self.everything = false;
    }
}

impl State {
    pub fn new(rules: Arc<Rulebook>, names: Arc<Names>) -> State {
        State {
            now: Moment::MIN,
            slots: Slots::new(&rules),
            stated: Arc::new(Stated {
                roster: rules.roster.clone(),
                rank: 0,
            }),
            rules,
            names,
            counters: Vec::new(),
            silent_since: Vec::new(),
            poor_since: Vec::new(),
            clock_off: Vec::new(),
            officers: Vec::new(),
            emergency: None,
            hours: Phase {
                until: Moment::MIN,
                ..Phase::ALWAYS
            },
            timers: BinaryHeap::new(),
            serial: 0,
        }
    }

    /// Makes room for all names known by now.
    pub fn grow(&mut self, devices: usize, officers: usize) {
        if self.counters.len() < devices {
            self.counters.resize_with(devices, Counter::default);
            self.silent_since.resize(devices, None);
            self.poor_since.resize(devices, None);
            self.clock_off.resize(devices, false);
        }
        if self.officers.len() < officers {
            self.officers.resize_with(officers, Officer::default);
        }
        self.slots.grow(devices, officers);
    }

    /// Puts other rules in force; the runs were handed over to them.
    pub fn change_rules(&mut self, rules: Arc<Rulebook>) {
        self.rules = rules;
        for ix in 0..self.officers.len() {
            self.officers[ix].custody = None;
            // Places are numbered by roster: what was seen under another one says nothing of this one's.
            self.officers[ix].sighted = None;
        }
        for ix in 0..self.counters.len() {
            let counter = DeviceIx(ix as u32);
            if let Some(officer) = self.counters[ix].session.as_ref().map(|session| session.officer) {
                self.expect_check(counter, officer);
            }
        }
    }

    /// Asks the calendar for the first time, just before the first instant.
    pub fn begin_hours(&mut self, before: Moment) {
        if self.hours.until == Moment::MIN {
            self.hours = self.hours_at(before);
        }
    }

    /// What the office's calendar says at a moment; if no policy asks for it, it need not turn.
    fn hours_at(&self, at: Moment) -> Phase {
        match self.rules.reads_hours {
            true => self.stated.at(at),
            false => Phase::ALWAYS,
        }
    }

    /// Asks the calendar anew: it, or who asks it, has changed.
    pub fn turn_hours(&mut self, dirty: &mut Dirty) {
        let hours = self.hours_at(self.now);
        dirty.hours |= (hours.open, hours.on_break) != (self.hours.open, self.hours.on_break);
        self.hours = hours;
    }

    /// A calendar becomes the truth, unless one that came into force later already is.
    pub fn state_hours(&mut self, stated: &Arc<Stated>) {
        if stated.rank >= self.stated.rank {
            self.stated = stated.clone();
        }
    }

    pub fn is_silent(&self, device: DeviceIx) -> bool {
        self.silent_since[device.at()].is_some()
    }

    pub fn is_poor(&self, device: DeviceIx) -> bool {
        self.poor_since[device.at()].is_some()
    }

    /// Whether the clock is known to be off; while its times are poor, it may have been so since the event before.
    pub fn is_clock_off(&self, device: DeviceIx) -> bool {
        self.clock_off[device.at()] || self.is_poor(device)
    }

    pub fn in_emergency(&self) -> bool {
        self.emergency.is_some()
    }

    pub fn lockbox_of(&self, officer: OfficerIx) -> Option<DeviceIx> {
        self.officers[officer.at()]
            .lockbox_used
            .or(self.rules.officer(officer).lockbox)
    }

    /// Services of the officer at counters that are neither silent nor poorly timed.
    pub fn active_services(&self, officer: OfficerIx) -> i64 {
        self.counters
            .iter()
            .zip(self.silent_since.iter().zip(&self.poor_since))
            .filter(|(counter, (silent, poor))| {
                silent.is_none()
                    && poor.is_none()
                    && counter
                        .service
                        .as_ref()
                        .is_some_and(|service| service.officer == Some(officer))
            })
            .count() as i64
    }

    /// The counters with a session or a service of the officer.
    pub fn counters_of(&self, officer: OfficerIx) -> impl Iterator<Item = DeviceIx> + '_ {
        self.counters.iter().enumerate().filter_map(move |(ix, counter)| {
            let session = counter
                .session
                .as_ref()
                .is_some_and(|session| session.officer == officer);
            let service = counter
                .service
                .as_ref()
                .is_some_and(|service| service.officer == Some(officer));
            (session || service).then_some(DeviceIx(ix as u32))
        })
    }

    /// Custody in the contract's order (§6).
    pub fn custody(&self, officer: OfficerIx) -> Custody {
        let person = &self.officers[officer.at()];
        if person
            .exemptions
            .iter()
            .any(|exemption| exemption.from <= self.now && self.now < exemption.until)
        {
            return Custody::Exempt;
        }
        if person.declared.is_some() {
            return Custody::NoneDeclared;
        }
        let handsets = &self.rules.officer(officer).handsets;
        if handsets.is_empty() {
            return Custody::Unknown;
        }
        if person.held {
            return Custody::In;
        }
        if let Some(lockbox) = self.lockbox_of(officer) {
            let unsaid = |since: Moment| person.said.is_none_or(|said| said < since);
            let unknown = [self.silent_since[lockbox.at()], self.poor_since[lockbox.at()]];
            if unknown.into_iter().flatten().any(unsaid) {
                return Custody::Unknown;
            }
        }
        if handsets.iter().all(|handset| person.inside.contains(handset)) {
            Custody::In
        } else {
            Custody::Out
        }
    }

    /// Everybody whom the roster knows or an event has named by now, whatever has arrived of later moments.
    pub fn known_officers(&self) -> impl Iterator<Item = OfficerIx> + '_ {
        let known = |(ix, person): (usize, &Officer)| {
            let officer = OfficerIx(ix as u32);
            (person.named || self.rules.officer(officer).in_roster).then_some(officer)
        };
        self.officers.iter().enumerate().filter_map(known)
    }

    /// The next moment at which something happens by itself.
    pub fn next_timer(&self) -> Option<Moment> {
        let timer = self.timers.peek().map(|Reverse((at, _))| *at);
        let turn = self.hours.until;
        let turn = (turn > Moment::MIN && turn < Moment::MAX).then_some(turn);
        timer.into_iter().chain(turn).min()
    }

    /// Lets everything happen that is due at `now`.
    pub fn run_timers(&mut self, dirty: &mut Dirty) {
        if self.hours.until <= self.now {
            self.turn_hours(dirty);
        }
        while let Some(Reverse((at, timer))) = self.timers.peek().copied() {
            if at > self.now {
                break;
            }
            self.timers.pop();
            match timer {
                Timer::ServiceLapses(counter, serial) => {
                    let service = &mut self.counters[counter.at()].service;
                    if service.as_ref().is_some_and(|service| service.serial == serial) {
                        let officer = service.take().and_then(|service| service.officer);
                        self.note_service(counter, officer, dirty);
                    }
                }
                Timer::DeclarationEnds(officer) => {
                    let declared = &mut self.officers[officer.at()].declared;
                    if declared.is_some_and(|declared| declared.until <= at) {
                        *declared = None;
                        dirty.officer(officer, Reads::CUSTODY | Reads::DECLARED);
                    }
                }
                Timer::ExemptionEnds(officer) => {
                    self.officers[officer.at()]
                        .exemptions
                        .retain(|exemption| exemption.until > at);
                    dirty.officer(officer, Reads::CUSTODY);
                }
                Timer::EmergencyEnds => {
                    if self.emergency.is_some_and(|emergency| emergency.until() <= at) {
                        self.emergency = None;
                        dirty.office = true;
                    }
                }
                Timer::CheckDue(counter) => dirty.counter(counter, Reads::CHECK),
            }
        }
    }

    /// Applies one operation at `now`. Answers, for a deposit, withdrawal or sighting, whether it concerned a private phone.
    pub fn apply(&mut self, op: &Op, dirty: &mut Dirty) -> bool {
        match &op.act {
            Act::Derived(derived) => {
                self.derived(op.device, *derived, dirty);
                false
            }
            Act::Rules(_) | Act::Hours(_) => false,
            Act::Event { kind, officer, handset } => {
                if let Some(officer) = officer {
                    self.officers[officer.at()].named = true;
                }
                self.event(op, kind, *officer, *handset, dirty)
            }
        }
    }

    /// Notes where an officer does something himself. Answers what he did last, if he cannot have come from there.
    pub fn sight(&mut self, op: &Op) -> Option<Evidence> {
        let place = self.rules.places.of(op.device)?;
        let Act::Event { kind, officer, .. } = &op.act else {
            return None;
        };
        let officer = match kind {
            Kind::SignedIn { .. } => *officer,
            // A phone that somebody else put in or took out shows nobody where its owner is.
            Kind::Deposited { officer: his, by, .. } | Kind::Withdrawn { officer: his, by, .. } => {
                officer.filter(|_| by.as_deref().is_none_or(|by| by == his.as_str()))
            }
            Kind::ServiceStarted { .. } | Kind::ServiceEnded => {
                let session = self.counters[op.device.at()].session.as_ref();
                session.map(|session| session.officer)
            }
            _ => None,
        }?;
        // A clock that is dead, or that its own sequence contradicts, says neither where he was nor how long ago.
        if op.at != op.told || op.poor {
            return None;
        }
        let evidence = op.reference.clone();
        let at = self.now;
        let before = self.officers[officer.at()]
            .sighted
            .replace(Sighting { place, at, evidence })?;
        let far = self
            .rules
            .places
            .out_of_reach(before.place, place, at.ms_since(before.at));
        far.then_some(before.evidence)
    }

    pub(super) fn note_service(&mut self, counter: DeviceIx, officer: Option<OfficerIx>, dirty: &mut Dirty) {
        dirty.counter(counter, Reads::SERVICE);
        if let Some(officer) = officer {
            dirty.officer(officer, Reads::ACTIVE_SERVICES);
        }
    }

    pub(super) fn end_service(&mut self, counter: DeviceIx, dirty: &mut Dirty) {
        if let Some(service) = self.counters[counter.at()].service.take() {
            self.note_service(counter, service.officer, dirty);
        }
    }

    /// Ends whatever session, break and service is open at a counter.
    pub(super) fn end_session(&mut self, counter: DeviceIx, dirty: &mut Dirty) {
        self.end_service(counter, dirty);
        let here = &mut self.counters[counter.at()];
        if std::mem::take(&mut here.on_break) {
            dirty.counter(counter, Reads::BREAK);
        }
        if let Some(session) = here.session.take() {
            dirty.counter(counter, Reads::SESSION);
            let officer = session.officer;
            let last = !self
                .counters
                .iter()
                .any(|other| other.session.as_ref().is_some_and(|open| open.officer == officer));
            let declared = &mut self.officers[officer.at()].declared;
            if last && declared.is_some_and(|declared| declared.goes_with_session) {
                *declared = None;
                dirty.officer(officer, Reads::CUSTODY | Reads::DECLARED);
            }
        }
    }

    pub(super) fn clear_attached(&mut self, counter: DeviceIx, dirty: &mut Dirty) {
        let here = &mut self.counters[counter.at()];
        if !here.apps.is_empty() || !here.usb.is_empty() {
            here.apps.clear();
            here.usb.clear();
            dirty.counter(counter, Reads::APPS | Reads::USB);
        }
    }
}
