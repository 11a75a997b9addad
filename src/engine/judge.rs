//! Judging: where each policy's condition holds, in pieces, and the runs they form (contract §5, §7).

use std::sync::Arc;

use super::event::DeviceKind;
use super::expr::{Reads, Scope};
use super::names::{DeviceIx, Names, OfficerIx};
use super::policy::{Head, Per};
use super::rulebook::{Rule, Rulebook};
use super::state::{Dirty, Evidence, State};
use super::subject::{Rest, Subject};
use super::time::Moment;
use super::trace::Trace;
use super::view::Custody;

/// A stretch in which a condition holds.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Piece {
    pub start: Moment,
    /// `None` while it holds.
    pub end: Option<Moment>,
    /// The devices whose horizon bounds it.
    pub rests_on: Rest,
}

/// Pieces closer together than the policy's bridge.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub head: Arc<Head>,
    pub subject: Subject,
    /// Which session or service it is about; a new one is a new subject.
    pub serial: u32,
    pub pieces: Vec<Piece>,
    pub evidence: Vec<Evidence>,
}

impl Run {
    pub fn is_open(&self) -> bool {
        self.pieces.last().is_some_and(|piece| piece.end.is_none())
    }

    /// When the last piece ended; the far future while it holds.
    pub fn end(&self) -> Moment {
        self.pieces.last().and_then(|piece| piece.end).unwrap_or(Moment::MAX)
    }

    fn held_ms(&self) -> i64 {
        self.pieces
            .iter()
            .map(|piece| piece.end.unwrap_or(Moment::MAX).ms_since(piece.start))
            .sum()
    }

    fn add_evidence(&mut self, fresh: impl IntoIterator<Item = Evidence>) {
        for evidence in fresh {
            if !self.evidence.contains(&evidence) {
                self.evidence.push(evidence);
            }
        }
    }
}

/// What has been judged for good as far as the fold is concerned.
#[derive(Clone, Debug)]
pub(crate) enum Closed {
    Run {
        run: Run,
        closed_at: Moment,
    },
    /// An `on` policy's word on one event.
    Instant {
        head: Arc<Head>,
        subject: Subject,
        at: Moment,
        evidence: Vec<Evidence>,
    },
}

impl Closed {
    /// The instant at which it was closed; never before its end, and never before that of the closed one before it.
    pub fn closed_at(&self) -> Moment {
        match self {
            Closed::Run { closed_at, .. } => *closed_at,
            Closed::Instant { at, .. } => *at,
        }
    }
}

pub(super) type Slot = Option<Box<Run>>;

/// The runs that are not closed yet, one slot a policy and subject.
#[derive(Clone, Debug)]
pub(crate) struct Slots {
    counter_policies: usize,
    officer_policies: usize,
    lockbox_policies: usize,
    pub(super) counter: Vec<Slot>,
    pub(super) officer: Vec<Slot>,
    pub(super) lockbox: Vec<Slot>,
    pub(super) office: Vec<Slot>,
}

impl Slots {
    pub fn new(rules: &Rulebook) -> Slots {
        Slots {
            counter_policies: rules.counter.len(),
            officer_policies: rules.officer.len(),
            lockbox_policies: rules.lockbox.len(),
            counter: Vec::new(),
            officer: Vec::new(),
            lockbox: Vec::new(),
            office: vec![None; rules.office.len()],
        }
    }

    pub fn grow(&mut self, devices: usize, officers: usize) {
        let grow = |slots: &mut Vec<Slot>, len: usize| {
            if slots.len() < len {
                slots.resize(len, None);
            }
        };
        grow(&mut self.counter, devices * self.counter_policies);
        grow(&mut self.lockbox, devices * self.lockbox_policies);
        grow(&mut self.officer, officers * self.officer_policies);
    }

    pub fn runs(&self) -> impl Iterator<Item = &Run> {
        [&self.counter, &self.officer, &self.lockbox, &self.office]
            .into_iter()
            .flatten()
            .filter_map(|slot| slot.as_deref())
    }
}

