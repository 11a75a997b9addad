//! One office: events in, decisions out.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::event::{BootKey, DeviceId, DeviceKind, Event, IdKey, Kind, OfficeId, Pulse, SYSTEM, Trust};
use super::fold::Fold;
use super::names::{DeviceIx, Names};
use super::ops::{Act, Op, bare_op};
use super::policy::PolicySet;
use super::report::{self, Horizons};
use super::roster::Roster;
use super::rulebook::Rulebook;
use super::time::Moment;
use super::timeline::{ClockMark, Derived, Learnt, Stamp, Timeline};
use super::trace::Trace;
use super::verdict::{Decision, Reason, Verdict};

/// Where the office clock comes from when no tick was heard yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clock {
    /// The latest tick; before the first one, the latest time of any event.
    Events,
    /// Ticks alone: before the first one nothing is judged.
    Ticks,
}

/// An event on its way into a timeline, with its operation if it has an effect.
pub(super) type Arrival = (Stamp, Option<Op>);

/// The event's moment is settled: it is kept and shown, not judged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooLate {
    pub settled: Moment,
}

pub struct Engine {
    pub(super) office: OfficeId,
    pub(super) names: Arc<Names>,
    /// What came into force when, the oldest first.
    pub(super) rules: Vec<(Moment, Arc<Rulebook>)>,
    pub(super) timelines: Vec<Timeline>,
    pub(super) fold: Fold,
    pub(super) add: Vec<Op>,
    pub(super) remove: Vec<Op>,
    pub(super) ticked: Option<Moment>,
    pub(super) latest: Option<Moment>,
    pub(super) clock: Moment,
    pub(super) ticks_only: bool,
    /// Events beyond the office clock, by device and effective time.
    pub(super) waiting: BTreeMap<(DeviceIx, Moment), Vec<Arrival>>,
    /// Ticks have only just begun: what was taken for known may lie beyond them.
    pub(super) ticks_begin: bool,
    /// What was said of the fold's closed runs, index by index, and of the others.
    pub(super) said: Vec<Option<Verdict>>,
    pub(super) said_open: Vec<Verdict>,
    /// The earliest horizon when that was said; what was closed later may have been cut off.
    pub(super) said_up_to: Moment,
    /// Verdicts whose runs the fold has forgotten.
    pub(super) settled: Vec<Verdict>,
    pub(super) deadline: Moment,
    pub(super) rules_changed: bool,
    /// The earliest moment of what came since `judge` was called last.
    pub(super) back: Moment,
    /// A calendar came into force that says otherwise of moments already judged.
    pub(super) calendar_changed: bool,
    /// So far before its activation a calendar may say otherwise.
    pub(super) again_ms: i64,
}

impl Engine {
    pub fn new(roster: Arc<Roster>, policies: Arc<PolicySet>, clock: Clock) -> Engine {
        let mut names = Names::default();
        let office = roster.office.id.clone();
        let rules = Arc::new(Rulebook::new(roster, policies, &mut names));
        let names = Arc::new(names);
        let mut engine = Engine {
            office,
            fold: Fold::new(rules.clone(), names.clone()),
            rules: vec![(Moment::MIN, rules)],
            timelines: Vec::new(),
            names,
            add: Vec::new(),
            remove: Vec::new(),
            ticked: None,
            latest: None,
            clock: Moment::MIN,
            ticks_only: clock == Clock::Ticks,
            waiting: BTreeMap::new(),
            ticks_begin: false,
            said: Vec::new(),
            said_open: Vec::new(),
            said_up_to: Moment::MIN,
            settled: Vec::new(),
            deadline: Moment::MAX,
            rules_changed: false,
            back: Moment::MAX,
            calendar_changed: false,
            again_ms: i64::MAX / 4,
        };
        engine.grow();
        engine
    }

    /// The office clock; `None` before the first event.
    pub fn clock(&self) -> Option<Moment> {
        (self.clock > Moment::MIN).then_some(self.clock)
    }

    pub fn roster(&self) -> &Arc<Roster> {
        &self.rules[self.rules.len() - 1].1.roster
    }

    pub fn policies(&self) -> &Arc<PolicySet> {
        &self.rules[self.rules.len() - 1].1.policies
    }

    /// Up to where the past can no longer change.
    pub fn settled_until(&self) -> Moment {
        self.fold.settled()
    }

    /// Operations in memory (for figures).
    pub fn ops_len(&self) -> usize {
        self.fold.ops_len()
    }

    /// Events missing in the sequences of all devices.
    pub fn missing(&self) -> u64 {
        self.timelines
            .iter()
            .map(Timeline::missing)
            .fold(0, u64::saturating_add)
    }

