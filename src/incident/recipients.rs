//! Who is told of a verdict: never the officer it is about.
//!
//! - `supervisor`, with an officer: his supervisor; where that is he himself, the next by `reports_to`, and so on;
//!   nobody left, or an officer who is not in the roster: the integrity team.
//! - `supervisor`, without an officer: of a lockbox, the supervisors of the officers it is assigned to; of a counter
//!   (whose officers nobody knows then), and of a lockbox nobody is assigned to, every supervisor who supervises an
//!   officer; where there is none, every supervisor; where there is none, the integrity team.
//! - `integrity`, `technician`: everybody of that role.
//! - Who is absent is not told; whoever acts for him is, else the next by `reports_to`.
//!
//! If all that leaves nobody, the integrity team is told. One letter goes to an address, in the first role that fits.

use chrono::NaiveDate;

use crate::engine::event::OfficerId;
use crate::engine::policy::Tell;
use crate::engine::roster::{Officer, Person, Role, Roster};
use crate::engine::time::Moment;
use crate::engine::verdict::Verdict;

/// The people to tell, in the order of the policy's `notify`, each address once.
pub fn recipients<'a>(notify: &[Tell], verdict: &Verdict, roster: &'a Roster, at: Moment) -> Vec<&'a Person> {
    recipients_but(&[], notify, verdict, roster, at)
}

/// The same, but for people who have a conflict of interest: as if they were not in the roster.
pub(super) fn recipients_but<'a>(
    barred: &[String],
    notify: &[Tell],
    verdict: &Verdict,
    roster: &'a Roster,
    at: Moment,
) -> Vec<&'a Person> {
    let subject = Subject {
        barred,
        ..Subject::of(verdict, roster)
    };
    let date = at.date(roster.office.zone);
    let of = |role| {
        let people = roster.people_of(role).collect::<Vec<_>>();
        let present: Vec<&Person> = people.iter().filter_map(|one| present(one, roster, date)).collect();
        // Better somebody who is away than nobody at all.
        if present.is_empty() { people } else { present }
    };
    let mut people = Vec::new();
    for tell in notify {
        match tell {
            Tell::Supervisor => people.extend(supervisors(verdict, roster, &subject, date)),
            Tell::Integrity => people.extend(of(Role::Integrity)),
            Tell::Technician => people.extend(of(Role::Technician)),
        }
    }
    let told = once_each(people, &subject);
    match told.is_empty() {
        true => once_each(of(Role::Integrity), &subject),
        false => told,
    }
}

/// The person himself, or who acts for him on that date; `None`: he is away and nobody does.
pub fn present<'a>(person: &'a Person, roster: &'a Roster, date: NaiveDate) -> Option<&'a Person> {
    let mut person = person;
    // A deputy may be away as well, and has one of his own; a ring in it ends here.
    for _ in 0..=roster.people.len() {
        let Some(absence) = person.absent_on(date) else {
            return Some(person);
        };
        person = roster.person(absence.deputy.as_deref()?)?;
    }
    None
}

/// Whether somebody who was told may be told on, by the roster of now: he may have become an officer since, or have been
/// entered as one, and the mailbox he reads may be the officer's.
pub fn may_be_told(officer: Option<&OfficerId>, person: &str, address: &str, roster: &Roster) -> bool {
    let subject = Subject::of_officer(officer.map(|officer| officer.as_str()), roster);
    let Some(id) = subject.id else { return true };
    let named = roster.person(person).and_then(|person| person.officer.as_ref());
    person != id && named.is_none_or(|officer| officer.as_str() != id) && !subject.reads(address)
}

fn once_each<'a>(people: Vec<&'a Person>, subject: &Subject<'_>) -> Vec<&'a Person> {
    let mut told: Vec<&Person> = Vec::new();
    for person in people {
        let known = told.iter().any(|other| same_address(&other.email, &person.email));
        if !known && !subject.is(person) {
            told.push(person);
        }
    }
    told
}

