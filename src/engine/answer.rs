//! Policies that answer to events: they look at the state just before the event's instant (contract §7).

use std::sync::Arc;

use super::event::{DeviceKind, Kind};
use super::expr::{EventScope, Scope};
use super::judge::{Closed, Sink};
use super::names::OfficerIx;
use super::ops::Op;
use super::policy::{Class, Per};
use super::state::{Evidence, State};
use super::subject::Subject;

/// An `on` policy with the values of its names just before the instant, waiting for the event to be applied.
pub(crate) struct Pending<'a> {
    pub rule: usize,
    pub subject: Subject,
    pub kind: &'a Kind,
    pub evidence: Evidence,
    pub in_gap: bool,
    /// The counter's times are poor.
    pub counter_poor: bool,
    /// The event's own time is.
    pub poor: bool,
    pub private: bool,
    /// What the officer did last, where he cannot have come from.
    pub cannot_come_from: Option<Evidence>,
    before: Before,
}

/// Values that may not outlive the state they were read from.
struct Before {
    scope: Scope<'static>,
    officer_id: Arc<str>,
    booking: Box<str>,
    apps: Vec<Box<str>>,
}

impl State {
    /// What `on` policies will look at once the instant is over: the state as it stands now, just before it.
    pub fn pending<'a>(&self, op: &Op, kind: &'a Kind, named: Option<OfficerIx>) -> Vec<Pending<'a>> {
        let (device, evidence) = (op.device, &op.reference);
        let mut list = Vec::new();
        for (ix, rule) in self.rules.on.iter().enumerate() {
            if !rule.types.iter().any(|name| name == kind.name()) {
                continue;
            }
            let is_counter = self.rules.is(device, DeviceKind::Workstation);
            let signed_in = is_counter
                .then(|| {
                    self.counters[device.at()]
                        .session
                        .as_ref()
                        .map(|session| session.officer)
                })
                .flatten();
            let officer = named.or(signed_in);
            let subjects: Vec<Subject> = match rule.head.per {
                Per::Office => vec![Subject::default()],
                Per::Lockbox => vec![Subject::lockbox(device)],
                Per::Officer => officer.map(Subject::person).into_iter().collect(),
                Per::Counter => vec![Subject::at(device, signed_in)],
                Per::Session | Per::Service if is_counter => signed_in
                    .map(|officer| Subject::at(device, Some(officer)))
                    .into_iter()
                    .collect(),
                Per::Session | Per::Service => officer
                    .into_iter()
                    .flat_map(|officer| {
                        self.counters_of(officer)
                            .map(move |counter| Subject::at(counter, Some(officer)))
                    })
                    .collect(),
            };
            for subject in subjects {
                let counter = subject.counter;
                let scope = match (counter, subject.officer) {
                    (Some(counter), _) => self.counter_scope(counter, &self.names),
                    (None, Some(officer)) => self.officer_scope(officer, &self.names),
                    (None, None) => Scope {
                        lockbox_silent: subject.lockbox.is_some_and(|lockbox| self.is_silent(lockbox)),
                        ..self.office_scope()
                    },
                };
                let before = Before {
                    officer_id: Arc::from(scope.officer_id),
                    booking: Box::from(scope.service_booking),
                    apps: scope.apps.to_vec(),
                    scope: Scope {
                        officer_id: "",
                        service_booking: "",
                        apps: &[],
                        event: None,
                        ..scope
                    },
                };
                list.push(Pending {
                    rule: ix,
                    subject,
                    kind,
                    evidence: evidence.clone(),
                    in_gap: counter.is_some_and(|counter| self.is_silent(counter)),
                    counter_poor: counter.is_some_and(|counter| self.is_poor(counter)),
                    poor: op.poor,
                    private: false,
                    cannot_come_from: None,
                    before,
                });
            }
        }
        list
    }

    /// Judges an event now that its instant is over. An emergency that begins at the instant counts.
    pub fn answer(&self, pending: &Pending, sink: &mut Sink) {
        let rule = &self.rules.on[pending.rule];
        let begins = self.emergency.is_some_and(|emergency| emergency.started == self.now);
        // A handover that is recorded at the instant counts, wherever it stands in the order.
        let handed_over = pending
            .subject
            .officer
            .and_then(|officer| self.officers[officer.at()].handed_over);
        let scope = Scope {
            officer_handed_over: pending.before.scope.officer_handed_over || handed_over == Some(self.now),
            officer_id: &pending.before.officer_id,
            service_booking: &pending.before.booking,
            apps: &pending.before.apps,
            emergency: pending.before.scope.emergency || begins,
            event: Some(EventScope {
                kind: pending.kind,
                private: pending.private,
                out_of_reach: pending.cannot_come_from.is_some(),
            }),
            ..pending.before.scope.clone()
        };
        let suppressed = rule.head.class == Class::Indication && scope.emergency;
        let unjudged = pending.in_gap && !rule.judged_in_gap
            || pending.counter_poor && !rule.judged_while_poor
            // A time that is known by the receipt alone says nothing against anybody.
            || pending.poor && rule.head.class != Class::Technical;
        let holds = !suppressed && !unjudged && rule.condition.as_ref().is_none_or(|condition| condition.holds(&scope));
        if let Some(trace) = &mut sink.trace {
            let place = (self.now, &*self.names);
            trace.look(
                &rule.head,
                rule.condition.as_ref(),
                place,
                pending.subject,
                &scope,
                holds,
            );
        }
        if holds {
            sink.closed.push(Closed::Instant {
                head: rule.head.clone(),
                subject: pending.subject,
                at: self.now,
                evidence: pending
                    .cannot_come_from
                    .iter()
                    .chain([&pending.evidence])
                    .cloned()
                    .collect(),
            });
        }
    }
}
