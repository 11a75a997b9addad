//! Slows guessing down and locks nobody out: whoever fails waits longer and longer, and an account that others fail at
//! stays open to a browser that has signed in to it before.

use std::collections::HashMap;
use std::hash::Hash;

use crate::engine::time::Moment;

/// What is kept at most; the ones that were quiet longest go first.
const KEPT_MAX: usize = 20_000;
/// After so long without a failure everything is forgotten.
const FORGOTTEN_MS: i64 = 60 * 60_000;

/// Failures that cost nothing, the first wait after them, which doubles, and the longest.
struct Pace {
    free: u32,
    first_ms: i64,
    longest_ms: i64,
}

/// One account from one address: somebody who mistypes, or who guesses.
const PAIR: Pace = Pace {
    free: 3,
    first_ms: 1_000,
    longest_ms: 15 * 60_000,
};
/// One account from everywhere. The longest wait is short: others' failures must not keep its owner out.
const ACCOUNT: Pace = Pace {
    free: 10,
    first_ms: 1_000,
    longest_ms: 30_000,
};
/// One address for whatever accounts: an office may share it.
const ADDRESS: Pace = Pace {
    free: 30,
    first_ms: 1_000,
    longest_ms: 5 * 60_000,
};

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Key {
    Pair(u64, String),
    Account(u64),
    Address(String),
    /// A browser that has signed in to this account before.
    Device(u64, String),
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Moment,
}

/// Who failed how often.
#[derive(Debug, Default)]
pub struct Throttle {
    failures: HashMap<Key, Failures>,
}

/// Who tries: by which account (a hash of its name, whether there is such an account or not), from where.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    pub account: u64,
    pub address: &'a str,
    /// What proves that this browser signed in to the account before.
    pub device: Option<&'a str>,
}

impl Attempt<'_> {
    fn keys(&self) -> Vec<(Key, &'static Pace)> {
        let address = || self.address.to_owned();
        match self.device {
            Some(device) => vec![(Key::Device(self.account, device.to_owned()), &PAIR)],
            None => vec![
                (Key::Pair(self.account, address()), &PAIR),
                (Key::Account(self.account), &ACCOUNT),
                (Key::Address(address()), &ADDRESS),
            ],
        }
    }
}

impl Throttle {
    /// How long this attempt has to wait yet; 0: it may be made.
    pub fn wait_ms(&self, attempt: Attempt<'_>, now: Moment) -> i64 {
        let wait = |(key, pace): &(Key, &Pace)| match self.failures.get(key) {
            Some(failures) if now.ms_since(failures.last) < FORGOTTEN_MS => {
                let over = failures.count.saturating_sub(pace.free);
                let pause = match over {
                    0 => 0,
                    over => pace
                        .first_ms
                        .saturating_mul(1 << (over - 1).min(30))
                        .min(pace.longest_ms),
                };
                (pause - now.ms_since(failures.last)).max(0)
            }
            _ => 0,
        };
        attempt.keys().iter().map(wait).max().unwrap_or(0)
    }

    /// Counted before it is known, so that many at once gain nothing; `came_in` takes it back.
    pub fn failed(&mut self, attempt: Attempt<'_>, now: Moment) {
        self.make_room(now);
        for (key, _) in attempt.keys() {
            let failures = self.failures.entry(key).or_insert(Failures { count: 0, last: now });
            if now.ms_since(failures.last) >= FORGOTTEN_MS {
                failures.count = 0;
            }
            failures.count = failures.count.saturating_add(1);
            failures.last = now;
        }
    }

    /// Whoever came in has proved who he is; what others fail at stays counted.
    pub fn came_in(&mut self, attempt: Attempt<'_>) {
        for (key, _) in attempt.keys() {
            if matches!(key, Key::Pair(..) | Key::Device(..)) {
                self.failures.remove(&key);
            } else if let Some(failures) = self.failures.get_mut(&key) {
                failures.count = failures.count.saturating_sub(1);
            }
        }
    }

    fn make_room(&mut self, now: Moment) {
        if self.failures.len() < KEPT_MAX {
            return;
        }
        self.failures
            .retain(|_, failures| now.ms_since(failures.last) < FORGOTTEN_MS);
        if self.failures.len() >= KEPT_MAX {
            let mut lasts: Vec<i64> = self.failures.values().map(|failures| failures.last.0).collect();
            lasts.sort_unstable();
            let half = lasts[lasts.len() / 2];
            self.failures.retain(|_, failures| failures.last.0 > half);
        }
    }
}
