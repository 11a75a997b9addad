//! Names behind codes: shown to whoever says why, for a while, and never without a trace that the officer can read.

use std::collections::HashMap;

use super::{Asked, By, Caller, Door, Result, Trace, Trouble, Who};
use crate::engine::time::Moment;

/// A name stays open for so long.
pub const REVEALED_MS: i64 = 30 * 60_000;
/// A reason says something to whoever reads it later.
const REASON_MIN: usize = 10;
const REASON_MAX: usize = 500;
/// What one account can have open at once: a list of everybody is not a reason about somebody.
const OPEN_MAX: usize = 10;

/// Names that are open, by account, and until when. They are kept nowhere else: a start closes them.
#[derive(Debug, Default)]
pub(super) struct Reveals(HashMap<String, Vec<Open>>);

/// A name that is open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Open {
    pub office: String,
    pub officer: String,
    pub until: Moment,
}

impl Reveals {
    fn of(&mut self, account: &str, now: Moment) -> Vec<Open> {
        self.0.retain(|_, open| {
            open.retain(|open| open.until > now);
            !open.is_empty()
        });
        self.0.get(account).cloned().unwrap_or_default()
    }
}

impl Door {
    /// Opens an officer's name for somebody who sees his code. What cannot be traced stays closed.
    pub async fn reveal(&self, who: &Who, caller: &Caller, office: &str, officer: &str, reason: &str) -> Result<()> {
        let now = self.now();
        let reason = reason.trim();
        if !(REASON_MIN..=REASON_MAX).contains(&reason.chars().count()) {
            return Err(Trouble::Refused(format!(
                "a reason has {REASON_MIN} to {REASON_MAX} characters"
            )));
        }
        if !who.scope.sees_officer(office, officer) || !who.scope.is_covered(office, officer) {
            return Err(Trouble::Refused("there is no such covered name".into()));
        }
        if self.revealed(&who.account.id).len() >= OPEN_MAX {
            return Err(Trouble::Refused(format!(
                "{OPEN_MAX} names are open already; wait until they close"
            )));
        }
        let trace = Trace::new("looked", By::Person(who, caller))
            .with("what", "name")
            .with("which", officer)
            .with("officer", officer)
            .with("reason", reason)
            .with("until", &now.plus_ms(REVEALED_MS).rfc3339(chrono_tz::UTC))
            .at(office);
        self.write(Asked {
            traces: vec![trace],
            expects: By::Person(who, caller).expects(),
            ..Asked::default()
        })
        .await?;
        let open = Open {
            office: office.to_owned(),
            officer: officer.to_owned(),
            until: now.plus_ms(REVEALED_MS),
        };
        self.reveals().0.entry(who.account.id.clone()).or_default().push(open);
        Ok(())
    }

    /// The names that are open to an account.
    pub fn revealed(&self, account: &str) -> Vec<Open> {
        let now = self.now();
        self.reveals().of(account, now)
    }

    fn reveals(&self) -> std::sync::MutexGuard<'_, Reveals> {
        self.reveals.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