    /// Stretches of silence of all devices so far.
    pub fn gaps(&self) -> u64 {
        self.timelines.iter().map(Timeline::gaps).sum()
    }

    pub(super) fn grow(&mut self) {
        if self.timelines.len() < self.names.devices.len() {
            self.timelines.resize_with(self.names.devices.len(), Timeline::default);
        }
    }

    /// Puts another roster and other policies in force at `at`, for everything from then on.
    pub fn activate(&mut self, at: Moment, roster: Arc<Roster>, policies: Arc<PolicySet>) {
        let rules = Arc::new(Rulebook::new(roster, policies, Arc::make_mut(&mut self.names)));
        self.grow();
        self.state_hours(at, &rules.roster);
        let place = self.rules.partition_point(|(from, _)| *from <= at);
        self.rules.insert(place, (at, rules.clone()));
        self.rules_changed = true;
        let device = self.rules_device();
        self.add.push(bare_op(at, device, Act::Rules(rules)));
    }

    /// Whose operations they are in whose order rules come into force.
    pub(super) fn rules_device(&mut self) -> DeviceIx {
        let known = self.names.known_device(SYSTEM);
        known.unwrap_or_else(|| self.number(&DeviceId::new(SYSTEM)))
    }

    /// When the latest roster and policies came into force.
    pub fn in_force_since(&self) -> Moment {
        self.rules[self.rules.len() - 1].0
    }

    fn rules_at(&self, at: Moment) -> &Arc<Rulebook> {
        let after = self.rules.partition_point(|(from, _)| *from <= at);
        &self.rules[after.max(1) - 1].1
    }

    /// Takes an event in. Its identity must be new. Nothing is judged before `judge`.
    pub fn insert(&mut self, event: Event) -> Result<(), TooLate> {
        if matches!(event.kind, Kind::Visit(_)) {
            // No policy names them: they are nobody's latest event and move no clock.
            return Ok(());
        }
        let device = self.number(&event.device);
        if matches!(event.kind, Kind::Ticked) {
            return self.tick(event.time);
        }
        let place = event.place.as_ref();
        let pulse = Pulse {
            device: device.0,
            id: IdKey::of(event.id.as_bytes()),
            time: event.time,
            place: place.map(|place| (BootKey::of(place.boot.as_bytes()), place.sequence)),
        };
        let reading = event.reading.as_deref().copied();
        let read = match reading.map(|reading| reading.trust) {
            None => ClockMark::Told,
            Some(Trust::Corrected) => ClockMark::Corrected,
            Some(Trust::Poor) => ClockMark::Poor,
        };
        let (own, mut stamp) = self.stamp(device, &pulse, read);
        stamp.started = matches!(event.kind, Kind::WorkstationStarted);
        stamp.acts = !event.kind.is_pulse();
        let effect = match &event.kind {
            Kind::Granted { from, .. } => *from,
            _ => stamp.at,
        };
        self.in_time(effect.min(stamp.at))?;
        let op = self.op(event, device, stamp, effect);
        self.take_in(device, own, stamp, op);
        if let Some(reading) = reading.filter(|reading| reading.whole_boot) {
            let learnt = Learnt {
                from: stamp.sequence,
                shift_ms: stamp.own.ms_since(reading.told),
                clock: read,
            };
            self.correct_boot(device, stamp.boot, learnt);
        }
        Ok(())
    }

    /// Takes a heartbeat of a device in, which is what most events are.
    pub(crate) fn insert_pulse(&mut self, device: DeviceIx, pulse: &Pulse) -> Result<(), TooLate> {
        let (own, stamp) = self.stamp(device, pulse, ClockMark::Told);
        self.in_time(stamp.at)?;
        self.take_in(device, own, stamp, None);
        Ok(())
    }

    /// The number of a device, which is given when it is first asked for.
    pub(crate) fn number(&mut self, id: &DeviceId) -> DeviceIx {
        if let Some(device) = self.names.known_device(id.as_str()) {
            return device;
        }
        let device = Arc::make_mut(&mut self.names).device(id);
        self.grow();
        device
    }

