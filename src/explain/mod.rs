//! Ring 1: why a verdict was given. The past around it is judged again by the engine, which tells what it saw: every value
//! the policy read, every clause that turned, silences and horizons, and the instant it opened. What would have been
//! compliant is not reasoned but tried: the same past with one event more, judged again.

mod json;
mod story;
mod text;
mod way;
mod words;

use std::sync::Arc;

use crate::engine::event::{DeviceId, Event, OfficerId, PolicyId};
use crate::engine::expr;
use crate::engine::policy::{Class, Head, Policy, PolicySet, Trigger};
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::engine::trace::{Held, Look, Trace};
use crate::engine::verdict::Verdict;
use crate::engine::{Clock, Engine};
use crate::letter::EvidenceLine;
pub use json::json;
pub use story::{ClauseStory, NameStory};
pub use text::write as write_text;
pub use way::{Act, Way};
pub use words::{Words, words};

/// What was in force from a moment on.
#[derive(Clone, Debug)]
pub struct Rules {
    pub from: Moment,
    pub roster: Arc<Roster>,
    pub policies: Arc<PolicySet>,
}

/// A stretch of the past, in no order, each event once.
#[derive(Clone)]
pub struct Past {
    /// The oldest first; never empty.
    pub rules: Vec<Rules>,
    pub events: Vec<Event>,
    /// So far back a changed calendar was judged again.
    pub again_ms: i64,
}

/// Which verdict.
#[derive(Clone, Debug)]
pub struct Question {
    pub policy: PolicyId,
    pub counter: Option<DeviceId>,
    pub lockbox: Option<DeviceId>,
    pub officer: Option<OfficerId>,
    pub since: Moment,
}

impl Question {
    pub fn of(verdict: &Verdict) -> Question {
        Question {
            policy: verdict.policy.clone(),
            counter: verdict.counter.clone(),
            lockbox: verdict.lockbox.clone(),
            officer: verdict.officer.clone(),
            since: verdict.since,
        }
    }

    fn is(&self, verdict: &Verdict) -> bool {
        verdict.policy == self.policy
            && verdict.counter == self.counter
            && verdict.lockbox == self.lockbox
            && verdict.officer == self.officer
            && verdict.since == self.since
    }
}

/// Why something changed.
#[derive(Clone, PartialEq, Debug)]
pub enum Cause {
    Event(EvidenceLine),
    FellSilent(DeviceId),
    SpokeAgain(DeviceId),
    ClockWrong(DeviceId),
    ClockRight(DeviceId),
    /// A new boot ended what was open at the workstation.
    Restarted(DeviceId),
    /// Events were lost while it was silent; what was open ended where the silence began.
    LostEvents(DeviceId),
    /// The office's hours turned.
    Hours,
    /// Other rosters or policies came into force.
    Rules,
    /// Time alone: a limit was reached, something lapsed.
    Time,
}

/// A device's stretch of silence.
#[derive(Clone, PartialEq, Debug)]
pub struct Silence {
    pub device: DeviceId,
    pub from: Moment,
    pub until: Option<Moment>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Explanation {
    pub verdict: Verdict,
    /// As it is recorded, where judging again comes to another end.
    pub recorded: Option<Verdict>,
    pub policy: Head,
    /// Where the condition held, inside the horizons; empty for a policy on events.
    pub pieces: Vec<(Moment, Moment)>,
    pub names: Vec<NameStory>,
    pub clauses: Vec<ClauseStory>,
    pub silences: Vec<Silence>,
    /// Up to where each device it rests on is known, where the verdict still holds.
    pub horizons: Vec<(DeviceId, Moment)>,
    /// What would have been compliant, tried by judging again.
    pub ways: Vec<Way>,
}

impl Explanation {
    /// Clauses that say more than the name they consist of.
    pub fn further_clauses(&self) -> impl Iterator<Item = &ClauseStory> {
        let told = |clause: &&ClauseStory| self.names.iter().any(|name| name.name == clause.text);
        self.clauses.iter().filter(move |clause| !told(clause))
    }
}

impl Past {
    fn engine(&self, more: &[Event]) -> Engine {
        self.engine_under(None, more)
    }

