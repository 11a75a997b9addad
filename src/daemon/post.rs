//! Which letters of a turn go at once, and the digests of what waited.

use super::desk::Desk;
use super::docket::{Docket, among};
use crate::case::mail::{MailStep, Way};
use crate::case::{Record, Stage};
use crate::engine::time::Moment;
use crate::incident::{Book, may_be_told};
use crate::letter::Addressee;
use crate::letter::pattern::{self, Repeated};
use crate::letter::several::{self, Line, Occasion, Several};
use crate::store::rows::{IncidentRow, IncidentState, LetterKind, NewLetter, Turn};

/// What mail readers put before the subject of an answer.
const REPLY: &str = "Re: ";

impl Docket {
    /// Sorts the letters of a turn: those that wait are taken out of it and noted, the others go into their threads.
    pub(super) fn post(&mut self, desks: &[Desk], turn: &mut Turn, now: Moment) {
        if self.terms.at_once_max.is_none() {
            return;
        }
        let told = among(turn).filter_map(|(digest, letter)| {
            let step = MailStep::Among {
                incident: digest.incident,
                person: letter.person.clone(),
                at: now,
                message_id: letter.message_id.clone(),
                subject: digest.subject.clone(),
            };
            Some((self.desk_of(digest.incident, desks)?, step))
        });
        for (desk, step) in told.collect::<Vec<_>>() {
            self.mailed(desk, step, turn);
        }
        for mut letter in std::mem::take(&mut turn.letters) {
            let desk = letter.incident.and_then(|n| self.desk_of(n, desks));
            let (Some(desk), Some(incident)) = (desk, letter.incident) else {
                turn.letters.push(letter);
                continue;
            };
            let person = letter.person.clone();
            let step = match self.cases.way(&letter, &desk.roster, &self.terms, now) {
                Way::Now => {
                    let thread = self.cases.mail.threads.get(&(incident, person.clone()));
                    let subject = letter.subject.strip_prefix(REPLY).unwrap_or(&letter.subject).to_owned();
                    // The letter it answers may have been held: then this is the first that goes out.
                    let held = self.cases.mail.ever_held.contains(&(incident, person.clone()));
                    match thread {
                        Some(thread) => {
                            letter.subject = format!("{REPLY}{}", thread.subject);
                            letter.in_reply_to = Some(thread.message_id.clone());
                        }
                        None if held => {
                            letter.in_reply_to = None;
                            letter.subject.clone_from(&subject);
                        }
                        None => {}
                    }
                    let asks = matches!(letter.kind, LetterKind::Opened | LetterKind::Escalated);
                    let first = letter.in_reply_to.as_ref().unwrap_or(&letter.message_id).clone();
                    let step = (asks || thread.is_none()).then(|| MailStep::Sent {
                        incident,
                        person,
                        at: now,
                        date: now.date(desk.roster.office.zone),
                        message_id: first,
                        subject,
                    });
                    turn.letters.push(letter);
                    step
                }
                Way::Hold => Some(MailStep::Held {
                    incident,
                    person,
                    language: letter.language,
                    at: now,
                    due: self.cases.digest_after(&desk.roster, &self.terms, now),
                }),
                Way::Drop => Some(MailStep::Dropped {
                    incident,
                    person,
                    at: now,
                }),
            };
            // What waits already waits on.
            let waits = |step: &MailStep| match step {
                MailStep::Held { incident, person, .. } => {
                    let held = self.cases.mail.held.get(person);
                    held.is_some_and(|held| held.contains_key(incident))
                }
                _ => false,
            };
            if let Some(step) = step.filter(|step| !waits(step)) {
                self.mailed(desk, step, turn);
            }
        }
    }

    pub(super) fn mailed(&mut self, desk: &Desk, step: MailStep, turn: &mut Turn) {
        let record = Record::Mail(step);
        self.cases.take(&desk.office, &record);
        self.write(desk, &record, turn);
    }