    /// The time of an event by a clock that is right, as far as that is known, and where it has its place in its
    /// device's time.
    #[inline]
    fn stamp(&mut self, device: DeviceIx, pulse: &Pulse, read: ClockMark) -> (Moment, Stamp) {
        let timeline = &mut self.timelines[device.at()];
        let (boot, sequence) = match pulse.place {
            Some((boot, sequence)) => (timeline.boot(boot), sequence),
            None => (0, 0),
        };
        let (own, clock) = timeline.righted(pulse.time, read, boot, sequence);
        let at = match self.has_waiting(device, boot, sequence) {
            true => self.timelines[device.at()].effective(own, boot, sequence, &self.waiting_of(device)),
            false => self.timelines[device.at()].effective(own, boot, sequence, &[]),
        };
        let stamp = Stamp {
            at,
            boot,
            sequence,
            id: pulse.id,
            started: false,
            acts: false,
            clock,
            own: pulse.time,
            read,
            covers: 0,
        };
        (own, stamp)
    }

    /// Whether something may wait that matters to an event: nothing does to the highest of its boot.
    fn has_waiting(&self, device: DeviceIx, boot: u32, sequence: u64) -> bool {
        boot != 0 && !self.waiting.is_empty() && !self.timelines[device.at()].is_highest(boot, sequence)
    }

    fn in_time(&self, at: Moment) -> Result<(), TooLate> {
        let settled = self.fold.settled();
        match at <= settled && settled > Moment::MIN {
            true => Err(TooLate { settled }),
            false => Ok(()),
        }
    }

    /// Puts an event in its place, and moves what it pushes to later moments.
    #[inline]
    fn take_in(&mut self, device: DeviceIx, own: Moment, stamp: Stamp, op: Option<Op>) {
        let Stamp { at, boot, sequence, .. } = stamp;
        self.latest = Some(self.latest.map_or(own, |latest| latest.max(own)));
        let has_waiting = self.has_waiting(device, boot, sequence);
        let pushed = self.timelines[device.at()].pushed(at, boot, sequence);
        self.timelines[device.at()].note(at, boot, sequence, true);
        for moved in pushed {
            self.push_later(device, moved.from, moved.to);
        }
        if has_waiting {
            self.push_waiting(device, boot, sequence, at);
        }
        self.put(device, stamp, op);
    }

    fn op(&mut self, event: Event, device: DeviceIx, stamp: Stamp, effect: Moment) -> Option<Op> {
        if event.kind.is_pulse() {
            return None;
        }
        let named = match &event.kind {
            Kind::Deposited { handset, .. } | Kind::Withdrawn { handset, .. } => handset.clone(),
            _ => None,
        };
        let officer = event.kind.officer().cloned();
        let new_name = officer
            .as_ref()
            .is_some_and(|id| self.names.known_officer(id.as_str()).is_none());
        let (officer, handset) = if new_name || named.is_some() {
            let names = Arc::make_mut(&mut self.names);
            (officer.map(|id| names.officer(&id)), named.map(|id| names.handset(&id)))
        } else {
            (officer.and_then(|id| self.names.known_officer(id.as_str())), None)
        };
        let rules = self.rules_at(effect);
        let heartbeats = rules.silent_after_ms(device).is_some();
        Some(Op {
            at: effect,
            device,
            sequence: stamp.sequence,
            reference: Arc::from(event.reference()),
            own: stamp.at,
            told: event.time,
            poor: stamp.clock == ClockMark::Poor,
            ends_boot: !heartbeats && matches!(event.kind, Kind::WorkstationStarted),
            by_system: event.device.as_str() == SYSTEM,
            act: Act::Event {
                kind: event.kind,
                officer,
                handset,
            },
        })
    }

    pub(super) fn place(&mut self, device: DeviceIx, stamp: Stamp, op: Option<Op>) {
        self.back = self.back.min(op.as_ref().map_or(stamp.at, |op| op.at.min(stamp.at)));
        self.timelines[device.at()].insert(stamp);
        self.add.extend(op);
    }

    /// Moves the office clock on, lets waiting events in, and finds gaps.
    fn settle_clock(&mut self) {
        let clock = match (self.ticked, self.ticks_only) {
            (Some(tick), _) => Some(tick),
            (None, false) => {
                let moved = self.timelines.iter().filter_map(Timeline::last).max();
                self.latest.max(moved.filter(|_| self.latest.is_some()))
            }
            (None, true) => None,
        };
        let Some(clock) = clock else { return };
        self.clock = clock;
        if std::mem::take(&mut self.ticks_begin) {
            self.withdraw_after(clock);
        }
        let due: Vec<(DeviceIx, Moment)> = self.waiting.keys().filter(|(_, at)| *at <= clock).copied().collect();
        for key in due {
            for (stamp, op) in self.waiting.remove(&key).unwrap_or_default() {
                self.place(key.0, stamp, op);
            }
        }
        let mut changes = Vec::new();
        for ix in 0..self.timelines.len() {
            let device = DeviceIx(ix as u32);
            let (rules, timelines) = (&self.rules, &mut self.timelines);
            let at = |moment: Moment| {
                let after = rules.partition_point(|(from, _)| *from <= moment);
                &rules[after.max(1) - 1].1
            };
            timelines[ix].derive(
                clock,
                |moment| at(moment).is(device, DeviceKind::Workstation),
                |moment| at(moment).silent_after_ms(device),
                &mut changes,
            );
            for (comes, moment, derived) in changes.drain(..) {
                // A boot or a loss in a gap whose begin is settled ends nothing: the base waited for open questions.
                if moment <= self.fold.settled() && self.fold.settled() > Moment::MIN {
                    continue;
                }
                let op = bare_op(moment, device, Act::Derived(derived));
                if comes { self.add.push(op) } else { self.remove.push(op) }
            }
        }
    }

