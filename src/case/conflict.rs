//! Who may not act on an incident, whatever his role: below every page and every program that asks.

use chrono::NaiveDate;

use super::exemption::Request;
use super::line::{faces, superiors};
use super::{Basis, Refusal};
use crate::engine::roster::Roster;
use crate::engine::time::Moment;

/// Why somebody may not act on an incident, or be the only one told of it; `None`: nothing is in the way.
pub fn conflict<'r>(
    id: &str,
    basis: &Basis,
    requests: impl IntoIterator<Item = &'r Request>,
    roster: &Roster,
    at: Moment,
) -> Option<Refusal> {
    let subject = basis.officer.as_ref()?.as_str();
    let (own, his) = (faces(id, roster), faces(subject, roster));
    if !own.is_disjoint(&his) {
        return Some(Refusal::Own);
    }
    let date: NaiveDate = at.date(roster.office.zone);
    // Who was his subordinate when it happened is still not free.
    for date in [date, basis.since.date(roster.office.zone)] {
        if !superiors(id, roster, date).is_disjoint(&his) {
            return Some(Refusal::OfSuperior);
        }
        let acts_for = |face: &&str| {
            let absence = roster.person(face).and_then(|person| person.absent_on(date));
            let deputy = absence.and_then(|absence| absence.deputy.as_deref());
            deputy.is_some_and(|deputy| own.contains(deputy))
        };
        if his.iter().any(acts_for) {
            return Some(Refusal::DeputyOfSubject);
        }
    }
    let asked = requests.into_iter().any(|request| {
        request.office == basis.office
            && own.contains(request.asked_by.as_str())
            && his.contains(request.officer.as_str())
            && touches(request, basis, roster)
    });
    asked.then_some(Refusal::AskedExemption)
}

/// Whether an exemption would cover anything of the incident's business dates.
fn touches(request: &Request, basis: &Basis, roster: &Roster) -> bool {
    let zone = roster.office.zone;
    let end = basis.until.unwrap_or(basis.since).max(basis.since);
    request.from.date(zone) <= end.date(zone) && basis.since.date(zone) <= request.until.date(zone)
}