    /// Tells the head of the office and the integrity team where something repeats.
    pub(super) fn repeats(&mut self, incident: i64, book: &Book, desk: &Desk, turn: &mut Turn, now: Moment) {
        let Some(case) = self.cases.of.get(&incident) else {
            return;
        };
        let Some(pattern) = self.cases.pattern(case, &desk.roster, &self.terms, now) else {
            return;
        };
        for to in pattern.people.iter().filter_map(|id| desk.roster.person(id)) {
            let rendered = pattern::render(&Repeated {
                to,
                roster: &desk.roster,
                house: book.house(),
                officer: pattern.officer.as_str(),
                severity: pattern.severity,
                incidents: &pattern.incidents,
                now,
            });
            let (plain, domain) = (to.id.replace('.', "+"), &book.house().domain);
            turn.letters.push(NewLetter {
                incident: None,
                kind: LetterKind::Summary,
                person: to.id.clone(),
                address: to.email.clone(),
                language: to.language,
                subject: rendered.subject,
                message_id: format!("pattern-{:x}.{incident}.{plain}@{domain}", now.0),
                in_reply_to: None,
                text_body: rendered.text,
                html_body: rendered.html,
                created: now,
                due: now,
            });
        }
        let record = Record::Pattern(pattern);
        self.cases.take(&desk.office, &record);
        self.write(desk, &record, turn);
    }

    /// Writes the digests that are due: what stands now of what waited.
    pub(super) fn send_digests(&mut self, book: &Book, desks: &[Desk], turn: &mut Turn, now: Moment) {
        for desk in desks {
            let of = &self.cases.of;
            let is_of = |n| of.get(&n).is_some_and(|case| case.basis.office == desk.office);
            for (person, incidents) in self.cases.digests_due(is_of, now) {
                let (mut lines, mut told, mut dropped) = (Vec::new(), Vec::new(), Vec::new());
                for n in incidents {
                    let known = self.cases.mail.threads.contains_key(&(n, person.clone()));
                    let row = book.incident(n);
                    // What was joined to another is told of there.
                    let gone = |state| matches!(state, IncidentState::Retracted | IncidentState::Joined(_));
                    // He may have become an officer since, or been entered as one.
                    let himself = |row: &IncidentRow| {
                        let to = desk.roster.person(&person);
                        to.is_some_and(|to| !may_be_told(row.officer.as_ref(), &to.id, &to.email, &desk.roster))
                    };
                    let Some(row) = row.filter(|row| (known || !gone(row.state)) && !himself(row)) else {
                        dropped.push(n);
                        continue;
                    };
                    let stage = self.cases.of[&n].stage;
                    lines.push(Line {
                        incident: row,
                        policy: desk.policies.iter().find(|head| head.id == row.policy),
                        first: !known,
                        stage: (stage != Stage::Indication).then(|| stage.as_str()),
                    });
                    told.push(n);
                }
                let step = desk.roster.person(&person).filter(|_| !lines.is_empty()).map(|to| {
                    let rendered = several::render(&Several {
                        occasion: Occasion::Digest(now),
                        to: Addressee::of(to),
                        roster: &desk.roster,
                        house: book.house(),
                        lines: &lines,
                    });
                    let plain = person.replace('.', "+");
                    let message_id = format!("digest-{:x}.{}.{plain}@{}", now.0, desk.office, book.house().domain);
                    let letter = NewLetter {
                        incident: None,
                        kind: LetterKind::Digest,
                        person: person.clone(),
                        address: to.email.clone(),
                        language: to.language,
                        subject: rendered.subject.clone(),
                        message_id: message_id.clone(),
                        in_reply_to: None,
                        text_body: rendered.text,
                        html_body: rendered.html,
                        created: now,
                        due: now,
                    };
                    let step = MailStep::Digest {
                        person: person.clone(),
                        language: to.language,
                        at: now,
                        incidents: told.clone(),
                        message_id,
                        subject: rendered.subject,
                    };
                    (letter, step)
                });
                match step {
                    Some((letter, step)) => {
                        // What tells of it among others is found by it, also by a hold.
                        turn.among.extend(told.iter().map(|n| crate::store::rows::Among {
                            letter: letter.message_id.clone(),
                            incident: *n,
                            subject: letter.subject.clone(),
                        }));
                        let message_id = letter.message_id.clone();
                        turn.letters.push(letter);
                        self.mailed(desk, step, turn);
                        self.cases.mail.is_stored(&message_id);
                    }
                    // He has left the roster, or nothing of it stands.
                    None => dropped.extend(told),
                }
                for incident in dropped {
                    let (person, at) = (person.clone(), now);
                    self.mailed(desk, MailStep::Dropped { incident, person, at }, turn);
                }
            }
        }
    }
}