    /// How many operations `judge` may have to fold again for what came since the last time.
    pub fn goes_back(&self) -> usize {
        self.fold.applied_from(self.back)
    }

    /// Folds what has changed since the last call and answers how that changes what the engine says.
    pub fn judge(&mut self) -> Vec<Decision> {
        self.judge_watched(None)
    }

    pub(super) fn judge_watched(&mut self, trace: Option<&mut Trace>) -> Vec<Decision> {
        let clock_before = self.clock;
        self.settle_clock();
        self.back = Moment::MAX;
        if self.clock == Moment::MIN {
            return Vec::new();
        }
        // Heartbeats are no operations: that they came late shows in silence that was known and no longer is.
        let now = self.fold.state.now;
        let silence = |op: &Op| matches!(op.act, Act::Derived(Derived::GapBegins | Derived::Lost));
        let mut before = self.add.iter().filter(|op| op.at <= now).peekable();
        let came = before.peek().is_some() && !before.clone().any(silence);
        let late =
            came || before.any(|op| matches!(op.act, Act::Event { .. })) || self.remove.iter().any(|op| op.at <= now);
        let add = std::mem::take(&mut self.add);
        let remove = std::mem::take(&mut self.remove);
        let rewound =
            add.iter().chain(&remove).any(|op| op.at <= self.fold.state.now) && self.fold.state.now > Moment::MIN;
        let calendar_changed = std::mem::take(&mut self.calendar_changed);
        let cause = match (rewound, std::mem::take(&mut self.rules_changed), late) {
            (false, _, _) => None,
            (true, _, _) if calendar_changed => Some(Reason::CalendarChanged),
            (true, true, _) => Some(Reason::RulesChanged),
            (true, false, true) => Some(Reason::LateEvent),
            (true, false, false) => Some(Reason::SilenceKnown),
        };
        let changed = self.fold.edit(add, remove, &self.names);
        self.fold.advance(self.clock, &self.names, trace);
        self.report(changed, cause, clock_before)
    }

    pub(super) fn horizons(&self) -> Vec<Moment> {
        let rules = self.rules_at(self.clock);
        self.timelines
            .iter()
            .enumerate()
            .map(|(ix, timeline)| {
                let heartbeats = rules.silent_after_ms(DeviceIx(ix as u32)).is_some();
                match timeline.last() {
                    Some(last) if heartbeats && !timeline.is_silent() => last,
                    _ => self.clock,
                }
            })
            .collect()
    }

    fn report(&mut self, changed: usize, cause: Option<Reason>, clock_before: Moment) -> Vec<Decision> {
        let of = self.horizons();
        let horizons = Horizons {
            clock: self.clock,
            of: &of,
        };
        // Closed runs may still reach beyond the horizon they were last seen in.
        let earliest = of.iter().copied().min().unwrap_or(self.clock);
        let known = earliest.min(std::mem::replace(&mut self.said_up_to, earliest));
        let mut from = changed.min(self.said.len());
        while from > 0
            && self
                .fold
                .closed
                .get(from - 1)
                .is_none_or(|closed| closed.closed_at() > known)
        {
            from -= 1;
        }
        let mut old: Vec<Verdict> = self.said.drain(from..).flatten().collect();
        old.append(&mut self.said_open);
        for closed in &self.fold.closed[from..] {
            self.said
                .push(report::closed_verdict(closed, &horizons, &self.office, &self.names));
        }
        let mut deadline = Moment::MAX;
        let mut open = Vec::new();
        for run in self.fold.state.slots.runs() {
            if let Some(span) = report::view(run, &horizons, &mut deadline) {
                let mut verdict = report::verdict(&run.head, run.subject, span, &self.office, &self.names);
                verdict.evidence = run.evidence.clone();
                open.push(verdict);
            }
        }
        self.deadline = deadline;
        let new: Vec<Verdict> = self.said[from..]
            .iter()
            .flatten()
            .cloned()
            .chain(open.iter().cloned())
            .collect();
        self.said_open = open;
        report::decide(old, &new, cause, clock_before)
    }

