//! Jagaloket guards the counter: it judges sign-in, shift, service and phone-lockbox events by policies
//! and tells people, within seconds, what they should look at.

pub mod engine;
pub mod store;
