//! What people order of cases, as it comes through the socket, from a page or from a program; and what they ask before
//! they do: the same rules answer both.

use serde::{Deserialize, Serialize};

use super::acts::{Ask, Wish};
use super::correction::CorrectionWish;
use super::escalation::Due;
use super::exemption::{ExemptionWish, Longest, Request};
use super::{Actor, Case, Cases, Code, Post, Refusal, Terms};
use crate::engine::event::OfficeId;
use crate::engine::roster::Roster;
use crate::engine::time::Moment;

/// What a person does.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CaseOrder {
    /// The person's id in the roster.
    pub who: String,
    /// In which capacity; `None`: as the roster has him.
    #[serde(default)]
    pub post: Option<Post>,
    #[serde(default)]
    pub reason: String,
    pub what: Order,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    Case {
        incident: i64,
        wish: Wish,
        /// How many steps the case had when the person looked at it.
        #[serde(default)]
        seen: Option<u32>,
    },
    Exemption {
        /// May be left out where there is one office.
        #[serde(default)]
        office: Option<OfficeId>,
        wish: ExemptionWish,
    },
    Correction {
        /// May be left out where there is one office.
        #[serde(default)]
        office: Option<OfficeId>,
        wish: CorrectionWish,
    },
}

/// What was done.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    Case {
        incident: i64,
        step: String,
        stage: String,
        steps: u32,
    },
    Exemption {
        request: i64,
        step: String,
        backdated: bool,
        /// Incidents of the last 30 days that would not have been.
        would_have_hidden: Vec<i64>,
    },
    Correction {
        request: i64,
        step: String,
        /// Until when it is to be answered.
        due: Moment,
    },
}

pub type CaseAnswer = std::result::Result<Done, Refusal>;

/// What somebody looks at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Look {
    pub office: OfficeId,
    /// His id in the roster; `None`: he only reads.
    pub who: Option<String>,
    pub incidents: Vec<i64>,
    pub requests: Vec<i64>,
}

/// What there is of it, and what he may do.
#[derive(Clone, PartialEq, Debug)]
pub struct Seen {
    /// The monitor's clock.
    pub now: Moment,
    pub cases: Vec<CaseSeen>,
    pub requests: Vec<RequestSeen>,
    pub longest: Longest,
}

#[derive(Clone, PartialEq, Debug)]
pub struct CaseSeen {
    pub case: Case,
    /// Each wish that is his to have, or why it is not; empty for who only reads.
    pub may: Vec<(Wish, Option<Refusal>)>,
    /// What happens if nobody ever answers, in order.
    pub foreseen: Vec<Due>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct RequestSeen {
    pub request: Request,
    pub grant: Option<Refusal>,
    pub deny: Option<Refusal>,
    pub revoke: Option<Refusal>,
    /// Incidents of the 30 days before it that would not have been.
    pub hidden: Vec<i64>,
}

impl CaseSeen {
    pub fn may(&self, wish: Wish) -> bool {
        self.may.iter().any(|(one, why)| *one == wish && why.is_none())
    }

    /// Whether a decision is his to take: more than taking notice.
    pub fn may_decide(&self) -> bool {
        let decides = |wish: &Wish| {
            !matches!(
                wish,
                Wish::Ack | Wish::State | Wish::Appeal | Wish::Reopen | Wish::Close
            )
        };
        self.may.iter().any(|(wish, why)| why.is_none() && decides(wish))
    }
}

/// Stands for the words he has not written yet.
const WORDS: &str = "...";

impl Cases {
    /// What somebody may do of what he looks at, by the rules that would judge it if he did it now.
    pub fn look(
        &self,
        look: &Look,
        roster: &Roster,
        terms: &Terms,
        rests_on_custody: impl Fn(&str) -> bool,
        now: Moment,
    ) -> Seen {
        let who = look.who.as_deref().and_then(|id| Actor::in_roster(id, roster));
        let here = |case: &&Case| case.basis.office == look.office;
        let cases = look.incidents.iter().filter_map(|n| self.of.get(n)).filter(here);
        let cases = cases.map(|case| CaseSeen {
            may: who
                .iter()
                .flat_map(|who| self.wishes(who, case, roster, terms, now))
                .collect(),
            foreseen: self.foresee(case, roster, terms),
            case: case.clone(),
        });
        let requests = look.requests.iter().filter_map(|n| self.requests.get(n));
        let requests = requests.filter(|request| request.office == look.office);
        let requests = requests.map(|request| {
            let n = request.n;
            let why = |wish: ExemptionWish| match &who {
                Some(who) => self.ask_exemption(who, &wish, WORDS, roster, terms, now).err(),
                None => Some(Refusal::ForIntegrity),
            };
            RequestSeen {
                grant: why(ExemptionWish::Grant { request: n }),
                deny: why(ExemptionWish::Deny { request: n }),
                revoke: why(ExemptionWish::Revoke { request: n }),
                hidden: self
                    .would_have_hidden(request, &rests_on_custody)
                    .map(|case| case.incident)
                    .collect(),
                request: request.clone(),
            }
        });
        Seen {
            now,
            cases: cases.collect(),
            requests: requests.collect(),
            longest: terms.longest,
        }
    }

    fn wishes(
        &self,
        who: &Actor,
        case: &Case,
        roster: &Roster,
        terms: &Terms,
        now: Moment,
    ) -> Vec<(Wish, Option<Refusal>)> {
        // One code stands for all.
        let all = Wish::PLAIN.into_iter().chain([Wish::Dismiss(Code::Mistaken)]);
        all.map(|wish| {
            let ask = Ask {
                incident: case.incident,
                who: who.clone(),
                wish,
                reason: WORDS.to_owned(),
                seen: None,
            };
            (wish, self.ask(&ask, roster, terms, now).err())
        })
        .collect()
    }
}
