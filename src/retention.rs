//! Ring 3: lets go of what was kept long enough, kind by kind and in small batches. Nothing of an open incident goes, nor
//! what a hold keeps; each batch is one transaction with the entry that announces it, so that a run that is killed
//! anywhere has done what it says, and the next one goes on.

mod daily;
mod events;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::config;
use crate::engine::time::Moment;
use crate::ledger::announced::Announcement;
use crate::ledger::hold::{Holds, Word};
use crate::store::{LastRun, LedgerRow, Requests, Store, Stored};
use crate::wire;
pub use daily::{Asked, Daily};
pub use events::Judging;

/// Between two batches beside a running monitor: at least so long …
const PAUSE: Duration = Duration::from_millis(20);
/// … and so many times as long as the batch took.
const PAUSES: u32 = 3;
/// How soon it is asked again whether the writer is free.
const AGAIN: Duration = Duration::from_millis(500);

/// The kinds of what goes, as the keys of the section call them.
pub const KINDS: [&str; 5] = ["heartbeats", "quarantine", "letters", "indications", "events"];

/// Lets go of what was kept long enough.
#[derive(Clone, Debug)]
pub struct Retention {
    pub store: Store,
    pub rules: config::Retention,
    pub judging: Judging,
    /// Whether somebody else waits for the writer.
    pub gentle: bool,
}

/// How many of each kind went.
pub type Counts = BTreeMap<String, u64>;

/// What of a kind is kept, and what the next run would let go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown {
    pub kind: &'static str,
    pub kept_ms: i64,
    pub there: u64,
    pub due: u64,
}

/// All that people ask of retention.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    pub kinds: Vec<Shown>,
    pub stored: Stored,
    pub holds: Holds,
    pub last: Option<LastRun>,
}

impl Retention {
    fn kept_ms(&self, kind: &str) -> i64 {
        match kind {
            "heartbeats" => self.rules.heartbeats_ms,
            "quarantine" => self.rules.quarantine_ms,
            "letters" => self.rules.letters_ms,
            "events" => self.rules.events_ms,
            _ => self.rules.indications_ms,
        }
    }

    /// Lets go of all that is due, and says so in the ledger when it is finished.
    pub async fn run(&self, now: Moment, mut heard: impl FnMut(&str, u64)) -> Result<Counts> {
        let (holds, released) = self.store.holds().await?;
        let last = self.store.last_run().await?;
        let again = last.is_none_or(|last| released > last.n);
        let mut counts = Counts::new();
        let mut hear = |kind: &str, count: u64| {
            *counts.entry(kind.to_owned()).or_default() += count;
            heard(kind, count);
        };
        for kind in KINDS {
            let until = now.plus_ms(-self.kept_ms(kind));
            match kind {
                "heartbeats" => self.heartbeats([until, now], &holds, again, &mut hear).await,
                "quarantine" => self.quarantine([until, now], &mut hear).await,
                // Last, for what an incident rested on may go with its names.
                "events" => self.events(self.cut(now).await?, &holds, &mut hear).await,
                "letters" => self.names(kind, [until, now], &holds, &mut hear).await,
                _ => {
                    self.names(kind, [until, now], &holds, &mut hear).await?;
                    self.requests([until, now], &holds, &mut hear).await
                }
            }
            .with_context(|| format!("letting go of {kind}"))?;
        }
        counts.retain(|_, count| *count > 0);
        let mut said = announcement(Announcement::RUN, now);
        said.counts = counts.clone();
        loop {
            let began = crate::clock::instant();
            let done = self.store.announce_run(&said, now).await;
            if self.rest(began, done).await?.is_some() {
                return Ok(counts);
            }
        }
    }

