//! What a start need not fold again: the newest snapshot of an office that fits, and what was in force up to it.

use std::sync::Arc;

use anyhow::{Context as _, Result};

use super::desk::{Desk, PolicyTexts, Texts};
use crate::engine::event::OfficeId;
use crate::engine::policy::PolicySet;
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::engine::{Clock, Engine, NoSnapshot};
use crate::gaps::Gaps;
use crate::ledger::Head;
use crate::skew::Clocks;
use crate::store::rows::EntryKind;
use crate::store::{LedgerRow, Store};

/// To be raised whenever something changes of what is kept beside an engine.
const FORMAT: u32 = 1;

/// A roster and policies that came into force together.
pub(super) struct Activation {
    /// The last entry that says so.
    pub n: i64,
    pub at: Moment,
    pub texts: Texts,
}

/// What the entries of rosters and policies put in force, in their order. What was activated together stands in two
/// entries of one receipt.
pub(super) fn activations(rows: Vec<LedgerRow>) -> Result<Vec<Activation>> {
    let (mut roster, mut policies): (Option<String>, Option<PolicyTexts>) = (None, None);
    let mut activations = Vec::new();
    let mut rows = rows.into_iter().peekable();
    while let Some(row) = rows.next() {
        let text = String::from_utf8(row.body).context("an activated text in the ledger is not UTF-8")?;
        if row.kind == EntryKind::Roster {
            roster = Some(text);
            let same = |next: &LedgerRow| (next.kind, next.time, next.received, next.n);
            let rest = (EntryKind::Policies, row.time, row.received, row.n + 1);
            if rows.peek().is_some_and(|next| same(next) == rest) {
                continue;
            }
        } else {
            policies = Some(serde_json::from_str(&text).context("activated policies in the ledger")?);
        }
        if let (Some(roster), Some(policies)) = (&roster, &policies) {
            activations.push(Activation {
                n: row.n,
                at: row.time,
                texts: Texts {
                    roster: roster.clone(),
                    policies: policies.clone(),
                },
            });
        }
    }
    Ok(activations)
}

impl Desk {
    /// The office as the newest snapshot has it that fits what was in force; `None` where there is none.
    pub(super) async fn from_snapshot(
        store: &Store,
        activations: &[Activation],
        office: &OfficeId,
        clock: Clock,
        keep_ms: i64,
    ) -> Result<Option<Desk>> {
        let mut before = i64::MAX;
        while let Some(found) = store.snapshot_before(office, before).await? {
            before = found.ledger_n;
            let known = activations.partition_point(|activated| activated.n <= found.ledger_n);
            match Desk::restore(&found.engine, &found.desk, &activations[..known], clock, keep_ms)? {
                Ok(mut desk) => {
                    desk.ledger_n = found.ledger_n;
                    return Ok(Some(desk));
                }
                Err(why) => tracing::info!(entry = before, why = %why, "a snapshot is of no use, the ledger is read"),
            }
        }
        Ok(None)
    }

    fn restore(
        engine: &[u8],
        desk: &[u8],
        activations: &[Activation],
        clock: Clock,
        keep_ms: i64,
    ) -> Result<Result<Desk, NoSnapshot>> {
        let Some(last) = activations.last() else {
            return Ok(Err(NoSnapshot::OtherRules));
        };
        let Ok((FORMAT, ticked, clocks, gaps)) = serde_json::from_slice::<(u32, Moment, Clocks, Gaps)>(desk) else {
            return Ok(Err(NoSnapshot::OtherVersion));
        };
        let mut rules: Vec<(Moment, Arc<Roster>, Arc<PolicySet>)> = Vec::new();
        for (n, activated) in activations.iter().enumerate() {
            let roster = Roster::parse(&activated.texts.roster).context("a roster in the ledger has faults")?;
            let policies = activated.texts.policies.parse()?;
            // The first ones have been in force since ever.
            let from = if n == 0 { Moment::MIN } else { activated.at };
            rules.push((from, Arc::new(roster), Arc::new(policies)));
        }
        let (_, roster, policies) = rules[rules.len() - 1].clone();
        rules.sort_by_key(|(from, ..)| *from);
        let engine = match Engine::restore(engine, rules, clock) {
            Ok(engine) => engine,
            Err(why) => return Ok(Err(why)),
        };
        let mut desk = Desk::of(engine, roster, policies, &last.texts, clock, keep_ms);
        desk.engine.judge();
        (desk.ticked, desk.clocks, desk.gaps) = (ticked, clocks, gaps);
        Ok(Ok(desk))
    }

    /// Keeps what was judged of all entries up to `head`, if there are any since it was kept last. That it cannot be
    /// kept costs the next start time and nothing else.
    pub async fn keep(&mut self, store: &Store, head: Head) {
        if head.n <= self.ledger_n {
            return;
        }
        let around = (FORMAT, self.ticked, &self.clocks, &self.gaps);
        let around = serde_json::to_vec(&around).expect("all keys are texts");
        match store
            .keep_snapshot(&self.office, head, self.engine.snapshot(), around)
            .await
        {
            Ok(()) => self.ledger_n = head.n,
            Err(error) => {
                let error = format!("{:#}", anyhow::Error::new(error));
                tracing::warn!(error, "no snapshot was kept: the next start takes longer");
            }
        }
    }
}
