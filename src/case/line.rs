//! Who stands above whom on a day: supervisors, the next in line, and those who act for whoever is away.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::engine::roster::{Person, Roster};
use crate::incident::present;

/// All ids under which one human being stands in the roster: his own, of entries that name each other, and of those
/// who read the same mailbox.
pub fn faces<'r>(id: &'r str, roster: &'r Roster) -> BTreeSet<&'r str> {
    let mut faces = BTreeSet::from([id]);
    let mut addresses: BTreeSet<String> = BTreeSet::new();
    loop {
        let before = (faces.len(), addresses.len());
        for person in &roster.people {
            let officer = person.officer.as_ref().map(|officer| officer.as_str());
            let address = person.email.to_ascii_lowercase();
            let known = faces.contains(person.id.as_str())
                || officer.is_some_and(|officer| faces.contains(officer))
                || addresses.contains(&address);
            if known {
                faces.insert(&person.id);
                faces.extend(officer);
                addresses.insert(address);
            }
        }
        for officer in &roster.officers {
            let address = officer.email.as_deref().map(str::to_ascii_lowercase);
            let known = faces.contains(officer.id.as_str())
                || address.as_ref().is_some_and(|address| addresses.contains(address));
            if known {
                faces.insert(officer.id.as_str());
                addresses.extend(address);
            }
        }
        if (faces.len(), addresses.len()) == before {
            return faces;
        }
    }
}

pub fn same_human(a: &str, b: &str, roster: &Roster) -> bool {
    faces(a, roster).contains(b)
}

/// Everybody above a human being on a date, and whoever acts for one of those.
pub fn superiors<'r>(id: &'r str, roster: &'r Roster, date: NaiveDate) -> BTreeSet<&'r str> {
    let mut above: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<&str> = faces(id, roster).into_iter().collect();
    while let Some(id) = open.pop() {
        let next = [
            roster.person(id).and_then(|person| person.reports_to.as_deref()),
            roster.officer(id).and_then(|officer| officer.supervisor.as_deref()),
        ];
        for next in next.into_iter().flatten() {
            let deputy = roster
                .person(next)
                .and_then(|person| person.absent_on(date))
                .and_then(|absence| absence.deputy.as_deref());
            for one in [Some(next), deputy].into_iter().flatten() {
                for face in faces(one, roster) {
                    if above.insert(face) {
                        open.push(face);
                    }
                }
            }
        }
    }
    above
}

/// The line above an officer, or above people, the nearest first: each person of it, and who is there for him.
pub fn line<'r>(start: Start<'r>, roster: &'r Roster, date: NaiveDate) -> Vec<(&'r Person, Option<&'r Person>)> {
    let mut open: Vec<&Person> = match start {
        Start::Officer(id) => {
            let officer = roster.officer(id);
            let supervisor = officer.and_then(|officer| officer.supervisor.as_deref());
            supervisor.and_then(|id| roster.person(id)).into_iter().collect()
        }
        Start::People(people) => people.into_iter().filter_map(|id| roster.person(id)).collect(),
    };
    let mut line: Vec<(&Person, Option<&Person>)> = Vec::new();
    while !open.is_empty() {
        let mut next = Vec::new();
        for person in open {
            if line.iter().any(|(one, _)| one.id == person.id) {
                continue;
            }
            line.push((person, present(person, roster, date)));
            next.extend(person.reports_to.as_deref().and_then(|id| roster.person(id)));
        }
        open = next;
    }
    line
}

/// Where a line begins.
pub enum Start<'r> {
    Officer(&'r str),
    People(Vec<&'r str>),
}
