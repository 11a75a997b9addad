//! Events leave the ledger when they were kept long enough, and nothing that is said of later days may change with it. What
//! may go is not reasoned out but tried: the ledger is judged with and without it, past the cut and on over all days that
//! can still be judged again. Only where both say the same, and the office stands alike at the end, anything goes; else
//! the last acts of those who stand otherwise stay, then all of theirs, and else the office waits for another night.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Instant;

use anyhow::Result;

use super::{Retention, announcement};
use crate::daemon;
use crate::engine::event::{DeviceId, Event, Kind, OfficeId, OfficerId};
use crate::engine::time::Moment;
use crate::engine::verdict::Verdict;
use crate::engine::{Clock, Standing};
use crate::ledger::hold::Holds;
use crate::past;
use crate::skew;
use crate::store::{BATCH, Candidate, LedgerRow};

const DAY_MS: i64 = 86_400_000;
/// The numbers of a batch lie no further apart than this.
const SPAN: i64 = 100_000;
/// So many coverages are taken away at once.
const UNCOVERED: usize = 200;

/// How an office is judged.
#[derive(Clone, Copy, Debug)]
pub struct Judging {
    pub clock: Clock,
    /// Business dates are judged again until so long after their end.
    pub settle_after_ms: i64,
}

/// Where the past is cut.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    pub now: Moment,
    pub until: Moment,
    /// The first entry that is not before it.
    pub before: i64,
    /// Up to here the ledger is judged with and without what goes.
    pub up_to: i64,
}

/// What stays of an office's entries before the cut.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
struct Kept {
    entries: HashSet<i64>,
    /// Entries of which coverage was kept, as ranges of numbers: the whole of a coverage or nothing.
    covered: Vec<(i64, i64)>,
}

/// What an office comes to at the end of what is judged.
#[derive(PartialEq)]
struct Said {
    verdicts: Vec<Verdict>,
    standing: Standing,
}

/// An event before the cut.
struct Past {
    n: i64,
    event: Event,
    packed: bool,
}

impl Cut {
    /// The day behind the cut is the last of which something may be judged otherwise.
    fn said_up_to(&self) -> Moment {
        self.until.plus_ms(DAY_MS)
    }
}

impl Retention {
    pub(super) async fn cut(&self, now: Moment) -> Result<Cut> {
        let until = now.plus_ms(-self.rules.events_ms);
        let judged = until.plus_ms(self.judging.settle_after_ms + 3 * DAY_MS);
        Ok(Cut {
            now,
            until,
            before: self.store.received_from(until).await?,
            up_to: self.store.received_from(judged).await? - 1,
        })
    }

    /// Lets events go, office by office, and what coverage there is of heartbeats before the cut.
    pub(super) async fn events(&self, cut: Cut, holds: &Holds, heard: &mut impl FnMut(&str, u64)) -> Result<()> {
        let coverages = self.store.coverages(cut.before).await?;
        if coverages.is_empty() && self.store.candidates(0, cut.before).await?.is_empty() {
            return Ok(());
        }
        let evidence = self.store.evidence().await?;
        let mut plans: HashMap<OfficeId, Kept> = HashMap::new();
        let mut all = true;
        for office in self.store.offices().await? {
            match self.plan(&office, cut, &coverages, (&evidence, holds)).await? {
                Some(kept) => drop(plans.insert(office, kept)),
                None => {
                    all = false;
                    tracing::info!(%office, "events older than they are kept stay for another day: what is judged rests on them");
                }
            }
        }
        self.remove(cut, &plans, heard).await?;
        if all {
            self.store.forget_who_served(cut.until.date(chrono_tz::UTC)).await?;
            let stays = |first: i64, last: i64| {
                let ranges = plans.values().flat_map(|kept| &kept.covered);
                ranges.into_iter().any(|(from, to)| *from <= last && first <= *to)
            };
            let goes: Vec<i64> = coverages
                .iter()
                .filter(|(_, first, last)| !stays(*first, *last))
                .map(|(n, ..)| *n)
                .collect();
            self.uncover(cut, &goes).await?;
        }
        Ok(())
    }

