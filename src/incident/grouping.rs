//! Which verdicts are one incident, and which number it keeps when that changes.

use std::collections::BTreeSet;

use chrono_tz::Tz;

use super::{Book, Incident, Lane, LaneKey, Touched};
use crate::engine::policy::Head;
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::engine::verdict::{Reason, Verdict};
use crate::letter::Stretch;
use crate::store::rows::{IncidentRow, IncidentState};

/// The contract's default of `group_within`, for verdicts of a policy that is gone.
const GROUP_WITHIN_MS: i64 = 30 * 60_000;

/// Verdicts, given as (number, since, until), in runs with less than `within_ms` between them, one business date each;
/// runs and their members in order of time.
fn runs(mut verdicts: Vec<(i64, Moment, Option<Moment>)>, within_ms: i64, zone: Tz) -> Vec<Vec<i64>> {
    verdicts.sort_by_key(|(n, since, until)| (*since, until.unwrap_or(Moment::MAX), *n));
    let mut runs: Vec<Vec<i64>> = Vec::new();
    let mut last: Option<(chrono::NaiveDate, Moment)> = None;
    for (n, since, until) in verdicts {
        let date = since.date(zone);
        let end = until.unwrap_or(Moment::MAX);
        match (&mut last, runs.last_mut()) {
            (Some((day, reached)), Some(run)) if *day == date && since.ms_since(*reached) < within_ms => {
                run.push(n);
                *reached = end.max(*reached);
            }
            _ => {
                runs.push(vec![n]);
                last = Some((date, end));
            }
        }
    }
    runs
}

/// So many lines are kept for a letter; of more, the earliest and the latest.
const EVIDENCE_MAX: usize = 64;
const EVIDENCE_FIRST: usize = 8;

/// How an incident came to a run of verdicts.
enum Origin {
    /// It had some of them before.
    Kept,
    /// It had lost all of its verdicts; these are near to what it was about.
    Revived,
    /// All incidents that had some of them go on elsewhere; the first of those.
    SplitFrom(i64),
    New,
}

impl Book {
    /// Regroups one lane after its verdicts changed.
    pub(super) fn regroup(
        &mut self,
        key: &LaneKey,
        roster: &Roster,
        policies: &[Head],
        now: Moment,
        touched: &mut Touched,
        changed: &mut BTreeSet<i64>,
    ) {
        let zone = roster.office.zone;
        let head = policies.iter().find(|head| head.id == key.policy);
        let within_ms = head.map_or(GROUP_WITHIN_MS, |head| head.group_within_ms);
        let mut lane = self.lanes.remove(key).unwrap_or_default();
        let verdicts = lane
            .verdicts
            .iter()
            .map(|n| (*n, self.standing[n].verdict.since, self.standing[n].verdict.until))
            .collect();
        let runs = runs(verdicts, within_ms, zone);
        let assigned = self.assign(&lane, &runs, within_ms, zone);

        let before: BTreeSet<i64> = lane.incidents.clone();
        for (run, (n, origin)) in runs.iter().zip(&assigned) {
            lane.incidents.insert(*n);
            self.take(*n, origin, run, now, touched, changed);
        }
        let kept: BTreeSet<i64> = assigned.iter().map(|(n, _)| *n).collect();
        for n in before.difference(&kept) {
            self.leave(*n, touched, changed);
        }
        self.note(touched, changed);
        for n in lane.incidents.iter().filter(|n| changed.contains(n)) {
            let verdicts: Vec<(i64, &Verdict)> = match runs.iter().zip(&assigned).find(|(_, (m, _))| m == n) {
                Some((run, _)) => run.iter().map(|v| (*v, &self.standing[v].verdict)).collect(),
                None => Vec::new(),
            };
            if let Some(incident) = self.incidents.get_mut(n) {
                incident.stand(&verdicts, zone, now);
            }
        }
        if !lane.verdicts.is_empty() || !lane.incidents.is_empty() {
            self.lanes.insert(key.clone(), lane);
        }
    }

