//! What is unanswered climbs: to the next in line, then to the integrity team. Who is told when is worked out from the
//! case, the roster and the calendar alone, so that it can be asked beforehand and goes on after a restart.

use super::conflict::conflict;
use super::line::{Start, line, same_human};
use super::{Act, By, Case, Cases, Refusal, Rung, Stage, Step, Terms, hours};
use crate::engine::policy::Severity;
use crate::engine::roster::{Person, Role, Roster};
use crate::engine::time::Moment;
use crate::incident::present;

/// The next thing that happens to a case nobody answers.
#[derive(Clone, PartialEq, Debug)]
pub struct Due {
    pub at: Moment,
    pub what: What,
}

#[derive(Clone, PartialEq, Debug)]
pub enum What {
    AckExpires,
    /// It climbs; empty where nobody of that rung may be told.
    Climb {
        rung: Rung,
        people: Vec<String>,
        /// Who would have been told, and why he is not.
        passed: Vec<(String, Passed)>,
    },
}

/// Why somebody is passed over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Passed {
    /// He knows already.
    Told,
    Conflict(Refusal),
    /// He is away, and nobody acts for him.
    Absent,
    /// He is away, and that person acts for him.
    DeputyTold(String),
}

/// Whether a case climbs at all: what is minor waits for the digest.
pub fn climbs(case: &Case) -> bool {
    case.stage.is_open() && case.stands && case.joined_to.is_none() && case.basis.severity >= Severity::Major
}

impl Cases {
    /// What happens next to a case if nobody does anything; `None`: nothing.
    pub fn next(&self, case: &Case, roster: &Roster, terms: &Terms) -> Option<Due> {
        if let Some(ack) = &case.ack {
            let at = ack.until;
            return case.stage.is_open().then_some(Due {
                at,
                what: What::AckExpires,
            });
        }
        // The machine's own word goes out first.
        if !climbs(case) || case.told.is_empty() || case.integrity_told {
            return None;
        }
        let at_integrity = self.after(case, roster, terms.integrity_after_ms);
        // A second person is looked for at once, the next one after the usual time.
        let rungs = i64::from(case.climbed) + i64::from(case.stage == Stage::Indication);
        let at_next = self.after(case, roster, terms.ack_within_ms * rungs);
        let climb = |at, rung, people, passed| {
            let what = What::Climb { rung, people, passed };
            Some(Due { at, what })
        };
        if at_next < at_integrity {
            let (person, passed) = self.next_in_line(case, roster, at_next);
            if let Some(person) = person {
                return climb(at_next, Rung::Next, vec![person], passed);
            }
            // A step with nobody in it is skipped, so that the integrity team hears at once.
            if case.climbed == 0 {
                let (people, more) = self.integrity(case, roster, at_next);
                return climb(at_next, Rung::Integrity, people, [passed, more].concat());
            }
        }
        let (people, passed) = self.integrity(case, roster, at_integrity);
        climb(at_integrity, Rung::Integrity, people, passed)
    }

    /// By when somebody should have answered.
    pub(super) fn answer_by(&self, case: &Case, roster: &Roster, terms: &Terms) -> Moment {
        self.after(case, roster, terms.ack_within_ms)
    }

    /// What is critical does not wait for service hours.
    fn after(&self, case: &Case, roster: &Roster, ms: i64) -> Moment {
        let calendar = roster.office.calendar.as_ref();
        let calendar = calendar.filter(|_| case.basis.severity < Severity::Critical);
        hours::after(calendar, roster.office.zone, case.waiting_since, ms)
    }

    fn next_in_line(&self, case: &Case, roster: &Roster, at: Moment) -> (Option<String>, Vec<(String, Passed)>) {
        let date = at.date(roster.office.zone);
        let start = match &case.basis.officer {
            Some(officer) if roster.officer(officer.as_str()).is_some() => Start::Officer(officer.as_str()),
            _ => Start::People(case.told.keys().map(String::as_str).collect()),
        };
        let mut passed = Vec::new();
        for (person, there) in line(start, roster, date) {
            let Some(there) = there else {
                passed.push((person.id.clone(), Passed::Absent));
                continue;
            };
            if there.id != person.id {
                passed.push((person.id.clone(), Passed::DeputyTold(there.id.clone())));
            }
            match self.free(there, case, roster, at) {
                Ok(()) => return (Some(there.id.clone()), passed),
                Err(why) => passed.push((there.id.clone(), why)),
            }
        }
        (None, passed)
    }

