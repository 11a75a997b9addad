//! Who may come in, and what each may see: roles, scope, passwords, one-time codes, throttling. Pure: time and chance are
//! arguments.

pub mod base64url;
pub mod codes;
pub mod passkey;
pub mod password;
pub mod reach;
pub mod roles;
#[cfg(test)]
mod tests;
pub mod throttle;

pub use reach::{Reach, Scope};
pub use roles::{Grant, Holder, Role};
