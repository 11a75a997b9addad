//! Reads the ledger: what is known, and what happened since.

use std::collections::{BTreeMap, HashMap};

use futures_util::StreamExt as _;

use super::Store;
use super::database::{Connection, Query, Row, statements};
use super::error::{Doing as _, Result};
use super::rows::EntryKind;
use super::words::{entry_kind, unreadable};
use super::write::Writer;
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
    KNOWN = "SELECT n, source, id, body FROM ledger WHERE kind <> 'pulse' AND ", among(identity), "";
    NUMBERED = "SELECT n, source, id, body FROM ledger WHERE ", among(n), "";
    AT = "SELECT n, source, id, body FROM ledger WHERE office = $2 AND ", among(time_ms), "";
    ENTRIES = "SELECT n, received_ms, kind, office, source, id, time_ms, body, clock FROM ledger \
             WHERE n > $1 AND n <= $2 AND (time_ms >= $3 OR kind IN ('roster', 'policies')) ORDER BY n LIMIT $4";
    RULES = "SELECT n, received_ms, kind, office, source, id, time_ms, body, clock FROM ledger \
             WHERE office = $1 AND kind IN ('roster', 'policies') ORDER BY n";
    WINDOW = "SELECT n, received_ms, kind, office, source, id, time_ms, body, clock FROM ledger \
             WHERE office = $1 AND time_ms BETWEEN $2 AND $3 AND kind IN ('event', 'pulse', 'tick') ORDER BY n";
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

/// An identity that is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Asked<'a> {
    /// `/{office}/{device}`
    pub source: &'a str,
    pub id: &'a str,
    pub lookup: Lookup<'a>,
}

/// Where an identity is looked for. Among the last entries of the ledger it always is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lookup<'a> {
    /// Also among everything but heartbeats, however old.
    Everything,
    /// Also among what the office has at this moment: for a heartbeat that may have come long ago.
    At(&'a str, Moment),
    /// Nowhere else: for a heartbeat that is its device's latest.
    Recent,
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

impl Writer {
    /// Rows (number, source, id, body) that may stand under these identities.
    pub(super) async fn find<'a>(&mut self, asked: impl Iterator<Item = (i64, Lookup<'a>)>) -> Result<Vec<Row>> {
        let (mut numbers, mut identities) = (Vec::new(), Vec::new());
        let mut moments: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
        for (identity, lookup) in asked {
            numbers.extend(self.recent.find(identity));
            match lookup {
                Lookup::Everything => identities.push(identity),
                Lookup::At(office, at) => moments.entry(office).or_default().push(at.0),
                Lookup::Recent => {}
            }
        }
        let mut rows = Vec::new();
        for (sql, some) in [(NUMBERED, &numbers), (KNOWN, &identities)] {
            if !some.is_empty() {
                rows.extend(
                    self.connection
                        .query(sql)
                        .bind_numbers(some)
                        .all()
                        .await
                        .doing(READING)?,
                );
            }
        }
        for (office, some) in moments {
            let asked = self.connection.query(AT).bind_numbers(&some).bind(office.to_owned());
            rows.extend(asked.all().await.doing(READING)?);
        }
        Ok(rows)
    }
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

    /// What stands under each of these identities; the answers are in the order of the questions.
    pub async fn known(&self, asked: &[Asked<'_>]) -> Result<Vec<Option<Known>>> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let mut places: HashMap<(&str, &str), Vec<usize>> = HashMap::with_capacity(asked.len());
        for (at, one) in asked.iter().enumerate() {
            places.entry((one.source, one.id)).or_default().push(at);
        }
        let mut answers = vec![None; asked.len()];
        // On the connection that writes, for a reader's cache is void after each commit.
        let mut taken = self.take_writer().await?;
        let identities = asked.iter().map(|one| (identity(one.source, one.id), one.lookup));
        let rows = taken.writer.find(identities).await?;
        taken.put_back();
        for row in rows {
            let source: &str = row.try_get(1).doing(READING)?;
            let id: &str = row.try_get(2).doing(READING)?;
            let Some(places) = places.get(&(source, id)) else {
                continue;
            };
            let n = row.try_get(0).doing(READING)?;
            let body: Vec<u8> = row.try_get(3).doing(READING)?;
            for at in places {
                // What was accepted first stands.
                let answer: &mut Option<Known> = &mut answers[*at];
                if answer.as_ref().is_none_or(|known| n < known.n) {
                    *answer = Some(Known { n, body: body.clone() });
                }
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
        let asked = self.shared.readers.query(WINDOW);
        let mut asked = asked.bind(office.as_str().to_owned()).bind(from.0).bind(to.0).stream();
        let mut rows = Vec::new();
        // Each row of the database goes as it is read: they are several times as large as what is in them.
        while let Some(row) = asked.next().await {
            rows.push(ledger_row(&row.doing(READING)?)?);
        }
        drop(asked);
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