    /// The number each run goes on with: the oldest incident that has a verdict of it, unless an earlier run took that.
    fn assign(&mut self, lane: &Lane, runs: &[Vec<i64>], within_ms: i64, zone: Tz) -> Vec<(i64, Origin)> {
        let owned: BTreeSet<i64> = lane
            .verdicts
            .iter()
            .filter_map(|verdict| self.standing[verdict].incident)
            .collect();
        let mut taken = BTreeSet::new();
        let mut assigned = Vec::new();
        for run in runs {
            let owners: BTreeSet<i64> = run.iter().filter_map(|n| self.standing[n].incident).collect();
            let kept = owners.iter().find(|n| !taken.contains(*n));
            let (n, origin) = match (kept, owners.first()) {
                (Some(n), _) => (*n, Origin::Kept),
                (None, first) => {
                    let revived = lane
                        .incidents
                        .iter()
                        .find(|n| !owned.contains(n) && !taken.contains(*n) && self.is_near(**n, run, within_ms, zone));
                    match (revived, first) {
                        (Some(n), _) => (*n, Origin::Revived),
                        (None, first) => {
                            let n = self.next_incident;
                            self.next_incident += 1;
                            (n, first.map_or(Origin::New, |first| Origin::SplitFrom(*first)))
                        }
                    }
                }
            };
            taken.insert(n);
            assigned.push((n, origin));
        }
        assigned
    }

    /// Whether a run would have belonged to what an incident was about before it lost its verdicts.
    fn is_near(&self, incident: i64, run: &[i64], within_ms: i64, zone: Tz) -> bool {
        let Some(incident) = self.incidents.get(&incident) else {
            return false;
        };
        let verdicts = || run.iter().map(|n| &self.standing[n].verdict);
        let Some(start) = verdicts().map(|verdict| verdict.since).min() else {
            return false;
        };
        let end = verdicts().map(|verdict| verdict.until.unwrap_or(Moment::MAX)).max();
        let end = end.unwrap_or(start);
        incident.stood.iter().any(|stretch| {
            // Of one withdrawn while it held, the moment it opened is the last that was sure.
            let stood_until = stretch.until.unwrap_or(stretch.opened);
            let gap = start.ms_since(stood_until).max(stretch.since.ms_since(end));
            stretch.since.date(zone) == start.date(zone) && gap < within_ms
        })
    }

    /// Gives a run of verdicts to an incident.
    fn take(
        &mut self,
        n: i64,
        origin: &Origin,
        run: &[i64],
        now: Moment,
        touched: &mut Touched,
        changed: &mut BTreeSet<i64>,
    ) {
        if let Some(first) = run.first() {
            let verdict = &self.standing[first].verdict;
            self.incidents
                .entry(n)
                .or_insert_with(|| Incident::new(n, verdict, now));
        }
        if let Some(incident) = self.incidents.get_mut(&n) {
            incident.fate.split_from = match (origin, incident.row.state) {
                (Origin::SplitFrom(other), _) => Some(*other),
                (Origin::Revived, IncidentState::Joined(other)) => Some(other),
                _ => incident.fate.split_from,
            };
        }
        if !matches!(origin, Origin::Kept) {
            changed.insert(n);
        }
        for verdict in run {
            if touched.verdicts.contains(verdict) {
                changed.insert(n);
            }
            let Some(standing) = self.standing.get_mut(verdict) else {
                continue;
            };
            let former = standing.incident.replace(n);
            let Some(former) = former.filter(|former| *former != n) else {
                continue;
            };
            touched.verdicts.insert(*verdict);
            changed.extend([n, former]);
            if let Some(former) = self.incidents.get_mut(&former) {
                former.fate.moved.push((*verdict, n));
            }
        }
        let retracted_here = touched.retracted.values().any(|standing| standing.incident == Some(n));
        if retracted_here {
            changed.insert(n);
        }
    }

    /// An incident that has no verdicts any more: they went to an older one, or were all withdrawn.
    fn leave(&mut self, n: i64, touched: &Touched, changed: &mut BTreeSet<i64>) {
        let Some(incident) = self.incidents.get_mut(&n) else {
            return;
        };
        if incident.stands.is_empty() {
            return;
        }
        changed.insert(n);
        // Only what it still had before this turn counts; what was split off earlier is another matter.
        let had = |verdict: i64| incident.stands.iter().any(|stretch| stretch.verdict == verdict);
        let mut moved = incident.fate.moved.iter().filter(|(verdict, _)| had(*verdict));
        let older = moved.next().map(|(_, older)| *older);
        incident.row.state = match older {
            Some(older) => IncidentState::Joined(older),
            None => IncidentState::Retracted,
        };
        debug_assert!(older.is_some() || !touched.retracted.is_empty());
        let Some(older) = older else { return };
        let correspondents = incident.correspondents.clone();
        let was_told = incident.letters > 0;
        incident.fate.moved.clear();
        if let Some(older) = self.incidents.get_mut(&older) {
            if was_told {
                older.fate.joined.push(n);
            }
            // Who was told of the younger alone goes on in that thread of his.
            for other in correspondents {
                if older.correspondents.iter().all(|one| one.address != other.address) {
                    older.correspondents.push(other);
                }
            }
        }
    }

