//! Ring 1: what people make of incidents. Every step says who, when and why, is an entry of the ledger, and is never
//! changed; folding the steps gives the cases.
//!
//! indication -> (the officer's statement) -> finding | dismissed | examination -> proven | not proven -> closed.
//! Only what is proven counts as a violation anywhere; indications and findings are counted apart.

pub mod acts;
pub mod conflict;
pub mod correction;
pub mod escalation;
pub mod exemption;
mod fold;
pub mod hours;
pub mod line;
pub mod mail;
pub mod order;
pub mod pattern;
pub mod refusal;
mod rows;
pub mod signal;
pub mod summary;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::engine::event::{DeviceId, OfficeId, OfficerId, PolicyId};
use crate::engine::policy::{Class, Severity};
use crate::engine::roster::{Role, Roster};
use crate::engine::time::Moment;
use crate::store::rows::{IncidentRow, IncidentState};

use correction::{Correction, CorrectionStep};
use exemption::{ExemptionStep, Longest, Request};
use mail::{Mail, MailStep};
use pattern::{Pattern, Repeats};
pub use refusal::Refusal;
use summary::Summaries;

/// What an incident says while it stands: what its case rests on.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Basis {
    pub office: OfficeId,
    pub policy: PolicyId,
    pub class: Class,
    pub severity: Severity,
    pub counter: Option<DeviceId>,
    pub lockbox: Option<DeviceId>,
    pub officer: Option<OfficerId>,
    /// Business date.
    pub date: String,
    pub since: Moment,
    pub until: Option<Moment>,
}

impl Basis {
    pub fn of(row: &IncidentRow) -> Basis {
        Basis {
            office: row.office.clone(),
            policy: row.policy.clone(),
            class: row.class,
            severity: row.severity,
            counter: row.counter.clone(),
            lockbox: row.lockbox.clone(),
            officer: row.officer.clone(),
            date: row.date.clone(),
            since: row.since,
            until: row.until,
        }
    }

    /// Whether it holds something against the officer that `before` did not.
    pub fn extends(&self, before: &Basis) -> bool {
        let end = |basis: &Basis| basis.until.unwrap_or(Moment::MAX);
        self.since < before.since || end(self) > end(before) || self.severity > before.severity
    }
}

/// Whoever took a step.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    Monitor,
    Person(Actor),
}

/// A person who acts, as whoever asked knows him.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Actor {
    /// Of the roster: a person's or an officer's.
    pub id: String,
    pub post: Post,
}

/// In which capacity somebody acts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Post {
    Officer,
    Supervisor,
    Integrity,
    Technician,
}

impl Actor {
    /// As the roster has him; `None` where it does not know him.
    pub fn in_roster(id: &str, roster: &Roster) -> Option<Actor> {
        let post = match roster.person(id).map(|person| person.role) {
            Some(Role::Supervisor) => Post::Supervisor,
            Some(Role::Integrity) => Post::Integrity,
            Some(Role::Technician) => Post::Technician,
            None => roster.officer(id).map(|_| Post::Officer)?,
        };
        Some(Actor {
            id: id.to_owned(),
            post,
        })
    }
}

/// Why a case is dismissed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    DeviceFault,
    Exempted,
    Mistaken,
    Permitted,
}

impl Code {
    pub const ALL: [Code; 4] = [Code::DeviceFault, Code::Exempted, Code::Mistaken, Code::Permitted];

    pub fn as_str(self) -> &'static str {
        match self {
            Code::DeviceFault => "device_fault",
            Code::Exempted => "exempted",
            Code::Mistaken => "mistaken",
            Code::Permitted => "permitted",
        }
    }
}

/// What happened to a case.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Act {
    // By the monitor.
    Opened {
        basis: Basis,
    },
    Amended {
        basis: Basis,
    },
    /// Its incident was withdrawn by late events.
    BasisWithdrawn,
    BasisRestored {
        basis: Basis,
    },
    /// Its incident goes on under an older number.
    Joined {
        to: i64,
    },
    /// Late evidence after it was decided.
    ReopenedByEvidence {
        basis: Basis,
    },
    /// People were told, or are told with the next digest.
    Told {
        people: Vec<String>,
        rung: Rung,
    },
    /// An acknowledgement ran out without a decision.
    AckExpired,
    // By people.
    Acknowledged {
        until: Moment,
    },
    Stated,
    Found,
    Dismissed {
        code: Code,
    },
    /// A second person is needed for it.
    DismissalProposed {
        code: Code,
    },
    Examined,
    Proven,
    NotProven,
    Closed,
    Appealed {
        review_by: Moment,
    },
    /// The reviewer leaves it as it was decided.
    Upheld,
    /// The reviewer takes it back.
    Granted,
    Reopened,
    /// Somebody tried what he may not.
    Refused {
        tried: String,
        why: String,
    },
}

