//! What a start need not fold again: the newest snapshot of an office that fits, and what was in force up to it.

use std::sync::Arc;

use anyhow::{Context as _, Result};

use super::desk::{Desk, PolicyTexts, Texts};
use crate::engine::event::{DeviceId, OfficeId};
use crate::engine::policy::PolicySet;
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::engine::{Clock, Engine, NoSnapshot};
use crate::gaps::{Gap, Gaps};
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

/// A ledger to be judged again.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub store: &'a Store,
    pub activations: &'a [Activation],
    pub office: &'a OfficeId,
    pub clock: Clock,
    pub keep_ms: i64,
}

impl Reading<'_> {
    /// Goes on from where a desk stands, or from the begin, up to entry `up_to`; of events and ticks, only those wanted.
    pub async fn go_on(
        &self,
        mut desk: Option<Desk>,
        up_to: i64,
        wanted: impl Fn(&LedgerRow) -> bool,
    ) -> Result<Option<Desk>> {
        let mut after = desk.as_ref().map_or(0, |desk| desk.ledger_n);
        while after < up_to {
            let page = self.store.entries(after, None).await?;
            let Some(last) = page.last() else { break };
            after = last.n;
            let here = |row: &LedgerRow| row.office == *self.office && row.n <= up_to;
            for row in page.into_iter().filter(here) {
                match row.kind {
                    EntryKind::Roster | EntryKind::Policies => {
                        let Some(activated) = self.activations.iter().find(|activated| activated.n == row.n) else {
                            continue;
                        };
                        match &mut desk {
                            None => desk = Some(Desk::new(&activated.texts, self.clock, self.keep_ms)?),
                            Some(desk) => desk.activate(&activated.texts, activated.at)?,
                        }
                    }
                    EntryKind::Event | EntryKind::Visit | EntryKind::Pulse | EntryKind::Tick => match &mut desk {
                        Some(desk) if wanted(&row) => desk.again(&row),
                        _ => {}
                    },
                    EntryKind::Case
                    | EntryKind::Message
                    | EntryKind::Trace
                    | EntryKind::Retention
                    | EntryKind::Hold => {}
                }
            }
            if let Some(desk) = &mut desk {
                desk.engine.judge();
                desk.settle(self.keep_ms + 86_400_000);
            }
        }
        Ok(desk)
    }
}

/// An office as its ledger has it from the begin up to entry `up_to`; of events and ticks, only those wanted. `None`
/// where no roster is in force by then.
pub async fn fold_office(
    store: &Store,
    office: &OfficeId,
    (clock, keep_ms, up_to): (Clock, i64, i64),
    wanted: impl Fn(&LedgerRow) -> bool,
) -> Result<Option<Desk>> {
    let activations = activations(store.rules(office).await?)?;
    let reading = Reading {
        store,
        activations: &activations,
        office,
        clock,
        keep_ms,
    };
    reading.go_on(None, up_to, wanted).await
}

/// A snapshot held against the fold of the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Held {
    pub office: OfficeId,
    pub ledger_n: i64,
    /// What it says otherwise; empty where it says the same.
    pub differs: Vec<&'static str>,
}

/// Folds each office's ledger from the begin and holds every snapshot that a start could use against what comes of it.
pub async fn check_snapshots(store: &Store, clock: Clock, keep_ms: i64) -> Result<Vec<Held>> {
    let mut held = Vec::new();
    for office in store.offices().await? {
        let activations = activations(store.rules(&office).await?)?;
        let reading = Reading {
            store,
            activations: &activations,
            office: &office,
            clock,
            keep_ms,
        };
        let mut before = i64::MAX;
        let mut desks = Vec::new();
        while let Some(found) = store.snapshot_before(&office, before).await? {
            before = found.ledger_n;
            let known = activations.partition_point(|activated| activated.n <= found.ledger_n);
            let restored = Desk::restore(&found.engine, &found.desk, &activations[..known], clock, keep_ms)?;
            match restored {
                Ok(desk) => desks.push((found.ledger_n, desk)),
                Err(why) => tracing::info!(entry = before, why = %why, "a snapshot is of no use to this version"),
            }
        }
        let mut fold = None;
        for (ledger_n, desk) in desks.into_iter().rev() {
            fold = reading.go_on(fold, ledger_n, |_| true).await?;
            let Some(whole) = &mut fold else { continue };
            whole.ledger_n = ledger_n;
            held.push(Held {
                office: office.clone(),
                ledger_n,
                differs: differences(&desk, whole, keep_ms),
            });
        }
    }
    Ok(held)
}

/// All that can be asked of an office, of both; but what is known of clocks, which only a monitor at work learns.
fn differences(one: &Desk, other: &Desk, keep_ms: i64) -> Vec<&'static str> {
    let (a, b) = (&one.engine, &other.engine);
    let devices: Vec<_> = one.roster.device_ids().collect();
    let silent = |engine: &Engine| -> Vec<_> {
        let open = |device: &&DeviceId| {
            engine
                .silences(device)
                .last()
                .filter(|silence| silence.1.is_none())
                .copied()
        };
        devices
            .iter()
            .map(|device| (open(device), engine.horizon(device)))
            .collect()
    };
    // What was filled is shown for a day, and what nobody can send any more is given up by the hour.
    let holes = |desk: &Desk| -> Vec<Gap> {
        let now = desk.ticked.max(desk.engine.clock().unwrap_or(Moment::MIN));
        let mut gaps = desk.gaps.clone();
        gaps.forget(now, keep_ms);
        gaps.shown(now).into_iter().filter(|gap| gap.filled.is_none()).collect()
    };
    let alike = [
        ("verdicts", a.verdicts() == b.verdicts()),
        ("the office as it stands", a.view() == b.view()),
        ("what is silent", silent(a) == silent(b)),
        ("the office clock", (a.clock(), one.ticked) == (b.clock(), other.ticked)),
        ("what is awaited", a.wake_at() == b.wake_at()),
        ("what is in force", a.in_force_since() == b.in_force_since()),
        ("missing events", holes(one) == holes(other)),
    ];
    alike
        .into_iter()
        .filter(|(_, alike)| !alike)
        .map(|(what, _)| what)
        .collect()
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
