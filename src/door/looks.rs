//! Looks and refusals: what leaves a trace without changing anything.

use std::collections::HashMap;

use super::{Asked, By, Caller, Door, Result, Trace, Who};
use crate::engine::time::Moment;

/// A page that stays open, or is looked at again within this time, is one look.
const LOOK_MS: i64 = 15 * 60_000;
/// So many refusals of one address are written one by one within a minute; the rest is counted in the next one.
const REFUSALS: u32 = 10;
const MINUTE_MS: i64 = 60_000;
/// What is remembered of both at most.
const KEPT_MAX: usize = 10_000;

/// What somebody looks at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Look {
    /// `incident`, `letter`, `export`, …
    pub what: &'static str,
    /// Its number, or what was asked for.
    pub which: String,
    pub office: String,
    /// Whose record it is.
    pub officer: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct Looks {
    /// By session and what it looked at.
    seen: HashMap<(String, String), Moment>,
    /// By network: since when, how many of them are written, how many are not.
    refused: HashMap<String, (Moment, u32, i64)>,
}

impl Looks {
    fn is_new(&mut self, who: &Who, look: &Look, now: Moment) -> bool {
        if self.seen.len() >= KEPT_MAX {
            self.seen.retain(|_, at| now.ms_since(*at) < LOOK_MS);
        }
        if self.seen.len() >= KEPT_MAX {
            self.seen.clear();
        }
        let key = (who.session.hash.clone(), format!("{} {}", look.what, look.which));
        self.seen.get(&key).is_none_or(|at| now.ms_since(*at) >= LOOK_MS)
    }

    fn note(&mut self, who: &Who, look: &Look, now: Moment) {
        let key = (who.session.hash.clone(), format!("{} {}", look.what, look.which));
        self.seen.insert(key, now);
    }

    /// How many refusals a trace stands for; `None`: it is only counted.
    fn refusals(&mut self, network: &str, now: Moment) -> Option<i64> {
        if self.refused.len() >= KEPT_MAX {
            self.refused.retain(|_, (since, ..)| now.ms_since(*since) < MINUTE_MS);
        }
        if self.refused.len() >= KEPT_MAX {
            return None;
        }
        let (since, written, more) = self.refused.entry(network.to_owned()).or_insert((now, 0, 0));
        if now.ms_since(*since) >= MINUTE_MS {
            (*since, *written) = (now, 0);
        }
        match *written < REFUSALS {
            true => {
                *written += 1;
                Some(std::mem::take(more) + 1)
            }
            false => {
                *more += 1;
                None
            }
        }
    }
}

impl Door {
    /// Somebody is about to be shown a person's record. What cannot be traced is not shown.
    pub async fn look(&self, who: &Who, caller: &Caller, look: &Look) -> Result<()> {
        let now = self.now();
        let is_new = self.looks().is_new(who, look, now);
        if !is_new {
            return Ok(());
        }
        let mut trace = Trace::new("looked", By::Person(who, caller))
            .with("what", look.what)
            .with("which", &look.which)
            .at(&look.office);
        if let Some(officer) = &look.officer {
            trace = trace.with("officer", officer);
        }
        self.write(Asked {
            traces: vec![trace],
            expects: By::Person(who, caller).expects(),
            ..Asked::default()
        })
        .await?;
        self.looks().note(who, look, now);
        Ok(())
    }

    /// Somebody was refused. A flood of refusals is written as one.
    pub async fn refused(&self, who: Option<&Who>, caller: &Caller, why: &str, path: &str) -> Result<()> {
        let Some(times) = self.looks().refusals(&caller.network, self.now()) else {
            return Ok(());
        };
        let trace = match who {
            Some(who) => Trace::new("refused", By::Person(who, caller)),
            None => Trace::of_nobody("refused", caller),
        };
        let path: String = path.chars().take(200).collect();
        self.write(Asked {
            traces: vec![trace.with("why", why).with("path", &path).with("times", times)],
            ..Asked::default()
        })
        .await
    }

    fn looks(&self) -> std::sync::MutexGuard<'_, Looks> {
        self.looks.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