/// Where closed runs go.
pub(crate) struct Sink<'a> {
    pub closed: &'a mut Vec<Closed>,
    pub now: Moment,
    /// Somebody who wants to see what is judged.
    pub trace: Option<&'a mut Trace>,
}

impl Sink<'_> {
    fn look(&mut self, rule: &Rule, names: &Names, subject: Subject, scope: &Scope, holds: bool) {
        if let Some(trace) = &mut self.trace {
            trace.look(
                &rule.head,
                Some(&rule.condition),
                (self.now, names),
                subject,
                scope,
                holds,
            );
        }
    }

    pub(super) fn close(&mut self, run: Run) {
        if let Some(trace) = &mut self.trace {
            trace.closed(&run);
        }
        if run.held_ms() > run.head.for_ms {
            self.closed.push(Closed::Run {
                run,
                closed_at: self.now,
            });
        }
    }
}

/// What one policy says of one subject from `now` on.
struct Finding<'a> {
    holds: bool,
    subject: Subject,
    serial: u32,
    rests_on: Rest,
    evidence: &'a dyn Fn() -> Vec<Evidence>,
}

fn settle(slot: &mut Slot, rule: &Rule, now: Moment, finding: Finding, sink: &mut Sink) {
    if let Some(run) = slot {
        let ended_for_good = run.serial != finding.serial || (!run.is_open() && !bridges(run, &rule.head, now));
        if ended_for_good {
            end_piece(run, now);
            if let Some(run) = slot.take() {
                sink.close(*run);
            }
        }
    }
    match (slot, finding.holds) {
        (Some(run), true) if run.is_open() => {
            if run
                .pieces
                .last()
                .is_some_and(|piece| piece.rests_on != finding.rests_on)
            {
                end_piece(run, now);
                run.pieces.push(Piece {
                    start: now,
                    end: None,
                    rests_on: finding.rests_on,
                });
            }
        }
        (Some(run), true) => {
            run.pieces.push(Piece {
                start: now,
                end: None,
                rests_on: finding.rests_on,
            });
            run.add_evidence((finding.evidence)());
        }
        (slot @ None, true) => {
            *slot = Some(Box::new(Run {
                head: rule.head.clone(),
                subject: finding.subject,
                serial: finding.serial,
                pieces: vec![Piece {
                    start: now,
                    end: None,
                    rests_on: finding.rests_on,
                }],
                evidence: (finding.evidence)(),
            }));
        }
        (slot @ Some(_), false) => {
            if let Some(run) = slot
                && run.is_open()
            {
                end_piece(run, now);
                run.add_evidence((finding.evidence)());
            }
            if rule.head.bridge_ms == 0
                && let Some(run) = slot.take()
            {
                sink.close(*run);
            }
        }
        (None, false) => {}
    }
}

/// Whether a piece that starts now would belong to the run.
fn bridges(run: &Run, head: &Head, now: Moment) -> bool {
    now.ms_since(run.end()) < head.bridge_ms
}

pub(super) fn end_piece(run: &mut Run, now: Moment) {
    if let Some(piece) = run.pieces.last_mut()
        && piece.end.is_none()
    {
        piece.end = Some(now);
    }
}

