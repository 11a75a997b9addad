//! Explains verdicts from what is kept: of a ledger, or of files.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, bail};

use super::ledger::{LedgerRules, rules};
use crate::daemon::DAY_MS;
use crate::engine::event::{Event, OfficeId};
use crate::engine::policy::PolicySet;
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::engine::verdict::Verdict;
use crate::explain::{Explanation, Past, Question, Rules, explain};
use crate::replay;
use crate::skew;
use crate::store::Store;

/// So far back is read, until the verdict comes out as it stands; the last is everything.
const BACK_MS: [i64; 3] = [2 * DAY_MS, 16 * DAY_MS, i64::MAX / 4];
/// What came after its end may say how the end came about, as the first word after a gap does.
const AFTERWARDS_MS: i64 = 3_600_000;

/// An explanation and the roster it speaks of.
pub type Explained = (Box<Explanation>, Arc<Roster>);

/// Explains a verdict of a ledger. `None` where judging again does not give it: it was retracted meanwhile, or rests on
/// more than is kept. Business dates are settled `settle_after_ms` after their end.
pub async fn explain_stored(store: &Store, verdict: &Verdict, settle_after_ms: i64) -> Result<Option<Explained>> {
    let rules = rules(store, &verdict.office).await?;
    let end = verdict.until.map_or(Moment::MAX, |until| until.plus_ms(AFTERWARDS_MS));
    let mut near = None;
    for back_ms in BACK_MS {
        let begin = verdict.since.plus_ms(-back_ms);
        let past = stored(store, &verdict.office, &rules, begin..=end, settle_after_ms).await?;
        let after = rules.partition_point(|rules| rules.from <= verdict.since);
        let roster = rules[after.max(1) - 1].roster.clone();
        let question = Question::of(verdict);
        // It judges a day and more, several times over: not on a thread that answers others.
        let found = tokio::task::spawn_blocking(move || explain(&past, &question)).await?;
        if let Some(mut found) = found.filter(|found| found.verdict.opened == verdict.opened) {
            let exact = found.verdict.until == verdict.until;
            found.recorded = (!exact).then(|| verdict.clone());
            near = Some((Box::new(found), roster));
            // Too short a past may know another end.
            if exact {
                break;
            }
        }
    }
    Ok(near)
}

/// What a ledger holds of an office between two moments, under the rules of their time.
async fn stored(
    store: &Store,
    office: &OfficeId,
    rules: &[LedgerRules],
    span: RangeInclusive<Moment>,
    settle_after_ms: i64,
) -> Result<Past> {
    Ok(Past {
        rules: in_force(rules, *span.start()),
        events: events(store, office, rules, span).await?,
        again_ms: settle_after_ms + DAY_MS,
    })
}

/// The events and ticks that a ledger holds of an office between two moments.
pub(super) async fn events(
    store: &Store,
    office: &OfficeId,
    rules: &[LedgerRules],
    span: RangeInclusive<Moment>,
) -> Result<Vec<Event>> {
    // An event was accepted by the roster of the moment it came, which may be later than its own.
    let roster_when = |entry: i64| {
        let after = rules.partition_point(|rules| rules.entry < entry);
        &rules[after.max(1) - 1].roster
    };
    let rows = store.window(office, *span.start(), *span.end()).await?;
    // Each entry goes as its event is read: there may be many.
    Ok(rows
        .into_iter()
        .filter_map(|row| skew::read_again(&row.body, row.time, row.clock.as_deref(), roster_when(row.n)).ok())
        .collect())
}

/// The rules from a moment on; what was in force at it comes first.
pub(super) fn in_force(rules: &[LedgerRules], begin: Moment) -> Vec<Rules> {
    let mut first = rules.partition_point(|rules| rules.from <= begin).max(1) - 1;
    // Until a calendar begins, the one before it counts.
    while first > 0 && rules[first].roster.calendar_from().is_some_and(|from| from > begin) {
        first -= 1;
    }
    let rules = rules[first..].iter();
    rules
        .map(|rules| Rules {
            from: rules.from,
            roster: rules.roster.clone(),
            policies: rules.policies.clone(),
        })
        .collect()
}

/// A verdict as people name it.
pub struct Named {
    pub policy: String,
    /// Fractions of a second may be left out.
    pub since: Moment,
    pub counter: Option<String>,
    pub lockbox: Option<String>,
    pub officer: Option<String>,
}

impl Named {
    fn is(&self, verdict: &Verdict) -> bool {
        let part =
            |wanted: &Option<String>, is: Option<&str>| wanted.as_deref().is_none_or(|wanted| is == Some(wanted));
        let same_time = match self.since.0 % 1_000 {
            0 => verdict.since.0.div_euclid(1_000) == self.since.0.div_euclid(1_000),
            _ => verdict.since == self.since,
        };
        verdict.policy.as_str() == self.policy
            && same_time
            && part(&self.counter, verdict.counter.as_ref().map(|id| id.as_str()))
            && part(&self.lockbox, verdict.lockbox.as_ref().map(|id| id.as_str()))
            && part(&self.officer, verdict.officer.as_ref().map(|id| id.as_str()))
    }
}

/// Explains a verdict of files, of which a day around it is read.
pub fn explain_files(files: &[PathBuf], roster: Roster, policies: PolicySet, named: &Named) -> Result<Explained> {
    let (begin, end) = (named.since.plus_ms(-2 * DAY_MS), named.since.plus_ms(DAY_MS));
    let roster = Arc::new(roster);
    let mut seen = HashSet::new();
    let mut events: Vec<Event> = Vec::new();
    replay::each_event(files, &roster, &mut |event| {
        if event.time >= begin && event.time <= end && seen.insert(event.reference()) {
            events.push(event);
        }
    })?;
    let past = Past {
        rules: vec![Rules {
            from: Moment::MIN,
            roster: roster.clone(),
            policies: Arc::new(policies),
        }],
        events,
        again_ms: i64::MAX / 4,
    };
    let verdicts = past.verdicts();
    let found: Vec<&Verdict> = verdicts.iter().filter(|verdict| named.is(verdict)).collect();
    let line = |verdict: &&Verdict| {
        let parts = [
            verdict.counter.as_ref().map(|id| format!("--counter {id}")),
            verdict.lockbox.as_ref().map(|id| format!("--lockbox {id}")),
            verdict.officer.as_ref().map(|id| format!("--officer {id}")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        format!(
            "  --since {} {}",
            verdict.since.rfc3339(roster.office.zone),
            parts.join(" ")
        )
    };
    match found.as_slice() {
        [] => {
            let others: Vec<&Verdict> = verdicts
                .iter()
                .filter(|verdict| verdict.policy.as_str() == named.policy)
                .collect();
            let others: Vec<String> = others.iter().map(line).collect();
            bail!(
                "no such verdict; of {} within a day there are {}\n{}",
                named.policy,
                others.len(),
                others.join("\n")
            )
        }
        [verdict] => match explain(&past, &Question::of(verdict)) {
            Some(found) => Ok((Box::new(found), roster)),
            None => bail!("the verdict is not given when it is judged again"),
        },
        many => bail!(
            "{} verdicts fit; name one:\n{}",
            many.len(),
            many.iter().map(line).collect::<Vec<_>>().join("\n")
        ),
    }
}
