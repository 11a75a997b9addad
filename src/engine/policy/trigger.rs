//! What a policy waits for: the condition of `while`, or the events of `on` and the condition of `where`, with its limits.

use std::ops::Range;

use toml::Spanned;
use toml::de::DeValue;

use super::super::event;
use super::super::expr::{self, Condition, Filled, Named, instead};
use super::fault::Found;
use super::keys::example;
use super::quoted::Quoted;
use super::read::{Reader, what};
use super::{Per, Trigger, answers_to, limits};

/// What a policy waits for.
#[derive(Default)]
pub(super) struct Triggered {
    pub trigger: Option<Trigger>,
    /// As it is shown.
    pub written: String,
    pub condition: Option<Quoted>,
    pub filled: Option<Filled>,
}

impl<'t> Reader<'t> {
    /// The limits that are right, each with the place of its name.
    pub(super) fn limits(&mut self) -> Vec<(Named, Range<usize>)> {
        let Some(value) = self.value("limits") else {
            return Vec::new();
        };
        let DeValue::Table(table) = value.get_ref() else {
            let message = format!("`limits` must be a table, not {}", what(value.get_ref()));
            self.error(value.span(), "wrong-type", message, Some(example("limits").to_string()));
            return Vec::new();
        };
        let mut all = Vec::new();
        for (key, value) in table {
            let name = key.get_ref().to_string();
            if !limits::is_name(&name) {
                let message = format!("\"{}\" cannot be the name of a limit", name.escape_debug());
                let help = "use 1 to 64 small letters, digits and '_', beginning with a letter".to_string();
                self.error(key.span(), "bad-id", message, Some(help));
                continue;
            }
            match limits::limit(&name, value.get_ref()) {
                Ok(limit) => all.push((Named { name, limit }, key.span())),
                Err((code, message, help)) => self.error(value.span(), code, message, help),
            }
        }
        all
    }

    /// What it waits for.
    pub(super) fn trigger(&mut self, per: Option<Per>, limits: &[(Named, Range<usize>)]) -> Triggered {
        match (self.value("while"), self.value("on")) {
            (Some(_), None) => {
                if let Some(value) = self.value("where") {
                    let message = "`where` goes with `on`".to_string();
                    let help = "put this condition into `while`".to_string();
                    self.error(value.span(), "misplaced-key", message, Some(help));
                }
                let Some(condition) = self.quoted("while") else {
                    return Triggered::default();
                };
                let (filled, compiled) = self.compile(&condition, per, &[], limits).unzip();
                Triggered {
                    trigger: compiled.map(Trigger::While),
                    written: filled
                        .as_ref()
                        .map_or(condition.value.clone(), |filled| filled.text.clone()),
                    condition: Some(condition),
                    filled,
                }
            }
            (None, Some(on)) => {
                let types = self.event_types(on, per);
                for key in ["for", "bridge"] {
                    if let Some(value) = self.value(key) {
                        let message = format!("`{key}` goes with `while`; a policy with `on` is judged at once");
                        let help = format!("leave `{key}` out");
                        self.error(value.span(), "misplaced-key", message, Some(help));
                    }
                }
                if self.value("where").is_none() {
                    self.unused(limits, &[]);
                    return Triggered {
                        written: answers_to(&types, None),
                        trigger: Some(Trigger::On { types, condition: None }),
                        ..Triggered::default()
                    };
                }
                let Some(condition) = self.quoted("where") else {
                    return Triggered::default();
                };
                let names: Vec<&str> = types.iter().map(String::as_str).collect();
                let (filled, compiled) = self.compile(&condition, per, &names, limits).unzip();
                let text = filled.as_ref().map_or(&condition.value, |filled| &filled.text);
                Triggered {
                    written: answers_to(&types, Some(text)),
                    trigger: compiled.map(|condition| Trigger::On {
                        types,
                        condition: Some(condition),
                    }),
                    condition: Some(condition),
                    filled,
                }
            }
            (Some(while_), Some(on)) => {
                let later = if while_.span().start < on.span().start {
                    on
                } else {
                    while_
                };
                let message = "a policy has `while` or `on`, not both".to_string();
                let help = "two conditions are two policies, each in its file".to_string();
                self.error(later.span(), "two-triggers", message, Some(help));
                if let Some(condition) = self.quoted("while") {
                    self.compile(&condition, per, &[], limits);
                }
                self.event_types(on, per);
                Triggered::default()
            }
            (None, None) => {
                let span = self.of_file();
                let message = "the policy has no condition".to_string();
                let help = "write while = '…', or on = \"…\" with an optional where = '…'".to_string();
                let near = |found: &Found| found.code == "unknown-key";
                if !self.found.iter().any(near) {
                    self.error(span, "missing-key", message, Some(help));
                }
                Triggered::default()
            }
        }
    }