    /// Heartbeats and ticks are packed. `again`: also those that were passed by, for a hold kept them.
    async fn heartbeats(
        &self,
        [until, now]: [Moment; 2],
        holds: &Holds,
        again: bool,
        heard: &mut impl FnMut(&str, u64),
    ) -> Result<()> {
        let before = self.store.received_from(until).await?;
        let mut after = if again { 0 } else { self.store.last_covered().await? };
        while after + 1 < before {
            let may_go = |row: &LedgerRow| !holds.keep_event(row.office.as_str(), None, row.time);
            let began = crate::clock::instant();
            let done = self.store.pack(after, before, [until, now], may_go).await;
            if let Some(batch) = self.rest(began, done).await? {
                after = batch.up_to;
                heard("heartbeats", batch.removed);
            }
        }
        Ok(())
    }

    async fn quarantine(&self, [until, now]: [Moment; 2], heard: &mut impl FnMut(&str, u64)) -> Result<()> {
        loop {
            let (count, last) = self.store.quarantine_due(until).await?;
            if count == 0 {
                return Ok(());
            }
            let said = counted("quarantine", until, "message", count);
            let began = crate::clock::instant();
            let done = self.store.drop_quarantined(&said, last, now).await;
            if self.rest(began, done).await?.is_some() {
                heard("quarantine", count);
            }
        }
    }

    /// Names go from letters, or from incidents with all that belongs to them.
    async fn names(
        &self,
        kind: &'static str,
        [until, now]: [Moment; 2],
        holds: &Holds,
        heard: &mut impl FnMut(&str, u64),
    ) -> Result<()> {
        let (letters, mut after) = (kind == "letters", 0);
        loop {
            let due = match letters {
                true => self.store.letters_due(after, until, holds).await?,
                false => self.store.incidents_due(after, until, holds).await?,
            };
            let (rows, count) = (&due.rows, due.rows.len() as u64);
            if count > 0 {
                let said = counted(kind, until, if letters { "letter" } else { "incident" }, count);
                let began = crate::clock::instant();
                let done = match letters {
                    true => self.store.empty_letters(&said, rows, now).await,
                    false => self.store.anonymise(&said, rows, now).await,
                };
                if self.rest(began, done).await?.is_none() {
                    continue;
                }
                heard(kind, count);
            }
            match due.up_to {
                Some(up_to) => after = up_to,
                None => return Ok(()),
            }
        }
    }

    /// Names and words go from exemptions and requests for correction.
    async fn requests(
        &self,
        [until, now]: [Moment; 2],
        holds: &Holds,
        heard: &mut impl FnMut(&str, u64),
    ) -> Result<()> {
        for (which, kind, what) in [
            (Requests::Exemptions, "exemptions", "exemption"),
            (Requests::Corrections, "corrections", "correction"),
        ] {
            let mut after = 0;
            loop {
                let due = self.store.requests_due(which, after, until, holds).await?;
                let count = due.rows.len() as u64;
                if count > 0 {
                    let said = counted(kind, until, what, count);
                    let began = crate::clock::instant();
                    let done = self.store.forget_requests(which, &said, &due.rows, until, now).await;
                    if self.rest(began, done).await?.is_none() {
                        continue;
                    }
                    heard(kind, count);
                }
                match due.up_to {
                    Some(up_to) => after = up_to,
                    None => break,
                }
            }
        }
        Ok(())
    }

    /// After a batch: leaves the writer to others for a while. `None`: the same batch is to be tried again.
    async fn rest<T>(&self, began: std::time::Instant, done: crate::store::Result<Option<T>>) -> Result<Option<T>> {
        let pause = match &done {
            Ok(Some(_)) if self.gentle => PAUSE.max(began.elapsed() * PAUSES),
            Ok(Some(_)) => Duration::ZERO,
            Ok(None) => AGAIN,
            // Beside a running monitor, which waits for its database as well.
            Err(error) if self.gentle && error.passes() => AGAIN,
            Err(_) => Duration::ZERO,
        };
        tokio::time::sleep(pause).await;
        match done {
            Err(error) if self.gentle && error.passes() => Ok(None),
            done => Ok(done?),
        }
    }

