//! A past in a ledger: its events in the order they came, its rosters and policies from when they were in force.

use std::cell::Cell;
use std::io::Write;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};

use super::{Note, Told, report, with_mail};
use crate::backtest::{Dates, Report, Sides};
use crate::daemon::DAY_MS;
use crate::daemon::desk::PolicyTexts;
use crate::engine::event::OfficeId;
use crate::engine::policy::PolicySet;
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::engine::{Clock, Engine};
use crate::replay::{Days, Ear, Heard};
use crate::skew;
use crate::store::rows::EntryKind;
use crate::store::{LedgerRow, Store};

/// Operations the engine holds before it is asked to forget the settled past.
const OPS_HELD: usize = 4_096;

/// Which ledger, and of which office.
pub struct Ledger {
    pub store: Store,
    pub runtime: tokio::runtime::Runtime,
    pub office: OfficeId,
    /// So far back the monitor judges again what comes late.
    pub keep_ms: i64,
    /// So far back it judges again by a changed calendar.
    pub again_ms: i64,
}

/// What was in force from a moment on.
pub struct LedgerRules {
    /// Number of the entry that completed it.
    pub entry: i64,
    pub from: Moment,
    pub roster: Arc<Roster>,
    pub policies: Arc<PolicySet>,
}

impl Ledger {
    /// The office that was asked for, or the only one there is.
    pub fn open(
        store: Store,
        runtime: tokio::runtime::Runtime,
        office: Option<&str>,
        settle_after_ms: i64,
    ) -> Result<Ledger> {
        let offices = runtime.block_on(store.offices())?;
        let names = || offices.iter().map(OfficeId::as_str).collect::<Vec<_>>().join(", ");
        let office = match (office, offices.as_slice()) {
            (Some(wanted), all) => match all.iter().find(|office| office.as_str() == wanted) {
                Some(office) => office.clone(),
                None => bail!("the ledger knows no office \"{wanted}\"; it has {}", names()),
            },
            (None, [only]) => only.clone(),
            (None, []) => bail!("the ledger is empty"),
            (None, _) => bail!("the ledger has several offices: name one with --office ({})", names()),
        };
        Ok(Ledger {
            store,
            runtime,
            office,
            keep_ms: settle_after_ms + 2 * DAY_MS,
            again_ms: settle_after_ms + DAY_MS,
        })
    }

    /// Everything that was in force, the oldest first.
    pub fn rules(&self) -> Result<Vec<LedgerRules>> {
        self.runtime.block_on(rules(&self.store, &self.office))
    }

    /// Calls `each` with every event of the office, in the order of the ledger, and with every entry of rules.
    pub fn each(&self, each: &mut dyn FnMut(LedgerRow) -> Result<()>) -> Result<()> {
        let mut after = 0;
        loop {
            let page = self.runtime.block_on(self.store.entries(after, None))?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.n;
            for row in page.into_iter().filter(|row| row.office == self.office) {
                each(row)?;
            }
        }
    }
}

/// Everything that was in force at an office, the oldest first; never empty.
pub async fn rules(store: &Store, office: &OfficeId) -> Result<Vec<LedgerRules>> {
    let (mut roster, mut policies): (Option<Arc<Roster>>, Option<Arc<PolicySet>>) = (None, None);
    let mut rules: Vec<LedgerRules> = Vec::new();
    for row in store.rules(office).await? {
        let text = String::from_utf8(row.body).context("an activated text in the ledger is not UTF-8")?;
        if row.kind == EntryKind::Roster {
            let parsed = Roster::parse(&text).context("a roster in the ledger has faults")?;
            roster = Some(Arc::new(parsed));
        } else {
            let texts: PolicyTexts = serde_json::from_str(&text).context("activated policies in the ledger")?;
            policies = Some(Arc::new(texts.parse().context("policies in the ledger have faults")?));
        }
        if let (Some(roster), Some(policies)) = (&roster, &policies) {
            rules.push(LedgerRules {
                entry: row.n,
                from: row.time,
                roster: roster.clone(),
                policies: policies.clone(),
            });
        }
    }
    if rules.is_empty() {
        bail!("the ledger holds no roster and policies of {office}");
    }
    Ok(rules)
}

/// Judges a ledger once, under both sets. What was in force is the baseline, unless another is given.
pub fn backtest(
    ledger: &Ledger,
    baseline: Option<PolicySet>,
    candidate: PolicySet,
    dates: Dates,
    err: &mut dyn Write,
) -> Result<Report> {
    let rules = ledger.rules()?;
    let baseline = baseline.map(Arc::new);
    let in_force = |ix: usize| baseline.as_ref().unwrap_or(&rules[ix].policies);
    let sides = Sides::new((0..rules.len()).map(|ix| &**in_force(ix)), candidate);
    let joined: Vec<Arc<PolicySet>> = (0..rules.len())
        .map(|ix| Arc::new(sides.joined(in_force(ix))))
        .collect();
    let mut too_late = 0u64;
    let (told, letters) = with_mail(ledger.keep_ms, |tell| {
        // Shared with the ear, which must know what is in force.
        let now = Cell::new(0);
        let mut hear = |heard| {
            if let Heard::Decided(at, decisions) = heard {
                let ix = now.get();
                tell(Note::Decided(
                    at,
                    decisions,
                    rules[ix].roster.clone(),
                    joined[ix].clone(),
                ));
            }
        };
        let mut ear = Ear::new(&mut hear);
        let mut engine = Engine::new(rules[0].roster.clone(), joined[0].clone(), Clock::Events);
        engine.judge_again_within(ledger.again_ms);
        let zone = rules[0].roster.office.zone;
        let (mut days, mut events, mut rejected) = (Days::default(), 0, 0);
        ledger.each(&mut |row| {
            match row.kind {
                EntryKind::Roster | EntryKind::Policies => {
                    let Some(next) = rules.iter().position(|rules| rules.entry == row.n).filter(|ix| *ix > 0) else {
                        return Ok(());
                    };
                    now.set(next);
                    engine.activate(rules[next].from, rules[next].roster.clone(), joined[next].clone());
                }
                EntryKind::Retention | EntryKind::Hold => {}
                EntryKind::Event | EntryKind::Pulse | EntryKind::Tick => {
                    let Ok(event) =
                        skew::read_again(&row.body, row.time, row.clock.as_deref(), &rules[now.get()].roster)
                    else {
                        rejected += 1;
                        return Ok(());
                    };
                    events += 1;
                    let (at, pulse) = (event.time, event.kind.is_pulse());
                    days.note(at, zone);
                    if engine.insert(event).is_err() {
                        too_late += 1;
                        return Ok(());
                    }
                    ear.after(&mut engine, at, pulse);
                    if engine.ops_len() > OPS_HELD {
                        engine.forget(engine.clock().unwrap_or(Moment::MIN).plus_ms(-ledger.keep_ms));
                    }
                }
                EntryKind::Case | EntryKind::Message | EntryKind::Trace | EntryKind::Visit => {}
            }
            Ok(())
        })?;
        ear.judge(&mut engine);
        let clock = engine.clock().unwrap_or(Moment::MIN);
        tell(Note::End(clock, rules[now.get()].roster.clone()));
        Ok(Told {
            verdicts: engine.verdicts(),
            days: days.dates,
            events,
            rejected,
            clock,
        })
    })?;
    if too_late > 0 {
        writeln!(
            err,
            "{too_late} events came for a time that was settled and are not judged"
        )?;
    }
    let last = rules.len() - 1;
    Ok(report(
        told,
        letters,
        &rules[last].roster,
        in_force(last),
        &sides,
        dates,
    ))
}
