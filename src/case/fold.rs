//! Folding steps to cases: the same steps give the same cases, whoever folds them.

use super::{Ack, Act, Appeal, Basis, By, Case, Cases, Counts, Record, Rung, Stage, Step};
use crate::engine::event::OfficeId;
use crate::engine::policy::Class;
use crate::engine::time::Moment;

impl Cases {
    /// Takes one step. A step of a case nobody opened changes nothing.
    pub fn apply(&mut self, step: &Step) {
        if let Act::Opened { basis } = &step.act {
            let case = Case::opened(step.incident, basis.clone(), step.at);
            self.of.entry(step.incident).or_insert(case);
            return;
        }
        if let Some(case) = self.of.get_mut(&step.incident) {
            case.apply(step);
        }
    }

    /// Takes what an entry of an office says. People of two offices may have equal ids.
    pub fn take(&mut self, office: &OfficeId, record: &Record) {
        self.last = self.last.max(Some(record.at()));
        match record {
            Record::Step(step) => self.apply(step),
            Record::Exemption(step) => self.apply_exemption(office, step),
            Record::Correction(step) => self.apply_correction(step),
            Record::Mail(step) => self.mail.take(office, step),
            Record::Pattern(pattern) => self.patterns.push(pattern.clone()),
        }
    }

    /// Counts of the cases that fit. What late events took back counts nowhere until people decide again.
    pub fn counts(&self, fits: impl Fn(&Case) -> bool) -> Counts {
        let mut counts = Counts::default();
        for case in self.of.values().filter(|case| case.counts() && fits(case)) {
            counts.indications += 1;
            counts.findings += u32::from(case.is_finding());
            counts.proven += u32::from(case.outcome == Some(Stage::Proven));
        }
        counts
    }
}

impl Case {
    fn opened(incident: i64, basis: Basis, at: Moment) -> Case {
        Case {
            incident,
            basis,
            stage: Stage::Indication,
            outcome: None,
            code: None,
            stands: true,
            joined_to: None,
            opened: at,
            stated: None,
            ack: None,
            proposed_by: None,
            decided: None,
            deciders: std::collections::BTreeSet::new(),
            appeal: None,
            told: std::collections::BTreeMap::new(),
            waiting_since: at,
            answered_ms: None,
            climbed: 0,
            integrity_told: false,
            changed: at,
            steps: 1,
            moved: 1,
        }
    }

    /// Whether it counts at all: an indication that stands.
    pub fn counts(&self) -> bool {
        self.stands && self.joined_to.is_none() && self.basis.class == Class::Indication
    }

    /// Confirmed by a person, and not taken back.
    pub fn is_finding(&self) -> bool {
        matches!(self.outcome, Some(Stage::Finding | Stage::Examination | Stage::Proven))
    }

    pub(super) fn apply(&mut self, step: &Step) {
        self.steps += 1;
        self.changed = step.at;
        if !matches!(step.act, Act::Refused { .. } | Act::Told { .. }) {
            self.moved = self.steps;
        }
        if step.act.answers() {
            self.answered_ms.get_or_insert(step.at.ms_since(self.waiting_since));
        }
        match &step.act {
            Act::Opened { .. } | Act::Refused { .. } => {}
            Act::Amended { basis } => self.basis = basis.clone(),
            Act::BasisWithdrawn => {
                self.stands = false;
                // What nobody decided is over; what people decided they decide again.
                if self.stage.is_open() {
                    self.stage = Stage::Withdrawn;
                    self.proposed_by = None;
                }
            }
            Act::BasisRestored { basis } => {
                self.basis = basis.clone();
                self.stands = true;
                self.joined_to = None;
                if self.stage == Stage::Withdrawn {
                    self.begin_again(step.at);
                }
            }
            Act::Joined { to } => {
                self.stands = false;
                self.joined_to = Some(*to);
                if self.stage.is_open() {
                    self.stage = Stage::Withdrawn;
                    self.proposed_by = None;
                }
            }
            Act::ReopenedByEvidence { basis } => {
                self.basis = basis.clone();
                self.stands = true;
                self.joined_to = None;
                self.begin_again(step.at);
            }
            Act::Told { people, rung } => {
                for person in people {
                    self.told.insert(person.clone(), step.at);
                }
                match rung {
                    Rung::First => {}
                    Rung::Next => self.climbed += 1,
                    Rung::Integrity => self.integrity_told = true,
                }
            }
            Act::AckExpired => {
                self.ack = None;
                self.waiting_since = step.at;
                self.climbed = 0;
                self.integrity_told = false;
            }
            Act::Acknowledged { until } => {
                self.ack = Some(Ack {
                    by: actor(&step.by),
                    until: *until,
                });
            }
            Act::Stated => self.stated = Some(step.at),
            Act::Found => self.decide(Stage::Finding, step),
            Act::DismissalProposed { code } => {
                self.stage = Stage::Dismissing;
                // Somebody else must answer now.
                self.ack = None;
                self.waiting_since = step.at;
                self.climbed = 0;
                self.code = Some(*code);
                self.proposed_by = Some(actor(&step.by));
                self.deciders.insert(actor(&step.by));
            }
            Act::Dismissed { code } => {
                self.decide(Stage::Dismissed, step);
                self.code = Some(*code);
            }
            Act::Examined => self.decide(Stage::Examination, step),
            Act::Proven => self.decide(Stage::Proven, step),
            Act::NotProven => self.decide(Stage::NotProven, step),
            Act::Closed => {
                self.stage = Stage::Closed;
                self.deciders.insert(actor(&step.by));
            }
            Act::Appealed { review_by } => {
                self.appeal = Some(Appeal {
                    at: step.at,
                    review_by: *review_by,
                });
            }
            Act::Upheld => {
                self.appeal = None;
                self.deciders.insert(actor(&step.by));
            }
            Act::Granted => {
                self.appeal = None;
                let back = match self.outcome {
                    Some(Stage::Proven) => Stage::NotProven,
                    _ => Stage::Dismissed,
                };
                self.decide(back, step);
            }
            Act::Reopened => self.begin_again(step.at),
        }
    }

    fn decide(&mut self, stage: Stage, step: &Step) {
        self.stage = stage;
        self.outcome = Some(stage);
        self.decided = Some(step.at);
        self.code = None;
        self.proposed_by = None;
        self.ack = None;
        self.deciders.insert(actor(&step.by));
    }

    /// It waits for an answer again; who decided before is not forgotten.
    fn begin_again(&mut self, at: Moment) {
        self.stage = Stage::Indication;
        self.outcome = None;
        self.code = None;
        self.proposed_by = None;
        self.stated = None;
        self.ack = None;
        self.appeal = None;
        self.waiting_since = at;
        self.answered_ms = None;
        self.climbed = 0;
        self.integrity_told = false;
    }
}

fn actor(by: &By) -> String {
    match by {
        By::Monitor => String::new(),
        By::Person(actor) => actor.id.clone(),
    }
}