fn supervisors<'a>(verdict: &Verdict, roster: &'a Roster, subject: &Subject<'_>, date: NaiveDate) -> Vec<&'a Person> {
    let chosen: Vec<&Person> = match &verdict.officer {
        Some(_) => subject
            .officer
            .and_then(|officer| first_above(officer, roster, subject, date))
            .into_iter()
            .collect(),
        None => {
            let people = supervisors_of_place(verdict, roster).into_iter();
            people.filter_map(|person| present(person, roster, date)).collect()
        }
    };
    match chosen.is_empty() {
        true => roster.people_of(Role::Integrity).collect(),
        false => chosen,
    }
}

/// The first in line above the officer who is there and is not the officer himself.
fn first_above<'a>(
    officer: &Officer,
    roster: &'a Roster,
    subject: &Subject<'_>,
    date: NaiveDate,
) -> Option<&'a Person> {
    let mut next = roster.person(officer.supervisor.as_deref()?);
    // A line is never longer than there are people; a ring in it ends here.
    for _ in 0..roster.people.len() {
        let person = next?;
        // Nobody acts for the officer himself about the officer.
        let there = present(person, roster, date).filter(|there| !subject.is(person) && !subject.is(there));
        if there.is_some() {
            return there;
        }
        next = roster.person(person.reports_to.as_deref()?);
    }
    None
}

fn supervisors_of_place<'a>(verdict: &Verdict, roster: &'a Roster) -> Vec<&'a Person> {
    let of = |officers: &dyn Fn(&Officer) -> bool| -> Vec<&'a Person> {
        roster
            .people_of(Role::Supervisor)
            .filter(|person| {
                roster
                    .officers
                    .iter()
                    .any(|officer| officer.supervisor.as_deref() == Some(&person.id) && officers(officer))
            })
            .collect()
    };
    let assigned = match &verdict.lockbox {
        Some(lockbox) => of(&|officer| officer.lockbox.as_ref() == Some(lockbox)),
        None => Vec::new(),
    };
    [assigned, of(&|_| true), roster.people_of(Role::Supervisor).collect()]
        .into_iter()
        .find(|people| !people.is_empty())
        .unwrap_or_default()
}

/// The officer a verdict is about, as he may also appear among those who are told.
struct Subject<'a> {
    id: Option<&'a str>,
    officer: Option<&'a Officer>,
    addresses: Vec<&'a str>,
    barred: &'a [String],
}

impl<'a> Subject<'a> {
    fn of(verdict: &'a Verdict, roster: &'a Roster) -> Subject<'a> {
        Subject::of_officer(verdict.officer.as_ref().map(|officer| officer.as_str()), roster)
    }

    fn of_officer(id: Option<&'a str>, roster: &'a Roster) -> Subject<'a> {
        let officer = id.and_then(|id| roster.officer(id));
        let own = officer.and_then(|officer| officer.email.as_deref());
        let mut addresses: Vec<&str> = own.into_iter().collect();
        // His addresses as a supervisor count as well: a mailbox he reads may stand under another entry.
        for person in &roster.people {
            let named = person.officer.as_ref().map(|officer| officer.as_str());
            if id.is_some() && (named == id || Some(person.id.as_str()) == id) {
                addresses.push(&person.email);
            }
        }
        Subject {
            id,
            officer,
            addresses,
            barred: &[],
        }
    }

    fn is(&self, person: &Person) -> bool {
        let Some(id) = self.id else { return false };
        if self.barred.contains(&person.id) {
            return true;
        }
        let named = person.officer.as_ref().is_some_and(|officer| officer.as_str() == id);
        named || person.id == id || self.reads(&person.email)
    }

    /// Whether he reads what comes to this address.
    fn reads(&self, address: &str) -> bool {
        self.addresses.iter().any(|own| same_address(own, address))
    }
}

/// Local parts may differ by case in theory; no office has two people whose addresses do.
fn same_address(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}
