//! Writes a turn: one transaction, all of it or nothing.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use super::chain::{Lookup, head_of};
use super::database::{Connection, statements};
use super::error::{Doing as _, Error, Result};
use super::insert::apart;
use super::open::Source;
use super::recent::Recent;
use super::rows::{EntryKind, NewEntry, Quarantined, Turn};
use super::tables::{
    COUNT, DIGEST, INCIDENT, LEDGER, LETTER, QUARANTINE, STATUS, STEP, VERDICT, put_count, put_digest, put_entry,
    put_incident, put_letter, put_quarantined, put_status, put_step, put_verdict,
};
use super::{Bounds, Store, Tried};
use crate::ledger::{Entry, Head};

const COMMITTING: &str = "writing to the database";

statements! {
    STAND = "SELECT coalesce((SELECT max(n) FROM verdict_step), 0), coalesce((SELECT max(n) FROM outbox), 0), \
             CAST(coalesce((SELECT sum(count) FROM quarantine_count), 0) AS BIGINT)";
    KEPT = "SELECT n, CAST(octet_length(payload) + octet_length(topic) AS BIGINT) FROM quarantine ORDER BY n";
    TRIM = "DELETE FROM quarantine WHERE n < $1";
}

/// The one connection that writes, and the last numbers it gave.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) stand: Stand,
    pub(super) recent: Recent,
    quarantine: Kept,
}

/// Where a database stands: every turn that adds anything moves it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stand {
    head: Head,
    step: i64,
    letter: i64,
    /// How many messages were ever quarantined.
    quarantined: i64,
}

/// What stands in quarantine: the number and bytes of each row, the oldest first.
#[derive(Clone, Debug, Default)]
struct Kept {
    rows: VecDeque<(i64, usize)>,
    bytes: usize,
    last: i64,
}

/// What a turn came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Committed {
    /// The ledger's head behind the turn.
    pub head: Head,
    /// The numbers of the turn's letters, in their order.
    pub letters: Vec<i64>,
}

impl Store {
    /// Writes all of a turn in one transaction, or nothing of it. When this answers `Ok`, it is on the disk. When it
    /// does not, nobody knows: the same turn may be tried again and is written once.
    pub async fn commit(&self, turn: &Turn) -> Result<Committed> {
        let mut taken = self.take_writer().await?;
        let (before, entries) = (taken.writer.stand, chained(taken.writer.stand.head, &turn.entries));
        if let Some(tried) = taken.slot.tried.take()
            && tried.after == before
            && tried.before != before
            && tried.turn.as_ref() == Some(turn)
        {
            // It reached the disk, and only the answer was lost.
            taken.put_back();
            return Ok(Committed::of(before, turn));
        }
        let after = before.after(turn, &entries);
        let tried = |turn| Some(Tried { before, after, turn });
        taken.slot.tried = tried(None);
        if let Err(error) = taken.writer.commit(turn, &entries, after, &self.shared.bounds).await {
            taken.slot.tried = tried(Some(turn.clone()));
            return Err(error);
        }
        taken.slot.tried = None;
        taken.put_back();
        Ok(Committed::of(after, turn))
    }
}

impl Committed {
    fn of(stand: Stand, turn: &Turn) -> Committed {
        Committed {
            head: stand.head,
            letters: (stand.letter - turn.letters.len() as i64 + 1..=stand.letter).collect(),
        }
    }
}

impl Stand {
    pub(super) fn head(self) -> Head {
        self.head
    }

    /// With another head.
    pub(super) fn at(self, head: Head) -> Stand {
        Stand { head, ..self }
    }

    fn after(self, turn: &Turn, entries: &[Chained<'_>]) -> Stand {
        Stand {
            head: entries.last().map_or(self.head, |entry| entry.head),
            step: self.step + turn.steps.len() as i64,
            letter: self.letter + turn.letters.len() as i64,
            quarantined: self.quarantined + turn.quarantined.len() as i64,
        }
    }
}

impl Writer {
    pub(super) async fn open(source: &Source) -> Result<Writer> {
        let doing = "reading where the database stands";
        let mut connection = source.connect().await?;
        // Another connection of ours may still be at work on a turn that was given up; this waits for it.
        connection.begin().await.doing(doing)?;
        let head = head_of(&mut connection).await?;
        let row = connection.query(STAND).one().await.doing(doing)?;
        let (step, letter, quarantined) = row.tuple().doing(doing)?;
        let recent = Recent::read(&mut connection, head.n).await?;
        let rows = connection.query(KEPT).all().await.doing(doing)?;
        connection.commit().await.doing(doing)?;
        let mut quarantine = Kept::default();
        for row in rows {
            let (n, bytes) = row.tuple::<(i64, i64)>().doing(doing)?;
            quarantine.push(n, usize::try_from(bytes).unwrap_or_default());
        }
        let stand = Stand {
            head,
            step,
            letter,
            quarantined,
        };
        Ok(Writer {
            connection,
            stand,
            recent,
            quarantine,
        })
    }

    /// What was taken out of quarantine counts against its bounds no more.
    pub(super) fn forget_quarantined(&mut self, last: i64) {
        while self.quarantine.rows.front().is_some_and(|(n, _)| *n <= last) {
            self.quarantine.drop_first();
        }
    }

    pub(super) async fn close(self) -> Result<()> {
        self.connection.close().await.doing("closing the database")
    }

