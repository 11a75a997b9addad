//! What would have been compliant: one event more, no later than the instant the verdict opened, or the event less that a
//! policy on events is about. Each is tried by judging the past again, and only what leaves no verdict is told.

use super::Past;
use crate::engine::Engine;
use crate::engine::event::{DeviceId, DeviceKind, Event, Kind, OfficerId, SYSTEM};
use crate::engine::policy::{Policy, Trigger};
use crate::engine::time::Moment;
use crate::engine::trace::Look;
use crate::engine::verdict::Verdict;

/// A device that was silent for longer than a day sends no more than these in a trial.
const PULSES_MAX: usize = 3_000;

/// What would have had to happen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Act {
    /// All his private phones deposited.
    Deposited,
    /// A check that found his phones in.
    CheckedIn,
    ServiceEnded(DeviceId),
    SignedOut(DeviceId),
    SignedIn(DeviceId),
    ShiftStarted,
    BreakStarted,
    AppsClosed,
    UsbDetached,
    DeclaredNone,
    /// Word of the device all along, often enough.
    Heard(DeviceId),
    /// For a policy on events: that it did not happen.
    NotHappened,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Way {
    pub act: Act,
    /// No later than this.
    pub by: Moment,
}

pub(super) fn ways(past: &Past, verdict: &Verdict, policy: &Policy, engine: &Engine, looks: &[&Look]) -> Vec<Way> {
    let by = verdict.opened;
    let condition = match &policy.trigger {
        Trigger::While(condition) => condition,
        Trigger::On { .. } => {
            let mut engine = without(past, verdict).engine(&[]);
            engine.judge();
            let act = Act::NotHappened;
            return if stands(&engine, verdict) {
                Vec::new()
            } else {
                vec![Way { act, by }]
            };
        }
    };
    let trial = Trial {
        past,
        verdict,
        engine,
        values: looks
            .iter()
            .rfind(|look| look.at <= by)
            .map_or(&[][..], |look| &look.values),
        names: condition.names(),
    };
    trial
        .candidates()
        .into_iter()
        .filter(|(_, events)| !events.is_empty() && trial.clears(events))
        .map(|(act, _)| Way { act, by })
        .collect()
}

/// The past without what happened in the instant the verdict is about.
fn without(past: &Past, verdict: &Verdict) -> Past {
    let is_it = |event: &&Event| {
        event.time != verdict.since
            || !verdict
                .evidence
                .iter()
                .any(|reference| **reference == *event.reference())
    };
    Past {
        rules: past.rules.clone(),
        events: past.events.iter().filter(is_it).cloned().collect(),
        again_ms: past.again_ms,
    }
}

/// Whether a verdict of this policy and subject stands where this one opened.
fn stands(engine: &Engine, verdict: &Verdict) -> bool {
    engine.verdicts().iter().any(|other| {
        other.same_subject(verdict)
            && other.since <= verdict.opened
            && other.until.is_none_or(|until| until > verdict.since)
    })
}

struct Trial<'a> {
    past: &'a Past,
    verdict: &'a Verdict,
    engine: &'a Engine,
    /// When the verdict opened.
    values: &'a [(&'static str, String)],
    names: Vec<&'static str>,
}

