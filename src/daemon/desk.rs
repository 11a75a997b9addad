//! One office at the daemon's desk: its engine, rebuilt from the ledger, and what is in force there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use super::judging::Judging;
use super::kept::{Reading, activations};
use crate::engine::event::{Event, Kind, MONITOR, OfficeId};
use crate::engine::policy::{Head, PolicySet};
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::engine::verdict::{Decision, Reason, Verdict};
use crate::engine::{Clock, Engine};
use crate::gaps::{Gap, Gaps};
use crate::skew::{self, ClockShown, Clocks};
use crate::store::rows::{EntryKind, NewEntry, Pin};
use crate::store::{LedgerRow, Store};
use crate::wire;

/// A roster and policies as their files hold them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Texts {
    pub roster: String,
    pub policies: PolicyTexts,
}

impl Texts {
    /// The office the roster is of.
    pub fn office(&self) -> Option<OfficeId> {
        Roster::parse(&self.roster).ok().map(|roster| roster.office.id)
    }
}

/// Heartbeats are kept one by one for so long: most of what comes out of order comes soon.
const THIN_AFTER_MS: i64 = 30 * 60_000;

/// An overlay stands among the policies under this and the office's id.
const OVERLAYS: &str = "overlays/";

/// Policy files by id, and the office's overlay.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct PolicyTexts(pub BTreeMap<String, String>);

impl PolicyTexts {
    pub fn parse(&self) -> Result<PolicySet> {
        let paths: Vec<(String, &String, &String)> = self
            .0
            .iter()
            .filter(|(id, _)| !id.starts_with(OVERLAYS))
            .map(|(id, text)| (format!("{id}.toml"), id, text))
            .collect();
        let mut policies = PolicySet::parse(
            paths
                .iter()
                .map(|(path, id, text)| (path.as_str(), id.as_str(), text.as_str())),
        )?;
        for (name, text) in self.0.iter().filter(|(name, _)| name.starts_with(OVERLAYS)) {
            policies = policies.overlaid(&format!("{name}.toml"), text)?;
        }
        Ok(policies)
    }

    /// The same policies under the overlay of an office.
    pub fn overlaid(&self, office: &OfficeId, overlay: String) -> PolicyTexts {
        let mut texts = self.clone();
        texts.0.insert(format!("{OVERLAYS}{office}"), overlay);
        texts
    }
}

pub struct Desk {
    pub office: OfficeId,
    /// From when on it is watched.
    pub since: Moment,
    pub roster: Arc<Roster>,
    pub policies: Arc<[Head]>,
    pub engine: Engine,
    /// The latest tick.
    pub ticked: Moment,
    /// What is known of the clocks of its devices, and which of their events are missing.
    pub clocks: Clocks,
    pub gaps: Gaps,
    /// The same, as it was last shown.
    pub clocks_shown: Arc<[ClockShown]>,
    pub gaps_shown: Arc<[Gap]>,
    /// When something was heard last that had happened long before.
    pub(super) heard_late: Option<Moment>,
    /// Why the past was judged anew when the office was opened, if it was.
    pub judged_anew: Option<Reason>,
    pub(super) judging: Judging,
    /// The place in the ledger of the newest snapshot of this office; 0 where there is none.
    pub ledger_n: i64,
    /// What is in force, as its files hold it.
    texts: Texts,
    clock: Clock,
}

impl Desk {
    /// Whether a policy in force says anything by where phones are.
    pub fn rests_on_custody(&self, policy: &str) -> bool {
        let head = self.policies.iter().find(|head| head.id.as_str() == policy);
        head.is_some_and(|head| head.condition.contains("custody"))
    }

