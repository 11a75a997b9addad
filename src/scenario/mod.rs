//! Ring 1: scenario tests of policies. A file beside a policy tells small stories and what the policy must say of each:
//! the complete list of verdicts, and nothing else. The stories become events, and the engine that runs live judges them.

pub mod coverage;
pub mod fault;
pub mod judged;
pub mod mutate;
mod read;
mod roster;
mod source;
pub mod story;
#[cfg(test)]
mod tests;
mod timeline;
pub mod update;
mod verbs;

use std::ops::Range;
use std::sync::Arc;

use chrono::NaiveDate;

use crate::engine::event::Event;
use crate::engine::roster::Roster;
use crate::engine::time::Moment;

pub use fault::{Fault, Faults};
pub use read::{read, read_overlaid};
pub use source::{PolicySource, sources};

/// One `ID.test.toml`, read and checked.
#[derive(Debug)]
pub struct File {
    /// As people are shown it.
    pub path: String,
    pub text: String,
    /// The policy it tests.
    pub policy: String,
    pub scenarios: Vec<Scenario>,
}

/// One story and what the policy must say of it.
#[derive(Debug)]
pub struct Scenario {
    pub name: String,
    /// The line of its name.
    pub line: usize,
    /// The day of the story; times without a date are on it.
    pub date: NaiveDate,
    pub roster: Arc<Roster>,
    /// In the order of time.
    pub events: Vec<Event>,
    pub lines: Vec<Line>,
    pub begins: Moment,
    pub ends: Moment,
    /// Counters that speak in it.
    pub counters: usize,
    /// Everything the policy must say, in the contract's order; empty means silence.
    pub expected: Vec<Word>,
    /// Where the value of `expect` stands in the file; an empty place where it is missing.
    pub expect_span: Range<usize>,
    pub expect_missing: bool,
}

impl Scenario {
    pub fn counter_hours(&self) -> f64 {
        self.counters as f64 * self.ends.ms_since(self.begins) as f64 / 3_600_000.0
    }
}

/// A line of the story, as it was written.
#[derive(Debug)]
pub struct Line {
    pub at: Moment,
    pub text: String,
}

/// What is expected or said of one subject over one interval.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Word {
    pub since: Moment,
    pub counter: Option<String>,
    pub lockbox: Option<String>,
    pub officer: Option<String>,
    pub opened: Moment,
    /// `None` while it holds.
    pub until: Option<Moment>,
}
