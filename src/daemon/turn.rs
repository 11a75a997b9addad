//! One turn: everything that follows from some messages and a moment, whole or not at all.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Result;

use super::intake::{self, Intake};
use super::ticks::Comeback;
use super::{Daemon, LATE_MS, TICK_EVERY_MS};
use crate::accounts::Scope;
use crate::clock::instant;
use crate::door::{self, Act};
use crate::engine::event::{Event, Kind};
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::engine::verdict::Decision;
use crate::inbound::Inbound;
use crate::incident::Noted;
use crate::letter::EvidenceLine;
use crate::skew;
use crate::store::Store;
use crate::store::rows::{EntryKind, NewEntry, Quarantined, Turn};

impl Daemon {
    /// Answers how many events were accepted, when they are committed.
    pub(super) async fn turn(
        &mut self,
        messages: &mut Vec<Inbound>,
        acts: &mut Vec<Act>,
        now: Moment,
        comeback: &Comeback,
    ) -> Result<u64> {
        let began = instant();
        messages.append(&mut self.docket.messages);
        messages.append(&mut self.visits.messages);
        let mut admitted = loop {
            match door::admit(&self.store, acts, now).await {
                Ok(admitted) => break admitted,
                Err(error) => self.wait_for_database(error).await,
            }
        };
        let mut intake = loop {
            let latest = self.clock.doubt().map_or(now, |doubt| doubt.said.max(now));
            match intake::take(&self.store, &self.desks, messages, [now, latest], !self.ticks).await {
                Ok(intake) => break intake,
                Err(error) => self.wait_for_database(error).await,
            }
        };
        self.judge_clocks(&mut intake, now);
        let Intake {
            mut turn,
            events,
            duplicates,
            numbers,
            bytes,
        } = intake;
        let mut said: Vec<Said> = Vec::new();
        if !self.memory.entries.is_empty() {
            // What other rules alone change is said with that cause, and what these messages change with theirs.
            for (ix, desk) in self.desks.iter_mut().enumerate() {
                let decisions = desk.engine.judge();
                desk.judging.is_done(&desk.engine);
                said.push(Said {
                    decisions,
                    ..Said::nothing(ix)
                });
            }
        }
        let accepted = self.take_in(events, &mut turn, now);
        for (ix, code, number) in &numbers {
            self.visits.keep_number(*ix, &self.desks[*ix], code, number, &mut turn);
        }
        turn.entries.splice(0..0, self.memory.entries.drain(..));
        turn.entries.append(&mut admitted.entries);
        turn.changes.append(&mut admitted.changes);
        turn.letters.append(&mut admitted.letters);
        said.extend(self.judge(&mut turn, now, comeback));
        let before = self.book.next_wake();
        for Said { desk, took, decisions } in said {
            let began = instant();
            if !decisions.is_empty() || before.is_some_and(|due| due <= now) {
                let noted = note(&self.store, &self.desks[desk].roster, decisions, &turn.entries).await;
                self.decide(desk, noted, now, &mut turn);
            }
            if let Some(took) = took {
                self.desks[desk].judging.took(took + began.elapsed());
            }
        }
        self.visits.forget(&self.desks, &mut turn, now);
        self.recall().await;
        let summaries = self.docket.read_summaries(&self.store, &self.desks, now).await;
        self.docket
            .turn(&mut self.book, &self.desks, &summaries, &mut turn, now);
        for status in &turn.statuses {
            self.memory
                .statuses
                .insert((status.office.to_string(), status.device.to_string()), status.clone());
        }
        if !turn.is_empty() {
            // What was judged is in memory already: it must reach the disk before anything else happens.
            while let Err(error) = self.store.commit(&turn).await {
                if !error.passes() {
                    // The ledger says otherwise than this process: the next start reads it again.
                    return Err(anyhow::Error::new(error).context("what was judged cannot be committed"));
                }
                self.wait_for_database(error).await;
            }
        }
        self.database_answers();
        self.answer();
        self.docket.answer();
        self.visits.answer();
        admitted.answer();
        for message in messages.drain(..) {
            message.receipt.confirm();
        }
        self.metrics.received_bytes.add(bytes);
        self.metrics.events_accepted.add(accepted);
        self.metrics.events_duplicate.add(duplicates);
        for quarantined in &turn.quarantined {
            self.metrics.quarantined(quarantined.code);
        }
        if !turn.is_empty() {
            self.metrics.commit_seconds.observe(began.elapsed());
        }
        if !turn.letters.is_empty() {
            self.nudge.notify_one();
        }
        Ok(accepted)
    }