impl State {
    /// Judges again what an instant has changed.
    pub fn judge(&mut self, dirty: &mut Dirty, sink: &mut Sink) {
        if dirty.everything {
            dirty.office = true;
            for ix in 0..self.counters.len() {
                dirty.counter(DeviceIx(ix as u32), Reads::ALL);
                dirty.lockboxes.push(DeviceIx(ix as u32));
            }
            for officer in self.known_officers() {
                dirty.officer(officer, Reads::ALL);
            }
        }
        if dirty.office || dirty.hours {
            let mut reads = Reads::default();
            if dirty.office {
                reads |= Reads::EMERGENCY;
            }
            if dirty.hours {
                reads |= Reads::HOURS;
            }
            for ix in 0..self.counters.len() {
                dirty.counter(DeviceIx(ix as u32), reads);
            }
            for officer in self.known_officers() {
                dirty.officer(officer, reads);
            }
            dirty
                .lockboxes
                .extend((0..self.counters.len()).map(|ix| DeviceIx(ix as u32)));
            self.judge_office(sink);
        }
        let mut ix = 0;
        while ix < dirty.officers.len() {
            let (officer, mut reads) = dirty.officers[ix];
            if reads.touches(Reads::CUSTODY) {
                let custody = self.custody(officer);
                let person = &mut self.officers[officer.at()];
                let same = person.custody == Some(custody);
                person.custody = Some(custody);
                // The lockbox it rests on may have changed with the same custody; then the piece is cut.
                if same && !reads.touches(Reads::LOCKBOX_SILENT) {
                    reads = Reads(reads.0 & !Reads::CUSTODY.0);
                }
            }
            if reads.0 != 0 {
                self.judge_officer(officer, reads, sink);
                for counter in 0..self.counters.len() {
                    let here = &self.counters[counter];
                    let session = here.session.as_ref().is_some_and(|session| session.officer == officer);
                    let service = here
                        .service
                        .as_ref()
                        .is_some_and(|service| service.officer == Some(officer));
                    if session || service {
                        dirty.counter(DeviceIx(counter as u32), reads);
                    }
                }
            }
            ix += 1;
        }
        for (counter, reads) in &dirty.counters {
            self.judge_counter(*counter, *reads, sink);
        }
        for lockbox in &dirty.lockboxes {
            self.judge_lockbox(*lockbox, sink);
        }
    }

    pub(super) fn custody_of(&self, officer: OfficerIx) -> Custody {
        self.officers[officer.at()]
            .custody
            .unwrap_or_else(|| self.custody(officer))
    }

    /// The values of all names for a counter and the officer signed in there. The officer's id is looked up only where a
    /// policy can read it, through `names`.
    pub(super) fn counter_scope<'s>(&'s self, counter: DeviceIx, names: &'s Names) -> Scope<'s> {
        let here = &self.counters[counter.at()];
        let officer = here.session.as_ref().map(|session| session.officer);
        let mut scope = match officer {
            Some(officer) => self.officer_scope(officer, names),
            None => self.office_scope(),
        };
        if let Some(session) = &here.session {
            scope.session_active = true;
            scope.session_served = session.served;
            let check = self.officers[session.officer.at()].last_check;
            let since = check.map_or(session.since, |check| check.max(session.since));
            scope.unchecked_for_ms = self.now.ms_since(since);
        }
        if let Some(service) = &here.service {
            scope.service_active = true;
            scope.service_booking = service.booking.as_deref().unwrap_or("");
        }
        scope.session_on_break = here.on_break;
        scope.workstation_silent = self.is_silent(counter);
        scope.workstation_clock_off = self.is_clock_off(counter);
        scope.apps = &here.apps;
        scope.usb = here.usb_bits();
        scope
    }

