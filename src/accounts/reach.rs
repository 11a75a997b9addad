//! What somebody may be shown. The store asks for it with every question about persons, so that no page can forget it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

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
    /// Offices whose traces of people may be seen.
    traces: BTreeSet<String>,
    /// Whether what stands in quarantined messages may be seen, which may name people.
    pub payloads: bool,
    /// Offices whose officers are shown by their codes, but those of his own unit and those revealed.
    codes: BTreeSet<String>,
    /// `office/officer` whose names he asked for, with a reason, for a while.
    revealed: BTreeSet<String>,
    /// Names that texts must not show, by `office/officer`.
    covers: BTreeMap<String, Cover>,
}

/// A name, and the code that stands in its place.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Cover {
    name: String,
    code: String,
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
            traces: BTreeSet::from([EVERY.to_owned()]),
            payloads: true,
            ..Scope::default()
        }
    }

    /// What somebody may see of himself, by every id he has in his office's roster: not for any role, but by law.
    pub fn of_self<'a>(office: &str, ids: impl Iterator<Item = &'a str>) -> Scope {
        let keys: Vec<String> = ids.map(|id| person_key(office, id)).collect();
        let reach = Reach {
            keys,
            ..Reach::default()
        };
        Scope {
            cases: reach.clone(),
            letters: reach,
            offices: BTreeSet::from([office.to_owned()]),
            ..Scope::default()
        }
    }

    /// What these roles, all of which count now, let their holder see by the rosters of now.
    pub fn of<'r>(holder: &Holder, grants: &[Grant], rosters: impl Iterator<Item = &'r Roster> + Clone) -> Scope {
        let mut scope = Scope::default();
        let known = rosters.clone();
        let roster_of = |office: &OfficeId| known.clone().find(|roster| roster.office.id == *office);
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
        let all = rosters.flat_map(|roster| {
            roster
                .officers
                .iter()
                .map(|officer| (roster.office.id.as_str(), officer))
        });
        let covered = all.filter(|(office, officer)| !scope.names(office, officer.id.as_str()));
        let covers = covered.map(|(office, officer)| {
            let cover = Cover {
                name: officer.name.clone(),
                code: officer.id.to_string(),
            };
            (person_key(office, officer.id.as_str()), cover)
        });
        scope.covers = covers.collect();
        scope
    }

    /// Lets an officer's name be seen.
    pub fn reveal(&mut self, office: &str, officer: &str) {
        let key = person_key(office, officer);
        self.covers.remove(&key);
        self.revealed.insert(key);
    }

    /// Whether an officer who may be seen is shown by his name rather than by his code.
    pub fn names(&self, office: &str, officer: &str) -> bool {
        let key = person_key(office, officer);
        !self.goes_by_codes(office) || self.cases.keys.contains(&key) || self.revealed.contains(&key)
    }

    /// Whether an officer of a roster in force is shown by his code.
    pub fn is_covered(&self, office: &str, officer: &str) -> bool {
        self.covers.contains_key(&person_key(office, officer))
    }

    /// Whether officers of an office are shown by their codes.
    pub fn goes_by_codes(&self, office: &str) -> bool {
        self.codes.contains(EVERY) || self.codes.contains(office)
    }

    /// Whether they are anywhere.
    pub fn has_codes(&self) -> bool {
        !self.codes.is_empty()
    }

    /// A text with codes where covered names stand.
    pub fn covered<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut text = Cow::Borrowed(text);
        for cover in self.covers.values() {
            let escaped = cover
                .name
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('"', "&quot;");
            for name in [cover.name.as_str(), escaped.as_str()] {
                if name != cover.code && has_word(&text, name) {
                    text = Cow::Owned(replace_word(&text, name, &cover.code));
                }
            }
        }
        text
    }

    fn add_whole(&mut self, office: &str) {
        self.offices.insert(office.to_owned());
        self.codes.insert(office.to_owned());
        self.quarantine.insert(office.to_owned());
        self.traces.insert(office.to_owned());
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

    /// Whether every officer of an office may be seen, by name.
    pub fn is_whole(&self, office: &str) -> bool {
        if self.goes_by_codes(office) {
            return false;
        }
        let whole = self.cases.offices.iter().any(|whole| whole == EVERY || whole == office);
        whole && self.cases.hidden.is_empty()
    }

    /// Whether an office's conduct as a whole is his to watch.
    pub fn oversees(&self, office: &str) -> bool {
        self.cases.offices.iter().any(|whole| whole == EVERY || whole == office)
    }

    /// Whether traces of every office may be seen.
    pub fn traces_everywhere(&self) -> bool {
        self.traces.contains(EVERY)
    }

    /// Whether a trace about an office's records may be seen. What was done with one's own record is nobody's to see but
    /// somebody else's.
    pub fn sees_trace(&self, office: &str, officer: Option<&str>) -> bool {
        let own = officer.is_some_and(|officer| self.cases.hidden.contains(&person_key(office, officer)));
        (self.traces_everywhere() || self.traces.contains(office)) && !own
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

/// Where a name stands as a word of its own.
fn words<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = usize> + 't {
    let is_whole = move |&(at, _): &(usize, &str)| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        ![before, after].into_iter().flatten().any(char::is_alphanumeric)
    };
    let found = (!name.is_empty()).then(|| text.match_indices(name).filter(is_whole));
    found.into_iter().flatten().map(|(at, _)| at)
}

fn has_word(text: &str, name: &str) -> bool {
    words(text, name).next().is_some()
}

fn replace_word(text: &str, name: &str, code: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for at in words(text, name) {
        out.push_str(&text[from..at]);
        out.push_str(code);
        from = at + name.len();
    }
    out.push_str(&text[from..]);
    out
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
