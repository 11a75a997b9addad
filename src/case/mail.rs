//! Mail people like: who gets a letter at once, and what waits for the digest of noon or of the afternoon. What is decided
//! is an entry of the ledger, so that a restart neither forgets what waits nor tells it twice.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use super::hours::{opens_on, time_on};
use super::{Cases, Terms, summary};
use crate::engine::event::OfficeId;
use crate::engine::policy::Severity;
use crate::engine::roster::{Language, Role, Roster};
use crate::engine::time::Moment;
use crate::store::rows::{LetterKind, NewLetter, Told};

/// An office that is closed for longer than this gets its digest all the same.
const CLOSED_DAYS_MAX: u64 = 14;

/// What became of a letter to one person about one incident.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "mail", rename_all = "snake_case")]
pub enum MailStep {
    /// He was asked to answer, at once.
    Sent {
        incident: i64,
        person: String,
        at: Moment,
        /// The day it counts for.
        date: NaiveDate,
        message_id: String,
        subject: String,
    },
    /// He was told among others of what became known late: one letter, which is none of his budget for each.
    Among {
        incident: i64,
        person: String,
        at: Moment,
        message_id: String,
        subject: String,
    },
    /// It waits for the digest. Where he reads mail, the roster says then: a ledger forgets no address.
    Held {
        incident: i64,
        person: String,
        language: Language,
        at: Moment,
        due: Moment,
    },
    /// It was withdrawn before he was told.
    Dropped { incident: i64, person: String, at: Moment },
    Digest {
        person: String,
        language: Language,
        at: Moment,
        incidents: Vec<i64>,
        message_id: String,
        subject: String,
    },
    /// The integrity team was told of all the days up to that one.
    Summary {
        span: summary::Span,
        to: NaiveDate,
        at: Moment,
        people: Vec<String>,
    },
}

impl MailStep {
    pub fn at(&self) -> Moment {
        match self {
            MailStep::Sent { at, .. }
            | MailStep::Among { at, .. }
            | MailStep::Held { at, .. }
            | MailStep::Dropped { at, .. }
            | MailStep::Digest { at, .. }
            | MailStep::Summary { at, .. } => *at,
        }
    }
}

/// Where somebody was first told of an incident.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Thread {
    pub message_id: String,
    pub subject: String,
}

/// What the ledger says of mail.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Mail {
    /// How many letters each of an office got at once on the last day he got any.
    at_once: BTreeMap<(OfficeId, String), (NaiveDate, u32)>,
    /// What waits for each, and until when.
    pub held: BTreeMap<String, BTreeMap<i64, Moment>>,
    pub threads: BTreeMap<(i64, String), Thread>,
    /// Whatever waited at some time: its threads do not begin in the letters a book wrote.
    pub ever_held: BTreeSet<(i64, String)>,
    /// Up to which day each office's integrity team was told in summaries.
    pub summarised: BTreeMap<(OfficeId, summary::Span), NaiveDate>,
    /// What a book rebuilt from the outbox alone would not know.
    pub recalled: Vec<Told>,
}

/// What is to be done with a letter.
#[derive(Clone, PartialEq, Debug)]
pub enum Way {
    Now,
    Hold,
    /// Who was not told of it needs no withdrawal.
    Drop,
}

impl Mail {
    pub(super) fn take(&mut self, office: &OfficeId, step: &MailStep) {
        match step {
            MailStep::Sent {
                incident,
                person,
                date,
                message_id,
                subject,
                ..
            } => {
                let whose = (office.clone(), person.clone());
                let count = self.at_once.entry(whose).or_insert((*date, 0));
                *count = if count.0 == *date {
                    (*date, count.1 + 1)
                } else {
                    (*date, 1)
                };
                self.thread(*incident, person, message_id, subject);
            }
            MailStep::Among {
                incident,
                person,
                message_id,
                subject,
                ..
            } => self.thread(*incident, person, message_id, subject),
            MailStep::Held {
                incident,
                person,
                language,
                at,
                due,
            } => {
                self.held
                    .entry(person.clone())
                    .or_default()
                    .entry(*incident)
                    .or_insert(*due);
                self.ever_held.insert((*incident, person.clone()));
                self.recall(*incident, person, *language, *at, None);
            }
            MailStep::Summary { span, to, .. } => {
                self.summarised.insert((office.clone(), *span), *to);
            }
            MailStep::Dropped { incident, person, .. } => {
                self.release(person, *incident);
                if !self.threads.contains_key(&(*incident, person.clone())) {
                    // He was not told, and a book that is rebuilt must not think so.
                    self.recalled
                        .retain(|told| told.incident != *incident || told.person != *person);
                }
            }
            MailStep::Digest {
                person,
                language,
                at,
                incidents,
                message_id,
                subject,
            } => {
                for incident in incidents {
                    self.release(person, *incident);
                    self.thread(*incident, person, message_id, subject);
                    let thread = Some((message_id, subject));
                    self.recall(*incident, person, *language, *at, thread);
                }
            }
        }
    }

