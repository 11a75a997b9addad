//! The letters people would have had: decisions of the joined fold, grouped and ruled on as the monitor does.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use serde::Serialize;

use super::sides::{Plain, Side};
use crate::engine::policy::{Head, PolicySet};
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::engine::verdict::Decision;
use crate::incident::{Book, Noted, Outcome};
use crate::letter::House;

/// Letters to one person on one date.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Letters {
    pub letters: u64,
    /// Of these, the first of an incident.
    pub incidents: u64,
}

impl Letters {
    pub fn add(&mut self, other: Letters) {
        self.letters += other.letters;
        self.incidents += other.incidents;
    }
}

/// By person, and date the letter is written on.
pub type Tallies = BTreeMap<String, BTreeMap<NaiveDate, Letters>>;

/// Three books, for incidents of different policies never touch: what both sets say is grouped once.
pub struct Mail {
    stacks: [Stack; 3],
    plain: Plain,
    /// Whose heads the stacks hold.
    policies: Arc<PolicySet>,
    /// Incidents that ended so long ago are forgotten.
    keep_ms: i64,
    forgotten: Moment,
}

struct Stack {
    book: Book,
    heads: Vec<Head>,
    tallies: Tallies,
}

const SIDES: [Side; 3] = [Side::Both, Side::Before, Side::After];
const FORGET_EVERY_MS: i64 = 86_400_000;

impl Mail {
    pub fn new(keep_ms: i64) -> Mail {
        // Nothing of these letters is sent; only that they are written counts.
        let house = House {
            base_url: "http://localhost".into(),
            domain: "localhost".into(),
            wording: Default::default(),
            counts_alone: true,
        };
        Mail {
            stacks: SIDES.map(|_| Stack {
                book: Book::new(house.clone()),
                heads: Vec::new(),
                tallies: Tallies::new(),
            }),
            plain: Plain::default(),
            policies: Arc::default(),
            keep_ms,
            forgotten: Moment::MIN,
        }
    }

    /// What the joined fold decided at a moment, in the order of the moments; `policies` is the joined set.
    pub fn hear(&mut self, decisions: Vec<Decision>, roster: &Roster, policies: &Arc<PolicySet>, now: Moment) {
        if !Arc::ptr_eq(&self.policies, policies) {
            self.policies = policies.clone();
            for stack in &mut self.stacks {
                stack.heads.clear();
            }
            for head in policies.heads() {
                let (side, id) = self.plain.of(&head.id);
                self.stacks[side as usize].heads.push(Head { id, ..head.clone() });
            }
        }
        self.wait_until(now, roster);
        let mut of_side: [Vec<Noted>; 3] = Default::default();
        for decision in decisions {
            let (side, decision) = self.plainly(decision);
            let evidence = Vec::new();
            of_side[side as usize].push(Noted { decision, evidence });
        }
        for (stack, noted) in self.stacks.iter_mut().zip(of_side) {
            if !noted.is_empty() {
                stack.turn(noted, roster, now);
            }
        }
        if now.ms_since(self.forgotten) > FORGET_EVERY_MS {
            self.forgotten = now;
            for stack in &mut self.stacks {
                stack.book.forget_before(now.plus_ms(-self.keep_ms), |_| false);
            }
        }
    }

    /// Writes what had waited for its turn and is due by `now`.
    pub fn wait_until(&mut self, now: Moment, roster: &Roster) {
        for stack in &mut self.stacks {
            while let Some(due) = stack.book.next_wake().filter(|due| *due <= now) {
                stack.turn(Vec::new(), roster, due);
                if stack.book.next_wake() == Some(due) {
                    // Another office's: it will not come here.
                    break;
                }
            }
        }
    }

    fn plainly(&mut self, decision: Decision) -> (Side, Decision) {
        match decision {
            Decision::Opened { verdict, reason } => {
                let (side, verdict) = self.plain.verdict(verdict);
                (side, Decision::Opened { verdict, reason })
            }
            Decision::Amended {
                before,
                verdict,
                reason,
            } => {
                let (side, verdict) = self.plain.verdict(verdict);
                let (_, before) = self.plain.verdict(before);
                let decision = Decision::Amended {
                    before,
                    verdict,
                    reason,
                };
                (side, decision)
            }
            Decision::Retracted { verdict, reason } => {
                let (side, verdict) = self.plain.verdict(verdict);
                (side, Decision::Retracted { verdict, reason })
            }
        }
    }

    /// Letters before and after.
    pub fn tallies(self) -> [Tallies; 2] {
        let [both, before, after] = self.stacks.map(|stack| stack.tallies);
        [before, after].map(|mut side| {
            for (person, dates) in &both {
                let own = side.entry(person.clone()).or_default();
                for (date, letters) in dates {
                    own.entry(*date).or_default().add(*letters);
                }
            }
            side
        })
    }
}

impl Stack {
    fn turn(&mut self, noted: Vec<Noted>, roster: &Roster, now: Moment) {
        let Outcome { letters, .. } = self.book.turn(noted, roster, &self.heads, now);
        for letter in letters {
            let dates = match self.tallies.get_mut(&letter.person) {
                Some(dates) => dates,
                None => self.tallies.entry(letter.person).or_default(),
            };
            dates.entry(now.date(roster.office.zone)).or_default().add(Letters {
                letters: 1,
                incidents: u64::from(letter.in_reply_to.is_none()),
            });
        }
    }
}
