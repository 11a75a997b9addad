//! What is long over and becomes known late, as after an outage: one letter tells a person of all of it.

use std::collections::{BTreeMap, BTreeSet};

use super::post::policy_that_is_gone;
use super::ruling::Ruling;
use super::{Book, Incident, Outcome};
use crate::engine::policy::Head;
use crate::engine::roster::{Language, Roster};
use crate::engine::time::Moment;
use crate::letter::several::{self, Line, Occasion, Several};
use crate::letter::{self, Addressee, Change, Matter, Rendered, Stretch};
use crate::store::rows::{Among, LetterKind, NewLetter};

/// So long after the last one nothing more is waited for …
const QUIET_MS: i64 = 60_000;
/// … and so long after the first one at most.
const GATHER_MAX_MS: i64 = 600_000;
/// So few are told each for itself.
const EACH_MAX: usize = 2;

/// Incidents of an office that are told of together.
#[derive(Clone, Debug)]
pub(super) struct Gathered {
    first: Moment,
    pub due: Moment,
    pub incidents: BTreeSet<i64>,
}

/// Whom a letter goes to, and what it tells him of.
struct Bundle {
    address: String,
    language: Language,
    incidents: Vec<i64>,
}

impl Book {
    /// What was over before `moment`, and nobody was told of, became known late; `None`: nothing does. Where the office's
    /// clock stands before that moment, nobody knows yet what still holds.
    pub fn late_before(&mut self, moment: Option<Moment>, clock: Option<Moment>) {
        self.late_before = moment;
        self.behind = moment.is_some_and(|late| clock.is_some_and(|clock| clock < late));
    }

    /// Whether events of long ago go on coming, as behind an outage: of what began long ago nobody knows yet whether it
    /// stands, though it may hold or have ended just now.
    pub fn catches_up(&mut self, it_does: bool) {
        self.catches_up = it_does;
    }

    /// Whether the first word of an incident waits for others that became known late, and until when.
    pub(super) fn gather(&mut self, n: i64, ruling: &Ruling, now: Moment) -> Option<Moment> {
        let incident = self.incidents.get(&n)?;
        let open = self.behind || self.catches_up;
        let is_late = |stretch: &Stretch| {
            let over = |late| stretch.until.is_some_and(|until| until < late);
            self.late_before
                .is_some_and(|late| over(late) || open && stretch.since < late)
        };
        let is_first = matches!(ruling, Ruling::Letter { .. }) && incident.letters == 0;
        if !is_first || !incident.stands.iter().all(is_late) {
            for gathered in self.gathered.values_mut() {
                gathered.incidents.remove(&n);
            }
            return None;
        }
        let gathered = self.gathered.entry(incident.row.office.clone()).or_insert(Gathered {
            first: now,
            due: now,
            incidents: BTreeSet::new(),
        });
        gathered.incidents.insert(n);
        gathered.due = now.plus_ms(QUIET_MS).min(gathered.first.plus_ms(GATHER_MAX_MS));
        Some(gathered.due)
    }

