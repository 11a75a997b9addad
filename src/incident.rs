//! Ring 1: verdicts that people handle as one, who is told of them, and which changes make a letter.
//!
//! A `Book` holds, in memory, all that can still change: the standing verdicts, their incidents and the mail threads.
//! A turn takes decisions of the engine and answers what to write: rows to store over what stood under their numbers,
//! and letters for the outbox. Everything a `Book` knows can be rebuilt from the rows it gave out.
//!
//! Verdicts of one policy about one officer (else one counter, lockbox or office) on one business date belong to one
//! incident while less than `group_within` lies between them. After a late event:
//! - joined: the older incident (the lower number) goes on, the younger is `Joined` to it;
//! - split: the older goes on with the part that is first in time, the others get incidents of their own;
//! - all withdrawn: `Retracted`; what opens later within `group_within` of it takes up the same incident and thread.

mod further;
mod gathered;
mod grouping;
mod past;
mod post;
mod recipients;
mod ruling;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::event::{DeviceId, OfficeId, OfficerId, PolicyId};
use crate::engine::policy::Head;
use crate::engine::roster::{Language, Roster};
use crate::engine::time::Moment;
use crate::engine::verdict::{Decision, Reason, Verdict};
use crate::letter::{EvidenceLine, House, Stretch};
use crate::store::rows::{Among, IncidentRow, NewLetter, StepKind, VerdictRow, VerdictStep};

pub use further::To;
use gathered::Gathered;
pub use grouping::stretch;
pub use past::Past;
pub use recipients::{may_be_told, present, recipients};
pub use ruling::{Fate, PACE_MS, PROMPT_LETTERS, Ruling, Silence, Thread, rule};

/// A decision with its evidence resolved, for the letter that may tell of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Noted {
    pub decision: Decision,
    /// In order of time.
    pub evidence: Vec<EvidenceLine>,
}

/// What a turn writes. Rows overwrite what stood under their numbers.
#[derive(Default, Debug)]
pub struct Outcome {
    pub verdicts: Vec<VerdictRow>,
    pub steps: Vec<VerdictStep>,
    pub incidents: Vec<IncidentRow>,
    pub letters: Vec<NewLetter>,
    /// Which letters tell of several incidents, and of which.
    pub among: Vec<Among>,
    /// What was decided about telling people, an entry an incident that changed.
    pub rulings: Vec<(i64, Ruling)>,
}

/// Standing verdicts, incidents and threads of all offices. Cloning it is how a turn that could not be committed is
/// undone.
#[derive(Clone, Debug)]
pub struct Book {
    house: House,
    next_verdict: i64,
    next_incident: i64,
    standing: BTreeMap<i64, Standing>,
    incidents: BTreeMap<i64, Incident>,
    lanes: BTreeMap<LaneKey, Lane>,
    /// Incidents with a change that people are told of later, and when.
    waiting: BTreeMap<i64, Moment>,
    /// Incidents that became known late, by office, until they are told of together.
    gathered: BTreeMap<OfficeId, Gathered>,
    /// What was over before this moment became known late.
    late_before: Option<Moment>,
    /// The office's clock has not come so far yet: what holds there may be over long since.
    behind: bool,
    /// Events of long ago go on coming for it.
    catches_up: bool,
    /// The latest moment at which anything was written.
    latest: Moment,
    /// Exemptions that were asked for: who asked is not the one to tell.
    asked: Vec<Asked>,
}

/// That somebody asked for an officer's exemption.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    pub office: OfficeId,
    pub by: String,
    pub officer: OfficerId,
    pub from: Moment,
    pub until: Moment,
}

/// A clock that is set back further than this was wrong altogether: nothing is dated by it any more.
const SET_BACK_MAX_MS: i64 = 3_600_000;

#[derive(Clone, Debug)]
struct Standing {
    verdict: Verdict,
    /// `None` until the turn in which it opened gives it one.
    incident: Option<i64>,
}

/// What an incident is about: verdicts of different lanes never share one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct LaneKey {
    office: OfficeId,
    policy: PolicyId,
    subject: Subject,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Subject {
    Officer(OfficerId),
    Counter(DeviceId),
    Lockbox(DeviceId),
    Office,
}

impl LaneKey {
    fn new(
        office: &OfficeId,
        policy: &PolicyId,
        officer: Option<&OfficerId>,
        counter: Option<&DeviceId>,
        lockbox: Option<&DeviceId>,
    ) -> LaneKey {
        let subject = match (officer, counter, lockbox) {
            (Some(officer), ..) => Subject::Officer(officer.clone()),
            (None, Some(counter), _) => Subject::Counter(counter.clone()),
            (None, None, Some(lockbox)) => Subject::Lockbox(lockbox.clone()),
            (None, None, None) => Subject::Office,
        };
        LaneKey {
            office: office.clone(),
            policy: policy.clone(),
            subject,
        }
    }

    fn of(verdict: &Verdict) -> LaneKey {
        LaneKey::new(
            &verdict.office,
            &verdict.policy,
            verdict.officer.as_ref(),
            verdict.counter.as_ref(),
            verdict.lockbox.as_ref(),
        )
    }
}

