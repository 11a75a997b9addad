//! Two sets of policies as one: what both have stands once, the rest under names of its side.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::event::PolicyId;
use crate::engine::policy::{Policy, PolicySet};
use crate::engine::verdict::Verdict;

/// For which set a verdict speaks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Side {
    Both,
    /// The policies that were in force.
    Before,
    /// The candidate.
    After,
}

/// A policy's id is the name of its file, which holds no slash.
const BEFORE: &str = "before/";
const AFTER: &str = "after/";

/// How two sets are joined.
#[derive(Clone, Debug)]
pub struct Sides {
    after: PolicySet,
    /// What every set of before has exactly as the candidate does.
    shared: BTreeSet<PolicyId>,
}

impl Sides {
    /// `before` are all sets that were in force, one after the other.
    pub fn new<'a>(before: impl Iterator<Item = &'a PolicySet> + Clone, after: PolicySet) -> Sides {
        let stands_in_all = |policy: &&Policy| before.clone().all(|set| set.policies.contains(policy));
        let shared = after.policies.iter().filter(stands_in_all);
        Sides {
            shared: shared.map(|policy| policy.head.id.clone()).collect(),
            after,
        }
    }

    pub fn after(&self) -> &PolicySet {
        &self.after
    }

    /// Both sets in one, for one fold.
    pub fn joined(&self, before: &PolicySet) -> PolicySet {
        let shared = |policy: &&Policy| self.shared.contains(&policy.head.id);
        let named = |policy: &Policy, prefix: &str| {
            let mut policy = policy.clone();
            policy.head.id = PolicyId::new(&format!("{prefix}{}", policy.head.id));
            policy
        };
        let own = before.policies.iter().filter(|policy| !shared(policy));
        let candidates = self.after.policies.iter().filter(|policy| !shared(policy));
        let mut policies: Vec<Policy> = self.after.policies.iter().filter(shared).cloned().collect();
        policies.extend(own.map(|policy| named(policy, BEFORE)));
        policies.extend(candidates.map(|policy| named(policy, AFTER)));
        PolicySet { policies }
    }
}

/// Reads back the names that `joined` gave; each is made once.
#[derive(Default, Debug)]
pub struct Plain {
    known: BTreeMap<PolicyId, (Side, PolicyId)>,
}

impl Plain {
    pub fn of(&mut self, joined: &PolicyId) -> (Side, PolicyId) {
        let known = self.known.entry(joined.clone()).or_insert_with(|| {
            let name = joined.as_str();
            match (name.strip_prefix(BEFORE), name.strip_prefix(AFTER)) {
                (Some(id), _) => (Side::Before, PolicyId::new(id)),
                (None, Some(id)) => (Side::After, PolicyId::new(id)),
                (None, None) => (Side::Both, joined.clone()),
            }
        });
        known.clone()
    }

    /// The verdict under its policy's own name.
    pub fn verdict(&mut self, mut verdict: Verdict) -> (Side, Verdict) {
        let (side, id) = self.of(&verdict.policy);
        verdict.policy = id;
        (side, verdict)
    }
}
