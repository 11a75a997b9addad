//! Letters of an incident: to whom, in which thread, under which Message-ID.

use super::recipients::{may_be_told, recipients_but};
use super::ruling::{Fate, Ruling, Silence, Thread, rule};
use super::{Asked, Book, Correspondent, Incident, Outcome};
use crate::engine::policy::{Head, Per, Reach, Tell, Title};
use crate::engine::roster::{Person, Roster};
use crate::engine::time::Moment;
use crate::engine::verdict::Verdict;
use crate::letter::{self, Addressee, Change, House, Matter, Rendered, Stretch};
use crate::store::rows::{IncidentState, LetterKind, NewLetter};

impl Book {
    /// Rules on an incident that changed or whose time to tell has come, and writes its letters.
    pub(super) fn tell(&mut self, n: i64, roster: &Roster, policies: &[Head], now: Moment, outcome: &mut Outcome) {
        let Some(incident) = self.incidents.get(&n) else {
            return;
        };
        let fate = Fate {
            absorbed: matches!(incident.row.state, IncidentState::Joined(_)),
            ..incident.fate.clone()
        };
        let thread = Thread {
            told: incident.told.as_deref(),
            letters: incident.letters,
            last_letter: incident.last_letter,
        };
        let mut ruling = rule(thread, &incident.stands, &fate, now);
        self.waiting.remove(&n);
        if let Some(until) = self.gather(n, &ruling, now) {
            outcome.rulings.push((n, Ruling::Silent(Silence::Gathered { until })));
            return;
        }
        let Some(incident) = self.incidents.get_mut(&n) else {
            return;
        };
        match &ruling {
            Ruling::Letter { kind, changes } => {
                let (kind, changes) = (*kind, changes.clone());
                let head = policies.iter().find(|head| head.id == incident.row.policy);
                let gone;
                let head = match head {
                    Some(head) => head,
                    None => {
                        gone = policy_that_is_gone(incident);
                        &gone
                    }
                };
                let verdict = incident.stands.first();
                let verdict = verdict.and_then(|stretch| self.standing.get(&stretch.verdict));
                if !incident.address(
                    verdict.map(|standing| &standing.verdict),
                    head,
                    roster,
                    &self.asked,
                    now,
                ) {
                    ruling = Ruling::Silent(Silence::NobodyToTell);
                } else {
                    incident.write(kind, &changes, head, roster, &self.house, now, &mut outcome.letters);
                }
            }
            Ruling::Silent(Silence::Paced { until }) => {
                self.waiting.insert(n, *until);
            }
            Ruling::Silent(Silence::NothingNew | Silence::NeverTold) => incident.settle(),
            Ruling::Silent(Silence::TellsTheOther) => {
                incident.told = Some(Vec::new());
                incident.settle();
            }
            Ruling::Silent(Silence::OthersStillHold | Silence::NobodyToTell | Silence::Gathered { .. }) => {}
        }
        outcome.rulings.push((n, ruling));
    }
}

/// Who asked for an exemption of that officer on the verdict's day.
fn conflicted(asked: &[Asked], verdict: &Verdict, roster: &Roster) -> Vec<String> {
    let zone = roster.office.zone;
    let end = verdict.until.unwrap_or(verdict.since);
    let touches = |one: &&Asked| {
        let (from, until) = (one.from.date(zone), one.until.date(zone));
        one.office == verdict.office
            && Some(&one.officer) == verdict.officer.as_ref()
            && from <= end.date(zone)
            && verdict.since.date(zone) <= until
    };
    asked.iter().filter(touches).map(|one| one.by.clone()).collect()
}

impl Incident {
    /// Finds out who is told; answers whether anybody is.
    pub(super) fn address(
        &mut self,
        verdict: Option<&Verdict>,
        head: &Head,
        roster: &Roster,
        asked: &[Asked],
        now: Moment,
    ) -> bool {
        self.look_up(roster);
        if !self.correspondents.iter().any(|one| one.may_be_told) {
            let people = verdict.map(|verdict| {
                let barred = conflicted(asked, verdict, roster);
                let people = recipients_but(&barred, &head.notify, verdict, roster, now);
                people.into_iter().map(Correspondent::new).collect::<Vec<_>>()
            });
            self.correspondents.extend(people.unwrap_or_default());
        }
        self.correspondents.iter().any(|one| one.may_be_told)
    }

    /// All correspondents were told of what stands.
    pub(super) fn was_told(&mut self, now: Moment) {
        self.told = Some(self.stands.clone());
        self.letters += 1;
        self.last_letter = Some(now);
        self.settle();
    }