    async fn commit(&mut self, turn: &Turn, entries: &[Chained<'_>], after: Stand, bounds: &Bounds) -> Result<()> {
        if turn.is_empty() {
            return Ok(());
        }
        self.connection.begin().await.doing(COMMITTING)?;
        self.refuse_known(entries).await?;
        let kept = quarantine(&mut self.connection, &self.quarantine, &turn.quarantined, bounds).await?;
        let steps: Vec<_> = (self.stand.step + 1..).zip(&turn.steps).collect();
        let letters: Vec<_> = (self.stand.letter + 1..).zip(&turn.letters).collect();
        let named: HashMap<&str, i64> = match turn.among.is_empty() {
            true => HashMap::new(),
            false => letters
                .iter()
                .map(|(n, letter)| (letter.message_id.as_str(), *n))
                .collect(),
        };
        let digests = turn.among.iter();
        let digests: Vec<_> = digests
            .filter_map(|digest| Some((*named.get(digest.letter.as_str())?, digest)))
            .collect();
        let writing = async {
            let connection = &mut self.connection;
            connection.insert(&LEDGER, entries, put_entry).await?;
            for incidents in apart(&turn.incidents, |incident| incident.n) {
                connection.insert(&INCIDENT, incidents, put_incident).await?;
            }
            for verdicts in apart(&turn.verdicts, |verdict| verdict.n) {
                connection.insert(&VERDICT, verdicts, put_verdict).await?;
            }
            connection.insert(&STEP, &steps, put_step).await?;
            connection.insert(&LETTER, &letters, put_letter).await?;
            connection.insert(&DIGEST, &digests, put_digest).await?;
            for statuses in apart(&turn.statuses, |status| (&status.office, &status.device)) {
                connection.insert(&STATUS, statuses, put_status).await?;
            }
            super::cases::put_cases(connection, turn).await?;
            super::visits::put_visits(connection, turn).await?;
            super::messages::put_messages(connection, turn).await?;
            super::own::put_own(connection, entries, turn).await?;
            for change in &turn.changes {
                connection.change(change).await?;
            }
            connection.commit().await
        };
        writing.await.doing(COMMITTING)?;
        self.stand = after;
        for entry in entries {
            self.recent.note(entry.identity, entry.head.n);
        }
        if let Some(kept) = kept {
            self.quarantine = kept;
        }
        Ok(())
    }

    /// The daemon asks before whether an identity is known; that it is written once rests on this alone.
    async fn refuse_known(&mut self, entries: &[Chained<'_>]) -> Result<()> {
        let known = |device: &str, id: &str| Error::Known {
            device: device.to_owned(),
            id: id.to_owned(),
        };
        let mut new = HashSet::with_capacity(entries.len());
        for Chained { entry, .. } in entries {
            if !new.insert((entry.source.as_str(), entry.id.as_str())) {
                return Err(known(&entry.source, &entry.id));
            }
        }
        let lookup = |entry: &NewEntry| match entry.kind {
            EntryKind::Pulse => Lookup::Recent,
            _ => Lookup::Everything,
        };
        let asked = entries.iter().map(|chained| (chained.identity, lookup(chained.entry)));
        for row in self.find(asked).await? {
            let (source, id) = (row.try_get(1).doing(COMMITTING)?, row.try_get(2).doing(COMMITTING)?);
            if new.contains(&(source, id)) {
                return Err(known(source, id));
            }
        }
        Ok(())
    }
}

/// An entry with its number, its hash (in the head behind it) and its identity.
pub(super) struct Chained<'a> {
    pub entry: &'a NewEntry,
    pub head: Head,
    pub identity: i64,
}

fn chained(mut head: Head, entries: &[NewEntry]) -> Vec<Chained<'_>> {
    let chain = entries.iter().map(|entry| {
        let chained = Chained::next(head, entry);
        head = chained.head;
        chained
    });
    chain.collect()
}

pub(super) fn next(head: Head, entry: &NewEntry) -> Head {
    head.append(&Entry {
        n: head.n + 1,
        received: entry.received,
        kind: entry.kind.as_str(),
        office: entry.office.as_str(),
        source: &entry.source,
        id: &entry.id,
        time: entry.time,
        body: &entry.body,
        clock: entry.clock,
    })
}

/// Puts rows into quarantine, drops the oldest beyond the bounds, and counts all of them.
async fn quarantine(
    connection: &mut Connection,
    kept: &Kept,
    rows: &[Quarantined],
    bounds: &Bounds,
) -> Result<Option<Kept>> {
    if rows.is_empty() {
        return Ok(None);
    }
    let mut kept = kept.clone();
    let before = kept.last;
    for row in rows {
        kept.push(kept.last + 1, row.payload.len() + row.topic.len());
    }
    kept.trim(bounds);
    let first = kept.rows.front().map_or(kept.last + 1, |(n, _)| *n);
    connection.query(TRIM).bind(first).run().await.doing(COMMITTING)?;
    let new: Vec<_> = (before + 1..).zip(rows).filter(|(n, _)| *n >= first).collect();
    connection
        .insert(&QUARANTINE, &new, put_quarantined)
        .await
        .doing(COMMITTING)?;
    let mut counts: BTreeMap<(&str, String), i64> = BTreeMap::new();
    for row in rows {
        let day = row.received.date(chrono_tz::UTC).to_string();
        *counts.entry((row.code, day)).or_default() += 1;
    }
    let counts: Vec<_> = counts.into_iter().collect();
    connection.insert(&COUNT, &counts, put_count).await.doing(COMMITTING)?;
    Ok(Some(kept))
}

impl Kept {
    fn push(&mut self, n: i64, bytes: usize) {
        self.rows.push_back((n, bytes));
        self.bytes += bytes;
        self.last = n;
    }

    fn trim(&mut self, bounds: &Bounds) {
        while self.rows.len() > bounds.quarantine_rows_max || self.bytes > bounds.quarantine_bytes_max {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        if let Some((_, bytes)) = self.rows.pop_front() {
            self.bytes -= bytes;
        }
    }
}