    /// An engine with all events, under other policies than those of the time.
    pub(crate) fn engine_under(&self, policies: Option<&Arc<PolicySet>>, more: &[Event]) -> Engine {
        let mut engine = engine_of(&self.rules, policies, self.again_ms);
        for event in self.events.iter().chain(more) {
            // Nothing is settled in an engine that has not judged yet.
            let _ = engine.insert(event.clone());
        }
        engine
    }

    fn rules_at(&self, at: Moment) -> &Rules {
        let after = self.rules.partition_point(|rules| rules.from <= at);
        &self.rules[after.max(1) - 1]
    }

    /// All verdicts of this past, to find the one that is meant.
    pub fn verdicts(&self) -> Vec<Verdict> {
        let mut engine = self.engine(&[]);
        engine.judge();
        engine.verdicts()
    }
}

/// An engine without events, in which rules come into force one after another, under other policies than those of the time.
pub(crate) fn engine_of(rules: &[Rules], policies: Option<&Arc<PolicySet>>, again_ms: i64) -> Engine {
    let of = |rules: &Rules| (rules.roster.clone(), policies.unwrap_or(&rules.policies).clone());
    let (roster, first) = of(&rules[0]);
    let mut engine = Engine::new(roster, first, Clock::Events);
    engine.judge_again_within(again_ms);
    for rules in &rules[1..] {
        let (roster, policies) = of(rules);
        engine.activate(rules.from, roster, policies);
    }
    engine
}

/// Explains a verdict; `None` where judging this past again does not give it.
pub fn explain(past: &Past, question: &Question) -> Option<Explanation> {
    let mut engine = past.engine(&[]);
    let mut trace = Trace::of(question.policy.clone());
    engine.judge_traced(&mut trace);
    let verdict = engine.verdicts().into_iter().find(|verdict| question.is(verdict))?;
    let rules = past.rules_at(verdict.since);
    let policy = rules
        .policies
        .policies
        .iter()
        .find(|policy| policy.head.id == question.policy)?;
    let names = match &policy.trigger {
        Trigger::While(condition) => condition.names(),
        Trigger::On { condition, .. } => condition.as_ref().map_or_else(Vec::new, |condition| condition.names()),
    };
    let looks: Vec<&Look> = trace.looks.iter().filter(|look| concerns(look, &verdict)).collect();
    let pieces = pieces(&trace.held, &verdict);
    let devices = devices(&engine, &verdict, &names);
    let silences: Vec<Silence> = devices
        .iter()
        .flat_map(|device| silences(&engine, device, &verdict))
        .collect();
    let teller = story::Teller {
        past,
        engine: &engine,
        verdict: &verdict,
        silences: &silences,
        devices: &devices,
    };
    let condition = match &policy.trigger {
        Trigger::While(condition) => Some(condition),
        Trigger::On { condition, .. } => condition.as_ref(),
    };
    let horizons = match verdict.until {
        None => devices
            .iter()
            .filter_map(|device| Some((device.clone(), engine.horizon(device)?)))
            .collect(),
        Some(_) => Vec::new(),
    };
    // A policy on events looks only when one comes; what stood before is seen by one that looks all the time.
    let watched = match &policy.trigger {
        Trigger::On { .. } => watched(past, policy, &names),
        Trigger::While(_) => Vec::new(),
    };
    let watched: Vec<&Look> = watched.iter().filter(|look| concerns(look, &verdict)).collect();
    let seen = match &policy.trigger {
        Trigger::On { .. } => &watched,
        Trigger::While(_) => &looks,
    };
    Some(Explanation {
        recorded: None,
        names: teller.names(seen),
        clauses: match (&policy.trigger, condition) {
            (Trigger::While(_), Some(condition)) => teller.clauses(condition, &looks),
            // What it asks of the event was true, or there would be no verdict.
            _ => Vec::new(),
        },
        ways: way::ways(past, &verdict, policy, &engine, &looks),
        policy: policy.head.clone(),
        pieces,
        silences,
        horizons,
        verdict,
    })
}

/// Looks at the names of a policy on events by a policy that holds over time and reads them.
fn watched(past: &Past, policy: &Policy, names: &[&'static str]) -> Vec<Look> {
    let per = policy.head.per;
    let readable = |name: &&'static str| {
        let forms = [
            (*name).to_owned(),
            format!("{name} > 0"),
            format!("size({name}) > 0"),
            format!("{name} == \"in\""),
        ];
        forms.into_iter().find(|form| expr::compile(form, per, &[]).is_ok())
    };
    let source = names.iter().filter_map(readable).collect::<Vec<_>>().join(" || ");
    let Ok(condition) = expr::compile(&source, per, &[]) else {
        return Vec::new();
    };
    let id = PolicyId::new("names");
    let mut head = policy.head.clone();
    head.id = id.clone();
    // Unlike an indication, it looks in an emergency too.
    head.class = Class::Technical;
    let watching = Policy::watching(head, condition);
    let policies = Arc::new(PolicySet {
        policies: vec![watching],
    });
    let mut engine = past.engine_under(Some(&policies), &[]);
    let mut trace = Trace::of(id);
    engine.judge_traced(&mut trace);
    trace.looks
}

/// Whether a look was at the verdict's subject. Who is signed in at a counter may change.
fn concerns(look: &Look, verdict: &Verdict) -> bool {
    match (&verdict.counter, &verdict.lockbox, &verdict.officer) {
        (Some(counter), ..) => look.counter.as_ref() == Some(counter),
        (None, Some(lockbox), _) => look.lockbox.as_ref() == Some(lockbox),
        (None, None, Some(officer)) => look.officer.as_ref() == Some(officer),
        (None, None, None) => true,
    }
}

fn pieces(held: &[Held], verdict: &Verdict) -> Vec<(Moment, Moment)> {
    let run = held.iter().find(|held| {
        held.counter == verdict.counter
            && held.lockbox == verdict.lockbox
            && held.officer == verdict.officer
            && held.pieces.first().is_some_and(|(start, _)| *start == verdict.since)
    });
    run.map_or_else(Vec::new, |run| run.pieces.clone())
}

/// The devices whose silence or horizon matters: those the verdict is about or rests on.
fn devices(engine: &Engine, verdict: &Verdict, names: &[&str]) -> Vec<DeviceId> {
    let lockbox_matters = names
        .iter()
        .any(|name| *name == "custody" || name.starts_with("lockbox."));
    let used = verdict
        .officer
        .as_ref()
        .filter(|_| lockbox_matters)
        .and_then(|officer| engine.lockbox_of(officer));
    let mut devices: Vec<DeviceId> = verdict.counter.iter().chain(&verdict.lockbox).cloned().collect();
    devices.extend(used);
    for reference in &verdict.evidence {
        let device = reference.split('#').next().and_then(|source| source.rsplit('/').next());
        if let Some((id, _)) = device.and_then(|device| engine.roster().device(device)) {
            devices.push(id.clone());
        }
    }
    let mut seen: Vec<DeviceId> = Vec::new();
    devices.retain(|device| {
        let fresh = !seen.contains(device);
        if fresh {
            seen.push(device.clone());
        }
        fresh
    });
    devices
}

fn silences(engine: &Engine, device: &DeviceId, verdict: &Verdict) -> Vec<Silence> {
    let until = verdict.until.unwrap_or(Moment::MAX);
    let from = verdict.since.plus_ms(-story::BACK_MS);
    engine
        .silences(device)
        .into_iter()
        .filter(|(start, end)| *start <= until && end.is_none_or(|end| end >= from))
        .map(|(from, until)| Silence {
            device: device.clone(),
            from,
            until,
        })
        .collect()
}
