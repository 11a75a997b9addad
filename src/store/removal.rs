//! Takes entries out of the ledger: heartbeats and ticks, which stay as coverage, and what nobody may keep any longer. The
//! rows, the bridges over them and the entry that announces it change in one transaction.

use super::chain::{LedgerRow, identity, ledger_row};
use super::database::{Connection, statements};
use super::error::{Doing as _, Error, Result};
use super::rows::{EntryKind, NewEntry};
use super::tables::{LEDGER, put_entry};
use super::write::{Chained, Stand};
use super::{Store, Taken, Tried};
use crate::coverage::{self, Packer, Row};
use crate::engine::event::{MONITOR, OfficeId};
use crate::engine::time::Moment;
use crate::ledger::announced::{Announcement, Gone, digest};
use crate::ledger::bridge::{self, bridges};
use crate::ledger::{Hash, Head};

const REMOVING: &str = "taking out of the ledger what was kept long enough";
const READING: &str = "reading coverage";
/// So many entries go in one transaction: whoever waits for the writer waits no longer than that takes.
pub const BATCH: usize = 1_000;
/// So many rows are looked at for a batch.
const LOOKED_AT: i64 = 4_000;
/// The numbers of a batch lie no further apart than this, so that whoever looks for a number need not look far.
pub(super) const SPAN: i64 = 200_000;

statements! {
    COVERED_UP_TO = "SELECT last_n FROM removal WHERE last_n > $1 AND coverage IS NOT NULL ORDER BY last_n LIMIT 1";
    COVERED = "SELECT first_n, coverage FROM removal WHERE last_n > $1 AND last_n <= $2 AND first_n <= $3 \
             AND coverage IS NOT NULL ORDER BY last_n";
    COVERED_BETWEEN = "SELECT first_n, coverage FROM removal WHERE to_ms >= $1 AND from_ms <= $2 \
             AND coverage IS NOT NULL ORDER BY last_n";
    CANDIDATES = "SELECT n, received_ms, kind, office, source, id, time_ms, body, clock, hash FROM ledger \
             WHERE n > $1 AND n < $2 AND kind IN ('event', 'tick', 'pulse') ORDER BY n LIMIT $3";
    RECEIVED_FROM = "SELECT n, received_ms FROM ledger WHERE n >= $1 ORDER BY n LIMIT 1";
    TAKE_OUT = "DELETE FROM ledger WHERE ", among(n), "";
    KEEP = "INSERT INTO removal (n, first_n, last_n, from_ms, to_ms, bridges, coverage) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    COVERAGES = "SELECT n, first_n, last_n FROM removal WHERE last_n < $1 AND coverage IS NOT NULL ORDER BY n";
    UNCOVER = "UPDATE removal SET coverage = NULL WHERE ", among(n), "";
    LAST_COVERED = "SELECT coalesce(max(last_n), 0) FROM removal WHERE coverage IS NOT NULL";
}

/// What a batch came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Batch {
    /// Everything up to this number was looked at.
    pub up_to: i64,
    pub removed: u64,
    /// Of those removed, how many ticks.
    pub ticks: u64,
    /// Bytes of what stands in their place.
    pub bytes: u64,
}

/// An entry that may go, with its hash.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    pub row: LedgerRow,
    pub hash: Hash,
}

impl Store {
    /// The number of the first entry that was not received before `moment`, or one past the last. Entries are received in
    /// the order of their numbers, but where the monitor's clock was set back.
    pub async fn received_from(&self, moment: Moment) -> Result<i64> {
        let (mut before, mut not_before) = (0, self.head().await?.n + 1);
        // All up to `before` were received before, none from `not_before` on.
        while before + 1 < not_before {
            let middle = before + (not_before - before) / 2;
            let asked = self.shared.readers.query(RECEIVED_FROM).bind(middle);
            let found = asked.optional().await.doing(READING)?;
            let found = found.map(|row| row.tuple::<(i64, i64)>()).transpose().doing(READING)?;
            match found {
                Some((n, received)) if n < not_before && received < moment.0 => before = n,
                _ => not_before = middle,
            }
        }
        Ok(not_before)
    }

    /// Entries between two numbers that could go, in order: no rosters, no policies, nothing of the house.
    pub async fn candidates(&self, after: i64, before: i64) -> Result<Vec<Candidate>> {
        let asked = self.shared.readers.query(CANDIDATES);
        let rows = asked.bind(after).bind(before).bind(LOOKED_AT).all().await;
        let rows = rows.doing(REMOVING)?;
        let candidate = |row| {
            Ok(Candidate {
                row: ledger_row(row)?,
                hash: hash(row.try_get(9).doing(REMOVING)?)?,
            })
        };
        rows.iter().map(candidate).collect()
    }

