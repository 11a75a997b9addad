//! Ring 0: the engine. Deterministic: it never reads a clock, never waits, never writes; what it says depends on
//! the events it was given, never on when or in which order they came.

pub mod event;
pub mod expr;
pub mod policy;
pub mod roster;
pub mod time;
pub mod verdict;
pub mod view;

mod judge;
mod names;
mod ops;
mod rulebook;
mod state;
mod timeline;