    /// Puts accepted events in their places; answers how many were not too late. The entry of each stands in the turn at
    /// the same place.
    fn take_in(&mut self, events: Vec<(usize, Event)>, turn: &mut Turn, now: Moment) -> u64 {
        let (mut accepted, mut late) = (0, Vec::new());
        let long_ago = now.plus_ms(-LATE_MS);
        for (at, (ix, event)) in events.into_iter().enumerate() {
            let desk = &mut self.desks[ix];
            let is_act = !event.kind.is_pulse();
            if event.time < long_ago {
                desk.heard_late = Some(now);
            }
            if matches!(event.kind, Kind::Ticked) {
                desk.ticked = desk.ticked.max(event.time);
            }
            if matches!(event.kind, Kind::Visit(_)) {
                self.visits.take(ix, desk, &event, turn);
            }
            match desk.engine.insert(event) {
                Ok(()) => {
                    accepted += 1;
                    desk.judging.heard(is_act);
                }
                Err(too_late) => late.push((at, too_late.settled)),
            }
        }
        let first = turn.quarantined.len();
        for (at, settled) in late.into_iter().rev() {
            let entry = turn.entries.remove(at);
            turn.quarantined.push(set_aside(entry, settled, now));
        }
        turn.quarantined[first..].reverse();
        accepted
    }

    /// Lets every office's clock go on that has something to judge, and judges it.
    fn judge(&mut self, turn: &mut Turn, now: Moment, comeback: &Comeback) -> Vec<Said> {
        let due_letters = self.book.next_wake().is_some_and(|due| due <= now);
        let mut said = Vec::new();
        for (ix, desk) in self.desks.iter_mut().enumerate() {
            let mut at = None;
            if self.ticks {
                let latest = comeback.clock_max(desk, now);
                let due = desk.judging.wake() <= latest || latest.ms_since(desk.ticked) >= TICK_EVERY_MS;
                at = (due || desk.judging.is_stirred()).then_some(latest);
            }
            if (at.is_none() && !desk.judging.is_fresh()) || desk.judging.waits(&desk.engine) {
                if due_letters {
                    said.push(Said::nothing(ix));
                }
                continue;
            }
            let began = instant();
            turn.entries.extend(at.and_then(|at| desk.tick(at, now)));
            let decisions = desk.engine.judge();
            desk.judging.is_done(&desk.engine);
            said.push(Said {
                desk: ix,
                took: Some(began.elapsed()),
                decisions,
            });
        }
        said
    }
}

/// What an office's engine said.
struct Said {
    desk: usize,
    /// `None`: nothing was judged.
    took: Option<Duration>,
    decisions: Vec<Decision>,
}

impl Said {
    fn nothing(desk: usize) -> Said {
        Said {
            desk,
            took: None,
            decisions: Vec::new(),
        }
    }
}

/// Finds the events that decisions rest on: among `fresh` entries, or in the ledger.
pub(super) async fn note(store: &Store, roster: &Roster, decisions: Vec<Decision>, fresh: &[NewEntry]) -> Vec<Noted> {
    // Whoever is told that something is withdrawn is not told what it rested on.
    let rests_on = |decision: &Decision| match decision {
        Decision::Opened { verdict, .. } | Decision::Amended { verdict, .. } => verdict.evidence.clone(),
        Decision::Retracted { .. } => Vec::new(),
    };
    let mut lines: HashMap<String, Option<EvidenceLine>> = HashMap::new();
    for reference in decisions.iter().flat_map(rests_on) {
        lines.entry(reference.to_string()).or_default();
    }
    if !lines.is_empty() {
        let acts = fresh.iter().filter(|entry| entry.kind == EntryKind::Event);
        for entry in acts {
            if let Some(line) = lines.get_mut(&format!("{}#{}", entry.source, entry.id)) {
                *line = read(&entry.body, entry.time, entry.clock, roster);
            }
        }
        let stored: Vec<&str> = lines
            .iter()
            .filter(|(_, line)| line.is_none())
            .map(|(of, _)| of.as_str())
            .collect();
        // The letters go out without these lines rather than not at all; the incidents' pages have them.
        let rows = store
            .referenced(&Scope::whole(), &stored)
            .await
            .unwrap_or_else(|error| {
                tracing::warn!(%error, "evidence could not be read");
                Vec::new()
            });
        for row in rows {
            let line = read(&row.body, row.time, row.clock.as_deref(), roster);
            lines.insert(format!("{}#{}", row.source, row.id), line);
        }
    }
    let noted = decisions.into_iter().map(|decision| {
        let found = rests_on(&decision)
            .into_iter()
            .filter_map(|reference| lines.get(&*reference)?.clone());
        let mut evidence: Vec<EvidenceLine> = found.collect();
        evidence.sort_by_key(|line| line.at);
        Noted { decision, evidence }
    });
    noted.collect()
}

fn read(body: &[u8], time: Moment, clock: Option<&str>, roster: &Roster) -> Option<EvidenceLine> {
    let event = skew::read_again(body, time, clock, roster).ok()?;
    let (at, device, kind) = (event.time, event.device, event.kind);
    Some(EvidenceLine { at, device, kind })
}

/// An event for a settled date is kept and shown, not judged.
fn set_aside(entry: NewEntry, settled: Moment, now: Moment) -> Quarantined {
    Quarantined {
        received: now,
        topic: format!("jagaloket/v1{}/events", entry.source),
        code: "too_late",
        reason: format!(
            "the event takes effect before {} (UTC), which is settled: it is kept, not judged",
            settled.rfc3339(chrono_tz::UTC)
        ),
        payload: entry.body,
    }
}
