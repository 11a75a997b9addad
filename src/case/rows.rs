//! Cases as rows of the tables they are read from, and steps as the words that stand there.

use super::correction::Correction;
use super::exemption::Request;
use super::{Act, Actor, By, Case, Post, Stage, Step};
use crate::engine::roster::Roster;
use crate::store::rows::{CaseRow, CaseStepRow, CorrectionRow, ExemptionRow};

impl Post {
    pub fn as_str(self) -> &'static str {
        match self {
            Post::Officer => "officer",
            Post::Supervisor => "supervisor",
            Post::Integrity => "integrity",
            Post::Technician => "technician",
        }
    }
}

impl Case {
    pub fn row(&self) -> CaseRow {
        let basis = &self.basis;
        CaseRow {
            incident: self.incident,
            office: basis.office.clone(),
            class: basis.class,
            severity: basis.severity,
            policy: basis.policy.clone(),
            officer: basis.officer.clone(),
            date: basis.date.clone(),
            stage: self.stage.as_str().to_owned(),
            outcome: self.outcome.map(|outcome| Stage::as_str(outcome).to_owned()),
            code: self.code.map(|code| code.as_str().to_owned()),
            stands: self.stands,
            opened: self.opened,
            decided: self.decided,
            acked_by: self.ack.as_ref().map(|ack| ack.by.clone()),
            acked_until: self.ack.as_ref().map(|ack| ack.until),
            review_by: self.appeal.as_ref().map(|appeal| appeal.review_by),
            changed: self.changed,
            steps: i64::from(self.steps),
        }
    }
}

impl Step {
    /// The row of the step, the `n`th of its case.
    pub fn row(&self, n: u32, roster: &Roster) -> CaseStepRow {
        let (person, post) = match &self.by {
            By::Monitor => (None, None),
            By::Person(Actor { id, post }) => (Some(id.clone()), Some(post.as_str().to_owned())),
        };
        let zone = roster.office.zone;
        let detail = match &self.act {
            Act::Told { people, rung } => {
                let rung = match rung {
                    super::Rung::First => "first",
                    super::Rung::Next => "next in line",
                    super::Rung::Integrity => "integrity team",
                };
                Some(match people.is_empty() {
                    true => format!("{rung}: nobody may be told"),
                    false => format!("{rung}: {}", people.join(", ")),
                })
            }
            Act::Acknowledged { until } => Some(format!("until {}", until.rfc3339(zone))),
            Act::Appealed { review_by } => Some(format!("review by {}", review_by.rfc3339(zone))),
            Act::Dismissed { code } | Act::DismissalProposed { code } => Some(code.as_str().to_owned()),
            Act::Joined { to } => Some(format!("incident {to}")),
            Act::Refused { tried, why } => Some(format!("{tried}: {why}")),
            _ => None,
        };
        CaseStepRow {
            incident: self.incident,
            n: i64::from(n),
            at: self.at,
            person,
            post,
            step: self.act.as_str().to_owned(),
            detail,
            reason: self.reason.clone(),
        }
    }
}

impl Request {
    pub fn row(&self) -> ExemptionRow {
        ExemptionRow {
            office: self.office.clone(),
            n: self.n,
            officer: self.officer.clone(),
            from: self.from,
            until: self.until,
            asked_by: self.asked_by.clone(),
            asked: self.asked,
            reason: self.reason.clone(),
            answered_by: self.answer.as_ref().map(|answer| answer.by.clone()),
            answered: self.answer.as_ref().map(|answer| answer.at),
            granted: self.answer.as_ref().map(|answer| answer.granted),
            revoked: self.revoked,
        }
    }
}

impl Correction {
    pub fn row(&self) -> CorrectionRow {
        let answer = self.answer.as_ref();
        CorrectionRow {
            n: self.n,
            office: self.office.clone(),
            person: self.person.clone(),
            about: self.about.clone(),
            wanted: self.wanted.clone(),
            asked: self.asked,
            due: self.due(),
            answered_by: answer.map(|answer| answer.by.clone()),
            answered: answer.map(|answer| answer.at),
            accepted: answer.map(|answer| answer.accepted),
            answer: answer.map(|answer| answer.words.clone()),
        }
    }
}