impl Act {
    /// Whether it is the answer that people are asked for.
    fn answers(&self) -> bool {
        use Act::{Acknowledged, DismissalProposed, Dismissed, Examined, Found};
        matches!(
            self,
            Acknowledged { .. } | Dismissed { .. } | DismissalProposed { .. } | Examined | Found
        )
    }

    pub fn as_str(&self) -> &'static str {
        match self {
            Act::Opened { .. } => "opened",
            Act::Amended { .. } => "amended",
            Act::BasisWithdrawn => "basis_withdrawn",
            Act::BasisRestored { .. } => "basis_restored",
            Act::Joined { .. } => "joined",
            Act::ReopenedByEvidence { .. } => "reopened_by_evidence",
            Act::Told { .. } => "told",
            Act::AckExpired => "ack_expired",
            Act::Acknowledged { .. } => "acknowledged",
            Act::Stated => "stated",
            Act::Found => "found",
            Act::Dismissed { .. } => "dismissed",
            Act::DismissalProposed { .. } => "dismissal_proposed",
            Act::Examined => "examined",
            Act::Proven => "proven",
            Act::NotProven => "not_proven",
            Act::Closed => "closed",
            Act::Appealed { .. } => "appealed",
            Act::Upheld => "upheld",
            Act::Granted => "granted",
            Act::Reopened => "reopened",
            Act::Refused { .. } => "refused",
        }
    }
}

/// How high what is unanswered has climbed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// Whom the policy names.
    First,
    /// The next in line above those.
    Next,
    Integrity,
}

/// One step of one case: the body of an entry of the ledger.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Step {
    pub incident: i64,
    pub at: Moment,
    pub by: By,
    pub act: Act,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// Where a case stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Indication,
    /// One person dismissed it, and a second must agree.
    Dismissing,
    Dismissed,
    Finding,
    Examination,
    Proven,
    NotProven,
    Closed,
    /// Late events cleared it before anybody decided.
    Withdrawn,
}

impl Stage {
    pub const ALL: [Stage; 9] = [
        Stage::Indication,
        Stage::Dismissing,
        Stage::Dismissed,
        Stage::Finding,
        Stage::Examination,
        Stage::Proven,
        Stage::NotProven,
        Stage::Closed,
        Stage::Withdrawn,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Indication => "indication",
            Stage::Dismissing => "dismissing",
            Stage::Dismissed => "dismissed",
            Stage::Finding => "finding",
            Stage::Examination => "examination",
            Stage::Proven => "proven",
            Stage::NotProven => "not_proven",
            Stage::Closed => "closed",
            Stage::Withdrawn => "withdrawn",
        }
    }

    /// Nobody has decided yet.
    pub fn is_open(self) -> bool {
        matches!(self, Stage::Indication | Stage::Dismissing)
    }
}

/// Spans that rule cases; what an office may change comes with its configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Terms {
    /// In service hours.
    pub ack_within_ms: i64,
    /// In service hours.
    pub integrity_after_ms: i64,
    /// In service hours: then an acknowledgement without a decision counts no more.
    pub ack_holds_ms: i64,
    /// After a decision, the officer may appeal for so long.
    pub appeal_within_ms: i64,
    /// The reviewer's time.
    pub review_within_ms: i64,
    /// The officer has so long to be heard before anything is called proven.
    pub heard_within_ms: i64,
    /// So many letters each supervisor gets at once on a day; `None`: as many as there are.
    pub at_once_max: Option<u32>,
    /// When the others go out, in minutes after midnight.
    pub digest_minutes: Vec<u32>,
    /// How long exemptions may be.
    pub longest: Longest,
    /// What is confirmed so often repeats.
    pub minor_repeats: Repeats,
    pub major_repeats: Repeats,
    pub summaries: Summaries,
    pub signals: signal::Bounds,
}

const DAY_MS: i64 = 86_400_000;

