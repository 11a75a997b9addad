//! What somebody may be shown. The store asks for it with every question about persons, so that no page can forget it.

use std::collections::BTreeSet;

use super::roles::{Grant, Holder, Role};
use crate::engine::event::OfficeId;
use crate::engine::policy::Class;
use crate::engine::roster::{Officer, Person, Roster};

/// Every office, also one that left the rosters.
const EVERY: &str = "*";

/// Which incidents and verdicts, by office and officer. The store's statements say the same in SQL (`seen`).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reach {
    /// `office/officer`, `office/` where there is no officer, `office#class` likewise of one class, and for letters
    /// `office@person`, to whom they went.
    pub keys: Vec<String>,
    /// Offices of which everything may be seen but what is hidden.
    pub offices: Vec<String>,
    /// `office/officer` that are kept from whole offices.
    pub hidden: Vec<String>,
}

/// Who looks, and how far.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Scope {
    /// Incidents and verdicts.
    pub cases: Reach,
    /// Letters, whose words name whom they went to.
    pub letters: Reach,
    /// Offices of which anything at all may be seen.
    offices: BTreeSet<String>,
    /// Offices whose quarantine may be seen.
    quarantine: BTreeSet<String>,
    /// Offices whose gates he keeps.
    gates: BTreeSet<String>,
    /// Offices of which he may open who reported something.
    seals: BTreeSet<String>,
    /// Whether what stands in quarantined messages may be seen, which may name people.
    pub payloads: bool,
}

impl Reach {
    fn whole() -> Reach {
        Reach {
            offices: vec![EVERY.to_owned()],
            ..Reach::default()
        }
    }

    /// Whether something about this officer, or about nobody, may be seen.
    pub fn sees(&self, office: &str, officer: Option<&str>, class: Class) -> bool {
        let key = person_key(office, officer.unwrap_or_default());
        let of_class = officer.is_none() && self.keys.contains(&class_key(office, class));
        let of_office = self.offices.iter().any(|whole| whole == EVERY || whole == office);
        of_class || self.keys.contains(&key) || (of_office && !self.hidden.contains(&key))
    }

    fn add(&mut self, key: String) {
        if !self.keys.contains(&key) {
            self.keys.push(key);
        }
    }

    fn add_office(&mut self, office: &str) {
        if !self.offices.iter().any(|known| known == office) {
            self.offices.push(office.to_owned());
        }
    }
}

impl Scope {
    /// The monitor itself, and whoever has its database: not for pages.
    pub fn whole() -> Scope {
        Scope {
            cases: Reach::whole(),
            letters: Reach::whole(),
            offices: BTreeSet::from([EVERY.to_owned()]),
            quarantine: BTreeSet::from([EVERY.to_owned()]),
            gates: BTreeSet::new(),
            seals: BTreeSet::new(),
            payloads: true,
        }
    }

