//! Coverage: which clauses of a policy's condition its scenarios showed both true and false, and which of its limits
//! they met just below, exactly, and just above.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::engine::expr::{Clause, Condition, Limit};
use crate::engine::policy::{Policy, Trigger};
use crate::engine::time::Span;
use crate::engine::trace::{Held, Look, Trace};

use super::{PolicySource, Scenario};

/// One thing that the tests should show.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Point {
    /// Where the file says what it is about.
    pub place: Range<usize>,
    pub what: String,
    pub shown: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Coverage {
    pub points: Vec<Point>,
}

impl Coverage {
    pub fn shown(&self) -> usize {
        self.points.iter().filter(|point| point.shown).count()
    }

    /// Hundredths, rounded down, so that only all is 100.
    pub fn percent(&self) -> usize {
        (self.shown() * 100).checked_div(self.points.len()).unwrap_or(100)
    }

    pub fn missing(&self) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(|point| !point.shown)
    }
}

/// How near a limit was come to: a step below, exactly, a step above.
const STEPS: [i64; 3] = [-1, 0, 1];

/// What scenarios showed, as it adds up.
#[derive(Default)]
pub struct Shown {
    /// By clause: whether it was seen false, and true.
    clauses: Vec<[bool; 2]>,
    /// By clause: how far the measure was from the limit, where that was a step at most.
    distances: Vec<BTreeSet<i64>>,
    held: BTreeSet<i64>,
    gaps: BTreeSet<i64>,
    types: BTreeSet<&'static str>,
}

fn condition(policy: &Policy) -> Option<&Condition> {
    match &policy.trigger {
        Trigger::While(condition) => Some(condition),
        Trigger::On { condition, .. } => condition.as_ref(),
    }
}

impl Shown {
    pub fn add(&mut self, policy: &Policy, scenario: &Scenario, trace: &Trace) {
        let clauses = condition(policy).map_or(&[][..], Condition::clauses);
        self.clauses.resize(clauses.len(), [false; 2]);
        self.distances.resize(clauses.len(), BTreeSet::new());
        for look in &trace.looks {
            self.types.extend(look.event);
            for (ix, (value, measure)) in look.clauses.iter().enumerate() {
                self.clauses[ix][usize::from(*value)] = true;
                if let (Some(limit @ Limit::Count { .. }), Some(measure)) = (clauses[ix].limit(), measure) {
                    self.distances[ix].insert(limit.distance(*measure));
                }
            }
        }
        for (ix, clause) in clauses.iter().enumerate() {
            if let Some(limit @ Limit::Span { .. }) = clause.limit() {
                for reached_ms in reached(&trace.looks, ix, scenario) {
                    self.distances[ix].insert(limit.distance(reached_ms));
                }
            }
        }
        let mut ends: BTreeMap<_, _> = BTreeMap::new();
        for held in by_begin(&trace.held) {
            self.held.insert(held.held_ms() - policy.head.for_ms);
            for (start, end) in &held.pieces {
                let subject = (&held.counter, &held.lockbox, &held.officer, held.serial);
                if let Some(before) = ends.insert(subject, *end) {
                    self.gaps.insert(start.ms_since(before) - policy.head.bridge_ms);
                }
            }
        }
    }

    pub fn coverage(&self, source: &PolicySource) -> Coverage {
        let mut points = Vec::new();
        let clauses = condition(&source.policy).map_or(&[][..], Condition::clauses);
        for (ix, clause) in clauses.iter().enumerate() {
            let place = source.condition_place(&clause.span);
            let seen = self.clauses.get(ix).copied().unwrap_or_default();
            for (value, word) in [(true, "true"), (false, "false")] {
                points.push(Point {
                    place: place.clone(),
                    what: format!("`{}` is never {word}", clause.text),
                    shown: seen[usize::from(value)],
                });
            }
            self.limit_points(ix, clause, place, &mut points);
        }
        let head = &source.policy.head;
        if let Trigger::While(_) = source.policy.trigger {
            let place = source.place(source.for_at.as_ref());
            let limit = Span::ms(head.for_ms);
            for (step, word) in steps(head.for_ms > 1, head.for_ms > 0) {
                points.push(Point {
                    place: place.clone(),
                    what: format!("nothing holds for {word} `for` ({limit})"),
                    shown: self.held.contains(&step),
                });
            }
            if head.bridge_ms > 0 {
                let place = source.place(source.bridge_at.as_ref());
                let limit = Span::ms(head.bridge_ms);
                for (step, word) in steps(head.bridge_ms > 1, true) {
                    points.push(Point {
                        place: place.clone(),
                        what: format!("no pause lasts {word} `bridge` ({limit})"),
                        shown: self.gaps.contains(&step),
                    });
                }
            }
        }
        for (kind, span) in &source.on {
            points.push(Point {
                place: span.clone(),
                what: format!("`{kind}` never happens"),
                shown: self.types.iter().any(|seen| seen == kind),
            });
        }
        Coverage { points }
    }

    fn limit_points(&self, ix: usize, clause: &Clause, place: Range<usize>, points: &mut Vec<Point>) {
        let Some(limit) = clause.limit() else { return };
        let name = clause.text.split(['<', '>', '=', '!']).next().unwrap_or("").trim();
        for (step, word) in steps(limit.has_below(), true) {
            points.push(Point {
                place: place.clone(),
                what: format!("`{name}` is never {word} {limit}"),
                shown: self
                    .distances
                    .get(ix)
                    .is_some_and(|distances| distances.contains(&step)),
            });
        }
    }
}

/// The steps around a limit that are possible at all.
fn steps(below: bool, at: bool) -> impl Iterator<Item = (i64, &'static str)> {
    let possible = [below, at, true];
    let words = ["just below", "exactly", "just above"];
    let all = STEPS.into_iter().zip(words).zip(possible);
    all.filter(|(_, possible)| *possible).map(|(step, _)| step)
}

fn by_begin(held: &[Held]) -> Vec<&Held> {
    let mut held: Vec<&Held> = held.iter().collect();
    held.sort_by_key(|held| held.pieces.first().copied());
    held
}

/// How long `session.unchecked_for` grew before a check, the end of the session, or the end of the story.
fn reached(looks: &[Look], clause: usize, scenario: &Scenario) -> Vec<i64> {
    let mut last: BTreeMap<_, &Look> = BTreeMap::new();
    let mut reached = Vec::new();
    let value = |look: &Look| look.clauses.get(clause).and_then(|(_, measure)| *measure).unwrap_or(0);
    for look in looks {
        if let Some(before) = last.insert(&look.counter, look)
            && before.officer.is_some()
        {
            let grown_ms = value(before) + look.at.ms_since(before.at);
            if look.officer != before.officer || value(look) != grown_ms {
                reached.push(grown_ms);
            }
        }
    }
    for look in last.into_values().filter(|look| look.officer.is_some()) {
        reached.push(value(look) + scenario.ends.ms_since(look.at));
    }
    reached
}