impl Default for Terms {
    fn default() -> Terms {
        Terms {
            ack_within_ms: 15 * 60_000,
            integrity_after_ms: 2 * 3_600_000,
            ack_holds_ms: 8 * 3_600_000,
            appeal_within_ms: 14 * DAY_MS,
            review_within_ms: 14 * DAY_MS,
            heard_within_ms: 3 * DAY_MS,
            at_once_max: Some(2),
            digest_minutes: vec![12 * 60, 16 * 60],
            longest: Longest {
                supervisor_ms: 3 * DAY_MS,
                integrity_ms: 30 * DAY_MS,
            },
            minor_repeats: Repeats {
                count: 3,
                within_ms: 14 * DAY_MS,
            },
            major_repeats: Repeats {
                count: 2,
                within_ms: 30 * DAY_MS,
            },
            summaries: Summaries::default(),
            signals: signal::Bounds::default(),
        }
    }
}

#[derive(Clone, PartialEq, Debug)]
pub struct Ack {
    pub by: String,
    pub until: Moment,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Appeal {
    pub at: Moment,
    pub review_by: Moment,
}

/// One incident in people's hands.
#[derive(Clone, PartialEq, Debug)]
pub struct Case {
    pub incident: i64,
    pub basis: Basis,
    pub stage: Stage,
    /// The last decision, also when it is closed.
    pub outcome: Option<Stage>,
    pub code: Option<Code>,
    /// Whether its incident stands.
    pub stands: bool,
    pub joined_to: Option<i64>,
    pub opened: Moment,
    /// When the officer was heard, since it was last opened.
    pub stated: Option<Moment>,
    pub ack: Option<Ack>,
    /// Who proposed to dismiss it.
    pub proposed_by: Option<String>,
    /// When it was last decided.
    pub decided: Option<Moment>,
    /// Everybody who decided anything in it.
    pub deciders: BTreeSet<String>,
    pub appeal: Option<Appeal>,
    /// Everybody who was told, and when last.
    pub told: BTreeMap<String, Moment>,
    /// From when an answer is awaited; moves when an acknowledgement runs out.
    pub waiting_since: Moment,
    /// How long the first answer took since it was last opened.
    pub answered_ms: Option<i64>,
    /// How often it was passed on up the line since.
    pub climbed: u32,
    pub integrity_told: bool,
    pub changed: Moment,
    /// How many steps it has.
    pub steps: u32,
    /// The last of them that changed anything a person decides by: not who was told, nor what was refused.
    pub moved: u32,
}

/// All cases, as folding the ledger's entries gives them.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Cases {
    pub of: BTreeMap<i64, Case>,
    /// Exemptions that were asked for.
    pub requests: BTreeMap<i64, Request>,
    /// What people said is wrong in what is held about them.
    pub corrections: BTreeMap<i64, Correction>,
    /// Who was mailed what, and what waits.
    pub mail: Mail,
    /// What was found to repeat.
    pub patterns: Vec<Pattern>,
    /// When the last word on any of it was said.
    pub last: Option<Moment>,
}

/// The body of an entry of the ledger of kind `case`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    Step(Step),
    Exemption(ExemptionStep),
    Correction(CorrectionStep),
    Mail(MailStep),
    Pattern(Pattern),
}

impl Record {
    pub fn at(&self) -> Moment {
        match self {
            Record::Step(step) => step.at,
            Record::Exemption(step) => step.at,
            Record::Correction(step) => step.at,
            Record::Mail(step) => step.at(),
            Record::Pattern(pattern) => pattern.at,
        }
    }
}

/// Three numbers that are never added up.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Counts {
    /// What the machine holds and nobody has taken back.
    pub indications: u32,
    /// What a person confirmed, proven or not.
    pub findings: u32,
    /// After an examination: the only violations there are.
    pub proven: u32,
}

/// What changed in a turn for a case: the step that says so, if any.
pub fn follow(case: Option<&Case>, row: &IncidentRow) -> Option<Act> {
    let basis = Basis::of(row);
    let Some(case) = case else {
        return match row.state {
            IncidentState::Open | IncidentState::Ended => Some(Act::Opened { basis }),
            IncidentState::Retracted | IncidentState::Joined(_) => None,
        };
    };
    match row.state {
        IncidentState::Retracted => case.stands.then_some(Act::BasisWithdrawn),
        IncidentState::Joined(to) => (case.joined_to != Some(to)).then_some(Act::Joined { to }),
        IncidentState::Open | IncidentState::Ended => {
            let over = matches!(case.stage, Stage::Dismissed | Stage::NotProven)
                || case.stage == Stage::Closed && !matches!(case.outcome, Some(Stage::Finding | Stage::Proven));
            if over && basis.extends(&case.basis) {
                Some(Act::ReopenedByEvidence { basis })
            } else if !case.stands || case.joined_to.is_some() {
                Some(Act::BasisRestored { basis })
            } else if basis != case.basis {
                Some(Act::Amended { basis })
            } else {
                None
            }
        }
    }
}
