//! When somebody of the roster is away, and who acts for him meanwhile (*Plh*).

use chrono::NaiveDate;
use serde::Deserialize;
use toml::{Spanned, Value};

use super::roster::Person;

/// Dates on which a person answers nothing, both included, in the office's zone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Absence {
    pub from: NaiveDate,
    pub until: NaiveDate,
    /// The id of whoever acts for him.
    pub deputy: Option<String>,
}

impl Person {
    /// His absence on a date; of several the first.
    pub fn absent_on(&self, date: NaiveDate) -> Option<&Absence> {
        self.absences
            .iter()
            .find(|absence| absence.from <= date && date <= absence.until)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AbsenceToml {
    pub from: Spanned<Value>,
    pub until: Spanned<Value>,
    pub deputy: Option<Spanned<String>>,
}

type Fault = (std::ops::Range<usize>, String);

impl AbsenceToml {
    /// Reads the dates; `None` where they are wrong, which `faults` says.
    pub fn check(self, faults: &mut Vec<Fault>) -> Option<Absence> {
        let (from, until) = (date(&self.from, faults)?, date(&self.until, faults)?);
        if until < from {
            faults.push((
                self.until.span(),
                format!("an absence that begins on {from} cannot end on {until}"),
            ));
            return None;
        }
        Some(Absence {
            from,
            until,
            deputy: self.deputy.map(Spanned::into_inner),
        })
    }
}

fn date(value: &Spanned<Value>, faults: &mut Vec<Fault>) -> Option<NaiveDate> {
    let written = match value.get_ref() {
        Value::Datetime(date) => date.to_string(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let date = written.parse().ok();
    if date.is_none() {
        faults.push((
            value.span(),
            format!("\"{written}\" is not a date; write it like 2026-12-25"),
        ));
    }
    date
}