    /// Hands evidence and reasons of the turn to the incidents they belong to.
    fn note(&mut self, touched: &mut Touched, changed: &BTreeSet<i64>) {
        let notes = std::mem::take(&mut touched.notes);
        for (verdict, reason, evidence) in notes {
            let standing = self.standing.get(&verdict).or_else(|| touched.retracted.get(&verdict));
            let n = standing.and_then(|standing| standing.incident);
            let Some(n) = n.filter(|n| changed.contains(n)) else {
                // Its lane has not been regrouped yet.
                if standing.is_some() {
                    touched.notes.push((verdict, reason, evidence));
                }
                continue;
            };
            let Some(incident) = self.incidents.get_mut(&n) else {
                continue;
            };
            let explains = |reason: Reason| {
                use Reason::{CalendarChanged, LateEvent, RulesChanged, SilenceKnown};
                matches!(reason, LateEvent | SilenceKnown | RulesChanged | CalendarChanged)
            };
            if !incident.reason.is_some_and(explains) || explains(reason) {
                incident.reason = Some(reason);
            }
            for line in evidence {
                if !incident.evidence.contains(&line) {
                    incident.evidence.push(line);
                }
            }
            incident
                .evidence
                .sort_by(|a, b| (a.at, &a.device).cmp(&(b.at, &b.device)));
            // A letter shows the first few and the last; more need not be kept until it is written.
            let surplus = incident.evidence.len().saturating_sub(EVIDENCE_MAX);
            if surplus > 0 {
                incident.evidence.drain(EVIDENCE_FIRST..EVIDENCE_FIRST + surplus);
            }
        }
    }
}

impl Incident {
    fn new(n: i64, verdict: &Verdict, now: Moment) -> Incident {
        Incident {
            row: IncidentRow {
                n,
                office: verdict.office.clone(),
                policy: verdict.policy.clone(),
                class: verdict.class,
                severity: verdict.severity,
                counter: verdict.counter.clone(),
                lockbox: verdict.lockbox.clone(),
                officer: verdict.officer.clone(),
                date: String::new(),
                since: verdict.since,
                until: verdict.until,
                state: IncidentState::Open,
                created: now,
                changed: now,
            },
            stands: Vec::new(),
            stood: Vec::new(),
            told: Some(Vec::new()),
            correspondents: Vec::new(),
            letters: 0,
            last_letter: None,
            fate: super::Fate::default(),
            reason: None,
            evidence: Vec::new(),
        }
    }

    /// Brings the row in line with the verdicts; `changed` moves only when something people are told of did.
    fn stand(&mut self, verdicts: &[(i64, &Verdict)], zone: Tz, now: Moment) {
        let stands: Vec<Stretch> = verdicts.iter().map(|(n, verdict)| stretch(*n, verdict)).collect();
        let former = self.row.clone();
        if let Some((_, first)) = verdicts.first() {
            let open = stands.iter().any(|stretch| stretch.until.is_none());
            self.row.class = first.class;
            self.row.severity = first.severity;
            self.row.counter = first.counter.clone();
            self.row.lockbox = first.lockbox.clone();
            self.row.date = first.since.date(zone).to_string();
            self.row.since = first.since;
            self.row.until = match open {
                true => None,
                false => stands.iter().filter_map(|stretch| stretch.until).max(),
            };
            self.row.state = match open {
                true => IncidentState::Open,
                false => IncidentState::Ended,
            };
            self.stood = stands.clone();
        }
        if self.row != former || self.stands != stands || self.row.created == now {
            self.row.changed = now;
        }
        self.stands = stands;
    }
}

/// A verdict as letters and pages speak of it.
pub fn stretch(n: i64, verdict: &Verdict) -> Stretch {
    Stretch {
        verdict: n,
        since: verdict.since,
        opened: verdict.opened,
        until: verdict.until,
        counter: verdict.counter.clone(),
    }
}