    /// All verdicts, in the contract's order.
    pub fn verdicts(&self) -> Vec<Verdict> {
        let mut all: Vec<Verdict> = self
            .settled
            .iter()
            .chain(self.said.iter().flatten())
            .chain(&self.said_open)
            .cloned()
            .collect();
        all.sort_by(|a, b| a.order().cmp(&b.order()));
        all
    }

    /// How what was once said differs from what is said now: for a start that finds verdicts already told. Of what had
    /// ended up to `forgotten` nothing is compared, for it is not known any more as it was. `cause` is why the past was
    /// judged anew since, if it was.
    pub fn compare(&self, said: Vec<Verdict>, forgotten: Moment, cause: Option<Reason>) -> Vec<Decision> {
        let known = |verdict: &Verdict| verdict.until.is_none_or(|until| until > forgotten);
        let said = said.into_iter().filter(known).collect();
        let mut now = self.verdicts();
        now.retain(known);
        report::decide(said, &now, cause, self.clock)
    }

    /// The earliest office clock at which something may open or end without a further event; the far future if nothing waits.
    pub fn wake_at(&self) -> Moment {
        let rules = self.rules_at(self.clock);
        let silences = self.timelines.iter().enumerate().filter_map(|(ix, timeline)| {
            let limit_ms = rules.silent_after_ms(DeviceIx(ix as u32))?;
            let last = timeline.last()?;
            (!timeline.is_silent()).then(|| last.plus_ms(limit_ms + 1))
        });
        let waiting = self.waiting.keys().map(|(_, at)| *at).min();
        let timer = self.fold.state.next_timer();
        silences
            .chain(waiting)
            .chain(timer)
            .chain(self.fold.next_op())
            .min()
            .unwrap_or(Moment::MAX)
            .min(self.deadline)
    }

    /// The last moment at which no device would be silent yet that was not heard at or after `since`; `None` if there
    /// is no such device.
    pub fn silent_at_unless_heard(&self, since: Moment) -> Option<Moment> {
        let rules = self.rules_at(self.clock);
        let devices = self
            .timelines
            .iter()
            .enumerate()
            .filter(|(_, timeline)| !timeline.is_silent());
        devices
            .filter_map(|(ix, timeline)| {
                let device = DeviceIx(ix as u32);
                let limit_ms = rules.silent_after_ms(device)?;
                let waits = self.waiting_of(device).iter().map(|stamp| stamp.at).max();
                let last = timeline.last().max(waits)?;
                (last < since).then(|| last.plus_ms(limit_ms))
            })
            .min()
    }

    /// Gives up the means to change anything before `moment`, but for what is still an open question.
    /// What comes later for that time is `TooLate`.
    pub fn forget(&mut self, moment: Moment) {
        let rules = self.rules_at(self.clock).clone();
        let mut before = moment;
        for (ix, timeline) in self.timelines.iter().enumerate() {
            let device = DeviceIx(ix as u32);
            let (Some(last), Some(_)) = (timeline.last(), rules.silent_after_ms(device)) else {
                continue;
            };
            let counter = self.fold.state.counters.get(ix);
            let open = rules.is(device, DeviceKind::Workstation) && counter.is_some_and(|counter| !counter.is_clean());
            if open || !timeline.is_silent() {
                before = before.min(last);
            }
        }
        self.fold.forget(before);
        let settled = self.fold.settled();
        let done = self.fold.drop_closed();
        self.settled
            .extend(self.said.drain(..done.min(self.said.len())).flatten());
        for timeline in &mut self.timelines {
            timeline.forget(settled);
        }
    }

    /// Hands over the verdicts that can no longer change: `verdicts` has them no more.
    pub fn take_settled(&mut self) -> Vec<Verdict> {
        std::mem::take(&mut self.settled)
    }

    pub(super) fn fold_state(&self) -> &super::state::State {
        &self.fold.state
    }

    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// Whether a device has said nothing yet at this moment or later.
    pub fn is_latest(&self, device: &DeviceId, at: Moment) -> bool {
        let known = self.names.known_device(device.as_str());
        known.is_none_or(|device| self.last_event(device).is_none_or(|last| last < at))
    }

    pub(super) fn last_event(&self, device: DeviceIx) -> Option<Moment> {
        self.timelines[device.at()].last()
    }
}
