//! Rebuilding a book from what was stored, and forgetting what can no longer change.

use std::collections::BTreeMap;

use super::grouping::stretch;
use super::post::REPLY;
use super::ruling::{Fate, PACE_MS};
use super::{Book, Correspondent, Incident, LaneKey, Standing};
use crate::engine::time::Moment;
use crate::letter::{House, Stretch};
use crate::store::rows::{IncidentRow, IncidentState, LetterKind, Told, VerdictRow};

/// What is stored of the time that can still change. Retracted verdicts may be among the rows; they are left out.
#[derive(Default, Debug)]
pub struct Past {
    pub verdicts: Vec<VerdictRow>,
    pub incidents: Vec<IncidentRow>,
    /// Letters of these incidents, in the order they were written.
    pub letters: Vec<Told>,
    /// One above the highest number ever given, also to rows that are not among these.
    pub next_verdict: i64,
    pub next_incident: i64,
}

impl Book {
    /// The book as it stood when the rows were stored. Of what changed while a letter waited for its turn, one letter
    /// is written that says what stands.
    pub fn rebuild(house: House, past: Past) -> Book {
        let mut book = Book::new(house);
        book.next_verdict = past.next_verdict.max(1);
        book.next_incident = past.next_incident.max(1);
        let mut verdicts: BTreeMap<i64, Vec<VerdictRow>> = BTreeMap::new();
        for row in past.verdicts {
            book.next_verdict = book.next_verdict.max(row.n + 1);
            verdicts.entry(row.incident).or_default().push(row);
        }
        let mut letters: BTreeMap<i64, Vec<Told>> = BTreeMap::new();
        for letter in past.letters {
            book.latest = book.latest.max(letter.created);
            letters.entry(letter.incident).or_default().push(letter);
        }
        for row in past.incidents {
            let n = row.n;
            book.next_incident = book.next_incident.max(n + 1);
            book.latest = book.latest.max(row.changed);
            let (verdicts, letters) = (verdicts.remove(&n), letters.remove(&n));
            book.recall(row, verdicts.unwrap_or_default(), &letters.unwrap_or_default());
            let incident = &book.incidents[&n];
            let never_told = incident.letters == 0 && !incident.stands.is_empty();
            if incident.told.is_none() || never_told {
                let due = incident.last_letter.map_or(Moment::MIN, |last| last.plus_ms(PACE_MS));
                book.waiting.insert(n, due);
            }
        }
        book
    }

    /// Takes in again an incident as it was stored, with its verdicts (retracted ones may be among them) and its letters
    /// in the order they were written. What it has already it keeps.
    pub fn recall(&mut self, row: IncidentRow, verdicts: Vec<VerdictRow>, letters: &[Told]) {
        if self.incidents.contains_key(&row.n) {
            return;
        }
        let mut stands = Vec::new();
        for VerdictRow {
            n, incident, verdict, ..
        } in verdicts.into_iter().filter(|row| !row.retracted)
        {
            stands.push(stretch(n, &verdict));
            let lane = self.lanes.entry(LaneKey::of(&verdict)).or_default();
            lane.verdicts.insert(n);
            lane.incidents.insert(incident);
            let incident = Some(incident);
            self.standing.insert(n, Standing { verdict, incident });
        }
        stands.sort_by_key(|stretch| (stretch.since, stretch.until.unwrap_or(Moment::MAX), stretch.verdict));
        let lane = self.lanes.entry(LaneKey::of_row(&row)).or_default();
        lane.incidents.insert(row.n);
        self.incidents.insert(row.n, Incident::recalled(row, stands, letters));
    }

    /// Drops incidents that were over before `moment`, with their verdicts: the daemon names the start of the oldest
    /// business date that is not settled yet. What people are still at is kept.
    pub fn forget_before(&mut self, moment: Moment, is_pending: impl Fn(i64) -> bool) {
        let over: Vec<i64> = self
            .incidents
            .iter()
            .filter(|(n, incident)| incident.is_over_before(moment) && !is_pending(**n))
            .map(|(n, _)| *n)
            .collect();
        for n in over {
            let Some(incident) = self.incidents.remove(&n) else {
                continue;
            };
            self.waiting.remove(&n);
            for gathered in self.gathered.values_mut() {
                gathered.incidents.remove(&n);
            }
            let key = LaneKey::of_row(&incident.row);
            for stretch in &incident.stands {
                self.standing.remove(&stretch.verdict);
            }
            if let Some(lane) = self.lanes.get_mut(&key) {
                lane.incidents.remove(&n);
                for stretch in &incident.stands {
                    lane.verdicts.remove(&stretch.verdict);
                }
                if lane.verdicts.is_empty() && lane.incidents.is_empty() {
                    self.lanes.remove(&key);
                }
            }
        }
    }

    /// How many verdicts and incidents are kept.
    pub fn size(&self) -> (usize, usize) {
        (self.standing.len(), self.incidents.len())
    }
}

impl LaneKey {
    fn of_row(row: &IncidentRow) -> LaneKey {
        LaneKey::new(
            &row.office,
            &row.policy,
            row.officer.as_ref(),
            row.counter.as_ref(),
            row.lockbox.as_ref(),
        )
    }
}

impl Incident {
    fn recalled(row: IncidentRow, stands: Vec<Stretch>, letters: &[Told]) -> Incident {
        let mut correspondents: Vec<Correspondent> = Vec::new();
        for letter in letters {
            match correspondents.iter_mut().find(|one| one.person == letter.person) {
                Some(known) => {
                    known.letters += 1;
                    // Of a letter that was held, the roster says where it goes.
                    if !letter.address.is_empty() {
                        known.address.clone_from(&letter.address);
                    }
                    known.language = letter.language;
                }
                None => correspondents.push(Correspondent {
                    person: letter.person.clone(),
                    address: letter.address.clone(),
                    language: letter.language,
                    subject: letter.subject.strip_prefix(REPLY).unwrap_or(&letter.subject).into(),
                    message_id: letter.in_reply_to.as_ref().unwrap_or(&letter.message_id).clone(),
                    letters: 1,
                    may_be_told: true,
                }),
            }
        }
        // What people did, or did not, says nothing of what its verdicts say.
        let of_people = |letter: &&Told| matches!(letter.kind, LetterKind::Escalated | LetterKind::Outcome);
        let said = letters.iter().filter(|letter| !of_people(letter));
        let mut moments: Vec<Moment> = said.map(|letter| letter.created).collect();
        moments.sort_unstable();
        moments.dedup();
        let last_letter = moments.last().copied();
        let told = match (last_letter, row.state) {
            (None, _) | (_, IncidentState::Joined(_)) => Some(Vec::new()),
            (Some(last), _) if row.changed <= last => Some(stands.clone()),
            _ => None,
        };
        let stood = match stands.is_empty() {
            false => stands.clone(),
            true => vec![Stretch {
                verdict: 0,
                since: row.since,
                opened: row.since,
                until: row.until,
                counter: row.counter.clone(),
            }],
        };
        Incident {
            row,
            stands,
            stood,
            told,
            correspondents,
            // Every round of letters was written in one moment.
            letters: u32::try_from(moments.len()).unwrap_or(u32::MAX),
            last_letter,
            fate: Fate::default(),
            reason: None,
            evidence: Vec::new(),
        }
    }

    fn is_over_before(&self, moment: Moment) -> bool {
        let over = |stretch: &Stretch| stretch.until.is_some_and(|until| until < moment);
        match self.stands.is_empty() {
            true => self.row.since < moment && self.row.until.is_none_or(|until| until < moment),
            false => self.stands.iter().all(over),
        }
    }
}
