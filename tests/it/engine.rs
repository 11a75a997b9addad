//! Properties of the engine: the order and the portions in which events come change nothing.

use std::collections::HashSet;
use std::sync::Arc;

use jagaloket::engine::event::Event;
use jagaloket::engine::policy::PolicySet;
use jagaloket::engine::roster::Roster;
use jagaloket::engine::verdict::{Decision, Verdict};
use jagaloket::engine::{Clock, Engine};
use jagaloket::{replay, wire};
use proptest::prelude::*;

use crate::support::{EXAMPLE_DAYS, example, example_events, policies};

pub fn rules() -> (Arc<Roster>, Arc<PolicySet>) {
    let roster = replay::read_roster(&example("roster.toml")).unwrap();
    let policies = replay::read_policies(&policies()).unwrap();
    (Arc::new(roster), Arc::new(policies))
}

pub fn events(day: &str, roster: &Roster) -> Vec<Event> {
    let mut seen = HashSet::new();
    example_events(day)
        .iter()
        .map(|line| wire::parse(None, line.as_bytes(), roster, &wire::Limits::REPLAY).unwrap())
        .filter(|event| seen.insert((event.device.clone(), event.id.clone())))
        .collect()
}

pub fn without_evidence(mut verdicts: Vec<Verdict>) -> Vec<Verdict> {
    verdicts.iter_mut().for_each(|verdict| verdict.evidence.clear());
    verdicts
}

/// Plays the events in portions, and checks that the decisions told on the way add up to what is said in the end.
pub fn play(events: &[Event], portion: impl FnMut() -> usize) -> Vec<Verdict> {
    let (roster, policies) = rules();
    let mut engine = Engine::new(roster, policies, Clock::Events);
    let mut told: Vec<Verdict> = Vec::new();
    let mut portion = portion;
    let mut rest = events;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(portion().clamp(1, rest.len()));
        for event in now {
            engine.insert(event.clone()).unwrap();
        }
        rest = later;
        for decision in engine.judge() {
            match decision {
                Decision::Opened { verdict, .. } => told.push(verdict),
                Decision::Amended { before, verdict, .. } => {
                    let place = told
                        .iter()
                        .position(|told| *told == before)
                        .expect("only what was told is amended");
                    told[place] = verdict;
                }
                Decision::Retracted { verdict, .. } => {
                    let place = told
                        .iter()
                        .position(|told| *told == verdict)
                        .expect("only what was told is retracted");
                    told.remove(place);
                }
            }
        }
    }
    let verdicts = engine.verdicts();
    told.sort_by(|a, b| a.order().cmp(&b.order()));
    assert_eq!(
        without_evidence(told),
        without_evidence(verdicts.clone()),
        "decisions add up to the verdicts"
    );
    verdicts
}

#[test]
fn one_by_one_in_the_given_order_equals_all_at_once() {
    let (roster, _) = rules();
    for day in EXAMPLE_DAYS {
        let events = events(day, &roster);
        let at_once = play(&events, || usize::MAX);
        let one_by_one = play(&events, || 1);
        assert_eq!(without_evidence(one_by_one), without_evidence(at_once), "{day}");
    }
}

#[test]
fn sorted_by_time_and_one_by_one_equals_all_at_once() {
    let (roster, _) = rules();
    for day in EXAMPLE_DAYS {
        let mut events = events(day, &roster);
        let at_once = play(&events, || usize::MAX);
        events.sort_by_key(|event| event.time);
        assert_eq!(play(&events, || 1), at_once, "{day}");
    }
}

/// Heartbeats may be in the ledger twice, long after each other: nothing that is said hangs on how often one came.
#[test]
fn heartbeats_that_come_again_anywhere_change_no_verdict() {
    let (roster, _) = rules();
    let days = EXAMPLE_DAYS.iter().map(|day| events(day, &roster));
    let wild = (1..25).map(|seed| crate::soups::soup(seed, "small", &roster));
    for (n, mut all) in days.chain(wild).enumerate() {
        let once = play(&all, || usize::MAX);
        let mut rng = fastrand::Rng::with_seed(n as u64);
        let heartbeats = all.iter().filter(|event| event.kind.is_pulse());
        let again: Vec<Event> = heartbeats.filter(|_| rng.bool()).cloned().collect();
        for event in again {
            all.insert(rng.usize(..=all.len()), event);
        }
        assert_eq!(play(&all, || rng.usize(1..900)), once, "day {n} in its order");
        rng.shuffle(&mut all);
        assert_eq!(play(&all, || rng.usize(1..900)), once, "day {n} in another order");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_order_in_any_portions_gives_the_same_verdicts(seed in any::<u64>(), day in 0..EXAMPLE_DAYS.len(), portion in 1usize..900) {
        let (roster, _) = rules();
        let mut events = events(EXAMPLE_DAYS[day], &roster);
        let at_once = play(&events, || usize::MAX);
        let mut rng = fastrand::Rng::with_seed(seed);
        rng.shuffle(&mut events);
        let shuffled = play(&events, || rng.usize(1..=portion));
        prop_assert_eq!(without_evidence(shuffled), without_evidence(at_once));
    }

    #[test]
    fn no_verdict_is_shorter_than_its_limit(seed in any::<u64>(), day in 0..EXAMPLE_DAYS.len(), part in 0.1f64..1.0) {
        let (roster, policies) = rules();
        let mut events = events(EXAMPLE_DAYS[day], &roster);
        let mut rng = fastrand::Rng::with_seed(seed);
        events.retain(|_| rng.f64() < part);
        for verdict in play(&events, || usize::MAX) {
            let head = policies.heads().find(|head| head.id == verdict.policy).unwrap();
            prop_assert!(verdict.opened.ms_since(verdict.since) >= head.for_ms);
            if let Some(until) = verdict.until {
                prop_assert!(until >= verdict.opened);
                prop_assert!(head.condition.starts_with("on ") || until.ms_since(verdict.since) > head.for_ms);
            }
        }
    }
}
