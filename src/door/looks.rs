//! Looks and refusals: what leaves a trace without changing anything.

use std::collections::HashMap;

use super::{Asked, By, Caller, Door, Result, Trace, Who};
use crate::engine::time::Moment;

/// A page that stays open, or is looked at again within this time, is one look.
const LOOK_MS: i64 = 15 * 60_000;
/// So many refusals of one address are written one by one, and then one every few minutes, in which the others are counted.
const OF_ONE: Allowance = Allowance {
    at_once: 20,
    every_ms: 3 * 60_000,
};
/// The same of all addresses together: who has many of them fills no disk either, at some 300 bytes each.
const OF_ALL: Allowance = Allowance {
    at_once: 1_000,
    every_ms: 10_000,
};
/// What is remembered of both at most.
const KEPT_MAX: usize = 10_000;

#[derive(Clone, Copy, Debug)]
struct Allowance {
    at_once: i64,
    every_ms: i64,
}

/// What is left of an allowance: spent moments that come back one by one.
#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    /// When all of it will have come back.
    until: Moment,
    /// Refused meanwhile, and in no entry yet.
    untold: i64,
}

impl Spent {
    fn is_whole(&self, now: Moment) -> bool {
        self.untold == 0 && self.until <= now
    }

    fn spend(&mut self, allowance: Allowance, now: Moment) -> bool {
        let until = self.until.max(now).plus_ms(allowance.every_ms);
        let may = until.ms_since(now) <= allowance.at_once * allowance.every_ms;
        if may {
            self.until = until;
        }
        may
    }
}

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
    /// How many records, where it is a list.
    pub count: Option<i64>,
}

#[derive(Debug, Default)]
pub(super) struct Looks {
    /// By session and what it looked at.
    seen: HashMap<(String, String), Moment>,
    /// By network.
    refused: HashMap<String, Spent>,
    /// All networks together; it counts those that are not remembered.
    refused_all: Spent,
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
            self.refused.retain(|_, spent| !spent.is_whole(now));
        }
        let known = self.refused.contains_key(network) || self.refused.len() < KEPT_MAX;
        if !known {
            self.refused_all.untold += 1;
            return None;
        }
        let spent = self.refused.entry(network.to_owned()).or_default();
        spent.untold += 1;
        let may = spent.spend(OF_ONE, now) && self.refused_all.spend(OF_ALL, now);
        may.then(|| std::mem::take(&mut spent.untold) + std::mem::take(&mut self.refused_all.untold))
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
        if let Some(count) = look.count {
            trace = trace.with("count", count);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_written_one_by_one_at_first_and_counted_afterwards() {
        let (mut looks, start) = (Looks::default(), Moment(1_000_000));
        let written: Vec<i64> = (0..100).filter_map(|_| looks.refusals("192.0.2.1", start)).collect();
        assert_eq!(written, [1; 20]);
        assert_eq!(
            looks.refusals("192.0.2.2", start),
            Some(1),
            "another address is another's"
        );
        assert_eq!(looks.refusals("192.0.2.1", start.plus_ms(3 * 60_000)), Some(81));
        assert_eq!(looks.refusals("192.0.2.1", start.plus_ms(3 * 60_000)), None);
    }

    #[test]
    fn a_day_of_refusals_of_ever_new_addresses_is_bounded() {
        let mut looks = Looks::default();
        let (mut written, mut told) = (0, 0);
        for n in 0..200_000_i64 {
            let count = looks.refusals(&format!("network {n}"), Moment(n * 432));
            written += i64::from(count.is_some());
            told += count.unwrap_or(0);
        }
        assert!(written <= 1_000 + 8_640, "{written} entries");
        assert!(looks.refused.len() <= KEPT_MAX);
        let untold = looks.refused.values().map(|spent| spent.untold).sum::<i64>() + looks.refused_all.untold;
        assert_eq!(told + untold, 200_000, "none is forgotten");
    }
}