    fn compile(
        &mut self,
        condition: &Quoted,
        per: Option<Per>,
        on: &[&str],
        limits: &[(Named, Range<usize>)],
    ) -> Option<(Filled, Condition)> {
        let named: Vec<Named> = limits.iter().map(|(named, _)| named.clone()).collect();
        // Which names are known depends on what it is judged for; most are for a session.
        let problems = match expr::fill(&condition.value, per.unwrap_or(Per::Session), on, &named) {
            Ok((filled, compiled, used)) => {
                self.unused(limits, &used);
                return Some((filled, compiled));
            }
            Err(problems) => problems,
        };
        for problem in problems {
            if per.is_none() && problem.code == "name-out-of-scope" {
                continue;
            }
            let span = condition.span(problem.span);
            self.error(span, problem.code, problem.message, problem.help);
        }
        None
    }

    fn unused(&mut self, limits: &[(Named, Range<usize>)], used: &[String]) {
        for (Named { name, .. }, span) in limits {
            if !used.contains(name) {
                let message = format!("the condition does not name the limit `{name}`");
                let help = format!("write limits.{name} where it stands, or leave it out");
                self.error(span.clone(), "unused-limit", message, Some(help));
            }
        }
    }

    /// The event types of `on`: a string or a list of strings.
    fn event_types(&mut self, on: &'t Spanned<DeValue<'t>>, per: Option<Per>) -> Vec<String> {
        let items: Vec<&Spanned<DeValue>> = match on.get_ref() {
            DeValue::Array(items) => items.iter().collect(),
            _ => vec![on],
        };
        if items.is_empty() {
            self.error(
                on.span(),
                "empty",
                "`on` names no event type".into(),
                Some(example("on").into()),
            );
        }
        let mut types: Vec<String> = Vec::new();
        for item in items {
            let Some(kind) = item.get_ref().as_str() else {
                let message = format!("an event type is a string, this is {}", what(item.get_ref()));
                self.error(item.span(), "wrong-type", message, Some(example("on").into()));
                continue;
            };
            let known = event::TYPES.iter().map(|(name, _)| *name);
            if !known.clone().any(|name| name == kind) {
                let help = instead(kind, known);
                let message = format!("there is no event type \"{}\"", kind.escape_debug());
                self.error(item.span(), "unknown-event-type", message, help);
            } else if types.iter().any(|other| other == kind) {
                self.error(item.span(), "named-twice", format!("\"{kind}\" is named twice"), None);
            } else {
                if let Some(per) = per
                    && let Some(message) = unanswerable(per, kind)
                {
                    let subjects = Per::ALL.into_iter().filter(|per| unanswerable(*per, kind).is_none());
                    let subjects: Vec<&str> = subjects.map(Per::as_str).collect();
                    let help = format!("it can be judged per {}", subjects.join(", "));
                    self.error(item.span(), "no-subject", message, Some(help));
                }
                types.push(kind.to_string());
            }
        }
        types
    }
}

/// Why events of a type have no subject of this sort.
fn unanswerable(per: Per, kind: &str) -> Option<String> {
    let (_, senders) = event::TYPES.iter().find(|(name, _)| *name == kind)?;
    let names_officer = expr::names_officer(kind);
    let fits = match per {
        Per::Office => true,
        Per::Lockbox => senders.contains(&event::DeviceKind::Lockbox),
        Per::Counter => senders.contains(&event::DeviceKind::Workstation),
        Per::Service | Per::Session => senders.contains(&event::DeviceKind::Workstation) || names_officer,
        Per::Officer => senders.contains(&event::DeviceKind::Workstation) || names_officer,
    };
    (!fits).then(|| format!("an event \"{kind}\" belongs to no {}", per.as_str()))
}
