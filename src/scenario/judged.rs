//! Judges scenarios with the engine that runs live, and compares what it says with what was expected.

use std::sync::Arc;

use crate::engine::policy::{Policy, PolicySet};
use crate::engine::trace::Trace;
use crate::engine::verdict::Verdict;
use crate::engine::{Clock, Engine};

use super::{Scenario, Word};

/// Longer stories are not judged event by event as well: that costs the square of their length.
const ONE_BY_ONE_MAX: usize = 400;

/// What came of one scenario.
#[derive(Debug)]
pub struct Judged {
    pub got: Vec<Word>,
    pub passed: bool,
    /// Another order of arrival gave other verdicts, which the engine promises never happens.
    pub disorder: bool,
}

/// The policy alone, and in force, also where it ships switched off.
pub fn policies(policy: &Policy) -> Arc<PolicySet> {
    let mut policy = policy.clone();
    policy.head.enabled = true;
    Arc::new(PolicySet { policies: vec![policy] })
}

/// The policy alone, as it is in force.
pub fn in_force(policy: &Policy) -> Arc<PolicySet> {
    Arc::new(PolicySet {
        policies: vec![policy.clone()],
    })
}

/// Judges a scenario in the order of time, and again in other orders of arrival.
pub fn judge(scenario: &Scenario, policies: &Arc<PolicySet>) -> Judged {
    let got = in_order(scenario, policies);
    Judged {
        passed: got == scenario.expected && !scenario.expect_missing,
        disorder: disordered(scenario, policies) != got,
        got,
    }
}

/// What a policy says of a scenario.
pub fn in_order(scenario: &Scenario, policies: &Arc<PolicySet>) -> Vec<Word> {
    let mut engine = Engine::new(scenario.roster.clone(), policies.clone(), Clock::Events);
    for event in &scenario.events {
        let _ = engine.insert(event.clone());
    }
    engine.judge();
    words(engine.verdicts())
}

/// What judging a scenario sees.
pub fn traced(scenario: &Scenario, policies: &Arc<PolicySet>) -> Trace {
    let mut engine = Engine::new(scenario.roster.clone(), policies.clone(), Clock::Events);
    let mut trace = Trace::default();
    for event in &scenario.events {
        let _ = engine.insert(event.clone());
    }
    engine.judge_traced(&mut trace);
    trace
}

/// The same events shuffled, judged again and again on the way.
fn disordered(scenario: &Scenario, policies: &Arc<PolicySet>) -> Vec<Word> {
    let mut engine = Engine::new(scenario.roster.clone(), policies.clone(), Clock::Events);
    let mut order: Vec<usize> = (0..scenario.events.len()).collect();
    // Any fixed shuffle will do; this one needs no library.
    let mut seed = 0x9e37_79b9_7f4a_7c15u64;
    for last in (1..order.len()).rev() {
        seed = seed
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        order.swap(last, ((seed >> 33) % (last as u64 + 1)) as usize);
    }
    let portion = if order.len() <= ONE_BY_ONE_MAX {
        1
    } else {
        order.len() / 3
    };
    for part in order.chunks(portion.max(1)) {
        for ix in part {
            let _ = engine.insert(scenario.events[*ix].clone());
        }
        engine.judge();
    }
    words(engine.verdicts())
}

fn words(verdicts: Vec<Verdict>) -> Vec<Word> {
    let mut words: Vec<Word> = verdicts
        .into_iter()
        .map(|verdict| Word {
            since: verdict.since,
            counter: verdict.counter.map(|id| id.to_string()),
            lockbox: verdict.lockbox.map(|id| id.to_string()),
            officer: verdict.officer.map(|id| id.to_string()),
            opened: verdict.opened,
            until: verdict.until,
        })
        .collect();
    words.sort();
    words
}
