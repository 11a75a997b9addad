//! What would have opened, vanished and moved.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::sides::{Plain, Side};
use crate::engine::event::{DeviceId, OfficerId, PolicyId};
use crate::engine::verdict::Verdict;

/// How one verdict differs.
#[derive(Clone, PartialEq, Debug)]
pub enum Change {
    /// Only the candidate says it.
    Opened(Verdict),
    /// The candidate does not say it any more.
    Vanished(Verdict),
    /// Same policy and subject, overlapping interval, and something of it is otherwise.
    Moved { before: Verdict, after: Verdict },
}

impl Change {
    /// The verdict as the candidate has it; what vanished, as it was.
    pub fn verdict(&self) -> &Verdict {
        match self {
            Change::Opened(verdict) | Change::Vanished(verdict) | Change::Moved { after: verdict, .. } => verdict,
        }
    }

    pub fn word(&self) -> &'static str {
        match self {
            Change::Opened(_) => "opened",
            Change::Vanished(_) => "vanished",
            Change::Moved { .. } => "moved",
        }
    }

    pub fn before(&self) -> Option<&Verdict> {
        match self {
            Change::Opened(_) => None,
            Change::Vanished(verdict) | Change::Moved { before: verdict, .. } => Some(verdict),
        }
    }

    pub fn after(&self) -> Option<&Verdict> {
        match self {
            Change::Vanished(_) => None,
            Change::Opened(verdict) | Change::Moved { after: verdict, .. } => Some(verdict),
        }
    }
}

/// All verdicts of both sides.
#[derive(Default, Debug)]
pub struct Comparison {
    /// What both say to the millisecond.
    pub same: Vec<Verdict>,
    /// In the order of their begin.
    pub changes: Vec<Change>,
}

/// Business dates, both included.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Dates {
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
}

impl Dates {
    pub fn hold(&self, date: NaiveDate) -> bool {
        self.from.is_none_or(|from| date >= from) && self.to.is_none_or(|to| date <= to)
    }
}

type SubjectKey = (PolicyId, Option<DeviceId>, Option<DeviceId>, Option<OfficerId>);

/// Compares what a joined fold says. A pair counts when either of its begins lies within the dates.
pub fn compare(joined: Vec<Verdict>, dates: Dates, zone: Tz) -> Comparison {
    let mut comparison = Comparison::default();
    let mut plain = Plain::default();
    let mut lanes: BTreeMap<SubjectKey, [Vec<Verdict>; 2]> = BTreeMap::new();
    let within = |verdict: &Verdict| dates.hold(verdict.since.date(zone));
    for verdict in joined {
        let (side, verdict) = plain.verdict(verdict);
        let lane = match side {
            Side::Both => {
                if within(&verdict) {
                    comparison.same.push(verdict);
                }
                continue;
            }
            Side::Before => 0,
            Side::After => 1,
        };
        let key = (
            verdict.policy.clone(),
            verdict.counter.clone(),
            verdict.lockbox.clone(),
            verdict.officer.clone(),
        );
        lanes.entry(key).or_default()[lane].push(verdict);
    }
    for (_, [before, after]) in lanes {
        pair(before, after, &mut comparison);
    }
    comparison.same.retain(within);
    comparison
        .changes
        .retain(|change| change.before().is_some_and(within) || change.after().is_some_and(within));
    comparison.same.sort_by(|a, b| a.order().cmp(&b.order()));
    comparison
        .changes
        .sort_by(|a, b| a.verdict().order().cmp(&b.verdict().order()));
    comparison
}

/// Pairs verdicts of one policy and subject, each side in order of time: first what is the same, then what overlaps.
fn pair(before: Vec<Verdict>, after: Vec<Verdict>, comparison: &mut Comparison) {
    let said = |verdict: &Verdict| {
        (
            verdict.since,
            verdict.opened,
            verdict.until,
            verdict.class,
            verdict.severity,
        )
    };
    let mut before: Vec<Option<Verdict>> = before.into_iter().map(Some).collect();
    let mut fresh = Vec::new();
    // Both lists are in order of their begin, so nothing before the first that may still match is looked at again.
    let mut start = 0;
    for verdict in after {
        while before
            .get(start)
            .is_some_and(|old| old.as_ref().is_none_or(|old| old.since < verdict.since))
        {
            start += 1;
        }
        let mut same = before[start..]
            .iter_mut()
            .take_while(|old| old.as_ref().is_none_or(|old| old.since <= verdict.since));
        match same.find(|old| old.as_ref().is_some_and(|old| said(old) == said(&verdict))) {
            Some(old) => {
                *old = None;
                comparison.same.push(verdict);
            }
            None => fresh.push(verdict),
        }
    }
    let mut rest: Vec<Option<Verdict>> = before.into_iter().filter(Option::is_some).collect();
    let mut start = 0;
    for verdict in fresh {
        // Verdicts of one subject never overlap each other, so their ends are in order as well.
        while rest
            .get(start)
            .is_some_and(|old| old.as_ref().is_none_or(|old| ends_before(old, &verdict)))
        {
            start += 1;
        }
        match rest.get_mut(start) {
            Some(old) if old.as_ref().is_some_and(|old| old.overlaps(&verdict)) => {
                if let Some(before) = old.take() {
                    comparison.changes.push(Change::Moved { before, after: verdict });
                }
            }
            _ => comparison.changes.push(Change::Opened(verdict)),
        }
    }
    comparison
        .changes
        .extend(rest.into_iter().flatten().map(Change::Vanished));
}

fn ends_before(old: &Verdict, verdict: &Verdict) -> bool {
    old.until.is_some_and(|until| until < verdict.since)
}
