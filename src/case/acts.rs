//! What a person may do with a case: checked here, below every page and every program.

use serde::{Deserialize, Serialize};

use super::conflict::conflict;
use super::line::{Start, line, same_human};
use super::{Act, Actor, By, Case, Cases, Code, Post, Refusal, Stage, Step, Terms, hours};
use crate::engine::policy::{Class, Severity};
use crate::engine::roster::Roster;
use crate::engine::time::Moment;

/// So long may a reason or a statement be, in bytes.
pub const REASON_MAX: usize = 4_096;

/// What a person wants to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    Ack,
    State,
    Find,
    Dismiss(Code),
    Examine,
    Prove,
    NotProve,
    Close,
    Appeal,
    Uphold,
    Grant,
    Reopen,
}

impl Wish {
    /// Every wish that has no more to it than its word, in the order in which a case goes.
    pub const PLAIN: [Wish; 11] = [
        Wish::Ack,
        Wish::State,
        Wish::Find,
        Wish::Examine,
        Wish::Prove,
        Wish::NotProve,
        Wish::Close,
        Wish::Appeal,
        Wish::Uphold,
        Wish::Grant,
        Wish::Reopen,
    ];

    /// By its word; a dismissal needs its code.
    pub fn parse(word: &str, code: Option<Code>) -> Option<Wish> {
        match (word, code) {
            ("dismiss", Some(code)) => Some(Wish::Dismiss(code)),
            (_, None) => Wish::PLAIN.into_iter().find(|wish| wish.as_str() == word),
            _ => None,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Wish::Ack => "ack",
            Wish::State => "state",
            Wish::Find => "find",
            Wish::Dismiss(_) => "dismiss",
            Wish::Examine => "examine",
            Wish::Prove => "prove",
            Wish::NotProve => "not_prove",
            Wish::Close => "close",
            Wish::Appeal => "appeal",
            Wish::Uphold => "uphold",
            Wish::Grant => "grant",
            Wish::Reopen => "reopen",
        }
    }
}

/// A wish, with who has it and why.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Ask {
    pub incident: i64,
    pub who: Actor,
    pub wish: Wish,
    #[serde(default)]
    pub reason: String,
    /// How many steps the case had when he looked at it: a form that was sent twice does nothing the second time.
    #[serde(default)]
    pub seen: Option<u32>,
}

/// Demands words.
pub(super) fn worded(reason: &str) -> Result<(), Refusal> {
    match reason.trim().len() {
        0..=2 => Err(Refusal::NoReason),
        length if length > REASON_MAX => Err(Refusal::TooLong(REASON_MAX)),
        _ => Ok(()),
    }
}

impl Cases {
    /// What an ask comes to: the step to write, or why not.
    pub fn ask(&self, ask: &Ask, roster: &Roster, terms: &Terms, now: Moment) -> Result<Step, Refusal> {
        let case = self.of.get(&ask.incident).ok_or(Refusal::NoCase(ask.incident))?;
        if ask.wish != Wish::Ack || !ask.reason.is_empty() {
            worded(&ask.reason)?;
        }
        if ask.seen.is_some_and(|seen| !(case.moved..=case.steps).contains(&seen)) {
            return Err(Refusal::Changed(case.steps));
        }
        if let Some(other) = case.joined_to {
            return Err(Refusal::GoesOnAs(other));
        }
        let act = match ask.wish {
            Wish::State | Wish::Appeal => self.by_officer(ask, case, roster, terms, now)?,
            _ => self.by_others(ask, case, roster, terms, now)?,
        };
        Ok(Step {
            incident: ask.incident,
            at: now,
            by: By::Person(ask.who.clone()),
            act,
            reason: ask.reason.trim().to_owned(),
        })
    }

    fn by_officer(&self, ask: &Ask, case: &Case, roster: &Roster, terms: &Terms, now: Moment) -> Result<Act, Refusal> {
        let subject = case.basis.officer.as_ref().ok_or(Refusal::ForOfficer)?;
        if !same_human(&ask.who.id, subject.as_str(), roster) {
            return Err(Refusal::ForOfficer);
        }
        if ask.wish == Wish::State {
            return match case.stage {
                Stage::Closed | Stage::Withdrawn => Err(Refusal::WrongStage(case.stage)),
                _ => Ok(Act::Stated),
            };
        }
        if case.appeal.is_some() {
            return Err(Refusal::AppealPending);
        }
        let (Some(Stage::Finding | Stage::Proven), Some(decided)) = (case.outcome, case.decided) else {
            return Err(Refusal::WrongStage(case.stage));
        };
        let end = decided.plus_ms(terms.appeal_within_ms);
        if now > end {
            return Err(Refusal::TooLate(end.rfc3339(roster.office.zone)));
        }
        Ok(Act::Appealed {
            review_by: now.plus_ms(terms.review_within_ms),
        })
    }

