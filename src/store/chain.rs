//! Reads the ledger: what is known, and what happened since.

use std::collections::HashMap;

use super::Store;
use super::database::{Connection, Query, Row, statements};
use super::error::{Doing as _, Result};
use super::rows::EntryKind;
use super::words::{entry_kind, unreadable};
use crate::coverage;
use crate::engine::event::OfficeId;
use crate::engine::time::Moment;
use crate::ledger::{Hash, Head};
use sha2::{Digest as _, Sha256};

const READING: &str = "reading the ledger";
/// How many entries are held in memory at once.
const PAGE: i64 = 1_000;

statements! {
    HEAD = "SELECT n, hash FROM ledger ORDER BY n DESC LIMIT 1";
    KNOWN = "SELECT n, source, id, body FROM ledger WHERE ", among(identity), " ORDER BY n";
    ENTRIES = "SELECT n, received_ms, kind, office, source, id, time_ms, body, clock FROM ledger \
             WHERE n > $1 AND n <= $2 AND (time_ms >= $3 OR kind IN ('roster', 'policies')) ORDER BY n LIMIT $4";
    RULES = "SELECT n, received_ms, kind, office, source, id, time_ms, body, clock FROM ledger \
             WHERE office = $1 AND kind IN ('roster', 'policies') ORDER BY n";
    WINDOW = "SELECT n, received_ms, kind, office, source, id, time_ms, body, clock FROM ledger \
             WHERE office = $1 AND time_ms BETWEEN $2 AND $3 AND kind IN ('event', 'tick') ORDER BY n";
    OFFICES = "SELECT DISTINCT office FROM ledger WHERE kind IN ('roster', 'policies') ORDER BY office";
}

/// An entry as it was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LedgerRow {
    pub n: i64,
    pub received: Moment,
    pub kind: EntryKind,
    pub office: OfficeId,
    pub source: String,
    pub id: String,
    /// When it took place, as it was judged.
    pub time: Moment,
    pub body: Vec<u8>,
    /// What was made of the device's clock, where `time` is not what the body tells.
    pub clock: Option<String>,
}

impl LedgerRow {
    /// Whether it is read from coverage: then its body says what the fold reads, and its id stands for one that is gone.
    pub fn is_packed(&self) -> bool {
        self.id.starts_with(coverage::ID)
    }
}

/// What stands under an identity.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    pub n: i64,
    pub body: Vec<u8>,
}

/// What the index of identities holds: 8 bytes instead of two texts, so that it stays small. Whoever looks one up
/// compares the texts as well, for two identities may share it.
pub(super) fn identity(source: &str, id: &str) -> i64 {
    let mut hasher = Sha256::new();
    hasher.update(source);
    hasher.update([0]);
    hasher.update(id);
    let hash: [u8; 32] = hasher.finalize().into();
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    i64::from_be_bytes(first)
}

pub(super) async fn head_of(connection: &mut Connection) -> Result<Head> {
    head(connection.query(HEAD)).await
}

async fn head(asked: Query<'_>) -> Result<Head> {
    let Some(row) = asked.optional().await.doing(READING)? else {
        return Ok(Head::empty());
    };
    let (n, hash) = row.tuple::<(i64, Vec<u8>)>().doing(READING)?;
    let hash = <[u8; 32]>::try_from(hash).map_err(|_| unreadable("ledger.hash", "another length than 32"))?;
    Ok(Head { n, hash: Hash(hash) })
}

impl Store {
    /// How many entries the ledger has, and the hash of the last one: for people to note.
    pub async fn head(&self) -> Result<Head> {
        head(self.shared.readers.query(HEAD)).await
    }

