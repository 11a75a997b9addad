//! Ring 1: takes everybody else out of what is handed to one person (UU 27/2022, art. 33): their names, ids, addresses and
//! numbers become what they are, a supervisor, an officer. What cannot be told apart from his own stays.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::engine::roster::{Role, Roster};

/// Parts of names that are shorter say too little, and stand in too many other words.
const PART_MIN: usize = 4;

/// What stands in somebody's place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Other {
    Officer,
    Supervisor,
    Integrity,
    Technician,
    Account,
}

impl Other {
    fn placeholder(self) -> &'static str {
        match self {
            Other::Officer => "[officer]",
            Other::Supervisor => "[supervisor]",
            Other::Integrity => "[integrity]",
            Other::Technician => "[technician]",
            Other::Account => "[account]",
        }
    }

    pub fn of(role: Role) -> Other {
        match role {
            Role::Supervisor => Other::Supervisor,
            Role::Integrity => Other::Integrity,
            Role::Technician => Other::Technician,
        }
    }
}

/// Knows what names others.
#[derive(Clone, Default, Debug)]
pub struct Redactor {
    /// In lower case, the longest first.
    needles: Vec<(String, Other)>,
    /// What is his own.
    own: BTreeSet<String>,
}

impl Redactor {
    /// What belongs to the person himself is left alone, whoever shares it.
    pub fn new<'a>(own: impl IntoIterator<Item = &'a str>) -> Redactor {
        let lower = |text: &str| text.trim().to_ascii_lowercase();
        let mut mine: BTreeSet<String> = BTreeSet::new();
        for text in own {
            mine.insert(lower(text));
            mine.extend(parts(text));
        }
        Redactor {
            needles: Vec::new(),
            own: mine,
        }
    }

    /// Adds what names somebody else.
    pub fn add(&mut self, text: &str, other: Other) {
        let needle = text.trim().to_ascii_lowercase();
        let known = self.needles.iter().any(|(known, _)| *known == needle);
        if needle.len() < 2 || known || self.own.contains(&needle) {
            return;
        }
        let place = self.needles.partition_point(|(known, _)| known.len() >= needle.len());
        self.needles.insert(place, (needle, other));
    }

    /// Adds everybody of a roster but those whose ids are his.
    pub fn add_roster(&mut self, roster: &Roster, his: &[String]) {
        let is_his = |id: &str| his.iter().any(|own| own == id);
        for person in roster.people.iter().filter(|person| !is_his(&person.id)) {
            let other = Other::of(person.role);
            for text in [&person.id, &person.name, &person.email] {
                self.add(text, other);
            }
        }
        for officer in roster.officers.iter().filter(|officer| !is_his(officer.id.as_str())) {
            self.add(officer.id.as_str(), Other::Officer);
            self.add(&officer.name, Other::Officer);
            for part in parts(&officer.name) {
                self.add(&part, Other::Officer);
            }
            for text in officer.nip.iter().chain(&officer.email) {
                self.add(text, Other::Officer);
            }
            for handset in &officer.handsets {
                self.add(handset.id.as_str(), Other::Officer);
            }
        }
    }

    /// The text with everybody else taken out; whole words only.
    pub fn text(&self, text: &str) -> String {
        // Lower case of ASCII alone, so that places stay what they are.
        let lower = text.to_ascii_lowercase();
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        while at < text.len() {
            let begins = at == 0 || !text[..at].chars().next_back().is_some_and(is_word);
            let found = self.needles.iter().filter(|_| begins).find(|(needle, _)| {
                lower[at..].starts_with(needle.as_str())
                    && !text[at + needle.len()..].chars().next().is_some_and(is_word)
            });
            match found {
                Some((needle, other)) => {
                    out.push_str(other.placeholder());
                    at += needle.len();
                }
                None => {
                    let next = text[at..].chars().next().map_or(1, char::len_utf8);
                    out.push_str(&text[at..at + next]);
                    at += next;
                }
            }
        }
        out
    }

    /// The same of every text in a value; the names of its fields are ours.
    pub fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(values) => values.into_iter().map(|value| self.value(value)).collect(),
            Value::Object(fields) => Value::Object(
                fields
                    .into_iter()
                    .map(|(name, value)| (name, self.value(value)))
                    .collect(),
            ),
            other => other,
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn parts(name: &str) -> impl Iterator<Item = String> + '_ {
    let long = |part: &&str| part.chars().count() >= PART_MIN && part.chars().all(char::is_alphabetic);
    name.split_whitespace().filter(long).map(str::to_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor() -> Redactor {
        let roster = Roster::parse(
            r#"
office = { id = "o", name = "Kanim", timezone = "Asia/Jakarta" }
counter = [{ id = "loket-01" }]
supervisor = [{ id = "s-01", name = "Kepala Seksi", email = "kasi@o.example" }]
integrity = [{ id = "i-01", name = "Ratna Dewi", email = "ratna@o.example" }]
officer = [
    { id = "p-001", name = "Siti Aminah", supervisor = "s-01" },
    { id = "p-0011", name = "Aminah Putri", nip = "199001012015031001", handsets = [{ id = "h-77" }] },
]
"#,
        )
        .unwrap();
        let mut redactor = Redactor::new(["p-001", "Siti Aminah"]);
        redactor.add_roster(&roster, &["p-001".to_owned()]);
        redactor.add("ratna.d", Other::Account);
        redactor
    }

    #[test]
    fn everybody_else_becomes_what_he_is_and_his_own_stays() {
        let redactor = redactor();
        for (text, expected) in [
            ("p-001 dan p-0011", "p-001 dan [officer]"),
            ("S-01, I-01.", "[supervisor], [integrity]."),
            ("kepala seksi melihat Siti Aminah", "[supervisor] melihat Siti Aminah"),
            // A name he shares is his as well.
            ("Bu Aminah dan Bu Putri", "Bu Aminah dan Bu [officer]"),
            ("putrinya", "putrinya"),
            (
                "hubungi Ratna Dewi <ratna@o.example>",
                "hubungi [integrity] <[integrity]>",
            ),
            ("199001012015031001 h-77", "[officer] [officer]"),
            ("/o/loket-01#p-0011", "/o/loket-01#[officer]"),
            ("ratna.d masuk", "[account] masuk"),
            ("é – ü", "é – ü"),
            ("", ""),
        ] {
            assert_eq!(redactor.text(text), expected, "{text}");
        }
        let value = serde_json::json!({"by": "s-01", "list": ["p-0011", 3, null], "in": {"note": "Putri"}});
        let expected =
            serde_json::json!({"by": "[supervisor]", "list": ["[officer]", 3, null], "in": {"note": "[officer]"}});
        assert_eq!(redactor.value(value), expected);
    }
}