impl Trial<'_> {
    fn clears(&self, events: &[Event]) -> bool {
        let mut engine = self.past.engine(events);
        engine.judge();
        !stands(&engine, self.verdict)
    }

    fn reads(&self, name: &str) -> bool {
        self.names.contains(&name)
    }

    fn value(&self, name: &str) -> Option<&str> {
        let found = self.values.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str())
    }

    fn event(&self, device: &str, n: usize, kind: Kind) -> Event {
        Event {
            office: self.verdict.office.clone(),
            device: DeviceId::new(device),
            id: format!("what-if-{n}").into_boxed_str(),
            time: self.verdict.opened,
            place: None,
            kind,
            reading: None,
        }
    }

    /// Acts in the order in which an officer would think of them, with the events they would have left.
    fn candidates(&self) -> Vec<(Act, Vec<Event>)> {
        let mut list = Vec::new();
        let here = |device: &DeviceId, kind: Kind| vec![self.event(device.as_str(), 0, kind)];
        let said = |kind: Kind| vec![self.event(SYSTEM, 0, kind)];
        let officer = self.verdict.officer.as_ref();
        if let Some(officer) = officer {
            if self.reads("custody") && self.value("custody") == Some("\"out\"") {
                list.push((Act::Deposited, self.deposits(officer)));
            }
            if self.reads("session.unchecked_for") || self.value("custody") == Some("\"unknown\"") {
                let found = Kind::Checked {
                    officer: officer.clone(),
                    present: true,
                    by: None,
                };
                list.push((Act::CheckedIn, said(found)));
            }
        }
        for counter in self.counters() {
            if self.reads("service.active") || self.reads("officer.active_services") {
                list.push((Act::ServiceEnded(counter.clone()), here(&counter, Kind::ServiceEnded)));
            }
            if let Some(officer) = officer
                && self.value("session.active") == Some("true")
                && !self.reads("service.active")
            {
                let officer = officer.clone();
                list.push((
                    Act::SignedOut(counter.clone()),
                    here(&counter, Kind::SignedOut { officer }),
                ));
            }
            if self.value("session.active") == Some("false")
                && let Some(somebody) = self.engine.roster().officers.first()
            {
                let officer = somebody.id.clone();
                list.push((
                    Act::SignedIn(counter.clone()),
                    here(&counter, Kind::SignedIn { officer }),
                ));
            }
            if self.reads("session.on_break") {
                list.push((Act::BreakStarted, here(&counter, Kind::BreakStarted { kind: None })));
            }
            if self.reads("workstation.apps") {
                list.push((Act::AppsClosed, self.closings(&counter)));
            }
            if self.reads("workstation.usb") {
                list.push((Act::UsbDetached, self.detachments(&counter)));
            }
            if self.reads("workstation.silent") {
                list.push((
                    Act::Heard(counter.clone()),
                    self.pulses(&counter, &Kind::WorkstationHeartbeat),
                ));
            }
        }
        if self.reads("lockbox.silent")
            && let Some(lockbox) = &self.verdict.lockbox
        {
            list.push((
                Act::Heard(lockbox.clone()),
                self.pulses(lockbox, &Kind::LockboxHeartbeat),
            ));
        }
        if let Some(officer) = officer {
            let officer = officer.clone();
            if self.reads("shift.active") {
                let officer = officer.clone();
                list.push((Act::ShiftStarted, said(Kind::ShiftStarted { officer })));
            }
            if self.reads("officer.declared_none") {
                list.push((Act::DeclaredNone, said(Kind::DeclaredNone { officer })));
            }
        }
        list
    }

    /// The counter it is about, or those where its evidence comes from.
    fn counters(&self) -> Vec<DeviceId> {
        if let Some(counter) = &self.verdict.counter {
            return vec![counter.clone()];
        }
        let mut counters: Vec<DeviceId> = Vec::new();
        for reference in &self.verdict.evidence {
            let source = reference.split('#').next().unwrap_or("");
            let device = source.rsplit('/').next().unwrap_or("");
            if let Some((id, DeviceKind::Workstation)) = self.engine.roster().device(device)
                && !counters.contains(id)
            {
                counters.push(id.clone());
            }
        }
        counters
    }

    fn deposits(&self, officer: &OfficerId) -> Vec<Event> {
        let Some(known) = self.engine.roster().officer(officer.as_str()) else {
            return Vec::new();
        };
        let Some(lockbox) = self.engine.lockbox_of(officer) else {
            return Vec::new();
        };
        let handsets = known.handsets.iter().filter(|handset| handset.is_active_private());
        handsets
            .enumerate()
            .map(|(n, handset)| {
                let deposit = Kind::Deposited {
                    officer: officer.clone(),
                    slot: 1,
                    handset: Some(handset.id.clone()),
                    by: None,
                };
                self.event(lockbox.as_str(), n, deposit)
            })
            .collect()
    }

    /// Heartbeats from the verdict's begin to its end, or to the office clock.
    fn pulses(&self, device: &DeviceId, kind: &Kind) -> Vec<Event> {
        let roster = self.engine.roster();
        let known = roster
            .counters
            .iter()
            .chain(&roster.lockboxes)
            .find(|known| known.id == *device);
        let every_ms = known
            .and_then(|known| known.heartbeat_every_ms)
            .unwrap_or(30_000)
            .max(1_000);
        let clock = self.engine.clock().unwrap_or(self.verdict.opened);
        let end = self.verdict.until.unwrap_or(clock);
        (1..PULSES_MAX)
            .map(|n| (n, self.verdict.since.plus_ms(n as i64 * every_ms)))
            .take_while(|(_, at)| *at < end)
            .map(|(n, at)| Event {
                time: at,
                ..self.event(device.as_str(), n, kind.clone())
            })
            .collect()
    }

    fn closings(&self, counter: &DeviceId) -> Vec<Event> {
        let mut open: Vec<Box<str>> = Vec::new();
        for event in self.before(counter) {
            if let Kind::AppOpened { category } = &event.kind
                && !open.contains(category)
            {
                open.push(category.clone());
            }
        }
        open.into_iter()
            .enumerate()
            .map(|(n, category)| self.event(counter.as_str(), n, Kind::AppClosed { category }))
            .collect()
    }

    fn detachments(&self, counter: &DeviceId) -> Vec<Event> {
        let mut attached = Vec::new();
        for event in self.before(counter) {
            if let Kind::UsbAttached { class, id, .. } = &event.kind
                && !attached.contains(&(*class, id.clone()))
            {
                attached.push((*class, id.clone()));
            }
        }
        attached
            .into_iter()
            .enumerate()
            .map(|(n, (class, id))| self.event(counter.as_str(), n, Kind::UsbDetached { class, id }))
            .collect()
    }

    /// What the counter had said by then.
    fn before<'e>(&'e self, counter: &'e DeviceId) -> impl Iterator<Item = &'e Event> {
        let opened = self.verdict.opened;
        self.past
            .events
            .iter()
            .filter(move |event| event.device == *counter && event.time <= opened)
    }
}
