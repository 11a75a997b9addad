//! What repeats: by default three confirmed minor incidents of an officer in 14 days, or two confirmed major ones in 30.
//! Only what people confirmed counts, and what was told of once is not told of again.

use serde::{Deserialize, Serialize};

use super::conflict::conflict;
use super::line::{Start, line};
use super::{Case, Cases, Terms};
use crate::engine::event::{OfficeId, OfficerId};
use crate::engine::policy::Severity;
use crate::engine::roster::{Role, Roster};
use crate::engine::time::Moment;

/// So many within so long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Repeats {
    pub count: usize,
    pub within_ms: i64,
}

/// A repetition, as an entry of the ledger has it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Pattern {
    pub office: OfficeId,
    pub officer: OfficerId,
    pub severity: Severity,
    pub at: Moment,
    pub incidents: Vec<i64>,
    /// The head of the office and the integrity team, but for who is in conflict.
    pub people: Vec<String>,
}

impl Cases {
    /// What repeats with a case that was just confirmed.
    pub fn pattern(&self, confirmed: &Case, roster: &Roster, terms: &Terms, now: Moment) -> Option<Pattern> {
        let officer = confirmed.basis.officer.clone()?;
        let severity = match confirmed.basis.severity {
            Severity::Info | Severity::Minor => Severity::Minor,
            Severity::Major | Severity::Critical => Severity::Major,
        };
        let Repeats { count, within_ms } = match severity {
            Severity::Minor => terms.minor_repeats,
            _ => terms.major_repeats,
        };
        let office = &confirmed.basis.office;
        let told = |n: i64| {
            let mut earlier = self.patterns.iter().filter(|one| one.severity == severity);
            earlier.any(|one| one.incidents.contains(&n))
        };
        let of_kind = |case: &&Case| (case.basis.severity >= Severity::Major) == (severity == Severity::Major);
        let incidents: Vec<i64> = self
            .of
            .values()
            .filter(|case| case.counts() && case.is_finding() && case.basis.office == *office)
            .filter(|case| case.basis.officer.as_ref() == Some(&officer))
            .filter(of_kind)
            .filter(|case| case.basis.since >= now.plus_ms(-within_ms) && !told(case.incident))
            .map(|case| case.incident)
            .collect();
        if incidents.len() < count {
            return None;
        }
        let date = now.date(roster.office.zone);
        let head = line(Start::Officer(officer.as_str()), roster, date).into_iter().last();
        let head = head.and_then(|(person, there)| there.or(Some(person)));
        let mut people = Vec::new();
        for person in head.into_iter().chain(roster.people_of(Role::Integrity)) {
            let free = conflict(&person.id, &confirmed.basis, self.requests.values(), roster, now).is_none();
            if free && !people.contains(&person.id) {
                people.push(person.id.clone());
            }
        }
        Some(Pattern {
            office: confirmed.basis.office.clone(),
            officer,
            severity,
            at: now,
            incidents,
            people,
        })
    }
}