#[derive(Clone, Default, Debug)]
struct Lane {
    verdicts: BTreeSet<i64>,
    incidents: BTreeSet<i64>,
}

#[derive(Clone, Debug)]
struct Incident {
    row: IncidentRow,
    /// What stands now, in order of time; empty when all is withdrawn or went to another incident.
    stands: Vec<Stretch>,
    /// What stood last, when nothing does any more.
    stood: Vec<Stretch>,
    /// What the last letter said; `None`: unknown after a restart.
    told: Option<Vec<Stretch>>,
    correspondents: Vec<Correspondent>,
    letters: u32,
    last_letter: Option<Moment>,
    /// Gathered until a letter is written.
    fate: Fate,
    reason: Option<Reason>,
    evidence: Vec<EvidenceLine>,
}

/// A person who was told, and the thread in his mailbox.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Correspondent {
    person: String,
    address: String,
    language: Language,
    /// Of the thread's first letter.
    subject: String,
    /// Of the thread's first letter.
    message_id: String,
    letters: u32,
    /// Looked up whenever a letter is written: nobody is told of himself.
    may_be_told: bool,
}

/// What a turn has touched so far.
#[derive(Default)]
struct Touched {
    lanes: BTreeSet<LaneKey>,
    verdicts: BTreeSet<i64>,
    retracted: BTreeMap<i64, Standing>,
    steps: Vec<VerdictStep>,
    /// By verdict, until its incident is known.
    notes: Vec<(i64, Reason, Vec<EvidenceLine>)>,
}

impl Book {
    /// An empty book, for a new database.
    pub fn new(house: House) -> Book {
        Book {
            house,
            next_verdict: 1,
            next_incident: 1,
            standing: BTreeMap::new(),
            incidents: BTreeMap::new(),
            lanes: BTreeMap::new(),
            waiting: BTreeMap::new(),
            gathered: BTreeMap::new(),
            late_before: None,
            behind: false,
            catches_up: false,
            latest: Moment::MIN,
            asked: Vec::new(),
        }
    }

    /// Takes decisions of one office, in their order, and answers what to store. `policies` are those in force.
    /// Also without decisions it writes the letters that have waited until `now`.
    pub fn turn(&mut self, noted: Vec<Noted>, roster: &Roster, policies: &[Head], now: Moment) -> Outcome {
        let clock = now;
        let now = self.date(now);
        let mut touched = Touched::default();
        for note in noted {
            self.apply(note, now, &mut touched);
        }
        let mut changed = BTreeSet::new();
        for lane in std::mem::take(&mut touched.lanes) {
            self.regroup(&lane, roster, policies, now, &mut touched, &mut changed);
        }
        let mut outcome = Outcome {
            verdicts: self.verdict_rows(&touched, now),
            steps: touched.steps,
            incidents: changed
                .iter()
                .filter_map(|n| self.incidents.get(n))
                .filter(|incident| incident.row.changed == now)
                .map(|incident| incident.row.clone())
                .collect(),
            ..Outcome::default()
        };
        let due = self.waiting.iter().filter(|(_, due)| **due <= now).map(|(n, _)| *n);
        changed.extend(due.filter(|n| {
            let incident = self.incidents.get(n);
            incident.is_some_and(|incident| incident.row.office == roster.office.id)
        }));
        for n in changed {
            self.tell(n, roster, policies, now, &mut outcome);
        }
        self.tell_gathered(roster, policies, now, &mut outcome);
        for letter in &mut outcome.letters {
            letter.due = clock;
        }
        outcome
    }

    /// What a turn is dated: a restart tells by dates whether a change was told already, so that where the clock is set
    /// back they go on from where they were.
    fn date(&mut self, now: Moment) -> Moment {
        let behind_ms = self.latest.ms_since(now);
        let date = match behind_ms > 0 && behind_ms <= SET_BACK_MAX_MS {
            true => self.latest.plus_ms(1),
            false => now,
        };
        self.latest = date;
        date
    }

    /// When a turn without decisions would have something to say.
    pub fn next_wake(&self) -> Option<Moment> {
        let gathered = self.gathered.values().map(|gathered| gathered.due);
        self.waiting.values().copied().chain(gathered).min()
    }

    fn apply(&mut self, note: Noted, now: Moment, touched: &mut Touched) {
        let Noted { decision, evidence } = note;
        match decision {
            Decision::Opened { verdict, reason } => self.open(verdict, reason, evidence, now, touched),
            Decision::Amended {
                before,
                verdict,
                reason,
            } => match self.find(&before) {
                // Another subject is never the same verdict amended: what was said of the one is taken back.
                Some(n) if LaneKey::of(&before) != LaneKey::of(&verdict) => {
                    self.retract(n, reason, now, touched);
                    self.open(verdict, reason, evidence, now, touched);
                }
                Some(n) => self.amend(n, verdict, reason, evidence, now, touched),
                None => self.open(verdict, reason, evidence, now, touched),
            },
            Decision::Retracted { verdict, reason } => {
                if let Some(n) = self.find(&verdict) {
                    self.retract(n, reason, now, touched);
                }
            }
        }
    }