    /// Rebuilds an office from the ledger. What the files say goes in force now where the ledger says otherwise; the
    /// entries for that are pushed to `entries`.
    pub async fn open(
        store: &Store,
        texts: &Texts,
        clock: Clock,
        now: Moment,
        keep_ms: i64,
        entries: &mut Vec<NewEntry>,
    ) -> Result<Desk> {
        let roster = Arc::new(Roster::parse(&texts.roster).context("the roster has faults")?);
        let policies = Arc::new(texts.policies.parse()?);
        let office = roster.office.id.clone();
        let activations = activations(store.rules(&office).await?)?;
        let desk = Desk::from_snapshot(store, &activations, &office, clock, keep_ms).await?;
        let reading = Reading {
            store,
            activations: &activations,
            office: &office,
            clock,
            keep_ms,
        };
        let desk = reading.go_on(desk, i64::MAX, |_| true).await?;
        let mut desk = match desk {
            Some(desk) => desk,
            None => Desk::new(texts, clock, keep_ms)?,
        };
        match activations.is_empty() {
            false => {
                entries.extend(desk.put_in_force(texts, now)?);
                // All that the ledger holds is judged, so what this decides follows from the files alone.
                let decided = desk.engine.judge();
                let mut reasons = decided.iter().map(Decision::reason);
                desk.judged_anew = reasons.find(|reason| *reason == Reason::CalendarChanged);
            }
            true => {
                entries.push(desk.rules_entry(EntryKind::Roster, texts.roster.clone().into_bytes(), now, now));
                entries.push(desk.rules_entry(EntryKind::Policies, policies_body(&texts.policies)?, now, now));
            }
        }
        desk.since = activations.first().map_or(now, |first| first.at);
        desk.roster = roster;
        desk.policies = policies.heads().cloned().collect();
        desk.engine.judge();
        Ok(desk)
    }

    pub(super) fn new(texts: &Texts, clock: Clock, keep_ms: i64) -> Result<Desk> {
        let roster = Arc::new(Roster::parse(&texts.roster).context("the roster in the ledger has faults")?);
        let policies = Arc::new(texts.policies.parse()?);
        let engine = Engine::new(roster.clone(), policies.clone(), clock);
        Ok(Desk::of(engine, roster, policies, texts, clock, keep_ms))
    }

    /// A desk on which nothing lies yet.
    pub(super) fn of(
        mut engine: Engine,
        roster: Arc<Roster>,
        policies: Arc<PolicySet>,
        texts: &Texts,
        clock: Clock,
        keep_ms: i64,
    ) -> Desk {
        engine.judge_again_within(keep_ms);
        Desk {
            office: roster.office.id.clone(),
            since: Moment::MIN,
            policies: policies.heads().cloned().collect(),
            engine,
            roster,
            ticked: Moment::MIN,
            clocks: Clocks::default(),
            gaps: Gaps::default(),
            clocks_shown: Arc::new([]),
            gaps_shown: Arc::new([]),
            heard_late: None,
            judged_anew: None,
            judging: Judging::default(),
            ledger_n: 0,
            texts: texts.clone(),
            clock,
        }
    }

    /// Puts in force, from now on (a calendar from when it says), what differs from what is; answers the entries that say so. Where events are the
    /// clock, now is the first moment that they have not reached.
    pub fn put_in_force(&mut self, texts: &Texts, now: Moment) -> Result<Vec<NewEntry>> {
        let mut entries = Vec::new();
        let at = match self.clock {
            // What was judged stays judged, and a clock that was set back puts nothing in force before what already is.
            Clock::Ticks => {
                let judged = self
                    .engine
                    .clock()
                    .unwrap_or(Moment::MIN)
                    .max(self.engine.in_force_since());
                match judged == Moment::MIN {
                    true => now,
                    false => now.max(judged.plus_ms(1)),
                }
            }
            Clock::Events => self.engine.clock().map_or(now, |clock| clock.plus_ms(1)),
        };
        if self.texts.roster != texts.roster {
            entries.push(self.rules_entry(EntryKind::Roster, texts.roster.clone().into_bytes(), now, at));
        }
        if !self.policies_that_differ(texts)?.is_empty() {
            entries.push(self.rules_entry(EntryKind::Policies, policies_body(&texts.policies)?, now, at));
        }
        if !entries.is_empty() {
            self.activate(texts, at)?;
        }
        Ok(entries)
    }

    /// The ids of policies that these files add, change or remove, or an overlay does. What only reads differently, as a
    /// comment does, changes none.
    pub fn policies_that_differ(&self, texts: &Texts) -> Result<BTreeSet<String>> {
        if self.texts.policies == texts.policies {
            return Ok(BTreeSet::new());
        }
        let says = |head: &Head| {
            (
                head.id.to_string(),
                (head.content_hash(), head.enabled, head.overlay.clone()),
            )
        };
        let old: BTreeMap<String, _> = self.policies.iter().map(says).collect();
        let new: BTreeMap<String, _> = texts.policies.parse()?.heads().map(says).collect();
        let ids = old.keys().chain(new.keys());
        Ok(ids.filter(|id| old.get(*id) != new.get(*id)).cloned().collect())
    }

