//! How enums stand in the tables, there and back.

use super::error::{Error, Result};
use super::rows::{EntryKind, IncidentState, LetterKind, StepKind};
use crate::engine::policy::{Class, Severity};
use crate::engine::roster::Language;

impl EntryKind {
    pub fn as_str(self) -> &'static str {
        match self {
            EntryKind::Event => "event",
            EntryKind::Visit => "visit",
            EntryKind::Message => "message",
            EntryKind::Pulse => "pulse",
            EntryKind::Tick => "tick",
            EntryKind::Roster => "roster",
            EntryKind::Policies => "policies",
            EntryKind::Case => "case",
            EntryKind::Retention => "retention",
            EntryKind::Hold => "hold",
            EntryKind::Trace => "trace",
        }
    }
}

impl StepKind {
    pub fn as_str(self) -> &'static str {
        match self {
            StepKind::Opened => "opened",
            StepKind::Amended => "amended",
            StepKind::Retracted => "retracted",
        }
    }
}

/// The state's word, and the incident that goes on in its place.
pub(super) fn of_incident_state(state: IncidentState) -> (&'static str, Option<i64>) {
    match state {
        IncidentState::Open => ("open", None),
        IncidentState::Ended => ("ended", None),
        IncidentState::Retracted => ("retracted", None),
        IncidentState::Joined(n) => ("joined", Some(n)),
    }
}

pub(super) fn incident_state(text: &str, joined_to: Option<i64>) -> Result<IncidentState> {
    match (text, joined_to) {
        ("open", None) => Ok(IncidentState::Open),
        ("ended", None) => Ok(IncidentState::Ended),
        ("retracted", None) => Ok(IncidentState::Retracted),
        ("joined", Some(n)) => Ok(IncidentState::Joined(n)),
        _ => Err(unreadable("incident.state", text)),
    }
}

pub(super) fn of_language(language: Language) -> &'static str {
    match language {
        Language::Id => "id",
        Language::En => "en",
    }
}

pub(super) fn language(text: &str) -> Result<Language> {
    one_of("language", text, &[Language::Id, Language::En], of_language)
}

pub(super) fn entry_kind(text: &str) -> Result<EntryKind> {
    let all = [
        EntryKind::Event,
        EntryKind::Visit,
        EntryKind::Message,
        EntryKind::Pulse,
        EntryKind::Tick,
        EntryKind::Roster,
        EntryKind::Policies,
        EntryKind::Case,
        EntryKind::Retention,
        EntryKind::Hold,
        EntryKind::Trace,
    ];
    one_of("ledger.kind", text, &all, EntryKind::as_str)
}

pub(super) fn letter_kind(text: &str) -> Result<LetterKind> {
    one_of("outbox.kind", text, &LetterKind::ALL, LetterKind::as_str)
}

pub(super) fn class(text: &str) -> Result<Class> {
    let all = [Class::Indication, Class::Unverifiable, Class::Technical];
    one_of("class", text, &all, Class::as_str)
}

pub(super) fn severity(text: &str) -> Result<Severity> {
    let all = [Severity::Info, Severity::Minor, Severity::Major, Severity::Critical];
    one_of("severity", text, &all, Severity::as_str)
}

fn one_of<T: Copy>(column: &str, text: &str, all: &[T], word: fn(T) -> &'static str) -> Result<T> {
    all.iter()
        .copied()
        .find(|value| word(*value) == text)
        .ok_or_else(|| unreadable(column, text))
}

pub(super) fn unreadable(column: &str, text: &str) -> Error {
    Error::Damaged {
        doing: "reading a row",
        what: format!("column {column} holds {text:?}"),
    }
}
