//! Exemptions: asked by one, granted by another, always ending. What is granted becomes the event
//! `exemption.granted` of the office's own system; this is how people come to it.

use serde::{Deserialize, Serialize};

use super::conflict::conflict;
use super::line::{Start, line, same_human};
use super::{Actor, By, Case, Cases, Post, Refusal, Terms, acts};
use crate::engine::event::{OfficeId, OfficerId};
use crate::engine::policy::Class;
use crate::engine::roster::Roster;
use crate::engine::time::Moment;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// What an exemption would have hidden is looked for so far back.
pub const LOOK_BACK_MS: i64 = 30 * DAY_MS;

/// The longest exemption each role may grant at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Longest {
    pub supervisor_ms: i64,
    pub integrity_ms: i64,
}

impl Longest {
    pub fn of(self, post: Post) -> i64 {
        match post {
            Post::Supervisor => self.supervisor_ms,
            Post::Integrity => self.integrity_ms,
            Post::Officer | Post::Technician => 0,
        }
    }
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Request {
    pub office: OfficeId,
    pub n: i64,
    pub officer: OfficerId,
    pub from: Moment,
    pub until: Moment,
    pub asked_by: String,
    pub asked: Moment,
    pub reason: String,
    pub answer: Option<Answer>,
    pub revoked: Option<Moment>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Answer {
    pub by: String,
    pub at: Moment,
    pub granted: bool,
}

impl Request {
    /// It covers time that had passed when it was asked for.
    pub fn is_backdated(&self) -> bool {
        self.from < self.asked
    }

    pub fn is_granted(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| answer.granted)
    }
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Move {
    Asked {
        officer: OfficerId,
        from: Moment,
        until: Moment,
    },
    Granted,
    Denied,
    Revoked,
    Refused {
        tried: String,
        why: String,
    },
}

impl Move {
    pub fn as_str(&self) -> &'static str {
        match self {
            Move::Asked { .. } => "asked",
            Move::Granted => "granted",
            Move::Denied => "denied",
            Move::Revoked => "revoked",
            Move::Refused { .. } => "refused",
        }
    }
}

/// One step of one request: the body of an entry of the ledger.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ExemptionStep {
    pub request: i64,
    pub at: Moment,
    pub by: By,
    pub act: Move,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// What a person wants of an exemption.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExemptionWish {
    Ask {
        officer: String,
        from: Moment,
        until: Moment,
    },
    Grant {
        request: i64,
    },
    Deny {
        request: i64,
    },
    Revoke {
        request: i64,
    },
}

impl Cases {
    pub fn apply_exemption(&mut self, office: &OfficeId, step: &ExemptionStep) {
        let by = match &step.by {
            By::Monitor => String::new(),
            By::Person(actor) => actor.id.clone(),
        };
        if let Move::Asked { officer, from, until } = &step.act {
            self.requests.entry(step.request).or_insert(Request {
                office: office.clone(),
                n: step.request,
                officer: officer.clone(),
                from: *from,
                until: *until,
                asked_by: by,
                asked: step.at,
                reason: step.reason.clone(),
                answer: None,
                revoked: None,
            });
            return;
        }
        let Some(request) = self.requests.get_mut(&step.request) else {
            return;
        };
        match &step.act {
            Move::Granted | Move::Denied => {
                request.answer = Some(Answer {
                    by,
                    at: step.at,
                    granted: step.act == Move::Granted,
                });
            }
            Move::Revoked => request.revoked = Some(step.at),
            Move::Asked { .. } | Move::Refused { .. } => {}
        }
    }