    /// Now, as the office reckons: where events are the clock, the latest moment they have reached.
    pub(super) fn moment(&self, now: Moment) -> Moment {
        match self.clock {
            Clock::Ticks => now,
            Clock::Events => self.engine.clock().unwrap_or(now),
        }
    }

    pub fn roster_changed(&self, entries: &[NewEntry]) -> bool {
        entries.iter().any(|entry| entry.kind == EntryKind::Roster)
    }

    /// By what a verdict was judged.
    pub fn pin(&self, verdict: &Verdict) -> Option<Pin> {
        let head = self.engine.policy_at(&verdict.policy, verdict.since)?;
        Some(Pin {
            policy_hash: head.content_hash(),
            engine: crate::engine::VERSION.to_owned(),
        })
    }

    pub(super) fn activate(&mut self, texts: &Texts, at: Moment) -> Result<()> {
        self.roster = Arc::new(Roster::parse(&texts.roster).context("the roster in the ledger has faults")?);
        let policies = Arc::new(texts.policies.parse()?);
        self.policies = policies.heads().cloned().collect();
        self.engine.activate(at, self.roster.clone(), policies);
        self.judging.rules_changed();
        self.texts = texts.clone();
        Ok(())
    }

    /// Takes in again what the ledger holds.
    pub(super) fn again(&mut self, row: &LedgerRow) {
        let n = row.n;
        match skew::read_again(&row.body, row.time, row.clock.as_deref(), &self.roster) {
            Ok(event) => {
                let kind = self.roster.device_kind(event.device.as_str());
                self.clocks.remember(&event, kind, row.received);
                self.gaps.hear(&event, row.received);
                if matches!(event.kind, Kind::Ticked) {
                    self.ticked = self.ticked.max(event.time);
                }
                if self.engine.insert(event).is_err() {
                    tracing::warn!(
                        entry = n,
                        "an entry of the ledger is older than what can be judged again"
                    );
                }
            }
            Err(rejected) => tracing::warn!(
                entry = n,
                code = rejected.code,
                "an entry of the ledger cannot be read again"
            ),
        }
    }

    /// Gives up what lies further back than `keep_ms`; what comes for it later is too late.
    pub fn settle(&mut self, keep_ms: i64) {
        if let Some(clock) = self.engine.clock() {
            self.engine.forget(clock.plus_ms(-keep_ms));
        }
        self.thin();
    }

    /// Gives up single heartbeats of which it is enough that there were some.
    pub fn thin(&mut self) {
        if let Some(clock) = self.engine.clock() {
            self.engine.thin(clock.plus_ms(-THIN_AFTER_MS));
        }
    }

    /// `at` is from when on it is in force.
    pub(super) fn rules_entry(&self, kind: EntryKind, body: Vec<u8>, now: Moment, at: Moment) -> NewEntry {
        NewEntry {
            received: now,
            kind,
            office: self.office.clone(),
            source: format!("/{}/{MONITOR}", self.office),
            id: uuid::Uuid::now_v7().to_string(),
            time: at,
            body,
            clock: None,
        }
    }

    /// Ticks the office clock: the event for the engine and the entry for the ledger.
    pub fn tick(&mut self, at: Moment, now: Moment) -> Option<NewEntry> {
        if at <= self.ticked {
            return None;
        }
        let event = Event {
            office: self.office.clone(),
            device: crate::engine::event::DeviceId::new(MONITOR),
            id: uuid::Uuid::now_v7().to_string().into_boxed_str(),
            time: at,
            place: None,
            kind: Kind::Ticked,
            reading: None,
        };
        let entry = NewEntry {
            received: now,
            kind: EntryKind::Tick,
            office: self.office.clone(),
            source: format!("/{}/{MONITOR}", self.office),
            id: event.id.to_string(),
            time: at,
            body: wire::to_json(&event, self.roster.office.zone).into_bytes(),
            clock: None,
        };
        self.ticked = at;
        // The clock only moves forward here, so nothing can be too late for it.
        self.engine.insert(event).ok()?;
        Some(entry)
    }
}

fn policies_body(policies: &PolicyTexts) -> Result<Vec<u8>> {
    serde_json::to_vec(policies).context("policies as JSON")
}