    /// Packs the next heartbeats and ticks behind number `after` and before `before` that were received before `until`
    /// and that `may_go`. `None` where the writer is not free for this now: the same may be asked again.
    pub async fn pack(
        &self,
        after: i64,
        before: i64,
        [until, now]: [Moment; 2],
        may_go: impl Fn(&LedgerRow) -> bool,
    ) -> Result<Option<Batch>> {
        let candidates = self.candidates(after, before).await?;
        let whole = candidates.len() < LOOKED_AT as usize;
        let mut batch = Batch {
            up_to: if whole { before - 1 } else { after },
            removed: 0,
            ticks: 0,
            bytes: 0,
        };
        let (mut packer, mut gone) = (Packer::new(), Vec::new());
        for Candidate { row, hash } in &candidates {
            let first = gone.first().map_or(row.n, |(n, _)| *n);
            if packer.len() == BATCH || row.n - first > SPAN {
                batch.up_to = row.n - 1;
                break;
            }
            if !whole {
                batch.up_to = row.n;
            }
            let packed = Row {
                n: row.n,
                received: row.received,
                time: row.time,
                office: row.office.as_str(),
                source: &row.source,
                clock: row.clock.as_deref(),
                body: &row.body,
            };
            if row.received < until && may_go(row) && packer.add(&packed) {
                gone.push((row.n, *hash));
                batch.ticks += u64::from(row.kind == EntryKind::Tick);
            }
        }
        let Some((from, to)) = packer.span() else {
            return Ok(Some(batch));
        };
        let packed = packer.finish();
        batch.removed = gone.len() as u64;
        batch.bytes = packed.len() as u64;
        let mut announcement = Announcement {
            why: "heartbeats".to_owned(),
            until: until.rfc3339(chrono_tz::UTC),
            ..Announcement::default()
        };
        for (kind, count) in [("heartbeat", batch.removed - batch.ticks), ("tick", batch.ticks)] {
            if count > 0 {
                announcement.counts.insert(kind.to_owned(), count);
            }
        }
        let done = self
            .take_out(announcement, &gone, Some(packed), [from, to, now])
            .await?;
        Ok(done.map(|_| batch))
    }

    /// Takes entries out, which are given in order. With them goes the time between two moments: `coverage` stands in its
    /// place, or what was said up to the second cannot be said again. `None` where the writer is not free for this now.
    pub async fn take_out(
        &self,
        mut announcement: Announcement,
        gone: &[(i64, Hash)],
        coverage: Option<Vec<u8>>,
        [from, to, now]: [Moment; 3],
    ) -> Result<Option<Head>> {
        let (Some((first, _)), Some((last, _))) = (gone.first().copied(), gone.last().copied()) else {
            return Ok(None);
        };
        let bridges = bridge::pack(&bridges(gone.iter().copied()));
        announcement.entries = Some(Gone {
            first,
            last,
            count: gone.len() as u64,
            bridges: digest(&bridges),
            coverage: coverage.as_deref().map(digest),
        });
        let numbers: Vec<i64> = gone.iter().map(|(n, _)| *n).collect();
        let Some(mut appending) = self.announce(&announcement, now).await? else {
            return Ok(None);
        };
        let (n, connection) = (appending.n(), appending.connection());
        let taken_out = connection.query(TAKE_OUT).bind_numbers(&numbers);
        taken_out.run().await.doing(REMOVING)?;
        let kept = connection.query(KEEP).bind(n).bind(first).bind(last);
        let kept = kept.bind(from.0).bind(to.0).bind(bridges).bind(coverage);
        kept.run().await.doing(REMOVING)?;
        appending.commit().await.map(Some)
    }

