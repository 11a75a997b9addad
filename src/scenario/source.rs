//! A policy with the text it was read from, so that what is said of a part of it can point there.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::engine::policy::{Policy, Trigger};

/// A policy, its file, and where its parts stand in it.
#[derive(Clone, Debug)]
pub struct PolicySource {
    pub path: String,
    pub text: String,
    pub policy: Policy,
    /// The condition of `while` or `where`, with its limits in their places.
    pub condition: Option<String>,
    /// Where the condition's first byte stands, if the file writes it without escapes.
    condition_at: Option<usize>,
    pub for_at: Option<Range<usize>>,
    pub bridge_at: Option<Range<usize>>,
    /// The event types of `on`.
    pub on: Vec<(String, Range<usize>)>,
    /// Where the policy's id stands: the place of what has no better one.
    id_at: Range<usize>,
}

/// Joins policies with the texts they were read from, given as (path, name, text).
pub fn sources<'f>(policies: &[Policy], files: impl Iterator<Item = (&'f str, &'f str, &'f str)>) -> Vec<PolicySource> {
    let mut all: Vec<PolicySource> = files
        .filter_map(|(path, name, text)| {
            let policy = policies.iter().find(|policy| policy.head.id.as_str() == name)?;
            Some(PolicySource::new(path, text, policy.clone()))
        })
        .collect();
    all.sort_by(|a, b| a.policy.head.id.cmp(&b.policy.head.id));
    all
}

impl PolicySource {
    fn new(path: &str, text: &str, policy: Policy) -> PolicySource {
        let (document, _) = DeTable::parse_recoverable(text);
        let value = |key: &str| document.get_ref().get(key);
        let place = |key: &str| value(key).map(Spanned::span);
        let key = match policy.trigger {
            Trigger::While(_) => "while",
            Trigger::On { .. } => "where",
        };
        let written = policy.filled().map(|filled| filled.written.clone());
        let condition_at = written.as_deref().zip(place(key)).and_then(|(condition, span)| {
            let inside = text[span.clone()].find(condition)?;
            Some(span.start + inside)
        });
        let on = match value("on") {
            None => Vec::new(),
            Some(on) => match on.get_ref() {
                DeValue::Array(types) => types
                    .iter()
                    .filter_map(|kind| Some((kind.get_ref().as_str()?.to_string(), kind.span())))
                    .collect(),
                one => one
                    .as_str()
                    .map(|kind| (kind.to_string(), on.span()))
                    .into_iter()
                    .collect(),
            },
        };
        PolicySource {
            path: path.to_string(),
            condition: policy.filled().map(|filled| filled.text.clone()),
            condition_at,
            for_at: place("for"),
            bridge_at: place("bridge"),
            on,
            id_at: place("id").unwrap_or(0..0),
            text: text.to_string(),
            policy,
        }
    }

    /// Where a part of the condition stands in the file.
    pub fn condition_place(&self, part: &Range<usize>) -> Range<usize> {
        match (self.condition_at, self.policy.filled()) {
            (Some(at), Some(filled)) => {
                let part = filled.place(part);
                at + part.start..at + part.end
            }
            _ => self.id_at.clone(),
        }
    }

    /// A part's place, or the id's where the file does not write it.
    pub fn place(&self, part: Option<&Range<usize>>) -> Range<usize> {
        part.cloned().unwrap_or(self.id_at.clone())
    }
}
