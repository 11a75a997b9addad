//! What judging sees while it judges, for those who prove or explain a policy. Nothing is noted when nobody asked.

use std::sync::Arc;

use super::Engine;
use super::event::{DeviceId, OfficerId, PolicyId};
use super::expr::{Condition, Scope};
use super::judge::{Closed, Run};
use super::names::Names;
use super::policy::Head;
use super::report::Horizons;
use super::subject::Subject;
use super::time::Moment;
use super::verdict::Decision;

/// Everything seen in one `judge_traced`, in the order of judging.
#[derive(Default)]
pub struct Trace {
    pub looks: Vec<Look>,
    pub held: Vec<Held>,
    /// Sees this policy alone, and the values of the names it reads.
    only: Option<PolicyId>,
    runs: Vec<Run>,
}

/// One look at one policy's condition for one subject.
#[derive(Clone, PartialEq, Debug)]
pub struct Look {
    pub policy: Arc<Head>,
    pub at: Moment,
    pub counter: Option<DeviceId>,
    pub lockbox: Option<DeviceId>,
    pub officer: Option<OfficerId>,
    /// Whether it was held to hold: the condition, inside what the contract lets be judged.
    pub holds: bool,
    /// Each clause of the condition, in the order of `Condition::clauses`: whether it was true, and what it measured.
    pub clauses: Vec<(bool, Option<i64>)>,
    /// The type of the event that an `on` policy answered to.
    pub event: Option<&'static str>,
    /// The names the condition reads, where one policy alone is looked at.
    pub values: Vec<(&'static str, String)>,
}

/// How long a condition held, inside the horizons, also where that was too short for a verdict.
#[derive(Clone, PartialEq, Debug)]
pub struct Held {
    pub policy: Arc<Head>,
    pub counter: Option<DeviceId>,
    pub lockbox: Option<DeviceId>,
    pub officer: Option<OfficerId>,
    /// Numbers the session or service it is about; another number is another subject.
    pub serial: u32,
    pub pieces: Vec<(Moment, Moment)>,
}

impl Held {
    pub fn held_ms(&self) -> i64 {
        self.pieces.iter().map(|(start, end)| end.ms_since(*start)).sum()
    }
}

impl Trace {
    /// Sees one policy alone, and the values it reads.
    pub fn of(policy: PolicyId) -> Trace {
        Trace {
            only: Some(policy),
            ..Trace::default()
        }
    }

    pub(super) fn look(
        &mut self,
        head: &Arc<Head>,
        condition: Option<&Condition>,
        (at, names): (Moment, &Names),
        subject: Subject,
        scope: &Scope,
        holds: bool,
    ) {
        if self.only.as_ref().is_some_and(|only| head.id != *only) {
            return;
        }
        let asked = condition.filter(|_| self.only.is_some());
        let clauses = condition.map_or(&[][..], Condition::clauses);
        self.looks.push(Look {
            policy: head.clone(),
            at,
            counter: subject.counter.map(|ix| names.device_id(ix)),
            lockbox: subject.lockbox.map(|ix| names.device_id(ix)),
            officer: subject.officer.map(|ix| names.officer_id(ix)),
            holds,
            clauses: clauses
                .iter()
                .map(|clause| (clause.holds(scope), clause.measure(scope)))
                .collect(),
            event: scope.event.map(|event| event.kind.name()),
            values: asked.map_or_else(Vec::new, |condition| condition.values(scope)),
        });
    }

    pub(super) fn closed(&mut self, run: &Run) {
        if self.only.as_ref().is_none_or(|only| run.head.id == *only) {
            self.runs.push(run.clone());
        }
    }

    fn finish(&mut self, horizons: &Horizons, names: &Names) {
        for run in self.runs.drain(..) {
            let mut pieces: Vec<(Moment, Moment)> = Vec::new();
            for piece in &run.pieces {
                let devices = piece.rests_on.devices();
                let limit = devices
                    .map(|device| horizons.of(device))
                    .min()
                    .unwrap_or(horizons.clock);
                let end = piece.end.unwrap_or(limit).min(limit);
                match pieces.last_mut() {
                    _ if end <= piece.start => {}
                    Some(last) if last.1 == piece.start => last.1 = end,
                    _ => pieces.push((piece.start, end)),
                }
            }
            if !pieces.is_empty() {
                self.held.push(Held {
                    policy: run.head.clone(),
                    counter: run.subject.counter.map(|ix| names.device_id(ix)),
                    lockbox: run.subject.lockbox.map(|ix| names.device_id(ix)),
                    officer: run.subject.officer.map(|ix| names.officer_id(ix)),
                    serial: run.serial,
                    pieces,
                });
            }
        }
    }
}

impl Engine {
    /// Judges as `judge` does, and notes what it sees. Whole and exact if everything is judged in this one call.
    pub fn judge_traced(&mut self, trace: &mut Trace) -> Vec<Decision> {
        let decisions = self.judge_watched(Some(trace));
        let wanted = |run: &&Run| trace.only.as_ref().is_none_or(|only| run.head.id == *only);
        let open: Vec<Run> = self.fold_state().slots.runs().filter(wanted).cloned().collect();
        trace.runs.extend(open);
        let of = self.horizons();
        let horizons = Horizons {
            clock: self.clock,
            of: &of,
        };
        trace.finish(&horizons, self.names());
        decisions
    }

    /// How long conditions held, for verdicts and, where they still hold, for those to come; all of it that is not settled.
    pub fn held(&self) -> Vec<Held> {
        let closed = self.fold.closed.iter().filter_map(|closed| match closed {
            Closed::Run { run, .. } => Some(run),
            Closed::Instant { .. } => None,
        });
        let mut trace = Trace {
            runs: closed.chain(self.fold_state().slots.runs()).cloned().collect(),
            ..Trace::default()
        };
        let of = self.horizons();
        let horizons = Horizons {
            clock: self.clock,
            of: &of,
        };
        trace.finish(&horizons, self.names());
        trace.held
    }
}