    /// Begins to write what an entry announces, together with it.
    pub(super) async fn announce(&self, announcement: &Announcement, now: Moment) -> Result<Option<Appending<'_>>> {
        let body = serde_json::json!(announcement).to_string().into_bytes();
        self.append(house_entry(EntryKind::Retention, body, now), REMOVING)
            .await
    }

    /// Begins to write one entry of the house, and what goes with it. `None` where a turn of the daemon may have been
    /// committed without its answer: that is found out first.
    pub(super) async fn append(&self, entry: NewEntry, doing: &'static str) -> Result<Option<Appending<'_>>> {
        let mut taken = self.take_writer().await?;
        if taken.slot.tried.as_ref().is_some_and(|tried| tried.turn.is_some()) {
            taken.put_back();
            return Ok(None);
        }
        let before = taken.writer.stand;
        let chained = Chained::next(before.head(), &entry);
        let after = before.at(chained.head);
        // Whoever opens the writer anew after a failure finds the database at one of the two.
        taken.slot.tried = Some(Tried {
            before,
            after,
            turn: None,
        });
        let connection = &mut taken.writer.connection;
        connection.begin().await.doing(doing)?;
        let entries = [chained];
        connection.insert(&LEDGER, &entries, put_entry).await.doing(doing)?;
        Ok(Some(Appending { taken, after, doing }))
    }

    /// Every coverage of nothing but entries before number `before`: the number of its removal, and its first and last
    /// entry.
    pub async fn coverages(&self, before: i64) -> Result<Vec<(i64, i64, i64)>> {
        let rows = self.shared.readers.query(COVERAGES).bind(before).all().await;
        rows.doing(READING)?
            .iter()
            .map(|row| row.tuple().doing(READING))
            .collect()
    }

    /// Takes the coverage of removals away, which the announcement names.
    pub async fn uncover(&self, said: &Announcement, now: Moment) -> Result<Option<Head>> {
        let Some(mut appending) = self.announce(said, now).await? else {
            return Ok(None);
        };
        let uncovered = appending.connection().query(UNCOVER).bind_numbers(&said.coverage_of);
        uncovered.run().await.doing(REMOVING)?;
        appending.commit().await.map(Some)
    }

    /// Up to which number the next coverage behind `after` reaches.
    pub(super) async fn covered_up_to(&self, after: i64) -> Result<Option<i64>> {
        let asked = self.shared.readers.query(COVERED_UP_TO).bind(after);
        let row = asked.optional().await.doing(READING)?;
        row.map(|row| row.try_get(0).doing(READING)).transpose()
    }

    /// The highest number of which there is coverage.
    pub async fn last_covered(&self) -> Result<i64> {
        let row = self.shared.readers.query(LAST_COVERED).one().await.doing(READING)?;
        row.try_get(0).doing(READING)
    }

    /// What coverage has behind number `after`, up to `end`.
    pub(super) async fn covered(&self, after: i64, end: i64) -> Result<Vec<LedgerRow>> {
        let asked = self.shared.readers.query(COVERED).bind(after);
        let rows = asked.bind(end.saturating_add(SPAN)).bind(end).all().await;
        let mut all = Vec::new();
        for row in rows.doing(READING)? {
            let (first, packed) = row.tuple::<(i64, Vec<u8>)>().doing(READING)?;
            all.extend(unpack(first, &packed, after.saturating_add(1)..=end)?);
        }
        Ok(all)
    }

    /// What coverage has of an office whose own times lie between two moments, both included.
    pub(super) async fn covered_between(&self, office: &OfficeId, from: Moment, to: Moment) -> Result<Vec<LedgerRow>> {
        let asked = self.shared.readers.query(COVERED_BETWEEN);
        let mut all = Vec::new();
        for row in asked.bind(from.0).bind(to.0).all().await.doing(READING)? {
            let (first, packed) = row.tuple::<(i64, Vec<u8>)>().doing(READING)?;
            let rows = unpack(first, &packed, 1..=i64::MAX)?;
            let wanted = |row: &LedgerRow| row.office == *office && from <= row.time && row.time <= to;
            all.extend(rows.into_iter().filter(wanted));
        }
        Ok(all)
    }
}

/// A transaction with one entry of the house. Dropped before `commit`, nothing of it is left.
pub(super) struct Appending<'s> {
    taken: Taken<'s>,
    after: Stand,
    doing: &'static str,
}

impl Appending<'_> {
    /// The number of the entry.
    pub fn n(&self) -> i64 {
        self.after.head().n
    }

    pub fn connection(&mut self) -> &mut Connection {
        &mut self.taken.writer.connection
    }

    pub async fn commit(mut self) -> Result<Head> {
        self.connection().commit().await.doing(self.doing)?;
        self.taken.writer.stand = self.after;
        self.taken.slot.tried = None;
        self.taken.put_back();
        Ok(self.after.head())
    }
}

/// An entry that the house itself writes: of no office, by the monitor.
pub(super) fn house_entry(kind: EntryKind, body: Vec<u8>, now: Moment) -> NewEntry {
    NewEntry {
        received: now,
        kind,
        office: OfficeId::new(""),
        source: format!("//{MONITOR}"),
        id: uuid::Uuid::now_v7().to_string(),
        time: now,
        body,
        clock: None,
    }
}

fn hash(bytes: Vec<u8>) -> Result<Hash> {
    <[u8; 32]>::try_from(bytes)
        .map(Hash)
        .map_err(|_| super::words::unreadable("ledger.hash", "another length than 32"))
}

fn unpack(first: i64, packed: &[u8], wanted: std::ops::RangeInclusive<i64>) -> Result<Vec<LedgerRow>> {
    let kept = coverage::unpack(packed, wanted).ok_or_else(|| Error::Damaged {
        doing: READING,
        what: format!("what is kept of heartbeats from entry {first} on cannot be read"),
    })?;
    let row = |kept: coverage::Kept| LedgerRow {
        n: kept.n,
        received: kept.received,
        kind: if kept.tick { EntryKind::Tick } else { EntryKind::Pulse },
        office: kept.office,
        source: kept.source,
        id: kept.id,
        time: kept.time,
        body: kept.body,
        clock: kept.clock,
    };
    Ok(kept.into_iter().map(row).collect())
}

impl<'a> Chained<'a> {
    /// The entry that follows a head.
    pub(super) fn next(head: Head, entry: &'a NewEntry) -> Chained<'a> {
        Chained {
            entry,
            head: super::write::next(head, entry),
            identity: identity(&entry.source, &entry.id),
        }
    }
}