    /// What a wish comes to: the step to write, or why not.
    pub fn ask_exemption(
        &self,
        who: &Actor,
        wish: &ExemptionWish,
        reason: &str,
        roster: &Roster,
        terms: &Terms,
        now: Moment,
    ) -> Result<ExemptionStep, Refusal> {
        acts::worded(reason)?;
        let step = |request, act| ExemptionStep {
            request,
            at: now,
            by: By::Person(who.clone()),
            act,
            reason: reason.trim().to_owned(),
        };
        match wish {
            ExemptionWish::Ask { officer, from, until } => {
                if until <= from {
                    return Err(Refusal::NoSpan);
                }
                if roster.officer(officer).is_none() {
                    return Err(Refusal::Unknown(officer.clone()));
                }
                let longest = terms.longest.of(Post::Integrity);
                if until.ms_since(*from) > longest {
                    return Err(Refusal::TooLongAtOnce(days(longest)));
                }
                // Also the officer himself may ask; a supervisor for those in his line.
                let own = same_human(&who.id, officer, roster);
                if !own && who.post != Post::Integrity && !is_above(&who.id, officer, roster, now) {
                    return Err(Refusal::NotInLine);
                }
                let n = self.requests.keys().next_back().map_or(1, |last| last + 1);
                let officer = OfficerId::new(officer);
                let (from, until) = (*from, *until);
                Ok(step(n, Move::Asked { officer, from, until }))
            }
            ExemptionWish::Grant { request: n } | ExemptionWish::Deny { request: n } => {
                let request = self.request(*n, roster)?;
                if request.answer.is_some() {
                    return Err(Refusal::Answered);
                }
                self.may_answer(who, request, roster, now)?;
                if matches!(wish, ExemptionWish::Deny { .. }) {
                    return Ok(step(*n, Move::Denied));
                }
                let longest = terms.longest.of(who.post);
                if request.until.ms_since(request.from) > longest {
                    return Err(Refusal::TooLongAtOnce(days(longest)));
                }
                Ok(step(*n, Move::Granted))
            }
            ExemptionWish::Revoke { request: n } => {
                let request = self.request(*n, roster)?;
                if !request.is_granted() || request.revoked.is_some() {
                    return Err(Refusal::Answered);
                }
                if who.post != Post::Integrity && !is_above(&who.id, request.officer.as_str(), roster, now) {
                    return Err(Refusal::NotInLine);
                }
                Ok(step(*n, Move::Revoked))
            }
        }
    }

    /// One of the roster's office: who has rights there has none elsewhere.
    fn request(&self, n: i64, roster: &Roster) -> Result<&Request, Refusal> {
        let request = self.requests.get(&n).filter(|one| one.office == roster.office.id);
        request.ok_or_else(|| Refusal::NoRequest(n.to_string()))
    }

    fn may_answer(&self, who: &Actor, request: &Request, roster: &Roster, now: Moment) -> Result<(), Refusal> {
        if same_human(&who.id, &request.asked_by, roster) {
            return Err(Refusal::AskedHimself);
        }
        let officer = request.officer.as_str();
        let about = super::Basis {
            office: roster.office.id.clone(),
            policy: crate::engine::event::PolicyId::new("exemption"),
            class: Class::Indication,
            severity: crate::engine::policy::Severity::Major,
            counter: None,
            lockbox: None,
            officer: Some(request.officer.clone()),
            date: String::new(),
            since: request.from,
            until: Some(request.until),
        };
        if let Some(refusal) = conflict(&who.id, &about, self.requests.values(), roster, now) {
            return Err(refusal);
        }
        match who.post {
            Post::Integrity => Ok(()),
            Post::Supervisor if is_above(&who.id, officer, roster, now) => Ok(()),
            Post::Supervisor => Err(Refusal::NotInLine),
            Post::Officer | Post::Technician => Err(Refusal::ForIntegrity),
        }
    }

    /// The indications of the last 30 days that would not be, had the officer been exempt then: those that rest on
    /// `custody`, as `rests_on_custody` knows of policies.
    pub fn would_have_hidden<'c>(
        &'c self,
        request: &Request,
        rests_on_custody: impl Fn(&str) -> bool + 'c,
    ) -> impl Iterator<Item = &'c Case> {
        let (office, officer, until) = (request.office.clone(), request.officer.clone(), request.asked);
        self.of.values().filter(move |case| {
            case.counts()
                && case.basis.office == office
                && case.basis.officer.as_ref() == Some(&officer)
                && case.basis.since >= until.plus_ms(-LOOK_BACK_MS)
                && case.basis.since <= until
                && rests_on_custody(case.basis.policy.as_str())
        })
    }

    /// How many exemptions were granted for time that had passed already.
    pub fn backdated(&self) -> usize {
        let requests = self.requests.values();
        requests.filter(|one| one.is_granted() && one.is_backdated()).count()
    }
}

fn is_above(id: &str, officer: &str, roster: &Roster, now: Moment) -> bool {
    let date = now.date(roster.office.zone);
    let mut line = line(Start::Officer(officer), roster, date).into_iter();
    line.any(|(person, there)| {
        same_human(id, &person.id, roster) || there.is_some_and(|there| same_human(id, &there.id, roster))
    })
}

fn days(ms: i64) -> String {
    match (ms / DAY_MS, ms % DAY_MS) {
        (1, 0) => "1 day".to_owned(),
        (days, 0) => format!("{days} days"),
        _ => format!("{} hours", ms / HOUR_MS),
    }
}