    fn by_others(&self, ask: &Ask, case: &Case, roster: &Roster, terms: &Terms, now: Moment) -> Result<Act, Refusal> {
        let who = &ask.who;
        if let Some(refusal) = conflict(&who.id, &case.basis, self.requests.values(), roster, now) {
            return Err(refusal);
        }
        may_touch(who, case, roster, now)?;
        let is_he = |id: &String| same_human(&who.id, id, roster);
        let wrong = Err(Refusal::WrongStage(case.stage));
        if matches!(ask.wish, Wish::Uphold | Wish::Grant) {
            if case.appeal.is_none() {
                return Err(Refusal::NoAppeal);
            }
            return match case.deciders.iter().any(is_he) {
                true => Err(Refusal::Decided),
                false if ask.wish == Wish::Uphold => Ok(Act::Upheld),
                false => Ok(Act::Granted),
            };
        }
        if case.appeal.is_some() && ask.wish != Wish::Ack {
            return Err(Refusal::AppealPending);
        }
        if !case.stands && !matches!(ask.wish, Wish::Dismiss(_) | Wish::Close) {
            return Err(Refusal::Withdrawn);
        }
        let indication = case.basis.class == Class::Indication;
        match ask.wish {
            Wish::Ack if case.stage.is_open() => Ok(Act::Acknowledged {
                until: hours::after(
                    roster.office.calendar.as_ref(),
                    roster.office.zone,
                    now,
                    terms.ack_holds_ms,
                ),
            }),
            Wish::Find if case.stage.is_open() && indication => Ok(Act::Found),
            Wish::Dismiss(code) => {
                let again = !case.stands && !matches!(case.stage, Stage::Dismissed | Stage::Withdrawn);
                if !(case.stage.is_open() || again) {
                    return wrong;
                }
                if case.stage == Stage::Dismissing {
                    return match case.proposed_by.iter().any(is_he) {
                        true => Err(Refusal::SecondPerson),
                        // Once the integrity team was told, nobody settles it past them.
                        false if case.integrity_told && !self.integrity_agrees(case, who, roster) => {
                            Err(Refusal::ForIntegrity)
                        }
                        false => Ok(Act::Dismissed { code }),
                    };
                }
                let grave = indication && case.basis.severity >= Severity::Major || case.integrity_told;
                Ok(match grave {
                    true => Act::DismissalProposed { code },
                    false => Act::Dismissed { code },
                })
            }
            Wish::Examine if (case.stage.is_open() || case.stage == Stage::Finding) && indication => Ok(Act::Examined),
            Wish::Prove if case.stage == Stage::Examination => {
                let until = case.opened.plus_ms(terms.heard_within_ms);
                match case.stated.is_some() || now >= until {
                    true => Ok(Act::Proven),
                    false => Err(Refusal::NotHeard(until.rfc3339(roster.office.zone))),
                }
            }
            Wish::NotProve if case.stage == Stage::Examination => Ok(Act::NotProven),
            Wish::Close => match case.stage {
                Stage::Dismissed | Stage::Finding | Stage::Proven | Stage::NotProven => Ok(Act::Closed),
                // What accuses nobody needs no decision, and what was withdrawn has none.
                Stage::Indication if !indication => Ok(Act::Closed),
                Stage::Examination if !case.stands => Ok(Act::Closed),
                _ => wrong,
            },
            Wish::Reopen => match case.stage {
                _ if who.post != Post::Integrity => Err(Refusal::ForIntegrity),
                Stage::Dismissed | Stage::NotProven | Stage::Closed => Ok(Act::Reopened),
                _ => wrong,
            },
            _ => wrong,
        }
    }

    fn integrity_agrees(&self, case: &Case, who: &Actor, roster: &Roster) -> bool {
        let proposer = case.proposed_by.as_deref().and_then(|id| Actor::in_roster(id, roster));
        who.post == Post::Integrity || proposer.is_some_and(|proposer| proposer.post == Post::Integrity)
    }
}

/// Whether it is anything of his, conflicts aside.
fn may_touch(who: &Actor, case: &Case, roster: &Roster, now: Moment) -> Result<(), Refusal> {
    match (who.post, &case.basis.officer) {
        (Post::Integrity, _) => Ok(()),
        (Post::Technician, _) if case.basis.class == Class::Technical => Ok(()),
        (Post::Technician, _) => Err(Refusal::ForPeople),
        (Post::Officer, _) => Err(Refusal::NotInLine),
        (Post::Supervisor, None) => Ok(()),
        (Post::Supervisor, Some(officer)) => {
            let date = now.date(roster.office.zone);
            let mut line = line(Start::Officer(officer.as_str()), roster, date).into_iter();
            let above = line.any(|(person, there)| {
                same_human(&who.id, &person.id, roster)
                    || there.is_some_and(|there| same_human(&who.id, &there.id, roster))
            });
            if above { Ok(()) } else { Err(Refusal::NotInLine) }
        }
    }
}