    fn open(
        &mut self,
        verdict: Verdict,
        reason: Reason,
        evidence: Vec<EvidenceLine>,
        now: Moment,
        touched: &mut Touched,
    ) {
        let key = LaneKey::of(&verdict);
        let lane = self.lanes.entry(key.clone()).or_default();
        // Said again after a restart: it stands to the letter already.
        if lane.verdicts.iter().any(|n| self.standing[n].verdict == verdict) {
            return;
        }
        let n = self.next_verdict;
        self.next_verdict += 1;
        lane.verdicts.insert(n);
        touched.lanes.insert(key);
        touched.verdicts.insert(n);
        touched.steps.push(step(n, StepKind::Opened, &verdict, reason, now));
        touched.notes.push((n, reason, evidence));
        let incident = None;
        self.standing.insert(n, Standing { verdict, incident });
    }

    fn amend(
        &mut self,
        n: i64,
        verdict: Verdict,
        reason: Reason,
        evidence: Vec<EvidenceLine>,
        now: Moment,
        touched: &mut Touched,
    ) {
        let Some(standing) = self.standing.get_mut(&n) else {
            return;
        };
        let interval = |verdict: &Verdict| (verdict.since, verdict.opened, verdict.until);
        // Evidence alone is stored, but is no step of what was said.
        if interval(&standing.verdict) != interval(&verdict) {
            touched.steps.push(step(n, StepKind::Amended, &verdict, reason, now));
        }
        let key = LaneKey::of(&verdict);
        standing.verdict = verdict;
        touched.lanes.insert(key);
        touched.verdicts.insert(n);
        touched.notes.push((n, reason, evidence));
    }

    fn retract(&mut self, n: i64, reason: Reason, now: Moment, touched: &mut Touched) {
        let Some(standing) = self.standing.remove(&n) else {
            return;
        };
        let key = LaneKey::of(&standing.verdict);
        if let Some(lane) = self.lanes.get_mut(&key) {
            lane.verdicts.remove(&n);
        }
        touched.lanes.insert(key);
        touched.verdicts.remove(&n);
        if standing.incident.is_none() {
            // It came and went within one turn: nobody was told, nothing was stored.
            touched.steps.retain(|step| step.verdict != n);
            return;
        }
        touched
            .steps
            .push(step(n, StepKind::Retracted, &standing.verdict, reason, now));
        touched.notes.push((n, reason, Vec::new()));
        touched.retracted.insert(n, standing);
    }

    /// The number of a standing verdict: the very same, else the same interval, else the same subject overlapping.
    fn find(&self, verdict: &Verdict) -> Option<i64> {
        let lane = self.lanes.get(&LaneKey::of(verdict))?;
        let standing = || lane.verdicts.iter().map(|n| (*n, &self.standing[n].verdict));
        let same_interval = |other: &Verdict| {
            (other.since, other.opened, other.until) == (verdict.since, verdict.opened, verdict.until)
        };
        standing()
            .find(|(_, other)| *other == verdict)
            .or_else(|| standing().find(|(_, other)| other.same_subject(verdict) && same_interval(other)))
            .or_else(|| standing().find(|(_, other)| other.same_subject(verdict) && other.overlaps(verdict)))
            .map(|(n, _)| n)
    }

    fn verdict_rows(&self, touched: &Touched, now: Moment) -> Vec<VerdictRow> {
        let row = |n: i64, standing: &Standing, retracted| {
            Some(VerdictRow {
                n,
                incident: standing.incident?,
                verdict: standing.verdict.clone(),
                retracted,
                changed: now,
                // Whoever has the engine knows.
                pin: None,
            })
        };
        let standing = touched
            .verdicts
            .iter()
            .filter_map(|n| row(*n, self.standing.get(n)?, false));
        let retracted = touched
            .retracted
            .iter()
            .filter_map(|(n, standing)| row(*n, standing, true));
        let mut rows: Vec<VerdictRow> = standing.chain(retracted).collect();
        rows.sort_by_key(|row| row.n);
        rows
    }
}

fn step(verdict: i64, kind: StepKind, said: &Verdict, reason: Reason, now: Moment) -> VerdictStep {
    VerdictStep {
        verdict,
        at: now,
        kind,
        reason: reason_name(reason).into(),
        since: said.since,
        opened: said.opened,
        until: said.until,
    }
}

fn reason_name(reason: Reason) -> &'static str {
    match reason {
        Reason::ConditionHeld => "condition_held",
        Reason::ConditionEnded => "condition_ended",
        Reason::ConditionResumed => "condition_resumed",
        Reason::EvidenceAdded => "evidence_added",
        Reason::LateEvent => "late_event",
        Reason::SilenceKnown => "silence_known",
        Reason::RulesChanged => "rules_changed",
        Reason::CalendarChanged => "calendar_changed",
    }
}