    /// What is the same for everything in the office.
    pub(super) fn office_scope(&self) -> Scope<'static> {
        Scope {
            emergency: self.in_emergency(),
            office_open: self.hours.open,
            office_on_break: self.hours.on_break,
            ..Scope::EMPTY
        }
    }

    pub(super) fn officer_scope<'s>(&'s self, officer: OfficerIx, names: &'s Names) -> Scope<'s> {
        let person = &self.officers[officer.at()];
        Scope {
            shift_active: person.shift,
            custody: self.custody_of(officer),
            officer_id: names.officer_name(officer),
            officer_handsets: self.rules.officer(officer).handsets.len() as i64,
            officer_active_services: self.active_services(officer),
            officer_declared_none: person.declared.is_some(),
            lockbox_silent: self.lockbox_of(officer).is_some_and(|lockbox| self.is_silent(lockbox)),
            lockbox_clock_off: self
                .lockbox_of(officer)
                .is_some_and(|lockbox| self.is_clock_off(lockbox)),
            officer_handed_over: person.held && person.handed_over.is_some(),
            ..self.office_scope()
        }
    }

    fn judge_counter(&mut self, counter: DeviceIx, reads: Reads, sink: &mut Sink) {
        let rules = self.rules.clone();
        let names = self.names.clone();
        let width = rules.counter.len();
        let mut slots = std::mem::take(&mut self.slots.counter);
        let here = &self.counters[counter.at()];
        let scope = self.counter_scope(counter, &names);
        // What was open at a counter that the roster no longer has, nothing can close.
        let known = rules.is(counter, DeviceKind::Workstation);
        let poor = self.is_poor(counter);
        let officer = here.session.as_ref().map(|session| session.officer);
        let session = here.session.as_ref().map_or(0, |session| session.serial);
        let service = here.service.as_ref().map_or(0, |service| service.serial);
        let lockbox = officer.and_then(|officer| self.lockbox_of(officer));
        let subjects_changed = reads.touches(Reads::SESSION | Reads::SERVICE);
        for (ix, rule) in rules.counter.iter().enumerate() {
            let slot = &mut slots[counter.at() * width + ix];
            let awake = rule.wakes.touches(reads) || reads == Reads::ALL;
            if !(awake || subjects_changed && slot.is_some()) {
                continue;
            }
            let (serial, of_somebody) = match rule.head.per {
                Per::Counter => (1, true),
                Per::Service => (
                    service,
                    service != 0 && here.service.as_ref().is_some_and(|open| open.officer.is_some()),
                ),
                _ => (session, session != 0),
            };
            let wide;
            let seen = match rule.signed_in {
                true => {
                    wide = Scope {
                        service_active: scope.session_active && !scope.session_on_break,
                        ..scope.clone()
                    };
                    &wide
                }
                false => &scope,
            };
            let holds = of_somebody
                && known
                && (!scope.workstation_silent || rule.judged_in_gap)
                && (!poor || rule.judged_while_poor)
                && !(rule.suppressed_in_emergency && scope.emergency)
                && rule.condition.holds(seen);
            let subject = Subject::at(counter, officer);
            sink.look(rule, &names, subject, seen, holds);
            if !holds && slot.is_none() {
                continue;
            }
            let mut rests_on = Rest::default();
            if !rule.rests_on_clock {
                rests_on.add(counter);
                if rule.rests_on_lockbox
                    && let Some(lockbox) = lockbox
                {
                    rests_on.add(lockbox);
                }
            }
            let finding = Finding {
                holds,
                subject,
                serial,
                rests_on,
                evidence: &|| self.evidence(counter, officer, rule),
            };
            settle(slot, rule, self.now, finding, sink);
        }
        self.slots.counter = slots;
    }

    /// The events behind the names that a policy reads at a counter.
    fn evidence(&self, counter: DeviceIx, officer: Option<OfficerIx>, rule: &Rule) -> Vec<Evidence> {
        let here = &self.counters[counter.at()];
        let reads = rule.condition.reads;
        let mut list = Vec::new();
        if let Some(session) = &here.session {
            list.push(session.evidence.clone());
        }
        if reads.touches(Reads::SERVICE)
            && let Some(service) = &here.service
        {
            list.push(service.evidence.clone());
        }
        if reads.touches(Reads::CUSTODY | Reads::DECLARED)
            && let Some(officer) = officer
        {
            list.extend(self.officers[officer.at()].custody_evidence.clone());
        }
        if reads.touches(Reads::APPS) {
            list.extend(here.apps_evidence.clone());
        }
        if reads.touches(Reads::USB) {
            list.extend(here.usb_evidence.clone());
        }
        list
    }

    fn judge_officer(&mut self, officer: OfficerIx, reads: Reads, sink: &mut Sink) {
        let rules = self.rules.clone();
        let width = rules.officer.len();
        if width == 0 {
            return;
        }
        let names = self.names.clone();
        let mut slots = std::mem::take(&mut self.slots.officer);
        let scope = self.officer_scope(officer, &names);
        for (ix, rule) in rules.officer.iter().enumerate() {
            let slot = &mut slots[officer.at() * width + ix];
            // Its horizon depends on where he serves, so any change of that may cut the piece.
            let awake = rule.wakes.touches(reads) || reads == Reads::ALL;
            if !(awake || reads.touches(Reads::ACTIVE_SERVICES | Reads::CUSTODY) && slot.is_some()) {
                continue;
            }
            let holds = !(rule.suppressed_in_emergency && scope.emergency) && rule.condition.holds(&scope);
            let subject = Subject::person(officer);
            sink.look(rule, &names, subject, &scope, holds);
            if !holds && slot.is_none() {
                continue;
            }
            let serving = || {
                self.counters.iter().enumerate().filter_map(|(ix, counter)| {
                    let service = counter.service.as_ref()?;
                    (service.officer == Some(officer)).then_some((DeviceIx(ix as u32), service))
                })
            };
            let mut rests_on = Rest::default();
            if !rule.rests_on_clock {
                serving().for_each(|(counter, _)| rests_on.add(counter));
                if rule.rests_on_lockbox
                    && let Some(lockbox) = self.lockbox_of(officer)
                {
                    rests_on.add(lockbox);
                }
            }
            let finding = Finding {
                holds,
                subject,
                serial: 1,
                rests_on,
                evidence: &|| {
                    let custody = self.officers[officer.at()].custody_evidence.clone();
                    let custody = custody.filter(|_| rule.condition.reads.touches(Reads::CUSTODY | Reads::DECLARED));
                    serving()
                        .map(|(_, service)| service.evidence.clone())
                        .chain(custody)
                        .collect()
                },
            };
            settle(slot, rule, self.now, finding, sink);
        }
        self.slots.officer = slots;
    }

    fn judge_lockbox(&mut self, lockbox: DeviceIx, sink: &mut Sink) {
        let rules = self.rules.clone();
        let width = rules.lockbox.len();
        if width == 0 || !rules.is(lockbox, DeviceKind::Lockbox) {
            return;
        }
        let scope = Scope {
            lockbox_silent: self.is_silent(lockbox),
            lockbox_clock_off: self.is_clock_off(lockbox),
            ..self.office_scope()
        };
        for (ix, rule) in rules.lockbox.iter().enumerate() {
            let slot = &mut self.slots.lockbox[lockbox.at() * width + ix];
            let holds = !(rule.suppressed_in_emergency && scope.emergency) && rule.condition.holds(&scope);
            let subject = Subject::lockbox(lockbox);
            sink.look(rule, &self.names, subject, &scope, holds);
            let mut rests_on = Rest::default();
            if !rule.rests_on_clock {
                rests_on.add(lockbox);
            }
            let finding = Finding {
                holds,
                subject,
                serial: 1,
                rests_on,
                evidence: &Vec::new,
            };
            settle(slot, rule, self.now, finding, sink);
        }
    }

    fn judge_office(&mut self, sink: &mut Sink) {
        let rules = self.rules.clone();
        let scope = self.office_scope();
        for (ix, rule) in rules.office.iter().enumerate() {
            let holds = !(rule.suppressed_in_emergency && scope.emergency) && rule.condition.holds(&scope);
            let subject = Subject::default();
            sink.look(rule, &self.names, subject, &scope, holds);
            let finding = Finding {
                holds,
                subject,
                serial: 1,
                rests_on: Rest::default(),
                evidence: &Vec::new,
            };
            settle(&mut self.slots.office[ix], rule, self.now, finding, sink);
        }
    }
}