    /// What of an office must stay. `None`: all of it, this time.
    async fn plan(
        &self,
        office: &OfficeId,
        cut: Cut,
        coverages: &[(i64, i64, i64)],
        (evidence, holds): (&HashSet<String>, &Holds),
    ) -> Result<Option<Kept>> {
        let past = self.past(office, cut).await?;
        if past.is_empty() {
            return Ok(Some(Kept::default()));
        }
        let stays = |past: &&Past| {
            let officer = past.event.kind.officer().map(OfficerId::as_str);
            evidence.contains(&past.event.reference()) || holds.keep_event(office.as_str(), officer, past.event.time)
        };
        let mut kept = Kept::default();
        let held = past.iter().filter(stays);
        kept.keep(held, coverages);
        let whole = self.said(office, cut, |_| true).await?;
        let mut subjects = Subjects::default();
        for attempt in 0..4 {
            let tried = self.said(office, cut, |row| kept.has(row)).await?;
            if tried == whole {
                return Ok(Some(kept));
            }
            subjects.add(&whole, &tried);
            let theirs = past.iter().filter(|past| subjects.has(&past.event));
            match attempt {
                // Who stands otherwise may have acted with others.
                0 | 1 => kept.keep(last_of_each(theirs).into_iter(), coverages),
                2 => {
                    kept.keep(theirs, coverages);
                    kept.covered
                        .extend(coverages.iter().map(|(_, first, last)| (*first, *last)));
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// Every act of an office before the cut that can be read, and of what is packed the last of each device.
    async fn past(&self, office: &OfficeId, cut: Cut) -> Result<Vec<Past>> {
        let rules = past::rules(&self.store, office).await?;
        let (mut all, mut after) = (Vec::new(), 0);
        let mut beats: HashMap<DeviceId, Past> = HashMap::new();
        while after + 1 < cut.before {
            let page = self.store.entries(after, None).await?;
            let Some(last) = page.last() else { break };
            after = last.n;
            for row in page.iter().filter(|row| row.office == *office && row.n < cut.before) {
                let known = rules.partition_point(|rules| rules.entry < row.n);
                let roster = &rules[known.max(1) - 1].roster;
                let Ok(event) = skew::read_again(&row.body, row.time, row.clock.as_deref(), roster) else {
                    continue;
                };
                let packed = row.is_packed();
                let past = Past {
                    n: row.n,
                    event,
                    packed,
                };
                if !packed {
                    all.push(past);
                } else if beats
                    .get(&past.event.device)
                    .is_none_or(|last| last.event.time <= past.event.time)
                {
                    beats.insert(past.event.device.clone(), past);
                }
            }
        }
        all.extend(beats.into_values());
        Ok(all)
    }

    /// What the office says with some of what was before the cut: of all that is still compared with what was said.
    async fn said(&self, office: &OfficeId, cut: Cut, stays: impl Fn(&LedgerRow) -> bool) -> Result<Option<Said>> {
        let keep_ms = self.judging.settle_after_ms + DAY_MS;
        let how = (self.judging.clock, keep_ms, cut.up_to);
        let wanted = |row: &LedgerRow| row.n >= cut.before || stays(row);
        let desk = daemon::fold_office(&self.store, office, how, wanted).await?;
        Ok(desk.map(|desk| {
            let mut verdicts = desk.engine.verdicts();
            verdicts.retain(|verdict| verdict.until.is_none_or(|until| until > cut.said_up_to()));
            Said {
                verdicts,
                standing: desk.engine.standing(),
            }
        }))
    }

    async fn remove(&self, cut: Cut, plans: &HashMap<OfficeId, Kept>, heard: &mut impl FnMut(&str, u64)) -> Result<()> {
        let mut after = 0;
        loop {
            let some = self.store.candidates(after, cut.before).await?;
            let Some(last) = some.last() else { return Ok(()) };
            after = last.row.n;
            let goes = |one: &&Candidate| plans.get(&one.row.office).is_some_and(|kept| !kept.has(&one.row));
            let gone: Vec<_> = some.iter().filter(goes).map(|one| (one.row.n, one.hash)).collect();
            let together = |a: &(i64, _), b: &(i64, _)| a.0 / SPAN == b.0 / SPAN;
            for part in gone.chunk_by(together).flat_map(|near| near.chunks(BATCH)) {
                let mut said = announcement("events", cut.until);
                said.counts.insert("event".to_owned(), part.len() as u64);
                let times = [cut.until, cut.said_up_to(), cut.now];
                loop {
                    let began = crate::clock::instant();
                    let done = self.store.take_out(said.clone(), part, None, times).await;
                    if self.rest(began, done).await?.is_some() {
                        break;
                    }
                }
                heard("events", part.len() as u64);
            }
        }
    }

    async fn uncover(&self, cut: Cut, removals: &[i64]) -> Result<()> {
        for part in removals.chunks(UNCOVERED) {
            let mut said = announcement("events", cut.until);
            said.coverage_of = part.to_vec();
            loop {
                let began: Instant = crate::clock::instant();
                let done = self.store.uncover(&said, cut.now).await;
                if self.rest(began, done).await?.is_some() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// How many entries are older than they are kept; which of them must stay, a run finds out.
    pub(super) async fn events_due(&self, now: Moment) -> Result<u64> {
        let before = self.cut(now).await?.before;
        let (mut after, mut count) = (0, 0);
        loop {
            let some = self.store.candidates(after, before).await?;
            let Some(last) = some.last() else { return Ok(count) };
            after = last.row.n;
            count += some.len() as u64;
        }
    }
}

impl Kept {
    fn keep<'p>(&mut self, past: impl Iterator<Item = &'p Past>, coverages: &[(i64, i64, i64)]) {
        for one in past {
            match one.packed {
                false => drop(self.entries.insert(one.n)),
                true => {
                    let around = coverages
                        .iter()
                        .filter(|(_, first, last)| (*first..=*last).contains(&one.n));
                    self.covered.extend(around.map(|(_, first, last)| (*first, *last)));
                }
            }
        }
        self.covered.sort_unstable();
        self.covered.dedup();
    }

    fn has(&self, row: &LedgerRow) -> bool {
        match row.is_packed() {
            false => self.entries.contains(&row.n),
            true => self
                .covered
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&row.n)),
        }
    }
}

/// Who stands otherwise without what would go.
#[derive(Default)]
struct Subjects {
    devices: BTreeSet<DeviceId>,
    officers: BTreeSet<OfficerId>,
}

impl Subjects {
    fn add(&mut self, whole: &Option<Said>, tried: &Option<Said>) {
        let (Some(whole), Some(tried)) = (whole, tried) else {
            return;
        };
        let (devices, officers) = whole.standing.differences(&tried.standing);
        self.devices.extend(devices);
        self.officers.extend(officers);
        let differs = |one: &Said, other: &Said| -> Vec<Verdict> {
            let missing = one.verdicts.iter().filter(|verdict| !other.verdicts.contains(verdict));
            missing.cloned().collect()
        };
        for verdict in differs(whole, tried).into_iter().chain(differs(tried, whole)) {
            self.devices.extend(verdict.counter.into_iter().chain(verdict.lockbox));
            self.officers.extend(verdict.officer);
        }
        // A phone is out or in by what its lockbox tells.
        let lockboxes: Vec<DeviceId> = self
            .officers
            .iter()
            .flat_map(|officer| [whole, tried].map(|said| said.standing.lockbox(officer)))
            .flatten()
            .collect();
        self.devices.extend(lockboxes);
    }

    fn has(&self, event: &Event) -> bool {
        self.devices.contains(&event.device)
            || event
                .kind
                .officer()
                .is_some_and(|officer| self.officers.contains(officer))
    }
}

/// Of events that say the same of the same, the last one.
fn last_of_each<'p>(past: impl Iterator<Item = &'p Past>) -> Vec<&'p Past> {
    let mut last: HashMap<(DeviceId, String), &Past> = HashMap::new();
    for one in past {
        let what = match &one.event.kind {
            Kind::ServiceStarted { .. } => "service started".to_owned(),
            kind => format!("{kind:?}"),
        };
        let known = last.entry((one.event.device.clone(), what)).or_insert(one);
        if known.event.time <= one.event.time {
            *known = one;
        }
    }
    last.into_values().collect()
}