    /// What stands under each of these identities (source, id); the answers are in the order of the questions.
    pub async fn known(&self, asked: &[(&str, &str)]) -> Result<Vec<Option<Known>>> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let mut places: HashMap<(&str, &str), Vec<usize>> = HashMap::with_capacity(asked.len());
        for (at, pair) in asked.iter().enumerate() {
            places.entry(*pair).or_default().push(at);
        }
        let identities: Vec<i64> = places.keys().map(|(source, id)| identity(source, id)).collect();
        let mut answers = vec![None; asked.len()];
        // On the connection that writes, for a reader's cache is void after each commit.
        let mut taken = self.take_writer().await?;
        let rows = taken
            .writer
            .connection
            .query(KNOWN)
            .bind_numbers(&identities)
            .all()
            .await
            .doing(READING)?;
        taken.put_back();
        for row in rows {
            let source: &str = row.try_get(1).doing(READING)?;
            let id: &str = row.try_get(2).doing(READING)?;
            let Some(places) = places.get(&(source, id)) else {
                continue;
            };
            let known = Known {
                n: row.try_get(0).doing(READING)?,
                body: row.try_get(3).doing(READING)?,
            };
            for at in places {
                answers[*at] = Some(known.clone());
            }
        }
        Ok(answers)
    }

    /// The next entries behind number `after`, in order; some hundreds or thousands, and an empty answer is the end. With
    /// `since`, only those whose own time is not before it, and all rosters and policies. Heartbeats and ticks that are
    /// kept as coverage are among them, with bodies that say what the fold reads.
    pub async fn entries(&self, mut after: i64, since: Option<Moment>) -> Result<Vec<LedgerRow>> {
        let since = since.unwrap_or(Moment(i64::MIN));
        loop {
            let covered = self.covered_up_to(after).await?;
            let asked = self.shared.readers.query(ENTRIES).bind(after);
            let asked = asked.bind(covered.unwrap_or(i64::MAX)).bind(since.0).bind(PAGE);
            let rows = asked.all().await.doing(READING)?;
            let mut page: Vec<LedgerRow> = rows.iter().map(ledger_row).collect::<Result<_>>()?;
            let end = match page.last() {
                Some(last) if page.len() as i64 == PAGE => last.n,
                _ => covered.unwrap_or(i64::MAX),
            };
            // What is packed after the rows were read is in both; what is in neither never was there.
            let kept = self.covered(after, end).await?;
            page.extend(kept.into_iter().filter(|row| row.time >= since));
            in_order(&mut page);
            if !page.is_empty() || end == i64::MAX {
                return Ok(page);
            }
            after = end;
        }
    }

    /// Every roster and policies entry of an office, in order: each moment is judged by what was in force at it.
    pub async fn rules(&self, office: &OfficeId) -> Result<Vec<LedgerRow>> {
        let rows = self
            .shared
            .readers
            .query(RULES)
            .bind(office.as_str())
            .all()
            .await
            .doing(READING)?;
        rows.iter().map(ledger_row).collect()
    }

    /// Events and ticks of an office whose own times lie between two moments, both included, in the ledger's order.
    pub async fn window(&self, office: &OfficeId, from: Moment, to: Moment) -> Result<Vec<LedgerRow>> {
        let rows = self
            .shared
            .readers
            .query(WINDOW)
            .bind(office.as_str())
            .bind(from.0)
            .bind(to.0)
            .all()
            .await
            .doing(READING)?;
        let mut rows: Vec<LedgerRow> = rows.iter().map(ledger_row).collect::<Result<_>>()?;
        rows.extend(self.covered_between(office, from, to).await?);
        in_order(&mut rows);
        Ok(rows)
    }

    /// The offices of which the ledger holds a roster.
    pub async fn offices(&self) -> Result<Vec<OfficeId>> {
        let rows = self.shared.readers.query(OFFICES).all().await.doing(READING)?;
        rows.iter()
            .map(|row| row.try_get(0).map(OfficeId::new).doing(READING))
            .collect()
    }
}

/// The rows come before what was read of coverage, and whoever comes first stays.
fn in_order(rows: &mut Vec<LedgerRow>) {
    rows.sort_by_key(|row| row.n);
    rows.dedup_by_key(|row| row.n);
}

pub(super) fn ledger_row(row: &Row) -> Result<LedgerRow> {
    Ok(LedgerRow {
        n: row.try_get(0).doing(READING)?,
        received: Moment(row.try_get(1).doing(READING)?),
        kind: entry_kind(row.try_get(2).doing(READING)?)?,
        office: OfficeId::new(row.try_get(3).doing(READING)?),
        source: row.try_get(4).doing(READING)?,
        id: row.try_get(5).doing(READING)?,
        time: Moment(row.try_get(6).doing(READING)?),
        body: row.try_get(7).doing(READING)?,
        clock: row.try_get(8).doing(READING)?,
    })
}