    /// What is kept of each kind, and what a run at `now` would let go.
    pub async fn show(&self, now: Moment) -> Result<Standing> {
        let (holds, _) = self.store.holds().await?;
        let stored = self.store.stored().await?;
        let mut kinds = Vec::new();
        for kind in KINDS {
            let kept_ms = self.kept_ms(kind);
            let until = now.plus_ms(-kept_ms);
            let (there, due) = match kind {
                "heartbeats" => (stored.entries, self.heartbeats_due(until, &holds).await?),
                "quarantine" => (stored.quarantined, self.store.quarantined_before(until).await?),
                "events" => (stored.entries, self.events_due(now).await?),
                "letters" => (stored.letters, self.names_due(true, until, &holds).await?),
                _ => (stored.incidents, self.names_due(false, until, &holds).await?),
            };
            kinds.push(Shown {
                kind,
                kept_ms,
                there,
                due,
            });
        }
        Ok(Standing {
            kinds,
            stored,
            holds,
            last: self.store.last_run().await?,
        })
    }

    async fn heartbeats_due(&self, until: Moment, holds: &Holds) -> Result<u64> {
        let before = self.store.received_from(until).await?;
        let (mut after, mut due) = (0, 0);
        loop {
            let some = self.store.candidates(after, before).await?;
            let Some(last) = some.last() else { return Ok(due) };
            after = last.row.n;
            let goes = some.iter().map(|candidate| &candidate.row).filter(|row| {
                row.received < until
                    && !holds.keep_event(row.office.as_str(), None, row.time)
                    && wire::passing(&row.body).is_some()
            });
            due += goes.count() as u64;
        }
    }

    async fn names_due(&self, letters: bool, until: Moment, holds: &Holds) -> Result<u64> {
        let (mut after, mut count) = (0, 0);
        loop {
            let due = match letters {
                true => self.store.letters_due(after, until, holds).await?,
                false => self.store.incidents_due(after, until, holds).await?,
            };
            count += due.rows.len() as u64;
            match due.up_to {
                Some(up_to) => after = up_to,
                None => return Ok(count),
            }
        }
    }
}

fn announcement(why: &str, until: Moment) -> Announcement {
    Announcement {
        why: why.to_owned(),
        until: until.rfc3339(chrono_tz::UTC),
        ..Announcement::default()
    }
}

fn counted(why: &str, until: Moment, what: &str, count: u64) -> Announcement {
    let mut said = announcement(why, until);
    said.counts.insert(what.to_owned(), count);
    said
}

/// Writes a hold, or its end, if it says something that can be; answers the number of its entry.
pub async fn hold(store: &Store, word: &Word, now: Moment) -> Result<i64> {
    match word {
        Word::Add(wanted) => {
            if let Some(incident) = wanted.incident
                && !store.has_incident(incident).await?
            {
                bail!("there is no incident {incident} that still has its names");
            }
            if let Some(office) = &wanted.office {
                let offices = store.offices().await?;
                if !offices.iter().any(|known| known.as_str() == office) {
                    let known: Vec<&str> = offices.iter().map(|known| known.as_str()).collect();
                    bail!("the ledger knows no office \"{office}\"; it has {}", known.join(", "));
                }
            }
            if wanted.incident.is_none() && wanted.officer.is_none() && wanted.office.is_none() {
                bail!("a hold names an incident, an officer or an office");
            }
            if let (Some(from), Some(until)) = (wanted.from, wanted.until)
                && from >= until
            {
                bail!("the hold ends before it begins");
            }
        }
        Word::Release(released) => {
            let (holds, _) = store.holds().await?;
            if !holds.0.iter().any(|hold| hold.n == released.hold) {
                bail!(
                    "there is no hold {}; `jagaloket retention hold list` shows those that stand",
                    released.hold
                );
            }
        }
    }
    loop {
        if let Some(n) = store.hold(word, now).await? {
            return Ok(n);
        }
        tokio::time::sleep(AGAIN).await;
    }
}
