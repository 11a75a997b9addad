//! What an office says otherwise in its letters: the head, how people are greeted, and what stands at the end.
//!
//! Facts, cautions and what to do stay the house's own: nobody can word an indication into an accusation.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::words::{self, one_line};
use crate::engine::expr::nearest;
use crate::engine::roster::Language::{self, En, Id};
use crate::engine::roster::Roster;

/// So long a phrase may be.
const LONG_MAX: usize = 300;

/// The phrases of one language; what is left out stays as it is.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Phrases {
    /// Above everything.
    letterhead: Option<String>,
    greeting: Option<String>,
    /// For somebody who left the roster.
    greeting_unnamed: Option<String>,
    /// By which law and order the office does this.
    legal_basis: Option<String>,
    signature: Option<String>,
    /// Whom to ask.
    contact: Option<String>,
}

/// A file of wording.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wording {
    id: Phrases,
    en: Phrases,
}

/// The wording of each office that has its own.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wordings(pub BTreeMap<String, Wording>);

/// What is around a letter's own words.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Around {
    pub letterhead: Option<String>,
    pub greeting: String,
    /// Above the last lines.
    pub closing: Vec<String>,
}

impl Wording {
    /// Reads a file; every fault, each with its line where it has one.
    pub fn parse(text: &str) -> Result<Wording, Vec<String>> {
        let wording: Wording = match toml::from_str(text) {
            Ok(wording) => wording,
            Err(error) => return Err(vec![error.to_string().trim_end().to_owned()]),
        };
        let mut faults = Vec::new();
        for (language, phrases) in [("id", &wording.id), ("en", &wording.en)] {
            for (key, phrase, known) in phrases.all() {
                let Some(phrase) = phrase else { continue };
                let line = text.lines().position(|line| line.contains(phrase.as_str()));
                let at = line.map_or(String::new(), |line| format!("line {}: ", line + 1));
                faults.extend(fault(phrase, known).map(|why| format!("{at}`{language}.{key}` {why}")));
            }
        }
        if faults.is_empty() { Ok(wording) } else { Err(faults) }
    }
}

impl Phrases {
    /// Each phrase, and the placeholders it may hold.
    fn all(&self) -> [(&'static str, &Option<String>, &'static [&'static str]); 6] {
        [
            ("letterhead", &self.letterhead, &["office"]),
            ("greeting", &self.greeting, &["name", "office"]),
            ("greeting_unnamed", &self.greeting_unnamed, &["office"]),
            ("legal_basis", &self.legal_basis, &["office"]),
            ("signature", &self.signature, &["office"]),
            ("contact", &self.contact, &["office"]),
        ]
    }
}

/// What is wrong with a phrase.
fn fault(phrase: &str, known: &[&str]) -> Option<String> {
    if phrase.trim().is_empty() {
        return Some("is empty: leave it out".into());
    }
    if phrase.chars().any(char::is_control) {
        return Some("must be one line".into());
    }
    if phrase.chars().count() > LONG_MAX {
        return Some(format!("is longer than {LONG_MAX} characters"));
    }
    let mut rest = phrase;
    while let Some(at) = rest.find(['{', '}']) {
        let inside = rest[at..].strip_prefix('{').and_then(|inside| inside.split_once('}'));
        let Some((name, after)) = inside else {
            return Some("has a brace that is no placeholder's".into());
        };
        if !known.contains(&name) {
            let near = nearest(name, known.iter().copied());
            let near = near.map_or(String::new(), |near| format!("; did you mean {{{near}}}?"));
            let all: Vec<String> = known.iter().map(|name| format!("{{{name}}}")).collect();
            return Some(format!("has no {{{name}}}{near} It knows {}", all.join(" and ")));
        }
        rest = after;
    }
    None
}

impl Wordings {
    /// What is around a letter of an office to somebody.
    pub fn around(&self, roster: &Roster, name: Option<&str>, language: Language) -> Around {
        let own = self.0.get(roster.office.id.as_str());
        let phrases = own.map(|wording| match language {
            Id => &wording.id,
            En => &wording.en,
        });
        let Some(phrases) = phrases else {
            return Around {
                greeting: words::greeting(name, language),
                ..Around::default()
            };
        };
        let fill = |phrase: &String| {
            let filled = phrase.replace("{office}", &roster.office.name);
            one_line(&filled.replace("{name}", name.unwrap_or_default()))
        };
        let greeting = match name {
            Some(_) => &phrases.greeting,
            None => &phrases.greeting_unnamed,
        };
        let closing = [&phrases.legal_basis, &phrases.signature, &phrases.contact];
        Around {
            letterhead: phrases.letterhead.as_ref().map(fill),
            greeting: greeting.as_ref().map_or_else(|| words::greeting(name, language), fill),
            closing: closing.into_iter().flatten().map(fill).collect(),
        }
    }
}