    fn thread(&mut self, incident: i64, person: &str, message_id: &str, subject: &str) {
        self.threads.entry((incident, person.to_owned())).or_insert(Thread {
            message_id: message_id.to_owned(),
            subject: subject.to_owned(),
        });
    }

    fn release(&mut self, person: &str, incident: i64) {
        if let Some(held) = self.held.get_mut(person) {
            held.remove(&incident);
            if held.is_empty() {
                self.held.remove(person);
            }
        }
    }

    fn recall(
        &mut self,
        incident: i64,
        person: &str,
        language: Language,
        created: Moment,
        thread: Option<(&String, &String)>,
    ) {
        let (message_id, subject) = thread.map_or_else(Default::default, |(id, subject)| (id.clone(), subject.clone()));
        self.recalled.push(Told {
            n: 0,
            incident,
            kind: LetterKind::Digest,
            person: person.to_owned(),
            address: String::new(),
            language,
            subject,
            message_id,
            in_reply_to: None,
            created,
        });
    }

    /// When the next digest is due, of incidents that `is_watched`: of an office that is watched no more nothing goes out.
    pub fn next_digest(&self, is_watched: impl Fn(i64) -> bool) -> Option<Moment> {
        let held = self.held.values().flatten();
        held.filter(|(n, _)| is_watched(**n)).map(|(_, due)| *due).min()
    }
}

impl Cases {
    /// Whether a letter goes at once. Only supervisors have a budget; technicians and the integrity team are asked for
    /// what they are sent.
    pub fn way(&self, letter: &NewLetter, roster: &Roster, terms: &Terms, now: Moment) -> Way {
        let (Some(n), Some(at_once_max)) = (letter.incident, terms.at_once_max) else {
            return Way::Now;
        };
        let person = letter.person.as_str();
        let waits = self.mail.held.get(person).is_some_and(|held| held.contains_key(&n));
        let told = self.mail.threads.contains_key(&(n, person.to_owned()));
        if letter.kind == LetterKind::Retracted && waits && !told {
            return Way::Drop;
        }
        let is_supervisor = roster
            .person(person)
            .is_none_or(|person| person.role == Role::Supervisor);
        let severity = self.of.get(&n).map(|case| case.basis.severity);
        let critical = severity == Some(Severity::Critical);
        if !is_supervisor || critical || letter.kind == LetterKind::Retracted {
            return Way::Now;
        }
        let today = now.date(roster.office.zone);
        let whose = (roster.office.id.clone(), letter.person.clone());
        let used = self.mail.at_once.get(&whose).filter(|(date, _)| *date == today);
        let room = used.is_none_or(|(_, count)| *count < at_once_max);
        match letter.kind {
            LetterKind::Opened if severity == Some(Severity::Major) && room && !waits => Way::Now,
            // Only what is major climbs.
            LetterKind::Escalated if room => Way::Now,
            _ => Way::Hold,
        }
    }

    /// When a letter that is held now goes out: noon or the afternoon of a day the office is open on.
    pub fn digest_after(&self, roster: &Roster, terms: &Terms, now: Moment) -> Moment {
        let today = now.date(roster.office.zone);
        let dates = (0..=CLOSED_DAYS_MAX).filter_map(|ahead| today.checked_add_days(Days::new(ahead)));
        let moments = |open_only: bool| {
            let mut moments = dates
                .clone()
                .filter(move |date| !open_only || opens_on(*date, roster))
                .flat_map(|date| {
                    terms
                        .digest_minutes
                        .iter()
                        .map(move |minutes| time_on(date, *minutes, roster))
                })
                .flatten();
            moments.find(|moment| *moment > now)
        };
        moments(true).or_else(|| moments(false)).unwrap_or(now)
    }

    /// Whose digest is due, with the incidents in it; of one office, whose incidents `is_of` knows.
    pub fn digests_due(&self, is_of: impl Fn(i64) -> bool, now: Moment) -> BTreeMap<String, BTreeSet<i64>> {
        let mut due = BTreeMap::new();
        for (person, held) in &self.mail.held {
            let own = held.iter().filter(|(n, _)| is_of(**n));
            if own.clone().any(|(_, due)| *due <= now) {
                due.insert(person.clone(), own.map(|(n, _)| *n).collect());
            }
        }
        due
    }
}