    /// What these roles, all of which count now, let their holder see by the rosters of now.
    pub fn of<'r>(holder: &Holder, grants: &[Grant], rosters: impl Iterator<Item = &'r Roster> + Clone) -> Scope {
        let mut scope = Scope::default();
        let roster_of = |office: &OfficeId| rosters.clone().find(|roster| roster.office.id == *office);
        // Nobody sees himself in any other role than his own, in whatever office he also is.
        let mut hidden = Vec::new();
        if let (Some(office), Some(person)) = (&holder.office, &holder.person)
            && let Some(roster) = roster_of(office)
        {
            let selves = selves(roster, person).into_iter();
            hidden.extend(selves.map(|officer| person_key(office.as_str(), officer.id.as_str())));
        }
        for grant in grants {
            let office = grant.office.as_ref().or(holder.office.as_ref());
            match (grant.role, office) {
                (Role::Administrator, _) => {}
                (Role::Gate, Some(office)) => {
                    scope.gates.insert(office.to_string());
                }
                (Role::Custodian, Some(office)) => {
                    scope.seals.insert(office.to_string());
                }
                (Role::Auditor, _) => {
                    let office = grant.office.as_ref().map_or(EVERY, OfficeId::as_str);
                    scope.add_whole(office);
                }
                (Role::Integrity, Some(office)) => scope.add_whole(office.as_str()),
                (Role::Technician, Some(office)) => {
                    scope.offices.insert(office.to_string());
                    scope.quarantine.insert(office.to_string());
                    scope.cases.add(class_key(office.as_str(), Class::Technical));
                    scope.add_mailbox(office, holder);
                }
                (Role::Officer, Some(office)) => {
                    scope.offices.insert(office.to_string());
                    if let Some(person) = own(holder, office) {
                        scope.cases.add(person_key(office.as_str(), person));
                    }
                    scope.add_mailbox(office, holder);
                }
                (Role::Supervisor, Some(office)) => {
                    scope.offices.insert(office.to_string());
                    let Some(person) = own(holder, office) else { continue };
                    let Some(roster) = roster_of(office) else { continue };
                    let of = grant.deputy_of.as_deref().unwrap_or(person);
                    for officer in unit(roster, of, person) {
                        let key = person_key(office.as_str(), officer.id.as_str());
                        scope.cases.add(key.clone());
                        scope.letters.add(key);
                    }
                    for reach in [&mut scope.cases, &mut scope.letters] {
                        reach.add(person_key(office.as_str(), ""));
                    }
                    scope.add_mailbox(office, holder);
                }
                (_, None) => {}
            }
        }
        for reach in [&mut scope.cases, &mut scope.letters] {
            reach.hidden.clone_from(&hidden);
        }
        scope
    }

    fn add_whole(&mut self, office: &str) {
        self.offices.insert(office.to_owned());
        self.quarantine.insert(office.to_owned());
        self.payloads = true;
        self.cases.add_office(office);
        self.letters.add_office(office);
    }

    /// His own letters, which he got by mail as well.
    fn add_mailbox(&mut self, office: &OfficeId, holder: &Holder) {
        if let Some(person) = own(holder, office) {
            self.letters.add(format!("{office}@{person}"));
        }
    }

    /// Whether anything of an office may be seen.
    pub fn sees_office(&self, office: &str) -> bool {
        self.offices.contains(EVERY) || self.offices.contains(office)
    }

    /// Whether he may open who reported something to an office.
    pub fn keeps_seals(&self, office: &str) -> bool {
        self.seals.contains(office)
    }

    /// Whether he lets applicants of an office in.
    pub fn keeps_gate(&self, office: &str) -> bool {
        self.gates.contains(office)
    }

    /// Whether an officer's name and what he does may be seen.
    pub fn sees_officer(&self, office: &str, officer: &str) -> bool {
        // The class counts only where there is no officer.
        self.cases.sees(office, Some(officer), Class::Technical)
    }

    /// Whether every officer of an office may be seen.
    pub fn is_whole(&self, office: &str) -> bool {
        let whole = self.cases.offices.iter().any(|whole| whole == EVERY || whole == office);
        whole && self.cases.hidden.is_empty()
    }

    /// Whether any case may be seen at all.
    pub fn sees_cases(&self) -> bool {
        !(self.cases.keys.is_empty() && self.cases.offices.is_empty())
    }

    /// What topics of quarantined messages begin with, or every topic.
    pub fn topics(&self) -> Vec<String> {
        let topic = |office: &String| match office.as_str() {
            EVERY => EVERY.to_owned(),
            office => format!("jagaloket/v1/{office}/"),
        };
        self.quarantine.iter().map(topic).collect()
    }
}

fn person_key(office: &str, officer: &str) -> String {
    format!("{office}/{officer}")
}

fn class_key(office: &str, class: Class) -> String {
    format!("{office}#{}", class.as_str())
}

/// Who the holder is in an office: an entry of one roster says nothing in another.
fn own<'a>(holder: &'a Holder, office: &OfficeId) -> Option<&'a str> {
    holder
        .person
        .as_deref()
        .filter(|_| holder.office.as_ref() == Some(office))
}

/// The officers below somebody, by his own line and those who report to him: without whoever looks, those above him, and
/// those above whom he stands in for.
fn unit<'r>(roster: &'r Roster, of: &str, looks: &str) -> Vec<&'r Officer> {
    let below = |id: &str| id == of || above(roster, id).iter().any(|person| person.id == of);
    let mut kept_from: BTreeSet<&str> = BTreeSet::new();
    for person in [of, looks] {
        let superiors = above(roster, person).into_iter().map(|person| person.id.as_str());
        for id in superiors.chain([person]) {
            kept_from.extend(selves(roster, id).iter().map(|officer| officer.id.as_str()));
        }
    }
    let mine = |officer: &&Officer| officer.supervisor.as_deref().is_some_and(below);
    let unit = roster.officers.iter().filter(mine);
    unit.filter(|officer| !kept_from.contains(officer.id.as_str()))
        .collect()
}

/// Whom somebody reports to, and so on up; a ring ends where it began.
fn above<'r>(roster: &'r Roster, id: &str) -> Vec<&'r Person> {
    let of_person = roster.person(id).and_then(|person| person.reports_to.as_deref());
    let of_officer = || roster.officer(id).and_then(|officer| officer.supervisor.as_deref());
    let mut next = of_person.or_else(of_officer).and_then(|id| roster.person(id));
    let mut line: Vec<&Person> = Vec::new();
    while let Some(person) = next {
        if person.id == id || line.iter().any(|known| known.id == person.id) {
            break;
        }
        line.push(person);
        next = person.reports_to.as_deref().and_then(|id| roster.person(id));
    }
    line
}

/// The officer entries of a human being: the same id, the same mailbox, or named.
fn selves<'r>(roster: &'r Roster, id: &str) -> Vec<&'r Officer> {
    let person = roster.person(id);
    let is = |officer: &&Officer| {
        let named = person.and_then(|person| person.officer.as_ref()) == Some(&officer.id);
        let mailbox = officer.email.as_deref().zip(person);
        named
            || officer.id.as_str() == id
            || mailbox.is_some_and(|(own, person)| own.eq_ignore_ascii_case(&person.email))
    };
    roster.officers.iter().filter(is).collect()
}
