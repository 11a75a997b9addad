//! Ring 1: what another set of policies would have said of the same past, and how that differs.
//!
//! Both sets are judged in one fold: `Sides` joins them to one set, in which a policy that both have word for word stands
//! once. Policies do not know of each other, so the joined fold says of each what a fold of its own would say.

mod compare;
mod html;
mod mail;
mod plot;
mod report;
mod sides;
#[cfg(test)]
mod tests;
mod text;
mod words;

pub use compare::{Change, Comparison, Dates, compare};
pub use html::page;
pub use mail::{Letters, Mail, Tallies};
pub use report::{Asked, Report};
pub use sides::{Side, Sides};
pub use text::write as write_text;
