//! Ring 0: the engine. Deterministic: it never reads a clock, never waits, never writes; what it says depends on
//! the events it was given, never on when or in which order they came.
//!
//! `Engine` holds one office. Events go in by `insert` in any order; `judge` folds what changed and answers the decisions.

pub mod absence;
mod answer;
mod apply;
pub mod calendar;
pub mod event;
pub mod expr;
mod fold;
mod handover;
mod hours;
mod judge;
mod known;
mod names;
mod office;
mod ops;
mod past;
mod pin;
mod places;
pub mod policy;
mod report;
pub mod roster;
mod rulebook;
mod snapshot;
mod standing;
mod state;
mod subject;
pub mod time;
mod timeline;
pub mod trace;
pub mod verdict;
pub mod view;
pub mod visit;
mod waiting;

pub(crate) use names::DeviceIx;
pub use office::{Clock, Engine, TooLate};
pub use snapshot::NoSnapshot;
pub use standing::Standing;

/// The version of the judging engine, for verdicts to be pinned to.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