    /// Tells of what was gathered, where nothing more is waited for.
    pub(super) fn tell_gathered(&mut self, roster: &Roster, policies: &[Head], now: Moment, outcome: &mut Outcome) {
        let office = &roster.office.id;
        match self.gathered.get_mut(office) {
            Some(gathered) if gathered.due <= now && self.behind => {
                (gathered.first, gathered.due) = (now, now.plus_ms(QUIET_MS));
                return;
            }
            Some(gathered) if gathered.due <= now && self.catches_up && now < gathered.first.plus_ms(GATHER_MAX_MS) => {
                gathered.due = now.plus_ms(QUIET_MS).min(gathered.first.plus_ms(GATHER_MAX_MS));
                return;
            }
            Some(gathered) if gathered.due <= now => {}
            _ => return,
        }
        let Some(mut gathered) = self.gathered.remove(office) else {
            return;
        };
        let holds = |n: &i64| {
            let incident = self.incidents.get(n);
            incident.is_some_and(|incident| incident.stands.iter().any(|stretch| stretch.until.is_none()))
        };
        let mut each: BTreeSet<i64> = gathered.incidents.iter().copied().filter(holds).collect();
        gathered.incidents.retain(|n| !each.contains(n));
        if gathered.incidents.len() <= EACH_MAX {
            each.append(&mut gathered.incidents);
        }
        let late_before = self.late_before.take();
        for n in each {
            self.tell(n, roster, policies, now, outcome);
        }
        self.late_before = late_before;
        if gathered.incidents.is_empty() {
            return;
        }
        let mut bundles: BTreeMap<String, Bundle> = BTreeMap::new();
        let mut heads: BTreeMap<i64, Head> = BTreeMap::new();
        for n in gathered.incidents {
            let Some(incident) = self.incidents.get_mut(&n) else {
                continue;
            };
            let head = policies.iter().find(|head| head.id == incident.row.policy);
            let head = head.cloned().unwrap_or_else(|| policy_that_is_gone(incident));
            let verdict = incident
                .stands
                .first()
                .and_then(|stretch| self.standing.get(&stretch.verdict));
            if !incident.address(
                verdict.map(|standing| &standing.verdict),
                &head,
                roster,
                &self.asked,
                now,
            ) {
                let silence = super::Silence::NobodyToTell;
                outcome.rulings.push((n, Ruling::Silent(silence)));
                continue;
            }
            for one in incident.correspondents.iter().filter(|one| one.may_be_told) {
                let bundle = bundles.entry(one.person.clone()).or_insert_with(|| Bundle {
                    address: one.address.clone(),
                    language: one.language,
                    incidents: Vec::new(),
                });
                bundle.incidents.push(n);
            }
            heads.insert(n, head);
        }
        for (person, bundle) in bundles {
            self.write_bundle(&person, &bundle, &heads, roster, now, outcome);
        }
        for n in heads.into_keys() {
            if let Some(incident) = self.incidents.get_mut(&n) {
                incident.was_told(now);
                let (kind, changes) = (LetterKind::Opened, vec![Change::FirstVerdictAlreadyOver]);
                outcome.rulings.push((n, Ruling::Letter { kind, changes }));
            }
        }
    }

    fn write_bundle(
        &mut self,
        person: &str,
        bundle: &Bundle,
        heads: &BTreeMap<i64, Head>,
        roster: &Roster,
        now: Moment,
        outcome: &mut Outcome,
    ) {
        let known = roster.person(person);
        let to = Addressee {
            role: known.map(|person| person.role),
            name: known.map(|person| person.name.as_str()),
            language: bundle.language,
        };
        let lines: Vec<Line<'_>> = bundle
            .incidents
            .iter()
            .filter_map(|n| self.incidents.get(n).zip(heads.get(n)))
            .map(|(incident, policy)| Line {
                incident: &incident.row,
                policy: Some(policy),
                first: true,
                stage: None,
            })
            .collect();
        let rendered = match self.house.counts_alone {
            true => Rendered::default(),
            false => several::render(&Several {
                occasion: Occasion::KnownLate,
                to: to.clone(),
                roster,
                house: &self.house,
                lines: &lines,
            }),
        };
        let message_id = format!(
            "{}-{:x}.late.{}@{}",
            bundle.incidents[0],
            now.0,
            person.replace('.', "+"),
            self.house.domain
        );
        for n in &bundle.incidents {
            let (Some(incident), Some(policy)) = (self.incidents.get_mut(n), heads.get(n)) else {
                continue;
            };
            let subject = subject(incident, policy, &to, roster, &self.house, now);
            for one in incident.correspondents.iter_mut().filter(|one| one.person == person) {
                one.letters += 1;
                one.message_id.clone_from(&message_id);
                one.subject.clone_from(&subject);
            }
            let incident = *n;
            outcome.among.push(Among {
                letter: message_id.clone(),
                incident,
                subject,
            });
        }
        outcome.letters.push(NewLetter {
            incident: None,
            kind: LetterKind::Opened,
            person: person.to_owned(),
            address: bundle.address.clone(),
            language: bundle.language,
            subject: rendered.subject,
            message_id,
            in_reply_to: None,
            text_body: rendered.text,
            html_body: rendered.html,
            created: now,
            due: now,
        });
    }
}

/// The subject that a letter of its own would have had, for those that follow.
fn subject(
    incident: &Incident,
    policy: &Head,
    to: &Addressee<'_>,
    roster: &Roster,
    house: &letter::House,
    now: Moment,
) -> String {
    letter::words::subject(&Matter {
        kind: LetterKind::Opened,
        changes: &[],
        reason: None,
        incident: &incident.row,
        policy,
        roster,
        stretches: &incident.stands,
        evidence: &[],
        to: to.clone(),
        house,
        now,
    })
}
