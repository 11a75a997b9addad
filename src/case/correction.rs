//! Requests for correction: somebody says what is wrong in what is held about him, and the integrity team answers within
//! three days, as the law on personal data has it (UU 27/2022, art. 30).

use serde::{Deserialize, Serialize};

use super::line::same_human;
use super::{Actor, By, Cases, Post, Refusal, acts};
use crate::engine::event::OfficeId;
use crate::engine::roster::Roster;
use crate::engine::time::Moment;

/// 3 x 24 hours, whatever the office's hours.
pub const WITHIN_MS: i64 = 3 * 24 * 3_600_000;
/// So many requests of one person may be open.
pub const OPEN_MAX: usize = 20;
/// So long may the name of a record be, in bytes.
pub const ABOUT_MAX: usize = 300;

#[derive(Clone, PartialEq, Debug)]
pub struct Correction {
    pub n: i64,
    pub office: OfficeId,
    /// Who asks, about himself: his id in the roster.
    pub person: String,
    /// Which record.
    pub about: String,
    /// What is right.
    pub wanted: String,
    pub asked: Moment,
    pub answer: Option<Answered>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Answered {
    pub by: String,
    pub at: Moment,
    pub accepted: bool,
    pub words: String,
}

impl Correction {
    pub fn due(&self) -> Moment {
        self.asked.plus_ms(WITHIN_MS)
    }
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum CorrectionAct {
    Asked {
        office: OfficeId,
        about: String,
    },
    Accepted,
    Declined,
    /// Somebody tried what he may not.
    Refused {
        tried: String,
        why: String,
    },
}

impl CorrectionAct {
    pub fn as_str(&self) -> &'static str {
        match self {
            CorrectionAct::Asked { .. } => "asked",
            CorrectionAct::Accepted => "accepted",
            CorrectionAct::Declined => "declined",
            CorrectionAct::Refused { .. } => "refused",
        }
    }
}

/// One step of one request: the body of an entry of the ledger.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CorrectionStep {
    pub request: i64,
    pub at: Moment,
    pub by: By,
    pub act: CorrectionAct,
    /// What is right, or why it is answered so.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// What a person wants.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CorrectionWish {
    Ask { about: String },
    Accept { request: i64 },
    Decline { request: i64 },
}

impl CorrectionWish {
    /// Its word, and the request it is of.
    pub fn named(&self) -> (&'static str, i64) {
        match self {
            CorrectionWish::Ask { .. } => ("ask", 0),
            CorrectionWish::Accept { request } => ("accept", *request),
            CorrectionWish::Decline { request } => ("decline", *request),
        }
    }
}

impl Cases {
    pub fn apply_correction(&mut self, step: &CorrectionStep) {
        let by = match &step.by {
            By::Monitor => String::new(),
            By::Person(actor) => actor.id.clone(),
        };
        if let CorrectionAct::Asked { office, about } = &step.act {
            self.corrections.entry(step.request).or_insert(Correction {
                n: step.request,
                office: office.clone(),
                person: by,
                about: about.clone(),
                wanted: step.reason.clone(),
                asked: step.at,
                answer: None,
            });
            return;
        }
        let accepted = match step.act {
            CorrectionAct::Accepted => true,
            CorrectionAct::Declined => false,
            CorrectionAct::Asked { .. } | CorrectionAct::Refused { .. } => return,
        };
        if let Some(correction) = self.corrections.get_mut(&step.request) {
            correction.answer.get_or_insert(Answered {
                by,
                at: step.at,
                accepted,
                words: step.reason.clone(),
            });
        }
    }

    /// What a wish comes to: the step to write, or why not.
    pub fn ask_correction(
        &self,
        who: &Actor,
        office: &OfficeId,
        wish: &CorrectionWish,
        reason: &str,
        roster: &Roster,
        now: Moment,
    ) -> Result<CorrectionStep, Refusal> {
        let (request, act) = match wish {
            CorrectionWish::Ask { about } => {
                acts::worded(about)?;
                if about.len() > ABOUT_MAX {
                    return Err(Refusal::TooLong(ABOUT_MAX));
                }
                let his = |one: &&Correction| {
                    one.answer.is_none() && one.office == *office && same_human(&who.id, &one.person, roster)
                };
                if self.corrections.values().filter(his).count() >= OPEN_MAX {
                    return Err(Refusal::TooManyOpen(OPEN_MAX));
                }
                let last = self.corrections.last_key_value().map_or(0, |(n, _)| *n);
                let (office, about) = (office.clone(), about.trim().to_owned());
                (last + 1, CorrectionAct::Asked { office, about })
            }
            CorrectionWish::Accept { request } | CorrectionWish::Decline { request } => {
                let found = self.corrections.get(request).filter(|one| one.office == *office);
                let correction = found.ok_or_else(|| Refusal::NoRequest(request.to_string()))?;
                if same_human(&who.id, &correction.person, roster) {
                    return Err(Refusal::Own);
                }
                if who.post != Post::Integrity {
                    return Err(Refusal::ForIntegrity);
                }
                if correction.answer.is_some() {
                    return Err(Refusal::Answered);
                }
                match wish {
                    CorrectionWish::Accept { .. } => (*request, CorrectionAct::Accepted),
                    _ => (*request, CorrectionAct::Declined),
                }
            }
        };
        acts::worded(reason)?;
        Ok(CorrectionStep {
            request,
            at: now,
            by: By::Person(who.clone()),
            act,
            reason: reason.trim().to_owned(),
        })
    }
}