    fn integrity(&self, case: &Case, roster: &Roster, at: Moment) -> (Vec<String>, Vec<(String, Passed)>) {
        let date = at.date(roster.office.zone);
        let (mut people, mut passed) = (Vec::new(), Vec::new());
        for person in roster.people_of(Role::Integrity) {
            // Better somebody who is away than nobody at all.
            let there = present(person, roster, date).unwrap_or(person);
            match conflict(&there.id, &case.basis, self.requests.values(), roster, at) {
                Some(why) => passed.push((there.id.clone(), Passed::Conflict(why))),
                None if !people.contains(&there.id) => people.push(there.id.clone()),
                None => {}
            }
        }
        (people, passed)
    }

    fn free(&self, person: &Person, case: &Case, roster: &Roster, at: Moment) -> Result<(), Passed> {
        let proposed = case.proposed_by.as_deref();
        if proposed.is_some_and(|id| same_human(id, &person.id, roster)) {
            return Err(Passed::Told);
        }
        // Who was told before an acknowledgement ran out is reminded of it.
        if case
            .told
            .get(&person.id)
            .is_some_and(|told| *told >= case.waiting_since)
        {
            return Err(Passed::Told);
        }
        match conflict(&person.id, &case.basis, self.requests.values(), roster, at) {
            Some(why) => Err(Passed::Conflict(why)),
            None => Ok(()),
        }
    }

    /// The steps that are due, each followed by what becomes due at once because of it.
    pub fn due(&self, case: &Case, roster: &Roster, terms: &Terms, now: Moment) -> Vec<Step> {
        let mut case = case.clone();
        let mut steps = Vec::new();
        // Each of these moves the case on; nothing can come round again before time has passed.
        while let Some(due) = self.next(&case, roster, terms).filter(|due| due.at <= now) {
            let step = Step {
                incident: case.incident,
                at: now,
                by: By::Monitor,
                act: due.what.act(),
                reason: String::new(),
            };
            case.apply(&step);
            steps.push(step);
            if steps.len() > roster.people.len() + 2 {
                break;
            }
        }
        steps
    }

    /// Whether people are still at it, or somebody will hear of it: its incident is not forgotten until then.
    pub fn is_pending(&self, incident: i64) -> bool {
        let case = self.of.get(&incident);
        let waits = self.mail.held.values().any(|held| held.contains_key(&incident));
        waits
            || case
                .is_some_and(|case| !matches!(case.stage, Stage::Closed | Stage::Withdrawn) && case.joined_to.is_none())
    }

    /// When the next step of any case is due, as their office's roster has it.
    pub fn next_wake<'r>(&self, roster_of: impl Fn(&Case) -> Option<&'r Roster>, terms: &Terms) -> Option<Moment> {
        let open = self.of.values().filter(|case| case.stage.is_open());
        open.filter_map(|case| self.next(case, roster_of(case)?, terms))
            .map(|due| due.at)
            .min()
    }

    /// Everything that will happen to a case if nobody ever answers, in order.
    pub fn foresee(&self, case: &Case, roster: &Roster, terms: &Terms) -> Vec<Due> {
        let mut case = case.clone();
        let mut all = Vec::new();
        while let Some(due) = self.next(&case, roster, terms) {
            case.apply(&Step {
                incident: case.incident,
                at: due.at,
                by: By::Monitor,
                act: due.what.act(),
                reason: String::new(),
            });
            all.push(due);
            if all.len() > roster.people.len() + 2 {
                break;
            }
        }
        all
    }
}

impl What {
    pub fn act(&self) -> Act {
        match self {
            What::AckExpires => Act::AckExpired,
            What::Climb { rung, people, .. } => Act::Told {
                people: people.clone(),
                rung: *rung,
            },
        }
    }
}

/// Whether a case still waits for somebody's word.
pub fn is_unanswered(case: &Case) -> bool {
    case.stage == Stage::Indication && case.ack.is_none()
}