    /// Whoever was told is told on, where he reads mail now, also when he has left the roster; but never of himself, by
    /// whatever the roster says of him by now.
    pub(super) fn look_up(&mut self, roster: &Roster) {
        let officer = self.row.officer.as_ref();
        for correspondent in &mut self.correspondents {
            if let Some(person) = roster.person(&correspondent.person) {
                correspondent.address.clone_from(&person.email);
                correspondent.language = person.language;
            }
            let address = correspondent.address.as_str();
            correspondent.may_be_told =
                !address.is_empty() && may_be_told(officer, &correspondent.person, address, roster);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a letter is made of all of these, once")]
    fn write(
        &mut self,
        kind: LetterKind,
        changes: &[Change],
        policy: &Head,
        roster: &Roster,
        house: &House,
        now: Moment,
        letters: &mut Vec<NewLetter>,
    ) {
        let stretches = match kind {
            // What people were told is withdrawn, in the words in which they know it.
            LetterKind::Retracted => match &self.told {
                Some(told) if !told.is_empty() => told,
                _ => &self.stood,
            },
            _ => &self.stands,
        };
        let stretches = stretches.clone();
        for ix in 0..self.correspondents.len() {
            if self.correspondents[ix].may_be_told {
                letters.push(self.letter(ix, kind, changes, policy, roster, house, &stretches, now));
            }
        }
        self.was_told(now);
    }

    /// One letter to the correspondent of that place in the list.
    #[expect(clippy::too_many_arguments, reason = "a letter is made of all of these, once")]
    pub(super) fn letter(
        &mut self,
        ix: usize,
        kind: LetterKind,
        changes: &[Change],
        policy: &Head,
        roster: &Roster,
        house: &House,
        stretches: &[Stretch],
        now: Moment,
    ) -> NewLetter {
        let correspondent = &mut self.correspondents[ix];
        let person = roster.person(&correspondent.person);
        let matter = Matter {
            kind,
            changes,
            reason: self.reason,
            incident: &self.row,
            policy,
            roster,
            stretches,
            evidence: &self.evidence,
            to: Addressee {
                role: person.map(|person| person.role),
                name: person.map(|person| person.name.as_str()),
                language: correspondent.language,
            },
            house,
            now,
        };
        let rendered = match house.counts_alone {
            true => Rendered::default(),
            false => letter::render(&matter),
        };
        correspondent.letters += 1;
        let id = message_id(self.row.n, self.row.created, kind, correspondent, &house.domain);
        let first = correspondent.message_id.is_empty();
        if first {
            correspondent.message_id.clone_from(&id);
            correspondent.subject = rendered.subject;
        }
        NewLetter {
            incident: Some(self.row.n),
            kind,
            person: correspondent.person.clone(),
            address: correspondent.address.clone(),
            language: correspondent.language,
            subject: match first {
                true => correspondent.subject.clone(),
                false => format!("{REPLY}{}", correspondent.subject),
            },
            message_id: id,
            in_reply_to: (!first).then(|| correspondent.message_id.clone()),
            text_body: rendered.text,
            html_body: rendered.html,
            created: now,
            due: now,
        }
    }

    /// Nothing is left to tell.
    fn settle(&mut self) {
        self.fate = Fate::default();
        self.reason = None;
        self.evidence.clear();
    }
}

impl Correspondent {
    pub(super) fn new(person: &Person) -> Correspondent {
        Correspondent {
            person: person.id.clone(),
            address: person.email.clone(),
            language: person.language,
            subject: String::new(),
            message_id: String::new(),
            letters: 0,
            may_be_told: true,
        }
    }
}

/// What mail readers put before the subject of an answer, and take off again when they thread.
pub(super) const REPLY: &str = "Re: ";

/// `12-18c2f….opened.1.s-01@domain`: the moment of creation keeps a fresh database from repeating an old one's ids.
fn message_id(incident: i64, created: Moment, kind: LetterKind, to: &Correspondent, domain: &str) -> String {
    let kind = kind.as_str();
    // Dots of a person's id could stand where a Message-ID allows none; ids have no plus sign.
    let person = to.person.replace('.', "+");
    format!("{incident}-{:x}.{kind}.{}.{person}@{domain}", created.0, to.letters)
}

/// A policy that was taken out of force can still have its verdicts withdrawn; it speaks by its id then.
pub(super) fn policy_that_is_gone(incident: &Incident) -> Head {
    let id = &incident.row.policy;
    Head {
        id: id.clone(),
        title: Title {
            id: id.to_string(),
            en: id.to_string(),
        },
        basis: String::new(),
        class: incident.row.class,
        severity: incident.row.severity,
        per: Per::Session,
        condition: String::new(),
        for_ms: 0,
        bridge_ms: 0,
        group_within_ms: 0,
        notify: vec![Tell::Integrity],
        enabled: true,
        scope: Reach::Service,
        overlay: None,
    }
}
